//! What programs outside may ask of a tenant: one table for REST, event stream and description.
//!
//! Each line names a function of the operator's desk that the console has too; nothing is done
//! here in a second way. Verbs of modules are not in the table, since their manifests are one:
//! `module_verb` asks them as the console does. What changes something is journalled with its
//! actor before it is done (`operator.asked`).

use serde_json::{Map, Value, json};

use crate::control::verb::{Originate, Verb};
use crate::modules::Ask;
use crate::operator::Operator;
use crate::records;
use crate::refusal::{Fault, Refusal, Wrong};
use crate::tokens::Actor;

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number from 0.
    Number,
    /// Yes or no.
    Flag,
    /// Names with texts.
    Texts,
}

/// An argument of a verb.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// It must be given.
    pub required: bool,
    /// One sentence.
    pub about: &'static str,
}

const fn argument(name: &'static str, kind: Kind, about: &'static str) -> Argument {
    Argument {
        name,
        kind,
        required: false,
        about,
    }
}

const fn wanted(name: &'static str, kind: Kind, about: &'static str) -> Argument {
    Argument {
        name,
        kind,
        required: true,
        about,
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its name on the stream.
    pub name: &'static str,
    /// Its method on REST.
    pub method: &'static str,
    /// Its path below the tenant; `{call}` is the argument `call`.
    pub path: &'static str,
    /// Permission.
    pub permission: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Arguments, those of the path among them.
    pub arguments: &'static [Argument],
}

impl Line {
    /// Does it change something?
    pub fn changes(&self) -> bool {
        self.method != "GET"
    }
}

const CALL: Argument = wanted("call", Kind::Text, "The call's id, or its first characters");
const MODULE: Argument = wanted("module", Kind::Text, "The module's name in the tenant");
const LEG: Argument = argument("leg", Kind::Number, "The leg's number");

/// Most rows of one answer.
const ROWS_MAX: u64 = 1_000;

/// Everything but the verbs of modules.
pub const TABLE: &[Line] = &[
    Line {
        name: "modules.list",
        method: "GET",
        path: "modules",
        permission: "read",
        about: "The tenant's modules, their state and their traps",
        arguments: &[],
    },
    Line {
        name: "modules.info",
        method: "GET",
        path: "modules/{module}",
        permission: "read",
        about: "All that is known of one module: verbs, limits, grants, what is denied",
        arguments: &[MODULE],
    },
    Line {
        name: "modules.enable",
        method: "PATCH",
        path: "modules/{module}",
        permission: "modules",
        about: "Lets a module run, or keeps it from running",
        arguments: &[MODULE, wanted("enabled", Kind::Flag, "It may run")],
    },
    Line {
        name: "calls.list",
        method: "GET",
        path: "calls",
        permission: "read",
        about: "Calls that are up",
        arguments: &[],
    },
    Line {
        name: "calls.start",
        method: "POST",
        path: "calls",
        permission: "calls",
        about: "Rings somebody, then runs a route; the same key starts one call",
        arguments: &[
            wanted("target", Kind::Text, "user:NAME, trunk:NAME:NUMBER, or a number that an `outbound` allows"),
            wanted("route", Kind::Text, "Route that runs when it answers"),
            argument("caller_id", Kind::Text, "Number that the called party sees"),
            argument("timeout_s", Kind::Number, "Seconds of ringing (30)"),
            argument("variables", Kind::Texts, "Variables of the call"),
            argument("key", Kind::Text, "The same key starts the call once"),
        ],
    },
    Line {
        name: "calls.hangup",
        method: "DELETE",
        path: "calls/{call}",
        permission: "calls",
        about: "Ends a call or one leg",
        arguments: &[CALL, LEG, argument("cause", Kind::Text, "Cause by word (normal)")],
    },
    Line {
        name: "calls.play",
        method: "POST",
        path: "calls/{call}/play",
        permission: "calls",
        about: "Plays a prompt to a leg",
        arguments: &[CALL, LEG, wanted("prompt", Kind::Text, "Prompt's name")],
    },
    Line {
        name: "calls.record",
        method: "POST",
        path: "calls/{call}/record",
        permission: "calls",
        about: "Records a call, or stops",
        arguments: &[CALL, wanted("on", Kind::Flag, "Record")],
    },
    Line {
        name: "contacts.list",
        method: "GET",
        path: "contacts",
        permission: "read",
        about: "Contacts of the journal, the newest first",
        arguments: &[argument("last", Kind::Number, "How many (20, at most 1000)")],
    },
    Line {
        name: "contacts.explain",
        method: "GET",
        path: "explain/{call}",
        permission: "read",
        about: "Why a call went where it went: for people, and every event",
        arguments: &[CALL],
    },
    Line {
        name: "cdrs.list",
        method: "GET",
        path: "cdrs",
        permission: "read",
        about: "CDRs in order of their numbers: ask again with `after` the last one's",
        arguments: &[
            argument("after", Kind::Number, "Only those with a greater number"),
            argument("limit", Kind::Number, "How many (100, at most 1000)"),
            argument("call", Kind::Text, "Only those of this call"),
        ],
    },
    Line {
        name: "users.list",
        method: "GET",
        path: "users",
        permission: "read",
        about: "Users and their devices",
        arguments: &[],
    },
    Line {
        name: "trunks.list",
        method: "GET",
        path: "trunks",
        permission: "read",
        about: "Trunks and their load",
        arguments: &[],
    },
    Line {
        name: "facts.list",
        method: "GET",
        path: "facts",
        permission: "read",
        about: "Facts that modules retain: the latest of each topic and key",
        arguments: &[argument("topic", Kind::Text, "Only topics that begin so")],
    },
];

/// The line of a name.
pub fn named(name: &str) -> Option<&'static Line> {
    TABLE.iter().find(|line| line.name == name)
}

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
        journal(operator, asker, line.name, &given.0).await;
    }
    let tenant = asker.actor.tenant.as_str();
    match line.name {
        "contacts.list" | "contacts.explain" | "cdrs.list" => past(operator, tenant, line, &given).await,
        "facts.list" => Ok(facts(operator, tenant, given.text("topic").unwrap_or_default())),
        "calls.list" | "users.list" | "trunks.list" => {
            let verb = match line.name {
                "calls.list" => Verb::Calls,
                "users.list" => Verb::Users,
                _ => Verb::Trunks,
            };
            Ok(of_tenant(operator.carry_out(verb).await?, tenant))
        }
        "modules.list" | "modules.info" | "modules.enable" => modules(operator, tenant, line, &given).await,
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

async fn journal(operator: &Operator, asker: Asker<'_>, what: &str, arguments: &Map<String, Value>) {
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

/// JSON values as the console would write them.
fn written(
    arguments: Map<String, Value>,
) -> Result<std::collections::BTreeMap<String, Vec<String>>, Refusal> {
    let mut wrong = Vec::new();
    let mut out = std::collections::BTreeMap::new();
    for (name, value) in arguments {
        let texts = match value {
            Value::Null => continue,
            Value::Array(all) => all.into_iter().map(text_of).collect(),
            one => text_of(one).map(|text| vec![text]),
        };
        match texts {
            Some(texts) => drop(out.insert(name, texts)),
            None => wrong.push(Wrong {
                argument: name,
                why: "must be text, a number, true or false, or a list of them".to_owned(),
            }),
        }
    }
    match wrong.is_empty() {
        true => Ok(out),
        false => Err(Refusal::new(Fault::Invalid, "an argument has no such form").wrong(wrong)),
    }
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(yes) => Some(if yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Arguments that were checked against a line.
struct Given(Map<String, Value>);

impl Given {
    /// Text becomes what the line says, since queries have nothing else; every mistake at once.
    fn check(line: &Line, arguments: Map<String, Value>) -> Result<Given, Refusal> {
        let mut out = Map::new();
        let mut wrong = Vec::new();
        for (name, value) in arguments {
            let known = line.arguments.iter().find(|a| a.name == name);
            let read = match known {
                None => Err("is no argument of it".to_owned()),
                Some(_) if value.is_null() => continue,
                Some(known) => read(known.kind, value),
            };
            match read {
                Ok(value) => drop(out.insert(name, value)),
                Err(why) => wrong.push(Wrong {
                    argument: name,
                    why,
                }),
            }
        }
        for argument in line.arguments.iter().filter(|a| a.required) {
            let is_wrong = wrong.iter().any(|w| w.argument == argument.name);
            if !out.contains_key(argument.name) && !is_wrong {
                wrong.push(Wrong {
                    argument: argument.name.to_owned(),
                    why: "is missing".to_owned(),
                });
            }
        }
        if wrong.is_empty() {
            return Ok(Given(out));
        }
        let shown: Vec<String> = wrong
            .iter()
            .map(|w| format!("`{}` {}", w.argument, w.why))
            .collect();
        let names: Vec<&str> = line.arguments.iter().map(|a| a.name).collect();
        let names = match names.is_empty() {
            true => "it takes no arguments".to_owned(),
            false => format!("its arguments are {}", names.join(", ")),
        };
        let why = format!("{}: {}", line.name, shown.join("; "));
        Err(Refusal::new(Fault::Invalid, why).wrong(wrong).cure(names))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn owned(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn leg(&self) -> Option<u16> {
        self.number("leg").map(|leg| u16::try_from(leg).unwrap_or(u16::MAX))
    }

    fn rows(&self, name: &str, usual: u64) -> u32 {
        let rows = self.number(name).unwrap_or(usual).clamp(1, ROWS_MAX);
        u32::try_from(rows).unwrap_or(u32::MAX)
    }
}

fn read(kind: Kind, value: Value) -> Result<Value, String> {
    match (kind, value) {
        (Kind::Text, Value::String(text)) if text.len() <= 4_096 => Ok(Value::String(text)),
        (Kind::Text, Value::Number(number)) => Ok(Value::String(number.to_string())),
        (Kind::Text, _) => Err("must be text of at most 4096 bytes".to_owned()),
        (Kind::Number, value) => {
            let read = match &value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            };
            let read = read.map(Value::from);
            read.ok_or_else(|| "must be a whole number from 0".to_owned())
        }
        (Kind::Flag, Value::Bool(yes)) => Ok(Value::Bool(yes)),
        (Kind::Flag, Value::String(text)) if text == "true" || text == "false" => {
            Ok(Value::Bool(text == "true"))
        }
        (Kind::Flag, _) => Err("must be true or false".to_owned()),
        (Kind::Texts, Value::Object(all)) if all.values().all(Value::is_string) => {
            Ok(Value::Object(all))
        }
        (Kind::Texts, _) => Err("must be an object of texts".to_owned()),
    }
}

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
        let variables = given.0.get("variables").and_then(Value::as_object);
        let text = |(name, value): (&String, &Value)| {
            Some((name.clone(), value.as_str()?.to_owned()))
        };
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
