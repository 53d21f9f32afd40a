//! Whose turn it is: the tenant that has had least, and each tenant's work in its order.
//!
//! A tenant with a hundred pieces of work is weighed like one with a single piece. A tenant that
//! has spent its share of CPU time rests until it has grown. Nothing here waits or reads a clock.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::{Job, Ticket};
use crate::quota::Account;

/// What waits for a place.
pub(super) enum Turn {
    Job(Job),
    /// An entry that stands still between two slices.
    Back(Arc<Ticket>),
}

/// What there is to do.
pub(super) enum Next {
    /// No work.
    Nothing,
    /// All tenants that have work rest; the first of them until then.
    At(Duration),
    /// This, for this tenant; `done` when it is over.
    Turn(Arc<Account>, Turn),
}

/// A tenant with work. There is one for each account that has some, and none else.
struct Line {
    account: Arc<Account>,
    turns: VecDeque<Turn>,
    /// Places that it has now.
    running: usize,
    place: Option<Place>,
}

/// Where a line waits: each is in one set at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// By what its tenant has had.
    Ready(u64),
    Resting(Duration),
}

/// Accounts live as long as their lines, so an address means one of them.
type Key = usize;

/// All work that waits.
#[derive(Default)]
pub(super) struct Order {
    lines: HashMap<Key, Line>,
    ready: BTreeSet<(u64, Key)>,
    resting: BTreeSet<(Duration, Key)>,
    /// What whoever was last had had; a tenant that comes back begins here.
    least: u64,
}

fn key(account: &Arc<Account>) -> Key {
    Arc::as_ptr(account) as Key
}

impl Order {
    /// More work of a tenant; before all its other work where it had begun.
    pub fn push(&mut self, account: &Arc<Account>, turn: Turn, begun: bool) {
        let key = key(account);
        let line = self.lines.entry(key).or_insert_with(|| Line {
            account: account.clone(),
            turns: VecDeque::new(),
            running: 0,
            place: None,
        });
        match begun {
            true => line.turns.push_front(turn),
            false => line.turns.push_back(turn),
        }
        self.settle(key);
    }

    /// Who is next. While the crew ends, nobody rests any more.
    pub fn next(&mut self, now: Duration, ending: bool) -> Next {
        while let Some((until, key)) = self.resting.first().copied()
            && (until <= now || ending)
        {
            self.resting.remove(&(until, key));
            self.unplaced(key);
        }
        while let Some((had, key)) = self.ready.pop_first() {
            let Some(line) = self.lines.get_mut(&key) else {
                continue;
            };
            line.place = None;
            let runs_at = line.account.runs_at(now);
            if runs_at > now && !ending {
                line.place = Some(Place::Resting(runs_at));
                self.resting.insert((runs_at, key));
                continue;
            }
            let Some(turn) = line.turns.pop_front() else {
                continue;
            };
            line.running += 1;
            self.least = self.least.max(had);
            let account = line.account.clone();
            self.settle(key);
            return Next::Turn(account, turn);
        }
        match self.resting.first() {
            Some((until, _)) => Next::At(*until),
            None => Next::Nothing,
        }
    }

    /// A tenant's work has left its place.
    pub fn done(&mut self, account: &Arc<Account>) {
        let key = key(account);
        if let Some(line) = self.lines.get_mut(&key) {
            line.running = line.running.saturating_sub(1);
        }
        self.settle(key);
    }

    /// An entry leaves its place between two slices.
    pub fn put_back(&mut self, account: &Arc<Account>, turn: Turn) {
        if let Some(line) = self.lines.get_mut(&key(account)) {
            line.running = line.running.saturating_sub(1);
        }
        self.push(account, turn, true);
    }

    /// It goes on after all.
    pub fn take_back(&mut self, account: &Arc<Account>, ticket: &Arc<Ticket>) {
        if let Some(line) = self.lines.get_mut(&key(account)) {
            let is_it = |turn: &Turn| matches!(turn, Turn::Back(t) if Arc::ptr_eq(t, ticket));
            line.turns.retain(|turn| !is_it(turn));
            line.running += 1;
        }
        self.settle(key(account));
    }

    /// Drops what waits for a tenant, where nobody can do it.
    pub fn drop_work(&mut self, account: &Arc<Account>) {
        if let Some(line) = self.lines.get_mut(&key(account)) {
            line.turns.clear();
        }
        self.settle(key(account));
    }

    /// Does somebody wait who has had less than this tenant?
    pub fn is_before(&self, account: &Arc<Account>) -> bool {
        let first = self.ready.first();
        first.is_some_and(|(had, _)| *had < account.had(0))
    }

    /// Is there work that could run?
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Pieces of work that wait, and tenants that rest.
    pub fn counts(&self) -> (usize, usize) {
        let waiting = self.lines.values().map(|line| line.turns.len()).sum();
        (waiting, self.resting.len())
    }

    fn unplaced(&mut self, key: Key) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.place = None;
        }
        self.settle(key);
    }

    /// Puts a line where it belongs: among the ready, nowhere while it has all its places, and out
    /// when it has nothing.
    fn settle(&mut self, key: Key) {
        let Some(line) = self.lines.get_mut(&key) else {
            return;
        };
        if line.turns.is_empty() {
            match line.place.take() {
                Some(Place::Ready(had)) => drop(self.ready.remove(&(had, key))),
                Some(Place::Resting(until)) => drop(self.resting.remove(&(until, key))),
                None => {}
            }
            if line.running == 0 {
                self.lines.remove(&key);
            }
            return;
        }
        if line.place.is_none() && line.running < line.account.threads_max() {
            let had = line.account.had(self.least);
            line.place = Some(Place::Ready(had));
            self.ready.insert((had, key));
        }
    }
}
