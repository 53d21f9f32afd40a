//! Keyed digests by which transactions and dialogs are found.
//!
//! RFC 3261 17.2.3 matches a request by (branch, sent-by, method). We keep 128 bits of a secret
//! keyed hash of that in place of the strings: 16 bytes a transaction, and nobody who does not
//! know the seed can make two transactions collide or flood one bucket.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

/// A digest of what names a transaction or dialog.
pub(crate) type Key = u128;

/// A map by digest. The digest is already uniform, so it is its own hash.
pub(crate) type KeyMap<V> = HashMap<Key, V, BuildHasherDefault<Folded>>;

/// Makes digests with a secret.
#[derive(Clone)]
pub(crate) struct Keyed {
    high: DefaultHasher,
    low: DefaultHasher,
}

impl Keyed {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let with = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(salt);
            hasher.write(secret);
            hasher
        };
        Self {
            high: with(1),
            low: with(2),
        }
    }

    /// The digest of these parts, each delimited by its length. `kind` keeps uses apart.
    pub(crate) fn key(&self, kind: u8, parts: &[&[u8]]) -> Key {
        let mut high = self.high.clone();
        let mut low = self.low.clone();
        for hasher in [&mut high, &mut low] {
            hasher.write_u8(kind);
            for part in parts {
                hasher.write_usize(part.len());
                hasher.write(part);
            }
        }
        (u128::from(high.finish()) << 64) | u128::from(low.finish())
    }
}

/// Takes a digest as its own hash.
#[derive(Default)]
pub(crate) struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}
