//! A tenant's folder in memory: files, their hashes, and the trees of those that were read before.

pub(crate) mod lexer;
mod scan;
mod skeleton;
pub(crate) mod tree;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::check::Lowered;
use crate::check::csv::Table;

pub(crate) use tree::{Node, parse};

/// Largest file that is read, in bytes; a larger one is refused.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most files of one tenant.
pub const FILES_MAX: usize = 2_000;

/// The folder: what `core/node` read, by path relative to the folder, `/` between parts.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Text by path. `*.kdl` are the dialplan (those that begin with `_` are not), other files are
    /// there to be included, or granted to modules.
    pub files: BTreeMap<String, Arc<str>>,
}

impl Source {
    /// A source of these files.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Source {
        let files = files
            .into_iter()
            .map(|(path, text)| (path.to_string(), Arc::from(text)));
        Source {
            files: files.collect(),
        }
    }

    /// The dialplan's own files.
    pub(crate) fn dialplan_files(&self) -> impl Iterator<Item = (&String, &Arc<str>)> {
        self.files.iter().filter(|(path, _)| {
            let name = path.rsplit('/').next().unwrap_or(path);
            name.ends_with(".kdl") && !name.starts_with(['_', '.'])
        })
    }
}

/// SHA-256 of a text.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A file's path and the hash of its text.
pub(crate) type Key = (Arc<str>, [u8; 32]);

/// What earlier loads read, by path and hash. One for each tenant; holds only what the last load
/// used, so it is as large as one dialplan.
#[derive(Debug, Default)]
pub struct Cache {
    blocks: HashMap<Key, Arc<Lowered>>,
    tables: HashMap<(Key, Arc<str>), Arc<Table>>,
    kept_blocks: HashMap<Key, Arc<Lowered>>,
    kept_tables: HashMap<(Key, Arc<str>), Arc<Table>>,
    parsed: u64,
}

impl Cache {
    /// An empty cache.
    pub fn new() -> Cache {
        Cache::default()
    }

    /// How many files have been parsed so far (KDL and CSV).
    pub fn parsed(&self) -> u64 {
        self.parsed
    }

    /// What an earlier load made of this file.
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<Lowered>> {
        let found = self.kept_blocks.get(key).or_else(|| self.blocks.get(key));
        found.cloned()
    }

    /// A file is parsed now.
    pub(crate) fn count_parsed(&mut self) {
        self.parsed += 1;
    }

    /// Keeps what was made of a file.
    pub(crate) fn keep(&mut self, key: Key, lowered: Arc<Lowered>) {
        self.kept_blocks.insert(key, lowered);
    }

    pub(crate) fn table(
        &mut self,
        key: (Key, Arc<str>),
        read: impl FnOnce() -> Table,
    ) -> Arc<Table> {
        let found = self
            .kept_tables
            .get(&key)
            .or_else(|| self.tables.get(&key))
            .cloned();
        let table = found.unwrap_or_else(|| {
            self.parsed += 1;
            Arc::new(read())
        });
        self.kept_tables.insert(key, table.clone());
        table
    }

    /// Forgets what this load did not use.
    pub(crate) fn end_of_load(&mut self) {
        self.blocks = std::mem::take(&mut self.kept_blocks);
        self.tables = std::mem::take(&mut self.kept_tables);
    }
}
