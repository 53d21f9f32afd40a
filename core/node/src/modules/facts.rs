//! Retained facts of connectors and call scripts: on the bus at once, in the store before the guest
//! goes on, on the bus again after a restart. A service's facts are part of its snapshot instead.
//!
//! One value in the store holds all facts of one module, so that they come back together; facts
//! that are retained while it is being written go with the next write. Bounds: those of services,
//! 2,000 facts and 2 MiB a module; one more is refused.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cordboard_host::capability::TopicUse;
use cordboard_host::contract::{Refused, World};
use cordboard_host::module::Module;
use cordboard_host::service::{RETAINED_BYTES_MAX, RETAINED_MAX};
use cordboard_steps::ScriptCallError;
use cordboard_store::StoredSnapshot;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::hub::{Hub, STORE_PATIENCE};
use crate::clock::unix_ms;

type ByTopic = BTreeMap<String, BTreeMap<String, Value>>;

/// The facts of all modules that are no services.
#[derive(Default)]
pub(crate) struct Facts {
    open: Mutex<HashMap<(String, String), Arc<Ledger>>>,
}

/// The facts of one module.
#[derive(Default)]
struct Ledger {
    read: OnceCell<()>,
    now: Mutex<Now>,
    /// Which change the store has; held while it is told of more.
    written: tokio::sync::Mutex<u64>,
}

#[derive(Default)]
struct Now {
    facts: ByTopic,
    count: usize,
    bytes: usize,
    /// Counts changes.
    change: u64,
}

impl Now {
    /// Keeps or forgets a fact; gives the number of this change.
    fn put(&mut self, topic: &str, key: &str, payload: Option<&Value>) -> Result<u64, String> {
        let cost = |value: &Value| topic.len() + key.len() + value.to_string().len();
        let old = self.facts.get(topic).and_then(|keys| keys.get(key));
        let (freed, fewer) = old.map_or((0, 0), |old| (cost(old), 1));
        let (added, more) = payload.map_or((0, 0), |new| (cost(new), 1));
        let bytes = self.bytes.saturating_sub(freed) + added;
        let count = self.count.saturating_sub(fewer) + more;
        if count > RETAINED_MAX.max(self.count) || bytes > RETAINED_BYTES_MAX.max(self.bytes) {
            return Err(format!(
                "a module may retain {RETAINED_MAX} facts of {RETAINED_BYTES_MAX} bytes in all"
            ));
        }
        (self.count, self.bytes) = (count, bytes);
        self.change += 1;
        let keys = self.facts.entry(topic.to_owned()).or_default();
        match payload {
            Some(payload) => drop(keys.insert(key.to_owned(), payload.clone())),
            None => drop(keys.remove(key)),
        }
        Ok(self.change)
    }
}

impl Ledger {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Facts {
    fn of(&self, module: &Module) -> Arc<Ledger> {
        let key = (module.tenant.as_str().to_owned(), module.name.clone());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(open.entry(key).or_default())
    }

    /// A tenant is no more.
    pub(crate) fn forget(&self, tenant: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(of, _), _| of != tenant);
    }

    fn is_read(&self, module: &Module) -> bool {
        self.of(module).read.initialized()
    }
}

fn owner(module: &Module) -> String {
    format!("facts:{}", module.name)
}

fn down() -> Refused {
    Refused {
        kind: ScriptCallError::Unavailable,
        message: "the store stands still".to_owned(),
    }
}

impl Hub {
    /// Retains a fact of a module that is no service, or forgets it.
    pub(crate) async fn keep_fact(
        &self,
        module: &Module,
        (topic, key): (&str, &str),
        payload: Option<&Value>,
    ) -> Result<(), Refused> {
        let ledger = self.facts.of(module);
        self.read_facts(module, &ledger).await?;
        let change = ledger.now().put(topic, key, payload);
        let change = change.map_err(|message| Refused {
            kind: ScriptCallError::Invalid,
            message: format!("module `{}`: {message}", module.name),
        })?;
        self.retain(&module.tenant, (topic, key), payload);
        let mut written = ledger.written.lock().await;
        if *written >= change {
            return Ok(());
        }
        let (snapshot, change) = {
            let now = ledger.now();
            let snapshot = StoredSnapshot {
                seq: now.change,
                at_ms: unix_ms(),
                bytes: serde_json::to_vec(&now.facts).unwrap_or_default(),
            };
            (snapshot, now.change)
        };
        let (tenant, owner) = (module.tenant.as_str(), owner(module));
        let put = self.store.put_snapshot(tenant, &owner, &snapshot);
        match tokio::time::timeout(STORE_PATIENCE, put).await {
            Ok(Ok(())) => *written = change,
            // It is on the bus; only a restart before the next write would forget it.
            Ok(Err(error)) => {
                tracing::warn!(tenant, module = module.name, %error, "its facts are not kept");
            }
            Err(_) => tracing::warn!(tenant, module = module.name, "its facts are not kept yet"),
        }
        Ok(())
    }

    /// After a restart: what modules of these retained is on the bus again.
    pub(crate) fn recall_facts(self: &Arc<Self>, modules: impl Iterator<Item = Arc<Module>>) {
        for module in modules {
            let by_snapshot = matches!(module.manifest.world, World::Service | World::Reporter);
            let retains = !module.manifest.topics.retain.is_empty();
            if by_snapshot || !retains || self.facts.is_read(&module) {
                continue;
            }
            let hub = Arc::clone(self);
            self.runtime.spawn(async move {
                let ledger = hub.facts.of(&module);
                if hub.read_facts(&module, &ledger).await.is_err() {
                    tracing::warn!(
                        tenant = module.tenant.as_str(),
                        module = module.name,
                        "what it retained before the restart cannot be read yet"
                    );
                }
            });
        }
    }

    /// Reads what the store has, once.
    async fn read_facts(&self, module: &Module, ledger: &Ledger) -> Result<(), Refused> {
        let read = || async {
            let (tenant, owner) = (module.tenant.as_str(), owner(module));
            let found = self.store.snapshot(tenant, &owner);
            let found = tokio::time::timeout(STORE_PATIENCE, found).await;
            let stored = found.map_err(|_| down())?.map_err(|_| down())?;
            let facts = stored.and_then(|s| serde_json::from_slice::<ByTopic>(&s.bytes).ok());
            for (topic, keys) in facts.unwrap_or_default() {
                // What it may no longer say is not said again.
                if module
                    .effective
                    .check_topic(&topic, TopicUse::Retain)
                    .is_err()
                {
                    continue;
                }
                for (key, payload) in keys {
                    if ledger.now().put(&topic, &key, Some(&payload)).is_ok() {
                        self.retain(&module.tenant, (&topic, &key), Some(&payload));
                    }
                }
            }
            let change = ledger.now().change;
            *ledger.written.lock().await = change;
            Ok(())
        };
        ledger.read.get_or_try_init(read).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn facts_have_a_bound_and_a_known_one_may_always_change_or_go() {
        let mut now = Now::default();
        for n in 0..RETAINED_MAX {
            now.put("crm.known", &n.to_string(), Some(&json!(1)))
                .unwrap();
        }
        assert!(now.put("crm.known", "more", Some(&json!(1))).is_err());
        now.put("crm.known", "7", Some(&json!(2))).unwrap();
        now.put("crm.known", "8", None).unwrap();
        now.put("crm.known", "more", Some(&json!(1))).unwrap();
        let large = json!("x".repeat(RETAINED_BYTES_MAX));
        assert!(now.put("crm.known", "9", Some(&large)).is_err());
    }
}
