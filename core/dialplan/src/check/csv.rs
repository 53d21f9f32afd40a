//! Tables of numbers: `dids "numbers.csv"`.
//!
//! The first line names the columns: `number` and `route` (unless the node gives `route=`), any
//! other is a variable set before the route begins; an empty cell sets nothing. Where the file has
//! no such line, the node names them: `dids "numbers.csv" { columns number route greeting }`; cells
//! beyond the named ones are `name=value`. `#` begins a comment line.

use std::sync::Arc;

use super::fields::{Fields, Found};
use super::sink::{FINDINGS_MAX, Sink};
use super::{Include, codes};
use crate::diagnostic::{Diagnostic, Lines, Mark};
use crate::file::Node;
use crate::numbers::Pattern;
use crate::route::{Block, Place, Step, StepKind};
use crate::template::{Template, is_variable_name};

/// Most rows of one table.
const ROWS_MAX: usize = 1_000_000;

/// One file of numbers, read.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    pub(crate) findings: Vec<Diagnostic>,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) pattern: Pattern,
    pub(crate) mark: Mark,
    pub(crate) route: Arc<str>,
    pub(crate) block: Arc<Block>,
}

/// The `dids` node.
pub(super) fn include(sink: &mut Sink, node: &Node) -> Option<Include> {
    let mut fields = Fields::new(node, sink);
    let file = fields.wanted_argument("a CSV file: `dids \"numbers.csv\"`");
    let route = fields.text("route");
    let lines = fields.block();
    fields.finish();
    if let Some(route) = &route {
        sink.refer(super::sink::Kind::Route, &route.value, route.span);
    }
    let mut columns = None;
    for line in lines.unwrap_or(&[]) {
        if line.name != "columns" {
            let message = format!("`dids` has no line `{}`", line.name);
            let help = "write `columns number route greeting`";
            sink.error(
                line.name_span,
                codes::UNKNOWN_NODE,
                message,
                Some(help.into()),
            );
            continue;
        }
        let mut inner = Fields::new(line, sink);
        let names = inner.arguments();
        inner.finish();
        columns = Some(
            names
                .into_iter()
                .map(|n: Found<String>| n.value)
                .collect::<Vec<_>>(),
        );
    }
    let file = file?;
    let good = !file.value.starts_with('/') && !file.value.split('/').any(|p| p == "..");
    if !good {
        let message = format!("`{}` is outside the tenant's folder", file.value);
        sink.error(file.span, codes::BAD_VALUE, message, None);
        return None;
    }
    let mark = sink.mark(file.span);
    Some(Include {
        path: file.value,
        mark,
        columns,
        route: route.map(|r| r.value),
    })
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Number,
    Route,
    Variable(String),
}

/// Reads a table.
pub(crate) fn read(lines: &Lines, include: &Include) -> Table {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(::csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(lines.text().as_bytes());
    let mut rows = Rows {
        lines,
        include,
        table: Table::default(),
        columns: None,
    };
    if let Some(columns) = &include.columns {
        rows.header(columns.iter().map(String::as_str), 0);
    }
    let mut record = ::csv::StringRecord::new();
    for n in 0.. {
        let at = reader.position().byte() as usize;
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let at = record.position().map_or(at, |p| p.byte() as usize);
                if n >= ROWS_MAX {
                    rows.error(at, 1, format!("more than {ROWS_MAX} rows"), None);
                    break;
                }
                rows.record(&record, at);
            }
            Err(error) => {
                let at = error.position().map_or(at, |p| p.byte() as usize);
                rows.error(at, 1, format!("not CSV: {error}"), None);
                break;
            }
        }
        if rows.table.findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    rows.table
}

struct Rows<'l> {
    lines: &'l Lines,
    include: &'l Include,
    table: Table,
    columns: Option<Vec<Column>>,
}

impl Rows<'_> {
    fn error(&mut self, at: usize, len: usize, message: String, help: Option<String>) {
        let mut finding = Diagnostic::error(self.lines.mark(at, len), codes::TABLE, message);
        finding.help = help;
        self.table.findings.push(finding);
    }

    fn header<'h>(&mut self, names: impl Iterator<Item = &'h str>, at: usize) {
        let mut columns = Vec::new();
        for name in names {
            columns.push(match name {
                "number" | "did" => Column::Number,
                "route" => Column::Route,
                _ if is_variable_name(name) => Column::Variable(name.into()),
                _ => {
                    let message = format!("`{name}` is no variable's name");
                    self.error(
                        at,
                        1,
                        message,
                        Some("a letter, then letters, digits, `_` or `-`".into()),
                    );
                    Column::Variable(String::new())
                }
            });
        }
        let missing = [Column::Number, Column::Route].into_iter().find(|c| {
            let given = *c == Column::Route && self.include.route.is_some();
            !(given || columns.contains(c))
        });
        if let Some(missing) = missing {
            let name = if missing == Column::Number {
                "number"
            } else {
                "route"
            };
            let help =
                format!("name the columns in the first line: `number,route`; none is `{name}`");
            self.error(at, 1, format!("no column `{name}`"), Some(help));
        }
        self.columns = Some(columns);
    }

    fn record(&mut self, record: &::csv::StringRecord, at: usize) {
        if record.iter().all(str::is_empty) {
            return;
        }
        let Some(columns) = self.columns.take() else {
            let first = record.get(0).unwrap_or("");
            if first.starts_with(|c: char| c == '+' || c.is_ascii_digit()) {
                self.columns = Some(vec![Column::Number, Column::Route]);
                return self.record(record, at);
            }
            return self.header(record.iter(), at);
        };
        self.row(record, at, &columns);
        self.columns = Some(columns);
    }

    fn row(&mut self, record: &::csv::StringRecord, at: usize, columns: &[Column]) {
        let (mut number, mut route) = (None, self.include.route.as_deref());
        let mut steps = Vec::with_capacity(columns.len());
        let place = self.lines.mark(at, 0).place();
        for (n, cell) in record.iter().enumerate() {
            match columns.get(n) {
                Some(Column::Number) => number = Some((n, cell)),
                Some(Column::Route) if !cell.is_empty() => route = Some(cell),
                Some(Column::Route) => {}
                Some(Column::Variable(name)) => steps.extend(set(name, cell, &place)),
                None => match cell.split_once('=') {
                    Some((name, value)) if is_variable_name(name) => {
                        steps.extend(set(name, value, &place));
                    }
                    _ if cell.is_empty() => {}
                    _ => {
                        let (start, len) = self.cell(at, n);
                        let help = "cells beyond the named columns are `name=value`";
                        self.error(
                            start,
                            len,
                            format!("`{cell}` has no column"),
                            Some(help.into()),
                        );
                    }
                },
            }
        }
        let Some((column, text)) = number else {
            return self.error(at, 1, "a row without a number".into(), None);
        };
        let (start, len) = self.cell(at, column);
        let pattern = match Pattern::parse(text) {
            Ok(pattern) => pattern,
            Err(e) => return self.error(start, len, e.message, e.help),
        };
        let Some(route) = route.filter(|r| !r.is_empty()) else {
            return self.error(start, len, "a row without a route".into(), None);
        };
        let route: Arc<str> = match self.table.rows.last() {
            Some(last) if &*last.route == route => last.route.clone(),
            _ => Arc::from(route),
        };
        let kind = StepKind::Goto {
            route: route.to_string(),
        };
        steps.push(Step {
            kind,
            branches: Vec::new(),
            otherwise: None,
            place: place.clone(),
        });
        let block = Arc::new(Block {
            title: format!("did \"{text}\""),
            place,
            steps,
        });
        let mark = self.lines.mark(start, len);
        self.table.rows.push(Row {
            pattern,
            mark,
            route,
            block,
        });
    }

    /// The bytes of the n-th cell of the record that begins at `at`.
    fn cell(&self, at: usize, n: usize) -> (usize, usize) {
        let rest = self.lines.text().get(at..).unwrap_or("");
        let (mut start, mut seen, mut quoted) = (0, 0, false);
        let mut end = rest.len();
        for (i, c) in rest.char_indices() {
            match c {
                '"' => quoted = !quoted,
                ',' | '\n' | '\r' if !quoted => {
                    if seen == n {
                        end = i;
                        break;
                    }
                    seen += 1;
                    start = i + 1;
                }
                _ => {}
            }
        }
        let cell = rest.get(start..end).unwrap_or("");
        let inner = cell.trim();
        let indent = cell.len() - cell.trim_start().len();
        (at + start + indent, inner.len().max(1))
    }
}

fn set(name: &str, cell: &str, place: &Place) -> Option<Step> {
    if cell.is_empty() {
        return None;
    }
    let kind = StepKind::Set {
        name: name.into(),
        value: Template::plain(cell),
    };
    Some(Step {
        kind,
        branches: Vec::new(),
        otherwise: None,
        place: place.clone(),
    })
}
