//! Scripts on a crew: turns come back from other threads, full mailboxes refuse, tenants are apart.

use super::*;
use crate::crew::{Crew, CrewParts};
use crate::lua::{LuaHost, WorkerClosed};
use crate::program::{ScriptRunner, TenantHosts};
use cordboard_call::ids::TenantId;
use cordboard_steps::ProgramId;
use cordboard_steps::script::{ScriptCommand, ScriptErrorKind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

type Turns = Receiver<(ProgramId, ScriptTurn)>;
type Hosts = TenantHosts<LuaHost>;

fn turns() -> (Arc<dyn Fn(ProgramId, ScriptTurn) + Send + Sync>, Turns) {
    let (out, turns): (Sender<(ProgramId, ScriptTurn)>, Turns) = channel();
    let out = std::sync::Mutex::new(out);
    let on_turn = move |call, turn| {
        let _ = out.lock().unwrap().send((call, turn));
    };
    (Arc::new(on_turn), turns)
}

fn hosts(
    places: usize,
    letters_max: usize,
    time: &CpuTime,
    on_turn: &Arc<dyn Fn(ProgramId, ScriptTurn) + Send + Sync>,
) -> Hosts {
    let parts = CrewParts {
        places,
        time: time.clone(),
        begin: Box::new(|| {}),
    };
    let crew = Arc::new(Crew::new(&Arc::default(), parts));
    let time = time.clone();
    let new_host = move |account: &_| LuaHost::of_tenant(Limits::default(), time.clone(), account);
    TenantHosts::new(&crew, letters_max, new_host, on_turn)
}

fn send(
    hosts: &Hosts,
    tenant: &str,
    n: u32,
    scripts: &Arc<Scripts>,
    command: ScriptCommand,
) -> Result<(), WorkerClosed> {
    hosts.send(
        (&TenantId::new(tenant), call_id(n).into()),
        scripts,
        command,
    )
}

fn start(n: u32) -> ScriptCommand {
    ScriptCommand::Start(Box::new(start_of("main", call_id(n))))
}

const ANSWERED: ScriptCommand = ScriptCommand::Resume {
    answer: ScriptAnswer::Done,
};

#[test]
fn a_call_meets_its_script_again() {
    let scripts = Arc::new(compile(&[("main.lua", "call:answer()\nreturn call.id")]).unwrap());
    let (on_turn, turns) = turns();
    let hosts = hosts(3, 256, &CpuTime::counted(), &on_turn);
    for n in 1..=50 {
        send(&hosts, "demo", n, &scripts, start(n)).unwrap();
    }
    let mut ended = 0;
    while ended < 50 {
        match turns.recv_timeout(Duration::from_secs(20)).unwrap() {
            (call, ScriptTurn::Call { op, .. }) => {
                assert_eq!(op, ScriptOp::Answer);
                let of = (&TenantId::new("demo"), call);
                hosts.send(of, &scripts, ANSWERED).unwrap();
            }
            (call, turn) => {
                assert_eq!(turn, done(&call.call.to_string()));
                ended += 1;
            }
        }
    }
    assert_eq!(hosts.figures().panics, 0);
}

#[test]
fn a_killed_call_takes_no_turn() {
    let scripts = Arc::new(compile(&[("main.lua", "call:answer()\nreturn 'x'")]).unwrap());
    let (on_turn, turns) = turns();
    let hosts = hosts(1, 16, &CpuTime::counted(), &on_turn);
    send(&hosts, "demo", 1, &scripts, start(1)).unwrap();
    send(&hosts, "demo", 1, &scripts, ScriptCommand::Kill).unwrap();
    send(&hosts, "demo", 1, &scripts, ANSWERED).unwrap();
    send(&hosts, "demo", 2, &scripts, start(2)).unwrap();
    send(&hosts, "demo", 2, &scripts, ANSWERED).unwrap();
    let seen: Vec<_> = (0..3)
        .map(|_| turns.recv_timeout(Duration::from_secs(20)).unwrap().0)
        .collect();
    assert_eq!(seen, [1, 2, 2].map(|n| call_id(n).into()));
    drop((hosts, on_turn));
    assert!(turns.recv_timeout(Duration::from_secs(20)).is_err());
}

#[test]
fn a_full_mailbox_refuses_its_tenant_and_no_other() {
    let scripts = Arc::new(compile(&[("main.lua", "return 'x'")]).unwrap());
    let (gate, opened) = channel::<()>();
    let opened = std::sync::Mutex::new(opened);
    let (entered, inside) = channel::<ProgramId>();
    let entered = std::sync::Mutex::new(entered);
    // The first turn is held, so its tenant's host stands still.
    let on_turn: Arc<dyn Fn(ProgramId, ScriptTurn) + Send + Sync> = Arc::new(move |call, _| {
        let _ = entered.lock().unwrap().send(call);
        if call.call == call_id(1) {
            let _ = opened.lock().unwrap().recv_timeout(Duration::from_secs(20));
        }
    });
    let hosts = hosts(2, 2, &CpuTime::counted(), &on_turn);
    send(&hosts, "demo", 1, &scripts, start(1)).unwrap();
    inside.recv_timeout(Duration::from_secs(20)).unwrap();
    send(&hosts, "demo", 2, &scripts, start(2)).unwrap();
    send(&hosts, "demo", 3, &scripts, start(3)).unwrap();
    assert!(send(&hosts, "demo", 4, &scripts, start(4)).is_err());
    // A kill is never lost.
    assert!(send(&hosts, "demo", 2, &scripts, ScriptCommand::Kill).is_ok());
    send(&hosts, "other", 9, &scripts, start(9)).unwrap();
    assert_eq!(
        inside.recv_timeout(Duration::from_secs(20)),
        Ok(call_id(9).into())
    );
    gate.send(()).unwrap();
}

#[test]
fn a_loop_of_one_tenant_holds_another_up_for_slices_and_not_for_its_whole_budget() {
    let looping = Arc::new(compile(&[("main.lua", "while true do end")]).unwrap());
    let quick = Arc::new(compile(&[("main.lua", "return 'x'")]).unwrap());
    let (on_turn, turns) = turns();
    let time = CpuTime::clock(|| {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
    });
    // One place: whoever loops must leave it to others.
    let hosts = hosts(1, 64, &time, &on_turn);
    for n in 1..=3 {
        send(&hosts, "greedy", n, &looping, start(n)).unwrap();
    }
    let (mut quick_ones, mut over) = (0, 0);
    let began = Instant::now();
    let mut n = 100;
    send(&hosts, "modest", n, &quick, start(n)).unwrap();
    while over < 3 && began.elapsed() < Duration::from_secs(20) {
        let (call, turn) = turns.recv_timeout(Duration::from_secs(20)).unwrap();
        if call.call == call_id(n) {
            assert_eq!(turn, done("x"));
            quick_ones += 1;
            n += 1;
            send(&hosts, "modest", n, &quick, start(n)).unwrap();
            continue;
        }
        let ScriptTurn::Failed { error } = turn else {
            panic!("{turn:?}");
        };
        assert_eq!(error.kind, ScriptErrorKind::Budget);
        over += 1;
    }
    assert_eq!(over, 3);
    // 150 ms of CPU at a fifth of a core: far longer than the loops' budgets.
    assert!(began.elapsed() > Duration::from_millis(400));
    assert!(quick_ones > 50, "{quick_ones}");
}
