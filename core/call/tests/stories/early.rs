//! Before the answer: ringing, early media both ways, prompts, cancelling.

use cordboard_call::event::EndedBy;
use cordboard_call::*;
use cordboard_media::Command;

use crate::phone::Phone;
use crate::world::*;

#[test]
fn early_media_of_the_callee_reaches_the_caller() {
    let mut world = World::new();
    let call = world.call_in();
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    world.by(ALICE, Phone::ring);
    world.run(50);
    world.by(ALICE, Phone::ring_with_audio);
    world.run(50);
    let (leg, two) = (LegNo(2), 2);
    assert_eq!(
        world.notices(),
        [Notice::Ringing { leg }, Notice::EarlyMedia { leg }]
    );
    world.bridge(call, 1, two);
    world.run(50);
    assert_eq!(world.phone(CALLER).seen, ["183+sdp"]);
    let early = world.phone(CALLER).heard_sdp.clone();
    world.by(ALICE, Phone::answer);
    world.run(50);
    world.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
    world.run(50);
    assert_eq!(world.phone(CALLER).seen, ["183+sdp", "200+sdp"]);
    assert_eq!(
        world.phone(CALLER).heard_sdp,
        early,
        "the 200 repeats the 183"
    );
    assert_eq!(
        world.story(),
        [
            "call.started",
            "leg.dialled 2",
            "leg.ringing 2",
            "leg.early-media 2",
            "leg.early-media 1",
            "call.bridged",
            "leg.answered 2",
            "leg.answered 1",
        ]
    );
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.run(50);
    assert!(world.phone(ALICE).saw("BYE"));
    world.assert_clean();
}

#[test]
fn an_announcement_that_only_sends_is_no_hold() {
    let mut world = World::new();
    let call = world.call_in();
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    world.by(ALICE, |alice, now| alice.announce(now, "sendonly"));
    world.run(50);
    world.bridge(call, 1, 2);
    let alice = world.stream(0);
    let heard = world.switch.commands.iter().any(|command| {
        matches!(command, Command::Configure { stream, spec }
            if *stream == alice && spec.receiving && !spec.sending)
    });
    assert!(heard);
    let plays = |c: &Command| matches!(c, Command::Play { .. });
    assert!(!world.switch.commands.iter().any(plays), "no hold music");
    world.by(CALLER, Phone::cancel);
    world.assert_clean();
}

#[test]
fn a_caller_hears_a_prompt_before_the_answer() {
    let mut world = World::new();
    let call = world.call_in();
    world.act(call, Action::Progress { leg: LegNo(1) }).unwrap();
    world.play(call, 1, 400);
    world.run(600);
    let rtp = world.phone(CALLER).rtp();
    assert!(world.switch.sent_rtp[&rtp] >= 20);
    let ended = Notice::PlayEnded {
        leg: LegNo(1),
        stopped: false,
    };
    assert_eq!(world.notices(), [ended]);
    let cause = Cause::BUSY;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.run(50);
    assert!(world.phone(CALLER).saw("486"));
    assert_eq!(world.cdr(1).result, "busy");
    assert_eq!(world.cdr(1).sip_status, Some(486));
    world.assert_clean();
}

#[test]
fn a_cancelling_caller_cancels_every_phone_that_rings() {
    let mut world = World::new();
    let call = world.call_in();
    world.dial(call, 2, ALICE).unwrap();
    world.dial(call, 3, BOB).unwrap();
    world.run(50);
    world.by(ALICE, Phone::ring);
    world.by(BOB, Phone::ring);
    world.run(50);
    world.by(CALLER, Phone::cancel);
    world.run(50);
    assert!(world.phone(CALLER).saw("487"));
    assert!(world.phone(ALICE).saw("CANCEL"));
    assert!(world.phone(BOB).saw("CANCEL"));
    assert_eq!(world.cdr(1).result, "cancelled");
    assert_eq!(world.cdr(1).ended_by, EndedBy::Remote);
    assert_eq!(world.cdr(2).result, "cancelled");
    assert_eq!(world.cdr(2).ended_by, EndedBy::Local);
    assert_eq!(world.story().last().unwrap(), "call.ended");
    world.assert_clean();
}

#[test]
fn a_phone_that_answers_too_late_is_released() {
    let mut world = World::new();
    let call = world.call_in();
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    world.by(ALICE, Phone::ring);
    world.run(50);
    // Her answer and our CANCEL cross on the wire.
    world.by(ALICE, Phone::answer);
    world.by(CALLER, Phone::cancel);
    world.run(3);
    let cause = Cause::NORMAL;
    let _ = world.act(call, Action::End { cause, why: None });
    world.run(2_000);
    assert!(
        world.phone(ALICE).saw("BYE"),
        "{:?}",
        world.phone(ALICE).seen
    );
    world.assert_clean();
}

#[test]
fn a_phone_rings_no_longer_than_it_may() {
    let mut world = World::new();
    let call = world.call_in();
    world.dial_for(call, 2, ALICE, ms(3_000)).unwrap();
    world.run(50);
    world.by(ALICE, Phone::ring);
    world.run(2_800);
    assert!(!world.phone(ALICE).saw("CANCEL"));
    world.run(500);
    assert!(world.phone(ALICE).saw("CANCEL"));
    let leg = LegNo(2);
    let cause = Cause::NO_ANSWER;
    assert_eq!(
        world.notices(),
        [Notice::Ringing { leg }, Notice::LegEnded { leg, cause }]
    );
    assert_eq!(world.cdr(2).result, "no-answer");
    assert_eq!(world.cdr(2).ended_by, EndedBy::Switch);
    assert_eq!(world.switch.calls.len(), 1, "the caller's route goes on");
    let end = Action::End { cause, why: None };
    world.act(call, end).unwrap();
    world.run(50);
    assert!(world.phone(CALLER).saw("480"));
    world.assert_clean();
}

#[test]
fn the_other_phones_hear_that_the_call_was_taken_elsewhere() {
    let mut world = World::new();
    let call = world.call_in();
    world.dial(call, 2, ALICE).unwrap();
    world.dial(call, 3, BOB).unwrap();
    world.run(50);
    world.by(ALICE, Phone::ring);
    world.by(BOB, Phone::ring);
    world.run(50);
    world.by(ALICE, Phone::answer);
    world.run(50);
    world.hang_up(call, 3, Cause::NORMAL);
    world.run(50);
    let cancel = world.sent_to(BOB, "CANCEL")[0];
    assert!(cancel.contains("SIP;cause=200"), "{cancel}");
    assert!(cancel.contains("Q.850;cause=16"), "{cancel}");
    world.by(CALLER, Phone::cancel);
    world.assert_clean();
}

#[test]
fn a_refusal_comes_as_its_cause() {
    for (code, headers, cause) in [
        (486, &[][..], Cause::BUSY),
        (404, &[][..], Cause::UNALLOCATED),
        (603, &[][..], Cause::REJECTED),
        (500, &[("Reason", "Q.850;cause=17")][..], Cause::BUSY),
        (302, &[][..], Cause::INTERWORKING),
    ] {
        let mut world = World::new();
        let call = world.call_in();
        world.dial(call, 2, ALICE).unwrap();
        world.run(50);
        world.by(ALICE, |alice, now| alice.reject(now, code, headers));
        world.run(50);
        let leg = LegNo(2);
        assert_eq!(world.notices(), [Notice::LegEnded { leg, cause }]);
        assert_eq!(world.cdr(2).sip_status, Some(code));
        world.by(CALLER, Phone::cancel);
        world.assert_clean();
    }
}

#[test]
fn a_phone_that_is_not_there_is_given_up() {
    let mut world = World::new();
    let call = world.call_in();
    world.phone(ALICE).plugged = false;
    world.dial_for(call, 2, ALICE, ms(60_000)).unwrap();
    world.run(33_000);
    assert_eq!(world.cdr(2).sip_status, Some(408));
    assert_eq!(world.cdr(2).ended_by, EndedBy::Switch);
    world.by(CALLER, Phone::cancel);
    world.assert_clean();
}
