//! The calls of a shard: from admission to the last word of their route.
//!
//! A call waits for the journal before its route begins: `call.started` is written before the
//! caller hears anything above 100, so a killed node has lost no call that somebody heard.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::Doors;
use cordboard_call::action::{Action, Refusal};
use cordboard_call::admission::{Admission, Origination};
use cordboard_call::cause::Cause;
use cordboard_call::event::{Direction, Event};
use cordboard_call::ids::{CallId, LegNo, TenantId};
use cordboard_sip::NewRequest;
use cordboard_steps::{CallInfo, Entry, Run};

use super::Shard;
use super::originate::FirstLeg;
use crate::admit::Incoming;
use crate::capture;
use crate::tenants::Generation;

/// What a request begins with (RFC 3261 section 8.1.1.6).
pub(super) const MAX_FORWARDS: u8 = 70;

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
    /// The earliest of this call's entries among the shard's timers.
    pub(crate) timer: Option<Duration>,
    /// A started call's first leg, until the journal has it.
    pub(crate) first: Option<FirstLeg>,
    /// Legs that ring for a started call, and the highest number among all that did.
    pub(crate) ringing: (Vec<LegNo>, LegNo),
    /// Variables that a started call's route begins with.
    pub(crate) variables: BTreeMap<String, String>,
}

/// All calls, and those that wait for the journal.
#[derive(Default)]
pub(crate) struct Calls {
    pub(super) running: HashMap<CallId, Box<Running>>,
    /// Oldest first: the number they wait for, the call, since when.
    pub(super) waiting: HashMap<TenantId, VecDeque<(u64, CallId, Duration)>>,
    pub(super) stirred: VecDeque<CallId>,
    /// Idempotency keys of started calls, oldest first.
    pub(crate) keys: VecDeque<(String, CallId)>,
    /// What tenants use.
    pub(crate) usage: crate::usage::Usage,
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
        self.running.get(&call).map(Box::as_ref)
    }

    pub(crate) fn insert(&mut self, call: CallId, running: Running) {
        self.running.insert(call, Box::new(running));
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

    pub(super) fn stir(&mut self, call: CallId) {
        if let Some(running) = self.running.get_mut(&call)
            && !running.stirred
        {
            running.stirred = true;
            self.stirred.push_back(call);
        }
    }
}

/// How long a stop waits for the last facts of calls: media figures, recordings (5 s at most),
/// scripts that clean up (5 s).
const STOP_PATIENCE: Duration = Duration::from_secs(6);

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
                random: self.desk.chance.draw(),
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
            self.refuse(new, &refusal);
            return;
        }
        // Bound only now: the messages of a call that never began are nobody's.
        self.bind_capture(
            new.request
                .headers()
                .call_id()
                .unwrap_or_default()
                .as_bytes(),
            call,
            &generation.tenant,
        );
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
            timer: None,
            first: None,
            ringing: (Vec::new(), LegNo(1)),
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

    fn bind_capture(&mut self, sip_call_id: &[u8], call: CallId, tenant: &TenantId) {
        self.capture.bind(
            sip_call_id,
            capture::Entry {
                call,
                tenant: tenant.clone(),
            },
        );
    }

    /// Ends every call and takes no more. Their bills come when the media threads have said what
    /// was heard, so the thread goes on until `is_stopped`.
    pub(crate) fn stop(&mut self) {
        self.policy.draining = true;
        self.desk.stop_by = Some(self.desk.moment.now + STOP_PATIENCE);
        let mut calls: Vec<CallId> = self.calls.ids().collect();
        calls.sort();
        for call in calls {
            let action = Action::End {
                cause: Cause::TEMPORARY_FAILURE,
                why: Some("shutdown".to_owned()),
            };
            let _ = self.try_act(call, action);
            self.settle();
        }
    }

    /// True when a stop was asked for and nothing more is to be waited for.
    pub fn is_stopped(&self, now: Duration) -> bool {
        self.desk
            .stop_by
            .is_some_and(|by| self.calls.is_empty() || now >= by)
    }
}
