//! Where native code runs: one library, a thread for each entry, and the functions it may call.
//!
//! In a child process the room speaks through a pipe; where the operator wanted the library in the
//! switch itself, through a callback. It decides nothing: what an entry asks for goes out as a
//! frame, and its thread waits for the answer. A run that was told that its call is gone gets
//! `gone` for whatever it asks from then on.
#![allow(unsafe_code)] // Callbacks of a C interface take pointers that the library hands back.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::abi::{ABI, Entry, FAILED, HostTable, Opened, RunPointer, Text};
use super::wire::{BODY_BYTES_MAX, Frame, LARGE_BYTES_MAX, Tag};
use crate::contract::World;

/// Stack of an entry's thread.
pub(crate) const STACK_BYTES: usize = 256 << 10;
/// Lines of one entry; more are dropped.
const LINES_MAX: u32 = 50;
/// Bytes of a line; the rest is cut.
const LINE_BYTES_MAX: usize = 4_096;
/// Threads beyond the module's instances: dropped runs that have not come back.
const SPARE_THREADS: usize = 8;
/// The code of `denied`.
const DENIED: i32 = 3;

/// What a room is told before anything else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub library: PathBuf,
    pub world: World,
    pub contract: String,
    pub tenant: String,
    /// One JSON object.
    pub settings: String,
    pub memory_bytes: u64,
    pub instances_max: u32,
}

/// Takes what the room says. False: nobody hears it any more.
pub(crate) type Say = dyn Fn(Frame) -> bool + Send + Sync;

#[derive(Default)]
struct Waiting {
    answer: Option<(i32, Vec<u8>)>,
    gone: bool,
}

/// What a run's thread and the room share.
#[derive(Default)]
struct Mailbox {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

/// One library and its runs.
pub(crate) struct Room {
    opened: Opened,
    hello: Hello,
    files: BTreeMap<String, Vec<u8>>,
    say: Box<Say>,
    runs: Mutex<HashMap<u64, Arc<Mailbox>>>,
}

/// What a `cordboard_run` points at: on the stack of the entry's thread.
struct Run {
    room: Arc<Room>,
    id: u64,
    mailbox: Arc<Mailbox>,
    answer: Vec<u8>,
    reply: Vec<u8>,
    lines: u32,
}

/// The functions that a library gets.
pub(crate) static HOST: HostTable = HostTable {
    abi: ABI,
    size: size_of::<HostTable>() as u32,
    settings,
    tenant,
    file,
    log,
    ask,
    reply,
};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Room {
    /// Opens the library, lets it start, and says `Ready`. None: it cannot serve, and that was said.
    pub fn open(
        hello: Hello,
        files: BTreeMap<String, Vec<u8>>,
        say: Box<Say>,
    ) -> Option<Arc<Room>> {
        let ready = |say: &Say, reasons: Vec<String>| {
            let good = reasons.is_empty();
            let body = json!(reasons).to_string();
            say(Frame::of(Tag::Ready, 0, 0, body)) && good
        };
        let opened = match Opened::open(&hello.library, hello.world, &hello.contract) {
            Ok(opened) => opened,
            Err(why) => {
                ready(&*say, vec![why]);
                return None;
            }
        };
        let room = Arc::new(Room {
            opened,
            hello,
            files,
            say,
            runs: Mutex::default(),
        });
        let reasons = room.start();
        ready(&*room.say, reasons).then_some(room)
    }

    fn start(self: &Arc<Room>) -> Vec<String> {
        if !self.opened.has(Entry::Start) {
            return Vec::new();
        }
        let settings: serde_json::Value =
            serde_json::from_str(&self.hello.settings).unwrap_or_default();
        let input = json!({ "settings": settings, "tenant": self.hello.tenant }).to_string();
        let (code, reply) = self.go(0, Arc::default(), Entry::Start, input.as_bytes());
        let said = String::from_utf8_lossy(&reply).into_owned();
        match (code, serde_json::from_slice(&reply)) {
            (0, _) if reply.is_empty() => Vec::new(),
            (0, Ok(serde_json::Value::Null)) => Vec::new(),
            (0, Ok(serde_json::Value::Array(list))) => list
                .iter()
                .map(|reason| {
                    reason
                        .as_str()
                        .unwrap_or("a reason that is no text")
                        .to_owned()
                })
                .collect(),
            (0, _) => vec![format!("start: its reply is no list of reasons: {said}")],
            (code, _) if said.is_empty() => vec![format!("start: it returned {code}")],
            (_, _) => vec![format!("start: {said}")],
        }
    }

    /// Does what a frame says. False: it was none of those that a room is sent.
    pub fn take(self: &Arc<Room>, frame: Frame) -> bool {
        match frame.tag {
            Tag::Enter => self.enter(frame),
            Tag::Answer => {
                if let Some(mailbox) = lock(&self.runs).get(&frame.run).cloned() {
                    lock(&mailbox.waiting).answer = Some((frame.word, frame.body));
                    mailbox.came.notify_all();
                }
            }
            Tag::Gone => {
                if let Some(mailbox) = lock(&self.runs).get(&frame.run).cloned() {
                    lock(&mailbox.waiting).gone = true;
                    mailbox.came.notify_all();
                }
            }
            Tag::Ping => {
                (self.say)(Frame::bare(Tag::Pong, frame.run));
            }
            _ => return false,
        }
        true
    }

    /// Everything still running is told that its call is gone.
    pub fn close(&self) {
        for mailbox in lock(&self.runs).values() {
            lock(&mailbox.waiting).gone = true;
            mailbox.came.notify_all();
        }
    }

    fn enter(self: &Arc<Room>, frame: Frame) {
        let Frame {
            word, run, body, ..
        } = frame;
        let refuse = |why: &str| {
            (self.say)(Frame::of(Tag::Ended, FAILED, run, why));
        };
        let Some(entry) = Entry::of(word) else {
            return refuse("there is no such entry");
        };
        let mailbox = Arc::<Mailbox>::default();
        let mut runs = lock(&self.runs);
        if runs.len() >= self.hello.instances_max as usize + SPARE_THREADS {
            return refuse("too many of its steps did not come back");
        }
        runs.insert(run, Arc::clone(&mailbox));
        drop(runs);
        let room = Arc::clone(self);
        let spawned = std::thread::Builder::new()
            .name(format!("run-{run}"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let (code, reply) = room.go(run, mailbox, entry, &body);
                lock(&room.runs).remove(&run);
                (room.say)(Frame::of(Tag::Ended, code, run, reply));
            });
        if spawned.is_err() {
            lock(&self.runs).remove(&run);
            refuse("the system gives it no thread");
        }
    }

    /// Runs an entry on this thread: its code and its reply.
    fn go(
        self: &Arc<Room>,
        id: u64,
        mailbox: Arc<Mailbox>,
        entry: Entry,
        input: &[u8],
    ) -> (i32, Vec<u8>) {
        let mut run = Run {
            room: Arc::clone(self),
            id,
            mailbox,
            answer: Vec::new(),
            reply: Vec::new(),
            lines: 0,
        };
        let pointer: RunPointer = (&raw mut run).cast();
        // SAFETY: `run` outlives the call, and while the library runs nobody else touches it.
        let code = unsafe { self.opened.enter(entry, pointer, input) };
        match code {
            Some(code) => (code, run.reply),
            None => {
                let name = entry.name();
                let why = format!("the library has no entry `{name}`");
                (FAILED, why.into_bytes())
            }
        }
    }
}

impl Run {
    /// Asks, and waits for the answer.
    fn ask(&mut self, operation: Vec<u8>) -> i32 {
        let waits = matches!(self.room.hello.world, World::CallScript | World::Connector);
        if !waits || self.id == 0 {
            self.answer =
                b"nothing can be asked for here: this world follows from its inputs".to_vec();
            return DENIED;
        }
        if self.mailbox.is_gone() {
            return self.gone();
        }
        if !(self.room.say)(Frame::of(Tag::Ask, 0, self.id, operation)) {
            return self.gone();
        }
        match self.mailbox.wait() {
            Some((code, answer)) => {
                self.answer = answer;
                code
            }
            None => self.gone(),
        }
    }

    fn gone(&mut self) -> i32 {
        self.answer = b"the caller is gone".to_vec();
        1
    }
}

impl Mailbox {
    fn is_gone(&self) -> bool {
        lock(&self.waiting).gone
    }

    /// The answer; none where the call went meanwhile.
    fn wait(&self) -> Option<(i32, Vec<u8>)> {
        let mut waiting = lock(&self.waiting);
        loop {
            if waiting.gone {
                return None;
            }
            if let Some(answer) = waiting.answer.take() {
                return Some(answer);
            }
            waiting = self
                .came
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The run that a library handed back.
///
/// # Safety
/// `run` is what its entry was given, and that entry has not returned.
unsafe fn of<'r>(run: RunPointer) -> Option<&'r mut Run> {
    // SAFETY: by this function's own condition; an entry has one thread, so there is one borrower.
    unsafe { run.cast::<Run>().as_mut() }
}

unsafe extern "C" fn settings(run: RunPointer) -> Text {
    // SAFETY: the header says which pointer this is.
    match unsafe { of(run) } {
        Some(run) => Text::of(run.room.hello.settings.as_bytes()),
        None => Text::of(b"{}"),
    }
}

unsafe extern "C" fn tenant(run: RunPointer) -> Text {
    // SAFETY: the header says which pointer this is.
    match unsafe { of(run) } {
        Some(run) => Text::of(run.room.hello.tenant.as_bytes()),
        None => Text::of(b""),
    }
}

unsafe extern "C" fn file(run: RunPointer, name: Text, content: *mut Text) -> i32 {
    // SAFETY: the header says what these are; the name is copied.
    let (run, name) = unsafe { (of(run), name.copied(BODY_BYTES_MAX)) };
    let (Some(run), Some(name)) = (run, name) else {
        return 0;
    };
    let name = String::from_utf8_lossy(&name);
    let (Some(bytes), false) = (run.room.files.get(&*name), content.is_null()) else {
        return 0;
    };
    // SAFETY: not null, and the header says that it is the caller's to be written.
    unsafe { content.write(Text::of(bytes)) };
    1
}

unsafe extern "C" fn log(run: RunPointer, level: i32, text: Text) {
    // SAFETY: the header says what these are; the text is copied.
    let (run, text) = unsafe { (of(run), text.copied(LARGE_BYTES_MAX)) };
    if let (Some(run), Some(mut text)) = (run, text)
        && run.lines < LINES_MAX
    {
        run.lines += 1;
        text.truncate(LINE_BYTES_MAX);
        (run.room.say)(Frame::of(Tag::Log, level.clamp(0, 3), run.id, text));
    }
}

unsafe extern "C" fn ask(run: RunPointer, operation: Text, answer: *mut Text) -> i32 {
    // SAFETY: the header says what these are; the operation is copied.
    let (run, operation) = unsafe { (of(run), operation.copied(BODY_BYTES_MAX)) };
    let Some(run) = run else { return FAILED };
    let code = match operation {
        Some(operation) => run.ask(operation),
        None => {
            run.answer = b"an operation has at most 1 MiB".to_vec();
            5
        }
    };
    if !answer.is_null() {
        // SAFETY: not null, and the caller's to be written; `run.answer` stands until the next ask.
        unsafe { answer.write(Text::of(&run.answer)) };
    }
    code
}

unsafe extern "C" fn reply(run: RunPointer, text: Text) {
    // SAFETY: the header says what these are; the text is copied.
    let (run, text) = unsafe { (of(run), text.copied(LARGE_BYTES_MAX)) };
    if let Some(run) = run {
        run.reply = text.unwrap_or_default();
    }
}
