//! One running copy of a library: a child process behind two pipes, or a room in this process.
//!
//! Three threads belong to a child: one starts it and reads what it says, one writes, one reads
//! its error output. The first lives exactly as long as the child, for the child dies with the
//! thread that started it (`PR_SET_PDEATHSIG`). Whatever ends a child, `Heard::Ended` is the last
//! that is heard of it, once.
#![allow(unsafe_code)] // kill(2) of a process group has no safe wrapper.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::Code;
use super::child::VERB;
use super::meter::Meter;
use super::room::{Hello, Room};
use super::wire::{Frame, Tag};
use crate::module::{CONTRACT, Module};

/// Messages that may wait for a child that does not read, beside four for each of its instances.
const WAITING_MIN: usize = 64;
/// Messages a second that a child may send; beyond it the pipe fills and the child waits.
const MESSAGES_A_SECOND: usize = 4_000;
/// Lines of error output a second that reach the log; more are dropped.
const LINES_A_SECOND: usize = 20;
/// Longest line of error output.
const LINE_BYTES_MAX: u64 = 4_096;
/// How long the last words and the exit of a child whose pipe has closed are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Between two looks meanwhile.
const LOOK: Duration = Duration::from_millis(2);
/// Stacks of the three threads.
const STACK_BYTES: usize = 256 << 10;

/// Where libraries run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Housing {
    /// In a child process of this program, started as `PROGRAM run-native`.
    Child(PathBuf),
    /// In this process: a crash of the library is a crash of the switch.
    Here,
}

/// What is heard of a library.
#[derive(Debug)]
pub(super) enum Heard {
    /// It says something.
    Frame(Frame),
    /// A line of its error output.
    Line(String),
    /// It is over.
    Ended(End),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// `signal 11 (SIGSEGV)`, `exit 3`, `hang`, `unloaded`.
    pub by: String,
    /// One sentence for people.
    pub why: String,
}

type Hears = dyn Fn(Heard) + Send + Sync;

/// A running copy of a library. Dropping it ends it.
pub(super) struct Link {
    way: Way,
    ended: Arc<Ended>,
}

enum Way {
    Pipe(SyncSender<Frame>),
    Here {
        room: Arc<OnceLock<Arc<Room>>>,
        early: Arc<Mutex<VecDeque<Frame>>>,
        deaf: Arc<AtomicBool>,
        to: Sender<Heard>,
    },
}

/// What is known of a child, and of its end before that comes.
#[derive(Default)]
struct Ended {
    child: Mutex<Option<Child>>,
    meter: Option<Meter>,
    /// Why we ended it.
    reason: Mutex<Option<End>>,
    last_line: Mutex<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    /// Starts a copy and tells it all that it must know. Never waits; what goes wrong is heard.
    pub fn open(module: &Module, code: &Code, housing: &Housing, hears: Arc<Hears>) -> Link {
        let hello = Hello {
            library: code.path.clone(),
            world: module.manifest.world,
            contract: CONTRACT.to_owned(),
            tenant: module.tenant.as_str().to_owned(),
            settings: module.config.text.to_string(),
            memory_bytes: module.limits.memory_bytes,
            instances_max: module.limits.instances_max,
        };
        let ended = Arc::new(Ended {
            meter: code.native.meter(&module.tenant),
            ..Ended::default()
        });
        let way = match housing {
            Housing::Child(program) => {
                let waiting = WAITING_MIN + 4 * module.limits.instances_max as usize;
                let (to, from) = sync_channel(waiting + module.config.files.len());
                let body = serde_json::to_vec(&hello).unwrap_or_default();
                let _ = to.try_send(Frame::of(Tag::Hello, 0, 0, body));
                for (name, content) in &module.config.files {
                    let mut body = name.clone().into_bytes();
                    body.push(0);
                    body.extend_from_slice(content);
                    let _ = to.try_send(Frame::of(Tag::File, 0, 0, body));
                }
                // The first that is no file: the library is opened now.
                let _ = to.try_send(Frame::bare(Tag::Ping, 0));
                let work = Work {
                    code: code.clone(),
                    program: program.clone(),
                    hears: Arc::clone(&hears),
                    ended: Arc::clone(&ended),
                };
                // Where the system gives no thread nothing is heard, and whoever waits for the
                // start waits in vain for as long as it means to.
                let _ = std::thread::Builder::new()
                    .name("native-child".into())
                    .stack_size(STACK_BYTES)
                    .spawn(move || work.run(from));
                Way::Pipe(to)
            }
            Housing::Here => here(module, hello, hears),
        };
        Link { way, ended }
    }

    /// Sends something. False: it does not take any more, which is a hang of its own.
    pub fn send(&self, frame: Frame) -> bool {
        match &self.way {
            Way::Pipe(to) => !matches!(to.try_send(frame), Err(TrySendError::Full(_))),
            Way::Here { room, early, .. } => {
                let mut early = lock(early);
                match room.get() {
                    Some(room) => {
                        drop(early);
                        room.take(frame);
                    }
                    None => early.push_back(frame),
                }
                true
            }
        }
    }

    /// Ends it. Of what runs in this process only its call is ended: its threads go on.
    pub fn kill(&self, by: &str, why: String) {
        let end = End {
            by: by.to_owned(),
            why,
        };
        match &self.way {
            Way::Pipe(_) => {
                lock(&self.ended.reason).get_or_insert(end);
                if let Some(child) = lock(&self.ended.child).as_mut() {
                    end_group(child);
                }
            }
            Way::Here { deaf, room, to, .. } => {
                if !deaf.swap(true, Ordering::SeqCst) {
                    if let Some(room) = room.get() {
                        room.close();
                    }
                    let _ = to.send(Heard::Ended(end));
                }
            }
        }
    }

    /// A child that is dead is heard of when its pipe closes, which a process that it started may
    /// keep open: such are ended with it.
    pub fn look(&self) {
        if let Some(child) = lock(&self.ended.child).as_mut() {
            end_orphans(child);
            self.ended.pay(child);
        }
    }

    /// The child's process, for figures and tests.
    pub fn pid(&self) -> Option<u32> {
        lock(&self.ended.child).as_ref().map(Child::id)
    }
}

impl Ended {
    /// Its tenant pays for what the child has used since it was last asked.
    fn pay(&self, child: &Child) {
        if let Some(meter) = &self.meter {
            meter.pay(child.id());
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.kill("unloaded", "nobody needs it any more".to_owned());
    }
}

/// A room in this process. What it says is heard on a thread of its own, as a child's words are:
/// whoever sends it something may hold a lock that the hearer wants.
fn here(module: &Module, hello: Hello, hears: Arc<Hears>) -> Way {
    let room = Arc::<OnceLock<Arc<Room>>>::default();
    let early = Arc::<Mutex<VecDeque<Frame>>>::default();
    let deaf = Arc::<AtomicBool>::default();
    // Not bounded, and need not be: a run asks one thing at a time, and says 50 lines.
    let (to, from) = channel::<Heard>();
    let (words, silent) = (to.clone(), Arc::clone(&deaf));
    let say = Box::new(move |frame| {
        !silent.load(Ordering::SeqCst) && words.send(Heard::Frame(frame)).is_ok()
    });
    let files = module.config.files.iter();
    let files = files.map(|(name, content)| (name.clone(), content.to_vec()));
    let files = files.collect();
    let (cell, waiting) = (Arc::clone(&room), Arc::clone(&early));
    let thread = |name: &str| std::thread::Builder::new().name(name.into());
    let _ = thread("native-hear").spawn(move || {
        while let Ok(heard) = from.recv() {
            let last = matches!(heard, Heard::Ended(_));
            hears(heard);
            if last {
                return;
            }
        }
    });
    // Its constructors and its `start` are not to hold up whoever wants a step.
    let _ = thread("native-here").spawn(move || {
        if let Some(made) = Room::open(hello, files, say) {
            let mut early = lock(&waiting);
            let _ = cell.set(Arc::clone(&made));
            for frame in early.drain(..) {
                made.take(frame);
            }
        }
    });
    Way::Here {
        room,
        early,
        deaf,
        to,
    }
}

/// What the thread of a child does.
struct Work {
    code: Code,
    program: PathBuf,
    hears: Arc<Hears>,
    ended: Arc<Ended>,
}

impl Work {
    fn run(self, from: Receiver<Frame>) {
        if let Err(why) = self.code.ensure() {
            return (self.hears)(Heard::Ended(End {
                by: "no start".to_owned(),
                why,
            }));
        }
        let spawned = Command::new(&self.program)
            .arg(VERB)
            .arg(std::process::id().to_string())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => return (self.hears)(Heard::Ended(End::of_start(&error))),
        };
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        *lock(&self.ended.child) = Some(child);
        // Somebody may have wanted its end before it had begun.
        if lock(&self.ended.reason).is_some()
            && let Some(child) = lock(&self.ended.child).as_mut()
        {
            end_group(child);
        }
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return;
        };
        let thread = |name: &str| {
            let thread = std::thread::Builder::new().name(name.into());
            thread.stack_size(STACK_BYTES)
        };
        let _ = thread("native-write").spawn(move || write(&from, stdin));
        let (hears, ended) = (Arc::clone(&self.hears), Arc::clone(&self.ended));
        let words = thread("native-words").spawn(move || listen(stderr, &*hears, &ended));
        let garbage = self.read(BufReader::new(stdout)).err();
        let status = self.reap(garbage.is_some());
        // A process that the library started may hold the other end for ever.
        let patience = Instant::now() + LAST_WORDS;
        while words.as_ref().is_ok_and(|words| !words.is_finished()) && Instant::now() < patience {
            std::thread::sleep(LOOK);
        }
        let end = self.end(garbage, status);
        (self.hears)(Heard::Ended(end));
    }

    /// Waits for its end, which is made where it does not come: a child that closed its pipe and
    /// goes on is of no use to anybody.
    fn reap(&self, at_once: bool) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            let mut slot = lock(&self.ended.child);
            let child = slot.as_mut()?;
            end_orphans(child);
            self.ended.pay(child);
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => {
                    *slot = None;
                    return Some(status);
                }
                Err(_) => {
                    *slot = None;
                    return None;
                }
            }
            if at_once || begun.elapsed() > LAST_WORDS {
                end_group(child);
            }
            drop(slot);
            std::thread::sleep(LOOK);
        }
    }

    /// Hears it until its end.
    fn read(&self, mut stdout: impl Read) -> Result<(), String> {
        let (mut since, mut count) = (Instant::now(), 0usize);
        while let Some(frame) = Frame::read(&mut stdout)? {
            count += 1;
            if count >= MESSAGES_A_SECOND {
                let rest = Duration::from_secs(1).saturating_sub(since.elapsed());
                std::thread::sleep(rest);
                (since, count) = (Instant::now(), 0);
            }
            if frame.tag != Tag::Log
                && let Some(child) = lock(&self.ended.child).as_ref()
            {
                self.ended.pay(child);
            }
            (self.hears)(Heard::Frame(frame));
        }
        Ok(())
    }

    fn end(&self, garbage: Option<String>, status: Option<ExitStatus>) -> End {
        if let Some(end) = lock(&self.ended.reason).clone() {
            return end;
        }
        if let Some(garbage) = garbage {
            return End {
                by: "garbage".to_owned(),
                why: format!("it wrote into the pipe to the switch: {garbage}"),
            };
        }
        let by = match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => format!("exit {code}"),
            Some((None, Some(signal))) => match signal_name(signal) {
                Some(name) => format!("signal {signal} ({name})"),
                None => format!("signal {signal}"),
            },
            _ => "an unknown way".to_owned(),
        };
        let last = lock(&self.ended.last_line).clone();
        let why = match last.is_empty() {
            true => format!("its process ended by {by}"),
            false => format!("its process ended by {by}: {last}"),
        };
        End { by, why }
    }
}

impl End {
    fn of_start(error: &std::io::Error) -> End {
        End {
            by: "no start".to_owned(),
            why: format!("its process cannot be started: {error}"),
        }
    }
}

/// Ends what a dead child has started, while its number is still its own.
fn end_orphans(child: &Child) {
    let Ok(group) = i32::try_from(child.id()) else {
        return;
    };
    // SAFETY: all zero is a good value of this structure, which the kernel fills; `WNOWAIT` leaves
    // the child to be waited for.
    let is_dead = unsafe {
        let mut about: libc::siginfo_t = std::mem::zeroed();
        let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        libc::waitid(libc::P_PID, child.id(), &raw mut about, how) == 0 && about.si_pid() == group
    };
    if is_dead {
        // SAFETY: takes two numbers; a dead child that was not waited for keeps its group's.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

/// Ends a child with whatever it started. It has not been waited for, so its number is its own.
fn end_group(child: &mut Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        // SAFETY: takes two numbers; the group is the child's own since it was started.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    let _ = child.kill();
}

fn write(from: &Receiver<Frame>, mut stdin: ChildStdin) {
    while let Ok(frame) = from.recv() {
        if frame.write(&mut stdin).is_err() {
            return;
        }
    }
}

/// Error output: some lines to the log, the last one for the sentence about the end.
fn listen(stderr: impl Read, hears: &Hears, ended: &Ended) {
    let mut stderr = BufReader::new(stderr);
    let (mut since, mut lines) = (Instant::now(), 0usize);
    loop {
        let mut line = Vec::new();
        match (&mut stderr)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            continue;
        }
        if since.elapsed() >= Duration::from_secs(1) {
            (since, lines) = (Instant::now(), 0);
        }
        lines += 1;
        line.chars()
            .take(200)
            .collect::<String>()
            .clone_into(&mut lock(&ended.last_line));
        if lines <= LINES_A_SECOND {
            hears(Heard::Line(line));
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGILL => "SIGILL",
        libc::SIGKILL => "SIGKILL",
        libc::SIGTERM => "SIGTERM",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGTRAP => "SIGTRAP",
        _ => return None,
    })
}
