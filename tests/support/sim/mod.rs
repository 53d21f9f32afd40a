//! SimNet: a seeded network in virtual time between one whole node and scripted phones.
//!
//! Everything that happens follows from the seed and from what the story does: latency, loss,
//! copies and reordering of datagrams, the node's own chance, and its crashes and disk faults.

pub mod chance;
pub mod node;
pub mod phone;
pub mod plan;
pub mod verdict;
pub mod witness;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordboard_node::shard::Input;
use cordboard_store::MemoryStore;
use cordboard_store::journal::disk::MemoryDisk;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use chance::{Chance, Draw};
use node::{Birth, Datagram, Remains, SimNode};
use phone::{Account, Manner, Phone, PhoneCall, State};
use witness::Witness;

/// SIP lines that are kept for a failing story.
const LADDER_LINES_MAX: usize = 400;

/// What the network does to datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Each takes at least so long.
    pub latency: Duration,
    /// And up to so much longer.
    pub jitter: Duration,
    /// Share of SIP datagrams that are lost.
    pub loss: f64,
    /// Share of RTP packets that are lost.
    pub audio_loss: f64,
    /// Share that comes twice.
    pub copies: f64,
    /// Share that is held up by 30 ms, so that later ones overtake it.
    pub held_up: f64,
}

impl Default for Weather {
    /// A good network: 5 to 7 ms, nothing lost.
    fn default() -> Self {
        let (latency, jitter) = (Duration::from_millis(5), Duration::from_millis(2));
        Self {
            latency,
            jitter,
            loss: 0.0,
            audio_loss: 0.0,
            copies: 0.0,
            held_up: 0.0,
        }
    }
}

struct InFlight {
    at: Duration,
    number: u64,
    datagram: Datagram,
}

impl PartialEq for InFlight {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for InFlight {}
impl PartialOrd for InFlight {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for InFlight {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// A phone of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneId(usize);

/// The world of a story.
pub struct SimNet {
    seed: u64,
    /// Virtual time.
    pub now: Duration,
    /// The network.
    pub weather: Weather,
    chance: Chance,
    flying: BinaryHeap<Reverse<InFlight>>,
    flown: u64,
    phones: Vec<Phone>,
    by_address: BTreeMap<IpAddr, usize>,
    /// The node, while it runs.
    pub node: Option<SimNode>,
    /// Its disk and store.
    pub remains: Remains,
    /// Sees every event.
    pub witness: Arc<Mutex<Witness>>,
    lives: u64,
    ports_max: usize,
    runtime: Runtime,
    ladder: VecDeque<String>,
    wire: Sha256,
    mail: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
    packets: BTreeMap<IpAddr, u64>,
    /// Octets and datagrams that the node got from and sent to each address.
    pub traffic: BTreeMap<IpAddr, Traffic>,
}

/// What went between the node and one address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    /// Datagrams to the node.
    pub asked: u64,
    /// Their octets.
    pub asked_octets: u64,
    /// Datagrams from the node.
    pub answers: u64,
    /// Their octets.
    pub answer_octets: u64,
}

/// The node's SIP address.
pub fn node_address() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 5060)
}

impl SimNet {
    /// A good network with a fresh node and no phones.
    pub fn seeded(seed: u64) -> Self {
        Self::with_ports(seed, 20_000)
    }

    /// The same with so many pairs of RTP ports.
    pub fn with_ports(seed: u64, ports_max: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let mut net = Self {
            seed,
            now: Duration::ZERO,
            weather: Weather::default(),
            chance: Chance::seeded(seed),
            flying: BinaryHeap::new(),
            flown: 0,
            phones: Vec::new(),
            by_address: BTreeMap::new(),
            node: None,
            remains: Remains {
                disk: MemoryDisk::new(),
                store: MemoryStore::forgetful(),
            },
            witness: Arc::default(),
            lives: 0,
            ports_max,
            runtime,
            ladder: VecDeque::new(),
            wire: Sha256::new(),
            mail: VecDeque::new(),
            packets: BTreeMap::new(),
            traffic: BTreeMap::new(),
        };
        net.start_node();
        net
    }

    /// The same with this latency.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.weather.latency = latency;
        self
    }

    /// The same with this share of SIP datagrams lost.
    pub fn loss(mut self, loss: f64) -> Self {
        self.weather.loss = loss;
        self
    }

    // -- the node --------------------------------------------------------------------------

    /// Starts a node on what the last one left.
    pub fn start_node(&mut self) {
        assert!(self.node.is_none(), "one node runs at a time");
        self.lives += 1;
        let birth = Birth {
            seed: self.seed.wrapping_mul(1_000).wrapping_add(self.lives),
            now: self.now,
            address: node_address(),
            remains: &self.remains,
            witness: &self.witness,
            ports_max: self.ports_max,
        };
        self.node = Some(SimNode::start(&self.runtime, birth));
        self.collect();
    }

    /// kill -9: what the disk and the store have remains.
    pub fn kill_node(&mut self) {
        self.node = None;
    }

    /// The power goes: of what was not synced, each spool segment keeps some, by chance.
    pub fn cut_power(&mut self) {
        self.node = None;
        let chance = &mut self.chance;
        self.remains
            .disk
            .lose_power(|unsynced| chance.below(unsynced as u64 + 1) as usize);
        self.remains.store.lose_power();
        self.witness.lock().unwrap().power_lost();
    }

    /// The running node.
    pub fn node(&mut self) -> &mut SimNode {
        self.node.as_mut().expect("the node runs")
    }

    /// Gives the shard an input of another kind than a datagram.
    pub fn tell_node(&mut self, input: Input) {
        let now = self.now;
        self.node().input(now, input);
        self.collect();
    }

    /// Runs an async request to the store.
    pub fn wait<T>(&self, task: impl Future<Output = T>) -> T {
        self.runtime.block_on(task)
    }

    // -- phones ----------------------------------------------------------------------------

    /// A phone at `10.0.1.N`, with that account.
    pub fn phone(&mut self, account: Account) -> PhoneId {
        let last = self.phones.len() + 1;
        self.phone_at(IpAddr::V4(Ipv4Addr::new(10, 0, 1, last as u8)), account)
    }

    /// A phone at an address.
    pub fn phone_at(&mut self, ip: IpAddr, account: Account) -> PhoneId {
        let seed = self
            .seed
            .wrapping_mul(31)
            .wrapping_add(self.phones.len() as u64 + 1);
        let mut phone = Phone::new(seed, SocketAddr::new(ip, 5060), node_address(), account);
        phone.set_time(self.now);
        self.by_address.insert(ip, self.phones.len());
        self.phones.push(phone);
        PhoneId(self.phones.len() - 1)
    }

    /// A user's phone, not registered yet.
    pub fn user(&mut self, name: &str) -> PhoneId {
        self.phone(Account {
            user: name.to_owned(),
            password: Some(format!("secret-{name}")),
            domain: plan::DOMAIN.to_owned(),
            display: String::new(),
        })
    }

    /// A user's phone that has registered.
    pub fn registered(&mut self, name: &str) -> PhoneId {
        let id = self.user(name);
        self.tell(id, |phone| phone.register(600));
        self.run_until(Duration::from_secs(10), |net| {
            net.look(id).registered.is_some()
        });
        assert_eq!(self.look(id).registered, Some(200), "{name} registers");
        id
    }

    /// The carrier at `10.0.2.N`, whose caller has this number.
    pub fn carrier(&mut self, last: u8, number: &str) -> PhoneId {
        let account = Account {
            user: number.to_owned(),
            password: None,
            domain: "10.0.0.1".to_owned(),
            display: String::new(),
        };
        self.phone_at(IpAddr::V4(Ipv4Addr::new(10, 0, 2, last)), account)
    }

    /// A phone as it is.
    pub fn look(&self, id: PhoneId) -> &Phone {
        &self.phones[id.0]
    }

    /// All phones.
    pub fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.phones.iter()
    }

    /// A phone's latest call.
    pub fn call(&self, id: PhoneId) -> &PhoneCall {
        self.look(id).last()
    }

    /// Does something with a phone now.
    pub fn tell<T>(&mut self, id: PhoneId, act: impl FnOnce(&mut Phone) -> T) -> T {
        let phone = &mut self.phones[id.0];
        phone.set_time(self.now);
        let result = act(phone);
        let unplugged = phone.unplugged;
        for datagram in phone.take_sent().into_iter().filter(|_| !unplugged) {
            self.send(datagram);
        }
        result
    }

    /// A phone dials; the number of the call there.
    pub fn dial(&mut self, id: PhoneId, number: &str) -> usize {
        self.tell(id, |phone| phone.dial(number))
    }

    /// A phone's latest call is hung up, cancelled or declined.
    pub fn hang_up(&mut self, id: PhoneId) {
        self.tell(id, |phone| phone.hang_up(phone.calls.len() - 1));
    }

    /// A phone's manner from now on.
    pub fn manner(&mut self, id: PhoneId, manner: Manner) {
        self.phones[id.0].manner = manner;
    }

    /// A phone's voice from its next call on.
    pub fn voice(&mut self, id: PhoneId, hertz: f32) {
        self.phones[id.0].voice = Some(hertz);
    }

    /// Whether a phone's latest call hears a tone now.
    pub fn hears(&self, id: PhoneId, hertz: f32) -> bool {
        let phone = self.look(id);
        phone.hears(phone.calls.len() - 1, hertz)
    }

    /// Alice calls Bob, who answers after a second; both speak. Alice's tone is 500 Hz, Bob's 900.
    pub fn bridged_call(&mut self) -> (PhoneId, PhoneId) {
        let (alice, bob) = (self.registered("alice"), self.registered("bob"));
        self.voice(alice, 500.0);
        self.voice(bob, 900.0);
        self.dial(alice, "7001");
        self.run_until(Duration::from_secs(60), |net| {
            net.call(alice).state == State::Up
                && net
                    .look(bob)
                    .calls
                    .iter()
                    .any(|call| call.state == State::Up)
        });
        assert_eq!(self.call(bob).state, State::Up, "{}", self.story());
        (alice, bob)
    }

    /// A phone is gone from one moment to the next: it says and hears nothing more.
    pub fn unplug(&mut self, id: PhoneId) {
        let ip = self.phones[id.0].address.ip();
        self.by_address.remove(&ip);
        self.phones[id.0].unplugged = true;
    }

    // -- the wire --------------------------------------------------------------------------

    /// Raw bytes from anywhere to the node.
    pub fn throw(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.send(Datagram {
            from,
            to: node_address(),
            bytes: bytes.to_vec(),
        });
    }

    /// Raw bytes from anywhere to any port of the node.
    pub fn throw_at(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.send(Datagram { from, to, bytes });
    }

    /// Datagrams of any kind that the node has sent to an address.
    pub fn packets_to(&self, ip: IpAddr) -> u64 {
        self.packets.get(&ip).copied().unwrap_or(0)
    }

    fn send(&mut self, datagram: Datagram) {
        let sip = datagram.to.port() == 5060;
        self.count(&datagram);
        if sip {
            self.wire
                .update(format!("{:?} {} {} ", self.now, datagram.from, datagram.to));
            self.wire.update(&datagram.bytes);
            self.draw(&datagram);
        }
        let weather = self.weather;
        let lost = self.chance.happens(if sip {
            weather.loss
        } else {
            weather.audio_loss
        });
        let copies = 1 + usize::from(self.chance.happens(weather.copies));
        if lost {
            return;
        }
        for _ in 0..copies {
            let mut at = self.now + weather.latency + self.chance.up_to(weather.jitter);
            if self.chance.happens(weather.held_up) {
                at += Duration::from_millis(30);
            }
            self.flown += 1;
            let (from, to, bytes) = (datagram.from, datagram.to, datagram.bytes.clone());
            self.flying.push(Reverse(InFlight {
                at,
                number: self.flown,
                datagram: Datagram { from, to, bytes },
            }));
        }
    }

    fn count(&mut self, datagram: &Datagram) {
        let octets = datagram.bytes.len() as u64;
        if datagram.from.ip() == node_address().ip() {
            *self.packets.entry(datagram.to.ip()).or_default() += 1;
        }
        if datagram.to == node_address() {
            let traffic = self.traffic.entry(datagram.from.ip()).or_default();
            traffic.asked += 1;
            traffic.asked_octets += octets;
        } else if datagram.from == node_address() {
            let traffic = self.traffic.entry(datagram.to.ip()).or_default();
            traffic.answers += 1;
            traffic.answer_octets += octets;
        }
    }

    fn draw(&mut self, datagram: &Datagram) {
        if self.mail.len() == LADDER_LINES_MAX {
            self.mail.pop_front();
        }
        self.mail
            .push_back((datagram.from, datagram.to, datagram.bytes.clone()));
        if self.ladder.len() == LADDER_LINES_MAX {
            self.ladder.pop_front();
        }
        let line = cordboard_node::capture::summary(&datagram.bytes);
        let line = format!(
            "{:>10.3} {} -> {}  {line}",
            self.now.as_secs_f64(),
            datagram.from,
            datagram.to
        );
        self.ladder.push_back(line);
    }

    fn texts(&self, wanted: impl Fn(SocketAddr, SocketAddr) -> bool) -> Vec<String> {
        let found = self.mail.iter().filter(|(from, to, _)| wanted(*from, *to));
        found
            .map(|(_, _, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }

    /// The latest messages to an address.
    pub fn mail_to(&self, ip: IpAddr) -> Vec<String> {
        self.texts(|_, to| to.ip() == ip)
    }

    /// The latest messages of a phone.
    pub fn sent_by(&self, id: PhoneId) -> Vec<String> {
        let own = self.look(id).address;
        self.texts(|from, _| from == own)
    }

    /// Statuses and phrases of the latest responses to an address.
    pub fn answers_to(&self, ip: IpAddr) -> Vec<String> {
        let mail = self.mail_to(ip);
        let lines = mail
            .iter()
            .filter_map(|text| text.lines().next()?.strip_prefix("SIP/2.0 "));
        lines.map(str::to_owned).collect()
    }

    /// Forgets the latest messages.
    pub fn clear_mail(&mut self) {
        self.mail.clear();
    }

    /// Fetches what the node has sent.
    fn collect(&mut self) {
        let sent = self
            .node
            .as_mut()
            .map(SimNode::take_sent)
            .unwrap_or_default();
        for datagram in sent {
            self.send(datagram);
        }
    }

    fn deliver(&mut self, datagram: Datagram) {
        let Datagram { from, to, bytes } = datagram;
        if to.ip() == node_address().ip() {
            let now = self.now;
            if let Some(node) = &mut self.node {
                node.receive(now, from, to, bytes);
                self.collect();
            }
        } else if let Some(&at) = self.by_address.get(&to.ip()) {
            self.tell(PhoneId(at), |phone| phone.receive(from, to, bytes));
        }
    }

    // -- time ------------------------------------------------------------------------------

    /// Lets the next thing happen, unless it is after `until`; false when nothing is left.
    fn step(&mut self, until: Duration) -> bool {
        let flying = self.flying.peek().map(|Reverse(packet)| packet.at);
        let node = self.node.as_ref().map(SimNode::next_timeout);
        let phone = (0..self.phones.len())
            .filter_map(|at| Some((self.phones[at].next_timeout()?, at)))
            .min();
        let next = [flying, node, phone.map(|(at, _)| at)]
            .into_iter()
            .flatten()
            .min();
        let Some(next) = next.filter(|next| *next <= until) else {
            return false;
        };
        self.now = self.now.max(next);
        if flying == Some(next) {
            if let Some(Reverse(packet)) = self.flying.pop() {
                self.deliver(packet.datagram);
            }
        } else if node == Some(next) {
            let now = self.now;
            if let Some(node) = &mut self.node {
                node.turn(now, &self.runtime);
            }
            self.collect();
        } else if let Some((_, at)) = phone {
            self.tell(PhoneId(at), Phone::turn);
        }
        true
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
        self.now = until;
    }

    /// Lets time pass until this is true, at most so long; whether it became true.
    pub fn run_until(&mut self, most: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        let until = self.now + most;
        loop {
            if done(self) {
                return true;
            }
            if !self.step(until) {
                self.now = until;
                return done(self);
            }
        }
    }

    /// Lets everything end that ends by itself: SIP's longest timers are 32 s, and a port pair
    /// rests for a while.
    pub fn run_until_idle(&mut self) {
        self.run_for(Duration::from_secs(75));
    }

    /// The SIP messages on the wire, the latest at the end, for a failing story.
    pub fn story(&self) -> String {
        let lines: Vec<&str> = self.ladder.iter().map(String::as_str).collect();
        format!("seed {}\n{}", self.seed, lines.join("\n"))
    }

    /// Hash over all SIP datagrams on the wire, in order, with their times and addresses.
    pub fn wire_hash(&self) -> String {
        self.wire
            .clone()
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
