//! What a call's legs hear and say: plays, digits, and what the media thread tells.

use cordboard_media::{Clip, Command, Event, StreamSpec};
use cordboard_sip::{Body, Method};

use crate::action::{Notice, Refusal};
use crate::board::Moment;
use crate::cause::Cause;
use crate::digits;
use crate::event::{DigitVia, Fact};
use crate::ids::LegNo;
use crate::leg::{Ending, Playing, State};

use super::Call;

/// Clips that one `Play` may name; more are refused.
pub const CLIPS_MAX: usize = 64;

impl Call {
    /// An event of one leg's stream.
    pub fn hear(&mut self, m: &mut Moment<'_>, no: LegNo, event: Event) {
        match event {
            Event::Locked { from, .. } => {
                if self.leg(no).is_ok() {
                    self.tell(m, Some(no), Fact::SourceLocked { from });
                }
            }
            Event::Digit { digit, .. } => match digits::normal(digit) {
                Some(digit) => self.press(m, no, digit, DigitVia::Rfc4733),
                None => m.board.counters.inputs_ignored += 1,
            },
            Event::PlayEnded {
                play,
                stopped,
                played,
                ..
            } => {
                let played_ms = u64::try_from(played.as_millis()).unwrap_or(u64::MAX);
                self.play_ended(m, no, play, (stopped, played_ms));
            }
            Event::Silent { .. } => self.fell_silent(m, no),
            Event::Closed { stream, figures } => self.closed(m, no, stream, figures),
            Event::Recorded { .. } => m.board.counters.inputs_ignored += 1,
        }
    }

    /// Plays to a leg; what played before is replaced.
    pub fn play(
        &mut self,
        m: &mut Moment<'_>,
        no: LegNo,
        clips: Vec<Clip>,
        repeat: bool,
    ) -> Result<(), Refusal> {
        if !self.leg(no)?.is_audible() {
            return Err(Refusal::WrongState(no, "it has no audio yet"));
        }
        if clips.is_empty() || clips.len() > CLIPS_MAX {
            return Err(Refusal::WrongState(no, "a play has 1 to 64 clips"));
        }
        let prompts = clips.iter().filter_map(clip_name).collect();
        let number = m.board.number();
        let leg = self.leg_mut(no)?;
        leg.sound.playing = Some(Playing {
            number,
            hold_music: false,
        });
        leg.sound.prompts.push(number);
        let stream = leg.sound.port.stream;
        m.board.media(Command::Play {
            stream,
            play: number,
            clips,
            repeat,
        });
        self.tell(m, Some(no), Fact::PromptStarted { prompts });
        Ok(())
    }

    /// Stops what plays on a leg, if anything does.
    pub fn stop_play(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Some(leg) = self.find_mut(no) else { return };
        let Some(playing) = leg.sound.playing else {
            return;
        };
        let stream = leg.sound.port.stream;
        if playing.hold_music {
            leg.sound.playing = None;
        }
        m.board.media(Command::StopPlay { stream });
    }

    fn play_ended(
        &mut self,
        m: &mut Moment<'_>,
        no: LegNo,
        number: u64,
        (stopped, played_ms): (bool, u64),
    ) {
        let Some(leg) = self.find_mut(no) else { return };
        let is_current = leg.sound.playing.is_some_and(|p| p.number == number);
        if is_current {
            leg.sound.playing = None;
        }
        let was_prompt = leg.sound.prompts.iter().position(|&p| p == number);
        if let Some(at) = was_prompt {
            leg.sound.prompts.remove(at);
            self.tell(m, Some(no), Fact::PromptEnded { stopped, played_ms });
            // Of a replaced play only the journal hears: the runner waits for the later one.
            if is_current && self.leg(no).is_ok() {
                self.notice(m, Notice::PlayEnded { leg: no, stopped });
            }
        }
        self.settle(m);
    }

    /// A key was pressed on a leg, however it came to us.
    pub fn press(&mut self, m: &mut Moment<'_>, no: LegNo, digit: char, via: DigitVia) {
        let Ok(leg) = self.leg(no) else { return };
        let (secret, peer) = (leg.secret, leg.peer);
        let told = (!secret).then_some(digit);
        self.tell(m, Some(no), Fact::DigitPressed { digit: told, via });
        self.notice(m, Notice::Digit { leg: no, digit });
        // RFC 4733 digits cross a bridge inside the media thread; the others only by us.
        if let (Some(peer), false, true) = (peer, secret, via != DigitVia::Rfc4733) {
            let _ = self.send_digits(m, peer, &digit.to_string());
        }
    }

    /// Sends digits to a leg: as telephone-events where agreed, else by INFO.
    pub fn send_digits(
        &mut self,
        m: &mut Moment<'_>,
        no: LegNo,
        text: &str,
    ) -> Result<(), Refusal> {
        let leg = self.leg(no)?;
        let spec = leg.sound.spec;
        let spec = spec.ok_or(Refusal::WrongState(no, "it has no audio yet"))?;
        let all: Option<String> = text.chars().map(digits::normal).collect();
        let all = all.filter(|all| (1..=digits::DIGITS_MAX).contains(&all.len()));
        let digits = all.ok_or(Refusal::WrongState(no, "1 to 64 of 0-9*#A-D are wanted"))?;
        if spec.send_event_payload.is_some() {
            let stream = leg.sound.port.stream;
            m.board.media(Command::SendDigits { stream, digits });
            return Ok(());
        }
        let dialog = leg.dialog.filter(|_| leg.state == State::Up);
        let dialog = dialog.ok_or(Refusal::WrongState(no, "it takes no digits yet"))?;
        for digit in digits.chars() {
            let body = Body {
                content_type: digits::DTMF_RELAY.to_owned(),
                bytes: digits::write(digit).into(),
            };
            m.sip
                .request_in_dialog(m.now, dialog, Method::Info, &[], Some(body))
                .map_err(|refused| Refusal::Signalling(refused.to_string()))?;
        }
        Ok(())
    }

    /// Keeps a leg's digits out of every event and recording, or stops to.
    pub fn set_secret(&mut self, m: &mut Moment<'_>, no: LegNo, on: bool) -> Result<(), Refusal> {
        let leg = self.leg_mut(no)?;
        if leg.secret != on {
            leg.secret = on;
            let stream = leg.sound.port.stream;
            if leg.sound.opened {
                m.board.media(Command::Secret { stream, on });
            }
        }
        Ok(())
    }

    /// An answered leg is watched anew: silence is told once only, and it may have been told
    /// before the answer. The watch begins again where receiving does.
    pub fn watch_again(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Ok(leg) = self.leg_mut(no) else { return };
        let stream = leg.sound.port.stream;
        let silent = std::mem::take(&mut leg.sound.silent);
        if let Some(spec) = leg.sound.spec.filter(|spec| silent && spec.receiving) {
            let deaf = StreamSpec {
                receiving: false,
                ..spec
            };
            for spec in [deaf, spec] {
                m.board.media(Command::Configure { stream, spec });
            }
        }
    }

    /// No RTP came for the tenant's time-out from a leg that should send it.
    fn fell_silent(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Ok(leg) = self.leg_mut(no) else { return };
        leg.sound.silent = !leg.state.is_answered();
        let receiving = leg.sound.spec.is_some_and(|spec| spec.receiving);
        if leg.state != State::Up || leg.sound.held || !receiving {
            m.board.counters.inputs_ignored += 1;
            return;
        }
        let ending = Ending::switch(Cause::TIMER_EXPIRED, "no-rtp");
        self.hang_up(m, no, ending);
    }
}

fn clip_name(clip: &Clip) -> Option<String> {
    match clip {
        Clip::Audio(audio) => Some(audio.name.clone()),
        Clip::Tone(tone) => Some(tone.name.clone()),
        Clip::Silence(_) => None,
    }
}
