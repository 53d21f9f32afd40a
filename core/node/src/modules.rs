//! Modules that live longer than a call: services, reporters, and what connectors hear.
//!
//! Each has a task of its own here, which reads its tenant's journal in order (`feed`), lets the
//! guest compute on a service thread (`pool`) and carries out what came of it (`effects`). Steps,
//! answers, verbs and timers of a service are journalled first and then heard like events, so a
//! killed process forgets nothing (`cordboard_host::service`). Nothing here decides about a call.
//!
//! Bounds: 4,096 inputs that a service has not heard yet; then its steps fail with `Overload`, and
//! events stay in the journal until it comes to them.

mod connector;
mod door;
mod effects;
mod facts;
pub mod feed;
mod hub;
mod operations;
mod outside;
mod pool;
mod reporter;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cordboard_host::contract::World;
use cordboard_host::module::{Change, Module};
use cordboard_host::program::Runners;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::reload::Followers;
use crate::tenants::Tenants;

pub use connector::EventRuns;
pub use hub::{Hub, HubParts, StartEvent};
pub use operations::Ask;

/// Orders that may wait for one module's task.
const ORDERS_MAX: usize = 64;

/// What a module's task is told.
pub(crate) enum Order {
    /// Could this one take the state over? Nothing changes.
    Try(Arc<Module>, oneshot::Sender<Result<(), String>>),
    /// Take the state over into this one.
    Reload(Arc<Module>, oneshot::Sender<Result<(), String>>),
    /// A reporter's verb.
    Render(
        String,
        Value,
        oneshot::Sender<Result<cordboard_host::contract::Report, String>>,
    ),
    /// Save and end.
    Stop(oneshot::Sender<()>),
}

/// A module's task as others see it.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) module: Arc<Module>,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) shared: Arc<service::Shared>,
}

type Key = (String, String);

/// All modules that live longer than a call.
pub struct Modules {
    pub(crate) hub: Arc<Hub>,
    running: Mutex<BTreeMap<Key, Running>>,
    tenants: Mutex<Arc<Tenants>>,
}

fn key(module: &Module) -> Key {
    (module.tenant.as_str().to_owned(), module.name.clone())
}

fn lives_long(module: &Module) -> bool {
    matches!(
        module.manifest.world,
        World::Service | World::Reporter | World::Connector
    )
}

impl Modules {
    /// Nothing runs yet.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            running: Mutex::default(),
            tenants: Mutex::default(),
        }
    }

    /// Who runs connectors' events; said once, at the start.
    pub fn connect(&self, start: Box<StartEvent>, runners: Runners) {
        self.hub.events.connect(start, runners);
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Key, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tenants(&self) -> Arc<Tenants> {
        Arc::clone(&self.tenants.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn find(&self, tenant: &str, name: &str) -> Option<Running> {
        let key = (tenant.to_owned(), name.to_owned());
        self.running().get(&key).cloned()
    }

    /// Could this module take over from the one that runs? Nothing changes: a new instance gets
    /// the state as it is now and is dropped. For a reload, before it swaps.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn try_hand_over(&self, module: Arc<Module>) -> Result<(), String> {
        let Some(running) = self.find(module.tenant.as_str(), &module.name) else {
            return Ok(());
        };
        if running.module.hash == module.hash || !lives_long(&module) {
            return Ok(());
        }
        let (done, answer) = oneshot::channel();
        let order = Order::Try(module, done);
        match running.orders.send(order).await {
            Ok(()) => answer.await.unwrap_or(Ok(())),
            Err(_) => Ok(()),
        }
    }

    /// A tenant is no more: what its modules retained goes.
    pub fn forget(&self, tenant: &str) {
        self.hub.facts.forget(tenant);
    }

    /// Runs what these tenants load: new modules begin, changed ones take over, others end.
    pub async fn serve(&self, tenants: Arc<Tenants>) {
        let mut wanted = BTreeMap::new();
        for generation in tenants.all().filter(|g| !tenants.is_still(&g.tenant)) {
            for module in generation.programs.modules.values() {
                if lives_long(module) {
                    wanted.insert(key(module), Arc::clone(module));
                }
            }
        }
        let modules = tenants.all().flat_map(|g| g.programs.modules.values());
        self.hub.recall_facts(modules.cloned());
        *self.tenants.lock().unwrap_or_else(PoisonError::into_inner) = tenants;
        let ended: Vec<Running> = {
            let mut running = self.running();
            let gone: Vec<Key> = running
                .iter()
                .filter(|(key, now)| {
                    let same = wanted
                        .get(*key)
                        .map(|w| w.manifest.world == now.module.manifest.world);
                    same != Some(true)
                })
                .map(|(key, _)| key.clone())
                .collect();
            gone.iter().filter_map(|key| running.remove(key)).collect()
        };
        for running in ended {
            stop(&running).await;
        }
        for (key, module) in wanted {
            let known = self.running().get(&key).cloned();
            match known {
                None => {
                    let begun = self.begin(&module);
                    self.running().insert(key, begun);
                }
                Some(running) if running.module.hash == module.hash => {}
                Some(running) => self.reload(key, running, module).await,
            }
        }
    }

    async fn reload(&self, key: Key, running: Running, module: Arc<Module>) {
        let (done, answer) = oneshot::channel();
        let order = Order::Reload(Arc::clone(&module), done);
        let taken = match running.orders.send(order).await {
            Ok(()) => answer.await,
            // Its task has ended: a new one reads the snapshot.
            Err(_) => {
                let begun = self.begin(&module);
                self.running().insert(key, begun);
                return;
            }
        };
        match taken {
            Ok(Ok(())) => {
                if let Some(running) = self.running().get_mut(&key) {
                    running.module = module;
                }
            }
            Ok(Err(why)) => {
                tracing::error!(tenant = key.0, module = key.1, %why, "the module goes on with its old code");
                module.health.note(Change::Refused);
                let payload = json!({
                    "module": module.name, "why": [why],
                    "serves": running.module.manifest.version,
                });
                let topic = "module.refused".into();
                self.hub
                    .write(&module.tenant, topic, payload.to_string())
                    .await;
            }
            Err(_) => {}
        }
    }

    fn begin(&self, module: &Arc<Module>) -> Running {
        let (orders, received) = mpsc::channel(ORDERS_MAX);
        let shared = Arc::new(service::Shared::default());
        let (hub, of, about) = (
            Arc::clone(&self.hub),
            Arc::clone(module),
            Arc::clone(&shared),
        );
        match module.manifest.world {
            World::Reporter => drop(self.hub.runtime.spawn(reporter::run(hub, of, received))),
            World::Connector => drop(self.hub.runtime.spawn(connector::run(hub, of, received))),
            _ => drop(
                self.hub
                    .runtime
                    .spawn(service::run(hub, of, about, received)),
            ),
        }
        Running {
            module: Arc::clone(module),
            orders,
            shared,
        }
    }

    /// For who owns the generations: asked before a swap, told after it.
    pub fn followers(self: &Arc<Self>) -> Followers {
        let (asked, told) = (Arc::clone(self), Arc::clone(self));
        Followers {
            try_hand_over: Box::new(move |module| {
                let modules = Arc::clone(&asked);
                Box::pin(async move { modules.try_hand_over(module).await })
            }),
            serve: Box::new(move |tenants| {
                let modules = Arc::clone(&told);
                Box::pin(async move { modules.serve(tenants).await })
            }),
        }
    }

    /// Saves and ends all of them.
    pub async fn stop(&self) {
        let all: Vec<Running> = std::mem::take(&mut *self.running()).into_values().collect();
        for running in all {
            stop(&running).await;
        }
    }

    /// Writes an event into a tenant's journal.
    pub async fn tell(&self, tenant: &str, topic: &'static str, payload: &Value) {
        let tenant = cordboard_call::ids::TenantId::new(tenant);
        self.hub
            .write(&tenant, topic.into(), payload.to_string())
            .await;
    }

    /// What is kept.
    pub fn store(&self) -> &Arc<dyn cordboard_store::Store> {
        &self.hub.store
    }

    /// Reads a tenant's journal in order: after `cursor`, or from now on. The caller writes an
    /// event of one of the topics after this.
    pub fn feed(&self, tenant: &str, topics: Vec<String>, cursor: Option<u64>) -> feed::Feed {
        let from = (Arc::clone(&self.hub.store), self.hub.journal.clone());
        feed::Feed::open(&self.hub.bus, from, tenant.into(), topics, cursor)
    }

    /// Is there a tenant of this name?
    pub fn has_tenant(&self, name: &str) -> bool {
        let tenants = self.tenants();
        tenants
            .named(&cordboard_call::ids::TenantId::new(name))
            .is_some()
    }

    /// Since the node's start.
    pub fn now(&self) -> std::time::Duration {
        self.hub.clock.read().now
    }

    /// For health: what runs, and what waits for it.
    pub fn state(&self) -> Vec<Value> {
        self.running()
            .iter()
            .map(|((tenant, name), running)| {
                json!({
                    "tenant": tenant,
                    "module": name,
                    "world": running.module.manifest.world.word(),
                    "phase": running.shared.phase().word(),
                    "waiting": running.shared.waiting(),
                })
            })
            .collect()
    }
}

async fn stop(running: &Running) {
    let (done, ended) = oneshot::channel();
    if running.orders.send(Order::Stop(done)).await.is_ok() {
        let _ = tokio::time::timeout(hub::STORE_PATIENCE, ended).await;
    }
}
