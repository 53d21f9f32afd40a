//! Conditions: the small typed language of `when`.
//!
//! ```text
//! condition := and { "or" and }            and := not { "and" not }
//! not       := "not" not | compare
//! compare   := value [ ("==" | "!=" | "<" | "<=" | ">" | ">=") value
//!                    | ["not"] "in" "(" value { "," value } ")" | "matches" 'number pattern' ]
//! value     := 'text' | number | true | false | NAME | open('calendar')
//!            | fact(text, text){.field} | "(" condition ")"
//! NAME      := caller.number | caller.name | dialled | hour | minute | weekday | date | var.NAME
//! ```
//!
//! Types are checked when the dialplan is loaded: text, numbers and truth never mix. `var.NAME` and
//! `fact(..)` are what they turn out to be: beside a number they are read as one. What is missing
//! equals nothing, is less than nothing and is not true; so `!=` holds. Nothing here can fail when a
//! call asks.

mod check;
mod evaluate;
mod lexer;
mod parser;

use std::collections::BTreeSet;

use crate::calendar::LocalTime;
use crate::numbers::Pattern;

/// Longest condition, in bytes.
pub const TEXT_BYTES_MAX: usize = 2000;
/// Deepest nesting.
pub const DEPTH_MAX: usize = 32;

/// What a condition or template may ask about a call. Cheap to answer, without side effects.
pub trait Values {
    /// The caller's number, normalised; empty where it is withheld or malformed.
    fn caller_number(&self) -> &str;
    /// The caller's display name; empty where there is none.
    fn caller_name(&self) -> &str;
    /// The number or name that was dialled.
    fn dialled(&self) -> &str;
    /// A variable that `set`, `collect` or a script has set.
    fn variable(&self, name: &str) -> Option<&str>;
    /// Whether a calendar is open now.
    fn is_open(&self, calendar: &str) -> bool;
    /// A retained fact.
    fn fact(&self, topic: &str, key: &str) -> Option<serde_json::Value>;
    /// The tenant's wall clock now.
    fn local_time(&self) -> LocalTime;
}

/// A checked condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    source: Box<str>,
    root: Node,
    calendars: BTreeSet<(String, usize)>,
}

/// A condition that cannot be read; `at` and `len` are bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// First byte of what is wrong.
    pub at: usize,
    /// How many bytes are wrong.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl ExprError {
    fn new(span: Span, message: impl Into<String>, help: &str) -> ExprError {
        let help = (!help.is_empty()).then(|| help.to_string());
        ExprError {
            at: span.at,
            len: span.len,
            message: message.into(),
            help,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    at: usize,
    len: usize,
}

impl Span {
    fn to(self, end: Span) -> Span {
        Span {
            at: self.at,
            len: (end.at + end.len).saturating_sub(self.at),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(Box<str>),
    Number(f64),
    Bool(bool),
    Name(Name),
    Open(Box<str>),
    Fact {
        topic: Box<Node>,
        key: Box<Node>,
        path: Vec<Box<str>>,
    },
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Node>),
    Matches(Box<Node>, Pattern),
}

#[derive(Clone, Debug, PartialEq)]
enum Name {
    Number,
    Display,
    Dialled,
    Hour,
    Minute,
    Weekday,
    Date,
    Var(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// Reads and type-checks a condition.
    ///
    /// # Errors
    /// The first mistake, with its place in the text.
    pub fn parse(source: &str) -> Result<Condition, ExprError> {
        if source.len() > TEXT_BYTES_MAX {
            let span = Span {
                at: 0,
                len: source.len(),
            };
            let message = format!("a condition of more than {TEXT_BYTES_MAX} bytes");
            return Err(ExprError::new(
                span,
                message,
                "split it into several `when`",
            ));
        }
        let tree = parser::parse(source)?;
        let mut calendars = BTreeSet::new();
        let root = check::condition(tree, &mut calendars)?;
        Ok(Condition {
            source: source.into(),
            root,
            calendars,
        })
    }

    /// As the dialplan wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds.
    pub fn holds(&self, values: &dyn Values) -> bool {
        evaluate::truth(&self.root, values)
    }

    /// What it looked at and what it saw, for a decision's record: `("hour", "14")`. Every name,
    /// calendar and fact once, in the order written.
    pub fn inputs(&self, values: &dyn Values) -> Vec<(String, String)> {
        let mut seen = Vec::new();
        evaluate::inputs(&self.root, values, &mut seen);
        seen
    }

    /// Calendars that it asks, each with the byte at which its name stands.
    pub fn calendars(&self) -> impl Iterator<Item = (&str, usize)> {
        self.calendars.iter().map(|(name, at)| (&**name, *at))
    }
}

#[cfg(test)]
mod tests;
