//! Calls that come in: from the INVITE to the ACK of its 2xx (RFC 3261 13.3), and answers to
//! requests outside dialogs.

use std::net::SocketAddr;
use std::time::Duration;

use super::Endpoint;
use super::fields::Fields;
use super::types::{Body, DialogId, EndReason, Event, NewRequest, Refused};
use super::write::{self, Reply};
use crate::dialog::path::Path;
use crate::dialog::{Dialog, DialogAlarm, Names, Pending, State, Unacked};
use crate::flow::{Flow, Time};
use crate::message::{HeaderName, Method, Request};
use crate::transaction::ServerInput;

/// How often a ringing call says so again, lest a proxy gives up (13.3.1.1).
const REMINDER: Duration = Duration::from_secs(60);

impl Endpoint {
    /// Answers a request outside dialogs and keeps nothing; the tag is a keyed hash, so copies of
    /// the request get equal answers. For final answers; an ACK is never answered.
    pub fn respond_stateless(
        &mut self,
        _now: Time,
        new: &NewRequest,
        code: u16,
        reason: Option<&str>,
        headers: &[(&str, &str)],
    ) {
        if *new.request.method() == Method::Ack {
            return;
        }
        self.counters.stateless_replies += 1;
        let tag = self.stateless_tag(&new.request);
        let reply = Reply {
            code,
            reason,
            tag: Some(tag.as_bytes()),
            headers,
            ..Default::default()
        };
        self.send_stateless(&new.request, &new.flow, &reply);
        self.measure();
    }

    /// Answers a request outside dialogs (not INVITE: that is `accept`) in a transaction, which
    /// repeats the answer to copies of the request. Without room, or for INVITE: stateless.
    pub fn respond(
        &mut self,
        now: Time,
        new: &NewRequest,
        code: u16,
        reason: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<Body>,
    ) {
        let method = new.request.method();
        let tag = self.stateless_tag(&new.request);
        let reply = Reply {
            code,
            reason,
            tag: Some(tag.as_bytes()),
            headers,
            body: body.as_ref(),
            ..Default::default()
        };
        if *method == Method::Ack {
            return;
        }
        let room = *method != Method::Invite && code >= 200 && !self.is_overfull();
        let tx = if room {
            self.start_server(now, &new.request, new.flow, tag, None)
        } else {
            None
        };
        match tx {
            Some(tx) => {
                self.reply(now, tx, &reply);
            }
            None => {
                self.counters.stateless_replies += 1;
                self.send_stateless(&new.request, &new.flow, &reply);
            }
        }
        self.measure();
    }

    /// Takes an INVITE up: a server transaction and an early dialog; sends 100 at once.
    /// `advertise` is what our Contact names.
    ///
    /// # Errors
    /// [`Refused::NotAllowed`] for another method; [`Refused::Full`] without room, in which case
    /// 503 is sent.
    pub fn accept(
        &mut self,
        now: Time,
        new: &NewRequest,
        advertise: SocketAddr,
    ) -> Result<DialogId, Refused> {
        let request = &new.request;
        if *request.method() != Method::Invite {
            return Err(Refused::NotAllowed);
        }
        let fields = Fields::of(request).ok_or(Refused::NotAllowed)?;
        if self.is_full() || self.dialogs.store.len() >= self.config.dialogs_max {
            self.overloaded(request, &new.flow);
            self.measure();
            return Err(Refused::Full);
        }
        if self
            .servers
            .by_key
            .contains_key(&self.server_key(request, &fields))
        {
            return Err(Refused::Pending);
        }
        let tag = self.mint.token();
        let headers = request.headers();
        let to = headers.first(HeaderName::To).unwrap_or_default();
        let mut local = Vec::with_capacity(to.len() + 32);
        local.extend_from_slice(to);
        local.extend_from_slice(b";tag=");
        local.extend_from_slice(tag.as_bytes());
        let user = request_user(request);
        let dialog = Dialog {
            key: self.dialog_key(fields.call_id, tag.as_bytes()),
            names: Names {
                call_id: fields.call_id.into(),
                local: local.into(),
                local_tag: tag.as_bytes().into(),
                remote: headers.first(HeaderName::From).unwrap_or_default().into(),
                remote_tag: Some(fields.from_tag.into()),
                contact: write::contact(user, advertise, new.flow.transport),
                advertise,
                credentials: Box::default(),
            },
            path: Path::of_request(headers, &fields.via, new.flow),
            state: State::Ringing,
            caller: false,
            local_cseq: 0,
            remote_cseq: Some(fields.cseq),
            pending: Pending::None,
            unacked: None,
            reoffer: None,
            parting: None,
            timers: crate::dialog::Timers::default(),
        };
        let id = self.insert_dialog(dialog)?;
        let tx = self.start_server(now, request, new.flow, tag, Some(id));
        if let (Some(tx), Some(dialog)) = (tx, self.dialog_mut(id)) {
            dialog.pending = Pending::Theirs(tx);
            let reply = Reply {
                code: 100,
                ..Default::default()
            };
            self.reply(now, tx, &reply);
        }
        self.measure();
        Ok(id)
    }

    /// Sends 101..199 to the caller, again each minute until something else is sent.
    ///
    /// # Errors
    /// [`Refused::NotAllowed`] for another status; [`Refused::WrongState`] once answered.
    pub fn progress(
        &mut self,
        now: Time,
        dialog: DialogId,
        code: u16,
        headers: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<(), Refused> {
        if !(101..200).contains(&code) {
            return Err(Refused::NotAllowed);
        }
        let (tx, contact) = self.ringing(dialog)?;
        let lines = write::lines(headers.iter().copied())?;
        let reply = Reply {
            code,
            contact: Some(&contact),
            lines: &lines,
            body: body.as_ref(),
            ..Default::default()
        };
        self.reply(now, tx, &reply);
        self.arm(now, dialog, DialogAlarm::Resend, REMINDER);
        self.measure();
        Ok(())
    }

    /// Answers with 200, which is sent again until its ACK comes; without one for 64*T1 the call
    /// ends with BYE and `Ended(NoAck)`. The body answers their offer, or is the offer.
    ///
    /// # Errors
    /// [`Refused::WrongState`] if it does not ring.
    pub fn answer(
        &mut self,
        now: Time,
        dialog: DialogId,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Result<(), Refused> {
        let (tx, _) = self.ringing(dialog)?;
        let lines = write::lines(headers.iter().copied())?;
        self.succeed(now, dialog, tx, &lines, &body)?;
        if let Some(dialog) = self.dialog_mut(dialog) {
            dialog.state = State::Answered;
        }
        self.measure();
        Ok(())
    }

    /// Refuses with 300..699; the dialog is gone, and nothing more is heard of it.
    ///
    /// # Errors
    /// [`Refused::WrongState`] once answered; [`Refused::NotAllowed`] for another status.
    pub fn reject(
        &mut self,
        now: Time,
        dialog: DialogId,
        code: u16,
        reason: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Result<(), Refused> {
        if !(300..700).contains(&code) {
            return Err(Refused::NotAllowed);
        }
        let (tx, _) = self.ringing(dialog)?;
        let lines = write::lines(headers.iter().copied())?;
        let reply = Reply {
            code,
            reason,
            lines: &lines,
            ..Default::default()
        };
        if let Some(dialog) = self.dialog_mut(dialog) {
            dialog.pending = Pending::None;
        }
        self.reply(now, tx, &reply);
        self.remove_dialog(now, dialog);
        self.measure();
        Ok(())
    }

    fn ringing(&self, id: DialogId) -> Result<(u64, Box<[u8]>), Refused> {
        let dialog = self.dialogs.store.get(id.0).ok_or(Refused::NoDialog)?;
        match (dialog.state, dialog.pending) {
            (State::Ringing, Pending::Theirs(tx)) => Ok((tx, dialog.names.contact.clone())),
            _ => Err(Refused::WrongState),
        }
    }

    /// Sends the 2xx of an INVITE and begins to wait for its ACK.
    pub(crate) fn succeed(
        &mut self,
        now: Time,
        id: DialogId,
        tx: u64,
        lines: &[u8],
        body: &Body,
    ) -> Result<(), Refused> {
        let server = self.servers.store.get(tx).ok_or(Refused::WrongState)?;
        let request = server.request.clone().ok_or(Refused::WrongState)?;
        let (source, back, tag) = (server.source, server.back, server.tag);
        let (cseq, _) = request
            .headers()
            .cseq_parts()
            .map_err(|_| Refused::WrongState)?;
        let Some(dialog) = self.dialogs.store.get_mut(id.0) else {
            return Err(Refused::NoDialog);
        };
        let reply = Reply {
            code: 200,
            tag: Some(tag.as_bytes()),
            contact: Some(&dialog.names.contact),
            lines,
            body: Some(body),
            ..Default::default()
        };
        let bytes = self.writer.reply(&request, &source, &reply);
        dialog.pending = Pending::None;
        dialog.unacked = Some(Box::new(Unacked {
            cseq,
            flow: back,
            bytes: bytes.clone(),
            interval: self.config.t1,
        }));
        self.send_success(now, tx, bytes);
        let (t1, patience) = (self.config.t1, self.config.t1 * 64);
        self.arm(now, id, DialogAlarm::Resend, t1);
        self.arm(now, id, DialogAlarm::Limit, patience);
        Ok(())
    }

    /// An ACK: for a failure it ends at the transaction, for a 2xx at the dialog.
    pub(crate) fn on_ack(&mut self, now: Time, flow: Flow, request: &Request, known: Option<u64>) {
        if let Some(id) = known
            && !self.feed_server(now, id, ServerInput::Ack)
        {
            return;
        }
        let headers = request.headers();
        let tag = headers.to_tag().unwrap_or_default();
        let number = headers.cseq_parts().map_or(0, |(number, _)| number);
        let id = self.dialog_of(request, tag.as_bytes());
        let dialog = id.and_then(|id| self.dialogs.store.get_mut(id.0));
        let (Some(id), Some(dialog)) = (id, dialog) else {
            self.counters.stray_acks += 1;
            return;
        };
        if dialog
            .unacked
            .as_ref()
            .is_none_or(|unacked| unacked.cseq != number)
        {
            self.counters.stray_acks += 1;
            return;
        }
        dialog.unacked = None;
        dialog.path.heard(flow);
        if dialog.state == State::Answered {
            dialog.state = State::Confirmed;
        }
        let parting = dialog.parting.take();
        self.disarm(id, DialogAlarm::Resend);
        self.disarm(id, DialogAlarm::Limit);
        match parting {
            Some(parting) => self.send_bye(now, id, &parting.lines),
            None => {
                let body = (!request.body().is_empty()).then(|| request.body().clone());
                self.event(Event::Confirmed { dialog: id, body });
            }
        }
    }

    /// A timer of a dialog fired.
    pub(crate) fn on_dialog_alarm(&mut self, now: Time, id: DialogId, alarm: DialogAlarm) {
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        *dialog.timers.slot(alarm) = None;
        match (dialog.state, alarm) {
            (State::Ringing, DialogAlarm::Resend) => self.remind(now, id),
            (State::Answered | State::Confirmed, DialogAlarm::Resend) => {
                self.repeat_success(now, id);
            }
            (State::Answered | State::Confirmed, DialogAlarm::Limit) => self.give_up(now, id),
            (State::Calling | State::Proceeding, DialogAlarm::Limit) => self.abandon(now, id),
            (State::Confirmed, DialogAlarm::Glare) => self.reoffer(now, id),
            (_, _) => self.counters.ignored_inputs += 1,
        }
    }

    fn remind(&mut self, now: Time, id: DialogId) {
        let pending = self.dialogs.store.get(id.0).map(|dialog| dialog.pending);
        if let Some(Pending::Theirs(tx)) = pending
            && let Some((flow, bytes)) = self.last_reply(tx)
        {
            self.transmit(flow, bytes);
            self.arm(now, id, DialogAlarm::Resend, REMINDER);
        }
    }

    /// 13.3.1.4: T1, 2*T1 ... T2 apart, on reliable transports too, since a hop may be UDP.
    fn repeat_success(&mut self, now: Time, id: DialogId) {
        let t2 = self.config.t2;
        let again = self.dialog_mut(id).and_then(|dialog| {
            let unacked = dialog.unacked.as_mut()?;
            unacked.interval = (unacked.interval * 2).min(t2);
            Some((unacked.flow, unacked.bytes.clone(), unacked.interval))
        });
        if let Some((flow, bytes, interval)) = again {
            self.counters.retransmits_out += 1;
            self.transmit(flow, bytes);
            self.arm(now, id, DialogAlarm::Resend, interval);
        }
    }

    /// Our 2xx was never acknowledged: the dialog counts as made, so it ends with BYE.
    fn give_up(&mut self, now: Time, id: DialogId) {
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        if dialog.unacked.take().is_none() {
            return;
        }
        self.counters.timeouts += 1;
        self.disarm(id, DialogAlarm::Resend);
        let parting = self.dialog_mut(id).and_then(|dialog| dialog.parting.take());
        match parting {
            Some(parting) => self.send_bye(now, id, &parting.lines),
            None => {
                self.send_silent_bye(now, id);
                self.end_dialog(now, id, EndReason::NoAck);
            }
        }
    }
}

/// The user part of the request URI, for our Contact.
fn request_user(request: &Request) -> Option<&[u8]> {
    let uri = request.uri_bytes();
    let start = memchr::memchr(b':', uri)? + 1;
    let rest = uri.get(start..)?;
    let user = rest.get(..memchr::memrchr(b'@', rest)?)?;
    user.split(|byte| *byte == b':' || *byte == b';').next()
}
