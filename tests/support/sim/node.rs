//! A whole node in virtual time: the real shard, media engine, script host, journal and store,
//! driven by a queue of due times in place of threads, sockets and clocks.
//!
//! What survives a crash is the disk and the store, as in the world.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use cordboard_bus::Bus;
use cordboard_call::{CallId, Config as CallConfig, Engine as CallEngine};
use cordboard_host::{CpuTime, Limits, LuaHost};
use cordboard_media::{
    Engine as MediaEngine, Event as MediaEvent, MediaPort, MediaPorts, Recorded, StreamId,
};
use cordboard_node::bindings;
use cordboard_node::clock::Moment;
use cordboard_node::journal_door::NodeJournal;
use cordboard_node::networks::Networks;
use cordboard_node::registrar::BindingChange;
use cordboard_node::shard::residue::Residue;
use cordboard_node::shard::{Input, JournalDoor, Output, Record, Shard, ShardLimits, ShardParts};
use cordboard_sip::auth::{Ha1, Verifier};
use cordboard_sip::{Config as SipConfig, Endpoint, Flow, Transport};
use cordboard_steps::{ProgramId, ScriptAnswer, ScriptCallError, ScriptTurn};
use cordboard_store::MemoryStore;
use cordboard_store::journal::disk::MemoryDisk;
use cordboard_store::journal::{Journal, JournalConfig, Loader, WriterCore, Written};
use tokio::runtime::Runtime;

use super::chance::{Chance, Draw, key};
use super::plan;
use super::witness::Witness;

/// Unix milliseconds when a simulation begins: Monday 2026-11-23, 10:00 UTC.
pub const EPOCH_MS: u64 = 1_795_428_000_000;
const WRITE_WITHIN: Duration = Duration::from_millis(4);
const SYNC_WITHIN: Duration = Duration::from_millis(750);
const LOAD_WITHIN: Duration = Duration::from_millis(500);
const RETRY: Duration = Duration::from_millis(200);
const PORT_FIRST: u16 = 20_000;

/// What outlives the process.
#[derive(Clone)]
pub struct Remains {
    /// Spool segments.
    pub disk: MemoryDisk,
    /// Database.
    pub store: MemoryStore,
}

/// A datagram that leaves.
pub struct Datagram {
    /// Our address.
    pub from: SocketAddr,
    /// Theirs.
    pub to: SocketAddr,
    /// What.
    pub bytes: Vec<u8>,
}

/// RTP ports that are counted, not bound.
#[derive(Default)]
struct Ports {
    taken: BTreeMap<u32, (u32, SocketAddr)>,
    free: Vec<u32>,
    generations: Vec<u32>,
    max: usize,
}

#[derive(Clone)]
struct SharedPorts(Arc<Mutex<Ports>>);

impl SharedPorts {
    fn lock(&self) -> MutexGuard<'_, Ports> {
        self.0.lock().unwrap()
    }

    fn stream_at(&self, port: u16) -> Option<StreamId> {
        let slot = u32::from(port.checked_sub(PORT_FIRST)? / 2);
        let generation = self.lock().taken.get(&slot)?.0;
        Some(StreamId { slot, generation })
    }

    fn local(&self, stream: StreamId) -> Option<SocketAddr> {
        let ports = self.lock();
        let (generation, local) = ports.taken.get(&stream.slot)?;
        (*generation == stream.generation).then_some(*local)
    }
}

impl MediaPorts for SharedPorts {
    fn take(&mut self, local: IpAddr) -> Option<MediaPort> {
        let mut ports = self.lock();
        if ports.taken.len() >= ports.max {
            return None;
        }
        let slot = ports.free.pop().unwrap_or(ports.generations.len() as u32);
        if slot as usize == ports.generations.len() {
            ports.generations.push(0);
        }
        let generation = &mut ports.generations[slot as usize];
        *generation += 1;
        let stream = StreamId {
            slot,
            generation: *generation,
        };
        let local = SocketAddr::new(local, PORT_FIRST + 2 * slot as u16);
        ports.taken.insert(slot, (stream.generation, local));
        Some(MediaPort { stream, local })
    }

    fn give_back(&mut self, stream: StreamId) {
        let mut ports = self.lock();
        if ports
            .taken
            .get(&stream.slot)
            .is_some_and(|(generation, _)| *generation == stream.generation)
        {
            ports.taken.remove(&stream.slot);
            ports.free.push(stream.slot);
        }
    }
}

/// The journal's door with a witness beside it.
struct WatchedDoor {
    inner: NodeJournal,
    witness: Arc<Mutex<Witness>>,
}

impl JournalDoor for WatchedDoor {
    fn append(&mut self, record: &Record<'_>) -> u64 {
        let seq = self.inner.append(record);
        self.witness.lock().unwrap().appended(seq, record);
        seq
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn full(&self) -> bool {
        self.inner.full()
    }
}

/// Work of the node's other threads, when it is due.
enum Chore {
    Turn(ProgramId, ScriptTurn),
    Answer(CallId, u64, ScriptAnswer),
    Binding(BindingChange),
}

/// When journal threads want their turns.
#[derive(Default)]
struct Turns {
    write: Option<Duration>,
    sync: Option<Duration>,
    load: Option<Duration>,
}

/// A running node.
pub struct SimNode {
    /// The engine under test.
    pub shard: Shard,
    media: MediaEngine,
    lua: LuaHost,
    writer: WriterCore,
    loader: Loader,
    journal: Journal,
    written: Arc<Mutex<Vec<Written>>>,
    ports: SharedPorts,
    remains: Remains,
    witness: Arc<Mutex<Witness>>,
    born: Duration,
    turns: Turns,
    chores: BTreeMap<(Duration, u64), Chore>,
    chore_count: u64,
    chance: Chance,
    address: SocketAddr,
    sent: Vec<Datagram>,
    tapes: HashMap<u64, String>,
    /// Recorded samples by file, left and right in turn.
    pub recordings: BTreeMap<String, Vec<i16>>,
    /// A draining shutdown is complete.
    pub drained: bool,
}

/// What a node is started with.
pub struct Birth<'a> {
    /// Its seed.
    pub seed: u64,
    /// When.
    pub now: Duration,
    /// Its SIP socket.
    pub address: SocketAddr,
    /// Disk and store.
    pub remains: &'a Remains,
    /// Sees every event.
    pub witness: &'a Arc<Mutex<Witness>>,
    /// Port pairs.
    pub ports_max: usize,
}

impl SimNode {
    /// Starts a node on what an earlier one left behind.
    pub fn start(runtime: &Runtime, birth: Birth<'_>) -> Self {
        let Birth {
            seed,
            now,
            address,
            remains,
            witness,
            ports_max,
        } = birth;
        let written: Arc<Mutex<Vec<Written>>> = Arc::default();
        let told = Arc::clone(&written);
        let opened = Journal::assemble(
            Arc::new(remains.disk.clone()),
            Arc::new(remains.store.clone()),
            JournalConfig {
                segment_bytes: 64 << 10,
                ..JournalConfig::default()
            },
            Box::new(move |written| told.lock().unwrap().push(written)),
        );
        let (sequencer, writer, loader, journal, _) = runtime
            .block_on(opened)
            .expect("a journal opens on any disk that can be read");
        witness
            .lock()
            .unwrap()
            .restarted(|tenant| sequencer.last_seq(tenant));
        let unix_ms = EPOCH_MS + now.as_millis() as u64;
        let registrar = runtime
            .block_on(bindings::restore(&remains.store, unix_ms))
            .expect("memory answers");
        let ports = SharedPorts(Arc::new(Mutex::new(Ports {
            max: ports_max,
            ..Ports::default()
        })));
        let of = |tenant: &str, domain: &str, user: &str| {
            let ha1 = Ha1::of_password(user, domain, &format!("secret-{user}"));
            ((tenant.to_owned(), user.to_owned()), ha1)
        };
        let first = plan::USERS.map(|user| of("sim", plan::DOMAIN, user));
        let second = ["alice", "bob"].map(|user| of("two", plan::SECOND_DOMAIN, user));
        let door = WatchedDoor {
            inner: NodeJournal::new(sequencer, journal.clone()),
            witness: Arc::clone(witness),
        };
        let parts = ShardParts {
            number: 0,
            seed: key(seed),
            verifier: Verifier::new(key(seed ^ 1), Duration::from_secs(300), 65_536),
            endpoint: Endpoint::new(SipConfig {
                seed: key(seed ^ 2),
                ..SipConfig::default()
            }),
            engine: CallEngine::new(CallConfig::default()),
            ports: Box::new(ports.clone()),
            journal: Box::new(door),
            bus: Arc::new(Bus::new()),
            networks: Networks {
                known: Vec::new(),
                udp: vec![address],
                tcp: Vec::new(),
            },
            registrar,
            ha1: first.into_iter().chain(second).collect(),
            limits: ShardLimits { calls_max: 10_000 },
        };
        let mut node = Self {
            shard: Shard::new(parts),
            media: MediaEngine::new(seed),
            lua: LuaHost::new(Limits::default(), CpuTime::counted()),
            writer,
            loader,
            journal,
            written,
            ports,
            remains: remains.clone(),
            witness: Arc::clone(witness),
            born: now,
            turns: Turns {
                load: Some(now),
                ..Turns::default()
            },
            chores: BTreeMap::new(),
            chore_count: 0,
            chance: Chance::seeded(seed ^ 3),
            address,
            sent: Vec::new(),
            tapes: HashMap::new(),
            recordings: BTreeMap::new(),
            drained: false,
        };
        node.input(now, Input::Tenants(plan::tenants()));
        node
    }

    fn moment(&self, now: Duration) -> Moment {
        Moment {
            now: now.saturating_sub(self.born),
            unix_ms: EPOCH_MS + now.as_millis() as u64,
        }
    }

    /// Something comes in by SIP or from an operator.
    pub fn input(&mut self, now: Duration, input: Input) {
        self.shard.handle(self.moment(now), input);
        self.pump(now);
    }

    /// A datagram arrives.
    pub fn receive(&mut self, now: Duration, from: SocketAddr, to: SocketAddr, mut bytes: Vec<u8>) {
        if to == self.address {
            if bytes.iter().all(u8::is_ascii_whitespace) {
                return;
            }
            let flow = Flow {
                transport: Transport::Udp,
                local: to,
                remote: from,
                connection: 0,
            };
            self.input(
                now,
                Input::Message {
                    flow,
                    bytes: Bytes::from(bytes),
                },
            );
            return;
        }
        let Some(stream) = self.ports.stream_at(to.port()) else {
            return;
        };
        let at = self.moment(now).now;
        if to.port() % 2 == 1 {
            self.media.handle_rtcp(at, stream, from, &bytes);
        } else if let Some(relayed) = self.media.handle_rtp(at, stream, from, &mut bytes) {
            bytes.truncate(relayed.len);
            self.send_audio(relayed.stream, relayed.to, relayed.rtcp, bytes);
        }
        self.pump(now);
    }

    fn send_audio(&mut self, stream: StreamId, to: SocketAddr, rtcp: bool, bytes: Vec<u8>) {
        if let Some(mut from) = self.ports.local(stream) {
            from.set_port(from.port() + u16::from(rtcp));
            self.sent.push(Datagram { from, to, bytes });
        }
    }

    /// When `turn` is wanted next.
    pub fn next_timeout(&self) -> Duration {
        let media = self.media.next_tick().map(|at| at + self.born);
        let chore = self.chores.keys().next().map(|(at, _)| *at);
        [
            self.turns.write,
            self.turns.sync,
            self.turns.load,
            media,
            chore,
        ]
        .into_iter()
        .flatten()
        .fold(self.shard.next_timeout() + self.born, Duration::min)
    }

    /// Does what is due by `now`.
    pub fn turn(&mut self, now: Duration, runtime: &Runtime) {
        let moment = self.moment(now);
        if self.shard.next_timeout() <= moment.now {
            self.shard.handle_timeout(moment);
        }
        if self.media.next_tick().is_some_and(|at| at <= moment.now) {
            self.media.tick(moment.now);
        }
        while let Some(entry) = self.chores.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Chore::Turn(program, turn) => {
                    self.shard.handle(moment, Input::Script { program, turn });
                }
                Chore::Answer(call, id, answer) => self
                    .shard
                    .handle(moment, Input::Outside { call, id, answer }),
                // A store that stands still keeps the binding in memory only, as in the node.
                Chore::Binding(change) => {
                    drop(runtime.block_on(bindings::keep(&self.remains.store, change)))
                }
            }
        }
        self.journal_turns(now, runtime);
        self.pump(now);
    }

    fn journal_turns(&mut self, now: Duration, runtime: &Runtime) {
        let moment = self.moment(now);
        if self.turns.write.is_some_and(|at| at <= now) {
            self.turns.write = self.writer.turn().err().map(|_| now + RETRY);
            let written = std::mem::take(&mut *self.written.lock().unwrap());
            if !written.is_empty() {
                self.turns.sync.get_or_insert(now + SYNC_WITHIN);
                self.turns.load.get_or_insert(now + LOAD_WITHIN);
            }
            for Written { tenant, up_to_seq } in written {
                self.witness.lock().unwrap().written(&tenant, up_to_seq);
                self.shard.handle(
                    moment,
                    Input::Written {
                        tenant,
                        up_to: up_to_seq,
                    },
                );
            }
        }
        if self.turns.sync.is_some_and(|at| at <= now) {
            self.turns.sync = match self.writer.sync() {
                Ok(()) => {
                    self.witness.lock().unwrap().synced(now);
                    None
                }
                Err(_) => Some(now + SYNC_WITHIN),
            };
        }
        if self.turns.load.is_some_and(|at| at <= now) {
            self.turns.load = match runtime.block_on(self.loader.turn()) {
                Ok(true) => None,
                Ok(false) => Some(now),
                Err(_) => Some(now + RETRY),
            };
        }
    }

    /// Carries everything out that the engines want, until they want nothing more.
    fn pump(&mut self, now: Duration) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.shard.poll() {
                quiet = false;
                self.carry_out(now, output);
            }
            while let Some(event) = self.media.poll_event() {
                quiet = false;
                self.shard.handle(self.moment(now), Input::Media(event));
            }
            while let Some(recorded) = self.media.poll_recorded() {
                quiet = false;
                self.keep_recorded(now, recorded);
            }
            let mut buffer = [0; cordboard_media::engine::SEND_BYTES_MAX];
            while let Some(transmit) = self.media.poll_send(&mut buffer) {
                quiet = false;
                let bytes = buffer[..transmit.len].to_vec();
                self.send_audio(transmit.stream, transmit.to, transmit.rtcp, bytes);
            }
            if quiet {
                break;
            }
        }
        self.shard.flush_journal();
        if std::mem::take(&mut self.witness.lock().unwrap().fresh) {
            self.turns.write.get_or_insert(now + WRITE_WITHIN);
        }
    }

    fn carry_out(&mut self, now: Duration, output: Output) {
        match output {
            Output::Transmit { flow, bytes } => {
                self.sent.push(Datagram {
                    from: flow.local,
                    to: flow.remote,
                    bytes: bytes.to_vec(),
                });
            }
            Output::Media(command) => self.media.command(self.moment(now).now, command),
            Output::Script {
                program,
                generation,
                command,
            } => {
                let scripts = &generation.programs.scripts;
                if let Some(turn) = self.lua.handle(program, scripts, command) {
                    self.later(now, Duration::from_millis(2), Chore::Turn(program, turn));
                }
            }
            Output::Outside { call, id, .. } => {
                let message = "this world has no network outside".to_owned();
                let answer = ScriptAnswer::Error {
                    kind: ScriptCallError::Unavailable,
                    message,
                };
                self.later(
                    now,
                    Duration::from_millis(50),
                    Chore::Answer(call, id, answer),
                );
            }
            Output::Binding(change) => {
                self.later(now, Duration::from_millis(20), Chore::Binding(change))
            }
            Output::Drained => self.drained = true,
        }
    }

    /// Other threads take a seeded while, but keep the order of what they are given.
    fn later(&mut self, now: Duration, longest: Duration, chore: Chore) {
        let after = self.chores.last_key_value().map_or(now, |((at, _), _)| *at);
        let at = (now + self.chance.up_to(longest)).max(after.min(now + longest));
        self.chore_count += 1;
        self.chores.insert((at, self.chore_count), chore);
    }

    fn keep_recorded(&mut self, now: Duration, recorded: Recorded) {
        match recorded {
            Recorded::Started { recording, file } => {
                self.recordings.entry(file.clone()).or_default();
                self.tapes.insert(recording, file);
            }
            Recorded::Block { recording, samples } => {
                if let Some(tape) = self
                    .tapes
                    .get(&recording)
                    .and_then(|file| self.recordings.get_mut(file))
                {
                    tape.extend(samples);
                }
            }
            Recorded::Stopped { recording, length } => {
                self.tapes.remove(&recording);
                let event = MediaEvent::Recorded {
                    recording,
                    length,
                    error: None,
                };
                self.shard.handle(self.moment(now), Input::Media(event));
            }
        }
    }

    /// What left since the last call.
    pub fn take_sent(&mut self) -> Vec<Datagram> {
        std::mem::take(&mut self.sent)
    }

    /// New calls are refused because events could be lost.
    pub fn is_full(&self) -> bool {
        self.journal.full()
    }

    /// Events that got no number.
    pub fn events_lost(&self) -> u64 {
        self.journal.figures().events_lost
    }

    /// What the node still holds: the shard's tables; port pairs, streams and scripts.
    pub fn residue(&self) -> (Residue, usize, usize, usize) {
        (
            self.shard.residue(),
            self.ports.lock().taken.len(),
            self.media.open_streams(),
            self.lua.running(),
        )
    }
}
