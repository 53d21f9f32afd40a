//! The journal of the store in memory.

use super::{Inner, MemoryStore, names};
use crate::error::{StoreError, Task};
use crate::journal::{Batch, CallQuery, CallRow, CdrQuery, CdrRow, Commit, JournalStore};

/// Most rows of one listing, as in the databases.
const ROWS_MAX: usize = 1_000;

impl MemoryStore {
    /// Changes the stored batch of a tenant that begins with `first_seq`, as rot would.
    pub fn spoil_batch(&self, tenant: &str, first_seq: u64, spoil: impl FnOnce(&mut Batch)) {
        let mut inner = self.lock();
        if let Some(batch) = inner
            .journal
            .batches
            .get_mut(&(tenant.to_owned(), first_seq))
        {
            spoil(batch);
        }
    }
}

impl Inner {
    fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        let projects = !commit.calls.is_empty() || !commit.cdrs.is_empty();
        if self.faults.projections_refused && projects {
            return Err(StoreError::Refused("it was told to".to_owned()));
        }
        let known = |batch: &Batch| {
            self.journal
                .last_seqs
                .get(&batch.tenant)
                .copied()
                .unwrap_or(0)
        };
        if commit
            .batches
            .iter()
            .any(|batch| known(batch) >= batch.first_seq)
        {
            return Err(StoreError::Position);
        }
        for batch in &commit.batches {
            self.journal
                .last_seqs
                .insert(batch.tenant.clone(), batch.last_seq);
            self.journal
                .batches
                .insert((batch.tenant.clone(), batch.first_seq), batch.clone());
        }
        for row in &commit.calls {
            let key = names([&row.tenant, &row.call]);
            let old = self.journal.calls.entry(key).or_insert_with(|| row.clone());
            merge(old, row);
        }
        for row in &commit.cdrs {
            self.journal
                .cdrs
                .insert((row.tenant.clone(), row.seq), row.clone());
        }
        for row in &commit.usage {
            self.journal
                .usage
                .insert((row.tenant.clone(), row.seq), row.clone());
        }
        if self.faults.answers_lost {
            return Err(StoreError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(())
    }
}

/// What is known now overwrites what was; what is not known leaves it.
fn merge(old: &mut CallRow, new: &CallRow) {
    old.started_ms = old.started_ms.min(new.started_ms);
    old.first_seq = old.first_seq.min(new.first_seq);
    old.ended_ms = new.ended_ms.or(old.ended_ms);
    old.last_seq = new.last_seq.or(old.last_seq);
    old.cause = new.cause.or(old.cause);
    for (old, new) in [
        (&mut old.caller, &new.caller),
        (&mut old.dialled, &new.dialled),
        (&mut old.result, &new.result),
    ] {
        if new.is_some() {
            old.clone_from(new);
        }
    }
    if new.batches.is_some() {
        old.batches.clone_from(&new.batches);
    }
}

impl JournalStore for MemoryStore {
    fn last_seqs(&self) -> Task<'_, Vec<(String, u64)>> {
        self.now(|i| {
            Ok(i.journal
                .last_seqs
                .iter()
                .map(|(t, s)| (t.clone(), *s))
                .collect())
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> Task<'a, ()> {
        self.now(|i| i.commit(commit))
    }

    fn make_durable(&self) -> Task<'_, ()> {
        self.now(|i| {
            if i.durable.is_some() {
                i.durable = Some(i.journal.clone());
            }
            Ok(())
        })
    }

    fn batches<'a>(&'a self, tenant: &'a str, from_seq: u64, limit: u32) -> Task<'a, Vec<Batch>> {
        self.now(|i| {
            let own = (tenant.to_owned(), 0)..=(tenant.to_owned(), u64::MAX);
            let wanted = i.journal.batches.range(own).map(|(_, batch)| batch);
            let wanted = wanted.filter(|batch| batch.last_seq >= from_seq);
            Ok(wanted.take(limit as usize).cloned().collect())
        })
    }

    fn batch<'a>(&'a self, tenant: &'a str, first_seq: u64) -> Task<'a, Option<Batch>> {
        self.now(|i| {
            Ok(i.journal
                .batches
                .get(&(tenant.to_owned(), first_seq))
                .cloned())
        })
    }

    fn call<'a>(&'a self, tenant: &'a str, call: &'a str) -> Task<'a, Option<CallRow>> {
        self.now(|i| Ok(i.journal.calls.get(&names([tenant, call])).cloned()))
    }

    fn calls<'a>(&'a self, query: &'a CallQuery) -> Task<'a, Vec<CallRow>> {
        self.now(|i| {
            let wanted = |row: &&CallRow| {
                let number = query.number.as_ref();
                row.tenant == query.tenant
                    && (query.from_ms..query.to_ms).contains(&row.started_ms)
                    && number.is_none_or(|n| {
                        row.caller.as_ref() == Some(n) || row.dialled.as_ref() == Some(n)
                    })
            };
            let mut rows: Vec<CallRow> = i.journal.calls.values().filter(wanted).cloned().collect();
            rows.sort_by_key(|row| std::cmp::Reverse((row.started_ms, row.first_seq)));
            rows.truncate((query.limit as usize).min(ROWS_MAX));
            Ok(rows)
        })
    }

    fn cdrs<'a>(&'a self, query: &'a CdrQuery) -> Task<'a, Vec<CdrRow>> {
        self.now(|i| {
            let wanted = |row: &&CdrRow| {
                row.tenant == query.tenant
                    && row.seq > query.after_seq
                    && row.started_ms >= query.from_ms
                    && query.call.as_ref().is_none_or(|call| *call == row.call)
            };
            let mut rows: Vec<CdrRow> = i.journal.cdrs.values().filter(wanted).cloned().collect();
            if query.newest_first {
                rows.reverse();
            }
            rows.truncate((query.limit as usize).min(ROWS_MAX));
            Ok(rows)
        })
    }
}
