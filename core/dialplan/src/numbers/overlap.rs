//! Whether two patterns share a number, and whether others leave one anything at all.

use std::collections::HashSet;

use super::pattern::{Key, Pattern, Shape, advance, bit, close};

/// Most product states that are looked at before a pattern counts as reachable.
const STATES_MAX: usize = 20_000;

/// Patterns as lists of keys: a range is the union of several.
struct Machine {
    keys: Vec<Key>,
    star: bool,
}

impl Machine {
    fn all(pattern: &Pattern) -> Vec<Machine> {
        let literal = |text: &str| -> Vec<Key> {
            let bits = text.chars().map(|c| bit(c).unwrap_or(0));
            bits.map(|fits| Key {
                fits,
                optional: false,
            })
            .collect()
        };
        match pattern.shape() {
            Shape::Exact => vec![Machine {
                keys: literal(pattern.text()),
                star: false,
            }],
            Shape::Wild { keys, star } => vec![Machine {
                keys: keys.to_vec(),
                star: *star,
            }],
            Shape::Range { from, to, width } => {
                let head = literal(pattern.literal_prefix());
                let mut tails = Vec::new();
                split(*from, *to, *width, &mut Vec::new(), &mut tails);
                let join = |tail: Vec<u16>| {
                    let tail = tail.into_iter().map(|fits| Key {
                        fits,
                        optional: false,
                    });
                    Machine {
                        keys: head.iter().copied().chain(tail).collect(),
                        star: false,
                    }
                };
                tails.into_iter().map(join).collect()
            }
        }
    }

    fn start(&self) -> u64 {
        close(&self.keys, 1)
    }

    fn accepts(&self, state: u64) -> bool {
        state & (1 << self.keys.len()) != 0
    }
}

/// `from..=to` of so many digits as sequences of digit sets.
fn split(from: u64, to: u64, width: usize, head: &mut Vec<u16>, out: &mut Vec<Vec<u16>>) {
    let Some(rest) = width.checked_sub(1) else {
        out.push(head.clone());
        return;
    };
    let unit = 10u64.pow(rest.min(18) as u32);
    let (low, high) = (from / unit, to / unit);
    let mut whole = 0u16;
    for digit in low..=high.min(9) {
        let start = if digit == low { from % unit } else { 0 };
        let end = if digit == high { to % unit } else { unit - 1 };
        if start == 0 && end == unit - 1 {
            whole |= 1 << digit;
            continue;
        }
        head.push(1 << digit);
        split(start, end, rest, head, out);
        head.pop();
    }
    if whole != 0 {
        let mut keys = head.clone();
        keys.push(whole);
        keys.extend(std::iter::repeat_n(super::pattern::DIGITS, rest));
        out.push(keys);
    }
}

/// True when some number fits both.
pub fn meet(a: &Pattern, b: &Pattern) -> bool {
    let (one, other) = (a.literal_prefix(), b.literal_prefix());
    if !one.starts_with(other) && !other.starts_with(one) {
        return false;
    }
    let (a, b) = (Machine::all(a), Machine::all(b));
    a.iter().any(|a| b.iter().any(|b| machines_meet(a, b)))
}

fn machines_meet(a: &Machine, b: &Machine) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![(a.start(), b.start())];
    while let Some(state) = open.pop() {
        if !seen.insert(state) || seen.len() > STATES_MAX {
            continue;
        }
        if a.accepts(state.0) && b.accepts(state.1) {
            return true;
        }
        for key in (0..13).map(|n| 1u16 << n) {
            let next = (
                advance(&a.keys, a.star, state.0, key),
                advance(&b.keys, b.star, state.1, key),
            );
            if next.0 != 0 && next.1 != 0 {
                open.push(next);
            }
        }
    }
    false
}

/// True when every number of `pattern` fits one of `others`. Gives up, and says false, after
/// 20,000 states.
pub fn covered(pattern: &Pattern, others: &[&Pattern]) -> bool {
    let others: Vec<Machine> = others.iter().flat_map(|o| Machine::all(o)).collect();
    Machine::all(pattern)
        .iter()
        .all(|machine| machine_covered(machine, &others))
}

fn machine_covered(machine: &Machine, others: &[Machine]) -> bool {
    let mut seen: HashSet<Vec<u64>> = HashSet::new();
    let mut first = vec![machine.start()];
    first.extend(others.iter().map(Machine::start));
    let mut open = vec![first];
    while let Some(state) = open.pop() {
        let Some((own, rest)) = state.split_first() else {
            return false;
        };
        let taken = rest.iter().zip(others).any(|(s, o)| o.accepts(*s));
        if machine.accepts(*own) && !taken {
            return false;
        }
        for key in (0..13).map(|n| 1u16 << n) {
            let own = advance(&machine.keys, machine.star, *own, key);
            if own == 0 {
                continue;
            }
            let mut next = vec![own];
            let others = rest.iter().zip(others);
            next.extend(others.map(|(s, o)| advance(&o.keys, o.star, *s, key)));
            if next.iter().skip(1).all(|s| *s == 0) {
                // No other can follow, and every state of ours leads to a number.
                return false;
            }
            if seen.len() > STATES_MAX {
                return false;
            }
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    true
}
