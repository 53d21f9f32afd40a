//! The world outside a simulated call: canned http answers and a store in memory.

use std::collections::BTreeMap;

use crate::script::{OutsideRequest, ScriptAnswer, ScriptCallError};

/// Most keys of the store; a new one beyond is refused.
const KEYS_MAX: usize = 10_000;

/// Canned http answers, and a store that is empty at first.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// URL prefix to status and body; the longest prefix that fits wins.
    pub http: Vec<(String, u16, String)>,
    store: BTreeMap<String, String>,
}

impl Outside {
    /// One with these http answers.
    pub fn new(http: Vec<(String, u16, String)>) -> Outside {
        Outside {
            http,
            store: BTreeMap::new(),
        }
    }

    /// What comes of a request.
    pub fn answer(&mut self, request: OutsideRequest) -> ScriptAnswer {
        match request {
            OutsideRequest::Http { url, .. } => self.http(&url),
            OutsideRequest::StoreGet { key } => ScriptAnswer::Text {
                value: self.store.get(&key).cloned(),
            },
            OutsideRequest::StoreSet { key, value, .. } => self.keep(key, value),
            OutsideRequest::StoreDelete { key } => {
                self.store.remove(&key);
                ScriptAnswer::Done
            }
            OutsideRequest::StoreIncr { key, by } => self.add(key, by),
        }
    }

    fn http(&self, url: &str) -> ScriptAnswer {
        let fits = self
            .http
            .iter()
            .filter(|(prefix, _, _)| url.starts_with(prefix.as_str()));
        match fits.max_by_key(|(prefix, _, _)| prefix.len()) {
            Some((_, status, body)) => ScriptAnswer::Http {
                status: *status,
                headers: Vec::new(),
                body: body.clone(),
            },
            None => error(
                ScriptCallError::Unavailable,
                format!("no canned answer for {url}"),
            ),
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
