//! The task of one reporter: folds its tenant's journal from the beginning, then live.
//!
//! Totals are kept in the store with the number of their last event; a reporter of another
//! version, or one whose totals are lost, folds again from the first event, in chunks, while
//! calls go on. A verb is answered from what is folded by then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use cordboard_host::contract::{Event, Report};
use cordboard_host::module::{Module, State};
use cordboard_host::reporter::{FOLD_MAX, Folded, Folder, MakeReporter, Totals};
use cordboard_steps::ScriptError;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Order;
use super::feed::{Fed, Feed};
use super::hub::Hub;
use super::service::{STARTED_TOPIC, refuse};

/// Totals are kept at most so often.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// A reporter that cannot be made is tried again after this.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A reporter that folded nothing for so long is put away until there is something.
const PARK_AFTER: Duration = Duration::from_secs(60);

struct Reporter {
    hub: Arc<Hub>,
    module: Arc<Module>,
    feed: Feed,
    folder: Option<Folder>,
    save_at: Instant,
    park_at: Instant,
}

/// Runs a reporter until it is told to stop.
pub(super) async fn run(hub: Arc<Hub>, module: Arc<Module>, mut orders: mpsc::Receiver<Order>) {
    let feed = open_feed(&hub, &module, 0);
    let mut reporter = Reporter {
        hub,
        module,
        feed,
        folder: None,
        save_at: Instant::now(),
        park_at: Instant::now() + PARK_AFTER,
    };
    reporter.begin().await;
    reporter.live(&mut orders).await;
}

fn open_feed(hub: &Hub, module: &Module, cursor: u64) -> Feed {
    let heard = module.manifest.topics.subscribe.iter().cloned();
    let topics = heard.chain([STARTED_TOPIC.to_owned()]);
    let tenant = Arc::clone(&module.tenant.0);
    let from = (Arc::clone(&hub.store), hub.journal.clone());
    Feed::open(&hub.bus, from, tenant, topics, Some(cursor))
}

fn version(module: &Module) -> (u32, String) {
    let manifest = &module.manifest;
    let source = format!("{} {}", manifest.name, manifest.version);
    (manifest.code.state_version, source)
}

impl Reporter {
    async fn begin(&mut self) {
        let stored = self.hub.kept(&self.module).await;
        let totals = stored.and_then(|stored| Totals::of_bytes(&stored.bytes));
        let module = Arc::clone(&self.module);
        let made = self.hub.pool.run(&self.module.tenant, move || {
            let (version, source) = version(&module);
            let make: MakeReporter = Box::new(move || module.guest.reporter(&module));
            Folder::start((version, &source), make, totals)
        });
        self.folder = match made.await {
            Ok(Ok(folder)) => Some(folder),
            Ok(Err(error)) => {
                self.blame(&error);
                None
            }
            Err(_) => None,
        };
        let cursor = self.folder.as_ref().map_or(0, Folder::cursor);
        self.rewind(cursor).await;
    }

    /// Hears the journal after this number.
    async fn rewind(&mut self, cursor: u64) {
        self.feed = open_feed(&self.hub, &self.module, cursor);
        let payload = json!({
            "module": self.module.name,
            "version": self.module.manifest.version,
            "why": "fold",
        });
        self.hub
            .write(
                &self.module.tenant,
                STARTED_TOPIC.into(),
                payload.to_string(),
            )
            .await;
    }

    fn blame(&self, error: &ScriptError) {
        let _ = self.hub.blame(&self.module, error);
    }

    fn is_enabled(&self) -> bool {
        self.module.health.state(self.hub.clock.read().now) == State::Enabled
    }

    async fn live(&mut self, orders: &mut mpsc::Receiver<Order>) {
        let mut retry_at = Instant::now() + RETRY_AFTER;
        loop {
            let is_up = self.folder.as_ref().is_some_and(|f| !f.is_down()) && self.is_enabled();
            let is_dirty = self.folder.as_ref().is_some_and(Folder::is_dirty);
            let parks = self.folder.as_ref().is_some_and(|f| !f.is_parked());
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    None => return,
                    Some(Order::Stop(done)) => {
                        self.save().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(order) => self.obey(order).await,
                },
                () = tokio::time::sleep_until(self.save_at), if is_up && is_dirty => self.save().await,
                () = tokio::time::sleep_until(self.park_at), if is_up && parks => self.park().await,
                () = tokio::time::sleep_until(retry_at), if !is_up => {
                    retry_at = Instant::now() + RETRY_AFTER;
                    if self.is_enabled() {
                        self.begin().await;
                    }
                }
                fed = self.feed.next(), if is_up => {
                    let Some(fed) = fed else { return };
                    self.hear(fed).await;
                }
            }
        }
    }

    async fn hear(&mut self, first: Fed) {
        let mut events = Vec::new();
        let mut next = Some(first);
        while let Some(fed) = next {
            if let Fed::Event(told) = fed
                && told.seq != 0
                && self.hears(&told.topic)
            {
                events.push(Event {
                    seq: told.seq,
                    at_ms: told.at_ms,
                    topic: told.topic,
                    call: told.call,
                    leg: told.leg,
                    payload: serde_json::from_str(&told.payload).unwrap_or(Value::Null),
                });
            }
            next = match events.len() < FOLD_MAX {
                true => self.feed.ready(),
                false => None,
            };
        }
        let passed = self.feed.cursor();
        if !events.is_empty() {
            self.park_at = Instant::now() + PARK_AFTER;
        }
        let folded = self.compute(move |folder| {
            let folded = folder.fold(events);
            if folded.rewind.is_none() {
                folder.pass(passed);
            }
            folded
        });
        let Some(Folded { faults, rewind }) = folded.await else {
            return;
        };
        for fault in &faults {
            self.blame(fault);
        }
        if let Some(cursor) = rewind {
            self.rewind(cursor).await;
        }
        if let Some(fault) = faults.last() {
            self.hub.restarted(&self.module, &fault.message).await;
        }
    }

    fn hears(&self, topic: &str) -> bool {
        let known = &self.module.manifest.topics.subscribe;
        known.iter().any(|heard| heard == topic)
    }

    /// Lets the guest compute on a service thread. None: the host itself broke; the reporter is
    /// made anew from the store.
    async fn compute<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Folder) -> T + Send + 'static,
    ) -> Option<T> {
        let mut folder = self.folder.take()?;
        let done = self.hub.pool.run(&self.module.tenant, move || {
            let result = catch_unwind(AssertUnwindSafe(|| work(&mut folder)));
            result.ok().map(|result| (folder, result))
        });
        let (folder, result) = done.await.ok()??;
        self.folder = Some(folder);
        Some(result)
    }

    async fn save(&mut self) {
        self.kept_by(Folder::save).await;
    }

    /// Puts the instance away, with its totals kept.
    async fn park(&mut self) {
        self.park_at = Instant::now() + PARK_AFTER;
        self.kept_by(Folder::park).await;
    }

    async fn kept_by(&mut self, keeps: fn(&mut Folder) -> Result<Totals, ScriptError>) {
        self.save_at = Instant::now() + SAVE_EVERY;
        match self.compute(keeps).await {
            Some(Ok(totals)) => {
                let cursor = totals.cursor;
                self.hub.keep(&self.module, cursor, totals.to_bytes()).await;
            }
            Some(Err(fault)) => {
                self.blame(&fault);
                let cursor = self.folder.as_ref().map_or(0, Folder::cursor);
                self.rewind(cursor).await;
            }
            None => {}
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            // Another version folds anew: there is nothing to take over.
            Order::Try(_, done) => drop(done.send(Ok(()))),
            Order::Reload(module, done) => {
                self.save().await;
                self.module = module;
                self.begin().await;
                let _ = done.send(Ok(()));
            }
            Order::Render(verb, arguments, done) => {
                let _ = done.send(self.render(verb, arguments).await);
            }
            other => refuse(other, "it is a reporter"),
        }
    }

    async fn render(&mut self, verb: String, arguments: Value) -> Result<Report, String> {
        // What was journalled before the verb is in its answer.
        while let Some(fed) = self.feed.ready() {
            self.hear(fed).await;
        }
        let name = self.module.name.clone();
        let rendered = self.compute(move |folder| {
            let answer = folder.render(&verb, &arguments);
            (answer, folder.cursor())
        });
        match rendered.await {
            Some((Ok(Ok(report)), _)) => Ok(report),
            Some((Ok(Err(refused)), _)) => Err(match refused.message.is_empty() {
                true => refused.kind.word().to_owned(),
                false => refused.message,
            }),
            Some((Err(fault), cursor)) => {
                self.blame(&fault);
                self.rewind(cursor).await;
                Err(format!("module `{name}` broke on this verb: {fault}"))
            }
            None => Err(format!("module `{name}` is down; it is tried again")),
        }
    }
}
