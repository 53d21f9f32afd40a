//! Stories of routes: each step by hand, notice by notice.

mod collecting;
mod decided;
mod interleavings;
mod modules;
mod ringing;
mod scripts;

use cordboard_call::action::{Action, Refusal};
use cordboard_call::cause::Cause;
use cordboard_call::event::Fact;
use cordboard_call::ids::LegNo;

use crate::testing::{CALLER, DID, Story, plan, story};
use crate::world::Entry;

#[test]
fn play_answers_first_and_the_route_ends_after_its_last_step() {
    let mut s = story(r#"play "welcome""#);
    assert_eq!(s.acted(), "answer 1, play welcome");
    s.pass(1000);
    s.played(false);
    assert_eq!(s.acted(), "end normal");
    assert_eq!(s.ended_steps(), "play done");
    assert!(s.run.is_finished());
}

#[test]
fn play_waits_until_the_answer_stands() {
    let mut s = story(r#"set x="1"; wait "1s"; play "welcome""#);
    s.answers_at_once = false;
    s.pass(1000);
    assert_eq!(s.acted(), "answer 1");
    s.answered(1);
    assert_eq!(s.acted(), "play welcome");
}

#[test]
fn early_play_does_not_answer() {
    let mut s = story(r#"play "welcome" early=#true; hangup cause=busy"#);
    assert_eq!(s.acted(), "progress 1, play welcome");
    s.pass(1000);
    s.played(false);
    assert_eq!(s.acted(), "end busy");
}

#[test]
fn repeated_play_stops_after_its_time() {
    let mut s = story(r#"play "music" repeat-for="10s"; play "bye""#);
    assert_eq!(s.acted(), "answer 1, play music repeat");
    s.pass(9_999);
    assert_eq!(s.acted(), "");
    s.pass(1);
    assert_eq!(s.acted(), "stop, play bye");
    s.pass(1000);
    s.played(false);
    assert_eq!(s.acted(), "end normal");
}

#[test]
fn a_prompt_whose_end_nobody_tells_is_over_in_time() {
    let mut s = story(r#"play "welcome""#);
    s.pass(5_999);
    assert_eq!(s.ended_steps(), "");
    s.pass(1);
    assert_eq!(s.ended_steps(), "play done");
    assert_eq!(s.ends, 1);
}

#[test]
fn missing_prompt_fails_the_step_and_else_runs_then_the_next() {
    let mut s = story(r#"play "no-such"; else { play "sorry" }; play "bye""#);
    assert_eq!(s.acted(), "answer 1, play sorry");
    let why = s.facts.iter().find_map(|f| match f {
        Fact::StepEnded { why, .. } => why.clone(),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("there is no prompt `no-such`"));
    s.pass(1000);
    s.played(false);
    assert_eq!(s.acted(), "play bye");
}

#[test]
fn refused_play_fails_the_step() {
    let mut s = story(r#"play "welcome"; else { hangup cause=congestion }"#);
    let play = Action::Play {
        leg: CALLER,
        clips: vec![],
        repeat: false,
    };
    s.refused(&play, Refusal::NoPorts);
    assert!(s.acted().ends_with("end congestion"));
    assert_eq!(s.ended_steps(), "play failed, hangup done");
}

#[test]
fn caller_hanging_up_ends_the_step_and_the_call_once() {
    let mut s = story(r#"wait "60s"; play "bye""#);
    s.ended(1, Cause::NORMAL);
    assert_eq!(s.acted(), "end normal");
    assert_eq!(s.ended_steps(), "wait hangup");
    s.ended(1, Cause::NORMAL);
    s.pass(100_000);
    assert_eq!(s.ends, 1);
    assert_eq!(s.run.next_timeout(), None);
}

#[test]
fn when_takes_the_first_arm_that_holds_and_goes_on_after_it() {
    let mut s = story(
        r#"
        set tier="gold"
        when "fact('stats', 'sales').waiting < 5" { play "menu" }
        when "var.tier == 'gold'" { play "welcome" }
        else { play "sorry" }
        play "bye"
        "#,
    );
    assert_eq!(s.acted(), "answer 1, play welcome");
    let conditions: Vec<(String, bool)> = s
        .facts
        .iter()
        .filter_map(|f| match f {
            Fact::ConditionChecked {
                condition, value, ..
            } => Some((condition.clone(), *value)),
            _ => None,
        })
        .collect();
    assert_eq!(conditions.len(), 2);
    assert_eq!(
        conditions.iter().map(|c| c.1).collect::<Vec<_>>(),
        [false, true]
    );
    s.pass(1000);
    s.played(false);
    assert_eq!(s.acted(), "play bye");
}

#[test]
fn no_arm_holds_and_else_runs() {
    let mut s = story(r#"when "hour < 3" { play "menu" }; else { play "sorry" }"#);
    assert_eq!(s.acted(), "answer 1, play sorry");
    assert_eq!(s.ended_steps(), "when else");
}

#[test]
fn goto_goes_on_in_the_route_and_never_comes_back() {
    let text = format!(
        r#"did "{DID}" {{ goto sales; play "sorry" }}
        route sales {{ play "welcome" }}"#
    );
    let mut s = Story::of(plan(&text), Entry::Did, DID, "x");
    s.begin();
    s.pass(1000);
    s.played(false);
    assert_eq!(s.acted(), "answer 1, play welcome, end normal");
}

#[test]
fn a_route_that_goes_round_in_a_circle_ends_the_call_and_says_so() {
    let text = format!(
        r#"did "{DID}" {{ goto a }}
        route a {{ ring alice; else {{ goto a }} }}"#
    );
    let mut s = Story::of(plan(&text), Entry::Did, DID, "x");
    s.world.absent.push("alice");
    s.begin();
    assert_eq!(s.acted(), "end temporary-failure");
    let Some(Fact::StepEnded {
        outcome,
        why: Some(why),
        ..
    }) = s.facts.last()
    else {
        panic!("no last step")
    };
    assert_eq!(outcome, "failed");
    assert!(why.contains("circle"), "{why}");
}

#[test]
fn record_waits_for_the_answer() {
    let mut s = story(r#"record; play "welcome""#);
    assert_eq!(s.acted(), "answer 1, record, play welcome");
}

#[test]
fn hangup_of_an_unanswered_caller_carries_its_cause() {
    let mut s = story("hangup cause=busy");
    assert_eq!(s.acted(), "end busy");
    assert_eq!(s.ended_steps(), "hangup done");
}

#[test]
fn unknown_did_is_unallocated_and_says_what_was_looked_for() {
    let mut s = Story::of(
        plan(&format!("did \"{DID}\" {{ answer }}")),
        Entry::Did,
        "+4420",
        "x",
    );
    s.begin();
    assert_eq!(s.acted(), "end unallocated");
    assert!(matches!(&s.facts[..], [Fact::CallUnrouted { why }] if why.contains("+4420")));
}

#[test]
fn users_dial_only_what_outbound_allows_and_own_dids() {
    let text = format!(
        r#"did "{DID}" {{ play "welcome" }}
        outbound national match="0x{{2,9}}" role=seller {{ trunk north }}
        outbound local match="9x{{2,9}}" {{ trunk south }}"#
    );
    let outbound = || Entry::Outbound {
        user: "alice".into(),
    };
    let mut own = Story::of(plan(&text), outbound(), DID, "alice");
    own.begin();
    assert_eq!(own.acted(), "answer 1, play welcome");
    let mut free = Story::of(plan(&text), outbound(), "9123", "alice");
    free.begin();
    assert_eq!(free.acted(), "dial 2 south");
    let mut role = Story::of(plan(&text), outbound(), "0123", "alice");
    role.begin();
    assert_eq!(role.acted(), "end barred");
    assert!(matches!(&role.facts[..], [Fact::CallUnrouted { why }] if why.contains("seller")));
    let mut none = Story::of(plan(&text), outbound(), "+1", "alice");
    none.begin();
    assert_eq!(none.acted(), "end barred");
}

#[test]
fn variables_are_bounded_and_a_refused_one_fails_its_step() {
    let sets: String = (0..70).map(|n| format!("set v{n}=\"x\"\n")).collect();
    let mut s = story(&format!("{sets} wait \"1s\""));
    let ended = s.ended_steps();
    assert_eq!(ended.matches("set done").count(), 64);
    assert_eq!(ended.matches("set failed").count(), 6);
}

#[test]
fn an_answer_of_a_leg_that_no_step_waits_for_is_hung_up() {
    let mut s = story(r#"wait "60s""#);
    s.answered(9);
    assert_eq!(s.acted(), "hangup 9 26");
    let _ = LegNo(9);
}
