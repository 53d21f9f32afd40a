//! The client side: requests of ours, from sending to the end of their transaction.
//!
//! This file feeds the two client tables and does what their steps say; what a response means to
//! a dialog is told in `outcome.rs`.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use super::store::Store;
use super::types::DialogId;
use super::{Alarm, Endpoint};
use crate::flow::{Flow, Time};
use crate::message::{HeaderName, Response};
use crate::timer::TimerId;
use crate::transaction::key::{Key, KeyMap};
use crate::transaction::{Change, ClientInput, ClientInvite, ClientOther, End, Step, Timing};

/// What a request of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The INVITE that made a dialog.
    Invite(DialogId),
    /// A later INVITE of a dialog.
    Reinvite(DialogId),
    /// The BYE of a dialog.
    Bye(DialogId),
    /// INFO and the like.
    InDialog(DialogId),
    /// `request`.
    Free,
    /// CANCEL, and the BYE of a dialog that the user has never seen or already forgotten.
    Silent,
}

#[derive(Clone, Copy)]
enum Machine {
    Invite(ClientInvite),
    Other(ClientOther),
}

/// An ACK to one 2xx, for when that comes again (13.2.2.4).
pub(crate) struct SentAck {
    /// Digest of the far end's tag.
    pub(crate) branch_of_fork: Key,
    pub(crate) flow: Flow,
    pub(crate) bytes: Bytes,
}

/// One client transaction.
pub(crate) struct Client {
    machine: Machine,
    key: Key,
    pub(crate) flow: Flow,
    /// The request; after a failure of INVITE its ACK; empty after any other final response.
    pub(crate) message: Bytes,
    pub(crate) acks: Vec<SentAck>,
    pub(crate) purpose: Purpose,
    resend: Option<TimerId>,
    limit: Option<TimerId>,
}

/// What came of a request: a response, or none because of this status.
pub(crate) struct Outcome<'a> {
    pub(crate) code: u16,
    pub(crate) response: Option<&'a Response>,
}

/// All client transactions.
pub(crate) struct Clients {
    pub(crate) store: Store<Client>,
    by_key: KeyMap<u64>,
    /// Those without a final response, by flow, for when a flow fails.
    waiting: BTreeSet<(u64, u64)>,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Self {
            store: Store::new(),
            by_key: KeyMap::default(),
            waiting: BTreeSet::new(),
        }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.store.len() == 0 && self.by_key.is_empty() && self.waiting.is_empty()
    }
}

/// By transport and far end alone: a request that had a connection opened does not know its number.
fn flow_mark(flow: &Flow) -> u64 {
    let mut hasher = DefaultHasher::new();
    (flow.transport, flow.remote).hash(&mut hasher);
    hasher.finish()
}

/// The most forks of one INVITE whose 2xx are released; more are left to their own time-out.
const FORKS_MAX: usize = 16;

impl Endpoint {
    pub(crate) fn timing(&self, flow: &Flow) -> Timing {
        Timing {
            t1: self.config.t1,
            t2: self.config.t2,
            t4: self.config.t4,
            reliable: flow.transport.is_reliable(),
        }
    }

    /// Starts a client transaction whose request has `branch`.
    pub(crate) fn start_client(
        &mut self,
        now: Time,
        flow: Flow,
        name: (&[u8], &str),
        message: Bytes,
        purpose: Purpose,
    ) -> u64 {
        let (branch, method) = name;
        let timing = self.timing(&flow);
        let (machine, step) = if method == "INVITE" {
            let (machine, step) = ClientInvite::start(&timing);
            (Machine::Invite(machine), step)
        } else {
            let (machine, step) = ClientOther::start(&timing);
            (Machine::Other(machine), step)
        };
        let key = self.client_key(branch, method.as_bytes());
        let id = self.clients.store.insert(Client {
            machine,
            key,
            flow,
            message,
            acks: Vec::new(),
            purpose,
            resend: None,
            limit: None,
        });
        self.clients.by_key.insert(key, id);
        self.clients.waiting.insert((flow_mark(&flow), id));
        self.counters.transactions_total += 1;
        self.apply_client(now, id, &step);
        id
    }

    fn client_key(&self, branch: &[u8], method: &[u8]) -> Key {
        self.keyed.key(b'c', &[branch, method])
    }

    /// A response: finds its transaction and feeds it.
    pub(crate) fn on_response(&mut self, now: Time, response: Response) {
        let headers = response.headers();
        let found = match (headers.via(), headers.cseq_parts()) {
            (Ok(via), Ok((_, method))) if headers.all(HeaderName::Via).nth(1).is_none() => {
                let branch = via.branch().unwrap_or_default().as_bytes();
                let branch = branch.get(7..).unwrap_or_default();
                self.clients
                    .by_key
                    .get(&self.client_key(branch, method))
                    .copied()
            }
            _ => None,
        };
        let Some(id) = found else {
            self.counters.stray_responses += 1;
            return;
        };
        let input = ClientInput::of_status(response.code());
        self.feed_client(now, id, input, Some(&response));
    }

    /// Feeds one input to a client transaction and hands on what its table delivers.
    pub(crate) fn feed_client(
        &mut self,
        now: Time,
        id: u64,
        input: ClientInput,
        response: Option<&Response>,
    ) {
        let Some(client) = self.clients.store.get_mut(id) else {
            return;
        };
        let purpose = client.purpose;
        let timing = Timing {
            t1: self.config.t1,
            t2: self.config.t2,
            t4: self.config.t4,
            reliable: client.flow.transport.is_reliable(),
        };
        let step = match &mut client.machine {
            Machine::Invite(machine) => machine.step(input, &timing),
            Machine::Other(machine) => machine.step(input, &timing),
        };
        if step.ignored {
            self.counters.ignored_inputs += 1;
        }
        if step.send {
            self.counters.retransmits_out += 1;
        }
        if step.ack {
            self.acknowledge_failure(id, response);
        }
        let is_final = matches!(input, ClientInput::Success | ClientInput::Failure);
        if step.deliver && is_final {
            self.settle_client(id, &step);
        }
        self.apply_client(now, id, &step);
        if step.deliver {
            let code = match (response, step.end) {
                (Some(response), _) => response.code(),
                (None, Some(End::Transport)) => 503,
                (None, _) => 408,
            };
            if step.end == Some(End::TimedOut) {
                self.counters.timeouts += 1;
            }
            self.on_outcome(now, id, purpose, &Outcome { code, response });
        }
    }

    /// The final response is here: the request will not be sent again.
    fn settle_client(&mut self, id: u64, step: &Step) {
        if let Some(client) = self.clients.store.get_mut(id) {
            self.clients.waiting.remove(&(flow_mark(&client.flow), id));
            if !step.ack {
                client.message = Bytes::new();
            }
        }
    }

    /// Sends the ACK of a failure, made out of the INVITE the first time (17.1.1.3).
    fn acknowledge_failure(&mut self, id: u64, response: Option<&Response>) {
        let Some(client) = self.clients.store.get_mut(id) else {
            return;
        };
        if client.message.starts_with(b"INVITE ") {
            let to = response.and_then(|response| response.headers().first(HeaderName::To));
            client.message = self.writer.out_of(&client.message, "ACK", to, &[]);
        }
        let (flow, bytes) = (client.flow, client.message.clone());
        self.transmit(flow, bytes);
    }

    fn apply_client(&mut self, now: Time, id: u64, step: &Step) {
        let Some(client) = self.clients.store.get_mut(id) else {
            return;
        };
        let sent = step.send.then(|| (client.flow, client.message.clone()));
        let slots = [
            (&mut client.resend, step.resend, Alarm::ClientResend(id)),
            (&mut client.limit, step.limit, Alarm::ClientLimit(id)),
        ];
        for (slot, change, alarm) in slots {
            turn(&mut self.wheel, now, slot, (change, alarm));
        }
        if step.end.is_some() {
            // A failed INVITE may still be asked for its ACKs by nobody, so all of it goes.
            self.drop_client(id);
        }
        if let Some((flow, bytes)) = sent {
            self.transmit(flow, bytes);
        }
    }

    /// Bounds the wait for a final response where no timer of the table does.
    pub(crate) fn bound_client(&mut self, now: Time, id: u64, wait: Time) {
        if let Some(client) = self.clients.store.get_mut(id)
            && self
                .clients
                .waiting
                .contains(&(flow_mark(&client.flow), id))
        {
            let change = (Change::In(wait), Alarm::ClientLimit(id));
            turn(&mut self.wheel, now, &mut client.limit, change);
        }
    }

    /// Forgets a client transaction in whatever state.
    pub(crate) fn drop_client(&mut self, id: u64) {
        if let Some(client) = self.clients.store.remove(id) {
            for timer in [client.resend, client.limit].into_iter().flatten() {
                self.wheel.cancel(timer);
            }
            self.clients.by_key.remove(&client.key);
            self.clients.waiting.remove(&(flow_mark(&client.flow), id));
            shrink(&mut self.clients.by_key);
        }
    }

    /// Keeps the ACK of a 2xx and sends it; false when too many forks answered.
    pub(crate) fn keep_ack(&mut self, id: u64, tag: &[u8], flow: Flow, bytes: Bytes) -> bool {
        let branch_of_fork = self.keyed.key(b't', &[tag]);
        let Some(client) = self.clients.store.get_mut(id) else {
            return false;
        };
        if client.acks.len() >= FORKS_MAX {
            return false;
        }
        client.acks.push(SentAck {
            branch_of_fork,
            flow,
            bytes: bytes.clone(),
        });
        self.transmit(flow, bytes);
        true
    }

    /// Sends the kept ACK of this fork again; false if there is none (13.2.2.4).
    pub(crate) fn repeat_ack(&mut self, id: u64, tag: &[u8]) -> bool {
        let wanted = self.keyed.key(b't', &[tag]);
        let kept = self.clients.store.get(id).and_then(|client| {
            let ack = client
                .acks
                .iter()
                .find(|ack| ack.branch_of_fork == wanted)?;
            Some((ack.flow, ack.bytes.clone()))
        });
        match kept {
            Some((flow, bytes)) => {
                self.counters.retransmits_out += 1;
                self.transmit(flow, bytes);
                true
            }
            None => false,
        }
    }

    /// Everything that waits on this flow fails.
    pub(crate) fn fail_clients(&mut self, now: Time, flow: &Flow) {
        let mark = flow_mark(flow);
        let range = (mark, 0)..=(mark, u64::MAX);
        let hit: Vec<u64> = self
            .clients
            .waiting
            .range(range)
            .map(|(_, id)| *id)
            .collect();
        for id in hit {
            self.feed_client(now, id, ClientInput::TransportFailed, None);
        }
    }
}

/// Does to a timer slot what a step says.
pub(crate) fn turn(
    wheel: &mut crate::timer::Wheel<Alarm>,
    now: Time,
    slot: &mut Option<TimerId>,
    change: (Change, Alarm),
) {
    match change {
        (Change::Keep, _) => {}
        (Change::Stop, _) => {
            if let Some(timer) = slot.take() {
                wheel.cancel(timer);
            }
        }
        (Change::In(wait), alarm) => {
            if let Some(timer) = slot.take() {
                wheel.cancel(timer);
            }
            *slot = Some(wheel.arm(now + wait, alarm));
        }
    }
}

/// Gives the memory of a flood back.
pub(crate) fn shrink(map: &mut KeyMap<u64>) {
    if map.capacity() > 4096 && map.len() < map.capacity() / 8 {
        map.shrink_to(map.len() * 2);
    }
}
