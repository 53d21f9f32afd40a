//! Values of scripts and modules: small named values, apart for each tenant and owner.
//!
//! Everything is bounded by [`KvLimits`]: at a bound the write is refused and nothing changes.
//! A value whose text is a whole number within +-2^53 (what a script's number can hold) may be
//! incremented. A value past its end is as good as gone, whether or not it was purged.

use crate::error::{StoreError, Task};

/// Largest whole number that an increment may reach, and its negative the smallest.
pub const NUMBER_MAX: i64 = 1 << 53;

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvPlace<'a> {
    /// Whose value it is.
    pub tenant: &'a str,
    /// The module or script that owns it.
    pub owner: &'a str,
    /// Its name there.
    pub key: &'a str,
}

/// When a write happens and when what it wrote ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvWrite {
    /// Now, in Unix milliseconds.
    pub now_ms: u64,
    /// How long the value lives, in milliseconds; `None` is for ever.
    pub ttl_ms: Option<u64>,
}

impl KvWrite {
    /// A write for ever.
    pub fn lasting(now_ms: u64) -> Self {
        Self {
            now_ms,
            ttl_ms: None,
        }
    }

    /// A write whose value ends after `ttl_ms` milliseconds.
    pub fn ending(now_ms: u64, ttl_ms: u64) -> Self {
        Self {
            now_ms,
            ttl_ms: Some(ttl_ms),
        }
    }

    pub(crate) fn ends_ms(self) -> Option<u64> {
        self.ttl_ms.map(|ttl| self.now_ms.saturating_add(ttl))
    }
}

/// Bounds on values. At a bound the write is refused with [`StoreError::Limit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvLimits {
    /// Bytes of a key.
    pub key_bytes_max: usize,
    /// Bytes of a value.
    pub value_bytes_max: usize,
    /// Bytes of all keys and values of one owner in one tenant.
    pub owner_bytes_max: u64,
    /// Values of one owner in one tenant.
    pub owner_values_max: u64,
}

impl Default for KvLimits {
    fn default() -> Self {
        Self {
            key_bytes_max: 256,
            value_bytes_max: 64 << 10,
            owner_bytes_max: 4 << 20,
            owner_values_max: 10_000,
        }
    }
}

impl KvLimits {
    pub(crate) fn check(&self, place: KvPlace<'_>, value_bytes: usize) -> Result<(), StoreError> {
        if place.key.len() > self.key_bytes_max {
            return Err(StoreError::Limit(format!(
                "a key may have {} bytes, not {}",
                self.key_bytes_max,
                place.key.len()
            )));
        }
        if value_bytes > self.value_bytes_max {
            return Err(StoreError::Limit(format!(
                "a value may have {} bytes, not {value_bytes}",
                self.value_bytes_max
            )));
        }
        Ok(())
    }

    pub(crate) fn full(&self) -> StoreError {
        StoreError::Limit(format!(
            "the values of one owner may be {} and take {} bytes in all",
            self.owner_values_max, self.owner_bytes_max
        ))
    }
}

/// The whole number that a value is, if its text is exactly one.
pub(crate) fn number_of(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let number: i64 = text.parse().ok()?;
    let canonical = number.to_string() == text;
    (canonical && number.abs() <= NUMBER_MAX).then_some(number)
}

/// Keeps values of scripts and modules.
pub trait KvStore: Send + Sync {
    /// The value, unless it has ended.
    fn kv_get<'a>(&'a self, place: KvPlace<'a>, now_ms: u64) -> Task<'a, Option<Vec<u8>>>;
    /// Sets the value. Two writers at once may pass an owner's bound by one value.
    fn kv_set<'a>(&'a self, place: KvPlace<'a>, value: &'a [u8], when: KvWrite) -> Task<'a, ()>;
    /// Adds `delta` to the number there (0 where there is none) and gives the sum. A value that
    /// is there keeps its end; a new one takes `when`'s.
    fn kv_incr<'a>(&'a self, place: KvPlace<'a>, delta: i64, when: KvWrite) -> Task<'a, i64>;
    /// Removes the value; false when there was none.
    fn kv_delete<'a>(&'a self, place: KvPlace<'a>) -> Task<'a, bool>;
    /// Forgets what has ended; gives how many. For the node to call now and then.
    fn kv_purge(&self, now_ms: u64) -> Task<'_, u64>;
}
