//! What crosses on the wire: two that hang up at once, an answer and a cancel, lost datagrams.

use cordboard_node::shard::Input;
use cordboard_tests::sim::phone::{Manner, State};
use cordboard_tests::sim::{SimNet, plan};

use super::{ms, s};

#[test]
fn both_hang_up_at_once() {
    let mut net = SimNet::seeded(30).latency(ms(50));
    let (caller, callee) = net.bridged_call();
    net.run_for(s(1));
    net.hang_up(caller);
    net.hang_up(callee);
    net.run_until_idle();
    assert!(net.phones().all(|phone| phone.is_idle()));
    assert_eq!(net.count_topic("cdr.written"), 2);
    assert_eq!(net.count_topic("call.ended"), 1);
    net.assert_journal();
    net.assert_clean();
}

/// At each distance between answer and cancel the call ends for all, and is billed once a leg.
#[test]
fn a_cancel_crosses_the_answer() {
    for lead in [0, 20, 35, 45, 50, 55, 60, 70, 85, 100] {
        let mut net = SimNet::seeded(31 + lead).latency(ms(25));
        let (alice, bob) = (net.registered("alice"), net.registered("bob"));
        net.manner(bob, Manner::Answers(s(1)));
        net.dial(alice, "7001");
        net.run_until(s(5), |net| {
            net.look(bob)
                .calls
                .first()
                .is_some_and(|call| call.state == State::Ringing)
        });
        net.run_for(ms(950 + lead));
        net.hang_up(alice);
        net.run_for(s(1));
        if net.call(alice).state == State::Up {
            // The answer was faster; a person would now hang up.
            net.hang_up(alice);
        }
        net.run_until_idle();
        assert!(
            net.phones().all(|phone| phone.is_idle()),
            "{lead} ms\n{}",
            net.story()
        );
        assert_eq!(net.count_topic("call.ended"), 1);
        net.assert_journal();
        net.assert_clean();
    }
}

#[test]
fn a_fifth_of_the_datagrams_is_lost_and_calls_come_through() {
    let mut through = 0;
    for seed in 0..10 {
        let mut net = SimNet::seeded(40 + seed);
        let (alice, bob) = (net.registered("alice"), net.registered("bob"));
        net.weather.loss = 0.2;
        net.weather.copies = 0.05;
        net.weather.held_up = 0.05;
        net.voice(alice, 500.0);
        net.voice(bob, 900.0);
        net.dial(alice, "7001");
        net.run_until(s(12), |net| net.call(alice).state == State::Up);
        net.run_for(s(3));
        if net.call(alice).state == State::Up && net.hears(alice, 900.0) && net.hears(bob, 500.0) {
            through += 1;
        }
        net.hang_up(alice);
        net.run_until_idle();
        net.run_until_idle();
        assert!(net.phones().all(|phone| phone.is_idle()), "{}", net.story());
        net.weather.loss = 0.0;
        net.assert_journal();
        net.assert_clean();
    }
    assert!(through >= 9, "{through} of 10");
}

#[test]
fn a_phone_that_vanishes_is_noticed_and_the_other_is_released() {
    let mut net = SimNet::seeded(50);
    let (caller, callee) = net.bridged_call();
    // Its voice and its signalling are gone from one moment to the next.
    net.unplug(callee);
    assert!(
        net.run_until(s(120), |net| net.call(caller).state == State::Over),
        "no-rtp ends it"
    );
    net.run_until_idle();
    assert!(
        net.events("sim")
            .iter()
            .any(|event| event.payload.contains("no-rtp"))
    );
    net.assert_journal();
    net.assert_clean();
}

/// Both re-INVITEs cross; 491 and the waits of RFC 3261 14.1 sort them out.
#[test]
fn both_hold_at_once() {
    for seed in 0..6 {
        let mut net = SimNet::seeded(51 + seed).latency(ms(40));
        let (caller, callee) = net.bridged_call();
        net.run_for(s(1));
        net.tell(caller, |phone| phone.hold(0, true));
        net.tell(callee, |phone| phone.hold(0, true));
        net.run_for(s(10));
        net.tell(caller, |phone| phone.hold(0, false));
        net.run_for(ms(seed * 15));
        net.tell(callee, |phone| phone.hold(0, false));
        net.run_for(s(10));
        assert!(
            net.hears(caller, 900.0) && net.hears(callee, 500.0),
            "{}",
            net.story()
        );
        net.hang_up(caller);
        net.run_until_idle();
        assert!(net.phones().all(|phone| phone.is_idle()), "{}", net.story());
        net.assert_journal();
        net.assert_clean();
    }
}

#[test]
fn a_hold_crosses_the_hang_up() {
    for gap in [0, 5, 20, 45, 60, 85] {
        let mut net = SimNet::seeded(57 + gap).latency(ms(40));
        let (caller, callee) = net.bridged_call();
        net.run_for(s(1));
        net.tell(callee, |phone| phone.hold(0, true));
        net.run_for(ms(gap));
        net.hang_up(caller);
        net.run_until_idle();
        assert!(
            net.phones().all(|phone| phone.is_idle()),
            "{gap} ms\n{}",
            net.story()
        );
        net.assert_journal();
        net.assert_clean();
    }
}

#[test]
fn a_call_ends_on_the_dialplan_it_began_with() {
    let mut net = SimNet::seeded(58);
    let (bob, carol) = (net.registered("bob"), net.registered("carol"));
    let carrier = net.carrier(1, "+441632960001");
    net.voice(carrier, 600.0);
    net.dial(carrier, "+4420710001");
    net.run_for(s(2));
    // From now on key 1 leads to support, where bob is rung first.
    net.tell_node(Input::Tenants(plan::changed(
        "on sales { goto sales }",
        "on sales { goto support }",
    )));
    net.tell(carrier, |phone| phone.press(0, "1"));
    net.run_for(s(3));
    assert_eq!(
        net.call(carol).state,
        State::Up,
        "the old menu\n{}",
        net.story()
    );
    assert!(net.look(bob).calls.is_empty());
    let second = net.dial(carrier, "+4420710002");
    net.run_for(s(2));
    net.tell(carrier, |phone| phone.press(second, "1"));
    net.run_for(s(3));
    assert_eq!(
        net.call(bob).state,
        State::Up,
        "the new menu\n{}",
        net.story()
    );
    net.tell(carrier, |phone| phone.hang_up(0));
    net.hang_up(carrier);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

/// A carrier that sends our own call back to us: Max-Forwards ends the circle.
#[test]
fn a_call_in_a_circle_ends() {
    let mut net = SimNet::seeded(59);
    let carrier = net.carrier(1, "+441632960001");
    net.dial(carrier, "+4420750001");
    net.run_until(s(30), |net| net.call(carrier).state == State::Over);
    assert_eq!(net.call(carrier).state, State::Over, "{}", net.story());
    assert!(net.call(carrier).status.is_some_and(|status| status >= 400));
    net.run_until_idle();
    let calls = net.count_topic("call.started");
    assert!((2..=71).contains(&calls), "{calls} calls");
    net.assert_journal();
    net.assert_clean();
}
