//! Two voices laid side by side in time: the left channel and the right one of a recording.
//!
//! A packet's place follows its timestamp; where that strays 100 ms from the packet's arrival
//! (a new source, a clock that drifts) it is placed by arrival. What nobody said is silence.
//! Samples are final 120 ms after their time; a packet that comes later than that is lost to it.

use std::time::Duration;

/// A channel of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The recorded stream's own voice.
    Left,
    /// What it hears from its bridge.
    Right,
}

/// How often finished samples leave, and the longest block in time.
pub const BLOCK: Duration = Duration::from_millis(200);
const SETTLE_SAMPLES: u64 = 960;
const STRAY_SAMPLES: i64 = 800;
/// One second of both channels waits at most.
const RING: usize = 8_192;
/// Longest block handed out: a second.
const BLOCK_SAMPLES_MAX: u64 = 8_000;

/// Where a source's timestamps lie on the recording's time.
#[derive(Clone, Copy, Debug)]
struct Base {
    ssrc: u32,
    timestamp: u32,
    position: i64,
}

/// Mixer of one recording.
#[derive(Debug)]
pub struct Mixer {
    started: Duration,
    /// Samples that have left.
    flushed: u64,
    ring: Box<[[i16; 2]]>,
    bases: [Option<Base>; 2],
}

impl Mixer {
    /// A recording that starts now.
    pub fn new(now: Duration) -> Self {
        Self {
            started: now,
            flushed: 0,
            ring: vec![[0; 2]; RING].into_boxed_slice(),
            bases: [None; 2],
        }
    }

    fn position(&self, now: Duration) -> u64 {
        (now.saturating_sub(self.started).as_micros() * 8 / 1000) as u64
    }

    /// Lays one packet's samples down.
    pub fn lay(
        &mut self,
        now: Duration,
        side: Side,
        (ssrc, timestamp): (u32, u32),
        samples: impl ExactSizeIterator<Item = i16>,
    ) {
        // A packet that arrives now was spoken during the 20 ms before.
        let arrival = self.position(now) as i64 - samples.len() as i64;
        let base = &mut self.bases[side as usize];
        let place = base
            .filter(|base| base.ssrc == ssrc)
            .map(|base| base.position + i64::from(timestamp.wrapping_sub(base.timestamp) as i32))
            .filter(|place| (place - arrival).abs() <= STRAY_SAMPLES)
            .unwrap_or(arrival);
        *base = Some(Base {
            ssrc,
            timestamp,
            position: place,
        });
        for (place, sample) in (place..).zip(samples) {
            let ahead = place - self.flushed as i64;
            if (0..RING as i64).contains(&ahead) {
                self.ring[place as usize % RING][side as usize] = sample;
            }
        }
    }

    /// The finished samples, interleaved left and right, at most a second at once; with `all`
    /// everything up to now. `None` when there are none.
    pub fn flush(&mut self, now: Duration, all: bool) -> Option<Vec<i16>> {
        let settle = if all { 0 } else { SETTLE_SAMPLES };
        let until = self.position(now).saturating_sub(settle);
        let count = until.saturating_sub(self.flushed).min(BLOCK_SAMPLES_MAX);
        if count == 0 {
            return None;
        }
        let mut block = Vec::with_capacity(2 * count as usize);
        // The ring in at most two runs: up to its end, and on from its begin.
        let from = self.flushed as usize % RING;
        let (begin, end) = self.ring.split_at_mut(from);
        let first = (count as usize).min(end.len());
        let second = (count as usize - first).min(begin.len());
        for run in [end.get_mut(..first), begin.get_mut(..second)] {
            let run = run.unwrap_or_default();
            block.extend_from_slice(run.as_flattened());
            run.fill([0; 2]);
        }
        self.flushed += count;
        Some(block)
    }

    /// How long it is so far.
    pub fn length(&self) -> Duration {
        Duration::from_micros(self.flushed * 125)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn lay(mixer: &mut Mixer, ms: u64, side: Side, timestamp: u32, value: i16) {
        mixer.lay(at(ms), side, (1, timestamp), [value; 160].into_iter());
    }

    fn drain(mixer: &mut Mixer, ms: u64) -> Vec<i16> {
        let mut all = Vec::new();
        while let Some(block) = mixer.flush(at(ms), true) {
            all.extend(block);
        }
        all
    }

    #[test]
    fn both_channels_lie_where_they_were_said() {
        let mut mixer = Mixer::new(at(1000));
        for frame in 0..10u32 {
            lay(
                &mut mixer,
                1020 + 20 * u64::from(frame),
                Side::Left,
                frame * 160,
                5,
            );
        }
        // The right one begins 100 ms later and jitters by 15 ms.
        for frame in 0..5u32 {
            let late = u64::from(frame % 2) * 15;
            lay(
                &mut mixer,
                1120 + 20 * u64::from(frame) + late,
                Side::Right,
                frame * 160,
                9,
            );
        }
        let all = drain(&mut mixer, 1300);
        assert_eq!(all.len(), 2 * 2400);
        assert!(all.iter().step_by(2).take(1600).all(|s| *s == 5));
        let right: Vec<i16> = all.iter().skip(1).step_by(2).copied().collect();
        assert!(right[..800].iter().all(|s| *s == 0));
        assert!(right[800..1600].iter().all(|s| *s == 9));
        assert!(right[1600..].iter().all(|s| *s == 0));
    }

    #[test]
    fn a_gap_is_silence_and_a_lost_packet_too() {
        let mut mixer = Mixer::new(at(0));
        for frame in [0u32, 1, 3] {
            lay(
                &mut mixer,
                20 + 20 * u64::from(frame),
                Side::Left,
                frame * 160,
                5,
            );
        }
        let left: Vec<i16> = drain(&mut mixer, 2000).into_iter().step_by(2).collect();
        assert_eq!(left.len(), 16_000);
        assert!(left[..320].iter().all(|s| *s == 5));
        assert!(left[320..480].iter().all(|s| *s == 0));
        assert!(left[480..640].iter().all(|s| *s == 5));
        assert!(left[640..].iter().all(|s| *s == 0));
    }

    #[test]
    fn a_jump_of_the_timestamps_goes_by_arrival() {
        let mut mixer = Mixer::new(at(0));
        lay(&mut mixer, 20, Side::Left, 0, 5);
        lay(&mut mixer, 520, Side::Left, 3_000_000_000, 6);
        let left: Vec<i16> = drain(&mut mixer, 600).into_iter().step_by(2).collect();
        assert!(left[4000..4160].iter().all(|s| *s == 6));
    }

    #[test]
    fn nothing_leaves_before_it_is_settled() {
        let mut mixer = Mixer::new(at(0));
        assert_eq!(mixer.flush(at(100), false), None);
        assert_eq!(mixer.flush(at(320), false).map(|b| b.len()), Some(3200));
        assert_eq!(mixer.length(), at(200));
        // After a stall of a minute the rest comes second by second.
        assert_eq!(
            mixer.flush(at(60_000), false).map(|b| b.len()),
            Some(16_000)
        );
    }
}
