//! Commands that look at files and need no running switch: check, test, fmt, simulate, diff.

mod bases;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cordboard_dialplan::diagnostic::{self, Diagnostic};
use cordboard_dialplan::file::Source;
use cordboard_dialplan::node_file::{Ceiling, check_ceiling, doubtful_modules};
use cordboard_dialplan::route::TestCall;
use cordboard_host::{CpuTime, Limits, LuaHost};
use cordboard_steps::simulate::simulate as follow;
use serde_json::json;

use crate::cli::{Simulate, choose_modules};
use crate::data_dir::DataDir;
use crate::files;
use crate::loader::forge::Forge;
use crate::loader::{Folders, LoadError, Memory, Passed};
use crate::simulated::{Lengths, SimulatedScripts};
use crate::start::kinds::Kinds;
use crate::start::settings;

pub use bases::diff;

/// Where a command finds a tenant's files.
#[derive(Clone)]
pub struct Places {
    dir: PathBuf,
    scripts: PathBuf,
    modules: PathBuf,
    data: DataDir,
    native: bool,
}

impl Places {
    /// A tenant's folder, the scripts, and the modules where they were named.
    pub fn new(data: &DataDir, dir: &Path, scripts: &Path, modules: Option<PathBuf>) -> Places {
        // `.` has neither a name nor a folder above it.
        let real = || dir.canonicalize().ok();
        let dir = dir
            .file_name()
            .map_or_else(real, |_| Some(dir.to_path_buf()));
        Places {
            dir: dir.unwrap_or_default(),
            scripts: scripts.to_path_buf(),
            modules: choose_modules(modules),
            data: data.clone(),
            native: false,
        }
    }

    /// Native code may run whatever the machine's file says: it is the author's own that he tries.
    #[must_use]
    pub fn with_native(self) -> Places {
        Places {
            native: true,
            ..self
        }
    }
}

fn load(places: &Places) -> Result<(Passed, Source), LoadError> {
    let dir = &places.dir;
    let name = dir
        .file_name()
        .map_or_else(|| "tenant".to_owned(), |n| n.to_string_lossy().into_owned());
    let dialplans = root_of(dir);
    let folders = Folders {
        dialplans,
        scripts: places.scripts.clone(),
    };
    // A machine whose own file has mistakes still has tenants to check: with its defaults.
    let settings = settings(&folders.dialplans).map(|loaded| loaded.settings);
    let mut settings = settings.unwrap_or_default();
    let mut unsaid = Ceiling::unsaid(&name);
    if places.native {
        unsaid.modules.native = true;
        settings.ceilings = vec![unsaid.clone()];
    }
    let roots = vec![places.modules.clone(), places.data.modules()];
    let kinds = Kinds::of_tool(places.data.compiled());
    let forge = Forge::new(roots, kinds.compilers(), &settings).with_unsaid(unsaid.modules);
    let mut memory = Memory::with_modules(Arc::new(forge));
    let material = memory.read(&folders, dir)?;
    let source = material.source.clone();
    let mut passed = memory.check(&name, material)?;
    // A switch would go on without them; who asks whether his files are good hears no.
    let broken = passed.broken.iter().filter(|broken| !broken.unbuilt);
    let broken: Vec<_> = broken.map(|broken| broken.refusal.clone()).collect();
    if !broken.is_empty() {
        return Err(LoadError::Modules(broken));
    }
    for unbuilt in &passed.broken {
        eprintln!("warning: {unbuilt}");
    }
    if !passed.report.is_passed() {
        return Err(LoadError::Tests(Box::new(passed.report)));
    }
    let ceiling = settings.ceiling_of(&name);
    let above = check_ceiling(&passed.generation.dialplan, &ceiling);
    let doubtful = doubtful_modules(&passed.generation.dialplan, &ceiling);
    passed.warnings.extend(doubtful);
    match above.is_empty() {
        true => Ok((passed, source)),
        false => Err(LoadError::Mistakes(above, source)),
    }
}

/// The folder that a tenant's folder is in.
fn root_of(dir: &Path) -> PathBuf {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn failed(error: &LoadError, json: bool) -> ExitCode {
    if json {
        println!("{:#}", json!({ "ok": false, "mistakes": error.to_json() }));
    } else {
        eprint!("{}", error.render(true));
    }
    ExitCode::FAILURE
}

/// `cordboard check DIR`: all mistakes at once, then warnings; of a base, those of all tenants on it.
pub fn check(places: &Places, json: bool) -> ExitCode {
    let name = places.dir.file_name().unwrap_or_default();
    if name.to_string_lossy().starts_with('_') {
        return bases::check(places, json);
    }
    match load(places) {
        Ok((passed, source)) => {
            let plan = &passed.generation.dialplan;
            if json {
                println!(
                    "{:#}",
                    json!({ "ok": true, "warnings": diagnostic::to_json(&passed.warnings) })
                );
                return ExitCode::SUCCESS;
            }
            if !passed.warnings.is_empty() {
                eprint!("{}", diagnostic::render(&passed.warnings, &source, true));
            }
            println!(
                "{}: good. {} DIDs, {} routes, {} users, {} trunks, {} tests passed.",
                places.dir.display(),
                plan.dids.len(),
                plan.routes.len(),
                plan.users.len(),
                plan.trunks.len(),
                passed.report.passed,
            );
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, json),
    }
}

/// `cordboard test DIR`: the dialplan's own tests, with the branches that none of them took.
pub fn test(places: &Places, json: bool) -> ExitCode {
    match load(places) {
        Ok((passed, _)) if json => {
            println!("{:#}", json!(passed.report));
            ExitCode::SUCCESS
        }
        Ok((passed, _)) => {
            print!("{}", passed.report);
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, json),
    }
}

/// `cordboard fmt DIR`: names the files whose layout is not the usual one, and mends them unless only asked to `check`.
pub fn fmt(dir: &Path, check: bool, json: bool) -> ExitCode {
    let source = match files::dialplan_source(dir) {
        Ok(source) => source,
        Err(error) => return failed(&LoadError::Files(error), json),
    };
    let laid_out = lay_out(dir, &source, check);
    let wrong = !laid_out.mistakes.is_empty() || !laid_out.unwritten.is_empty();
    let good = !wrong && (!check || laid_out.changed.is_empty());
    if json {
        let unwritten = laid_out.unwritten.iter();
        let unwritten: Vec<_> = unwritten
            .map(|(name, why)| json!({ "file": name, "error": why }))
            .collect();
        let said = json!({
            "ok": good,
            "changed": laid_out.changed,
            "mistakes": diagnostic::to_json(&laid_out.mistakes),
            "unwritten": unwritten,
        });
        println!("{said:#}");
    } else {
        for name in &laid_out.changed {
            println!("{name}");
        }
        if !laid_out.mistakes.is_empty() {
            let text = diagnostic::render(&laid_out.mistakes, &source, true);
            eprint!("{text}");
        }
        for (name, why) in &laid_out.unwritten {
            eprintln!("{name}: {why}");
        }
    }
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What laying out a folder came to.
#[derive(Default)]
struct LaidOut {
    /// Files whose layout was another one.
    changed: Vec<String>,
    /// Of the files that could not be read as dialplan.
    mistakes: Vec<Diagnostic>,
    /// Files that could not be written, and why.
    unwritten: Vec<(String, String)>,
}

fn lay_out(dir: &Path, source: &Source, check: bool) -> LaidOut {
    let mut laid_out = LaidOut::default();
    let plans = source.files.iter();
    for (name, text) in plans.filter(|(name, _)| name.ends_with(".kdl")) {
        match cordboard_dialplan::format(name, text) {
            Ok(fresh) if fresh == **text => {}
            Ok(fresh) => {
                laid_out.changed.push(name.to_string());
                if !check && let Err(error) = std::fs::write(dir.join(name), fresh) {
                    laid_out
                        .unwritten
                        .push((name.to_string(), error.to_string()));
                }
            }
            Err(mistakes) => laid_out.mistakes.extend(mistakes),
        }
    }
    laid_out
}

/// `cordboard simulate DIR --from .. --to .. --at .. --keys ..`.
pub fn simulate(data: &DataDir, ask: &Simulate, json: bool) -> ExitCode {
    let places = Places::new(data, &ask.dir, &ask.scripts, ask.modules.clone());
    let (passed, _) = match load(&places) {
        Ok(loaded) => loaded,
        Err(error) => return failed(&error, json),
    };
    let mut answers = Vec::new();
    for one in &ask.answers {
        let (name, after) = one.split_once(':').unwrap_or((one, "2"));
        let Ok(seconds) = after.trim_end_matches('s').parse() else {
            eprintln!("--answers {one}: write NAME:SECONDS");
            return ExitCode::FAILURE;
        };
        answers.push((name.to_owned(), Duration::from_secs(seconds)));
    }
    let call = TestCall {
        from: ask.from.clone(),
        as_user: ask.user,
        to: ask.to.clone(),
        at: ask.at.clone(),
        keys: ask.keys.clone(),
        answers,
        ..TestCall::default()
    };
    let generation = &passed.generation;
    let host = LuaHost::new(Limits::default(), CpuTime::counted());
    let mut scripts = SimulatedScripts::new(host, Arc::clone(&generation.programs));
    let transcript = follow(
        &generation.dialplan,
        &Lengths(&generation.prompts),
        &mut scripts,
        &call,
    );
    if json {
        println!("{:#}", json!(transcript));
    } else {
        print!("{transcript}");
    }
    ExitCode::SUCCESS
}
