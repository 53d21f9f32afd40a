//! tidy: table
//! What prompts are made of: recorded audio, the tones of a country, silence.
//!
//! A prompt's name is a file name without `.wav`. Two names are made here: `tone:busy` is two
//! seconds of the country's tone, `silence:500` that many milliseconds. Tones follow ITU-T E.180
//! and its supplement 2 (frequencies in hertz, cadences in milliseconds).

use std::sync::Arc;
use std::time::Duration;

use cordboard_media::{Clip, Tone};

use crate::world::World;

/// Most prompts of one step; more fail it.
pub const PROMPTS_MAX: usize = 32;
/// Longest `silence:`; more fails the step.
const SILENCE_MAX: Duration = Duration::from_secs(600);
/// How loud a tone's frequency is.
const LEVEL_DB: f32 = -15.0;

/// The clips of prompts by name.
///
/// # Errors
/// The first name that is no prompt, in a sentence.
pub fn clips(world: &dyn World, names: &[String]) -> Result<Vec<Clip>, String> {
    if names.len() > PROMPTS_MAX {
        return Err(format!(
            "{} prompts at once, at most {PROMPTS_MAX}",
            names.len()
        ));
    }
    names.iter().map(|name| clip(world, name)).collect()
}

fn clip(world: &dyn World, name: &str) -> Result<Clip, String> {
    if let Some(audio) = world.prompt(name) {
        return Ok(Clip::Audio(audio));
    }
    if let Some(tone) = name.strip_prefix("tone:") {
        let country = &world.dialplan().tenant.tones;
        return tone_of(country, tone, Some(Duration::from_secs(2)))
            .map(|tone| Clip::Tone(Arc::new(tone)))
            .ok_or_else(|| format!("no tone is called `{tone}`"));
    }
    let silence = name
        .strip_prefix("silence:")
        .and_then(|ms| ms.parse::<u64>().ok());
    match silence.map(Duration::from_millis) {
        Some(lasts) if lasts <= SILENCE_MAX => Ok(Clip::Silence(lasts)),
        _ => Err(format!("there is no prompt `{name}`")),
    }
}

/// How long clips last together; `None` is for ever.
pub fn length(clips: &[Clip]) -> Option<Duration> {
    clips.iter().try_fold(Duration::ZERO, |sum, clip| {
        let lasts = match clip {
            Clip::Audio(audio) => Duration::from_micros(audio.samples.len() as u64 * 125),
            Clip::Tone(tone) => tone.lasts?,
            Clip::Silence(lasts) => *lasts,
        };
        Some(sum.saturating_add(lasts))
    })
}

/// A country's tone: `ringback`, `busy`, `congestion`, `dial`, `unobtainable`. A country that is
/// not in the table has Britain's.
pub fn tone_of(country: &str, name: &str, lasts: Option<Duration>) -> Option<Tone> {
    let (hertz, cadence): (&[f32], &[u32]) = match (country, name) {
        ("us", "ringback") => (&[440.0, 480.0], &[2000, 4000]),
        ("us", "busy") => (&[480.0, 620.0], &[500, 500]),
        ("us", "congestion" | "unobtainable") => (&[480.0, 620.0], &[250, 250]),
        ("us", "dial") => (&[350.0, 440.0], CONTINUOUS),
        ("de", "ringback") => (&[425.0], &[1000, 4000]),
        ("de", "busy") => (&[425.0], &[480, 480]),
        ("de", "congestion" | "unobtainable") => (&[425.0], &[240, 240]),
        ("de", "dial") => (&[425.0], CONTINUOUS),
        ("fr", "ringback") => (&[440.0], &[1500, 3500]),
        ("fr", "busy") => (&[440.0], &[500, 500]),
        ("fr", "congestion" | "unobtainable") => (&[440.0], &[250, 250]),
        ("fr", "dial") => (&[440.0], CONTINUOUS),
        ("ua", "ringback") => (&[425.0], &[1000, 4000]),
        ("ua", "busy") => (&[425.0], &[350, 350]),
        ("ua", "congestion" | "unobtainable") => (&[425.0], &[175, 175]),
        ("ua", "dial") => (&[425.0], CONTINUOUS),
        (_, "ringback") => (&[400.0, 450.0], &[400, 200, 400, 2000]),
        (_, "busy") => (&[400.0], &[375, 375]),
        (_, "congestion") => (&[400.0], &[400, 350, 225, 525]),
        (_, "unobtainable") => (&[400.0], CONTINUOUS),
        (_, "dial") => (&[350.0, 440.0], CONTINUOUS),
        _ => return None,
    };
    Some(Tone {
        name: format!(
            "{name}-{}",
            if COUNTRIES.contains(&country) {
                country
            } else {
                "gb"
            }
        ),
        hertz: hertz.to_vec(),
        cadence_ms: cadence.to_vec(),
        level_db: LEVEL_DB,
        lasts,
    })
}

/// A sound without pauses (a gap of 20 ms a minute is not noticed).
const CONTINUOUS: &[u32] = &[60_000, 20];

const COUNTRIES: &[&str] = &["gb", "us", "ua", "de", "fr"];

/// What clips are called in facts and transcripts.
pub fn names(clips: &[Clip]) -> String {
    let mut text = String::new();
    for clip in clips {
        if !text.is_empty() {
            text.push(' ');
        }
        match clip {
            Clip::Audio(audio) => text.push_str(&audio.name),
            Clip::Tone(tone) => text.push_str(&tone.name),
            Clip::Silence(_) => text.push_str("silence"),
        }
    }
    text
}
