//! A thousand calls in which everything happens in any order, and nothing may be left behind.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_call::event::{DigitVia, Direction};
use cordboard_call::*;
use cordboard_media as media;
use cordboard_media::{Clip, StreamId};

use crate::world::*;

/// Xorshift64: chance that is the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn leg(&mut self) -> LegNo {
        LegNo([1, 1, 2, 2, 3, 4, 0][self.below(7) as usize])
    }
}

fn random_action(chance: &mut Chance) -> Action {
    let leg = chance.leg();
    match chance.below(15) {
        0 => Action::Ring { leg },
        1 => Action::Progress { leg },
        2 | 3 => Action::Answer { leg },
        4 => Action::Play {
            leg,
            clips: vec![Clip::Silence(ms(chance.below(200)))],
            repeat: false,
        },
        5 => Action::StopPlay { leg },
        6..=8 => {
            let b = chance.leg();
            Action::Bridge { a: leg, b }
        }
        9 => Action::Unbridge { leg },
        10 => Action::Record,
        11 => Action::StopRecord,
        12 => Action::Secret {
            leg,
            on: chance.below(2) == 0,
        },
        13 => Action::SendDigits {
            leg,
            digits: "12".into(),
        },
        _ => Action::PressDigit {
            leg,
            digit: '1',
            via: DigitVia::Program,
        },
    }
}

fn random_phone(chance: &mut Chance, world: &mut World) {
    let last = [CALLER, ALICE, BOB][chance.below(3) as usize];
    let (doing, dare) = (chance.below(12), chance.below(3) == 0);
    let cause = Cause(1 + chance.below(127) as u8);
    world.by(last, |phone, now| {
        let Some(dialog) = phone.dialog else { return };
        let direction = ["sendrecv", "sendonly", "inactive", "recvonly"][doing as usize % 4];
        let body = phone.sdp(direction, (doing == 9).then_some("0.0.0.0"));
        let reason = cause.reason_header();
        let headers = [("Reason", reason.as_str())];
        let sip = &mut phone.sip;
        let _ = match doing {
            0 => sip.progress(now, dialog, 180, &[], None),
            1 => sip.progress(now, dialog, 183, &[], Some(body)),
            2..=4 => sip.answer(now, dialog, &[], body),
            5 if dare => sip.reject(now, dialog, 486, None, &headers),
            6 if dare => sip.cancel(now, dialog, &headers),
            7 if dare => sip.bye(now, dialog, &headers),
            _ => sip.reinvite(now, dialog, body),
        };
    });
}

fn random_media(chance: &mut Chance, world: &mut World) {
    let opened = world.switch.ports.taken.iter().copied();
    let mut streams: Vec<StreamId> = opened.collect();
    streams.push(StreamId {
        slot: 9,
        generation: 9_999_999,
    });
    let stream = streams[chance.below(streams.len() as u64) as usize];
    let event = match chance.below(6) {
        0 => media::Event::Digit { stream, digit: '5' },
        1 => media::Event::Digit { stream, digit: '?' },
        2 => media::Event::PlayEnded {
            stream,
            play: chance.below(40),
            stopped: false,
            played: Duration::ZERO,
        },
        3 => media::Event::Silent { stream },
        4 => media::Event::Locked {
            stream,
            from: host(CALLER),
        },
        _ => media::Event::Recorded {
            recording: chance.below(40),
            length: Duration::ZERO,
            error: None,
        },
    };
    world.media_event(event);
}

const FORMATS: [&str; 7] = ["0 8 101", "0 8 101", "8 101", "8", "0", "0 101", "18"];

/// One call's life of random length. It is over, or told to end, at the end.
fn random_call(chance: &mut Chance, world: &mut World) {
    for last in [CALLER, ALICE, BOB] {
        world.phone(last).formats = FORMATS[chance.below(7) as usize];
        world.phone(last).late = chance.below(8) == 0;
        world.phone(last).dialog = None;
    }
    let call = if chance.below(5) == 0 {
        world.originate()
    } else {
        world.by(CALLER, |phone, now| phone.call(now, host(SWITCH)));
        world.run(20);
        match world.switch.admitted.pop() {
            Some(Ok(call)) => call,
            _ => return,
        }
    };
    if chance.below(3) > 0 {
        let _ = world.act(call, Action::Answer { leg: LegNo(1) });
        let _ = world.dial(call, 2, ALICE);
        world.run(20);
        if chance.below(3) > 0 {
            world.by(ALICE, |alice, now| {
                let body = alice.sdp("sendrecv", None);
                if let Some(dialog) = alice.dialog {
                    let _ = alice.sip.answer(now, dialog, &[], body);
                }
            });
            world.run(20);
            let (a, b) = (LegNo(1), LegNo(2));
            let _ = world.act(call, Action::Bridge { a, b });
        }
    }
    for _ in 0..5 + chance.below(25) {
        match chance.below(12) {
            0..=3 => {
                let action = random_action(chance);
                let _ = world.act(call, action);
            }
            4 | 5 => {
                let (leg, last) = (chance.leg().0, [ALICE, BOB][chance.below(2) as usize]);
                let _ = world.dial_for(call, leg, last, ms(chance.below(400)));
            }
            6..=8 => random_phone(chance, world),
            9 => random_media(chance, world),
            10 => world.repeat_event(chance.below(40) as usize),
            _ if chance.below(4) == 0 => {
                let (leg, cause) = (chance.leg(), Cause::NORMAL);
                let _ = world.act(call, Action::HangUp { leg, cause });
            }
            _ => {}
        }
        world.run(chance.below(30));
    }
    let (cause, why) = (Cause::NORMAL, None);
    let _ = world.act(call, Action::End { cause, why });
}

#[test]
fn a_thousand_calls_leave_nothing_behind() {
    let mut world = random_calls(1_000, 0x5eed_cafe, 0);
    world.assert_clean();
    assert_each_call_is_told_whole(&world.switch.facts);
    assert!(world.told("leg.answered") > 200);
    assert!(world.told("call.bridged") > 50);
    assert!(world.told("leg.held") > 10);
    assert!(world.told("recording.ended") > 50);
}

#[test]
fn nor_do_calls_where_a_fifth_of_all_datagrams_is_lost() {
    let mut world = random_calls(150, 0xdead_beef, 20);
    world.loss_percent = 0;
    world.run(100_000);
    world.assert_clean();
    assert_each_call_is_told_whole(&world.switch.facts);
}

fn random_calls(count: u64, seed: u64, loss_percent: u64) -> World {
    let mut world = World::with(Settings {
        parties: PartyLimits {
            user: 6,
            ..PartyLimits::default()
        },
        longest_call: Duration::from_secs(90),
        ..Settings::default()
    });
    world.loss_percent = loss_percent;
    let mut chance = Chance(seed);
    while world.switch.calls.counters().calls_started < count {
        random_call(&mut chance, &mut world);
        world.wire.clear();
        world.switch.commands.clear();
        world.switch.notices.clear();
    }
    world
}

/// `call.started` first, `call.ended` once and last, one `leg.ended` and one CDR a leg.
fn assert_each_call_is_told_whole(facts: &[Event]) {
    let mut calls: BTreeMap<CallId, Vec<&Event>> = BTreeMap::new();
    for event in facts {
        calls.entry(event.call).or_default().push(event);
    }
    for events in calls.values() {
        let topics: Vec<&str> = events.iter().map(|event| event.fact.topic()).collect();
        assert_eq!(topics.first(), Some(&"call.started"));
        assert_eq!(topics.last(), Some(&"call.ended"));
        let count = |topic: &str| topics.iter().filter(|t| **t == topic).count();
        assert_eq!(count("call.ended"), 1, "{topics:?}");
        let inbound = events.iter().any(|event| {
            matches!(
                event.fact,
                Fact::CallStarted {
                    direction: Direction::Inbound,
                    ..
                }
            )
        });
        let legs = count("leg.dialled") + usize::from(inbound);
        assert_eq!(count("leg.ended"), legs, "{topics:?}");
        assert_eq!(count("cdr.written"), legs, "{topics:?}");
        assert_eq!(count("recording.started"), count("recording.ended"));
        for pair in events.windows(2) {
            if pair[0].fact.topic() == "leg.ended" {
                assert_eq!(pair[1].fact.topic(), "cdr.written");
                assert_eq!(pair[0].leg, pair[1].leg);
            }
        }
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let tell = || {
        let mut world = World::new();
        let mut chance = Chance(42);
        for _ in 0..20 {
            random_call(&mut chance, &mut world);
        }
        world.run(70_000);
        world.switch.facts
    };
    assert_eq!(tell(), tell());
}
