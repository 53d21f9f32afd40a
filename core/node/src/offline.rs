//! Commands that look at files and need no running switch: check, test, fmt, simulate.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cordboard_dialplan::diagnostic::{self, Diagnostic};
use cordboard_dialplan::file::Source;
use cordboard_dialplan::route::TestCall;
use cordboard_host::{CpuTime, Limits, LuaHost};
use cordboard_steps::simulate::simulate as follow;
use serde_json::json;

use crate::cli::Simulate;
use crate::files;
use crate::loader::{Folders, LoadError, Memory, Passed};
use crate::simulated::{Lengths, SimulatedScripts};

fn load(dir: &Path, scripts: &Path) -> Result<(Passed, Source), LoadError> {
    let name = dir
        .file_name()
        .map_or_else(|| "tenant".to_owned(), |n| n.to_string_lossy().into_owned());
    let dialplans = dir.parent().unwrap_or(Path::new(".")).to_path_buf();
    let folders = Folders {
        dialplans,
        scripts: scripts.to_path_buf(),
    };
    let mut memory = Memory::default();
    let material = memory.read(&folders, dir)?;
    let source = material.source.clone();
    memory.check(&name, material).map(|passed| (passed, source))
}

fn failed(error: &LoadError, json: bool) -> ExitCode {
    if json {
        println!("{:#}", json!({ "ok": false, "mistakes": error.to_json() }));
    } else {
        eprint!("{}", error.render(true));
    }
    ExitCode::FAILURE
}

/// `cordboard check DIR`: all mistakes at once, then warnings.
pub fn check(dir: &Path, scripts: &Path, json: bool) -> ExitCode {
    match load(dir, scripts) {
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
                dir.display(),
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
pub fn test(dir: &Path, scripts: &Path, json: bool) -> ExitCode {
    match load(dir, scripts) {
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
pub fn simulate(ask: &Simulate, json: bool) -> ExitCode {
    let (passed, _) = match load(&ask.dir, &ask.scripts) {
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
    let mut scripts = SimulatedScripts::new(host, Arc::clone(&generation.scripts));
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
