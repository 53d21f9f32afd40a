//! What is played to one stream: clips in order, once or again and again, in frames of 20 ms.

use std::time::Duration;

use crate::command::{Audio, Clip};
use crate::rtp::FRAME_SAMPLES;
use crate::tone::Generator;

/// Clips of one play; further ones are not heard.
pub const CLIPS_MAX: usize = 256;

/// A play list and how far it is.
#[derive(Clone, Debug)]
pub struct Player {
    clips: Vec<Clip>,
    repeat: bool,
    current: usize,
    cursor: Cursor,
    frames: u64,
    /// Samples since the start of the present round: a round without any ends the list.
    round: u64,
}

#[derive(Clone, Debug)]
enum Cursor {
    /// Next sample of a prompt.
    Audio(usize),
    /// Samples of silence left.
    Silence(u64),
    Tone(Box<Generator>),
    /// Past the last clip.
    End,
}

impl Player {
    /// From the start.
    pub fn new(mut clips: Vec<Clip>, repeat: bool) -> Self {
        clips.truncate(CLIPS_MAX);
        let cursor = Cursor::of(clips.first());
        Self {
            clips,
            repeat,
            current: 0,
            cursor,
            frames: 0,
            round: 0,
        }
    }

    /// How much was heard, in whole frames.
    pub fn played(&self) -> Duration {
        Duration::from_millis(20 * self.frames)
    }

    /// The next 20 ms. The last frame is filled up with silence; false when nothing was left.
    pub fn frame(&mut self, out: &mut [i16; FRAME_SAMPLES]) -> bool {
        let mut at = 0;
        while at < FRAME_SAMPLES {
            let rest = &mut out[at..];
            let done = match (&mut self.cursor, self.clips.get(self.current)) {
                (Cursor::Audio(next), Some(Clip::Audio(audio))) => copy(audio, next, rest),
                (Cursor::Silence(left), _) => {
                    let count = (*left).min(rest.len() as u64) as usize;
                    rest[..count].fill(0);
                    *left -= count as u64;
                    count
                }
                (Cursor::Tone(generator), _) => generator.fill(rest),
                _ => break,
            };
            at += done;
            self.round += done as u64;
            if at < FRAME_SAMPLES {
                self.advance();
            }
        }
        if at == 0 {
            return false;
        }
        out[at..].fill(0);
        self.frames += 1;
        true
    }

    fn advance(&mut self) {
        self.current += 1;
        if self.current >= self.clips.len() && self.repeat && self.round > 0 {
            self.current = 0;
            self.round = 0;
        }
        self.cursor = Cursor::of(self.clips.get(self.current));
    }
}

impl Cursor {
    fn of(clip: Option<&Clip>) -> Self {
        match clip {
            Some(Clip::Audio(_)) => Self::Audio(0),
            Some(Clip::Silence(length)) => Self::Silence(length.as_millis() as u64 * 8),
            Some(Clip::Tone(tone)) => Self::Tone(Box::new(Generator::new(tone))),
            None => Self::End,
        }
    }
}

fn copy(audio: &Audio, next: &mut usize, out: &mut [i16]) -> usize {
    let left = audio.samples.get(*next..).unwrap_or_default();
    let count = left.len().min(out.len());
    out[..count].copy_from_slice(&left[..count]);
    *next += count;
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Signal, country_tone, purity};
    use std::sync::Arc;

    fn prompt(value: i16, samples: usize) -> Clip {
        Clip::Audio(Arc::new(Audio {
            name: "p".into(),
            samples: vec![value; samples],
        }))
    }

    fn all(mut player: Player, frames_max: usize) -> Vec<i16> {
        let mut heard = Vec::new();
        let mut frame = [0; FRAME_SAMPLES];
        for _ in 0..frames_max {
            if !player.frame(&mut frame) {
                break;
            }
            heard.extend_from_slice(&frame);
        }
        heard
    }

    #[test]
    fn clips_follow_each_other_without_a_gap() {
        let clips = vec![
            prompt(1, 100),
            Clip::Silence(Duration::from_millis(5)),
            prompt(2, 50),
            prompt(3, 200),
        ];
        let heard = all(Player::new(clips, false), 100);
        assert_eq!(heard.len(), 480);
        assert!(heard[..100].iter().all(|s| *s == 1));
        assert!(heard[100..140].iter().all(|s| *s == 0));
        assert!(heard[140..190].iter().all(|s| *s == 2));
        assert!(heard[190..390].iter().all(|s| *s == 3));
        assert!(heard[390..].iter().all(|s| *s == 0));
    }

    #[test]
    fn a_repeated_list_has_no_end_unless_it_is_empty() {
        assert_eq!(
            all(Player::new(vec![prompt(7, 30)], true), 50).len(),
            50 * 160
        );
        assert!(
            all(
                Player::new(vec![prompt(7, 0), Clip::Silence(Duration::ZERO)], true),
                50
            )
            .is_empty()
        );
        assert!(all(Player::new(vec![], true), 50).is_empty());
    }

    #[test]
    fn a_tone_is_heard_in_its_cadence() {
        let tone = country_tone("us", Signal::Busy).unwrap();
        let heard = all(Player::new(vec![Clip::Tone(Arc::new(tone))], false), 50);
        assert!(purity(&heard[..4000], 480.0) + purity(&heard[..4000], 620.0) > 0.8);
        assert!(heard[4000..].iter().all(|s| *s == 0));
    }
}
