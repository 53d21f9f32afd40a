//! A folder of scripts, checked and compiled: text that has become bytecode cannot be wrong in
//! any way a machine can see before it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mlua::chunk::Compiler;

use super::check::{self, Purpose};
use super::lex;
use super::limits::{FILES_MAX, MISTAKES_MAX, REQUIRE_DEPTH_MAX, SOURCE_BYTES_MAX};
use super::manifest::ScriptManifest;

/// One mistake in one script file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScriptDiagnostic {
    /// The file, as it was named to `Scripts::compile`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1; 1 where only the line is known.
    pub column: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The bytecode of one file.
#[derive(Debug, PartialEq, Eq)]
pub struct Compiled {
    pub(crate) file: String,
    pub(crate) bytecode: Vec<u8>,
}

/// One script with everything it needs to run.
#[derive(Debug)]
pub struct Script {
    /// Its name in the dialplan: the file without `.lua`.
    pub name: String,
    /// The file, as it was named to `Scripts::compile`.
    pub file: String,
    /// What it says of itself.
    pub manifest: ScriptManifest,
    /// Prompts that it names by plain strings, with the line: they should exist.
    pub prompts: Vec<(String, u32)>,
    /// Users that it rings by plain strings, with the line: they should exist.
    pub users: Vec<(String, u32)>,
    pub(crate) main: Arc<Compiled>,
    /// What it requires, directly or not, by the name in `require`.
    pub(crate) modules: BTreeMap<String, Arc<Compiled>>,
}

/// All scripts of one folder: one generation of them.
#[derive(Debug, Default)]
pub struct Scripts {
    scripts: BTreeMap<String, Arc<Script>>,
}

/// A file that was read, before its neighbours are known.
struct Parsed {
    compiled: Arc<Compiled>,
    manifest: ScriptManifest,
    findings: check::Findings,
}

impl Scripts {
    /// Checks and compiles files, by path relative to the scripts folder (`welcome.lua`,
    /// `lib/dates.lua`) and text. Every mistake of every file is reported, in order.
    pub fn compile(files: &BTreeMap<String, String>) -> Result<Scripts, Vec<ScriptDiagnostic>> {
        Self::compile_after(files, None)
    }

    /// As `compile`; a script that is the same as in `previous` (of the same tenant), with all it
    /// requires, is shared with it, so that its warm VMs serve on.
    pub fn compile_after(
        files: &BTreeMap<String, String>,
        previous: Option<&Scripts>,
    ) -> Result<Scripts, Vec<ScriptDiagnostic>> {
        let mut diagnostics = Vec::new();
        if files.len() > FILES_MAX {
            let (file, _) = files.iter().next_back().unzip();
            diagnostics.push(ScriptDiagnostic {
                file: file.cloned().unwrap_or_default(),
                line: 1,
                column: 1,
                message: format!("there are {} scripts; {FILES_MAX} is the most", files.len()),
                help: None,
            });
            return Err(diagnostics);
        }
        let mut parsed = BTreeMap::new();
        for (file, source) in files {
            let mut mistakes = Vec::new();
            let one = parse(file, source, Purpose::Script, &mut mistakes);
            mistakes.sort();
            mistakes.dedup();
            diagnostics.extend(mistakes.into_iter().take(MISTAKES_MAX));
            if let Some(one) = one {
                parsed.insert(file.trim_end_matches(".lua").to_owned(), one);
            }
        }
        check_requires(files, &parsed, Purpose::Script, &mut diagnostics);
        if !diagnostics.is_empty() {
            diagnostics.sort();
            diagnostics.dedup();
            return Err(diagnostics);
        }
        let scripts = parsed
            .iter()
            .map(|(name, one)| (name.clone(), assemble(name, one, &parsed, previous)))
            .collect();
        Ok(Scripts { scripts })
    }

    /// The script of a name.
    pub fn script(&self, name: &str) -> Option<&Arc<Script>> {
        self.scripts.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Script>> {
        self.scripts.values()
    }
}

/// Can this be a source file at all? What is wrong is said.
fn admissible(file: &str, source: &str, diagnostics: &mut Vec<ScriptDiagnostic>) -> bool {
    let wrong = if !is_path(file) {
        let help = "use lower-case letters, digits, `_`, `-` and folders, and end in `.lua`";
        Some(("this cannot be a script's file name".to_owned(), help))
    } else if source.len() > SOURCE_BYTES_MAX {
        let message = format!(
            "the file has {} bytes; {SOURCE_BYTES_MAX} is the most",
            source.len()
        );
        Some((message, "split it: `require` takes files of this folder"))
    } else {
        None
    };
    let fine = wrong.is_none();
    diagnostics.extend(wrong.map(|(message, help)| ScriptDiagnostic {
        file: file.to_owned(),
        line: 1,
        column: 1,
        message,
        help: Some(help.into()),
    }));
    fine
}

fn parse(
    file: &str,
    source: &str,
    purpose: Purpose,
    diagnostics: &mut Vec<ScriptDiagnostic>,
) -> Option<Parsed> {
    if !admissible(file, source, diagnostics) {
        return None;
    }
    let compiled = Compiler::new()
        .set_optimization_level(1)
        .set_debug_level(1)
        .compile(source);
    let (bytecode, failure) = match compiled {
        Ok(bytecode) => (bytecode, None),
        Err(error) => (Vec::new(), Some(syntax_error(&error))),
    };
    let tokens = lex::tokens(source);
    let manifest = match purpose {
        Purpose::Script => ScriptManifest::read(file, lex::first_comments(&tokens), diagnostics),
        Purpose::Module(_) => ScriptManifest::default(),
    };
    let code: Vec<_> = tokens
        .iter()
        .filter(|t| t.kind != lex::Kind::Comment)
        .copied()
        .collect();
    let before = diagnostics.len();
    let about = (purpose, &manifest);
    let findings = check::check(file, &code, about, failure.is_some(), diagnostics);
    if let Some((line, message)) = failure {
        // Where the checker knows the construct, its words are better than the parser's.
        let explained = diagnostics
            .get(before..)
            .is_some_and(|found| found.iter().any(|d| d.line == line));
        if !explained {
            diagnostics.push(ScriptDiagnostic {
                file: file.to_owned(),
                line,
                column: 1,
                message,
                help: None,
            });
        }
        return None;
    }
    let compiled = Arc::new(Compiled {
        file: file.to_owned(),
        bytecode,
    });
    Some(Parsed {
        compiled,
        manifest,
        findings,
    })
}

/// Lower-case path parts with `.lua` at the end, so that a name means one file everywhere.
fn is_path(file: &str) -> bool {
    let Some(stem) = file.strip_suffix(".lua") else {
        return false;
    };
    file.len() <= 128
        && stem.split('/').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| {
                    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-')
                })
        })
}

/// Luau says `3: Expected ...`; the number is the line.
fn syntax_error(error: &mlua::Error) -> (u32, String) {
    let text = match error {
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let split = text.trim_start_matches(':').split_once(':');
    match split.and_then(|(line, message)| Some((line.trim().parse().ok()?, message.trim()))) {
        Some((line, message)) => (line, message.to_owned()),
        None => (1, text),
    }
}

/// Every required file must exist, without a circle, and not too deep.
fn check_requires(
    files: &BTreeMap<String, String>,
    parsed: &BTreeMap<String, Parsed>,
    purpose: Purpose,
    diagnostics: &mut Vec<ScriptDiagnostic>,
) {
    for one in parsed.values() {
        for (module, line) in &one.findings.requires {
            let mut report = |message: String, help: Option<String>| {
                diagnostics.push(ScriptDiagnostic {
                    file: one.compiled.file.clone(),
                    line: *line,
                    column: 1,
                    message,
                    help,
                });
            };
            if !files.contains_key(&format!("{module}.lua")) {
                let known = files.keys().map(|f| f.trim_end_matches(".lua"));
                let help = check::nearest(module, known).map(|n| format!("did you mean `{n}`?"));
                let message = match purpose {
                    Purpose::Script => format!("there is no script file `{module}.lua`"),
                    Purpose::Module(_) => format!("the module has no file `{module}.lua`"),
                };
                report(message, help);
                continue;
            }
            match depth(module, parsed, &mut Vec::new()) {
                Depth::Circle => report(
                    format!("`{module}` requires itself in a circle"),
                    Some("move what both need into a third file".into()),
                ),
                Depth::Levels(levels) if levels > REQUIRE_DEPTH_MAX => report(
                    format!("`require` goes {levels} files deep; {REQUIRE_DEPTH_MAX} is the most"),
                    None,
                ),
                Depth::Levels(_) => {}
            }
        }
    }
}

enum Depth {
    Circle,
    Levels(usize),
}

fn depth<'p>(
    name: &'p str,
    parsed: &'p BTreeMap<String, Parsed>,
    path: &mut Vec<&'p str>,
) -> Depth {
    if path.contains(&name) {
        return Depth::Circle;
    }
    // Deeper than the bound is an error anyway; this also bounds the walk.
    if path.len() > REQUIRE_DEPTH_MAX {
        return Depth::Levels(path.len());
    }
    path.push(name);
    let mut deepest = 1;
    if let Some(one) = parsed.get(name) {
        for (module, _) in &one.findings.requires {
            match depth(module, parsed, path) {
                Depth::Circle => return Depth::Circle,
                Depth::Levels(levels) => deepest = deepest.max(levels + 1),
            }
        }
    }
    path.pop();
    Depth::Levels(deepest)
}

/// What a file requires, directly or not.
fn required(one: &Parsed, parsed: &BTreeMap<String, Parsed>) -> BTreeMap<String, Arc<Compiled>> {
    let mut files = BTreeMap::new();
    let mut open: Vec<&str> = one
        .findings
        .requires
        .iter()
        .map(|(m, _)| m.as_str())
        .collect();
    let mut seen = BTreeSet::new();
    while let Some(file) = open.pop() {
        if let (true, Some(found)) = (seen.insert(file), parsed.get(file)) {
            files.insert(file.to_owned(), found.compiled.clone());
            open.extend(found.findings.requires.iter().map(|(m, _)| m.as_str()));
        }
    }
    files
}

/// A program and what it requires, by the name in `require`.
pub(crate) type OneProgram = (Arc<Compiled>, BTreeMap<String, Arc<Compiled>>);

/// Checks and compiles all files of a module's folder; `entry` is the one that runs. Findings
/// and errors name files below `folder`, which ends with a slash.
pub(crate) fn one_program(
    files: &BTreeMap<String, String>,
    entry: &str,
    folder: &str,
    purpose: Purpose,
) -> Result<OneProgram, Vec<ScriptDiagnostic>> {
    let mut diagnostics = Vec::new();
    let mut parsed = BTreeMap::new();
    for (file, source) in files.iter().take(FILES_MAX) {
        let mut mistakes = Vec::new();
        let one = parse(file, source, purpose, &mut mistakes);
        mistakes.sort();
        mistakes.dedup();
        diagnostics.extend(mistakes.into_iter().take(MISTAKES_MAX));
        if let Some(mut one) = one {
            if let Some(compiled) = Arc::get_mut(&mut one.compiled) {
                compiled.file = format!("{folder}{file}");
            }
            parsed.insert(file.trim_end_matches(".lua").to_owned(), one);
        }
    }
    check_requires(files, &parsed, purpose, &mut diagnostics);
    let missing = (!files.contains_key(entry)).then(|| format!("there is no file {entry}"));
    let many = (files.len() > FILES_MAX)
        .then(|| format!("there are {} files; {FILES_MAX} is the most", files.len()));
    for message in [missing, many].into_iter().flatten() {
        diagnostics.push(ScriptDiagnostic {
            file: entry.to_owned(),
            line: 1,
            column: 1,
            message,
            help: None,
        });
    }
    match parsed.get(entry.trim_end_matches(".lua")) {
        Some(one) if diagnostics.is_empty() => Ok((one.compiled.clone(), required(one, &parsed))),
        _ => {
            diagnostics.sort();
            diagnostics.dedup();
            for found in &mut diagnostics {
                if !found.file.starts_with(folder) {
                    found.file = format!("{folder}{}", found.file);
                }
            }
            Err(diagnostics)
        }
    }
}

fn assemble(
    name: &str,
    one: &Parsed,
    parsed: &BTreeMap<String, Parsed>,
    previous: Option<&Scripts>,
) -> Arc<Script> {
    let modules = required(one, parsed);
    let script = Script {
        name: name.to_owned(),
        file: one.compiled.file.clone(),
        manifest: one.manifest.clone(),
        prompts: one.findings.prompts.clone(),
        users: one.findings.users.clone(),
        main: one.compiled.clone(),
        modules,
    };
    match previous.and_then(|p| p.script(name)) {
        Some(old) if old.runs_like(&script) => old.clone(),
        _ => Arc::new(script),
    }
}

impl Script {
    /// True when a VM of the one may serve the other.
    fn runs_like(&self, other: &Script) -> bool {
        self.manifest == other.manifest
            && self.prompts == other.prompts
            && self.users == other.users
            && self.main == other.main
            && self.modules == other.modules
    }
}
