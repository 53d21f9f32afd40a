//! Carrying out what a service wants.

use std::sync::Arc;
use std::time::Duration;

use cordboard_host::contract::{HttpSend, Refused, StartCall};
use cordboard_host::module::Module;
use cordboard_host::service::{Effect, Journalled};
use cordboard_steps::{OutsideRequest, ScriptAnswer, ScriptCallError};
use cordboard_store::journal::EVENT_BYTES_MAX;
use tokio::sync::oneshot;

use super::hub::Hub;
use crate::control::verb::{Originate, Verb};
use crate::shard::Input;

/// Longest ringing of a started call, seconds.
const RINGING_S_MAX: u64 = 300;

/// Carries effects out in their order. What takes time goes on beside, and comes back as an input.
pub(super) async fn carry_out(hub: &Arc<Hub>, module: &Arc<Module>, effects: Vec<Effect>) {
    for effect in effects {
        match effect {
            Effect::Turn {
                call,
                program,
                turn,
            } => hub.turn((&call, program), turn).await,
            Effect::Publish { topic, payload } => {
                hub.write(&module.tenant, topic.into(), payload.to_string())
                    .await;
            }
            Effect::Retain {
                topic,
                key,
                payload,
            } => hub.retain(&module.tenant, (&topic, &key), payload.as_ref()),
            Effect::Reply { request, answer } => hub.reply(request, answer),
            Effect::Feed(input) => hub.feed(module, &input).await,
            Effect::StartCall { action, start } => start_call(hub, module, action, *start),
            Effect::Http { action, send } => http(hub, module, action, *send),
        }
    }
}

/// The same way as `cordboard call start`: the shard decides, and a refusal is an input.
fn start_call(hub: &Arc<Hub>, module: &Arc<Module>, action: u64, start: StartCall) {
    let (hub, module) = (Arc::clone(hub), Arc::clone(module));
    let runtime = hub.runtime.clone();
    runtime.spawn(async move {
        if let Err(error) = begin_call(&hub, &module, start).await {
            let refused = Journalled::Refused { action, error };
            hub.feed(&module, &refused).await;
        }
    });
}

async fn begin_call(hub: &Hub, module: &Module, start: StartCall) -> Result<(), Refused> {
    let invalid = |message: &str| Refused {
        kind: ScriptCallError::Invalid,
        message: message.to_owned(),
    };
    let allowed = module.effective.check("start-call", "")?;
    module.take(hub.clock.read().now, &allowed)?;
    let target = match (&start.user, &start.trunk, &start.number) {
        (Some(user), None, None) => format!("user:{user}"),
        (None, Some(trunk), Some(number)) => {
            let allowed = module.effective.check_trunk(trunk)?;
            module.take(hub.clock.read().now, &allowed)?;
            format!("trunk:{trunk}:{number}")
        }
        _ => {
            return Err(invalid(
                "a call is to a user, or to a number through a trunk",
            ));
        }
    };
    let ask = Originate {
        tenant: Some(module.tenant.as_str().to_owned()),
        target,
        route: start.route,
        caller_id: start.caller_id,
        timeout_s: u64::from(start.timeout_ms)
            .div_ceil(1_000)
            .clamp(1, RINGING_S_MAX),
        variables: start.variables,
        // Modules of a tenant choose their keys without knowing of each other's.
        key: start.key.map(|key| format!("{}/{key}", module.name)),
    };
    let (sender, answer) = oneshot::channel();
    let reply = Box::new(move |said| {
        let _ = sender.send(said);
    });
    hub.tell(Input::Operator(Verb::CallStart(ask), reply)).await;
    match answer.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(message)) => Err(Refused {
            kind: ScriptCallError::Unavailable,
            message,
        }),
        Err(_) => Err(Refused {
            kind: ScriptCallError::Unavailable,
            message: "the switch is stopping".to_owned(),
        }),
    }
}

fn http(hub: &Arc<Hub>, module: &Arc<Module>, action: u64, send: HttpSend) {
    let (hub, module) = (Arc::clone(hub), Arc::clone(module));
    let runtime = hub.runtime.clone();
    runtime.spawn(async move {
        let request = OutsideRequest::Http {
            method: send.method,
            url: send.url,
            headers: send.headers,
            body: send.body,
            timeout: Duration::from_millis(u64::from(send.timeout_ms.max(1))),
        };
        let (status, body) = match hub.outside_of(&module, request).await {
            ScriptAnswer::Http { status, body, .. } => (Ok(status), body),
            ScriptAnswer::Error { kind, message } => {
                (Err(Refused { kind, message }), String::new())
            }
            _ => return,
        };
        let mut answered = Journalled::HttpAnswered {
            action,
            status,
            body,
        };
        let fits = |input: &Journalled| {
            let payload = input.to_payload(&module.name);
            payload.is_some_and(|text| text.len() <= EVENT_BYTES_MAX)
        };
        if !fits(&answered) {
            let message =
                format!("the answer is larger than a service's input ({EVENT_BYTES_MAX} bytes)");
            answered = Journalled::HttpAnswered {
                action,
                status: Err(Refused {
                    kind: ScriptCallError::Unavailable,
                    message,
                }),
                body: String::new(),
            };
        }
        hub.feed(&module, &answered).await;
    });
}
