//! Tags, branches and Call-IDs: unpredictable, repeatable for a seed, and marked with the shard.
//!
//! A token is two hexadecimal digits of shard and 24 letters of base 32 (120 bits) out of
//! SHA-256 over the seed and a counter (RFC 3261 19.3 wants 32 bits of randomness). A datagram
//! that landed on a wrong shard finds its way by [`shard_of`].

use sha2::{Digest, Sha256};

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const COOKIE: &[u8] = b"z9hG4bK";

/// A minted name: 26 characters of ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token([u8; 26]);

impl Token {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The shard inside a tag, branch or Call-ID that an endpoint made; `None` for foreign ones.
pub fn shard_of(token: &[u8]) -> Option<u8> {
    let token = token.strip_prefix(COOKIE).unwrap_or(token);
    if token.len() != 26 {
        return None;
    }
    let digits = std::str::from_utf8(token.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

/// Makes tokens and the few random numbers that the RFC wants.
pub(crate) struct Mint {
    shard: u8,
    keyed: Sha256,
    counter: u64,
}

impl Mint {
    pub(crate) fn new(shard: u8, seed: &[u8; 32]) -> Self {
        let mut keyed = Sha256::new();
        keyed.update(seed);
        Self {
            shard,
            keyed,
            counter: 0,
        }
    }

    /// A token never made before.
    pub(crate) fn token(&mut self) -> Token {
        let digest = self.next(b'c');
        self.spell(&digest)
    }

    /// A number from 0 to `below` - 1.
    pub(crate) fn number(&mut self, below: u32) -> u32 {
        let digest = self.next(b'n');
        let mut bytes = [0u8; 4];
        bytes.copy_from_slice(&digest[..4]);
        u32::from_be_bytes(bytes) % below.max(1)
    }

    /// The same token for the same parts, without any state (RFC 3261 8.2.7).
    pub(crate) fn derived(&self, parts: &[&[u8]]) -> Token {
        let mut hash = self.keyed.clone();
        hash.update(b"d");
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        self.spell(&hash.finalize().into())
    }

    /// A secret for other uses.
    pub(crate) fn secret(&self, purpose: &[u8]) -> [u8; 32] {
        let mut hash = self.keyed.clone();
        hash.update(b"s");
        hash.update(purpose);
        hash.finalize().into()
    }

    fn next(&mut self, kind: u8) -> [u8; 32] {
        self.counter += 1;
        let mut hash = self.keyed.clone();
        hash.update([kind]);
        hash.update(self.counter.to_be_bytes());
        hash.finalize().into()
    }

    fn spell(&self, digest: &[u8; 32]) -> Token {
        let mut token = [0u8; 26];
        token[0] = b"0123456789abcdef"[usize::from(self.shard >> 4)];
        token[1] = b"0123456789abcdef"[usize::from(self.shard & 15)];
        for (slot, byte) in token[2..].iter_mut().zip(digest) {
            *slot = LETTERS[usize::from(*byte & 31)];
        }
        Token(token)
    }
}
