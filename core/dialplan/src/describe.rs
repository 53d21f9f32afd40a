//! A block as lines of text without places, so that two can be compared and their difference shown.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::check::duration::show_duration;
use crate::route::{Block, Step, StepKind};
use crate::schema::FieldValue;
use crate::template::Template;

/// The block's steps, one a line, nested ones indented.
pub(crate) fn lines(block: &Block) -> Vec<String> {
    let mut out = Vec::new();
    steps(block, 0, &mut out);
    out
}

fn steps(block: &Block, depth: usize, out: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    for step in &block.steps {
        if let StepKind::When { arms } = &step.kind {
            for (condition, arm) in arms {
                out.push(format!("{indent}when \"{}\"", condition.source()));
                steps(arm, depth + 1, out);
            }
        } else {
            out.push(format!("{indent}{}", head(step)));
        }
        for branch in &step.branches {
            out.push(format!("{indent}  on {}", branch.outcomes.join(" ")));
            steps(&branch.block, depth + 2, out);
        }
        if let Some(block) = &step.otherwise {
            out.push(format!("{indent}else"));
            steps(block, depth + 1, out);
        }
    }
}

fn texts(out: &mut String, all: &[Template]) {
    for one in all {
        let _ = write!(out, " \"{}\"", one.source());
    }
}

fn property(out: &mut String, name: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        let _ = write!(out, " {name}=\"{value}\"");
    }
}

fn template(out: &mut String, name: &str, value: Option<&Template>) {
    property(out, name, value.map(Template::source));
}

/// A value of a module's step or settings in one line; a secret is its name.
pub(crate) fn value(one: &FieldValue) -> String {
    let fields = |fields: &BTreeMap<String, FieldValue>| {
        let all: Vec<String> = fields
            .iter()
            .map(|(name, one)| format!("{name}={}", value(one)))
            .collect();
        all.join(" ")
    };
    match one {
        FieldValue::Text(text) => format!("\"{text}\""),
        FieldValue::Template(template) => format!("\"{}\"", template.source()),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Flag(flag) => format!("#{flag}"),
        FieldValue::Duration(time) => format!("\"{}\"", show_duration(*time)),
        FieldValue::Secret(name) => format!("(secret)\"{name}\""),
        FieldValue::List(list) => {
            let all: Vec<String> = list.iter().map(value).collect();
            format!("[{}]", all.join(" "))
        }
        FieldValue::Block(block) => format!("{{ {} }}", fields(block)),
        FieldValue::Named(blocks) => {
            let all: Vec<String> = blocks
                .iter()
                .map(|(name, block)| format!("\"{name}\" {{ {} }}", fields(block)))
                .collect();
            all.join(" ")
        }
    }
}

/// Settings, one a line, each named block on its own.
pub(crate) fn settings(path: &str, all: &BTreeMap<String, FieldValue>, out: &mut Vec<String>) {
    for (name, one) in all {
        match one {
            FieldValue::Block(inner) => settings(&format!("{path} {name}"), inner, out),
            FieldValue::Named(blocks) => {
                for (own, inner) in blocks {
                    let path = format!("{path} {name} \"{own}\"");
                    out.push(path.clone());
                    settings(&path, inner, out);
                }
            }
            one => out.push(format!("{path} {name}={}", value(one))),
        }
    }
}

fn head(step: &Step) -> String {
    let mut out = step.kind.name().to_string();
    match &step.kind {
        StepKind::Answer | StepKind::When { .. } => {}
        StepKind::Play {
            prompts,
            early,
            repeat_for,
        } => {
            texts(&mut out, prompts);
            property(&mut out, "early", early.then_some("true"));
            property(&mut out, "repeat-for", repeat_for.map(show_duration));
        }
        StepKind::Tone { name, lasts } => {
            let _ = write!(out, " {name} for=\"{}\"", show_duration(*lasts));
        }
        StepKind::Wait { lasts } => {
            let _ = write!(out, " \"{}\"", show_duration(*lasts));
        }
        StepKind::Collect { .. } => collect(&mut out, &step.kind),
        StepKind::Run { script, arguments } => {
            let _ = write!(out, " {script}");
            arguments
                .iter()
                .for_each(|(name, value)| template(&mut out, name, Some(value)));
        }
        StepKind::RingUsers {
            users,
            in_turn,
            timeout,
            music,
        } => {
            texts(&mut out, users);
            property(&mut out, "order", in_turn.then_some("in-turn"));
            property(&mut out, "timeout", Some(show_duration(*timeout)));
            template(&mut out, "music", music.as_ref());
        }
        StepKind::CallTrunk {
            trunks,
            number,
            timeout,
            caller_id,
        } => {
            let _ = write!(out, " {}", trunks.join(" "));
            template(&mut out, "number", number.as_ref());
            property(&mut out, "timeout", Some(show_duration(*timeout)));
            template(&mut out, "caller-id", caller_id.as_ref());
        }
        StepKind::Goto { route } => {
            let _ = write!(out, " {route}");
        }
        StepKind::Record { on } => out.push_str(if *on { "" } else { " off" }),
        StepKind::Set { name, value } => template(&mut out, name, Some(value)),
        StepKind::Hangup { cause } => property(&mut out, "cause", cause.as_ref()),
        StepKind::Module(step) => {
            let empty = |value: &FieldValue| matches!(value, FieldValue::List(l) if l.is_empty());
            for (name, argument) in step.arguments.iter().filter(|(_, v)| !empty(v)) {
                let _ = write!(out, " {name}={}", value(argument));
            }
        }
    }
    out
}

fn collect(out: &mut String, kind: &StepKind) {
    let StepKind::Collect {
        prompts,
        min,
        max,
        timeout,
        between,
        ends_with,
        into,
        secret,
        tries,
        invalid,
    } = kind
    else {
        return;
    };
    texts(out, prompts);
    let _ = write!(
        out,
        " min={min} max={max} tries={tries} into={into} secret={secret}"
    );
    property(out, "timeout", Some(show_duration(*timeout)));
    property(out, "between", Some(show_duration(*between)));
    property(
        out,
        "ends-with",
        Some(ends_with.map_or("none".into(), |c| c.to_string())),
    );
    if !invalid.is_empty() {
        out.push_str(" invalid:");
        texts(out, invalid);
    }
}
