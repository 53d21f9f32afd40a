//! The plain call: in, answered, somebody rung, bridged, hung up.

use cordboard_call::event::{Direction, EndedBy};
use cordboard_call::*;
use cordboard_media::{Codec, Command};

use crate::phone::Phone;
use crate::world::*;

#[test]
fn a_call_is_told_from_its_first_fact_to_its_last() {
    let mut world = World::new();
    let call = world.bridged_call();
    assert!(world.phone(ALICE).saw("ACK"));
    world.run(10_000);
    world.by(ALICE, |alice, now| alice.bye(now, &[]));
    world.run(50);
    assert_eq!(
        world.notices(),
        [
            Notice::Answered { leg: LegNo(2) },
            Notice::Answered { leg: LegNo(1) },
            Notice::LegEnded {
                leg: LegNo(2),
                cause: Cause::NORMAL
            },
        ]
    );
    let cause = Cause::NORMAL;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.run(50);
    assert!(world.phone(CALLER).saw("BYE"));
    assert_eq!(
        world.story(),
        [
            "call.started",
            "leg.dialled 2",
            "leg.answered 2",
            "leg.answered 1",
            "call.bridged",
            "call.unbridged",
            "leg.ended 2",
            "cdr.written 2",
            "leg.ended 1",
            "cdr.written 1",
            "call.ended",
        ]
    );
    let two = world.cdr(2).clone();
    assert_eq!(two.direction, Direction::Outbound);
    assert_eq!(two.party, Party::User("alice".into()));
    assert_eq!(two.ended_by, EndedBy::Remote);
    assert_eq!(two.result, "answered");
    assert!((10_000..10_300).contains(&two.talk_ms), "{}", two.talk_ms);
    assert!(two.started_ms > BIRTH_MS);
    assert_eq!(world.cdr(1).ended_by, EndedBy::Local);
    assert_eq!(world.cdr(1).codec.as_deref(), Some("PCMU"));
    world.assert_clean();
}

#[test]
fn nothing_above_100_is_sent_before_an_action_says_so() {
    let mut world = World::new();
    let call = world.call_in();
    world.run(5_000);
    assert_eq!(world.sent_to(CALLER, "SIP/2.0").len(), 1);
    assert_eq!(world.sent_to(CALLER, "SIP/2.0 100").len(), 1);
    assert!(world.switch.commands.is_empty(), "no stream is opened yet");
    world.act(call, Action::Ring { leg: LegNo(1) }).unwrap();
    world.act(call, Action::Ring { leg: LegNo(1) }).unwrap();
    world.run(50);
    assert_eq!(world.phone(CALLER).seen, ["180"]);
    world.by(CALLER, Phone::cancel);
    world.assert_clean();
}

#[test]
fn the_outbound_offer_spares_a_conversion() {
    let mut world = World::new();
    world.phone(CALLER).formats = "8 0 101";
    let call = world.call_in();
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    let offer = world.phone(ALICE).heard_sdp.clone();
    assert!(offer.contains("RTP/AVP 8 0 101"), "{offer}");
    // Alice takes the other codec all the same, and the caller's answer follows her.
    world.phone(ALICE).formats = "0";
    world.by(ALICE, Phone::answer);
    world.run(50);
    world.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
    world.bridge(call, 1, 2);
    world.run(50);
    let answer = world.phone(CALLER).heard_sdp.clone();
    assert!(answer.contains("RTP/AVP 0"), "{answer}");
    let converted = world
        .switch
        .facts
        .iter()
        .find_map(|event| match event.fact {
            Fact::Bridged { converted, .. } => Some(converted),
            _ => None,
        });
    assert_eq!(converted, Some(false));
    let end = Action::End {
        cause: Cause::NORMAL,
        why: None,
    };
    world.act(call, end).unwrap();
    world.assert_clean();
}

#[test]
fn two_codecs_are_converted_when_the_phones_leave_no_choice() {
    let mut world = World::new();
    world.phone(CALLER).formats = "8";
    world.phone(ALICE).formats = "0";
    let call = world.bridged_call();
    let codecs: Vec<Codec> = world
        .switch
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Configure { spec, .. } => Some(spec.codec),
            _ => None,
        })
        .collect();
    assert_eq!(codecs, [Codec::Pcmu, Codec::Pcma]);
    assert!(world.switch.facts.iter().any(|event| matches!(
        event.fact,
        Fact::Bridged {
            converted: true,
            ..
        }
    )));
    let end = Action::End {
        cause: Cause::NORMAL,
        why: None,
    };
    world.act(call, end).unwrap();
    world.assert_clean();
}

#[test]
fn a_late_offer_is_ours_and_answered_by_the_ack() {
    let mut world = World::new();
    world.phone(CALLER).late = true;
    let call = world.call_in();
    let progress = Action::Progress { leg: LegNo(1) };
    assert!(matches!(
        world.act(call, progress),
        Err(Refusal::WrongState(LegNo(1), _))
    ));
    world.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
    world.run(50);
    // The phone's engine acknowledges without SDP, as RFC 3261 forbids: the leg has no audio.
    assert!(world.phone(CALLER).heard_sdp.contains("RTP/AVP 0 8 101"));
    assert!(world.phone(CALLER).saw("BYE"));
    assert_eq!(world.told("leg.answered"), 0);
    assert_eq!(world.cdr(1).cause, Cause::INCOMPATIBLE);
    world.assert_clean();
}

#[test]
fn a_call_that_nobody_dialled_rings_one_phone_and_then_another() {
    let mut world = World::new();
    let call = world.originate();
    world.dial(call, 1, ALICE).unwrap();
    world.run(50);
    world.by(ALICE, |alice, now| alice.reject(now, 486, &[]));
    world.run(50);
    assert!(world.switch.calls.call(call).is_some(), "the route decides");
    world.dial(call, 2, BOB).unwrap();
    world.run(50);
    world.by(BOB, Phone::answer);
    world.run(50);
    world.play(call, 2, 500);
    world.run(700);
    world.by(BOB, |bob, now| bob.bye(now, &[]));
    world.run(50);
    let cause = Cause::NORMAL;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.run(10);
    let facts = &world.switch.facts;
    assert!(matches!(
        facts[0].fact,
        Fact::CallStarted {
            direction: Direction::Outbound,
            ..
        }
    ));
    assert_eq!(world.cdr(1).result, "busy");
    assert_eq!(world.cdr(2).result, "answered");
    world.assert_clean();
}

#[test]
fn a_call_without_legs_does_not_live_for_ever() {
    let mut world = World::new();
    world.originate();
    world.run(59_000);
    assert_eq!(world.switch.calls.len(), 1);
    world.run(2_000);
    assert_eq!(world.story(), ["call.started", "call.ended"]);
    world.assert_clean();
}

#[test]
fn the_console_sees_calls_and_legs() {
    let mut world = World::new();
    let call = world.bridged_call();
    let views: Vec<CallView> = world.switch.calls.calls().collect();
    assert_eq!(views.len(), 1);
    let view = &views[0];
    assert_eq!((view.call, view.caller.as_str()), (call, "+441632960001"));
    let legs: Vec<_> = view
        .legs
        .iter()
        .map(|leg| (leg.leg.0, leg.state, leg.peer.map(|p| p.0), leg.codec))
        .collect();
    assert_eq!(
        legs,
        [
            (1, "up", Some(2), Some("PCMU")),
            (2, "up", Some(1), Some("PCMU"))
        ]
    );
    let end = Action::End {
        cause: Cause::NORMAL,
        why: None,
    };
    world.act(call, end).unwrap();
    assert!(world.switch.calls.call(call).is_none_or(|view| view.ending));
    world.assert_clean();
}

#[test]
fn what_is_gone_is_refused_and_never_a_panic() {
    let mut world = World::new();
    let call = world.bridged_call();
    let seven = Action::Play {
        leg: LegNo(7),
        clips: Vec::new(),
        repeat: false,
    };
    assert_eq!(world.act(call, seven), Err(Refusal::NoSuchLeg(LegNo(7))));
    let (a, b) = (LegNo(1), LegNo(1));
    assert!(world.act(call, Action::Bridge { a, b }).is_err());
    assert!(matches!(
        world.dial(call, 2, BOB),
        Err(Refusal::WrongState(LegNo(2), _))
    ));
    let end = Action::End {
        cause: Cause::NORMAL,
        why: None,
    };
    world.act(call, end.clone()).unwrap();
    assert_eq!(world.act(call, end), Err(Refusal::NoSuchCall));
    world.run(50);
    let ring = Action::Ring { leg: LegNo(1) };
    assert_eq!(world.act(call, ring), Err(Refusal::NoSuchCall));
    world.assert_clean();
}

#[test]
fn a_leg_says_what_takes_its_dialog_up_again() {
    let mut world = World::new();
    let call = world.bridged_call();
    for event in world.switch.facts.clone() {
        let Fact::LegAnswered { dialog, media } = event.fact else {
            continue;
        };
        assert!(!dialog.sip_call_id.is_empty());
        assert!(!dialog.local_tag.is_empty() && !dialog.remote_tag.is_empty());
        assert!(dialog.target.contains("192.0.2."), "{}", dialog.target);
        assert!(dialog.hop.starts_with("udp 192.0.2."), "{}", dialog.hop);
        assert_eq!(media.codec, "PCMU");
        assert!(media.sdp_version > 0);
    }
    assert_eq!(world.told("leg.answered"), 2);
    let end = Action::End {
        cause: Cause::NORMAL,
        why: None,
    };
    world.act(call, end).unwrap();
    world.assert_clean();
}
