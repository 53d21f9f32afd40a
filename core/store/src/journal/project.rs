//! The projections: which calls and CDRs a batch of facts makes known.
//!
//! Four topics matter: `call.started`, `call.ended`, `cdr.written` and `usage.measured`; every other fact is only
//! noted as belonging to its call, so that a finished call knows the batches that hold it and is
//! read back without a search. A payload that lacks a field gives an empty column, never an
//! error: the journal is the truth, the projection a convenience.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::record::Record;
use super::rows::{CallRow, CdrRow, Commit};
use crate::tenants::UsageRow;

/// Calls that are followed at once; beyond, calls are found by a search of their numbers.
const OPEN_CALLS_MAX: usize = 200_000;
/// Batches noted for a call; one with more is found by a search.
const CALL_BATCHES_MAX: usize = 20_000;

#[derive(Deserialize)]
struct Started<'a> {
    #[serde(borrow, default)]
    caller: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    dialled: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    cause: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Bill<'a> {
    #[serde(borrow)]
    call_id: Option<Cow<'a, str>>,
    leg_no: u16,
    started_ms: u64,
    ended_ms: u64,
    talk_ms: u64,
    #[serde(borrow)]
    caller: Cow<'a, str>,
    #[serde(borrow)]
    dialled: Cow<'a, str>,
    #[serde(borrow)]
    result: Cow<'a, str>,
    cause: u16,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Measured {
    from_ms: u64,
    to_ms: u64,
}

/// The topic of what a tenant used in an interval.
const USAGE_TOPIC: &str = "usage.measured";

type Key = (String, String);

/// Calls that are up, and the batches that hold facts of them.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    calls: HashMap<String, HashMap<String, Vec<u64>>>,
    count: usize,
}

impl OpenCalls {
    fn begin(&mut self, tenant: &str, call: &str, first_seq: u64) {
        if self.count < OPEN_CALLS_MAX {
            let of = self.calls.entry(tenant.to_owned()).or_default();
            let old = of.insert(call.to_owned(), vec![first_seq]);
            self.count += usize::from(old.is_none());
        }
    }

    fn note(&mut self, tenant: &str, call: &str, first_seq: u64) {
        let Some(of) = self.calls.get_mut(tenant) else {
            return;
        };
        let Some(batches) = of.get_mut(call) else {
            return;
        };
        if batches.last() != Some(&first_seq) {
            batches.push(first_seq);
        }
        if batches.len() > CALL_BATCHES_MAX {
            of.remove(call);
            self.count -= 1;
        }
    }

    fn end(&mut self, tenant: &str, call: &str) -> Option<Vec<u64>> {
        let batches = self.calls.get_mut(tenant)?.remove(call)?;
        self.count -= 1;
        Some(batches)
    }

    /// The batches of a call that is up.
    pub(crate) fn batches(&self, tenant: &str, call: &str) -> Option<Vec<u64>> {
        self.calls.get(tenant)?.get(call).cloned()
    }
}

/// Folds records into the rows of one commit.
#[derive(Default)]
pub(crate) struct Projection {
    calls: HashMap<Key, CallRow>,
    order: Vec<Key>,
    cdrs: Vec<CdrRow>,
    usage: Vec<UsageRow>,
}

/// Text as every database takes it: without NUL characters.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl Projection {
    /// Takes a record of a tenant that stands in the batch beginning with `first_seq`.
    pub(crate) fn take(
        &mut self,
        tenant: &str,
        record: &Record<'_>,
        first_seq: u64,
        open: &mut OpenCalls,
    ) {
        let Some(call) = record.call else {
            if record.topic == USAGE_TOPIC {
                self.measure(tenant, record);
            }
            return;
        };
        match record.topic {
            "call.started" => {
                open.begin(tenant, call, first_seq);
                let said: Option<Started<'_>> = serde_json::from_slice(record.payload).ok();
                let row = self.row(tenant, call, record);
                if let Some(said) = said {
                    row.caller = said.caller.as_deref().map(clean);
                    row.dialled = said.dialled.as_deref().map(clean);
                }
            }
            "call.ended" => {
                open.note(tenant, call, first_seq);
                let batches = open.end(tenant, call);
                let said: Option<Ended> = serde_json::from_slice(record.payload).ok();
                let row = self.row(tenant, call, record);
                row.ended_ms = Some(record.at_ms);
                row.last_seq = Some(record.seq);
                row.cause = said.and_then(|said| said.cause);
                row.batches = batches;
            }
            "cdr.written" => {
                open.note(tenant, call, first_seq);
                self.bill(tenant, call, record);
            }
            _ => open.note(tenant, call, first_seq),
        }
    }

    fn measure(&mut self, tenant: &str, record: &Record<'_>) {
        let said: Measured = serde_json::from_slice(record.payload).unwrap_or_default();
        self.usage.push(UsageRow {
            tenant: tenant.to_owned(),
            seq: record.seq,
            from_ms: said.from_ms,
            to_ms: said.to_ms,
            json: clean(&String::from_utf8_lossy(record.payload)),
        });
    }

    fn row(&mut self, tenant: &str, call: &str, record: &Record<'_>) -> &mut CallRow {
        let key = (tenant.to_owned(), clean(call));
        if !self.calls.contains_key(&key) {
            self.order.push(key.clone());
        }
        self.calls
            .entry(key)
            .or_insert_with_key(|(tenant, call)| CallRow {
                tenant: tenant.clone(),
                call: call.clone(),
                started_ms: record.at_ms,
                ended_ms: None,
                caller: None,
                dialled: None,
                result: None,
                cause: None,
                first_seq: record.seq,
                last_seq: None,
                batches: None,
            })
    }

    fn bill(&mut self, tenant: &str, call: &str, record: &Record<'_>) {
        let said: Bill<'_> = serde_json::from_slice(record.payload).unwrap_or_default();
        let leg = record.leg.unwrap_or(said.leg_no);
        let result = clean(&said.result);
        if leg == 1 {
            self.row(tenant, call, record).result = Some(result.clone());
        }
        self.cdrs.push(CdrRow {
            tenant: tenant.to_owned(),
            seq: record.seq,
            call: clean(said.call_id.as_deref().unwrap_or(call)),
            leg,
            started_ms: said.started_ms,
            ended_ms: said.ended_ms,
            talk_ms: said.talk_ms,
            caller: clean(&said.caller),
            dialled: clean(&said.dialled),
            result,
            cause: said.cause,
            json: clean(&String::from_utf8_lossy(record.payload)),
        });
    }

    /// Puts the rows into the commit.
    pub(crate) fn finish(mut self, commit: &mut Commit) {
        let calls = &mut self.calls;
        commit.calls = self
            .order
            .iter()
            .filter_map(|key| calls.remove(key))
            .collect();
        commit.cdrs = self.cdrs;
        commit.usage = self.usage;
    }
}
