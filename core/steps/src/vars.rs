//! The variables of a call, and how secrets among them stay unseen.
//!
//! At most `VARIABLES_MAX` variables of `VALUE_BYTES_MAX` bytes each; more is refused, and the
//! step that set it fails. A secret value is used like any other, but whatever shows it - a fact,
//! a step's detail, a script's arguments - shows `MASK` in its place. A text filled in from a
//! secret variable is itself secret.

use std::borrow::Cow;
use std::cell::Cell;

use cordboard_dialplan::template::is_variable_name;
use cordboard_dialplan::{LocalTime, Template, Values};
use serde_json::Value;

use crate::world::{CallInfo, World};

/// Most variables of a call; a new one beyond is refused.
pub const VARIABLES_MAX: usize = 64;
/// Longest value in bytes; a longer one is refused.
pub const VALUE_BYTES_MAX: usize = 4096;
/// Most secret values remembered; the oldest is forgotten (its variable stays secret).
pub const SECRETS_MAX: usize = 64;
/// What stands where a secret would.
pub const MASK: &str = "***";

/// The variables of one call.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    list: Vec<Variable>,
    secrets: Vec<Box<str>>,
}

#[derive(Clone, Debug)]
struct Variable {
    name: Box<str>,
    value: String,
    secret: bool,
}

/// Why a variable was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VarRefused {
    /// The name is no name.
    #[error("not a variable's name: a letter, then letters, digits, `_`, `-`, `.`, at most 64")]
    BadName,
    /// The call has `VARIABLES_MAX` variables.
    #[error("a call has at most {VARIABLES_MAX} variables")]
    TooMany,
    /// The value is longer than `VALUE_BYTES_MAX`.
    #[error("a variable's value has at most {VALUE_BYTES_MAX} bytes")]
    TooLong,
}

/// A template filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The text as it is used.
    pub text: String,
    /// True when a secret variable went into it.
    pub secret: bool,
}

impl Filled {
    /// The text as it may be shown.
    pub fn shown(&self) -> &str {
        if self.secret { MASK } else { &self.text }
    }
}

impl Vars {
    /// A variable's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.find(name).map(|v| v.value.as_str())
    }

    /// True when the variable holds a secret.
    pub fn is_secret(&self, name: &str) -> bool {
        self.find(name).is_some_and(|v| v.secret)
    }

    /// True when the variable is secret or a secret stands in its value.
    pub fn is_hidden(&self, name: &str) -> bool {
        let hidden = |v: &Variable| v.secret || self.holds_secret(&v.value);
        self.find(name).is_some_and(hidden)
    }

    /// All variables but hidden ones.
    pub fn visible(&self) -> std::collections::BTreeMap<String, String> {
        let shown = self
            .list
            .iter()
            .filter(|v| !(v.secret || self.holds_secret(&v.value)));
        shown
            .map(|v| (String::from(&*v.name), v.value.clone()))
            .collect()
    }

    /// Sets a variable. Once secret, a variable stays secret until it is set to a plain value.
    ///
    /// # Errors
    /// A bad name, too many variables, too long a value: nothing is changed.
    pub fn set(&mut self, name: &str, value: String, secret: bool) -> Result<(), VarRefused> {
        if !is_variable_name(name) {
            return Err(VarRefused::BadName);
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(VarRefused::TooLong);
        }
        let secret = secret || self.holds_secret(&value);
        if let Some(variable) = self.list.iter_mut().find(|v| *v.name == *name) {
            variable.value.clone_from(&value);
            variable.secret = secret;
        } else if self.list.len() >= VARIABLES_MAX {
            return Err(VarRefused::TooMany);
        } else {
            self.list.push(Variable {
                name: name.into(),
                value: value.clone(),
                secret,
            });
        }
        if secret {
            self.remember_secret(&value);
        }
        Ok(())
    }

    /// From now on this text is masked wherever it would be shown.
    pub fn remember_secret(&mut self, value: &str) {
        if value.is_empty() || self.secrets.iter().any(|s| **s == *value) {
            return;
        }
        if self.secrets.len() >= SECRETS_MAX {
            self.secrets.remove(0);
        }
        self.secrets.push(value.into());
    }

    /// True when a secret stands in the text.
    pub fn holds_secret(&self, text: &str) -> bool {
        self.secrets
            .iter()
            .any(|secret| find_secret(text, secret, 0).is_some())
    }

    /// The text as it may be shown.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.holds_secret(text) {
            return Cow::Borrowed(text);
        }
        let mut shown = text.to_owned();
        let mut secrets: Vec<&str> = self.secrets.iter().map(|s| &**s).collect();
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        for secret in secrets {
            let mut from = 0;
            while let Some(at) = find_secret(&shown, secret, from) {
                shown.replace_range(at..at + secret.len(), MASK);
                from = at + MASK.len();
            }
        }
        Cow::Owned(shown)
    }

    /// The same for structured values; keys are masked too.
    pub fn mask_json(&self, value: Value) -> Value {
        if self.secrets.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.mask(&text).into_owned()),
            Value::Number(n) => {
                let text = n.to_string();
                if self.holds_secret(&text) {
                    Value::String(MASK.into())
                } else {
                    Value::Number(n)
                }
            }
            Value::Array(list) => list.into_iter().map(|v| self.mask_json(v)).collect(),
            Value::Object(map) => {
                let masked = map.into_iter();
                masked
                    .map(|(k, v)| (self.mask(&k).into_owned(), self.mask_json(v)))
                    .collect()
            }
            other => other,
        }
    }

    fn find(&self, name: &str) -> Option<&Variable> {
        self.list.iter().find(|v| *v.name == *name)
    }
}

/// Where a secret stands at or after `from`. A short one counts only where it stands alone, since
/// `1` occurs in nearly every text.
fn find_secret(text: &str, secret: &str, from: usize) -> Option<usize> {
    let mut from = from;
    while let Some(found) = text.get(from..)?.find(secret) {
        let at = from + found;
        let alone = || {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + secret.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        };
        if secret.len() >= 3 || alone() {
            return Some(at);
        }
        from = at + secret.len();
    }
    None
}

/// What templates and conditions read: the call, its variables, the world.
pub struct Reader<'a> {
    /// The call.
    pub info: &'a CallInfo,
    /// The variables.
    pub vars: &'a Vars,
    /// Calendars, facts and the clock.
    pub world: &'a dyn World,
    /// Set when a secret variable was read.
    pub read_secret: Cell<bool>,
}

impl Values for Reader<'_> {
    fn caller_number(&self) -> &str {
        &self.info.caller
    }

    fn caller_name(&self) -> &str {
        self.info.caller_name.as_deref().unwrap_or("")
    }

    fn dialled(&self) -> &str {
        &self.info.dialled
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let variable = self.vars.find(name)?;
        if variable.secret {
            self.read_secret.set(true);
        }
        Some(&variable.value)
    }

    fn is_open(&self, calendar: &str) -> bool {
        let calendar = self.world.dialplan().calendars.get(calendar);
        calendar.is_some_and(|c| c.is_open(self.world.unix_ms()))
    }

    fn fact(&self, topic: &str, key: &str) -> Option<Value> {
        self.world.fact(topic, key)
    }

    fn local_time(&self) -> LocalTime {
        LocalTime::at(&self.world.dialplan().tenant.zone, self.world.unix_ms())
    }
}

impl Reader<'_> {
    /// Fills a template in, and says whether a secret went into it.
    pub fn fill(&self, template: &Template) -> Filled {
        if let Some(text) = template.as_plain() {
            return Filled {
                text: text.to_owned(),
                secret: false,
            };
        }
        self.read_secret.set(false);
        let text = template.fill(self);
        let secret = self.read_secret.get() || self.vars.holds_secret(&text);
        Filled { text, secret }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret(value: &str) -> Vars {
        let mut vars = Vars::default();
        vars.set("pin", value.into(), true).unwrap();
        vars
    }

    #[test]
    fn long_secrets_are_masked_wherever_they_stand() {
        let vars = secret("4711");
        assert_eq!(vars.mask("x4711y 4711"), "x***y ***");
        assert_eq!(vars.mask("471"), "471");
    }

    #[test]
    fn short_secrets_are_masked_where_they_stand_alone() {
        let vars = secret("1");
        assert_eq!(vars.mask("1 of 10, n=1"), "*** of 10, n=***");
    }

    #[test]
    fn structured_values_are_masked_in_keys_numbers_and_texts() {
        let vars = secret("4711");
        let told = vars.mask_json(json!({ "a4711": [4711, "is 4711", 12, null, true] }));
        assert_eq!(told, json!({ "a***": ["***", "is ***", 12, null, true] }));
    }

    #[test]
    fn a_value_that_holds_a_secret_is_secret_and_a_plain_one_frees_the_name() {
        let mut vars = secret("4711");
        vars.set("copy", "pin 4711".into(), false).unwrap();
        assert!(vars.is_secret("copy"));
        vars.set("copy", "nothing".into(), false).unwrap();
        assert!(!vars.is_secret("copy"));
    }

    #[test]
    fn bounds_refuse_and_change_nothing() {
        let mut vars = Vars::default();
        assert_eq!(
            vars.set("1x", String::new(), false),
            Err(VarRefused::BadName)
        );
        let long = "x".repeat(VALUE_BYTES_MAX + 1);
        assert_eq!(vars.set("x", long, true), Err(VarRefused::TooLong));
        assert_eq!(vars.value("x"), None);
        for n in 0..VARIABLES_MAX {
            vars.set(&format!("v{n}"), "1".into(), false).unwrap();
        }
        assert_eq!(vars.set("more", "1".into(), true), Err(VarRefused::TooMany));
        assert_eq!(vars.set("v0", "2".into(), false), Ok(()));
    }

    #[test]
    fn secrets_that_are_masks_themselves_end_the_search() {
        let vars = secret("***");
        assert_eq!(vars.mask("*** and ****"), "*** and ****");
    }
}
