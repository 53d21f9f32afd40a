//! Faults of the switch itself: what was in hand is lost, the rest goes on.

use cordboard_node::control::verb::Verb;
use cordboard_tests::sim::SimNet;
use cordboard_tests::sim::phone::State;

use super::operator::ask;
use super::s;

/// SECURITY row 9: a fault of the switch in one call's route ends that call, and no other.
#[test]
fn a_fault_in_one_calls_route_is_no_other_calls_concern() {
    let mut net = SimNet::seeded(15);
    let (caller, callee) = net.bridged_call();
    let carrier = net.carrier(1, "+441632960001");
    for n in 10..40 {
        net.dial(carrier, &format!("+44207600{n}"));
    }
    net.run_for(s(3));
    let calls = &net.look(carrier).calls;
    let ended = |call: &&cordboard_tests::sim::phone::PhoneCall| {
        call.state == State::Over && call.by_remote
    };
    assert_eq!(calls.iter().filter(ended).count(), 30, "{}", net.story());
    let figures = ask(&mut net, Verb::Health).unwrap();
    assert_eq!(figures["counters"]["routes_broken"], 30);
    assert_eq!(figures["counters"]["faults"], serde_json::Value::Null);
    for ear in [caller, callee] {
        net.tell(ear, |phone| phone.clear_ear(0));
    }
    net.run_for(s(1));
    assert!(net.hears(caller, 900.0) && net.hears(callee, 500.0));
    net.hang_up(caller);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}
