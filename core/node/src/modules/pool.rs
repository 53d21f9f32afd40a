//! Where guests of services and reporters compute: on the crew, at the cost of their tenant. The
//! runtime's own threads carry sockets and files and must not wait for other people's code.
//!
//! Each instance has at most one piece of work here at a time, so what waits is bounded by the
//! number of instances. While a tenant's share of CPU time is spent its work waits, and what its
//! services have still to hear waits in the journal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cordboard_call::ids::TenantId;
use cordboard_host::crew::{Crew, Job};
use tokio::sync::oneshot;

/// The host itself broke in that work; what it held is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the module host broke")]
pub struct Broken;

/// The crew, for work that is awaited.
pub struct Pool {
    crew: Arc<Crew>,
}

impl Pool {
    /// Work is done there.
    pub fn of(crew: Arc<Crew>) -> Pool {
        Pool { crew }
    }

    /// Does a tenant's work there and gives what came of it.
    ///
    /// # Errors
    /// It panicked, or there is no thread.
    pub async fn run<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Broken> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            if let Ok(value) = catch_unwind(AssertUnwindSafe(work)) {
                let _ = done.send(value);
            }
        });
        let account = self.crew.accounts().of(tenant);
        match self.crew.put(&account, job) {
            true => result.await.map_err(|_| Broken),
            false => Err(Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_host::CpuTime;
    use cordboard_host::crew::CrewParts;

    #[tokio::test]
    async fn work_that_breaks_is_said_so_and_the_thread_goes_on() {
        let parts = CrewParts {
            places: 1,
            time: CpuTime::counted(),
            begin: Box::new(|| {}),
        };
        let pool = Pool::of(Arc::new(Crew::new(&Arc::default(), parts)));
        let tenant = TenantId::new("demo");
        let broken = pool.run(&tenant, || panic!("as the story wants it")).await;
        assert_eq!(broken, Err::<(), _>(Broken));
        assert_eq!(pool.run(&tenant, || 7).await, Ok(7));
    }
}
