//! Agents' time: every millisecond of a login is in exactly one account.

use crate::books::{Book, QUARTER_MS};
use crate::totals::AgentTotals;

/// Longest time in one state that is accounted; who forgot to log out for longer is cut there.
const STATE_MS_MAX: u64 = 31 * 86_400_000;

/// What an agent does, since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The account; empty is not at work.
    pub account: String,
    /// Unix milliseconds.
    pub since_ms: u64,
}

impl State {
    /// The account of a state as the queue tells it.
    pub fn of(state: &str, reason: &str, since_ms: u64) -> Self {
        let account = match state {
            "offline" => String::new(),
            "paused" => format!("paused:{reason}"),
            state => state.to_owned(),
        };
        Self { account, since_ms }
    }

    /// Writes the time up to then, split at the borders of quarters.
    pub fn write(&self, agent: &str, until_ms: u64, book: &mut Book<AgentTotals>) {
        if self.account.is_empty() {
            return;
        }
        let until_ms = until_ms.min(self.since_ms.saturating_add(STATE_MS_MAX));
        let mut at_ms = self.since_ms;
        while at_ms < until_ms {
            let quarter = at_ms / QUARTER_MS;
            let end_ms = ((quarter + 1) * QUARTER_MS).min(until_ms);
            let totals = book.at(quarter, agent);
            *totals.accounts.entry(&self.account) += end_ms - at_ms;
            at_ms = end_ms;
        }
    }
}
