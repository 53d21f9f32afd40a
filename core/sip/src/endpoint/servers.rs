//! The server side: requests of the far end that we have begun to answer.
//!
//! This file feeds the two server tables and does what their steps say. A transaction keeps the
//! request until its final response, then only the serialised reply and its key.

use bytes::Bytes;

use super::clients::{shrink, turn};
use super::fields::Fields;
use super::mint::Token;
use super::store::Store;
use super::types::DialogId;
use super::write::Reply;
use super::{Alarm, Endpoint};
use crate::flow::{Flow, Time, Transport};
use crate::message::{Method, Request, Via};
use crate::timer::TimerId;
use crate::transaction::key::{Key, KeyMap};
use crate::transaction::{End, ServerInput, ServerInvite, ServerOther, Step, Timing};

#[derive(Clone, Copy)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
}

/// One server transaction.
pub(crate) struct Server {
    machine: Machine,
    key: Key,
    /// What an equal request by another way would have (8.2.2.2).
    merge: Option<Key>,
    /// Where the request came from.
    pub(crate) source: Flow,
    /// Where replies go.
    pub(crate) back: Flow,
    reply: Bytes,
    /// Until the final response. Boxed, since transactions live long after that.
    pub(crate) request: Option<Box<Request>>,
    pub(crate) tag: Token,
    pub(crate) dialog: Option<DialogId>,
    timers: [Option<TimerId>; 2],
}

impl Server {
    pub(crate) fn is_invite(&self) -> bool {
        matches!(self.machine, Machine::Invite(_))
    }
}

/// All server transactions.
pub(crate) struct Servers {
    pub(crate) store: Store<Server>,
    pub(crate) by_key: KeyMap<u64>,
    pub(crate) merges: KeyMap<u64>,
}

impl Servers {
    pub(crate) fn new() -> Self {
        Self {
            store: Store::new(),
            by_key: KeyMap::default(),
            merges: KeyMap::default(),
        }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.store.len() == 0 && self.by_key.is_empty() && self.merges.is_empty()
    }
}

/// Where a response goes (RFC 3261 18.2.2, RFC 3581 4): to the source; where the request asked
/// for no `rport`, to the port that it names.
pub(crate) fn way_back(via: &Via<'_>, source: &Flow) -> Flow {
    let mut back = *source;
    if source.transport == Transport::Udp && via.rport().is_none() {
        back.remote.set_port(via.port.unwrap_or(5060));
    }
    back
}

impl Endpoint {
    /// Starts a server transaction for a request that no transaction has.
    pub(crate) fn start_server(
        &mut self,
        now: Time,
        request: &Request,
        source: Flow,
        tag: Token,
        dialog: Option<DialogId>,
    ) -> Option<u64> {
        let fields = Fields::of(request)?;
        let key = self.server_key(request, &fields);
        let merge = fields.to_tag.is_none().then(|| self.merge_key(&fields));
        let back = way_back(&fields.via, &source);
        let timing = self.timing(&back);
        let (machine, step) = if *request.method() == Method::Invite {
            let (machine, step) = ServerInvite::start(&timing);
            (Machine::Invite(machine), step)
        } else {
            let (machine, step) = ServerOther::start(&timing);
            (Machine::Other(machine), step)
        };
        let id = self.servers.store.insert(Server {
            machine,
            key,
            merge,
            source,
            back,
            reply: Bytes::new(),
            request: Some(Box::new(request.clone())),
            tag,
            dialog,
            timers: [None, None],
        });
        self.servers.by_key.insert(key, id);
        if let Some(merge) = merge {
            self.servers.merges.insert(merge, id);
        }
        self.counters.transactions_total += 1;
        self.apply_server(now, id, &step);
        Some(id)
    }

    /// The key of RFC 3261 17.2.3; requests without the RFC 3261 cookie are told apart by all
    /// that RFC 2543 kept constant. ACK and CANCEL give the key of their INVITE.
    pub(crate) fn server_key(&self, request: &Request, fields: &Fields<'_>) -> Key {
        let method = match request.method() {
            Method::Ack | Method::Cancel => b"INVITE",
            method => method.as_bytes(),
        };
        if fields.via.has_unique_branch() {
            let branch = fields.via.branch().unwrap_or_default().as_bytes();
            let host = fields.via_host.to_ascii_lowercase();
            let port = fields.via.port.unwrap_or(5060).to_be_bytes();
            return self.keyed.key(b's', &[branch, &host, &port, method]);
        }
        let number = fields.cseq.to_be_bytes();
        self.keyed.key(
            b'o',
            &[
                request.uri_bytes(),
                fields.from_tag,
                fields.call_id,
                &number,
                fields.via_text,
                method,
            ],
        )
    }

    pub(crate) fn merge_key(&self, fields: &Fields<'_>) -> Key {
        let number = fields.cseq.to_be_bytes();
        let parts = [fields.from_tag, fields.call_id, &number, fields.method];
        self.keyed.key(b'm', &parts)
    }

    /// Sends a response in a transaction; true if the table let it out.
    pub(crate) fn reply(&mut self, now: Time, id: u64, reply: &Reply<'_>) -> bool {
        let Some(server) = self.servers.store.get_mut(id) else {
            return false;
        };
        let Some(request) = server.request.take() else {
            return false;
        };
        let tag = server.tag;
        let with_tag = Reply {
            tag: (reply.code > 100).then_some(tag.as_bytes()),
            ..*reply
        };
        let source = server.source;
        let bytes = self.writer.reply(&request, &source, &with_tag);
        if let Some(server) = self.servers.store.get_mut(id) {
            server.reply = bytes;
            server.request = (reply.code < 200).then_some(request);
        }
        self.feed_server(now, id, ServerInput::of_status(reply.code));
        true
    }

    /// The bytes of the last reply.
    pub(crate) fn last_reply(&self, id: u64) -> Option<(Flow, Bytes)> {
        let server = self.servers.store.get(id)?;
        Some((server.back, server.reply.clone()))
    }

    /// Feeds one input to a server transaction; true if the table delivers it to the user.
    pub(crate) fn feed_server(&mut self, now: Time, id: u64, input: ServerInput) -> bool {
        let Some(server) = self.servers.store.get_mut(id) else {
            return false;
        };
        let timing = Timing {
            t1: self.config.t1,
            t2: self.config.t2,
            t4: self.config.t4,
            reliable: server.back.transport.is_reliable(),
        };
        let step = match &mut server.machine {
            Machine::Invite(machine) => machine.step(input, &timing),
            Machine::Other(machine) => machine.step(input, &timing),
        };
        match input {
            ServerInput::Request => self.counters.retransmits_in += 1,
            ServerInput::Resend if step.send => self.counters.retransmits_out += 1,
            _ => {}
        }
        if step.ignored {
            self.counters.ignored_inputs += 1;
        }
        if step.end == Some(End::TimedOut) {
            self.counters.timeouts += 1;
        }
        self.apply_server(now, id, &step);
        // The 2xx is repeated by the dialog, not from here.
        if input == ServerInput::Success
            && let Some(server) = self.servers.store.get_mut(id)
            && server.is_invite()
        {
            server.reply = Bytes::new();
        }
        step.deliver
    }

    fn apply_server(&mut self, now: Time, id: u64, step: &Step) {
        let Some(server) = self.servers.store.get_mut(id) else {
            return;
        };
        let sent =
            (step.send && !server.reply.is_empty()).then(|| (server.back, server.reply.clone()));
        let [resend, limit] = &mut server.timers;
        turn(
            &mut self.wheel,
            now,
            resend,
            (step.resend, Alarm::ServerResend(id)),
        );
        turn(
            &mut self.wheel,
            now,
            limit,
            (step.limit, Alarm::ServerLimit(id)),
        );
        if step.end.is_some() {
            self.drop_server(id);
        }
        if let Some((flow, bytes)) = sent {
            self.transmit(flow, bytes);
        }
    }

    fn drop_server(&mut self, id: u64) {
        let Some(server) = self.servers.store.remove(id) else {
            return;
        };
        for timer in server.timers.into_iter().flatten() {
            self.wheel.cancel(timer);
        }
        if self.servers.by_key.get(&server.key) == Some(&id) {
            self.servers.by_key.remove(&server.key);
        }
        if let Some(merge) = server.merge
            && self.servers.merges.get(&merge) == Some(&id)
        {
            self.servers.merges.remove(&merge);
        }
        shrink(&mut self.servers.by_key);
        shrink(&mut self.servers.merges);
        if !server.is_invite()
            && server.request.is_some()
            && let Some(dialog) = server.dialog
        {
            self.guest_left(dialog);
        }
    }
}

impl Endpoint {
    /// Sends the 2xx of an INVITE, which its dialog keeps and repeats.
    pub(crate) fn send_success(&mut self, now: Time, id: u64, bytes: Bytes) {
        if let Some(server) = self.servers.store.get_mut(id) {
            server.reply = bytes;
            server.request = None;
        }
        self.feed_server(now, id, ServerInput::Success);
    }
}
