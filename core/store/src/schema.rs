//! The schema, as numbered migrations that run once each, in order, in one transaction.
//!
//! The same statements serve both databases; `{bytes}` stands for the type of a binary column.
//! A migration that was published is never changed; a later one changes what it made.

/// Statements of each version; the first is version 1.
pub(crate) const MIGRATIONS: &[&[&str]] = &[FIRST, SECOND, THIRD];

const FIRST: &[&str] = &[
    "CREATE TABLE ha1 (tenant TEXT NOT NULL, name TEXT NOT NULL, md5 TEXT NOT NULL,
        sha256 TEXT NOT NULL, PRIMARY KEY (tenant, name))",
    "CREATE TABLE secrets (tenant TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (tenant, name))",
    "CREATE TABLE node_secrets (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE bindings (tenant TEXT NOT NULL, name TEXT NOT NULL, contact TEXT NOT NULL,
        flow TEXT NOT NULL, path TEXT NOT NULL, sip_call_id TEXT NOT NULL, cseq BIGINT NOT NULL,
        instance TEXT, expires_at_ms BIGINT NOT NULL, user_agent TEXT NOT NULL,
        PRIMARY KEY (tenant, name, contact))",
    "CREATE TABLE kv (tenant TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL,
        value {bytes}, number BIGINT, ends_ms BIGINT, size BIGINT NOT NULL,
        PRIMARY KEY (tenant, owner, name))",
    "CREATE INDEX kv_ends ON kv (ends_ms)",
    "CREATE TABLE generations (tenant TEXT NOT NULL, number BIGINT NOT NULL, hash TEXT NOT NULL,
        at_ms BIGINT NOT NULL, files {bytes} NOT NULL, PRIMARY KEY (tenant, number))",
    "CREATE TABLE journal_tenants (tenant TEXT NOT NULL PRIMARY KEY, batch_seq BIGINT NOT NULL,
        last_seq BIGINT NOT NULL)",
    "CREATE TABLE journal_batches (tenant TEXT NOT NULL, first_seq BIGINT NOT NULL,
        last_seq BIGINT NOT NULL, at_ms BIGINT NOT NULL, checksum {bytes} NOT NULL,
        payload {bytes} NOT NULL, PRIMARY KEY (tenant, first_seq))",
    "CREATE TABLE calls (tenant TEXT NOT NULL, call TEXT NOT NULL, started_ms BIGINT NOT NULL,
        ended_ms BIGINT, caller TEXT, dialled TEXT, result TEXT, cause BIGINT,
        first_seq BIGINT NOT NULL, last_seq BIGINT, batches {bytes}, PRIMARY KEY (tenant, call))",
    "CREATE INDEX calls_by_time ON calls (tenant, started_ms)",
    "CREATE TABLE cdrs (tenant TEXT NOT NULL, seq BIGINT NOT NULL, call TEXT NOT NULL,
        leg BIGINT NOT NULL, started_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL,
        talk_ms BIGINT NOT NULL, caller TEXT NOT NULL, dialled TEXT NOT NULL,
        result TEXT NOT NULL, cause BIGINT NOT NULL, json TEXT NOT NULL,
        PRIMARY KEY (tenant, seq))",
    "CREATE INDEX cdrs_by_call ON cdrs (tenant, call)",
];

/// Snapshots of modules.
const SECOND: &[&str] = &[
    "CREATE TABLE snapshots (tenant TEXT NOT NULL, owner TEXT NOT NULL, seq BIGINT NOT NULL,
        at_ms BIGINT NOT NULL, bytes {bytes} NOT NULL, PRIMARY KEY (tenant, owner))",
];

/// What tenants used, by interval.
const THIRD: &[&str] = &[
    "CREATE TABLE usage (tenant TEXT NOT NULL, seq BIGINT NOT NULL, from_ms BIGINT NOT NULL,
        to_ms BIGINT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (tenant, seq))",
];
