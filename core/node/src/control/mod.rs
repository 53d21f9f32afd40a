//! The control socket: a Unix socket in the data folder (0600), one JSON object a line.
//!
//! A request is `{"verb": "...", ...}`; an answer is `{"ok": ...}` or `{"error": "..."}`. `trace`
//! answers with a line an event until the client leaves. Whoever may open the data folder may
//! control the switch; nobody else can reach it.

pub mod client;
pub mod server;
pub mod verb;
