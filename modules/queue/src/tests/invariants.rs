//! What holds after every input, whatever comes: random days, seeded, with reloads in between.

use cordboard_module::{Operation, Service};

use super::floor::Floor;
use crate::agent::Slot;
use crate::contact::Phase;

const DAY: &str = r#"{"queue":{
    "sales":{"agents":["a1","a2","a3"],"wrap-up":4000,"music":"hold","announce-position":20000,
        "position-prompt":"you-are","tier":{"2":{"agents":["a4","a5"],"after":15000}}},
    "help":{"agents":["a3","a4"],"strategy":"ring-order","wrap-up":0,"no-answer":"retry",
        "leave-empty":true,"max-waiting":6}}}"#;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn draw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

fn check(floor: &Floor, at: &str) {
    let centre = &floor.centre;
    for (number, visit) in centre.visits.iter() {
        let in_line = centre
            .lines
            .get(&visit.queue)
            .is_some_and(|l| l.contains(&visit.place));
        let agent = match &visit.phase {
            Phase::Waiting => None,
            Phase::Ringing { agent, .. } => Some((agent, Slot::Reserved)),
            Phase::Talking(talk) => Some((&talk.agent, Slot::Busy)),
        };
        assert_eq!(
            in_line,
            !matches!(visit.phase, Phase::Talking(_)),
            "{at}: line of {number}"
        );
        if let Some((name, slot)) = agent {
            let agent = centre.agents.get(name).unwrap();
            assert_eq!(
                agent.visit,
                Some(*number),
                "{at}: {name} and visit {number}"
            );
            assert!(
                agent.slot == slot || (slot == Slot::Busy && agent.slot == Slot::Held),
                "{at}: {name} is {:?}",
                agent.slot
            );
        }
        assert!(
            visit.awaited != 0,
            "{at}: {number} hears and awaits nothing"
        );
    }
    for (name, agent) in centre.agents.iter() {
        let holds = matches!(agent.slot, Slot::Reserved | Slot::Busy | Slot::Held);
        assert_eq!(
            agent.visit.is_some(),
            holds,
            "{at}: {name} is {:?}",
            agent.slot
        );
        if let Some(visit) = agent.visit {
            assert!(
                centre.visits.contains(&visit),
                "{at}: {name} serves the dead"
            );
        }
    }
    // Work-conserving: nobody who may serve is free while somebody whom they may serve waits.
    for visit in centre.visits.values().filter(|v| v.phase == Phase::Waiting) {
        let queue = centre.settings.queues.get(&visit.queue).unwrap();
        let waited_ms = visit.waited_ms(floor.now_ms);
        let choice = crate::choose(&queue.service, &centre.agents, waited_ms, floor.now_ms);
        assert_eq!(choice, None, "{at}: {} waits", visit.contact);
    }
    let waiting: usize = centre.lines.values().map(|line| line.len()).sum();
    let talking = centre
        .visits
        .values()
        .filter(|v| matches!(v.phase, Phase::Talking(_)));
    assert_eq!(
        waiting + talking.count(),
        centre.visits.len(),
        "{at}: lines"
    );
    assert_eq!(centre.waiting.len(), waiting, "{at}: the common line");
    assert_eq!(centre.contacts.len(), centre.visits.len(), "{at}: contacts");
    // Every visit ends in exactly one way.
    let begun = floor.count("contact-queued");
    let ended = floor.count("contact-abandoned") + floor.count("contact-left");
    let answered = floor.count("contact-answered");
    let alive = centre
        .visits
        .values()
        .filter(|v| !matches!(v.phase, Phase::Talking(_)))
        .count();
    assert_eq!(begun, ended + answered + alive, "{at}: conservation");
    assert!(
        floor.count("contact-handled") <= floor.count("contact-ended"),
        "{at}: accounts"
    );
}

fn day(seed: u64, inputs: u64) {
    let mut chance = Chance(seed);
    let mut floor = Floor::open(DAY);
    let mut calls: Vec<String> = Vec::new();
    for step in 0..inputs {
        let at = format!("seed {seed}, step {step}");
        let agent = format!("a{}", 1 + chance.draw(5));
        let call = match calls.len() {
            0 => None,
            most => calls.get(chance.draw(most as u64) as usize).cloned(),
        };
        match (chance.draw(20), call) {
            (0..=3, _) => {
                let call = format!("c{step}");
                let queue = ["sales", "help"][chance.draw(2) as usize];
                let wish = format!(
                    "\"timeout\":{},\"priority\":{}",
                    1_000 + chance.draw(60_000),
                    chance.draw(3)
                );
                floor.enter(&call, queue, &wish);
                calls.push(call);
            }
            (4..=6, _) => floor.say(["login", "ready", "login"][chance.draw(3) as usize], &agent),
            (7, _) => floor.say(["logout", "pause"][chance.draw(2) as usize], &agent),
            (8..=10, _) => floor.wait_ms(chance.draw(20_000)),
            (11, _) => floor.reload(DAY),
            (12, Some(call)) => {
                floor.leg(
                    &call,
                    ["leg.held", "leg.resumed"][chance.draw(2) as usize],
                    2,
                );
            }
            (13, Some(call)) => {
                if !floor.did(&call).starts_with("end") && floor.under_way(&call).is_some() {
                    floor.hang_up(&call);
                }
                calls.retain(|known| *known != call);
            }
            (_, Some(call)) => match floor.under_way(&call) {
                Some(Operation::Ring(_)) => match chance.draw(6) {
                    0..=2 => floor.bridged(&call),
                    3 | 4 => floor.talked(&call),
                    _ => floor.missed(
                        &call,
                        ["no-answer", "busy", "absent", "failed"][chance.draw(4) as usize],
                    ),
                },
                Some(_) if chance.draw(4) == 0 => floor.broken(&call),
                Some(_) => floor.over(&call),
                None => calls.retain(|known| *known != call),
            },
            _ => floor.wait_ms(1),
        }
        floor.wait_ms(0);
        check(&floor, &at);
    }
}

#[test]
fn random_days_break_no_rule() {
    for seed in 0..60 {
        day(seed, 400);
    }
}

#[test]
fn the_same_day_twice_gives_the_same_state_and_a_reload_changes_nothing() {
    let run = |reloads: bool| {
        let mut floor = Floor::open(DAY);
        for name in ["a1", "a2", "a4"] {
            floor.say("login", name);
            floor.wait_ms(7);
        }
        for n in 0..12 {
            floor.enter(
                &format!("c{n}"),
                if n % 3 == 0 { "help" } else { "sales" },
                "",
            );
            floor.wait_ms(1_300);
            if reloads {
                floor.reload(DAY);
            }
        }
        floor.wait_ms(100_000);
        let status = floor.status();
        (
            status["queues"].to_string(),
            floor.centre.agents.clone(),
            floor.centre.save(),
        )
    };
    let (plain, reloaded) = (run(false), run(true));
    assert_eq!(plain.0, run(false).0);
    assert_eq!(plain.0, reloaded.0);
    assert_eq!(plain.1, reloaded.1);
}
