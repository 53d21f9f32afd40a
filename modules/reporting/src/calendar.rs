//! Times as people write them: `2026-11-22T10:15+00:00`, and back.
//!
//! The proleptic Gregorian calendar; days are as long as UTC's. An offset stands for the zone: a
//! report has the days of one offset, so summer time moves no border inside it.

const DAY_MS: i64 = 86_400_000;

/// Days since 1970-01-01 of a date. Source: the era method, 400 years at a time.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of days since 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// A time in Unix milliseconds as text, by the wall clock of the offset in minutes.
pub fn text(at_ms: u64, offset_min: i64) -> String {
    let local = at_ms as i64 + offset_min * 60_000;
    let (year, month, day) = date(local.div_euclid(DAY_MS));
    let minutes = local.rem_euclid(DAY_MS) / 60_000;
    let (hour, minute) = (minutes / 60, minutes % 60);
    let sign = if offset_min < 0 { '-' } else { '+' };
    let (ahead, rest) = (offset_min.abs() / 60, offset_min.abs() % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}{sign}{ahead:02}:{rest:02}")
}

/// Begin of the day that a time lies in.
pub fn day_begin(at_ms: u64, offset_min: i64) -> u64 {
    let local = at_ms as i64 + offset_min * 60_000;
    let begin = local.div_euclid(DAY_MS) * DAY_MS - offset_min * 60_000;
    u64::try_from(begin).unwrap_or(0)
}

/// Reads `2026-11-22`, `2026-11-22T10:15`, `today` or `yesterday` (of `now_ms`).
///
/// # Errors
/// A sentence that says how it is written.
pub fn read(text: &str, now_ms: u64, offset_min: i64) -> Result<u64, String> {
    match text {
        "today" => return Ok(day_begin(now_ms, offset_min)),
        "yesterday" => {
            let today = day_begin(now_ms, offset_min);
            return Ok(today.saturating_sub(DAY_MS as u64));
        }
        _ => {}
    }
    let wrong =
        || format!("`{text}` is no time: write 2026-11-22, 2026-11-22T10:15, today or yesterday");
    let (day, clock) = text.split_once('T').unwrap_or((text, "00:00"));
    let parts = |text: &str, sign: char| -> Option<Vec<i64>> {
        let short = |part: &str| (1..=4).contains(&part.len());
        let parts = text.split(sign).map(|part| {
            let digits = short(part) && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        });
        parts.collect()
    };
    let (Some(day), Some(clock)) = (parts(day, '-'), parts(clock, ':')) else {
        return Err(wrong());
    };
    let ([year, month, day], [hour, minute]) = (day.as_slice(), clock.as_slice()) else {
        return Err(wrong());
    };
    let in_days = days(*year, *month, *day);
    let fits = (1970..=9999).contains(year)
        && (1..=12).contains(month)
        && date(in_days) == (*year, *month, *day)
        && (0..24).contains(hour)
        && (0..60).contains(minute);
    if !fits {
        return Err(wrong());
    }
    let local = in_days * DAY_MS + (hour * 60 + minute - offset_min) * 60_000;
    Ok(u64::try_from(local).unwrap_or(0))
}
