//! Media threads: they own the RTP sockets and run an engine each, apart from signalling.
//!
//! A thread waits for packets, for its mailbox and for its engine's next moment, whichever is
//! first. io_uring with batches is tried at start and epoll taken where it is forbidden. Legs of
//! one call share a shard, a shard's ports belong to one thread, so bridges never cross threads.

mod epoll;
mod ports;
mod recorder;
pub mod sys;
mod uring;
mod worker;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use cordboard_media::{Command, Engine, Event, StreamId};

use crate::clock::Clock;
use crate::mailbox::{Sender, mailbox};
use ports::PoolSettings;
pub use ports::{Pair, PortPool, pairs};
use recorder::{Listener, Recorder};
use worker::{Core, Worker, poller};

/// Commands waiting for one thread; a command that finds no room is given back to its sender.
const MAILBOX_COMMANDS: usize = 16_384;
/// Most threads.
pub const THREADS_MAX: u32 = 64;

/// What media threads are told at start.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// First and last RTP port; RTP on even ones, RTCP above.
    pub port_range: (u16, u16),
    /// Differentiated services code point of RTP and RTCP, 0 to 63; 46 is expedited forwarding.
    pub dscp: u8,
    /// How many threads, 1 to `THREADS_MAX`.
    pub threads: u32,
    /// Folder of recordings.
    pub recordings_dir: PathBuf,
    /// Do not try io_uring.
    pub force_epoll: bool,
    /// Spreads reports in time.
    pub seed: u64,
}

/// Which way a thread waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// io_uring: multishot receives into shared buffers, sends in batches.
    IoUring,
    /// epoll: a system call a packet.
    Epoll,
}

impl Waiting {
    /// Its name in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::IoUring => "io_uring",
            Self::Epoll => "epoll",
        }
    }
}

/// What a thread is told.
pub(super) enum Input {
    Command(Command),
    Attach { stream: StreamId, pair: Arc<Pair> },
    Detach { stream: StreamId },
    Stop,
}

/// Counters of all threads, for metrics.
#[derive(Debug, Default)]
pub struct MediaCounters {
    /// Datagrams read.
    pub received: AtomicU64,
    /// Datagrams handed to the kernel.
    pub sent: AtomicU64,
    /// Datagrams that the kernel did not take.
    pub unsent: AtomicU64,
}

/// The way to the media threads; clones share them.
#[derive(Clone)]
pub struct MediaHandle {
    mailboxes: Arc<[Sender<Input>]>,
}

impl MediaHandle {
    /// Hands a command to its stream's thread; gives it back when that thread has no room.
    pub fn send(&self, command: Command) -> Result<(), Command> {
        self.put(command)?;
        self.ring();
        Ok(())
    }

    /// The same without waking the thread: for several commands and one `ring` behind them.
    pub fn put(&self, command: Command) -> Result<(), Command> {
        let threads = self.mailboxes.len() as u32;
        let Some(stream) = stream_of(&command) else {
            // A recording's number says no thread: each is asked, one knows it.
            let mut refused = Ok(());
            for mailbox in self.mailboxes.iter() {
                if mailbox.put(Input::Command(command.clone())).is_err() {
                    refused = Err(command.clone());
                }
            }
            return refused;
        };
        let at = (stream.slot % threads.max(1)) as usize;
        let Some(mailbox) = self.mailboxes.get(at) else {
            return Err(command);
        };
        mailbox
            .put(Input::Command(command))
            .map_err(|full| match full.0 {
                Input::Command(command) => command,
                _ => Command::Close { stream },
            })
    }

    /// Wakes the threads for what was put.
    pub fn ring(&self) {
        for mailbox in self.mailboxes.iter() {
            mailbox.ring();
        }
    }
}

fn stream_of(command: &Command) -> Option<StreamId> {
    match command {
        Command::Open { port, .. } => Some(port.stream),
        Command::Configure { stream, .. }
        | Command::Unbridge { stream }
        | Command::Play { stream, .. }
        | Command::StopPlay { stream }
        | Command::SendDigits { stream, .. }
        | Command::Secret { stream, .. }
        | Command::Close { stream } => Some(*stream),
        Command::Bridge { a, .. } => Some(*a),
        Command::Record { left, .. } => Some(*left),
        Command::StopRecord { .. } => None,
    }
}

/// The running threads: at least one.
pub struct MediaThreads {
    config: MediaConfig,
    clock: Clock,
    mailboxes: Arc<[Sender<Input>]>,
    threads: Vec<JoinHandle<()>>,
    recorder: Recorder,
    waiting: Waiting,
    counters: Arc<MediaCounters>,
}

impl MediaThreads {
    /// Starts the threads and the recorder. `events` is called on their threads and must not wait.
    pub fn start(
        config: MediaConfig,
        clock: Clock,
        events: impl Fn(Event) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let files = sys::raise_open_files();
        let events: Listener = Arc::new(events);
        let recorder = Recorder::start(config.recordings_dir.clone(), Arc::clone(&events))?;
        let counters = Arc::new(MediaCounters::default());
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        let mut waiting = Waiting::Epoll;
        for number in 0..config.threads.clamp(1, THREADS_MAX) {
            let (sender, inputs) = mailbox(MAILBOX_COMMANDS)?;
            let (tell, told) = std::sync::mpsc::sync_channel(1);
            let desk = recorder.desk(Arc::clone(&events));
            let listener = Arc::clone(&events);
            let core = Core {
                engine: Engine::new(config.seed.wrapping_add(u64::from(number))),
                sockets: Vec::new(),
                now: clock.read().now,
                counters: Arc::clone(&counters),
            };
            let force_epoll = config.force_epoll;
            let thread = std::thread::Builder::new()
                .name(format!("media-{number}"))
                .spawn(move || match poller(inputs.fd(), force_epoll) {
                    Ok((kind, poller)) => {
                        let _ = tell.send(Ok(kind));
                        let worker = Worker {
                            core,
                            poller,
                            clock,
                            inputs,
                            desk,
                            listener,
                        };
                        worker.run();
                    }
                    Err(error) => {
                        let _ = tell.send(Err(error));
                    }
                })?;
            waiting = told
                .recv()
                .unwrap_or_else(|_| Err(io::Error::other("a media thread died")))?;
            senders.push(sender);
            threads.push(thread);
        }
        tracing::info!(
            io = waiting.name(),
            threads = threads.len(),
            open_files = files,
            "media threads run"
        );
        Ok(Self {
            config,
            clock,
            mailboxes: senders.into(),
            threads,
            recorder,
            waiting,
            counters,
        })
    }

    /// The way to the threads.
    pub fn handle(&self) -> MediaHandle {
        MediaHandle {
            mailboxes: Arc::clone(&self.mailboxes),
        }
    }

    /// The ports of a shard: its own part of the range, on one thread. Each shard, of so many,
    /// takes its pool once.
    pub fn ports(&self, shard: u32, shards: u32) -> io::Result<PortPool> {
        let threads = self.mailboxes.len() as u32;
        let mailbox = self
            .mailboxes
            .get((shard % threads.max(1)) as usize)
            .ok_or_else(|| io::Error::other("no media thread"))?;
        let (first, last) = self.config.port_range;
        let pairs = u32::from(last.saturating_sub(first)).div_ceil(2);
        let share = pairs / shards.max(1);
        let begin = u32::from(first) + 2 * share * shard;
        let end = if shard + 1 == shards {
            u32::from(last)
        } else {
            begin + 2 * share - 1
        };
        let clamp = |port: u32| u16::try_from(port).unwrap_or(u16::MAX);
        let settings = PoolSettings {
            first: clamp(begin),
            last: clamp(end),
            dscp: self.config.dscp,
            // Pools that share a thread must not share slot numbers either.
            thread: shard,
            threads: threads.max(shards.next_multiple_of(threads)),
        };
        Ok(PortPool::new(settings, self.clock, mailbox.clone()))
    }

    /// Which way they wait.
    pub fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// Counters of all threads.
    pub fn counters(&self) -> Arc<MediaCounters> {
        Arc::clone(&self.counters)
    }

    /// Ends the threads; open recordings are completed first.
    pub fn stop(mut self) {
        for mailbox in self.mailboxes.iter() {
            let _ = mailbox.send(Input::Stop);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.recorder.stop();
    }
}

impl MediaCounters {
    /// Adds to a counter that only its own thread writes often.
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
