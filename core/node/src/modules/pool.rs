//! Threads on which guests of services and reporters compute: the runtime's own threads carry
//! sockets and files and must not wait for other people's code.
//!
//! Each instance has at most one piece of work here at a time, so what waits is bounded by the
//! number of instances.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Stack of a thread.
const STACK_BYTES: usize = 4 << 20;

/// The host itself broke in that work; what it held is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the module host broke")]
pub struct Broken;

/// Threads that take work.
pub struct Pool {
    jobs: Sender<Job>,
}

impl Pool {
    /// Starts `count` threads, at least one.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(count: usize) -> std::io::Result<Pool> {
        let (jobs, waiting) = channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..count.max(1) {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name(format!("service-{n}"))
                .stack_size(STACK_BYTES)
                .spawn(move || work(&waiting))?;
        }
        Ok(Pool { jobs })
    }

    /// Does work there and gives what came of it.
    ///
    /// # Errors
    /// It panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Broken> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            if let Ok(value) = catch_unwind(AssertUnwindSafe(work)) {
                let _ = done.send(value);
            }
        });
        self.jobs.send(job).map_err(|_| Broken)?;
        result.await.map_err(|_| Broken)
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_breaks_is_said_so_and_the_thread_goes_on() {
        let pool = Pool::start(1).unwrap();
        let broken = pool.run(|| panic!("as the story wants it")).await;
        assert_eq!(broken, Err::<(), _>(Broken));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }
}
