//! Bridges: two legs of one call hear each other, and what a party hears whose other side holds.
//!
//! A leg has at most one peer, and peers name each other. Whoever is held hears the tenant's
//! music or silence; nothing else decides it than the pair's state, so `settle` may be called
//! after any change.

use std::time::Duration;

use cordboard_media::{Clip, Command};

use crate::action::Refusal;
use crate::board::Moment;
use crate::event::{Direction, Fact};
use crate::ids::LegNo;
use crate::leg::{Leg, Playing, State};
use crate::signalling;

use super::Call;

impl Call {
    /// Lets two legs hear each other. A caller without an answer gets 183 first, so that early
    /// media reaches him.
    pub fn join(&mut self, m: &mut Moment<'_>, a: LegNo, b: LegNo) -> Result<(), Refusal> {
        if a == b {
            return Err(Refusal::WrongState(
                a,
                "a leg cannot be bridged with itself",
            ));
        }
        if self.leg(a)?.peer == Some(self.leg(b)?.no) {
            return Ok(());
        }
        for no in [a, b] {
            let leg = self.leg(no)?;
            if !leg.is_audible() && leg.direction == Direction::Outbound {
                return Err(Refusal::WrongState(no, "it has no audio yet"));
            }
        }
        for no in [a, b] {
            if !self.leg(no)?.is_audible() {
                self.progress(m, no)?;
            }
        }
        self.part(m, a);
        self.part(m, b);
        for no in [a, b] {
            self.stop_play(m, no);
        }
        let (left, right) = (self.leg(a)?, self.leg(b)?);
        let (from, to) = (left.sound.port.stream, right.sound.port.stream);
        let codec = |leg: &Leg| leg.sound.spec.map(|spec| spec.codec);
        let converted = codec(left) != codec(right);
        self.leg_mut(a)?.peer = Some(b);
        self.leg_mut(b)?.peer = Some(a);
        m.board.media(Command::Bridge { a: from, b: to });
        let legs = [a, b];
        self.tell(m, None, Fact::Bridged { legs, converted });
        self.settle(m);
        self.align(m, a);
        Ok(())
    }

    /// Where a bridge has to convert and one of its phones knows the other's codec, that phone
    /// is asked by re-INVITE to change: once a leg, as soon as its dialog is acknowledged. A
    /// phone that refuses is converted for.
    pub fn align(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Some(peer) = self.find(no).and_then(|leg| leg.peer) else {
            return;
        };
        for (one, other) in [(no, peer), (peer, no)] {
            let codec = |no| Some(self.find(no)?.sound.spec?.codec);
            let (Some(now), Some(wanted)) = (codec(one), codec(other)) else {
                return;
            };
            let Ok(leg) = self.leg_mut(one) else { return };
            let sound = &mut leg.sound;
            let able = leg.state == State::Up && !sound.held && !sound.asked && !sound.awaits_ack;
            if now == wanted || !able || !sound.common.contains(&wanted) {
                continue;
            }
            let Some(dialog) = leg.dialog else { continue };
            let body = signalling::sdp_body(sound.ours.offer_only(wanted));
            match m.sip.reinvite(m.now, dialog, body) {
                Ok(()) => sound.asked = true,
                // Not acknowledged yet, or another INVITE is under way: the ACK asks again.
                Err(_) => sound.ours.withdraw(),
            }
            return;
        }
    }

    /// Parts a leg from its peer, if it has one. Both stay.
    pub fn part(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let Some(leg) = self.find_mut(no) else { return };
        let Some(peer) = leg.peer.take() else { return };
        let stream = leg.sound.port.stream;
        if let Some(other) = self.find_mut(peer) {
            other.peer = None;
        }
        m.board.media(Command::Unbridge { stream });
        let legs = [no.min(peer), no.max(peer)];
        self.tell(m, None, Fact::Unbridged { legs });
        self.settle(m);
    }

    /// Brings hold music in line with who is held: a leg hears it while its peer is held.
    pub fn settle(&mut self, m: &mut Moment<'_>) {
        for no in self.live() {
            let Some(leg) = self.find(no) else { continue };
            let peer_held = leg
                .peer
                .and_then(|peer| self.find(peer))
                .is_some_and(|peer| peer.sound.held);
            let wanted = peer_held && !leg.sound.held && leg.is_audible();
            match leg.sound.playing {
                None if wanted => self.play_hold_music(m, no),
                Some(playing) if playing.hold_music && !wanted => self.stop_play(m, no),
                _ => {}
            }
        }
    }

    fn play_hold_music(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let clip = match &self.settings.music {
            Some(music) => Clip::Audio(music.clone()),
            None => Clip::Silence(Duration::from_secs(1)),
        };
        let number = m.board.number();
        let Some(leg) = self.find_mut(no) else { return };
        leg.sound.playing = Some(Playing {
            number,
            hold_music: true,
        });
        m.board.media(Command::Play {
            stream: leg.sound.port.stream,
            play: number,
            clips: vec![clip],
            repeat: true,
        });
    }
}
