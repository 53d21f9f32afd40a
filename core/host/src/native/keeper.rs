//! The supervisor of one native module's steps: its process, its runs, its falls and returns.
//!
//! A step is a run in the module's one process. What the process asks for becomes a turn, what the
//! call answers goes back. When the process ends, by itself or since an entry did not come back,
//! each of its runs fails (the dialplan's `else` runs), people are told, and it is started again
//! after a rest: 1 s, doubling to 60 s, and 1 s again after a minute without a fall. One fall
//! counts once against the module, however many runs it took along.

mod life;
mod run;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use cordboard_steps::script::{ProgramId, ScriptAnswer, ScriptError, ScriptErrorKind, ScriptTurn};
use serde_json::json;

use super::abi::Entry;
use super::link::Link;
use super::wire::{Frame, Tag};
use super::{Code, Native, Story, said};
use crate::contract::World;
use crate::module::{Health, Module, Work, wrong_world};

/// How long a process may take to be loaded and started.
pub(super) const START_MAX: Duration = Duration::from_secs(10);
/// The first rest after a fall, and the longest.
const REST_FIRST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(60);
/// So long without a fall, and the next rest is the first again.
const WELL_AFTER: Duration = Duration::from_secs(60);
/// Between two looks at whether the process still answers, and how long it has for that.
const PING_EVERY: Duration = Duration::from_secs(5);
const PONG_MAX: Duration = Duration::from_secs(5);
/// What a run has left when its call is gone.
const GONE_MAX: Duration = Duration::from_secs(5);
/// Questions of one run; one more and it fails.
const ASKS_MAX: u32 = 100_000;
/// Between two looks at runs that compute.
const LOOK: Duration = Duration::from_millis(10);

/// A turn, and whose.
pub(super) type Turn = (ProgramId, ScriptTurn);

/// Supervises one module of one tenant.
pub(super) struct Keeper {
    native: Arc<Native>,
    module: Weak<Module>,
    code: Code,
    me: Weak<Keeper>,
    on_turn: Arc<dyn Fn(ProgramId, ScriptTurn) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    life: Life,
    /// Counts processes, so that what an old one says is not taken for the new one's.
    epoch: u64,
    runs: BTreeMap<u64, Run>,
    of_call: HashMap<ProgramId, u64>,
    last_run: u64,
    rest: Option<Duration>,
    fell: Option<Instant>,
}

/// The process.
#[derive(Default)]
enum Life {
    /// Nobody wanted it yet.
    #[default]
    Asleep,
    /// It was started then; `ready` when its library was.
    Up {
        link: Link,
        since: Instant,
        ready: bool,
        pinged: Option<Instant>,
        heard: Instant,
        again: bool,
    },
    /// It fell.
    Resting { until: Instant, why: String },
}

struct Run {
    call: ProgramId,
    module: Arc<Module>,
    entry: Entry,
    step: String,
    phase: Phase,
    /// What it is to be sent when its tenant has CPU time again.
    held: Option<Frame>,
    asks: u32,
    _instance: Counted,
}

enum Phase {
    /// Its code runs, since then.
    Code(Instant),
    /// It waits for an answer; true when the question was for chance.
    Asked(bool),
    /// Its code is over; operations are left.
    /// Its call is gone; its code must end.
    Gone(Instant),
}

/// One of the module's instances, as long as this lives.
struct Counted(Arc<Health>);

impl Counted {
    fn take(module: &Module) -> Option<Counted> {
        let health = Arc::clone(&module.health);
        let before = health.instances.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(health);
        (before < u64::from(module.limits.instances_max)).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What came of something while the state was locked; done when it is not.
#[derive(Default)]
struct After {
    turns: Vec<Turn>,
    lines: Vec<(i32, String)>,
    stories: Vec<Story>,
    /// A process to be dropped.
    dropped: Option<Link>,
}

fn failed(kind: ScriptErrorKind, message: String) -> ScriptTurn {
    let error = said::failure(kind, message);
    ScriptTurn::Failed { error }
}

impl Keeper {
    /// One that has not started anything.
    pub fn new(
        native: &Arc<Native>,
        module: &Arc<Module>,
        code: Code,
        on_turn: Arc<dyn Fn(ProgramId, ScriptTurn) + Send + Sync>,
    ) -> Arc<Keeper> {
        Arc::new_cyclic(|me| Keeper {
            native: Arc::clone(native),
            module: Arc::downgrade(module),
            code,
            me: me.clone(),
            on_turn,
            state: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its module is still loaded somewhere.
    pub fn is_wanted(&self) -> bool {
        self.module.strong_count() > 0
    }

    /// The child's process, while there is one.
    pub fn pid(&self) -> Option<u32> {
        match &self.lock().life {
            Life::Up { link, .. } => link.pid(),
            _ => None,
        }
    }

    /// Begins a run; one of the same call that still ran is dropped.
    ///
    /// # Errors
    /// It cannot begin.
    pub fn begin(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        work: Work,
    ) -> Result<(), ScriptError> {
        self.kill(call);
        let mut after = After::default();
        let begun = {
            let mut state = self.lock();
            self.start(&mut state, call, module, work, &mut after)
        };
        self.carry_out(after);
        begun
    }

    fn start(
        &self,
        state: &mut State,
        call: ProgramId,
        module: &Arc<Module>,
        work: Work,
        after: &mut After,
    ) -> Result<(), ScriptError> {
        let overload = |why: String| said::failure(ScriptErrorKind::Overload, why);
        let (entry, step, input) = match (module.manifest.world, &work) {
            (World::CallScript, Work::Step(begin)) => {
                (Entry::Run, begin.step.step.clone(), said::run_input(begin))
            }
            (World::Router, Work::Step(begin)) => {
                let input = said::route_input(&begin.request());
                (Entry::Route, begin.step.step.clone(), input)
            }
            (World::Connector, Work::Step(begin)) => {
                let input = serde_json::to_value(begin.query()).unwrap_or_default();
                (Entry::LookUp, begin.step.step.clone(), input)
            }
            (World::Connector, Work::Event(event)) => {
                (Entry::OnEvent, String::new(), said::event_input(event))
            }
            (_, Work::Step(_)) => return Err(wrong_world(module, "module with steps of its own")),
            (_, Work::Event(_)) => return Err(wrong_world(module, "connector")),
        };
        let instance = Counted::take(module).ok_or_else(|| {
            overload(format!(
                "the module `{}` runs {} times at once, its limit: see `instances` in its manifest and in the tenant's ceiling",
                module.name, module.limits.instances_max
            ))
        })?;
        let now = Instant::now();
        if let Life::Resting { until, why } = &state.life
            && now < *until
        {
            let rests = until.duration_since(now).as_secs_f32();
            return Err(overload(format!(
                "the module `{}` starts again in {rests:.1} s: {why}",
                module.name
            )));
        }
        if !matches!(state.life, Life::Up { .. }) {
            self.rise(state, module, after);
        }
        state.last_run += 1;
        let run = state.last_run;
        state.runs.insert(
            run,
            Run {
                call,
                module: Arc::clone(module),
                entry,
                step,
                phase: Phase::Code(now),
                held: None,
                asks: 0,
                _instance: instance,
            },
        );
        state.of_call.insert(call, run);
        let frame = Frame::of(Tag::Enter, entry as i32, run, input.to_string());
        self.enter(state, run, frame);
        Ok(())
    }

    /// Answers the pending question of a call's run. False: there is no such run.
    pub fn resume(&self, call: ProgramId, answer: ScriptAnswer) -> bool {
        let mut state = self.lock();
        let run = state.of_call.get(&call).copied();
        if let Some(run) = run {
            self.answer(&mut state, run, answer);
        }
        run.is_some()
    }

    /// Drops a call's run where it stands: whatever it asks for from now on is `gone`.
    pub fn kill(&self, call: ProgramId) -> bool {
        let mut state = self.lock();
        let Some(id) = state.of_call.remove(&call) else {
            return false;
        };
        if let Some(run) = state.runs.get_mut(&id) {
            run.phase = Phase::Gone(Instant::now());
            match run.held.take() {
                // Its code was never entered.
                Some(frame) if frame.tag == Tag::Enter => state.forget(id),
                _ => state.send(Frame::bare(Tag::Gone, id)),
            }
        }
        true
    }

    /// What was decided under the lock is done without it.
    fn carry_out(&self, after: After) {
        let module = self.module.upgrade();
        if let Some(module) = &module {
            for (level, line) in after.lines {
                (self.native.log)(module, said::level(level), &line);
            }
        }
        for (call, turn) in after.turns {
            (self.on_turn)(call, turn);
        }
        if let Some(module) = &module {
            for story in after.stories {
                self.native.tell(module, story);
            }
        }
        drop(after.dropped);
    }
}

/// What is told of a fall or a return, for the journal.
pub(in crate::native) fn payload(
    module: &Module,
    story: &Story,
) -> (&'static str, serde_json::Value) {
    match story {
        Story::Stopped {
            by,
            error,
            restarts_in,
            ..
        } => (
            "module.stopped",
            json!({
                "module": module.name, "by": by, "why": error.message,
                "restarts_in_ms": restarts_in.as_millis() as u64,
            }),
        ),
        Story::Restarted => ("module.restarted", json!({ "module": module.name })),
    }
}
