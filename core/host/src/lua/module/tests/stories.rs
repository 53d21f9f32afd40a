//! The stories of the first-party Lua modules, `modules/*/tests/main.kdl`, played by the real host
//! over simulated phones, as `cordboard module test` plays them.

use super::*;
use cordboard_steps::ProgramId;
use cordboard_steps::script::{ScriptErrorKind, ScriptStart};
use cordboard_steps::simulate::{PromptLengths, ScriptHost, run_tests};

/// Every prompt lasts half a second, if it is in the tenant's folder.
struct Prompts(&'static [&'static str]);

impl PromptLengths for Prompts {
    fn length(&self, name: &str) -> Option<Duration> {
        let known = self.0.contains(&name);
        known.then_some(Duration::from_millis(500))
    }
}

/// One module, run by the Lua host.
struct Stage {
    host: LuaHost,
    module: Arc<Module>,
    running: Option<ProgramId>,
}

impl ScriptHost for Stage {
    fn start(&mut self, start: &ScriptStart) -> ScriptTurn {
        self.kill();
        self.running = Some(start.call.id.into());
        let begin = StepBegin::of(start).expect("a module's step");
        self.host.begin(
            start.call.id.into(),
            &self.module,
            Work::Step(Box::new(begin)),
        )
    }

    fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        let turn = self.running.and_then(|call| self.host.resume(call, answer));
        turn.unwrap_or_else(|| ScriptTurn::Failed {
            error: crate::lua::failure::plain(ScriptErrorKind::Runtime, "nothing waits".into()),
        })
    }

    fn kill(&mut self) {
        if let Some(call) = self.running.take() {
            StepHost::kill(&mut self.host, call);
        }
    }
}

/// Plays all tests of a module's dialplan.
fn play(
    name: &str,
    toml: &str,
    files: &[(&str, &str)],
    text: &str,
    prompts: &'static [&'static str],
) {
    let manifest = Manifest::parse("module.toml", toml.as_bytes()).unwrap();
    let known = Known::of(prompts.iter().copied(), []).with_modules([Arc::new(manifest.schema())]);
    let source = Source {
        files: BTreeMap::from([("main.kdl".to_owned(), Arc::from(text))]),
        ..Source::default()
    };
    let plan: Arc<Dialplan> = match load(&source, &known, &mut Cache::default()) {
        Ok(loaded) => Arc::new(loaded.dialplan),
        Err(found) => panic!("{found:#?}"),
    };
    let module = made(
        &Setup {
            toml,
            files,
            node: "",
            name,
            granted_files: &[],
        },
        &plan,
    );
    let module = match module {
        Ok((module, _)) => module,
        Err(reasons) => panic!("{reasons:#?}"),
    };
    let mut stage = Stage {
        host: host(),
        module,
        running: None,
    };
    let report = run_tests(&plan, &Prompts(prompts), &mut stage);
    assert!(report.failed.is_empty(), "{report}");
    assert_eq!(report.passed, plan.tests.len(), "{report}");
}

#[test]
fn stories_of_ivr() {
    play(
        "ivr",
        first_call_script::TOML,
        first_call_script::FILES,
        include_str!("../../../../../../modules/ivr/tests/main.kdl"),
        &[
            "welcome", "menu", "menu.uk", "invalid", "silence", "one", "two", "goodbye",
            "number-1", "number-2",
        ],
    );
}

#[test]
fn stories_of_crm() {
    play(
        "crm",
        first_connector::TOML,
        first_connector::FILES,
        include_str!("../../../../../../modules/crm/tests/main.kdl"),
        &["vip", "known", "unknown", "down"],
    );
}
