//! Rates: so many a second, with one second's worth at once. Time is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_steps::ScriptCallError;

use super::{Allowed, Denied};

/// Grants that are counted; there are never more of one module.
const BUCKETS_MAX: usize = 256;

/// What is left of each grant's rate.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of one.
    left: u64,
    filled: Duration,
}

impl Rates {
    /// Takes one of what `allowed` allows.
    ///
    /// # Errors
    /// `Busy` when none is left; one comes back every 1/rate of a second.
    pub fn take(&mut self, now: Duration, allowed: &Allowed) -> Result<(), Denied> {
        let Some(rate) = allowed.rate_per_second else {
            return Ok(());
        };
        let rate = u64::from(rate);
        let full = rate.saturating_mul(1_000);
        if self.buckets.len() >= BUCKETS_MAX && !self.buckets.contains_key(&allowed.grant) {
            self.buckets.clear();
        }
        let bucket = self.buckets.entry(allowed.grant.clone()).or_insert(Bucket {
            left: full,
            filled: now,
        });
        // A millisecond brings `rate` thousandths; what is less stays for the next look.
        let passed = now.saturating_sub(bucket.filled).as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        let brought = passed.saturating_mul(rate);
        bucket.left = bucket.left.saturating_add(brought).min(full);
        bucket.filled = bucket
            .filled
            .max(now.saturating_sub(rest_of_ms(now, bucket.filled)));
        if bucket.left < 1_000 {
            return Err(Denied {
                kind: ScriptCallError::Busy,
                message: format!(
                    "the rate of `{}` is {rate} a second, and it is met",
                    allowed.grant
                ),
                place: allowed.place.clone(),
            });
        }
        bucket.left -= 1_000;
        Ok(())
    }
}

/// The part of the time since `then` that is less than a millisecond.
fn rest_of_ms(now: Duration, then: Duration) -> Duration {
    let passed = now.saturating_sub(then);
    Duration::from_nanos(u64::from(passed.subsec_nanos() % 1_000_000))
}
