//! Answers to strangers: at most ten a second for each address, so that nobody can use us to
//! flood a third party, and guessing passwords is slow.
//!
//! An address is a stranger until it has proved itself (a right password); trunks never are. Too
//! many wrong passwords silence a stranger for a while; an address that has proved itself is only
//! held to the strangers' rate, since its own phones must go on whatever a neighbour behind the
//! same NAT sends. Only an answer to a challenge that was sent to the address itself counts as a
//! wrong password, so nobody who merely borrows an address can have it silenced. A right password forgives no wrong ones,
//! else one account would open all others to guessing; time does. The
//! table holds a bounded number of addresses; when it is full the address least recently seen in
//! a small sample makes room, so a spoofed flood costs neither memory nor scans.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

const ANSWERS_PER_SECOND: f64 = 10.0;
const BURST: f64 = 20.0;
const ADDRESSES_MAX: usize = 65_536;
const TRUSTED_FOR: Duration = Duration::from_secs(3600);
/// Wrong passwords from one address before it is not answered for a while.
const FAILURES_MAX: u32 = 20;
/// One wrong password is forgiven after each of these.
const FORGIVEN_AFTER: Duration = Duration::from_secs(15);
const BANNED_FOR: Duration = Duration::from_secs(300);

#[derive(Clone, Copy)]
struct Source {
    tokens: f64,
    seen: Duration,
    trusted_until: Duration,
    failures: u32,
    failed: Duration,
    banned_until: Duration,
}

/// The table of addresses.
#[derive(Default)]
pub struct SourceLimit {
    sources: HashMap<IpAddr, Source>,
    order: Vec<IpAddr>,
    hand: usize,
    /// Requests that were not answered.
    pub silenced: u64,
}

impl SourceLimit {
    /// May a request from this address be answered now?
    pub fn allow(&mut self, now: Duration, address: IpAddr) -> bool {
        let source = self.source(now, address);
        let (banned, trusted) = (source.banned_until > now, source.trusted_until > now);
        if banned && !trusted {
            self.silenced += 1;
            return false;
        }
        if trusted && !banned {
            return true;
        }
        let passed = now.saturating_sub(source.seen).as_secs_f64();
        source.tokens = (source.tokens + passed * ANSWERS_PER_SECOND).min(BURST);
        source.seen = now;
        if source.tokens >= 1.0 {
            source.tokens -= 1.0;
            return true;
        }
        self.silenced += 1;
        false
    }

    /// The address showed a right password.
    pub fn trust(&mut self, now: Duration, address: IpAddr) {
        let source = self.source(now, address);
        source.trusted_until = now + TRUSTED_FOR;
    }

    /// The address showed a wrong password or user; true when this makes it banned.
    pub fn failed(&mut self, now: Duration, address: IpAddr) -> bool {
        let source = self.source(now, address);
        let passed = now.saturating_sub(source.failed).as_secs() / FORGIVEN_AFTER.as_secs();
        let forgiven = u32::try_from(passed).unwrap_or(u32::MAX);
        if source.failures <= forgiven {
            (source.failures, source.failed) = (0, now);
        } else {
            source.failures -= forgiven;
            source.failed += FORGIVEN_AFTER * forgiven;
        }
        source.failures += 1;
        if source.failures < FAILURES_MAX {
            return false;
        }
        source.failures = 0;
        source.banned_until = now + BANNED_FOR;
        true
    }

    /// Addresses held.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// True when no address is held.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    fn source(&mut self, now: Duration, address: IpAddr) -> &mut Source {
        if !self.sources.contains_key(&address) {
            if self.order.len() < ADDRESSES_MAX {
                self.order.push(address);
            } else {
                self.replace(address);
            }
        }
        self.sources.entry(address).or_insert(Source {
            tokens: BURST,
            seen: now,
            trusted_until: Duration::ZERO,
            failures: 0,
            failed: now,
            banned_until: Duration::ZERO,
        })
    }

    /// Looks at eight addresses in turn and drops the one seen longest ago.
    fn replace(&mut self, address: IpAddr) {
        let count = self.order.len();
        let oldest = (0..8)
            .map(|step| (self.hand + step) % count)
            .min_by_key(|&i| {
                self.order
                    .get(i)
                    .and_then(|a| self.sources.get(a))
                    .map(|s| s.seen.max(s.trusted_until))
            });
        self.hand = (self.hand + 8) % count;
        if let Some(slot) = oldest.and_then(|i| self.order.get_mut(i)) {
            self.sources.remove(slot);
            *slot = address;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn stranger_gets_ten_answers_a_second_after_the_burst() {
        let mut limit = SourceLimit::default();
        let answered = (0..6000u64)
            .filter(|&i| limit.allow(Duration::from_millis(i), address(1)))
            .count();
        assert!((78..=81).contains(&answered), "{answered}");
    }

    #[test]
    fn wrong_passwords_ban_a_stranger() {
        let mut limit = SourceLimit::default();
        let now = Duration::from_secs(1);
        assert!((0..19).all(|_| !limit.failed(now, address(1))));
        assert!(limit.failed(now, address(1)));
        assert!(!limit.allow(now, address(1)));
        assert!(limit.allow(now + BANNED_FOR + Duration::from_secs(1), address(1)));
    }

    #[test]
    fn right_password_lifts_the_limit_and_wrong_ones_bring_it_back() {
        let mut limit = SourceLimit::default();
        let now = Duration::from_secs(1);
        limit.trust(now, address(1));
        assert!((0..1000).all(|_| limit.allow(now, address(1))));
        let banned = (0..20).filter(|_| {
            limit.trust(now, address(1));
            limit.failed(now, address(1))
        });
        assert_eq!(
            banned.count(),
            1,
            "an account of one's own forgives nothing"
        );
        let served = (0..1000).filter(|_| limit.allow(now, address(1))).count();
        assert_eq!(served, 20, "its phones go on at the strangers' rate");
        let later = now + BANNED_FOR;
        assert!((0..1000).all(|_| limit.allow(later, address(1))));
    }

    #[test]
    fn a_wrong_password_now_and_then_is_forgiven() {
        let mut limit = SourceLimit::default();
        let minutes = (0..1000).map(|n| Duration::from_secs(60 * n));
        assert!(minutes.into_iter().all(|at| !limit.failed(at, address(1))));
    }

    #[test]
    fn table_stays_bounded() {
        let mut limit = SourceLimit::default();
        for n in 0..200_000 {
            limit.allow(Duration::from_millis(n.into()), address(n));
        }
        assert_eq!(limit.len(), ADDRESSES_MAX);
        assert_eq!(limit.order.len(), ADDRESSES_MAX);
    }
}
