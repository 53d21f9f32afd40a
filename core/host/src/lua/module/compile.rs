//! Lua files of a module's folder, checked and compiled once for all tenants.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cordboard_steps::script::{LogLevel, ScriptError};

use super::instance::Instance;
use super::vm::ModuleVm;
use crate::contract::World;
use crate::crew::Crew;
use crate::lua::check::Purpose;
use crate::lua::compile::{Compiled, ScriptDiagnostic, one_program};
use crate::lua::meter::CpuTime;
use crate::lua::turn::Lines;
use crate::manifest::Manifest;
use crate::module::{
    Artefact, Compiler, Guest, Module, ReporterGuest, RouterGuest, ServiceGuest, wrong_world,
};

/// What takes log lines of entries that belong to no call.
pub type LogSink = dyn Fn(&Module, LogLevel, &str) + Send + Sync;

/// Makes Lua guests.
pub struct LuaCompiler {
    time: CpuTime,
    log: Arc<LogSink>,
    crew: Option<Arc<Crew>>,
}

impl LuaCompiler {
    /// Instances measure themselves by `time`; their log lines outside of calls go to `log`.
    pub fn new(time: CpuTime, log: Arc<LogSink>) -> LuaCompiler {
        LuaCompiler {
            time,
            log,
            crew: None,
        }
    }

    /// The same; a module's check computes there, and the tenant's account counts its memory.
    pub fn on_crew(self, crew: &Arc<Crew>) -> LuaCompiler {
        LuaCompiler {
            crew: Some(crew.clone()),
            ..self
        }
    }
}

impl Compiler for LuaCompiler {
    fn compile(
        &self,
        manifest: &Manifest,
        artefact: &Artefact,
    ) -> Result<Arc<dyn Guest>, Vec<String>> {
        let folder = format!("modules/{}/", manifest.name);
        let mut files = BTreeMap::new();
        let mut wrong = Vec::new();
        for (name, bytes) in &artefact.files {
            // Stories of `cordboard module test` are no part of the module.
            if !name.ends_with(".lua") || name.starts_with("tests/") {
                continue;
            }
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    files.insert(name.clone(), text.to_owned());
                }
                Err(_) => wrong.push(format!(
                    "{folder}{name}: this is no text in UTF-8; bytecode is never taken"
                )),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let world = manifest.world;
        let entry = manifest.code.entry.as_str();
        let (main, files) = one_program(&files, entry, &folder, Purpose::Module(world))
            .map_err(|found| found.into_iter().map(sentence).collect::<Vec<_>>())?;
        Ok(Arc::new(LuaGuest {
            file: main.file.as_str().into(),
            main,
            files,
            time: self.time.clone(),
            log: self.log.clone(),
            crew: self.crew.clone(),
        }))
    }
}

fn sentence(found: ScriptDiagnostic) -> String {
    let ScriptDiagnostic {
        file,
        line,
        column,
        message,
        help,
    } = found;
    let help = help.map(|h| format!("; {h}")).unwrap_or_default();
    format!("{file}:{line}:{column}: {message}{help}")
}

/// Hands log lines of a Lua module to its sink.
pub(crate) fn tell(module: &Module, lines: Lines) {
    if let Some(guest) = module.guest.as_any().downcast_ref::<LuaGuest>() {
        guest.keep(module, lines);
    }
}

/// Bytecode of one module, shared by tenants and threads.
pub struct LuaGuest {
    /// The main file, as errors name it: `modules/crm/module.lua`.
    pub(crate) file: Arc<str>,
    pub(crate) main: Arc<Compiled>,
    /// What it requires, by the name in `require`.
    pub(crate) files: BTreeMap<String, Arc<Compiled>>,
    time: CpuTime,
    log: Arc<LogSink>,
    crew: Option<Arc<Crew>>,
}

impl fmt::Debug for LuaGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LuaGuest({})", self.file)
    }
}

impl LuaGuest {
    /// Hands log lines to people.
    pub(crate) fn keep(&self, module: &Module, lines: Lines) {
        for (level, text) in &lines.kept {
            (self.log)(module, *level, text);
        }
        if lines.dropped > 0 {
            let text = format!("{} more lines of one entry were dropped", lines.dropped);
            (self.log)(module, LogLevel::Warn, &text);
        }
    }

    fn instance(&self, module: &Arc<Module>, world: World) -> Result<Instance, ScriptError> {
        if module.manifest.world != world {
            return Err(wrong_world(module, world.word()));
        }
        let account = self
            .crew
            .as_ref()
            .map(|crew| crew.accounts().of(&module.tenant));
        Instance::open(module, self, (&self.time, account))
    }
}

fn checked(guest: &LuaGuest, module: &Arc<Module>) -> Result<(), Vec<String>> {
    match ModuleVm::open(module, guest, &guest.time) {
        Ok(_) => Ok(()),
        Err(unstarted) => Err(unstarted.reasons()),
    }
}

impl Guest for LuaGuest {
    fn check(&self, module: &Arc<Module>) -> Result<(), Vec<String>> {
        let Some(crew) = &self.crew else {
            return checked(self, module);
        };
        crate::crew::check(crew, module, |module| {
            let guest = module.guest.as_any().downcast_ref::<LuaGuest>();
            guest.map_or(Ok(()), |guest| checked(guest, module))
        })
    }

    fn router(&self, module: &Arc<Module>) -> Result<Box<dyn RouterGuest>, ScriptError> {
        Ok(Box::new(self.instance(module, World::Router)?))
    }

    fn service(&self, module: &Arc<Module>) -> Result<Box<dyn ServiceGuest>, ScriptError> {
        Ok(Box::new(self.instance(module, World::Service)?))
    }

    fn reporter(&self, module: &Arc<Module>) -> Result<Box<dyn ReporterGuest>, ScriptError> {
        Ok(Box::new(self.instance(module, World::Reporter)?))
    }

    fn code_bytes(&self) -> usize {
        let files = self.files.values().chain([&self.main]);
        files.map(|file| file.bytecode.len()).sum()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
