//! Names of things in a call: tenants, calls, legs.
//!
//! A call id sorts by its birth and is unique on every node without coordination (48 bits of
//! Unix milliseconds, 8 bits of shard, 72 random bits). A leg is numbered inside its call, so a
//! leg's whole name is `<call>.<number>`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A tenant's name as its folder under `dialplans/` gives it: 1 to 63 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TenantId(pub Arc<str>);

impl TenantId {
    /// Wraps a name that the dialplan has already checked.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// One call: all legs that share one story. Printed as 26 characters of Crockford's base 32.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u128);

impl CallId {
    /// Builds an id from the wall clock (Unix ms), the shard's number and random bits.
    pub fn new(unix_ms: u64, shard: u8, random: u128) -> Self {
        let time = u128::from(unix_ms & 0xffff_ffff_ffff) << 80;
        let shard = u128::from(shard) << 72;
        Self(time | shard | (random & ((1 << 72) - 1)))
    }

    /// The shard that owns the call.
    pub fn shard(self) -> u8 {
        (self.0 >> 72) as u8
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 26];
        for (i, slot) in text.iter_mut().enumerate() {
            let shift = 125 - 5 * i;
            *slot = ALPHABET[((self.0 >> shift) & 31) as usize];
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or(""))
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a call id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a call id: 26 characters of 0-9 a-z without i, l, o, u are wanted")]
pub struct BadCallId;

impl FromStr for CallId {
    type Err = BadCallId;

    fn from_str(text: &str) -> Result<Self, BadCallId> {
        if text.len() != 26 {
            return Err(BadCallId);
        }
        let mut value: u128 = 0;
        for (i, byte) in text.bytes().enumerate() {
            let lower = byte.to_ascii_lowercase();
            let digit = ALPHABET.iter().position(|&c| c == lower).ok_or(BadCallId)?;
            if i == 0 && digit > 7 {
                return Err(BadCallId);
            }
            value = (value << 5) | digit as u128;
        }
        Ok(Self(value))
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A leg's number in its call; the first leg is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LegNo(pub u16);

impl fmt::Display for LegNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A leg's whole name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId {
    /// The call that owns it.
    pub call: CallId,
    /// Its number there.
    pub leg: LegNo,
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.call, self.leg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_id_survives_text() {
        let id = CallId::new(1_795_353_000_123, 3, 0x12_3456_789a_bcde_f011);
        let text = id.to_string();
        assert_eq!(text.len(), 26);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(id.shard(), 3);
        assert_eq!(
            "zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<CallId>(),
            Err(BadCallId)
        );
    }
}
