//! What a shard still holds, counted: for metrics, and for stories that look for leaks.

use super::Shard;

/// Sizes of a shard's tables. All are 0 some time after the last call, but `sources`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residue {
    /// Calls with their routes.
    pub calls: usize,
    /// Calls that wait for the journal.
    pub waiting: usize,
    /// Calls of the engine.
    pub engine_calls: usize,
    /// 0 when the engine keeps nothing at all: no stream, dialog, limit, timer, recording.
    pub engine_unclean: usize,
    /// SIP dialogs.
    pub dialogs: usize,
    /// SIP transactions.
    pub transactions: usize,
    /// SIP timers.
    pub sip_timers: usize,
    /// SIP Call-IDs whose messages are journalled.
    pub captures: usize,
    /// Timers of routes.
    pub route_timers: usize,
    /// Addresses whose answers are counted; bounded, and kept.
    pub sources: usize,
}

impl Shard {
    /// The sizes now.
    pub fn residue(&self) -> Residue {
        let sip = self.endpoint.counters();
        Residue {
            calls: self.calls.len(),
            waiting: self.calls.waiting_count(),
            engine_calls: self.engine.len(),
            engine_unclean: usize::from(!self.engine.is_clean()),
            dialogs: sip.dialogs,
            transactions: sip.transactions,
            sip_timers: sip.timers,
            captures: self.capture.len(),
            route_timers: self.desk.timers.len(),
            sources: self.policy.sources.len(),
        }
    }

    /// Counters by name, as metrics show them.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.desk
            .counters
            .iter()
            .map(|(name, count)| (*name, *count))
    }
}
