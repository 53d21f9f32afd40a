//! Keys: by INFO, by telephone-event, by a program; secret ones.

use cordboard_call::event::DigitVia;
use cordboard_call::*;
use cordboard_media::{Command, Event as MediaEvent};

use crate::phone::Phone;
use crate::world::*;

fn pressed(world: &World) -> Vec<(u16, Option<char>, DigitVia)> {
    let facts = world.switch.facts.iter();
    facts
        .filter_map(|event| match event.fact {
            Fact::DigitPressed { digit, via } => Some((event.leg.unwrap().0, digit, via)),
            _ => None,
        })
        .collect()
}

fn sent(world: &World) -> Vec<String> {
    let commands = world.switch.commands.iter();
    commands
        .filter_map(|command| match command {
            Command::SendDigits { digits, .. } => Some(digits.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn info_digits_are_heard_and_answered() {
    let mut world = World::new();
    let call = world.answered_call();
    world.notices();
    for (kind, text) in [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
        ("application/dtmf", "#"),
        ("text/plain", "7"),
        ("application/dtmf", "x"),
    ] {
        world.by(CALLER, |caller, now| caller.info(now, kind, text));
        world.run(50);
    }
    assert_eq!(world.phone(CALLER).answers, [200, 200, 415, 400]);
    let leg = LegNo(1);
    assert_eq!(
        world.notices(),
        [
            Notice::Digit { leg, digit: '5' },
            Notice::Digit { leg, digit: '#' }
        ]
    );
    assert_eq!(
        pressed(&world),
        [
            (1, Some('5'), DigitVia::Info),
            (1, Some('#'), DigitVia::Info)
        ]
    );
    let cause = Cause::NORMAL;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.assert_clean();
}

#[test]
fn a_secret_digit_is_in_no_event_but_reaches_the_step() {
    let mut world = World::new();
    let call = world.answered_call();
    world.notices();
    let leg = LegNo(1);
    world.act(call, Action::Secret { leg, on: true }).unwrap();
    let stream = world.stream(0);
    world.media_event(MediaEvent::Digit { stream, digit: '4' });
    world.act(call, Action::Secret { leg, on: false }).unwrap();
    world.media_event(MediaEvent::Digit { stream, digit: '2' });
    assert_eq!(
        world.notices(),
        [
            Notice::Digit { leg, digit: '4' },
            Notice::Digit { leg, digit: '2' }
        ]
    );
    assert_eq!(
        pressed(&world),
        [
            (1, None, DigitVia::Rfc4733),
            (1, Some('2'), DigitVia::Rfc4733)
        ]
    );
    let secrets: Vec<bool> = world
        .switch
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Secret { on, .. } => Some(*on),
            _ => None,
        })
        .collect();
    assert_eq!(secrets, [true, false]);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}

#[test]
fn info_digits_cross_a_bridge_and_telephone_events_are_left_to_media() {
    let mut world = World::new();
    let call = world.bridged_call();
    world.by(CALLER, |c, now| c.info(now, "application/dtmf", "9"));
    world.run(50);
    assert_eq!(sent(&world), ["9"]);
    let stream = world.stream(1);
    world.media_event(MediaEvent::Digit { stream, digit: '8' });
    assert_eq!(sent(&world), ["9"]);
    let press = Action::PressDigit {
        leg: LegNo(2),
        digit: 'a',
        via: DigitVia::Program,
    };
    world.act(call, press).unwrap();
    assert_eq!(sent(&world), ["9", "A"]);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}

#[test]
fn a_phone_without_telephone_events_gets_digits_by_info() {
    let mut world = World::new();
    world.phone(ALICE).formats = "0";
    let call = world.bridged_call();
    let leg = LegNo(2);
    let digits = "1d".to_owned();
    world.act(call, Action::SendDigits { leg, digits }).unwrap();
    world.run(500);
    let seen = world.phone(ALICE).seen.clone();
    assert!(
        seen.contains(&"INFO Signal=1\r\nDuration=160".to_owned()),
        "{seen:?}"
    );
    assert!(
        seen.contains(&"INFO Signal=D\r\nDuration=160".to_owned()),
        "{seen:?}"
    );
    for digits in ["", "12x", &"1".repeat(65)] {
        let digits = digits.to_owned();
        assert!(world.act(call, Action::SendDigits { leg, digits }).is_err());
    }
    world.by(ALICE, |alice, now| alice.bye(now, &[]));
    world.run(50);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}

#[test]
fn a_digit_of_an_unanswered_phone_does_not_disturb() {
    let mut world = World::new();
    let call = world.call_in();
    let press = Action::PressDigit {
        leg: LegNo(1),
        digit: 'x',
        via: DigitVia::Program,
    };
    assert!(matches!(
        world.act(call, press),
        Err(Refusal::WrongState(..))
    ));
    world.by(CALLER, Phone::cancel);
    world.assert_clean();
}
