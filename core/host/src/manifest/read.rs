//! A manifest's values: each is read into the type that is wanted, or reported with its place.

use std::ops::Range;
use std::sync::Arc;

use cordboard_dialplan::diagnostic::{Diagnostic, Lines};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ITEMS_MAX;
use crate::lua::nearest;

pub(super) const SYNTAX: &str = "MT0001";
pub(super) const UNKNOWN_KEY: &str = "MT0010";
pub(super) const MISSING: &str = "MT0011";
pub(super) const BAD_VALUE: &str = "MT0012";
pub(super) const TOO_MUCH: &str = "MT0013";
pub(super) const TWICE: &str = "MT0014";
pub(super) const VERSION: &str = "MT0015";
pub(super) const WORLD: &str = "MT0016";

/// Longest text of a manifest.
const TEXT_BYTES_MAX: usize = 2_000;

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// Reads one manifest.
pub(super) struct Reader {
    pub(super) lines: Lines,
    findings: Vec<Diagnostic>,
}

impl Reader {
    pub fn new(file: &str, text: &str) -> Reader {
        Reader {
            lines: Lines::new(Arc::from(file), Arc::from(text)),
            findings: Vec::new(),
        }
    }

    /// The finding of a file that cannot be read at all.
    pub fn of_nothing(file: &str, message: String) -> Diagnostic {
        let lines = Lines::new(Arc::from(file), Arc::from(""));
        Diagnostic::error(lines.mark(0, 0), SYNTAX, message)
    }

    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.findings.sort_by(|a, b| a.mark.cmp(&b.mark));
        self.findings.dedup();
        self.findings
    }

    pub fn error(
        &mut self,
        at: Range<usize>,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        let mark = self.lines.mark(at.start, at.end.saturating_sub(at.start));
        let mut finding = Diagnostic::error(mark, code, message);
        finding.help = help.into();
        self.findings.push(finding);
    }

    pub fn line(&self, at: usize) -> u32 {
        self.lines.mark(at, 0).line
    }

    /// Reports keys that are not known here.
    pub fn keys(&mut self, table: &DeTable<'_>, known: &[&str], of: &str) {
        for (key, _) in table.iter() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let shown = shorten(name);
                let help = match nearest(&shown, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                let message = format!("`{shown}` is no key of {of}");
                self.error(key.span(), UNKNOWN_KEY, message, help);
            }
        }
    }

    /// A key that must be there; `of` is where it is missed.
    pub fn wanted<'t, 'v>(
        &mut self,
        table: &'t DeTable<'v>,
        key: &str,
        of: Range<usize>,
    ) -> Option<&'t Value<'v>> {
        let found = table.get(key);
        if found.is_none() {
            let message = format!("`{key}` is missing");
            self.error(of, MISSING, message, format!("write `{key} = ...`"));
        }
        found
    }

    pub fn wrong(&mut self, value: &Value<'_>, wanted: &str) {
        let message = format!("this is {}; {wanted} is wanted", kind_of(value.get_ref()));
        self.error(value.span(), BAD_VALUE, message, None);
    }

    pub fn text(&mut self, value: &Value<'_>) -> Option<String> {
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(value, "a text");
            return None;
        };
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("{} bytes; {TEXT_BYTES_MAX} is the most", text.len());
            self.error(value.span(), TOO_MUCH, message, None);
            return None;
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            self.error(
                value.span(),
                BAD_VALUE,
                "a control character in a text",
                None,
            );
            return None;
        }
        Some(text.to_string())
    }

    pub fn number(&mut self, value: &Value<'_>, bounds: (i64, i64)) -> Option<i64> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong(value, "a whole number");
            return None;
        };
        let read = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let good = read.filter(|n| (bounds.0..=bounds.1).contains(n));
        if good.is_none() {
            let message = format!("a number of {} to {} is wanted", bounds.0, bounds.1);
            self.error(value.span(), BAD_VALUE, message, None);
        }
        good
    }

    pub fn flag(&mut self, value: &Value<'_>) -> Option<bool> {
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        self.wrong(value, "`true` or `false`");
        None
    }

    /// A list of texts, each once.
    pub fn texts(&mut self, value: &Value<'_>) -> Vec<(String, Range<usize>)> {
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong(value, "a list of texts");
            return Vec::new();
        };
        if list.len() > ITEMS_MAX {
            let message = format!("{} items; {ITEMS_MAX} is the most", list.len());
            self.error(value.span(), TOO_MUCH, message, None);
            return Vec::new();
        }
        let mut found: Vec<(String, Range<usize>)> = Vec::new();
        for item in list.iter() {
            let Some(text) = self.text(item) else {
                continue;
            };
            if found.iter().any(|(known, _)| *known == text) {
                self.error(item.span(), TWICE, format!("`{text}` stands twice"), None);
            } else {
                found.push((text, item.span()));
            }
        }
        found
    }

    /// `a-z 0-9 -`, a letter first, at most 63.
    pub fn name(&mut self, value: &Value<'_>) -> Option<String> {
        let text = self.text(value)?;
        if is_name(&text) {
            return Some(text);
        }
        let message = format!("`{}` cannot be a name", shorten(&text));
        let help = "a letter, then `a-z`, `0-9` and `-`, at most 63 together";
        self.error(value.span(), BAD_VALUE, message, help.to_owned());
        None
    }

    /// Each table of a list, by `read`.
    pub fn each<T>(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        mut read: impl FnMut(&mut Reader, &DeTable<'_>, Range<usize>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong(value, &format!("a list of tables, `[[{key}]]`,"));
            return Vec::new();
        };
        if list.len() > ITEMS_MAX {
            let message = format!("{} of `{key}`; {ITEMS_MAX} is the most", list.len());
            self.error(value.span(), TOO_MUCH, message, None);
            return Vec::new();
        }
        let mut found = Vec::new();
        for item in list.iter() {
            match item.get_ref() {
                DeValue::Table(table) => found.extend(read(self, table, item.span())),
                _ => self.wrong(item, "a table"),
            }
        }
        found
    }

    /// One of these words.
    pub fn one_of(&mut self, value: &Value<'_>, words: &[&str], what: &str) -> Option<String> {
        let text = self.text(value)?;
        if words.contains(&text.as_str()) {
            return Some(text);
        }
        let shown = shorten(&text);
        let help = match nearest(&shown, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", words.join(", ")),
        };
        self.error(
            value.span(),
            BAD_VALUE,
            format!("no {what} `{shown}`"),
            help,
        );
        None
    }
}

pub(super) fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A text as a message shows it.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
