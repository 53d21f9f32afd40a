//! An arrival: one thing that a service hears of, at its place in the tenant's journal.
//!
//! Events lie in the journal anyway. Everything else that a service hears (steps, answers, timers,
//! verbs) is written there first, as `module.input`, and comes back like an event: one order for
//! all, and nothing that a killed process could forget.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use cordboard_steps::ScriptAnswer;

use crate::contract::{Event, Refused, StepStart};

/// One arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// Number in the tenant's journal; 0 where the journal had no room, which is heard and not kept.
    pub seq: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Bytes of its payload, for bounds.
    pub bytes: usize,
    /// What.
    pub entry: Entry,
}

/// What arrives.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// An event that the manifest subscribes to.
    Event(Event),
    /// A `module.input` of this module.
    Input(Journalled),
    /// An event that this module published itself is written.
    Published {
        /// Its topic.
        topic: String,
    },
}

/// The body of a `module.input` event (version 1). Calls stand for their steps, since a call has
/// at most one step under way and the number of a step is known only in the journal's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "kebab-case")]
pub enum Journalled {
    /// A route has come to a step; its number is given later.
    StepStarted {
        /// Which of the call's programs it is.
        #[serde(default)]
        program: u32,
        /// How it begins.
        #[serde(flatten)]
        start: StepStart,
    },
    /// The oldest operation under way is over.
    StepAnswered {
        /// The call.
        call: String,
        /// Which of its programs.
        #[serde(default)]
        program: u32,
        /// What came of it.
        answer: ScriptAnswer,
    },
    /// The step is over from outside.
    StepGone {
        /// The call.
        call: String,
        /// Which of its programs.
        #[serde(default)]
        program: u32,
    },
    /// A timer is due; heard only if it still stands at that time.
    Timer {
        /// Its name.
        name: String,
        /// When it was to ring, Unix milliseconds.
        due_ms: u64,
    },
    /// An operator's verb.
    Request {
        /// Names it in the answer.
        request: u64,
        /// The verb.
        verb: String,
        /// Its arguments, checked.
        arguments: Value,
        /// Who asks.
        by: String,
    },
    /// An http answer.
    HttpAnswered {
        /// The action's id.
        action: u64,
        /// Status, or why there is none.
        status: Result<u16, Refused>,
        /// The body.
        body: String,
    },
    /// An action was refused.
    Refused {
        /// The action's id.
        action: u64,
        /// Why.
        error: Refused,
    },
}

/// Topic of such an event.
pub const INPUT_TOPIC: &str = "module.input";

impl Journalled {
    /// The event's payload: `{"module":"NAME","body":{...}}`. None when it is no JSON.
    pub fn to_payload(&self, module: &str) -> Option<String> {
        let body = serde_json::to_string(self).ok()?;
        Some(format!("{}{body}}}", head(module)))
    }

    /// Reads a payload; none when it is another module's.
    pub fn of_payload(module: &str, payload: &str) -> Option<Journalled> {
        let body = payload.strip_prefix(&head(module))?.strip_suffix('}')?;
        serde_json::from_str(body).ok()
    }
}

/// Names of modules are `a-z 0-9 -`, so they need no escaping.
fn head(module: &str) -> String {
    format!("{{\"module\":\"{module}\",\"body\":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_survives_the_journal_and_is_only_its_own_modules() {
        let input = Journalled::Timer {
            name: "wrap-up/alice".into(),
            due_ms: 17,
        };
        let payload = input.to_payload("queue").unwrap();
        assert!(serde_json::from_str::<Value>(&payload).is_ok(), "{payload}");
        assert_eq!(Journalled::of_payload("queue", &payload), Some(input));
        assert_eq!(Journalled::of_payload("que", &payload), None);
        assert_eq!(Journalled::of_payload("crm", &payload), None);
    }
}
