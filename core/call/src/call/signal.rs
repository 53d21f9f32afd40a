//! What SIP brings to a leg: responses, CANCEL, BYE, re-INVITE, INFO.
//!
//! Every event first asks the leg's table; what the table does not know is counted and changes
//! nothing.

use bytes::Bytes;
use cordboard_media::Command;
use cordboard_media::sdp::Negotiated;
use cordboard_sip::{DialogId, EndReason, Event, Method, Request, Response, ServerTx};

use crate::action::Notice;
use crate::board::Moment;
use crate::cause::Cause;
use crate::digits::{self, NoDigit};
use crate::event::{DigitVia, EndedBy, Fact};
use crate::ids::LegNo;
use crate::leg::{Duty, Ending, Input, State, step};
use crate::signalling;

use super::Call;

impl Call {
    /// An event of one leg's dialog.
    pub fn signal(&mut self, m: &mut Moment<'_>, no: LegNo, event: Event) {
        match event {
            Event::Provisional { response, .. } => self.provisional_came(m, no, &response),
            Event::Answered { response, .. } => self.answered(m, no, &response),
            Event::Failed { code, response, .. } => self.failed(m, no, code, response.as_ref()),
            Event::Cancelled { request, .. } => {
                let cause = signalling::reason(request.headers()).unwrap_or(Cause::NORMAL);
                let ending = Ending {
                    sip_status: Some(487),
                    ..Ending::new(cause, EndedBy::Remote)
                };
                self.gone(m, no, Input::Cancelled, ending);
            }
            Event::Confirmed { body, .. } => self.acknowledged(m, no, body),
            Event::Reinvited { dialog, request } => self.reinvited(m, no, dialog, &request),
            Event::ReinviteAnswered { response, .. } => {
                let body = signalling::sdp(response.headers(), response.body());
                self.reinvite_answered(m, no, body);
            }
            Event::ReinviteFailed { .. } => {
                if let Some(leg) = self.find_mut(no) {
                    leg.sound.ours.withdraw();
                }
            }
            Event::InDialog { tx, request, .. } => self.in_dialog(m, no, tx, &request),
            Event::Ended { request, why, .. } => {
                let cause = request.and_then(|request| signalling::reason(request.headers()));
                self.gone(m, no, Input::Ended, ending_of(why, cause));
            }
            Event::Request(_) | Event::Response { .. } => m.board.counters.inputs_ignored += 1,
        }
    }

    fn gone(&mut self, m: &mut Moment<'_>, no: LegNo, input: Input, ending: Ending) {
        match self.find(no).map(|leg| step(leg.state, input)) {
            Some(Ok((_, duty))) => self.end_leg(m, no, ending, duty),
            _ => m.board.counters.inputs_ignored += 1,
        }
    }

    /// 180 tells that they ring; SDP in any 18x is early media. Others only keep the INVITE alive.
    fn provisional_came(&mut self, m: &mut Moment<'_>, no: LegNo, response: &Response) {
        let code = response.code();
        if code == 180 {
            self.rang(m, no, code);
        }
        if let Some(sdp) = signalling::sdp(response.headers(), response.body()) {
            self.sounded(m, no, sdp);
        }
    }

    fn rang(&mut self, m: &mut Moment<'_>, no: LegNo, code: u16) {
        let Some(Ok((next, duty))) = self.find(no).map(|leg| step(leg.state, Input::Rang)) else {
            m.board.counters.inputs_ignored += 1;
            return;
        };
        self.enter(m, no, next);
        if duty == Duty::TellRinging {
            self.tell(m, Some(no), Fact::LegRinging { code });
            self.notice(m, Notice::Ringing { leg: no });
        }
    }

    fn sounded(&mut self, m: &mut Moment<'_>, no: LegNo, sdp: &[u8]) {
        let Some(leg) = self.find(no) else { return };
        let Ok((next, _)) = step(leg.state, Input::Sounded) else {
            m.board.counters.inputs_ignored += 1;
            return;
        };
        let first = leg.state != next;
        // An early answer that cannot be read is no reason to end what still rings.
        let Ok(agreed) = leg.sound.ours.preview(sdp) else {
            m.board.counters.inputs_ignored += 1;
            return;
        };
        self.configure(m, no, &agreed);
        self.enter(m, no, next);
        if let (true, Some(media)) = (first, self.media_facts(no)) {
            self.tell(m, Some(no), Fact::LegEarlyMedia { media });
            self.notice(m, Notice::EarlyMedia { leg: no });
        }
    }

    fn answered(&mut self, m: &mut Moment<'_>, no: LegNo, response: &Response) {
        let Some(leg) = self.find_mut(no) else { return };
        let Ok((next, _)) = step(leg.state, Input::Accepted) else {
            m.board.counters.inputs_ignored += 1;
            return;
        };
        let sdp = signalling::sdp(response.headers(), response.body());
        let agreed = match sdp {
            Some(sdp) => leg.sound.ours.accept(sdp).ok(),
            None => None,
        };
        match agreed {
            Some(agreed) => self.configure(m, no, &agreed),
            // A 200 without SDP after an early answer stands by that answer.
            None if sdp.is_none() && leg.sound.spec.is_some() => leg.sound.ours.withdraw(),
            None => {
                let ending = Ending::switch(Cause::INCOMPATIBLE, "no-common-audio");
                self.end_leg(m, no, ending, Duty::Bye);
                return;
            }
        }
        self.enter(m, no, next);
        self.tell_answered(m, no);
    }

    fn failed(&mut self, m: &mut Moment<'_>, no: LegNo, code: u16, response: Option<&Response>) {
        let told = response.and_then(|response| signalling::reason(response.headers()));
        let ending = Ending {
            sip_status: Some(code),
            ..Ending::new(
                told.unwrap_or_else(|| Cause::from_sip_status(code)),
                match response {
                    Some(_) => EndedBy::Remote,
                    None => EndedBy::Switch,
                },
            )
        };
        self.gone(m, no, Input::Failed, ending);
    }

    /// The ACK of a 2xx. Where that 2xx held our offer, the ACK holds the answer.
    fn acknowledged(&mut self, m: &mut Moment<'_>, no: LegNo, body: Option<Bytes>) {
        let Some(leg) = self.find_mut(no) else { return };
        let Ok((next, _)) = step(leg.state, Input::Acknowledged) else {
            m.board.counters.inputs_ignored += 1;
            return;
        };
        if !std::mem::take(&mut leg.sound.awaits_ack) {
            self.align(m, no);
            return;
        }
        let first = leg.state != next;
        let accepted = match body.as_deref().filter(|body| !body.is_empty()) {
            Some(answer) => leg.sound.ours.accept(answer).ok(),
            None => {
                leg.sound.ours.withdraw();
                None
            }
        };
        match accepted {
            Some(agreed) => {
                self.configure(m, no, &agreed);
                self.enter(m, no, next);
                if first {
                    self.tell_answered(m, no);
                } else {
                    self.tell_renegotiated(m, no);
                }
            }
            None if first => {
                let ending = Ending::switch(Cause::INCOMPATIBLE, "no-common-audio");
                self.end_leg(m, no, ending, Duty::Bye);
            }
            // A re-INVITE's offer without an answer leaves what was agreed.
            None => m.board.counters.inputs_ignored += 1,
        }
    }

    /// Their re-INVITE: hold, resume, another address or codec, or a wish for our offer.
    fn reinvited(&mut self, m: &mut Moment<'_>, no: LegNo, dialog: DialogId, request: &Request) {
        let known = self.find(no).map(|leg| step(leg.state, Input::Reinvited));
        if !matches!(known, Some(Ok(_))) {
            let _ = m.sip.reject_reinvite(m.now, dialog, 491);
            return;
        }
        let prefer = self.codec_now(no);
        let Some(leg) = self.find_mut(no) else { return };
        let Some(offer) = signalling::sdp(request.headers(), request.body()) else {
            let body = leg.sound.ours.offer(prefer);
            let body = signalling::sdp_body(body);
            match m.sip.answer_reinvite(m.now, dialog, body) {
                Ok(()) => leg.sound.awaits_ack = true,
                Err(_) => leg.sound.ours.withdraw(),
            }
            return;
        };
        match leg.sound.ours.answer(offer, prefer) {
            Ok((agreed, body)) => {
                let body = signalling::sdp_body(body);
                if m.sip.answer_reinvite(m.now, dialog, body).is_err() {
                    m.board.counters.inputs_ignored += 1;
                }
                self.configure(m, no, &agreed);
                self.tell_renegotiated(m, no);
            }
            // Refused, the session stays as it was (RFC 3261 section 14.2).
            Err(refusal) => {
                let _ = m.sip.reject_reinvite(m.now, dialog, refusal.sip_status());
            }
        }
    }

    fn reinvite_answered(&mut self, m: &mut Moment<'_>, no: LegNo, sdp: Option<&[u8]>) {
        let Ok(leg) = self.leg_mut(no) else { return };
        if !leg.sound.ours.is_offering() {
            m.board.counters.inputs_ignored += 1;
            return;
        }
        match sdp.and_then(|sdp| leg.sound.ours.accept(sdp).ok()) {
            Some(agreed) => {
                self.configure(m, no, &agreed);
                self.tell_renegotiated(m, no);
            }
            None => leg.sound.ours.withdraw(),
        }
    }

    /// Requests inside a dialog that are no INVITE: digits by INFO, and courtesy.
    fn in_dialog(&mut self, m: &mut Moment<'_>, no: LegNo, tx: ServerTx, request: &Request) {
        let (code, headers): (u16, &[(&str, &str)]) = match request.method() {
            Method::Info => match self.info(m, no, request) {
                Ok(()) => (200, &[]),
                Err(NoDigit::OtherType) => (
                    415,
                    &[("Accept", "application/dtmf-relay, application/dtmf")],
                ),
                Err(NoDigit::Malformed) => (400, &[]),
            },
            Method::Options => (
                200,
                &[("Allow", signalling::ALLOW), ("Accept", "application/sdp")],
            ),
            _ => (405, &[("Allow", signalling::ALLOW)]),
        };
        m.sip.respond_in_dialog(m.now, tx, code, headers, None);
    }

    /// An INFO without a body is a keep-alive and well understood.
    fn info(&mut self, m: &mut Moment<'_>, no: LegNo, request: &Request) -> Result<(), NoDigit> {
        let kind = request.headers().find(b"Content-Type").unwrap_or_default();
        if kind.is_empty() && request.body().is_empty() {
            return Ok(());
        }
        let digit = digits::read(kind, request.body())?;
        self.press(m, no, digit, DigitVia::Info);
        Ok(())
    }

    /// Sets a leg's stream to what was agreed. A held far end is neither sent to nor waited for.
    pub fn configure(&mut self, m: &mut Moment<'_>, no: LegNo, agreed: &Negotiated) {
        let Some(leg) = self.find_mut(no) else { return };
        let mut spec = agreed.spec;
        // A first description that only sends is an announcement, not a hold.
        let mute = !agreed.direction.receives() || spec.remote.ip().is_unspecified();
        leg.sound.held = agreed.held_by_remote && (leg.state == State::Up || mute);
        leg.sound.common = agreed.common.clone();
        if leg.sound.held {
            spec.sending = false;
            spec.receiving = false;
        }
        if leg.sound.spec != Some(spec) {
            leg.sound.spec = Some(spec);
            let stream = leg.sound.port.stream;
            m.board.media(Command::Configure { stream, spec });
        }
    }

    /// Tells a change of what was agreed, and what it means for whoever listens.
    fn tell_renegotiated(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Some(leg) = self.find_mut(no) else { return };
        let (held, was_held) = (leg.sound.held, leg.sound.told_held);
        leg.sound.told_held = held;
        if let Some(media) = self.media_facts(no) {
            let dialog = self.dialog_facts(m, no);
            self.tell(m, Some(no), Fact::LegRenegotiated { dialog, media });
        }
        match (was_held, held) {
            (false, true) => self.tell(m, Some(no), Fact::LegHeld),
            (true, false) => self.tell(m, Some(no), Fact::LegResumed),
            _ => {}
        }
        self.settle(m);
    }

    fn codec_now(&self, no: LegNo) -> Option<cordboard_media::Codec> {
        let now = self.find(no)?.sound.spec.map(|spec| spec.codec);
        now.or_else(|| self.codec_beside(no))
    }
}

/// Why a dialog that is gone ended.
fn ending_of(why: EndReason, told: Option<Cause>) -> Ending {
    match why {
        EndReason::RemoteBye => Ending::new(told.unwrap_or(Cause::NORMAL), EndedBy::Remote),
        EndReason::LocalBye => Ending::new(Cause::NORMAL, EndedBy::Local),
        EndReason::NoAck => Ending::switch(Cause::TIMER_EXPIRED, "no-ack"),
        EndReason::Timeout => Ending::switch(Cause::TIMER_EXPIRED, "no-response"),
        EndReason::Transport => Ending::switch(Cause::NETWORK_FAILURE, "transport"),
        _ => Ending::switch(Cause::TEMPORARY_FAILURE, "dialog-lost"),
    }
}
