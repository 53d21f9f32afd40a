//! Workers: turns come back from other threads, and full mailboxes refuse.

use super::*;
use crate::lua::{Worker, Workers};
use cordboard_steps::script::ScriptCommand;
use std::sync::mpsc::{Receiver, Sender, channel};

type Turns = Receiver<(CallId, ScriptTurn)>;

fn turns() -> (Arc<dyn Fn(CallId, ScriptTurn) + Send + Sync>, Turns) {
    let (out, turns): (Sender<(CallId, ScriptTurn)>, Turns) = channel();
    let out = std::sync::Mutex::new(out);
    let on_turn = move |call, turn| {
        let _ = out.lock().unwrap().send((call, turn));
    };
    (Arc::new(on_turn), turns)
}

fn start(n: u32) -> ScriptCommand {
    ScriptCommand::Start(Box::new(start_of("main", call_id(n))))
}

#[test]
fn a_call_meets_its_worker_again() {
    let scripts = Arc::new(compile(&[("main.lua", "call:answer()\nreturn call.id")]).unwrap());
    let (on_turn, turns) = turns();
    let workers =
        Workers::start(3, &Limits::default(), &CpuTime::counted(), 256, &on_turn).unwrap();
    for n in 1..=50 {
        workers.send(call_id(n), &scripts, start(n)).unwrap();
    }
    let mut ended = 0;
    while ended < 50 {
        match turns.recv_timeout(Duration::from_secs(20)).unwrap() {
            (call, ScriptTurn::Call { op, .. }) => {
                assert_eq!(op, ScriptOp::Answer);
                let answer = ScriptAnswer::Done;
                workers
                    .send(call, &scripts, ScriptCommand::Resume { answer })
                    .unwrap();
            }
            (call, turn) => {
                assert_eq!(turn, done(&call.to_string()));
                ended += 1;
            }
        }
    }
    assert!(workers.iter().all(|w| w.panics() == 0));
}

#[test]
fn a_killed_call_takes_no_turn() {
    let scripts = Arc::new(compile(&[("main.lua", "call:answer()\nreturn 'x'")]).unwrap());
    let (on_turn, turns) = turns();
    let worker = Worker::start(0, Limits::default(), CpuTime::counted(), 16, on_turn).unwrap();
    worker.send(call_id(1), &scripts, start(1)).unwrap();
    let answer = || ScriptCommand::Resume {
        answer: ScriptAnswer::Done,
    };
    worker
        .send(call_id(1), &scripts, ScriptCommand::Kill)
        .unwrap();
    worker.send(call_id(1), &scripts, answer()).unwrap();
    worker.send(call_id(2), &scripts, start(2)).unwrap();
    worker.send(call_id(2), &scripts, answer()).unwrap();
    // Dropping it finishes what lies in the mailbox.
    drop(worker);
    let seen: Vec<_> = turns.iter().map(|(call, _)| call).collect();
    assert_eq!(seen, [call_id(1), call_id(2), call_id(2)]);
}

#[test]
fn a_full_mailbox_refuses() {
    let scripts = Arc::new(compile(&[("main.lua", "return 'x'")]).unwrap());
    let (gate, opened) = channel::<()>();
    let opened = std::sync::Mutex::new(opened);
    let (entered, inside) = channel::<()>();
    let entered = std::sync::Mutex::new(entered);
    // The first turn is held, so the worker stands still.
    let on_turn = Arc::new(move |_, _| {
        let _ = entered.lock().unwrap().send(());
        let _ = opened.lock().unwrap().recv_timeout(Duration::from_secs(20));
    });
    let worker = Worker::start(0, Limits::default(), CpuTime::counted(), 2, on_turn).unwrap();
    worker.send(call_id(1), &scripts, start(1)).unwrap();
    inside.recv_timeout(Duration::from_secs(20)).unwrap();
    worker.send(call_id(2), &scripts, start(2)).unwrap();
    worker.send(call_id(3), &scripts, start(3)).unwrap();
    assert!(worker.send(call_id(4), &scripts, start(4)).is_err());
    // A kill is never lost.
    assert!(
        worker
            .send(call_id(2), &scripts, ScriptCommand::Kill)
            .is_ok()
    );
    for _ in 0..3 {
        gate.send(()).unwrap();
    }
}
