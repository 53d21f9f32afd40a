//! An operation on a call as a Lua service writes it: the WIT's variant as a table with one name,
//! `{ play = { prompts = { "welcome" } } }`, `{ wait = 1000 }`, or `"answer"` alone.
//!
//! Times are milliseconds, as in the WIT; what is left out has the value that call scripts have.

use std::time::Duration;

use cordboard_call::cause::Cause;
use cordboard_steps::script::{CollectOp, ScriptOp};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

/// The longest time that may be named: a day.
const MS_MAX: u64 = 86_400_000;
/// Prompts, users, trunks of one operation.
const LIST_MAX: usize = 32;

/// One wish, as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Operation {
    Answer,
    Play(Play),
    Tone(Tone),
    Wait(u64),
    Collect(Collect),
    Ring(Ring),
    Trunk(Trunk),
    Record(bool),
    Set(Set),
    Get(String),
    SendDigits(String),
    HangUp(Option<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Play {
    #[serde(deserialize_with = "texts")]
    prompts: Vec<String>,
    #[serde(default)]
    early: bool,
    repeat_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tone {
    name: String,
    ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collect {
    #[serde(default, deserialize_with = "texts")]
    prompts: Vec<String>,
    min: Option<u8>,
    max: Option<u8>,
    timeout_ms: Option<u64>,
    between_ms: Option<u64>,
    ends_with: Option<String>,
    #[serde(default)]
    secret: bool,
    tries: Option<u8>,
    #[serde(default, deserialize_with = "texts")]
    invalid: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ring {
    #[serde(deserialize_with = "texts")]
    users: Vec<String>,
    #[serde(default)]
    in_turn: bool,
    timeout_ms: Option<u64>,
    music: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trunk {
    #[serde(deserialize_with = "texts")]
    trunks: Vec<String>,
    number: Option<String>,
    timeout_ms: Option<u64>,
    caller_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Set {
    name: String,
    value: String,
}

impl Operation {
    /// As the call's run takes it; everything bounded.
    pub fn read(self) -> Result<ScriptOp, String> {
        Ok(match self {
            Operation::Answer => ScriptOp::Answer,
            Operation::Play(play) => ScriptOp::Play {
                prompts: some(play.prompts, "play: `prompts`")?,
                early: play.early,
                repeat_for: play
                    .repeat_ms
                    .map(|ms| time(ms, "play: `repeat_ms`"))
                    .transpose()?,
            },
            Operation::Tone(tone) => ScriptOp::Tone {
                name: tone.name,
                lasts: time(tone.ms, "tone: `ms`")?,
            },
            Operation::Wait(ms) => ScriptOp::Wait {
                lasts: time(ms, "wait")?,
            },
            Operation::Collect(collect) => ScriptOp::Collect(collect.read()?),
            Operation::Ring(ring) => ScriptOp::Ring {
                users: some(ring.users, "ring: `users`")?,
                in_turn: ring.in_turn,
                timeout: time(ring.timeout_ms.unwrap_or(20_000), "ring: `timeout_ms`")?,
                music: ring.music,
            },
            Operation::Trunk(trunk) => ScriptOp::Trunk {
                trunks: some(trunk.trunks, "trunk: `trunks`")?,
                number: trunk.number,
                timeout: time(trunk.timeout_ms.unwrap_or(60_000), "trunk: `timeout_ms`")?,
                caller_id: trunk.caller_id,
            },
            Operation::Record(on) => ScriptOp::Record { on },
            Operation::Set(Set { name, value }) => ScriptOp::Set { name, value },
            Operation::Get(name) => ScriptOp::Get { name },
            Operation::SendDigits(digits) => ScriptOp::SendDigits {
                digits: keys(digits)?,
            },
            Operation::HangUp(cause) => ScriptOp::Hangup {
                cause: cause.map(known).transpose()?,
            },
        })
    }
}

impl Collect {
    fn read(self) -> Result<CollectOp, String> {
        let mut op = CollectOp {
            prompts: self.prompts,
            invalid: self.invalid,
            secret: self.secret,
            ..CollectOp::default()
        };
        op.max = count(
            self.max.or(self.min).unwrap_or(op.max),
            64,
            "collect: `max`",
        )?;
        op.min = count(self.min.unwrap_or(op.min), op.max, "collect: `min`")?;
        op.tries = count(self.tries.unwrap_or(op.tries), 10, "collect: `tries`")?;
        if let Some(ms) = self.timeout_ms {
            op.timeout = time(ms, "collect: `timeout_ms`")?;
        }
        if let Some(ms) = self.between_ms {
            op.between = time(ms, "collect: `between_ms`")?;
        }
        match self.ends_with.as_deref() {
            None => {}
            Some("") => op.ends_with = None,
            Some(text) => match (text.chars().next(), text.chars().count()) {
                (Some(key), 1) if is_key(key) => op.ends_with = Some(key),
                _ => return Err("collect: `ends_with` is one key, or \"\" for none".into()),
            },
        }
        Ok(op)
    }
}

fn is_key(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D')
}

fn keys(digits: String) -> Result<String, String> {
    match (1..=64).contains(&digits.len()) && digits.chars().all(is_key) {
        true => Ok(digits),
        false => Err("send_digits: digits are 1 to 64 of 0-9 * # A-D".into()),
    }
}

fn known(word: String) -> Result<String, String> {
    match Cause::from_word(&word) {
        Some(_) => Ok(word),
        None => Err(format!("hang_up: there is no hang-up cause \"{word}\"")),
    }
}

fn count(n: u8, most: u8, what: &str) -> Result<u8, String> {
    match (1..=most).contains(&n) {
        true => Ok(n),
        false => Err(format!("{what} is 1 to {most}, not {n}")),
    }
}

fn time(ms: u64, what: &str) -> Result<Duration, String> {
    match (1..=MS_MAX).contains(&ms) {
        true => Ok(Duration::from_millis(ms)),
        false => Err(format!("{what} is 1 to {MS_MAX} ms, not {ms}")),
    }
}

fn some(list: Vec<String>, what: &str) -> Result<Vec<String>, String> {
    match (1..=LIST_MAX).contains(&list.len()) {
        true => Ok(list),
        false => Err(format!("{what} names 1 to {LIST_MAX}, not {}", list.len())),
    }
}

/// A text, a list of texts, or `{}`, which Lua cannot tell from an empty list.
pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Texts;
    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a text or a list of texts")
        }

        fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = list.next_element()? {
                texts.push(text);
                if texts.len() > LIST_MAX {
                    return Err(A::Error::custom(format!("more than {LIST_MAX} in a list")));
                }
            }
            Ok(texts)
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Vec<String>, A::Error> {
            match map.next_key::<String>()? {
                None => Ok(Vec::new()),
                Some(name) => Err(A::Error::custom(format!(
                    "a list is wanted, and it has the name `{name}`"
                ))),
            }
        }
    }
    from.deserialize_any(Texts)
}
