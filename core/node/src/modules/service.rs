//! The task of one service: reads its tenant's journal, lets the guest compute, carries out what
//! came of it, keeps its snapshots.
//!
//! It begins at the snapshot in the store and hears the journal from there, quietly, until it is
//! where the journal is; then it is up. A service that breaks is made anew by its driver; one that
//! the breaker has disabled, or that cannot be made, is down and tried again later: its steps fail
//! meanwhile, and everything else waits for it in the journal. One that hears nothing for a minute
//! is put away: its snapshot stays, its instance is made again when it hears something.

mod begin;
mod orders;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use cordboard_host::contract::Event;
use cordboard_host::module::{Module, State};
use cordboard_host::service::{Arrival, Driver, Entry, Handled, INPUT_TOPIC, Journalled};
use cordboard_steps::{ScriptError, ScriptErrorKind};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use begin::open_feed;

use super::Order;
use super::effects::carry_out;
use super::feed::{Fed, Feed, Told};
use super::hub::Hub;
use crate::clock::unix_ms;

/// Topic of the event that says where a module's instance began; also what a feed begins at.
pub(super) const STARTED_TOPIC: &str = "module.started";
/// Arrivals that are handed to the driver at once.
const AT_ONCE: usize = 256;
/// A snapshot of what was heard, at most so often.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// A large state is kept less often: one more second for each of these bytes ...
const SAVE_BYTES_A_SECOND: usize = 256 << 10;
/// ... up to this.
const SAVE_RARELY: Duration = Duration::from_secs(60);
/// A service that heard nothing for so long is put away until it hears something.
const PARK_AFTER: Duration = Duration::from_secs(60);
/// A service that cannot be made is tried again after this.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It reads what it missed; its steps wait.
    Starting,
    /// It hears everything as it happens.
    Up,
    /// It is broken or disabled; its steps fail.
    Down,
}

impl Phase {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Up => "up",
            Phase::Down => "down",
        }
    }
}

/// What others may know of a service without asking it.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    phase: AtomicU8,
    waiting: AtomicUsize,
}

impl Shared {
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Starting,
            1 => Phase::Up,
            _ => Phase::Down,
        }
    }

    pub(super) fn set(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Inputs that were journalled and not heard.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn more(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn fewer(&self, by: usize) {
        let less = |now: usize| Some(now.saturating_sub(by));
        let _ = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

struct Service {
    hub: Arc<Hub>,
    module: Arc<Module>,
    shared: Arc<Shared>,
    feed: Feed,
    driver: Option<Driver>,
    /// When the next snapshot may be kept.
    save_at: Instant,
    /// When a service that is down is tried again.
    retry_at: Instant,
    /// When it is put away, if it hears nothing until then.
    park_at: Instant,
}

/// How a part of a service's life ended.
enum Left {
    /// It was told to stop, or the switch stops.
    Stopped,
    /// It begins anew from what the store has.
    Again,
}

/// Runs a service until it is told to stop.
pub(super) async fn run(
    hub: Arc<Hub>,
    module: Arc<Module>,
    shared: Arc<Shared>,
    mut orders: mpsc::Receiver<Order>,
) {
    let feed = open_feed(&hub, &module, None);
    let now = Instant::now();
    let mut service = Service {
        hub,
        module,
        shared,
        feed,
        driver: None,
        save_at: now,
        retry_at: now,
        park_at: now + PARK_AFTER,
    };
    loop {
        let left = match service.begin(&mut orders).await {
            Ok(()) => service.live(&mut orders).await,
            Err(Left::Again) => service.rest(&mut orders).await,
            Err(Left::Stopped) => Left::Stopped,
        };
        if matches!(left, Left::Stopped) {
            return;
        }
    }
}

fn lost() -> ScriptError {
    ScriptError {
        message: "the module host broke".to_owned(),
        line: None,
        stack: String::new(),
        kind: ScriptErrorKind::Runtime,
    }
}

impl Service {
    /// Says in the journal that an instance begins here.
    async fn announce(&mut self, why: &str) {
        let payload = json!({
            "module": self.module.name,
            "version": self.module.manifest.version,
            "why": why,
        });
        let topic = STARTED_TOPIC.into();
        self.hub
            .write(&self.module.tenant, topic, payload.to_string())
            .await;
    }

    /// Counts a fault. Some: with this the module is disabled, for so long.
    fn blame(&self, error: &ScriptError) -> Option<Duration> {
        self.hub.blame(&self.module, error)
    }

    /// An event of the journal as this service hears it, where it does.
    fn arrival(&self, told: Told) -> Option<Arrival> {
        let bytes = told.payload.len();
        let entry = if told.topic == INPUT_TOPIC {
            Entry::Input(Journalled::of_payload(&self.module.name, &told.payload)?)
        } else if self.hears(&told.topic) {
            Entry::Event(Event {
                seq: told.seq,
                at_ms: told.at_ms,
                topic: told.topic,
                call: told.call,
                leg: told.leg,
                payload: serde_json::from_str(&told.payload).unwrap_or(Value::Null),
            })
        } else if is_own(&self.module.name, &told.topic) {
            Entry::Published { topic: told.topic }
        } else {
            return None;
        };
        Some(Arrival {
            seq: told.seq,
            at_ms: told.at_ms,
            bytes,
            entry,
        })
    }

    fn hears(&self, topic: &str) -> bool {
        let known = &self.module.manifest.topics.subscribe;
        known.iter().any(|heard| heard == topic)
    }

    /// Up, until it is told to stop.
    async fn live(&mut self, orders: &mut mpsc::Receiver<Order>) -> Left {
        loop {
            self.ring().await;
            let Some(driver) = &self.driver else {
                return Left::Again;
            };
            let (is_up, is_dirty) = (!driver.is_down(), driver.is_dirty());
            let parks = is_up && !driver.is_parked();
            let timer = driver.next_timer();
            let timer = timer.map(|due| Instant::now() + ms(due.saturating_sub(unix_ms())));
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    None => return Left::Stopped,
                    Some(Order::Stop(done)) => {
                        self.save().await;
                        let _ = done.send(());
                        return Left::Stopped;
                    }
                    Some(order) => self.obey(order).await,
                },
                () = tokio::time::sleep_until(self.save_at), if is_up && is_dirty => self.save().await,
                () = tokio::time::sleep_until(self.retry_at), if !is_up => self.retry().await,
                () = tokio::time::sleep_until(self.park_at), if parks => self.park().await,
                () = until(timer), if is_up => {}
                fed = self.feed.next(), if is_up => {
                    let Some(fed) = fed else { return Left::Stopped };
                    self.hear(fed).await;
                }
            }
        }
    }

    /// Lets the driver compute on a service thread. None: the host itself broke in it, and the
    /// service is down.
    async fn compute<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Driver) -> T + Send + 'static,
    ) -> Option<T> {
        let mut driver = self.driver.take()?;
        let done = self.hub.pool.run(&self.module.tenant, move || {
            let result = catch_unwind(AssertUnwindSafe(|| work(&mut driver)));
            (driver, result.ok())
        });
        let (driver, result) = done.await.ok()?;
        self.driver = Some(driver);
        if result.is_none() {
            self.fall(Some(&lost())).await;
        }
        result
    }

    /// Timers that are due go into the journal; they ring when they come from there.
    async fn ring(&mut self) {
        let Some(driver) = self.driver.as_mut().filter(|d| !d.is_down()) else {
            return;
        };
        for timer in driver.due(unix_ms()) {
            self.hub.feed(&self.module, &timer).await;
        }
    }

    async fn hear(&mut self, first: Fed) {
        if self.module.health.state(self.hub.clock.read().now) != State::Enabled {
            // What it does not hear now stays in the journal.
            return self.fall(None).await;
        }
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(fed) = next {
            if let Fed::Event(told) = fed {
                batch.extend(self.arrival(told));
            }
            next = match batch.len() < AT_ONCE {
                true => self.feed.ready(),
                false => None,
            };
        }
        if batch.is_empty() {
            return;
        }
        self.park_at = Instant::now() + PARK_AFTER;
        let by_door = |arrival: &&Arrival| {
            matches!(
                arrival.entry,
                Entry::Input(
                    Journalled::StepStarted { .. }
                        | Journalled::StepAnswered { .. }
                        | Journalled::StepGone { .. }
                )
            )
        };
        self.shared.fewer(batch.iter().filter(by_door).count());
        if let Some(handled) = self.compute(move |driver| driver.handle(batch)).await {
            self.done(handled).await;
        }
    }

    async fn done(&mut self, handled: Handled) {
        let mut rests = None;
        for fault in &handled.faults {
            rests = self.blame(fault).or(rests);
        }
        carry_out(&self.hub, &self.module, handled.effects).await;
        let is_down = self.driver.as_ref().is_none_or(Driver::is_down);
        if rests.is_some() || is_down {
            self.fall(handled.faults.last()).await;
        } else if let Some(fault) = handled.faults.last() {
            self.hub.restarted(&self.module, &fault.message).await;
        }
    }

    /// Down: steps fail, and it is tried again later.
    async fn fall(&mut self, why: Option<&ScriptError>) {
        self.shared.set(Phase::Down);
        self.retry_at = Instant::now() + RETRY_AFTER;
        let why = why.cloned().unwrap_or_else(lost);
        if let Some(driver) = &mut self.driver {
            let handled = driver.take_down(&why);
            carry_out(&self.hub, &self.module, handled.effects).await;
        }
    }

    /// Tries a service that is down, unless the breaker says it must rest.
    async fn retry(&mut self) {
        self.retry_at = Instant::now() + RETRY_AFTER;
        if self.module.health.state(self.hub.clock.read().now) != State::Enabled {
            return;
        }
        let Some(handled) = self.compute(Driver::mend).await else {
            return;
        };
        for fault in &handled.faults {
            self.blame(fault);
        }
        carry_out(&self.hub, &self.module, handled.effects).await;
        let is_up = self.driver.as_ref().is_some_and(|d| !d.is_down());
        self.rejoin().await;
        if is_up {
            self.hub.restarted(&self.module, "it was down").await;
        }
    }

    /// Hears the journal again from where the driver is.
    async fn rejoin(&mut self) {
        let Some(driver) = self.driver.as_ref().filter(|d| !d.is_down()) else {
            return;
        };
        let (cursor, facts) = (driver.cursor(), driver.facts());
        self.feed = open_feed(&self.hub, &self.module, Some(cursor));
        self.shared.set(Phase::Up);
        carry_out(&self.hub, &self.module, facts).await;
        self.announce("again").await;
    }

    /// Puts the instance away: an idle service costs what its snapshot does.
    async fn park(&mut self) {
        self.park_at = Instant::now() + PARK_AFTER;
        let parked = self.compute(|driver| {
            let mut handled = Handled::default();
            let newer = driver.park(&mut handled);
            (newer, handled)
        });
        let Some((newer, handled)) = parked.await else {
            return;
        };
        if let Some(snapshot) = newer {
            let cursor = snapshot.kept.cursor;
            self.hub
                .keep(&self.module, cursor, snapshot.to_bytes())
                .await;
        }
        self.done(handled).await;
    }

    async fn save(&mut self) {
        let saved = self.compute(|driver| {
            let mut handled = Handled::default();
            let snapshot = driver.save(&mut handled);
            (snapshot, handled)
        });
        let Some((snapshot, handled)) = saved.await else {
            return;
        };
        let mut pause = SAVE_EVERY;
        if let Some(snapshot) = snapshot {
            let large = snapshot.state.len() / SAVE_BYTES_A_SECOND;
            pause += Duration::from_secs(large as u64);
            let cursor = snapshot.kept.cursor;
            self.hub
                .keep(&self.module, cursor, snapshot.to_bytes())
                .await;
        }
        self.save_at = Instant::now() + pause.min(SAVE_RARELY);
        self.done(handled).await;
    }
}

fn is_own(module: &str, topic: &str) -> bool {
    let rest = topic.strip_prefix(module);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// An order that cannot be obeyed now.
pub(super) fn refuse(order: Order, why: &str) {
    let text = || why.to_owned();
    match order {
        // What cannot be tried is not refused for that: the swap will say.
        Order::Try(_, done) => drop(done.send(Ok(()))),
        Order::Reload(_, done) => drop(done.send(Err(text()))),
        Order::Render(_, _, done) => drop(done.send(Err(text()))),
        Order::Stop(done) => drop(done.send(())),
    }
}
