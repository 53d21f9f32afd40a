//! What connectors hear: events of the journal, each until it is taken.
//!
//! A connector that fails on an event gets it again after 1 s, doubling to 5 min, for a day. The
//! spool is the journal itself: what is kept in the store is how far it was read and the numbers
//! that are still to be taken, at most 10,000; beyond, the oldest is given up and counted. Up to
//! eight events are under way at a time, so they may be taken out of their order.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use cordboard_call::ids::CallId;
use cordboard_host::contract::Event;
use cordboard_host::module::Module;
use cordboard_host::program::Runners;
use cordboard_steps::{
    ProgramId, ScriptAnswer, ScriptCallError, ScriptCommand, ScriptOp, ScriptTurn,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Order;
use super::feed::{Fed, Feed, Told};
use super::hub::{Hub, StartEvent};
use super::service::{STARTED_TOPIC, refuse};
use crate::clock::unix_ms;

/// Events under way of one connector.
const AT_ONCE: usize = 8;
/// Events that wait for another try.
const SPOOL_MAX: usize = 10_000;
const FIRST_RETRY_MS: u64 = 1_000;
const RETRY_MAX_MS: u64 = 300_000;
/// An event that was not taken for so long is given up.
const GIVE_UP_MS: u64 = 24 * 3_600_000;
/// One try takes at most so long.
const TRY_PATIENCE: Duration = Duration::from_secs(60);
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Connectors' events under way, by the keys that their turns come with.
#[derive(Default)]
pub struct EventRuns {
    open: Mutex<HashMap<ProgramId, mpsc::UnboundedSender<ScriptTurn>>>,
    doors: OnceLock<(Box<StartEvent>, Runners)>,
}

impl EventRuns {
    pub(super) fn connect(&self, start: Box<StartEvent>, runners: Runners) {
        let _ = self.doors.set((start, runners));
    }

    fn open(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<ProgramId, mpsc::UnboundedSender<ScriptTurn>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn that is no call's; gives back one that is.
    pub fn take(&self, key: ProgramId, turn: ScriptTurn) -> Option<ScriptTurn> {
        match self.open().get(&key) {
            Some(run) => {
                // A run gives one turn for each answer, so few wait here.
                let _ = run.send(turn);
                None
            }
            None => Some(turn),
        }
    }

    /// Gives a connector an event and does what it asks for, until it has taken it.
    async fn deliver(
        &self,
        hub: &Arc<Hub>,
        module: &Arc<Module>,
        event: Event,
    ) -> Result<(), String> {
        let (start, runners) = self.doors.get().ok_or("no connector runs here")?;
        module.health.begin(&module.name, hub.clock.read().now)?;
        let runner = runners.of(module).ok_or("no connector runs here")?;
        let random = crate::data_dir::random_bytes().map_err(|error| error.to_string())?;
        let key = ProgramId::from(CallId(u128::from_le_bytes(random)));
        let (sender, mut turns) = mpsc::unbounded_channel();
        self.open().insert(key, sender);
        let result = async {
            start(key, module, event).map_err(|_| "no worker has room".to_owned())?;
            loop {
                let turn = tokio::time::timeout(TRY_PATIENCE, turns.recv()).await;
                let op = match turn {
                    Ok(Some(ScriptTurn::Call { op, .. } | ScriptTurn::Interrupt { op, .. })) => op,
                    Ok(Some(ScriptTurn::Done { .. } | ScriptTurn::Decided(_))) => return Ok(()),
                    Ok(Some(ScriptTurn::Failed { error })) => {
                        // No call stands behind this, so nobody else counts it.
                        let _ = hub.blame(module, &error);
                        return Err(error.message);
                    }
                    Ok(Some(ScriptTurn::Idle)) => continue,
                    Ok(None) | Err(_) => {
                        let _ = runner.send(key, module, ScriptCommand::Kill);
                        return Err(format!("no end within {} s", TRY_PATIENCE.as_secs()));
                    }
                };
                let answer = answer(hub, module, op).await;
                runner
                    .send(key, module, ScriptCommand::Resume { answer })
                    .map_err(|_| "no worker has room".to_owned())?;
            }
        }
        .await;
        self.open().remove(&key);
        result
    }
}

/// What a connector may ask for where there is no call.
async fn answer(hub: &Arc<Hub>, module: &Arc<Module>, op: ScriptOp) -> ScriptAnswer {
    match op {
        ScriptOp::Outside(request) => hub.outside_of(module, request).await,
        ScriptOp::Log { message, .. } => {
            tracing::info!(
                tenant = module.tenant.as_str(),
                module = module.name,
                "{message}"
            );
            ScriptAnswer::Done
        }
        ScriptOp::Fact { topic, key } => {
            let fact = hub.bus.retained_fact(module.tenant.as_str(), &topic, &key);
            ScriptAnswer::Json {
                value: fact.and_then(|fact| serde_json::from_str(&fact.payload).ok()),
            }
        }
        ScriptOp::Now => ScriptAnswer::Now {
            unix_ms: unix_ms(),
            local: String::new(),
        },
        ScriptOp::Random => ScriptAnswer::Number {
            value: crate::data_dir::random_bytes().map_or(0, i64::from_le_bytes),
        },
        _ => ScriptAnswer::Error {
            kind: ScriptCallError::Gone,
            message: "there is no call: this is an event".to_owned(),
        },
    }
}

/// An event that is still to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    tries: u32,
    since_ms: u64,
    next_ms: u64,
}

/// What a connector keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spool {
    cursor: u64,
    pending: BTreeMap<u64, Pending>,
}

impl Spool {
    /// The event that is due first, if one is.
    fn due(&self, now_ms: u64, under_way: &[u64]) -> Option<u64> {
        let waits = self
            .pending
            .iter()
            .filter(|(seq, _)| !under_way.contains(seq));
        waits
            .filter(|(_, pending)| pending.next_ms <= now_ms)
            .min_by_key(|(_, pending)| pending.next_ms)
            .map(|(seq, _)| *seq)
    }

    fn next_ms(&self, under_way: &[u64]) -> Option<u64> {
        let waits = self
            .pending
            .iter()
            .filter(|(seq, _)| !under_way.contains(seq));
        waits.map(|(_, pending)| pending.next_ms).min()
    }

    /// A new event; gives the one that is given up for it, if any.
    fn add(&mut self, seq: u64, now_ms: u64) -> Option<u64> {
        let pending = Pending {
            tries: 0,
            since_ms: now_ms,
            next_ms: now_ms,
        };
        self.pending.insert(seq, pending);
        match self.pending.len() > SPOOL_MAX {
            true => self.pending.pop_first().map(|(seq, _)| seq),
            false => None,
        }
    }

    /// A try failed. True: it is given up.
    fn failed(&mut self, seq: u64, now_ms: u64) -> bool {
        let Some(pending) = self.pending.get_mut(&seq) else {
            return false;
        };
        if now_ms.saturating_sub(pending.since_ms) >= GIVE_UP_MS {
            self.pending.remove(&seq);
            return true;
        }
        let wait = FIRST_RETRY_MS << pending.tries.min(20);
        pending.tries += 1;
        pending.next_ms = now_ms + wait.min(RETRY_MAX_MS);
        false
    }
}

struct Connector {
    hub: Arc<Hub>,
    module: Arc<Module>,
    feed: Feed,
    spool: Spool,
    /// Events that were just read; others are read from the store when they are due.
    fresh: HashMap<u64, Event>,
    under_way: Vec<u64>,
    tries: JoinSet<(u64, Result<(), String>)>,
    dirty: bool,
    save_at: Instant,
}

/// Runs a connector's events until it is told to stop.
pub(super) async fn run(hub: Arc<Hub>, module: Arc<Module>, mut orders: mpsc::Receiver<Order>) {
    let stored = hub.kept(&module).await;
    let spool = stored.and_then(|stored| serde_json::from_slice::<Spool>(&stored.bytes).ok());
    let feed = open_feed(&hub, &module, spool.as_ref().map(|spool| spool.cursor));
    let mut connector = Connector {
        hub,
        module,
        feed,
        spool: spool.unwrap_or_default(),
        fresh: HashMap::new(),
        under_way: Vec::new(),
        tries: JoinSet::new(),
        dirty: true,
        save_at: Instant::now(),
    };
    connector.announce().await;
    connector.live(&mut orders).await;
}

fn open_feed(hub: &Hub, module: &Module, cursor: Option<u64>) -> Feed {
    let heard = module.manifest.topics.subscribe.iter().cloned();
    let topics = heard.chain([STARTED_TOPIC.to_owned()]);
    let tenant = Arc::clone(&module.tenant.0);
    let from = (Arc::clone(&hub.store), hub.journal.clone());
    Feed::open(&hub.bus, from, tenant, topics, cursor)
}

impl Connector {
    async fn announce(&self) {
        let payload = json!({
            "module": self.module.name,
            "version": self.module.manifest.version,
            "why": "start",
        });
        self.hub
            .write(
                &self.module.tenant,
                STARTED_TOPIC.into(),
                payload.to_string(),
            )
            .await;
    }

    async fn live(&mut self, orders: &mut mpsc::Receiver<Order>) {
        loop {
            self.try_due().await;
            let full = self.under_way.len() >= AT_ONCE;
            let wake = match full {
                true => None,
                false => self.spool.next_ms(&self.under_way),
            };
            let wake =
                wake.map(|at| Instant::now() + Duration::from_millis(at.saturating_sub(unix_ms())));
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    None => return,
                    Some(Order::Stop(done)) => {
                        self.save().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(Order::Reload(module, done)) => {
                        self.take_over(module).await;
                        let _ = done.send(Ok(()));
                    }
                    Some(order) => refuse(order, "it is a connector"),
                },
                Some(tried) = self.tries.join_next() => {
                    if let Ok((seq, result)) = tried {
                        self.tried(seq, result).await;
                    }
                }
                () = tokio::time::sleep_until(self.save_at), if self.dirty => self.save().await,
                () = until(wake) => {}
                fed = self.feed.next(), if !full => {
                    let Some(fed) = fed else { return };
                    self.hear(fed).await;
                }
            }
        }
    }

    async fn take_over(&mut self, module: Arc<Module>) {
        let same = self.module.manifest.topics.subscribe == module.manifest.topics.subscribe;
        self.module = module;
        if !same {
            self.feed = open_feed(&self.hub, &self.module, Some(self.spool.cursor));
            self.announce().await;
        }
    }

    async fn hear(&mut self, fed: Fed) {
        let Fed::Event(told) = fed else {
            self.spool.cursor = self.feed.cursor();
            return;
        };
        if told.seq == 0 {
            return;
        }
        self.spool.cursor = self.spool.cursor.max(told.seq);
        self.dirty = true;
        let known = &self.module.manifest.topics.subscribe;
        if !known.contains(&told.topic) {
            return;
        }
        if let Some(given_up) = self.spool.add(told.seq, unix_ms()) {
            self.give_up(given_up, "too many events wait").await;
        }
        self.fresh.insert(told.seq, event_of(told));
    }

    /// Starts what is due, as far as there is room.
    async fn try_due(&mut self) {
        while self.under_way.len() < AT_ONCE
            && let Some(seq) = self.spool.due(unix_ms(), &self.under_way)
        {
            let event = match self.fresh.remove(&seq) {
                Some(event) => Some(event),
                None => self.read(seq).await,
            };
            let Some(event) = event else {
                // The store stands still, or has it no more: as a try that failed.
                self.tried(seq, Err("the journal does not give it".to_owned()))
                    .await;
                continue;
            };
            self.under_way.push(seq);
            let (hub, module) = (Arc::clone(&self.hub), Arc::clone(&self.module));
            self.tries.spawn(async move {
                let result = hub.events.deliver(&hub, &module, event).await;
                (seq, result)
            });
        }
    }

    async fn read(&self, seq: u64) -> Option<Event> {
        let tenant = self.module.tenant.as_str();
        let found = self.hub.store.events(tenant, seq, seq, 1);
        let found = tokio::time::timeout(super::hub::STORE_PATIENCE, found).await;
        let event = found.ok()?.ok()?.pop()?;
        Some(event_of(Told {
            seq: event.seq,
            at_ms: event.at_ms,
            topic: event.topic,
            call: event.call,
            leg: event.leg,
            payload: event.payload.into(),
        }))
    }

    async fn tried(&mut self, seq: u64, result: Result<(), String>) {
        self.under_way.retain(|under_way| *under_way != seq);
        self.dirty = true;
        match result {
            Ok(()) => {
                self.spool.pending.remove(&seq);
            }
            Err(why) => {
                let (tenant, module) = (self.module.tenant.as_str(), &self.module.name);
                tracing::debug!(tenant, module, seq, why, "the event is tried again later");
                if self.spool.failed(seq, unix_ms()) {
                    self.give_up(seq, &why).await;
                }
            }
        }
    }

    async fn give_up(&mut self, seq: u64, why: &str) {
        self.fresh.remove(&seq);
        let payload = json!({ "module": self.module.name, "event": seq, "why": why });
        let topic = "module.event-given-up".into();
        self.hub
            .write(&self.module.tenant, topic, payload.to_string())
            .await;
    }

    async fn save(&mut self) {
        self.save_at = Instant::now() + SAVE_EVERY;
        let bytes = serde_json::to_vec(&self.spool).unwrap_or_default();
        self.dirty = !self.hub.keep(&self.module, self.spool.cursor, bytes).await;
    }
}

fn event_of(told: Told) -> Event {
    Event {
        seq: told.seq,
        at_ms: told.at_ms,
        topic: told.topic,
        call: told.call,
        leg: told.leg,
        payload: serde_json::from_str(&told.payload).unwrap_or(Value::Null),
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_double_to_five_minutes_and_end_after_a_day() {
        let mut spool = Spool::default();
        spool.add(7, 0);
        let mut now = 0;
        let mut waits = Vec::new();
        while spool.due(now, &[]).is_some() {
            if spool.failed(7, now) {
                break;
            }
            let next = spool.next_ms(&[]).unwrap();
            waits.push((next - now) / 1_000);
            now = next;
        }
        assert_eq!(waits[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert!((GIVE_UP_MS..GIVE_UP_MS + RETRY_MAX_MS).contains(&now));
        assert!(spool.pending.is_empty());
    }

    #[test]
    fn a_spool_has_a_bound_and_gives_the_oldest_up() {
        let mut spool = Spool::default();
        for seq in 1..=SPOOL_MAX as u64 {
            assert_eq!(spool.add(seq, 0), None);
        }
        assert_eq!(spool.add(20_000, 0), Some(1));
        assert_eq!(spool.due(0, &[2]), Some(3));
    }
}
