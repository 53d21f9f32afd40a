//! RTP port pairs of one shard: bound when first needed, kept bound, used again oldest first.
//!
//! A pair that is given back rests for two seconds, so that the last packets of its old call are
//! not the first of its next; what still lies in its sockets then is thrown away. When nothing
//! else is left the one that has rested longest is woken early, since a late packet is better
//! than no call. When the range is used up `take` says so and the call is refused.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use cordboard_media::{MediaPort, MediaPorts, StreamId};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Input, sys};
use crate::clock::Clock;
use crate::mailbox::Sender;

/// How long a pair rests.
const QUARANTINE: Duration = Duration::from_secs(2);
/// How long it rests at least, however short pairs are.
const REST_LEAST: Duration = Duration::from_millis(100);
/// Datagrams thrown away at most when a pair is taken again.
const STALE_MAX: usize = 4_096;
/// Ports that another program holds are tried again, so many each time.
const RETRIES: usize = 8;
/// New pairs tried in one `take` before it gives up: after a quick restart the kernel may hold
/// the old ones for a moment.
const BINDS_MAX: usize = 2_048;

/// Two bound sockets: RTP on an even port, RTCP on the odd one above.
#[derive(Debug)]
pub struct Pair {
    rtp: Socket,
    rtcp: Socket,
}

impl Pair {
    fn bind(ip: IpAddr, port: u16, dscp: u8) -> io::Result<Self> {
        let rtp = bind(SocketAddr::new(ip, port), dscp)?;
        let rtcp = bind(SocketAddr::new(ip, port + 1), dscp)?;
        Ok(Self { rtp, rtcp })
    }

    /// The RTP socket.
    pub(super) fn rtp(&self) -> RawFd {
        self.rtp.as_raw_fd()
    }

    /// The RTCP socket.
    pub(super) fn rtcp(&self) -> RawFd {
        self.rtcp.as_raw_fd()
    }

    fn throw_stale_away(&self) {
        let mut buffer = [0; 1];
        for fd in [self.rtp(), self.rtcp()] {
            for _ in 0..STALE_MAX {
                if sys::receive(fd, &mut buffer).is_err() {
                    break;
                }
            }
        }
    }
}

fn bind(address: SocketAddr, dscp: u8) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    let class = u32::from(dscp & 0x3f) << 2;
    // A host that forbids marking still carries calls.
    if address.is_ipv4() {
        let _ = socket.set_tos_v4(class);
    } else {
        socket.set_only_v6(true)?;
        let _ = socket.set_tclass_v6(class);
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Pairs of an even port and the next odd one in a range, both ends in it.
pub fn pairs((first, last): (u16, u16)) -> usize {
    let even = usize::from(first).next_multiple_of(2);
    (usize::from(last) + 1).saturating_sub(even) / 2
}

struct Slot {
    pair: Arc<Pair>,
    local: SocketAddr,
    generation: u32,
    taken: bool,
}

/// Pairs on one local address.
struct Address {
    /// Pairs that rest or wait, with the time they were given back: oldest first.
    idle: VecDeque<(Duration, usize)>,
    /// Next port never tried; `None` past the range.
    next: Option<u16>,
    /// Ports that were held by somebody else.
    foreign: VecDeque<u16>,
}

impl Address {
    /// The pair that was given back first, if it has rested for so long.
    fn rested(&mut self, now: Duration, rest: Duration) -> Option<usize> {
        let (given_back, index) = self.idle.front().copied()?;
        if now.saturating_sub(given_back) < rest {
            return None;
        }
        self.idle.pop_front();
        Some(index)
    }
}

/// The pairs of one shard, and the media thread that owns their packets.
pub struct PortPool {
    first: u16,
    last: u16,
    dscp: u8,
    /// This pool's thread, of so many: slot numbers tell it.
    thread: u32,
    threads: u32,
    clock: Clock,
    mailbox: Sender<Input>,
    slots: Vec<Slot>,
    addresses: HashMap<IpAddr, Address>,
    full_told: bool,
}

/// What a pool needs to know.
pub(super) struct PoolSettings {
    pub first: u16,
    pub last: u16,
    pub dscp: u8,
    pub thread: u32,
    pub threads: u32,
}

impl PortPool {
    pub(super) fn new(settings: PoolSettings, clock: Clock, mailbox: Sender<Input>) -> Self {
        let first = settings.first.saturating_add(settings.first & 1);
        Self {
            first,
            last: settings.last,
            dscp: settings.dscp,
            thread: settings.thread,
            threads: settings.threads.max(1),
            clock,
            mailbox,
            slots: Vec::new(),
            addresses: HashMap::new(),
            full_told: false,
        }
    }

    /// Pairs in use now.
    pub fn taken(&self) -> usize {
        self.slots.iter().filter(|slot| slot.taken).count()
    }

    fn number(&self, index: usize) -> u32 {
        index as u32 * self.threads + self.thread
    }

    /// A rested pair, else a new one.
    fn find(&mut self, local: IpAddr) -> Option<usize> {
        let now = self.clock.read().now;
        let (first, last) = (self.first, self.last);
        let address = self.addresses.entry(local).or_insert_with(|| Address {
            idle: VecDeque::new(),
            next: (first < last).then_some(first),
            foreign: VecDeque::new(),
        });
        if let Some(index) = address.rested(now, QUARANTINE) {
            self.slots.get(index)?.pair.throw_stale_away();
            return Some(index);
        }
        for _ in 0..BINDS_MAX {
            let Some(port) = address.next else { break };
            address.next = port.checked_add(2).filter(|next| *next < last);
            match Pair::bind(local, port, self.dscp) {
                Ok(pair) => return Some(add(&mut self.slots, pair, local, port)),
                Err(error) => {
                    address.foreign.push_back(port);
                    if !matches!(
                        error.kind(),
                        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                    ) {
                        tracing::warn!(%local, port, %error, "an RTP port cannot be bound");
                        return None;
                    }
                }
            }
        }
        for _ in 0..RETRIES.min(address.foreign.len()) {
            let port = address.foreign.pop_front()?;
            match Pair::bind(local, port, self.dscp) {
                Ok(pair) => return Some(add(&mut self.slots, pair, local, port)),
                Err(_) => address.foreign.push_back(port),
            }
        }
        let index = address.rested(now, REST_LEAST)?;
        self.slots.get(index)?.pair.throw_stale_away();
        Some(index)
    }
}

fn add(slots: &mut Vec<Slot>, pair: Pair, local: IpAddr, port: u16) -> usize {
    slots.push(Slot {
        pair: Arc::new(pair),
        local: SocketAddr::new(local, port),
        generation: 0,
        taken: false,
    });
    slots.len() - 1
}

impl MediaPorts for PortPool {
    fn take(&mut self, local: IpAddr) -> Option<MediaPort> {
        let Some(index) = self.find(local) else {
            if !std::mem::replace(&mut self.full_told, true) {
                tracing::warn!(%local, "no RTP port is free; calls are refused");
            }
            return None;
        };
        self.full_told = false;
        let number = self.number(index);
        let slot = self.slots.get_mut(index)?;
        slot.generation = slot.generation.wrapping_add(1);
        let stream = StreamId {
            slot: number,
            generation: slot.generation,
        };
        let attach = Input::Attach {
            stream,
            pair: Arc::clone(&slot.pair),
        };
        // The command that opens the stream wakes the thread.
        if self.mailbox.put(attach).is_err() {
            // The thread is behind: refuse the call, keep the pair.
            let address = self.addresses.get_mut(&local)?;
            address.idle.push_front((Duration::ZERO, index));
            return None;
        }
        slot.taken = true;
        Some(MediaPort {
            stream,
            local: slot.local,
        })
    }

    fn give_back(&mut self, stream: StreamId) {
        if stream.slot % self.threads != self.thread {
            return;
        }
        let index = (stream.slot / self.threads) as usize;
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        if slot.generation != stream.generation || !slot.taken {
            return;
        }
        slot.taken = false;
        // A stream that was never opened is let go here; one that was closed is gone already.
        let _ = self.mailbox.put(Input::Detach { stream });
        let now = self.clock.read().now;
        if let Some(address) = self.addresses.get_mut(&slot.local.ip()) {
            address.idle.push_back((now, index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_as_many_pairs_as_even_ports_with_the_next() {
        assert_eq!(pairs((20_000, 29_999)), 5_000);
        assert_eq!(pairs((20_001, 20_005)), 2);
        assert_eq!(pairs((65_534, 65_535)), 1);
        assert_eq!(pairs((20_001, 20_002)), 0);
    }

    #[test]
    fn the_pair_that_rested_longest_is_woken_first_and_not_at_once() {
        let ms = Duration::from_millis;
        let mut address = Address {
            idle: VecDeque::from([(ms(1_000), 7), (ms(1_050), 8)]),
            next: None,
            foreign: VecDeque::new(),
        };
        assert_eq!(address.rested(ms(1_090), REST_LEAST), None);
        assert_eq!(address.rested(ms(1_500), QUARANTINE), None);
        assert_eq!(address.rested(ms(1_500), REST_LEAST), Some(7));
        assert_eq!(address.rested(ms(1_500), REST_LEAST), Some(8));
        assert_eq!(address.rested(ms(1_500), REST_LEAST), None);
    }

    #[test]
    fn packets_are_marked_with_the_class_of_the_settings() {
        let here = IpAddr::from([127, 0, 0, 1]);
        let pair = (40_000..60_000)
            .step_by(2)
            .find_map(|port| Pair::bind(here, port, 46).ok())
            .unwrap();
        assert_eq!(pair.rtp.tos_v4().unwrap(), 46 << 2);
        assert_eq!(pair.rtcp.tos_v4().unwrap(), 46 << 2);
    }

    #[test]
    fn what_lies_in_a_rested_pair_is_thrown_away() {
        let here = IpAddr::from([127, 0, 0, 1]);
        let pair = (40_000..60_000)
            .step_by(2)
            .find_map(|port| Pair::bind(here, port, 0).ok())
            .unwrap();
        let to = pair.rtp.local_addr().unwrap().as_socket().unwrap();
        let stranger = std::net::UdpSocket::bind((here, 0)).unwrap();
        for _ in 0..20 {
            stranger.send_to(b"old", to).unwrap();
        }
        pair.throw_stale_away();
        assert!(sys::receive(pair.rtp(), &mut [0; 10]).is_err());
    }
}
