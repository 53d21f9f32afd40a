//! `on "1" { ... }`: what follows an outcome.

use crate::check::fields::Fields;
use crate::check::sink::Sink;
use crate::check::words::suggestion;
use crate::file::Node;
use crate::file::tree::{Span, ValueKind};
use crate::route::Branch;

use super::block;

/// Which outcomes a step may have.
pub(in crate::check) enum Outcomes<'o> {
    /// These words.
    Words(&'static [&'static str]),
    /// These words, and digits of so many keys.
    Digits(&'static [&'static str], (u8, u8)),
    /// What a module's manifest declares.
    Declared {
        /// Words of the manifest, and those that every step has.
        words: &'o [&'o str],
        /// Any others too.
        any: bool,
    },
    /// Whatever a script returns.
    Any,
}

/// All `on` of a step's block. The block may hold nothing else.
pub(in crate::check) fn branches(
    sink: &mut Sink,
    node: &Node,
    outcomes: &Outcomes<'_>,
) -> Vec<Branch> {
    let mut all: Vec<Branch> = Vec::new();
    for child in node.children.iter().flatten() {
        if child.name != "on" {
            let help = match &*child.name {
                "else" => format!("`else` stands after the block of `{}`", node.name),
                _ => format!("the block of `{}` has only `on ... {{ ... }}`", node.name),
            };
            let message = format!("`{}` does not belong in this block", child.name);
            sink.error(child.name_span, "DP0010", message, Some(help));
            continue;
        }
        let mut names = Vec::new();
        for value in &child.arguments {
            let name = match &value.kind {
                ValueKind::Text(text) => text.clone(),
                _ => {
                    let help = format!("quote it: `on \"{}\"`", sink.text(value.span));
                    sink.error(
                        value.span,
                        "DP0014",
                        "keys are text, not a number",
                        Some(help),
                    );
                    continue;
                }
            };
            if all.iter().any(|b| b.outcomes.contains(&name)) || names.contains(&name) {
                let message = format!("`on {name}` stands here twice");
                sink.error(
                    value.span,
                    "DP0020",
                    message,
                    Some("the first would always win".into()),
                );
            }
            outcome(sink, node, value.span, &name, outcomes);
            names.push(name);
        }
        let place = sink.place(child.head);
        let title = format!("on {}", names.join(" "));
        let mut fields = Fields::new(child, sink);
        fields.skip_arguments();
        let nodes = fields.block();
        if child.arguments.is_empty() {
            let message = "`on` wants an outcome: `on \"1\" { ... }`";
            fields.sink.error(child.head, "DP0013", message, None);
        }
        fields.finish();
        let block = block(sink, title, place, nodes.unwrap_or(&[]));
        all.push(Branch {
            outcomes: names,
            block,
        });
    }
    all
}

fn outcome(sink: &mut Sink, node: &Node, span: Span, name: &str, outcomes: &Outcomes<'_>) {
    let (words, digits) = match outcomes {
        Outcomes::Any | Outcomes::Declared { any: true, .. } => return,
        Outcomes::Words(words) => (*words, None),
        Outcomes::Declared { words, .. } => (*words, None),
        Outcomes::Digits(words, range) => (*words, Some(*range)),
    };
    if words.contains(&name) {
        return;
    }
    let is_keys = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_digit() || "*#ABCD".contains(c));
    match digits {
        Some((min, max)) if is_keys => {
            let long = name.chars().count();
            if long < usize::from(min) || long > usize::from(max) {
                let message = match min == max {
                    true => format!("`{name}` is never entered: the step takes {max} digits"),
                    false => {
                        format!("`{name}` is never entered: the step takes {min} to {max} digits")
                    }
                };
                sink.error(span, "DP0015", message, None);
            }
        }
        _ => {
            let message = format!("`{}` has no outcome `{name}`", node.name);
            sink.error(
                span,
                "DP0021",
                message,
                suggestion(name, words.iter().copied()),
            );
        }
    }
}
