//! Why something was not done, for every door: a sentence, what kind of fault it is, and where.
//!
//! The console prints the sentence; http answers with a status and problem details (RFC 9457).

use std::fmt;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such thing.
    NotFound,
    /// The one who asks may not.
    Denied,
    /// The question is wrong: arguments.
    Invalid,
    /// What was asked said no.
    Refused,
    /// There is no room now; later there may be.
    Busy,
    /// What was asked does not run.
    Down,
}

/// One argument that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its name.
    pub argument: String,
    /// What is wrong with it.
    pub why: String,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Whose fault.
    pub fault: Fault,
    /// One sentence or two.
    pub message: String,
    /// Wrong arguments, all of them.
    pub arguments: Vec<Wrong>,
    /// What would help, where it is known.
    pub cure: Option<String>,
}

impl Refusal {
    /// A refusal without more.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
            arguments: Vec::new(),
            cure: None,
        }
    }

    /// With what would help.
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// With the wrong arguments.
    pub fn wrong(mut self, arguments: Vec<Wrong>) -> Self {
        self.arguments = arguments;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Refusal> for String {
    fn from(refusal: Refusal) -> String {
        refusal.message
    }
}

/// What was asked said no, in its own words.
impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::new(Fault::Refused, message)
    }
}
