//! What happens in a standing dialog: BYE, re-INVITE both ways, INFO and the like
//! (RFC 3261 12.2, 14, 15).

use super::Endpoint;
use super::clients::Purpose;
use super::mint::Token;
use super::types::{Body, ClientTx, DialogId, EndReason, Event, Refused, ServerTx};
use super::write::{self, Line, Reply};
use crate::dialog::{DialogAlarm, Parting, Pending, Reoffer, State};
use crate::flow::{Flow, Time};
use crate::message::{Method, Request};

use bytes::Bytes;

/// Requests besides INVITE that may be under way in one dialog; more are refused.
const GUESTS_MAX: u8 = 16;

impl Endpoint {
    /// Ends a call that was answered. On a call that came in, BYE waits for the ACK of our 2xx or
    /// its time-out (15). `Ended(LocalBye)` follows when BYE is answered or given up.
    ///
    /// # Errors
    /// [`Refused::WrongState`] before the answer (see `reject`, `cancel`) and after a first `bye`.
    pub fn bye(
        &mut self,
        now: Time,
        dialog: DialogId,
        headers: &[(&str, &str)],
    ) -> Result<(), Refused> {
        let lines = write::lines(headers.iter().copied())?;
        let id = dialog;
        let dialog = self.dialog_mut(id).ok_or(Refused::NoDialog)?;
        match dialog.state {
            State::Confirmed => self.send_bye(now, id, &lines),
            State::Answered if dialog.parting.is_none() => {
                dialog.parting = Some(Box::new(Parting {
                    lines: lines.into(),
                    sent: false,
                }));
            }
            _ => return Err(Refused::WrongState),
        }
        self.measure();
        Ok(())
    }

    /// Writes the next request of a dialog.
    fn next_request(
        &mut self,
        id: DialogId,
        method: &str,
        lines: &[u8],
        body: Option<&Body>,
    ) -> Option<(Token, Flow, Bytes)> {
        let branch = self.mint.token();
        let dialog = self.dialogs.store.get_mut(id.0)?;
        let line = Line {
            method,
            cseq: dialog.next_cseq(),
            branch: branch.as_bytes(),
            lines,
            body,
        };
        let bytes = self.writer.in_dialog(dialog, &line);
        Some((branch, dialog.path.hop, bytes))
    }

    pub(crate) fn send_bye(&mut self, now: Time, id: DialogId, lines: &[u8]) {
        for alarm in [DialogAlarm::Resend, DialogAlarm::Limit, DialogAlarm::Glare] {
            self.disarm(id, alarm);
        }
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        dialog.state = State::Closing;
        dialog.unacked = None;
        dialog.reoffer = None;
        if let Pending::Theirs(tx) = dialog.pending {
            dialog.pending = Pending::None;
            let reply = Reply {
                code: 487,
                ..Default::default()
            };
            self.reply(now, tx, &reply);
        }
        let Some((branch, hop, bytes)) = self.next_request(id, "BYE", lines, None) else {
            return;
        };
        if self.is_overfull() {
            self.transmit(hop, bytes);
            self.end_dialog(now, id, EndReason::LocalBye);
            return;
        }
        self.start_client(
            now,
            hop,
            (branch.as_bytes(), "BYE"),
            bytes,
            Purpose::Bye(id),
        );
    }

    /// A BYE whose fate nobody waits for; the dialog is removed right after.
    pub(crate) fn send_silent_bye(&mut self, now: Time, id: DialogId) {
        let Some((branch, hop, bytes)) = self.next_request(id, "BYE", &[], None) else {
            return;
        };
        if self.is_overfull() {
            self.transmit(hop, bytes);
        } else {
            self.start_client(now, hop, (branch.as_bytes(), "BYE"), bytes, Purpose::Silent);
        }
    }

    // -- re-INVITE -------------------------------------------------------------------------

    /// Sends a re-INVITE with an offer. Against 491 it is tried again after the waits of 14.1.
    ///
    /// # Errors
    /// [`Refused::Pending`] while another INVITE is under way, ours or theirs;
    /// [`Refused::WrongState`] if the call is not up.
    pub fn reinvite(&mut self, now: Time, dialog: DialogId, body: Body) -> Result<(), Refused> {
        let id = dialog;
        let full = self.is_overfull();
        let dialog = self.dialog_mut(id).ok_or(Refused::NoDialog)?;
        if dialog.state != State::Confirmed {
            return Err(Refused::WrongState);
        }
        if dialog.pending != Pending::None || dialog.unacked.is_some() || dialog.reoffer.is_some() {
            return Err(Refused::Pending);
        }
        if full {
            return Err(Refused::Full);
        }
        dialog.reoffer = Some(Box::new(Reoffer { body, tries: 0 }));
        self.reoffer(now, id);
        self.measure();
        Ok(())
    }

    /// Sends the re-INVITE that is kept, or waits on while the far end's own is under way.
    pub(crate) fn reoffer(&mut self, now: Time, id: DialogId) {
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        let busy = dialog.pending != Pending::None || dialog.unacked.is_some();
        let caller = dialog.caller;
        let Some(reoffer) = &mut dialog.reoffer else {
            return;
        };
        if busy {
            let wait = self.glare_wait(caller);
            self.arm(now, id, DialogAlarm::Glare, wait);
            return;
        }
        reoffer.tries = reoffer.tries.saturating_add(1);
        let body = reoffer.body.clone();
        let request = self.next_request(id, "INVITE", &[], Some(&body));
        let Some((branch, hop, bytes)) = request else {
            return;
        };
        let name = (branch.as_bytes(), "INVITE");
        let tx = self.start_client(now, hop, name, bytes, Purpose::Reinvite(id));
        if let Some(dialog) = self.dialog_mut(id) {
            dialog.pending = Pending::Ours(tx);
        }
    }

    /// Their re-INVITE (14.2): 491 against ours, 500 against an earlier one of theirs.
    pub(crate) fn on_reinvite(&mut self, now: Time, flow: Flow, id: DialogId, request: &Request) {
        let Some(dialog) = self.dialogs.store.get(id.0) else {
            return;
        };
        let code = match (dialog.state, dialog.pending) {
            (State::Closing, _) => 481,
            (_, Pending::Theirs(_)) => 500,
            (_, Pending::Ours(_)) => 491,
            // Our 2xx is not acknowledged yet: its ACK may still bring an answer.
            (_, Pending::None) if dialog.unacked.is_some() => 491,
            (State::Confirmed, Pending::None) => 0,
            (_, Pending::None) => 491,
        };
        if code == 500 {
            let lines = format!("Retry-After: {}\r\n", self.mint.number(11));
            self.reply_stateless(request, &flow, 500, None, lines.as_bytes());
            return;
        }
        if code != 0 {
            // Kept in a transaction, so that its ACK is not a stray; or without, for want of room.
            self.refuse_invite(now, flow, request, code);
            return;
        }
        if self.is_overfull() {
            self.overloaded(request, &flow);
            return;
        }
        let tag = self.stateless_tag(request);
        let Some(tx) = self.start_server(now, request, flow, tag, Some(id)) else {
            return;
        };
        if let Some(dialog) = self.dialog_mut(id) {
            dialog.pending = Pending::Theirs(tx);
        }
        let trying = Reply {
            code: 100,
            ..Default::default()
        };
        self.reply(now, tx, &trying);
        let request = request.clone();
        self.event(Event::Reinvited {
            dialog: id,
            request,
        });
    }

    fn refuse_invite(&mut self, now: Time, flow: Flow, request: &Request, code: u16) {
        if self.is_overfull() {
            self.reply_stateless(request, &flow, code, None, &[]);
            return;
        }
        let tag = self.stateless_tag(request);
        if let Some(tx) = self.start_server(now, request, flow, tag, None) {
            let reply = Reply {
                code,
                ..Default::default()
            };
            self.reply(now, tx, &reply);
        }
    }

    /// Answers `Event::Reinvited` with 200. Where the re-INVITE had no offer this is the offer,
    /// and `Event::Confirmed` brings the answer.
    ///
    /// # Errors
    /// [`Refused::WrongState`] if none is open (it may have been cancelled meanwhile).
    pub fn answer_reinvite(
        &mut self,
        now: Time,
        dialog: DialogId,
        body: Body,
    ) -> Result<(), Refused> {
        let tx = self.reinvited(dialog)?;
        let request = self
            .servers
            .store
            .get(tx)
            .and_then(|server| server.request.clone());
        let request = request.ok_or(Refused::WrongState)?;
        if let Some(dialog) = self.dialog_mut(dialog) {
            dialog.path.refresh(request.headers());
        }
        self.succeed(now, dialog, tx, &[], &body)?;
        self.measure();
        Ok(())
    }

    /// Refuses `Event::Reinvited` with 300..699; the call goes on as before.
    ///
    /// # Errors
    /// [`Refused::WrongState`] if none is open; [`Refused::NotAllowed`] for another status.
    pub fn reject_reinvite(
        &mut self,
        now: Time,
        dialog: DialogId,
        code: u16,
    ) -> Result<(), Refused> {
        if !(300..700).contains(&code) {
            return Err(Refused::NotAllowed);
        }
        let tx = self.reinvited(dialog)?;
        if let Some(dialog) = self.dialog_mut(dialog) {
            dialog.pending = Pending::None;
        }
        let reply = Reply {
            code,
            ..Default::default()
        };
        self.reply(now, tx, &reply);
        self.measure();
        Ok(())
    }

    fn reinvited(&self, id: DialogId) -> Result<u64, Refused> {
        let dialog = self.dialogs.store.get(id.0).ok_or(Refused::NoDialog)?;
        match (dialog.state, dialog.pending) {
            (State::Confirmed, Pending::Theirs(tx)) => Ok(tx),
            _ => Err(Refused::WrongState),
        }
    }

    // -- INFO and the like -----------------------------------------------------------------

    /// Sends INFO, OPTIONS or the like in a dialog; `Event::Response` tells what came of it.
    ///
    /// # Errors
    /// [`Refused::NotAllowed`] for INVITE, ACK, BYE and CANCEL; [`Refused::WrongState`] before a
    /// dialog stands; [`Refused::Full`] with 16 requests under way.
    pub fn request_in_dialog(
        &mut self,
        now: Time,
        dialog: DialogId,
        method: Method,
        headers: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<ClientTx, Refused> {
        if matches!(
            method,
            Method::Invite | Method::Ack | Method::Bye | Method::Cancel
        ) {
            return Err(Refused::NotAllowed);
        }
        let lines = write::lines(headers.iter().copied())?;
        let id = dialog;
        let full = self.is_overfull();
        let dialog = self.dialog_mut(id).ok_or(Refused::NoDialog)?;
        if !dialog.can_talk() {
            return Err(Refused::WrongState);
        }
        if full || dialog.timers.guests >= GUESTS_MAX {
            return Err(Refused::Full);
        }
        dialog.timers.guests += 1;
        let name = method.as_str();
        let request = self.next_request(id, name, &lines, body.as_ref());
        let (branch, hop, bytes) = request.ok_or(Refused::NoDialog)?;
        let tx = self.start_client(
            now,
            hop,
            (branch.as_bytes(), name),
            bytes,
            Purpose::InDialog(id),
        );
        self.measure();
        Ok(ClientTx(tx))
    }

    /// Their INFO and the like.
    pub(crate) fn on_guest(&mut self, now: Time, flow: Flow, id: DialogId, request: &Request) {
        let full = self.is_overfull();
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        if dialog.state == State::Closing {
            self.reply_stateless(request, &flow, 481, None, &[]);
            return;
        }
        if full || dialog.timers.guests >= GUESTS_MAX {
            self.overloaded(request, &flow);
            return;
        }
        dialog.timers.guests += 1;
        let tag = self.stateless_tag(request);
        if let Some(tx) = self.start_server(now, request, flow, tag, Some(id)) {
            let (tx, request) = (ServerTx(tx), request.clone());
            self.event(Event::InDialog {
                dialog: id,
                tx,
                request,
            });
        }
    }

    /// Answers `Event::InDialog`. An answer that comes after 64*T1 or twice is not sent.
    pub fn respond_in_dialog(
        &mut self,
        now: Time,
        tx: ServerTx,
        code: u16,
        headers: &[(&str, &str)],
        body: Option<Body>,
    ) {
        let found = self
            .servers
            .store
            .get(tx.0)
            .filter(|server| !server.is_invite());
        let open = found.filter(|server| server.request.is_some());
        let Some(dialog) = open.map(|server| server.dialog) else {
            self.counters.ignored_inputs += 1;
            return;
        };
        let reply = Reply {
            code,
            headers,
            body: body.as_ref(),
            ..Default::default()
        };
        self.reply(now, tx.0, &reply);
        if let Some(dialog) = dialog.filter(|_| code >= 200) {
            self.guest_left(dialog);
        }
        self.measure();
    }
}
