//! One number pattern as the dialplan writes it.
//!
//! `+442079460100` is exact; `+44207946{0200..0299}` a range, which ends the pattern; anything
//! with `x` (a digit), `[1-9]` (one of these), a count `{7,9}` after either, or a closing `*`
//! (any keys, also none) is a pattern. A text with other letters is an exact name (`bob`).

use std::sync::Arc;

/// Most keys a pattern can be long, counts multiplied out.
pub const KEYS_MAX: usize = 48;

/// How specific a pattern is; the lesser wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PatternClass {
    /// One number or name.
    Exact,
    /// `{from..to}` at the end.
    Range,
    /// Has `x`, `[...]` or `*`.
    Wild,
}

/// A checked pattern. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Arc<str>,
    prefix: usize,
    shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Exact,
    Range { from: u64, to: u64, width: usize },
    Wild { keys: Arc<[Key]>, star: bool },
}

/// One place in a pattern: which keys fit (bit 0 to 9 the digits, then `*`, `#`, `+`) and whether
/// it may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) fits: u16,
    pub(super) optional: bool,
}

pub(super) const DIGITS: u16 = 0x3ff;
pub(super) const ANY: u16 = 0xfff;

/// The bit of one key.
pub(super) fn bit(c: char) -> Option<u16> {
    match c {
        '0'..='9' => Some(1 << (c as u32 - '0' as u32)),
        '*' => Some(1 << 10),
        '#' => Some(1 << 11),
        '+' => Some(1 << 12),
        _ => None,
    }
}

/// A pattern that cannot be read; `at` and `len` are bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// First byte of what is wrong.
    pub at: usize,
    /// How many bytes are wrong.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Emptiness, unknown characters, bad ranges, classes or counts, more than [`KEYS_MAX`] keys.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        if text.is_empty() {
            return Err(wrong(
                0,
                0,
                "an empty number",
                "write a number such as \"+442079460100\"",
            ));
        }
        if text.len() > 128 {
            return Err(wrong(
                0,
                text.len(),
                "a number of more than 128 characters",
                "",
            ));
        }
        if is_name(text) {
            return Ok(Pattern {
                text: text.into(),
                prefix: text.len(),
                shape: Shape::Exact,
            });
        }
        Reader {
            text,
            at: 0,
            keys: Vec::new(),
            prefix: None,
        }
        .read()
    }

    /// This very text and nothing else, whatever its characters.
    pub fn exact(text: &str) -> Pattern {
        Pattern {
            text: text.into(),
            prefix: text.len(),
            shape: Shape::Exact,
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The characters before the first that may vary; the longer wins.
    pub fn literal_prefix(&self) -> &str {
        self.text.get(..self.prefix).unwrap_or("")
    }

    /// Exact, range or wild.
    pub fn class(&self) -> PatternClass {
        match self.shape {
            Shape::Exact => PatternClass::Exact,
            Shape::Range { .. } => PatternClass::Range,
            Shape::Wild { .. } => PatternClass::Wild,
        }
    }

    /// True when the number fits.
    pub fn matches(&self, number: &str) -> bool {
        match &self.shape {
            Shape::Exact => &*self.text == number,
            Shape::Range { from, to, width } => number
                .strip_prefix(self.literal_prefix())
                .filter(|rest| rest.len() == *width)
                .and_then(digits)
                .is_some_and(|n| (*from..=*to).contains(&n)),
            Shape::Wild { keys, star } => fits(keys, *star, number),
        }
    }

    /// How many numbers fit; `None` where there is no end (`*`) or more than 2^63.
    pub fn size(&self) -> Option<u64> {
        match &self.shape {
            Shape::Exact => Some(1),
            Shape::Range { from, to, .. } => (to - from).checked_add(1),
            Shape::Wild { star: true, .. } => None,
            Shape::Wild { keys, .. } => {
                if keys.iter().any(|k| k.optional) {
                    return None;
                }
                keys.iter()
                    .try_fold(1u64, |n, k| n.checked_mul(k.fits.count_ones().into()))
            }
        }
    }

    pub(super) fn shared_text(&self) -> Arc<str> {
        self.text.clone()
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }
}

/// All-digit text as a number; `None` for anything else or too long.
pub(super) fn digits(text: &str) -> Option<u64> {
    let good = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    if good { text.parse().ok() } else { None }
}

/// Set simulation: bit n of the state says that n keys are behind us.
fn fits(keys: &[Key], star: bool, number: &str) -> bool {
    let mut state = close(keys, 1);
    for c in number.chars() {
        let Some(key) = bit(c) else { return false };
        state = advance(keys, star, state, key);
        if state == 0 {
            return false;
        }
    }
    state & (1 << keys.len()) != 0
}

/// Adds what is reached by leaving optional keys out.
pub(super) fn close(keys: &[Key], mut state: u64) -> u64 {
    for (n, key) in keys.iter().enumerate() {
        if key.optional && state & (1 << n) != 0 {
            state |= 1 << (n + 1);
        }
    }
    state
}

/// The states after one key.
pub(super) fn advance(keys: &[Key], star: bool, state: u64, key: u16) -> u64 {
    let mut next = 0;
    for (n, one) in keys.iter().enumerate() {
        if state & (1 << n) != 0 && one.fits & key != 0 {
            next |= 1 << (n + 1);
        }
    }
    if star && state & (1 << keys.len()) != 0 && key & ANY != 0 {
        next |= 1 << keys.len();
    }
    close(keys, next)
}

fn is_name(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_alphabetic() && c != 'x')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

fn wrong(at: usize, len: usize, message: &str, help: &str) -> PatternError {
    let help = (!help.is_empty()).then(|| help.to_string());
    PatternError {
        at,
        len,
        message: message.into(),
        help,
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    keys: Vec<Key>,
    /// Where what varies begins.
    prefix: Option<usize>,
}

impl Reader<'_> {
    fn read(mut self) -> Result<Pattern, PatternError> {
        let text = self.text;
        let mut star = false;
        while let Some(c) = text.get(self.at..).and_then(|t| t.chars().next()) {
            let rest = text.get(self.at..).unwrap_or("");
            let start = self.at;
            match c {
                '*' if rest.len() == 1 => {
                    star = true;
                    self.prefix.get_or_insert(start);
                    self.at += 1;
                }
                '{' => return self.range(),
                'x' => {
                    self.at += 1;
                    self.counted(start, DIGITS, true)?;
                }
                '[' => {
                    let fits = self.one_of()?;
                    self.counted(start, fits, true)?;
                }
                '+' if start > 0 => {
                    return Err(wrong(start, 1, "a `+` inside a number", "`+` stands first"));
                }
                _ => {
                    let Some(fits) = bit(c) else {
                        let help = "a number has digits, `+` first, `x`, `[1-9]`, `{0200..0299}`, `x{7,9}`, and `*` last";
                        return Err(wrong(
                            start,
                            c.len_utf8(),
                            &format!("`{c}` in a number"),
                            help,
                        ));
                    };
                    self.at += 1;
                    self.counted(start, fits, false)?;
                }
            }
        }
        let prefix = self.prefix.unwrap_or(text.len());
        let shape = match self.prefix {
            None => Shape::Exact,
            Some(_) => Shape::Wild {
                keys: self.keys.into(),
                star,
            },
        };
        Ok(Pattern {
            text: text.into(),
            prefix,
            shape,
        })
    }

    /// Adds a key as often as a count after it says.
    fn counted(&mut self, start: usize, fits: u16, varies: bool) -> Result<(), PatternError> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let end = rest.find('}').unwrap_or(0);
        let inside = rest.get(1..end).unwrap_or("");
        let is_count = rest.starts_with('{') && !inside.contains("..");
        let (min, max) = if is_count {
            let number = |t: &str| t.trim().parse::<usize>().ok();
            let counts = match inside.split_once(',') {
                Some((min, max)) => number(min).zip(number(max)),
                None => number(inside).map(|n| (n, n)),
            };
            let good = counts.filter(|(min, max)| min <= max && *max >= 1);
            let Some(counts) = good else {
                let help = "write `x{7}` or `x{7,9}`";
                return Err(wrong(
                    self.at,
                    end.max(1),
                    "a count that cannot be read",
                    help,
                ));
            };
            self.at += end + 1;
            counts
        } else {
            (1, 1)
        };
        if varies || is_count {
            self.prefix.get_or_insert(start);
        }
        if self.keys.len().saturating_add(max) > KEYS_MAX {
            let message = format!("a number of more than {KEYS_MAX} keys");
            return Err(wrong(start, self.at - start, &message, ""));
        }
        for n in 0..max {
            self.keys.push(Key {
                fits,
                optional: n >= min,
            });
        }
        Ok(())
    }

    fn one_of(&mut self) -> Result<u16, PatternError> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or("");
        let bad = |len| {
            wrong(
                start,
                len,
                "digits in `[...]` that cannot be read",
                "write `[1-9]` or `[135]`",
            )
        };
        let Some(end) = rest.find(']') else {
            return Err(bad(rest.len()));
        };
        let inside: Vec<char> = rest.get(1..end).unwrap_or("").chars().collect();
        let mut fits = 0u16;
        let mut left = &inside[..];
        while let [first, after @ ..] = left {
            let (low, high, after) = match after {
                ['-', high, after @ ..] => (*first, *high, after),
                _ => (*first, *first, after),
            };
            let low = low.to_digit(10).ok_or_else(|| bad(end + 1))?;
            let high = high
                .to_digit(10)
                .filter(|h| *h >= low)
                .ok_or_else(|| bad(end + 1))?;
            for digit in low..=high {
                fits |= 1 << digit;
            }
            left = after;
        }
        if fits == 0 {
            return Err(bad(end + 1));
        }
        self.at = start + end + 1;
        Ok(fits)
    }

    fn range(self) -> Result<Pattern, PatternError> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or("");
        let help = "write `{0200..0299}`: as many digits on both sides, the lesser first, at the number's end";
        let bad = |message| wrong(start, rest.len(), message, help);
        if self.prefix.is_some() {
            return Err(bad("a range after `x` or `[...]`"));
        }
        let Some(inside) = rest.strip_prefix('{').and_then(|r| r.strip_suffix('}')) else {
            return Err(bad("a range that does not end the number"));
        };
        let ends = inside.split_once("..").filter(|(a, b)| a.len() == b.len());
        let numbers = ends.and_then(|(a, b)| digits(a).zip(digits(b)).zip(Some(a.len())));
        match numbers {
            Some(((from, to), width)) if from <= to => Ok(Pattern {
                text: self.text.into(),
                prefix: start,
                shape: Shape::Range { from, to, width },
            }),
            _ => Err(bad("a range that cannot be read")),
        }
    }
}
