//! The stage of a simulated call: the run, its phones, its keys, and virtual time.
//!
//! Everything that is due at one moment happens before time goes on: first the run's outputs,
//! then turns of its script, then what the agenda holds, then keys, then the run's own timers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::action::Notice;
use cordboard_call::event::{Direction, Party};
use cordboard_call::ids::{CallId, LegNo};
use cordboard_dialplan::Dialplan;
use cordboard_dialplan::calendar::unix_ms_of;
use cordboard_dialplan::route::{Block, TestCall};
use cordboard_media::Audio;

use super::narrator::Narrator;
use super::outside::{Facts, Outside};
use super::phones::{Agenda, Happening, Phones, locate};
use super::{ScriptHost, Simulation, Transcript, USUAL_TIME};
use crate::run::{Input, Output, Run};
use crate::script::{OutsideRequest, ScriptCommand, ScriptTurn};
use crate::world::{CallInfo, Entry, Located, Target, Time, World};

/// Most events of one call; then it is given up, and the transcript says so.
const EVENTS_MAX: u32 = 20_000;
/// Between two keys.
const KEY: Duration = Duration::from_millis(200);
/// What a canned http answer takes.
const HTTP: Duration = Duration::from_millis(20);
const FIRST: LegNo = LegNo(1);

/// One call on its way.
pub(super) struct Stage<'a> {
    now: Time,
    began_ms: u64,
    world: SimWorld<'a>,
    run: Run,
    phones: Phones<'a>,
    keys: Keys,
    agenda: Agenda,
    narrator: Narrator,
    /// Turns of the program that the run has not heard yet.
    turns: VecDeque<ScriptTurn>,
    /// The number of that program.
    program: u32,
    /// What is left of a canned step; none while the host's own program runs.
    canned: Option<VecDeque<ScriptTurn>>,
}

struct SimWorld<'a> {
    simulation: &'a Simulation<'a>,
    call: &'a TestCall,
    unix_ms: u64,
    seed: u64,
    facts: Arc<Facts>,
}

impl World for SimWorld<'_> {
    fn dialplan(&self) -> &Arc<Dialplan> {
        self.simulation.dialplan
    }

    fn unix_ms(&self) -> u64 {
        self.unix_ms
    }

    fn locate(&self, party: &Target) -> Located {
        let dialplan = self.simulation.dialplan;
        let known = match party {
            Target::User(name) => dialplan.users.contains_key(name),
            Target::Trunk { trunk, .. } => dialplan.trunks.contains_key(trunk),
        };
        locate(self.call, party, known)
    }

    fn prompt(&self, name: &str) -> Option<Arc<Audio>> {
        self.simulation.prompt(name)
    }

    fn fact(&self, topic: &str, key: &str) -> Option<serde_json::Value> {
        let key = (topic.to_owned(), key.to_owned());
        self.facts.get(&key).cloned()
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): small, and the same for every run of a test.
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The keys that the caller is going to press.
struct Keys {
    left: VecDeque<char>,
    /// The next is pressed then.
    at: Option<Time>,
    /// After a `W`: none is pressed before a time-out.
    awaits_timeout: bool,
}

impl Keys {
    /// When the next key is due, if digits are being collected.
    fn due(&mut self, now: Time, collecting: bool) -> Option<Time> {
        if !collecting || self.awaits_timeout {
            self.at = None;
            return None;
        }
        if self.at.is_some() {
            return self.at;
        }
        let mut at = now + KEY;
        loop {
            match self.left.front()? {
                'w' => {
                    at += Duration::from_secs(1);
                    self.left.pop_front();
                }
                'W' => {
                    self.left.pop_front();
                    self.awaits_timeout = true;
                    return None;
                }
                _ => break,
            }
        }
        self.at = Some(at);
        self.at
    }

    fn press(&mut self) -> Option<char> {
        self.at = None;
        self.left.pop_front()
    }
}

impl<'a> Stage<'a> {
    /// A call that begins at its time, or `follows` another, or begins at the usual time.
    pub fn new(
        simulation: &'a Simulation<'a>,
        call: &'a TestCall,
        follows: Option<u64>,
    ) -> Stage<'a> {
        let dialplan = simulation.dialplan;
        let mut narrator = Narrator::default();
        let zone = &dialplan.tenant.zone;
        let asked = call.at.as_deref().unwrap_or(USUAL_TIME);
        let follows = follows.filter(|_| call.at.is_none());
        let unix_ms = follows
            .or_else(|| unix_ms_of(zone, asked))
            .unwrap_or_else(|| {
                narrator.tell(
                    Time::ZERO,
                    format!("`{asked}` is no time; taken is {USUAL_TIME}"),
                );
                unix_ms_of(zone, USUAL_TIME).unwrap_or(0)
            });
        let (info, entry) = who(dialplan, call, unix_ms);
        let mut run = Run::start(info, entry);
        run.keep_entered();
        let mut agenda = Agenda::default();
        if let Some(after) = call.hangs_up_after {
            agenda.put(after, Happening::CallerHangsUp);
        }
        let longest = dialplan.tenant.longest_call;
        if !longest.is_zero() {
            agenda.put(longest, Happening::TooLong);
        }
        let left = call.keys.chars().filter(|c| !c.is_whitespace()).collect();
        Stage {
            now: Time::ZERO,
            began_ms: unix_ms,
            world: SimWorld {
                simulation,
                call,
                unix_ms,
                seed: 1,
                facts: Arc::default(),
            },
            run,
            phones: Phones::new(call, FIRST),
            keys: Keys {
                left,
                at: None,
                awaits_timeout: false,
            },
            agenda,
            narrator,
            turns: VecDeque::new(),
            program: 0,
            canned: None,
        }
    }

    /// The whole call: its transcript, and the blocks that ran.
    pub fn play(
        mut self,
        scripts: &mut dyn ScriptHost,
        outside: &mut Outside,
    ) -> (Transcript, Vec<Arc<Block>>) {
        scripts.set_time(self.world.unix_ms);
        self.hand(Input::Start, scripts, outside);
        let mut events = 0;
        while !self.run.is_finished() {
            events += 1;
            if events > EVENTS_MAX {
                self.narrator
                    .tell(self.now, format!("given up after {EVENTS_MAX} events"));
                break;
            }
            if !self.step(scripts, outside) {
                self.narrator.tell(
                    self.now,
                    "nothing more can happen; the caller hangs up".into(),
                );
                self.agenda.put(self.now, Happening::CallerHangsUp);
                if events > EVENTS_MAX - 1 || !self.step(scripts, outside) {
                    break;
                }
            }
        }
        outside.call_over(self.world.unix_ms);
        let entered = self.run.entered().to_vec();
        (self.narrator.done(), entered)
    }

    /// The next thing happens; false where nothing is to come.
    fn step(&mut self, scripts: &mut dyn ScriptHost, outside: &mut Outside) -> bool {
        if let Some(turn) = self.turns.pop_front() {
            let program = self.program;
            self.hand(Input::Script { program, turn }, scripts, outside);
            return true;
        }
        let agenda = self.agenda.next_at();
        let collecting = self.run.is_collecting();
        let key = self.keys.due(self.now, collecting);
        let timer = self.run.next_timeout();
        let own = scripts.next_timeout().map(|at| self.since_beginning(at));
        let Some(at) = [agenda, key, timer, own].into_iter().flatten().min() else {
            return false;
        };
        let at = at.max(self.now);
        self.now = at;
        self.world.unix_ms = self.began_ms + at.as_millis() as u64;
        if own.is_some_and(|due| due <= at) {
            scripts.set_time(self.world.unix_ms);
            self.turns.extend(scripts.timeout());
            self.heed(scripts, outside);
        } else if agenda.is_some_and(|due| due <= at) {
            self.happen(scripts, outside);
        } else if key.is_some_and(|due| due <= at) {
            if let Some(digit) = self.keys.press() {
                let notice = Notice::Digit { leg: FIRST, digit };
                self.hand(Input::Notice(notice), scripts, outside);
            }
        } else {
            self.keys.awaits_timeout &= !collecting;
            self.hand(Input::Timeout, scripts, outside);
        }
        true
    }

    fn since_beginning(&self, unix_ms: u64) -> Time {
        Duration::from_millis(unix_ms.saturating_sub(self.began_ms))
    }

    /// What the program has retained is a fact for the route's conditions.
    fn heed(&mut self, scripts: &mut dyn ScriptHost, outside: &mut Outside) {
        for retained in scripts.retained() {
            outside.retain(retained);
        }
    }

    fn happen(&mut self, scripts: &mut dyn ScriptHost, outside: &mut Outside) {
        match self.agenda.take() {
            Some(Happening::Answer { id, answer }) => {
                self.hand(Input::Answer { id, answer }, scripts, outside);
            }
            Some(happening) => {
                let happened = self.phones.happens(self.now, happening, &mut self.agenda);
                if let Some((notice, told)) = happened {
                    if let Some(told) = told {
                        self.narrator.tell(self.now, told);
                    }
                    self.hand(Input::Notice(notice), scripts, outside);
                }
            }
            None => {}
        }
    }

    /// Gives the run an input and does what it wants.
    fn hand(&mut self, input: Input, scripts: &mut dyn ScriptHost, outside: &mut Outside) {
        if let Input::Script {
            turn: ScriptTurn::Call { op, line } | ScriptTurn::Interrupt { op, line },
            ..
        } = &input
        {
            self.narrator.asked(self.now, op, *line);
        }
        let tried = self.run.trying().map(|(_, left)| left);
        self.world.facts = outside.facts();
        self.run.handle(self.now, &mut self.world, input);
        if let Some((op, _)) = self.run.trying().filter(|(_, left)| tried != Some(*left)) {
            self.narrator.asked(self.now, op, 0);
        }
        while let Some(output) = self.run.poll() {
            self.narrator.output(self.now, &output);
            match output {
                Output::Act(action) => self.phones.act(self.now, &action, &mut self.agenda),
                Output::Fact(_) => {}
                Output::Script { program, command } => {
                    self.program = program;
                    self.command(command, scripts, outside);
                }
                Output::Outside { id, request } => {
                    let takes = match request {
                        OutsideRequest::Http { .. } => HTTP,
                        _ => Duration::ZERO,
                    };
                    let answer = outside.answer(request);
                    self.agenda
                        .put(self.now + takes, Happening::Answer { id, answer });
                }
            }
        }
    }
}

impl Stage<'_> {
    /// Does what the run commands its program: a canned step's turns lie ready, another's host
    /// makes them.
    fn command(
        &mut self,
        command: ScriptCommand,
        scripts: &mut dyn ScriptHost,
        outside: &mut Outside,
    ) {
        scripts.set_time(self.world.unix_ms);
        match command {
            ScriptCommand::Start(start) => {
                self.canned = outside.canned(&start.program);
                let turn = match &mut self.canned {
                    Some(turns) => turns.pop_front(),
                    None => Some(scripts.start(&start)),
                };
                self.turns.extend(turn);
            }
            ScriptCommand::Resume { answer } => {
                let turn = match &mut self.canned {
                    Some(turns) => turns.pop_front(),
                    None => Some(scripts.resume(answer)),
                };
                self.turns.extend(turn);
            }
            ScriptCommand::Kill => {
                self.turns.clear();
                if self.canned.take().is_none() {
                    scripts.kill();
                }
            }
        }
        self.heed(scripts, outside);
    }
}

/// Who calls, and where the route begins.
fn who(dialplan: &Dialplan, call: &TestCall, unix_ms: u64) -> (CallInfo, Entry) {
    let caller = call.from.clone().unwrap_or_default();
    let user = dialplan
        .users
        .get(&caller)
        .filter(|_| call.as_user)
        .cloned();
    let entry = match (call.to.strip_prefix("route "), call.as_user) {
        (Some(route), _) => Entry::Route(route.trim().to_owned()),
        (None, true) => Entry::Outbound {
            user: caller.clone(),
        },
        (None, false) => Entry::Did,
    };
    let party = if call.as_user {
        Party::User(caller.clone())
    } else {
        Party::Stranger
    };
    let info = CallInfo {
        call: CallId::new(unix_ms, 0, 1),
        direction: Direction::Inbound,
        caller,
        caller_name: None,
        dialled: call.to.clone(),
        party,
        first_leg: FIRST,
        caller_user: user,
    };
    (info, entry)
}
