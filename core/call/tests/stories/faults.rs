//! Faults of ours in the middle of one call: it ends, the others do not notice.

use cordboard_call::event::EndedBy;
use cordboard_call::*;

use crate::world::*;

#[test]
fn a_fault_ends_its_call_in_order_and_no_other() {
    let mut world = World::new();
    let other = world.answered_call();
    let broken = world.bridged_call();
    world.switch.ports.faults = 1;
    assert_eq!(world.dial(broken, 3, BOB), Err(Refusal::NoSuchCall));
    world.run(500);
    assert!(world.phone(ALICE).saw("BYE"));
    assert_eq!(world.told("call.ended"), 1);
    let whys = world
        .switch
        .facts
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::LegEnded { why, by, .. } => Some((event.call, why.as_deref(), *by)),
            _ => None,
        });
    let fault = (broken, Some("fault"), EndedBy::Switch);
    assert_eq!(whys.collect::<Vec<_>>(), [fault, fault]);
    assert_eq!(world.switch.calls.counters().calls_broken, 1);

    assert_eq!(world.switch.calls.len(), 1);
    let cause = Cause::NORMAL;
    world.act(other, Action::End { cause, why: None }).unwrap();
    world.run(500);
    assert!(world.switch.calls.is_empty());
}

#[test]
fn a_call_that_cannot_even_end_is_forgotten_whole() {
    let mut world = World::new();
    let call = world.call_in();
    world.dial(call, 2, ALICE).unwrap();
    world.run(50);
    // Neither stream is open yet: ending gives their pairs back, which breaks again.
    world.switch.ports.faults = 2;
    assert_eq!(world.dial(call, 3, BOB), Err(Refusal::NoSuchCall));
    world.run(500);
    assert!(world.switch.calls.is_empty());
    assert_eq!(world.told("call.ended"), 1);
    assert_eq!(world.switch.calls.counters().calls_broken, 1);

    let next = world.answered_call();
    let cause = Cause::NORMAL;
    world.act(next, Action::End { cause, why: None }).unwrap();
    world.run(40_000);
    assert_eq!(world.told("call.ended"), 2);
    assert!(world.switch.calls.is_empty());
}
