//! Call scripts and routers that do what they should: turns out, answers in.

use cordboard_steps::script::{
    OutsideRequest, ScriptAnswer, ScriptCallError, ScriptErrorKind, ScriptOp,
};

use super::fixtures::*;
use crate::module::StepHost;
use crate::wasm::WasmHost;

#[test]
fn a_call_script_stands_still_in_each_host_call_and_ends_with_its_outcome() {
    let engine = engine();
    let text = script(&format!(
        "(call $answer (local.get 4) (i32.const 256))
         (call $wait (local.get 4) (i32.const 500) (i32.const 256)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    assert_eq!(op(host.begin(call(1), &module, go(1))), ScriptOp::Answer);
    assert_eq!(engine.instances(), 1);
    let turn = host.resume(call(1), ScriptAnswer::Done).unwrap();
    assert!(matches!(op(turn), ScriptOp::Wait { lasts } if lasts.as_millis() == 500));
    let turn = host.resume(call(1), ScriptAnswer::Done).unwrap();
    assert_eq!(outcome(turn).as_deref(), Some("done"));
    assert_eq!(engine.instances(), 0, "the instance ends with its step");
    assert_eq!(host.resume(call(1), ScriptAnswer::Done), None);
}

#[test]
fn a_caller_who_leaves_is_an_error_that_the_script_sees() {
    // It returns `done` where the answer is an error, and traps where it is none.
    let engine = engine();
    let text = script(&format!(
        "(call $wait (local.get 4) (i32.const 1) (i32.const 256))
         (if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    host.begin(call(1), &module, go(1));
    let gone = ScriptAnswer::Error {
        kind: ScriptCallError::Gone,
        message: String::new(),
    };
    assert_eq!(
        outcome(host.resume(call(1), gone).unwrap()).as_deref(),
        Some("done")
    );
}

#[test]
fn what_is_not_granted_is_denied_without_leaving_the_host() {
    let engine = engine();
    let body = format!(
        "(call $get (i32.const 2048) (i32.const 4) (i32.const 256))
         (if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 260)) (i32.const 2)) (then unreachable)) {}",
        ok(4)
    );
    let text = script(&body);
    let ungranted = load(
        &engine,
        &Wanted {
            grants: &[],
            ..wanted("call-script", &text)
        },
    );
    let mut host = WasmHost::new(&engine);
    let turn = host.begin(call(1), &ungranted, go(1));
    assert_eq!(
        outcome(turn).as_deref(),
        Some("done"),
        "denied is variant 2"
    );
    let granted = module(&engine, "call-script", &text);
    let asked = op(host.begin(call(2), &granted, go(2)));
    let key = "done".to_owned();
    assert_eq!(asked, ScriptOp::Outside(OutsideRequest::StoreGet { key }));
    let error = failure(
        host.resume(call(2), ScriptAnswer::Text { value: None })
            .unwrap(),
    );
    assert_eq!(error.kind, ScriptErrorKind::Runtime, "{error:?}");
}

#[test]
fn the_clock_is_asked_of_the_run() {
    let engine = engine();
    let text = script(&format!(
        "(if (i64.ne (call $now) (i64.const 1234)) (then unreachable)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    assert_eq!(op(host.begin(call(1), &module, go(1))), ScriptOp::Now);
    let now = ScriptAnswer::Now {
        unix_ms: 1_234,
        local: String::new(),
    };
    assert_eq!(
        outcome(host.resume(call(1), now).unwrap()).as_deref(),
        Some("done")
    );
}

#[test]
fn an_outcome_that_the_manifest_does_not_offer_fails_the_step() {
    let engine = engine();
    let text = script(&ok(3));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    let error = failure(host.begin(call(1), &module, go(1)));
    assert!(error.message.contains("`don`"), "{}", error.message);
}

#[test]
fn a_router_decides_again_and_again_in_one_warm_instance() {
    let engine = engine();
    let module = module(&engine, "router", &router(""));
    let mut host = WasmHost::new(&engine);
    for n in 1..=100 {
        let turn = host.begin(call(n), &module, go(n));
        assert_eq!(outcome(turn).as_deref(), Some("sales"));
        assert_eq!(engine.instances(), 1);
    }
    let mut alone = module.guest.router(&module).unwrap();
    let begin = match go(1) {
        crate::module::Work::Step(begin) => begin,
        other => panic!("{other:?}"),
    };
    let reasoned = alone.route(&begin.request()).unwrap().unwrap();
    assert_eq!(
        reasoned.decision,
        crate::contract::Decision::Outcome("sales".into())
    );
}

#[test]
fn a_killed_step_gives_its_instance_back() {
    let engine = engine();
    let text = script(&format!(
        "(call $answer (local.get 4) (i32.const 256)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    host.begin(call(1), &module, go(1));
    assert!(host.kill(call(1)) && !host.kill(call(1)));
    assert_eq!(engine.instances(), 0);
    assert_eq!(engine.used(&module.tenant).memory_bytes, 0);
}
