//! Templates: text with `{...}` that is filled in when a step runs.
//!
//! `{dialled}`, `{caller.number}`, `{caller.name}`, `{var.NAME}`; after a colon a slice in
//! characters: `{dialled:-4}` the last four, `{dialled:3}` all after the first three,
//! `{dialled:0:3}` three from the start. `{{` and `}}` are braces. A variable that is not set is
//! empty text. What comes out is cut at [`OUTPUT_CHARS_MAX`].

use crate::expr::Values;

/// Longest text a template gives, in characters; what is over is cut off.
pub const OUTPUT_CHARS_MAX: usize = 1024;

/// Most parts of one template; more is refused when it is read.
pub const PARTS_MAX: usize = 64;

/// A text with places to fill in, checked when the dialplan was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    source: Box<str>,
    parts: Box<[Part]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Text(Box<str>),
    Value(Field, Slice),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Field {
    Dialled,
    CallerNumber,
    CallerName,
    Var(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slice {
    All,
    Last(usize),
    From(usize, Option<usize>),
}

/// A template that cannot be read; `at` and `len` are bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// First byte of what is wrong.
    pub at: usize,
    /// How many bytes are wrong.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// An unclosed or stray brace, an unknown name, a bad slice, or more than [`PARTS_MAX`] parts.
    pub fn parse(source: &str) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(found) = rest.find(['{', '}']) {
            let at = source.len() - rest.len() + found;
            text.push_str(rest.get(..found).unwrap_or(""));
            let after = rest.get(found..).unwrap_or("");
            if after.starts_with("{{") || after.starts_with("}}") {
                text.push_str(after.get(..1).unwrap_or(""));
                rest = after.get(2..).unwrap_or("");
                continue;
            }
            if after.starts_with('}') {
                return Err(wrong(
                    at,
                    1,
                    "a `}` without its `{`",
                    "write `}}` for a brace",
                ));
            }
            let Some(end) = after.find('}') else {
                let help = "close it with `}`, or write `{{` for a brace";
                return Err(wrong(at, after.len(), "a `{` that is not closed", help));
            };
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text).into()));
            }
            parts.push(field(after.get(1..end).unwrap_or(""), at + 1)?);
            if parts.len() > PARTS_MAX {
                let help = "set variables in several steps";
                return Err(wrong(at, end + 1, "too many `{...}` in one text", help));
            }
            rest = after.get(end + 1..).unwrap_or("");
        }
        text.push_str(rest);
        if !text.is_empty() || parts.is_empty() {
            parts.push(Part::Text(text.into()));
        }
        Ok(Template {
            source: source.into(),
            parts: parts.into(),
        })
    }

    /// A template that is this very text, braces and all.
    pub fn plain(text: &str) -> Template {
        let source = text.replace('{', "{{").replace('}', "}}");
        Template {
            source: source.into(),
            parts: Box::new([Part::Text(text.into())]),
        }
    }

    /// The text as the dialplan wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text itself where nothing is to be filled in.
    pub fn as_plain(&self) -> Option<&str> {
        match &*self.parts {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Fills in; at most [`OUTPUT_CHARS_MAX`] characters.
    pub fn fill(&self, values: &dyn Values) -> String {
        let mut out = String::new();
        let mut room = OUTPUT_CHARS_MAX;
        for part in &*self.parts {
            let (text, slice) = match part {
                Part::Text(text) => (&**text, Slice::All),
                Part::Value(field, slice) => (field.value(values), *slice),
            };
            for c in slice.of(text).chars().take(room) {
                out.push(c);
                room -= 1;
            }
        }
        out
    }
}

impl Field {
    fn value<'a>(&self, values: &'a dyn Values) -> &'a str {
        match self {
            Field::Dialled => values.dialled(),
            Field::CallerNumber => values.caller_number(),
            Field::CallerName => values.caller_name(),
            Field::Var(name) => values.variable(name).unwrap_or(""),
        }
    }
}

impl Slice {
    fn of(self, text: &str) -> &str {
        let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
        match self {
            Slice::All => text,
            Slice::Last(n) => {
                let skip = text.chars().count().saturating_sub(n);
                text.get(at(skip)..).unwrap_or("")
            }
            Slice::From(from, None) => text.get(at(from)..).unwrap_or(""),
            Slice::From(from, Some(n)) => {
                text.get(at(from)..at(from.saturating_add(n))).unwrap_or("")
            }
        }
    }
}

fn field(inside: &str, at: usize) -> Result<Part, TemplateError> {
    let (name, slice) = match inside.split_once(':') {
        Some((name, slice)) => (name, Some(slice)),
        None => (inside, None),
    };
    let field = match name {
        "dialled" => Field::Dialled,
        "caller.number" => Field::CallerNumber,
        "caller.name" => Field::CallerName,
        _ => match name.strip_prefix("var.") {
            Some(var) if is_variable_name(var) => Field::Var(var.into()),
            _ => return Err(unknown(name, at)),
        },
    };
    let slice = match slice {
        None => Slice::All,
        Some(text) => read_slice(text).ok_or_else(|| {
            let help =
                "`:-4` is the last four, `:3` what follows the first three, `:0:3` the first three";
            wrong(
                at + name.len() + 1,
                text.len().max(1),
                "a slice that cannot be read",
                help,
            )
        })?,
    };
    Ok(Part::Value(field, slice))
}

fn read_slice(text: &str) -> Option<Slice> {
    let number = |t: &str| t.parse::<u16>().ok().map(usize::from);
    if let Some(last) = text.strip_prefix('-') {
        return number(last).map(Slice::Last);
    }
    match text.split_once(':') {
        Some((from, n)) => Some(Slice::From(number(from)?, Some(number(n)?))),
        None => Some(Slice::From(number(text)?, None)),
    }
}

fn unknown(name: &str, at: usize) -> TemplateError {
    let known = ["dialled", "caller.number", "caller.name"];
    let near = known.iter().find(|k| strsim::jaro_winkler(k, name) > 0.8);
    let help = match near {
        Some(near) => format!("did you mean `{{{near}}}`?"),
        None => format!(
            "known are `{{dialled}}`, `{{caller.number}}`, `{{caller.name}}`, `{{var.NAME}}`; a variable is `{{var.{name}}}`"
        ),
    };
    wrong(
        at,
        name.len().max(1),
        &format!("no value is called `{name}`"),
        &help,
    )
}

fn wrong(at: usize, len: usize, message: &str, help: &str) -> TemplateError {
    TemplateError {
        at,
        len,
        message: message.into(),
        help: Some(help.into()),
    }
}

/// True for what may name a variable: a letter or `_`, then letters, digits, `_`, `-`; at most 64.
/// Parts may be joined by dots, as modules name theirs (`crm.name`), and each begins with a letter
/// or `_`.
pub fn is_variable_name(name: &str) -> bool {
    let part = |part: &str| {
        let mut chars = part.chars();
        chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    name.len() <= 64 && name.split('.').all(part)
}

#[cfg(test)]
mod tests;
