//! What a tenant has used, summed for a bill.
//!
//! Calls' seconds are summed from the CDRs of legs that ended in the time: exact, whatever was
//! killed in between. Everything else comes from `usage.measured` events, of which a killed process
//! loses the interval that ran; peaks are the greatest of them.

use cordboard_call::event::{Direction, Party};
use cordboard_store::{Span, Store, TENANT_PAGE_MAX};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::unix_ms;
use crate::records::when;
use crate::usage::{Talk, Used};

#[derive(Deserialize)]
struct Bill {
    direction: Direction,
    party: Party,
}

/// A moment: a day (its begin, UTC) or an RFC 3339 time, with or without seconds.
fn moment(text: &str) -> Result<u64, String> {
    // The library would read the day of a moment, too.
    let day = text.parse::<Date>().ok().filter(|_| !text.contains('T'));
    let day = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    let read = day.map(|day| day.timestamp()).or_else(|| {
        let seconds = text.strip_suffix('Z').map(|front| format!("{front}:00Z"));
        text.parse().ok().or_else(|| seconds?.parse().ok())
    });
    let ms = read.and_then(|at: jiff::Timestamp| u64::try_from(at.as_millisecond()).ok());
    ms.ok_or_else(|| {
        format!("`{text}` is no day and no moment: write 2026-11-01 or 2026-11-01T08:00Z")
    })
}

/// The begin of the day, or of the month, that a moment is in (UTC).
pub(super) fn begin_of(unix_ms: u64, month: bool) -> u64 {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(unix_ms).unwrap_or(0));
    let date = at.map(|at| at.to_zoned(TimeZone::UTC).date());
    let date = date.map(|date| if month { date.first_of_month() } else { date });
    let begin = date.and_then(|date| date.to_zoned(TimeZone::UTC));
    begin.map_or(0, |at| {
        u64::try_from(at.timestamp().as_millisecond()).unwrap_or(0)
    })
}

/// The span that a command means: from this month's first day up to now where it says nothing.
pub(super) fn span(tenant: &str, from: Option<&str>, to: Option<&str>) -> Result<Span, String> {
    let now = unix_ms();
    let to_ms = to.map(moment).transpose()?.unwrap_or(now + 1);
    let from_ms = match from {
        Some(from) => moment(from)?,
        None => begin_of(to_ms.min(now), true),
    };
    if from_ms >= to_ms {
        return Err(format!("{} is not before {}", when(from_ms), when(to_ms)));
    }
    Ok(Span {
        tenant: tenant.to_owned(),
        from_ms,
        to_ms,
        after_seq: 0,
    })
}

/// The sum of a span's events.
pub(super) async fn measured(store: &dyn Store, span: &Span) -> Result<(Used, u64), String> {
    let (mut sum, mut count) = (Used::default(), 0);
    let mut page = span.clone();
    loop {
        let rows = store.usage(&page).await.map_err(|e| e.to_string())?;
        for row in &rows {
            // A payload that cannot be read counts for nothing.
            if let Ok(used) = serde_json::from_str::<Used>(&row.json) {
                sum.add(&used);
                count += 1;
            }
            page.after_seq = row.seq;
        }
        if rows.len() < TENANT_PAGE_MAX as usize {
            return Ok((sum, count));
        }
    }
}

/// The sum of a span's CDRs.
async fn billed(store: &dyn Store, span: &Span) -> Result<Talk, String> {
    let mut talk = Talk::default();
    let mut page = span.clone();
    loop {
        let rows = store.bills(&page).await.map_err(|e| e.to_string())?;
        for row in &rows {
            if let Ok(bill) = serde_json::from_str::<Bill>(&row.json) {
                talk.bill(bill.direction, &bill.party, row.talk_ms);
            }
            talk.calls += u64::from(row.leg == 1);
            page.after_seq = row.seq;
        }
        if rows.len() < TENANT_PAGE_MAX as usize {
            return Ok(talk);
        }
    }
}

/// What a tenant has used in a span, for people and programs.
pub(super) async fn sum(store: &dyn Store, span: &Span) -> Result<Value, String> {
    let known = store.last_seqs().await.map_err(|e| e.to_string())?;
    if !known.iter().any(|(tenant, _)| *tenant == span.tenant) {
        return Err(format!("nothing is known of a tenant {}", span.tenant));
    }
    let (used, intervals) = measured(store, span).await?;
    let talk = billed(store, span).await?;
    let seconds = |ms: u64| ms as f64 / 1000.0;
    Ok(json!({
        "tenant": span.tenant,
        "from": when(span.from_ms),
        "to": when(span.to_ms),
        "intervals": intervals,
        "calls": talk.calls,
        "legs": talk.legs,
        "seconds_in": seconds(talk.talk_ms_in),
        "seconds_out": seconds(talk.talk_ms_out),
        "trunk_seconds_in": seconds(talk.trunk_ms_in),
        "trunk_seconds_out": seconds(talk.trunk_ms_out),
        "legs_peak": used.talk.legs_peak,
        "rtp_ports_peak": used.audio.rtp_ports_peak,
        "rtp_bytes_in": used.audio.rtp_bytes_in,
        "rtp_bytes_out": used.audio.rtp_bytes_out,
        "recording_bytes": used.audio.recording_bytes,
        "instances_peak": used.compute.instances_peak,
        "module_cpu_ms": used.compute.module_cpu_ms,
        "store_bytes": used.compute.store_bytes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read_and_nonsense_is_not() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000));
        assert_eq!(moment("1970-01-01T00:01Z"), Ok(60_000));
        assert_eq!(moment("1970-01-01T01:00:01+01:00"), Ok(1_000));
        assert!(moment("yesterday").is_err());
        assert!(span("a", Some("2026-11-02"), Some("2026-11-01")).is_err());
        assert_eq!(begin_of(86_400_000 * 40 + 5, false), 86_400_000 * 40);
        assert_eq!(begin_of(86_400_000 * 40 + 5, true), 86_400_000 * 31);
    }

    #[tokio::test]
    async fn seconds_come_from_bills_and_the_rest_from_events() {
        use cordboard_store::journal::{Batch, Commit, JournalStore, checksum};
        use cordboard_store::{CdrRow, MemoryStore, UsageRow};
        let store = MemoryStore::new();
        let bill = |seq: u64, leg: u16, ended_ms: u64, direction: &str| CdrRow {
            tenant: "acme".into(),
            seq,
            call: "c".into(),
            leg,
            started_ms: ended_ms - 2_000,
            ended_ms,
            talk_ms: 1_500,
            caller: String::new(),
            dialled: String::new(),
            result: "answered".into(),
            cause: 16,
            json: json!({ "direction": direction, "party": { "kind": "trunk", "name": "far" } })
                .to_string(),
        };
        let event = |seq: u64, to_ms: u64, peak: u64| UsageRow {
            tenant: "acme".into(),
            seq,
            from_ms: to_ms - 1_000,
            to_ms,
            json: json!({ "from_ms": to_ms - 1_000, "to_ms": to_ms, "legs_peak": peak,
                "rtp_bytes_in": 100, "talk_ms_in": 1_500 })
            .to_string(),
        };
        let all = Commit {
            batches: vec![Batch {
                tenant: "acme".into(),
                first_seq: 1,
                last_seq: 9,
                at_ms: 1,
                checksum: checksum("acme", 1, 9, b""),
                payload: Vec::new(),
            }],
            cdrs: vec![
                bill(1, 1, 5_000, "inbound"),
                bill(2, 2, 5_000, "outbound"),
                bill(3, 1, 99_000, "inbound"),
            ],
            usage: vec![event(4, 6_000, 2), event(5, 7_000, 1), event(6, 99_000, 9)],
            ..Commit::default()
        };
        store.commit(&all).await.unwrap();
        let span = Span {
            tenant: "acme".into(),
            from_ms: 0,
            to_ms: 10_000,
            after_seq: 0,
        };
        let said = sum(&store, &span).await.unwrap();
        let figures = [
            "calls",
            "legs",
            "seconds_in",
            "trunk_seconds_out",
            "legs_peak",
            "rtp_bytes_in",
        ];
        let got: Vec<f64> = figures.iter().map(|f| said[f].as_f64().unwrap()).collect();
        assert_eq!(got, [1.0, 2.0, 1.5, 1.5, 2.0, 200.0], "{said}");
        let nobody = Span {
            tenant: "zeta".into(),
            ..span
        };
        assert!(sum(&store, &nobody).await.is_err());
    }
}
