//! A shard: signalling, calls and routes of one thread, without sockets or clock.
//!
//! It is a composition of engines: `sip::Endpoint`, `call::Engine`, one `steps::Run` a call, the
//! registrar and admission. Inputs come one at a time with the moment they came; then `poll`
//! gives everything that must be done in the world. So the same shard runs on a thread with
//! sockets and in a simulation with virtual time.

pub mod calls;
mod facts;
pub mod fault;
pub mod operator;
pub mod originate;
pub mod requests;
pub mod residue;
mod runs;
mod settle;
mod tenants;
pub mod thread;
pub mod view;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordboard_bus::Bus;
use cordboard_call::{CallId, TenantId};
use cordboard_call::{Doors, Engine};
use cordboard_media::{Codec, Command, Event as MediaEvent, MediaPorts};
use cordboard_sip::auth::{Ha1, Verifier};
use cordboard_sip::{Endpoint, Flow};
use cordboard_steps::{OutsideRequest, ProgramId, ScriptAnswer, ScriptCommand, ScriptTurn};

use crate::capture::Capture;
use crate::chance::Chance;
use crate::clock::Moment;
use crate::control::verb::Verb;
use crate::networks::Networks;
use crate::registrar::{BindingChange, Registrar};
use crate::source_limit::SourceLimit;
use crate::tenants::{Generation, Tenants};

/// Answers an operator's verb.
pub type Reply = Box<dyn FnOnce(Result<serde_json::Value, String>) + Send>;

/// What comes in.
pub enum Input {
    /// A whole SIP message.
    Message {
        /// Where it came from.
        flow: Flow,
        /// Its bytes.
        bytes: Bytes,
    },
    /// A connection ended or could not be opened.
    FlowFailed(Flow),
    /// A stream that is no SIP; its connection is closed already.
    BadStream(Flow),
    /// From the media threads.
    Media(MediaEvent),
    /// The journal has written a tenant's events up to this number.
    Written {
        /// Whose.
        tenant: Arc<str>,
        /// Last number written.
        up_to: u64,
    },
    /// From the script workers.
    Script {
        /// Which program of which call.
        program: ProgramId,
        /// What it did.
        turn: ScriptTurn,
    },
    /// An answer from outside (http, store).
    Outside {
        /// Whose request.
        call: CallId,
        /// Which.
        id: u64,
        /// The answer.
        answer: ScriptAnswer,
    },
    /// New generations.
    Tenants(Arc<Tenants>),
    /// A user's HA1 changed.
    Secret {
        /// Tenant's name.
        tenant: String,
        /// User's name.
        user: String,
        /// New value.
        ha1: Ha1,
    },
    /// An event that is no call's, for the journal.
    Record {
        /// Whose.
        tenant: TenantId,
        /// What: the switch's own topics, and modules'.
        topic: Cow<'static, str>,
        /// JSON.
        payload: String,
    },
    /// What modules of tenants used meanwhile.
    Gauges(Vec<crate::usage::Gauge>),
    /// An operator's verb.
    Operator(Verb, Reply),
    /// End every call, then stop the thread.
    Stop,
}

/// What must be done in the world.
pub enum Output {
    /// Send a message.
    Transmit {
        /// Where.
        flow: Flow,
        /// What.
        bytes: Bytes,
    },
    /// Tell the media threads.
    Media(Command),
    /// Tell the script workers.
    Script {
        /// Which program of which call.
        program: ProgramId,
        /// The call's generation.
        generation: Arc<Generation>,
        /// What.
        command: ScriptCommand,
    },
    /// Do something outside and answer by `Input::Outside`.
    Outside {
        /// Whose request.
        call: CallId,
        /// Which.
        id: u64,
        /// The call's generation.
        generation: Arc<Generation>,
        /// The script that asks.
        script: String,
        /// What.
        request: OutsideRequest,
    },
    /// The store must learn of a binding.
    Binding(BindingChange),
    /// The last call is over and a shutdown waits for it.
    Drained,
}

/// One event for the journal.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// When, Unix milliseconds.
    pub at_ms: u64,
    /// What.
    pub topic: &'a str,
    /// Version of its payload.
    pub version: u16,
    /// The call.
    pub call: Option<CallId>,
    /// The leg.
    pub leg: Option<u16>,
    /// JSON.
    pub payload: &'a [u8],
}

/// Where events go: numbers them without gaps. The node's journal, or a list in a simulation.
pub trait JournalDoor: Send {
    /// Appends and gives the event's number in its tenant.
    fn append(&mut self, record: &Record<'_>) -> u64;
    /// Hands over what was appended; called once after each batch of inputs.
    fn flush(&mut self);
    /// True when no more may be admitted: events could be lost.
    fn full(&self) -> bool;
}

/// Node-wide bounds of a shard.
#[derive(Clone, Copy, Debug)]
pub struct ShardLimits {
    /// Calls at once.
    pub calls_max: usize,
}

/// What a shard is made with.
pub struct ShardParts {
    /// Number of the shard.
    pub number: u8,
    /// Seed of tags, ids and chance.
    pub seed: [u8; 32],
    /// Digest nonces.
    pub verifier: Verifier,
    /// Signalling.
    pub endpoint: Endpoint,
    /// Calls.
    pub engine: Engine,
    /// RTP ports.
    pub ports: Box<dyn MediaPorts + Send>,
    /// Journal.
    pub journal: Box<dyn JournalDoor>,
    /// Events for readers.
    pub bus: Arc<Bus>,
    /// Sockets and advertised addresses.
    pub networks: Networks,
    /// Bindings that the store kept.
    pub registrar: Registrar,
    /// HA1 by tenant and user.
    pub ha1: HashMap<(String, String), Ha1>,
    /// Bounds.
    pub limits: ShardLimits,
}

/// Who may come in.
pub(crate) struct Policy {
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) verifier: Verifier,
    pub(crate) sources: SourceLimit,
    pub(crate) ha1: HashMap<(String, String), Ha1>,
    pub(crate) limits: ShardLimits,
    pub(crate) trunk_rates: HashMap<(TenantId, String), (Duration, u32)>,
    pub(crate) draining: bool,
    pub(crate) stop_when_empty: bool,
}

/// One shard.
pub struct Shard {
    pub(crate) endpoint: Endpoint,
    pub(crate) engine: Engine,
    pub(crate) ports: Box<dyn MediaPorts + Send>,
    pub(crate) journal: Box<dyn JournalDoor>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) networks: Networks,
    pub(crate) registrar: Registrar,
    pub(crate) policy: Policy,
    pub(crate) capture: Capture,
    pub(crate) calls: calls::Calls,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) desk: Desk,
}

/// Small things of a shard's own.
pub(crate) struct Desk {
    pub(crate) number: u8,
    pub(crate) moment: Moment,
    pub(crate) chance: Chance,
    pub(crate) faults: fault::Faults,
    pub(crate) codecs: Arc<[Codec]>,
    pub(crate) scratch: Vec<u8>,
    /// Events that wait for the journal before readers get them.
    pub(crate) untold: BTreeMap<TenantId, VecDeque<cordboard_bus::Envelope>>,
    /// Number of the last of them that found no room; readers are told to look in the journal.
    pub(crate) left_out: BTreeMap<TenantId, u64>,
    pub(crate) counters: BTreeMap<&'static str, u64>,
    pub(crate) timers: BinaryHeap<Reverse<(Duration, CallId)>>,
    pub(crate) rounds: Rounds,
    /// A stop was asked for; it waits for the calls' last facts, but not longer than this.
    pub(crate) stop_by: Option<Duration>,
}

/// When what is done now and then is done next.
#[derive(Default)]
pub(crate) struct Rounds {
    house_keeping: Duration,
    keep_alive: Duration,
}

const HOUSE_KEEPING_EVERY: Duration = Duration::from_secs(1);

impl Shard {
    /// A shard with these parts.
    pub fn new(parts: ShardParts) -> Self {
        let mut seed = [0u8; 8];
        seed.copy_from_slice(&parts.seed[..8]);
        Self {
            endpoint: parts.endpoint,
            engine: parts.engine,
            ports: parts.ports,
            journal: parts.journal,
            bus: parts.bus,
            networks: parts.networks,
            registrar: parts.registrar,
            policy: Policy {
                tenants: Arc::default(),
                verifier: parts.verifier,
                sources: SourceLimit::default(),
                ha1: parts.ha1,
                limits: parts.limits,
                trunk_rates: HashMap::new(),
                draining: false,
                stop_when_empty: false,
            },
            capture: Capture::default(),
            calls: calls::Calls::default(),
            outputs: VecDeque::new(),
            desk: Desk {
                number: parts.number,
                moment: Moment::default(),
                chance: Chance::seeded(u64::from_le_bytes(seed)),
                faults: fault::Faults::default(),
                codecs: Arc::from(crate::world::CODECS),
                scratch: Vec::with_capacity(4096),
                untold: BTreeMap::new(),
                left_out: BTreeMap::new(),
                counters: BTreeMap::new(),
                timers: BinaryHeap::new(),
                rounds: Rounds::default(),
                stop_by: None,
            },
        }
    }

    /// Takes one input; then drain `poll`.
    pub fn handle(&mut self, moment: Moment, input: Input) {
        self.desk.moment = moment;
        self.fenced(|shard| shard.take(moment, input));
    }

    fn take(&mut self, moment: Moment, input: Input) {
        let now = moment.now;
        match input {
            Input::Message { flow, bytes } => {
                if self.may_be_answered(flow, &bytes) {
                    self.log_received(flow, &bytes);
                    self.endpoint.handle_message(now, flow, bytes);
                }
            }
            Input::FlowFailed(flow) => {
                self.registrar.flow_closed(flow);
                self.endpoint.handle_flow_failed(now, flow);
            }
            Input::BadStream(_) => self.count("sip_bad_stream"),
            Input::Media(event) => {
                let mut doors = Doors {
                    sip: &mut self.endpoint,
                    ports: self.ports.as_mut(),
                };
                self.engine.handle_media(now, &mut doors, event);
            }
            Input::Written { tenant, up_to } => self.written(&tenant, up_to),
            Input::Script { program, turn } => self.script_turn(program, turn),
            Input::Outside { call, id, answer } => self.outside_answer(call, id, answer),
            Input::Tenants(tenants) => self.policy.tenants = tenants,
            Input::Secret { tenant, user, ha1 } => {
                self.policy.ha1.insert((tenant, user), ha1);
            }
            Input::Record {
                tenant,
                topic,
                payload,
            } => {
                let payload = payload.as_bytes();
                let (call, leg) = (None, None);
                let at_ms = moment.unix_ms;
                self.write(&Record {
                    tenant: &tenant,
                    at_ms,
                    topic: &topic,
                    version: 1,
                    call,
                    leg,
                    payload,
                });
            }
            Input::Gauges(gauges) => {
                for gauge in &gauges {
                    self.calls.usage.gauge(gauge);
                }
            }
            Input::Operator(verb, reply) => self.carry_out(verb, reply),
            Input::Stop => self.stop(),
        }
        self.settle();
    }

    /// Time has passed; call when `next_timeout` is due.
    pub fn handle_timeout(&mut self, moment: Moment) {
        self.desk.moment = moment;
        self.fenced(|shard| shard.expire(moment));
    }

    fn expire(&mut self, moment: Moment) {
        let now = moment.now;
        self.endpoint.handle_timeout(now);
        self.settle();
        let mut doors = Doors {
            sip: &mut self.endpoint,
            ports: self.ports.as_mut(),
        };
        self.engine.handle_timeout(now, &mut doors);
        self.settle();
        self.run_timeouts(now);
        self.settle();
        if now >= self.desk.rounds.house_keeping {
            self.keep_house(moment);
        }
    }

    /// When `handle_timeout` is wanted next.
    pub fn next_timeout(&self) -> Duration {
        let runs = self.desk.timers.peek().map(|Reverse((at, _))| *at);
        [
            self.endpoint.next_timeout(),
            self.engine.next_timeout(),
            runs,
        ]
        .into_iter()
        .flatten()
        .fold(self.desk.rounds.house_keeping, Duration::min)
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Hands the journal what was appended since the last call.
    pub fn flush_journal(&mut self) {
        self.journal.flush();
    }

    fn keep_house(&mut self, moment: Moment) {
        self.desk.rounds.house_keeping = moment.now + HOUSE_KEEPING_EVERY;
        self.refuse_unwritten(moment.now);
        self.forget_timers();
        self.measure_usage(moment.unix_ms);
        self.capture.expire(moment.now);
        self.capture.shrink();
        crate::capture::shrink(&mut self.calls.running);
        self.registrar.expire(moment.unix_ms);
        self.publish_bindings();
        if moment.now >= self.desk.rounds.keep_alive {
            self.desk.rounds.keep_alive = moment.now + crate::registrar::KEEP_ALIVE_EVERY;
            for flow in self.registrar.nat_flows(moment.unix_ms) {
                let bytes = Bytes::from_static(b"\r\n\r\n");
                self.outputs.push_back(Output::Transmit { flow, bytes });
            }
        }
        if self.policy.stop_when_empty && self.calls.is_empty() {
            self.policy.stop_when_empty = false;
            self.outputs.push_back(Output::Drained);
        }
    }

    pub(crate) fn publish_bindings(&mut self) {
        let changes = self.registrar.take_changes();
        self.outputs
            .extend(changes.into_iter().map(Output::Binding));
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.desk.counters.entry(what).or_default() += 1;
    }
}
