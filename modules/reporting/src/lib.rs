//! The module `reporting`: totals of queues, agents and DIDs by interval.
//!
//! `books` folds the journal's events into `totals` of quarters of an hour; `visits` are queue
//! visits that are not over; `accounts` splits agents' time; `calendar` turns times into words and
//! back; `report` adds up and writes. A fold from the first event gives what a live one has.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod accounts;
mod books;
mod calendar;
mod report;
mod saved;
#[cfg(test)]
mod tests;
mod totals;

use cordboard_module::{Error, Event, Json, Report, Reporter};

pub use books::{Books, Settings};
pub use totals::{AgentTotals, DidTotals, QueueTotals};

/// The reporter of a tenant.
#[derive(Debug)]
pub struct Reporting {
    books: Books,
}

impl Reporter for Reporting {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        let books = Books::new(Settings::read(settings));
        Ok(Self { books })
    }

    fn fold(&mut self, event: Event) {
        self.books.fold(&event.topic, event.at_ms, &event.data());
    }

    fn render(&mut self, verb: &str, arguments: &Json) -> Result<Report, Error> {
        Ok(report::render(&self.books, verb, arguments)?)
    }

    fn save(&self) -> Vec<u8> {
        self.books.save().to_string().into_bytes()
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String> {
        self.books.restore(version, state)
    }
}

#[cfg(target_arch = "wasm32")]
cordboard_module::register!(reporter: Reporting);
