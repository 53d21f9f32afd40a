//! What an endpoint counts: plain numbers, read by the node's metrics.

use crate::error::Fault;

/// Running totals since the endpoint's birth, and three gauges.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Messages that were handed in.
    pub messages_in: u64,
    /// Messages that were sent, retransmissions included.
    pub messages_out: u64,
    /// Messages that could not be parsed, by [`Fault::index`].
    pub refused: Vec<u64>,
    /// Requests sent again by timers A and E, responses by G and the 2xx rule.
    pub retransmits_out: u64,
    /// Requests that came again and were absorbed.
    pub retransmits_in: u64,
    /// Requests answered without keeping anything.
    pub stateless_replies: u64,
    /// 503 for want of room.
    pub overloads: u64,
    /// Responses that match no transaction, or carry foreign Vias.
    pub stray_responses: u64,
    /// ACKs that match nothing.
    pub stray_acks: u64,
    /// Inputs for which a transaction's table has no row.
    pub ignored_inputs: u64,
    /// Headers of the user that could not be written (line ends in them, or names we own).
    pub headers_refused: u64,
    /// Transactions that ended by timers B, F or H.
    pub timeouts: u64,
    /// 2xx of other branches of a fork, acknowledged and hung up.
    pub forks_released: u64,
    /// Dialogs that were ever made.
    pub dialogs_total: u64,
    /// Transactions that were ever made.
    pub transactions_total: u64,
    /// Gauge: client and server transactions alive.
    pub transactions: usize,
    /// Gauge: dialogs alive.
    pub dialogs: usize,
    /// Gauge: timers armed.
    pub timers: usize,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            messages_in: 0,
            messages_out: 0,
            refused: vec![0; Fault::ALL.len()],
            retransmits_out: 0,
            retransmits_in: 0,
            stateless_replies: 0,
            overloads: 0,
            stray_responses: 0,
            stray_acks: 0,
            ignored_inputs: 0,
            headers_refused: 0,
            timeouts: 0,
            forks_released: 0,
            dialogs_total: 0,
            transactions_total: 0,
            transactions: 0,
            dialogs: 0,
            timers: 0,
        }
    }
}

impl Counters {
    pub(crate) fn refuse(&mut self, fault: Fault) {
        if let Some(count) = self.refused.get_mut(fault.index()) {
            *count += 1;
        }
    }

    /// Refused messages by reason, those that occurred.
    pub fn refused_by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Fault::ALL
            .iter()
            .zip(&self.refused)
            .filter(|(_, count)| **count > 0)
            .map(|(fault, count)| (fault.name(), *count))
    }
}
