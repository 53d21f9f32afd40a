//! The call engine of one shard: the only owner of calls, legs and bridges.
//!
//! Inputs are SIP events of dialogs that are legs, wishes, media events and the clock; outputs
//! are media commands, facts for the journal and notices for the route's runner. What names a
//! call, leg or stream that is gone is refused or counted, never an error of ours. After each
//! input drain `poll`, and then the endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use cordboard_media::{Event as MediaEvent, StreamId};
use cordboard_sip::{Event as SipEvent, NewRequest};

use crate::action::{Action, Refusal};
use crate::admission::{Admission, Origination};
use crate::board::{Board, Counters, Doors, Moment, Output};
use crate::call::{Call, Dialled};
use crate::cause::Cause;
use crate::event::{Direction, Party};
use crate::ids::{CallId, LegId, LegNo, TenantId};
use crate::negotiate::{Ours, check_offer};
use crate::signalling;
use crate::view::CallView;

type Time = Duration;

/// Bounds of one engine.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Calls at once on this shard; a further one is refused with `Refusal::Limit`.
    pub calls_max: usize,
    /// Legs that there is room for: pairs of ports for audio. The last tenth is kept for parties
    /// that hold few ([`crate::limits::Limits`]).
    pub legs_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            calls_max: 10_000,
            legs_max: 20_000,
        }
    }
}

/// All calls of a shard.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    calls: BTreeMap<CallId, Box<Call>>,
    timers: BTreeSet<(Time, CallId)>,
    board: Board,
}

impl Engine {
    /// An engine without calls.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            calls: BTreeMap::new(),
            timers: BTreeSet::new(),
            board: Board::new(config.legs_max),
        }
    }

    /// Takes an inbound INVITE as a call with leg 1: counts it, checks its offer, takes a port
    /// pair, sends 100, tells `call.started`. Nothing above 100 is sent until an action says so.
    ///
    /// On a refusal nothing is kept and nothing was sent: answer the request with
    /// [`Refusal::sip_status`].
    pub fn admit(
        &mut self,
        now: Time,
        doors: &mut Doors<'_>,
        new: &NewRequest,
        admission: Admission,
    ) -> Result<CallId, Refusal> {
        let admitted = self.try_admit(now, doors, new, admission);
        if admitted.is_err() {
            self.board.counters.calls_refused += 1;
        }
        admitted
    }

    fn try_admit(
        &mut self,
        now: Time,
        doors: &mut Doors<'_>,
        new: &NewRequest,
        admission: Admission,
    ) -> Result<CallId, Refusal> {
        let Admission {
            origin,
            advertise,
            media_local,
            media_advertise,
        } = admission;
        let settings = origin.settings.clone();
        let (tenant, party) = (origin.tenant.clone(), origin.party.clone());
        self.check_room(origin.call)?;
        let request = &new.request;
        let offer = signalling::sdp(request.headers(), request.body());
        let offer = offer
            .map(|offer| check_offer(offer, &settings.codecs).map(|offered| (offer, offered)))
            .transpose()?;
        let limits = &mut self.board.limits;
        limits.take_call(&tenant, settings.calls_max)?;
        let counted = limits.take_party(&tenant, &party, settings.parties.of(&party));
        counted.inspect_err(|_| limits.release_call(&tenant))?;
        let taken = doors.ports.take(media_local).ok_or(Refusal::NoPorts);
        let accepted = taken.and_then(|port| {
            let accepted = doors.sip.accept(now, new, advertise);
            accepted.map(|dialog| (port, dialog)).map_err(|refused| {
                doors.ports.give_back(port.stream);
                Refusal::Signalling(refused.to_string())
            })
        });
        let (port, dialog) = accepted.inspect_err(|_| {
            limits.release_party(&tenant, &party);
            limits.release_call(&tenant);
        })?;
        let id = origin.call;
        self.with(now, doors, |m| {
            let mut call = Call::begin(m, origin, Direction::Inbound);
            let seed = call.seed_of(LegNo(1), 1);
            let mut ours = Ours::new(
                seed,
                media_advertise,
                port.local.port(),
                settings.codecs.clone(),
            );
            if let Some((offer, offered)) = offer {
                ours.keep_offer(offer, offered);
            }
            call.take_caller(
                m,
                Dialled {
                    port,
                    dialog,
                    ours,
                    party,
                },
            );
            call
        });
        Ok(id)
    }

    /// Begins a call that nobody dialled in. Its legs come by `Action::Dial`, any of them first;
    /// without a leg for a minute it ends with `why: no-legs`.
    pub fn originate(
        &mut self,
        now: Time,
        doors: &mut Doors<'_>,
        origin: Origination,
    ) -> Result<CallId, Refusal> {
        let counted = self.check_room(origin.call).and_then(|()| {
            let max = origin.settings.calls_max;
            self.board.limits.take_call(&origin.tenant, max)
        });
        counted.inspect_err(|_| self.board.counters.calls_refused += 1)?;
        let id = origin.call;
        self.with(now, doors, |m| Call::begin(m, origin, Direction::Outbound));
        Ok(id)
    }

    /// Does what an action wants of a call, or says why not.
    pub fn act(
        &mut self,
        now: Time,
        doors: &mut Doors<'_>,
        call: CallId,
        action: Action,
    ) -> Result<(), Refusal> {
        let done = self
            .enter(now, doors, call, |m, call| call.act(m, action))
            .unwrap_or(Err(Refusal::NoSuchCall));
        if done.is_err() {
            self.board.counters.actions_refused += 1;
        }
        done
    }

    /// A SIP event of a dialog that is a leg. Requests outside dialogs come in by `admit` only.
    pub fn handle_sip(&mut self, now: Time, doors: &mut Doors<'_>, event: SipEvent) {
        let leg = dialog_of(&event).and_then(|dialog| self.board.dialogs.get(&dialog).copied());
        let Some(LegId { call, leg }) = leg else {
            self.disown(now, doors, event);
            return;
        };
        self.enter(now, doors, call, |m, call| call.signal(m, leg, event));
    }

    /// An event of a media thread.
    pub fn handle_media(&mut self, now: Time, doors: &mut Doors<'_>, event: MediaEvent) {
        if let MediaEvent::Recorded {
            recording,
            length,
            error,
        } = event
        {
            let call = self.board.recordings.get(&recording).copied();
            let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
            let known = call.and_then(|call| {
                self.enter(now, doors, call, |m, call| {
                    if let Some(tape) = call.tapes.take(recording) {
                        call.tape_over(m, tape, length_ms, error);
                    }
                })
            });
            self.count_ignored(known.is_none());
            return;
        }
        let Some(stream) = stream_of(&event) else {
            return;
        };
        if let Some(LegId { call, leg }) = self.board.streams.get(&stream).copied() {
            self.enter(now, doors, call, |m, call| call.hear(m, leg, event));
            return;
        }
        let orphaned = matches!(event, MediaEvent::Closed { .. })
            && self.board.orphans.remove(&stream).is_some();
        if orphaned {
            doors.ports.give_back(stream);
        }
        self.count_ignored(!orphaned);
    }

    /// Ends what has lasted too long. Call it at `next_timeout`, or later.
    pub fn handle_timeout(&mut self, now: Time, doors: &mut Doors<'_>) {
        while let Some(&(at, call)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            self.enter(now, doors, call, |m, call| {
                call.timer = None;
                call.expire(m);
            });
        }
    }

    /// When `handle_timeout` is wanted next.
    pub fn next_timeout(&self) -> Option<Time> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// The next output, in the order in which things happened.
    pub fn poll(&mut self) -> Option<Output> {
        self.board.out.pop_front()
    }

    /// All calls, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = CallView> + '_ {
        self.calls.values().map(|call| CallView::of(call))
    }

    /// One call.
    pub fn call(&self, id: CallId) -> Option<CallView> {
        self.calls.get(&id).map(|call| CallView::of(call))
    }

    /// Some leg of the call types a secret now: as long as that lasts, no body of its INFO
    /// requests may be kept anywhere.
    pub fn has_secret_leg(&self, id: CallId) -> bool {
        let call = self.calls.get(&id);
        call.is_some_and(|call| call.legs.iter().any(|leg| leg.secret))
    }

    /// Calls now.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// No call now.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Calls of a tenant now.
    pub fn tenant_calls(&self, tenant: &TenantId) -> u32 {
        self.board.limits.calls(tenant)
    }

    /// Legs of a user or trunk now.
    pub fn party_calls(&self, tenant: &TenantId, party: &Party) -> u32 {
        self.board.limits.party(tenant, party)
    }

    /// How much has happened.
    pub fn counters(&self) -> &Counters {
        &self.board.counters
    }

    /// Nothing is kept: no call, dialog, stream, recording, limit, timer or output.
    pub fn is_clean(&self) -> bool {
        let board = &self.board;
        self.calls.is_empty()
            && self.timers.is_empty()
            && board.out.is_empty()
            && board.dialogs.is_empty()
            && board.streams.is_empty()
            && board.recordings.is_empty()
            && board.orphans.is_empty()
            && board.limits.is_empty()
    }

    fn check_room(&self, call: CallId) -> Result<(), Refusal> {
        if self.calls.len() >= self.config.calls_max {
            let max = self.config.calls_max;
            return Err(Refusal::Limit(format!("this node: {max} calls")));
        }
        if self.calls.contains_key(&call) {
            return Err(Refusal::Limit("the call id is in use".to_owned()));
        }
        Ok(())
    }

    /// Takes a newborn call in.
    fn with(
        &mut self,
        now: Time,
        doors: &mut Doors<'_>,
        begin: impl FnOnce(&mut Moment<'_>) -> Call,
    ) {
        let mut moment = Moment {
            now,
            sip: doors.sip,
            ports: doors.ports,
            board: &mut self.board,
        };
        let call = Box::new(begin(&mut moment));
        let id = call.id;
        self.calls.insert(id, call);
        self.file(id);
    }

    /// Lets one call handle something, then files or forgets it.
    fn enter<T>(
        &mut self,
        now: Time,
        doors: &mut Doors<'_>,
        id: CallId,
        handle: impl FnOnce(&mut Moment<'_>, &mut Call) -> T,
    ) -> Option<T> {
        let call = self.calls.get_mut(&id)?;
        let mut moment = Moment {
            now,
            sip: doors.sip,
            ports: doors.ports,
            board: &mut self.board,
        };
        let result = catch_unwind(AssertUnwindSafe(|| handle(&mut moment, call)));
        if result.is_err() {
            self.break_off(now, doors, id);
        }
        self.file(id);
        result.ok()
    }

    /// A fault of ours while a call was handled: it is not known what of it holds, so it ends, and
    /// no other call notices. One that cannot even end is forgotten whole. What the fault had just
    /// taken and not yet filed (one port pair, one count of a party) may stay taken.
    fn break_off(&mut self, now: Time, doors: &mut Doors<'_>, id: CallId) {
        self.board.counters.calls_broken += 1;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let mut moment = Moment {
            now,
            sip: doors.sip,
            ports: doors.ports,
            board: &mut self.board,
        };
        let ended = catch_unwind(AssertUnwindSafe(|| call.break_off(&mut moment)));
        if ended.is_err() {
            call.forget(&mut moment);
        }
    }

    fn file(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let wanted = if call.over { None } else { call.deadline() };
        if call.timer != wanted {
            if let Some(old) = call.timer {
                self.timers.remove(&(old, id));
            }
            if let Some(at) = wanted {
                self.timers.insert((at, id));
            }
            call.timer = wanted;
        }
        if call.over {
            self.calls.remove(&id);
        }
    }

    /// An event of a dialog that is no leg any more: what is answered or asked too late is
    /// declined, so that no far end is left waiting.
    fn disown(&mut self, now: Time, doors: &mut Doors<'_>, event: SipEvent) {
        self.board.counters.inputs_ignored += 1;
        match event {
            SipEvent::Answered { dialog, .. } => {
                let reason = Cause::NORMAL.reason_header();
                let _ = doors.sip.bye(now, dialog, &[("Reason", &reason)]);
            }
            SipEvent::Reinvited { dialog, .. } => {
                let _ = doors.sip.reject_reinvite(now, dialog, 481);
            }
            SipEvent::InDialog { tx, .. } => {
                doors.sip.respond_in_dialog(now, tx, 481, &[], None);
            }
            _ => {}
        }
    }

    fn count_ignored(&mut self, ignored: bool) {
        self.board.counters.inputs_ignored += u64::from(ignored);
    }
}

fn dialog_of(event: &SipEvent) -> Option<cordboard_sip::DialogId> {
    match event {
        SipEvent::Cancelled { dialog, .. }
        | SipEvent::Confirmed { dialog, .. }
        | SipEvent::Provisional { dialog, .. }
        | SipEvent::Answered { dialog, .. }
        | SipEvent::Failed { dialog, .. }
        | SipEvent::Reinvited { dialog, .. }
        | SipEvent::ReinviteAnswered { dialog, .. }
        | SipEvent::ReinviteFailed { dialog, .. }
        | SipEvent::InDialog { dialog, .. }
        | SipEvent::Ended { dialog, .. } => Some(*dialog),
        SipEvent::Request(_) | SipEvent::Response { .. } => None,
    }
}

fn stream_of(event: &MediaEvent) -> Option<StreamId> {
    match event {
        MediaEvent::Locked { stream, .. }
        | MediaEvent::Digit { stream, .. }
        | MediaEvent::PlayEnded { stream, .. }
        | MediaEvent::Silent { stream }
        | MediaEvent::Closed { stream, .. } => Some(*stream),
        MediaEvent::Recorded { .. } => None,
    }
}
