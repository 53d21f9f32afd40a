//! The calls of a shard: from admission to the last word of their route.
//!
//! A call waits for the journal before its route begins: `call.started` is written before the
//! caller hears anything above 100, so a killed node has lost no call that somebody heard.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use cordboard_call::action::{Action, Notice, Refusal};
use cordboard_call::admission::{Admission, Origination};
use cordboard_call::cause::Cause;
use cordboard_call::event::{Direction, Event, Fact};
use cordboard_call::ids::{CallId, LegNo, TenantId};
use cordboard_call::{Doors, Output as CallOutput};
use cordboard_sip::{Event as SipEvent, NewRequest, Output as SipOutput};
use cordboard_steps::{
    ActionTag, CallInfo, Entry, Input as RunInput, Output as RunOutput, Run, ScriptAnswer,
    ScriptTurn,
};

use super::originate::FirstLeg;
use super::{Output, Record, Shard};
use crate::admit::Incoming;
use crate::capture;
use crate::tenants::Generation;
use crate::world::LiveWorld;

/// What a request begins with (RFC 3261 section 8.1.1.6).
const MAX_FORWARDS: u8 = 70;

/// One call's route and what it keeps.
pub(crate) struct Running {
    pub(crate) generation: Arc<Generation>,
    pub(crate) run: Option<Run>,
    /// What the run begins with, until it does.
    pub(crate) begins: Option<(CallInfo, Entry)>,
    pub(crate) script: String,
    /// Max-Forwards of what we send for this call: one less than what came (RFC 3261 section 16.6).
    pub(crate) hops: u8,
    /// The engine's `call.ended`, held back until the run has said its last word.
    pub(crate) ended: Option<Event>,
    /// The run must be asked again for outputs.
    pub(crate) stirred: bool,
    /// A started call's first leg, until the journal has it.
    pub(crate) first: Option<FirstLeg>,
    /// Variables that a started call's route begins with.
    pub(crate) variables: BTreeMap<String, String>,
}

/// All calls, and those that wait for the journal.
#[derive(Default)]
pub(crate) struct Calls {
    running: HashMap<CallId, Running>,
    waiting: HashMap<TenantId, VecDeque<(u64, CallId)>>,
    stirred: VecDeque<CallId>,
    /// Idempotency keys of started calls, oldest first.
    pub(crate) keys: VecDeque<(String, CallId)>,
}

impl Calls {
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Calls that wait for the journal.
    pub(crate) fn waiting_count(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = CallId> {
        self.running.keys().copied()
    }

    pub(crate) fn find(&self, call: CallId) -> Option<&Running> {
        self.running.get(&call)
    }

    pub(crate) fn insert(&mut self, call: CallId, running: Running) {
        self.running.insert(call, running);
    }

    /// A started call rings this when the journal has it.
    pub(crate) fn expect_first(
        &mut self,
        call: CallId,
        first: FirstLeg,
        variables: BTreeMap<String, String>,
    ) {
        if let Some(running) = self.running.get_mut(&call) {
            running.first = Some(first);
            running.variables = variables;
        }
    }

    pub(crate) fn take_first(&mut self, call: CallId) -> Option<FirstLeg> {
        self.running.get_mut(&call)?.first.take()
    }

    pub(crate) fn forget(&mut self, call: CallId) {
        self.running.remove(&call);
    }

    fn stir(&mut self, call: CallId) {
        if let Some(running) = self.running.get_mut(&call)
            && !running.stirred
        {
            running.stirred = true;
            self.stirred.push_back(call);
        }
    }
}

impl Shard {
    /// An admitted INVITE becomes a call.
    pub(crate) fn begin(&mut self, new: &NewRequest, incoming: Incoming) {
        let moment = self.desk.moment;
        let call = self.new_call_id();
        let generation = incoming.generation;
        let entry = match &incoming.user {
            Some(user) => Entry::Outbound {
                user: user.name.clone(),
            },
            None => Entry::Did,
        };
        let (media_local, media_advertise) = self.networks.media(&new.flow);
        let admission = Admission {
            origin: Origination {
                call,
                tenant: generation.tenant.clone(),
                party: incoming.party.clone(),
                caller: incoming.caller.clone(),
                caller_name: incoming.caller_name.clone(),
                dialled: incoming.dialled.clone(),
                settings: Arc::clone(&generation.settings),
                generation: generation.number,
                unix_ms: moment.unix_ms,
                random: self.desk.chance.next(),
            },
            advertise: self.networks.signalling(&new.flow),
            media_local,
            media_advertise,
        };
        let info = CallInfo {
            call,
            direction: Direction::Inbound,
            caller: incoming.caller,
            caller_name: incoming.caller_name,
            dialled: incoming.dialled,
            party: incoming.party,
            first_leg: LegNo(1),
            caller_user: incoming.user,
        };
        self.bind_capture(
            new.request
                .headers()
                .call_id()
                .unwrap_or_default()
                .as_bytes(),
            call,
            &generation.tenant,
        );
        self.enter(call, &generation, info, entry);
        if let Some(running) = self.calls.running.get_mut(&call) {
            let hops = new.request.headers().max_forwards().ok().flatten();
            running.hops = hops.unwrap_or(MAX_FORWARDS).saturating_sub(1);
        }
        let mut doors = Doors {
            sip: &mut self.endpoint,
            ports: self.ports.as_mut(),
        };
        if let Err(refusal) = self.engine.admit(moment.now, &mut doors, new, admission) {
            self.calls.forget(call);
            self.capture.release(moment.now, call);
            self.refuse(new, &refusal);
            return;
        }
        // The story begins with `call.started`, then the INVITE, then what we sent.
        while let Some(output) = self.engine.poll() {
            self.happened(output);
        }
        self.log_received(new.flow, new.request.bytes());
    }

    pub(crate) fn enter(
        &mut self,
        call: CallId,
        generation: &Arc<Generation>,
        info: CallInfo,
        entry: Entry,
    ) {
        let running = Running {
            generation: Arc::clone(generation),
            run: None,
            begins: Some((info, entry)),
            script: String::new(),
            hops: MAX_FORWARDS,
            ended: None,
            stirred: false,
            first: None,
            variables: BTreeMap::new(),
        };
        self.calls.insert(call, running);
    }

    pub(crate) fn new_call_id(&mut self) -> CallId {
        CallId::new(
            self.desk.moment.unix_ms,
            self.desk.number,
            self.desk.chance.wide(),
        )
    }

    fn refuse(&mut self, new: &NewRequest, refusal: &Refusal) {
        let now = self.desk.moment.now;
        let retry: &[(&str, &str)] = &[("Retry-After", "10")];
        let code = refusal.sip_status();
        let headers = if code == 503 { retry } else { &[] };
        self.count(match refusal {
            Refusal::Limit(_) => "limit",
            Refusal::NoPorts => "no-ports",
            _ if code == 503 => "signalling",
            _ => "bad-offer",
        });
        self.endpoint
            .respond_stateless(now, new, code, None, headers);
    }

    /// Lets every engine speak until none has anything to say.
    pub(crate) fn settle(&mut self) {
        loop {
            if let Some(output) = self.endpoint.poll() {
                self.signalled(output);
            } else if let Some(output) = self.engine.poll() {
                self.happened(output);
            } else if let Some(call) = self.calls.stirred.pop_front() {
                self.walk(call);
            } else {
                return;
            }
        }
    }

    fn signalled(&mut self, output: SipOutput) {
        match output {
            SipOutput::Transmit { flow, bytes } => {
                self.log_sent(flow, &bytes);
                self.outputs.push_back(Output::Transmit { flow, bytes });
            }
            SipOutput::Event(SipEvent::Request(new)) => self.request(&new),
            SipOutput::Event(event) => {
                let now = self.desk.moment.now;
                let mut doors = Doors {
                    sip: &mut self.endpoint,
                    ports: self.ports.as_mut(),
                };
                self.engine.handle_sip(now, &mut doors, event);
            }
        }
    }

    fn happened(&mut self, output: CallOutput) {
        match output {
            CallOutput::Media(command) => self.outputs.push_back(Output::Media(command)),
            CallOutput::Fact(event) => self.fact(event),
            CallOutput::Notice { call, notice } => self.notice(call, notice),
        }
    }

    fn fact(&mut self, event: Event) {
        let started = matches!(event.fact, Fact::CallStarted { .. });
        if started {
            self.count("calls_started");
        }
        if matches!(event.fact, Fact::CallEnded { .. })
            && let Some(running) = self.calls.running.get_mut(&event.call)
        {
            let call = event.call;
            running.ended = Some(event);
            self.calls.stir(call);
            return;
        }
        let seq = self.write_fact(&event.tenant, event.call, event.leg, &event.fact);
        if started {
            self.calls
                .waiting
                .entry(event.tenant)
                .or_default()
                .push_back((seq, event.call));
        }
    }

    pub(crate) fn write_fact(
        &mut self,
        tenant: &TenantId,
        call: CallId,
        leg: Option<LegNo>,
        fact: &Fact,
    ) -> u64 {
        let mut payload = std::mem::take(&mut self.desk.scratch);
        payload.clear();
        if serde_json::to_writer(&mut payload, fact).is_err() {
            self.count("journal_unwritable");
        }
        let record = Record {
            tenant,
            at_ms: self.desk.moment.unix_ms,
            topic: fact.topic(),
            version: fact.version(),
            call: Some(call),
            leg: leg.map(|leg| leg.0),
            payload: &payload,
        };
        let seq = self.write(&record);
        self.desk.scratch = payload;
        seq
    }

    /// The one way into the journal and onto the bus.
    pub(crate) fn write(&mut self, record: &Record<'_>) -> u64 {
        let seq = self.journal.append(record);
        if self.bus.wanted(record.tenant.as_str(), record.topic) {
            self.bus.publish(cordboard_bus::Envelope {
                tenant: Arc::clone(&record.tenant.0),
                seq,
                at_ms: record.at_ms,
                topic: record.topic.into(),
                version: record.version,
                call: record.call.map(|call| call.to_string()),
                leg: record.leg,
                payload: String::from_utf8_lossy(record.payload).into(),
            });
        }
        seq
    }

    /// The journal has written so far: calls that waited for it begin.
    pub(crate) fn written(&mut self, tenant: &Arc<str>, up_to: u64) {
        let tenant = TenantId(Arc::clone(tenant));
        while let Some(waiting) = self.calls.waiting.get_mut(&tenant)
            && waiting.front().is_some_and(|(seq, _)| *seq <= up_to)
        {
            if let Some((_, call)) = waiting.pop_front() {
                self.start_route(call);
            }
        }
        if self
            .calls
            .waiting
            .get(&tenant)
            .is_some_and(VecDeque::is_empty)
        {
            self.calls.waiting.remove(&tenant);
        }
    }

    /// Begins the route of a call whose first leg is there. An originated call begins at its answer.
    fn start_route(&mut self, call: CallId) {
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let Some((info, _)) = &running.begins else {
            return;
        };
        if info.direction == Direction::Outbound {
            self.dial_first(call);
            return;
        }
        self.start_run(call);
    }

    pub(crate) fn start_run(&mut self, call: CallId) {
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let Some((info, entry)) = running.begins.take() else {
            return;
        };
        running.run = Some(Run::start(info, entry));
        self.tell(call, RunInput::Start);
    }

    fn notice(&mut self, call: CallId, notice: Notice) {
        let begins = self
            .calls
            .running
            .get(&call)
            .is_some_and(|r| r.begins.is_some());
        if begins {
            self.originated(call, &notice);
            return;
        }
        self.tell(call, RunInput::Notice(notice));
    }

    /// Gives a run one input.
    pub(crate) fn tell(&mut self, call: CallId, input: RunInput) {
        let moment = self.desk.moment;
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let Some(run) = &mut running.run else { return };
        let mut world = LiveWorld {
            generation: &running.generation,
            registrar: &self.registrar,
            networks: &self.networks,
            facts: &self.bus,
            chance: &mut self.desk.chance,
            unix_ms: moment.unix_ms,
            codecs: &self.desk.codecs,
        };
        run.handle(moment.now, &mut world, input);
        self.calls.stir(call);
    }

    /// Carries out what a run wants, until it wants nothing more; then sets its timer.
    fn walk(&mut self, call: CallId) {
        let now = self.desk.moment.now;
        if let Some(running) = self.calls.running.get_mut(&call) {
            running.stirred = false;
        }
        while let Some(output) = self
            .calls
            .running
            .get_mut(&call)
            .and_then(|r| r.run.as_mut()?.poll())
        {
            self.wish(call, output);
        }
        let Some(running) = self.calls.running.get(&call) else {
            return;
        };
        if let Some(at) = running.run.as_ref().and_then(Run::next_timeout) {
            self.desk.timers.push(Reverse((at.max(now), call)));
        }
        if running.run.as_ref().is_none_or(Run::is_finished)
            && let Some(ended) = running.ended.clone()
        {
            self.calls.running.remove(&call);
            self.count("calls_ended");
            self.capture.release(now, call);
            self.write_fact(&ended.tenant, call, ended.leg, &ended.fact);
        }
    }

    fn wish(&mut self, call: CallId, output: RunOutput) {
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let generation = Arc::clone(&running.generation);
        match output {
            RunOutput::Act(action) => self.act(call, action),
            RunOutput::Fact(fact) => {
                self.write_fact(&generation.tenant, call, None, &fact);
            }
            RunOutput::Script(command) => {
                if let cordboard_steps::ScriptCommand::Start(start) = &command {
                    running.script.clone_from(&start.script);
                }
                self.outputs.push_back(Output::Script {
                    call,
                    generation,
                    command,
                });
            }
            RunOutput::Outside { id, request } => {
                let script = running.script.clone();
                self.outputs.push_back(Output::Outside {
                    call,
                    id,
                    generation,
                    script,
                    request,
                });
            }
        }
    }

    pub(crate) fn act(&mut self, call: CallId, mut action: Action) {
        if let Action::Dial { headers, .. } = &mut action
            && let Some(running) = self.calls.running.get(&call)
        {
            headers.push(("Max-Forwards".to_owned(), running.hops.to_string()));
        }
        let tag = ActionTag::of(&action);
        if let Err(refusal) = self.try_act(call, action) {
            self.tell(
                call,
                RunInput::Refused {
                    action: tag,
                    refusal,
                },
            );
        }
    }

    pub(crate) fn try_act(&mut self, call: CallId, action: Action) -> Result<(), Refusal> {
        let now = self.desk.moment.now;
        let mut doors = Doors {
            sip: &mut self.endpoint,
            ports: self.ports.as_mut(),
        };
        let result = self.engine.act(now, &mut doors, call, action);
        self.bind_new_dialogs(call);
        result
    }

    /// Messages that an action has just put out belong to its call, also those of a new dialog.
    fn bind_new_dialogs(&mut self, call: CallId) {
        let Some(running) = self.calls.running.get(&call) else {
            return;
        };
        let tenant = running.generation.tenant.clone();
        let mut events = Vec::new();
        while let Some(output) = self.endpoint.poll() {
            if let SipOutput::Transmit { bytes, .. } = &output
                && bytes.starts_with(b"INVITE ")
                && self.capture.find(bytes).is_none()
                && let Some(id) = capture::call_id(bytes)
            {
                self.capture.bind(
                    id,
                    capture::Entry {
                        call,
                        tenant: tenant.clone(),
                    },
                );
            }
            if matches!(output, SipOutput::Transmit { .. }) {
                self.signalled(output);
            } else {
                events.push(output);
            }
        }
        for event in events {
            self.signalled(event);
        }
    }

    /// A run's timer.
    pub(crate) fn run_timeouts(&mut self, now: std::time::Duration) {
        while let Some(Reverse((at, call))) = self.desk.timers.peek().copied()
            && at <= now
        {
            self.desk.timers.pop();
            let due = self
                .calls
                .running
                .get(&call)
                .and_then(|r| r.run.as_ref()?.next_timeout());
            if due.is_some_and(|due| due <= now) {
                self.tell(call, RunInput::Timeout);
                self.settle();
            }
        }
    }

    /// A script did something.
    pub(crate) fn script_turn(&mut self, call: CallId, turn: ScriptTurn) {
        self.tell(call, RunInput::Script(turn));
    }

    /// An answer from outside.
    pub(crate) fn outside_answer(&mut self, call: CallId, id: u64, answer: ScriptAnswer) {
        self.tell(call, RunInput::Answer { id, answer });
    }

    fn bind_capture(&mut self, sip_call_id: &[u8], call: CallId, tenant: &TenantId) {
        self.capture.bind(
            sip_call_id,
            capture::Entry {
                call,
                tenant: tenant.clone(),
            },
        );
    }

    /// Ends every call, for a stop that waits for none.
    pub(crate) fn end_all(&mut self, why: &str) {
        for call in self.calls.ids().collect::<Vec<_>>() {
            let action = Action::End {
                cause: Cause::TEMPORARY_FAILURE,
                why: Some(why.to_owned()),
            };
            let _ = self.try_act(call, action);
            self.settle();
        }
    }
}
