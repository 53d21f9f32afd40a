//! A result as people read it: fields, tables, and tables inside fields.
//!
//! A list of objects is a table, and so is an object of objects, whose names are the first column.
//! What lies deeper stands in its cell as `name value` pairs. Text from outside is made harmless:
//! what would move a terminal's cursor or name its window is replaced, whatever stored it.

use serde_json::{Map, Value};

/// Widest column that others are aligned behind.
const WIDTH_MAX: usize = 60;

/// The lines of a result; none for null.
pub(super) fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(rows) => rows_of(rows),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| field(name, value))
            .collect(),
        value => vec![cell(value)],
    }
}

fn field(name: &str, value: &Value) -> Vec<String> {
    let table = match value {
        Value::Array(rows) if rows.first().is_some_and(Value::is_object) => rows_of(rows),
        Value::Object(rows) if !rows.is_empty() && rows.values().all(Value::is_object) => {
            rows_of(&named(name, rows))
        }
        value => return vec![format!("{}: {}", plain(name), cell(value))],
    };
    std::iter::once(format!("{}:", plain(name)))
        .chain(table.into_iter().map(|line| format!("  {line}")))
        .collect()
}

/// An object of objects as rows: `queues` of `{"sales": {...}}` have a first column `queue`.
fn named(name: &str, rows: &Map<String, Value>) -> Vec<Value> {
    let column = name.strip_suffix('s').unwrap_or("name");
    rows.iter()
        .map(|(key, row)| {
            let mut all = Map::from_iter([(column.to_owned(), key.clone().into())]);
            all.extend(row.as_object().cloned().unwrap_or_default());
            Value::Object(all)
        })
        .collect()
}

fn rows_of(rows: &[Value]) -> Vec<String> {
    let columns: Vec<&String> = match rows.first().and_then(Value::as_object) {
        Some(first) => first.keys().collect(),
        None if rows.is_empty() => return vec!["none".to_owned()],
        None => return rows.iter().map(cell).collect(),
    };
    let mut table = vec![columns.iter().map(|c| plain(c)).collect::<Vec<_>>()];
    table.extend(rows.iter().map(|row| {
        let cells = columns.iter();
        let cells = cells.map(|c| row.get(c.as_str()).map(cell).unwrap_or_default());
        cells.collect()
    }));
    let width = |i: usize| {
        let cells = table.iter().filter_map(|row| row.get(i));
        let widest = cells.map(|cell| cell.chars().count()).max();
        widest.unwrap_or(0).min(WIDTH_MAX)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    table
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths);
            let cells = cells.map(|(cell, width)| format!("{cell:<width$}", width = *width));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

/// Harmless on a terminal.
pub(super) fn plain(text: &str) -> String {
    let harmless = |c: char| match c.is_control() && c != '\n' {
        true => '\u{fffd}',
        false => c,
    };
    text.chars().map(harmless).collect()
}

fn cell(value: &Value) -> String {
    plain(&raw_cell(value))
}

fn raw_cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "-".to_owned(),
        Value::Array(list) if list.iter().all(Value::is_string) => list
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Array(list) => list.iter().map(raw_cell).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{name} {}", raw_cell(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_stand_in_fields_and_cells_hold_no_json() {
        let shown = lines(&json!({
            "queues": { "sales": { "waiting": 2, "closed": false } },
            "rows": [{ "user": "bob", "devices": [{ "uri": "sip:bob@a", "nat": true, "device": null }] }],
            "ignored": 0,
        }));
        let expected = [
            "queues:",
            "  queue  waiting  closed",
            "  sales  2        false",
            "rows:",
            "  user  devices",
            "  bob   uri sip:bob@a, nat true",
            "ignored: 0",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn text_from_outside_moves_no_cursor() {
        let shown = lines(&json!([{ "name": "a\u{1b}[2J" }]));
        assert_eq!(shown, ["name", "a\u{fffd}[2J"]);
        assert_eq!(lines(&json!([])), ["none"]);
        assert!(lines(&Value::Null).is_empty());
    }
}
