//! `module.toml`: what a module says of itself, read into types that cannot be wrong.
//!
//! Every mistake is reported at once with file, line and column; unknown keys are mistakes, with
//! the word that was probably meant. A manifest is somebody else's text: each list, name and limit
//! has a bound, and what lies beyond it is refused, with the bound in the message. That the entry
//! is a file inside the module's folder is checked where files are read; here its text cannot
//! point out of it.

mod fields;
mod read;
mod sections;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_dialplan::diagnostic::Diagnostic;
use cordboard_dialplan::route::Place;
use cordboard_dialplan::schema::{Ask, Field, ModuleSchema, StepSchema};

use crate::contract::World;
use read::Reader;

/// Largest `module.toml`.
pub const MANIFEST_BYTES_MAX: usize = 256 << 10;
/// Most steps, settings, operations, asks and topics of each list.
pub const ITEMS_MAX: usize = 200;
/// Findings of one manifest; the rest is not shown.
const FINDINGS_MAX: usize = 100;

/// What a module is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A component of WebAssembly.
    Wasm,
    /// Luau text.
    Lua,
    /// A library of the machine's own code, in a process of its own.
    Native,
}

impl Kind {
    /// The word of manifests.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Wasm => "wasm",
            Kind::Lua => "lua",
            Kind::Native => "native",
        }
    }

    /// How its entry ends.
    fn ending(self) -> &'static str {
        match self {
            Kind::Wasm => ".wasm",
            Kind::Lua => ".lua",
            Kind::Native => ".so",
        }
    }
}

/// A manifest that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name of folder and package, 1 to 63 of `a-z 0-9 -`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// One sentence.
    pub about: String,
    /// World of the contract.
    pub world: World,
    /// Its code and how that is made.
    pub code: Code,
    /// Topics it hears and tells.
    pub topics: Topics,
    /// What it would like to use; the node's ceiling caps it.
    pub limits: Wishes,
    /// Steps by name.
    pub steps: BTreeMap<String, StepSchema>,
    /// Its settings.
    pub settings: Vec<Field>,
    /// Verbs for operators.
    pub operations: Vec<Operation>,
    /// Capabilities it asks for.
    pub asks: Vec<Asked>,
    /// Where it stands.
    pub source: Standing,
}

/// Code of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What it is.
    pub kind: Kind,
    /// The artefact's path inside the module's folder; never out of it.
    pub entry: String,
    /// `cordboard-rust`, `cordboard-c`, `cordboard-js`, `none`, or a command line.
    pub build: String,
    /// Version of its state, from 1 (services and reporters).
    pub state_version: u32,
}

/// Topics of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Full topics that it hears, `call.ended`.
    pub subscribe: Vec<String>,
    /// Its own, without its name, that it tells.
    pub publish: Vec<String>,
    /// Its own, without its name, that it keeps values under.
    pub retain: Vec<String>,
}

/// What a module would like to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// Memory of one instance in MiB, 1 to 1,024 (default 16).
    pub memory_mb: u32,
    /// CPU time of one entry, 1 to 1,000 ms (default 50 ms).
    pub cpu: Duration,
    /// Instances at once, 1 to 10,000 (default 200).
    pub instances: u32,
}

/// A verb for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its word.
    pub verb: String,
    /// One sentence.
    pub about: String,
    /// Who may use it: a permission's name; empty is any operator.
    pub permission: String,
    /// Its arguments.
    pub arguments: Vec<Field>,
}

/// A capability that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub ask: Ask,
    /// Its line in the manifest.
    pub line: u32,
}

/// Where a manifest stands, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `modules/NAME/module.toml`.
    pub file: Arc<str>,
    /// Line of the last ask, or the file's last line: where one would be added.
    pub asks_line: u32,
    /// Line of the topics.
    pub topics_line: u32,
}

impl Manifest {
    /// Reads bytes; `file` is their name in findings.
    ///
    /// # Errors
    /// Every mistake, in order of lines.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Manifest, Vec<Diagnostic>> {
        let text = match std::str::from_utf8(bytes) {
            _ if bytes.len() > MANIFEST_BYTES_MAX => {
                let message = format!(
                    "the manifest has {} bytes; {MANIFEST_BYTES_MAX} is the most",
                    bytes.len()
                );
                return Err(vec![Reader::of_nothing(file, message)]);
            }
            Ok(text) => text,
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.iter().filter(|b| **b == b'\n').count() + 1;
                let message = format!("line {line} is not UTF-8 text");
                return Err(vec![Reader::of_nothing(file, message)]);
            }
        };
        let mut reader = Reader::new(file, text);
        let manifest = reader.manifest(text);
        let mut findings = reader.finish();
        match manifest {
            Some(manifest) if findings.is_empty() => Ok(manifest),
            _ => {
                findings.truncate(FINDINGS_MAX);
                Err(findings)
            }
        }
    }

    /// What a dialplan must know of it.
    pub fn schema(&self) -> ModuleSchema {
        ModuleSchema {
            name: self.name.clone(),
            version: self.version.clone(),
            world: self.world.word().to_owned(),
            kind: self.code.kind.word().to_owned(),
            steps: self.steps.clone(),
            asks: self.asks.iter().map(|asked| asked.ask.clone()).collect(),
            settings: self.settings.clone(),
            manifest: self.source.file.to_string(),
        }
    }

    /// True for a component of WebAssembly.
    pub fn is_wasm(&self) -> bool {
        self.code.kind == Kind::Wasm
    }

    /// A line of the manifest.
    pub fn place(&self, line: u32) -> Place {
        Place {
            file: self.source.file.clone(),
            line,
            column: 1,
        }
    }

    /// The verb of an operator.
    pub fn operation(&self, verb: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.verb == verb)
    }
}
