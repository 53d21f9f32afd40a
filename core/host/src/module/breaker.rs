//! A module's health: what it has done wrong, and the breaker that keeps it out for a while.
//!
//! Five traps within 60 s disable a module for 60 s; each time it happens again that doubles, up
//! to 15 minutes, and 15 minutes without a trap begin anew. An operator may disable it until he
//! enables it. Time is an argument everywhere (since the node's start), so all of this is tested
//! without waiting.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordboard_steps::{ScriptError, ScriptErrorKind};
use serde_json::{Value, json};

/// Traps that disable a module ...
pub const TRAPS_MAX: usize = 5;
/// ... when they come within so long.
pub const TRAPS_WITHIN: Duration = Duration::from_secs(60);
/// How long it is disabled the first time.
const REST_FIRST: Duration = Duration::from_secs(60);
/// How long at most; after so long without a trap the first time is next again.
const REST_MAX: Duration = Duration::from_secs(900);
/// Longest text of a trap that is kept.
const TEXT_BYTES_MAX: usize = 1_024;

/// May the module run?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Enabled,
    /// An operator has disabled it.
    Disabled,
    /// It failed too often and rests until then.
    Resting {
        /// Time since the node's start.
        until: Duration,
    },
}

/// Counts traps and opens when there are too many.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    /// When the latest came, oldest first, at most `TRAPS_MAX`.
    traps: VecDeque<Duration>,
    /// When the last one came.
    last: Option<Duration>,
    until: Option<Duration>,
    rest: Option<Duration>,
    by_operator: bool,
}

impl Breaker {
    /// The state at `now`.
    pub fn state(&self, now: Duration) -> State {
        match self.until {
            _ if self.by_operator => State::Disabled,
            Some(until) if now < until => State::Resting { until },
            _ => State::Enabled,
        }
    }

    /// True once for each rest that has run out: nobody's word ended it.
    pub fn has_rested(&mut self, now: Duration) -> bool {
        match self.until {
            Some(until) if now >= until && !self.by_operator => {
                self.until = None;
                true
            }
            _ => false,
        }
    }

    /// Counts a trap. `Some` says until when it now rests: the moment it was disabled.
    pub fn trap(&mut self, now: Duration) -> Option<Duration> {
        if self.until.is_some_and(|until| now < until) {
            return None;
        }
        let quiet = |last: Duration| now.saturating_sub(last) > REST_MAX;
        if self.last.replace(now).is_some_and(quiet) {
            self.rest = None;
        }
        self.traps.push_back(now);
        while let Some(first) = self.traps.front() {
            if now.saturating_sub(*first) <= TRAPS_WITHIN && self.traps.len() <= TRAPS_MAX {
                break;
            }
            self.traps.pop_front();
        }
        if self.traps.len() < TRAPS_MAX {
            return None;
        }
        self.traps.clear();
        let rest = self.rest.map_or(REST_FIRST, |r| (r * 2).min(REST_MAX));
        self.rest = Some(rest);
        let until = now + rest;
        self.until = Some(until);
        Some(until)
    }

    /// An operator's word. Enabling forgets the traps as well.
    pub fn set(&mut self, enabled: bool) {
        *self = Breaker {
            by_operator: !enabled,
            ..Breaker::default()
        };
    }
}

/// What happened to a module, as its tenant's journal has it (`module.loaded` and so on).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A generation took it.
    Loaded,
    /// A generation took another version of it.
    Upgraded,
    /// Its files could not be taken.
    Refused,
    /// It was kept from running, by an operator or the breaker.
    Disabled,
    /// It may run again.
    Enabled,
    /// Its instance broke and was made anew.
    Restarted,
}

impl Change {
    /// All of them, in the order of their counts.
    pub const ALL: [Change; 6] = [
        Change::Loaded,
        Change::Upgraded,
        Change::Refused,
        Change::Disabled,
        Change::Enabled,
        Change::Restarted,
    ];

    /// Its word: `module.WORD` is its topic.
    pub fn word(self) -> &'static str {
        match self {
            Change::Loaded => "loaded",
            Change::Upgraded => "upgraded",
            Change::Refused => "refused",
            Change::Disabled => "disabled",
            Change::Enabled => "enabled",
            Change::Restarted => "restarted",
        }
    }
}

/// What is known of how a module does: all generations of one tenant and name share it.
#[derive(Debug, Default)]
pub struct Health {
    breaker: Mutex<Breaker>,
    /// Steps, requests, batches begun.
    pub starts: AtomicU64,
    /// Ended by a trap.
    pub traps: AtomicU64,
    /// Of these, those that met a limit of time or memory.
    pub overruns: AtomicU64,
    /// Refused since a pool was full, a rate met or the module disabled.
    pub refusals: AtomicU64,
    /// Instances now.
    pub instances: AtomicU64,
    /// CPU nanoseconds of its code in steps and events, with what goes in and comes out.
    pub cpu_nanos: AtomicU64,
    last: Mutex<Option<String>>,
    changes: [AtomicU64; Change::ALL.len()],
}

impl Health {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state at `now`.
    pub fn state(&self, now: Duration) -> State {
        self.breaker().state(now)
    }

    /// May something begin? Counts it, or the refusal.
    ///
    /// # Errors
    /// Why not, and when again, for people.
    pub fn begin(&self, name: &str, now: Duration) -> Result<(), String> {
        let why = match self.state(now) {
            State::Enabled => {
                self.starts.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            State::Disabled => format!(
                "the module `{name}` is disabled: `cordboard module enable {name}` lets it run"
            ),
            State::Resting { until } => format!(
                "the module `{name}` failed {TRAPS_MAX} times in {} s and rests for {} s more",
                TRAPS_WITHIN.as_secs(),
                until.saturating_sub(now).as_secs() + 1
            ),
        };
        self.refusals.fetch_add(1, Ordering::Relaxed);
        Err(why)
    }

    /// Counts how something ended. `Some`: with this the module is disabled until then; the
    /// caller publishes `module.disabled`. A caller who left and a full pool are nobody's fault.
    pub fn failed(&self, error: &ScriptError, now: Duration) -> Option<Duration> {
        match error.kind {
            ScriptErrorKind::Gone => return None,
            ScriptErrorKind::Overload => {
                self.refusals.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            ScriptErrorKind::Budget | ScriptErrorKind::Memory => {
                self.overruns.fetch_add(1, Ordering::Relaxed);
            }
            ScriptErrorKind::Runtime | ScriptErrorKind::Missing => {}
        }
        self.traps.fetch_add(1, Ordering::Relaxed);
        let mut text = error.message.clone();
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        self.breaker().trap(now)
    }

    /// True once for each rest that has run out.
    pub fn has_rested(&self, now: Duration) -> bool {
        self.breaker().has_rested(now)
    }

    /// So much CPU time went by in its code.
    pub fn spent(&self, cpu: Duration) {
        let nanos = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
        self.cpu_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// An operator's word.
    pub fn set(&self, enabled: bool) {
        self.breaker().set(enabled);
    }

    /// Counts what happened to it; whoever does also writes it into the journal.
    pub fn note(&self, change: Change) {
        if let Some(count) = self.changes.get(change as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often each of these happened since the node's start.
    pub fn changes(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let counts = Change::ALL.iter().zip(&self.changes);
        counts.map(|(change, count)| (change.word(), count.load(Ordering::Relaxed)))
    }

    /// What the last trap said.
    pub fn last_trap(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// For the console.
    pub fn show(&self, now: Duration) -> Value {
        let count = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let (state, rests_s) = match self.state(now) {
            State::Enabled => ("enabled", None),
            State::Disabled => ("disabled", None),
            State::Resting { until } => ("resting", Some(until.saturating_sub(now).as_secs() + 1)),
        };
        let last = self.last_trap();
        json!({
            "state": state,
            "rests_s": rests_s,
            "instances": count(&self.instances),
            "starts": count(&self.starts),
            "traps": count(&self.traps),
            "overruns": count(&self.overruns),
            "refusals": count(&self.refusals),
            "cpu_ms": count(&self.cpu_nanos) / 1_000_000,
            "last_trap": last,
            "changes": self.changes().collect::<std::collections::BTreeMap<_, _>>(),
        })
    }
}
