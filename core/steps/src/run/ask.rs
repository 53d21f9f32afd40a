//! What a step asks of the call: templates filled in, and the arguments as they may be shown.

use cordboard_dialplan::Template;
use cordboard_dialplan::route::{Step, StepKind};

use crate::caller::Cx;
use crate::operation::Ask;
use crate::script::{CollectOp, ScriptOp};
use crate::vars::Filled;

/// What a step asks of the call, templates filled in, and its arguments as they may be shown.
/// `None` for steps that are not operations on the call.
pub(super) fn prepare(step: &Step, cx: &Cx<'_>) -> (Option<Ask>, String) {
    let reader = cx.reader();
    let fill = |template: &Template| reader.fill(template);
    let all = |templates: &[Template]| templates.iter().map(fill).collect::<Vec<Filled>>();
    match &step.kind {
        StepKind::Answer => (Some(ScriptOp::Answer.into()), String::new()),
        StepKind::Play {
            prompts,
            early,
            repeat_for,
        } => {
            let prompts = all(prompts);
            let detail = shown(&prompts);
            let (early, repeat_for) = (*early, *repeat_for);
            let prompts = texts(prompts);
            (
                Some(
                    ScriptOp::Play {
                        prompts,
                        early,
                        repeat_for,
                    }
                    .into(),
                ),
                detail,
            )
        }
        StepKind::Tone { name, lasts } => {
            let op = ScriptOp::Tone {
                name: name.clone(),
                lasts: *lasts,
            };
            (Some(op.into()), format!("{name} {lasts:?}"))
        }
        StepKind::Wait { lasts } => (
            Some(ScriptOp::Wait { lasts: *lasts }.into()),
            format!("{lasts:?}"),
        ),
        StepKind::Collect { .. } => prepare_collect(step, &all),
        StepKind::RingUsers {
            users,
            in_turn,
            timeout,
            music,
        } => {
            let users = all(users);
            let detail = shown(&users);
            let (in_turn, timeout) = (*in_turn, *timeout);
            let music = music.as_ref().map(|m| fill(m).text);
            (
                Some(
                    ScriptOp::Ring {
                        users: texts(users),
                        in_turn,
                        timeout,
                        music,
                    }
                    .into(),
                ),
                detail,
            )
        }
        StepKind::CallTrunk {
            trunks,
            number,
            timeout,
            caller_id,
        } => {
            let number = number.as_ref().map(fill);
            let dialled = cx.call.info.dialled.as_str();
            let to = number.as_ref().map_or(dialled, Filled::shown);
            let detail = format!("{} {to}", trunks.join(" "));
            let number = number.map(|n| n.text);
            let caller_id = caller_id.as_ref().map(|c| fill(c).text);
            let (trunks, timeout) = (trunks.clone(), *timeout);
            (
                Some(
                    ScriptOp::Trunk {
                        trunks,
                        number,
                        timeout,
                        caller_id,
                    }
                    .into(),
                ),
                detail,
            )
        }
        StepKind::Record { on } => {
            let detail = if *on { "" } else { "off" };
            (Some(ScriptOp::Record { on: *on }.into()), detail.to_owned())
        }
        StepKind::Goto { route } => (None, route.clone()),
        StepKind::Set { name, value } => (None, format!("{name}={}", fill(value).shown())),
        StepKind::Run { script, .. } => (None, script.clone()),
        StepKind::Hangup { cause } => (None, cause.clone().unwrap_or_else(|| "normal".into())),
        StepKind::When { .. } => (None, String::new()),
    }
}

fn prepare_collect(step: &Step, all: &dyn Fn(&[Template]) -> Vec<Filled>) -> (Option<Ask>, String) {
    let StepKind::Collect {
        prompts,
        min,
        max,
        timeout,
        between,
        ends_with,
        secret,
        tries,
        invalid,
        ..
    } = &step.kind
    else {
        return (None, String::new());
    };
    let prompts = all(prompts);
    let mut detail = match min == max {
        true => format!("digits={max}"),
        false => format!("digits={min}-{max}"),
    };
    if *secret {
        detail.push_str(" secret");
    }
    for prompt in &prompts {
        detail.push(' ');
        detail.push_str(prompt.shown());
    }
    let op = ScriptOp::Collect(CollectOp {
        prompts: texts(prompts),
        min: *min,
        max: *max,
        timeout: *timeout,
        between: *between,
        ends_with: *ends_with,
        secret: *secret,
        tries: *tries,
        invalid: texts(all(invalid)),
    });
    (
        Some(Ask {
            op,
            wanted: wanted(step),
        }),
        detail,
    )
}

/// Entries that the branches name, where no branch takes all others.
fn wanted(step: &Step) -> Vec<String> {
    let mut entries = Vec::new();
    for outcome in step.branches.iter().flat_map(|b| &b.outcomes) {
        match outcome.as_str() {
            "digits" | "other" => return Vec::new(),
            text if text
                .chars()
                .all(|c| c.is_ascii_digit() || "*#ABCD".contains(c)) =>
            {
                entries.push(text.to_owned());
            }
            _ => {}
        }
    }
    entries
}

fn shown(filled: &[Filled]) -> String {
    filled
        .iter()
        .map(Filled::shown)
        .collect::<Vec<_>>()
        .join(" ")
}

fn texts(filled: Vec<Filled>) -> Vec<String> {
    filled.into_iter().map(|f| f.text).collect()
}
