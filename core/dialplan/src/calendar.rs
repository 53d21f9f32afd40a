//! Calendars: when a tenant is open, by wall clock in a named time zone.
//!
//! Hours are read off the wall, so 08:00 stays 08:00 on both sides of a change of clocks; an hour
//! that occurs twice is open twice, one that is left out is never asked for. Hours run from their
//! first minute up to, not including, their last; `22:00-06:00` ends on the next day and belongs
//! to the day on which it began. `closed` beats a dated `open`, which beats the weekly hours; what
//! nothing opens is closed.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

use crate::route::Place;

/// A checked `calendar` node.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Its name.
    pub name: String,
    /// Its zone, an IANA name.
    pub zone: String,
    /// Where it stands.
    pub place: Place,
    tz: TimeZone,
    rules: Vec<Rule>,
}

/// One `open` or `closed` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// True for `open`.
    pub open: bool,
    /// Which days.
    pub days: Days,
    /// Which hours of them.
    pub hours: Hours,
    /// What the day is called (`Christmas`).
    pub name: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// Which days a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Days {
    /// Days of the week, Monday is bit 0.
    Week(u8),
    /// First to last, both included.
    Dates(Date, Date),
    /// The same day every year (month, day).
    Yearly(i8, i8),
}

/// Minutes of the day, from inclusive, to exclusive; `to <= from` ends on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// 0 to 1439.
    pub from: u16,
    /// 1 to 1440.
    pub to: u16,
}

/// What a calendar says of one instant, and which line says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarState<'c> {
    /// Open or closed.
    pub open: bool,
    /// The rule that decided; none where no hours are open.
    pub rule: Option<&'c Rule>,
}

/// A wall clock's reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime(DateTime);

impl Calendar {
    /// Builds a calendar; `None` when the zone is not known.
    pub fn new(name: &str, zone: &str, rules: Vec<Rule>, place: Place) -> Option<Calendar> {
        let tz = TimeZone::get(zone).ok()?;
        Some(Calendar {
            name: name.into(),
            zone: zone.into(),
            place,
            tz,
            rules,
        })
    }

    /// Open or closed at an instant (Unix milliseconds).
    pub fn is_open(&self, unix_ms: u64) -> bool {
        self.state(unix_ms).open
    }

    /// Open or closed, and why.
    pub fn state(&self, unix_ms: u64) -> CalendarState<'_> {
        let now = local(&self.tz, unix_ms);
        let find = |open: bool, dated: bool| {
            self.rules
                .iter()
                .find(|rule| rule.open == open && rule.days.is_dated() == dated && rule.covers(now))
        };
        let rule = find(false, true)
            .or_else(|| find(false, false))
            .or_else(|| find(true, true))
            .or_else(|| find(true, false));
        CalendarState {
            open: rule.is_some_and(|r| r.open),
            rule,
        }
    }

    /// Its lines.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Rule {
    fn covers(&self, now: LocalTime) -> bool {
        let minute = now.minute_of_day();
        let date = now.0.date();
        let Hours { from, to } = self.hours;
        let over_midnight = to <= from;
        let today = self.days.contains(date) && minute >= from && (over_midnight || minute < to);
        let since_yesterday = || {
            let yesterday = date.yesterday().ok();
            yesterday.is_some_and(|y| self.days.contains(y))
        };
        today || (over_midnight && minute < to && since_yesterday())
    }
}

impl Days {
    fn is_dated(self) -> bool {
        !matches!(self, Days::Week(_))
    }

    fn contains(self, date: Date) -> bool {
        match self {
            Days::Week(days) => days & (1 << date.weekday().to_monday_zero_offset()) != 0,
            Days::Dates(first, last) => (first..=last).contains(&date),
            Days::Yearly(month, day) => (date.month(), date.day()) == (month, day),
        }
    }

    /// Reads `mon-fri`, `sat`, `fri-mon` (over the week's end) or `daily`.
    pub fn week(text: &str) -> Option<Days> {
        if text == "daily" {
            return Some(Days::Week(0x7f));
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (weekday(first)?, weekday(last)?);
        let mut days = 1u8 << first;
        let mut day = first;
        while day != last {
            day = (day + 1) % 7;
            days |= 1 << day;
        }
        Some(Days::Week(days))
    }

    /// Reads `2026-12-25`, `2026-12-24..2027-01-02` or `12-25` (every year).
    pub fn dated(text: &str) -> Option<Days> {
        if let Some((first, last)) = text.split_once("..") {
            let (first, last): (Date, Date) = (date(first)?, date(last)?);
            return (first <= last).then_some(Days::Dates(first, last));
        }
        if text.len() == 5 {
            let (month, day) = text.split_once('-')?;
            let (month, day) = (two_digits(month)?, two_digits(day)?);
            // 2024 is a leap year: 02-29 is a day.
            Date::new(2024, month, day).ok()?;
            return Some(Days::Yearly(month, day));
        }
        let one: Date = date(text)?;
        Some(Days::Dates(one, one))
    }
}

impl Hours {
    /// The whole day.
    pub const ALL: Hours = Hours { from: 0, to: 1440 };

    /// Reads `08:00-18:00`; `24:00` is the day's end.
    pub fn parse(text: &str) -> Option<Hours> {
        let (from, to) = text.split_once('-')?;
        let (from, to) = (clock(from)?, clock(to)?);
        (from < 1440 && from != to).then_some(Hours {
            from,
            to: if to == 0 { 1440 } else { to },
        })
    }
}

impl LocalTime {
    /// The reading in a zone (IANA name) at an instant (Unix milliseconds); UTC where the zone is
    /// not known.
    pub fn at(zone: &str, unix_ms: u64) -> LocalTime {
        local(&TimeZone::get(zone).unwrap_or(TimeZone::UTC), unix_ms)
    }

    /// 0 to 23.
    pub fn hour(self) -> u8 {
        self.0.hour().unsigned_abs()
    }

    /// 0 to 59.
    pub fn minute(self) -> u8 {
        self.0.minute().unsigned_abs()
    }

    /// `mon` to `sun`.
    pub fn weekday(self) -> &'static str {
        let day = self.0.weekday().to_monday_zero_offset().unsigned_abs();
        WEEKDAYS.get(usize::from(day)).copied().unwrap_or("mon")
    }

    /// `2026-12-25`.
    pub fn date(self) -> String {
        self.0.date().to_string()
    }

    fn minute_of_day(self) -> u16 {
        u16::from(self.hour()) * 60 + u16::from(self.minute())
    }
}

/// The days' words, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The instant (Unix milliseconds) of a wall clock's reading such as `2026-12-25T10:00`. A reading
/// that occurs twice is the first of the two; one that is left out is taken an hour later. `None`
/// for text that is no date and time, or before 1970.
pub fn unix_ms_of(zone: &str, text: &str) -> Option<u64> {
    let reading: DateTime = text.parse().ok()?;
    let zoned = TimeZone::get(zone).ok()?.to_zoned(reading).ok()?;
    u64::try_from(zoned.timestamp().as_millisecond()).ok()
}

/// True when the time zone is known.
pub fn is_zone(zone: &str) -> bool {
    TimeZone::get(zone).is_ok()
}

fn local(tz: &TimeZone, unix_ms: u64) -> LocalTime {
    let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    LocalTime(tz.to_datetime(Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)))
}

fn weekday(text: &str) -> Option<i8> {
    let index = WEEKDAYS.iter().position(|d| *d == text)?;
    Weekday::from_monday_zero_offset(index as i8)
        .ok()
        .map(Weekday::to_monday_zero_offset)
}

fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok())?
}

fn two_digits(text: &str) -> Option<i8> {
    let good = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    let whole = u16::from(hour.unsigned_abs()) * 60 + u16::from(minute.unsigned_abs());
    (minute < 60 && whole <= 1440).then_some(whole)
}

#[cfg(test)]
mod tests;
