//! What a service is told and what it wants.

use std::collections::BTreeMap;
use std::time::Duration;

use super::operation::{answer, operation};
use super::{caller, error, event, pairs, parse};
use crate::contract::{Act, Action, Body, HttpSend, Input, StartCall, StepStart};
use crate::wasm::bindings::service::exports::cordboard::module::serving;

/// Most variables of a started call, and most headers of a request.
const PAIRS_MAX: usize = 64;
/// Longest wait for an http answer.
const HTTP_MAX: Duration = Duration::from_secs(60);

/// An input.
pub(in crate::wasm) fn input(input: &Input) -> serving::Input {
    serving::Input {
        seq: input.seq,
        at_ms: input.at_ms,
        seed: input.seed,
        body: body(&input.body),
    }
}

fn body(body: &Body) -> serving::Body {
    match body {
        Body::StepStarted(start) => serving::Body::StepStarted(step_start(start)),
        Body::StepAnswered {
            step,
            action,
            answer: given,
        } => serving::Body::StepAnswered(serving::StepAnswer {
            step: *step,
            action: *action,
            answer: answer(given),
        }),
        Body::StepGone { step } => serving::Body::StepGone(*step),
        Body::Event(heard) => serving::Body::Event(event(heard)),
        Body::Timer { name } => serving::Body::Timer(name.clone()),
        Body::Request {
            request,
            verb,
            arguments,
            by,
        } => serving::Body::Request(serving::Request {
            request: *request,
            verb: verb.clone(),
            arguments: arguments.to_string(),
            by: by.clone(),
        }),
        Body::HttpAnswered {
            action,
            status,
            body,
        } => serving::Body::HttpAnswered(serving::HttpAnswer {
            action: *action,
            status: status.clone().map_err(error),
            body: body.clone(),
        }),
        Body::Refused {
            action,
            error: refusal,
        } => serving::Body::Refused((*action, error(refusal.clone()))),
    }
}

fn step_start(start: &StepStart) -> serving::StepStart {
    serving::StepStart {
        step: start.step,
        name: start.name.clone(),
        arguments: start.arguments.to_string(),
        call: start.call.clone(),
        caller: caller(&start.caller),
        dialled: start.dialled.clone(),
        variables: pairs(&start.variables),
        answered: start.answered,
    }
}

/// An action. The error names its id.
pub(in crate::wasm) fn action(action: serving::Action) -> Result<Action, String> {
    let id = action.id;
    let act = act(action.act).map_err(|why| format!("action {id}: {why}"))?;
    Ok(Action { id, act })
}

fn act(act: serving::Act) -> Result<Act, String> {
    Ok(match act {
        serving::Act::Step(wish) => Act::Step {
            step: wish.step,
            operation: operation(wish.operation)?,
        },
        serving::Act::EndStep(end) => Act::EndStep {
            step: end.step,
            outcome: end.outcome,
        },
        serving::Act::Publish((topic, payload)) => Act::Publish {
            payload: parse(&payload, "the payload")?,
            topic,
        },
        serving::Act::Retain(fact) => Act::Retain {
            payload: fact
                .payload
                .map(|payload| parse(&payload, "the payload"))
                .transpose()?,
            topic: fact.topic,
            key: fact.key,
        },
        serving::Act::SetTimer((name, at_ms)) => Act::SetTimer { name, at_ms },
        serving::Act::ClearTimer(name) => Act::ClearTimer { name },
        serving::Act::StartCall(start) => Act::StartCall(start_call(start)?),
        serving::Act::Reply((request, given)) => Act::Reply {
            request,
            // A reply that is no JSON is the asker's to read, not a reason to end the service.
            answer: given.and_then(|json| parse(&json, "the reply")),
        },
        serving::Act::Http(send) => Act::Http(http(send)?),
    })
}

fn start_call(start: serving::StartCall) -> Result<StartCall, String> {
    Ok(StartCall {
        user: start.user,
        trunk: start.trunk,
        number: start.number,
        route: start.route,
        caller_id: start.caller_id,
        timeout_ms: start.timeout_ms,
        variables: map(start.variables, "variables")?,
        key: start.key,
    })
}

fn http(send: serving::HttpSend) -> Result<HttpSend, String> {
    if send.headers.len() > PAIRS_MAX {
        let n = send.headers.len();
        return Err(format!("{n} headers; {PAIRS_MAX} is the most"));
    }
    let most = u32::try_from(HTTP_MAX.as_millis()).unwrap_or(u32::MAX);
    Ok(HttpSend {
        method: send.method,
        url: send.url,
        headers: send.headers,
        body: send.body,
        timeout_ms: send.timeout_ms.clamp(1, most),
    })
}

fn map(list: Vec<(String, String)>, what: &str) -> Result<BTreeMap<String, String>, String> {
    match list.len() <= PAIRS_MAX {
        true => Ok(list.into_iter().collect()),
        false => Err(format!("{} {what}; {PAIRS_MAX} is the most", list.len())),
    }
}
