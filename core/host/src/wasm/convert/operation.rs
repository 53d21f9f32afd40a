//! What is wanted of a call: checked, with every number bounded.
//!
//! A mistake becomes a sentence for the module's author; the guest gets it as `invalid`.

use std::time::Duration;

use cordboard_call::cause::Cause;
use cordboard_steps::script::{CollectOp, ScriptAnswer, ScriptOp};

use super::wit::operations;
use super::{error, wit};
use crate::contract::Refused;

/// Most prompts, users or trunks of one wish.
const NAMES_MAX: usize = 32;
/// Longest name of any of them.
const NAME_BYTES_MAX: usize = 128;
/// Longest time that a wish may name: a day.
const TIME_MS_MAX: u32 = 86_400_000;
/// Longest ringing.
const RING_MS_MAX: u32 = 600_000;
/// Most digits.
const DIGITS_MAX: u8 = 64;
/// Longest value of a variable.
const VALUE_BYTES_MAX: usize = 4_096;

type Checked<T> = Result<T, String>;

/// A wish of a service.
pub(super) fn operation(wish: operations::Operation) -> Checked<ScriptOp> {
    use operations::Operation;
    Ok(match wish {
        Operation::Answer => ScriptOp::Answer,
        Operation::Play(wish) => play(wish)?,
        Operation::Tone((name, ms)) => tone(name, ms)?,
        Operation::Wait(ms) => wait(ms)?,
        Operation::Collect(wish) => collect(wish)?,
        Operation::Ring(wish) => ring(wish)?,
        Operation::Trunk(wish) => trunk(wish)?,
        Operation::Record(on) => ScriptOp::Record { on },
        Operation::Set((name, value)) => set(name, value)?,
        Operation::Get(name) => get(name)?,
        Operation::SendDigits(digits) => send_digits(digits)?,
        Operation::HangUp(cause) => hang_up(cause)?,
    })
}

/// What came of a wish, as a service is told.
pub(super) fn answer(answer: &ScriptAnswer) -> Result<operations::Answer, wit::types::Error> {
    use operations::Answer;
    let text = |value: String| Ok(Answer::Text(Some(value)));
    match answer {
        ScriptAnswer::Done => Ok(Answer::Done),
        ScriptAnswer::Digits { outcome, digits } => Ok(Answer::Entry(entry(*outcome, digits))),
        ScriptAnswer::Talk { outcome, by, cause } => Ok(Answer::Talk(operations::Talk {
            outcome: outcome.clone(),
            by: by.clone(),
            cause: cause.clone(),
        })),
        ScriptAnswer::Text { value } => Ok(Answer::Text(value.clone())),
        ScriptAnswer::Number { value } => text(value.to_string()),
        ScriptAnswer::Flag { value } => text(value.to_string()),
        ScriptAnswer::Json { value } => Ok(Answer::Text(value.as_ref().map(|v| v.to_string()))),
        ScriptAnswer::Now { local, .. } => text(local.clone()),
        ScriptAnswer::Http { body, .. } => text(body.clone()),
        ScriptAnswer::Error { kind, message } => Err(error(Refused {
            kind: *kind,
            message: message.clone(),
        })),
    }
}

/// What `collect` got.
pub(in crate::wasm) fn entry(
    outcome: cordboard_steps::script::CollectOutcome,
    digits: &str,
) -> operations::Entry {
    use cordboard_steps::script::CollectOutcome;
    operations::Entry {
        outcome: match outcome {
            CollectOutcome::Digits => operations::Collected::Digits,
            CollectOutcome::Timeout => operations::Collected::Timeout,
            CollectOutcome::Invalid => operations::Collected::Invalid,
        },
        digits: digits.to_owned(),
    }
}

pub(in crate::wasm) fn play(wish: operations::Play) -> Checked<ScriptOp> {
    if wish.prompts.is_empty() {
        return Err("play takes 1 to 32 prompts".into());
    }
    Ok(ScriptOp::Play {
        prompts: names(wish.prompts, "prompts")?,
        early: wish.early,
        repeat_for: wish.repeat_ms.map(|ms| time(ms, "repeat-ms")).transpose()?,
    })
}

pub(in crate::wasm) fn tone(tone: String, ms: u32) -> Checked<ScriptOp> {
    Ok(ScriptOp::Tone {
        name: name(tone, "tone")?,
        lasts: time(ms, "ms")?,
    })
}

pub(in crate::wasm) fn wait(ms: u32) -> Checked<ScriptOp> {
    Ok(ScriptOp::Wait {
        lasts: time(ms, "ms")?,
    })
}

pub(in crate::wasm) fn collect(wish: operations::Collect) -> Checked<ScriptOp> {
    if !(1..=DIGITS_MAX).contains(&wish.min) || !(wish.min..=DIGITS_MAX).contains(&wish.max) {
        return Err(format!(
            "collect takes {} to {} digits; both are 1 to {DIGITS_MAX}, and the first is not more",
            wish.min, wish.max
        ));
    }
    if !(1..=10).contains(&wish.tries) {
        return Err(format!("tries is {}; it is 1 to 10", wish.tries));
    }
    let ends_with = match wish
        .ends_with
        .as_deref()
        .map(|key| (key, key.chars().next()))
    {
        None => None,
        Some((key, Some(c))) if key.len() == 1 && is_key(c) => Some(c),
        Some(_) => return Err("ends-with is one key, such as \"#\"".into()),
    };
    Ok(ScriptOp::Collect(CollectOp {
        prompts: names(wish.prompts, "prompts")?,
        min: wish.min,
        max: wish.max,
        timeout: time(wish.timeout_ms, "timeout-ms")?,
        between: time(wish.between_ms, "between-ms")?,
        ends_with,
        secret: wish.secret,
        tries: wish.tries,
        invalid: names(wish.invalid, "invalid")?,
    }))
}

pub(in crate::wasm) fn ring(wish: operations::Ring) -> Checked<ScriptOp> {
    if wish.users.is_empty() {
        return Err("ring takes 1 to 32 users".into());
    }
    Ok(ScriptOp::Ring {
        users: names(wish.users, "users")?,
        in_turn: wish.in_turn,
        timeout: ringing(wish.timeout_ms)?,
        music: wish.music.map(|music| name(music, "music")).transpose()?,
    })
}

pub(in crate::wasm) fn trunk(wish: operations::Trunk) -> Checked<ScriptOp> {
    if wish.trunks.is_empty() {
        return Err("trunk takes 1 to 32 trunks".into());
    }
    Ok(ScriptOp::Trunk {
        trunks: names(wish.trunks, "trunks")?,
        number: wish.number.map(|n| name(n, "number")).transpose()?,
        timeout: ringing(wish.timeout_ms)?,
        caller_id: wish.caller_id.map(|n| name(n, "caller-id")).transpose()?,
    })
}

pub(in crate::wasm) fn set(variable: String, value: String) -> Checked<ScriptOp> {
    if value.len() > VALUE_BYTES_MAX {
        return Err(format!(
            "the value has {} bytes, {VALUE_BYTES_MAX} are allowed",
            value.len()
        ));
    }
    Ok(ScriptOp::Set {
        name: is_variable(variable)?,
        value,
    })
}

pub(in crate::wasm) fn get(variable: String) -> Checked<ScriptOp> {
    Ok(ScriptOp::Get {
        name: is_variable(variable)?,
    })
}

pub(in crate::wasm) fn send_digits(digits: String) -> Checked<ScriptOp> {
    if !(1..=usize::from(DIGITS_MAX)).contains(&digits.len()) || !digits.chars().all(is_key) {
        return Err(format!("digits are 1 to {DIGITS_MAX} of 0-9 * # A-D"));
    }
    Ok(ScriptOp::SendDigits { digits })
}

pub(in crate::wasm) fn hang_up(cause: Option<String>) -> Checked<ScriptOp> {
    if let Some(word) = &cause
        && Cause::from_word(word).is_none()
    {
        let shown: String = word.chars().take(64).collect();
        return Err(format!(
            "there is no hang-up cause \"{}\"",
            shown.escape_debug()
        ));
    }
    Ok(ScriptOp::Hangup { cause })
}

fn is_variable(name: String) -> Checked<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    match (1..=64).contains(&name.len()) && name.chars().all(good) {
        true => Ok(name),
        false => Err("a variable's name is 1 to 64 of a-z A-Z 0-9 _ . -".into()),
    }
}

fn is_key(c: char) -> bool {
    matches!(c, '0'..='9' | '*' | '#' | 'A'..='D')
}

pub(in crate::wasm) fn name(name: String, what: &str) -> Checked<String> {
    match name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        false => Ok(name),
        true => Err(format!(
            "{what} has a name of {} bytes: it is 1 to {NAME_BYTES_MAX}, in one line",
            name.len()
        )),
    }
}

fn names(list: Vec<String>, what: &str) -> Checked<Vec<String>> {
    if list.len() > NAMES_MAX {
        return Err(format!(
            "{what} has {} names, {NAMES_MAX} are allowed",
            list.len()
        ));
    }
    list.into_iter().map(|one| name(one, what)).collect()
}

fn time(ms: u32, what: &str) -> Checked<Duration> {
    match ms <= TIME_MS_MAX {
        true => Ok(Duration::from_millis(ms.into())),
        false => Err(format!(
            "{what} is {ms}; it is at most {TIME_MS_MAX}, a day"
        )),
    }
}

fn ringing(ms: u32) -> Checked<Duration> {
    match (1..=RING_MS_MAX).contains(&ms) {
        true => Ok(Duration::from_millis(ms.into())),
        false => Err(format!("timeout-ms is {ms}; it is 1 to {RING_MS_MAX}")),
    }
}
