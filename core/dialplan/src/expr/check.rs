//! Types of a condition: text, number and truth never mix; facts and variables fit all three.

use std::collections::BTreeSet;

use super::parser::{Kind, Tree};
use super::{Comparison, ExprError, Name, Node, Span};
use crate::calendar::WEEKDAYS;
use crate::numbers::Pattern;
use crate::template::is_variable_name;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    Bool,
    /// Known only when a call asks.
    Any,
}

impl Type {
    fn word(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Number => "a number",
            Type::Bool => "true or false",
            Type::Any => "anything",
        }
    }

    fn fits(self, other: Type) -> bool {
        self == other || self == Type::Any || other == Type::Any
    }
}

type Calendars = BTreeSet<(String, usize)>;

/// The whole condition, which must be true or false.
pub(super) fn condition(tree: Tree, calendars: &mut Calendars) -> Result<Node, ExprError> {
    let span = tree.span;
    let (node, found) = typed(tree, calendars)?;
    want(Type::Bool, found, span)?;
    Ok(node)
}

fn want(wanted: Type, found: Type, span: Span) -> Result<(), ExprError> {
    if wanted.fits(found) {
        return Ok(());
    }
    let help = if wanted == Type::Bool {
        "compare it with something: `... == '...'`"
    } else {
        ""
    };
    let message = format!(
        "this is {}, where {} is wanted",
        found.word(),
        wanted.word()
    );
    Err(ExprError::new(span, message, help))
}

fn typed(tree: Tree, calendars: &mut Calendars) -> Result<(Node, Type), ExprError> {
    let span = tree.span;
    let boxed =
        |tree: Box<Tree>, calendars: &mut Calendars| condition(*tree, calendars).map(Box::new);
    Ok(match tree.kind {
        Kind::Text(text) => (Node::Text(text.into()), Type::Text),
        Kind::Number(number) => (Node::Number(number), Type::Number),
        Kind::Bool(value) => (Node::Bool(value), Type::Bool),
        Kind::Name(name) => named(&name, span)?,
        Kind::Call {
            name,
            arguments,
            path,
        } => call(&name, arguments, path, span, calendars)?,
        Kind::Not(inside) => (Node::Not(boxed(inside, calendars)?), Type::Bool),
        Kind::And(a, b) => (
            Node::And(boxed(a, calendars)?, boxed(b, calendars)?),
            Type::Bool,
        ),
        Kind::Or(a, b) => (
            Node::Or(boxed(a, calendars)?, boxed(b, calendars)?),
            Type::Bool,
        ),
        Kind::Compare(comparison, a, b) => (compare(comparison, *a, *b, calendars)?, Type::Bool),
        Kind::In(left, items) => {
            let (left, left_type) = typed(*left, calendars)?;
            let mut nodes = Vec::with_capacity(items.len());
            for item in items {
                let item_span = item.span;
                let (node, item_type) = typed(item, calendars)?;
                same(left_type, item_type, item_span)?;
                day_word(&left, &node, item_span)?;
                nodes.push(node);
            }
            (Node::In(Box::new(left), nodes), Type::Bool)
        }
        Kind::Matches(left, right) => {
            let left_span = left.span;
            let (left, left_type) = typed(*left, calendars)?;
            want(Type::Text, left_type, left_span)?;
            (Node::Matches(Box::new(left), pattern(*right)?), Type::Bool)
        }
    })
}

fn compare(
    comparison: Comparison,
    a: Tree,
    b: Tree,
    calendars: &mut Calendars,
) -> Result<Node, ExprError> {
    let (a_span, b_span) = (a.span, b.span);
    let (a, a_type) = typed(a, calendars)?;
    let (b, b_type) = typed(b, calendars)?;
    same(a_type, b_type, b_span)?;
    if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        for (found, span) in [(a_type, a_span), (b_type, b_span)] {
            if !found.fits(Type::Number) {
                let message = format!(
                    "only numbers are less or greater, and this is {}",
                    found.word()
                );
                return Err(ExprError::new(span, message, ""));
            }
        }
    }
    day_word(&a, &b, b_span)?;
    day_word(&b, &a, a_span)?;
    Ok(Node::Compare(comparison, Box::new(a), Box::new(b)))
}

fn same(left: Type, right: Type, span: Span) -> Result<(), ExprError> {
    if left.fits(right) {
        return Ok(());
    }
    let help = match (left, right) {
        (Type::Text, Type::Number) => "quote it: `'...'`",
        (Type::Number, Type::Text) => "write the number without quotes",
        _ => "",
    };
    let message = format!("{} is compared with {}", left.word(), right.word());
    Err(ExprError::new(span, message, help))
}

/// A weekday is one of seven words.
fn day_word(left: &Node, right: &Node, span: Span) -> Result<(), ExprError> {
    match (left, right) {
        (Node::Name(Name::Weekday), Node::Text(text)) if !WEEKDAYS.contains(&&**text) => {
            let message = format!("no weekday is called '{text}'");
            Err(ExprError::new(
                span,
                message,
                "write mon, tue, wed, thu, fri, sat or sun",
            ))
        }
        _ => Ok(()),
    }
}

fn pattern(tree: Tree) -> Result<Pattern, ExprError> {
    let Kind::Text(text) = tree.kind else {
        let help = "write a quoted pattern: `caller.number matches '+4420*'`";
        return Err(ExprError::new(
            tree.span,
            "`matches` wants a number pattern",
            help,
        ));
    };
    Pattern::parse(&text).map_err(|e| ExprError {
        at: tree.span.at + 1 + e.at,
        len: e.len.max(1),
        message: e.message,
        help: e.help,
    })
}

fn named(name: &str, span: Span) -> Result<(Node, Type), ExprError> {
    let (name, kind) = match name {
        "caller.number" => (Name::Number, Type::Text),
        "caller.name" => (Name::Display, Type::Text),
        "dialled" => (Name::Dialled, Type::Text),
        "hour" => (Name::Hour, Type::Number),
        "minute" => (Name::Minute, Type::Number),
        "weekday" => (Name::Weekday, Type::Text),
        "date" => (Name::Date, Type::Text),
        _ => match name.strip_prefix("var.") {
            Some(var) if is_variable_name(var) => (Name::Var(var.into()), Type::Any),
            _ => return Err(unknown(name, span)),
        },
    };
    Ok((Node::Name(name), kind))
}

fn unknown(name: &str, span: Span) -> ExprError {
    const KNOWN: [&str; 9] = [
        "caller.number",
        "caller.name",
        "dialled",
        "hour",
        "minute",
        "weekday",
        "date",
        "open",
        "fact",
    ];
    let near = KNOWN.iter().find(|k| strsim::jaro_winkler(k, name) > 0.8);
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("text is quoted: `'{name}'`; a variable is `var.{name}`"),
    };
    ExprError::new(span, format!("nothing is called `{name}`"), &help)
}

fn call(
    name: &str,
    arguments: Vec<Tree>,
    path: Vec<String>,
    span: Span,
    calendars: &mut Calendars,
) -> Result<(Node, Type), ExprError> {
    match (name, arguments.as_slice()) {
        (
            "open",
            [
                Tree {
                    kind: Kind::Text(calendar),
                    span,
                },
            ],
        ) if path.is_empty() => {
            calendars.insert((calendar.clone(), span.at + 1));
            Ok((Node::Open(calendar.as_str().into()), Type::Bool))
        }
        ("open", _) => Err(ExprError::new(
            span,
            "`open` wants one quoted name",
            "write `open('office')`",
        )),
        ("fact", [_, _]) => {
            let mut texts = Vec::new();
            for argument in arguments {
                let span = argument.span;
                let (node, found) = typed(argument, calendars)?;
                want(Type::Text, found, span)?;
                texts.push(Box::new(node));
            }
            let path = path.into_iter().map(Into::into).collect();
            match <[Box<Node>; 2]>::try_from(texts) {
                Ok([topic, key]) => Ok((Node::Fact { topic, key, path }, Type::Any)),
                Err(_) => Err(ExprError::new(span, "`fact` wants two texts", "")),
            }
        }
        ("fact", _) => {
            let help = "write `fact('topic', 'key').field`";
            Err(ExprError::new(span, "`fact` wants a topic and a key", help))
        }
        _ => Err(unknown(name, span)),
    }
}
