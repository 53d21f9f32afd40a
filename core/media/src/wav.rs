//! WAV files: any of them becomes a prompt, and a recording's header is made here.
//!
//! Read: 8, 16, 24 and 32 bit, float, and G.711 (which telephone systems export), up to eight
//! channels averaged to one, any rate from 1 to 384 kHz resampled to 8 kHz piece by piece.

use std::io::{Cursor, Read};
use std::time::Duration;

use hound::{SampleFormat, WavReader, WavSpec};
use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction};

use crate::codec;
use crate::command::{Audio, Codec};
use crate::tone::RATE;

/// A longer prompt is refused.
pub const LENGTH_MAX: Duration = Duration::from_secs(30 * 60);
/// Octets of the header that `header` writes.
pub const HEADER_BYTES: usize = 44;
const CHANNELS_MAX: u16 = 8;
/// A piece of the source in milliseconds: long enough for a steep filter at every rate.
const PIECE_MS: u32 = 64;

/// Why a file is no prompt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// It is no WAV file, or one in a compressed format.
    #[error("not a readable WAV file: {0}")]
    Unreadable(String),
    /// Rate or number of channels out of range; says which.
    #[error("unsupported WAV file: {0}")]
    Unsupported(&'static str),
    /// Longer than `LENGTH_MAX`.
    #[error("longer than 30 minutes")]
    TooLong,
    /// There is no sample in it.
    #[error("there is no audio in it")]
    Empty,
}

/// Decodes a whole file. A file that is cut short yields what is there.
pub fn decode(name: &str, file: &[u8]) -> Result<Audio, WavError> {
    let samples = match g711(file) {
        Some((codec, rate, octets)) => {
            let mono = octets.iter().map(|octet| codec::decode(codec, *octet));
            let mono = mono.map(|sample| f32::from(sample) / 32_768.0);
            resample(mono, rate)?
        }
        None => linear(file)?,
    };
    if samples.is_empty() {
        return Err(WavError::Empty);
    }
    Ok(Audio {
        name: name.to_owned(),
        samples,
    })
}

fn linear(file: &[u8]) -> Result<Vec<i16>, WavError> {
    let mut reader =
        WavReader::new(Cursor::new(file)).map_err(|e| WavError::Unreadable(e.to_string()))?;
    let spec = reader.spec();
    if spec.channels == 0 || spec.channels > CHANNELS_MAX {
        return Err(WavError::Unsupported("more than eight channels"));
    }
    if !(1..=32).contains(&spec.bits_per_sample) {
        return Err(WavError::Unsupported("bits per sample"));
    }
    match spec.sample_format {
        SampleFormat::Float => {
            let samples = reader.samples::<f32>().map_while(Result::ok).map(audible);
            resample(mono(samples, spec), spec.sample_rate)
        }
        SampleFormat::Int => {
            let full = 2f32.powi(i32::from(spec.bits_per_sample) - 1);
            let samples = reader
                .samples::<i32>()
                .map_while(Result::ok)
                .map(|sample| sample as f32 / full);
            resample(mono(samples, spec), spec.sample_rate)
        }
    }
}

/// Averages the channels of each frame; an incomplete last frame is left out.
fn mono(mut samples: impl Iterator<Item = f32>, spec: WavSpec) -> impl Iterator<Item = f32> {
    let channels = spec.channels;
    std::iter::from_fn(move || {
        let mut sum = 0.0;
        for _ in 0..channels {
            sum += samples.next()?;
        }
        Some(sum / f32::from(channels))
    })
}

/// To 8 kHz, holding one piece of the source at a time.
fn resample(mut source: impl Iterator<Item = f32>, rate: u32) -> Result<Vec<i16>, WavError> {
    if !(1_000..=384_000).contains(&rate) {
        return Err(WavError::Unsupported("rate below 1 kHz or above 384 kHz"));
    }
    let frames_max = LENGTH_MAX.as_secs() * u64::from(rate);
    if rate == RATE {
        let samples: Vec<i16> = source
            .by_ref()
            .take(frames_max as usize + 1)
            .map(to_linear)
            .collect();
        return if samples.len() as u64 > frames_max {
            Err(WavError::TooLong)
        } else {
            Ok(samples)
        };
    }
    let failed = |_| WavError::Unsupported("rate");
    let mut resampler = Fft::<f32>::new_custom(
        rate as usize,
        RATE as usize,
        (rate * PIECE_MS / 1000) as usize,
        1,
        1,
        WindowFunction::BlackmanHarris2,
        FixedSync::Input,
    )
    .map_err(failed)?;
    let delay = resampler.output_delay();
    let mut out: Vec<i16> = Vec::new();
    let mut frames: u64 = 0;
    loop {
        let wanted = resampler.input_frames_next();
        let mut piece: Vec<f32> = source.by_ref().take(wanted).collect();
        let read = piece.len();
        frames += read as u64;
        if frames > frames_max {
            return Err(WavError::TooLong);
        }
        let expected = (frames * u64::from(RATE)).div_ceil(u64::from(rate)) as usize;
        if read == 0 && out.len() >= expected + delay {
            out.drain(..delay.min(out.len()));
            out.truncate(expected);
            return Ok(out);
        }
        piece.resize(wanted, 0.0);
        let piece = InterleavedOwned::new_from(piece, 1, wanted)
            .map_err(|_| WavError::Unsupported("rate"))?;
        let done = resampler
            .process(&piece, Some(&Indexing::new()))
            .map_err(|_| WavError::Unsupported("rate"))?;
        out.extend(done.take_data().into_iter().map(to_linear));
    }
}

/// A sample of a float file as it can be heard: what is no number is silence, what is beyond full
/// scale is cut, since a resampler neither bears the one nor comes back from the other.
fn audible(sample: f32) -> f32 {
    if sample.is_nan() {
        0.0
    } else {
        sample.clamp(-1.0, 1.0)
    }
}

fn to_linear(sample: f32) -> i16 {
    // A conversion with `as` saturates, and takes what is no number to zero.
    (sample * 32_768.0).round() as i16
}

/// The octets of a WAV file in G.711, mono: hound reads linear ones only.
fn g711(file: &[u8]) -> Option<(Codec, u32, &[u8])> {
    let mut rest = file;
    let riff = take(&mut rest, 12)?;
    if &riff[..4] != b"RIFF" || &riff[8..] != b"WAVE" {
        return None;
    }
    let mut format = None;
    loop {
        let head = take(&mut rest, 8)?;
        let length = u32::from_le_bytes(head[4..].try_into().ok()?) as usize;
        match &head[..4] {
            b"fmt " => {
                let fmt = take(&mut rest, length)?;
                let half = |at: usize| Some(u16::from_le_bytes([*fmt.get(at)?, *fmt.get(at + 1)?]));
                let codec = match half(0)? {
                    6 => Codec::Pcma,
                    7 => Codec::Pcmu,
                    _ => return None,
                };
                if half(2)? != 1 {
                    return None;
                }
                let rate = u32::from(half(4)?) | (u32::from(half(6)?) << 16);
                format = Some((codec, rate));
            }
            b"data" => {
                let (codec, rate) = format?;
                return Some((codec, rate, &rest[..length.min(rest.len())]));
            }
            _ => {
                take(&mut rest, length)?;
            }
        }
        if length % 2 == 1 {
            take(&mut rest, 1)?;
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

/// Header of a recording of that many frames so far: 16 bit, two channels, 8 kHz. It is written
/// again as the file grows; sizes stop at 4 GB (37 hours).
pub fn header(frames: u64) -> [u8; HEADER_BYTES] {
    const FRAME_BYTES: u16 = 4;
    let room = u64::from(u32::MAX) - HEADER_BYTES as u64;
    let octets = (frames * u64::from(FRAME_BYTES)).min(room - room % u64::from(FRAME_BYTES)) as u32;
    let mut out = [0u8; HEADER_BYTES];
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &(octets + HEADER_BYTES as u32 - 8).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &2u16.to_le_bytes(),
        &RATE.to_le_bytes(),
        &(RATE * u32::from(FRAME_BYTES)).to_le_bytes(),
        &FRAME_BYTES.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &octets.to_le_bytes(),
    ];
    let mut slots = out.iter_mut();
    for octet in fields.into_iter().flatten() {
        if let Some(slot) = slots.next() {
            *slot = *octet;
        }
    }
    out
}

/// Reads two channels of a recording back: left and right.
pub fn read_stereo(file: &[u8]) -> Result<(Vec<i16>, Vec<i16>), WavError> {
    let unreadable = |e: hound::Error| WavError::Unreadable(e.to_string());
    let mut text = Vec::new();
    Cursor::new(file)
        .read_to_end(&mut text)
        .map_err(|e| WavError::Unreadable(e.to_string()))?;
    let reader = WavReader::new(Cursor::new(text)).map_err(unreadable)?;
    let spec = reader.spec();
    if spec.channels != 2 || spec.bits_per_sample != 16 || spec.sample_format != SampleFormat::Int {
        return Err(WavError::Unsupported("not 16 bit in two channels"));
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (index, sample) in reader
        .into_samples::<i16>()
        .map_while(Result::ok)
        .enumerate()
    {
        if index % 2 == 0 {
            &mut left
        } else {
            &mut right
        }
        .push(sample);
    }
    Ok((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{goertzel, purity};

    fn file(rate: u32, channels: u16, bits: u16, float: bool, seconds: f32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let spec = WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: if float {
                SampleFormat::Float
            } else {
                SampleFormat::Int
            },
        };
        let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
        for i in 0..(rate as f32 * seconds) as u32 {
            let wave = 0.5 * (std::f32::consts::TAU * 1000.0 * i as f32 / rate as f32).sin();
            for _ in 0..channels {
                if float {
                    writer.write_sample(wave).unwrap();
                } else {
                    let full = 2f32.powi(i32::from(bits) - 1) - 1.0;
                    writer.write_sample((wave * full) as i32).unwrap();
                }
            }
        }
        writer.finalize().unwrap();
        out.into_inner()
    }

    #[test]
    fn a_float_file_with_no_numbers_in_it_is_only_quiet_there() {
        let mut spoilt = file(16_000, 1, 32, true, 0.5);
        let end = spoilt.len();
        for (at, odd) in [f32::NAN, f32::INFINITY, f32::MAX, f32::NEG_INFINITY]
            .iter()
            .enumerate()
        {
            let at = end - 400 + 4 * at;
            spoilt[at..at + 4].copy_from_slice(&odd.to_le_bytes());
        }
        let audio = decode("spoilt", &spoilt).unwrap();
        assert!(audio.samples.len() > 3_900);
        assert!(purity(&audio.samples[..3_000], 1000.0) > 0.95);
    }

    #[test]
    fn every_kind_of_file_sounds_the_same() {
        for (rate, channels, bits, float) in [
            (8_000, 1, 16, false),
            (8_000, 2, 8, false),
            (11_025, 1, 16, false),
            (16_000, 2, 24, false),
            (22_050, 1, 32, true),
            (44_100, 2, 16, false),
            (48_000, 6, 32, false),
            (96_000, 1, 24, false),
            (7_919, 1, 16, false),
        ] {
            let audio = decode("p", &file(rate, channels, bits, float, 0.7)).unwrap();
            let what = format!("{rate} {channels} {bits} {float}");
            assert!(
                (5_598..=5_602).contains(&audio.samples.len()),
                "{what}: {}",
                audio.samples.len()
            );
            assert!(purity(&audio.samples[200..5_400], 1000.0) > 0.97, "{what}");
            let level = 10.0 * goertzel(&audio.samples[200..5_400], 1000.0).log10();
            assert!((level + 6.0).abs() < 0.4, "{what}: {level}");
        }
    }

    #[test]
    fn what_a_phone_cannot_carry_is_filtered_and_not_folded() {
        let mut out = Cursor::new(Vec::new());
        let spec = WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut out, spec).unwrap();
        for i in 0..48_000 {
            let wave = (std::f32::consts::TAU * 7_000.0 * i as f32 / 48_000.0).sin();
            writer.write_sample((wave * 16_000.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let audio = decode("p", &out.into_inner()).unwrap();
        assert!(goertzel(&audio.samples, 1_000.0) < 1e-5);
    }

    #[test]
    fn g711_files_are_read() {
        let samples: Vec<u8> = (0..8000)
            .map(|i| codec::encode(Codec::Pcma, ((i as f32 * 0.5).sin() * 9_000.0) as i16))
            .collect();
        let mut wav = header(0).to_vec();
        wav[20] = 6;
        wav[22] = 1;
        wav[34] = 8;
        wav[40..44].copy_from_slice(&8000u32.to_le_bytes());
        wav.extend(&samples);
        let audio = decode("p", &wav).unwrap();
        assert_eq!(audio.samples.len(), 8000);
        assert!(purity(&audio.samples, 8000.0 * 0.5 / std::f32::consts::TAU) > 0.95);
    }

    #[test]
    fn a_file_cut_short_is_heard_as_far_as_it_goes() {
        let whole = file(8_000, 1, 16, false, 1.0);
        assert_eq!(
            decode("p", &whole[..whole.len() / 2])
                .unwrap()
                .samples
                .len(),
            3_989
        );
    }

    #[test]
    fn refusals_name_their_reason() {
        assert!(matches!(
            decode("p", b"hello"),
            Err(WavError::Unreadable(_))
        ));
        assert!(matches!(decode("p", &[]), Err(WavError::Unreadable(_))));
        let empty = file(8_000, 1, 16, false, 0.0);
        assert_eq!(decode("p", &empty), Err(WavError::Empty));
        let mut long = file(8_000, 1, 8, false, 0.0);
        long.truncate(44);
        long[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
        long.resize(44 + 30 * 60 * 8_000 + 1, 128);
        assert_eq!(decode("p", &long), Err(WavError::TooLong));
    }

    #[test]
    fn a_recording_can_be_read_at_any_moment() {
        let mut wav = header(3).to_vec();
        for sample in [1i16, -1, 2, -2, 3, -3, 99] {
            wav.extend(sample.to_le_bytes());
        }
        assert_eq!(
            read_stereo(&wav).unwrap(),
            (vec![1, 2, 3], vec![-1, -2, -3])
        );
        assert_eq!(header(u64::MAX / 8)[40..44], (u32::MAX - 47).to_le_bytes());
    }
}
