//! What ended a guest, as a `ScriptError`: what, where, and whose fault.

use cordboard_steps::script::{ScriptCallError, ScriptError, ScriptErrorKind};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use super::state::{Overrun, State};
use crate::contract::Refused;

/// Longest message and longest stack that leave the host; the rest is cut.
const TEXT_BYTES_MAX: usize = 4_096;
/// Most frames of a stack.
const FRAMES_MAX: usize = 32;

/// An error without a place.
pub(super) fn plain(kind: ScriptErrorKind, message: impl Into<String>) -> ScriptError {
    ScriptError {
        message: cut(message.into()),
        line: None,
        stack: String::new(),
        kind,
    }
}

/// What came out of a guest that is of no use any more. `state` is the instance's, which says
/// whether memory was refused before.
pub(super) fn trapped(name: &str, error: &wasmtime::Error, state: &State) -> ScriptError {
    let (kind, what) = cause(error, state.memory_refused());
    ScriptError {
        message: cut(format!("module `{name}`: {what}")),
        line: None,
        stack: stack(error),
        kind,
    }
}

/// What kept an instance from being made. What is neither a limit nor a trap is an export whose
/// type is not the contract's: that is seen here first.
pub(super) fn not_made(name: &str, error: &wasmtime::Error, state: &State) -> ScriptError {
    let failed = trapped(name, error, state);
    if failed.kind != ScriptErrorKind::Runtime || error.is::<Trap>() {
        return failed;
    }
    let why = format!("{error:#}");
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = format!(
        "module `{name}`: it is not what the contract says ({why}): build it again with this \
         switch's SDK"
    );
    plain(ScriptErrorKind::Runtime, message)
}

fn cause(error: &wasmtime::Error, memory_refused: bool) -> (ScriptErrorKind, String) {
    if let Some(overrun) = error.downcast_ref::<Overrun>() {
        return (ScriptErrorKind::Budget, overrun.to_string());
    }
    if let Some(full) = error.downcast_ref::<PoolConcurrencyLimitError>() {
        return (
            ScriptErrorKind::Overload,
            format!("the pool of WASM instances is full ({full})"),
        );
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => (
            ScriptErrorKind::Memory,
            "its stack is used up: is there a recursion without an end?".into(),
        ),
        _ if memory_refused => (ScriptErrorKind::Memory, "its memory is used up".into()),
        Some(Trap::UnreachableCodeReached) => (
            ScriptErrorKind::Runtime,
            "it panicked (a trap); its log may say why".into(),
        ),
        Some(trap) => (ScriptErrorKind::Runtime, format!("a trap: {trap}")),
        None => (ScriptErrorKind::Runtime, error.root_cause().to_string()),
    }
}

/// Frames of the guest, innermost first; names are there only where the module kept them.
fn stack(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let frames = trace.frames().iter().take(FRAMES_MAX);
    let named = frames.filter_map(|frame| frame.func_name());
    cut(named.collect::<Vec<_>>().join("\n"))
}

/// The module's own refusal, as the end of a step. What it needed and did not get is nobody's
/// trap; what it says of arguments and grants is.
pub(super) fn refused(name: &str, refusal: Refused) -> ScriptError {
    let kind = match refusal.kind {
        ScriptCallError::Gone => ScriptErrorKind::Gone,
        ScriptCallError::Timeout | ScriptCallError::Busy | ScriptCallError::Unavailable => {
            ScriptErrorKind::Overload
        }
        _ => ScriptErrorKind::Runtime,
    };
    let why = match refusal.message.is_empty() {
        true => String::new(),
        false => format!(": {}", refusal.message),
    };
    plain(
        kind,
        format!("module `{name}` says {}{why}", refusal.kind.word()),
    )
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}
