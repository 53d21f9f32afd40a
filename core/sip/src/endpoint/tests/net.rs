//! A network in virtual time: endpoints by address, with seeded delay and loss.
//!
//! A plain address in the network without an endpoint is a hand-made peer: what is sent to it is
//! kept in `mail`, and `say` speaks for it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::endpoint::Endpoint;
use crate::endpoint::types::*;
use crate::flow::{Flow, Time, Transport};

pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) fn sdp(text: &str) -> Body {
    Body {
        content_type: "application/sdp".into(),
        bytes: Bytes::from(format!("v=0\r\ns={text}\r\n")),
    }
}

pub(super) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(super) struct Node {
    pub(super) endpoint: Endpoint,
    pub(super) events: VecDeque<Event>,
}

/// One message on its way.
struct Packet {
    flow: Flow,
    bytes: Bytes,
}

pub(super) struct Net {
    pub(super) now: Time,
    pub(super) transport: Transport,
    pub(super) loss_percent: u64,
    pub(super) delay: Duration,
    /// Messages that a test wants lost: (start of message, how many more of them).
    pub(super) eat: Vec<(&'static str, u32)>,
    pub(super) nodes: BTreeMap<SocketAddr, Node>,
    pub(super) mail: VecDeque<(SocketAddr, String)>,
    /// Start lines of everything that was sent.
    pub(super) log: Vec<String>,
    flying: BTreeMap<(Time, u64), Packet>,
    sequence: u64,
    random: u64,
}

impl Net {
    pub(super) fn seeded(seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            transport: Transport::Udp,
            loss_percent: 0,
            delay: ms(5),
            eat: Vec::new(),
            nodes: BTreeMap::new(),
            mail: VecDeque::new(),
            log: Vec::new(),
            flying: BTreeMap::new(),
            sequence: 0,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    pub(super) fn add(&mut self, at: &str, config: Config) {
        let endpoint = Endpoint::new(config);
        let events = VecDeque::new();
        self.nodes.insert(addr(at), Node { endpoint, events });
    }

    /// Two endpoints, caller 10.0.0.1 and callee 10.0.0.2.
    pub(super) fn pair(seed: u64) -> Self {
        let mut net = Self::seeded(seed);
        for (number, at) in [(1u8, A), (2, B)] {
            let config = Config {
                seed: [number; 32],
                shard: number,
                ..Config::default()
            };
            net.add(at, config);
        }
        net
    }

    pub(super) fn number(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    pub(super) fn flow(&self, from: &str, to: &str) -> Flow {
        Flow {
            transport: self.transport,
            local: addr(from),
            remote: addr(to),
            connection: u64::from(self.transport == Transport::Tcp),
        }
    }

    pub(super) fn at(&mut self, at: &str) -> &mut Endpoint {
        &mut self.nodes.get_mut(&addr(at)).unwrap().endpoint
    }

    /// Drains an endpoint's outputs into the network.
    pub(super) fn drain(&mut self, at: &str) {
        let at = addr(at);
        while let Some(output) = self.nodes.get_mut(&at).unwrap().endpoint.poll() {
            match output {
                Output::Event(event) => self.nodes.get_mut(&at).unwrap().events.push_back(event),
                Output::Transmit { flow, bytes } => self.send(flow, bytes),
            }
        }
    }

    fn send(&mut self, flow: Flow, bytes: Bytes) {
        let text = String::from_utf8_lossy(&bytes);
        let start = text.lines().next().unwrap_or_default().to_owned();
        let lossy = self.transport == Transport::Udp;
        let unlucky = lossy && self.loss_percent > 0 && self.number(100) < self.loss_percent;
        let hit = self
            .eat
            .iter_mut()
            .find(|(head, left)| *left > 0 && start.starts_with(head));
        let eaten = hit.map(|hit| hit.1 -= 1).is_some();
        self.log.push(start);
        if unlucky || eaten {
            return;
        }
        let jitter = if lossy && self.loss_percent > 0 {
            self.number(20)
        } else {
            0
        };
        self.sequence += 1;
        let key = (self.now + self.delay + ms(jitter), self.sequence);
        self.flying.insert(key, Packet { flow, bytes });
    }

    /// A hand-made peer says something to an endpoint.
    pub(super) fn say(&mut self, from: &str, to: &str, text: &str) {
        let flow = self.flow(from, to);
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        self.send(flow, Bytes::from(text));
        self.run_for(ms(20));
    }

    fn next_time(&self) -> Option<Time> {
        let packet = self.flying.keys().next().map(|(at, _)| *at);
        let timers = self
            .nodes
            .values()
            .filter_map(|node| node.endpoint.next_timeout());
        timers.chain(packet).min()
    }

    /// Runs everything that happens within `span`.
    pub(super) fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        self.drain_all();
        while let Some(at) = self.next_time().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.turn();
        }
        self.now = end;
    }

    /// Runs until no timer and no packet is left.
    pub(super) fn run_until_idle(&mut self) {
        self.drain_all();
        while let Some(at) = self.next_time() {
            self.now = self.now.max(at);
            self.turn();
        }
    }

    fn turn(&mut self) {
        let now = self.now;
        let due: Vec<_> = self
            .flying
            .range(..=(now, u64::MAX))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            let Some(packet) = self.flying.remove(&key) else {
                continue;
            };
            let (local, remote) = (packet.flow.remote, packet.flow.local);
            let flow = Flow {
                local,
                remote,
                ..packet.flow
            };
            match self.nodes.get_mut(&local) {
                Some(node) => node.endpoint.handle_message(now, flow, packet.bytes),
                None => {
                    let text = String::from_utf8_lossy(&packet.bytes).into_owned();
                    self.mail.push_back((local, text));
                }
            }
            self.drain_all();
        }
        for node in self.nodes.values_mut() {
            node.endpoint.handle_timeout(now);
        }
        self.drain_all();
    }

    pub(super) fn drain_all(&mut self) {
        let all: Vec<_> = self.nodes.keys().map(SocketAddr::to_string).collect();
        for at in all {
            self.drain(&at);
        }
    }

    pub(super) fn event(&mut self, at: &str) -> Option<Event> {
        self.nodes.get_mut(&addr(at)).unwrap().events.pop_front()
    }

    pub(super) fn sent(&self, start: &str) -> usize {
        self.log
            .iter()
            .filter(|line| line.starts_with(start))
            .count()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.flying.is_empty() && self.nodes.values().all(|node| node.endpoint.is_idle())
    }

    // -- what calls do ---------------------------------------------------------------------

    pub(super) fn invite(&mut self, from: &str, to: &str) -> DialogId {
        let (now, flow) = (self.now, self.flow(from, to));
        let invite = Invite {
            flow,
            uri: format!("sip:bob@{to}"),
            from: "\"Alice\" <sip:alice@a.example>".into(),
            to: "<sip:bob@b.example>".into(),
            contact_user: Some("alice".into()),
            advertise: addr(from),
            routes: Vec::new(),
            headers: vec![("X-Test".into(), "1".into())],
            body: Some(sdp("offer")),
        };
        self.at(from).invite(now, invite).unwrap()
    }

    /// Takes the next event, which must be a new INVITE, and accepts it.
    pub(super) fn accept(&mut self, at: &str) -> DialogId {
        match self.event(at) {
            Some(Event::Request(new)) => {
                let now = self.now;
                self.at(at).accept(now, &new, addr(at)).unwrap()
            }
            other => panic!("an INVITE was expected: {other:?}"),
        }
    }

    pub(super) fn ring(&mut self, at: &str, dialog: DialogId) {
        let now = self.now;
        self.at(at).progress(now, dialog, 180, &[], None).unwrap();
    }

    pub(super) fn answer(&mut self, at: &str, dialog: DialogId) {
        let now = self.now;
        self.at(at).answer(now, dialog, &[], sdp("answer")).unwrap();
    }

    pub(super) fn bye(&mut self, at: &str, dialog: DialogId) {
        let now = self.now;
        self.at(at)
            .bye(now, dialog, &[("Reason", "Q.850;cause=16")])
            .unwrap();
    }

    /// A whole call until it is up: dialogs of caller and callee.
    pub(super) fn call(&mut self) -> (DialogId, DialogId) {
        self.nodes.values_mut().for_each(|node| node.events.clear());
        let caller = self.invite(A, B);
        self.run_for(ms(20));
        let callee = self.accept(B);
        self.ring(B, callee);
        self.run_for(ms(20));
        self.answer(B, callee);
        self.run_for(ms(20));
        self.nodes.values_mut().for_each(|node| node.events.clear());
        (caller, callee)
    }
}

pub(super) const A: &str = "10.0.0.1:5060";
pub(super) const B: &str = "10.0.0.2:5060";
