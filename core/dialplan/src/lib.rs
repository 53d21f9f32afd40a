//! Text to checked routes: what a tenant's folder of files says calls do.
//!
//! Pure: files arrive in memory ([`file::Source`]), time as an argument. [`load`] gives either a
//! [`route::Dialplan`] in which every name resolves, or every mistake at once with its place.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod calendar;
pub mod check;
#[cfg(test)]
mod demo;
mod describe;
pub mod diagnostic;
pub mod diff;
pub mod expr;
pub mod file;
pub mod fmt;
pub mod fuzz;
pub mod node_file;
pub mod numbers;
pub mod own;
pub mod route;
pub mod schema;
pub mod template;
pub mod url_pattern;

pub use calendar::{Calendar, CalendarState, LocalTime};
pub use check::{Known, Loaded, load};
pub use diagnostic::{Diagnostic, Severity, render, to_json};
pub use diff::{Change, diff};
pub use expr::{Condition, Values};
pub use file::{Cache, Source};
pub use fmt::format;
pub use node_file::{NodeFile, check_ceiling, check_did_owners, check_trunk_owners, load_node};
pub use numbers::{Match, NumberTable};
pub use own::{Own, OwnLines, own_lines};
pub use route::{Block, Dialplan, Place, Step, StepKind};
pub use template::Template;
pub use url_pattern::UrlPattern;
