//! One media thread: its poller, its engine, the sockets of its streams, and its mailbox.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use cordboard_media::engine::{SEND_BYTES_MAX, SLOTS_MAX};
use cordboard_media::{Command, Engine, StreamId, Transmit};

use super::recorder::{Desk, Listener};
use super::{Input, MediaCounters, Pair, Waiting, epoll, uring};
use crate::clock::Clock;
use crate::mailbox::Mailbox;

/// Commands taken before packets get their turn again.
const MAILBOX_TURN: usize = 512;
/// Packets of the engine's own that leave before sockets are read again.
const SEND_TURN: usize = 1_024;

/// io_uring if it really works here, else epoll.
pub(super) fn poller(mail: RawFd, force_epoll: bool) -> io::Result<(Waiting, Box<dyn Poller>)> {
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

/// The thread's own.
pub(super) struct Worker {
    pub core: Core,
    pub poller: Box<dyn Poller>,
    pub clock: Clock,
    pub inputs: Mailbox<Input>,
    pub desk: Desk,
    pub listener: Listener,
}

impl Worker {
    /// Until `Input::Stop`.
    pub(super) fn run(mut self) {
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
        if stream.slot >= SLOTS_MAX {
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
            self.desk.hand(recorded);
        }
    }
}
