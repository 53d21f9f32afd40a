//! The timer wheel: every timer of an endpoint, in 10 ms ticks.
//!
//! Timers live in one slab and hang in the slots of a hierarchical wheel (5 levels of 64 slots,
//! so up to 124 days ahead; later deadlines are brought down to that). Arming, cancelling and
//! firing are O(1); nothing is ever scanned. A [`TimerId`] carries a generation, so a cancelled
//! or fired id can be cancelled again without harm and never hits a later timer.
//! A timer never fires early; it fires at most one tick late.

use std::time::Duration;

use slab::Slab;

const TICK_MS: u64 = 10;
const BITS: u32 = 6;
const SLOTS: usize = 64;
const LEVELS: usize = 5;
const HORIZON: u64 = (1 << (BITS * LEVELS as u32)) - 1;
const NONE: u32 = u32::MAX;

/// Names one armed timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId {
    index: u32,
    generation: u32,
}

struct Node<T> {
    payload: T,
    deadline: u64,
    generation: u32,
    previous: u32,
    next: u32,
    level: u8,
    slot: u8,
}

/// A wheel of timers that carry a `T` each.
pub struct Wheel<T> {
    nodes: Slab<Node<T>>,
    heads: [[u32; SLOTS]; LEVELS],
    occupied: [u64; LEVELS],
    /// The tick up to which everything has fired.
    current: u64,
    generation: u32,
}

impl<T: Copy> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy> Wheel<T> {
    /// An empty wheel that stands at time zero.
    pub fn new() -> Self {
        Self {
            nodes: Slab::new(),
            heads: [[NONE; SLOTS]; LEVELS],
            occupied: [0; LEVELS],
            current: 0,
            generation: 0,
        }
    }

    /// How many timers are armed.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no timer is armed.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Arms a timer that fires once, at `at` or up to one tick later.
    pub fn arm(&mut self, at: Duration, payload: T) -> TimerId {
        if self.nodes.is_empty() && self.nodes.capacity() > 4096 {
            self.nodes = Slab::new(); // Gives the memory of a flood back.
        }
        let wanted = ticks_up(at).max(self.current + 1);
        let deadline = wanted.min(self.current + HORIZON);
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let index = self.nodes.insert(Node {
            payload,
            deadline,
            generation,
            previous: NONE,
            next: NONE,
            level: 0,
            slot: 0,
        }) as u32;
        self.link(index);
        TimerId { index, generation }
    }

    /// Cancels a timer; true when it was still armed.
    pub fn cancel(&mut self, id: TimerId) -> bool {
        match self.nodes.get(id.index as usize) {
            Some(node) if node.generation == id.generation => {
                self.unlink(id.index);
                self.nodes.remove(id.index as usize);
                true
            }
            _ => false,
        }
    }

    /// When the wheel wants to be turned next: never later than the earliest deadline (plus the
    /// rounding to a tick), but for far timers possibly earlier, to move them down a level.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.next_tick()
            .map(|tick| Duration::from_millis(tick * TICK_MS))
    }

    /// Takes the next timer whose deadline has come by `now`; call it until it gives nothing.
    pub fn pop(&mut self, now: Duration) -> Option<T> {
        let limit = (now.as_millis() as u64) / TICK_MS;
        loop {
            let slot = (self.current as usize) & (SLOTS - 1);
            let head = self.heads[0][slot];
            if head != NONE {
                self.unlink(head);
                return Some(self.nodes.remove(head as usize).payload);
            }
            match self.next_tick() {
                Some(tick) if tick <= limit => self.advance_to(tick),
                _ => {
                    self.current = self.current.max(limit);
                    return None;
                }
            }
        }
    }

    /// The next tick at which a slot fires or cascades.
    fn next_tick(&self) -> Option<u64> {
        let mut best: Option<u64> = None;
        for level in 0..LEVELS {
            let bits = self.occupied[level];
            if bits == 0 {
                continue;
            }
            let shift = BITS * level as u32;
            let position = self.current >> shift;
            let here = (position as u32) & 63;
            // At level 0 the slot we stand on may still hold timers that are due.
            let ahead = if level == 0 {
                bits.rotate_right(here).trailing_zeros()
            } else {
                bits.rotate_right((here + 1) & 63).trailing_zeros() + 1
            };
            let tick = ((position + u64::from(ahead)) << shift).max(self.current);
            best = Some(best.map_or(tick, |other| other.min(tick)));
        }
        best
    }

    /// Stands on `tick` and moves the slots that begin there down a level, highest first.
    fn advance_to(&mut self, tick: u64) {
        self.current = tick;
        for level in (1..LEVELS).rev() {
            let shift = BITS * level as u32;
            if tick & ((1 << shift) - 1) != 0 {
                continue;
            }
            let slot = ((tick >> shift) as usize) & (SLOTS - 1);
            let mut index = self.heads[level][slot];
            self.heads[level][slot] = NONE;
            self.occupied[level] &= !(1 << slot);
            while index != NONE {
                let next = self
                    .nodes
                    .get(index as usize)
                    .map_or(NONE, |node| node.next);
                self.link(index);
                index = next;
            }
        }
    }

    fn link(&mut self, index: u32) {
        let current = self.current;
        let Some(node) = self.nodes.get_mut(index as usize) else {
            return;
        };
        let delta = node.deadline.saturating_sub(current);
        let level = if delta < SLOTS as u64 {
            0
        } else {
            (((63 - delta.leading_zeros()) / BITS) as usize).min(LEVELS - 1)
        };
        let slot = ((node.deadline >> (BITS * level as u32)) as usize) & (SLOTS - 1);
        let head = self.heads[level][slot];
        node.level = level as u8;
        node.slot = slot as u8;
        node.previous = NONE;
        node.next = head;
        if let Some(old) = self.nodes.get_mut(head as usize) {
            old.previous = index;
        }
        self.heads[level][slot] = index;
        self.occupied[level] |= 1 << slot;
    }

    fn unlink(&mut self, index: u32) {
        let Some(node) = self.nodes.get(index as usize) else {
            return;
        };
        let (previous, next) = (node.previous, node.next);
        let (level, slot) = (usize::from(node.level), usize::from(node.slot));
        if let Some(after) = self.nodes.get_mut(next as usize) {
            after.previous = previous;
        }
        match self.nodes.get_mut(previous as usize) {
            Some(before) => before.next = next,
            None => {
                self.heads[level][slot] = next;
                if next == NONE {
                    self.occupied[level] &= !(1 << slot);
                }
            }
        }
    }
}

fn ticks_up(at: Duration) -> u64 {
    let whole = at.as_millis().min(u128::from(u64::MAX / 2)) as u64;
    let exact = at.subsec_nanos().is_multiple_of(1_000_000);
    whole.div_ceil(TICK_MS).max(if exact {
        0
    } else {
        (whole + 1).div_ceil(TICK_MS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn drain(wheel: &mut Wheel<u32>, now: u64) -> Vec<u32> {
        std::iter::from_fn(|| wheel.pop(ms(now))).collect()
    }

    #[test]
    fn fires_once_and_never_early() {
        let mut wheel = Wheel::new();
        wheel.arm(ms(505), 1);
        wheel.arm(ms(32_000), 2);
        assert_eq!(drain(&mut wheel, 500), []);
        assert_eq!(drain(&mut wheel, 509), []);
        assert_eq!(drain(&mut wheel, 510), [1]);
        assert_eq!(drain(&mut wheel, 31_990), []);
        assert_eq!(drain(&mut wheel, 32_000), [2]);
        assert!(wheel.is_empty());
        assert_eq!(wheel.next_timeout(), None);
    }

    #[test]
    fn a_cancelled_timer_is_silent_and_its_id_harms_no_later_one() {
        let mut wheel = Wheel::new();
        let first = wheel.arm(ms(100), 1);
        assert!(wheel.cancel(first));
        wheel.arm(ms(100), 2);
        assert!(!wheel.cancel(first));
        assert_eq!(drain(&mut wheel, 1_000), [2]);
    }

    #[test]
    fn a_past_deadline_fires_at_the_next_tick() {
        let mut wheel = Wheel::new();
        assert_eq!(drain(&mut wheel, 1_000_000), []);
        wheel.arm(ms(5), 7);
        assert_eq!(wheel.next_timeout(), Some(ms(1_000_010)));
        assert_eq!(drain(&mut wheel, 1_000_010), [7]);
    }

    proptest! {
        /// Against a sorted list: the same timers fire in each window, driven by next_timeout.
        #[test]
        fn agrees_with_a_sorted_list(
            timers in proptest::collection::vec((0u64..400_000, any::<bool>()), 1..200),
            jumps in proptest::collection::vec(1u64..60_000, 1..30),
        ) {
            let mut wheel = Wheel::new();
            let mut model: Vec<(u64, u32)> = Vec::new();
            for (number, (at, cancelled)) in timers.iter().enumerate() {
                let id = wheel.arm(ms(*at), number as u32);
                if *cancelled {
                    prop_assert!(wheel.cancel(id));
                } else {
                    model.push(((at.div_ceil(10) * 10).max(10), number as u32));
                }
            }
            let mut now = 0;
            for jump in jumps {
                let target = now + jump;
                while let Some(at) = wheel.next_timeout().filter(|at| *at <= ms(target)) {
                    let at = at.as_millis() as u64;
                    prop_assert!(at >= now);
                    now = at;
                    let mut fired = drain(&mut wheel, now);
                    fired.sort_unstable();
                    let mut due: Vec<u32> =
                        model.iter().filter(|(t, _)| *t <= now).map(|(_, n)| *n).collect();
                    due.sort_unstable();
                    model.retain(|(t, _)| *t > now);
                    prop_assert_eq!(fired, due);
                }
                now = target;
                prop_assert_eq!(drain(&mut wheel, now), Vec::<u32>::new());
                prop_assert_eq!(wheel.len(), model.len());
            }
        }
    }
}
