//! The table: rows of a CSV file by number or prefix.
//!
//! The first line names the columns; `number` and `to` must be there. A number that ends in `*` is
//! a prefix, one without is exact; several rows of one number are choices. A wrong row is an error
//! with file and line, and all of them are reported at once.

mod csv;

use std::collections::BTreeMap;

use cordboard_module::Target;

/// Most rows of a table.
pub const ROWS_MAX: usize = 200_000;
/// Most mistakes that are listed.
const MISTAKES_MAX: usize = 50;
/// Longest number.
const NUMBER_CHARS_MAX: usize = 32;

const COLUMNS: [&str; 8] = [
    "number",
    "to",
    "weight",
    "cost",
    "strip",
    "add",
    "caller-id",
    "timeout",
];

/// Where a row leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A trunk of the tenant, `trunk:carrier-a`.
    Trunk(String),
    /// A user of the tenant, `user:alice`.
    User(String),
    /// Nowhere: `barred`.
    Barred,
}

impl Place {
    /// The trunk's or user's name.
    pub fn name(&self) -> &str {
        match self {
            Place::Trunk(name) | Place::User(name) => name,
            Place::Barred => "barred",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: u32,
    /// Where it leads.
    pub to: Place,
    /// Its share among rows of equal cost, 0 to 1,000 (default 1).
    pub weight: u32,
    /// The smaller is tried first, in any unit (default 0).
    pub cost: u32,
    /// So many leading characters of the number are taken away (default 0).
    pub strip: usize,
    /// Put before what is left.
    pub add: String,
    /// Number shown; none is the trunk's own.
    pub caller_id: Option<String>,
    /// How long it rings, milliseconds.
    pub timeout_ms: u32,
}

impl Row {
    /// The place to try for that number.
    pub fn target(&self, number: &str) -> Target {
        let (trunk, user) = match &self.to {
            Place::Trunk(name) => (Some(name.clone()), None),
            Place::User(name) => (None, Some(name.clone())),
            Place::Barred => (None, None),
        };
        let dialled = trunk.is_some().then(|| self.rewritten(number));
        Target {
            trunk,
            user,
            number: dialled,
            caller_id: self.caller_id.clone(),
            timeout_ms: self.timeout_ms,
        }
    }

    /// The number as this trunk wants it.
    pub fn rewritten(&self, number: &str) -> String {
        let left: String = number.chars().skip(self.strip).collect();
        format!("{}{left}", self.add)
    }
}

/// Rows of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'t> {
    /// The number, or the prefix without its `*`.
    pub pattern: &'t str,
    /// The number itself stands in the table.
    pub exact: bool,
    /// At least one, as they stand.
    pub rows: &'t [Row],
}

/// All rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    numbers: BTreeMap<String, Vec<Row>>,
    prefixes: BTreeMap<String, Vec<Row>>,
}

impl Table {
    /// Reads a file; `name` is for messages.
    ///
    /// # Errors
    /// Every mistake, `FILE:LINE: sentence`.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, Vec<String>> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(vec![format!("{name}: it is not UTF-8 text")]);
        };
        let mut lines = csv::lines(text.trim_start_matches('\u{feff}'));
        let columns = match lines.next() {
            Some((line, Ok(names))) => {
                columns(&names).map_err(|why| vec![format!("{name}:{line}: {why}")])?
            }
            Some((line, Err(why))) => return Err(vec![format!("{name}:{line}: {why}")]),
            None => {
                return Err(vec![format!(
                    "{name}: it has no lines; the first names the columns"
                )]);
            }
        };
        let mut table = Table::default();
        let mut mistakes = Vec::new();
        for (count, (line, cells)) in lines.enumerate() {
            if count >= ROWS_MAX {
                mistakes.push(format!(
                    "{name}:{line}: a table has at most {ROWS_MAX} rows"
                ));
                break;
            }
            let added = cells
                .map_err(str::to_owned)
                .and_then(|cells| table.add(line, &columns, &cells));
            if let Err(why) = added {
                mistakes.push(format!("{name}:{line}: {why}"));
                if mistakes.len() >= MISTAKES_MAX {
                    break;
                }
            }
        }
        if mistakes.is_empty() {
            Ok(table)
        } else {
            Err(mistakes)
        }
    }

    /// The rows of a number: its own, or those of its longest prefix.
    pub fn find(&self, number: &str) -> Option<Found<'_>> {
        if let Some((pattern, rows)) = self.numbers.get_key_value(number) {
            return Some(Found {
                pattern,
                exact: true,
                rows,
            });
        }
        // A number is short: from the whole of it down to nothing.
        let ends = number
            .char_indices()
            .map(|(at, _)| at)
            .chain([number.len()]);
        let ends: Vec<usize> = ends.take(NUMBER_CHARS_MAX + 1).collect();
        let found = ends.into_iter().rev().find_map(|end| {
            let prefix = number.get(..end)?;
            self.prefixes.get_key_value(prefix)
        });
        found.map(|(pattern, rows)| Found {
            pattern,
            exact: false,
            rows,
        })
    }

    fn add(&mut self, line: u32, columns: &[usize], cells: &[String]) -> Result<(), String> {
        if cells.len() != columns.len() {
            let (has, wants) = (cells.len(), columns.len());
            return Err(format!("{has} cells where the first line names {wants}"));
        }
        let mut by_column: [&str; COLUMNS.len()] = [""; COLUMNS.len()];
        for (column, cell) in columns.iter().zip(cells) {
            if let Some(place) = by_column.get_mut(*column) {
                *place = cell.trim();
            }
        }
        let [number, to, weight, cost, strip, add, caller_id, timeout] = by_column;
        let row = Row {
            line,
            to: place(to)?,
            weight: whole("weight", weight, 1, 0..=1_000)?,
            cost: whole("cost", cost, 0, 0..=1_000_000_000)?,
            strip: whole("strip", strip, 0, 0..=NUMBER_CHARS_MAX as u32)? as usize,
            add: diallable("add", add)?,
            caller_id: Some(diallable("caller-id", caller_id)?).filter(|id| !id.is_empty()),
            timeout_ms: whole("timeout", timeout, 30, 1..=600)? * 1_000,
        };
        let (rows, number) = match number.strip_suffix('*') {
            Some(prefix) => (&mut self.prefixes, prefix),
            None if number.is_empty() => return Err("a number is missing".to_owned()),
            None => (&mut self.numbers, number),
        };
        let number = diallable("number", number)?;
        rows.entry(number).or_default().push(row);
        Ok(())
    }
}

/// For each cell of a line, which of the known columns it is.
fn columns(names: &[String]) -> Result<Vec<usize>, String> {
    let mut columns = Vec::new();
    for name in names {
        let name = name.trim().to_ascii_lowercase();
        let known = COLUMNS.iter().position(|column| *column == name);
        let column = known.ok_or_else(|| {
            let known = COLUMNS.join(", ");
            format!("there is no column `{name}`; known are {known}")
        })?;
        if columns.contains(&column) {
            return Err(format!("a second column `{name}`"));
        }
        columns.push(column);
    }
    for (at, wanted) in COLUMNS.iter().take(2).enumerate() {
        if !columns.contains(&at) {
            return Err(format!("the column `{wanted}` is missing"));
        }
    }
    Ok(columns)
}

fn place(text: &str) -> Result<Place, String> {
    match text.split_once(':') {
        Some(("trunk", name)) if !name.is_empty() => Ok(Place::Trunk(name.to_owned())),
        Some(("user", name)) if !name.is_empty() => Ok(Place::User(name.to_owned())),
        None if text == "barred" => Ok(Place::Barred),
        _ => Err(format!(
            "`{text}` is no place: write trunk:NAME, user:NAME or barred"
        )),
    }
}

fn whole(
    column: &str,
    text: &str,
    default: u32,
    bounds: std::ops::RangeInclusive<u32>,
) -> Result<u32, String> {
    if text.is_empty() {
        return Ok(default);
    }
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| {
        format!(
            "{column} `{text}`: a whole number from {} to {} is wanted",
            bounds.start(),
            bounds.end()
        )
    })
}

/// Digits, `*`, `#`, with one `+` in front.
fn diallable(column: &str, text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits = text.len() <= NUMBER_CHARS_MAX
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '*' | '#'));
    match fits {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "{column} `{text}`: at most {NUMBER_CHARS_MAX} digits are wanted, with + in front where it is international"
        )),
    }
}
