//! The operator's desk: every verb of the console, whoever speaks it (control socket now, other doors later).

use std::sync::Arc;

use cordboard_bus::{Bus, Filter, Subscription};
use cordboard_host::quota::Accounts;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::control::verb::Verb;
use crate::mailbox::Sender;
use crate::modules::Modules;
use crate::named_secrets;
use crate::passwords::Passwords;
use crate::reload::Reloader;
use crate::shard::Input;
use crate::tokens::Tokens;

/// Changes the log filter.
pub type SetLogFilter = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;
/// Waits until readers of the database see everything.
pub type Flush = Box<
    dyn Fn() -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync,
>;

/// Carries verbs out.
pub struct Operator {
    /// The shard.
    pub shard: Sender<Input>,
    /// Events.
    pub bus: Arc<Bus>,
    /// Generations.
    pub reloader: Arc<Reloader>,
    /// Modules that live longer than a call.
    pub modules: Arc<Modules>,
    /// SIP passwords.
    pub passwords: Arc<Passwords>,
    /// What guests of each tenant use.
    pub accounts: Arc<Accounts>,
    /// Tokens of programs outside.
    pub tokens: Arc<Tokens>,
    /// The log filter.
    pub log_filter: SetLogFilter,
    /// The journal's readers.
    pub flush: Flush,
    /// Figures of other rooms, for health and metrics: journal, connections, media.
    pub more_figures: Box<dyn Fn() -> Value + Send + Sync>,
    /// Ends the program.
    pub stop: tokio::sync::mpsc::Sender<()>,
}

/// Events as lines of JSON.
pub struct EventLines {
    subscription: Subscription,
    call: Option<String>,
}

impl EventLines {
    /// The next line; `None` when the switch stops. Says how many events a slow reader has lost.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            let received = self.subscription.next().await?;
            if let Some(wanted) = &self.call
                && !received
                    .envelope
                    .call
                    .as_deref()
                    .is_some_and(|call| call.starts_with(wanted.as_str()))
            {
                continue;
            }
            let mut line = serde_json::to_value(&*received.envelope).ok()?;
            if received.missed > 0
                && let Some(line) = line.as_object_mut()
            {
                line.insert("missed_before".into(), received.missed.into());
            }
            return Some(line.to_string());
        }
    }
}

const TRACE_EVENTS_MAX: usize = 4096;

impl Operator {
    /// Events from now on.
    pub fn subscribe(&self, call: Option<String>) -> EventLines {
        let subscription = self.bus.subscribe(Filter::everything(), TRACE_EVENTS_MAX);
        EventLines {
            subscription,
            call: call.map(|c| c.to_ascii_lowercase()),
        }
    }

    /// Carries a verb out.
    pub async fn carry_out(&self, verb: Verb) -> Result<Value, String> {
        match verb {
            Verb::Reload { wait } => self.reload(wait).await,
            Verb::Generations { tenant } => self.reloader.generations(tenant.as_deref()).await,
            Verb::Diff { tenant, generation } => {
                self.reloader.diff(tenant.as_deref(), generation).await
            }
            Verb::Rollback { tenant, generation } => {
                self.reloader.roll_back(tenant.as_deref(), generation).await
            }
            Verb::Operate(ask) => Ok(self.modules.operate(ask).await?),
            Verb::Modules { tenant } => self.reloader.modules(tenant.as_deref()),
            Verb::Module { tenant, name } => self.reloader.module(tenant.as_deref(), &name),
            Verb::ModuleReload { tenant, name } => {
                let (tenant, name) = (tenant.as_deref(), name.as_deref());
                self.reloader.reload_modules(tenant, name).await
            }
            Verb::ModuleEnable {
                tenant,
                name,
                enabled,
            } => {
                let tenant = tenant.as_deref();
                self.reloader.enable(tenant, &name, enabled).await
            }
            Verb::SecretSet {
                tenant,
                name,
                value,
            } => {
                self.modules.permissions(&tenant)?;
                named_secrets::set(self.modules.store(), (&tenant, &name), value).await
            }
            Verb::Secrets { tenant } => named_secrets::list(self.modules.store(), &tenant).await,
            Verb::SecretRemove { tenant, name } => {
                named_secrets::remove(self.modules.store(), &tenant, &name).await
            }
            Verb::TokenNew(wish) => {
                let known = self.modules.permissions(&wish.tenant)?;
                self.tokens.make(wish, &known).await
            }
            Verb::Tokens { tenant } => match tenant {
                Some(tenant) => self.tokens.list(&tenant).await,
                None => {
                    let mut all = Vec::new();
                    for generation in self.modules.tenants().all() {
                        let shown = self.tokens.list(generation.tenant.as_str()).await?;
                        all.extend(shown.as_array().cloned().unwrap_or_default());
                    }
                    Ok(Value::Array(all))
                }
            },
            Verb::TokenRemove { tenant, name } => self.tokens.remove(&tenant, &name).await,
            Verb::Tenant(verb) => self.of_tenant(verb).await,
            Verb::Loglevel { level } => {
                (self.log_filter)(&level).map(|()| json!({ "level": level }))
            }
            Verb::Password {
                tenant,
                user,
                password,
            } => {
                self.passwords.change(&tenant, &user, &password).await?;
                Ok(json!({ "tenant": tenant, "user": user }))
            }
            Verb::Flush => {
                (self.flush)().await?;
                Ok(Value::Null)
            }
            Verb::Health => self.health().await,
            Verb::Shutdown { drain: false } => {
                self.stop
                    .try_send(())
                    .map_err(|_| "the switch is stopping already".to_owned())?;
                Ok(json!({ "stopping": true }))
            }
            Verb::Trace { .. } => Err("trace is a stream".to_owned()),
            verb => self.ask_shard(verb).await,
        }
    }

    async fn reload(&self, wait: bool) -> Result<Value, String> {
        // On a task of its own: a console that waits no longer must not stop a load half-way.
        let reloader = Arc::clone(&self.reloader);
        let load = tokio::spawn(async move { reloader.reload().await });
        match wait {
            true => load.await.map_err(|error| error.to_string())?,
            false => Ok(json!({ "reloading": true })),
        }
    }

    pub(crate) async fn ask_shard(&self, verb: Verb) -> Result<Value, String> {
        let (sender, receiver) = oneshot::channel();
        let reply = Box::new(move |answer| {
            let _ = sender.send(answer);
        });
        self.shard
            .try_send(Input::Operator(verb, reply))
            .map_err(|_| "the switch is too busy; try again".to_owned())?;
        receiver
            .await
            .map_err(|_| "the switch is stopping".to_owned())?
    }

    /// Health: `ok` is false when a person should look.
    pub async fn health(&self) -> Result<Value, String> {
        let shard = self.ask_shard(Verb::Health).await?;
        let tenants = self.reloader.state();
        let full = shard
            .get("journal_full")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let modules = self.modules.state();
        let down = |module: &Value| module.get("phase") == Some(&Value::from("down"));
        let broken = modules.iter().any(down);
        let stale = tenants
            .iter()
            .any(|tenant| tenant.get("refused").is_some_and(|r| !r.is_null()));
        // A machine without a toolchain goes on without some modules; one that broke wants a person.
        let failed = |module: &Value| module.get("unbuilt") == Some(&Value::Bool(false));
        let lists = tenants
            .iter()
            .filter_map(|t| t.get("broken_modules")?.as_array());
        let unfit = lists.flatten().any(failed);
        let node_file = self.reloader.node_refused().map(|(mistakes, _)| mistakes);
        Ok(json!({
            "ok": !full && !stale && !broken && !unfit && node_file.is_none(),
            "version": env!("CARGO_PKG_VERSION"),
            "node_file_refused": node_file,
            "tenants": tenants,
            "modules": modules,
            "shard": shard,
            "node": (self.more_figures)(),
        }))
    }

    /// Metrics in Prometheus' text format (version 0.0.4).
    pub async fn metrics(&self) -> Result<String, String> {
        let health = self.health().await?;
        let mut text = String::new();
        let mut put = |name: &str, kind: &str, labels: &str, value: f64| {
            if !text.contains(&format!("# TYPE cordboard_{name} ")) {
                text.push_str(&format!("# TYPE cordboard_{name} {kind}\n"));
            }
            text.push_str(&format!("cordboard_{name}{labels} {value}\n"));
        };
        let number = |value: Option<&Value>| match value {
            Some(Value::Bool(yes)) => f64::from(u8::from(*yes)),
            Some(value) => value.as_f64().unwrap_or(0.0),
            None => 0.0,
        };
        let shard = health.get("shard");
        for gauge in ["calls", "bindings", "sources", "draining", "journal_full"] {
            put(gauge, "gauge", "", number(shard.and_then(|s| s.get(gauge))));
        }
        let counters = shard
            .and_then(|s| s.get("counters"))
            .and_then(Value::as_object);
        for (name, value) in counters.into_iter().flatten() {
            put(
                &format!("{}_total", name.replace('-', "_")),
                "counter",
                "",
                number(Some(value)),
            );
        }
        for (name, value) in health
            .get("node")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            put(name, "gauge", "", number(Some(value)));
        }
        for tenant in health
            .get("tenants")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = tenant
                .get("tenant")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let labels = format!("{{tenant=\"{name}\"}}");
            put(
                "generation",
                "gauge",
                &labels,
                number(tenant.get("generation")),
            );
            let stale = tenant.get("refused").is_some_and(|r| !r.is_null());
            put("config_stale", "gauge", &labels, f64::from(u8::from(stale)));
            let rests = tenant.get("suspended").is_some_and(|s| !s.is_null());
            put(
                "tenant_suspended",
                "gauge",
                &labels,
                f64::from(u8::from(rests)),
            );
        }
        text.push_str(&self.reloader.module_metrics());
        Ok(text)
    }
}
