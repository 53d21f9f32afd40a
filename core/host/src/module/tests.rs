//! Breakers, identities and answers, without waiting.

use std::any::Any;
use std::time::Duration;

use cordboard_dialplan::node_file::ModulesCeiling;
use cordboard_dialplan::route::Place;
use cordboard_dialplan::schema::{Grant, Loaded};
use cordboard_steps::{ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp};

use super::*;
use crate::contract::{Decision, Found, Reasoned, Refused, Target};

const MANIFEST: &str = r#"
name = "greeter"
version = "1.0.0"
contract = "0.1"
world = "router"
kind = "wasm"
entry = "greeter.wasm"
[[step]]
name = "greet"
outcomes = ["greeted"]
[[ask]]
capability = "trunk"
reason = "greets through it"
"#;

/// Code of no world: what is asked of it here is its size.
#[derive(Debug)]
struct Nothing;

impl Guest for Nothing {
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

fn place(line: u32) -> Place {
    Place {
        file: "modules.kdl".into(),
        line,
        column: 1,
    }
}

fn parts(trunk: &str, code: &[u8], line: u32) -> Parts {
    let manifest = Manifest::parse("modules/greeter/module.toml", MANIFEST.as_bytes());
    let manifest = Arc::new(manifest.unwrap());
    let grant = Grant {
        capability: "trunk".into(),
        what: trunk.into(),
        methods: Vec::new(),
        rate_per_second: None,
        size_bytes: None,
        private: false,
        place: place(line + 1),
    };
    let loaded = Loaded {
        name: "greeter".into(),
        source: "greeter".into(),
        grants: vec![grant],
        settings: BTreeMap::new(),
        place: place(line),
        schema: Arc::new(manifest.schema()),
    };
    let files = BTreeMap::from([("greeter.wasm".to_owned(), Arc::from(code))]);
    let ceiling = Arc::new(ModulesCeiling::default());
    Parts {
        tenant: TenantId::new("demo"),
        name: "greeter".into(),
        effective: Effective::of(Arc::clone(&manifest), &loaded, ceiling).unwrap(),
        manifest,
        artefact: Arc::new(Artefact::of("/greeter.wasm".into(), files)),
        limits: Limits {
            memory_bytes: 1 << 20,
            cpu: Duration::from_millis(50),
            instances_max: 10,
        },
        config: Config::default(),
        health: Arc::default(),
    }
}

fn module() -> Module {
    parts("carrier", b"code", 3).assemble(Arc::new(Nothing))
}

fn error(kind: ScriptErrorKind) -> ScriptError {
    ScriptError {
        message: "wrong".into(),
        line: None,
        stack: String::new(),
        kind,
    }
}

const S: Duration = Duration::from_secs(1);

#[test]
fn five_traps_in_a_minute_disable_a_module_and_each_time_longer() {
    let health = Health::default();
    let mut now = Duration::ZERO;
    let mut rests = Vec::new();
    for _ in 0..7 {
        for n in 0..5 {
            assert_eq!(health.begin("greeter", now), Ok(()));
            let until = health.failed(&error(ScriptErrorKind::Runtime), now);
            assert_eq!(until.is_some(), n == 4, "trap {n}");
            if let Some(until) = until {
                rests.push((until - now).as_secs());
                let why = health.begin("greeter", now).unwrap_err();
                assert!(why.contains("failed 5 times in 60 s"), "{why}");
                now = until;
            }
        }
    }
    assert_eq!(rests, [60, 120, 240, 480, 900, 900, 900]);
    assert_eq!(health.state(now), State::Enabled, "the rest is over");
    // A quarter of an hour without a trap begins anew.
    now += 901 * S;
    let until = (0..5).find_map(|_| health.failed(&error(ScriptErrorKind::Budget), now));
    assert_eq!(until, Some(now + 60 * S));
}

#[test]
fn slow_traps_a_lost_caller_and_a_full_pool_disable_nothing() {
    let health = Health::default();
    for n in 0..100u32 {
        assert_eq!(
            health.failed(&error(ScriptErrorKind::Runtime), 16 * S * n),
            None
        );
    }
    let now = 2_000 * S;
    for _ in 0..100 {
        assert_eq!(health.failed(&error(ScriptErrorKind::Gone), now), None);
        assert_eq!(health.failed(&error(ScriptErrorKind::Overload), now), None);
    }
    let shown = health.show(now);
    assert_eq!(
        (&shown["traps"], &shown["refusals"]),
        (&100.into(), &100.into())
    );
}

#[test]
fn an_operator_disables_until_he_enables() {
    let health = Health::default();
    health.set(false);
    assert_eq!(health.state(Duration::MAX), State::Disabled);
    let why = health.begin("greeter", S).unwrap_err();
    assert!(why.contains("`cordboard module enable greeter`"), "{why}");
    for _ in 0..5 {
        health.failed(&error(ScriptErrorKind::Memory), S);
    }
    health.set(true);
    assert_eq!(health.state(S), State::Enabled, "its traps are forgotten");
}

#[test]
fn identity_is_what_runs_and_not_where_it_stands() {
    let hash = parts("carrier", b"code", 3).hash();
    assert_eq!(hash, parts("carrier", b"code", 30).hash(), "a moved line");
    assert_ne!(hash, parts("carrier", b"edoc", 3).hash());
    assert_ne!(hash, parts("other", b"code", 3).hash());
    let mut other = parts("carrier", b"code", 3);
    other.config.text = Arc::from("{\"a\":1}");
    assert_ne!(hash, other.hash());
    let mut other = parts("carrier", b"code", 3);
    other.tenant = TenantId::new("two");
    assert_ne!(hash, other.hash(), "another tenant shares no instances");
}

fn target(trunk: Option<&str>, user: Option<&str>) -> Target {
    Target {
        trunk: trunk.map(str::to_owned),
        user: user.map(str::to_owned),
        timeout_ms: 20_000,
        ..Target::default()
    }
}

fn reasoned(decision: Decision) -> Reasoned {
    Reasoned {
        decision,
        set: BTreeMap::from([("greeter.why".to_owned(), "cheap".to_owned())]),
        reasons: vec!["the cheapest".to_owned()],
    }
}

#[test]
fn a_routers_answer_sets_tells_and_tries_in_this_order() {
    let module = module();
    let targets = vec![
        target(None, Some("alice")),
        target(Some("carrier"), None),
        target(None, Some("bob")),
    ];
    let answer = reasoned(Decision::Targets(targets));
    let decided = router_steps(&module, "greet", answer).unwrap();
    let functions: Vec<&str> = decided.operations.iter().map(ScriptOp::function).collect();
    assert_eq!(functions, ["set", "log", "ring", "trunk", "ring"]);
    let trunk = &decided.operations[3];
    assert!(matches!(trunk, ScriptOp::Trunk { trunks, .. } if trunks == &["carrier"]));
    assert!(decided.turn().is_last());
}

#[test]
fn answers_that_were_not_allowed_fail_the_step_and_say_why() {
    let module = module();
    let routed = |decision| router_steps(&module, "greet", reasoned(decision));
    let trunk = routed(Decision::Targets(vec![target(Some("dear"), None)])).unwrap_err();
    assert!(
        trunk.message.contains("add `grant trunk \"dear\"`"),
        "{trunk}"
    );
    assert!(routed(Decision::Targets(vec![target(None, None)])).is_err());
    let many = vec![target(None, Some("alice")); 33];
    assert!(routed(Decision::Targets(many)).is_err());
    let outcome = routed(Decision::Outcome("grated".into())).unwrap_err();
    assert!(outcome.message.contains("declares greeted"), "{outcome}");
    routed(Decision::Outcome("greeted".into())).unwrap();
    let set = (0..65).map(|n| (format!("v{n}"), String::new())).collect();
    let outcome = "greeted".to_owned();
    assert!(connector_steps(&module, "greet", Found { outcome, set }).is_err());
    // A module's own refusal is no trap: it is told, and the step's `else` runs.
    let refused = Refused {
        kind: ScriptCallError::Unavailable,
        message: "the far end is down".into(),
    };
    let decided = refused_steps(&module, &refused);
    assert!(
        matches!(&decided.operations[0], ScriptOp::Log { message, .. } if message.contains("far end"))
    );
    assert_eq!(decided.outcome, "failed");
}
