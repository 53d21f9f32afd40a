//! Retained facts: the latest value under (tenant, topic, key), for those who come later.
//!
//! `line.stats/sales` is such a fact: topic `line.stats`, key `sales`. They live in memory
//! only; whoever owns a fact publishes it again after a restart. Bounded by number and by bytes
//! a tenant: at the bound a new fact is refused, an old one may still be replaced or removed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::envelope::Envelope;
use crate::topic::begins;

/// Bounds on what a tenant may retain. At a bound, the fact is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetainedLimits {
    /// Facts a tenant.
    pub facts_max: usize,
    /// Bytes of topics, keys and payloads a tenant.
    pub bytes_max: usize,
}

impl Default for RetainedLimits {
    fn default() -> Self {
        Self {
            facts_max: 10_000,
            bytes_max: 16 << 20,
        }
    }
}

/// Why a fact was not retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unretained {
    /// The tenant has as many facts as it may.
    #[error("the tenant retains as many facts as it may ({0})")]
    TooMany(usize),
    /// The tenant's facts fill their bytes.
    #[error("the tenant's retained facts may take {0} bytes in all")]
    TooLarge(usize),
}

/// One retained fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetainedFact {
    /// What it is about within its topic: a name, or empty.
    pub key: String,
    /// The envelope that set it.
    pub envelope: Arc<Envelope>,
}

#[derive(Debug, Default)]
struct TenantFacts {
    facts: BTreeMap<(String, String), Arc<Envelope>>,
    bytes: usize,
}

/// All retained facts of one bus.
#[derive(Debug, Default)]
pub(crate) struct Retained {
    pub(crate) limits: RetainedLimits,
    tenants: HashMap<Arc<str>, TenantFacts>,
}

fn cost(topic: &str, key: &str, envelope: &Envelope) -> usize {
    topic.len() + key.len() + envelope.payload.len()
}

impl Retained {
    pub(crate) fn put(&mut self, key: &str, envelope: Arc<Envelope>) -> Result<(), Unretained> {
        let limits = self.limits;
        let topic = envelope.topic.as_str().to_owned();
        let of = self.tenants.entry(envelope.tenant.clone()).or_default();
        let new = cost(&topic, key, &envelope);
        let place = (topic, key.to_owned());
        let old = of.facts.get(&place).map(|e| cost(&place.0, key, e));
        if old.is_none() && of.facts.len() >= limits.facts_max {
            return Err(Unretained::TooMany(limits.facts_max));
        }
        let bytes = of.bytes - old.unwrap_or(0) + new;
        if bytes > limits.bytes_max {
            return Err(Unretained::TooLarge(limits.bytes_max));
        }
        of.bytes = bytes;
        of.facts.insert(place, envelope);
        Ok(())
    }

    pub(crate) fn remove(&mut self, tenant: &str, topic: &str, key: &str) -> bool {
        let Some(of) = self.tenants.get_mut(tenant) else {
            return false;
        };
        let Some(old) = of.facts.remove(&(topic.to_owned(), key.to_owned())) else {
            return false;
        };
        of.bytes -= cost(topic, key, &old);
        true
    }

    pub(crate) fn find(&self, tenant: &str, topic: &str, key: &str) -> Option<Arc<Envelope>> {
        let of = self.tenants.get(tenant)?;
        of.facts.get(&(topic.to_owned(), key.to_owned())).cloned()
    }

    /// Facts of a tenant whose topic begins with `prefix`, by topic and key.
    pub(crate) fn list(&self, tenant: &str, prefix: &str) -> Vec<RetainedFact> {
        let Some(of) = self.tenants.get(tenant) else {
            return Vec::new();
        };
        of.facts
            .iter()
            .filter(|((topic, _), _)| begins(topic, prefix))
            .map(|((_, key), envelope)| RetainedFact {
                key: key.clone(),
                envelope: envelope.clone(),
            })
            .collect()
    }

    pub(crate) fn tenants(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.tenants.keys().cloned().collect();
        names.sort();
        names
    }
}
