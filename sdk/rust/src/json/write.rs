//! Values to JSON text: no blanks, members in their order.

use std::fmt::{Display, Formatter, Result, Write};

use super::{Json, real};

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Flag(true) => f.write_str("true"),
            Json::Flag(false) => f.write_str("false"),
            Json::Number(number) => write!(f, "{number}"),
            // JSON has no words for these.
            Json::Real(number) if !number.is_finite() => f.write_str("null"),
            Json::Real(number) => real::write(f, *number),
            Json::Text(text) => string(f, text),
            Json::List(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_char(',')?;
                    }
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Json::Object(members) => {
                f.write_char('{')?;
                for (at, (name, value)) in members.iter().enumerate() {
                    if at > 0 {
                        f.write_char(',')?;
                    }
                    string(f, name)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

fn string(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('"')?;
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        if c >= ' ' && c != '"' && c != '\\' {
            continue;
        }
        f.write_str(text.get(plain..at).unwrap_or_default())?;
        plain = at + c.len_utf8();
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            _ => write!(f, "\\u{:04x}", u32::from(c))?,
        }
    }
    f.write_str(text.get(plain..).unwrap_or_default())?;
    f.write_char('"')
}
