//! The saved state, JSON of version 1: rows of numbers, `[quarter, name, cells...]`.
//!
//! A row may grow at its end: what an older state does not have is 0.

use cordboard_module::Json;

use crate::accounts::State;
use crate::books::{Book, Books, Open};
use crate::totals::Totals;

/// The version that is written; the manifest's `state-version`.
pub const VERSION: u32 = 1;

fn save_book<T: Totals>(book: &Book<T>) -> Json {
    let rows = book.entries.iter().map(|((quarter, name), totals)| {
        let mut totals = T::clone(totals);
        let mut row = vec![Json::from(*quarter), Json::from(name)];
        row.extend(totals.cells().into_iter().map(|cell| Json::from(*cell)));
        Json::List(row)
    });
    rows.collect()
}

fn restore_book<T: Totals>(saved: &Json) -> Book<T> {
    let mut book = Book {
        entries: Default::default(),
    };
    for row in saved.items() {
        let mut totals = T::default();
        for (cell, number) in totals.cells().into_iter().zip(row.items().iter().skip(2)) {
            *cell = number.number().and_then(|n| n.try_into().ok()).unwrap_or(0);
        }
        book.entries
            .insert((row[0].u64(), row[1].str().to_owned()), Box::new(totals));
    }
    book
}

impl Books {
    /// Everything but the settings.
    pub fn save(&self) -> Json {
        let accounts = self
            .agents
            .entries
            .iter()
            .filter(|(_, t)| !t.accounts.is_empty());
        let accounts: Json = accounts
            .map(|((quarter, name), totals)| {
                let of: Json = totals
                    .accounts
                    .iter()
                    .map(|(k, v)| (k.clone(), *v))
                    .collect();
                Json::List(vec![(*quarter).into(), name.into(), of])
            })
            .collect();
        let open = self.open.iter().map(|(visit, open)| {
            let (queued, threshold) = (open.queued_at_ms, open.threshold_ms);
            let queue = Json::from(&open.queue);
            Json::List(vec![
                (*visit).into(),
                queue,
                queued.into(),
                threshold.into(),
            ])
        });
        let states = self.states.iter().map(|(agent, state)| {
            Json::List(vec![
                agent.into(),
                (&state.account).into(),
                state.since_ms.into(),
            ])
        });
        Json::object()
            .with("last_ms", self.last_ms)
            .with("queues", save_book(&self.queues))
            .with("agents", save_book(&self.agents))
            .with("accounts", accounts)
            .with("dids", save_book(&self.dids))
            .with("open", open.collect::<Json>())
            .with("states", states.collect::<Json>())
    }

    /// Takes what `save` gave.
    ///
    /// # Errors
    /// A newer version, or what is no saved state.
    pub fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String> {
        if version > VERSION {
            return Err(format!(
                "the totals are of version {version}, this module knows up to {VERSION}"
            ));
        }
        let text = std::str::from_utf8(state).map_err(|_| "the totals are no text".to_owned())?;
        let saved = Json::parse(text)?;
        self.last_ms = saved["last_ms"].u64();
        self.queues = restore_book(&saved["queues"]);
        self.agents = restore_book(&saved["agents"]);
        self.dids = restore_book(&saved["dids"]);
        for row in saved["accounts"].items() {
            let totals = self.agents.at(row[0].u64(), row[1].str());
            let accounts = row[2].members().iter();
            totals.accounts = accounts
                .filter_map(|(k, v)| Some((k.clone(), v.number()?.try_into().ok()?)))
                .collect();
        }
        let open = saved["open"].items().iter().map(|row| {
            let open = Open {
                queue: row[1].str().to_owned(),
                queued_at_ms: row[2].u64(),
                threshold_ms: row[3].u64(),
            };
            (row[0].u64(), open)
        });
        self.open = open.collect();
        let states = saved["states"].items().iter().map(|row| {
            let state = State {
                account: row[1].str().to_owned(),
                since_ms: row[2].u64(),
            };
            (row[0].str().to_owned(), state)
        });
        self.states = states.collect();
        Ok(())
    }
}
