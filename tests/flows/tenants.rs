//! Two tenants of one node: equal names and numbers, no mix-up; and one that is suspended.

use std::collections::BTreeSet;

use cordboard_node::control::verb::Verb;
use cordboard_node::hosting::TenantVerb;
use cordboard_node::shard::Input;
use cordboard_tests::sim::phone::{Account, State};
use cordboard_tests::sim::{PhoneId, SimNet, plan};

use super::s;

/// A registered phone of the second tenant.
fn of_two(net: &mut SimNet, user: &str) -> PhoneId {
    let id = net.phone(Account {
        user: user.to_owned(),
        password: Some(format!("secret-{user}")),
        domain: plan::SECOND_DOMAIN.to_owned(),
        display: String::new(),
    });
    net.tell(id, |phone| phone.register(600));
    net.run_until(s(10), |net| net.look(id).registered.is_some());
    assert_eq!(
        net.look(id).registered,
        Some(200),
        "{user} of two registers"
    );
    id
}

/// Alice and bob of both tenants; each tone is of one phone.
fn four(net: &mut SimNet) -> [PhoneId; 4] {
    let phones = [
        net.registered("alice"),
        net.registered("bob"),
        of_two(net, "alice"),
        of_two(net, "bob"),
    ];
    for (phone, hertz) in phones.into_iter().zip([500.0, 900.0, 600.0, 1_100.0]) {
        net.voice(phone, hertz);
    }
    phones
}

#[test]
fn equal_names_and_numbers_of_two_tenants_are_never_mixed_up() {
    let mut net = SimNet::seeded(41);
    let [alice, bob, their_alice, their_bob] = four(&mut net);
    net.dial(alice, "7001");
    net.dial(their_alice, "7001");
    net.run_until(s(30), |net| {
        [alice, their_alice]
            .iter()
            .all(|id| net.call(*id).state == State::Up)
    });
    net.run_for(s(2));
    let hears = [
        (alice, 900.0),
        (bob, 500.0),
        (their_alice, 1_100.0),
        (their_bob, 600.0),
    ];
    for (phone, own) in hears {
        for (_, hertz) in hears {
            assert_eq!(
                net.hears(phone, hertz),
                hertz == own,
                "{hertz}: {}",
                net.story()
            );
        }
    }
    for id in [bob, their_bob] {
        assert_eq!(net.look(id).calls.len(), 1, "each bob rang once");
    }
    net.hang_up(alice);
    net.run_for(s(1));
    assert_eq!(net.call(bob).state, State::Over);
    assert_eq!(
        net.call(their_bob).state,
        State::Up,
        "the other call goes on"
    );
    net.hang_up(their_alice);
    net.run_until_idle();

    let calls = |tenant: &str| -> BTreeSet<String> {
        let events = net.events(tenant).into_iter();
        events.filter_map(|event| event.call).collect()
    };
    let (ours, theirs) = (calls("sim"), calls("two"));
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    assert!(ours.is_disjoint(&theirs));
    for (tenant, domain) in [("sim", plan::DOMAIN), ("two", plan::SECOND_DOMAIN)] {
        let bills: Vec<String> = net
            .events(tenant)
            .into_iter()
            .filter(|event| event.topic == "cdr.written")
            .map(|event| event.payload)
            .collect();
        assert_eq!(bills.len(), 2, "{bills:?}");
        let own = format!("\"tenant\":\"{tenant}\"");
        assert!(
            bills.iter().all(|bill| bill.contains(&own)),
            "{domain}: {bills:?}"
        );
    }
    net.assert_journal();
    net.assert_clean();
}

#[test]
fn a_suspended_tenant_is_refused_properly_and_nobody_else_notices() {
    let mut net = SimNet::seeded(42);
    let [alice, bob, their_alice, their_bob] = four(&mut net);
    net.dial(their_alice, "7001");
    net.run_until(s(30), |net| net.call(their_alice).state == State::Up);
    net.tell_node(Input::Tenants(plan::suspended("two")));

    // A carrier's call: final, so that it tries no other way; never 503, which would close the
    // carrier for the other tenant as well.
    let carrier = net.carrier(1, "+4930999");
    net.clear_mail();
    net.dial(carrier, "+4930120005");
    net.run_for(s(3));
    let call = net.call(carrier);
    assert_eq!(
        (call.state, call.status),
        (State::Over, Some(403)),
        "{}",
        net.story()
    );
    let mail = net.mail_to(net.look(carrier).address.ip()).join("\n");
    assert!(
        mail.contains("Reason: Q.850;cause=21;text=\"suspended\""),
        "{mail}"
    );
    assert!(!mail.contains("Retry-After"), "{mail}");

    // A user's call is refused; a registration is put off, so that the phone comes back by itself.
    net.dial(their_bob, "7001");
    net.run_for(s(3));
    assert_eq!(net.call(their_bob).status, Some(403), "{}", net.story());
    net.clear_mail();
    net.tell(their_bob, |phone| phone.register(600));
    net.run_for(s(3));
    assert_eq!(net.look(their_bob).registered, Some(503));
    let mail = net.mail_to(net.look(their_bob).address.ip()).join("\n");
    assert!(mail.contains("Retry-After: 60"), "{mail}");

    assert_eq!(net.call(their_alice).state, State::Up, "what is up goes on");
    net.dial(alice, "7001");
    net.run_until(s(30), |net| net.call(alice).state == State::Up);
    assert_eq!(net.call(bob).state, State::Up);

    let end = TenantVerb::Calls {
        tenant: "two".into(),
        end: true,
    };
    net.tell_node(Input::Operator(Verb::Tenant(end), Box::new(|_| {})));
    net.run_for(s(2));
    assert_eq!(net.call(their_alice).state, State::Over);
    assert_eq!(net.call(alice).state, State::Up);

    net.tell_node(Input::Tenants(plan::tenants()));
    net.tell(their_bob, |phone| phone.register(600));
    net.run_for(s(3));
    assert_eq!(net.look(their_bob).registered, Some(200));
    net.hang_up(alice);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}
