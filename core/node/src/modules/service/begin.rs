//! How a service begins: its snapshot, the journal since then, and waking up.

use std::sync::Arc;

use cordboard_host::module::{Module, State};
use cordboard_host::service::{Arrival, Driver, INPUT_TOPIC, Identity, MakeGuest, Snapshot};
use cordboard_steps::ScriptError;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{AT_ONCE, Left, Order, Phase, RETRY_AFTER, STARTED_TOPIC, Service, lost, refuse};
use crate::chance::Chance;
use crate::clock::unix_ms;
use crate::modules::effects::carry_out;
use crate::modules::feed::{Fed, Feed};
use crate::modules::hub::Hub;

pub(super) fn open_feed(hub: &Hub, module: &Module, cursor: Option<u64>) -> Feed {
    let own = [INPUT_TOPIC, STARTED_TOPIC].map(str::to_owned);
    let heard = module.manifest.topics.subscribe.iter().cloned();
    let topics = heard.chain(own).chain([module.name.clone()]);
    let tenant = Arc::clone(&module.tenant.0);
    let from = (Arc::clone(&hub.store), hub.journal.clone());
    Feed::open(&hub.bus, from, tenant, topics, cursor)
}

pub(super) fn identity(module: &Module) -> Identity {
    Identity {
        module: module.name.clone(),
        source: module.manifest.name.clone(),
        state_version: module.manifest.code.state_version,
    }
}

pub(super) fn maker(module: &Arc<Module>) -> MakeGuest {
    let module = Arc::clone(module);
    Box::new(move || module.guest.service(&module))
}

impl Service {
    /// Makes the driver, lets it recall the journal since its snapshot, and wakes it.
    pub(super) async fn begin(&mut self, orders: &mut mpsc::Receiver<Order>) -> Result<(), Left> {
        self.shared.set(Phase::Starting);
        let stored = self.hub.kept(&self.module).await;
        let snapshot = stored
            .and_then(|stored| Snapshot::of_bytes(&stored.bytes))
            .filter(|snapshot| snapshot.kept.source == self.module.manifest.name);
        let cursor = snapshot.as_ref().map(|s| s.kept.cursor);
        self.feed = open_feed(&self.hub, &self.module, cursor);
        self.announce("start").await;
        let mut made = match &snapshot {
            Some(snapshot) => Some(self.revive(snapshot.clone()).await.ok_or(Left::Again)?),
            None => None,
        };
        let mut batch = Vec::new();
        loop {
            let fed = tokio::select! {
                fed = self.feed.next() => fed,
                order = orders.recv() => match order {
                    None => return Err(Left::Stopped),
                    Some(Order::Stop(done)) => {
                        let _ = done.send(());
                        return Err(Left::Stopped);
                    }
                    Some(Order::Reload(module, done)) => {
                        self.module = module;
                        let _ = done.send(Ok(()));
                        return Err(Left::Again);
                    }
                    Some(order) => {
                        refuse(order, "it is starting");
                        continue;
                    }
                },
            };
            match fed {
                None => return Err(Left::Stopped),
                Some(Fed::Event(told)) => batch.extend(self.arrival(told)),
                Some(Fed::CaughtUp(_)) => break,
            }
            if batch.len() >= AT_ONCE {
                made = self.recall(made, std::mem::take(&mut batch)).await;
            }
        }
        if snapshot.is_none() {
            made = self.fresh().await;
            batch.clear();
        }
        let mut driver = self.recall(made, batch).await.ok_or(Left::Again)?;
        driver.begin_at(self.feed.cursor());
        let effects = driver.wake();
        self.driver = Some(driver);
        self.shared.set(Phase::Up);
        carry_out(&self.hub, &self.module, effects).await;
        self.save().await;
        Ok(())
    }

    /// It could not begin: down for a while, or until there is new code.
    pub(super) async fn rest(&mut self, orders: &mut mpsc::Receiver<Order>) -> Left {
        self.shared.set(Phase::Down);
        let mut wakes = Instant::now() + RETRY_AFTER;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(wakes) => {
                    let now = self.hub.clock.read().now;
                    if self.module.health.state(now) == State::Enabled {
                        return Left::Again;
                    }
                    wakes = Instant::now() + RETRY_AFTER;
                }
                order = orders.recv() => match order {
                    None => return Left::Stopped,
                    Some(Order::Stop(done)) => {
                        let _ = done.send(());
                        return Left::Stopped;
                    }
                    Some(Order::Reload(module, done)) => {
                        self.module = module;
                        let _ = done.send(Ok(()));
                        return Left::Again;
                    }
                    Some(order) => refuse(order, "it is down"),
                },
            }
        }
    }

    async fn revive(&mut self, snapshot: Snapshot) -> Option<Driver> {
        let (identity, make) = (identity(&self.module), maker(&self.module));
        let permit = Box::new(Arc::clone(&self.module));
        let made = self
            .hub
            .pool
            .run(&self.module.tenant, move || {
                Driver::revive(identity, permit, make, snapshot)
            })
            .await;
        self.made(made.unwrap_or_else(|_| Err(lost())))
    }

    async fn fresh(&mut self) -> Option<Driver> {
        let (identity, make) = (identity(&self.module), maker(&self.module));
        let permit = Box::new(Arc::clone(&self.module));
        let seed = crate::data_dir::random_bytes().map_or_else(|_| unix_ms(), u64::from_le_bytes);
        let begins = (Chance::seeded(seed).draw(), self.feed.cursor());
        let made = self
            .hub
            .pool
            .run(&self.module.tenant, move || {
                Driver::fresh(identity, permit, make, begins)
            })
            .await;
        self.made(made.unwrap_or_else(|_| Err(lost())))
    }

    fn made(&self, made: Result<Driver, ScriptError>) -> Option<Driver> {
        made.map_err(|error| self.blame(&error)).ok()
    }

    async fn recall(&mut self, driver: Option<Driver>, batch: Vec<Arrival>) -> Option<Driver> {
        let mut driver = driver?;
        if batch.is_empty() {
            return Some(driver);
        }
        let recalled = self.hub.pool.run(&self.module.tenant, move || {
            let handled = driver.recall(batch);
            (driver, handled)
        });
        let (driver, handled) = recalled.await.ok()?;
        for fault in &handled.faults {
            self.blame(fault);
        }
        (!driver.is_down()).then_some(driver)
    }
}
