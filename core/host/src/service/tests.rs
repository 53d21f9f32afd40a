//! Stories of a driver with a small guest of its own: it chains everything it hears into a number
//! and wants things by that number, so that one difference anywhere changes all that follows.

use cordboard_steps::{
    ScriptAnswer, ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp, ScriptTurn,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::permit::ordinary;
use super::*;
use crate::contract::{Act, Action, Body, Event, HttpSend, Input, Refused, StepStart};
use crate::module::ServiceGuest;

#[derive(Clone, Default, Serialize, Deserialize)]
struct Chain {
    chain: u64,
    heard: u64,
    last_seq: u64,
    steps: Vec<u64>,
    next_action: u64,
}

impl Chain {
    fn mix(&mut self, text: &str) {
        for byte in text.bytes() {
            self.chain = (self.chain ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn wish(&mut self, input: &Input) -> Vec<Act> {
        let mut acts = Vec::new();
        match &input.body {
            Body::StepStarted(start) => {
                self.steps.push(start.step);
                acts.push(Act::Step {
                    step: start.step,
                    operation: ScriptOp::Answer,
                });
            }
            Body::StepGone { step } => self.steps.retain(|s| s != step),
            Body::StepAnswered { step, .. } if self.chain.is_multiple_of(3) => {
                self.steps.retain(|s| s != step);
                acts.push(Act::EndStep {
                    step: *step,
                    outcome: "done".into(),
                });
            }
            Body::Request { request, .. } => acts.push(Act::Reply {
                request: *request,
                answer: Ok(json!(self.heard)),
            }),
            _ => {}
        }
        match self.chain % 7 {
            0 => acts.push(Act::Publish {
                topic: "desk.counted".into(),
                payload: json!({ "chain": self.chain }),
            }),
            1 => acts.push(Act::Retain {
                topic: "desk.stats".into(),
                key: (self.chain % 5).to_string(),
                payload: self.chain.is_multiple_of(2).then(|| json!(self.heard)),
            }),
            2 => acts.push(Act::SetTimer {
                name: format!("t{}", self.chain % 4),
                at_ms: input.at_ms + self.chain % 500,
            }),
            3 => acts.push(Act::ClearTimer {
                name: format!("t{}", self.chain % 4),
            }),
            4 => acts.push(Act::Http(HttpSend {
                method: "GET".into(),
                url: "https://crm.example/".into(),
                headers: Vec::new(),
                body: None,
                timeout_ms: 1_000,
            })),
            5 => acts.push(Act::Publish {
                topic: "desk.undeclared".into(),
                payload: Value::Null,
            }),
            _ => {
                if let Some(step) = self.steps.first() {
                    acts.push(Act::Step {
                        step: *step,
                        operation: ScriptOp::Get { name: "x".into() },
                    });
                }
            }
        }
        acts
    }
}

fn trap(message: &str) -> ScriptError {
    ScriptError {
        message: message.into(),
        line: None,
        stack: String::new(),
        kind: ScriptErrorKind::Runtime,
    }
}

impl ServiceGuest for Chain {
    fn handle(&mut self, inputs: &[Input]) -> Result<Vec<Action>, ScriptError> {
        let mut actions = Vec::new();
        for input in inputs {
            assert_eq!(input.seq, self.last_seq + 1, "inputs have no gaps");
            self.last_seq = input.seq;
            let text = serde_json::to_string(input).unwrap();
            // Both marks are events' or verbs' texts in these stories.
            if text.contains("\"trap\"") {
                self.chain = 666;
                return Err(trap("unreachable"));
            }
            self.mix(&text);
            self.heard += 1;
            for act in self.wish(input) {
                self.next_action += 1;
                actions.push(Action {
                    id: self.next_action,
                    act,
                });
            }
        }
        Ok(actions)
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        Ok(serde_json::to_vec(self).unwrap())
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        if version > 1 {
            return Ok(Err("that state is newer than I am".into()));
        }
        match serde_json::from_slice(state) {
            Ok(chain) => *self = chain,
            Err(_) => return Ok(Err("that is no state of mine".into())),
        }
        Ok(Ok(()))
    }
}

struct Own;

impl Permit for Own {
    fn act(&self, act: &Act) -> Result<(), Refused> {
        match act {
            Act::Publish { topic, .. } if topic == "desk.undeclared" => Err(Refused {
                kind: ScriptCallError::Denied,
                message: "not in the manifest".into(),
            }),
            Act::Step { operation, .. } => ordinary(operation),
            _ => Ok(()),
        }
    }

    fn outcome(&self, _: &str, outcome: &str) -> Result<(), String> {
        match outcome {
            "done" => Ok(()),
            other => Err(format!("{other} is not declared")),
        }
    }
}

fn identity(state_version: u32) -> Identity {
    Identity {
        module: "desk".into(),
        source: "desk".into(),
        state_version,
    }
}

fn make() -> MakeGuest {
    Box::new(|| Ok(Box::new(Chain::default())))
}

fn fresh() -> Driver {
    Driver::fresh(identity(1), Box::new(Own), make(), (42, 0)).unwrap()
}

fn revived(snapshot: &Snapshot) -> Driver {
    let snapshot = Snapshot::of_bytes(&snapshot.to_bytes()).unwrap();
    Driver::revive(identity(1), Box::new(Own), make(), snapshot).unwrap()
}

fn arrival(seq: u64, entry: Entry) -> Arrival {
    Arrival {
        seq,
        at_ms: 1_000 + seq * 10,
        bytes: 100,
        entry,
    }
}

fn event(seq: u64, payload: Value) -> Arrival {
    let event = Event {
        seq,
        at_ms: 1_000 + seq * 10,
        topic: "call.ended".into(),
        call: Some("c".into()),
        leg: None,
        payload,
    };
    arrival(seq, Entry::Event(event))
}

fn input(seq: u64, input: Journalled) -> Arrival {
    arrival(seq, Entry::Input(input))
}

fn started(seq: u64, call: &str) -> Arrival {
    let start = StepStart {
        step: 0,
        name: "enter".into(),
        arguments: json!({}),
        call: call.into(),
        caller: Default::default(),
        dialled: "1".into(),
        variables: Default::default(),
        answered: false,
    };
    input(seq, Journalled::StepStarted { program: 1, start })
}

fn request(seq: u64, verb: &str) -> Arrival {
    let request = Journalled::Request {
        request: seq,
        verb: verb.into(),
        arguments: Value::Null,
        by: "console".into(),
    };
    input(seq, request)
}

fn state(driver: &mut Driver) -> (Vec<u8>, Kept) {
    let snapshot = driver.save(&mut Handled::default()).unwrap();
    (snapshot.state.clone(), snapshot.kept.clone())
}

/// What the node does, with a journal that is a list: every effect that is an event or an input is
/// appended, and everything in the list is heard in its order.
struct Node {
    driver: Driver,
    journal: Vec<Arrival>,
    published: Vec<(String, Value)>,
    turns: Vec<(String, ScriptTurn)>,
    heard: usize,
}

impl Node {
    fn new() -> Self {
        Self {
            driver: fresh(),
            journal: Vec::new(),
            published: Vec::new(),
            turns: Vec::new(),
            heard: 0,
        }
    }

    fn write(&mut self, entry: Entry) {
        let seq = self.journal.len() as u64 + 1;
        self.journal.push(arrival(seq, entry));
    }

    fn obey(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Feed(input) => self.write(Entry::Input(*input)),
                Effect::Publish { topic, payload } => {
                    self.published.push((topic.clone(), payload));
                    self.write(Entry::Published { topic });
                }
                Effect::Turn {
                    call,
                    program,
                    turn,
                } => {
                    if let ScriptTurn::Interrupt { .. } = turn {
                        self.write(Entry::Input(Journalled::StepAnswered {
                            call: call.clone(),
                            program,
                            answer: ScriptAnswer::Done,
                        }));
                    }
                    self.turns.push((call, turn));
                }
                Effect::Http { action, .. } => {
                    self.write(Entry::Input(Journalled::HttpAnswered {
                        action,
                        status: Ok(200),
                        body: "{}".into(),
                    }));
                }
                _ => {}
            }
        }
    }

    /// Hears up to `most` of what waits, in batches of `batch`; false when nothing waited.
    fn hear(&mut self, most: usize, batch: usize) -> bool {
        let end = self.journal.len().min(self.heard + most);
        let waiting = self.journal[self.heard..end].to_vec();
        self.heard = end;
        for batch in waiting.chunks(batch) {
            let handled = self.driver.handle(batch.to_vec());
            self.obey(handled.effects);
        }
        let now = 1_000 + self.journal.len() as u64 * 10;
        for timer in self.driver.due(now) {
            self.write(Entry::Input(timer));
        }
        !waiting.is_empty()
    }
}

#[test]
fn a_step_begins_answers_idles_and_ends() {
    let mut driver = fresh();
    let handled = driver.handle(vec![started(1, "c1")]);
    let answer = ScriptTurn::Interrupt {
        op: ScriptOp::Answer,
        line: 0,
    };
    assert!(handled.effects.contains(&Effect::Turn {
        call: "c1".into(),
        program: 1,
        turn: answer
    }));
    assert_eq!(driver.calls().collect::<Vec<_>>(), ["c1"]);
    let gone = Journalled::StepGone {
        call: "c1".into(),
        program: 1,
    };
    driver.handle(vec![input(2, gone.clone())]);
    assert_eq!(driver.calls().count(), 0);
    let seq = driver.snapshot().kept.seq;
    driver.handle(vec![input(3, gone)]);
    assert_eq!(driver.snapshot().kept.seq, seq, "a step is gone once");
}

#[test]
fn what_is_said_to_a_calls_last_program_does_not_reach_its_next() {
    let mut driver = fresh();
    driver.handle(vec![started(1, "c1")]);
    let Entry::Input(Journalled::StepStarted { start, .. }) = started(2, "c1").entry else {
        panic!("a step starts");
    };
    let handled = driver.handle(vec![input(
        2,
        Journalled::StepStarted { program: 2, start },
    )]);
    let numbers = handled.effects.iter().filter_map(|effect| match effect {
        Effect::Turn { program, .. } => Some(*program),
        _ => None,
    });
    assert_eq!(
        numbers.collect::<Vec<_>>(),
        [2],
        "its turns carry its number"
    );
    let seq = driver.snapshot().kept.seq;
    let late = |program| {
        let call = "c1".to_owned();
        Journalled::StepGone { call, program }
    };
    driver.handle(vec![input(3, late(1))]);
    assert_eq!(driver.calls().count(), 1, "a kill that comes late");
    let answer = ScriptAnswer::Done;
    let answered = Journalled::StepAnswered {
        call: "c1".into(),
        program: 1,
        answer,
    };
    driver.handle(vec![input(4, answered)]);
    assert_eq!(driver.snapshot().kept.seq, seq, "an answer that comes late");
    driver.handle(vec![input(5, late(2))]);
    assert_eq!(driver.calls().count(), 0);
}

#[test]
fn secret_digits_are_refused_since_inputs_are_journalled() {
    let secret = cordboard_steps::CollectOp {
        secret: true,
        ..Default::default()
    };
    let refusal = ordinary(&ScriptOp::Collect(secret)).unwrap_err();
    assert_eq!(refusal.kind, ScriptCallError::Denied);
    assert!(ordinary(&ScriptOp::Now).is_err());
    assert!(ordinary(&ScriptOp::Answer).is_ok());
}

#[test]
fn an_arrival_that_is_heard_already_is_not_heard_twice() {
    let mut driver = fresh();
    driver.handle(vec![event(1, json!(1)), event(2, json!(2))]);
    let before = state(&mut driver);
    driver.handle(vec![event(2, json!(2)), event(1, json!(1))]);
    assert_eq!(state(&mut driver), before);
}

#[test]
fn the_input_that_breaks_the_guest_is_left_out_and_nothing_else() {
    let mut broken = fresh();
    let mut whole = fresh();
    let good = |seq| event(seq, json!({ "n": seq }));
    let handled = broken.handle(vec![
        good(1),
        good(2),
        event(3, json!({"trap": 1})),
        good(4),
    ]);
    assert!(!handled.faults.is_empty());
    let same = whole.handle(vec![good(1), good(2)]);
    let later = whole.handle(vec![good(4)]);
    let all: Vec<Effect> = same.effects.into_iter().chain(later.effects).collect();
    assert_eq!(
        handled.effects, all,
        "nothing is done twice, nothing is lost"
    );
    let (mut one, mut other) = (state(&mut broken), state(&mut whole));
    one.1.clock_ms = 0;
    other.1.clock_ms = 0;
    assert_eq!(one, other);
}

#[test]
fn who_waits_for_the_input_that_breaks_the_guest_is_told() {
    let mut driver = fresh();
    driver.handle(vec![started(1, "c1")]);
    let handled = driver.handle(vec![request(2, "trap")]);
    let [Effect::Reply { request: 2, answer }] = handled.effects.as_slice() else {
        panic!("{:?}", handled.effects);
    };
    assert!(answer.as_ref().unwrap_err().contains("unreachable"));
    assert_eq!(
        driver.calls().collect::<Vec<_>>(),
        ["c1"],
        "its step lives on"
    );
    let handled = driver.handle(vec![started(3, "trap")]);
    let failed = |effect: &Effect| matches!(effect, Effect::Turn { call, turn: ScriptTurn::Failed { .. }, .. } if call == "trap");
    assert!(handled.effects.iter().any(failed), "{:?}", handled.effects);
}

#[test]
fn a_service_that_cannot_be_made_again_is_down_and_comes_back_where_it_was() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let broken = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&broken);
    let make: MakeGuest = Box::new(move || match flag.load(Ordering::Relaxed) {
        true => Err(trap("no memory")),
        false => Ok(Box::new(Chain::default())),
    });
    let mut driver = Driver::fresh(identity(1), Box::new(Own), make, (42, 0)).unwrap();
    driver.handle(vec![started(1, "c1"), event(2, json!(2))]);
    broken.store(true, Ordering::Relaxed);
    let handled = driver.handle(vec![event(3, json!({"trap": 1})), event(4, json!(4))]);
    assert!(driver.is_down());
    let failed = |effect: &Effect| matches!(effect, Effect::Turn { call, turn: ScriptTurn::Failed { .. }, .. } if call == "c1");
    assert!(handled.effects.iter().any(failed));
    assert!(driver.handle(vec![event(5, json!(5))]).effects.is_empty());
    broken.store(false, Ordering::Relaxed);
    driver.mend();
    assert!(!driver.is_down());
    assert_eq!(driver.cursor(), 2, "the journal is heard again from here");
}

#[test]
fn a_new_generation_takes_the_state_over_or_the_old_one_goes_on() {
    let mut driver = fresh();
    driver.handle(vec![started(1, "c1"), event(2, json!(2))]);
    let before = state(&mut driver);
    let refuses: MakeGuest = Box::new(|| {
        struct Stubborn;
        impl ServiceGuest for Stubborn {
            fn handle(&mut self, _: &[Input]) -> Result<Vec<Action>, ScriptError> {
                Ok(Vec::new())
            }
            fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
                Ok(Vec::new())
            }
            fn restore(&mut self, _: u32, _: &[u8]) -> Result<Result<(), String>, ScriptError> {
                Ok(Err("I begin anew".into()))
            }
        }
        Ok(Box::new(Stubborn))
    });
    let why = driver
        .reload(identity(2), Box::new(Own), refuses)
        .unwrap_err();
    assert!(why.contains("I begin anew"), "{why}");
    assert_eq!(state(&mut driver), before);
    driver.reload(identity(1), Box::new(Own), make()).unwrap();
    assert_eq!(state(&mut driver), before);
    let mut straight = fresh();
    straight.handle(vec![started(1, "c1"), event(2, json!(2))]);
    let next = || vec![event(3, json!(3))];
    assert_eq!(driver.handle(next()), straight.handle(next()));
}

#[test]
fn what_was_published_and_not_written_is_published_after_a_restart_and_nothing_twice() {
    let mut node = Node::new();
    for n in 1..60 {
        node.write(Entry::Event(Event {
            seq: n,
            at_ms: n,
            topic: "call.ended".into(),
            call: None,
            leg: None,
            payload: json!(n),
        }));
    }
    let snapshot = node.driver.snapshot();
    while node.hear(7, 3) {}
    let all = node.published.len();
    assert!(all > 3, "the story needs events");
    // Killed: the journal lost what was published last.
    let last = node
        .journal
        .iter()
        .rposition(|a| matches!(a.entry, Entry::Published { .. }))
        .unwrap();
    let mut after = revived(&snapshot);
    after.recall(node.journal[..last].to_vec());
    let again = after.wake().into_iter().filter_map(|effect| match effect {
        Effect::Publish { payload, .. } => Some(payload),
        _ => None,
    });
    assert_eq!(
        again.collect::<Vec<_>>(),
        [node.published[all - 1].1.clone()]
    );
}

#[test]
fn timers_have_a_bound_and_ring_once_and_only_as_set_last() {
    let mut driver = fresh();
    for n in 0..TIMERS_MAX {
        driver.kept.timers.insert(n.to_string(), 50);
    }
    let set = |name: &str| Action {
        id: 1,
        act: Act::SetTimer {
            name: name.into(),
            at_ms: 60,
        },
    };
    let mut effects = Vec::new();
    driver.apply(vec![set("more")], false, driver::Voice::Aloud, &mut effects);
    assert!(matches!(effects.as_slice(), [Effect::Feed(_)]));
    driver.apply(vec![set("3")], false, driver::Voice::Aloud, &mut Vec::new());
    assert_eq!(driver.due(55).len(), TIMERS_MAX - 1);
    assert!(driver.due(55).is_empty(), "each is asked for once");
    assert_eq!(driver.next_timer(), Some(60));
    let old = Journalled::Timer {
        name: "3".into(),
        due_ms: 50,
    };
    driver.handle(vec![input(1, old)]);
    assert_eq!(driver.kept.seq, 0, "it was moved meanwhile");
    let due = Journalled::Timer {
        name: "3".into(),
        due_ms: 60,
    };
    driver.handle(vec![input(2, due)]);
    assert_eq!(driver.kept.seq, 1);
}

#[derive(Clone, Debug)]
enum Happens {
    Event(u16),
    Starts(u8),
    Leaves(u8),
    Asks,
    Hears(u8, u8),
    Breaks,
    Saves,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => any::<u16>().prop_map(Happens::Event),
        3 => (0u8..4).prop_map(Happens::Starts),
        2 => (0u8..4).prop_map(Happens::Leaves),
        1 => Just(Happens::Asks),
        4 => (1u8..20, 1u8..9).prop_map(|(most, batch)| Happens::Hears(most, batch)),
        1 => Just(Happens::Breaks),
        2 => Just(Happens::Saves),
    ]
}

fn play(node: &mut Node, story: &[Happens]) -> Vec<Snapshot> {
    let mut snapshots = vec![(*node.driver.snapshot()).clone()];
    for happens in story {
        match happens {
            Happens::Event(n) => {
                let seq = node.journal.len() as u64 + 1;
                let Entry::Event(event) = event(seq, json!(n)).entry else {
                    continue;
                };
                node.write(Entry::Event(event));
            }
            Happens::Starts(n) => {
                let Arrival { entry, .. } = started(0, &format!("c{n}"));
                node.write(entry);
            }
            Happens::Leaves(n) => node.write(Entry::Input(Journalled::StepGone {
                call: format!("c{n}"),
                program: 1,
            })),
            Happens::Asks => {
                let Arrival { entry, .. } = request(1, "show");
                node.write(entry);
            }
            Happens::Breaks => {
                let Arrival { entry, .. } = request(1, "trap");
                node.write(entry);
            }
            Happens::Hears(most, batch) => {
                node.hear((*most).into(), (*batch).into());
            }
            Happens::Saves => {
                let saved = node.driver.save(&mut Handled::default()).unwrap();
                snapshots.push((*saved).clone());
            }
        }
    }
    for _ in 0..200 {
        if !node.hear(64, 64) {
            break;
        }
    }
    snapshots
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// From any snapshot on, the journal gives the same state: whatever the batches were, and
    /// whether or not the guest broke and was made anew in between.
    #[test]
    fn a_snapshot_and_the_journal_after_it_give_the_state_of_the_straight_run(
        story in proptest::collection::vec(happens(), 1..60),
        batch in 1usize..70,
    ) {
        let mut node = Node::new();
        let snapshots = play(&mut node, &story);
        let heard = node.journal[..node.heard].to_vec();
        let straight = state(&mut node.driver);
        for snapshot in snapshots {
            let mut again = revived(&snapshot);
            for part in heard.chunks(batch) {
                let handled = again.recall(part.to_vec());
                prop_assert!(handled.effects.is_empty());
            }
            prop_assert_eq!(&state(&mut again), &straight);
        }
    }

    /// The same inputs give the same effects, in whatever batches they come.
    #[test]
    fn effects_do_not_depend_on_batches(
        story in proptest::collection::vec(happens(), 1..60),
        batch in 1usize..70,
    ) {
        let mut node = Node::new();
        play(&mut node, &story);
        let heard = &node.journal[..node.heard];
        let run = |size: usize| {
            let mut driver = fresh();
            let parts = heard.chunks(size).map(|part| driver.handle(part.to_vec()).effects);
            parts.flatten().collect::<Vec<_>>()
        };
        prop_assert_eq!(run(1), run(batch));
    }
}

#[test]
fn a_service_that_was_put_away_hears_on_as_if_it_had_not_been() {
    let (mut kept, mut parked) = (fresh(), fresh());
    for n in 1..=60 {
        let arrival = match n % 5 {
            0 => started(n, &format!("c{n}")),
            1 => request(n, "show"),
            _ => event(n, json!({ "n": n })),
        };
        let heard = kept.handle(vec![arrival.clone()]);
        assert_eq!(parked.handle(vec![arrival]), heard);
        if n % 7 == 0 {
            let nothing = &mut Handled::default();
            assert!(parked.park(nothing).is_some(), "there is a newer snapshot");
            assert!(parked.is_parked() && !parked.is_down() && !parked.is_dirty());
            assert_eq!(parked.park(nothing), None, "and nothing since");
            assert_eq!(parked.snapshot().kept.cursor, n);
        }
    }
    assert_eq!(state(&mut parked), state(&mut kept));
    parked.park(&mut Handled::default());
    let taken = parked.reload(identity(2), Box::new(Own), make());
    assert_eq!(taken, Ok(()), "a new version takes over what is put away");
    assert!(!parked.is_parked());
}
