//! Reading the journal back: by numbers, by call, and the check that it is whole.

use sha2::{Digest, Sha256};

use super::record::{self, Record, StoredEvent};
use super::rows::{Batch, JournalStore, Verdict, checksum};
use crate::error::StoreError;

/// Most facts that one reading gives.
pub const EVENTS_PAGE_MAX: usize = 100_000;
/// Batches read at once.
const BATCHES_AT_ONCE: u32 = 16;
const FAULTS_MAX: usize = 100;

fn records<'a>(batch: &'a Batch) -> impl Iterator<Item = Result<Record<'a>, StoreError>> {
    let mut rest = &batch.payload[..];
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let record = record::read(&mut rest);
        if record.is_none() {
            rest = &[];
        }
        Some(record.ok_or_else(|| {
            StoreError::Damaged(format!(
                "batch {} of tenant {} cannot be read to its end",
                batch.first_seq, batch.tenant
            ))
        }))
    })
}

/// All facts of a batch, without a look at its checksum.
pub fn events_of_batch(batch: &Batch) -> Result<Vec<StoredEvent>, StoreError> {
    records(batch).map(|r| r.map(Record::to_event)).collect()
}

pub(crate) async fn events<S: JournalStore + ?Sized>(
    store: &S,
    tenant: &str,
    from_seq: u64,
    to_seq: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let limit = limit.min(EVENTS_PAGE_MAX);
    let mut found = Vec::new();
    let mut next = from_seq;
    while next <= to_seq && found.len() < limit {
        let batches = store.batches(tenant, next, BATCHES_AT_ONCE).await?;
        let Some(last) = batches.last() else {
            break;
        };
        next = last.last_seq + 1;
        for record in batches.iter().flat_map(records) {
            let record = record?;
            if record.seq >= from_seq && record.seq <= to_seq && found.len() < limit {
                found.push(record.to_event());
            }
        }
    }
    Ok(found)
}

pub(crate) async fn events_of_call<S: JournalStore + ?Sized>(
    store: &S,
    tenant: &str,
    call: &str,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let Some(row) = store.call(tenant, call).await? else {
        return Ok(Vec::new());
    };
    if let Some(batches) = row.batches {
        return events_in_batches(store, tenant, call, &batches, limit).await;
    }
    let limit = limit.min(EVENTS_PAGE_MAX);
    let mut found = Vec::new();
    let mut next = row.first_seq;
    let end = row.last_seq.unwrap_or(u64::MAX);
    while next <= end && found.len() < limit {
        let batches = store.batches(tenant, next, BATCHES_AT_ONCE).await?;
        let Some(last) = batches.last() else {
            break;
        };
        next = last.last_seq + 1;
        for batch in &batches {
            take_of_call(batch, call, limit, &mut found)?;
        }
    }
    Ok(found)
}

/// Facts of a call out of the batches that are known to hold them.
pub(crate) async fn events_in_batches<S: JournalStore + ?Sized>(
    store: &S,
    tenant: &str,
    call: &str,
    first_seqs: &[u64],
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let limit = limit.min(EVENTS_PAGE_MAX);
    let mut found = Vec::new();
    for first_seq in first_seqs {
        if found.len() >= limit {
            break;
        }
        if let Some(batch) = store.batch(tenant, *first_seq).await? {
            take_of_call(&batch, call, limit, &mut found)?;
        }
    }
    Ok(found)
}

fn take_of_call(
    batch: &Batch,
    call: &str,
    limit: usize,
    found: &mut Vec<StoredEvent>,
) -> Result<(), StoreError> {
    for record in records(batch) {
        let record = record?;
        if record.call == Some(call) && found.len() < limit {
            found.push(record.to_event());
        }
    }
    Ok(())
}

pub(crate) async fn verify<S: JournalStore + ?Sized>(
    store: &S,
    tenant: &str,
) -> Result<Verdict, StoreError> {
    let mut verdict = Verdict::default();
    let mut hash = Sha256::new();
    let mut next = 0;
    let mut faults = Vec::new();
    loop {
        let batches = store.batches(tenant, next, BATCHES_AT_ONCE).await?;
        let Some(last) = batches.last() else {
            break;
        };
        next = last.last_seq.saturating_add(1);
        for batch in &batches {
            check(batch, &mut verdict, &mut hash, &mut faults);
        }
    }
    let known = store.last_seqs().await?;
    let known = known
        .iter()
        .find(|(name, _)| name == tenant)
        .map_or(0, |(_, seq)| *seq);
    if known != verdict.last_seq {
        faults.push(format!(
            "the tenant's last number is {known}, but the last batch ends with {}",
            verdict.last_seq
        ));
    }
    faults.truncate(FAULTS_MAX);
    verdict.faults = faults;
    verdict.hash = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(verdict)
}

fn check(batch: &Batch, verdict: &mut Verdict, hash: &mut Sha256, faults: &mut Vec<String>) {
    let (first, last) = (batch.first_seq, batch.last_seq);
    if verdict.batches == 0 {
        verdict.first_seq = first;
    } else if first != verdict.last_seq + 1 {
        faults.push(format!("batch {first} follows number {}", verdict.last_seq));
    }
    verdict.batches += 1;
    verdict.last_seq = last;
    if checksum(&batch.tenant, first, last, &batch.payload) != batch.checksum {
        faults.push(format!("batch {first} is not what its checksum says"));
    }
    let mut expected = first;
    for record in records(batch) {
        match record {
            Ok(record) => {
                if record.seq != expected {
                    faults.push(format!(
                        "batch {first} has {} where {expected} belongs",
                        record.seq
                    ));
                }
                expected = record.seq + 1;
                verdict.events += 1;
                hash.update(record.bytes);
            }
            Err(error) => faults.push(error.to_string()),
        }
    }
    if expected != last.saturating_add(1) {
        faults.push(format!("batch {first} ends before its last number {last}"));
    }
    faults.truncate(FAULTS_MAX);
}
