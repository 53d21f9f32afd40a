//! A thousand call scripts that stand still: no thread, little memory.

use std::time::Instant;

use cordboard_steps::script::{ScriptAnswer, ScriptOp};

use super::fixtures::*;
use crate::module::StepHost;
use crate::quota::Quota;
use crate::wasm::WasmHost;

const MANY: u128 = 1_000;

/// Resident bytes of this process.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

#[test]
fn a_thousand_suspended_scripts_cost_little_each() {
    let engine = engine_for(1_100);
    let text = script(&format!(
        "(call $answer (local.get 4) (i32.const 256)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let quota = Quota {
        instances_max: 1_000,
        ..Quota::default()
    };
    engine.set_quota(&module.tenant, quota);
    let mut host = WasmHost::new(&engine);
    // The first ones bring what is there once.
    for n in 0..10 {
        host.begin(call(MANY + n), &module, go(n));
        host.kill(call(MANY + n));
    }
    let (before, began) = (resident(), Instant::now());
    for n in 0..MANY {
        assert_eq!(op(host.begin(call(n), &module, go(n))), ScriptOp::Answer);
    }
    let each = resident().saturating_sub(before) / MANY as usize;
    println!(
        "{MANY} suspended: {each} bytes each, started in {:?}",
        began.elapsed()
    );
    assert_eq!(engine.instances(), MANY as usize);
    // 25 KB are measured for a guest of one page; other tests of this process share the figure.
    assert!(each < 100_000, "{each} bytes each");
    for n in 0..MANY {
        let turn = host.resume(call(n), ScriptAnswer::Done).unwrap();
        assert_eq!(outcome(turn).as_deref(), Some("done"));
    }
    assert_eq!(engine.instances(), 0);
}
