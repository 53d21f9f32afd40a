//! Calls that nobody dialled in: the console, later scripts and modules, ring somebody and then
//! run a route.

use std::sync::Arc;
use std::time::Duration;

use cordboard_call::Doors;
use cordboard_call::action::{Action, CallerId, Notice};
use cordboard_call::admission::Origination;
use cordboard_call::cause::Cause;
use cordboard_call::event::{Direction, Party};
use cordboard_call::ids::{CallId, LegNo};
use cordboard_dialplan::{Block, Dialplan, StepKind};
use cordboard_steps::world::{Located, Target, World};
use cordboard_steps::{CallInfo, Entry};

use super::Shard;
use crate::control::verb::Originate;
use crate::tenants::Generation;
use crate::world::LiveWorld;

/// Idempotency keys that are remembered; the oldest is forgotten first.
const KEYS_MAX: usize = 10_000;
const RING_SECONDS_MAX: u64 = 300;
/// Phones of one user that ring at once; further ones do not.
const FORKS_MAX: usize = 16;

/// What the first leg of a started call needs when the journal has written `call.started`.
pub(crate) struct FirstLeg {
    target: Target,
    caller: CallerId,
    ring_for: Duration,
}

impl Shard {
    /// Starts a call; the same key gives the same call again.
    pub(crate) fn originate(&mut self, ask: &Originate) -> Result<CallId, String> {
        let generation = self.generation_of(ask.tenant.as_deref())?;
        // Tenants choose their keys without knowing of each other's.
        let key = ask
            .key
            .as_ref()
            .map(|key| format!("{}/{key}", generation.tenant));
        if let Some(key) = &key
            && let Some((_, call)) = self.calls.keys.iter().find(|(known, _)| known == key)
        {
            return Ok(*call);
        }
        if let Some(why) = self.closed() {
            return Err(format!("no new calls are taken: {why}"));
        }
        if self.policy.tenants.is_suspended(&generation.tenant) {
            return Err(format!("tenant {} is suspended", generation.tenant));
        }
        if !generation.dialplan.routes.contains_key(&ask.route) {
            return Err(format!(
                "tenant {} has no route {}",
                generation.tenant, ask.route
            ));
        }
        let target = parse_target(&ask.target, &generation.dialplan)?;
        let call = self.new_call_id();
        let caller = ask.caller_id.clone().unwrap_or_default();
        let party = match &target {
            Target::User(name) => Party::User(name.clone()),
            Target::Trunk { trunk, .. } => Party::Trunk(trunk.clone()),
        };
        let dialled = match &target {
            Target::User(name) => name.clone(),
            Target::Trunk { number, .. } => number.clone(),
        };
        let origin = Origination {
            call,
            tenant: generation.tenant.clone(),
            party: party.clone(),
            caller: caller.clone(),
            caller_name: None,
            dialled: dialled.clone(),
            settings: Arc::clone(&generation.settings),
            generation: generation.number,
            unix_ms: self.desk.moment.unix_ms,
            random: self.desk.chance.draw(),
        };
        let info = CallInfo {
            call,
            direction: Direction::Outbound,
            caller: dialled.clone(),
            caller_name: None,
            dialled: caller.clone(),
            party,
            first_leg: LegNo(1),
            caller_user: None,
        };
        self.enter(call, &generation, info, Entry::Route(ask.route.clone()));
        let first = FirstLeg {
            target,
            caller: CallerId {
                number: caller,
                name: None,
                host: generation.dialplan.tenant.domain.clone(),
            },
            ring_for: Duration::from_secs(ask.timeout_s.clamp(1, RING_SECONDS_MAX)),
        };
        self.calls.expect_first(call, first, ask.variables.clone());
        let now = self.desk.moment.now;
        let mut doors = Doors {
            sip: &mut self.endpoint,
            ports: self.ports.as_mut(),
        };
        if let Err(refusal) = self.engine.originate(now, &mut doors, origin) {
            self.calls.forget(call);
            return Err(refusal.to_string());
        }
        if let Some(key) = key {
            if self.calls.keys.len() >= KEYS_MAX {
                self.calls.keys.pop_front();
            }
            self.calls.keys.push_back((key, call));
        }
        Ok(call)
    }

    pub(crate) fn generation_of(&self, tenant: Option<&str>) -> Result<Arc<Generation>, String> {
        let tenants = &self.policy.tenants;
        match tenant {
            Some(name) => tenants
                .named(&cordboard_call::ids::TenantId::new(name))
                .cloned()
                .ok_or_else(|| format!("no tenant {name}")),
            None => tenants
                .default_tenant()
                .cloned()
                .ok_or_else(|| "name a tenant: there is no default one".to_owned()),
        }
    }

    /// `call.started` is written: ring the user's phones, or the trunk.
    pub(crate) fn dial_first(&mut self, call: CallId) {
        let Some(first) = self.calls.take_first(call) else {
            return;
        };
        let Some(running) = self.calls.find(call) else {
            return;
        };
        let generation = Arc::clone(&running.generation);
        let world = LiveWorld {
            generation: &generation,
            registrar: &self.registrar,
            networks: &self.networks,
            facts: &self.bus,
            unix_ms: self.desk.moment.unix_ms,
            chance: &mut self.desk.chance,
            codecs: &self.desk.codecs,
        };
        let (places, cause) = match world.locate(&first.target) {
            Located::Destinations(list) => (list, Cause::TEMPORARY_FAILURE),
            Located::Busy(_) => (Vec::new(), Cause::BUSY),
            Located::Unknown => (Vec::new(), Cause::UNALLOCATED),
            Located::Absent => (Vec::new(), Cause::ABSENT),
        };
        let mut ringing = Vec::new();
        for (to, number) in places.into_iter().take(FORKS_MAX).zip(1u16..) {
            let leg = LegNo(number);
            let action = Action::Dial {
                leg,
                to: Box::new(to),
                caller: first.caller.clone(),
                ring_for: first.ring_for,
                headers: Vec::new(),
            };
            if self.try_act(call, action).is_ok() {
                ringing.push(leg);
            }
        }
        if ringing.is_empty() {
            let _ = self.try_act(call, Action::End { cause, why: None });
        } else if let Some(running) = self.calls.running.get_mut(&call) {
            let last = ringing.last().copied().unwrap_or(LegNo(1));
            running.ringing = (ringing, last);
        }
    }

    /// What happens to a started call's phones before its route runs: the first to answer is the
    /// call's first leg, the others stop ringing.
    pub(crate) fn originated(&mut self, call: CallId, notice: &Notice) {
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        match notice {
            Notice::Answered { leg } => {
                let others = std::mem::take(&mut running.ringing.0);
                if let Some((info, _)) = &mut running.begins {
                    info.first_leg = *leg;
                }
                let cause = Cause::ANSWERED_ELSEWHERE;
                for leg in others.into_iter().filter(|other| other != leg) {
                    // A phone that has just refused is gone already.
                    let _ = self.try_act(call, Action::HangUp { leg, cause });
                }
                self.start_run(call);
            }
            Notice::LegEnded { leg, cause } => {
                running.ringing.0.retain(|ringing| ringing != leg);
                if running.ringing.0.is_empty() {
                    let action = Action::End {
                        cause: *cause,
                        why: None,
                    };
                    let _ = self.try_act(call, action);
                }
            }
            _ => {}
        }
    }
}

fn parse_target(text: &str, plan: &Dialplan) -> Result<Target, String> {
    let wrong = || {
        format!(
            "`{text}` is nobody to ring: write user:NAME, trunk:NAME:NUMBER or a number that an `outbound` allows"
        )
    };
    match text.split_once(':') {
        Some(("user", name)) if !name.is_empty() => Ok(Target::User(name.to_owned())),
        Some(("trunk", rest)) => match rest.split_once(':') {
            Some((trunk, number)) if !trunk.is_empty() && is_number(number) => Ok(Target::Trunk {
                trunk: trunk.to_owned(),
                number: number.to_owned(),
            }),
            _ => Err(wrong()),
        },
        None if is_number(text) => trunk_for(text, plan).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// A number goes out as an `outbound` would send it: through the first trunk that it names.
fn trunk_for(number: &str, plan: &Dialplan) -> Option<Target> {
    let outbound = plan.outbound.lookup(number)?;
    let trunk = first_trunk(&outbound.value.block)?;
    Some(Target::Trunk {
        trunk,
        number: number.to_owned(),
    })
}

fn first_trunk(block: &Block) -> Option<String> {
    block.steps.iter().find_map(|step| match &step.kind {
        StepKind::CallTrunk { trunks, .. } => trunks.first().cloned(),
        StepKind::When { arms } => arms.iter().find_map(|(_, block)| first_trunk(block)),
        _ => None,
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+*#-._".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordboard_dialplan::{Cache, Known, Source, load};

    #[test]
    fn a_number_goes_where_an_outbound_sends_it() {
        let text = r#"tenant demo domain="demo.example" tz="Europe/London"
trunk far { address "192.0.2.7:5060"; }
outbound national match="0[1-9]x{7,9}" { trunk far timeout="20s"; }
"#;
        let source = Source::of([("main.kdl", text)]);
        let plan = load(&source, &Known::of([], []), &mut Cache::new())
            .unwrap()
            .dialplan;
        let far = Target::Trunk {
            trunk: "far".into(),
            number: "0207946000".into(),
        };
        assert_eq!(parse_target("0207946000", &plan), Ok(far));
        assert!(parse_target("999", &plan).is_err());
        assert_eq!(
            parse_target("user:alice", &plan),
            Ok(Target::User("alice".into()))
        );
        assert!(parse_target("trunk:far:1@2", &plan).is_err());
    }
}
