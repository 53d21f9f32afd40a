//! A Lua error as a `ScriptError`: what, where, by which way, and whose fault.

use cordboard_steps::script::{ScriptError, ScriptErrorKind};

use super::limits::ERROR_BYTES_MAX;
use super::meter::Stopped;

/// Luau's words when an allocation was refused.
const NO_MEMORY: &str = "not enough memory";
/// The chunk name of the prelude; its frames are of no use to a script's author.
pub(crate) const PRELUDE: &str = "[host]";

/// An error that came out of a coroutine. `gone` is true when the caller had gone before.
pub(crate) fn from_lua(file: &str, error: &mlua::Error, gone: bool) -> ScriptError {
    let (text, kind) = match error {
        mlua::Error::MemoryError(text) => (text.clone(), ScriptErrorKind::Memory),
        mlua::Error::RuntimeError(text) => (text.clone(), ScriptErrorKind::Runtime),
        mlua::Error::CallbackError { traceback, cause } => {
            (format!("{cause}\n{traceback}"), ScriptErrorKind::Runtime)
        }
        other => (other.to_string(), ScriptErrorKind::Runtime),
    };
    let (message, trace) = match text.split_once("\nstack traceback:\n") {
        Some((message, trace)) => (message, trace),
        None => (text.as_str(), ""),
    };
    let (line, message) = split_line(file, message);
    let kind = match kind {
        _ if message.starts_with(NO_MEMORY) => ScriptErrorKind::Memory,
        _ if gone && message == GONE => ScriptErrorKind::Gone,
        kind => kind,
    };
    let stack = clean(trace);
    ScriptError {
        message: match kind {
            ScriptErrorKind::Memory => "the script's memory is used up".to_owned(),
            _ => cut(message),
        },
        line: line.or_else(|| line_in(file, &stack)),
        stack,
        kind,
    }
}

/// What is raised when an operation on the call comes after its end.
pub(crate) const GONE: &str = "the caller is gone";

/// A script that was stopped because its CPU time was spent.
pub(crate) fn over_budget(file: &str, stopped: &Stopped, whole_call: bool) -> ScriptError {
    let stack = clean(&stopped.traceback);
    let of = if whole_call {
        "a whole call"
    } else {
        "one turn"
    };
    ScriptError {
        message: format!(
            "the script used up the CPU time of {of}: is there a loop without an end?"
        ),
        line: line_in(file, &stack),
        stack,
        kind: ScriptErrorKind::Budget,
    }
}

/// An error without a place.
pub(crate) fn plain(kind: ScriptErrorKind, message: String) -> ScriptError {
    ScriptError {
        message,
        line: None,
        stack: String::new(),
        kind,
    }
}

/// Takes `file:12: ` off the front; of another file it stays.
fn split_line<'m>(file: &str, message: &'m str) -> (Option<u32>, &'m str) {
    let split = || {
        let rest = message.strip_prefix(file)?.strip_prefix(':')?;
        let (line, rest) = rest.split_once(':')?;
        Some((line.parse().ok()?, rest.trim_start()))
    };
    match split() {
        Some((line, rest)) => (Some(line), rest),
        None => (None, message),
    }
}

/// The first line of the script itself in a stack.
fn line_in(file: &str, stack: &str) -> Option<u32> {
    stack.lines().find_map(|frame| {
        let rest = frame.strip_prefix(file)?.strip_prefix(':')?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    })
}

/// Frames of scripts only.
fn clean(trace: &str) -> String {
    let mut stack = String::new();
    for frame in trace.lines().map(str::trim) {
        if frame.is_empty()
            || frame.starts_with(PRELUDE)
            || frame.starts_with("[C]")
            || frame.starts_with("stack traceback")
        {
            continue;
        }
        if stack.len() + frame.len() > ERROR_BYTES_MAX {
            stack.push_str("\n...");
            break;
        }
        if !stack.is_empty() {
            stack.push('\n');
        }
        stack.push_str(frame);
    }
    stack
}

fn cut(message: &str) -> String {
    let end = (0..=ERROR_BYTES_MAX.min(message.len()))
        .rev()
        .find(|&i| message.is_char_boundary(i));
    message.get(..end.unwrap_or(0)).unwrap_or("").to_owned()
}
