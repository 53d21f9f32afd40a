//! Other programs as children: found or missed with a sentence, killed with their owner, at most
//! two tests with phones at once.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::wait::{poll, s};

const AT_ONCE: usize = 2;
static RUNNING: Mutex<usize> = Mutex::new(0);
static DONE: Condvar = Condvar::new();

/// A place among the tests that run other programs.
pub struct Place(());

/// A place, when the wanted programs are there and this run is not `fast`. Says why not; panics
/// when a program is missing in a run that wants it.
pub fn wanted(programs: &[&str]) -> Option<Place> {
    if std::env::var("CORDBOARD_TESTS").as_deref() == Ok("fast") {
        println!(
            "skipped: CORDBOARD_TESTS=fast runs without other programs ({})",
            programs.join(", ")
        );
        return None;
    }
    for program in programs {
        assert!(
            find(program).is_some(),
            "`{program}` is not installed; tests/run installs it, CORDBOARD_TESTS=fast skips this"
        );
    }
    let mut running = RUNNING.lock().unwrap_or_else(|e| e.into_inner());
    while *running >= AT_ONCE {
        running = DONE.wait(running).unwrap_or_else(|e| e.into_inner());
    }
    *running += 1;
    Some(Place(()))
}

/// True when a module of the repository is built. Says why not; panics when it is missing in a run
/// that should have built it.
pub fn built(module: &str) -> bool {
    let allowed = std::env::var("CORDBOARD_TESTS").as_deref() == Ok("fast")
        || std::env::var_os("CORDBOARD_TESTS_UNBUILT").is_some();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let artefact = root.join(format!("modules/{module}/{module}.wasm"));
    let there = artefact.is_file();
    assert!(
        there || allowed,
        "modules/{module} is not built: `cordboard module build modules/{module}` or tests/run"
    );
    if !there {
        println!("skipped: modules/{module} is not built");
    }
    there
}

impl Drop for Place {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(|e| e.into_inner()) -= 1;
        DONE.notify_one();
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// How many files this process may have open, after it has raised that to what it is allowed.
pub fn open_files_max() -> usize {
    let limits = || {
        let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let line = text.lines().find(|l| l.starts_with("Max open files"));
        let mut numbers = line?.split_whitespace().skip(3);
        let soft: usize = numbers.next()?.parse().ok()?;
        let hard: usize = numbers.next()?.parse().ok()?;
        Some((soft, hard))
    };
    let Some((soft, hard)) = limits() else {
        return 1_024;
    };
    if soft < hard {
        let _ = Command::new("prlimit")
            .args(["--pid", &std::process::id().to_string()])
            .arg(format!("--nofile={hard}:{hard}"))
            .status();
    }
    limits().map_or(soft, |(soft, _)| soft)
}

/// The daemon's binary: beside the test executable's folder.
pub fn cordboard() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let folder = exe.parent().and_then(Path::parent).unwrap();
    let binary = folder.join("cordboard");
    assert!(
        binary.is_file(),
        "{} is missing: cargo build -p cordboard-node",
        binary.display()
    );
    binary
}

/// A child process. It dies with its owner, and with the test program itself.
pub struct Child {
    process: Process,
    /// It has children of its own, which only it can end.
    has_children: bool,
    /// File with its standard output.
    pub out: PathBuf,
    /// File with its standard error.
    pub err: PathBuf,
}

impl Child {
    /// Starts a program whose output goes to `<name>.out` and `<name>.err` in `folder`.
    pub fn start(
        folder: &Path,
        name: &str,
        program: &Path,
        set_up: impl FnOnce(&mut Command),
    ) -> Self {
        let (out, err) = (
            folder.join(format!("{name}.out")),
            folder.join(format!("{name}.err")),
        );
        let mut command = match find("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(folder).stdin(Stdio::null());
        set_up(&mut command);
        command
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap());
        let process = command
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        Self {
            process,
            has_children: false,
            out,
            err,
        }
    }

    /// The same for a program that starts others: it is asked to end before it is killed.
    pub fn with_children(mut self) -> Self {
        self.has_children = true;
        self
    }

    /// Its standard input, once.
    pub fn stdin(&mut self) -> ChildStdin {
        self.process.stdin.take().unwrap()
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        let read = |path: &Path| {
            String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
        };
        read(&self.out) + &read(&self.err)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Its exit code, if it has ended (-1 for a signal).
    pub fn ended(&mut self) -> Option<i32> {
        self.process
            .try_wait()
            .ok()
            .flatten()
            .map(|status| status.code().unwrap_or(-1))
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end_within(&mut self, limit: Duration) -> i32 {
        match poll(limit, || self.ended()) {
            Some(code) => code,
            None => panic!("still running after {limit:?}:\n{}", self.printed()),
        }
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Asks it to end (SIGTERM), and kills it where it does not.
    pub fn terminate(&mut self) {
        let _ = Command::new("kill").arg(self.pid().to_string()).status();
        if poll(s(5), || self.ended()).is_none() {
            self.kill();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.has_children {
            self.terminate();
        }
        self.kill();
    }
}
