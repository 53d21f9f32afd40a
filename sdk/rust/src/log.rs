//! Text for people: the node's log and, of a call's step, `explain`.
//!
//! At most 4,096 bytes a line and 50 lines a second; more are counted and dropped by the host.

pub use crate::bindings::cordboard::module::log::Level;

/// For whoever writes the module.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Ordinary.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Unexpected, handled.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Wrong.
pub fn error(message: &str) {
    write(Level::Error, message);
}

/// Writes one line. In tests on the writer's own machine it goes to the standard error.
pub fn write(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::cordboard::module::log::write(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {message}");
}

/// From now on a panic says its place and message in the log before it ends the instance.
#[doc(hidden)]
pub fn panics_are_logged() {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| error(&panic.to_string())));
}
