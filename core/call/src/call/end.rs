//! How legs and calls end: the far end is told why, the media thread gives its figures, the port
//! returns, the bill is written; then the call is over.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cordboard_media::{Command, Figures, StreamId};

use crate::action::Notice;
use crate::board::Moment;
use crate::cause::Cause;
use crate::event::{Direction, EndedBy, Fact, MediaFigures};
use crate::ids::LegNo;
use crate::leg::{Duty, Ending, Input, Leg, State, step};
use crate::recording::Tape;
use crate::signalling;

use super::{ALONE_MAX, CLOSING_MAX, Call};

impl Call {
    /// Ends the call: every leg, each as its state demands. Telling it twice changes nothing.
    pub fn end(&mut self, m: &mut Moment<'_>, ending: Ending) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(ending.clone());
        for no in self.live() {
            self.hang_up(m, no, ending.clone());
        }
        self.stop_tape(m);
        self.finish(m);
    }

    /// Ends what is left of a call after a fault of ours, also where it was ending already.
    pub fn break_off(&mut self, m: &mut Moment<'_>) {
        let fault = Ending::switch(Cause::TEMPORARY_FAILURE, "fault");
        let ending = self.ending.get_or_insert(fault).clone();
        for no in self.live() {
            self.hang_up(m, no, ending.clone());
        }
        self.stop_tape(m);
        self.finish(m);
    }

    /// Gives up everything of a call that could not be ended in order: far ends are told once,
    /// streams close, counts are given back, its last fact is told.
    pub fn forget(&mut self, m: &mut Moment<'_>) {
        let cause = Cause::TEMPORARY_FAILURE;
        for mut leg in std::mem::take(&mut self.legs) {
            if let Some(dialog) = leg.dialog.take() {
                m.board.dialogs.remove(&dialog);
                if let Ok((_, duty)) = step(leg.state, Input::HangUp) {
                    let end = || signalling::end_dialog(m, dialog, duty, (cause, false));
                    let _ = catch_unwind(AssertUnwindSafe(end));
                }
            }
            if leg.is_live() {
                m.board.limits.release_party(&self.born.tenant, &leg.party);
            }
            let stream = leg.sound.port.stream;
            if m.board.streams.remove(&stream).is_some() && leg.sound.opened {
                m.board.orphans.insert(stream, ());
                m.board.media(Command::Close { stream });
            }
        }
        m.board.recordings.retain(|_, call| *call != self.id);
        if !std::mem::replace(&mut self.over, true) {
            m.board.limits.release_call(&self.born.tenant);
            m.board.counters.calls_ended += 1;
            self.tell(m, None, Fact::CallEnded { cause });
        }
    }

    /// Ends one leg by CANCEL, BYE or a refusal, whichever its state demands.
    pub fn hang_up(&mut self, m: &mut Moment<'_>, no: LegNo, ending: Ending) {
        let Some(leg) = self.find(no) else { return };
        if let Ok((_, duty)) = step(leg.state, Input::HangUp) {
            self.end_leg(m, no, ending, duty);
        }
    }

    /// Ends one leg. `duty` says what its far end is still owed.
    pub fn end_leg(&mut self, m: &mut Moment<'_>, no: LegNo, mut ending: Ending, duty: Duty) {
        let now_ms = self.unix_ms(m.now);
        let Ok(leg) = self.leg_mut(no) else { return };
        leg.state = State::Closing;
        leg.since = m.now;
        leg.until = Some(m.now + CLOSING_MAX);
        if duty == Duty::Reject {
            ending.sip_status = Some(ending.cause.sip_status());
        }
        leg.ending = Some(ending.clone());
        let (dialog, party) = (leg.dialog.take(), leg.party.clone());
        let (opened, stream) = (leg.sound.opened, leg.sound.port.stream);
        if let Some(dialog) = dialog {
            m.board.dialogs.remove(&dialog);
            let elsewhere = duty == Duty::Cancel && self.is_answered_elsewhere(no, ending.cause);
            signalling::end_dialog(m, dialog, duty, (ending.cause, elsewhere));
        }
        m.board.limits.release_party(&self.born.tenant, &party);
        self.part(m, no);
        if self.tapes.running().is_some_and(|tape| tape.left == no) {
            self.stop_tape(m);
        }
        self.fold.leg_over(now_ms, no);
        let cause = ending.cause;
        self.notice(m, Notice::LegEnded { leg: no, cause });
        if opened {
            m.board.media(Command::Close { stream });
        } else {
            m.board.streams.remove(&stream);
            m.ports.give_back(stream);
            self.leg_over(m, no, None);
        }
        if self.live().is_empty() {
            self.alone_since = Some(m.now);
        }
        if no == LegNo(1) && self.born.direction == Direction::Inbound {
            let by = match ending.by {
                EndedBy::Switch => EndedBy::Switch,
                _ => EndedBy::Local,
            };
            let why = ending.why;
            self.end(
                m,
                Ending {
                    why,
                    ..Ending::new(cause, by)
                },
            );
        }
    }

    /// The media thread has closed a leg's stream.
    pub fn closed(&mut self, m: &mut Moment<'_>, no: LegNo, stream: StreamId, figures: Figures) {
        m.board.streams.remove(&stream);
        m.ports.give_back(stream);
        if self.leg(no).is_ok() {
            // The media thread gave the stream up by itself: the leg cannot go on.
            if let Some(leg) = self.find_mut(no) {
                leg.sound.opened = false;
            }
            let ending = Ending::switch(Cause::TEMPORARY_FAILURE, "media-lost");
            self.end_without_stream(m, no, ending, figures);
            return;
        }
        self.leg_over(m, no, Some(figures));
        self.finish(m);
    }

    /// A live leg whose stream is gone already: its pair must not be given back twice.
    fn end_without_stream(
        &mut self,
        m: &mut Moment<'_>,
        no: LegNo,
        ending: Ending,
        figures: Figures,
    ) {
        if let Some(leg) = self.find_mut(no) {
            leg.sound.opened = true;
            leg.sound.playing = None;
        }
        self.hang_up(m, no, ending);
        self.leg_over(m, no, Some(figures));
        self.finish(m);
    }

    /// A recording is complete, or failed.
    pub fn tape_over(
        &mut self,
        m: &mut Moment<'_>,
        tape: Tape,
        length_ms: u64,
        error: Option<String>,
    ) {
        m.board.recordings.remove(&tape.number);
        let wanted = tape.until.is_none();
        self.tell(
            m,
            None,
            Fact::RecordingEnded {
                file: tape.file,
                length_ms,
                error: error.clone(),
            },
        );
        if let (true, Some(why)) = (wanted && self.ending.is_none(), error) {
            self.notice(m, Notice::RecordingFailed { why });
        }
        self.finish(m);
    }

    /// Tells the running recording to stop.
    pub fn stop_tape(&mut self, m: &mut Moment<'_>) {
        if let Some(recording) = self.tapes.stop(m.now + CLOSING_MAX) {
            m.board.media(Command::StopRecord { recording });
        }
    }

    /// What the clock ends.
    pub fn expire(&mut self, m: &mut Moment<'_>) {
        let longest = self.settings.longest_call;
        if !longest.is_zero() && m.now >= self.born.at.saturating_add(longest) {
            self.end(m, Ending::switch(Cause::TIMER_EXPIRED, "longest-call"));
        }
        let overdue = |leg: &Leg| leg.until.is_some_and(|until| until <= m.now);
        let due: Vec<(LegNo, State)> = self
            .legs
            .iter()
            .filter(|leg| overdue(leg))
            .map(|leg| (leg.no, leg.state))
            .collect();
        for (no, state) in due {
            if state == State::Closing {
                self.orphan(m, no);
            } else {
                let ending = Ending::switch(Cause::NO_ANSWER, "ring-timeout");
                self.hang_up(m, no, ending);
            }
        }
        while let Some(tape) = self.tapes.take_overdue(m.now) {
            m.board.counters.media_overdue += 1;
            self.tape_over(
                m,
                tape,
                0,
                Some("the media thread does not answer".to_owned()),
            );
        }
        let alone = self.alone_since.filter(|_| self.ending.is_none());
        if alone.is_some_and(|since| m.now >= since.saturating_add(ALONE_MAX)) {
            self.end(m, Ending::switch(Cause::TEMPORARY_FAILURE, "no-legs"));
        }
        self.finish(m);
    }

    /// A media thread that does not close a stream must not keep the call alive; the pair stays
    /// taken until it does.
    fn orphan(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Some(leg) = self.find(no) else { return };
        let stream = leg.sound.port.stream;
        m.board.counters.media_overdue += 1;
        m.board.streams.remove(&stream);
        m.board.orphans.insert(stream, ());
        self.leg_over(m, no, None);
    }

    /// Nothing of the leg is left: its last fact, and its bill.
    fn leg_over(&mut self, m: &mut Moment<'_>, no: LegNo, figures: Option<Figures>) {
        let Some(at) = self.legs.iter().position(|leg| leg.no == no) else {
            return;
        };
        let leg = self.legs.remove(at);
        let ending = leg
            .ending
            .unwrap_or_else(|| Ending::new(Cause::NORMAL_UNSPECIFIED, EndedBy::Switch));
        let ended = Fact::LegEnded {
            cause: ending.cause,
            sip_status: ending.sip_status,
            by: ending.by,
            why: ending.why,
            media: figures.map(media_figures),
        };
        self.tell(m, Some(no), ended);
    }

    /// When all is ended and told, the call is.
    pub fn finish(&mut self, m: &mut Moment<'_>) {
        let Some(ending) = &self.ending else { return };
        if self.over || !self.legs.is_empty() || !self.tapes.is_empty() {
            return;
        }
        let cause = ending.cause;
        self.over = true;
        m.board.limits.release_call(&self.born.tenant);
        m.board.counters.calls_ended += 1;
        self.tell(m, None, Fact::CallEnded { cause });
    }

    /// A phone that stops ringing because another was answered must not show a missed call.
    fn is_answered_elsewhere(&self, no: LegNo, cause: Cause) -> bool {
        let another = self.legs.iter().any(|leg| {
            leg.no != no && leg.direction == Direction::Outbound && leg.state.is_answered()
        });
        cause == Cause::ANSWERED_ELSEWHERE || (cause == Cause::NORMAL && another)
    }
}

fn media_figures(figures: Figures) -> MediaFigures {
    MediaFigures {
        received_packets: figures.received_packets,
        sent_packets: figures.sent_packets,
        lost_packets: figures.lost_packets,
        jitter_ms: figures.jitter_ms,
        refused_packets: figures.refused_packets,
        received_bytes: figures.received_bytes,
        sent_bytes: figures.sent_bytes,
    }
}
