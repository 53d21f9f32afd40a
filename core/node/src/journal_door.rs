//! The shard's door to the node's journal.

use std::fmt::Write as _;

use cordboard_store::journal::{Journal, NewEvent, Sequencer};

use crate::shard::{JournalDoor, Record};

/// The sequencer with the journal that it feeds.
pub struct NodeJournal {
    sequencer: Sequencer,
    journal: Journal,
    call: String,
}

impl NodeJournal {
    /// A door to an open journal.
    pub fn new(sequencer: Sequencer, journal: Journal) -> Self {
        Self {
            sequencer,
            journal,
            call: String::with_capacity(26),
        }
    }
}

impl JournalDoor for NodeJournal {
    fn append(&mut self, record: &Record<'_>) -> u64 {
        self.call.clear();
        if let Some(call) = record.call {
            let _ = write!(self.call, "{call}");
        }
        let event = NewEvent {
            at_ms: record.at_ms,
            topic: record.topic,
            version: record.version,
            call: record.call.map(|_| self.call.as_str()),
            leg: record.leg,
        };
        // An event that found no room has no number; its call must not wait for one.
        self.sequencer
            .append(record.tenant.as_str(), event, |out| {
                out.extend_from_slice(record.payload)
            })
            .unwrap_or(0)
    }

    fn flush(&mut self) {
        self.sequencer.hand_over();
    }

    fn full(&self) -> bool {
        self.journal.full()
    }
}
