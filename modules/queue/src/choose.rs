//! Who gets a contact: filter, tier, key, tie-break.
//!
//! Eligible agents (Ready, slot Free, level open for the contact's wait) are ordered by level, then
//! by the strategy's key, then longest idle first, then by name. The order is total: the same
//! state always gives the same agent. A new strategy is one more arm of `key`.

use cordboard_module::ordered::Map;

use crate::agent::Agent;
use crate::settings::{Service, Tier};

/// The key inside a level; the smaller comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Time since the end of the agent's last contact of any queue, longest first.
    #[default]
    LongestIdle,
    /// Always from the first of the list on.
    RingOrder,
}

impl Strategy {
    /// By the word of dialplans; `ordered` is how other systems call ring order.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "longest-idle" => Some(Strategy::LongestIdle),
            "ring-order" | "ordered" => Some(Strategy::RingOrder),
            _ => None,
        }
    }

    fn key(self, agent: &Agent, position: u32) -> u64 {
        match self {
            Strategy::LongestIdle => agent.idle_since_ms,
            Strategy::RingOrder => u64::from(position),
        }
    }

    fn sentence(self, idle_ms: u64, position: u32) -> String {
        match self {
            Strategy::LongestIdle => format!("idle for {} s, the longest", idle_ms / 1_000),
            Strategy::RingOrder => format!("number {position} of the order, the first who is free"),
        }
    }
}

/// A choice and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Who.
    pub agent: String,
    /// One sentence for people.
    pub why: String,
}

/// Level, the strategy's key, begin of idleness, name: the smallest is chosen.
type Key<'a> = (u32, u64, u64, &'a str);

/// The agent for a contact that has waited so long; none when nobody may take it.
pub fn choose(
    service: &Service,
    agents: &Map<String, Agent>,
    waited_ms: u64,
    now_ms: u64,
) -> Option<Choice> {
    let mut eligible = 0_usize;
    let mut best: Option<(Key, &Tier)> = None;
    for tier in &service.tiers {
        let Some(agent) = agents.get(&tier.agent) else {
            continue;
        };
        if tier.after_ms > waited_ms || !agent.takes_contacts(now_ms) {
            continue;
        }
        eligible += 1;
        let key = service.strategy.key(agent, tier.position);
        let key = (tier.level, key, agent.idle_since_ms, tier.agent.as_str());
        if best.as_ref().is_none_or(|(other, _)| key < *other) {
            best = Some((key, tier));
        }
    }
    let ((level, _, idle_since_ms, name), tier) = best?;
    let idle_ms = now_ms.saturating_sub(idle_since_ms);
    Some(Choice {
        agent: name.to_owned(),
        why: format!(
            "{name}: level {level}, {}, of {eligible} eligible",
            service.strategy.sentence(idle_ms, tier.position)
        ),
    })
}

/// When the next level of this queue opens for a contact that has waited so long: after so many
/// milliseconds of waiting in all.
pub fn next_opening(service: &Service, waited_ms: u64) -> Option<u64> {
    let openings = service.tiers.iter().map(|tier| tier.after_ms);
    openings.filter(|after| *after > waited_ms).min()
}
