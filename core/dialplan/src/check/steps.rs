//! Steps: nodes of a block to what a call does.
//!
//! `when` nodes that follow one another are arms of one chain: the first that holds runs. `else`
//! right after them ends the chain and runs when none holds. Any other step between two `when`
//! begins a new chain; a comment or blank line does not. `else` after another step runs when that
//! step fails and no `on` took the outcome.

pub(in crate::check) mod branches;
mod kinds;

use std::sync::Arc;

use super::fields::{Fields, Found};
use super::modules::near_step;
use super::sink::{Kind, Sink};
use crate::expr::Condition;
use crate::file::Node;
use crate::file::tree::{Span, ValueKind};
use crate::route::{Block, Place, Step, StepKind};
use crate::template::{Template, is_variable_name};

/// Most steps of one block.
const STEPS_MAX: usize = 1_000;

/// A block of steps.
pub(crate) fn block(sink: &mut Sink, title: String, place: Place, nodes: &[Node]) -> Arc<Block> {
    let mut reader = Reader {
        sink,
        steps: Vec::new(),
        chain_open: false,
        left: None,
        warned: false,
    };
    for node in nodes.iter().take(STEPS_MAX) {
        reader.node(node);
    }
    if let Some(node) = nodes.get(STEPS_MAX) {
        let message = format!("more than {STEPS_MAX} steps in one block");
        reader.sink.error(
            node.head,
            "DP0015",
            message,
            Some("put some in a route".into()),
        );
    }
    let steps = reader.steps;
    Arc::new(Block {
        title,
        place,
        steps,
    })
}

struct Reader<'s> {
    sink: &'s mut Sink,
    steps: Vec<Step>,
    /// The last node was a `when`, so another adds an arm.
    chain_open: bool,
    /// The step after which nothing runs.
    left: Option<&'static str>,
    warned: bool,
}

impl Reader<'_> {
    fn node(&mut self, node: &Node) {
        let is_arm = node.name == "when" && self.chain_open;
        if let Some(step) = self
            .left
            .filter(|_| node.name != "else" && !is_arm && !self.warned)
        {
            self.warned = true;
            let message = format!("this never runs: `{step}` above leaves the block");
            self.sink.warning(node.head, "DP0050", message);
        }
        match &*node.name {
            "when" => self.when(node),
            "else" => self.otherwise(node),
            _ => {
                self.chain_open = false;
                let place = self.sink.place(node.head);
                for (kind, branches) in kinds::step(self.sink, node) {
                    let place = place.clone();
                    self.steps.push(Step {
                        kind,
                        branches,
                        otherwise: None,
                        place,
                    });
                }
            }
        }
        self.left = self.left.or_else(|| self.steps.last().and_then(leaves));
    }

    fn when(&mut self, node: &Node) {
        let place = self.sink.place(node.head);
        let mut fields = Fields::new(node, self.sink);
        if let Some(first) = node.arguments.first()
            && (node.arguments.len() > 1 || !matches!(first.kind, ValueKind::Text(_)))
        {
            let last = node.arguments.last().unwrap_or(first);
            let span = first.span.to(last.span);
            let help = "write one quoted text: `when \"hour >= 9\" { ... }`";
            fields.sink.error(
                span,
                "DP0014",
                "a condition is one quoted text",
                Some(help.into()),
            );
            return;
        }
        let found = fields.wanted_argument("a condition: `when \"open('office')\" { ... }`");
        let steps = wanted_block(&mut fields);
        fields.finish();
        let Some(found) = found else { return };
        let title = format!("when \"{}\"", found.value);
        let inner = block(self.sink, title, place.clone(), steps);
        let Some(condition) = condition(self.sink, &found) else {
            return;
        };
        if self.chain_open
            && let Some(Step {
                kind: StepKind::When { arms },
                ..
            }) = self.steps.last_mut()
        {
            arms.push((condition, inner));
            return;
        }
        self.chain_open = true;
        let kind = StepKind::When {
            arms: vec![(condition, inner)],
        };
        self.steps.push(Step {
            kind,
            branches: Vec::new(),
            otherwise: None,
            place,
        });
    }

    fn otherwise(&mut self, node: &Node) {
        self.chain_open = false;
        let place = self.sink.place(node.head);
        if let Some(first) = node.arguments.first() {
            let help = "another condition is another `when`; `else` has none";
            self.sink.error(
                first.span,
                "DP0012",
                "`else` takes no argument",
                Some(help.into()),
            );
        }
        let mut fields = Fields::new(node, self.sink);
        fields.skip_arguments();
        let steps = wanted_block(&mut fields);
        fields.finish();
        let inner = block(self.sink, "else".into(), place, steps);
        let Some(step) = self.steps.last_mut() else {
            let help = "it follows a step that may fail, or `when`";
            self.sink.error(
                node.head,
                "DP0052",
                "`else` without a step before it",
                Some(help.into()),
            );
            return;
        };
        if step.otherwise.is_some() {
            let message = format!("a second `else` of the same `{}`", step.kind.name());
            self.sink.error(
                node.head,
                "DP0052",
                message,
                Some("put both in one block".into()),
            );
            return;
        }
        match step.kind {
            StepKind::Goto { .. }
            | StepKind::Hangup { .. }
            | StepKind::Set { .. }
            | StepKind::Wait { .. } => {
                let message = format!("`{}` cannot fail, so this never runs", step.kind.name());
                self.sink.error(node.head, "DP0052", message, None);
            }
            _ => step.otherwise = Some(inner),
        }
        self.left = self.steps.last().and_then(leaves).or(self.left);
    }
}

/// The step's name when nothing after it can run.
fn leaves(step: &Step) -> Option<&'static str> {
    let ends = |block: &Arc<Block>| block.steps.last().is_some_and(|s| leaves(s).is_some());
    match &step.kind {
        StepKind::Goto { .. } => Some("goto"),
        StepKind::Hangup { .. } => Some("hangup"),
        StepKind::When { arms } => {
            let all =
                step.otherwise.as_ref().is_some_and(ends) && arms.iter().all(|(_, arm)| ends(arm));
            all.then_some("when")
        }
        _ => None,
    }
}

/// The node's block, which must be there.
pub(crate) fn wanted_block<'n>(fields: &mut Fields<'n, '_>) -> &'n [Node] {
    let node = fields.node;
    match fields.block() {
        Some(nodes) => nodes,
        None => {
            let message = format!("`{}` wants a block of steps", node.name);
            let help = "add `{ ... }`".to_string();
            fields.sink.error(node.head, "DP0013", message, Some(help));
            &[]
        }
    }
}

/// Says that a step's name is not known.
pub(crate) fn unknown_step(sink: &mut Sink, node: &Node) {
    let help = match &*node.name {
        "on" => {
            let help = "`on` stands inside the block of `collect`, `run`, `ring`, `trunk` or a module's step";
            Some(help.to_string())
        }
        "call" | "dial" => Some("ring a user with `ring`, a number with `trunk`".to_string()),
        "otherwise" | "elseif" | "elif" => Some("write `else`, or another `when`".to_string()),
        name => near_step(sink, name),
    };
    let message = format!("no step is called `{}`", node.name);
    sink.error(node.name_span, "DP0010", message, help);
}

/// Says what cannot name a variable.
pub(crate) fn variable_name(sink: &mut Sink, name: &str, span: Span) {
    if !is_variable_name(name) {
        let help = "a letter, then letters, digits, `_`, `-` or `.`, at most 64";
        let message = format!("`{name}` is no variable's name");
        sink.error(span, "DP0015", message, Some(help.into()));
    }
}

/// A template; its mistake is marked inside the text.
pub(crate) fn template(sink: &mut Sink, found: &Found<String>) -> Template {
    match Template::parse(&found.value) {
        Ok(template) => template,
        Err(e) => {
            sink.error(inside(found, e.at, e.len), "DP0040", e.message, e.help);
            Template::plain("")
        }
    }
}

/// A prompt's name, perhaps with something to fill in.
pub(crate) fn prompt(sink: &mut Sink, found: &Found<String>) -> Template {
    let template = template(sink, found);
    match template.as_plain() {
        Some("") => {}
        Some(name) => sink.refer(
            Kind::Prompt,
            name.strip_suffix(".wav").unwrap_or(name),
            found.span,
        ),
        None => {}
    }
    template
}

fn condition(sink: &mut Sink, found: &Found<String>) -> Option<Condition> {
    match Condition::parse(&found.value) {
        Ok(condition) => {
            for (name, at) in condition.calendars() {
                sink.refer(Kind::Calendar, name, inside(found, at, name.len()));
            }
            Some(condition)
        }
        Err(e) => {
            sink.error(
                inside(found, e.at, e.len.max(1)),
                "DP0041",
                e.message,
                e.help,
            );
            None
        }
    }
}

/// The bytes of a part of a text, or the whole text where it was written with escapes.
pub(crate) fn inside(found: &Found<String>, at: usize, len: usize) -> Span {
    match found.inside {
        Some(start) => found.span.part(start + at.min(found.value.len()), len),
        None => found.span,
    }
}
