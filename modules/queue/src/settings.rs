//! The settings of the dialplan as types that cannot be wrong, or every reason why not.

use cordboard_module::json::Json;
use cordboard_module::ordered::{Map, Set};

use crate::choose::Strategy;

/// Most contacts that wait in one queue, whatever `max-waiting` says.
pub const WAITING_MAX: u64 = 5_000;
/// Most agents of all queues.
pub const AGENTS_MAX: usize = 5_000;

/// What happens to an agent whose phone rang in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoAnswer {
    /// Paused for the reason `no-answer`, until the agent says `ready`.
    #[default]
    Pause,
    /// Rung again, after the queue's delay.
    Retry,
}

/// An agent's place in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Who.
    pub agent: String,
    /// Lower levels come first; 1 is the first.
    pub level: u32,
    /// Order inside the level, from 1.
    pub position: u32,
    /// The level takes contacts that have waited so long, in milliseconds.
    pub after_ms: u64,
}

/// Who serves a queue, and how one of them is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The key of the choice inside a level.
    pub strategy: Strategy,
    /// Every agent once, by level and position.
    pub tiers: Vec<Tier>,
    /// How long a phone rings, milliseconds.
    pub ring_timeout_ms: u32,
    /// After each talk, milliseconds.
    pub wrap_up_ms: u64,
    /// When nobody takes the phone.
    pub no_answer: NoAnswer,
    /// Before a phone that was busy, failed or is to be tried again rings again, milliseconds.
    pub delay_ms: u64,
}

/// What waiting callers hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comfort {
    /// Prompt played again and again; none is silence.
    pub music: Option<String>,
    /// How often the position is told, milliseconds; 0 is never.
    pub announce_every_ms: u64,
    /// Prompt before the number.
    pub position_prompt: Option<String>,
    /// Prompts of numbers are called this and the number.
    pub number_prompts: String,
    /// Greatest number that has a prompt; further back nothing is said.
    pub numbers_max: usize,
}

/// One queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Who serves it.
    pub service: Service,
    /// What callers hear.
    pub comfort: Comfort,
    /// Most that wait; one more is `full`.
    pub waiting_max: u64,
    /// Callers may come while no agent is logged in.
    pub join_empty: bool,
    /// Callers leave when the last agent logs out.
    pub leave_empty: bool,
    /// Answered within this is in time, milliseconds: goes into events for reports.
    pub threshold_ms: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Queues by name.
    pub queues: Map<String, Queue>,
    /// Queues of each agent.
    pub agents: Map<String, Vec<String>>,
}

impl Settings {
    /// Reads the settings, which the dialplan has checked against the manifest.
    ///
    /// # Errors
    /// Every reason at once, a sentence each.
    pub fn read(settings: &Json) -> Result<Self, Vec<String>> {
        let mut read = Settings::default();
        let mut wrong = Vec::new();
        for (name, block) in settings["queue"].members() {
            let queue = queue(name, block, &mut wrong);
            for tier in &queue.service.tiers {
                let queues = read.agents.entry(&tier.agent);
                queues.push(name.clone());
            }
            read.queues.insert(name.clone(), queue);
        }
        if read.queues.is_empty() {
            wrong.push(
                "there is no queue: write config { queue \"NAME\" { agents ... } }".to_owned(),
            );
        }
        if read.agents.len() > AGENTS_MAX {
            wrong.push(format!("there are more than {AGENTS_MAX} agents"));
        }
        if wrong.is_empty() {
            Ok(read)
        } else {
            Err(wrong)
        }
    }
}

fn queue(name: &str, block: &Json, wrong: &mut Vec<String>) -> Queue {
    let mut tiers = Vec::new();
    level(1, &block["agents"], 0, &mut tiers);
    for (number, tier) in block["tier"].members() {
        match number.parse() {
            Ok(2..=99) if tier["agents"].items().is_empty() => {
                wrong.push(format!("queue `{name}`, tier `{number}`: no agents"));
            }
            Ok(at @ 2..=99) => level(at, &tier["agents"], tier["after"].u64(), &mut tiers),
            _ => wrong.push(format!(
                "queue `{name}`, tier `{number}`: a tier is called 2 to 99; the first is `agents`"
            )),
        }
    }
    let mut seen = Set::default();
    for tier in &tiers {
        if !seen.add(tier.agent.clone()) {
            wrong.push(format!(
                "queue `{name}`: agent `{}` stands in it twice",
                tier.agent
            ));
        }
    }
    if tiers.is_empty() {
        wrong.push(format!(
            "queue `{name}`: nobody serves it: write agents NAME ..."
        ));
    }
    let strategy = block["strategy"].text().unwrap_or("longest-idle");
    let strategy = Strategy::of(strategy).unwrap_or_else(|| {
        wrong.push(format!(
            "queue `{name}`: no strategy is called `{strategy}`; there are longest-idle and ring-order"
        ));
        Strategy::default()
    });
    let comfort = comfort(block);
    if comfort.announce_every_ms > 0 && comfort.position_prompt.is_none() {
        wrong.push(format!(
            "queue `{name}`: announce-position needs a position-prompt"
        ));
    }
    Queue {
        service: Service {
            strategy,
            tiers,
            ring_timeout_ms: number(block, "ring-timeout", 15_000).clamp(1_000, 600_000) as u32,
            wrap_up_ms: number(block, "wrap-up", 10_000),
            no_answer: match block["no-answer"].text() {
                Some("retry") => NoAnswer::Retry,
                _ => NoAnswer::Pause,
            },
            delay_ms: number(block, "delay", 20_000).max(100),
        },
        comfort,
        waiting_max: number(block, "max-waiting", 100).min(WAITING_MAX),
        join_empty: block["join-empty"].flag().unwrap_or(false),
        leave_empty: block["leave-empty"].flag().unwrap_or(false),
        threshold_ms: number(block, "service-level", 20_000),
    }
}

fn comfort(block: &Json) -> Comfort {
    let prompt = |name: &str| {
        let prompt = block[name].text().filter(|prompt| !prompt.is_empty());
        prompt.map(str::to_owned)
    };
    let every_ms = number(block, "announce-position", 0);
    Comfort {
        music: prompt("music"),
        announce_every_ms: if every_ms == 0 {
            0
        } else {
            every_ms.max(5_000)
        },
        position_prompt: prompt("position-prompt"),
        number_prompts: prompt("number-prompts").unwrap_or_else(|| "number-".to_owned()),
        numbers_max: number(block, "numbers-max", 20) as usize,
    }
}

fn number(block: &Json, name: &str, default: u64) -> u64 {
    let given = block[name].number();
    given.map_or(default, |_| block[name].u64())
}

fn level(level: u32, agents: &Json, after_ms: u64, tiers: &mut Vec<Tier>) {
    for (agent, position) in agents.texts().zip(1..) {
        let tier = Tier {
            agent: agent.to_owned(),
            level,
            position,
            after_ms,
        };
        let at = tiers.partition_point(|t| (t.level, t.position) <= (level, position));
        tiers.insert(at, tier);
    }
}
