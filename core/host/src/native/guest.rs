//! Native code as a kind of module: a library in, guests and their instances out.
//!
//! Compiling is looking: is it a shared library of this machine's kind? What it answers at the
//! handshake is seen when a throwaway process loads it, before the generation is taken.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use cordboard_steps::ScriptError;

use super::alone::Alone;
use super::{Code, Housing, Native, NativeHost};
use crate::contract::World;
use crate::manifest::Manifest;
use crate::module::{
    Artefact, Compiler, Guest, Module, ReporterGuest, RouterGuest, ServiceGuest, wrong_world,
};

/// Makes guests of `.so` artefacts.
#[derive(Clone, Debug)]
pub struct NativeCompiler {
    native: Arc<Native>,
}

impl NativeCompiler {
    /// One whose libraries run as `native` says.
    pub fn new(native: &Arc<Native>) -> NativeCompiler {
        NativeCompiler {
            native: Arc::clone(native),
        }
    }
}

impl Compiler for NativeCompiler {
    fn compile(
        &self,
        manifest: &Manifest,
        artefact: &Artefact,
    ) -> Result<Arc<dyn Guest>, Vec<String>> {
        let entry = &manifest.code.entry;
        let one = |why: String| vec![format!("{entry}: {why}")];
        let Some(bytes) = artefact.file(entry) else {
            return Err(one(
                "it is not there: `cordboard module build` makes it".to_owned()
            ));
        };
        looks_like_library(bytes).map_err(one)?;
        let code = self.native.code(bytes).map_err(one)?;
        Ok(Arc::new(NativeGuest {
            native: Arc::clone(&self.native),
            code,
        }))
    }
}

/// ELF of 64 bits, little endian, a shared object, for this processor.
fn looks_like_library(bytes: &[u8]) -> Result<(), String> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err(
            "it is no shared library: `cordboard module build` makes one for this machine".into(),
        );
    }
    let (class, order) = (bytes.get(4), bytes.get(5));
    let half = |at: usize| {
        bytes
            .get(at..at + 2)?
            .try_into()
            .ok()
            .map(u16::from_le_bytes)
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => 62,
        "aarch64" => 183,
        "riscv64" => 243,
        _ => return Err("native modules are not known on this kind of machine".into()),
    };
    if (class, order) != (Some(&2), Some(&1)) || half(18) != Some(machine) {
        return Err(format!(
            "it was built for another kind of machine; this one is {}",
            std::env::consts::ARCH
        ));
    }
    match half(16) {
        Some(3) => Ok(()),
        _ => Err("it is a program or an object file: link it with `-shared`".into()),
    }
}

/// One library, shared by the tenants that load it. It holds no state of any of them.
pub struct NativeGuest {
    pub(super) native: Arc<Native>,
    pub(super) code: Code,
}

impl fmt::Debug for NativeGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NativeGuest({} bytes)", self.code.bytes.len())
    }
}

impl NativeGuest {
    /// Runs steps on the thread that asks: for tools.
    pub fn host(&self) -> NativeHost {
        NativeHost::new(&self.native)
    }

    fn instance(&self, module: &Arc<Module>, world: World) -> Made {
        if module.manifest.world != world {
            return Err(wrong_world(module, world.word()));
        }
        let housing = self.native.housing_of(module);
        Ok(Box::new(Alone::open(
            &self.native,
            module,
            &self.code,
            &housing,
        )?))
    }
}

type Made = Result<Box<Alone>, ScriptError>;

impl Guest for NativeGuest {
    fn check(&self, module: &Arc<Module>) -> Result<(), Vec<String>> {
        // A look at a stranger is never taken in the switch itself.
        let housing: &Housing = &self.native.housing;
        match Alone::open(&self.native, module, &self.code, housing) {
            Ok(_) => Ok(()),
            Err(error) => Err(vec![error.message]),
        }
    }

    fn router(&self, module: &Arc<Module>) -> Result<Box<dyn RouterGuest>, ScriptError> {
        Ok(self.instance(module, World::Router)?)
    }

    fn service(&self, module: &Arc<Module>) -> Result<Box<dyn ServiceGuest>, ScriptError> {
        Ok(self.instance(module, World::Service)?)
    }

    fn reporter(&self, module: &Arc<Module>) -> Result<Box<dyn ReporterGuest>, ScriptError> {
        Ok(self.instance(module, World::Reporter)?)
    }

    fn code_bytes(&self) -> usize {
        self.code.bytes.len()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
