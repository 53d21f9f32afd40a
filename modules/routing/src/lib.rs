//! The module `routing`: where an outgoing call goes.
//!
//! `table` reads the CSV file and finds the rows of a number, `order` puts them into the order in
//! which they are tried. A decision reads nothing but the table, the request and its seed.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod order;
mod table;
#[cfg(test)]
mod tests;

use cordboard_module::{Error, Json, Reasoned, RouteRequest, Router, Target, file};

pub use order::order;
pub use table::{Found, Place, Row, Table};

/// Most places that one call tries; further rows are left out, and a reason says so.
pub const TARGETS_MAX: usize = 8;

/// The table of a tenant.
#[derive(Debug)]
pub struct Routing {
    table: Table,
    /// The file's name, for reasons.
    name: String,
}

impl Router for Routing {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        let name = settings["table"].str();
        let bytes = file(name).ok_or_else(|| {
            vec![format!(
                "the file `{name}` cannot be read: put it beside the dialplan and write `grant file \"{name}\"`"
            )]
        })?;
        Self::of(name, &bytes)
    }

    fn route(&mut self, request: RouteRequest) -> Result<Reasoned, Error> {
        let arguments = request.args();
        let given = arguments["number"]
            .text()
            .filter(|number| !number.is_empty());
        Ok(self.decide(given.unwrap_or(&request.dialled), request.seed))
    }
}

impl Routing {
    /// From the bytes of a table.
    ///
    /// # Errors
    /// Every wrong row, a sentence each, with file and line.
    pub fn of(name: &str, bytes: &[u8]) -> Result<Self, Vec<String>> {
        let name = name.to_owned();
        Table::read(&name, bytes).map(|table| Self { table, name })
    }

    /// One decision: the same number and seed have the same one.
    pub fn decide(&self, number: &str, seed: u64) -> Reasoned {
        let number = plain(number);
        let Some(found) = self.table.find(&number) else {
            let why = format!("no row of {} matches the number", self.name);
            return Reasoned::from("no-route").because(why);
        };
        let line = found.rows.first().map_or(0, |row| row.line);
        let why = match found.exact {
            true => format!("the number itself, {}:{line}", self.name),
            false => format!("longest prefix `{}`, {}:{line}", found.pattern, self.name),
        };
        if let Some(row) = found.rows.iter().find(|row| row.to == Place::Barred) {
            let why = format!("{why}: barred in line {}", row.line);
            return Reasoned::from("barred").because(why);
        }
        let rows = order(found.rows, seed);
        let targets = rows.iter().take(TARGETS_MAX);
        let targets: Vec<Target> = targets.map(|row| row.target(&number)).collect();
        let mut reasoned = Reasoned::from(targets)
            .because(why)
            .set("routing.match", found.pattern);
        for row in rows.iter().take(TARGETS_MAX) {
            reasoned = reasoned.because(format!(
                "{}: cost {}, weight {}, line {}",
                row.to.name(),
                row.cost,
                row.weight,
                row.line
            ));
        }
        match rows.len().checked_sub(TARGETS_MAX) {
            Some(more @ 1..) => reasoned.because(format!("{more} more are not tried")),
            _ => reasoned,
        }
    }
}

/// The number without what people write between digits.
fn plain(number: &str) -> String {
    let kept = |c: &char| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/');
    number.chars().filter(kept).collect()
}

#[cfg(target_arch = "wasm32")]
cordboard_module::register!(router: Routing);
