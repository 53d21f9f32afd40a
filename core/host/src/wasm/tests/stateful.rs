//! Services and reporters: instances with a state, asked on the caller's thread.

use cordboard_steps::script::ScriptErrorKind;
use serde_json::json;

use super::fixtures::*;
use crate::contract::{Body, Event, Input};

/// Counts inputs; traps at the fifth; its state is the count.
fn counter() -> String {
    format!(
        r#"(module {BASE} {START}
        (global $count (mut i32) (i32.const 0))
        (func (export "cordboard:module/serving@0.1.0#handle") (param i32 i32) (result i32)
            (global.set $count (i32.add (global.get $count) (local.get 1)))
            (if (i32.ge_u (global.get $count) (i32.const 5)) (then unreachable))
            (global.set $next (i32.const 8192))
            (i32.const 512))
        (func (export "cordboard:module/serving@0.1.0#save") (result i32)
            (i32.store (i32.const 2048) (global.get $count))
            (i32.store (i32.const 1024) (i32.const 2048))
            (i32.store (i32.const 1028) (i32.const 4))
            (i32.const 1024))
        (func (export "cordboard:module/serving@0.1.0#restore") (param i32 i32 i32) (result i32)
            (global.set $count (i32.load (local.get 1)))
            (i32.store (i32.const 1024) (i32.ne (local.get 0) (i32.const 1)))
            (i32.store (i32.const 1028) (i32.const 3000))
            (i32.store (i32.const 1032) (i32.const 3))
            (i32.const 1024))
        (data (i32.const 3000) "old"))"#
    )
}

fn timer(seq: u64) -> Input {
    Input {
        seq,
        at_ms: 1,
        seed: 2,
        body: Body::Timer {
            name: "tick".into(),
        },
    }
}

#[test]
fn a_service_keeps_its_state_saves_it_and_takes_it_back() {
    let engine = engine();
    let module = module(&engine, "service", &counter());
    let mut service = module.guest.service(&module).unwrap();
    assert_eq!(service.handle(&[timer(1), timer(2)]).unwrap(), []);
    assert_eq!(service.save().unwrap(), [2, 0, 0, 0]);
    let mut next = module.guest.service(&module).unwrap();
    assert_eq!(next.restore(1, &[3, 0, 0, 0]).unwrap(), Ok(()));
    assert_eq!(next.save().unwrap(), [3, 0, 0, 0]);
    assert_eq!(next.restore(2, &[0; 4]).unwrap(), Err("old".to_owned()));
}

#[test]
fn a_service_that_traps_is_never_asked_again() {
    let engine = engine();
    let module = module(&engine, "service", &counter());
    let mut service = module.guest.service(&module).unwrap();
    let inputs: Vec<Input> = (1..=5).map(timer).collect();
    let error = service.handle(&inputs).unwrap_err();
    assert_eq!(error.kind, ScriptErrorKind::Runtime);
    assert_eq!(engine.instances(), 0, "a trap gives the instance back");
    let error = service.save().unwrap_err();
    assert!(error.message.contains("has failed"), "{}", error.message);
}

#[test]
fn a_service_that_loops_is_stopped_and_one_of_another_world_is_none() {
    let engine = engine();
    let text = counter().replace(
        "(local.get 1)))\n            (if",
        "(local.get 1)))\n            (loop $again (br $again)) (if",
    );
    let looping = module(&engine, "service", &text);
    let mut service = looping.guest.service(&looping).unwrap();
    let error = service.handle(&[timer(1)]).unwrap_err();
    assert_eq!(error.kind, ScriptErrorKind::Budget);
    let error = looping.guest.router(&looping).err().unwrap();
    assert_eq!(error.kind, ScriptErrorKind::Missing);
    assert!(
        error.message.contains("is a service, not a router"),
        "{}",
        error.message
    );
}

#[test]
fn a_reporter_folds_and_renders() {
    let engine = engine();
    let text = format!(
        r#"(module {BASE} {START}
        (global $count (mut i32) (i32.const 0))
        (func (export "cordboard:module/reporting@0.1.0#fold") (param i32 i32)
            (global.set $count (i32.add (global.get $count) (local.get 1))))
        (func (export "cordboard:module/reporting@0.1.0#render") (param i32 i32 i32 i32) (result i32)
            (i32.store8 (i32.const 2048) (i32.add (i32.const 48) (global.get $count)))
            (i32.store (i32.const 1028) (i32.const 3000))
            (i32.store (i32.const 1032) (i32.const 8))
            (i32.store (i32.const 1036) (i32.const 2048))
            (i32.store (i32.const 1040) (i32.const 1))
            (i32.const 1024))
        (func (export "cordboard:module/reporting@0.1.0#save") (result i32) (i32.const 512))
        (func (export "cordboard:module/reporting@0.1.0#restore") (param i32 i32 i32) (result i32)
            (i32.const 512))
        (data (i32.const 3000) "text/csv"))"#
    );
    let module = module(&engine, "reporter", &text);
    let mut reporter = module.guest.reporter(&module).unwrap();
    let event = |seq| Event {
        seq,
        at_ms: 1,
        topic: "call.ended".into(),
        call: None,
        leg: None,
        payload: json!({}),
    };
    reporter.fold(&[event(1), event(2), event(3)]).unwrap();
    let report = reporter.render("totals", &json!({})).unwrap().unwrap();
    assert_eq!(
        (report.media_type.as_str(), report.body.as_slice()),
        ("text/csv", &b"3"[..])
    );
}
