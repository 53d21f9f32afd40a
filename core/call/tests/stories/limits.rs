//! Ceilings: a newcomer is refused with a reason, and what was taken is given back.

use cordboard_call::*;

use crate::phone::Phone;
use crate::world::*;

fn refused(world: &mut World) -> Refusal {
    world.by(CALLER, |phone, now| phone.call(now, host(SWITCH)));
    world.run(50);
    world.switch.admitted.pop().unwrap().unwrap_err()
}

#[test]
fn a_tenant_has_only_so_many_calls() {
    let mut world = World::with(Settings {
        calls_max: 1,
        ..Settings::default()
    });
    let call = world.call_in();
    let refusal = refused(&mut world);
    assert_eq!(refusal, Refusal::Limit("tenant demo: 1 calls".into()));
    assert!(world.phone(CALLER).saw("503"));
    assert_eq!(world.told("call.started"), 1);
    let cause = Cause::NORMAL;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.run(1_000);
    let call = world.call_in();
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.assert_clean();
}

#[test]
fn a_trunk_and_a_user_have_only_so_many_calls() {
    let mut settings = Settings::default();
    let (trunk, alice) = (Party::Trunk("carrier".into()), Party::User("alice".into()));
    settings.parties.named.insert(trunk.clone(), 1);
    settings.parties.named.insert(alice.clone(), 1);
    let mut world = World::with(settings);
    let call = world.call_in();
    let limit = Refusal::Limit("trunk carrier: 1 calls".into());
    assert_eq!(refused(&mut world), limit);
    world.dial(call, 2, ALICE).unwrap();
    let limit = Refusal::Limit("user alice: 1 calls".into());
    assert_eq!(world.dial(call, 3, ALICE), Err(limit));
    let demo = TenantId::new("demo");
    assert_eq!(world.switch.calls.party_calls(&demo, &alice), 1);
    world.run(50);
    world.by(ALICE, |alice, now| alice.reject(now, 486, &[]));
    world.run(50);
    assert_eq!(world.switch.calls.party_calls(&demo, &alice), 0);
    world.dial(call, 3, ALICE).unwrap();
    let cause = Cause::NORMAL;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.assert_clean();
}

#[test]
fn without_a_free_port_nobody_is_admitted_or_dialled() {
    let mut world = World::new();
    world.switch.ports.free = 0;
    assert_eq!(refused(&mut world), Refusal::NoPorts);
    world.switch.ports.free = 1;
    let call = world.call_in();
    assert_eq!(world.dial(call, 2, ALICE), Err(Refusal::NoPorts));
    assert_eq!(world.told("leg.dialled"), 0);
    world.switch.ports.free = 1;
    // The number of an attempt that left nothing may be used.
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    world.by(CALLER, Phone::cancel);
    world.assert_clean();
}

#[test]
fn an_offer_that_fits_us_nowhere_is_refused_before_anything_is_kept() {
    let mut world = World::new();
    world.phone(CALLER).formats = "18 9";
    let refusal = refused(&mut world);
    assert!(matches!(refusal, Refusal::Incompatible(_)));
    assert!(world.phone(CALLER).saw("488"));
    assert!(world.switch.ports.taken.is_empty());
    world.assert_clean();
}

#[test]
fn a_call_has_only_so_many_legs() {
    let mut settings = Settings::default();
    settings.parties.user = 1_000;
    let mut world = World::with(settings);
    let call = world.call_in();
    for leg in 2..=32 {
        world.dial(call, leg, ALICE).unwrap();
    }
    let limit = Refusal::Limit("legs of one call".into());
    assert_eq!(world.dial(call, 33, ALICE), Err(limit));
    world.by(CALLER, Phone::cancel);
    world.assert_clean();
}
