//! Guests that try to get out, to take everything, or to take everybody down.

use std::time::{Duration, Instant};

use cordboard_steps::script::{ScriptAnswer, ScriptErrorKind, ScriptOp};

use super::fixtures::*;
use crate::module::{Limits, Module, StepHost};
use crate::quota::Quota;
use crate::wasm::{WasmEngine, WasmHost};
use std::sync::Arc;

/// Begins step `go` of a script with this body and gives its failure.
fn fails(body: &str) -> cordboard_steps::script::ScriptError {
    let engine = engine();
    let module = module(&engine, "call-script", &script(body));
    let mut host = WasmHost::new(&engine);
    let error = failure(host.begin(call(1), &module, go(1)));
    still_serves(&engine, &mut host);
    error
}

/// After whatever happened, another module works as if nothing had.
fn still_serves(engine: &Arc<WasmEngine>, host: &mut WasmHost) {
    let module = module(engine, "router", &router(""));
    let turn = host.begin(call(99), &module, go(99));
    assert_eq!(outcome(turn).as_deref(), Some("sales"));
}

#[test]
fn a_loop_without_an_end_is_stopped_by_its_budget() {
    let began = Instant::now();
    let error = fails("(loop $again (br $again)) unreachable");
    assert_eq!(error.kind, ScriptErrorKind::Budget);
    assert!(error.message.contains("one turn"), "{}", error.message);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_allocation_bomb_meets_the_memory_limit_and_no_more() {
    let error = fails(
        "(loop $again
            (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
            (br $again)) unreachable",
    );
    assert_eq!(error.kind, ScriptErrorKind::Memory, "{error:?}");
    assert!(
        error.message.contains("memory is used up"),
        "{}",
        error.message
    );
}

#[test]
fn a_tenants_memory_is_bounded_over_all_its_instances() {
    let engine = engine();
    let text = script(&format!(
        "(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))
         (call $answer (local.get 4) (i32.const 256)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let quota = Quota {
        memory_bytes_max: 20 << 20,
        ..Quota::default()
    };
    engine.set_quota(&module.tenant, quota);
    let mut host = WasmHost::new(&engine);
    for n in 1..=3 {
        assert_eq!(op(host.begin(call(n), &module, go(n))), ScriptOp::Answer);
    }
    let error = failure(host.begin(call(4), &module, go(4)));
    assert_eq!(error.kind, ScriptErrorKind::Memory, "{error:?}");
    host.kill(call(1));
    assert_eq!(op(host.begin(call(5), &module, go(5))), ScriptOp::Answer);
}

#[test]
fn a_recursion_without_an_end_is_stopped_by_its_stack() {
    let deep = r#"(func $deep (param i64) (result i64)
        (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0)))"#;
    let run = run("(drop (call $deep (i64.const 0))) unreachable");
    let text = format!("(module {CALL} {BASE} {START} {deep} {run})");
    let engine = engine();
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    let error = failure(host.begin(call(1), &module, go(1)));
    assert_eq!(error.kind, ScriptErrorKind::Memory);
    assert!(error.message.contains("recursion"), "{}", error.message);
    still_serves(&engine, &mut host);
}

#[test]
fn a_call_handle_is_of_no_use_after_the_call_and_cannot_be_forged() {
    // It gives the handle back twice.
    let error = fails("(call $drop (local.get 4)) (call $drop (local.get 4)) unreachable");
    assert!(error.message.contains("handle"), "{}", error.message);
    // It gives the handle back and uses it all the same.
    let error = fails(
        "(call $drop (local.get 4)) (call $answer (local.get 4) (i32.const 256)) unreachable",
    );
    assert!(error.message.contains("handle"), "{}", error.message);
    // It makes up a handle.
    let error = fails("(call $answer (i32.const 77) (i32.const 256)) unreachable");
    assert!(error.message.contains("handle"), "{}", error.message);
}

#[test]
fn a_flood_of_host_calls_is_answered_busy() {
    let engine = engine();
    let module = module(
        &engine,
        "call-script",
        &script(&format!(
            "(loop $again
                (drop (call $now))
                (call $answer (local.get 4) (i32.const 256))
                (br_if $again (i32.eqz (i32.load8_u (i32.const 256)))))
             (if (i32.ne (i32.load8_u (i32.const 260)) (i32.const 5)) (then unreachable)) {}",
            ok(4)
        )),
    );
    let quota = Quota {
        host_calls_per_second: 50,
        ..Quota::default()
    };
    engine.set_quota(&module.tenant, quota);
    let mut host = WasmHost::new(&engine);
    let mut turn = host.begin(call(1), &module, go(1));
    let mut calls = 0;
    while let cordboard_steps::script::ScriptTurn::Call { .. } = turn {
        calls += 1;
        assert!(calls < 500, "nothing stopped the flood");
        turn = host.resume(call(1), ScriptAnswer::Done).unwrap();
    }
    assert_eq!(outcome(turn).as_deref(), Some("done"), "busy is variant 5");
    assert!((50..100).contains(&calls), "{calls}");
    assert!(engine.used(&module.tenant).refused > 0);
}

#[test]
fn strings_and_lists_are_bounded_before_they_are_copied() {
    // A key of 5 MiB, which is more than one host call may hand over.
    let error = fails(
        "(drop (memory.grow (i32.const 90)))
         (call $get (i32.const 2048) (i32.const 5242880) (i32.const 256)) unreachable",
    );
    assert_eq!(error.kind, ScriptErrorKind::Runtime, "{error:?}");
    // A string that points out of its memory.
    let error =
        fails("(call $get (i32.const 2048) (i32.const 2147483647) (i32.const 256)) unreachable");
    assert!(error.message.contains("bounds"), "{}", error.message);
    // A key of 300 bytes is only `invalid` (variant 4).
    let engine = engine();
    let text = script(&format!(
        "(call $get (i32.const 2048) (i32.const 300) (i32.const 256))
         (if (i32.ne (i32.load8_u (i32.const 260)) (i32.const 4)) (then unreachable)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    assert_eq!(
        outcome(host.begin(call(1), &module, go(1))).as_deref(),
        Some("done")
    );
}

#[test]
fn a_list_that_says_it_has_a_million_reasons_costs_the_host_little() {
    let engine = engine();
    // `reasons` at 1048: a million strings of a megabyte, all the same one.
    let module = load(
        &engine,
        &Wanted {
            limits: Limits {
                memory_bytes: 64 << 20,
                ..limits()
            },
            ..wanted(
                "router",
                &router(
                    "(drop (memory.grow (i32.const 200)))
                     (i32.store (i32.const 1048) (i32.const 65536))
                     (i32.store (i32.const 1052) (i32.const 1000000))",
                ),
            )
        },
    );
    let mut host = WasmHost::new(&engine);
    let began = Instant::now();
    let error = failure(host.begin(call(1), &module, go(1)));
    assert_eq!(error.kind, ScriptErrorKind::Runtime, "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_trap_or_a_loop_in_start_fails_the_first_step_and_the_check() {
    let with_start = |body: &str| {
        format!(
            r#"(module {CALL} {BASE} {} (func
            (export "cordboard:module/lifecycle@0.1.0#start") (result i32) {body}))"#,
            run("unreachable")
        )
    };
    let engine = engine();
    let check = |text: &str| {
        let module: Arc<Module> = module(&engine, "call-script", text);
        let reasons = module.guest.check(&module).unwrap_err();
        let mut host = WasmHost::new(&engine);
        let error = failure(host.begin(call(1), &module, go(1)));
        assert_eq!(reasons, std::slice::from_ref(&error.message));
        error
    };
    assert_eq!(
        check(&with_start("unreachable")).kind,
        ScriptErrorKind::Runtime
    );
    let looping = with_start("(loop $again (br $again)) unreachable");
    assert_eq!(check(&looping).kind, ScriptErrorKind::Budget);
    // `start` says no: one reason, the text at 2048.
    let refuses = with_start(
        r#"(i32.store8 (i32.const 512) (i32.const 1))
           (i32.store (i32.const 516) (i32.const 520)) (i32.store (i32.const 520) (i32.const 2048))
           (i32.store (i32.const 524) (i32.const 4)) (i32.store (i32.const 520) (i32.const 2048))
           (i32.store8 (i32.const 2048) (i32.const 110)) (i32.store8 (i32.const 2049) (i32.const 111))
           (i32.store (i32.const 524) (i32.const 2))
           (i32.store (i32.const 528) (i32.const 0)) (i32.store (i32.const 600) (i32.const 1))
           (i64.store (i32.const 516) (i64.const 0x0000000100000280))
           (i32.store (i32.const 640) (i32.const 2048)) (i32.store (i32.const 644) (i32.const 2))
           (i32.const 512)"#,
    );
    let error = check(&refuses);
    assert!(
        error.message.ends_with("does not start: no"),
        "{}",
        error.message
    );
    // The core module's own start function runs when the instance is made.
    let core_start = format!(
        "(module {CALL} {BASE} {START} {} (func $first (loop $again (br $again))) (start $first))",
        run("unreachable")
    );
    assert_eq!(check(&core_start).kind, ScriptErrorKind::Budget);
}

#[test]
fn a_trap_ends_only_the_instance_that_made_it() {
    let engine = engine();
    let traps = module(&engine, "router", &router("unreachable"));
    let mut host = WasmHost::new(&engine);
    for n in 1..=20 {
        let error = failure(host.begin(call(n), &traps, go(n)));
        assert_eq!(error.kind, ScriptErrorKind::Runtime);
        assert!(
            error.message.contains("module `probe`"),
            "{}",
            error.message
        );
    }
    assert_eq!(engine.instances(), 0, "no instance is kept after a trap");
    still_serves(&engine, &mut host);
}

#[test]
fn a_modules_own_limit_of_instances_is_overload_at_once() {
    let engine = engine();
    let text = script(&format!(
        "(call $answer (local.get 4) (i32.const 256)) {}",
        ok(4)
    ));
    let two = Limits {
        instances_max: 2,
        ..limits()
    };
    let module = load(
        &engine,
        &Wanted {
            limits: two,
            ..wanted("call-script", &text)
        },
    );
    let mut host = WasmHost::new(&engine);
    host.begin(call(1), &module, go(1));
    host.begin(call(2), &module, go(2));
    let error = failure(host.begin(call(3), &module, go(3)));
    assert_eq!(error.kind, ScriptErrorKind::Overload);
    assert!(
        error.message.contains("all its 2 instances"),
        "{}",
        error.message
    );
    host.kill(call(1));
    assert_eq!(op(host.begin(call(3), &module, go(3))), ScriptOp::Answer);
}

#[test]
fn a_full_pool_or_quota_is_overload_at_once() {
    let engine = engine_for(3);
    let text = script(&format!(
        "(call $answer (local.get 4) (i32.const 256)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    for n in 1..=3 {
        host.begin(call(n), &module, go(n));
    }
    let error = failure(host.begin(call(4), &module, go(4)));
    assert_eq!(error.kind, ScriptErrorKind::Overload);
    assert!(
        error.message.contains("all 3 WASM instances"),
        "{}",
        error.message
    );
    let quota = Quota {
        instances_max: 2,
        ..Quota::default()
    };
    engine.set_quota(&module.tenant, quota);
    host.kill(call(1));
    let error = failure(host.begin(call(4), &module, go(4)));
    assert!(error.message.contains("tenant `acme`"), "{}", error.message);
    host.kill(call(2));
    assert_eq!(op(host.begin(call(4), &module, go(4))), ScriptOp::Answer);
}
