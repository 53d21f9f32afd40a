//! A call between two phones: both hear each other, either may end it, and the bill is right.

use cordboard_call::Cause;
use cordboard_node::shard::Input;
use cordboard_tests::sim::SimNet;
use cordboard_tests::sim::phone::{Manner, State};
use cordboard_tests::sim::plan;

use super::{ms, s};

#[test]
fn two_phones_hear_each_other_and_the_caller_hangs_up() {
    let mut net = SimNet::seeded(7).latency(ms(20));
    let (caller, callee) = net.bridged_call();
    net.run_for(s(2));
    assert!(net.hears(caller, 900.0), "the caller hears the callee");
    assert!(net.hears(callee, 500.0), "the callee hears the caller");
    net.hang_up(caller);
    net.run_until_idle();
    assert_eq!(net.call(callee).cause, Some(Cause::NORMAL));
    assert!(net.call(callee).by_remote);
    net.assert_journal();
    net.assert_clean();
    let cdrs = net
        .events("sim")
        .into_iter()
        .filter(|event| event.topic == "cdr.written");
    let results: Vec<String> = cdrs
        .map(|event| {
            let cdr: serde_json::Value = serde_json::from_str(&event.payload).unwrap();
            format!("{} {}", cdr["leg_no"], cdr["result"].as_str().unwrap())
        })
        .collect();
    assert_eq!(results.len(), 2);
    assert!(
        results.iter().all(|line| line.ends_with("answered")),
        "{results:?}"
    );
}

#[test]
fn the_callee_hangs_up() {
    let mut net = SimNet::seeded(8);
    let (caller, callee) = net.bridged_call();
    net.hang_up(callee);
    net.run_until_idle();
    assert_eq!(net.call(caller).cause, Some(Cause::NORMAL));
    assert!(net.call(caller).by_remote && !net.call(callee).by_remote);
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_stop_hangs_up_and_bills_what_is_up() {
    let mut net = SimNet::seeded(10);
    let (caller, callee) = net.bridged_call();
    net.run_for(s(2));
    net.tell_node(Input::Stop);
    net.run_for(s(1));
    assert!(net.call(caller).by_remote && net.call(callee).by_remote);
    let topics = net.topics();
    let count = |wanted: &str| topics.iter().filter(|topic| *topic == wanted).count();
    assert_eq!(count("cdr.written"), 2, "{topics:?}");
    assert_eq!(count("call.ended"), 1);
    assert_eq!(net.node().residue().0.calls, 0);
}

#[test]
fn every_fact_of_a_call_is_told_in_order() {
    let mut net = SimNet::seeded(9);
    let (caller, _) = net.bridged_call();
    net.hang_up(caller);
    net.run_until_idle();
    let topics = net.topics();
    let order = [
        "call.started",
        "call.routed",
        "call.step-started",
        "leg.dialled",
        "leg.ringing",
        "leg.answered",
        "call.bridged",
        "leg.ended",
        "cdr.written",
        "call.ended",
    ];
    let mut at = 0;
    for topic in order {
        let found = topics.iter().skip(at).position(|t| t == topic);
        at += found.unwrap_or_else(|| panic!("{topic} after {at} of {topics:?}")) + 1;
    }
    assert_eq!(topics.last().unwrap(), "call.ended");
}

#[test]
fn a_busy_phone_gives_busy_to_the_caller() {
    let mut net = SimNet::seeded(10);
    let (alice, dave) = (net.registered("alice"), net.registered("dave"));
    net.manner(dave, Manner::Busy);
    net.dial(alice, "7201");
    net.run_for(s(5));
    assert_eq!(net.call(alice).state, State::Over, "{}", net.story());
    assert_eq!(net.call(alice).status, Some(486));
    assert_eq!(net.call(alice).cause, Some(Cause::BUSY));
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_phone_that_nobody_answers_stops_ringing_in_time() {
    let mut net = SimNet::seeded(11);
    let (alice, carol) = (net.registered("alice"), net.registered("carol"));
    net.manner(carol, Manner::Rings);
    net.dial(alice, "7101");
    net.run_for(ms(4_900));
    assert_eq!(net.call(carol).state, State::Ringing);
    assert!(
        net.call(alice).responses.contains(&180),
        "{:?}",
        net.call(alice).responses
    );
    net.run_for(s(1));
    assert_eq!(net.call(carol).state, State::Over);
    assert_eq!(net.call(alice).cause, Some(Cause::NO_ANSWER));
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_cancelled_call_ends_everywhere() {
    let mut net = SimNet::seeded(12);
    let (alice, bob) = (net.registered("alice"), net.registered("bob"));
    net.manner(bob, Manner::Rings);
    net.dial(alice, "7001");
    net.run_for(s(2));
    assert_eq!(net.call(bob).state, State::Ringing, "{}", net.story());
    net.hang_up(alice);
    net.run_for(s(1));
    assert_eq!(net.call(alice).status, Some(487));
    assert_eq!(net.call(bob).state, State::Over);
    assert_eq!(net.call(bob).status, Some(487));
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_phone_that_declines_ends_the_call() {
    let mut net = SimNet::seeded(13);
    let (alice, bob) = (net.registered("alice"), net.registered("bob"));
    net.manner(bob, Manner::Declines);
    net.dial(alice, "7001");
    net.run_until_idle();
    assert_eq!(net.call(alice).state, State::Over);
    assert!(
        net.call(alice).status.is_some_and(|status| status >= 400),
        "{:?}",
        net.call(alice).status
    );
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn held_callers_hear_music_and_come_back() {
    let mut net = SimNet::seeded(14);
    let (caller, callee) = net.bridged_call();
    net.run_for(s(1));
    net.tell(callee, |phone| phone.hold(0, true));
    net.run_for(s(2));
    assert!(net.hears(caller, plan::MUSIC_HERTZ), "music on hold");
    net.tell(callee, |phone| phone.clear_ear(0));
    net.run_for(s(1));
    assert!(!net.hears(callee, 500.0), "who holds hears nothing");
    net.tell(callee, |phone| phone.hold(0, false));
    net.run_for(s(2));
    assert!(
        net.hears(caller, 900.0) && net.hears(callee, 500.0),
        "both are back"
    );
    net.hang_up(caller);
    net.run_until_idle();
    assert_eq!(
        (net.count_topic("leg.held"), net.count_topic("leg.resumed")),
        (1, 1)
    );
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn early_media_of_a_carrier_reaches_the_caller() {
    let mut net = SimNet::seeded(15);
    let alice = net.registered("alice");
    let carrier = net.carrier(2, "0");
    net.voice(alice, 500.0);
    net.voice(carrier, 1_100.0);
    net.manner(carrier, Manner::EarlyThenAnswers(s(3)));
    net.dial(alice, "8123");
    net.run_for(s(2));
    assert!(net.call(alice).responses.contains(&183), "{}", net.story());
    assert!(net.hears(alice, 1_100.0), "before the answer");
    net.run_for(s(3));
    assert_eq!(net.call(alice).state, State::Up);
    assert!(net.hears(carrier, 500.0));
    net.hang_up(alice);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_carriers_call_rings_the_first_of_two_phones_that_answers() {
    let mut net = SimNet::seeded(16);
    let (alice, carol) = (net.registered("alice"), net.registered("carol"));
    let carrier = net.carrier(1, "+441632960001");
    net.voice(carrier, 600.0);
    net.manner(alice, Manner::Answers(s(3)));
    net.manner(carol, Manner::Rings);
    net.dial(carrier, "+4420730001");
    net.run_for(s(2));
    assert!(net.hears(carrier, plan::MUSIC_HERTZ), "{}", net.story());
    net.run_for(s(3));
    assert_eq!(net.call(alice).state, State::Up);
    assert_eq!(net.call(carol).state, State::Over);
    assert!(net.hears(alice, 600.0));
    net.hang_up(alice);
    net.run_until_idle();
    assert_eq!(net.call(carrier).state, State::Over);
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_recorded_call_keeps_both_voices_apart() {
    let mut net = SimNet::seeded(17);
    let bob = net.registered("bob");
    let carrier = net.carrier(1, "+441632960001");
    net.voice(carrier, 600.0);
    net.voice(bob, 900.0);
    net.dial(carrier, "+4420740001");
    net.run_for(s(5));
    assert_eq!(net.call(bob).state, State::Up, "{}", net.story());
    net.hang_up(carrier);
    net.run_until_idle();
    let recordings = std::mem::take(&mut net.node().recordings);
    assert_eq!(recordings.len(), 1);
    let tape = recordings.into_values().next().unwrap();
    let side = |n: usize| -> Vec<i16> { tape.iter().skip(n).step_by(2).copied().collect() };
    let (left, right) = (side(0), side(1));
    let end = left.len() - 8_000;
    let purity =
        |side: &[i16], hertz| cordboard_media::tone::purity(&side[end - 8_000..end], hertz);
    assert!(purity(&left, 600.0) > 0.8, "the caller is on the left");
    assert!(purity(&right, 900.0) > 0.8, "who answered is on the right");
    net.assert_journal();
    net.assert_clean();
}
