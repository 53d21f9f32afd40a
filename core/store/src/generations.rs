//! Generations: the last good dialplans of a tenant, to list, compare and go back to.
//!
//! The files are one opaque blob; its shape is the node's. The oldest beyond
//! [`GENERATIONS_KEPT`] is forgotten with each put.

use serde::{Deserialize, Serialize};

use crate::error::Task;

/// Good generations kept for each tenant.
pub const GENERATIONS_KEPT: u64 = 20;

/// One good dialplan of a tenant, without its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// Whose dialplan it is.
    pub tenant: String,
    /// Its number; grows with each.
    pub number: u64,
    /// Hash of its files, as text.
    pub hash: String,
    /// When it went live, in Unix milliseconds.
    pub at_ms: u64,
}

/// Keeps generations.
pub trait GenerationStore: Send + Sync {
    /// Keeps a generation with its files; the same number again replaces it.
    fn put_generation<'a>(&'a self, generation: &'a Generation, files: &'a [u8]) -> Task<'a, ()>;
    /// The kept generations of a tenant, newest first.
    fn generations<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<Generation>>;
    /// One kept generation and its files.
    fn generation<'a>(
        &'a self,
        tenant: &'a str,
        number: u64,
    ) -> Task<'a, Option<(Generation, Vec<u8>)>>;
}
