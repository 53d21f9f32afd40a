//! Commands find who runs the call's program, and failures find their module.

use std::any::Any;
use std::sync::mpsc::{Receiver, Sender, channel};

use cordboard_call::event::Direction;
use cordboard_call::{CallId, TenantId};
use cordboard_dialplan::node_file::ModulesCeiling;
use cordboard_dialplan::route::Place;
use cordboard_dialplan::schema::Loaded;
use cordboard_steps::{Program, ScriptAnswer, ScriptCall, ScriptOp, ScriptStart, StepProgram};

use super::*;
use crate::capability::Effective;
use crate::crew::{Crew, CrewParts};
use crate::lua::{CpuTime, Limits as ScriptLimits, LuaHost};
use crate::manifest::Manifest;
use crate::module::{
    Artefact, Config, Guest, HostFigures, Limits, Parts, ReporterGuest, RouterGuest, ServiceGuest,
    StepHost, Work, wrong_world,
};

const MANIFEST: &str = r#"
name = "greeter"
version = "1.0.0"
contract = "0.1"
world = "call-script"
kind = "wasm"
entry = "greeter.wasm"
[[step]]
name = "greet"
outcomes = ["greeted"]
"#;

#[derive(Debug)]
struct Code;

impl Guest for Code {
    fn check(&self, _: &Arc<Module>) -> Result<(), Vec<String>> {
        Ok(())
    }
    fn router(&self, module: &Arc<Module>) -> Result<Box<dyn RouterGuest>, ScriptError> {
        Err(wrong_world(module, "router"))
    }
    fn service(&self, module: &Arc<Module>) -> Result<Box<dyn ServiceGuest>, ScriptError> {
        Err(wrong_world(module, "service"))
    }
    fn reporter(&self, module: &Arc<Module>) -> Result<Box<dyn ReporterGuest>, ScriptError> {
        Err(wrong_world(module, "reporter"))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Steps that answer, then end as their argument `end` says.
#[derive(Default)]
struct Greeting {
    running: HashMap<ProgramId, String>,
}

impl StepHost for Greeting {
    fn begin(&mut self, key: ProgramId, _: &Arc<Module>, work: Work) -> ScriptTurn {
        let Work::Step(begin) = work else {
            panic!("no events here");
        };
        let end = begin.step.arguments["end"].as_str().unwrap_or_default();
        assert_ne!(end, "break", "the host itself breaks");
        self.running.insert(key, end.to_owned());
        let op = ScriptOp::Answer;
        ScriptTurn::Call { op, line: 0 }
    }

    fn resume(&mut self, key: ProgramId, _: ScriptAnswer) -> Option<ScriptTurn> {
        Some(match self.running.remove(&key)?.as_str() {
            "trap" => failed(ScriptErrorKind::Runtime, "unreachable".to_owned()),
            outcome => ScriptTurn::Done {
                outcome: Some(outcome.to_owned()),
            },
        })
    }

    fn kill(&mut self, key: ProgramId) -> bool {
        self.running.remove(&key).is_some()
    }

    fn figures(&self) -> HostFigures {
        HostFigures {
            running: self.running.len(),
            bytes: 0,
            idle: 0,
        }
    }

    fn running(&self) -> Vec<ProgramId> {
        self.running.keys().copied().collect()
    }
}

fn module() -> Arc<Module> {
    let manifest = Manifest::parse("modules/greeter/module.toml", MANIFEST.as_bytes());
    let manifest = Arc::new(manifest.unwrap());
    let loaded = Loaded {
        name: "greeter".into(),
        source: "greeter".into(),
        grants: Vec::new(),
        settings: BTreeMap::new(),
        place: Place {
            file: "modules.kdl".into(),
            line: 1,
            column: 1,
        },
        schema: Arc::new(manifest.schema()),
    };
    let ceiling = Arc::new(ModulesCeiling::default());
    let parts = Parts {
        tenant: TenantId::new("demo"),
        name: "greeter".into(),
        effective: Effective::of(Arc::clone(&manifest), &loaded, ceiling).unwrap(),
        manifest,
        artefact: Arc::new(Artefact::of("/x.wasm".into(), BTreeMap::new())),
        limits: Limits {
            memory_bytes: 1 << 20,
            cpu: Duration::from_millis(50),
            instances_max: 10,
        },
        config: Config::default(),
        health: Arc::default(),
    };
    Arc::new(parts.assemble(Arc::new(Code)))
}

/// The first program of a call.
fn program(call: u128) -> ProgramId {
    let (call, number) = (CallId(call), 1);
    ProgramId { call, number }
}

struct Desk {
    workers: Workers,
    programs: Programs,
    whereabouts: Arc<Whereabouts>,
    turns: Receiver<(ProgramId, ScriptTurn)>,
    disabled: Receiver<Duration>,
}

fn desk(runs_wasm: bool) -> Desk {
    let (told, turns) = channel();
    let (rests, disabled): (Sender<Duration>, _) = channel();
    let on_turn: Arc<OnTurn> = Arc::new(move |call, turn| told.send((call, turn)).unwrap());
    let scripts = BTreeMap::from([("hello.lua".to_owned(), "return \"hello\"".to_owned())]);
    let scripts = Arc::new(Scripts::compile(&scripts).unwrap());
    let module = module();
    let modules = BTreeMap::from([(module.name.clone(), module)]);
    let whereabouts = Arc::new(Whereabouts::default());
    let now: Arc<dyn Fn() -> Duration + Send + Sync> = Arc::new(|| Duration::from_secs(1));
    let parts = CrewParts {
        places: 2,
        time: CpuTime::counted(),
        begin: Box::new(|| {}),
    };
    let crew = Arc::new(Crew::new(&Arc::default(), parts));
    let new_host =
        |account: &_| LuaHost::of_tenant(ScriptLimits::default(), CpuTime::counted(), account);
    let lua = Arc::new(TenantHosts::new(&crew, 16, new_host, &on_turn));
    let on_disabled = Arc::new(move |_: &Arc<Module>, rest| rests.send(rest).unwrap());
    let counted = counted(
        on_turn,
        Arc::clone(&whereabouts),
        Arc::clone(&now),
        on_disabled,
    );
    let hosts = TenantHosts::new(&crew, 16, |_: &_| Greeting::default(), &counted);
    let hosts: Arc<dyn Runner> = Arc::new(hosts);
    let runners = Runners {
        wasm: runs_wasm.then_some(hosts),
        ..Runners::default()
    };
    Desk {
        workers: Workers::new(lua, runners, Arc::clone(&whereabouts), now),
        programs: Programs { scripts, modules },
        whereabouts,
        turns,
        disabled,
    }
}

fn start(call: ProgramId, program: Program) -> ScriptCommand {
    ScriptCommand::Start(Box::new(ScriptStart {
        program,
        arguments: BTreeMap::new(),
        call: ScriptCall {
            id: call.call,
            tenant: TenantId::new("demo"),
            direction: Direction::Inbound,
            caller: "100".into(),
            caller_name: None,
            dialled: "200".into(),
            user: None,
            trunk: None,
            answered: false,
            at_ms: 0,
            variables: BTreeMap::new(),
        },
    }))
}

fn step(call: ProgramId, end: &str) -> ScriptCommand {
    let program = StepProgram {
        module: "greeter".into(),
        step: "greet".into(),
        arguments: serde_json::json!({ "end": end }),
        outcomes: Vec::new(),
    };
    start(call, Program::Step(Box::new(program)))
}

const ANSWERED: ScriptCommand = ScriptCommand::Resume {
    answer: ScriptAnswer::Done,
};

impl Desk {
    fn send(&self, call: ProgramId, command: ScriptCommand) -> Option<ScriptTurn> {
        self.workers
            .send((&TenantId::new("demo"), call), &self.programs, command)
    }

    fn turn(&self) -> (ProgramId, ScriptTurn) {
        self.turns.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// Runs a step to its end.
    fn run(&self, call: ProgramId, end: &str) -> ScriptTurn {
        assert_eq!(self.send(call, step(call, end)), None);
        assert!(matches!(self.turn(), (at, ScriptTurn::Call { .. }) if at == call));
        assert_eq!(self.send(call, ANSWERED), None);
        self.turn().1
    }
}

#[test]
fn a_calls_answers_go_where_its_program_runs() {
    let desk = desk(true);
    let (one, two) = (program(1), program(2));
    let done = desk.run(one, "greeted");
    assert_eq!(
        done,
        ScriptTurn::Done {
            outcome: Some("greeted".into())
        }
    );
    assert_eq!(desk.whereabouts.count(), 0, "what ended is forgotten");
    assert_eq!(
        desk.send(two, start(two, Program::Script("hello".into()))),
        None
    );
    let done = ScriptTurn::Done {
        outcome: Some("hello".into()),
    };
    assert_eq!(desk.turn(), (two, done));
    assert_eq!(desk.send(one, step(one, "x")), None);
    desk.turn();
    assert_eq!(desk.send(one, ScriptCommand::Kill), None);
    assert_eq!(desk.whereabouts.count(), 0);
    assert_eq!(
        desk.send(two, start(two, Program::Script("hello".into()))),
        None
    );
    assert_eq!(desk.turn().0, two, "a killed step says nothing");
}

#[test]
fn the_end_of_a_killed_program_is_not_the_end_of_its_calls_next() {
    let desk = desk(true);
    let first = program(1);
    let next = ProgramId { number: 2, ..first };
    for of in [first, next] {
        assert_eq!(desk.send(of, step(of, "greeted")), None);
        assert_eq!(desk.turn().0, of);
    }
    // What the first one's worker was about to say.
    let late = ScriptTurn::Done { outcome: None };
    assert!(desk.whereabouts.turned(first, &late).is_some());
    assert_eq!(desk.send(next, ANSWERED), None);
    let done = ScriptTurn::Done {
        outcome: Some("greeted".into()),
    };
    assert_eq!(desk.turn(), (next, done), "its answer found it");
    assert_eq!(desk.whereabouts.count(), 0);
}

#[test]
fn what_cannot_run_fails_the_step_at_once() {
    let desk = desk(false);
    let call = program(1);
    let Some(ScriptTurn::Failed { error }) = desk.send(call, step(call, "x")) else {
        panic!("it fails");
    };
    assert!(
        error
            .message
            .contains("nothing here runs a wasm call-script"),
        "{error}"
    );
    assert_eq!(desk.whereabouts.count(), 0);
    let empty = Programs::default();
    let of = (&TenantId::new("demo"), call);
    let Some(ScriptTurn::Failed { error }) = desk.workers.send(of, &empty, step(call, "x")) else {
        panic!("it fails");
    };
    assert_eq!(error.kind, ScriptErrorKind::Missing);
}

#[test]
fn a_module_that_traps_too_often_is_disabled_and_told_once() {
    let desk = desk(true);
    for n in 0..5 {
        let turn = desk.run(program(n), "trap");
        assert!(matches!(turn, ScriptTurn::Failed { .. }));
    }
    assert_eq!(desk.disabled.try_recv(), Ok(Duration::from_secs(60)));
    let refused = desk.send(program(9), step(program(9), "x"));
    let Some(ScriptTurn::Failed { error }) = refused else {
        panic!("it rests");
    };
    assert_eq!(error.kind, ScriptErrorKind::Overload);
    assert!(error.message.contains("rests for"), "{error}");
    assert!(desk.disabled.try_recv().is_err());
}

#[test]
fn a_host_that_breaks_fails_its_steps_and_begins_anew() {
    let desk = desk(true);
    let (waits, breaks) = (program(2), program(4));
    assert_eq!(desk.send(waits, step(waits, "x")), None);
    desk.turn();
    assert_eq!(desk.send(breaks, step(breaks, "break")), None);
    let mut failed = [desk.turn(), desk.turn()].map(|(call, turn)| {
        assert!(matches!(turn, ScriptTurn::Failed { .. }), "{turn:?}");
        call
    });
    failed.sort();
    assert_eq!(failed, [waits, breaks]);
    let done = desk.run(waits, "greeted");
    assert_eq!(
        done,
        ScriptTurn::Done {
            outcome: Some("greeted".into())
        }
    );
}
