//! The endpoint: all SIP of one shard, without sockets or clock.
//!
//! Messages, timeouts and commands go in with the time; [`Endpoint::poll`] gives what to send and
//! what happened, to be drained after each. Admission comes before allocation: a request outside
//! dialogs leaves no trace until its user takes it up, and beyond `transactions_max` or
//! `dialogs_max` it is answered 503 without state.
//!
//! Requests above 1300 bytes go by UDP when their flow says UDP: RFC 3261 18.1.1 would change to
//! TCP, but which path a peer can take is its user's knowledge (registration, trunk), not ours.

mod clients;
mod fields;
mod inbound;
mod midcall;
mod mint;
mod outbound;
mod outcome;
mod receive;
mod servers;
mod store;
#[cfg(test)]
mod tests;
pub mod types;
mod write;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::counters::Counters;
use crate::dialog::path::Path;
use crate::dialog::{Dialog, DialogAlarm, Names, Pending, State};
use crate::flow::{Flow, Time};
use crate::message::Message;
use crate::timer::Wheel;
use crate::transaction::key::{Key, KeyMap, Keyed};
use crate::transaction::{ClientInput, ServerInput};
use clients::{Clients, shrink};
use mint::Mint;
pub use mint::shard_of;
use servers::Servers;
use store::Store;
use types::{Config, DialogId, DialogView, EndReason, Event, Output, Refused};
use write::Writer;

/// What a timer of the wheel is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alarm {
    ClientResend(u64),
    ClientLimit(u64),
    ServerResend(u64),
    ServerLimit(u64),
    Dialog(DialogId, DialogAlarm),
}

/// All dialogs, found by Call-ID and our tag.
pub(crate) struct Dialogs {
    pub(crate) store: Store<Dialog>,
    pub(crate) by_key: KeyMap<u64>,
}

/// The SIP engine of one shard.
pub struct Endpoint {
    config: Config,
    mint: Mint,
    keyed: Keyed,
    writer: Writer,
    clients: Clients,
    servers: Servers,
    dialogs: Dialogs,
    wheel: Wheel<Alarm>,
    outputs: VecDeque<Output>,
    counters: Counters,
}

impl Endpoint {
    /// An endpoint without calls.
    pub fn new(config: Config) -> Self {
        let mint = Mint::new(config.shard, &config.seed);
        Self {
            keyed: Keyed::new(&mint.secret(b"keys")),
            mint,
            writer: Writer::new(config.server_header.clone()),
            clients: Clients::new(),
            servers: Servers::new(),
            dialogs: Dialogs {
                store: Store::new(),
                by_key: KeyMap::default(),
            },
            wheel: Wheel::new(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            config,
        }
    }

    /// Takes one whole message that came along `flow`.
    pub fn handle_message(&mut self, now: Time, flow: Flow, bytes: Bytes) {
        self.counters.messages_in += 1;
        match Message::parse(bytes, &self.config.limits) {
            Ok(Message::Request(request)) => self.on_request(now, flow, request),
            Ok(Message::Response(response)) => self.on_response(now, response),
            Err(error) => {
                self.counters.refuse(error.fault());
                if let Some((request, code, phrase)) = error.answer() {
                    self.reply_stateless(request, &flow, code, Some(phrase), &[]);
                }
            }
        }
        self.measure();
    }

    /// The flow is of no use: its connection is gone or could not be opened, or ICMP says that
    /// nobody is there. Requests that wait for its far end fail with 503, whatever the flow's
    /// local address and connection; dialogs stay.
    pub fn handle_flow_failed(&mut self, now: Time, flow: Flow) {
        self.fail_clients(now, &flow);
        self.measure();
    }

    /// Does what is due by `now`.
    pub fn handle_timeout(&mut self, now: Time) {
        while let Some(alarm) = self.wheel.pop(now) {
            match alarm {
                Alarm::ClientResend(id) => self.feed_client(now, id, ClientInput::Resend, None),
                Alarm::ClientLimit(id) => self.feed_client(now, id, ClientInput::Limit, None),
                Alarm::ServerResend(id) => {
                    self.feed_server(now, id, ServerInput::Resend);
                }
                Alarm::ServerLimit(id) => {
                    self.feed_server(now, id, ServerInput::Limit);
                }
                Alarm::Dialog(id, alarm) => self.on_dialog_alarm(now, id, alarm),
            }
        }
        self.measure();
    }

    /// When `handle_timeout` wants to be called; earlier does no harm.
    pub fn next_timeout(&self) -> Option<Time> {
        self.wheel.next_timeout()
    }

    /// The next thing to send or to know.
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if output.is_none() && self.outputs.capacity() > 512 {
            self.outputs = VecDeque::new();
        }
        output
    }

    /// What was counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What the journal needs of a dialog.
    pub fn dialog(&self, id: DialogId) -> Option<DialogView> {
        self.dialogs.store.get(id.0).map(Dialog::view)
    }

    /// Takes a confirmed dialog up again from the journal.
    ///
    /// # Errors
    /// [`Refused::Full`] at `dialogs_max`; [`Refused::Pending`] if it is here already.
    pub fn restore(
        &mut self,
        view: &DialogView,
        advertise: std::net::SocketAddr,
    ) -> Result<DialogId, Refused> {
        let key = self.dialog_key(view.call_id.as_bytes(), view.local_tag.as_bytes());
        if self.dialogs.by_key.contains_key(&key) {
            return Err(Refused::Pending);
        }
        let local = write::with_tag(&view.local_uri, Some(view.local_tag.as_bytes()))?;
        let tag = (!view.remote_tag.is_empty()).then_some(view.remote_tag.as_bytes());
        let dialog = Dialog {
            key,
            names: Names {
                call_id: view.call_id.as_bytes().into(),
                local,
                local_tag: view.local_tag.as_bytes().into(),
                remote: write::with_tag(&view.remote_uri, tag)?,
                remote_tag: Some(view.remote_tag.as_bytes().into()),
                contact: view.contact.as_bytes().into(),
                advertise,
                credentials: Box::default(),
            },
            path: Path {
                routes: view
                    .route_set
                    .iter()
                    .map(|route| route.as_bytes().into())
                    .collect(),
                target: view.target.as_bytes().into(),
                flow: view.flow,
                hop: view.flow,
                natted: true,
            },
            state: State::Confirmed,
            caller: view.caller,
            local_cseq: view.local_cseq,
            remote_cseq: (view.remote_cseq > 0).then_some(view.remote_cseq),
            pending: Pending::None,
            unacked: None,
            reoffer: None,
            parting: None,
            timers: crate::dialog::Timers::default(),
        };
        let id = self.insert_dialog(dialog)?;
        self.measure();
        Ok(id)
    }

    // -- what the other files of this folder share ------------------------------------------

    fn measure(&mut self) {
        self.counters.transactions = self.clients.store.len() + self.servers.store.len();
        self.counters.dialogs = self.dialogs.store.len();
        self.counters.timers = self.wheel.len();
        self.counters.headers_refused += std::mem::take(&mut self.writer.headers_refused);
    }

    fn transmit(&mut self, flow: Flow, bytes: Bytes) {
        self.counters.messages_out += 1;
        self.outputs.push_back(Output::Transmit { flow, bytes });
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Transactions that are alive, of both sides.
    fn transactions(&self) -> usize {
        self.clients.store.len() + self.servers.store.len()
    }

    /// No room for new work.
    fn is_full(&self) -> bool {
        self.transactions() >= self.config.transactions_max
    }

    /// No room even for what belongs to standing dialogs.
    fn is_overfull(&self) -> bool {
        self.transactions() >= self.config.transactions_max.saturating_mul(2)
    }

    fn dialog_key(&self, call_id: &[u8], local_tag: &[u8]) -> Key {
        self.keyed.key(b'd', &[call_id, local_tag])
    }

    fn insert_dialog(&mut self, dialog: Dialog) -> Result<DialogId, Refused> {
        if self.dialogs.store.len() >= self.config.dialogs_max {
            return Err(Refused::Full);
        }
        let key = dialog.key;
        let id = self.dialogs.store.insert(dialog);
        self.dialogs.by_key.insert(key, id);
        self.counters.dialogs_total += 1;
        Ok(DialogId(id))
    }

    fn dialog_mut(&mut self, id: DialogId) -> Option<&mut Dialog> {
        self.dialogs.store.get_mut(id.0)
    }

    fn arm(&mut self, now: Time, id: DialogId, alarm: DialogAlarm, wait: Time) {
        self.disarm(id, alarm);
        let timer = self.wheel.arm(now + wait, Alarm::Dialog(id, alarm));
        if let Some(dialog) = self.dialog_mut(id) {
            *dialog.timers.slot(alarm) = Some(timer);
        } else {
            self.wheel.cancel(timer);
        }
    }

    fn disarm(&mut self, id: DialogId, alarm: DialogAlarm) {
        let timer = self
            .dialog_mut(id)
            .and_then(|dialog| dialog.timers.slot(alarm).take());
        if let Some(timer) = timer {
            self.wheel.cancel(timer);
        }
    }

    /// Forgets a dialog and everything that runs for it; its transactions finish by themselves.
    fn remove_dialog(&mut self, now: Time, id: DialogId) -> Option<Box<Dialog>> {
        let dialog = self.dialogs.store.remove(id.0)?;
        let timers = &dialog.timers;
        for timer in [timers.resend, timers.limit, timers.glare]
            .into_iter()
            .flatten()
        {
            self.wheel.cancel(timer);
        }
        self.dialogs.by_key.remove(&dialog.key);
        shrink(&mut self.dialogs.by_key);
        match dialog.pending {
            Pending::Theirs(tx) => {
                let reply = write::Reply {
                    code: 487,
                    ..Default::default()
                };
                self.reply(now, tx, &reply);
            }
            // Its final response may never come, and nobody waits for it.
            Pending::Ours(tx) => self.bound_client(now, tx, self.config.t1 * 64),
            Pending::None => {}
        }
        Some(dialog)
    }

    /// Removes the dialog and says so.
    fn end_dialog(&mut self, now: Time, id: DialogId, why: EndReason) {
        if self.remove_dialog(now, id).is_some() {
            self.event(Event::Ended {
                dialog: id,
                request: None,
                why,
            });
        }
    }

    /// A request besides INVITE has left the dialog.
    fn guest_left(&mut self, id: DialogId) {
        if let Some(dialog) = self.dialog_mut(id) {
            dialog.timers.guests = dialog.timers.guests.saturating_sub(1);
        }
    }

    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.clients.is_empty()
            && self.servers.is_empty()
            && self.dialogs.store.len() == 0
            && self.dialogs.by_key.is_empty()
            && self.wheel.is_empty()
            && self.outputs.is_empty()
    }
}
