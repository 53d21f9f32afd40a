//! Wishes: each `Action` done or refused. A refused one has changed nothing.

use crate::action::{Action, Notice, Refusal};
use crate::board::Moment;
use crate::cause::Cause;
use crate::digits;
use crate::event::{EndedBy, Fact};
use crate::ids::LegNo;
use crate::leg::{Duty, Ending, Input, step};
use crate::recording::Tape;
use crate::signalling;

use super::Call;
use super::dial::Dial;

impl Call {
    /// Does what an action wants.
    pub fn act(&mut self, m: &mut Moment<'_>, action: Action) -> Result<(), Refusal> {
        if self.ending.is_some() {
            return Err(Refusal::NoSuchCall);
        }
        match action {
            Action::Ring { leg } => self.ring(m, leg),
            Action::Progress { leg } => self.progress(m, leg),
            Action::Answer { leg } => self.answer(m, leg),
            Action::Dial {
                leg,
                to,
                caller,
                ring_for,
                headers,
            } => {
                let dial = Dial {
                    to,
                    caller,
                    ring_for,
                    headers,
                };
                self.dial(m, leg, dial)
            }
            Action::Play { leg, clips, repeat } => self.play(m, leg, clips, repeat),
            Action::StopPlay { leg } => {
                let playing = self.leg(leg)?.sound.playing;
                if playing.is_some_and(|playing| !playing.hold_music) {
                    self.stop_play(m, leg);
                }
                Ok(())
            }
            Action::Bridge { a, b } => self.join(m, a, b),
            Action::Unbridge { leg } => {
                self.leg(leg)?;
                self.part(m, leg);
                Ok(())
            }
            Action::Record => self.record(m),
            Action::StopRecord => {
                self.stop_tape(m);
                Ok(())
            }
            Action::Secret { leg, on } => self.set_secret(m, leg, on),
            Action::SendDigits { leg, digits } => self.send_digits(m, leg, &digits),
            Action::PressDigit { leg, digit, via } => {
                self.leg(leg)?;
                let digit = digits::normal(digit)
                    .ok_or(Refusal::WrongState(leg, "one of 0-9*#A-D is wanted"))?;
                self.press(m, leg, digit, via);
                Ok(())
            }
            Action::HangUp { leg, cause } => {
                self.leg(leg)?;
                self.hang_up(m, leg, Ending::new(cause, EndedBy::Local));
                Ok(())
            }
            Action::End { cause, why } => {
                let ending = Ending::new(cause, EndedBy::Local);
                self.end(m, Ending { why, ..ending });
                Ok(())
            }
        }
    }

    /// 180 to the caller.
    fn ring(&mut self, m: &mut Moment<'_>, no: LegNo) -> Result<(), Refusal> {
        let (next, duty) = self.ask(no, Input::Ring)?;
        if duty == Duty::SendRinging {
            self.provisional(m, no, 180, None)?;
            self.enter(m, no, next);
            self.tell(m, Some(no), Fact::LegRinging { code: 180 });
        }
        Ok(())
    }

    /// 183 with SDP to the caller.
    pub fn progress(&mut self, m: &mut Moment<'_>, no: LegNo) -> Result<(), Refusal> {
        let (next, duty) = self.ask(no, Input::Progress)?;
        if duty != Duty::SendProgress {
            return Ok(());
        }
        if !self.leg(no)?.sound.ours.has_offer() {
            return Err(Refusal::WrongState(no, "its INVITE has no offer"));
        }
        let body = self.agree_to_offer(m, no)?;
        self.provisional(m, no, 183, Some(body))?;
        self.enter(m, no, next);
        if let Some(media) = self.media_facts(no) {
            self.tell(m, Some(no), Fact::LegEarlyMedia { media });
        }
        Ok(())
    }

    /// 200 to the caller, with the answer to his offer or with ours.
    fn answer(&mut self, m: &mut Moment<'_>, no: LegNo) -> Result<(), Refusal> {
        let ours = &self.leg(no)?.sound.ours;
        let late = !ours.has_offer() && ours.written().is_none();
        let (next, duty) = self.ask(no, Input::Answer { late })?;
        if duty != Duty::SendAnswer {
            return Ok(());
        }
        let prefer = self.codec_beside(no);
        let leg = self.leg_mut(no)?;
        let body = if late {
            leg.sound.awaits_ack = true;
            leg.sound.ours.offer(prefer)
        } else if leg.sound.ours.has_offer() {
            self.agree_to_offer(m, no)?
        } else {
            // The 200 repeats what the 183 said (RFC 3261 section 13.2.1).
            leg.sound.ours.written().unwrap_or_default()
        };
        let leg = self.leg(no)?;
        let dialog = leg.dialog.ok_or(Refusal::NoSuchLeg(no))?;
        let headers = [("Allow", signalling::ALLOW)];
        m.sip
            .answer(m.now, dialog, &headers, signalling::sdp_body(body))
            .map_err(|refused| Refusal::Signalling(refused.to_string()))?;
        self.open(m, no);
        self.enter(m, no, next);
        if !late {
            self.tell_answered(m, no);
        }
        Ok(())
    }

    /// Tells that a leg is answered and its audio is up.
    pub fn tell_answered(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Some(media) = self.media_facts(no) else {
            return;
        };
        let dialog = self.dialog_facts(m, no);
        self.tell(m, Some(no), Fact::LegAnswered { dialog, media });
        self.notice(m, Notice::Answered { leg: no });
        self.watch_again(m, no);
        let Ok(leg) = self.leg_mut(no) else { return };
        leg.sound.told_held = leg.sound.held;
        if leg.sound.held {
            self.tell(m, Some(no), Fact::LegHeld);
        }
        self.settle(m);
    }

    /// Answers the caller's kept offer and sets the stream accordingly. An offer that turns out
    /// to fit us nowhere ends the leg with 488.
    fn agree_to_offer(&mut self, m: &mut Moment<'_>, no: LegNo) -> Result<bytes::Bytes, Refusal> {
        let prefer = self.codec_beside(no);
        let answered = self.leg_mut(no)?.sound.ours.answer_kept(prefer);
        match answered {
            Ok((agreed, body)) => {
                self.open(m, no);
                self.configure(m, no, &agreed);
                Ok(body)
            }
            Err(refusal) => {
                let ending = Ending::new(Cause::INCOMPATIBLE, EndedBy::Switch);
                self.hang_up(m, no, ending);
                Err(refusal)
            }
        }
    }

    fn provisional(
        &mut self,
        m: &mut Moment<'_>,
        no: LegNo,
        code: u16,
        body: Option<bytes::Bytes>,
    ) -> Result<(), Refusal> {
        let dialog = self.leg(no)?.dialog.ok_or(Refusal::NoSuchLeg(no))?;
        let body = body.map(signalling::sdp_body);
        m.sip
            .progress(m.now, dialog, code, &[], body)
            .map_err(|refused| Refusal::Signalling(refused.to_string()))
    }

    /// Asks the leg's table.
    fn ask(&self, no: LegNo, input: Input) -> Result<(crate::leg::State, Duty), Refusal> {
        step(self.leg(no)?.state, input).map_err(|why| Refusal::WrongState(no, why))
    }

    /// Begins a recording; one that runs goes on.
    fn record(&mut self, m: &mut Moment<'_>) -> Result<(), Refusal> {
        if self.tapes.running().is_some() {
            return Ok(());
        }
        let left = self.live().iter().min().copied();
        let left = left.ok_or(Refusal::NoSuchLeg(LegNo(1)))?;
        let unix_ms = self.unix_ms(m.now);
        let file = self
            .tapes
            .next_file(&self.born.tenant, unix_ms, self.id)
            .ok_or_else(|| Refusal::Limit("recordings of one call".to_owned()))?;
        self.open(m, left);
        let leg = self.leg(left)?;
        let number = m.board.number();
        m.board.recordings.insert(number, self.id);
        m.board.media(cordboard_media::Command::Record {
            left: leg.sound.port.stream,
            recording: number,
            file: file.clone(),
        });
        let legs = std::iter::once(left).chain(leg.peer).collect();
        self.tapes.begin(Tape {
            number,
            file: file.clone(),
            left,
            until: None,
        });
        self.tell(m, None, Fact::RecordingStarted { file, legs });
        Ok(())
    }
}
