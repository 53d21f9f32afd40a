//! The order in which rows are tried: least cost first, and by weight among equal costs.
//!
//! Weights are shares: of rows with 3 and 1, the first is tried first in three of four calls. Chance
//! is the decision's seed, so a decision can be made again. Rows of weight 0 come after the others
//! of their cost, as they stand.

use crate::table::Row;

/// The rows in their order for this seed.
pub fn order(rows: &[Row], seed: u64) -> Vec<&Row> {
    let mut left: Vec<&Row> = rows.iter().collect();
    // Stable: equal costs stay as they stand.
    left.sort_by_key(|row| row.cost);
    let mut ordered = Vec::with_capacity(left.len());
    let mut chance = seed;
    while let Some(first) = left.first() {
        let cost = first.cost;
        let equal = left.iter().take_while(|row| row.cost == cost).count();
        let total: u64 = left
            .iter()
            .take(equal)
            .map(|row| u64::from(row.weight))
            .sum();
        let at = match total {
            0 => 0,
            _ => share(&left, draw(&mut chance) % total),
        };
        ordered.push(left.remove(at));
    }
    ordered
}

/// The row in whose share a number lies that is below the sum of the weights.
fn share(rows: &[&Row], mut number: u64) -> usize {
    for (at, row) in rows.iter().enumerate() {
        match number.checked_sub(u64::from(row.weight)) {
            Some(rest) => number = rest,
            None => return at,
        }
    }
    0
}

/// SplitMix64.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
