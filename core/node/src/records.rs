//! What the database tells of a tenant's past: contacts, CDRs, why a call went where it went.
//!
//! One place for every door: console, http and stream show the same rows.

use cordboard_store::{CallQuery, CallRow, CdrQuery, CdrRow, Store, StoredEvent};
use serde_json::{Value, json};

use crate::explain;

/// An answer for people and programs.
pub type Said = Result<Value, String>;

/// Calls that are looked through for the beginning of an id.
const LOOKED_THROUGH: u32 = 1_000;
/// Events of one call that are shown.
const EVENTS_SHOWN_MAX: usize = 5_000;

async fn tenants(store: &dyn Store) -> Result<Vec<String>, String> {
    let known = store.last_seqs().await.map_err(|e| e.to_string())?;
    Ok(known.into_iter().map(|(tenant, _)| tenant).collect())
}

async fn of(store: &dyn Store, tenant: Option<&str>) -> Result<Vec<String>, String> {
    match tenant {
        Some(name) => Ok(vec![name.to_owned()]),
        None => tenants(store).await,
    }
}

/// The newest contacts of a tenant, or of all.
///
/// # Errors
/// The store's.
pub async fn contacts(store: &dyn Store, tenant: Option<&str>, last: u32) -> Said {
    let mut rows: Vec<CallRow> = Vec::new();
    for name in of(store, tenant).await? {
        let query = CallQuery::newest(&name, last);
        rows.extend(store.calls(&query).await.map_err(|e| e.to_string())?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.started_ms));
    rows.truncate(last as usize);
    Ok(rows
        .iter()
        .map(|row| {
            json!({
                "call": row.call, "tenant": row.tenant, "started": when(row.started_ms),
                "seconds": row.ended_ms.map(|end| end.saturating_sub(row.started_ms) / 1000),
                "caller": row.caller, "dialled": row.dialled, "result": row.result,
            })
        })
        .collect())
}

/// A time for people, in UTC.
pub fn when(unix_ms: u64) -> String {
    jiff::Timestamp::from_millisecond(i64::try_from(unix_ms).unwrap_or(0))
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

/// The tenant and full id of the call that begins so.
///
/// # Errors
/// None, or more than one.
pub async fn find(
    store: &dyn Store,
    tenant: Option<&str>,
    text: &str,
) -> Result<(String, String), String> {
    let text = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for tenant in of(store, tenant).await? {
        let whole = store.call(&tenant, &text).await;
        if whole.map_err(|e| e.to_string())?.is_some() {
            return Ok((tenant, text));
        }
        let query = CallQuery::newest(&tenant, LOOKED_THROUGH);
        let rows = store.calls(&query).await.map_err(|e| e.to_string())?;
        found.extend(
            rows.into_iter()
                .filter(|r| r.call.starts_with(&text))
                .map(|r| (tenant.clone(), r.call)),
        );
    }
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => Err(format!("no contact begins with `{text}`")),
        n => Err(format!(
            "{n} contacts begin with `{text}`: give more of the id"
        )),
    }
}

fn cdr(row: &CdrRow) -> Value {
    let mut cdr: Value = serde_json::from_str(&row.json).unwrap_or_default();
    if let Some(fields) = cdr.as_object_mut() {
        fields.insert("number".into(), row.seq.into());
        fields.remove("topic");
    }
    cdr
}

/// The CDRs of one call.
///
/// # Errors
/// No such call, or the store's.
pub async fn cdrs_of_call(store: &dyn Store, tenant: Option<&str>, call: &str) -> Said {
    let (tenant, call) = find(store, tenant, call).await?;
    let query = CdrQuery::of_call(&tenant, &call);
    let rows = store.cdrs(&query).await.map_err(|e| e.to_string())?;
    Ok(rows.iter().map(cdr).collect())
}

/// A tenant's CDRs with numbers above `after`, in order: how a reader follows them.
///
/// # Errors
/// The store's.
pub async fn cdrs_after(store: &dyn Store, tenant: &str, after: u64, limit: u32) -> Said {
    let query = CdrQuery {
        after_seq: after,
        newest_first: false,
        ..CdrQuery::newest(tenant, limit)
    };
    let rows = store.cdrs(&query).await.map_err(|e| e.to_string())?;
    Ok(rows.iter().map(cdr).collect())
}

/// What happened to one call.
pub struct Story {
    tenant: String,
    call: String,
    events: Vec<StoredEvent>,
}

/// The events of one call.
///
/// # Errors
/// No such call, or the store's.
pub async fn story(store: &dyn Store, tenant: Option<&str>, call: &str) -> Result<Story, String> {
    let (tenant, call) = find(store, tenant, call).await?;
    let events = store.events_of_call(&tenant, &call, EVENTS_SHOWN_MAX).await;
    let events = events.map_err(|e| e.to_string())?;
    Ok(Story {
        tenant,
        call,
        events,
    })
}

impl Story {
    /// Every event.
    pub fn as_json(&self) -> Value {
        let shown = self.events.iter().map(|e| {
            json!({
                "seq": e.seq, "at_ms": e.at_ms, "topic": e.topic, "leg": e.leg,
                "data": serde_json::from_str::<Value>(&e.payload).unwrap_or_default(),
            })
        });
        shown.collect()
    }

    /// Forty lines and the SIP ladder.
    pub fn as_text(&self) -> String {
        format!(
            "{}{}",
            explain::explain(&self.tenant, &self.call, &self.events),
            explain::ladder(&self.events)
        )
    }
}
