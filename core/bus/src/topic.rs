//! Topics and filters: what an event is called, and which events a reader wants.
//!
//! A topic is dotted words, with an optional key after a slash: `line.stats/sales`. A filter's
//! prefix ends at a word: `call` takes `call.started`, but not `callback.asked`.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::envelope::Envelope;

/// The name of an event. The core's own topics are static text; a module's are shared text.
#[derive(Clone)]
pub enum Topic {
    /// A topic known at compile time.
    Static(&'static str),
    /// A topic that a module's manifest brought.
    Shared(Arc<str>),
}

impl Topic {
    /// The topic as text.
    pub fn as_str(&self) -> &str {
        match self {
            Topic::Static(text) => text,
            Topic::Shared(text) => text,
        }
    }
}

impl From<&'static str> for Topic {
    fn from(text: &'static str) -> Self {
        Topic::Static(text)
    }
}

impl From<Arc<str>> for Topic {
    fn from(text: Arc<str>) -> Self {
        Topic::Shared(text)
    }
}

impl From<String> for Topic {
    fn from(text: String) -> Self {
        Topic::Shared(text.into())
    }
}

impl PartialEq for Topic {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Topic {}

impl PartialEq<&str> for Topic {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Borrow<str> for Topic {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl std::hash::Hash for Topic {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which events a subscription wants. The default takes everything of every tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this tenant's events; `None` is every tenant (the node's own readers).
    pub tenant: Option<Arc<str>>,
    /// Any of these prefixes; none at all means every topic.
    pub topics: Vec<String>,
    /// Only this call's events.
    pub call: Option<String>,
}

impl Filter {
    /// Everything of every tenant.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Everything of one tenant.
    pub fn tenant(tenant: impl Into<Arc<str>>) -> Self {
        Self {
            tenant: Some(tenant.into()),
            ..Self::default()
        }
    }

    /// Adds a topic prefix: whole words, `call` or `leg.digit-pressed`.
    pub fn topic(mut self, prefix: &str) -> Self {
        self.topics.push(prefix.to_owned());
        self
    }

    /// Keeps only one call's events.
    pub fn call(mut self, call: &str) -> Self {
        self.call = Some(call.to_owned());
        self
    }

    /// True when the filter takes an event of this tenant and topic (whatever its call).
    pub fn takes(&self, tenant: &str, topic: &str) -> bool {
        self.tenant.as_deref().is_none_or(|own| own == tenant)
            && (self.topics.is_empty() || self.topics.iter().any(|p| begins(topic, p)))
    }

    /// True when the filter takes this envelope.
    pub fn matches(&self, envelope: &Envelope) -> bool {
        self.takes(&envelope.tenant, envelope.topic.as_str())
            && (self.call.is_none() || self.call == envelope.call)
    }
}

/// True when `prefix` is the beginning of `topic` up to the end of a word.
pub(crate) fn begins(topic: &str, prefix: &str) -> bool {
    match topic.strip_prefix(prefix) {
        None => false,
        Some("") => true,
        Some(rest) => {
            prefix.is_empty() || prefix.ends_with(['.', '/']) || rest.starts_with(['.', '/'])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_word() {
        assert!(begins("call.started", "call"));
        assert!(begins("call.started", "call."));
        assert!(begins("call.started", "call.started"));
        assert!(begins("line.stats/sales", "line.stats"));
        assert!(begins("anything", ""));
        assert!(!begins("callback.asked", "call"));
        assert!(!begins("call", "call.started"));
    }

    #[test]
    fn a_filter_keeps_tenants_apart() {
        let filter = Filter::tenant("demo").topic("call").topic("leg");
        assert!(filter.takes("demo", "leg.ended"));
        assert!(!filter.takes("acme", "leg.ended"));
        assert!(!filter.takes("demo", "cdr.written"));
    }
}
