//! The world outside a simulated call: canned http answers, canned steps of modules, retained facts
//! and a store in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cordboard_dialplan::route::{CannedStep, Test};
use serde_json::Value;

use super::Retained;
use super::canned::Canned;
use crate::script::{OutsideRequest, Program, ScriptAnswer, ScriptCallError, ScriptTurn};

/// Most keys of the store, and most facts; a new one beyond is refused.
const KEYS_MAX: usize = 10_000;

/// Between two calls of a test.
const BETWEEN_CALLS_MS: u64 = 1_000;

/// Retained facts by topic and key.
pub(super) type Facts = BTreeMap<(String, String), Value>;

/// The `http` line of a test that answers a request. A line is the beginning of a URL, or a method
/// and that (`POST https://crm.example.com/`); of those that fit the longest beginning wins, and of
/// two alike the one with a method.
///
/// # Errors
/// None fits; one sentence with the cure.
pub fn canned_http<'l>(
    lines: &'l [(String, u16, String)],
    method: &str,
    url: &str,
) -> Result<(u16, &'l str), String> {
    let fits = lines.iter().filter_map(|(line, status, body)| {
        let (wanted, prefix) = match line.split_once(' ') {
            Some((wanted, prefix)) => (Some(wanted), prefix.trim_start()),
            None => (None, line.as_str()),
        };
        let fits = url.starts_with(prefix) && wanted.is_none_or(|w| w.eq_ignore_ascii_case(method));
        fits.then_some(((prefix.len(), wanted.is_some()), *status, body.as_str()))
    });
    match fits.max_by_key(|(rank, _, _)| *rank) {
        Some((_, status, body)) => Ok((status, body)),
        None => Err(format!(
            "no canned answer: write `http \"{method} {url}\" status=200 body=\"...\"` in the test"
        )),
    }
}

/// Canned answers, and a store that is empty at first.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// URL prefix to status and body, as [`canned_http`] takes them.
    pub http: Vec<(String, u16, String)>,
    canned: Canned,
    facts: Arc<Facts>,
    /// When the last call was over, Unix milliseconds.
    over_ms: Option<u64>,
    store: BTreeMap<String, String>,
}

impl Outside {
    /// One with these http answers.
    pub fn new(http: Vec<(String, u16, String)>) -> Outside {
        Outside {
            http,
            ..Outside::default()
        }
    }

    /// Everything that a test cans.
    pub fn of_test(test: &Test) -> Outside {
        let facts = test.facts.iter().cloned();
        Outside {
            canned: Canned::new(&test.steps),
            facts: Arc::new(
                facts
                    .map(|(topic, key, value)| ((topic, key), value))
                    .collect(),
            ),
            ..Outside::new(test.http.clone())
        }
    }

    /// One with these canned steps too.
    #[must_use]
    pub fn with_steps(mut self, steps: &[CannedStep]) -> Outside {
        self.canned = Canned::new(steps);
        self
    }

    /// When a call begins that says no time and is not the first, Unix milliseconds.
    pub(super) fn next_call_ms(&self) -> Option<u64> {
        self.over_ms.map(|ms| ms.saturating_add(BETWEEN_CALLS_MS))
    }

    /// A call is over.
    pub(super) fn call_over(&mut self, unix_ms: u64) {
        self.over_ms = Some(unix_ms);
    }

    /// The turns of a module's step that is canned.
    pub(super) fn canned(&mut self, program: &Program) -> Option<VecDeque<ScriptTurn>> {
        self.canned.start(program)
    }

    /// Keeps or forgets a fact.
    pub(super) fn retain(&mut self, (topic, key, value): Retained) {
        let facts = Arc::make_mut(&mut self.facts);
        let at = (topic, key);
        match value {
            Some(value) if facts.len() < KEYS_MAX || facts.contains_key(&at) => {
                facts.insert(at, value);
            }
            Some(_) => {}
            None => {
                facts.remove(&at);
            }
        }
    }

    /// The facts, as conditions find them.
    pub(super) fn facts(&self) -> Arc<Facts> {
        self.facts.clone()
    }

    /// What comes of a request.
    pub fn answer(&mut self, request: OutsideRequest) -> ScriptAnswer {
        match request {
            OutsideRequest::Http { method, url, .. } => self.http(&method, &url),
            OutsideRequest::StoreGet { key } => ScriptAnswer::Text {
                value: self.store.get(&key).cloned(),
            },
            OutsideRequest::StoreSet { key, value, .. } => self.keep(key, value),
            OutsideRequest::StoreDelete { key } => {
                self.store.remove(&key);
                ScriptAnswer::Done
            }
            OutsideRequest::StoreIncr { key, by } => self.add(key, by),
            // Nobody listens in a simulated call; the call's events show what was told.
            OutsideRequest::Publish { .. } => ScriptAnswer::Done,
            OutsideRequest::Retain {
                topic,
                key,
                payload,
            } => {
                self.retain((topic, key, payload));
                ScriptAnswer::Done
            }
        }
    }

    fn http(&self, method: &str, url: &str) -> ScriptAnswer {
        match canned_http(&self.http, method, url) {
            Ok((status, body)) => ScriptAnswer::Http {
                status,
                headers: Vec::new(),
                body: body.to_owned(),
            },
            Err(why) => error(ScriptCallError::Unavailable, why),
        }
    }

    fn keep(&mut self, key: String, value: String) -> ScriptAnswer {
        if self.store.len() >= KEYS_MAX && !self.store.contains_key(&key) {
            return error(ScriptCallError::Busy, format!("at most {KEYS_MAX} keys"));
        }
        self.store.insert(key, value);
        ScriptAnswer::Done
    }

    fn add(&mut self, key: String, by: i64) -> ScriptAnswer {
        let before = self
            .store
            .get(&key)
            .map_or(Ok(0), |text| text.parse::<i64>());
        let Ok(before) = before else {
            return error(ScriptCallError::Invalid, format!("`{key}` is no number"));
        };
        let value = before.saturating_add(by);
        match self.keep(key, value.to_string()) {
            ScriptAnswer::Done => ScriptAnswer::Number { value },
            refused => refused,
        }
    }
}

fn error(kind: ScriptCallError, message: String) -> ScriptAnswer {
    ScriptAnswer::Error { kind, message }
}
