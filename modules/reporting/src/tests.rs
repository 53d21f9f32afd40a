//! Stories of reports: golden figures, borders of intervals, and the fold against itself.

use cordboard_module::Json;

use crate::books::{Books, QUARTER_MS, Settings};
use crate::{calendar, report};

/// 22 Nov 2026, 10:00 UTC.
const TEN: u64 = 1_795_341_600_000;

fn books() -> Books {
    Books::new(Settings::read(&Json::Null))
}

fn told(books: &mut Books, topic: &str, at_ms: u64, fields: &str) {
    let data = Json::parse(&format!(
        "{{\"at_ms\":{at_ms},\"queue\":\"sales\",{fields}}}"
    ))
    .unwrap();
    books.fold(&format!("queue.{topic}"), at_ms + 7, &data);
}

/// A whole visit: how it ended, and after how long.
fn visit(books: &mut Books, number: u64, queued_ms: u64, wait_ms: u64, end: &str) {
    let who = format!("\"visit\":{number},\"queued_at_ms\":{queued_ms}");
    told(
        books,
        "contact-queued",
        queued_ms,
        &format!("{who},\"threshold_ms\":20000"),
    );
    let (topic, why) = end.split_once(' ').unwrap_or((end, ""));
    let wait = format!("{who},\"wait_ms\":{wait_ms},\"disposition\":\"{why}\"");
    told(
        books,
        &format!("contact-{topic}"),
        queued_ms + wait_ms,
        &wait,
    );
}

fn rows(books: &Books, verb: &str, arguments: &str) -> Json {
    let arguments = Json::parse(arguments).unwrap();
    let report = report::render(books, verb, &arguments).unwrap();
    Json::parse(std::str::from_utf8(&report.body).unwrap()).unwrap()["rows"].clone()
}

fn csv(books: &Books, verb: &str, arguments: &str) -> String {
    let report = report::render(books, verb, &Json::parse(arguments).unwrap()).unwrap();
    assert_eq!(report.media_type, "text/csv");
    String::from_utf8(report.body).unwrap()
}

#[test]
fn the_golden_figures_of_the_five_formulas() {
    let mut books = books();
    let mut number = 0;
    let mut many = |count: u64, wait_ms: u64, end: &str| {
        for _ in 0..count {
            number += 1;
            visit(&mut books, number, TEN, wait_ms, end);
        }
    };
    many(860, 20_000, "answered");
    many(140, 20_001, "answered");
    many(10, 5_000, "abandoned");
    many(10, 20_000, "abandoned");
    many(40, 60_000, "abandoned");
    for (formula, want) in [
        ("sl-ans", "86"),
        ("sl-off", "81.13"),
        ("sl-pos", "83.02"),
        ("sl-ign", "82.69"),
        ("sl-short", "81.9"),
    ] {
        let row = &rows(&books, "queues", &format!("{{\"formula\":\"{formula}\"}}"))[0];
        assert_eq!(row["service_level"].real(), want.parse().ok(), "{formula}");
        assert_eq!(row["offered"].u64(), 1_060);
    }
    let row = &rows(&books, "queues", "{}")[0];
    assert_eq!(row["asa_ms"].u64(), 20_000);
    assert_eq!(row["abandon_average_ms"].u64(), 44_167);
    assert_eq!(row["abandon_rate"].real(), Some(5.66));
    assert_eq!(row["longest_wait_ms"].u64(), 60_000);
    assert_eq!(row["from"].str(), "2026-11-22T10:00+00:00");
}

#[test]
fn nothing_divided_by_nothing_is_null() {
    let mut books = books();
    told(&mut books, "contact-refused", TEN, "\"outcome\":\"full\"");
    let row = &rows(&books, "queues", "{}")[0];
    assert_eq!(row["refused"].u64(), 1);
    for cell in ["service_level", "asa_ms", "abandon_rate", "aht_ms"] {
        assert!(row[cell].is_null(), "{cell}");
    }
    let text = csv(&books, "queues", r#"{"format":"csv"}"#);
    assert!(text.lines().nth(1).unwrap().contains(",,"), "{text}");
}

#[test]
fn each_figure_lies_in_the_interval_that_its_rule_names() {
    let mut books = books();
    // Comes at 10:14:50, passes the threshold at 10:15:10, is answered at 10:31.
    visit(
        &mut books,
        1,
        TEN + QUARTER_MS - 10_000,
        970_000,
        "answered",
    );
    let quarters = rows(&books, "queues", r#"{"interval":"quarter"}"#);
    let figures: Vec<(&str, u64, u64, Option<f64>)> = quarters
        .items()
        .iter()
        .map(|r| {
            (
                &r["from"].str()[11..16],
                r["offered"].u64(),
                r["answered"].u64(),
                r["service_level"].real(),
            )
        })
        .collect();
    assert_eq!(
        figures,
        [
            ("10:00", 1, 0, None),
            ("10:15", 0, 0, Some(0.0)),
            ("10:30", 0, 1, None)
        ]
    );
    let hour = rows(&books, "queues", "{}");
    assert_eq!((hour.items().len(), hour[0]["offered"].u64()), (1, 1));
}

#[test]
fn who_waits_beyond_the_threshold_is_missed_now() {
    let mut books = books();
    let who = "\"visit\":1,\"queued_at_ms\":1795341600000,\"threshold_ms\":20000";
    told(&mut books, "contact-queued", TEN, who);
    visit(&mut books, 2, TEN, 20_000, "answered");
    assert_eq!(
        rows(&books, "queues", "{}")[0]["service_level"].real(),
        Some(100.0)
    );
    visit(&mut books, 3, TEN + 1_000, 20_000, "answered");
    assert_eq!(
        rows(&books, "queues", "{}")[0]["service_level"].real(),
        Some(66.67)
    );
}

#[test]
fn every_visit_ends_in_one_column() {
    let mut books = books();
    for (number, end) in [
        "answered",
        "abandoned",
        "left timed-out",
        "left kicked-empty",
    ]
    .iter()
    .enumerate()
    {
        visit(&mut books, number as u64, TEN, 1_000, end);
    }
    told(
        &mut books,
        "contact-queued",
        TEN,
        "\"visit\":9,\"queued_at_ms\":1795341600000",
    );
    let row = &rows(&books, "queues", "{}")[0];
    let ended: u64 = ["answered", "abandoned", "timed_out", "left"]
        .iter()
        .map(|c| row[*c].u64())
        .sum();
    assert_eq!(row["offered"].u64(), ended + books.open.len() as u64);
}

fn state(books: &mut Books, at_ms: u64, state: &str, reason: &str) {
    let fields = format!("\"agent\":\"alice\",\"state\":\"{state}\",\"reason\":\"{reason}\"");
    told(books, "agent-state", at_ms, &fields);
}

#[test]
fn an_agents_time_is_split_at_borders_and_adds_up_to_the_login() {
    let mut books = books();
    let minute = 60_000;
    state(&mut books, TEN + 5 * minute, "ready", "");
    state(&mut books, TEN + 20 * minute, "talk", "");
    state(&mut books, TEN + 26 * minute, "wrap-up", "");
    state(&mut books, TEN + 27 * minute, "paused", "lunch");
    state(&mut books, TEN + 57 * minute, "ready", "");
    told(
        &mut books,
        "contact-handled",
        TEN + 27 * minute,
        "\"agent\":\"alice\",\"talk_ms\":360000,\"hold_ms\":0,\"wrap_up_ms\":60000",
    );
    let quarters = rows(&books, "agents", r#"{"interval":"quarter"}"#);
    let of = |at: usize, cell: &str| quarters[at][cell].u64() / minute;
    assert_eq!((of(0, "logged_in_ms"), of(0, "ready_ms")), (10, 10));
    assert_eq!(
        (of(1, "ready_ms"), of(1, "talk_ms"), of(1, "paused_ms")),
        (5, 6, 3)
    );
    assert_eq!((of(2, "paused_ms"), of(3, "paused_ms")), (15, 12));
    let hour = &rows(&books, "agents", "{}")[0];
    assert_eq!(hour["logged_in_ms"].u64(), 52 * minute);
    assert_eq!(hour["pauses"].str(), "lunch=1800000");
    assert_eq!(hour["aht_ms"].u64(), 420_000);
    // 7 of 7 + 15 minutes.
    assert_eq!(hour["occupancy"].real(), Some(31.82));
    // A state that lasts is counted up to the newest event, and no further.
    visit(&mut books, 1, TEN + 59 * minute, 0, "answered");
    let hour = &rows(&books, "agents", "{}")[0];
    assert_eq!(hour["logged_in_ms"].u64(), 54 * minute);
    state(&mut books, TEN + 60 * minute, "offline", "");
    state(&mut books, TEN + 90 * minute, "ready", "");
    assert_eq!(
        rows(&books, "agents", "{}").items().len(),
        1,
        "offline has no account"
    );
}

#[test]
fn numbers_count_calls_from_outside_once() {
    let mut books = books();
    let mut cdr = |direction: &str, kind: &str, result: &str, talk_ms: u64| {
        let data = format!(
            r#"{{"direction":"{direction}","party":{{"kind":"{kind}"}},"dialled":"+442079460110","ended_ms":{TEN},"result":"{result}","talk_ms":{talk_ms}}}"#
        );
        books.fold("cdr.written", TEN, &Json::parse(&data).unwrap());
    };
    cdr("inbound", "trunk", "answered", 60_000);
    cdr("inbound", "stranger", "cancelled", 0);
    cdr("inbound", "user", "answered", 1_000);
    cdr("outbound", "user", "answered", 50_000);
    let row = &rows(&books, "dids", "{}")[0];
    assert_eq!(row["did"].str(), "+442079460110");
    let cells = ["calls", "answered", "cancelled", "talk_average_ms"].map(|c| row[c].u64());
    assert_eq!(cells, [2, 1, 1, 60_000]);
}

#[test]
fn reports_are_cut_by_time_interval_and_name() {
    let mut books = books();
    for day in 0..3 {
        visit(&mut books, day, TEN + day * 86_400_000, 1_000, "answered");
    }
    assert_eq!(
        rows(&books, "queues", r#"{"interval":"day"}"#)
            .items()
            .len(),
        1,
        "today"
    );
    let from = r#"{"from":"2026-11-22","to":"2026-11-24","interval":"day"}"#;
    assert_eq!(rows(&books, "queues", from).items().len(), 2);
    let all = rows(
        &books,
        "queues",
        r#"{"from":"2026-11-01","interval":"all"}"#,
    );
    assert_eq!((all.items().len(), all[0]["offered"].u64()), (1, 3));
    assert_eq!(
        rows(&books, "queues", r#"{"name":"help"}"#).items().len(),
        0
    );
    for wrong in [
        "2026-13-01",
        "2026-02-29",
        "tomorrow",
        "2026-11-22T24:00",
        "-1-1-1",
        "2026-11-22T1:2:3",
    ] {
        let arguments = Json::object().with("from", wrong);
        let why = report::render(&books, "queues", &arguments).unwrap_err();
        assert!(why.contains(wrong), "{why}");
    }
    assert!(report::render(&books, "moons", &Json::Null).is_err());
}

#[test]
fn days_follow_the_offset() {
    let settings = Json::parse(r#"{"utc-offset":330}"#).unwrap();
    let mut books = Books::new(Settings::read(&settings));
    // 20:00 UTC is 01:30 of the next day at +05:30.
    visit(&mut books, 1, TEN + 10 * 3_600_000, 0, "answered");
    let day = rows(&books, "queues", r#"{"interval":"day"}"#);
    assert_eq!(day[0]["from"].str(), "2026-11-23T00:00+05:30");
    let hour = rows(&books, "queues", "{}");
    assert_eq!(hour[0]["from"].str(), "2026-11-23T01:00+05:30");
}

#[test]
fn the_calendar_knows_its_leap_years() {
    for (text, ms) in [
        ("1970-01-01", 0),
        ("2000-02-29", 951_782_400_000),
        ("2026-11-22T10:00", TEN),
        ("2100-03-01", 4_107_542_400_000),
    ] {
        assert_eq!(calendar::read(text, 0, 0), Ok(ms), "{text}");
        assert!(calendar::text(ms, 0).starts_with(text), "{text}");
    }
    assert_eq!(calendar::text(TEN, -210), "2026-11-22T06:30-03:30");
    assert_eq!(calendar::read("2026-11-22T06:30", 0, -210), Ok(TEN));
    assert_eq!(
        calendar::read("yesterday", TEN, 0),
        Ok(TEN - 34 * 3_600_000)
    );
}

#[test]
fn a_table_of_commas_has_a_header_and_no_formulas() {
    let empty = books();
    let text = csv(&empty, "agents", r#"{"format":"csv"}"#);
    assert!(
        text.starts_with("from,agent,offered,missed,handled,"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
    let mut books = books();
    let data = Json::object()
        .with("agent", "=cmd|' /C calc'!A0,\"")
        .with("at_ms", TEN);
    books.fold("queue.agent-reserved", TEN, &data);
    let text = csv(&books, "agents", r#"{"format":"csv"}"#);
    assert!(text.contains("\"'=cmd|' /C calc'!A0,\"\"\","), "{text}");
}

#[test]
fn old_days_are_dropped() {
    let settings = Json::parse(r#"{"keep-days":2}"#).unwrap();
    let mut books = Books::new(Settings::read(&settings));
    for day in 0..10 {
        visit(&mut books, day, TEN + day * 86_400_000, 0, "answered");
    }
    let all = rows(
        &books,
        "queues",
        r#"{"from":"2026-01-01","interval":"day"}"#,
    );
    assert_eq!(all.items().len(), 3);
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Any events whatever, good ones and such as fit nothing.
fn noise(seed: u64) -> Vec<(String, u64, Json)> {
    const TOPICS: [&str; 12] = [
        "queue.contact-queued",
        "queue.contact-answered",
        "queue.contact-abandoned",
        "queue.contact-left",
        "queue.contact-handled",
        "queue.contact-refused",
        "queue.agent-reserved",
        "queue.agent-missed",
        "queue.agent-state",
        "queue.agent-state",
        "cdr.written",
        "call.ended",
    ];
    const STATES: [&str; 6] = ["ready", "reserved", "talk", "wrap-up", "paused", "offline"];
    let mut chance = Chance(seed);
    let mut at_ms = TEN;
    (0..400)
        .map(|_| {
            at_ms += chance.below(600_000);
            let pick = |chance: &mut Chance, of: &[&str]| {
                of[chance.below(of.len() as u64) as usize].to_owned()
            };
            let wait_ms = chance.below(60_000);
            let data = Json::object()
                .with("at_ms", at_ms)
                .with("queue", pick(&mut chance, &["a", "b"]))
                .with("agent", pick(&mut chance, &["x", "y", "z"]))
                .with("visit", chance.below(50))
                .with("queued_at_ms", at_ms - wait_ms)
                .with("wait_ms", wait_ms)
                .with("threshold_ms", 20_000_u64)
                .with("talk_ms", chance.below(100_000))
                .with("hold_ms", chance.below(1_000))
                .with("wrap_up_ms", chance.below(10_000))
                .with("state", pick(&mut chance, &STATES))
                .with("reason", pick(&mut chance, &["lunch", ""]))
                .with(
                    "disposition",
                    pick(&mut chance, &["timed-out", "kicked-empty"]),
                )
                .with("direction", pick(&mut chance, &["inbound", "outbound"]))
                .with("dialled", pick(&mut chance, &["1", "2"]))
                .with(
                    "result",
                    pick(&mut chance, &["answered", "cancelled", "busy"]),
                );
            (pick(&mut chance, &TOPICS), at_ms, data)
        })
        .collect()
}

#[test]
fn a_fold_from_scratch_is_the_live_one_whatever_was_saved_in_between() {
    for seed in 0..40 {
        let events = noise(seed);
        let mut scratch = books();
        for (topic, at_ms, data) in &events {
            scratch.fold(topic, *at_ms, data);
        }
        let mut chance = Chance(seed ^ 0xabcd);
        let mut live = books();
        for (topic, at_ms, data) in &events {
            live.fold(topic, *at_ms, data);
            if chance.below(20) == 0 {
                let saved = live.save().to_string();
                live = books();
                live.restore(1, saved.as_bytes()).unwrap();
            }
        }
        assert_eq!(live, scratch, "seed {seed}");
        for verb in ["queues", "agents", "dids"] {
            for interval in ["quarter", "hour", "day", "all"] {
                let arguments =
                    format!(r#"{{"from":"2026-01-01","interval":"{interval}","format":"csv"}}"#);
                assert_eq!(
                    csv(&live, verb, &arguments),
                    csv(&scratch, verb, &arguments)
                );
            }
        }
        // Longer intervals are sums of shorter ones.
        let sum = |interval: &str| -> u64 {
            let arguments = format!(r#"{{"from":"2026-01-01","interval":"{interval}"}}"#);
            rows(&live, "agents", &arguments)
                .items()
                .iter()
                .map(|r| r["logged_in_ms"].u64())
                .sum()
        };
        assert_eq!(sum("quarter"), sum("day"), "seed {seed}");
    }
}

#[test]
fn a_state_of_another_version_or_none_at_all_is_refused() {
    let mut books = books();
    assert!(books.restore(2, b"{}").unwrap_err().contains("version 2"));
    assert!(books.restore(1, b"{").is_err());
    assert!(books.restore(1, &[0xff]).is_err());
}
