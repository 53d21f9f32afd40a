//! Nonces: minted from time, a serial number and a keyed hash, and the table of which counts were used with them.
//!
//! A nonce is 56 hexadecimal digits: when (milliseconds), which (serial), and the first 96 bits of an HMAC-SHA-256 over both,
//! the realm and the IP address that it is sent to. The port is left out: a NAT may change it between challenge and answer.
//! Who cannot read the mail of an address has no nonce for it. Serials only grow, so forgetting the oldest entry and refusing everything up to its serial keeps the table
//! bounded without ever letting a replay through.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Algorithm, AuthError, Scope, hex};
use crate::flow::Time;

const MAC_DIGITS: usize = 24;

/// A nonce that this node made for its asker and that has not expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    serial: u64,
    issued: Time,
}

/// Makes nonces and knows its own.
pub(super) struct Mint {
    key: [u8; 32],
    lifetime: Duration,
    serial: u64,
}

impl Mint {
    pub(super) fn new(key: [u8; 32], lifetime: Duration) -> Self {
        Mint {
            key,
            lifetime,
            serial: 0,
        }
    }

    pub(super) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A nonce that was never given before.
    pub(super) fn issue(&mut self, now: Time, scope: Scope<'_>) -> String {
        self.serial += 1;
        let stamp = format!("{:016x}{:016x}", millis(now), self.serial);
        let mac = self.mac(&stamp, scope);
        stamp + &mac
    }

    /// Whether the nonce is of our making for this realm and address, and still lives.
    pub(super) fn check(&self, now: Time, scope: Scope<'_>, nonce: &str) -> Option<Proof> {
        let (stamp, mac) = nonce.split_at_checked(32)?;
        if !super::same_hash(&self.mac(stamp, scope), mac) {
            return None;
        }
        let issued = Time::from_millis(u64::from_str_radix(stamp.get(..16)?, 16).ok()?);
        let serial = u64::from_str_radix(stamp.get(16..)?, 16).ok()?;
        // A serial that was not given yet is from before a restart with the same key.
        let age = now.checked_sub(issued)?;
        (age < self.lifetime && serial <= self.serial).then_some(Proof { serial, issued })
    }

    /// The hash that stands in for a user who does not exist; secret, so that nobody can make a request match it.
    pub(super) fn nobody(&self, algorithm: Algorithm) -> String {
        let mut hash = hex(&hmac(&self.key, &[b"nobody"]));
        if algorithm == Algorithm::Md5 {
            hash.truncate(32);
        }
        hash
    }

    fn mac(&self, stamp: &str, scope: Scope<'_>) -> String {
        // One length for every address, so that no realm's end can stand in for a part of one; an IPv4 address is the same
        // one whichever socket it was seen by.
        let address = match scope.source {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let parts = [stamp.as_bytes(), &address.octets(), scope.realm.as_bytes()];
        let mut mac = hex(&hmac(&self.key, &parts));
        mac.truncate(MAC_DIGITS);
        mac
    }
}

fn millis(time: Time) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// HMAC-SHA-256 (RFC 2104) with a key no longer than a block.
pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        block
    };
    let mut inner = Sha256::new().chain_update(pad(0x36));
    for part in parts {
        inner.update(part);
    }
    Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner.finalize())
        .finalize()
        .into()
}

/// Which counts of one nonce were used: the highest, and the 63 below it.
struct Window {
    issued: Time,
    highest: u32,
    below: u64,
}

impl Window {
    fn take(&mut self, nc: u32) -> bool {
        if nc > self.highest {
            let step = nc - self.highest;
            self.below = self.below.checked_shl(step).unwrap_or(0) | 1;
            self.highest = nc;
            return true;
        }
        let bit = 1u64.checked_shl(self.highest - nc).unwrap_or(0);
        let fresh = bit != 0 && self.below & bit == 0;
        self.below |= bit;
        fresh
    }
}

/// The nonces in use, oldest first.
pub(super) struct Replays {
    windows: BTreeMap<u64, Window>,
    table_max: usize,
    /// Nonces up to this serial are stale, whatever their age.
    forgotten: u64,
}

impl Replays {
    pub(super) fn new(table_max: usize) -> Self {
        Replays {
            windows: BTreeMap::new(),
            table_max: table_max.max(1),
            forgotten: 0,
        }
    }

    /// Forgets what has expired; the mint refuses those nonces by itself.
    pub(super) fn expire(&mut self, now: Time, lifetime: Duration) {
        while let Some(oldest) = self.windows.first_entry() {
            if now.saturating_sub(oldest.get().issued) < lifetime {
                return;
            }
            oldest.remove();
        }
    }

    /// Notes a count as used.
    pub(super) fn take(&mut self, proof: Proof, nc: u32) -> Result<(), AuthError> {
        if proof.serial <= self.forgotten {
            return Err(AuthError::Stale);
        }
        let fresh = Window {
            issued: proof.issued,
            highest: 0,
            below: 0,
        };
        let taken = self.windows.entry(proof.serial).or_insert(fresh).take(nc);
        while self.windows.len() > self.table_max
            && let Some((serial, _)) = self.windows.pop_first()
        {
            self.forgotten = serial;
        }
        if taken {
            Ok(())
        } else {
            Err(AuthError::Replay)
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.windows.len()
    }
}
