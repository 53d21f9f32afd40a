//! Waiting by epoll: for hosts that forbid io_uring. A system call a packet, none while idle.
#![allow(unsafe_code)] // epoll(7) has no safe wrapper in std.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use cordboard_media::{StreamId, Transmit};

use super::worker::{Attached, Core, Poller};
use super::{MediaCounters, sys};
use crate::clock::Clock;

/// Sockets told at once.
const EVENTS: usize = 256;
/// Packets read from one socket before others get their turn.
const SOCKET_TURN: usize = 16;
/// A longer datagram is no RTP of ours and is dropped.
const DATAGRAM_BYTES: usize = 1_500;
/// Marks the mailbox among sockets.
const MAIL: u64 = u64::MAX;
/// Marks an RTCP socket; the rest is generation (31 bits) and slot.
const RTCP: u64 = 1 << 63;

pub(super) struct Epoll {
    fd: OwnedFd,
    events: Vec<libc::epoll_event>,
    buffer: Box<[u8; DATAGRAM_BYTES]>,
}

impl Epoll {
    /// Waits on that mailbox, too.
    pub(super) fn new(mail: RawFd) -> io::Result<Self> {
        // SAFETY: epoll_create1 takes no pointers; a negative result is checked below.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let epoll = Self {
            // SAFETY: `fd` is a fresh descriptor that nobody else owns.
            fd: unsafe { OwnedFd::from_raw_fd(fd) },
            events: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS],
            buffer: Box::new([0; DATAGRAM_BYTES]),
        };
        epoll.control(libc::EPOLL_CTL_ADD, mail, MAIL)?;
        Ok(epoll)
    }

    fn control(&self, operation: i32, fd: RawFd, name: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: name,
        };
        // SAFETY: the event is a whole structure that lives through the call.
        let result = unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), operation, fd, &raw mut event) };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }

    fn ready(&mut self, sleep: Option<Duration>) -> usize {
        // Up to the next millisecond: a moment early would be a turn for nothing.
        let millis = sleep.map_or(-1, |sleep| {
            i32::try_from(sleep.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
        });
        // SAFETY: the vector holds EVENTS whole structures, and the kernel writes no more.
        let count = unsafe {
            libc::epoll_wait(
                self.fd.as_raw_fd(),
                self.events.as_mut_ptr(),
                EVENTS as i32,
                millis,
            )
        };
        // An interrupted wait found nothing; the next turn waits again.
        usize::try_from(count).unwrap_or(0)
    }

    fn read(&mut self, name: u64, core: &mut Core) {
        let slot = name as u32;
        let rtcp = name & RTCP != 0;
        let Some(attached) = core.sockets.get(slot as usize).and_then(Option::as_ref) else {
            return;
        };
        let stream = attached.stream;
        if self::name(stream, rtcp) != name {
            return;
        }
        let fd = if rtcp {
            attached.pair.rtcp()
        } else {
            attached.pair.rtp()
        };
        for _ in 0..SOCKET_TURN {
            let Ok((length, from)) = sys::receive(fd, &mut self.buffer[..]) else {
                return;
            };
            MediaCounters::add(&core.counters.received, 1);
            let (Some(packet), Some(from)) = (self.buffer.get_mut(..length), from) else {
                continue;
            };
            if rtcp {
                core.engine.handle_rtcp(core.now, stream, from, packet);
            } else if let Some(relayed) = core.engine.handle_rtp(core.now, stream, from, packet)
                && let Some(fd) = core.socket(&relayed)
            {
                transmit(fd, &relayed, packet, core);
            }
        }
    }
}

fn name(stream: StreamId, rtcp: bool) -> u64 {
    let generation = u64::from(stream.generation & 0x7fff_ffff);
    (u64::from(rtcp) << 63) | (generation << 32) | u64::from(stream.slot)
}

fn transmit(fd: RawFd, transmit: &Transmit, packet: &[u8], core: &Core) {
    let sent = sys::send(fd, packet, transmit.to);
    let counter = if sent {
        &core.counters.sent
    } else {
        &core.counters.unsent
    };
    MediaCounters::add(counter, 1);
}

impl Poller for Epoll {
    fn attach(&mut self, attached: &Attached) -> io::Result<()> {
        let stream = attached.stream;
        self.control(
            libc::EPOLL_CTL_ADD,
            attached.pair.rtp(),
            name(stream, false),
        )?;
        self.control(
            libc::EPOLL_CTL_ADD,
            attached.pair.rtcp(),
            name(stream, true),
        )
    }

    fn detach(&mut self, attached: &Attached) {
        for fd in [attached.pair.rtp(), attached.pair.rtcp()] {
            let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0);
        }
    }

    fn wait(&mut self, sleep: Option<Duration>, core: &mut Core, clock: &Clock) -> bool {
        let count = self.ready(sleep);
        core.now = clock.read().now;
        let mut mail = false;
        for index in 0..count {
            let Some(event) = self.events.get(index).copied() else {
                break;
            };
            match event.u64 {
                MAIL => mail = true,
                name => self.read(name, core),
            }
        }
        mail
    }

    fn send(&mut self, fd: RawFd, packet: &Transmit, bytes: &[u8], core: &Core) {
        transmit(fd, packet, bytes, core);
    }
}
