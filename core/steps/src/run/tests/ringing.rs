//! Stories of ringing and talking.

use cordboard_call::action::{Action, Notice, Refusal};
use cordboard_call::cause::Cause;
use cordboard_call::ids::LegNo;

use crate::testing::{DID, Story, plan, story};
use crate::world::Entry;

const OUTCOMES: &str = r#"
    on busy { play "menu" }
    on no-answer { play "welcome" }
    on absent { play "sorry" }
    on failed { play "wrong" }
"#;

fn ring(args: &str) -> String {
    format!("ring {args} {{ {OUTCOMES} }}; play \"bye\"")
}

#[test]
fn unanswered_caller_hears_180_and_is_answered_with_the_callee() {
    let mut s = story(&ring("alice"));
    s.answers_at_once = false;
    assert_eq!(s.acted(), "dial 2 alice");
    s.rings(2);
    assert_eq!(s.acted(), "ring 1");
    s.answered(2);
    assert_eq!(s.acted(), "answer 1");
    s.answered(1);
    assert_eq!(s.acted(), "bridge 1 2");
    s.pass(600_000);
    assert_eq!(s.acted(), "");
    s.ended(2, Cause::NORMAL);
    assert_eq!(s.ended_steps(), "ring answered");
    assert_eq!(
        s.acted(),
        "play bye",
        "the callee hung up; the caller goes on"
    );
}

#[test]
fn caller_hanging_up_ends_the_talk() {
    let mut s = story(&ring("alice"));
    s.answered(2);
    s.ended(1, Cause::NORMAL);
    assert_eq!(
        s.acted(),
        "dial 2 alice, answer 1, bridge 1 2, hangup 2 16, end normal"
    );
    assert_eq!(s.ended_steps(), "ring hangup");
}

#[test]
fn first_of_two_answers_in_the_same_instant_wins() {
    let mut s = story(&ring("alice bob carol"));
    assert_eq!(s.acted(), "dial 2 alice, dial 3 bob, dial 4 carol");
    s.answered(3);
    s.answered(4);
    let acted = s.acted();
    assert!(
        acted.contains("hangup 2 26") && acted.contains("hangup 4 26"),
        "{acted}"
    );
    assert!(acted.contains("answer 1, bridge 1 3"), "{acted}");
    assert!(
        !acted.contains("bridge 1 4") && !acted.contains("hangup 3"),
        "{acted}"
    );
    s.ended(2, Cause(26));
    s.ended(4, Cause(26));
    assert_eq!(s.ended_steps(), "", "the losers' ends are not the talk's");
}

#[test]
fn all_devices_of_a_user_ring() {
    let text = format!("did \"{DID}\" {{ ring alice }}");
    let mut s = Story::of(plan(&text), Entry::Did, DID, "x");
    s.world.devices = 3;
    s.begin();
    assert_eq!(s.acted(), "dial 2 alice, dial 3 alice, dial 4 alice");
}

#[test]
fn outcomes_follow_the_causes() {
    let outcome = |cause: Cause| {
        let mut s = story(&ring("alice"));
        s.ended(2, cause);
        s.ended_steps()
    };
    assert_eq!(outcome(Cause::BUSY), "ring busy");
    assert_eq!(outcome(Cause::REJECTED), "ring busy", "declined by hand");
    assert_eq!(outcome(Cause::NO_ANSWER), "ring no-answer");
    assert_eq!(outcome(Cause::NO_RESPONSE), "ring no-answer");
    assert_eq!(
        outcome(Cause::TIMER_EXPIRED),
        "ring absent",
        "the device vanished"
    );
    assert_eq!(outcome(Cause::NETWORK_FAILURE), "ring failed");
}

#[test]
fn most_telling_failure_counts() {
    let outcome = |causes: &[Cause]| {
        let mut s = story(&ring("alice bob carol"));
        for (leg, cause) in (2..).zip(causes) {
            s.ended(leg, *cause);
        }
        s.ended_steps()
    };
    let (busy, vain) = (Cause::BUSY, Cause::NO_ANSWER);
    assert_eq!(outcome(&[busy, vain, busy]), "ring no-answer");
    assert_eq!(
        outcome(&[Cause::INCOMPATIBLE, busy, Cause::ABSENT]),
        "ring busy"
    );
    assert_eq!(
        outcome(&[Cause::ABSENT, Cause::ABSENT, Cause::INCOMPATIBLE]),
        "ring failed"
    );
}

#[test]
fn absent_users_and_limits_need_no_leg() {
    let text = format!("did \"{DID}\" {{ {} }}", ring("alice"));
    let mut absent = Story::of(plan(&text), Entry::Did, DID, "x");
    absent.world.absent.push("alice");
    absent.begin();
    assert_eq!(absent.ended_steps(), "ring absent");
    let mut busy = Story::of(plan(&text), Entry::Did, DID, "x");
    busy.world.busy.push("alice");
    busy.begin();
    assert_eq!(busy.ended_steps(), "ring busy");
}

#[test]
fn in_turn_rings_one_after_another() {
    let mut s = story(&ring("alice bob order=in-turn timeout=\"15s\""));
    assert_eq!(s.acted(), "dial 2 alice");
    let Some(Action::Dial { ring_for, .. }) = s.dials.first() else {
        panic!()
    };
    assert_eq!(ring_for.as_secs(), 15);
    s.rings(2);
    s.pass(15_000);
    s.ended(2, Cause::NO_ANSWER);
    assert_eq!(s.acted(), "ring 1, dial 3 bob");
    s.ended(3, Cause::BUSY);
    assert_eq!(s.ended_steps(), "ring no-answer");
}

#[test]
fn a_leg_that_outstays_its_time_is_hung_up() {
    let mut s = story(&ring("alice bob order=in-turn timeout=\"15s\""));
    s.pass(17_000);
    assert_eq!(s.acted(), "dial 2 alice, hangup 2 19, dial 3 bob");
    s.answered(2);
    assert_eq!(s.acted(), "hangup 2 26", "an answer too late");
}

#[test]
fn answered_caller_hears_ringback_or_music() {
    let mut s = story("answer; ring alice");
    assert_eq!(s.acted(), "answer 1, dial 2 alice, play ringback-gb repeat");
    s.rings(2);
    s.answered(2);
    assert_eq!(s.acted(), "bridge 1 2");
    // The bridge stopped the ringback.
    s.played(true);
    let mut s = story(r#"answer; ring alice music="music"; play "bye""#);
    assert_eq!(s.acted(), "answer 1, dial 2 alice, play music repeat");
    s.ended(2, Cause::BUSY);
    assert_eq!(s.acted(), "stop, play bye");
}

#[test]
fn caller_who_hears_us_before_the_answer_hears_ringback_from_us() {
    let mut s = story(r#"play "welcome" early=#true; ring alice"#);
    s.pass(1000);
    s.played(false);
    s.rings(2);
    assert_eq!(
        s.acted(),
        "progress 1, play welcome, dial 2 alice, play ringback-gb repeat"
    );
    s.answered(2);
    assert_eq!(s.acted(), "answer 1, bridge 1 2");
}

#[test]
fn early_media_that_cannot_reach_the_caller_is_only_ringing() {
    let mut s = story("ring alice");
    s.notice(Notice::EarlyMedia { leg: LegNo(2) });
    s.refused(
        &Action::Progress { leg: LegNo(1) },
        Refusal::WrongState(LegNo(1), "no offer"),
    );
    let bridge = Action::Bridge {
        a: LegNo(1),
        b: LegNo(2),
    };
    s.refused(&bridge, Refusal::WrongState(LegNo(1), "no offer"));
    assert_eq!(s.acted(), "dial 2 alice, progress 1, bridge 1 2, ring 1");
    s.answered(2);
    assert_eq!(s.acted(), "answer 1, bridge 1 2");
}

#[test]
fn early_media_of_a_single_callee_is_let_through() {
    let mut s = story("ring alice");
    s.notice(Notice::EarlyMedia { leg: LegNo(2) });
    assert_eq!(s.acted(), "dial 2 alice, progress 1, bridge 1 2");
    s.answered(2);
    assert_eq!(s.acted(), "answer 1", "they hear each other already");
    s.ended(2, Cause::NORMAL);
    assert_eq!(s.ended_steps(), "ring answered");
}

#[test]
fn early_media_of_one_among_several_is_only_ringing() {
    let mut s = story("ring alice bob");
    s.notice(Notice::EarlyMedia { leg: LegNo(2) });
    assert_eq!(s.acted(), "dial 2 alice, dial 3 bob, ring 1");
}

#[test]
fn callee_who_goes_before_the_caller_is_answered_fails_the_step() {
    let mut s = story(&ring("alice"));
    s.answers_at_once = false;
    s.answered(2);
    s.ended(2, Cause::NORMAL);
    assert_eq!(s.ended_steps(), "ring failed");
}

#[test]
fn refused_dial_counts_as_that_attempts_end() {
    let mut s = story(&ring("alice bob"));
    let dials = std::mem::take(&mut s.dials);
    s.refused(&dials[0], Refusal::Limit("alice has 4 calls".into()));
    assert_eq!(s.ended_steps(), "");
    s.refused(&dials[1], Refusal::NoPorts);
    assert_eq!(s.ended_steps(), "ring busy");
}

#[test]
fn refused_bridge_hangs_the_callee_up() {
    let mut s = story(&ring("alice"));
    s.answered(2);
    s.acted();
    let bridge = Action::Bridge {
        a: LegNo(1),
        b: LegNo(2),
    };
    s.refused(&bridge, Refusal::NoSuchLeg(LegNo(2)));
    assert_eq!(s.acted(), "hangup 2 41, play wrong");
}

#[test]
fn unhandled_failure_reaches_an_unanswered_caller_as_its_cause() {
    let mut s = story("ring alice");
    s.ended(2, Cause::BUSY);
    assert_eq!(s.acted(), "dial 2 alice, end busy");
    let mut s = story("answer; ring alice");
    s.ended(2, Cause::BUSY);
    assert!(
        s.acted().ends_with("end normal"),
        "an answered caller is hung up normally"
    );
}

#[test]
fn trunks_are_tried_in_order_until_the_number_itself_answers_no() {
    let text = r#"trunk north south number="+33123""#;
    let mut s = story(text);
    assert_eq!(s.acted(), "dial 2 north");
    s.ended(2, Cause::CONGESTION);
    assert_eq!(s.acted(), "dial 3 south");
    let mut s = story(text);
    s.ended(2, Cause::BUSY);
    assert_eq!(s.acted(), "dial 2 north, end busy");
}

#[test]
fn the_number_shown_is_the_users_then_the_callers_then_the_trunks() {
    let shown = |caller: &str, step: &str| {
        let text = format!("did \"{DID}\" {{ {step} }}");
        let mut s = Story::of(plan(&text), Entry::Did, DID, caller);
        s.begin();
        match s.dials.first() {
            Some(Action::Dial { caller, .. }) => caller.number.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(shown("alice", "trunk south"), "+442079460101");
    assert_eq!(shown("bob", "trunk south"), "+442079460000");
    assert_eq!(shown("+4477", "trunk south"), "+4477");
    assert_eq!(shown("", "trunk south"), "+442079460000");
    assert_eq!(shown("alice", r#"trunk south caller-id="+1""#), "+1");
    assert_eq!(shown("+4477", "ring bob"), "+4477");
}
