//! Step hosts on the crew: one a tenant and kind, bounded mailboxes in, turns out.
//!
//! A tenant's host is made with its first letter and dropped when nothing runs in it and nothing
//! waits warm, so a tenant that is idle costs nothing here. A host is worked on by one thread at a
//! time; two tenants never share one, so what one tenant's guests hold nobody else waits for.
//!
//! The thread that owns a call never waits here: where `letters_max` of a tenant wait, a start or
//! an answer is refused (the answer becomes a kill, since its step would stand for ever), and a
//! kill never is: there is at most one for each step that was let in. A host that breaks fails its
//! steps and begins anew.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use cordboard_call::ids::TenantId;
use cordboard_steps::{ProgramId, ScriptAnswer, ScriptCommand, ScriptErrorKind, ScriptTurn};

use super::{Runner, ScriptRunner, failed};
use crate::contract::Event;
use crate::crew::Crew;
use crate::lua::{LuaHost, Scripts, WorkerClosed};
use crate::module::{Module, Pumped, StepBegin, StepHost, Work};
use crate::quota::Account;

/// What takes turns; called on the thread that made them.
pub type OnTurn = dyn Fn(ProgramId, ScriptTurn) + Send + Sync;
/// Makes a tenant's host.
type NewHost<H> = dyn Fn(&Arc<Account>) -> H + Send + Sync;

/// Letters and slices before a tenant's host goes to the end of its line.
const ROUNDS_MAX: usize = 64;

enum Order {
    Begin(Arc<Module>, Work),
    Answer(ScriptAnswer),
    Script(Arc<Scripts>, ScriptCommand),
    Kill,
    /// A start that is of no step.
    Strange,
}

struct Letter {
    key: ProgramId,
    order: Order,
}

#[derive(Default)]
struct Letters {
    waiting: VecDeque<Letter>,
    /// A piece of work of the crew will look at them.
    called: bool,
}

/// One tenant's host.
struct Station<H> {
    account: Arc<Account>,
    letters: Mutex<Letters>,
    host: Mutex<H>,
}

struct Inside<H> {
    crew: Weak<Crew>,
    stations: Mutex<HashMap<TenantId, Arc<Station<H>>>>,
    letters_max: usize,
    new_host: Box<NewHost<H>>,
    on_turn: Arc<OnTurn>,
    panics: AtomicUsize,
}

/// What the hosts hold, together. A host that works just now is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunFigures {
    /// Tenants that have a host.
    pub tenants: usize,
    /// Steps and scripts that have not ended.
    pub running: usize,
    /// Bytes of their instances.
    pub bytes: usize,
    /// Instances that wait for the next run.
    pub idle: usize,
    /// How often a host broke and began anew.
    pub panics: usize,
}

/// Hosts of one kind, one a tenant.
pub struct TenantHosts<H> {
    crew: Arc<Crew>,
    inside: Arc<Inside<H>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<H: StepHost + Send + 'static> TenantHosts<H> {
    /// No tenant has a host yet. Where `letters_max` letters of a tenant wait, the next is refused.
    pub fn new(
        crew: &Arc<Crew>,
        letters_max: usize,
        new_host: impl Fn(&Arc<Account>) -> H + Send + Sync + 'static,
        on_turn: &Arc<OnTurn>,
    ) -> TenantHosts<H> {
        let inside = Arc::new(Inside {
            crew: Arc::downgrade(crew),
            stations: Mutex::default(),
            letters_max,
            new_host: Box::new(new_host),
            on_turn: on_turn.clone(),
            panics: AtomicUsize::new(0),
        });
        let swept = Arc::downgrade(&inside);
        crew.sweep(Arc::new(move || {
            let inside = swept.upgrade();
            inside.is_some_and(|inside| {
                inside.sweep();
                true
            })
        }));
        TenantHosts {
            crew: crew.clone(),
            inside,
        }
    }

    /// Gives a connector an event; its end comes as a turn of `key`, which no call has.
    ///
    /// # Errors
    /// There is no room.
    pub fn event(
        &self,
        key: ProgramId,
        module: &Arc<Module>,
        event: Event,
    ) -> Result<(), WorkerClosed> {
        let order = Order::Begin(module.clone(), Work::Event(event));
        self.put(&module.tenant, Letter { key, order })
    }

    /// What they hold.
    pub fn figures(&self) -> RunFigures {
        let stations = held(&self.inside.stations);
        let mut all = RunFigures {
            tenants: stations.len(),
            panics: self.inside.panics.load(Ordering::Relaxed),
            ..RunFigures::default()
        };
        for station in stations.values() {
            if let Ok(host) = station.host.try_lock() {
                let figures = host.figures();
                all.running += figures.running;
                all.bytes += figures.bytes;
                all.idle += figures.idle;
            }
        }
        all
    }

    fn put(&self, tenant: &TenantId, letter: Letter) -> Result<(), WorkerClosed> {
        let station = self.inside.take(&self.crew, tenant, letter)?;
        match station.is_none_or(|station| self.inside.call(&self.crew, &station)) {
            true => Ok(()),
            false => Err(WorkerClosed),
        }
    }
}

impl<H: StepHost + Send + 'static> Inside<H> {
    /// Puts a letter into its tenant's mailbox. `Some`: the host is to be called.
    fn take(
        &self,
        crew: &Crew,
        tenant: &TenantId,
        mut letter: Letter,
    ) -> Result<Option<Arc<Station<H>>>, WorkerClosed> {
        let mut stations = held(&self.stations);
        let station = match stations.get(tenant) {
            Some(station) => station,
            None => {
                let account = crew.accounts().of(tenant);
                let station = Arc::new(Station {
                    host: Mutex::new((self.new_host)(&account)),
                    account,
                    letters: Mutex::default(),
                });
                stations.entry(tenant.clone()).or_insert(station)
            }
        };
        let mut letters = held(&station.letters);
        let full = letters.waiting.len() >= self.letters_max;
        let mut taken = true;
        if full && !letter.order.is_kill() {
            if letter.order.begins() {
                return Err(WorkerClosed);
            }
            letter.order = Order::Kill;
            taken = false;
        }
        letters.waiting.push_back(letter);
        let calls = !std::mem::replace(&mut letters.called, true);
        let station = calls.then(|| station.clone());
        match (taken, station) {
            (true, station) => Ok(station),
            // Its mailbox is full, so somebody has called already.
            (false, _) => Err(WorkerClosed),
        }
    }

    fn call(self: &Arc<Self>, crew: &Crew, station: &Arc<Station<H>>) -> bool {
        let (inside, at) = (self.clone(), station.clone());
        let put = crew.put(&station.account, Box::new(move || inside.work(&at)));
        if !put {
            held(&station.letters).called = false;
        }
        put
    }

    /// Works off letters and slices of a tenant, some of them.
    fn work(self: Arc<Self>, station: &Arc<Station<H>>) {
        let mut host = held(&station.host);
        for _ in 0..ROUNDS_MAX {
            let letter = held(&station.letters).waiting.pop_front();
            let (had_letter, key) = (letter.is_some(), letter.as_ref().map(|letter| letter.key));
            let round = catch_unwind(AssertUnwindSafe(|| round(&mut *host, letter)));
            let Ok((turns, next)) = round else {
                self.broken(&mut host, station, key);
                continue;
            };
            for (key, turn) in turns.into_iter().flatten() {
                (self.on_turn)(key, turn);
            }
            match next {
                Went::ToTheEndOfItsSlice => break,
                Went::ToATurn => {}
                Went::Nowhere if had_letter => {}
                Went::Nowhere => {
                    let mut letters = held(&station.letters);
                    if letters.waiting.is_empty() {
                        letters.called = false;
                        return;
                    }
                }
            }
        }
        drop(host);
        if let Some(crew) = self.crew.upgrade() {
            self.call(&crew, station);
        }
    }

    /// The host itself broke: its steps fail, and it begins anew.
    fn broken(&self, host: &mut H, station: &Station<H>, key: Option<ProgramId>) {
        self.panics.fetch_add(1, Ordering::Relaxed);
        let broken = std::mem::replace(host, (self.new_host)(&station.account));
        let mut keys = broken.running();
        keys.retain(|running| Some(*running) != key);
        keys.extend(key);
        for key in keys {
            let message = "the host of this kind of module broke and began anew".to_owned();
            (self.on_turn)(key, failed(ScriptErrorKind::Overload, message));
        }
    }

    /// Gives back what nobody needs, and hosts with nothing in them, each at its tenant's cost.
    fn sweep(self: &Arc<Self>) {
        let Some(crew) = self.crew.upgrade() else {
            return;
        };
        let all: Vec<_> = held(&self.stations)
            .iter()
            .map(|(tenant, station)| (tenant.clone(), station.clone()))
            .collect();
        for (tenant, station) in all {
            let (inside, account) = (self.clone(), station.account.clone());
            crew.put(&account, Box::new(move || inside.tidy(&tenant, &station)));
        }
    }

    fn tidy(&self, tenant: &TenantId, station: &Station<H>) {
        let Ok(mut host) = station.host.try_lock() else {
            return;
        };
        let _ = catch_unwind(AssertUnwindSafe(|| host.sweep()));
        let figures = host.figures();
        if figures.running > 0 || figures.idle > 0 {
            return;
        }
        // Letters come under this lock too.
        let mut stations = held(&self.stations);
        let letters = held(&station.letters);
        if !letters.called && letters.waiting.is_empty() {
            stations.remove(tenant);
        }
    }
}

impl Order {
    fn is_kill(&self) -> bool {
        matches!(self, Order::Kill | Order::Script(_, ScriptCommand::Kill))
    }

    fn begins(&self) -> bool {
        matches!(
            self,
            Order::Begin(..) | Order::Strange | Order::Script(_, ScriptCommand::Start(_))
        )
    }
}

impl<H: StepHost + Send + 'static> Runner for TenantHosts<H> {
    fn send(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        let order = match command {
            ScriptCommand::Start(start) => match StepBegin::of(&start) {
                Some(begin) => Order::Begin(module.clone(), Work::Step(Box::new(begin))),
                None => Order::Strange,
            },
            ScriptCommand::Resume { answer } => Order::Answer(answer),
            ScriptCommand::Kill => Order::Kill,
        };
        self.put(&module.tenant, Letter { key: call, order })
    }
}

impl ScriptRunner for TenantHosts<LuaHost> {
    fn send(
        &self,
        (tenant, call): (&TenantId, ProgramId),
        scripts: &Arc<Scripts>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        let order = Order::Script(scripts.clone(), command);
        self.put(tenant, Letter { key: call, order })
    }
}

type Turns = [Option<(ProgramId, ScriptTurn)>; 2];

/// How far one look for work came.
enum Went {
    Nowhere,
    ToATurn,
    /// A slice is over, or the tenant's share spent.
    ToTheEndOfItsSlice,
}

/// A letter, if there is one, and then one slice of whoever is next.
fn round<H: StepHost>(host: &mut H, letter: Option<Letter>) -> (Turns, Went) {
    let of_letter = letter.and_then(|letter| {
        let key = letter.key;
        obey(host, letter).map(|turn| (key, turn))
    });
    match host.pump() {
        Pumped::Turn(key, turn) => ([of_letter, Some((key, turn))], Went::ToATurn),
        Pumped::Nothing => ([of_letter, None], Went::Nowhere),
        Pumped::Moved | Pumped::Later => ([of_letter, None], Went::ToTheEndOfItsSlice),
    }
}

fn obey<H: StepHost>(host: &mut H, Letter { key, order }: Letter) -> Option<ScriptTurn> {
    match order {
        Order::Begin(module, work) => host.admit(key, &module, work),
        Order::Answer(answer) => host.answer(key, answer),
        Order::Script(scripts, command) => host.script(key, &scripts, command),
        Order::Kill => {
            host.kill(key);
            None
        }
        Order::Strange => {
            let message = "a script was sent to a module".to_owned();
            Some(failed(ScriptErrorKind::Missing, message))
        }
    }
}
