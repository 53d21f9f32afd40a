//! What an operator does: starts calls, ends them, drains; and the limits of users and carriers.

use std::sync::{Arc, Mutex};

use cordboard_call::Cause;
use cordboard_node::control::verb::{Originate, Verb};
use cordboard_node::shard::Input;
use cordboard_tests::sim::SimNet;
use cordboard_tests::sim::phone::{Manner, State};

use super::s;

/// Asks the node and gives its answer.
pub fn ask(net: &mut SimNet, verb: Verb) -> Result<serde_json::Value, String> {
    let answer = Arc::new(Mutex::new(None));
    let told = Arc::clone(&answer);
    net.tell_node(Input::Operator(
        verb,
        Box::new(move |said| *told.lock().unwrap() = Some(said)),
    ));
    let said = answer.lock().unwrap().take();
    said.expect("the shard answers at once")
}

fn start(target: &str, key: Option<&str>) -> Verb {
    Verb::CallStart(Originate {
        target: target.to_owned(),
        route: "support".to_owned(),
        timeout_s: 5,
        key: key.map(str::to_owned),
        ..Originate::default()
    })
}

#[test]
fn a_started_call_rings_a_user_and_then_runs_its_route() {
    let mut net = SimNet::seeded(100);
    let (alice, bob) = (net.registered("alice"), net.registered("bob"));
    net.voice(alice, 500.0);
    net.voice(bob, 900.0);
    ask(&mut net, start("user:alice", Some("once"))).unwrap();
    ask(&mut net, start("user:alice", Some("once"))).unwrap();
    net.run_for(s(5));
    assert_eq!(
        net.look(alice).calls.len(),
        1,
        "the same key starts one call"
    );
    assert!(
        net.hears(alice, 900.0) && net.hears(bob, 500.0),
        "{}",
        net.story()
    );
    net.hang_up(bob);
    net.run_until_idle();
    assert_eq!(net.call(alice).state, State::Over);
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_started_call_rings_every_phone_of_a_user_and_the_first_talks() {
    for quiet_first in [true, false] {
        let mut net = SimNet::seeded(104);
        let (one, two) = (net.registered("alice"), net.registered("alice"));
        let bob = net.registered("bob");
        let (quiet, quick) = if quiet_first { (one, two) } else { (two, one) };
        net.manner(quiet, Manner::Rings);
        net.voice(quick, 500.0);
        net.voice(bob, 900.0);
        ask(&mut net, start("user:alice", None)).unwrap();
        net.run_for(s(5));
        assert_eq!(net.call(quiet).state, State::Over, "{}", net.story());
        assert!(
            net.hears(quick, 900.0) && net.hears(bob, 500.0),
            "{}",
            net.story()
        );
        net.hang_up(quick);
        net.run_until_idle();
        assert_eq!(net.call(bob).state, State::Over);
        net.assert_journal();
        net.assert_clean();
    }
}

#[test]
fn a_started_call_that_nobody_answers_ends() {
    for manner in [Manner::Rings, Manner::Busy, Manner::Declines] {
        let mut net = SimNet::seeded(101);
        let alice = net.registered("alice");
        net.manner(alice, manner);
        ask(&mut net, start("user:alice", None)).unwrap();
        net.run_until_idle();
        assert_eq!(net.call(alice).state, State::Over, "{manner:?}");
        assert_eq!(net.count_topic("call.ended"), 1, "{manner:?}");
        net.assert_journal();
        net.assert_clean();
    }
}

#[test]
fn a_hang_up_by_the_operator_names_its_cause() {
    let mut net = SimNet::seeded(102);
    let (alice, bob) = net.bridged_call();
    let calls = ask(&mut net, Verb::Calls).unwrap();
    assert_eq!(calls.as_array().unwrap().len(), 1);
    let call = net
        .events("sim")
        .iter()
        .find_map(|event| event.call.clone())
        .unwrap();
    ask(
        &mut net,
        Verb::Hangup {
            call,
            leg: None,
            cause: "busy".to_owned(),
        },
    )
    .unwrap();
    net.run_for(s(1));
    assert_eq!(
        (net.call(alice).cause, net.call(bob).cause),
        (Some(Cause::BUSY), Some(Cause::BUSY))
    );
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_draining_node_takes_no_new_call_and_stops_after_the_last() {
    let mut net = SimNet::seeded(103);
    let (alice, _) = net.bridged_call();
    let carrier = net.carrier(1, "+441632960001");
    ask(&mut net, Verb::Shutdown { drain: true }).unwrap();
    net.dial(carrier, "+4420720001");
    net.run_for(s(2));
    assert_eq!(net.call(carrier).status, Some(503));
    assert!(
        net.mail_to(net.look(carrier).address.ip())
            .iter()
            .any(|text| text.contains("Retry-After:"))
    );
    assert!(!net.node().drained, "a call is up");
    assert!(
        ask(&mut net, start("user:bob", None)).is_err(),
        "nor by the console"
    );
    net.hang_up(alice);
    net.run_for(s(3));
    assert!(net.node().drained);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_user_with_one_call_at_most_is_busy_for_the_second() {
    let mut net = SimNet::seeded(104);
    let (alice, carol, dave) = (
        net.registered("alice"),
        net.registered("carol"),
        net.registered("dave"),
    );
    net.dial(alice, "7201");
    net.run_for(s(3));
    assert_eq!(net.call(dave).state, State::Up);
    net.dial(carol, "7202");
    net.run_for(s(5));
    assert_eq!(net.call(carol).state, State::Over, "{}", net.story());
    assert_eq!(net.look(dave).calls.len(), 1);
    net.hang_up(alice);
    net.run_until_idle();
    // Its place is free again.
    net.dial(carol, "7203");
    net.run_for(s(3));
    assert_eq!(net.call(dave).state, State::Up);
    net.hang_up(carol);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_full_disk_refuses_new_calls_and_keeps_the_old() {
    let mut net = SimNet::seeded(105);
    let (alice, bob) = net.bridged_call();
    let full = cordboard_store::journal::disk::Faults {
        sync_fails: true,
        ..Default::default()
    };
    net.remains.disk.set_faults(full);
    let carrier = net.carrier(1, "+441632960001");
    for number in 0..6 {
        net.dial(carrier, &format!("+442072000{number}"));
        net.run_for(s(1));
        net.hang_up(carrier);
        net.run_for(s(1));
    }
    assert_eq!(net.call(carrier).status, Some(503), "{}", net.story());
    net.run_for(s(2));
    assert!(
        net.hears(alice, 900.0) && net.hears(bob, 500.0),
        "the call that is up goes on"
    );
    net.remains.disk.set_faults(Default::default());
    net.run_for(s(3));
    net.dial(carrier, "+4420720009");
    net.run_for(s(2));
    assert_eq!(
        net.call(carrier).state,
        State::Up,
        "and new ones come when the disk is back"
    );
    net.hang_up(carrier);
    net.hang_up(alice);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}
