//! The network's chance: one seeded stream (the node's own generator, with another seed).

use std::time::Duration;

pub use cordboard_node::chance::Chance;

/// Draws from a stream.
pub trait Draw {
    /// True with this probability.
    fn happens(&mut self, probability: f64) -> bool;
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64;
    /// A time up to `longest`.
    fn up_to(&mut self, longest: Duration) -> Duration;
}

impl Draw for Chance {
    fn happens(&mut self, probability: f64) -> bool {
        // The draw is made in any case, so that a change of weather does not shift the stream.
        let drawn = (self.draw() >> 11) as f64 / (1u64 << 53) as f64;
        drawn < probability
    }

    fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        Duration::from_micros(self.below(longest.as_micros() as u64 + 1))
    }
}

/// 32 bytes from a number, for keys.
pub fn key(seed: u64) -> [u8; 32] {
    let mut chance = Chance::seeded(seed);
    let mut key = [0; 32];
    for part in key.chunks_mut(8) {
        part.copy_from_slice(&chance.draw().to_le_bytes());
    }
    key
}
