//! What the database keeps of the journal: batches, calls and CDRs, and the trait over them.

use serde::{Deserialize, Serialize};

use super::read;
use super::record::StoredEvent;
use crate::error::Task;
use crate::tenants::UsageRow;

/// One committed batch: consecutive facts of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Whose facts they are.
    pub tenant: String,
    /// Number of the first fact.
    pub first_seq: u64,
    /// Number of the last fact.
    pub last_seq: u64,
    /// Time of the first fact, in Unix milliseconds.
    pub at_ms: u64,
    /// Over tenant, first and last number and payload; see [`checksum`].
    pub checksum: Vec<u8>,
    /// The facts, length-prefixed (`record.rs`).
    pub payload: Vec<u8>,
}

/// The checksum of a batch: CRC-32 (IEEE) of the tenant's length and name, both numbers (all
/// little endian, 8 bytes) and the payload; 4 bytes, little endian. It finds damage, not malice.
pub fn checksum(tenant: &str, first_seq: u64, last_seq: u64, payload: &[u8]) -> Vec<u8> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&(tenant.len() as u64).to_le_bytes());
    crc.update(tenant.as_bytes());
    crc.update(&first_seq.to_le_bytes());
    crc.update(&last_seq.to_le_bytes());
    crc.update(payload);
    crc.finalize().to_le_bytes().to_vec()
}

/// One call as the projection knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Whose call it is.
    pub tenant: String,
    /// The call's id.
    pub call: String,
    /// When it began, in Unix milliseconds.
    pub started_ms: u64,
    /// When it ended; absent while it is up.
    pub ended_ms: Option<u64>,
    /// Who called.
    pub caller: Option<String>,
    /// What was dialled.
    pub dialled: Option<String>,
    /// Result of its first leg's CDR.
    pub result: Option<String>,
    /// Q.850 cause of its end.
    pub cause: Option<u16>,
    /// Number of its first fact.
    pub first_seq: u64,
    /// Number of its last fact; absent while it is up.
    pub last_seq: Option<u64>,
    /// First numbers of all batches that hold facts of it, where they are known.
    #[serde(skip)]
    pub batches: Option<Vec<u64>>,
}

/// One CDR with the columns that it is found by; `json` is the whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrRow {
    /// Whose leg it was.
    pub tenant: String,
    /// Number of its `cdr.written` fact: the CDR's own number.
    pub seq: u64,
    /// The call that joins its legs.
    pub call: String,
    /// The leg's number there.
    pub leg: u16,
    /// INVITE, in Unix milliseconds.
    pub started_ms: u64,
    /// End, in Unix milliseconds.
    pub ended_ms: u64,
    /// From answer to end, in milliseconds.
    pub talk_ms: u64,
    /// Who called.
    pub caller: String,
    /// What was called.
    pub dialled: String,
    /// `answered`, `busy`, `no-answer` ...
    pub result: String,
    /// Q.850 cause.
    pub cause: u16,
    /// The fact's payload as text.
    pub json: String,
}

/// What is written in one transaction. At most one batch a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// The batches.
    pub batches: Vec<Batch>,
    /// Calls that began or ended in them: known fields overwrite, unknown ones leave.
    pub calls: Vec<CallRow>,
    /// CDRs in them.
    pub cdrs: Vec<CdrRow>,
    /// What tenants used, as they say.
    pub usage: Vec<UsageRow>,
}

/// Which calls to list: those of a tenant that began in `[from_ms, to_ms)`, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallQuery {
    /// Whose calls.
    pub tenant: String,
    /// Earliest beginning, Unix milliseconds.
    pub from_ms: u64,
    /// First beginning that is too late.
    pub to_ms: u64,
    /// Only calls from or to this number.
    pub number: Option<String>,
    /// Most rows; 1,000 at most.
    pub limit: u32,
}

impl CallQuery {
    /// The newest `limit` calls of a tenant.
    pub fn newest(tenant: &str, limit: u32) -> Self {
        Self {
            tenant: tenant.to_owned(),
            from_ms: 0,
            to_ms: i64::MAX as u64,
            number: None,
            limit,
        }
    }
}

/// Which CDRs to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrQuery {
    /// Whose CDRs.
    pub tenant: String,
    /// Only those with a number above this one: how a reader follows them. In order of numbers.
    pub after_seq: u64,
    /// Only those of this call.
    pub call: Option<String>,
    /// Only legs that began at or after this time, Unix milliseconds.
    pub from_ms: u64,
    /// Most rows; 1,000 at most.
    pub limit: u32,
    /// Newest first, instead of in order of numbers.
    pub newest_first: bool,
}

impl CdrQuery {
    /// All CDRs of one call, by leg's end.
    pub fn of_call(tenant: &str, call: &str) -> Self {
        Self {
            call: Some(call.to_owned()),
            newest_first: false,
            ..Self::newest(tenant, 1_000)
        }
    }

    /// The newest `limit` CDRs of a tenant.
    pub fn newest(tenant: &str, limit: u32) -> Self {
        Self {
            tenant: tenant.to_owned(),
            after_seq: 0,
            call: None,
            from_ms: 0,
            limit,
            newest_first: true,
        }
    }
}

/// What a check of a tenant's journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Batches read.
    pub batches: u64,
    /// Facts read.
    pub events: u64,
    /// First number held.
    pub first_seq: u64,
    /// Last number held.
    pub last_seq: u64,
    /// What is wrong, in sentences; none when the journal is whole. At most 100.
    pub faults: Vec<String>,
    /// SHA-256 over all facts in order, hexadecimal; the same however they were batched.
    pub hash: String,
}

/// Keeps the journal and its projections.
pub trait JournalStore: Send + Sync {
    /// The last number of every tenant.
    fn last_seqs(&self) -> Task<'_, Vec<(String, u64)>>;
    /// Writes it all or nothing. [`StoreError::Position`](crate::StoreError::Position) when a tenant's journal already holds
    /// the first number of its batch; nothing is written twice.
    fn commit<'a>(&'a self, commit: &'a Commit) -> Task<'a, ()>;
    /// Returns once everything committed survives a power loss.
    fn make_durable(&self) -> Task<'_, ()>;
    /// Batches of a tenant that hold numbers from `from_seq` on, in order, at most `limit`.
    fn batches<'a>(&'a self, tenant: &'a str, from_seq: u64, limit: u32) -> Task<'a, Vec<Batch>>;
    /// The batch of a tenant that begins with `first_seq`.
    fn batch<'a>(&'a self, tenant: &'a str, first_seq: u64) -> Task<'a, Option<Batch>>;
    /// One call.
    fn call<'a>(&'a self, tenant: &'a str, call: &'a str) -> Task<'a, Option<CallRow>>;
    /// Calls, newest first.
    fn calls<'a>(&'a self, query: &'a CallQuery) -> Task<'a, Vec<CallRow>>;
    /// CDRs.
    fn cdrs<'a>(&'a self, query: &'a CdrQuery) -> Task<'a, Vec<CdrRow>>;

    /// Facts of a tenant with numbers from `from_seq` to `to_seq`, at most `limit`.
    fn events<'a>(
        &'a self,
        tenant: &'a str,
        from_seq: u64,
        to_seq: u64,
        limit: usize,
    ) -> Task<'a, Vec<StoredEvent>> {
        Box::pin(read::events(self, tenant, from_seq, to_seq, limit))
    }

    /// Facts of one call in order, at most `limit`; none when the call is not known.
    fn events_of_call<'a>(
        &'a self,
        tenant: &'a str,
        call: &'a str,
        limit: usize,
    ) -> Task<'a, Vec<StoredEvent>> {
        Box::pin(read::events_of_call(self, tenant, call, limit))
    }

    /// Reads a tenant's whole journal and says whether it is whole: no gap, no overlap, every
    /// checksum right, every fact readable.
    fn verify<'a>(&'a self, tenant: &'a str) -> Task<'a, Verdict> {
        Box::pin(read::verify(self, tenant))
    }
}
