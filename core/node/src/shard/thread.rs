//! The thread of a shard: sockets, mailbox and clock around the pure engine.
//!
//! Each turn reads what is there in batches, hands it to the shard, writes the journal's share and
//! sends what came out in batches. Nothing here waits for anybody: media and script workers get
//! their commands by mailboxes that refuse when full; what is refused waits here, bounded.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use cordboard_media::Command;
use cordboard_sip::{Flow, Transport};

use super::{Input, Output, Shard};
use crate::clock::Clock;
use crate::mailbox::Mailbox;
use crate::outlets::Outlets;
use crate::poll::Poll;
use crate::sockets::udp::UdpSocket;

/// Messages read from the mailbox before sockets get their turn again.
const MAILBOX_TURN: usize = 256;
/// Batches read from one socket before others get their turn.
const SOCKET_TURN: usize = 4;
const MAILBOX: u64 = u64::MAX;
/// How often an idle thread gives memory back.
const COLLECT_EVERY: Duration = Duration::from_secs(2);
/// A turn that read so much is followed by the next at once.
const FULL_TURN: usize = 128;
/// Time between two turns under load. The first message after a quiet moment waits for nothing.
const TURN: Duration = Duration::from_millis(4);

/// Everything that the thread owns.
pub struct ShardThread {
    /// The engine.
    pub shard: Shard,
    /// Time.
    pub clock: Clock,
    /// Bound sockets.
    pub udp: Vec<UdpSocket>,
    /// Inputs from other threads.
    pub mailbox: Mailbox<Input>,
    /// Where outputs go that are no datagrams.
    pub outlets: Outlets,
}

/// However the thread ends, the node ends: a switch that hears nobody must not look alive.
struct EndsNode(tokio::sync::mpsc::Sender<()>);

impl Drop for EndsNode {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

impl ShardThread {
    /// Runs until `Input::Stop` has ended every call or until the last call of a draining shutdown is over.
    pub fn start(self) -> io::Result<JoinHandle<()>> {
        let poll = Poll::new()?;
        poll.add(self.mailbox.fd(), MAILBOX)?;
        for (number, socket) in self.udp.iter().enumerate() {
            poll.add(socket.fd(), number as u64)?;
        }
        std::thread::Builder::new()
            .name("shard-0".into())
            .spawn(move || {
                let _ends = EndsNode(self.outlets.stop.clone());
                self.run(&poll);
            })
    }

    fn run(mut self, poll: &Poll) {
        let mut datagrams: Vec<Vec<(SocketAddr, Bytes)>> =
            self.udp.iter().map(|_| Vec::new()).collect();
        let mut unsent: VecDeque<Command> = VecDeque::new();
        let mut busy = false;
        let mut last_turn = Duration::ZERO;
        let mut collected = Duration::ZERO;
        loop {
            if !busy {
                self.mailbox.silence();
            }
            let mut read = 0;
            for number in 0..self.udp.len() {
                read += self.read_socket(number);
            }
            read += self.read_mailbox();
            let moment = self.clock.read();
            if self.shard.next_timeout() <= moment.now {
                self.shard.handle_timeout(moment);
            }
            self.shard.flush_journal();
            let drained = self.write_out(&mut datagrams, &mut unsent);
            if drained || self.shard.is_stopped(self.clock.read().now) {
                self.shard.close_usage();
                self.shard.flush_journal();
                return;
            }
            // Under load a turn takes what some milliseconds brought: one sleep, no wake-ups, and
            // larger batches. A turn that found nothing leaves the sleep to epoll.
            let was_busy = std::mem::replace(&mut busy, read > 0 || !unsent.is_empty());
            if read >= FULL_TURN {
                // More waits already.
            } else if busy {
                let since = self.clock.read().now.saturating_sub(last_turn);
                std::thread::sleep(TURN.saturating_sub(since));
            } else if !was_busy {
                let now = self.clock.read().now;
                if now >= collected + COLLECT_EVERY {
                    collected = now;
                    crate::process::give_memory_back();
                }
                poll.wait(self.shard.next_timeout().saturating_sub(now), |_| {});
            }
            last_turn = self.clock.read().now;
        }
    }

    /// Reads what is there, up to a turn's share; gives the number of datagrams.
    fn read_socket(&mut self, number: usize) -> usize {
        let mut read = 0;
        for _ in 0..SOCKET_TURN {
            let Some(socket) = self.udp.get_mut(number) else {
                break;
            };
            let local = socket.local;
            let moment = self.clock.read();
            let shard = &mut self.shard;
            let count = socket.receive(|remote, bytes| {
                // RFC 5626 keep-alives and other white space are no messages.
                if bytes.iter().all(u8::is_ascii_whitespace) {
                    return;
                }
                let flow = Flow {
                    transport: Transport::Udp,
                    local,
                    remote,
                    connection: 0,
                };
                shard.handle(moment, Input::Message { flow, bytes });
            });
            read += count;
            if count < 32 {
                break;
            }
        }
        read
    }

    /// Takes a turn's share of letters; gives their number.
    fn read_mailbox(&mut self) -> usize {
        for letters in 0..MAILBOX_TURN {
            match self.mailbox.try_recv() {
                None => return letters,
                Some(input) => {
                    let moment = self.clock.read();
                    self.shard.handle(moment, input);
                }
            }
        }
        MAILBOX_TURN
    }

    fn write_out(
        &mut self,
        datagrams: &mut [Vec<(SocketAddr, Bytes)>],
        unsent: &mut VecDeque<Command>,
    ) -> bool {
        let mut drained = false;
        while let Some(output) = self.shard.poll() {
            match output {
                Output::Transmit { flow, bytes } if flow.transport == Transport::Udp => {
                    let at = self
                        .udp
                        .iter()
                        .position(|s| s.local == flow.local)
                        .unwrap_or(0);
                    if let Some(batch) = datagrams.get_mut(at) {
                        batch.push((flow.remote, bytes));
                    }
                }
                Output::Transmit { flow, bytes } => self.outlets.stream(flow, bytes),
                Output::Media(command) => unsent.push_back(command),
                Output::Script {
                    program,
                    generation,
                    command,
                } => {
                    if let Some(refused) = self.outlets.script(program, &generation, command) {
                        self.shard.handle(self.clock.read(), refused);
                    }
                }
                Output::Outside {
                    call,
                    id,
                    generation,
                    script,
                    request,
                } => {
                    self.outlets.outside(call, id, &generation, script, request);
                }
                Output::Binding(change) => self.outlets.binding(change),
                Output::Drained => drained = true,
            }
        }
        if !unsent.is_empty() {
            while let Some(command) = unsent.pop_front() {
                if let Err(command) = self.outlets.media(command) {
                    unsent.push_front(command);
                    break;
                }
            }
            self.outlets.media.ring();
        }
        for (socket, batch) in self.udp.iter_mut().zip(datagrams.iter_mut()) {
            if !batch.is_empty() {
                socket.send(batch);
                batch.clear();
            }
        }
        if drained {
            self.outlets.drained();
        }
        drained
    }
}

/// A shared handle that other threads hold.
pub type ShardHandle = Arc<crate::mailbox::Sender<Input>>;
