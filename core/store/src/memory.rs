//! A store in memory: for tests and simulation, and for `memory:` nodes that keep nothing.
//!
//! Clones share one store. It can be told to stand still, as a database does. Its journal's
//! growth is bounded only by the run that uses it; nothing else is unbounded.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::bindings::{Binding, BindingStore};
use crate::error::{StoreError, Task};
use crate::generations::{GENERATIONS_KEPT, Generation, GenerationStore};
use crate::journal::{Batch, CallRow, CdrRow};
use crate::kv::{KvLimits, KvPlace, KvStore, KvWrite, NUMBER_MAX, number_of};
use crate::secrets::{Ha1, Secret, SecretStore};
use crate::snapshots::StoredSnapshot;
use crate::tenants::UsageRow;

mod journal;
mod snapshots;
mod tenants;

type Names<const N: usize> = [String; N];

#[derive(Default)]
struct Inner {
    faults: StoreFaults,
    limits: KvLimits,
    ha1: BTreeMap<Names<2>, Ha1>,
    secrets: BTreeMap<Names<2>, Secret>,
    node_secrets: BTreeMap<String, Secret>,
    bindings: BTreeMap<Names<3>, Binding>,
    values: BTreeMap<Names<3>, Value>,
    generations: BTreeMap<(String, u64), (Generation, Vec<u8>)>,
    snapshots: BTreeMap<Names<2>, StoredSnapshot>,
    journal: Rows,
    /// What a power loss leaves, where commits are not durable at once.
    durable: Option<Rows>,
}

/// The journal and its projections.
#[derive(Clone, Default)]
struct Rows {
    last_seqs: BTreeMap<String, u64>,
    batches: BTreeMap<(String, u64), Batch>,
    calls: HashMap<Names<2>, CallRow>,
    cdrs: BTreeMap<(String, u64), CdrRow>,
    usage: BTreeMap<(String, u64), UsageRow>,
}

/// What goes wrong from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFaults {
    /// Every request fails, as on a database that stands still.
    pub still: bool,
    /// Commits are written, but their answer is lost.
    pub answers_lost: bool,
    /// Commits with calls or CDRs are refused.
    pub projections_refused: bool,
}

struct Value {
    bytes: Vec<u8>,
    ends_ms: Option<u64>,
}

impl Value {
    fn lives(&self, now_ms: u64) -> bool {
        self.ends_ms.is_none_or(|ends| ends > now_ms)
    }
}

/// Everything a node keeps, in memory.
#[derive(Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

fn names<const N: usize>(names: [&str; N]) -> Names<N> {
    names.map(str::to_owned)
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store with other bounds on values.
    pub fn with_limits(limits: KvLimits) -> Self {
        let store = Self::default();
        store.lock().limits = limits;
        store
    }

    /// An empty store whose commits survive a power loss only once they were made durable, as
    /// with SQLite's write-ahead log. Each making durable copies all rows: for short stories.
    pub fn forgetful() -> Self {
        let store = Self::default();
        store.lock().durable = Some(Rows::default());
        store
    }

    /// Power loss: a forgetful store goes back to what was made durable.
    pub fn lose_power(&self) {
        let mut inner = self.lock();
        if let Some(durable) = inner.durable.clone() {
            inner.journal = durable;
        }
    }

    /// Chooses what goes wrong from now on.
    pub fn set_faults(&self, faults: StoreFaults) {
        self.lock().faults = faults;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work at once and boxes its outcome.
    fn now<'a, T: Send + 'a>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, StoreError>,
    ) -> Task<'a, T> {
        let mut inner = self.lock();
        let outcome = if inner.faults.still {
            Err(StoreError::Unavailable(
                "it was told to stand still".to_owned(),
            ))
        } else {
            work(&mut inner)
        };
        Box::pin(std::future::ready(outcome))
    }
}

impl SecretStore for MemoryStore {
    fn ha1<'a>(&'a self, tenant: &'a str, user: &'a str) -> Task<'a, Option<Ha1>> {
        self.now(|i| Ok(i.ha1.get(&names([tenant, user])).cloned()))
    }

    fn all_ha1<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<(String, Ha1)>> {
        self.now(|i| {
            let own = i.ha1.iter().filter(|([t, _], _)| t == tenant);
            Ok(own
                .map(|([_, user], ha1)| (user.clone(), ha1.clone()))
                .collect())
        })
    }

    fn put_ha1<'a>(&'a self, tenant: &'a str, user: &'a str, ha1: Ha1) -> Task<'a, ()> {
        self.now(|i| {
            i.ha1.insert(names([tenant, user]), ha1);
            Ok(())
        })
    }

    fn delete_ha1<'a>(&'a self, tenant: &'a str, user: &'a str) -> Task<'a, bool> {
        self.now(|i| Ok(i.ha1.remove(&names([tenant, user])).is_some()))
    }

    fn secret<'a>(&'a self, tenant: &'a str, name: &'a str) -> Task<'a, Option<Secret>> {
        self.now(|i| Ok(i.secrets.get(&names([tenant, name])).cloned()))
    }

    fn secret_names<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<String>> {
        self.now(|i| {
            let own = i.secrets.keys().filter(|[t, _]| t == tenant);
            Ok(own.map(|[_, name]| name.clone()).collect())
        })
    }

    fn put_secret<'a>(&'a self, tenant: &'a str, name: &'a str, value: Secret) -> Task<'a, ()> {
        self.now(|i| {
            i.secrets.insert(names([tenant, name]), value);
            Ok(())
        })
    }

    fn delete_secret<'a>(&'a self, tenant: &'a str, name: &'a str) -> Task<'a, bool> {
        self.now(|i| Ok(i.secrets.remove(&names([tenant, name])).is_some()))
    }

    fn node_secret<'a>(&'a self, name: &'a str) -> Task<'a, Option<Secret>> {
        self.now(|i| Ok(i.node_secrets.get(name).cloned()))
    }

    fn put_node_secret<'a>(&'a self, name: &'a str, value: Secret) -> Task<'a, ()> {
        self.now(|i| {
            i.node_secrets.insert(name.to_owned(), value);
            Ok(())
        })
    }
}

impl BindingStore for MemoryStore {
    fn put_bindings<'a>(&'a self, bindings: &'a [Binding]) -> Task<'a, ()> {
        self.now(|i| {
            for b in bindings {
                let key = names([&b.tenant, &b.user, &b.contact]);
                i.bindings.insert(key, b.clone());
            }
            Ok(())
        })
    }

    fn delete_binding<'a>(
        &'a self,
        tenant: &'a str,
        user: &'a str,
        contact: &'a str,
    ) -> Task<'a, bool> {
        self.now(|i| Ok(i.bindings.remove(&names([tenant, user, contact])).is_some()))
    }

    fn load_bindings(&self, now_ms: u64) -> Task<'_, Vec<Binding>> {
        self.now(|i| {
            i.bindings
                .retain(|_, binding| binding.expires_at_ms > now_ms);
            Ok(i.bindings.values().cloned().collect())
        })
    }
}

impl Inner {
    /// Refuses a value for which its owner has no room (the old value of the key counts not).
    fn room(&self, place: KvPlace<'_>, bytes: usize, now_ms: u64) -> Result<(), StoreError> {
        let others = self.values.iter().filter(|([t, o, k], value)| {
            t == place.tenant && o == place.owner && k != place.key && value.lives(now_ms)
        });
        let (mut count, mut sum) = (1, (place.key.len() + bytes) as u64);
        for ([_, _, key], value) in others {
            count += 1;
            sum += (key.len() + value.bytes.len()) as u64;
        }
        if count > self.limits.owner_values_max || sum > self.limits.owner_bytes_max {
            return Err(self.limits.full());
        }
        Ok(())
    }
}

impl KvStore for MemoryStore {
    fn kv_get<'a>(&'a self, place: KvPlace<'a>, now_ms: u64) -> Task<'a, Option<Vec<u8>>> {
        self.now(|i| {
            let found = i.values.get(&names([place.tenant, place.owner, place.key]));
            Ok(found
                .filter(|value| value.lives(now_ms))
                .map(|value| value.bytes.clone()))
        })
    }

    fn kv_set<'a>(&'a self, place: KvPlace<'a>, value: &'a [u8], when: KvWrite) -> Task<'a, ()> {
        self.now(|i| {
            i.limits.check(place, value.len())?;
            i.room(place, value.len(), when.now_ms)?;
            let value = Value {
                bytes: value.to_vec(),
                ends_ms: when.ends_ms(),
            };
            i.values
                .insert(names([place.tenant, place.owner, place.key]), value);
            Ok(())
        })
    }

    fn kv_incr<'a>(&'a self, place: KvPlace<'a>, delta: i64, when: KvWrite) -> Task<'a, i64> {
        self.now(|i| {
            i.limits.check(place, 0)?;
            let key = names([place.tenant, place.owner, place.key]);
            let old = i.values.get(&key).filter(|value| value.lives(when.now_ms));
            let (number, ends_ms) = match old {
                Some(value) => (
                    number_of(&value.bytes).ok_or(StoreError::NotANumber)?,
                    value.ends_ms,
                ),
                None => (0, when.ends_ms()),
            };
            let sum = number
                .checked_add(delta)
                .filter(|sum| sum.abs() <= NUMBER_MAX);
            let sum = sum.ok_or(StoreError::NotANumber)?;
            let bytes = sum.to_string().into_bytes();
            i.room(place, bytes.len(), when.now_ms)?;
            i.values.insert(key, Value { bytes, ends_ms });
            Ok(sum)
        })
    }

    fn kv_delete<'a>(&'a self, place: KvPlace<'a>) -> Task<'a, bool> {
        self.now(|i| {
            Ok(i.values
                .remove(&names([place.tenant, place.owner, place.key]))
                .is_some())
        })
    }

    fn kv_purge(&self, now_ms: u64) -> Task<'_, u64> {
        self.now(|i| {
            let before = i.values.len();
            i.values.retain(|_, value| value.lives(now_ms));
            Ok((before - i.values.len()) as u64)
        })
    }
}

impl GenerationStore for MemoryStore {
    fn put_generation<'a>(&'a self, generation: &'a Generation, files: &'a [u8]) -> Task<'a, ()> {
        self.now(|i| {
            let tenant = &generation.tenant;
            let key = (tenant.clone(), generation.number);
            i.generations
                .insert(key, (generation.clone(), files.to_vec()));
            let own = (tenant.clone(), 0)..=(tenant.clone(), u64::MAX);
            let numbers: Vec<u64> = i
                .generations
                .range(own)
                .rev()
                .map(|((_, n), _)| *n)
                .collect();
            for number in numbers.into_iter().skip(GENERATIONS_KEPT as usize) {
                i.generations.remove(&(tenant.clone(), number));
            }
            Ok(())
        })
    }

    fn generations<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<Generation>> {
        self.now(|i| {
            let own = (tenant.to_owned(), 0)..=(tenant.to_owned(), u64::MAX);
            Ok(i.generations
                .range(own)
                .rev()
                .map(|(_, (g, _))| g.clone())
                .collect())
        })
    }

    fn generation<'a>(
        &'a self,
        tenant: &'a str,
        number: u64,
    ) -> Task<'a, Option<(Generation, Vec<u8>)>> {
        self.now(|i| Ok(i.generations.get(&(tenant.to_owned(), number)).cloned()))
    }
}
