//! Each kind of step: its arguments, properties, bounds and defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use super::branches::{Outcomes, branches};
use super::{prompt, template, unknown_step, variable_name};
use crate::check::fields::Fields;
use crate::check::sink::{Kind, Sink};
use crate::check::words::{CAUSES, COLLECT_OUTCOMES, RING_OUTCOMES, TONES, suggestion};
use crate::file::Node;
use crate::file::tree::ValueKind;
use crate::route::{Branch, StepKind};
use crate::template::Template;

type Made = Vec<(StepKind, Vec<Branch>)>;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const SHORT: (Duration, Duration) = (Duration::from_millis(20), HOUR);
const ENTRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));
const RINGING: (Duration, Duration) = (SECOND, Duration::from_secs(600));

/// The steps of one node: one, or several where `set` names several variables, or none where it
/// is wrong.
pub(super) fn step(sink: &mut Sink, node: &Node) -> Made {
    match &*node.name {
        "answer" => plain(sink, node, StepKind::Answer),
        "play" => play(sink, node),
        "tone" => tone(sink, node),
        "wait" => wait(sink, node),
        "collect" => collect(sink, node),
        "run" => run(sink, node),
        "ring" => ring(sink, node),
        "trunk" => trunk(sink, node),
        "goto" => goto(sink, node),
        "record" => record(sink, node),
        "set" => set(sink, node),
        "hangup" => hangup(sink, node),
        name => match name.split_once('.') {
            Some((module, step)) => {
                let made = crate::check::modules::step(sink, node, module, step);
                made.into_iter().collect()
            }
            None => {
                unknown_step(sink, node);
                Vec::new()
            }
        },
    }
}

fn one(kind: StepKind) -> Made {
    vec![(kind, Vec::new())]
}

fn plain(sink: &mut Sink, node: &Node, kind: StepKind) -> Made {
    Fields::new(node, sink).finish();
    one(kind)
}

fn play(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let names = fields.arguments();
    let early = fields.flag("early");
    let repeat_for = fields.duration("repeat-for", (SECOND, HOUR));
    if node.arguments.is_empty() {
        let help = "write `play \"welcome\"`";
        fields.sink.error(
            node.head,
            "DP0013",
            "`play` wants a prompt",
            Some(help.into()),
        );
    }
    fields.finish();
    let prompts = names.iter().map(|n| prompt(sink, n)).collect();
    one(StepKind::Play {
        prompts,
        early,
        repeat_for,
    })
}

fn tone(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let found = fields.wanted_argument("a tone's name");
    let lasts = fields.duration("for", SHORT).unwrap_or(3 * SECOND);
    fields.finish();
    let Some(found) = found else {
        return Vec::new();
    };
    if !TONES.contains(&&*found.value) {
        let message = format!("no tone is called `{}`", found.value);
        sink.error(
            found.span,
            "DP0021",
            message,
            suggestion(&found.value, TONES),
        );
    }
    one(StepKind::Tone {
        name: found.value,
        lasts,
    })
}

fn wait(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let lasts = fields.duration_argument(SHORT);
    fields.finish();
    lasts
        .map(|lasts| one(StepKind::Wait { lasts }))
        .unwrap_or_default()
}

fn collect(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let mut prompts = fields.arguments();
    prompts.extend(fields.text("prompt"));
    let digits = fields.number("digits", (1, 32));
    let min = fields.number("min", (1, 32));
    let max = fields.number("max", (1, 32));
    let timeout = fields.duration("timeout", ENTRY).unwrap_or(5 * SECOND);
    let between = fields.duration("between", ENTRY).unwrap_or(3 * SECOND);
    let ends_with = ends_with(&mut fields);
    let into = fields.text("into");
    let secret = fields.flag("secret");
    let tries = fields.number("tries", (1, 10)).unwrap_or(1);
    let invalid = fields.text("invalid");
    let _ = fields.block();
    let branch_max = longest_branch(node);
    check_digits(&mut fields, branch_max);
    fields.finish();
    let max = digits.or(max).or(branch_max).unwrap_or(32) as u8;
    let min = digits.or(min).unwrap_or(1) as u8;
    if min > max {
        sink.error(
            node.head,
            "DP0015",
            format!("`min` ({min}) is more than `max` ({max})"),
            None,
        );
    }
    let into = match into {
        Some(into) => {
            variable_name(sink, &into.value, into.span);
            into.value
        }
        None => "digits".into(),
    };
    let prompts = prompts.iter().map(|p| prompt(sink, p)).collect();
    let invalid = invalid.iter().map(|p| prompt(sink, p)).collect();
    let branches = branches(
        sink,
        node,
        &Outcomes::Digits(&COLLECT_OUTCOMES, (min.min(max), max)),
    );
    let tries = tries as u8;
    let kind = StepKind::Collect {
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
    };
    vec![(kind, branches)]
}

/// How many digits must be said once: `digits`, or `min` and `max`, or by the branches.
fn check_digits(fields: &mut Fields<'_, '_>, branch_max: Option<u32>) {
    let node = fields.node;
    let given = |name: &str| node.properties.iter().any(|p| p.name == name);
    if given("digits") && (given("min") || given("max")) {
        let help = "`digits=4` is `min=4 max=4`".to_string();
        let message = "`digits` beside `min` or `max`";
        fields.sink.error(node.head, "DP0015", message, Some(help));
    }
    if !given("digits") && !given("max") && branch_max.is_none() {
        let help = "write `digits=1`, or `min=` and `max=`".to_string();
        let message = "`collect` wants to know how many digits";
        fields.sink.error(node.head, "DP0013", message, Some(help));
    }
}

/// The longest key sequence that a branch names.
fn longest_branch(node: &Node) -> Option<u32> {
    let values = node
        .children
        .iter()
        .flatten()
        .filter(|c| c.name == "on")
        .flat_map(|c| &c.arguments);
    let keys = values.filter_map(|v| match &v.kind {
        ValueKind::Text(t) if t.starts_with(|c: char| c.is_ascii_digit() || "*#".contains(c)) => {
            Some(t.chars().count() as u32)
        }
        // Its missing quotes are another mistake.
        ValueKind::Integer(n) => Some(n.to_string().len() as u32),
        _ => None,
    });
    keys.max().map(|n| n.clamp(1, 32))
}

fn ends_with(fields: &mut Fields<'_, '_>) -> Option<char> {
    let Some(found) = fields.text("ends-with") else {
        return Some('#');
    };
    match (&*found.value, found.value.chars().next()) {
        ("none", _) => None,
        (text, Some(c)) if text.len() == 1 && (c.is_ascii_digit() || "*#".contains(c)) => Some(c),
        _ => {
            let help = "write one key, `ends-with=\"*\"`, or `ends-with=none`";
            let message = "`ends-with` is one key";
            fields
                .sink
                .error(found.span, "DP0015", message, Some(help.into()));
            Some('#')
        }
    }
}

fn run(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let script = fields.wanted_argument("a script's name");
    let mut arguments = BTreeMap::new();
    for property in fields.any_properties() {
        variable_name(fields.sink, &property.name, property.name_span);
        if let Some(text) = fields.as_text(&property.value) {
            arguments.insert(property.name.clone(), template(fields.sink, &text));
        }
    }
    let _ = fields.block();
    fields.finish();
    let branches = branches(sink, node, &Outcomes::Any);
    let Some(script) = script else {
        return Vec::new();
    };
    let name = script
        .value
        .strip_suffix(".lua")
        .unwrap_or(&script.value)
        .to_string();
    sink.refer(Kind::Script, &name, script.span);
    vec![(
        StepKind::Run {
            script: name,
            arguments,
        },
        branches,
    )]
}

fn ring(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let mut names = fields.arguments();
    names.extend(fields.text("user"));
    let order = fields.word("order", &["at-once", "in-turn"]);
    let timeout = fields.duration("timeout", RINGING).unwrap_or(20 * SECOND);
    let music = fields.text("music");
    let _ = fields.block();
    if node.arguments.is_empty() && !node.properties.iter().any(|p| p.name == "user") {
        let help = "write `ring alice`, or `ring user=\"{dialled:-4}\"`";
        fields.sink.error(
            node.head,
            "DP0013",
            "`ring` wants a user",
            Some(help.into()),
        );
    }
    fields.finish();
    let mut users: Vec<Template> = Vec::new();
    for found in &names {
        let user = template(sink, found);
        if let Some(name) = user.as_plain().filter(|n| !n.is_empty()) {
            sink.refer(Kind::User, name, found.span);
        }
        if users.contains(&user) {
            sink.error(
                found.span,
                "DP0020",
                format!("`{}` is rung twice", found.value),
                None,
            );
        }
        users.push(user);
    }
    let music = music.map(|m| prompt(sink, &m));
    let branches = branches(sink, node, &Outcomes::Words(&RING_OUTCOMES));
    let in_turn = order == Some("in-turn");
    vec![(
        StepKind::RingUsers {
            users,
            in_turn,
            timeout,
            music,
        },
        branches,
    )]
}

fn trunk(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let names = fields.arguments();
    let number = fields.text("number");
    let timeout = fields.duration("timeout", RINGING).unwrap_or(60 * SECOND);
    let caller_id = fields.text("caller-id");
    let _ = fields.block();
    if node.arguments.is_empty() {
        let help = "write `trunk carrier-a`";
        fields.sink.error(
            node.head,
            "DP0013",
            "`trunk` wants a trunk's name",
            Some(help.into()),
        );
    }
    fields.finish();
    let mut trunks = Vec::new();
    for found in names {
        sink.refer(Kind::Trunk, &found.value, found.span);
        trunks.push(found.value);
    }
    let number = number.map(|n| template(sink, &n));
    let caller_id = caller_id.map(|c| template(sink, &c));
    let branches = branches(sink, node, &Outcomes::Words(&RING_OUTCOMES));
    vec![(
        StepKind::CallTrunk {
            trunks,
            number,
            timeout,
            caller_id,
        },
        branches,
    )]
}

fn goto(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let found = fields.wanted_argument("a route's name");
    fields.finish();
    let Some(found) = found else {
        return Vec::new();
    };
    sink.refer(Kind::Route, &found.value, found.span);
    one(StepKind::Goto { route: found.value })
}

fn record(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let found = fields.argument();
    fields.finish();
    let on = match found {
        None => true,
        Some(f) if f.value == "on" => true,
        Some(f) if f.value == "off" => false,
        Some(f) => {
            let message = format!("`record` cannot be `{}`", f.value);
            sink.error(
                f.span,
                "DP0015",
                message,
                Some("write `record` or `record off`".into()),
            );
            true
        }
    };
    one(StepKind::Record { on })
}

fn set(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let mut made = Vec::new();
    for property in fields.any_properties() {
        variable_name(fields.sink, &property.name, property.name_span);
        if let Some(text) = fields.as_text(&property.value) {
            let value = template(fields.sink, &text);
            made.push((
                StepKind::Set {
                    name: property.name.clone(),
                    value,
                },
                Vec::new(),
            ));
        }
    }
    if node.properties.is_empty() {
        let help = "write `set name=\"value\"`";
        fields.sink.error(
            node.head,
            "DP0013",
            "`set` wants a variable",
            Some(help.into()),
        );
    }
    fields.finish();
    made
}

fn hangup(sink: &mut Sink, node: &Node) -> Made {
    let mut fields = Fields::new(node, sink);
    let cause = fields.word("cause", &CAUSES);
    fields.finish();
    one(StepKind::Hangup {
        cause: cause.map(String::from),
    })
}
