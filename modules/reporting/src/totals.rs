//! Totals of one quarter of an hour: counts and milliseconds, nothing that is already divided.
//!
//! Which interval a figure belongs to is its own rule: `offered` and `refused` by arrival,
//! `answered`, `abandoned`, `left` and the waits by their event, `handled` by the end of the
//! wrap-up, the service level by the event that decides it (answer, abandon or the threshold's
//! passing, whichever is first), time accounts by the time itself.

use cordboard_module::ordered::Map;

/// What agents did with contacts whose account was closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handling {
    /// Contacts.
    pub handled: u64,
    /// Talk without hold.
    pub talk_ms: u64,
    /// Hold.
    pub hold_ms: u64,
    /// Wrap-up.
    pub wrap_up_ms: u64,
}

/// What the service level is made of: A, B, and those within the threshold or the short limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Answered.
    pub answered: u64,
    /// Of these, within the threshold, which is inclusive.
    pub answered_in: u64,
    /// Abandoned.
    pub abandoned: u64,
    /// Of these, within the threshold.
    pub abandoned_in: u64,
    /// Of these, within the short limit.
    pub abandoned_short: u64,
    /// Passed the threshold and still waiting; counted when a report is made, never kept.
    pub overdue: u64,
}

/// A queue's quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueTotals {
    /// Visits that began.
    pub offered: u64,
    /// Callers who were not let in: full, closed, nobody there.
    pub refused: u64,
    /// Visits that an agent answered.
    pub answered: u64,
    /// Visits whose caller left first.
    pub abandoned: u64,
    /// Visits that waited too long.
    pub timed_out: u64,
    /// Visits that ended otherwise.
    pub left: u64,
    /// Waits of those that were answered.
    pub wait_answered_ms: u64,
    /// Waits of those that were abandoned.
    pub wait_abandoned_ms: u64,
    /// Longest wait that ended.
    pub longest_wait_ms: u64,
    /// Closed accounts.
    pub handling: Handling,
    /// The service level.
    pub level: Level,
}

/// An agent's quarter of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentTotals {
    /// Reservations.
    pub offered: u64,
    /// Of these, not taken.
    pub missed: u64,
    /// Closed accounts.
    pub handling: Handling,
    /// Milliseconds by state: `ready`, `reserved`, `talk`, `hold`, `wrap-up`, `outbound`, `paused:REASON`.
    pub accounts: Map<String, u64>,
}

/// A number's quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DidTotals {
    /// Calls whose bill line was written.
    pub calls: u64,
    /// Of these, answered by whatever it was.
    pub answered: u64,
    /// Of these, left before an answer.
    pub cancelled: u64,
    /// From answer to end.
    pub talk_ms: u64,
}

/// Totals that can be added up, saved as a row of numbers and read back.
pub trait Totals: Default + Clone {
    /// Every number, in the order of the saved state.
    fn cells(&mut self) -> Vec<&mut u64>;
    /// Adds another interval's.
    fn add(&mut self, other: &Self);
}

fn add_cells<T: Totals>(to: &mut T, other: &T) {
    let mut other = other.clone();
    for (cell, more) in to.cells().into_iter().zip(other.cells()) {
        *cell += *more;
    }
}

impl Handling {
    fn cells(&mut self) -> [&mut u64; 4] {
        [
            &mut self.handled,
            &mut self.talk_ms,
            &mut self.hold_ms,
            &mut self.wrap_up_ms,
        ]
    }
}

impl Totals for QueueTotals {
    fn cells(&mut self) -> Vec<&mut u64> {
        let level = &mut self.level;
        let mut cells = vec![
            &mut self.offered,
            &mut self.refused,
            &mut self.answered,
            &mut self.abandoned,
            &mut self.timed_out,
            &mut self.left,
            &mut self.wait_answered_ms,
            &mut self.wait_abandoned_ms,
            &mut self.longest_wait_ms,
            &mut level.answered,
            &mut level.answered_in,
            &mut level.abandoned,
            &mut level.abandoned_in,
            &mut level.abandoned_short,
            &mut level.overdue,
        ];
        cells.extend(self.handling.cells());
        cells
    }

    fn add(&mut self, other: &Self) {
        let longest_ms = self.longest_wait_ms.max(other.longest_wait_ms);
        add_cells(self, other);
        self.longest_wait_ms = longest_ms;
    }
}

impl Totals for AgentTotals {
    fn cells(&mut self) -> Vec<&mut u64> {
        let mut cells = vec![&mut self.offered, &mut self.missed];
        cells.extend(self.handling.cells());
        cells
    }

    fn add(&mut self, other: &Self) {
        add_cells(self, other);
        for (account, ms) in &other.accounts {
            *self.accounts.entry(account) += ms;
        }
    }
}

impl Totals for DidTotals {
    fn cells(&mut self) -> Vec<&mut u64> {
        vec![
            &mut self.calls,
            &mut self.answered,
            &mut self.cancelled,
            &mut self.talk_ms,
        ]
    }

    fn add(&mut self, other: &Self) {
        add_cells(self, other);
    }
}

impl AgentTotals {
    /// Time in one state.
    pub fn account(&self, state: &str) -> u64 {
        self.accounts.get(state).copied().unwrap_or(0)
    }

    /// All time at work.
    pub fn logged_in_ms(&self) -> u64 {
        self.accounts.values().sum()
    }

    /// All pauses.
    pub fn paused_ms(&self) -> u64 {
        let pauses = self
            .accounts
            .iter()
            .filter(|(state, _)| state.starts_with("paused"));
        pauses.map(|(_, ms)| ms).sum()
    }
}
