//! One tenant's guests against another's: slices, shares, mailboxes.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordboard_steps::ProgramId;
use cordboard_steps::script::{Program, ScriptCommand, ScriptErrorKind, ScriptStart, ScriptTurn};

use super::fixtures::*;
use crate::crew::{Crew, CrewParts};
use crate::lua::CpuTime;
use crate::module::{Limits, Pumped, StepHost, Work};
use crate::program::{OnTurn, Runner, TenantHosts};
use crate::quota::Quota;
use crate::wasm::WasmHost;

const LOOP: &str = "(loop $again (br $again)) unreachable";

/// A loop that may run for five seconds.
fn greedy<'w>(tenant: &'w str, text: &'w str) -> Wanted<'w> {
    Wanted {
        tenant,
        limits: Limits {
            cpu: Duration::from_secs(5),
            ..limits()
        },
        ..wanted("call-script", text)
    }
}

#[test]
fn a_loop_in_one_tenant_holds_another_up_for_a_slice_and_not_longer() {
    let engine = engine();
    let looping = script(LOOP);
    let hog = load(&engine, &greedy("greedy", &looping));
    let decides = module(&engine, "router", &router(""));
    let mut host = WasmHost::new(&engine);
    for n in 1..=10 {
        assert_eq!(host.admit(call(n), &hog, go(n)), None);
    }
    let (mut waits, mut slices_most) = (Vec::new(), 0);
    for n in 100..120 {
        let asked = Instant::now();
        assert_eq!(host.admit(call(n), &decides, go(n)), None);
        let mut slices = 0;
        loop {
            match host.pump() {
                Pumped::Turn(key, turn) => {
                    assert_eq!(key, call(n), "a loop has no turn");
                    assert_eq!(outcome(turn).as_deref(), Some("sales"));
                    break;
                }
                Pumped::Moved => slices += 1,
                other => panic!("{other:?}: the decision's tenant has spent nothing"),
            }
        }
        waits.push(asked.elapsed());
        slices_most = slices_most.max(slices);
    }
    waits.sort();
    println!(
        "a decision beside ten loops: median {:?}, longest {:?}, {slices_most} slices at most",
        waits[waits.len() / 2],
        waits[waits.len() - 1],
    );
    // Time is the machine's, which may be busy: one slice of a loop, and one of its own that the
    // clock happened to end.
    assert!(
        slices_most <= 2,
        "{slices_most} slices of others came first"
    );
}

#[test]
fn a_tenant_gets_its_share_of_a_core_and_no_more() {
    let engine = engine();
    let text = script(LOOP);
    let hog = load(&engine, &greedy("greedy", &text));
    let quota = Quota {
        cpu_percent: 20,
        ..Quota::default()
    };
    engine.set_quota(&hog.tenant, quota);
    let mut host = WasmHost::new(&engine);
    host.admit(call(1), &hog, go(1));
    host.admit(call(2), &hog, go(2));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        match host.pump() {
            Pumped::Later => std::thread::sleep(Duration::from_millis(1)),
            other => assert_eq!(other, Pumped::Moved),
        }
    }
    let used = engine.used(&hog.tenant).cpu.as_secs_f64() / began.elapsed().as_secs_f64();
    println!("a loop with 20 % of a core took {:.1} %", used * 100.0);
    // Two seconds of share, 40 ms that were saved up, one slice of overdraft.
    assert!((0.15..0.26).contains(&used), "{used}");
}

fn start(n: u128) -> ScriptCommand {
    let Work::Step(begin) = go(n) else {
        unreachable!()
    };
    ScriptCommand::Start(Box::new(ScriptStart {
        program: Program::Step(Box::new(begin.step)),
        arguments: Default::default(),
        call: begin.call,
    }))
}

#[test]
fn a_crew_runs_steps_beside_a_loop_and_a_full_mailbox_refuses() {
    let engine = engine();
    let parts = CrewParts {
        places: 1,
        time: CpuTime::clock(thread_cpu),
        begin: Box::new(|| {}),
    };
    let crew = Arc::new(Crew::new(&Arc::default(), parts));
    let (sender, turns) = mpsc::channel::<(ProgramId, ScriptTurn)>();
    let sender = Mutex::new(sender);
    let on_turn: Arc<OnTurn> = Arc::new(move |key, turn| {
        let _ = sender.lock().unwrap().send((key, turn));
    });
    let own = engine.clone();
    let threads = TenantHosts::new(&crew, 8, move |_: &_| WasmHost::new(&own), &on_turn);
    let text = script(LOOP);
    let hog = load(
        &engine,
        &Wanted {
            limits: Limits {
                cpu: Duration::from_millis(400),
                ..limits()
            },
            ..wanted("call-script", &text)
        },
    );
    let decides = load(
        &engine,
        &Wanted {
            tenant: "other",
            ..wanted("router", &router(""))
        },
    );
    threads.send(call(1), &hog, start(1)).unwrap();
    for n in 2..30 {
        threads.send(call(n), &decides, start(n)).unwrap();
        let (key, turn) = turns.recv_timeout(Duration::from_secs(5)).unwrap();
        assert_eq!(key, call(n));
        assert_eq!(outcome(turn).as_deref(), Some("sales"));
    }
    let (key, turn) = turns.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(
        (key, failure(turn).kind),
        (call(1), ScriptErrorKind::Budget)
    );
    threads.send(call(1), &hog, start(1)).unwrap();
    let sent = (0..10_000).take_while(|n| threads.send(call(50 + n), &decides, start(1)).is_ok());
    assert!(sent.count() < 10_000, "a mailbox of 8 takes everything");
    assert!(threads.send(call(1), &hog, ScriptCommand::Kill).is_ok());
}

#[test]
fn a_run_that_is_begun_again_replaces_the_first() {
    let engine = engine();
    let text = script(&format!(
        "(call $answer (local.get 4) (i32.const 256)) {}",
        ok(4)
    ));
    let module = module(&engine, "call-script", &text);
    let mut host = WasmHost::new(&engine);
    host.begin(call(1), &module, go(1));
    host.begin(call(1), &module, go(1));
    assert_eq!((host.steps(), engine.instances()), (1, 1));
}
