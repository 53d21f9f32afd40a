//! One form for a number however it was written: E.164 with its `+` where that can be known.

/// How a tenant's country writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NumberPolicy<'a> {
    /// Country code without `+`: `44`. None keeps national numbers as they are.
    pub country: Option<&'a str>,
    /// What precedes a national number at home: `0` in most of Europe, none in Italy or Spain.
    pub national_prefix: &'a str,
    /// What precedes an international number: `00`, `011` in North America.
    pub international_prefix: &'a str,
}

impl NumberPolicy<'static> {
    /// `00` is international, national numbers stay as they are.
    pub const PLAIN: NumberPolicy<'static> = NumberPolicy {
        country: None,
        national_prefix: "",
        international_prefix: "00",
    };
}

/// Longest number in digits (E.164 has 15; longer ones occur inside private networks).
pub const DIGITS_MAX: usize = 32;

/// Normalises a number: drops `tel:`, separators (space, `-`, `.`, `(`, `)`, `/`) and parameters
/// after `;`, turns the international prefix into `+`. `None` for what is no number (letters,
/// `anonymous`, nothing, more than [`DIGITS_MAX`] digits), which must match nobody.
pub fn normalise(text: &str, policy: &NumberPolicy<'_>) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let text = text.split(';').next().unwrap_or("");
    let mut digits = String::with_capacity(text.len());
    let mut plus = false;
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() && !plus => plus = true,
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    if digits.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    if plus {
        return Some(format!("+{digits}"));
    }
    if let Some(rest) = strip(&digits, policy.international_prefix) {
        return Some(format!("+{rest}"));
    }
    if let Some(country) = policy.country
        && let Some(rest) = strip(&digits, policy.national_prefix)
    {
        return Some(format!("+{country}{rest}"));
    }
    Some(digits)
}

fn strip<'t>(digits: &'t str, prefix: &str) -> Option<&'t str> {
    let rest = digits.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    (rest.len() >= 4).then_some(rest)
}
