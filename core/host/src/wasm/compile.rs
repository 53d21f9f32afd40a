//! Compiled code on disk: compiled once in a child process, kept by the hash of what it was made of.
//!
//! A file `<sha256 of the artefact>-<hash of the engine>.cwasm` is machine code that is mapped and
//! run, so nobody else may write it: the folder is ours and 0700, the file is ours and no link,
//! and its SHA-256 stands beside it. What fails any of this is compiled anew, silently: a cache
//! has no errors of its own.
//!
//! The compiler is the largest program in the switch and is fed by strangers. It runs as a child
//! of the same binary with a time limit; its words come back, its crash is a sentence.
#![allow(unsafe_code)]

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::{Compiling, WasmLimits, config};

/// The hidden verb of the binary: `cordboard compile-module IN OUT`.
pub const VERB: &str = "compile-module";
/// Longest compilation; a component of an interpreter takes 3 s in a release build, and more than
/// a minute where the compiler itself is not optimised.
const COMPILE_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 600 } else { 120 });
/// Most bytes of a compiler's words that are kept.
const WORDS_BYTES_MAX: u64 = 8_192;
/// Endings of the compiled file and of its sum.
const CODE: &str = "cwasm";
const SUM: &str = "sum";

/// The folder of compiled code.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    compiling: Compiling,
    engine_hash: String,
    turn: AtomicU64,
}

/// Compiles one artefact for the engine that this binary has. What `cordboard compile-module`
/// does; its errors are sentences for whoever wrote the module.
///
/// # Errors
/// The artefact cannot be read, is no component, or is malformed; or the result cannot be written.
pub fn compile_to(input: &Path, output: &Path) -> Result<(), String> {
    let bytes = fs::read(input).map_err(|e| format!("{}: {e}", input.display()))?;
    // One instance is enough to compile for; what code looks like does not depend on it.
    let limits = WasmLimits {
        instances_max: 1,
        ..WasmLimits::default()
    };
    let engine = Engine::new(&config(&limits)).map_err(|e| format!("{e:#}"))?;
    let code = compile(&engine, &bytes)?;
    write_private(output, &code).map_err(|e| format!("{}: {e}", output.display()))
}

/// Machine code of a component.
fn compile(engine: &Engine, bytes: &[u8]) -> Result<Vec<u8>, String> {
    looks_like_component(bytes)?;
    engine.precompile_component(bytes).map_err(|e| {
        format!(
            "it is not well-formed WASM: {}",
            first_line(&format!("{e:#}"))
        )
    })
}

/// The first eight bytes say what it is; each wrong kind has its own cure.
pub(super) fn looks_like_component(bytes: &[u8]) -> Result<(), String> {
    let (magic, layer) = match (bytes.get(..4), bytes.get(4..8)) {
        (Some(magic), Some(layer)) => (magic, layer),
        _ => return Err(format!("it is no WASM file: it has {} bytes", bytes.len())),
    };
    if magic != b"\0asm" {
        let text = bytes.starts_with(b"(");
        return Err(match text {
            true => "it is WASM text: translate it first (`wasm-tools parse`)".into(),
            false => "it is no WASM file: `cordboard module build` makes one".into(),
        });
    }
    match layer {
        [1, 0, 0, 0] => Err(
            "it is a core module and not a component: `cordboard module build` \
                             links it as one (or `wasm-tools component new`)"
                .into(),
        ),
        [0x0d, 0, 1, 0] => Ok(()),
        [a, b, c, d] => Err(format!(
            "it is of a WASM format that this switch does not know ({a:02x} {b:02x} {c:02x} {d:02x}): \
             build it with current tools"
        )),
        _ => Err("it is no WASM file".into()),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

impl Cache {
    /// A cache in this folder, which is made when the first artefact is compiled.
    pub fn of(folder: PathBuf, compiling: Compiling, engine: &Engine) -> Cache {
        let mut hash = Sums(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hash);
        Cache {
            folder,
            compiling,
            engine_hash: format!("{:016x}", hash.finish()),
            turn: AtomicU64::new(0),
        }
    }

    /// Makes sure that the folder is there, is ours, and nobody else's.
    fn open(&self) -> Result<(), String> {
        let failed = |what: &str| format!("{}: {what}", self.folder.display());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|e| failed(&e.to_string()))?;
        let about = fs::symlink_metadata(&self.folder).map_err(|e| failed(&e.to_string()))?;
        if !about.is_dir() || about.uid() != our_uid() {
            return Err(failed(
                "compiled code is kept here, and it must be a folder of the user that runs the switch",
            ));
        }
        if about.mode() & 0o077 != 0 {
            fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))
                .map_err(|e| failed(&e.to_string()))?;
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The component of an artefact, compiled if it is not there yet.
    pub fn component(&self, engine: &Engine, bytes: &[u8]) -> Result<Component, String> {
        looks_like_component(bytes)?;
        self.open()?;
        let name = format!("{}-{}", hex(&Sha256::digest(bytes)), self.engine_hash);
        let kept = self.folder.join(&name).with_extension(CODE);
        if let Some(component) = load(engine, &kept) {
            return Ok(component);
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let scratch = |ending: &str| {
            let name = format!("{name}.{}-{turn}.{ending}", std::process::id());
            self.folder.join(name)
        };
        let (input, output) = (scratch("in"), scratch("out"));
        let made = self.compile(engine, bytes, &input, &output);
        let placed = made.and_then(|()| place(&output, &kept));
        let _ = fs::remove_file(&input);
        let _ = fs::remove_file(&output);
        placed?;
        load(engine, &kept).ok_or_else(|| {
            "its compiled code was not usable: is the data folder's disk full?".into()
        })
    }

    fn compile(
        &self,
        engine: &Engine,
        bytes: &[u8],
        input: &Path,
        output: &Path,
    ) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("{}: {e}", self.folder.display());
        match &self.compiling {
            Compiling::Here => {
                let code = compile(engine, bytes)?;
                write_private(output, &code).map_err(failed)
            }
            Compiling::Child(program) => {
                write_private(input, bytes).map_err(failed)?;
                child(program, input, output, COMPILE_MAX)
            }
        }
    }
}

/// Where the tool is that starts a program at low priority.
const NICE: [&str; 2] = ["/usr/bin/nice", "/bin/nice"];

/// The program at low priority, where this machine has the means: a reload compiles while calls
/// talk, and audio must not wait for it.
fn gentle(program: &Path) -> Command {
    let nice = NICE.iter().find(|nice| Path::new(nice).is_file());
    match nice {
        Some(nice) => {
            let mut command = Command::new(nice);
            command.args(["-n", "19"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Runs the compiler as a child; it ends in time or is ended.
fn child(program: &Path, input: &Path, output: &Path, patience: Duration) -> Result<(), String> {
    let mut child = gentle(program)
        .arg(VERB)
        .arg(input)
        .arg(output)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("the compiler ({}) does not start: {e}", program.display()))?;
    let words = child.stderr.take().map(|stderr| {
        std::thread::spawn(move || {
            let mut words = Vec::new();
            let _ = stderr.take(WORDS_BYTES_MAX).read_to_end(&mut words);
            String::from_utf8_lossy(&words).into_owned()
        })
    });
    let until = Instant::now() + patience;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!(
                    "compiling it took longer than {} s",
                    patience.as_secs()
                ));
            }
            Err(e) => return Err(format!("the compiler was lost: {e}")),
        }
    };
    let words = words
        .and_then(|words| words.join().ok())
        .unwrap_or_default();
    if status.success() {
        return Ok(());
    }
    let words = words.trim();
    Err(match words.is_empty() {
        false => words.strip_prefix("error: ").unwrap_or(words).to_owned(),
        true => {
            format!("the compiler ended with {status}: is the file malformed, or memory short?")
        }
    })
}

/// Puts the sum beside compiled code and gives both their names.
fn place(output: &Path, kept: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", kept.display());
    let code = fs::read(output).map_err(failed)?;
    let sum = output.with_extension(SUM);
    write_private(&sum, hex(&Sha256::digest(&code)).as_bytes()).map_err(failed)?;
    fs::rename(&sum, kept.with_extension(SUM)).map_err(failed)?;
    fs::rename(output, kept).map_err(failed)
}

/// Maps compiled code that we wrote ourselves; `None` is: compile it.
fn load(engine: &Engine, kept: &Path) -> Option<Component> {
    let about = fs::symlink_metadata(kept).ok()?;
    if !about.is_file() || about.uid() != our_uid() || about.mode() & 0o022 != 0 {
        return None;
    }
    let sum = fs::read_to_string(kept.with_extension(SUM)).ok()?;
    let code = fs::read(kept).ok()?;
    if sum.trim() != hex(&Sha256::digest(&code)) {
        return None;
    }
    // SAFETY: the file was written by this switch: it lies in a folder that only its user may
    // enter, belongs to that user, is no link, and its content is what was summed when it was
    // compiled. wasmtime itself refuses code of another version or of other settings.
    unsafe { Component::deserialize_file(engine, kept) }.ok()
}

/// True when compiled code is of this engine's version and settings.
#[cfg(test)]
pub(super) fn accepts(engine: &Engine, code: &[u8]) -> bool {
    // SAFETY: tests give it what `compile_to` has just written.
    unsafe { Component::deserialize(engine, code) }.is_ok()
}

/// Writes a file that only we may read, and that was not there before.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

/// Whose process this is.
fn our_uid() -> u32 {
    fs::metadata("/proc/self").map_or(u32::MAX, |about| about.uid())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 as a `Hasher`: the same in every build, unlike the standard one.
struct Sums(Sha256);

impl Hasher for Sums {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let sum = self.0.clone().finalize();
        sum.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
    }
}

#[cfg(test)]
mod tests;
