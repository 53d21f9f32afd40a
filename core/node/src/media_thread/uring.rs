//! Waiting by io_uring: every socket has one multishot receive that fills shared buffers, packets
//! are taken in batches, and what they cause to be sent goes with the next wait in one system call.
//!
//! A relayed packet is sent from the buffer that it was received in. Sends are `MSG_DONTWAIT`, so
//! the kernel carries them out while they are submitted, and report only failures: when a submission
//! has returned, their buffers are free. Memory that the kernel is told of lives as long as the ring.
#![allow(unsafe_code)] // Submissions and the buffer ring are raw by nature.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::mem::size_of;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use cordboard_media::engine::SEND_BYTES_MAX;
use cordboard_media::{StreamId, Transmit};
use io_uring::types::{BufRingEntry, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};

use super::MediaCounters;
use super::sys::{self, ADDRESS_BYTES, RawAddress};
use super::worker::{Attached, Core, Poller};
use crate::clock::Clock;

/// Shared receive buffers; a power of two. They stay in the processor's cache: four times as many
/// cost a fifth more a packet. A burst beyond them waits in the sockets.
const BUFFERS: u16 = 512;
/// Octets of one: the kernel's header, an address, and an Ethernet frame's payload.
const BUFFER_BYTES: usize = 1_568;
/// The kernel's `io_uring_recvmsg_out`: four words of 32 bits.
const OUT_BYTES: usize = 16;
const PAYLOAD_AT: usize = OUT_BYTES + ADDRESS_BYTES;
const GROUP: u16 = 1;
const SUBMISSIONS: u32 = 1_024;
const COMPLETIONS: u32 = 8_192;
/// Sends between two submissions; more are submitted at once.
const SENDS: usize = 512;
/// Under load a turn waits for so many packets, or so long.
const BATCH: usize = 48;
const BATCH_WAIT: Duration = Duration::from_millis(2);

const RTP: u64 = 0;
const RTCP: u64 = 1;
const SEND: u64 = 2;
const MAIL: u64 = 3;
const CANCEL: u64 = 4;

/// Kind (3 bits), generation (29) and slot (32) of what completes.
fn name(kind: u64, stream: StreamId) -> u64 {
    (kind << 61) | (u64::from(stream.generation & 0x1fff_ffff) << 32) | u64::from(stream.slot)
}

/// What a send needs until it is submitted.
#[repr(C)]
struct Letter {
    header: libc::msghdr,
    part: libc::iovec,
    to: RawAddress,
    octets: [u8; SEND_BYTES_MAX],
}

pub(super) struct Uring {
    ring: IoUring,
    buffers: Buffers,
    /// Fixed in length, so that addresses in it hold.
    letters: Box<[Letter]>,
    written: usize,
    /// Received buffers that are being sent from.
    lent: Vec<u16>,
    /// Template of receives: only the room for the address counts.
    receive: Box<libc::msghdr>,
    done: Vec<(u64, i32, u32)>,
    mail: RawFd,
    busy: bool,
}

impl Uring {
    /// A ring on this thread, tried out: a datagram is sent to ourselves and received.
    pub(super) fn new(mail: RawFd) -> io::Result<Self> {
        let mut builder = IoUring::builder();
        builder
            .setup_cqsize(COMPLETIONS)
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_taskrun_flag();
        let ring = builder.build(SUBMISSIONS)?;
        let buffers = Buffers::new(&ring)?;
        // SAFETY: all-zero is a valid value of these plain C structures (null pointers, no lengths).
        let letters = (0..SENDS)
            .map(|_| unsafe { std::mem::zeroed::<Letter>() })
            .collect::<Vec<_>>()
            .into_boxed_slice();
        // SAFETY: as above.
        let mut receive: Box<libc::msghdr> = Box::new(unsafe { std::mem::zeroed() });
        receive.msg_namelen = ADDRESS_BYTES as u32;
        let mut uring = Self {
            ring,
            buffers,
            letters,
            written: 0,
            lent: Vec::with_capacity(SENDS),
            receive,
            done: Vec::with_capacity(COMPLETIONS as usize),
            mail,
            busy: false,
        };
        uring.try_out()?;
        uring.watch_mail()?;
        Ok(uring)
    }

    /// Sends a datagram round and looks whether it comes, with its address.
    fn try_out(&mut self) -> io::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let here = socket.local_addr()?;
        let stream = StreamId {
            slot: u32::MAX,
            generation: 0,
        };
        self.listen(RTP, stream, socket.as_raw_fd())?;
        self.post(socket.as_raw_fd(), here, Body::Own(b"try"))?;
        for _ in 0..50 {
            self.enter(1, Some(Duration::from_millis(20)))?;
            self.collect();
            let mut done = std::mem::take(&mut self.done);
            let mut heard = false;
            for (user, result, flags) in done.drain(..) {
                if result < 0 && user >> 61 != CANCEL {
                    return Err(io::Error::from_raw_os_error(-result));
                }
                if let Some(number) = cqueue::buffer_select(flags) {
                    let packet = self.buffers.packet(number, result);
                    heard |= packet.is_some_and(|(from, p)| from == here && p == b"try");
                    self.buffers.give_back(number);
                }
            }
            self.done = done;
            if heard {
                self.cancel(name(RTP, stream));
                self.enter(0, None)?;
                return Ok(());
            }
        }
        Err(io::Error::other(
            "a datagram sent to ourselves did not come",
        ))
    }

    fn push(&mut self, entry: &squeue::Entry) -> io::Result<()> {
        for _ in 0..2 {
            // SAFETY: what entries point to (letters, buffers, the receive template) is owned by
            // `self`, does not move, and outlives the ring's use of it.
            if unsafe { self.ring.submission().push(entry) }.is_ok() {
                return Ok(());
            }
            self.enter(0, None)?;
        }
        Err(io::Error::from(io::ErrorKind::WouldBlock))
    }

    fn listen(&mut self, kind: u64, stream: StreamId, fd: RawFd) -> io::Result<()> {
        let entry = opcode::RecvMsgMulti::new(Fd(fd), &raw const *self.receive, GROUP)
            .build()
            .user_data(name(kind, stream));
        self.push(&entry)
    }

    fn watch_mail(&mut self) -> io::Result<()> {
        let entry = opcode::PollAdd::new(Fd(self.mail), libc::POLLIN as u32)
            .multi(true)
            .build()
            .user_data(MAIL << 61);
        self.push(&entry)
    }

    fn cancel(&mut self, user: u64) {
        let entry = opcode::AsyncCancel::new(user)
            .build()
            .user_data(CANCEL << 61);
        if let Err(error) = self.push(&entry) {
            tracing::warn!(%error, "an RTP socket is still read");
        }
    }

    /// Submits, waits for `want` completions or the time, and takes lent buffers back.
    fn enter(&mut self, want: usize, sleep: Option<Duration>) -> io::Result<()> {
        let result = match sleep {
            Some(sleep) if want > 0 => {
                let time = Timespec::from(sleep);
                let args = SubmitArgs::new().timespec(&time);
                self.ring.submitter().submit_with_args(want, &args)
            }
            _ => self.ring.submit_and_wait(want),
        };
        if self.ring.submission().is_empty() {
            self.written = 0;
            for number in self.lent.drain(..) {
                self.buffers.give_back(number);
            }
        }
        match result {
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN) => Ok(()),
                _ => Err(error),
            },
        }
    }

    fn collect(&mut self) {
        self.done.clear();
        let room = self.done.capacity();
        let completions = self.ring.completion().take(room);
        self.done
            .extend(completions.map(|c| (c.user_data(), c.result(), c.flags())));
    }

    /// Queues one datagram.
    fn post(&mut self, fd: RawFd, to: std::net::SocketAddr, body: Body<'_>) -> io::Result<()> {
        // Room first: a submission between a letter's writing and its push would reuse it.
        if self.written >= self.letters.len() || self.ring.submission().is_full() {
            self.enter(0, None)?;
        }
        let lent = match body {
            Body::Lent(number, _) => Some(number),
            Body::Own(_) => None,
        };
        let Some(letter) = self.letters.get_mut(self.written) else {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        };
        letter.to = RawAddress::new(to);
        letter.part = match body {
            Body::Own(octets) => {
                let count = octets.len().min(SEND_BYTES_MAX);
                letter.octets[..count].copy_from_slice(&octets[..count]);
                libc::iovec {
                    iov_base: letter.octets.as_mut_ptr().cast(),
                    iov_len: count,
                }
            }
            Body::Lent(number, count) => libc::iovec {
                iov_base: self.buffers.payload(number).cast(),
                iov_len: count.min(BUFFER_BYTES - PAYLOAD_AT),
            },
        };
        letter.header.msg_name = letter.to.as_ptr().cast_mut();
        letter.header.msg_namelen = letter.to.len();
        letter.header.msg_iov = &raw mut letter.part;
        letter.header.msg_iovlen = 1;
        let entry = opcode::SendMsg::new(Fd(fd), &raw const letter.header)
            .flags((libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as u32)
            .build()
            .flags(squeue::Flags::SKIP_SUCCESS)
            .user_data(SEND << 61);
        self.written += 1;
        self.push(&entry)?;
        if let Some(number) = lent {
            self.lent.push(number);
        }
        Ok(())
    }

    /// One received packet: to the engine, and on if it relays it.
    fn packet(&mut self, user: u64, result: i32, number: u16, core: &mut Core) {
        MediaCounters::add(&core.counters.received, 1);
        let slot = user as u32 as usize;
        let stream = core
            .sockets
            .get(slot)
            .and_then(Option::as_ref)
            .map(|a| a.stream);
        let kind = user >> 61;
        let relayed = match (stream, self.buffers.packet(number, result)) {
            (Some(stream), Some((from, packet))) if name(kind, stream) == user => {
                if kind == RTCP {
                    core.engine.handle_rtcp(core.now, stream, from, packet);
                    None
                } else {
                    core.engine.handle_rtp(core.now, stream, from, packet)
                }
            }
            _ => None,
        };
        let posted = relayed.and_then(|relayed| {
            let fd = core.socket(&relayed)?;
            let body = Body::Lent(number, relayed.len);
            Some(self.post(fd, relayed.to, body).is_ok())
        });
        match posted {
            Some(true) => MediaCounters::add(&core.counters.sent, 1),
            Some(false) => {
                MediaCounters::add(&core.counters.unsent, 1);
                self.buffers.give_back(number);
            }
            None => self.buffers.give_back(number),
        }
    }

    /// The kernel ended a receive (no buffer was free): it begins again if the socket is ours still.
    fn listen_again(&mut self, user: u64, result: i32, core: &Core) {
        let slot = user as u32 as usize;
        let kind = user >> 61;
        if let Some(attached) = core.sockets.get(slot).and_then(Option::as_ref)
            && name(kind, attached.stream) == user
            && result != -libc::ECANCELED
        {
            let fd = if kind == RTCP {
                attached.pair.rtcp()
            } else {
                attached.pair.rtp()
            };
            if let Err(error) = self.listen(kind, attached.stream, fd) {
                tracing::warn!(%error, "an RTP socket is no longer read");
            }
        }
    }
}

enum Body<'a> {
    /// Copied into the letter.
    Own(&'a [u8]),
    /// Sent from a receive buffer: its number, and octets of its payload.
    Lent(u16, usize),
}

impl Poller for Uring {
    fn attach(&mut self, attached: &Attached) -> io::Result<()> {
        self.listen(RTP, attached.stream, attached.pair.rtp())?;
        self.listen(RTCP, attached.stream, attached.pair.rtcp())
    }

    fn detach(&mut self, attached: &Attached) {
        self.cancel(name(RTP, attached.stream));
        self.cancel(name(RTCP, attached.stream));
    }

    fn wait(&mut self, sleep: Option<Duration>, core: &mut Core, clock: &Clock) -> bool {
        let (want, sleep) = match (self.busy, sleep) {
            (_, Some(Duration::ZERO)) => (0, None),
            (true, sleep) => (BATCH, Some(sleep.map_or(BATCH_WAIT, |s| s.min(BATCH_WAIT)))),
            (false, sleep) => (1, sleep),
        };
        if let Err(error) = self.enter(want, sleep) {
            tracing::error!(%error, "io_uring fails");
            // Do not spin on a ring that is broken.
            std::thread::sleep(BATCH_WAIT);
        }
        core.now = clock.read().now;
        self.collect();
        self.busy = false;
        let mut mail = false;
        let mut done = std::mem::take(&mut self.done);
        for (user, result, flags) in done.drain(..) {
            match user >> 61 {
                RTP | RTCP => {
                    if let Some(number) = cqueue::buffer_select(flags) {
                        self.busy = true;
                        self.packet(user, result, number, core);
                    }
                    if !cqueue::more(flags) {
                        self.listen_again(user, result, core);
                    }
                }
                SEND => MediaCounters::add(&core.counters.unsent, 1),
                MAIL => {
                    mail = true;
                    if !cqueue::more(flags) {
                        let _ = self.watch_mail();
                    }
                }
                _ => {}
            }
        }
        self.done = done;
        mail
    }

    fn send(&mut self, fd: RawFd, transmit: &Transmit, packet: &[u8], core: &Core) {
        let sent = self.post(fd, transmit.to, Body::Own(packet)).is_ok();
        let counter = if sent {
            &core.counters.sent
        } else {
            &core.counters.unsent
        };
        MediaCounters::add(counter, 1);
    }
}

/// Receive buffers and the ring by which the kernel gets them.
struct Buffers {
    ring: NonNull<BufRingEntry>,
    memory: NonNull<u8>,
    tail: u16,
}

// SAFETY: the memory belongs to this value alone; it moves with its owner's thread.
unsafe impl Send for Buffers {}

fn ring_layout() -> io::Result<Layout> {
    Layout::from_size_align(usize::from(BUFFERS) * size_of::<BufRingEntry>(), 4_096)
        .map_err(io::Error::other)
}

fn memory_layout() -> io::Result<Layout> {
    Layout::from_size_align(usize::from(BUFFERS) * BUFFER_BYTES, 4_096).map_err(io::Error::other)
}

impl Buffers {
    fn new(ring: &IoUring) -> io::Result<Self> {
        let out_of_memory = || io::Error::from(io::ErrorKind::OutOfMemory);
        // SAFETY: both layouts have a size above zero.
        let (entries, memory) =
            unsafe { (alloc_zeroed(ring_layout()?), alloc_zeroed(memory_layout()?)) };
        let mut buffers = Self {
            ring: NonNull::new(entries.cast()).ok_or_else(out_of_memory)?,
            memory: NonNull::new(memory).ok_or_else(out_of_memory)?,
            tail: 0,
        };
        // SAFETY: the ring is page-aligned, zeroed, of BUFFERS entries, and is freed only by `drop`,
        // which runs after the ring is closed (field order in `Uring`).
        unsafe {
            ring.submitter().register_buf_ring_with_flags(
                buffers.ring.as_ptr() as u64,
                BUFFERS,
                GROUP,
                0,
            )?;
        }
        for number in 0..BUFFERS {
            buffers.give_back(number);
        }
        Ok(buffers)
    }

    /// Hands a buffer to the kernel.
    fn give_back(&mut self, number: u16) {
        let at = usize::from(self.tail & (BUFFERS - 1));
        let number = number & (BUFFERS - 1);
        // SAFETY: `at` is inside the ring and `number` inside the memory; the kernel reads an entry
        // only after the tail has passed it, and the tail is written with release order after it.
        unsafe {
            let entry = &mut *self.ring.as_ptr().add(at);
            entry.set_addr(self.memory.as_ptr().add(usize::from(number) * BUFFER_BYTES) as u64);
            entry.set_len(BUFFER_BYTES as u32);
            entry.set_bid(number);
            self.tail = self.tail.wrapping_add(1);
            let tail = BufRingEntry::tail(self.ring.as_ptr()).cast::<AtomicU16>();
            (*tail).store(self.tail, Ordering::Release);
        }
    }

    /// Where a buffer's payload begins.
    fn payload(&self, number: u16) -> *mut u8 {
        let number = usize::from(number & (BUFFERS - 1));
        // SAFETY: the offset lies inside the memory.
        unsafe { self.memory.as_ptr().add(number * BUFFER_BYTES + PAYLOAD_AT) }
    }

    /// The source and octets of a received datagram; `None` for a failed or cut one.
    fn packet(&mut self, number: u16, result: i32) -> Option<(std::net::SocketAddr, &mut [u8])> {
        let filled = usize::try_from(result).ok()?.min(BUFFER_BYTES);
        let number = usize::from(number & (BUFFERS - 1));
        // SAFETY: the kernel has filled this buffer and does not touch it until it is given back;
        // the slice borrows `self`, by which alone that happens.
        let whole = unsafe {
            let start = self.memory.as_ptr().add(number * BUFFER_BYTES);
            std::slice::from_raw_parts_mut(start, filled)
        };
        let (out, rest) = whole.split_at_mut_checked(OUT_BYTES)?;
        let word = |at: usize| {
            let four = out.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_ne_bytes(four)).ok()
        };
        let length = word(8)?;
        let (address, payload) = rest.split_at_mut_checked(ADDRESS_BYTES)?;
        let from = sys::read_address(address)?;
        Some((from, payload.get_mut(..length)?))
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        if let (Ok(ring), Ok(memory)) = (ring_layout(), memory_layout()) {
            // SAFETY: both were allocated with these layouts, and the ring that used them is closed.
            unsafe {
                dealloc(self.ring.as_ptr().cast(), ring);
                dealloc(self.memory.as_ptr(), memory);
            }
        }
    }
}
