//! Reports: totals of an interval added up, divided, and written as JSON or CSV.
//!
//! What has no denominator is null, never 0 or 100. Definitions and formulas are those of the
//! module's README.

use cordboard_module::ordered::Map;
use cordboard_module::{Json, Report};

use crate::books::{Book, Books, QUARTER_MS};
use crate::calendar;
use crate::totals::{AgentTotals, DidTotals, Handling, Level, QueueTotals, Totals};

/// Most rows of one report; more is refused with the cure.
const ROWS_MAX: usize = 10_000;

type Row = Vec<(&'static str, Json)>;

/// Totals by begin of the interval and name.
type Sums<T> = Map<(u64, String), Box<T>>;

/// What is asked for.
struct Asked<'a> {
    from_ms: u64,
    to_ms: u64,
    interval: &'a str,
    name: &'a str,
    offset_min: i64,
}

/// One report.
///
/// # Errors
/// A sentence that says what is wrong with the arguments.
pub fn render(books: &Books, verb: &str, arguments: &Json) -> Result<Report, String> {
    let offset_min = books.settings.utc_offset_min;
    let time = |name: &str, default: u64| match arguments[name].str() {
        "" => Ok(default),
        text => calendar::read(text, books.last_ms, offset_min),
    };
    let asked = Asked {
        from_ms: time("from", calendar::day_begin(books.last_ms, offset_min))?,
        to_ms: time("to", u64::MAX)?,
        interval: match arguments["interval"].str() {
            "" => "hour",
            interval => interval,
        },
        name: arguments["name"].str(),
        offset_min,
    };
    let formula = arguments["formula"].text().unwrap_or("sl-short");
    let (header, rows) = match verb {
        "queues" => {
            let totals = asked.add_up(&with_overdue(books))?;
            (
                queue_row(&QueueTotals::default(), formula),
                asked.rows("queue", totals, |t| queue_row(t, formula)),
            )
        }
        "agents" => {
            let totals = asked.add_up(&with_states(books))?;
            (
                agent_row(&AgentTotals::default()),
                asked.rows("agent", totals, agent_row),
            )
        }
        "dids" => {
            let totals = asked.add_up(&books.dids)?;
            (
                did_row(&DidTotals::default()),
                asked.rows("did", totals, did_row),
            )
        }
        _ => return Err(format!("the module `reporting` has no verb `{verb}`")),
    };
    Ok(match arguments["format"].str() {
        "csv" => Report::csv(csv(verb, &header, &rows)),
        _ => {
            let rows: Json = rows
                .into_iter()
                .map(|row| Json::Object(row.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
                .collect();
            let report = Json::object()
                .with("report", verb)
                .with("as_of", calendar::text(books.last_ms, offset_min))
                .with("rows", rows);
            Report::json(&report)
        }
    })
}

/// Queues, and in them who passed the threshold and still waits: missed now, whatever comes.
fn with_overdue(books: &Books) -> Book<QueueTotals> {
    let mut queues = books.queues.clone();
    for open in books.open.values() {
        let passed_ms = open.queued_at_ms.saturating_add(open.threshold_ms);
        if passed_ms < books.last_ms {
            queues.at(passed_ms / QUARTER_MS, &open.queue).level.overdue += 1;
        }
    }
    queues
}

/// Agents, and in them the time of states that last.
fn with_states(books: &Books) -> Book<AgentTotals> {
    let mut agents = books.agents.clone();
    for (agent, state) in &books.states {
        state.write(agent, books.last_ms, &mut agents);
    }
    agents
}

impl Asked<'_> {
    /// Begin of the interval that a time lies in.
    fn begin(&self, at_ms: u64) -> u64 {
        match self.interval {
            "quarter" => at_ms / QUARTER_MS * QUARTER_MS,
            "day" => calendar::day_begin(at_ms, self.offset_min),
            "all" => self.from_ms,
            // Offsets of half an hour have hours of their own.
            _ => {
                let shift_ms = (self.offset_min.rem_euclid(60) * 60_000) as u64;
                ((at_ms + shift_ms) / 3_600_000 * 3_600_000).saturating_sub(shift_ms)
            }
        }
    }

    fn add_up<T: Totals>(&self, book: &Book<T>) -> Result<Sums<T>, String> {
        let mut sums: Sums<T> = Map::default();
        let first = self.from_ms.div_ceil(QUARTER_MS);
        for ((quarter, name), totals) in book.entries.from(&(first, String::new())) {
            let at_ms = quarter * QUARTER_MS;
            if at_ms >= self.to_ms {
                break;
            }
            if !self.name.is_empty() && name != self.name {
                continue;
            }
            let sum = sums.or_default((self.begin(at_ms), name.clone()));
            sum.add(totals);
            if sums.len() > ROWS_MAX {
                return Err(format!(
                    "more than {ROWS_MAX} rows: ask for less time or a longer interval"
                ));
            }
        }
        Ok(sums)
    }

    fn rows<T>(&self, what: &'static str, sums: Sums<T>, row: impl Fn(&T) -> Row) -> Vec<Row> {
        let rows = sums.into_iter().map(|((begin_ms, name), totals)| {
            let from = calendar::text(begin_ms, self.offset_min);
            let mut cells = vec![("from", Json::from(from)), (what, Json::from(name))];
            cells.extend(row(&totals));
            cells
        });
        rows.collect()
    }
}

/// A whole average, rounded half up; null of nothing.
fn average(sum: u64, count: u64) -> Json {
    let half = count / 2;
    (sum + half).checked_div(count).into()
}

/// Per cent with two digits, rounded half up; null of nothing.
fn percent(part: u64, whole: u64) -> Json {
    let hundredths = (part * 10_000 + whole / 2).checked_div(whole);
    hundredths.map(|n| n as f64 / 100.0).into()
}

/// The service level by one of the named formulas.
fn service_level(level: &Level, formula: &str) -> Json {
    let Level {
        answered,
        answered_in,
        abandoned,
        abandoned_in,
        abandoned_short,
        overdue,
    } = *level;
    let all = answered + abandoned + overdue;
    match formula {
        "sl-ans" => percent(answered_in, answered + overdue),
        "sl-off" => percent(answered_in, all),
        "sl-pos" => percent(answered_in + abandoned_in, all),
        "sl-ign" => percent(answered_in, all - abandoned_in),
        _ => percent(answered_in, all - abandoned_short),
    }
}

fn handling_cells(handling: &Handling) -> [(&'static str, Json); 5] {
    let Handling {
        handled,
        talk_ms,
        hold_ms,
        wrap_up_ms,
    } = *handling;
    [
        ("handled", handled.into()),
        ("aht_ms", average(talk_ms + hold_ms + wrap_up_ms, handled)),
        ("talk_average_ms", average(talk_ms, handled)),
        ("hold_average_ms", average(hold_ms, handled)),
        ("wrap_up_average_ms", average(wrap_up_ms, handled)),
    ]
}

fn queue_row(totals: &QueueTotals, formula: &str) -> Row {
    let mut row = vec![
        ("offered", totals.offered.into()),
        ("refused", totals.refused.into()),
        ("answered", totals.answered.into()),
        ("abandoned", totals.abandoned.into()),
        ("timed_out", totals.timed_out.into()),
        ("left", totals.left.into()),
        ("service_level", service_level(&totals.level, formula)),
        ("asa_ms", average(totals.wait_answered_ms, totals.answered)),
        (
            "abandon_average_ms",
            average(totals.wait_abandoned_ms, totals.abandoned),
        ),
        ("abandon_rate", percent(totals.abandoned, totals.offered)),
        ("longest_wait_ms", totals.longest_wait_ms.into()),
    ];
    row.extend(handling_cells(&totals.handling));
    row
}

fn agent_row(totals: &AgentTotals) -> Row {
    let account = |state: &str| totals.account(state);
    let busy_ms = account("talk") + account("hold") + account("wrap-up");
    let pauses = totals.accounts.iter().filter_map(|(state, ms)| {
        let reason = state.strip_prefix("paused:")?;
        Some(format!("{reason}={ms}"))
    });
    let pauses: Vec<String> = pauses.collect();
    let mut row = vec![
        ("offered", totals.offered.into()),
        ("missed", totals.missed.into()),
    ];
    row.extend(handling_cells(&totals.handling));
    row.extend([
        ("logged_in_ms", totals.logged_in_ms().into()),
        ("ready_ms", account("ready").into()),
        ("reserved_ms", account("reserved").into()),
        ("talk_ms", account("talk").into()),
        ("hold_ms", account("hold").into()),
        ("wrap_up_ms", account("wrap-up").into()),
        ("outbound_ms", account("outbound").into()),
        ("paused_ms", totals.paused_ms().into()),
        ("pauses", pauses.join(" ").into()),
        ("occupancy", percent(busy_ms, busy_ms + account("ready"))),
    ]);
    row
}

fn did_row(totals: &DidTotals) -> Row {
    vec![
        ("calls", totals.calls.into()),
        ("answered", totals.answered.into()),
        ("cancelled", totals.cancelled.into()),
        ("talk_ms", totals.talk_ms.into()),
        ("talk_average_ms", average(totals.talk_ms, totals.answered)),
    ]
}

/// RFC 4180, with the header even where there are no rows.
fn csv(verb: &str, header: &Row, rows: &[Row]) -> String {
    let what = verb.strip_suffix('s').unwrap_or(verb);
    let names = ["from", what]
        .into_iter()
        .chain(header.iter().map(|(name, _)| *name));
    let names: Vec<&str> = names.collect();
    let mut text = format!("{}\r\n", names.join(","));
    for row in rows {
        for (at, (_, cell)) in row.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            match cell {
                Json::Null => {}
                Json::Text(cell) => text.push_str(&quoted(cell)),
                cell => text.push_str(&cell.to_string()),
            }
        }
        text.push_str("\r\n");
    }
    text
}

/// Quoted where it must be, and never a formula to whoever opens the file in a spreadsheet: only
/// numbers may begin with `+`.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '-', '@', '\t'])
        || (cell.starts_with('+') && !cell[1..].bytes().all(|b| b.is_ascii_digit()));
    let cell = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    match cell.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}
