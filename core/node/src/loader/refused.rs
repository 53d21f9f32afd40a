//! Why a tenant could not be loaded, for people and for programs.

use std::fmt;

use cordboard_dialplan::Place;
use cordboard_dialplan::diagnostic::{self, Diagnostic, Severity};
use cordboard_dialplan::file::Source;
use cordboard_host::ScriptDiagnostic;
use cordboard_steps::simulate::TestReport;

use super::forge::{Broken, Refusal};
use crate::files::FilesError;

impl fmt::Display for Refusal {
    /// A line for each reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column } = &self.place;
        let module = &self.module;
        for why in &self.why {
            writeln!(
                f,
                "{file}:{line}:{column}: the module `{module}` cannot be loaded: {why}"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Broken {
    /// The reasons, and what serves in its place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.refusal)?;
        match &self.serves {
            Some(version) => write!(f, "  its loaded code, version {version}, goes on"),
            None => f.write_str("  it is left out: its steps fail, and their `else` runs"),
        }
    }
}

/// Why a tenant could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// A file could not be read.
    Files(FilesError),
    /// A prompt is no sound that can be played.
    Prompt(String, String),
    /// Mistakes, with the source for showing them.
    Mistakes(Vec<Diagnostic>, Source),
    /// Mistakes in scripts.
    Scripts(Vec<ScriptDiagnostic>),
    /// The tenant's name or domain cannot be what its files say.
    Tenant(String),
    /// Modules cannot be loaded.
    Modules(Vec<Refusal>),
    /// Tests of the dialplan failed.
    Tests(Box<TestReport>),
}

impl LoadError {
    /// The error for people, with the text underlined where it is a mistake in a file.
    pub fn render(&self, colours: bool) -> String {
        match self {
            LoadError::Files(error) => format!("{error}\n"),
            LoadError::Prompt(name, why) => format!("prompts/{name}.wav: {why}\n"),
            LoadError::Tenant(why) => format!("{why}\n"),
            LoadError::Mistakes(list, source) => diagnostic::render(list, source, colours),
            LoadError::Scripts(list) => list
                .iter()
                .map(|d| {
                    let help = d
                        .help
                        .as_ref()
                        .map(|h| format!("\n  help: {h}"))
                        .unwrap_or_default();
                    format!(
                        "scripts/{}:{}:{}: {}{help}\n",
                        d.file, d.line, d.column, d.message
                    )
                })
                .collect(),
            LoadError::Modules(list) => list.iter().map(Refusal::to_string).collect(),
            LoadError::Tests(report) => report
                .failed
                .iter()
                .map(|failure| format!("{failure}\n"))
                .collect(),
        }
    }

    /// What the log says: the whole text, but of a base's mistakes, which stop many tenants, the
    /// first line.
    pub fn told<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        let LoadError::Mistakes(list, _) = self else {
            return text.into();
        };
        let mut errors = list.iter().filter(|d| d.severity == Severity::Error);
        match errors.next() {
            Some(first) if list.iter().all(|d| d.mark.file.starts_with("../")) => {
                let line = first.line();
                let more = errors.count();
                format!("{line} (and {more} more in its base; `cordboard check` shows all)").into()
            }
            _ => text.into(),
        }
    }

    /// The error for programs: a list of places and messages.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            LoadError::Files(error) => json!([{ "message": error.to_string() }]),
            LoadError::Prompt(name, why) => json!([{ "file": format!("prompts/{name}.wav"), "message": why }]),
            LoadError::Tenant(why) => json!([{ "message": why }]),
            LoadError::Mistakes(list, _) => diagnostic::to_json(list),
            LoadError::Scripts(list) => list
                .iter()
                .map(|d| json!({ "file": format!("scripts/{}", d.file), "line": d.line, "column": d.column, "message": d.message, "help": d.help }))
                .collect(),
            LoadError::Modules(list) => list
                .iter()
                .flat_map(|refusal| refusal.why.iter().map(move |why| (refusal, why)))
                .map(|(refusal, why)| {
                    let place = &refusal.place;
                    json!({ "file": &*place.file, "line": place.line, "column": place.column, "module": refusal.module, "message": why })
                })
                .collect(),
            LoadError::Tests(report) => serde_json::to_value(report).unwrap_or_default(),
        }
    }
}
