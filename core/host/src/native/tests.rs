//! Native modules in real child processes: libraries that a C compiler makes here, and all that
//! native code can do to whoever runs it.
//!
//! The child is this test program itself: a function that the loader runs before `main` looks at
//! the command line, as the switch's own `main` does.
#![allow(unsafe_code)] // The function before `main` is placed by a linker section.

mod crimes;
mod stories;

use cordboard_steps::ProgramId;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use cordboard_call::event::Direction;
use cordboard_call::ids::{CallId, TenantId};
use cordboard_dialplan::Place;
use cordboard_dialplan::node_file::ModulesCeiling;
use cordboard_dialplan::schema::{Grant, Loaded};
use cordboard_steps::{
    LogLevel, Program, ScriptAnswer, ScriptCall, ScriptCommand, ScriptError, ScriptOp, ScriptStart,
    ScriptTurn, StepProgram,
};
use serde_json::json;

use super::{Housing, Native, NativeCompiler, NativeSteps, Story};
use crate::capability::Effective;
use crate::manifest::Manifest;
use crate::module::{Artefact, Compiler, Config, Health, Limits, Module, Parts};
use crate::program::{OnTurn, Runner};

#[used]
#[unsafe(link_section = ".init_array")]
static BE_THE_CHILD: extern "C" fn() = be_the_child;

extern "C" fn be_the_child() {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == super::CHILD_VERB)
    {
        let code = super::aside().is_none_or(|code| code != std::process::ExitCode::SUCCESS);
        std::process::exit(i32::from(code));
    }
}

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("cordboard-native-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        root
    })
}

/// A library of this C text, built once.
fn library(text: &str) -> Vec<u8> {
    static BUILT: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap();
    if let Some(bytes) = built.get(text) {
        return bytes.clone();
    }
    let name = format!("lib{}", built.len());
    let (source, made) = (
        root().join(format!("{name}.c")),
        root().join(format!("{name}.so")),
    );
    fs::write(&source, text).unwrap();
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/native");
    let output = Command::new("cc")
        .args(["-std=gnu11", "-shared", "-fPIC", "-O1", "-pthread", "-I"])
        .arg(header)
        .arg(&source)
        .arg("-o")
        .arg(&made)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes = fs::read(made).unwrap();
    built.insert(text.to_owned(), bytes.clone());
    bytes
}

/// A library of a world with these entries, written as `.run = run`.
fn source(world: &str, entries: &str, body: &str) -> String {
    format!(
        r#"
#include "cordboard.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
static const cordboard_host *cb;
static void reply(cordboard_run *run, const char *text) {{ cb->reply(run, cordboard_of(text)); }}
static int32_t ask(cordboard_run *run, const char *op, cordboard_text *answer) {{
  return cb->ask(run, cordboard_of(op), answer);
}}
{body}
static const cordboard_module MODULE = {{
  CORDBOARD_ABI, sizeof(cordboard_module), CORDBOARD_CONTRACT, "{world}", {entries}
}};
CORDBOARD_EXPORT const cordboard_module *cordboard_module_v1(const cordboard_host *host) {{
  cb = host;
  return &MODULE;
}}
"#
    )
}

fn manifest(world: &str) -> Manifest {
    let steps = match world {
        "service" | "reporter" => "",
        _ => "[[step]]\nname = \"go\"\nabout = \"Goes\"\noutcomes = [\"done\", \"other\"]\n",
    };
    let text = format!(
        r#"
name = "raw"
version = "0.1.0"
contract = "0.1"
world = "{world}"
kind = "native"
entry = "libraw.so"
about = "Tests"

[limits]
cpu-ms = 1000
instances = 4

{steps}
[[ask]]
capability = "native"
reason = "it is C"

[[ask]]
capability = "store"
reason = "it counts"
"#
    );
    Manifest::parse("modules/raw/module.toml", text.as_bytes()).unwrap()
}

fn place() -> Place {
    Place {
        file: "main.kdl".into(),
        line: 3,
        column: 1,
    }
}

/// A compiler of libraries and what was told.
struct Bench {
    native: Arc<Native>,
    stories: Receiver<Story>,
    lines: Arc<Mutex<Vec<String>>>,
}

fn bench(housing: Housing) -> Bench {
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&lines);
    let log = move |_: &Module, level: LogLevel, line: &str| {
        kept.lock().unwrap().push(format!("{level:?} {line}"));
    };
    let native = Native::new(housing, root().join("copies"), Arc::new(log));
    let native = Arc::new(native.in_process_where_allowed());
    let (to, stories) = channel();
    let to = Mutex::new(to);
    native.on_story(Arc::new(move |_, story| {
        let _ = to.lock().unwrap().send(story);
    }));
    Bench {
        native,
        stories,
        lines,
    }
}

fn child() -> Housing {
    Housing::Child(std::env::current_exe().unwrap())
}

impl Bench {
    /// A module of a library, or why there is none. `ceiling` is its tenant's.
    fn module_within(
        &self,
        bytes: Vec<u8>,
        world: &str,
        ceiling: ModulesCeiling,
    ) -> Result<Arc<Module>, Vec<String>> {
        let manifest = Arc::new(manifest(world));
        let files = BTreeMap::from([("libraw.so".to_owned(), Arc::from(bytes))]);
        let artefact = Artefact::of(PathBuf::from("/modules/raw/libraw.so"), files);
        let guest = NativeCompiler::new(&self.native).compile(&manifest, &artefact)?;
        let grant = |capability: &str| Grant {
            capability: capability.into(),
            what: String::new(),
            methods: Vec::new(),
            rate_per_second: None,
            size_bytes: None,
            private: false,
            place: place(),
        };
        let loaded = Loaded {
            name: "raw".to_owned(),
            source: "raw".to_owned(),
            schema: Arc::new(manifest.schema()),
            grants: vec![grant("native")],
            settings: BTreeMap::new(),
            place: place(),
        };
        let effective = Effective::of(Arc::clone(&manifest), &loaded, Arc::new(ceiling)).unwrap();
        let settings = json!({ "greeting": "hello" });
        let parts = Parts {
            tenant: TenantId::new("acme"),
            name: "raw".to_owned(),
            artefact: Arc::new(artefact),
            effective,
            limits: Limits {
                memory_bytes: 32 << 20,
                cpu: manifest.limits.cpu,
                instances_max: manifest.limits.instances,
            },
            manifest,
            config: Config {
                text: Arc::from(settings.to_string()),
                settings,
                files: BTreeMap::from([("rates.csv".to_owned(), Arc::from(&b"44;1"[..]))]),
            },
            health: Arc::new(Health::default()),
        };
        let module = Arc::new(parts.assemble(guest));
        module.guest.check(&module)?;
        Ok(module)
    }

    fn module(&self, world: &str, entries: &str, body: &str) -> Arc<Module> {
        let bytes = library(&source(world, entries, body));
        let ceiling = ModulesCeiling {
            native: true,
            ..ModulesCeiling::default()
        };
        self.module_within(bytes, world, ceiling).unwrap()
    }

    fn story(&self) -> Story {
        self.stories.recv_timeout(PATIENCE).expect("a story")
    }
}

/// Steps of native modules, and their turns.
struct Steps {
    steps: NativeSteps,
    turns: Receiver<(ProgramId, ScriptTurn)>,
}

fn steps(bench: &Bench) -> Steps {
    let (to, turns) = channel();
    let to = Mutex::new(to);
    let on_turn: Arc<OnTurn> = Arc::new(move |call, turn| {
        let _ = to.lock().unwrap().send((call, turn));
    });
    let steps = NativeSteps::start(&bench.native, &on_turn).unwrap();
    Steps { steps, turns }
}

fn call(n: u128) -> ProgramId {
    CallId(n).into()
}

impl Steps {
    fn start(&self, n: u128, module: &Arc<Module>) {
        let start = ScriptStart {
            program: Program::Step(Box::new(StepProgram {
                module: "raw".to_owned(),
                step: "go".to_owned(),
                arguments: json!({ "n": n as u64 }),
                outcomes: Vec::new(),
            })),
            arguments: BTreeMap::new(),
            call: ScriptCall {
                id: call(n).call,
                tenant: TenantId::new("acme"),
                direction: Direction::Inbound,
                caller: "+441".to_owned(),
                caller_name: None,
                dialled: "100".to_owned(),
                user: None,
                trunk: None,
                answered: false,
                at_ms: 1,
                variables: BTreeMap::new(),
            },
        };
        let command = ScriptCommand::Start(Box::new(start));
        self.steps.send(call(n), module, command).unwrap();
    }

    fn answer(&self, n: u128, module: &Arc<Module>, answer: ScriptAnswer) {
        let command = ScriptCommand::Resume { answer };
        self.steps.send(call(n), module, command).unwrap();
    }

    /// The next turn, whoever's.
    fn turn(&self) -> (ProgramId, ScriptTurn) {
        self.turns.recv_timeout(PATIENCE).expect("a turn")
    }

    /// Begins a step and gives its first turn.
    fn run(&self, n: u128, module: &Arc<Module>) -> ScriptTurn {
        self.start(n, module);
        let (of, turn) = self.turn();
        assert_eq!(of, call(n));
        turn
    }

    fn asked(&self) -> ScriptOp {
        match self.turn().1 {
            ScriptTurn::Call { op, .. } => op,
            other => panic!("no question: {other:?}"),
        }
    }
}

fn error(turn: ScriptTurn) -> ScriptError {
    match turn {
        ScriptTurn::Failed { error } => error,
        other => panic!("no failure: {other:?}"),
    }
}

fn done(outcome: &str) -> ScriptTurn {
    ScriptTurn::Done {
        outcome: Some(outcome.to_owned()),
    }
}
