//! Lines of a CSV file: RFC 4180, with `#` comments and empty lines passed over.
//!
//! A quoted cell does not span lines: a table of numbers has no need of it.

/// The line's number from 1, and its cells or why it has none.
type Line = (u32, Result<Vec<String>, &'static str>);

/// Every line that says something.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line> {
    let lines = text.lines().zip(1_u32..);
    let said = lines.filter(|(line, _)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    said.map(|(line, number)| (number, cells(line)))
}

fn cells(line: &str) -> Result<Vec<String>, &'static str> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.trim().is_empty() => return Ok(cells),
            None => return Err("something stands behind a closing quote"),
        }
    }
}

/// A cell after its opening quote, and what stands behind the closing one.
fn quoted_cell(text: &str) -> Result<(String, &str), &'static str> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let Some(end) = rest.find('"') else {
            return Err("a quote is not closed in its line");
        };
        cell.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None => return Ok((cell, rest.trim_start())),
        }
    }
}
