//! What a service is ordered: try another version, take it over.

use std::sync::Arc;

use cordboard_host::module::Module;
use cordboard_host::service::{Driver, Handled};

use super::begin::{identity, maker};
use super::{Order, Service, lost, refuse};

impl Service {
    pub(super) async fn obey(&mut self, order: Order) {
        match order {
            Order::Try(module, done) => {
                let _ = done.send(self.attempt(&module).await);
            }
            Order::Reload(module, done) => {
                let _ = done.send(self.reload(module).await);
            }
            other => refuse(other, "it is a service"),
        }
    }

    /// A new instance of that code takes the state as it is now, and is dropped.
    async fn attempt(&mut self, module: &Arc<Module>) -> Result<(), String> {
        let (identity, make) = (identity(module), maker(module));
        let permit = Box::new(Arc::clone(module));
        let tried = self.compute(move |driver| {
            let mut handled = Handled::default();
            let snapshot = match driver.is_down() {
                true => Some(driver.snapshot()),
                false => driver.save(&mut handled),
            };
            let result = match snapshot {
                Some(snapshot) => Driver::revive(identity, permit, make, (*snapshot).clone())
                    .map(drop)
                    .map_err(|error| error.message),
                None => Err("its state cannot be saved".to_owned()),
            };
            (handled, result)
        });
        let Some((handled, result)) = tried.await else {
            return Err(lost().message);
        };
        self.done(handled).await;
        result
    }

    async fn reload(&mut self, module: Arc<Module>) -> Result<(), String> {
        let was_up = self.driver.as_ref().is_some_and(|d| !d.is_down());
        let (identity, make) = (identity(&module), maker(&module));
        let permit = Box::new(Arc::clone(&module));
        let reloaded = self.compute(move |driver| driver.reload(identity, permit, make));
        reloaded.await.ok_or_else(|| lost().message)??;
        let (old, new) = (&self.module.manifest.topics, &module.manifest.topics);
        let hears_the_same = old.subscribe == new.subscribe;
        self.module = module;
        match was_up && hears_the_same {
            true => self.announce("reload").await,
            false => self.rejoin().await,
        }
        Ok(())
    }
}
