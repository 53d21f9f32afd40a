//! Ends that nobody wished for: time, silence, vanished phones and media threads.

use std::time::Duration;

use cordboard_call::event::EndedBy;
use cordboard_call::*;
use cordboard_media::Event as MediaEvent;

use crate::phone::Phone;
use crate::world::*;

fn whys(world: &World) -> Vec<Option<String>> {
    let facts = world.switch.facts.iter();
    facts
        .filter_map(|event| match &event.fact {
            Fact::LegEnded { why, .. } => Some(why.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn no_call_lasts_longer_than_its_tenant_allows() {
    let mut world = World::with(Settings {
        longest_call: Duration::from_secs(30),
        no_rtp: Duration::ZERO,
        ..Settings::default()
    });
    world.bridged_call();
    world.run(29_000);
    assert_eq!(world.told("call.ended"), 0);
    world.run(1_100);
    assert_eq!(world.told("call.ended"), 1);
    let why = Some("longest-call".to_owned());
    assert_eq!(whys(&world), [why.clone(), why]);
    for leg in [1, 2] {
        assert_eq!(world.cdr(leg).ended_by, EndedBy::Switch);
        assert_eq!(world.cdr(leg).result, "answered");
    }
    assert!(world.phone(CALLER).saw("BYE") && world.phone(ALICE).saw("BYE"));
    world.assert_clean();
}

#[test]
fn a_leg_that_sends_no_rtp_is_ended() {
    let mut world = World::with(Settings {
        no_rtp: Duration::from_secs(5),
        ..Settings::default()
    });
    world.answered_call();
    world.run(4_500);
    assert_eq!(world.told("leg.ended"), 0);
    world.run(1_000);
    assert_eq!(whys(&world), [Some("no-rtp".to_owned())]);
    assert!(world.phone(CALLER).saw("BYE"));
    let bye = world.sent_to(CALLER, "BYE")[0];
    assert!(bye.contains("Reason: Q.850;cause=102"), "{bye}");
    world.assert_clean();
}

#[test]
fn silence_before_the_answer_counts_from_the_answer() {
    let mut world = World::with(Settings {
        no_rtp: Duration::from_secs(5),
        ..Settings::default()
    });
    let call = world.call_in();
    world.act(call, Action::Progress { leg: LegNo(1) }).unwrap();
    world.run(12_000);
    world.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
    world.run(4_500);
    assert_eq!(world.told("leg.ended"), 0);
    world.run(1_000);
    assert_eq!(whys(&world), [Some("no-rtp".to_owned())]);
    world.assert_clean();
}

#[test]
fn a_held_leg_may_be_silent() {
    let mut world = World::with(Settings {
        no_rtp: Duration::from_secs(5),
        ..Settings::default()
    });
    world.answered_call();
    world.by(CALLER, |c, now| c.reinvite(now, "sendonly", None));
    world.run(20_000);
    assert_eq!(world.told("leg.ended"), 0);
    world.by(CALLER, |c, now| c.reinvite(now, "sendrecv", None));
    world.run(4_000);
    assert_eq!(world.told("leg.ended"), 0);
    world.run(2_000);
    assert_eq!(whys(&world), [Some("no-rtp".to_owned())]);
    world.assert_clean();
}

#[test]
fn an_answer_that_is_never_acknowledged_ends_the_call() {
    let mut world = World::new();
    let call = world.call_in();
    world.phone(CALLER).plugged = false;
    world.act(call, Action::Answer { leg: LegNo(1) }).unwrap();
    world.run(33_000);
    assert_eq!(whys(&world), [Some("no-ack".to_owned())]);
    world.assert_clean();
}

#[test]
fn their_reason_becomes_the_cause() {
    let mut world = World::new();
    world.bridged_call();
    world.by(CALLER, |caller, now| {
        caller.bye(now, &[("Reason", "SIP;cause=200, Q.850;cause=31")]);
    });
    world.run(50);
    assert_eq!(world.cdr(1).cause, Cause::NORMAL_UNSPECIFIED);
    assert_eq!(world.cdr(1).ended_by, EndedBy::Remote);
    let bye = world.sent_to(ALICE, "BYE")[0];
    assert!(bye.contains("Reason: Q.850;cause=31"), "{bye}");
    world.assert_clean();
}

#[test]
fn a_media_thread_that_stands_still_keeps_no_call_alive() {
    let mut world = World::new();
    let call = world.bridged_call();
    world.act(call, Action::Record).unwrap();
    world.switch.media_hangs = true;
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.run(4_000);
    assert_eq!(world.told("leg.ended"), 0, "the figures are waited for");
    world.run(2_000);
    assert_eq!(world.story().last().unwrap(), "call.ended");
    assert_eq!(world.told("recording.ended"), 1);
    assert_eq!(world.cdr(1).media, None);
    // Billing stopped with the BYE all the same.
    assert!(world.cdr(1).talk_ms < 1_000, "{}", world.cdr(1).talk_ms);
    assert_eq!(
        world.switch.ports.taken.len(),
        2,
        "its ports may still be open"
    );
    let streams = [world.stream(0), world.stream(1)];
    world.switch.media_hangs = false;
    for stream in streams {
        let figures = cordboard_media::Figures::default();
        world.media_event(MediaEvent::Closed { stream, figures });
    }
    world.assert_clean();
}

#[test]
fn a_stream_that_closes_by_itself_ends_its_leg_only_once() {
    let mut world = World::new();
    world.bridged_call();
    let stream = world.stream(0);
    let figures = cordboard_media::Figures::default();
    let closed = MediaEvent::Closed { stream, figures };
    world.media_event(closed.clone());
    world.media_event(closed);
    world.run(100);
    assert_eq!(whys(&world), [Some("media-lost".to_owned())]);
    assert!(world.phone(ALICE).saw("BYE"));
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}

#[test]
fn stopping_what_plays_is_told_once_and_the_replaced_play_not() {
    let mut world = World::new();
    let call = world.answered_call();
    world.notices();
    world.play(call, 1, 5_000);
    world.run(100);
    world.play(call, 1, 5_000);
    world.run(100);
    assert_eq!(world.notices(), []);
    let leg = LegNo(1);
    world.act(call, Action::StopPlay { leg }).unwrap();
    world.run(100);
    let stopped = true;
    assert_eq!(world.notices(), [Notice::PlayEnded { leg, stopped }]);
    assert_eq!(world.told("leg.prompt-started"), 2);
    assert_eq!(world.told("leg.prompt-ended"), 2);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}

#[test]
fn a_caller_who_vanishes_while_a_phone_rings_is_noticed_by_bye() {
    let mut world = World::new();
    let call = world.answered_call();
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    world.by(ALICE, Phone::ring);
    world.run(50);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.run(50);
    assert!(world.phone(ALICE).saw("CANCEL"));
    assert_eq!(world.cdr(2).result, "cancelled");
    world.assert_clean();
}
