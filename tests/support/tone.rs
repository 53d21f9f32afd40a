//! An ear for tests: WAV files with tones, and tones found in WAV files.
//!
//! Reading is forgiving about the header's sizes, since a recording whose writer was killed still
//! has to be heard to its last sample.

use std::f64::consts::TAU;
use std::path::Path;

/// Samples a second of what we write.
pub const RATE: u32 = 8_000;

/// Sound with one row of samples a channel.
#[derive(Debug)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// Samples by channel.
    pub channels: Vec<Vec<i16>>,
}

/// Writes a mono file with a sine tone.
pub fn write(path: &Path, hertz: f64, seconds: f64) {
    let count = (f64::from(RATE) * seconds) as usize;
    let samples =
        (0..count).map(|i| ((i as f64 * hertz * TAU / f64::from(RATE)).sin() * 9_000.0) as i16);
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let size = data.len() as u32;
    let mut file = Vec::with_capacity(44 + data.len());
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + size).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16u32.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(&2u16.to_le_bytes());
    file.extend_from_slice(&16u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(&data);
    std::fs::write(path, file).unwrap();
}

impl Sound {
    /// Reads 16-bit PCM; `None` while there is no data yet.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let half = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        if bytes.get(..44)?.iter().all(|b| *b == 0) {
            // A header that its writer fills in at the end: mono, as the phones here are set up.
            let samples = bytes[44..]
                .chunks_exact(2)
                .map(|b| i16::from_le_bytes([b[0], b[1]]));
            return Some(Self {
                rate: RATE,
                channels: vec![samples.collect()],
            });
        }
        if bytes.get(..4)? != b"RIFF" {
            return None;
        }
        let (mut at, mut format) = (12, None);
        loop {
            let (name, size) = (bytes.get(at..at + 4)?, word(at + 4)? as usize);
            match name {
                b"fmt " => format = Some((half(at + 10)?, word(at + 12)?, half(at + 22)?)),
                b"data" => break,
                _ => {}
            }
            at += 8 + size + size % 2;
        }
        let (channels, rate, bits) = format?;
        if bits != 16 || channels == 0 {
            return None;
        }
        let samples: Vec<i16> = bytes
            .get(at + 8..)?
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]))
            .collect();
        let count = usize::from(channels);
        let channels = (0..count)
            .map(|c| samples.iter().skip(c).step_by(count).copied().collect())
            .collect();
        Some(Self { rate, channels })
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.channels
            .first()
            .map_or(0.0, |c| c.len() as f64 / f64::from(self.rate))
    }

    /// Seconds of a channel in which this tone is most of what is heard, in steps of 50 ms.
    pub fn heard(&self, channel: usize, hertz: f64) -> f64 {
        let Some(samples) = self.channels.get(channel) else {
            return 0.0;
        };
        let frame = (self.rate / 20) as usize;
        let loud = samples
            .chunks_exact(frame)
            .filter(|part| is_tone(part, hertz, self.rate))
            .count();
        loud as f64 / 20.0
    }

    /// The same over the last `seconds` of the file only.
    pub fn heard_at_end(&self, channel: usize, hertz: f64, seconds: f64) -> f64 {
        let keep = (f64::from(self.rate) * seconds) as usize;
        let tail = |c: &Vec<i16>| c[c.len().saturating_sub(keep)..].to_vec();
        Sound {
            rate: self.rate,
            channels: self.channels.iter().map(tail).collect(),
        }
        .heard(channel, hertz)
    }
}

/// Goertzel's share: more than half of the energy stands at this frequency, and it is no whisper.
fn is_tone(part: &[i16], hertz: f64, rate: u32) -> bool {
    let step = 2.0 * (TAU * hertz / f64::from(rate)).cos();
    let (mut last, mut before, mut energy) = (0.0, 0.0, 0.0);
    for &sample in part {
        let value = f64::from(sample);
        energy += value * value;
        (before, last) = (last, value + step * last - before);
    }
    let power = last * last + before * before - step * last * before;
    let count = part.len() as f64;
    energy / count > 90_000.0 && power * 2.0 / (count * energy) > 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn hears_the_tone_that_was_written_and_no_other() {
        let scratch = Scratch::new("tone");
        let path = scratch.path().join("a.wav");
        write(&path, 440.0, 1.0);
        let sound = Sound::read(&path).unwrap();
        assert!((sound.seconds() - 1.0).abs() < 0.001);
        assert!(sound.heard(0, 440.0) > 0.95);
        assert!(sound.heard(0, 1000.0) < 0.05);
        assert!(sound.heard(1, 440.0) < 0.05);
    }
}
