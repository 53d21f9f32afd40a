//! Whether a text has the shape of KDL, told from its pieces alone: one pass, no recursion.
//!
//! The parser calls itself again wherever it goes on behind a mistake, and a file of many mistakes
//! would overflow its stack. It gets a long text only where none is left for it to find.

use kdl::KdlEntry;

use super::lexer::{Kind, Piece, pieces};

/// Longest text with mistakes that the parser may see, in bytes.
const ROUGH_BYTES_MAX: usize = 2_048;
/// Most `{` in such a text, wherever they stand: the parser may take a text for blocks.
const ROUGH_BRACES_MAX: usize = 64;
/// Most `/-` in such a text.
const ROUGH_DASHES_MAX: usize = 8;

/// The first place where a text is not KDL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Break {
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) message: &'static str,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A node; `dashed` behind `/-`.
    Node { dashed: bool },
    /// The text of a type and its parenthesis, and then what it is the type of.
    Type { of_value: bool, named: bool },
    /// A node's name behind its type.
    Name,
    /// Right behind a name or a value; `key` when it may be a property's name.
    Behind { key: bool },
    /// White space behind it.
    Gap { key: bool },
    /// An entry or a block behind `/-`.
    Dashed,
    /// A property's value, or a value behind its type.
    Value,
    /// A block has closed; another may follow where it stood behind `/-`.
    Block { dashed: bool, dash: bool },
}

/// Where a text stops being KDL, if it does.
pub(super) fn check(text: &str) -> Option<Break> {
    let mut state = State::Node { dashed: false };
    // For each open block, whether it stands behind `/-`.
    let mut open = Vec::new();
    for piece in pieces(text) {
        state = match sound(piece, text).and_then(|()| next(state, piece, text, &mut open)) {
            Ok(next) => next,
            Err(message) => {
                let (at, len) = (piece.at, piece.end - piece.at);
                return Some(Break { at, len, message });
            }
        };
    }
    let ended = match state {
        State::Node { dashed } => !dashed,
        State::Block { dash, .. } => !dash,
        State::Behind { .. } | State::Gap { .. } => true,
        State::Type { .. } | State::Name | State::Dashed | State::Value => false,
    };
    (!ended || !open.is_empty()).then_some(Break {
        at: text.len(),
        len: 0,
        message: "the file ends inside a node",
    })
}

/// A text with mistakes that the parser may nevertheless be asked about, for what it says of them.
pub(super) fn is_small(text: &str) -> bool {
    text.len() <= ROUGH_BYTES_MAX
        && text.matches('{').count() <= ROUGH_BRACES_MAX
        && text.matches("/-").count() <= ROUGH_DASHES_MAX
        && !text.contains("/*")
}

/// A piece that is well made in itself.
fn sound(piece: Piece, text: &str) -> Result<(), &'static str> {
    let own = piece.of(text);
    let plain = own.strip_prefix('\u{feff}').filter(|_| piece.at == 0);
    let odd = |c: char| {
        matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if plain.unwrap_or(own).contains(odd) {
        return Err("a character that may not stand in a file");
    }
    let simple = || {
        let inside = own.strip_prefix('"').and_then(|o| o.strip_suffix('"'));
        inside.is_some_and(|inside| !inside.contains(['"', '\\', '\n', '\r']))
    };
    match piece.kind {
        Kind::Unclosed => Err("a text that is not closed"),
        // The parser reads one text without calling itself, if no comment seems to be in it.
        Kind::Text if !simple() && KdlEntry::parse(&own.replace("/*", "/_")).is_err() => {
            Err("a text that is not KDL")
        }
        Kind::Word if own.contains('{') => Err("a number with a count is quoted"),
        Kind::Word if own.contains('\\') => Err("a `\\` that joins no lines"),
        _ => Ok(()),
    }
}

fn next(
    state: State,
    piece: Piece,
    text: &str,
    open: &mut Vec<bool>,
) -> Result<State, &'static str> {
    let space = matches!(
        piece.kind,
        Kind::Space | Kind::BlockComment | Kind::Continuation
    );
    let line = matches!(piece.kind, Kind::Newline | Kind::LineComment);
    let value = matches!(piece.kind, Kind::Word | Kind::Text);
    let begins_type = piece.kind == Kind::Paren && piece.of(text) == "(";
    let start = State::Node { dashed: false };
    match (state, piece.kind) {
        (State::Node { .. }, _) if space || line => Ok(state),
        (State::Node { dashed: false }, Kind::SlashDash) => Ok(State::Node { dashed: true }),
        (State::Node { .. }, _) if begins_type => Ok(State::Type {
            of_value: false,
            named: false,
        }),
        (State::Node { .. } | State::Name, _) if value => Ok(State::Behind { key: false }),
        (State::Node { dashed: false } | State::Behind { .. } | State::Gap { .. }, Kind::Close)
        | (State::Block { dash: false, .. }, Kind::Close) => close(open),
        (State::Node { .. }, _) => Err("a node begins with its name"),

        (State::Type { .. } | State::Name | State::Value, _) if space => Ok(state),
        (State::Type { of_value, named }, _) => match (named, value, piece.of(text)) {
            (false, true, _) => Ok(State::Type {
                of_value,
                named: true,
            }),
            (true, false, ")") if of_value => Ok(State::Value),
            (true, false, ")") => Ok(State::Name),
            _ => Err("a type is one name in parentheses"),
        },
        (State::Name, _) => Err("a node's name follows its type"),

        (State::Behind { key } | State::Gap { key }, _) if space => Ok(State::Gap { key }),
        (State::Behind { .. } | State::Gap { .. } | State::Block { dash: false, .. }, _)
            if line || piece.kind == Kind::Semicolon =>
        {
            Ok(start)
        }
        (State::Behind { key: true } | State::Gap { key: true }, Kind::Equals) => Ok(State::Value),
        (_, Kind::Equals) => Err("a `=` that belongs to no name"),
        (State::Behind { .. } | State::Gap { .. }, Kind::Open) => begin(open, false),
        (State::Behind { .. }, _) => Err("white space is missing"),

        (State::Dashed, _) if space || line => Ok(state),
        (State::Dashed, Kind::Open) => begin(open, true),
        (State::Gap { .. }, Kind::SlashDash) => Ok(State::Dashed),
        (State::Gap { .. } | State::Dashed, _) if value => Ok(State::Behind {
            key: may_be_key(piece.of(text)),
        }),
        (State::Gap { .. } | State::Dashed | State::Value, _) if begins_type => Ok(State::Type {
            of_value: true,
            named: false,
        }),
        (State::Value, _) if value => Ok(State::Behind { key: false }),
        (State::Gap { .. } | State::Dashed | State::Value, _) => Err("a value is missing here"),

        (State::Block { dash, .. }, _) if space || (dash && line) => Ok(state),
        (
            State::Block {
                dash: false,
                dashed,
            },
            Kind::SlashDash,
        ) => Ok(State::Block { dash: true, dashed }),
        (State::Block { dash: true, .. }, Kind::Open) => begin(open, true),
        (State::Block { dashed: true, .. }, Kind::Open) => begin(open, false),
        (State::Block { .. }, _) => Err("a node begins on a line of its own, or behind `;`"),
    }
}

fn begin(open: &mut Vec<bool>, dashed: bool) -> Result<State, &'static str> {
    open.push(dashed);
    Ok(State::Node { dashed: false })
}

fn close(open: &mut Vec<bool>) -> Result<State, &'static str> {
    let dashed = open.pop().ok_or("a `}` without its `{`")?;
    Ok(State::Block {
        dashed,
        dash: false,
    })
}

/// A property is not named by a number or a keyword.
fn may_be_key(word: &str) -> bool {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let keyword = word.starts_with('#') && !word.contains('"');
    !unsigned.starts_with(|c: char| c.is_ascii_digit()) && !keyword
}
