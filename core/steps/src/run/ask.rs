//! What a step asks of the call: templates filled in, and the arguments as they may be shown.

use cordboard_dialplan::Template;
use cordboard_dialplan::route::{Step, StepKind};

use crate::caller::Cx;
use crate::operation::Ask;
use crate::script::{CollectOp, ScriptOp};
use crate::vars::{Filled, Reader};

/// What a step asks of the call, templates filled in, and its arguments as they may be shown.
/// `None` for steps that are not operations on the call.
pub(super) fn prepare(step: &Step, cx: &Cx<'_>) -> (Option<Ask>, String) {
    let reader = cx.reader();
    let all = |templates: &[Template]| -> Vec<Filled> {
        templates
            .iter()
            .map(|template| reader.fill(template))
            .collect()
    };
    let (op, detail) = match &step.kind {
        StepKind::Collect { .. } => return prepare_collect(step, &all),
        StepKind::RingUsers { .. } | StepKind::CallTrunk { .. } => {
            prepare_talk(step, &reader, &cx.call.info.dialled)
        }
        StepKind::Answer => (Some(ScriptOp::Answer), String::new()),
        StepKind::Play {
            prompts,
            early,
            repeat_for,
        } => {
            let prompts = all(prompts);
            let detail = shown(&prompts);
            let (prompts, early, repeat_for) = (texts(prompts), *early, *repeat_for);
            (
                Some(ScriptOp::Play {
                    prompts,
                    early,
                    repeat_for,
                }),
                detail,
            )
        }
        StepKind::Tone { name, lasts } => {
            let detail = format!("{name} {lasts:?}");
            (
                Some(ScriptOp::Tone {
                    name: name.clone(),
                    lasts: *lasts,
                }),
                detail,
            )
        }
        StepKind::Wait { lasts } => (Some(ScriptOp::Wait { lasts: *lasts }), format!("{lasts:?}")),
        StepKind::Record { on } => {
            let detail = if *on { "" } else { "off" };
            (Some(ScriptOp::Record { on: *on }), detail.to_owned())
        }
        StepKind::Goto { route } => (None, route.clone()),
        StepKind::Set { name, value } => (None, format!("{name}={}", reader.fill(value).shown())),
        StepKind::Run { script, .. } => (None, script.clone()),
        StepKind::Module(step) => (None, super::module::detail(step, cx)),
        StepKind::Hangup { cause } => (None, cause.clone().unwrap_or_else(|| "normal".into())),
        StepKind::When { .. } => (None, String::new()),
    };
    (op.map(Ask::from), detail)
}

fn prepare_talk(step: &Step, reader: &Reader<'_>, dialled: &str) -> (Option<ScriptOp>, String) {
    match &step.kind {
        StepKind::RingUsers {
            users,
            in_turn,
            timeout,
            music,
        } => {
            let users: Vec<Filled> = users.iter().map(|user| reader.fill(user)).collect();
            let detail = shown(&users);
            let music = music.as_ref().map(|music| reader.fill(music).text);
            let (users, in_turn, timeout) = (texts(users), *in_turn, *timeout);
            (
                Some(ScriptOp::Ring {
                    users,
                    in_turn,
                    timeout,
                    music,
                }),
                detail,
            )
        }
        StepKind::CallTrunk {
            trunks,
            number,
            timeout,
            caller_id,
        } => {
            let number = number.as_ref().map(|number| reader.fill(number));
            let to = number.as_ref().map_or(dialled, Filled::shown);
            let detail = format!("{} {to}", trunks.join(" "));
            let number = number.map(|number| number.text);
            let caller_id = caller_id.as_ref().map(|id| reader.fill(id).text);
            let (trunks, timeout) = (trunks.clone(), *timeout);
            (
                Some(ScriptOp::Trunk {
                    trunks,
                    number,
                    timeout,
                    caller_id,
                }),
                detail,
            )
        }
        _ => (None, String::new()),
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
