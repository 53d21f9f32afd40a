//! Where phones are: bindings outlive the node, end in time, and reach phones behind a NAT.

use cordboard_tests::sim::SimNet;
use cordboard_tests::sim::phone::State;

use super::{ms, s};

#[test]
fn a_binding_survives_a_killed_node() {
    let mut net = SimNet::seeded(90);
    let bob = net.registered("bob");
    let carrier = net.carrier(1, "+441632960001");
    net.run_for(s(1));
    net.kill_node();
    net.run_for(s(2));
    net.start_node();
    net.dial(carrier, "+4420700001");
    net.run_for(s(3));
    assert_eq!(net.call(bob).state, State::Up, "{}", net.story());
    net.hang_up(carrier);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_binding_ends_when_it_is_taken_back_or_its_time_is_over() {
    for expires in [0, 60] {
        let mut net = SimNet::seeded(91);
        let bob = net.registered("bob");
        let carrier = net.carrier(1, "+441632960001");
        net.tell(bob, |phone| phone.register(expires));
        net.run_for(s(u64::from(expires) + 2));
        assert_eq!(net.look(bob).registered, Some(200));
        net.dial(carrier, "+4420700001");
        net.run_for(s(3));
        assert!(net.look(bob).calls.is_empty(), "expires {expires}");
        assert_eq!(net.call(carrier).state, State::Over);
        net.run_until_idle();
        net.assert_clean();
    }
}

#[test]
fn a_wrong_password_does_not_register_and_a_short_time_is_refused() {
    let mut net = SimNet::seeded(92);
    let bob = net.user("bob");
    net.tell(bob, |phone| {
        phone.account.password = Some("guess".to_owned())
    });
    net.tell(bob, |phone| phone.register(600));
    net.run_for(s(2));
    assert_eq!(net.look(bob).registered, Some(401));
    let alice = net.user("alice");
    net.tell(alice, |phone| phone.register(30));
    net.run_for(s(2));
    assert_eq!(net.look(alice).registered, Some(423));
    let mail = net.mail_to(net.look(alice).address.ip());
    assert!(
        mail.iter().any(|text| text.contains("Min-Expires: 60")),
        "{mail:?}"
    );
}

#[test]
fn a_phone_behind_a_nat_is_kept_alive_rung_and_heard() {
    let mut net = SimNet::seeded(93);
    let bob = net.user("bob");
    net.tell(bob, |phone| phone.believed = "192.168.1.7".parse().unwrap());
    net.tell(bob, |phone| phone.register(600));
    net.run_for(s(60));
    assert_eq!(net.look(bob).registered, Some(200), "{}", net.story());
    let kept_alive = net
        .mail_to(net.look(bob).address.ip())
        .iter()
        .filter(|text| text.trim().is_empty())
        .count();
    assert!(
        (2..=4).contains(&kept_alive),
        "{kept_alive} keep-alives in a minute"
    );
    let carrier = net.carrier(1, "+441632960001");
    net.voice(carrier, 600.0);
    net.voice(bob, 900.0);
    net.dial(carrier, "+4420700001");
    net.run_for(s(4));
    assert_eq!(net.call(bob).state, State::Up, "{}", net.story());
    assert!(
        net.hears(carrier, 900.0) && net.hears(bob, 600.0),
        "both ways"
    );
    net.hang_up(carrier);
    net.run_for(ms(500));
    assert_eq!(
        net.call(bob).state,
        State::Over,
        "the BYE finds its way\n{}",
        net.story()
    );
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_phone_behind_a_nat_calls_out() {
    let mut net = SimNet::seeded(94);
    let bob = net.registered("bob");
    let alice = net.user("alice");
    net.tell(alice, |phone| {
        phone.believed = "192.168.1.8".parse().unwrap()
    });
    net.voice(alice, 500.0);
    net.voice(bob, 900.0);
    net.dial(alice, "7001");
    net.run_for(s(4));
    assert!(
        net.hears(alice, 900.0) && net.hears(bob, 500.0),
        "{}",
        net.story()
    );
    net.hang_up(bob);
    net.run_for(ms(500));
    assert_eq!(net.call(alice).state, State::Over);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}
