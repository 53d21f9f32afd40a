//! Operators' verbs of modules: found, checked against the manifest, asked, answered.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_dialplan::schema::{Field, FieldKind};
use cordboard_host::contract::World;
use cordboard_host::manifest::{Manifest, Operation};
use cordboard_host::service::Journalled;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::{Modules, Order, Running};
use crate::refusal::{Fault, Refusal, Wrong};
use crate::tenants::Generation;

/// How long a module may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest value of an argument.
const VALUE_BYTES_MAX: usize = 4_096;

/// A verb of a module, as a console says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Tenant; none is the default one.
    pub tenant: Option<String>,
    /// The module's name in the tenant.
    pub module: String,
    /// The verb; none lists them. Another word on the socket, where `verb` is the request's own.
    #[serde(rename = "operation")]
    pub verb: Option<String>,
    /// Arguments by name, as they were written.
    #[serde(default)]
    pub arguments: BTreeMap<String, Vec<String>>,
    /// Who asks.
    #[serde(default)]
    pub by: String,
}

impl Modules {
    /// Answers a verb of a module.
    ///
    /// # Errors
    /// What was wrong with the question, or the module's own refusal.
    pub async fn operate(&self, ask: Ask) -> Result<Value, Refusal> {
        let tenants = self.tenants();
        let generation = match &ask.tenant {
            Some(name) => tenants
                .named(&cordboard_call::ids::TenantId::new(name))
                .ok_or_else(|| Refusal::new(Fault::NotFound, format!("no tenant {name}")))?,
            None => tenants.default_tenant().ok_or_else(|| {
                let why = "name a tenant with --tenant: there is no default one";
                Refusal::new(Fault::NotFound, why)
            })?,
        };
        let tenant = generation.tenant.as_str();
        let Some(module) = generation.programs.module(&ask.module) else {
            return Err(no_module(&ask.module, generation));
        };
        let Some(verb) = &ask.verb else {
            return Ok(help(&ask.module, &module.manifest));
        };
        let operation = module
            .manifest
            .operation(verb)
            .ok_or_else(|| no_verb(&ask.module, verb, &module.manifest))?;
        let arguments = check(&ask, operation, generation)?;
        let down = |why: String| Refusal::new(Fault::Down, why);
        let Some(running) = self.find(tenant, &ask.module) else {
            return Err(down(format!("module `{}` does not run", ask.module)));
        };
        match module.manifest.world {
            World::Service => self.request(&running, verb, arguments, ask.by).await,
            World::Reporter => render(&running, verb, arguments).await,
            other => Err(down(format!(
                "module `{}` is a {}: only services and reporters answer verbs",
                ask.module,
                other.word()
            ))),
        }
    }

    /// The permission that a module's verb asks for; empty is any operator's.
    ///
    /// # Errors
    /// No such tenant, module or verb.
    pub fn permission(&self, tenant: &str, module: &str, verb: &str) -> Result<String, Refusal> {
        let tenants = self.tenants();
        let generation = tenants
            .named(&cordboard_call::ids::TenantId::new(tenant))
            .ok_or_else(|| Refusal::new(Fault::NotFound, format!("no tenant {tenant}")))?;
        let found = generation.programs.module(module);
        let manifest = &found.ok_or_else(|| no_module(module, generation))?.manifest;
        let operation = manifest.operation(verb);
        let operation = operation.ok_or_else(|| no_verb(module, verb, manifest))?;
        Ok(operation.permission.clone())
    }

    /// All verbs of a tenant's modules, by module.
    pub fn operations(&self, tenant: &str) -> Vec<(String, Operation)> {
        let tenants = self.tenants();
        let generation = tenants.named(&cordboard_call::ids::TenantId::new(tenant));
        let modules = generation.into_iter().flat_map(|g| &g.programs.modules);
        modules
            .flat_map(|(name, module)| {
                let operations = module.manifest.operations.iter();
                operations.map(|operation| (name.clone(), operation.clone()))
            })
            .collect()
    }

    /// Permissions that a tenant's modules name, alone and with the module's name before them.
    ///
    /// # Errors
    /// No such tenant.
    pub fn permissions(&self, tenant: &str) -> Result<Vec<String>, String> {
        let tenants = self.tenants();
        let generation = tenants
            .named(&cordboard_call::ids::TenantId::new(tenant))
            .ok_or_else(|| format!("no tenant {tenant}"))?;
        let mut known = std::collections::BTreeSet::new();
        for (name, module) in &generation.programs.modules {
            let named = module.manifest.operations.iter().map(|o| &o.permission);
            for permission in named.filter(|p| !p.is_empty()) {
                known.insert(permission.clone());
                known.insert(format!("{name}.{permission}"));
            }
        }
        Ok(known.into_iter().collect())
    }

    async fn request(
        &self,
        running: &Running,
        verb: &str,
        arguments: Value,
        by: String,
    ) -> Result<Value, Refusal> {
        let module = &running.module;
        module
            .health
            .begin(&module.name, self.hub.clock.read().now)
            .map_err(|why| Refusal::new(Fault::Down, why))?;
        if running.shared.phase() == super::service::Phase::Down {
            let why = format!(
                "module `{0}` is down; `cordboard module info {0}` says why",
                module.name
            );
            return Err(Refusal::new(Fault::Down, why));
        }
        let open = self.hub.request();
        let (request, answer) = open.map_err(|why| Refusal::new(Fault::Busy, why))?;
        let input = Journalled::Request {
            request,
            verb: verb.to_owned(),
            arguments,
            by: match by.is_empty() {
                true => "console".to_owned(),
                false => by,
            },
        };
        self.hub.feed(module, &input).await;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => Ok(answer?),
            _ => {
                let seconds = PATIENCE.as_secs();
                let name = &module.name;
                let why = format!("module `{name}` did not answer `{verb}` within {seconds} s");
                Err(Refusal::new(Fault::Busy, why))
            }
        }
    }
}

async fn render(running: &Running, verb: &str, arguments: Value) -> Result<Value, Refusal> {
    let (done, answer) = oneshot::channel();
    let order = Order::Render(verb.to_owned(), arguments, done);
    let gone = || {
        let why = format!("module `{}` does not run", running.module.name);
        Refusal::new(Fault::Down, why)
    };
    running.orders.send(order).await.map_err(|_| gone())?;
    let report = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(report)) => report?,
        _ => return Err(gone()),
    };
    let text = String::from_utf8_lossy(&report.body).into_owned();
    if report.media_type == "application/json"
        && let Ok(value) = serde_json::from_str(&text)
    {
        return Ok(value);
    }
    Ok(json!({ "media_type": report.media_type, "text": text }))
}

fn no_module(name: &str, generation: &Generation) -> Refusal {
    let tenant = &generation.tenant;
    let modules = &generation.programs.modules;
    let names: Vec<&str> = modules.keys().map(String::as_str).collect();
    let why = match names.is_empty() {
        true => {
            format!("no command `{name}`, and tenant {tenant} has no modules that could have one")
        }
        false => format!(
            "no command `{name}`, and no module of tenant {tenant} is called so; there are {}",
            names.join(", ")
        ),
    };
    Refusal::new(Fault::NotFound, why)
}

fn no_verb(module: &str, verb: &str, manifest: &Manifest) -> Refusal {
    let operations = manifest.operations.iter();
    let verbs: Vec<&str> = operations.map(|o| o.verb.as_str()).collect();
    let why = match verbs.is_empty() {
        true => format!("module `{module}` has no verbs"),
        false => format!(
            "module `{module}` has no verb `{verb}`; there are {}",
            verbs.join(", ")
        ),
    };
    Refusal::new(Fault::NotFound, why)
}

/// What a module's verbs are.
fn help(module: &str, manifest: &Manifest) -> Value {
    let operations: Vec<Value> = manifest
        .operations
        .iter()
        .map(|operation| {
            json!({
                "use": usage(module, operation),
                "about": operation.about,
            })
        })
        .collect();
    Value::Array(operations)
}

fn usage(module: &str, operation: &Operation) -> String {
    let mut text = format!("cordboard {module} {}", operation.verb);
    for field in &operation.arguments {
        let one = match field.kind {
            FieldKind::Flag => format!("--{}", field.name),
            _ => format!("--{} {}", field.name, word(&field.kind)),
        };
        match field.required {
            true => text.push_str(&format!(" {one}")),
            false => text.push_str(&format!(" [{one}]")),
        }
    }
    text
}

fn word(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Text | FieldKind::Secret | FieldKind::Block(_) => "TEXT".to_owned(),
        FieldKind::Number { min, max } => format!("{min}..{max}"),
        FieldKind::Flag => "yes|no".to_owned(),
        FieldKind::Duration => "20s".to_owned(),
        FieldKind::Word(words) => words.join("|"),
        FieldKind::Prompt => "PROMPT".to_owned(),
        FieldKind::Route => "ROUTE".to_owned(),
        FieldKind::User => "USER".to_owned(),
        FieldKind::Trunk => "TRUNK".to_owned(),
        FieldKind::File => "FILE".to_owned(),
        FieldKind::Named(of) => of.to_uppercase(),
    }
}

/// Arguments as the manifest types them, complete with defaults; every mistake at once.
fn check(ask: &Ask, operation: &Operation, generation: &Generation) -> Result<Value, Refusal> {
    let mut checked = Map::new();
    let mut wrong: Vec<(String, Wrong)> = Vec::new();
    let mut add = |argument: &str, value: &str, why: String| {
        let shown = match value {
            "" => format!("--{argument} {why}"),
            value => format!("--{argument} {value}: {why}"),
        };
        let argument = argument.to_owned();
        wrong.push((shown, Wrong { argument, why }));
    };
    for name in ask.arguments.keys() {
        if !operation.arguments.iter().any(|field| field.name == *name) {
            add(name, "", "is no argument of it".to_owned());
        }
    }
    for field in &operation.arguments {
        let given = ask.arguments.get(&field.name);
        let given = given.map_or(&[][..], Vec::as_slice);
        match values(field, given, generation) {
            Ok(Some(value)) => {
                checked.insert(field.name.clone(), value);
            }
            Ok(None) => {}
            Err((value, why)) => add(&field.name, &value, why),
        }
    }
    if wrong.is_empty() {
        return Ok(Value::Object(checked));
    }
    let usage = usage(&ask.module, operation);
    let shown: Vec<&str> = wrong.iter().map(|(shown, _)| shown.as_str()).collect();
    let (module, verb, shown) = (&ask.module, &operation.verb, shown.join("; "));
    let message = format!("{module} {verb}: {shown}. Use: {usage}");
    Err(Refusal::new(Fault::Invalid, message)
        .wrong(wrong.into_iter().map(|(_, wrong)| wrong).collect())
        .cure(format!(
            "the arguments of `{verb}` stand in {}: {usage}",
            operation_place(&ask.module, generation)
        )))
}

/// The file that declares a module's verbs.
fn operation_place(module: &str, generation: &Generation) -> String {
    let found = generation.programs.module(module);
    found.map_or_else(String::new, |m| m.manifest.source.file.to_string())
}

/// What was given to a field; where it is wrong, the value and why.
fn values(
    field: &Field,
    given: &[String],
    generation: &Generation,
) -> Result<Option<Value>, (String, String)> {
    let read = |text: &String| {
        if text.len() > VALUE_BYTES_MAX {
            let why = format!("is longer than {VALUE_BYTES_MAX} bytes");
            return Err((String::new(), why));
        }
        value(&field.kind, text, generation).map_err(|why| (text.clone(), why))
    };
    match given {
        [] => match &field.default {
            Some(default) => Ok(Some(default.to_json())),
            None if field.required => Err((String::new(), "is missing".to_owned())),
            None => Ok(None),
        },
        many if field.list => {
            let all: Result<Vec<Value>, _> = many.iter().map(read).collect();
            Ok(Some(Value::Array(all?)))
        }
        [one] => read(one).map(Some),
        _ => Err((String::new(), "is given more than once".to_owned())),
    }
}

fn value(kind: &FieldKind, text: &str, generation: &Generation) -> Result<Value, String> {
    let plan = &generation.dialplan;
    let tenant = generation.tenant.as_str();
    let known = |is: bool, what: &str| match is {
        true => Ok(Value::from(text)),
        false => Err(format!("tenant {tenant} has no {what} of that name")),
    };
    match kind {
        // The module itself knows the names of its settings, also those it made up since.
        FieldKind::Text | FieldKind::Named(_) => Ok(Value::from(text)),
        FieldKind::Number { min, max } => match text.parse::<i64>() {
            Ok(number) if (*min..=*max).contains(&number) => Ok(Value::from(number)),
            Ok(_) => Err(format!("it must be {min} to {max}")),
            Err(_) => Err("it is no whole number".to_owned()),
        },
        FieldKind::Flag => match text {
            "yes" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "off" => Ok(Value::Bool(false)),
            _ => Err("write yes or no".to_owned()),
        },
        FieldKind::Duration => duration_ms(text)
            .map(Value::from)
            .ok_or_else(|| "write a time such as 500ms, 20s, 5m or 1h".to_owned()),
        FieldKind::Word(words) => match words.iter().any(|word| word == text) {
            true => Ok(Value::from(text)),
            false => Err(format!("it must be one of {}", words.join(", "))),
        },
        FieldKind::Prompt => known(generation.prompts.contains_key(text), "prompt"),
        FieldKind::Route => known(plan.routes.contains_key(text), "route"),
        FieldKind::User => known(plan.users.contains_key(text), "user"),
        FieldKind::Trunk => known(plan.trunks.contains_key(text), "trunk"),
        FieldKind::File | FieldKind::Secret | FieldKind::Block(_) => {
            Err("an argument cannot be that".to_owned())
        }
    }
}

fn duration_ms(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(at)?;
    let each = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(each)
}
