//! What responses mean to dialogs: answered, failed, forked, crossed by a CANCEL.

use std::net::SocketAddr;
use std::time::Duration;

use super::Endpoint;
use super::clients::{Outcome, Purpose};
use super::types::{ClientTx, DialogId, EndReason, Event};
use super::write::Line;
use crate::dialog::path::Path;
use crate::dialog::{Dialog, DialogAlarm, Names, Pending, State};
use crate::flow::{Flow, Time};
use crate::message::{HeaderName, Response};
use crate::transaction::key::Key;

/// How often a re-INVITE is tried against 491 before it counts as refused.
const GLARE_TRIES_MAX: u8 = 5;

/// How long a re-INVITE may stay provisional, as a proxy's timer C (16.6) has it for any INVITE.
const REINVITE_MAX: Duration = Duration::from_secs(180);

impl Endpoint {
    /// A client transaction delivered something.
    pub(crate) fn on_outcome(
        &mut self,
        now: Time,
        tx: u64,
        purpose: Purpose,
        outcome: &Outcome<'_>,
    ) {
        let is_final = outcome.code >= 200;
        match purpose {
            Purpose::Invite(dialog) => self.on_invite_outcome(now, tx, dialog, outcome),
            Purpose::Reinvite(dialog) if is_final => {
                self.on_reinvite_outcome(now, tx, dialog, outcome);
            }
            Purpose::Reinvite(_) => self.bound_client(now, tx, REINVITE_MAX),
            Purpose::Bye(dialog) if is_final => self.end_dialog(now, dialog, EndReason::LocalBye),
            Purpose::InDialog(dialog) if is_final => {
                self.on_guest_outcome(now, tx, dialog, outcome);
            }
            Purpose::Free if is_final => self.tell_response(tx, outcome),
            _ => {}
        }
    }

    fn tell_response(&mut self, tx: u64, outcome: &Outcome<'_>) {
        self.event(Event::Response {
            tx: ClientTx(tx),
            code: outcome.code,
            response: outcome.response.cloned(),
        });
    }

    /// INFO and the like: 481 and 408 say that the dialog is no more (RFC 5057).
    fn on_guest_outcome(&mut self, now: Time, tx: u64, id: DialogId, outcome: &Outcome<'_>) {
        self.guest_left(id);
        self.tell_response(tx, outcome);
        self.end_if_gone(now, id, outcome);
    }

    /// True if the outcome of a request ended the dialog. A broken connection does not, since the
    /// next request opens another; a datagram that meets a closed port does.
    fn end_if_gone(&mut self, now: Time, id: DialogId, outcome: &Outcome<'_>) -> bool {
        let dialog = self.dialogs.store.get(id.0);
        let open =
            dialog.is_some_and(|dialog| dialog.state != State::Closing && dialog.parting.is_none());
        let stream = dialog.is_some_and(|dialog| dialog.path.hop.transport.is_reliable());
        match outcome.code {
            481 if open => self.end_dialog(now, id, EndReason::Gone),
            408 if open => {
                self.send_silent_bye(now, id);
                self.end_dialog(now, id, EndReason::Timeout);
            }
            503 if open && !stream && outcome.response.is_none() => {
                self.end_dialog(now, id, EndReason::Transport);
            }
            _ => return false,
        }
        true
    }

    fn on_invite_outcome(&mut self, now: Time, tx: u64, id: DialogId, outcome: &Outcome<'_>) {
        match (outcome.code, outcome.response) {
            (0..=199, Some(response)) => self.on_progress(now, id, response),
            (200..=299, Some(response)) => self.on_answer(now, tx, id, response),
            (code, response) => {
                let open = self.dialogs.store.get(id.0).is_some_and(is_open);
                if open && self.remove_dialog(now, id).is_some() {
                    let response = response.cloned();
                    self.event(Event::Failed {
                        dialog: id,
                        code,
                        response,
                    });
                }
            }
        }
    }

    fn on_progress(&mut self, now: Time, id: DialogId, response: &Response) {
        let Some(dialog) = self.dialog_mut(id).filter(|dialog| is_open(dialog)) else {
            return;
        };
        dialog.state = State::Proceeding;
        if dialog.parting.is_some() {
            self.send_cancel(now, id);
        } else if response.code() > 100 {
            let response = response.clone();
            self.event(Event::Provisional {
                dialog: id,
                response,
            });
        }
    }

    /// A 2xx to our first INVITE: the first one makes the dialog, a copy gets its ACK again, and
    /// one of another branch of a fork, or after CANCEL, is acknowledged and hung up (13.2.2.4).
    fn on_answer(&mut self, now: Time, tx: u64, id: DialogId, response: &Response) {
        let headers = response.headers();
        let tag = headers.to_tag().unwrap_or_default().as_bytes();
        if self.repeat_ack(tx, tag) {
            return;
        }
        let dialog = self.dialogs.store.get(id.0);
        let open = dialog.is_some_and(is_open);
        let cancelled = dialog.is_some_and(|dialog| dialog.parting.is_some());
        if !open {
            self.counters.forks_released += 1;
            self.release(now, tx, response, true);
            return;
        }
        if cancelled {
            self.release(now, tx, response, true);
            if let Some(dialog) = self.dialog_mut(id) {
                dialog.pending = Pending::None;
            }
            self.remove_dialog(now, id);
            let response = Some(response.clone());
            self.event(Event::Failed {
                dialog: id,
                code: 487,
                response,
            });
            return;
        }
        let branch = self.mint.token();
        let Some(dialog) = self.dialogs.store.get_mut(id.0) else {
            return;
        };
        dialog.path = dialog.path.answered(headers);
        dialog.names.remote = headers.first(HeaderName::To).unwrap_or_default().into();
        dialog.names.remote_tag = Some(tag.into());
        dialog.state = State::Confirmed;
        dialog.pending = Pending::None;
        let ack = ack_line(dialog.local_cseq, branch.as_bytes());
        let bytes = self.writer.in_dialog(dialog, &ack);
        let hop = dialog.path.hop;
        self.keep_ack(tx, tag, hop, bytes);
        let response = response.clone();
        self.event(Event::Answered {
            dialog: id,
            response,
        });
    }

    fn on_reinvite_outcome(&mut self, now: Time, tx: u64, id: DialogId, outcome: &Outcome<'_>) {
        if let (200..=299, Some(response)) = (outcome.code, outcome.response) {
            self.on_reinvite_answer(now, tx, id, response);
            return;
        }
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        if dialog.pending != Pending::Ours(tx) {
            return;
        }
        dialog.pending = Pending::None;
        if dialog.state != State::Confirmed {
            dialog.reoffer = None;
            return;
        }
        let caller = dialog.caller;
        let again = dialog
            .reoffer
            .as_ref()
            .is_some_and(|reoffer| reoffer.tries < GLARE_TRIES_MAX);
        if outcome.code == 491 && again {
            let wait = self.glare_wait(caller);
            self.arm(now, id, DialogAlarm::Glare, wait);
            return;
        }
        dialog.reoffer = None;
        if !self.end_if_gone(now, id, outcome) {
            let code = outcome.code;
            self.event(Event::ReinviteFailed { dialog: id, code });
        }
    }

    /// 14.1: the owner of the Call-ID waits 2.1 to 4 seconds, the other at most 2, in steps of 10 ms.
    pub(crate) fn glare_wait(&mut self, caller: bool) -> Duration {
        let ms = if caller {
            2100 + 10 * self.mint.number(191)
        } else {
            10 * self.mint.number(201)
        };
        Duration::from_millis(u64::from(ms))
    }

    fn on_reinvite_answer(&mut self, now: Time, tx: u64, id: DialogId, response: &Response) {
        let headers = response.headers();
        let tag = headers.to_tag().unwrap_or_default().as_bytes();
        if self.repeat_ack(tx, tag) {
            return;
        }
        let ours = self
            .dialogs
            .store
            .get(id.0)
            .is_some_and(|d| d.pending == Pending::Ours(tx));
        if !ours {
            self.release(now, tx, response, false);
            return;
        }
        let branch = self.mint.token();
        let Some(dialog) = self.dialogs.store.get_mut(id.0) else {
            return;
        };
        dialog.pending = Pending::None;
        dialog.reoffer = None;
        dialog.path.refresh(headers);
        let number = headers.cseq_parts().map_or(0, |(number, _)| number);
        let ack = ack_line(number, branch.as_bytes());
        let bytes = self.writer.in_dialog(dialog, &ack);
        let hop = dialog.path.hop;
        let up = dialog.state == State::Confirmed;
        self.keep_ack(tx, tag, hop, bytes);
        if up {
            let response = response.clone();
            self.event(Event::ReinviteAnswered {
                dialog: id,
                response,
            });
        }
    }

    /// Acknowledges a 2xx that nobody wants, and hangs it up. All it takes is in the response.
    fn release(&mut self, now: Time, tx: u64, response: &Response, hang_up: bool) {
        let Some(flow) = self.clients.store.get(tx).map(|client| client.flow) else {
            return;
        };
        let Some((dialog, number)) = stranger(response, flow) else {
            return;
        };
        let tag = response.headers().to_tag().unwrap_or_default().as_bytes();
        let hop = dialog.path.hop;
        let branch = self.mint.token();
        let ack = self
            .writer
            .in_dialog(&dialog, &ack_line(number, branch.as_bytes()));
        if !self.keep_ack(tx, tag, hop, ack) || !hang_up {
            return;
        }
        let branch = self.mint.token();
        let line = Line {
            method: "BYE",
            cseq: number.saturating_add(1),
            branch: branch.as_bytes(),
            lines: &[],
            body: None,
        };
        let bytes = self.writer.in_dialog(&dialog, &line);
        if self.is_overfull() {
            self.transmit(hop, bytes);
        } else {
            self.start_client(now, hop, (branch.as_bytes(), "BYE"), bytes, Purpose::Silent);
        }
    }
}

/// Our first INVITE has no final response yet.
fn is_open(dialog: &Dialog) -> bool {
    matches!(dialog.state, State::Calling | State::Proceeding)
}

fn ack_line(cseq: u32, branch: &[u8]) -> Line<'_> {
    Line {
        method: "ACK",
        cseq,
        branch,
        lines: &[],
        body: None,
    }
}

/// The dialog that a 2xx made which we do not keep, and the CSeq number of its INVITE.
fn stranger(response: &Response, flow: Flow) -> Option<(Dialog, u32)> {
    let headers = response.headers();
    let (number, _) = headers.cseq_parts().ok()?;
    let via = headers.via().ok()?;
    let advertise = match via.host.ip() {
        Some(ip) => SocketAddr::new(ip, via.port.unwrap_or(5060)),
        None => flow.local,
    };
    let dialog = Dialog {
        key: Key::default(),
        names: Names {
            call_id: headers.first(HeaderName::CallId)?.into(),
            local: headers.first(HeaderName::From)?.into(),
            local_tag: Box::default(),
            remote: headers.first(HeaderName::To)?.into(),
            remote_tag: None,
            contact: Box::default(),
            advertise,
            credentials: Box::default(),
        },
        // Along the flow that the INVITE went, unless it is routed.
        path: Path {
            natted: true,
            ..Path::towards(&[], flow)
        }
        .answered(headers),
        state: State::Closing,
        caller: true,
        local_cseq: number,
        remote_cseq: None,
        pending: Pending::None,
        unacked: None,
        reoffer: None,
        parting: None,
        timers: crate::dialog::Timers::default(),
    };
    // Without Contact there is nowhere to send the ACK.
    (!dialog.path.target.is_empty()).then_some((dialog, number))
}
