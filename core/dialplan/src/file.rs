//! A tenant's folder in memory: files, their hashes, and the trees of those that were read before.

mod cache;
pub(crate) mod lexer;
mod scan;
mod skeleton;
pub(crate) mod sketch;
pub(crate) mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use cache::{Cache, Shared};

pub(crate) use tree::{Node, parse};

/// Largest file that is read, in bytes; a larger one is refused.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most files of one tenant.
pub const FILES_MAX: usize = 2_000;

/// The folder: what `core/node` read, by path relative to the folder, `/` between parts.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Text by path. `*.kdl` are the dialplan (those that begin with `_` are not), other files are
    /// there to be included, or granted to modules. Those of a base stand under `../_base/`.
    pub files: BTreeMap<String, Arc<str>>,
    /// Folders beside the tenant's whose names begin with `_`, and why one cannot be a base.
    pub folders: BTreeMap<String, Option<String>>,
}

impl Source {
    /// A source of these files.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Source {
        let files = files
            .into_iter()
            .map(|(path, text)| (path.to_string(), Arc::from(text)));
        Source {
            files: files.collect(),
            ..Source::default()
        }
    }

    /// The bases that the files stand on, the nearest first: `_base`. Only what the text of these
    /// files says is looked at, so each name may be followed by reading that folder into them.
    pub fn bases(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut prefix = String::new();
        while found.len() <= crate::check::layers::BASES_MAX {
            let own = self
                .dialplan_files()
                .filter(|(path, _)| crate::check::layers::prefix(path) == prefix);
            let folder = own.filter_map(|(_, text)| base_of(text)).next();
            match folder.filter(|folder| !found.contains(folder)) {
                Some(folder) => {
                    prefix = format!("../{folder}/");
                    found.push(folder);
                }
                None => break,
            }
        }
        found
    }

    /// A file by its path beside the dialplan: the tenant's own, or that of the nearest base.
    pub fn find(&self, path: &str) -> Option<(&str, &Arc<str>)> {
        let bases = self.bases().into_iter().map(|name| format!("../{name}/"));
        let layers: Vec<String> = std::iter::once(String::new()).chain(bases).collect();
        self.find_in(&layers, path)
    }

    /// [`Source::find`] where the layers are known already.
    pub(crate) fn find_in(&self, layers: &[String], path: &str) -> Option<(&str, &Arc<str>)> {
        let mut paths = layers.iter().map(|prefix| format!("{prefix}{path}"));
        let found = paths.find_map(|path| self.files.get_key_value(&path));
        found.map(|(path, text)| (path.as_str(), text))
    }

    /// Files that a dialplan may name, as it names them.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &str> + Clone {
        let tables = self.files.keys().filter(|path| !path.ends_with(".kdl"));
        tables.map(|path| {
            path.strip_prefix(crate::check::layers::prefix(path))
                .unwrap_or(path)
        })
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

/// The folder of a text's outermost `base` line, read from its pieces alone.
fn base_of(text: &str) -> Option<String> {
    let begins = |line: &str| line.trim_start().starts_with("base");
    if !text.lines().any(begins) {
        return None;
    }
    let all = lexer::pieces(text);
    scan::outermost(&all).into_iter().find_map(|(start, end)| {
        let mut inside = all.iter().filter(|p| p.at >= start && p.end <= end);
        let first = inside.next()?;
        if first.kind != lexer::Kind::Word || first.of(text) != "base" {
            return None;
        }
        let value = inside.find(|p| matches!(p.kind, lexer::Kind::Text | lexer::Kind::Word))?;
        sketch::base_folder(value.of(text).trim_matches('"')).map(String::from)
    })
}

/// A file's path and the hash of its text.
pub(crate) type Key = (Arc<str>, [u8; 32]);
