//! Stories about opening hours (R6).

use std::sync::Arc;

use super::*;

fn place() -> Place {
    Place {
        file: Arc::from("main.kdl"),
        line: 1,
        column: 1,
    }
}

fn rule(open: bool, days: &str, hours: &str) -> Rule {
    let days = Days::week(days).or_else(|| Days::dated(days)).unwrap();
    let hours = if hours.is_empty() {
        Hours::ALL
    } else {
        Hours::parse(hours).unwrap()
    };
    Rule {
        open,
        days,
        hours,
        name: None,
        place: place(),
    }
}

fn calendar(zone: &str, rules: Vec<Rule>) -> Calendar {
    Calendar::new("office", zone, rules, place()).unwrap()
}

/// Unix milliseconds of a UTC reading.
fn utc(text: &str) -> u64 {
    unix_ms_of("UTC", text).unwrap()
}

const ZONES: [(&str, i64); 3] = [
    ("Europe/London", 0),
    ("Europe/Kyiv", 2),
    ("America/New_York", -5),
];

#[test]
fn opens_and_closes_to_the_second_in_three_zones() {
    for (zone, hours_east) in ZONES {
        let office = calendar(zone, vec![rule(true, "mon-fri", "08:00-18:00")]);
        // Wednesday 2026-01-14, winter time everywhere.
        let local = |hour: i64| utc("2026-01-14T00:00") + ((hour - hours_east) * 3_600_000) as u64;
        assert!(!office.is_open(local(8) - 1), "{zone}");
        assert!(office.is_open(local(8)), "{zone}");
        assert!(office.is_open(local(18) - 1), "{zone} 17:59:59");
        assert!(!office.is_open(local(18)), "{zone} 18:00:00");
        let saturday = local(12) + 3 * 86_400_000;
        assert!(!office.is_open(saturday), "{zone}");
    }
}

#[test]
fn eight_o_clock_stays_eight_o_clock_when_clocks_go_forward() {
    // (zone, the Monday before and the Monday after, UTC hour of 08:00 on each)
    let changes = [
        ("Europe/London", ("2026-03-23", 8), ("2026-03-30", 7)),
        ("Europe/Kyiv", ("2026-03-23", 6), ("2026-03-30", 5)),
        ("America/New_York", ("2026-03-02", 13), ("2026-03-09", 12)),
    ];
    for (zone, before, after) in changes {
        let office = calendar(zone, vec![rule(true, "mon-fri", "08:00-18:00")]);
        for (day, hour) in [before, after] {
            let opens = utc(&format!("{day}T00:00")) + hour * 3_600_000;
            assert!(
                !office.is_open(opens - 1) && office.is_open(opens),
                "{zone} {day}"
            );
            let closes = opens + 10 * 3_600_000;
            assert!(
                office.is_open(closes - 1) && !office.is_open(closes),
                "{zone} {day}"
            );
        }
    }
}

#[test]
fn eight_o_clock_stays_eight_o_clock_when_clocks_go_back() {
    let changes = [
        ("Europe/London", ("2026-10-19", 7), ("2026-10-26", 8)),
        ("Europe/Kyiv", ("2026-10-19", 5), ("2026-10-26", 6)),
        ("America/New_York", ("2026-10-26", 12), ("2026-11-02", 13)),
    ];
    for (zone, before, after) in changes {
        let office = calendar(zone, vec![rule(true, "mon-fri", "08:00-18:00")]);
        for (day, hour) in [before, after] {
            let opens = utc(&format!("{day}T00:00")) + hour * 3_600_000;
            assert!(
                !office.is_open(opens - 1) && office.is_open(opens),
                "{zone} {day}"
            );
        }
    }
}

#[test]
fn an_hour_left_out_shortens_the_night_and_an_hour_twice_lengthens_it() {
    let open_for = |night: &str, from: &str, to: &str| {
        let office = calendar("Europe/London", vec![rule(true, night, "00:30-03:30")]);
        let minutes = (utc(from)..utc(to)).step_by(60_000);
        minutes.filter(|ms| office.is_open(*ms)).count()
    };
    // Clocks jump from 01:00 to 02:00 on 2026-03-29 and fall from 02:00 to 01:00 on 2026-10-25.
    assert_eq!(open_for("sun", "2026-03-28T12:00", "2026-03-29T12:00"), 120);
    assert_eq!(open_for("sun", "2026-10-24T12:00", "2026-10-25T12:00"), 240);
    assert_eq!(open_for("sun", "2026-06-06T12:00", "2026-06-07T12:00"), 180);
}

#[test]
fn hours_over_midnight_belong_to_the_day_on_which_they_began() {
    let bar = calendar("Europe/Kyiv", vec![rule(true, "fri", "22:00-06:00")]);
    let at = |text: &str| bar.is_open(unix_ms_of("Europe/Kyiv", text).unwrap());
    assert!(!at("2026-01-16T21:59") && at("2026-01-16T22:00") && at("2026-01-17T05:59"));
    assert!(!at("2026-01-17T06:00") && !at("2026-01-17T22:00") && !at("2026-01-16T05:00"));
}

#[test]
fn closed_beats_a_dated_opening_which_beats_the_week() {
    let office = calendar(
        "Europe/London",
        vec![
            rule(true, "mon-fri", "08:00-18:00"),
            rule(true, "2026-12-26", "10:00-12:00"),
            rule(false, "2026-12-24..2026-12-25", ""),
            rule(false, "01-01", ""),
            rule(false, "2026-12-28", "14:00-24:00"),
        ],
    );
    let at = |text: &str| office.is_open(unix_ms_of("Europe/London", text).unwrap());
    assert!(at("2026-12-23T10:00") && !at("2026-12-24T10:00") && !at("2026-12-25T10:00"));
    assert!(
        at("2026-12-26T10:30") && !at("2026-12-26T12:00"),
        "a Saturday that is open"
    );
    assert!(at("2026-12-28T13:59") && !at("2026-12-28T14:00") && !at("2026-12-28T17:00"));
    assert!(
        !at("2027-01-01T10:00") && !at("2029-01-01T10:00"),
        "every year"
    );
    let state = office.state(unix_ms_of("Europe/London", "2026-12-26T13:00").unwrap());
    assert_eq!((state.open, state.rule), (false, None));
}

#[test]
fn days_and_hours_are_read_or_refused() {
    assert_eq!(Days::week("fri-mon"), Some(Days::Week(0b111_0001)));
    assert_eq!(Days::week("daily"), Some(Days::Week(0x7f)));
    for wrong in ["", "mo", "mon-", "mon-fri-sun", "Mon"] {
        assert_eq!(Days::week(wrong), None, "{wrong}");
    }
    for wrong in [
        "2026-02-30",
        "13-01",
        "2026-1-1",
        "2026-12-25..2026-12-24",
        "12-25-2026",
    ] {
        assert_eq!(Days::dated(wrong), None, "{wrong}");
    }
    assert_eq!(Days::dated("02-29"), Some(Days::Yearly(2, 29)));
    assert_eq!(
        Hours::parse("22:00-00:00"),
        Some(Hours {
            from: 1320,
            to: 1440
        })
    );
    for wrong in [
        "8:00-18:00",
        "08:00",
        "08:00-08:00",
        "24:00-25:00",
        "08:60-09:00",
        "08.00-18.00",
    ] {
        assert_eq!(Hours::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_reading_becomes_an_instant_also_where_clocks_change() {
    let at = |text| unix_ms_of("Europe/London", text).unwrap();
    assert_eq!(at("2026-03-29T00:59") + 60_000, at("2026-03-29T02:00"));
    assert_eq!(
        at("2026-10-25T01:30") + 2 * 3_600_000,
        at("2026-10-25T02:30"),
        "the first of the two"
    );
    assert_eq!(unix_ms_of("Europe/London", "tomorrow"), None);
    let time = LocalTime::at("America/New_York", utc("2026-11-23T03:05"));
    assert_eq!(
        (time.weekday(), time.hour(), time.minute(), &*time.date()),
        ("sun", 22, 5, "2026-11-22")
    );
}
