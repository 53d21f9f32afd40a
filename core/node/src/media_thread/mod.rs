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

use std::io;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use cordboard_media::engine::SEND_BYTES_MAX;
use cordboard_media::{Command, Engine, Event, Recorded, StreamId, Transmit};

use crate::clock::Clock;
use crate::mailbox::{Mailbox, Sender, mailbox};
use ports::PoolSettings;
pub use ports::{Pair, PortPool};
use recorder::{Desk, Listener, Recorder};

/// Commands waiting for one thread; a command that finds no room is given back to its sender.
const MAILBOX_COMMANDS: usize = 16_384;
/// Commands taken before packets get their turn again.
const MAILBOX_TURN: usize = 512;
/// Packets of the engine's own that leave before sockets are read again.
const SEND_TURN: usize = 1_024;
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
        let threads = self.mailboxes.len() as u32;
        let Some(stream) = stream_of(&command) else {
            // A recording's number says no thread: each is asked, one knows it.
            let mut refused = Ok(());
            for mailbox in self.mailboxes.iter() {
                if mailbox.try_send(Input::Command(command.clone())).is_err() {
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
            .try_send(Input::Command(command))
            .map_err(|full| match full.0 {
                Input::Command(command) => command,
                _ => Command::Close { stream },
            })
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

/// io_uring if it really works here, else epoll.
fn poller(mail: RawFd, force_epoll: bool) -> io::Result<(Waiting, Box<dyn Poller>)> {
    if !force_epoll {
        match uring::Uring::new(mail) {
            Ok(uring) => return Ok((Waiting::IoUring, Box::new(uring))),
            Err(error) => tracing::info!(%error, "io_uring cannot be used here, epoll is"),
        }
    }
    Ok((Waiting::Epoll, Box::new(epoll::Epoll::new(mail)?)))
}

/// An attached pair of sockets.
pub(super) struct Attached {
    pub stream: StreamId,
    pub pair: Arc<Pair>,
}

/// What a poller works on: the engine and the sockets of its streams.
pub(super) struct Core {
    pub engine: Engine,
    pub sockets: Vec<Option<Attached>>,
    pub now: Duration,
    pub counters: Arc<MediaCounters>,
}

impl Core {
    /// The socket that a packet leaves by.
    pub(super) fn socket(&self, transmit: &Transmit) -> Option<RawFd> {
        let attached = self.attached(transmit.stream)?;
        Some(if transmit.rtcp {
            attached.pair.rtcp()
        } else {
            attached.pair.rtp()
        })
    }

    pub(super) fn attached(&self, stream: StreamId) -> Option<&Attached> {
        self.sockets
            .get(stream.slot as usize)?
            .as_ref()
            .filter(|attached| attached.stream == stream)
    }
}

/// A way to wait for packets and to send them.
pub(super) trait Poller {
    /// Begins to read a pair.
    fn attach(&mut self, attached: &Attached) -> io::Result<()>;
    /// Ends reading it.
    fn detach(&mut self, attached: &Attached);
    /// Waits for packets, the mailbox or the end of `sleep` (`None` is for ever), feeds the engine
    /// and sends what it relays. Returns true when the mailbox rang. Sets `core.now` by the clock.
    fn wait(&mut self, sleep: Option<Duration>, core: &mut Core, clock: &Clock) -> bool;
    /// Sends a packet of ours; it may leave with the next `wait`.
    fn send(&mut self, fd: RawFd, transmit: &Transmit, packet: &[u8], core: &Core);
}

struct Worker {
    core: Core,
    poller: Box<dyn Poller>,
    clock: Clock,
    inputs: Mailbox<Input>,
    desk: Desk,
    listener: Listener,
}

impl Worker {
    fn run(mut self) {
        let mut more = false;
        loop {
            let next = self.core.engine.next_tick();
            let now = self.clock.read().now;
            let sleep = if more {
                Some(Duration::ZERO)
            } else {
                next.map(|at| at.saturating_sub(now))
            };
            if self.poller.wait(sleep, &mut self.core, &self.clock) {
                self.inputs.silence();
            }
            let Some(left) = self.read_mailbox() else {
                return;
            };
            more = left | self.turn();
        }
    }

    /// False when it was emptied, true when more waits, `None` when the thread shall end.
    fn read_mailbox(&mut self) -> Option<bool> {
        for _ in 0..MAILBOX_TURN {
            match self.inputs.try_recv() {
                Some(Input::Command(command)) => self.command(command),
                Some(Input::Attach { stream, pair }) => self.attach(stream, pair),
                Some(Input::Detach { stream }) => self.detach(stream),
                Some(Input::Stop) => {
                    self.close_all();
                    return None;
                }
                None => return Some(false),
            }
        }
        Some(true)
    }

    fn command(&mut self, command: Command) {
        let closed = match &command {
            Command::Close { stream } => Some(*stream),
            _ => None,
        };
        self.core.engine.command(self.core.now, command);
        if let Some(stream) = closed {
            self.detach(stream);
        }
    }

    fn attach(&mut self, stream: StreamId, pair: Arc<Pair>) {
        let at = stream.slot as usize;
        if stream.slot >= cordboard_media::engine::SLOTS_MAX {
            return;
        }
        if at >= self.core.sockets.len() {
            self.core.sockets.resize_with(at + 1, || None);
        }
        let attached = Attached { stream, pair };
        if let Some(old) = self.core.sockets.get_mut(at).and_then(Option::take) {
            self.poller.detach(&old);
        }
        if let Err(error) = self.poller.attach(&attached) {
            tracing::warn!(%error, "an RTP socket cannot be read");
        }
        if let Some(slot) = self.core.sockets.get_mut(at) {
            *slot = Some(attached);
        }
    }

    fn detach(&mut self, stream: StreamId) {
        if self.core.attached(stream).is_none() {
            return;
        }
        let slot = self.core.sockets.get_mut(stream.slot as usize);
        if let Some(old) = slot.and_then(Option::take) {
            self.poller.detach(&old);
        }
    }

    /// Lets time pass in the engine and drains it; true when more packets are due.
    fn turn(&mut self) -> bool {
        let core = &mut self.core;
        core.now = self.clock.read().now;
        if core.engine.next_tick().is_some_and(|at| at <= core.now) {
            core.engine.tick(core.now);
        }
        let mut buffer = [0u8; SEND_BYTES_MAX];
        let mut left = SEND_TURN;
        while left > 0
            && let Some(transmit) = core.engine.poll_send(&mut buffer)
        {
            left -= 1;
            if let (Some(fd), Some(packet)) = (core.socket(&transmit), buffer.get(..transmit.len)) {
                self.poller.send(fd, &transmit, packet, core);
            }
        }
        while let Some(event) = core.engine.poll_event() {
            (self.listener)(event);
        }
        while let Some(recorded) = core.engine.poll_recorded() {
            self.desk.hand(recorded);
        }
        left == 0
    }

    /// Completes what is open, so that recordings end well.
    fn close_all(&mut self) {
        let streams: Vec<StreamId> = self
            .core
            .sockets
            .iter()
            .flatten()
            .map(|a| a.stream)
            .collect();
        for stream in streams {
            self.core
                .engine
                .command(self.core.now, Command::Close { stream });
        }
        while let Some(recorded) = self.core.engine.poll_recorded() {
            let stopped = matches!(recorded, Recorded::Stopped { .. });
            self.desk.hand(recorded);
            if stopped {
                std::thread::yield_now();
            }
        }
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
