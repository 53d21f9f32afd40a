//! What prompts are made of: recorded audio, the tones of a country, silence.
//!
//! A prompt's name is a file name without `.wav`. Two kinds of names are made here: `tone:busy`
//! is two seconds of the country's tone, `silence:500` that many milliseconds.

use std::sync::Arc;
use std::time::Duration;

use cordboard_media::tone::{Signal, country_tone};
use cordboard_media::{Clip, Tone};

use crate::world::World;

/// Most prompts of one step; more fail it.
pub const PROMPTS_MAX: usize = 32;
/// Longest `silence:`; more fails the step.
const SILENCE_MAX: Duration = Duration::from_secs(600);
/// A sound without pauses (a gap of 20 ms a minute is not noticed).
const CONTINUOUS: [u32; 2] = [60_000, 20];
/// One short sound, then silence.
const BEEP: [u32; 2] = [250, 60_000];

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

/// A country's tone: `ringback`, `busy`, `congestion`, `dial`, `beep`. A country that has none has
/// Britain's.
pub fn tone_of(country: &str, name: &str, lasts: Option<Duration>) -> Option<Tone> {
    let signals = [Signal::Ringback, Signal::Busy, Signal::Congestion];
    if let Some(signal) = signals.into_iter().find(|signal| signal.word() == name) {
        let tone = country_tone(country, signal).or_else(|| country_tone("gb", signal))?;
        return Some(Tone { lasts, ..tone });
    }
    let (hertz, cadence_ms): (&[f32], [u32; 2]) = match (name, country) {
        ("dial", "gb" | "us") => (&[350.0, 440.0], CONTINUOUS),
        ("dial", "fr") => (&[440.0], CONTINUOUS),
        ("dial", _) => (&[425.0], CONTINUOUS),
        ("beep", _) => (&[1000.0], BEEP),
        _ => return None,
    };
    let (hertz, cadence_ms) = (hertz.to_vec(), cadence_ms.to_vec());
    Some(Tone {
        name: name.to_owned(),
        hertz,
        cadence_ms,
        level_db: -16.0,
        lasts,
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeWorld, plan};

    fn world() -> FakeWorld {
        let plan = plan("did \"+441\" { answer }");
        FakeWorld {
            plan,
            absent: vec![],
            busy: vec![],
            devices: 1,
        }
    }

    fn made(name: &str) -> Result<String, String> {
        clips(&world(), &[name.to_owned()]).map(|clips| names(&clips))
    }

    #[test]
    fn prompts_tones_and_silences_are_made_by_name() {
        assert_eq!(made("welcome").as_deref(), Ok("welcome"));
        assert_eq!(made("tone:busy").as_deref(), Ok("busy-gb"));
        assert_eq!(made("silence:500").as_deref(), Ok("silence"));
        assert!(made("no-such").is_err());
        assert!(made("tone:none").is_err());
        assert!(made("silence:9999999999999").is_err());
        assert!(clips(&world(), &vec!["welcome".into(); PROMPTS_MAX + 1]).is_err());
    }

    #[test]
    fn lengths_add_up_unless_one_is_endless() {
        let second = Some(Duration::from_secs(1));
        let names: Vec<String> = vec!["welcome".into(), "silence:500".into()];
        let mut list = clips(&world(), &names).unwrap();
        assert_eq!(length(&list), Some(Duration::from_millis(1500)));
        list.extend(tone_of("us", "busy", second).map(|tone| Clip::Tone(Arc::new(tone))));
        assert_eq!(length(&list), Some(Duration::from_millis(2500)));
        list.extend(tone_of("xx", "ringback", None).map(|tone| Clip::Tone(Arc::new(tone))));
        assert_eq!(length(&list), None);
    }

    #[test]
    fn every_tone_that_a_dialplan_may_name_is_known() {
        for country in ["gb", "us", "ua", "de", "fr"] {
            for name in ["dial", "ringback", "busy", "congestion", "beep"] {
                assert!(
                    tone_of(country, name, None).is_some(),
                    "{name} of {country}"
                );
            }
        }
    }
}
