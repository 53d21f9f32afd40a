//! Lua modules under test: real manifests, real dialplan lines, answers given by hand.

mod actions;
mod first_call_script;
mod first_connector;
mod hostile;
mod loading;
mod stories;
mod worlds;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordboard_call::event::Direction;
use cordboard_call::ids::{CallId, TenantId};
use cordboard_dialplan::node_file::ModulesCeiling;
use cordboard_dialplan::{Cache, Dialplan, Known, Source, load};
use cordboard_steps::script::{
    CollectOutcome, ScriptAnswer, ScriptCall, ScriptError, ScriptOp, ScriptTurn, StepProgram,
};
use serde_json::{Value, json};

use super::{LuaCompiler, LuaGuest};
use crate::capability::Effective;
use crate::lua::{CpuTime, Limits as HostLimits, LuaHost};
use crate::manifest::Manifest;
use crate::module::{Artefact, Compiler, Config, Limits, Module, Parts, StepBegin, StepHost, Work};

/// Log lines that belong to no call.
pub type Lines = Arc<Mutex<Vec<String>>>;

/// What a test loads.
pub struct Setup<'a> {
    pub toml: &'a str,
    pub files: &'a [(&'a str, &'a str)],
    /// The tenant's `module` node and what stands beside it.
    pub node: &'a str,
    /// Name in the tenant.
    pub name: &'a str,
    pub granted_files: &'a [(&'a str, &'a str)],
}

pub fn time() -> CpuTime {
    CpuTime::Counted(Duration::from_micros(1))
}

/// The module, or why it does not load; `check` is asked as a generation asks it.
pub fn try_load(setup: &Setup<'_>) -> Result<(Arc<Module>, Lines), Vec<String>> {
    let manifest = Manifest::parse("modules/x/module.toml", setup.toml.as_bytes())
        .map_err(|found| found.into_iter().map(|d| d.message).collect::<Vec<_>>())?;
    let text = format!("tenant demo domain=\"demo.example\"\n{}\n", setup.node);
    let source = Source {
        files: BTreeMap::from([("main.kdl".to_owned(), Arc::from(text))]),
        ..Source::default()
    };
    let prompts = ["welcome", "menu", "sorry", "silent"];
    let known = Known::of(prompts, []).with_modules([Arc::new(manifest.schema())]);
    let plan = load(&source, &known, &mut Cache::default())
        .map_err(|found| found.into_iter().map(|d| d.message).collect::<Vec<_>>())?
        .dialplan;
    made(setup, &plan)
}

/// As `try_load`, from a dialplan that is loaded already.
pub fn made(setup: &Setup<'_>, plan: &Dialplan) -> Result<(Arc<Module>, Lines), Vec<String>> {
    let manifest = Manifest::parse("modules/x/module.toml", setup.toml.as_bytes())
        .map_err(|found| found.into_iter().map(|d| d.message).collect::<Vec<_>>())?;
    let loaded = plan.modules.get(setup.name).expect("the module is loaded");
    let manifest = Arc::new(manifest);
    let effective = Effective::of(
        manifest.clone(),
        loaded,
        Arc::new(ModulesCeiling::default()),
    )
    .map_err(|why| vec![why])?;
    let files = setup
        .files
        .iter()
        .map(|(name, text)| (name.to_string(), Arc::from(text.as_bytes())))
        .collect();
    let artefact = Artefact::of(PathBuf::from("/nowhere"), files);
    let lines = Lines::default();
    let kept = lines.clone();
    let compiler = LuaCompiler::new(
        time(),
        Arc::new(move |_, level, text| {
            kept.lock().unwrap().push(format!("{level:?} {text}"));
        }),
    );
    let guest = compiler.compile(&manifest, &artefact)?;
    let settings = loaded.settings_json();
    let granted = setup.granted_files.iter();
    let parts = Parts {
        tenant: TenantId::new("demo"),
        name: setup.name.to_owned(),
        limits: Limits {
            memory_bytes: u64::from(manifest.limits.memory_mb) << 20,
            cpu: manifest.limits.cpu,
            instances_max: manifest.limits.instances,
        },
        manifest,
        artefact: Arc::new(artefact),
        effective,
        config: Config {
            text: settings.to_string().into(),
            settings,
            files: granted
                .map(|(name, text)| (name.to_string(), Arc::from(text.as_bytes())))
                .collect(),
        },
        health: Arc::default(),
    };
    let module = Arc::new(parts.assemble(guest));
    module.guest.check(&module)?;
    Ok((module, lines))
}

/// A module of one file in a world, with a step `go` where the world has steps.
pub fn manifest(world: &str) -> String {
    let steps = match world {
        "reporter" => "\n[[operation]]\nverb = \"totals\"\nabout = \"x\"\n",
        "service" => {
            "\n[[step]]\nname = \"go\"\nany-outcome = true\n\n[[operation]]\nverb = \"status\"\nabout = \"x\"\n"
        }
        _ => {
            "\n[[step]]\nname = \"go\"\nnamed = [{ name = \"to\", type = \"text\" }]\noutcomes = [\"done\", \"found\", \"unknown\", \"gone-on\"]\n"
        }
    };
    let topics = match world {
        "router" | "reporter" => "",
        _ => "publish = [\"seen\"]\nretain = [\"stats\"]\n",
    };
    let asks = match world {
        "router" => {
            "\n[[ask]]\ncapability = \"trunk\"\nwhat = \"carrier-a\"\nreason = \"calls out\"\n"
        }
        "call-script" | "connector" => {
            "\n[[ask]]\ncapability = \"http\"\nwhat = \"https://*\"\nreason = \"x\"\n[[ask]]\ncapability = \"store\"\nwhat = \"\"\nreason = \"x\"\n"
        }
        _ => "",
    };
    format!(
        "name = \"x\"\nversion = \"0.1.0\"\ncontract = \"0.1\"\nworld = \"{world}\"\nkind = \"lua\"\nentry = \"module.lua\"\nabout = \"x\"\n{topics}{steps}{asks}"
    )
}

/// A module of one file, without grants.
pub fn of(world: &str, source: &str) -> Arc<Module> {
    with_node(world, source, "module x")
}

/// A module of one file, and its node in the dialplan.
pub fn with_node(world: &str, source: &str, node: &str) -> Arc<Module> {
    match load_one(world, source, node) {
        Ok((module, _)) => module,
        Err(reasons) => panic!("{reasons:#?}"),
    }
}

pub fn load_one(
    world: &str,
    source: &str,
    node: &str,
) -> Result<(Arc<Module>, Lines), Vec<String>> {
    try_load(&Setup {
        toml: &manifest(world),
        files: &[("module.lua", source)],
        node,
        name: "x",
        granted_files: &[],
    })
}

/// Why a module of one file does not load.
pub fn refusal(world: &str, source: &str) -> String {
    match load_one(world, source, "module x") {
        Ok(_) => panic!("it loads"),
        Err(reasons) => reasons.join("\n"),
    }
}

pub fn key(n: u32) -> CallId {
    CallId::new(1_795_353_000_000, 1, u128::from(n))
}

pub fn begin(n: u32, step: &str, arguments: Value, outcomes: &[&str]) -> StepBegin {
    StepBegin {
        step: StepProgram {
            module: "x".into(),
            step: step.into(),
            arguments,
            outcomes: outcomes.iter().map(|o| o.to_string()).collect(),
        },
        call: ScriptCall {
            id: key(n),
            tenant: TenantId::new("demo"),
            direction: Direction::Inbound,
            caller: "+442079460000".into(),
            caller_name: Some("Ann".into()),
            dialled: "+442079460100".into(),
            user: None,
            trunk: Some("carrier-a".into()),
            answered: false,
            at_ms: 1_795_353_000_000,
            variables: BTreeMap::from([("language".to_owned(), "uk".to_owned())]),
        },
        seed: 7 << 11,
    }
}

pub fn host() -> LuaHost {
    LuaHost::new(HostLimits::default(), time())
}

/// Runs a step to its end; `answer` says what each operation comes to, and `seen` gets each.
pub fn run(
    host: &mut LuaHost,
    module: &Arc<Module>,
    begin: StepBegin,
    mut answer: impl FnMut(&ScriptOp) -> ScriptAnswer,
) -> ScriptTurn {
    let id = begin.call.id.into();
    let mut turn = host.begin(id, module, Work::Step(Box::new(begin)));
    for _ in 0..1_000 {
        let ScriptTurn::Call { op, .. } = &turn else {
            return carried_out(turn, answer);
        };
        turn = StepHost::resume(host, id, answer(op)).expect("the run is there");
    }
    panic!("the step does not end")
}

/// A last word carried out as the run does it; any other turn as it is.
pub fn carried_out(
    turn: ScriptTurn,
    mut answer: impl FnMut(&ScriptOp) -> ScriptAnswer,
) -> ScriptTurn {
    let ScriptTurn::Decided(decided) = turn else {
        return turn;
    };
    let mut outcome = decided.outcome;
    for op in &decided.operations {
        if let ScriptAnswer::Talk { outcome: talk, .. } = answer(op) {
            outcome = talk;
            if outcome == "answered" {
                break;
            }
        }
    }
    done(&outcome)
}

/// Runs step `go` and answers `Done`.
pub fn go(module: &Arc<Module>) -> ScriptTurn {
    run(&mut host(), module, begin(1, "go", json!({}), &[]), |_| {
        ScriptAnswer::Done
    })
}

pub fn done(outcome: &str) -> ScriptTurn {
    ScriptTurn::Done {
        outcome: Some(outcome.into()),
    }
}

#[track_caller]
pub fn failure(turn: ScriptTurn) -> ScriptError {
    match turn {
        ScriptTurn::Failed { error } => error,
        other => panic!("{other:?}"),
    }
}

pub fn digits(keys: &str) -> ScriptAnswer {
    ScriptAnswer::Digits {
        outcome: match keys {
            "" => CollectOutcome::Timeout,
            _ => CollectOutcome::Digits,
        },
        digits: keys.into(),
    }
}

#[test]
fn a_guest_counts_its_code() {
    let module = of("router", "return { route = function() end }");
    assert!(module.guest.code_bytes() > 20);
    assert!(module.guest.as_any().downcast_ref::<LuaGuest>().is_some());
}
