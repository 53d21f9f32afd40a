//! Supervisory tones: what callers of each country know (ITU-T E.180 supplement 2), their
//! generator, and Goertzel's detector of one frequency.

use std::f64::consts::TAU;
use std::time::Duration;

use smallvec::SmallVec;

use crate::command::Tone;
use crate::rtp::FRAME_SAMPLES;

/// Samples a second of everything here.
pub const RATE: u32 = 8_000;
/// Frequencies of one tone; further ones are not heard.
pub const HERTZ_MAX: usize = 4;

/// Which supervisory tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// The far end rings.
    Ringback,
    /// The far end is busy.
    Busy,
    /// The network is busy, or the number cannot be reached.
    Congestion,
}

impl Signal {
    /// Its word in tone names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ringback => "ringback",
            Self::Busy => "busy",
            Self::Congestion => "congestion",
        }
    }
}

/// Countries that `country_tone` knows.
pub const COUNTRIES: [&str; 7] = ["gb", "us", "ua", "ru", "de", "fr", "pl"];

/// The tone of a country (two letters as in ISO 3166, lower case); `None` for one not known.
pub fn country_tone(country: &str, signal: Signal) -> Option<Tone> {
    use Signal::{Busy, Congestion, Ringback};
    let (hertz, cadence_ms): (&[f32], &[u32]) = match (country, signal) {
        ("gb", Ringback) => (&[400.0, 450.0], &[400, 200, 400, 2000]),
        ("gb", Busy) => (&[400.0], &[375, 375]),
        ("gb", Congestion) => (&[400.0], &[400, 350, 225, 525]),
        ("us", Ringback) => (&[440.0, 480.0], &[2000, 4000]),
        ("us", Busy) => (&[480.0, 620.0], &[500, 500]),
        ("us", Congestion) => (&[480.0, 620.0], &[250, 250]),
        ("ua" | "ru", Ringback) => (&[425.0], &[800, 3200]),
        ("ua" | "ru", Busy) => (&[425.0], &[400, 400]),
        ("ua" | "ru", Congestion) => (&[425.0], &[200, 200]),
        ("de", Ringback) => (&[425.0], &[1000, 4000]),
        ("de", Busy) => (&[425.0], &[480, 480]),
        ("de", Congestion) => (&[425.0], &[240, 240]),
        ("fr", Ringback) => (&[440.0], &[1500, 3500]),
        ("fr", Busy) => (&[440.0], &[500, 500]),
        ("fr", Congestion) => (&[440.0], &[250, 250]),
        ("pl", Ringback) => (&[425.0], &[1000, 4000]),
        ("pl", Busy) => (&[425.0], &[500, 500]),
        ("pl", Congestion) => (&[425.0], &[500, 500]),
        _ => return None,
    };
    Some(Tone {
        name: format!("{}-{country}", signal.word()),
        hertz: hertz.to_vec(),
        cadence_ms: cadence_ms.to_vec(),
        level_db: -16.0,
        lasts: None,
    })
}

/// The two sine waves of a key (ITU-T Q.23), for 100 ms.
pub fn key_tone(key: char) -> Option<Tone> {
    const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
    const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    let at = "123A456B789C*0#D".find(key.to_ascii_uppercase())?;
    Some(Tone {
        name: format!("key-{key}"),
        hertz: vec![LOW[at / 4], HIGH[at % 4]],
        cadence_ms: vec![100],
        level_db: -10.0,
        lasts: Some(Duration::from_millis(100)),
    })
}

/// One sine wave by the recurrence `y[n] = 2 cos(w) y[n-1] - y[n-2]`.
#[derive(Clone, Copy, Debug)]
struct Wave {
    factor: f64,
    last: f64,
    before: f64,
}

impl Wave {
    fn new(hertz: f32, peak: f64) -> Self {
        let step = TAU * f64::from(hertz) / f64::from(RATE);
        Self {
            factor: 2.0 * step.cos(),
            last: 0.0,
            before: -peak * step.sin(),
        }
    }

    fn next(&mut self) -> f64 {
        let sample = self.factor * self.last - self.before;
        self.before = self.last;
        self.last = sample;
        sample
    }
}

/// A tone being played.
#[derive(Clone, Debug)]
pub struct Generator {
    waves: SmallVec<[Wave; 2]>,
    /// The waves at the start of each period of sound.
    fresh: SmallVec<[Wave; 2]>,
    /// Samples of sound and silence in turn; never empty, sum never zero.
    cadence: SmallVec<[u32; 4]>,
    phase: usize,
    /// Samples left in this phase.
    left: u32,
    /// Samples left in all; `None` is for ever.
    remaining: Option<u64>,
}

impl Generator {
    /// A tone from its start. A cadence without any length is one long sound.
    pub fn new(tone: &Tone) -> Self {
        let peak = 32_767.0 * 10f64.powf(f64::from(tone.level_db.min(0.0)) / 20.0);
        let fresh: SmallVec<[Wave; 2]> = tone
            .hertz
            .iter()
            .take(HERTZ_MAX)
            .map(|hertz| Wave::new(*hertz, peak))
            .collect();
        let mut cadence: SmallVec<[u32; 4]> = tone
            .cadence_ms
            .iter()
            .take(64)
            .map(|ms| (*ms).min(600_000) * (RATE / 1000))
            .collect();
        if cadence.iter().all(|samples| *samples == 0) {
            cadence = SmallVec::from_slice(&[RATE]);
        }
        let left = cadence[0];
        Self {
            waves: fresh.clone(),
            fresh,
            cadence,
            phase: 0,
            left,
            remaining: tone.lasts.map(|lasts| lasts.as_millis() as u64 * 8),
        }
    }

    /// Adds samples to `out`; returns how many there were (less than its length at the end).
    pub fn fill(&mut self, out: &mut [i16]) -> usize {
        let mut done = 0;
        for slot in out {
            if self.remaining == Some(0) {
                break;
            }
            while self.left == 0 {
                self.phase = (self.phase + 1) % self.cadence.len();
                self.left = self.cadence[self.phase];
                self.waves.clone_from(&self.fresh);
            }
            self.left -= 1;
            if let Some(remaining) = &mut self.remaining {
                *remaining -= 1;
            }
            // A cadence of one entry is sound without a pause.
            *slot = if self.phase.is_multiple_of(2) || self.cadence.len() == 1 {
                self.waves.iter_mut().map(Wave::next).sum::<f64>() as i16
            } else {
                0
            };
            done += 1;
        }
        done
    }
}

/// Power of one frequency in the samples, as a share of a full-scale sine's: 1.0 is a
/// full-scale sine of that frequency, 0.01 one of -20 dB (Goertzel's algorithm).
pub fn goertzel(samples: &[i16], hertz: f32) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let factor = 2.0 * (TAU * f64::from(hertz) / f64::from(RATE)).cos();
    let (mut last, mut before) = (0.0f64, 0.0f64);
    for sample in samples {
        let next = f64::from(*sample) / 32_768.0 + factor * last - before;
        before = last;
        last = next;
    }
    let power = last * last + before * before - factor * last * before;
    let whole = samples.len() as f64 / 2.0;
    (power / (whole * whole)) as f32
}

/// Share of the samples' energy that lies at that frequency, 0 to 1: above 0.8 it is that tone.
pub fn purity(samples: &[i16], hertz: f32) -> f32 {
    let energy: f64 = samples
        .iter()
        .map(|s| (f64::from(*s) / 32_768.0).powi(2))
        .sum();
    let mean = energy / samples.len().max(1) as f64;
    if mean < 1e-7 {
        return 0.0;
    }
    (f64::from(goertzel(samples, hertz)) / 2.0 / mean) as f32
}

/// A frame of 20 ms of silence.
pub const SILENT_FRAME: [i16; FRAME_SAMPLES] = [0; FRAME_SAMPLES];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_every_signal_at_its_frequency() {
        for country in COUNTRIES {
            for signal in [Signal::Ringback, Signal::Busy, Signal::Congestion] {
                let tone = country_tone(country, signal).unwrap();
                let mut out = [0i16; 1600];
                assert_eq!(Generator::new(&tone).fill(&mut out), 1600);
                let found: f32 = tone.hertz.iter().map(|hz| purity(&out, *hz)).sum();
                assert!(found > 0.8, "{} {found}", tone.name);
                assert!(purity(&out, 1000.0) < 0.05, "{}", tone.name);
            }
        }
        assert_eq!(country_tone("xx", Signal::Busy), None);
    }

    #[test]
    fn cadence_is_kept_to_the_sample() {
        let tone = country_tone("de", Signal::Busy).unwrap();
        let mut out = vec![0i16; 8000];
        Generator::new(&tone).fill(&mut out);
        assert!(out[3840..7680].iter().all(|s| *s == 0));
        assert!(purity(&out[..3840], 425.0) > 0.95);
        assert!(goertzel(&out[7680..8000], 425.0) > 0.01);
    }

    #[test]
    fn a_tone_ends_when_it_shall() {
        let tone = key_tone('#').unwrap();
        let mut out = vec![0i16; 2000];
        assert_eq!(Generator::new(&tone).fill(&mut out), 800);
        assert!(purity(&out[..800], 941.0) > 0.4 && purity(&out[..800], 1477.0) > 0.4);
    }

    #[test]
    fn an_hour_of_tone_keeps_its_level() {
        let tone = Tone {
            name: "long".into(),
            hertz: vec![425.0],
            cadence_ms: vec![],
            level_db: -16.0,
            lasts: None,
        };
        let mut generator = Generator::new(&tone);
        let mut out = vec![0i16; 8000];
        for _ in 0..60 {
            generator.fill(&mut out);
        }
        let level = 10.0 * goertzel(&out, 425.0).log10();
        assert!((level + 16.0).abs() < 0.2, "{level}");
    }
}
