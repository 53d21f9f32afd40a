//! Number patterns and the table that finds the one that wins.
//!
//! An exact number beats a range beats a pattern; within ranges and patterns the longer literal
//! prefix wins. The checker refuses ties, so a look-up has one answer.

mod normal;
pub(crate) mod overlap;
mod pattern;
mod table;

pub use normal::{NumberPolicy, normalise};
pub use pattern::{Pattern, PatternClass, PatternError};
pub use table::{Entry, Match, NumberTable};

#[cfg(test)]
mod tests;
