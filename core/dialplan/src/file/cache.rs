//! What earlier loads read, by path and hash: a cache for each tenant, and beneath them what all
//! tenants share of their bases.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Key;
use super::sketch::Tree;
use crate::check::Lowered;
use crate::check::csv::Table;
use crate::check::layers::prefix;

/// Files of bases as they were read for one tenant, for the next one. Nothing is kept that no
/// tenant's cache holds: it is as large as what the tenants use.
#[derive(Debug, Default)]
pub struct Shared {
    trees: Weaks<Key, Tree>,
    lowered: Weaks<(Key, Option<[u8; 32]>), Lowered>,
    tables: Weaks<(Key, Arc<str>), Table>,
    parsed: AtomicU64,
}

impl Shared {
    /// How many files of bases have been parsed so far, for all tenants together.
    pub fn parsed(&self) -> u64 {
        self.parsed.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Weaks<K, V>(Mutex<HashMap<K, Weak<V>>>);

impl<K, V> Default for Weaks<K, V> {
    fn default() -> Self {
        Weaks(Mutex::default())
    }
}

impl<K: Hash + Eq, V> Weaks<K, V> {
    fn find(&self, key: &K) -> Option<Arc<V>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).and_then(Weak::upgrade)
    }

    fn keep(&self, key: K, value: &Arc<V>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, value| value.strong_count() > 0);
        known.insert(key, Arc::downgrade(value));
    }
}

/// What earlier loads read, by path and hash. One for each tenant; holds only what the last load
/// used, so it is as large as one dialplan.
#[derive(Debug, Default)]
pub struct Cache {
    shared: Arc<Shared>,
    last: Kept,
    now: Kept,
    parsed: u64,
}

#[derive(Debug, Default)]
struct Kept {
    blocks: HashMap<Key, Arc<Lowered>>,
    trees: HashMap<Key, Arc<Tree>>,
    tables: HashMap<(Key, Arc<str>), Arc<Table>>,
}

impl Cache {
    /// An empty cache.
    pub fn new() -> Cache {
        Cache::default()
    }

    /// From now on files of bases are shared with the other caches of `shared`.
    pub fn share(&mut self, shared: &Arc<Shared>) {
        self.shared = Arc::clone(shared);
    }

    /// How many files this cache has parsed so far (KDL and CSV).
    pub fn parsed(&self) -> u64 {
        self.parsed
    }

    /// What an earlier load made of this file.
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<Lowered>> {
        let found = self.now.blocks.get(key).or(self.last.blocks.get(key));
        found.cloned()
    }

    /// What another tenant's load made of a base's file, with the same modules.
    pub(crate) fn find_shared(&self, key: &Key, modules: Option<[u8; 32]>) -> Option<Arc<Lowered>> {
        self.shared.lowered.find(&(key.clone(), modules))
    }

    /// Keeps what was made of a file.
    pub(crate) fn keep(&mut self, key: Key, lowered: Arc<Lowered>) {
        self.now.blocks.insert(key, lowered);
    }

    /// Gives what was made of a base's file to other tenants.
    pub(crate) fn keep_shared(&self, key: &Key, modules: Option<[u8; 32]>, lowered: &Arc<Lowered>) {
        self.shared.lowered.keep((key.clone(), modules), lowered);
    }

    /// The tree of a file that an earlier load kept, or another tenant's did of a base's file.
    pub(crate) fn find_tree(&self, key: &Key) -> Option<Arc<Tree>> {
        let found = self.now.trees.get(key).or(self.last.trees.get(key));
        found.cloned().or_else(|| match prefix(&key.0) {
            "" => None,
            _ => self.shared.trees.find(key),
        })
    }

    /// Parses a file.
    pub(crate) fn parse(&mut self, key: &Key, read: impl FnOnce() -> Tree) -> Arc<Tree> {
        self.parsed += 1;
        let tree = Arc::new(read());
        if !prefix(&key.0).is_empty() {
            self.shared.parsed.fetch_add(1, Ordering::Relaxed);
            self.shared.trees.keep(key.clone(), &tree);
        }
        tree
    }

    /// Keeps a tree.
    pub(crate) fn keep_tree(&mut self, key: &Key, tree: &Arc<Tree>) {
        self.now.trees.insert(key.clone(), Arc::clone(tree));
    }

    pub(crate) fn table(
        &mut self,
        key: (Key, Arc<str>),
        read: impl FnOnce() -> Table,
    ) -> Arc<Table> {
        let is_base = !prefix(&key.0.0).is_empty();
        let own = self.now.tables.get(&key).or(self.last.tables.get(&key));
        let found = own.cloned().or_else(|| match is_base {
            true => self.shared.tables.find(&key),
            false => None,
        });
        let table = found.unwrap_or_else(|| {
            self.parsed += 1;
            let table = Arc::new(read());
            if is_base {
                self.shared.parsed.fetch_add(1, Ordering::Relaxed);
                self.shared.tables.keep(key.clone(), &table);
            }
            table
        });
        self.now.tables.insert(key, table.clone());
        table
    }

    /// Forgets what this load did not use.
    pub(crate) fn end_of_load(&mut self) {
        self.last = std::mem::take(&mut self.now);
    }
}
