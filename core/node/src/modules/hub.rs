//! What all tasks of modules share: journal, store, bus, shard, service threads, open requests.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordboard_bus::{Bus, Envelope};
use cordboard_call::ids::{CallId, TenantId};
use cordboard_host::WorkerClosed;
use cordboard_host::contract::Event;
use cordboard_host::crew::Crew;
use cordboard_host::module::{Change, Module};
use cordboard_host::program::{OnDisabled, Whereabouts, failure};
use cordboard_host::service::{INPUT_TOPIC, Journalled};
use cordboard_steps::{ProgramId, ScriptError, ScriptTurn};
use cordboard_store::journal::{EVENT_BYTES_MAX, Journal};
use cordboard_store::{Store, StoredSnapshot};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::connector::EventRuns;
use super::facts::Facts;
use super::pool::Pool;
use crate::clock::{Clock, unix_ms};
use crate::mailbox::{Full, Sender};
use crate::outside::Outside;
use crate::shard::Input;

/// How long the store may take for one snapshot.
pub(crate) const STORE_PATIENCE: Duration = Duration::from_secs(10);
/// Verbs that wait for their answers; one more is refused.
const REQUESTS_MAX: usize = 1_000;
/// How long to wait before a full mailbox of the shard is tried again.
const SHARD_REST: Duration = Duration::from_millis(5);

/// Gives a connector an event under a key that no call has.
pub type StartEvent =
    dyn Fn(ProgramId, &Arc<Module>, Event) -> Result<(), WorkerClosed> + Send + Sync;

/// What a hub is made with.
pub struct HubParts {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// The journal.
    pub journal: Journal,
    /// Events and facts.
    pub bus: Arc<Bus>,
    /// The shard.
    pub shard: Sender<Input>,
    /// Time.
    pub clock: Clock,
    /// Where tasks run.
    pub runtime: tokio::runtime::Handle,
    /// Http and store.
    pub outside: Outside,
    /// Where steps run, to forget those that ended.
    pub whereabouts: Arc<Whereabouts>,
    /// Tells that a module is disabled.
    pub on_disabled: Arc<OnDisabled>,
    /// Connectors' events under way.
    pub events: Arc<EventRuns>,
    /// Where guests compute.
    pub crew: Arc<Crew>,
}

/// What all tasks of modules share.
pub struct Hub {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Journal,
    pub(crate) bus: Arc<Bus>,
    pub(crate) shard: Sender<Input>,
    pub(crate) clock: Clock,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) outside: Outside,
    pub(crate) whereabouts: Arc<Whereabouts>,
    pub(crate) on_disabled: Arc<OnDisabled>,
    pub(crate) events: Arc<EventRuns>,
    pub(crate) pool: Pool,
    pub(crate) facts: Facts,
    requests: Requests,
}

/// Verbs that wait for their answers.
struct Requests {
    next: AtomicU64,
    open: Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
}

impl Hub {
    /// A hub of these.
    pub fn new(parts: HubParts) -> Hub {
        Hub {
            store: parts.store,
            journal: parts.journal,
            bus: parts.bus,
            shard: parts.shard,
            clock: parts.clock,
            runtime: parts.runtime,
            outside: parts.outside,
            whereabouts: parts.whereabouts,
            on_disabled: parts.on_disabled,
            events: parts.events,
            pool: Pool::of(parts.crew),
            facts: Facts::default(),
            requests: Requests {
                // Numbers of an earlier process mean nobody here; below 2^53, which a script's
                // number holds exactly.
                next: AtomicU64::new(unix_ms() * 1_000),
                open: Mutex::default(),
            },
        }
    }

    /// Gives the shard an input; it is given back when there is no room.
    pub(crate) fn try_tell(&self, input: Input) -> Option<Input> {
        self.shard.try_send(input).err().map(|Full(input)| input)
    }

    /// Gives the shard an input, waiting for room.
    pub(crate) async fn tell(&self, mut input: Input) {
        while let Some(back) = self.try_tell(input) {
            input = back;
            tokio::time::sleep(SHARD_REST).await;
        }
    }

    /// Writes an event into a tenant's journal.
    pub(crate) async fn write(&self, tenant: &TenantId, topic: Cow<'static, str>, payload: String) {
        let tenant = tenant.clone();
        self.tell(Input::Record {
            tenant,
            topic,
            payload,
        })
        .await;
    }

    /// Journals an input of a module.
    pub(crate) async fn feed(&self, module: &Module, input: &Journalled) {
        if let Some(record) = record_of(module, input) {
            self.tell(record).await;
        }
    }

    /// The turn of a service's step, on its way to the run.
    pub(crate) async fn turn(&self, (call, number): (&str, u32), turn: ScriptTurn) {
        let Ok(call) = call.parse::<CallId>() else {
            return;
        };
        // What broke is counted once, where it broke; here the step is only forgotten.
        let program = ProgramId { call, number };
        let _ = self.whereabouts.turned(program, &turn);
        self.tell(Input::Script { program, turn }).await;
    }

    /// Counts a fault of a module and says so. Some: with this it is disabled, for so long.
    pub(crate) fn blame(&self, module: &Arc<Module>, error: &ScriptError) -> Option<Duration> {
        let (tenant, name) = (module.tenant.as_str(), &module.name);
        tracing::warn!(tenant, module = name, %error, "the module broke");
        let rests = failure(module, error, self.clock.read().now)?;
        (self.on_disabled)(module, rests);
        Some(rests)
    }

    /// An instance of a module was made anew: that is a fact of its tenant.
    pub(crate) async fn restarted(&self, module: &Module, why: &str) {
        module.health.note(Change::Restarted);
        let payload = json!({ "module": module.name, "why": why });
        let topic = "module.restarted".into();
        self.write(&module.tenant, topic, payload.to_string()).await;
    }

    /// Keeps a fact on the bus, or forgets it.
    pub(crate) fn retain(
        &self,
        tenant: &TenantId,
        (topic, fact): (&str, &str),
        payload: Option<&Value>,
    ) {
        let Some(payload) = payload else {
            self.bus.forget(tenant.as_str(), topic, fact);
            return;
        };
        let envelope = Envelope {
            tenant: Arc::clone(&tenant.0),
            seq: 0,
            at_ms: unix_ms(),
            topic: topic.to_owned().into(),
            version: 1,
            call: None,
            leg: None,
            payload: payload.to_string().into(),
        };
        if let Err(why) = self.bus.retain(fact, envelope) {
            tracing::warn!(tenant = tenant.as_str(), topic, %why, "a fact is not kept");
        }
    }

    /// Keeps a module's snapshot. A store that stands still is told of the next one.
    pub(crate) async fn keep(&self, module: &Module, seq: u64, bytes: Vec<u8>) -> bool {
        let snapshot = StoredSnapshot {
            seq,
            at_ms: unix_ms(),
            bytes,
        };
        let owner = module.store_owner();
        let put = self
            .store
            .put_snapshot(module.tenant.as_str(), &owner, &snapshot);
        match tokio::time::timeout(STORE_PATIENCE, put).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(module = module.name, %error, "a snapshot is not kept; the journal goes on from the last one");
                false
            }
            Err(_) => false,
        }
    }

    /// A module's snapshot, waiting for the store as long as it stands still.
    pub(crate) async fn kept(&self, module: &Module) -> Option<StoredSnapshot> {
        let owner = module.store_owner();
        loop {
            let found = self.store.snapshot(module.tenant.as_str(), &owner);
            match tokio::time::timeout(STORE_PATIENCE, found).await {
                Ok(Ok(snapshot)) => return snapshot,
                Ok(Err(error)) => {
                    tracing::warn!(module = module.name, %error, "its snapshot cannot be read; trying again");
                }
                Err(_) => tracing::warn!(module = module.name, "the store stands still"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// A number for a verb, and where its answer comes.
    pub(crate) fn request(
        &self,
    ) -> Result<(u64, oneshot::Receiver<Result<Value, String>>), String> {
        let (sender, receiver) = oneshot::channel();
        let mut open = self.requests();
        open.retain(|_, waits| !waits.is_closed());
        if open.len() >= REQUESTS_MAX {
            return Err(format!("{REQUESTS_MAX} verbs wait for their answers"));
        }
        let number = self.requests.next.fetch_add(1, Ordering::Relaxed);
        open.insert(number, sender);
        Ok((number, receiver))
    }

    /// A verb is answered. Who waits no longer is not told.
    pub(crate) fn reply(&self, request: u64, answer: Result<Value, String>) {
        if let Some(waits) = self.requests().remove(&request) {
            let _ = waits.send(answer);
        }
    }

    fn requests(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Result<Value, String>>>> {
        let lock = self.requests.open.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }
}

/// An input as an event for the journal; none when it is too large for one.
pub(crate) fn record_of(module: &Module, input: &Journalled) -> Option<Input> {
    let payload = input.to_payload(&module.name)?;
    if payload.len() > EVENT_BYTES_MAX {
        tracing::warn!(
            module = module.name,
            bytes = payload.len(),
            "an input is too large for the journal"
        );
        return None;
    }
    Some(Input::Record {
        tenant: module.tenant.clone(),
        topic: Cow::Borrowed(INPUT_TOPIC),
        payload,
    })
}
