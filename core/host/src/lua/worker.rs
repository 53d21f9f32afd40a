//! A thread of its own for scripts: a bounded mailbox in, turns out.
//!
//! The thread that owns a call never waits here: a full mailbox refuses (see `mailbox`). A run
//! has at most one command under way and a kill behind it, so a bound of twice the calls is
//! never met.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use cordboard_call::ids::CallId;
use cordboard_steps::script::{ScriptCommand, ScriptErrorKind, ScriptTurn};

use super::compile::Scripts;
use super::failure;
use super::host::LuaHost;
use super::limits::Limits;
use super::mailbox::{Letter, Mailbox, Taken};
use super::meter::CpuTime;

/// What takes a script's turns; called on the worker's thread.
pub type OnTurn = dyn Fn(CallId, ScriptTurn) + Send + Sync;

/// How long an idle worker waits before it looks for VMs that nobody needs.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Figures about VMs are read anew after so many commands.
const SHOW_EVERY: u32 = 64;
/// Stack of the thread: Luau nests at most 200 calls of C.
const STACK_BYTES: usize = 4 << 20;

/// The worker takes no command: its mailbox is full or its thread has ended. The call's script
/// is to be treated as failed with `Overload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the script worker takes no more commands")]
pub struct WorkerClosed;

/// Where a worker's figures are read from outside.
#[derive(Debug, Default)]
struct Figures {
    running: AtomicUsize,
    vms: AtomicUsize,
    vm_bytes: AtomicUsize,
    panics: AtomicUsize,
}

/// One thread that runs scripts. Dropping it ends the thread after what lies in the mailbox.
pub struct Worker {
    mailbox: Arc<Mailbox>,
    thread: Option<JoinHandle<()>>,
    figures: Arc<Figures>,
}

impl Worker {
    /// Starts worker number `n`. A mailbox of `mailbox_max` commands refuses the next.
    pub fn start(
        n: usize,
        limits: Limits,
        time: CpuTime,
        mailbox_max: usize,
        on_turn: Arc<OnTurn>,
    ) -> std::io::Result<Worker> {
        let mailbox = Arc::new(Mailbox::new(mailbox_max));
        let letters = mailbox.clone();
        let figures = Arc::new(Figures::default());
        let shown = figures.clone();
        let thread = std::thread::Builder::new()
            .name(format!("script-{n}"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                work(
                    &letters,
                    || LuaHost::new(limits.clone(), time.clone()),
                    &*on_turn,
                    &shown,
                )
            })?;
        Ok(Worker {
            mailbox,
            thread: Some(thread),
            figures,
        })
    }

    /// Hands a command over, without waiting. A refused `Start` leaves nothing behind; after a
    /// refused answer the script is dropped; a `Kill` is never refused while the worker lives.
    pub fn send(
        &self,
        call: CallId,
        scripts: &Arc<Scripts>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        let letter = Letter {
            call,
            scripts: scripts.clone(),
            command,
        };
        match self.mailbox.put(letter) {
            true => Ok(()),
            false => Err(WorkerClosed),
        }
    }

    /// Scripts that run or wait here.
    pub fn running(&self) -> usize {
        self.figures.running.load(Ordering::Relaxed)
    }

    /// Open VMs and the bytes of memory they use.
    pub fn vms(&self) -> (usize, usize) {
        let figures = &self.figures;
        (
            figures.vms.load(Ordering::Relaxed),
            figures.vm_bytes.load(Ordering::Relaxed),
        )
    }

    /// How often the host itself broke; each time its scripts failed and it began anew.
    pub fn panics(&self) -> usize {
        self.figures.panics.load(Ordering::Relaxed)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.mailbox.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Several workers; a call always meets the same one.
pub struct Workers {
    workers: Vec<Worker>,
}

impl Workers {
    /// Starts `count` workers, at least one, with a mailbox of `mailbox_max` each.
    pub fn start(
        count: usize,
        limits: &Limits,
        time: &CpuTime,
        mailbox_max: usize,
        on_turn: &Arc<OnTurn>,
    ) -> std::io::Result<Workers> {
        let workers = (0..count.max(1))
            .map(|n| {
                Worker::start(
                    n,
                    limits.clone(),
                    time.clone(),
                    mailbox_max,
                    on_turn.clone(),
                )
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Workers { workers })
    }

    /// Hands a command to the call's worker, without waiting.
    pub fn send(
        &self,
        call: CallId,
        scripts: &Arc<Scripts>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        let at = (call.0 as usize) % self.workers.len().max(1);
        self.workers
            .get(at)
            .ok_or(WorkerClosed)?
            .send(call, scripts, command)
    }

    /// Each of them, for figures.
    pub fn iter(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter()
    }
}

/// However the thread ends, its mailbox takes nothing more.
struct Closes<'m>(&'m Mailbox);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn work(letters: &Mailbox, new_host: impl Fn() -> LuaHost, on_turn: &OnTurn, figures: &Figures) {
    let _closes = Closes(letters);
    let mut host = new_host();
    let mut letters_seen = 0u32;
    loop {
        match letters.take(SWEEP_EVERY) {
            Taken::Letter(letter) => {
                let Letter {
                    call,
                    scripts,
                    command,
                } = letter;
                let handled =
                    catch_unwind(AssertUnwindSafe(|| host.handle(call, &scripts, command)));
                // The generation may end here, and its VMs with it.
                drop(scripts);
                match handled {
                    Ok(Some(turn)) => on_turn(call, turn),
                    Ok(None) => {}
                    Err(_) => {
                        figures.panics.fetch_add(1, Ordering::Relaxed);
                        let broken = std::mem::replace(&mut host, new_host());
                        let mut calls: Vec<CallId> = broken.calls().collect();
                        calls.push(call);
                        for call in calls {
                            on_turn(call, lost());
                        }
                    }
                }
                figures.running.store(host.running(), Ordering::Relaxed);
                letters_seen = letters_seen.wrapping_add(1);
                if !letters_seen.is_multiple_of(SHOW_EVERY) {
                    continue;
                }
            }
            Taken::Nothing => host.sweep(),
            Taken::Closed => return,
        }
        let (vms, bytes) = host.vms();
        figures.vms.store(vms, Ordering::Relaxed);
        figures.vm_bytes.store(bytes, Ordering::Relaxed);
    }
}

fn lost() -> ScriptTurn {
    ScriptTurn::Failed {
        error: failure::plain(
            ScriptErrorKind::Overload,
            "the script host broke and began anew".into(),
        ),
    }
}
