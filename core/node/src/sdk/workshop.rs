//! Where modules are built: the SDK's folder, a cache, and other people's tools run in order.
//!
//! The SDK is the folder that CORDBOARD_SDK names, else `sdk` here or beside the program, else the
//! one that the program carries, unpacked into the cache: the first that is there.
//!
//! Tools are fetched and kept in the cache (`CORDBOARD_CACHE`, else `~/.cache/cordboard`, else the
//! data folder): what was fetched or built for one module or one installation serves the others.
//! Nothing in it is needed by a running switch, and all of it may be deleted.
//!
//! A tool sees none of what this program was told: flags for the host's processor, a workspace's
//! profiles, passwords in `CORDBOARD_*`. It is ended when its time is over.

use std::cell::OnceCell;
use std::fmt;
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::carried;

/// Most bytes of a tool's output that are kept; of more, the last.
const OUTPUT_BYTES_MAX: usize = 256 << 10;
/// Between two looks at a running tool.
const LOOK: Duration = Duration::from_millis(5);
/// A build, a download.
pub const LONG: Duration = Duration::from_secs(900);
/// A question that a tool answers at once.
pub const SHORT: Duration = Duration::from_secs(60);

/// Environment that guests must not inherit, by the beginning of its name.
const NOT_FOR_TOOLS: &[&str] = &[
    "CARGO_BUILD_",
    "CARGO_CFG_",
    "CARGO_ENCODED_",
    "CARGO_INCREMENTAL",
    "CARGO_MAKEFLAGS",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
    "CORDBOARD_",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "MAKEFLAGS",
    "NODE_OPTIONS",
    "RUSTC",
    "RUSTDOC",
    "RUSTFLAGS",
];

/// Why a module was not built, and what cures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    /// One sentence.
    pub why: String,
    /// What to do; empty where `output` says it.
    pub cure: String,
    /// What the tool said, its last 256 KiB.
    pub output: String,
}

impl BuildError {
    /// An error with its cure.
    pub fn new(why: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            cure: cure.into(),
            output: String::new(),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.output.is_empty() {
            writeln!(f, "{}", self.output.trim_end())?;
        }
        f.write_str(&self.why)?;
        if !self.cure.is_empty() {
            write!(f, ". Cure: {}", self.cure)?;
        }
        Ok(())
    }
}

/// The folder of the SDK, the cache, and who is told what is going on.
pub struct Workshop {
    /// The folder with `wit`, `rust`, `c`, `js`, `template`.
    pub sdk: PathBuf,
    /// Tools and what they built.
    pub cache: PathBuf,
    /// Takes one line of progress.
    pub say: Box<dyn Fn(&str)>,
    /// What rustc calls itself, once it was asked.
    pub(super) rustc: OnceCell<String>,
    /// Its tools give way to everything else on this machine.
    pub(super) gentle: bool,
}

impl fmt::Debug for Workshop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Workshop({}, {})",
            self.sdk.display(),
            self.cache.display()
        )
    }
}

impl Workshop {
    /// The workshop of this installation; `data` is the last place for the cache.
    ///
    /// # Errors
    /// CORDBOARD_SDK names no SDK, or the cache cannot be written.
    pub fn open(data: &Path, say: Box<dyn Fn(&str)>) -> Result<Self, BuildError> {
        let cache = cache(data);
        Ok(Self {
            sdk: find_sdk(&cache)?,
            cache,
            say,
            rustc: OnceCell::new(),
            gentle: false,
        })
    }

    /// Folder that Rust modules are built in. One for each SDK that was carried: cargo goes by the
    /// times of files, and an older SDK may be unpacked later than a newer one.
    pub fn target(&self, name: &str) -> PathBuf {
        let leads = fs::read_link(&self.sdk).ok();
        let of = leads.as_ref().and_then(|sdk| sdk.file_name());
        self.cache.join(match of {
            Some(of) => format!("{name}-{}", of.to_string_lossy()),
            None => name.to_owned(),
        })
    }

    /// A workshop beside a running switch: its tools get what processor time nobody else wants.
    pub fn gentle(self) -> Self {
        Self {
            gentle: on_path("nice").is_some(),
            ..self
        }
    }

    /// Runs a tool to its end within `time`; gives its standard output.
    ///
    /// # Errors
    /// It could not be started, failed, or took too long; with what it said.
    pub fn run(&self, command: &mut Command, time: Duration) -> Result<String, BuildError> {
        run(command, time)
    }

    /// A command without the environment that tools must not inherit.
    pub fn tool(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match self.gentle {
            true => {
                let mut gentle = Command::new("nice");
                gentle.args(["-n", "19"]).arg(program);
                gentle
            }
            false => Command::new(program),
        };
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text == "CARGO" || NOT_FOR_TOOLS.iter().any(|bad| text.starts_with(bad)) {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Makes `folder` by `fill`, which is given an empty one beside it; a failure leaves nothing.
    ///
    /// # Errors
    /// What `fill` says, or the file system.
    pub fn fetched(
        &self,
        name: &str,
        fill: impl FnOnce(&Path) -> Result<(), BuildError>,
    ) -> Result<PathBuf, BuildError> {
        fetched(&self.cache, name, fill)
    }
}

/// Makes `cache/name` by `fill`, which is given an empty folder beside it; a failure leaves nothing.
///
/// # Errors
/// What `fill` says, or the file system.
pub fn fetched(
    cache: &Path,
    name: &str,
    fill: impl FnOnce(&Path) -> Result<(), BuildError>,
) -> Result<PathBuf, BuildError> {
    let folder = cache.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    let fresh = cache.join(format!("{name}.{}", std::process::id()));
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh).map_err(|e| on_disk(&fresh, &e))?;
    let filled = fill(&fresh).and_then(|()| match fs::rename(&fresh, &folder) {
        // Somebody else was faster.
        Err(_) if folder.is_dir() => Ok(()),
        other => other.map_err(|e| on_disk(&folder, &e)),
    });
    if fresh.exists() {
        let _ = fs::remove_dir_all(&fresh);
    }
    filled.map(|()| folder)
}

/// An error of the file system.
pub fn on_disk(path: &Path, error: &std::io::Error) -> BuildError {
    BuildError::new(format!("{}: {error}", path.display()), "")
}

/// A program on the search path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

fn find_sdk(cache: &Path) -> Result<PathBuf, BuildError> {
    let is_sdk = |dir: &PathBuf| dir.join("wit/module.wit").is_file();
    if let Some(given) = std::env::var_os("CORDBOARD_SDK").map(PathBuf::from) {
        return match is_sdk(&given) {
            true => Ok(given),
            false => Err(BuildError::new(
                format!("CORDBOARD_SDK names {}, which is no SDK", given.display()),
                "name the folder `sdk` of Cordboard's source, or leave it out",
            )),
        };
    }
    let here = std::env::current_dir().ok().map(|dir| dir.join("sdk"));
    let program = std::env::current_exe().ok();
    let beside = program
        .iter()
        .flat_map(|path| path.ancestors())
        .map(|dir| dir.join("sdk"));
    match here.into_iter().chain(beside).find(is_sdk) {
        Some(found) => Ok(found),
        None => carried::unpacked(cache),
    }
}

fn cache(data: &Path) -> PathBuf {
    let given = std::env::var_os("CORDBOARD_CACHE").map(PathBuf::from);
    let xdg = std::env::var_os("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("cordboard"));
    let home = std::env::var_os("HOME").map(|dir| PathBuf::from(dir).join(".cache/cordboard"));
    let usable = [given, xdg, home]
        .into_iter()
        .flatten()
        .find(|dir| dir.is_absolute() && fs::create_dir_all(dir).is_ok());
    let chosen = usable.unwrap_or_else(|| data.join("cache"));
    std::path::absolute(&chosen).unwrap_or(chosen)
}

fn run(command: &mut Command, time: Duration) -> Result<String, BuildError> {
    let mut name = command.get_program().to_string_lossy().into_owned();
    if name == "nice"
        && let Some(tool) = command.get_args().nth(2)
    {
        name = tool.to_string_lossy().into_owned();
    }
    let spawned = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = spawned.map_err(|e| BuildError::new(format!("{name}: {e}"), ""))?;
    let out = child
        .stdout
        .take()
        .map(|pipe| thread::spawn(|| drain(pipe)));
    let err = child
        .stderr
        .take()
        .map(|pipe| thread::spawn(|| drain(pipe)));
    let good = wait(&mut child, time);
    let mut texts = [out, err].map(|one| one.and_then(|t| t.join().ok()).unwrap_or_default());
    let why = match good {
        Ok(true) => return Ok(std::mem::take(&mut texts[0])),
        Ok(false) => format!("{name} failed"),
        Err(why) => format!("{name} {why}"),
    };
    let [out, err] = texts;
    let output = if err.trim().is_empty() { out } else { err };
    Err(BuildError {
        why,
        cure: String::new(),
        output,
    })
}

fn wait(child: &mut Child, time: Duration) -> Result<bool, String> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if begun.elapsed() < time => thread::sleep(LOOK),
            Ok(None) => {
                end_group(child);
                return Err(format!(
                    "took longer than {} s and was ended",
                    time.as_secs()
                ));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Ends the tool with whatever it started.
fn end_group(child: &mut Child) {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    let _ = child.kill();
    let _ = child.wait();
}

fn drain(mut pipe: impl Read) -> String {
    let mut kept = Vec::new();
    let mut part = [0; 8192];
    while let Ok(read @ 1..) = pipe.read(&mut part) {
        kept.extend_from_slice(part.get(..read).unwrap_or_default());
        if kept.len() > 2 * OUTPUT_BYTES_MAX {
            kept.drain(..kept.len() - OUTPUT_BYTES_MAX);
        }
    }
    let from = kept.len().saturating_sub(OUTPUT_BYTES_MAX);
    String::from_utf8_lossy(kept.get(from..).unwrap_or_default()).into_owned()
}
