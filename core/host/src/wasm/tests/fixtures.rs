//! Guests in text, and modules, engines and answers for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cordboard_call::event::Direction;
use cordboard_call::ids::{CallId, TenantId};
use cordboard_dialplan::route::Place;
use cordboard_dialplan::schema::{Grant, Loaded};
use cordboard_steps::script::{ScriptCall, ScriptOp, ScriptTurn, StepProgram};
use serde_json::json;
use wit_component::{ComponentEncoder, StringEncoding};

use crate::capability::Effective;
use crate::lua::CpuTime;
use crate::manifest::Manifest;
use crate::module::{Artefact, Compiler, Config, Limits, Module, Parts, StepBegin, Work};
use crate::wasm::{Compiling, WasmCompiler, WasmEngine, WasmLimits};

const WIT: &str = include_str!("../../../../../sdk/wit/module.wit");

/// What every guest has: memory, an allocator that never frees, a `start` that is content.
pub const BASE: &str = r#"
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 8192))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (block $fits
            (br_if $fits (i32.lt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
            (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1)
                    (i32.div_u (local.get 3) (i32.const 65536)))))
                (then unreachable)))
        (local.get $at))
"#;

/// A `start` that is content.
pub const START: &str = r#"
    (func (export "cordboard:module/lifecycle@0.1.0#start") (result i32) (i32.const 512))
"#;

/// Imports of a call script that the texts here use, and `say`: an operation without arguments.
pub const CALL: &str = r#"
    (import "cordboard:module/calls@0.1.0" "[method]call.answer" (func $answer (param i32 i32)))
    (import "cordboard:module/calls@0.1.0" "[method]call.wait" (func $wait (param i32 i32 i32)))
    (import "cordboard:module/calls@0.1.0" "[resource-drop]call" (func $drop (param i32)))
    (import "cordboard:module/store@0.1.0" "get" (func $get (param i32 i32 i32)))
    (import "cordboard:module/clock@0.1.0" "now-ms" (func $now (result i64)))
"#;

/// `run` of a call script with this body; local 4 is the call.
pub fn run(body: &str) -> String {
    format!(
        r#"(func (export "cordboard:module/scripting@0.1.0#run")
            (param i32 i32 i32 i32 i32) (result i32) {body})"#
    )
}

/// Gives the call back and returns the text at 2048 of this length as the outcome.
pub fn ok(length: usize) -> String {
    format!(
        r#"(call $drop (local.get 4))
        (i32.store (i32.const 1024) (i32.const 0))
        (i32.store (i32.const 1028) (i32.const 2048))
        (i32.store (i32.const 1032) (i32.const {length}))
        (i32.const 1024)"#
    )
}

/// A whole call script.
pub fn script(body: &str) -> String {
    let run = run(body);
    format!(r#"(module {CALL} {BASE} {START} {run} (data (i32.const 2048) "done"))"#)
}

/// A router whose `route` has this body; without one it ends with outcome `sales`.
pub fn router(body: &str) -> String {
    format!(
        r#"(module {BASE} {START}
        (func (export "cordboard:module/routing@0.1.0#route") (param i32) (result i32)
            {body} (global.set $next (i32.const 8192)) (i32.const 1024))
        (data (i32.const 1028) "\01\00\00\00\00\08\00\00\05\00\00\00")
        (data (i32.const 2048) "sales"))"#
    )
}

/// A component of a world, from a core module in text.
pub fn component(world: &str, text: &str) -> Vec<u8> {
    component_of(WIT, world, text)
}

/// The same by another contract.
pub fn component_of(wit: &str, world: &str, text: &str) -> Vec<u8> {
    let mut core = wat::parse_str(text).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("module.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)
        .unwrap();
    ComponentEncoder::default()
        .module(&core)
        .unwrap()
        .validate(true)
        .encode()
        .unwrap()
}

/// A folder of its own for each engine.
pub fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("cordboard-wasm-{}-{n}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// CPU time of this thread, as the kernel counts it.
pub fn thread_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanos)
}

/// An engine for so many instances, with the real clock of CPU time.
pub fn engine_for(instances_max: usize) -> Arc<WasmEngine> {
    let limits = WasmLimits {
        instances_max,
        ..WasmLimits::default()
    };
    let time = CpuTime::clock(thread_cpu);
    WasmEngine::start(limits, folder(), Compiling::Here, time).unwrap()
}

pub fn engine() -> Arc<WasmEngine> {
    engine_for(64)
}

/// What a test says of its module.
pub struct Wanted<'w> {
    pub tenant: &'w str,
    pub world: &'w str,
    pub text: &'w str,
    pub limits: Limits,
    pub grants: &'w [&'w str],
}

pub fn limits() -> Limits {
    Limits {
        memory_bytes: 16 << 20,
        cpu: Duration::from_millis(50),
        instances_max: 10_000,
    }
}

pub fn wanted<'w>(world: &'w str, text: &'w str) -> Wanted<'w> {
    Wanted {
        tenant: "acme",
        world,
        text,
        limits: limits(),
        grants: &["store"],
    }
}

pub fn manifest(world: &str) -> Arc<Manifest> {
    let step = match world {
        "service" | "reporter" => "",
        _ => "[[step]]\nname = \"go\"\noutcomes = [\"done\", \"sales\"]\n",
    };
    let state = match world {
        "service" | "reporter" => "state-version = 1\n",
        _ => "",
    };
    let asks = match world {
        "call-script" | "connector" => "[[ask]]\ncapability = \"store\"\nreason = \"it counts\"\n",
        _ => "",
    };
    let text = format!(
        "name = \"probe\"\nversion = \"0.1.0\"\ncontract = \"0.1\"\nworld = \"{world}\"\n\
         kind = \"wasm\"\nentry = \"probe.wasm\"\nabout = \"A probe\"\n{state}\n{step}\n{asks}"
    );
    Arc::new(Manifest::parse("modules/probe/module.toml", text.as_bytes()).unwrap())
}

/// A module of these bytes, or why there is none.
pub fn load_bytes(
    engine: &Arc<WasmEngine>,
    wanted: &Wanted<'_>,
    bytes: Vec<u8>,
) -> Result<Arc<Module>, Vec<String>> {
    let manifest = manifest(wanted.world);
    let files = BTreeMap::from([("probe.wasm".to_owned(), Arc::from(bytes))]);
    let artefact = Arc::new(Artefact::of(
        PathBuf::from("/modules/probe/probe.wasm"),
        files,
    ));
    let guest = WasmCompiler::new(engine).compile(&manifest, &artefact)?;
    let place = Place {
        file: Arc::from("main.kdl"),
        line: 1,
        column: 1,
    };
    let grants = wanted.grants.iter().map(|capability| Grant {
        capability: (*capability).to_owned(),
        what: String::new(),
        methods: Vec::new(),
        rate_per_second: None,
        size_bytes: None,
        private: false,
        place: place.clone(),
    });
    let loaded = Loaded {
        name: "probe".into(),
        source: "probe".into(),
        grants: grants.collect(),
        settings: BTreeMap::new(),
        place: place.clone(),
        schema: Arc::new(manifest.schema()),
    };
    let effective = Effective::of(manifest.clone(), &loaded, Arc::default()).unwrap();
    let parts = Parts {
        tenant: TenantId::new(wanted.tenant),
        name: "probe".into(),
        manifest,
        artefact,
        effective,
        limits: wanted.limits,
        config: Config {
            settings: json!({}),
            text: Arc::from("{}"),
            files: BTreeMap::new(),
        },
        health: Arc::default(),
    };
    Ok(Arc::new(parts.assemble(guest)))
}

pub fn load(engine: &Arc<WasmEngine>, wanted: &Wanted<'_>) -> Arc<Module> {
    load_bytes(engine, wanted, component(wanted.world, wanted.text)).unwrap()
}

/// A module of world `call-script` or `router`, loaded.
pub fn module(engine: &Arc<WasmEngine>, world: &str, text: &str) -> Arc<Module> {
    load(engine, &wanted(world, text))
}

pub fn call(n: u128) -> cordboard_steps::ProgramId {
    CallId(n).into()
}

/// Step `go` of a call.
pub fn go(n: u128) -> Work {
    Work::Step(Box::new(StepBegin {
        step: StepProgram {
            module: "probe".into(),
            step: "go".into(),
            arguments: json!({ "name": "sales" }),
            outcomes: Vec::new(),
        },
        call: ScriptCall {
            id: call(n).call,
            tenant: TenantId::new("acme"),
            direction: Direction::Inbound,
            caller: "+441".into(),
            caller_name: None,
            dialled: "+442".into(),
            user: None,
            trunk: None,
            answered: false,
            at_ms: 7,
            variables: BTreeMap::new(),
        },
        seed: 1,
    }))
}

pub fn op(turn: ScriptTurn) -> ScriptOp {
    match turn {
        ScriptTurn::Call { op, .. } => op,
        other => panic!("{other:?}"),
    }
}

pub fn outcome(turn: ScriptTurn) -> Option<String> {
    match turn {
        ScriptTurn::Done { outcome } => outcome,
        other => panic!("{other:?}"),
    }
}

pub fn failure(turn: ScriptTurn) -> cordboard_steps::script::ScriptError {
    match turn {
        ScriptTurn::Failed { error } => error,
        other => panic!("{other:?}"),
    }
}
