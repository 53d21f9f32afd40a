//! What programs outside may ask of a tenant: one table for REST, event stream and description.
//!
//! Each line names a function of the operator's desk that the console has too; nothing is done
//! here in a second way. Verbs of modules are not in the table, since their manifests are one:
//! `module_verb` asks them as the console does. What changes something is journalled with its
//! actor before it is done (`operator.asked`).

mod given;
mod table;

use serde_json::{Map, Value, json};

use crate::control::verb::{Originate, Verb};
use crate::modules::Ask;
use crate::operator::Operator;
use crate::records;
use crate::refusal::{Fault, Refusal};
use crate::tokens::Actor;

use given::{Given, written};
pub use table::{Argument, Kind, Line, TABLE, named};

/// Who asks, and through which door.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The token's owner.
    pub actor: &'a Actor,
    /// `rest` or `stream`.
    pub door: &'static str,
}

/// Carries a line of the table out.
///
/// # Errors
/// What was wrong, or the desk's own refusal.
pub async fn carry_out(
    operator: &Operator,
    asker: Asker<'_>,
    line: &Line,
    arguments: Map<String, Value>,
) -> Result<Value, Refusal> {
    may(asker.actor, line.permission, None, line.name)?;
    let given = Given::check(line, arguments)?;
    if line.changes() {
        journal(operator, asker, line.name, given.all()).await;
    }
    let tenant = asker.actor.tenant.as_str();
    match line.name {
        "contacts.list" | "contacts.explain" | "cdrs.list" => {
            past(operator, tenant, line, &given).await
        }
        "facts.list" => Ok(facts(
            operator,
            tenant,
            given.text("topic").unwrap_or_default(),
        )),
        "calls.list" | "users.list" | "trunks.list" => {
            let verb = match line.name {
                "calls.list" => Verb::Calls,
                "users.list" => Verb::Users,
                _ => Verb::Trunks,
            };
            Ok(of_tenant(operator.carry_out(verb).await?, tenant))
        }
        "modules.list" | "modules.info" | "modules.enable" => {
            modules(operator, tenant, line, &given).await
        }
        _ => calls(operator, tenant, line, &given).await,
    }
}

/// Asks a module's verb.
///
/// # Errors
/// What was wrong with the question, or the module's own refusal.
pub async fn module_verb(
    operator: &Operator,
    asker: Asker<'_>,
    (module, verb): (&str, &str),
    arguments: Map<String, Value>,
) -> Result<Value, Refusal> {
    let tenant = &asker.actor.tenant;
    let permission = operator.modules.permission(tenant, module, verb)?;
    let name = format!("{module}.{verb}");
    may(asker.actor, &permission, Some(module), &name)?;
    journal(operator, asker, &name, &arguments).await;
    let ask = Ask {
        tenant: Some(tenant.clone()),
        module: module.to_owned(),
        verb: Some(verb.to_owned()),
        arguments: written(arguments)?,
        by: asker.actor.journalled(),
    };
    operator.modules.operate(ask).await
}

fn may(actor: &Actor, permission: &str, module: Option<&str>, what: &str) -> Result<(), Refusal> {
    if actor.may(permission, module) {
        return Ok(());
    }
    let permission = match permission {
        "" => "operate",
        named => named,
    };
    let why = format!(
        "token `{}` may not do `{what}`: it has no permission `{permission}`",
        actor.name
    );
    Err(Refusal::new(Fault::Denied, why).cure(format!(
        "make one with `cordboard token new {} NAME --allow {permission}`",
        actor.tenant
    )))
}

/// Longest arguments that the journal is given.
const JOURNALLED_BYTES_MAX: usize = 4_096;

async fn journal(
    operator: &Operator,
    asker: Asker<'_>,
    what: &str,
    arguments: &Map<String, Value>,
) {
    let arguments = Value::Object(arguments.clone());
    let arguments = match arguments.to_string().len() > JOURNALLED_BYTES_MAX {
        true => Value::from("too long"),
        false => arguments,
    };
    let payload = json!({
        "by": asker.actor.journalled(), "door": asker.door, "what": what, "arguments": arguments,
    });
    let tenant = asker.actor.tenant.as_str();
    operator.modules.tell(tenant, ASKED_TOPIC, &payload).await;
}

/// Topic of what programs outside ask for.
pub const ASKED_TOPIC: &str = "operator.asked";

/// Rows of this tenant only.
fn of_tenant(rows: Value, tenant: &str) -> Value {
    let Value::Array(rows) = rows else {
        return Value::Array(Vec::new());
    };
    let own = |row: &Value| row.get("tenant").and_then(Value::as_str) == Some(tenant);
    rows.into_iter().filter(own).collect()
}

async fn modules(
    operator: &Operator,
    tenant: &str,
    line: &Line,
    given: &Given,
) -> Result<Value, Refusal> {
    let tenant = Some(tenant.to_owned());
    let name = given.owned("module");
    let verb = match line.name {
        "modules.list" => Verb::Modules { tenant },
        "modules.info" => Verb::Module { tenant, name },
        _ => Verb::ModuleEnable {
            tenant,
            name,
            enabled: given.flag("enabled"),
        },
    };
    let answer = operator.carry_out(verb).await;
    answer.map_err(|why| match line.name {
        "modules.list" => why.into(),
        _ => Refusal::new(Fault::NotFound, why),
    })
}

async fn past(
    operator: &Operator,
    tenant: &str,
    line: &Line,
    given: &Given,
) -> Result<Value, Refusal> {
    let down = |why: String| Refusal::new(Fault::Down, why);
    operator.carry_out(Verb::Flush).await.map_err(down)?;
    let store = operator.modules.store();
    match (line.name, given.text("call")) {
        ("contacts.list", _) => {
            let last = given.rows("last", 20);
            let rows = records::contacts(store.as_ref(), Some(tenant), last).await;
            rows.map_err(down)
        }
        ("cdrs.list", None) => {
            let (after, limit) = (given.number("after").unwrap_or(0), given.rows("limit", 100));
            let rows = records::cdrs_after(store.as_ref(), tenant, after, limit).await;
            rows.map_err(down)
        }
        ("cdrs.list", Some(call)) => {
            let rows = records::cdrs_of_call(store.as_ref(), Some(tenant), call).await;
            rows.map_err(|why| Refusal::new(Fault::NotFound, why))
        }
        (_, call) => {
            let call = call.unwrap_or_default();
            let story = records::story(store.as_ref(), Some(tenant), call).await;
            let story = story.map_err(|why| Refusal::new(Fault::NotFound, why))?;
            Ok(json!({ "text": story.as_text(), "events": story.as_json() }))
        }
    }
}

/// The tenant's retained facts.
pub fn facts(operator: &Operator, tenant: &str, topic: &str) -> Value {
    let facts = operator.bus.retained_facts(tenant, topic);
    facts
        .iter()
        .map(|fact| {
            json!({
                "topic": fact.envelope.topic.as_str(), "key": fact.key,
                "at_ms": fact.envelope.at_ms,
                "data": serde_json::from_str::<Value>(&fact.envelope.payload).unwrap_or_default(),
            })
        })
        .collect()
}

async fn calls(
    operator: &Operator,
    tenant: &str,
    line: &Line,
    given: &Given,
) -> Result<Value, Refusal> {
    if line.name == "calls.start" {
        let variables = given.all().get("variables").and_then(Value::as_object);
        let text =
            |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        let ask = Originate {
            tenant: Some(tenant.to_owned()),
            target: given.owned("target"),
            route: given.owned("route"),
            caller_id: given.text("caller_id").map(str::to_owned),
            timeout_s: given.number("timeout_s").unwrap_or(30),
            variables: variables.into_iter().flatten().filter_map(text).collect(),
            key: given.text("key").map(str::to_owned),
        };
        return Ok(operator.carry_out(Verb::CallStart(ask)).await?);
    }
    let call = own_call(operator, tenant, given.text("call").unwrap_or_default()).await?;
    let verb = match line.name {
        "calls.hangup" => Verb::Hangup {
            call,
            leg: given.leg(),
            cause: given.text("cause").unwrap_or("normal").to_owned(),
        },
        "calls.play" => Verb::Play {
            call,
            leg: given.leg(),
            prompt: given.owned("prompt"),
        },
        _ => Verb::Record {
            call,
            on: given.flag("on"),
        },
    };
    Ok(operator.carry_out(verb).await?)
}

/// The full id of the tenant's one call that begins so: another's is as if it were not there.
async fn own_call(operator: &Operator, tenant: &str, text: &str) -> Result<String, Refusal> {
    let text = text.to_ascii_lowercase();
    let calls = of_tenant(operator.carry_out(Verb::Calls).await?, tenant);
    let ids = calls.as_array().into_iter().flatten();
    let ids = ids.filter_map(|call| call.get("call").and_then(Value::as_str));
    let mut found = ids.filter(|id| !text.is_empty() && id.starts_with(&text));
    match (found.next(), found.next()) {
        (Some(call), None) => Ok(call.to_owned()),
        (None, _) => Err(Refusal::new(
            Fault::NotFound,
            format!("no call that is up begins with `{text}`"),
        )),
        _ => Err(Refusal::new(
            Fault::Invalid,
            format!("more than one call begins with `{text}`"),
        )),
    }
}
