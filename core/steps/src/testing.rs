//! What the stories of this crate share: a dialplan from text, a small world, a driven run.

use std::sync::Arc;
use std::time::Duration;

use cordboard_call::action::{Action, Destination, Notice};
use cordboard_call::cause::Cause;
use cordboard_call::event::{Direction, Fact, Party};
use cordboard_call::ids::{CallId, LegNo};
use cordboard_dialplan::Dialplan;
use cordboard_dialplan::file::{Cache, Source};
use cordboard_dialplan::schema::{Field, FieldKind, FieldValue, ModuleSchema, StepSchema};
use cordboard_dialplan::{Known, load};
use cordboard_media::{Audio, Clip};
use cordboard_sip::{Flow, Transport};

use crate::run::{ActionTag, Input, Output, Run};
use crate::script::{OutsideRequest, ScriptAnswer, ScriptCommand, ScriptOp, ScriptTurn};
use crate::world::{CallInfo, Entry, Located, Target, Time, World};

pub const CALLER: LegNo = LegNo(1);

/// What every story's dialplan begins with.
const HEAD: &str = r#"
tenant acme domain="acme.example" tz="Europe/London"
user alice { caller-id "+442079460101" }
user bob role=seller
user carol
trunk north { address "198.51.100.7:5060" }
trunk south { address "198.51.100.8:5060"; caller-id "+442079460000" }
"#;

/// A dialplan of these nodes and the usual tenant, users and trunks.
pub fn plan(text: &str) -> Arc<Dialplan> {
    plan_with(text, [])
}

/// The same, with the module `desk`: steps `enter` and `menu`.
pub fn modules_plan(text: &str) -> Arc<Dialplan> {
    plan_with(&format!("module desk\n{text}"), [desk()])
}

fn desk() -> Arc<ModuleSchema> {
    let field = |name: &str, kind| Field {
        name: name.into(),
        kind,
        required: false,
        list: false,
        default: None,
        about: String::new(),
    };
    let timeout = Field {
        default: Some(FieldValue::Duration(Duration::from_secs(600))),
        ..field("timeout", FieldKind::Duration)
    };
    let enter = StepSchema {
        positional: vec![field("line", FieldKind::Text)],
        named: vec![
            timeout,
            field("priority", FieldKind::Number { min: 0, max: 10 }),
        ],
        outcomes: ["answered", "timeout", "closed"].map(String::from).into(),
        ..StepSchema::default()
    };
    let menu = StepSchema {
        positional: vec![field("prompt", FieldKind::Prompt)],
        named: vec![field("digits", FieldKind::Number { min: 1, max: 9 })],
        any_outcome: true,
        ..StepSchema::default()
    };
    Arc::new(ModuleSchema {
        name: "desk".into(),
        version: "1.0.0".into(),
        world: "service".into(),
        kind: "wasm".into(),
        steps: [("enter".to_owned(), enter), ("menu".to_owned(), menu)].into(),
        asks: Vec::new(),
        settings: Vec::new(),
        manifest: "modules/desk/module.toml".into(),
    })
}

fn plan_with(text: &str, modules: impl IntoIterator<Item = Arc<ModuleSchema>>) -> Arc<Dialplan> {
    let text = format!("{HEAD}{text}");
    let prompts = [
        "welcome", "menu", "wrong", "music", "sorry", "bye", "no-such",
    ];
    let scripts = ["welcome", "other"];
    let source = Source::of([("main.kdl", text.as_str())]);
    let known = Known::of(prompts, scripts).with_modules(modules);
    let loaded = load(&source, &known, &mut Cache::default());
    match loaded {
        Ok(loaded) => Arc::new(loaded.dialplan),
        Err(list) => {
            let list: Vec<String> = list
                .iter()
                .map(|d| format!("{}:{} {}", d.mark.file, d.mark.line, d.message))
                .collect();
            panic!("{}", list.join("\n"))
        }
    }
}

pub struct FakeWorld {
    pub plan: Arc<Dialplan>,
    pub absent: Vec<&'static str>,
    pub busy: Vec<&'static str>,
    /// Devices of each user or trunk.
    pub devices: usize,
}

impl World for FakeWorld {
    fn dialplan(&self) -> &Arc<Dialplan> {
        &self.plan
    }
    fn unix_ms(&self) -> u64 {
        1_767_614_400_000
    }
    fn locate(&self, party: &Target) -> Located {
        let name = party.name();
        if self.absent.contains(&name) {
            return Located::Absent;
        }
        if self.busy.contains(&name) {
            return Located::Busy(format!("{name} has 4 calls"));
        }
        let (known, party) = match party {
            Target::User(n) => (self.plan.users.contains_key(n), Party::User(n.clone())),
            Target::Trunk { trunk, .. } => (
                self.plan.trunks.contains_key(trunk),
                Party::Trunk(trunk.clone()),
            ),
        };
        let here = std::net::SocketAddr::from(([127, 0, 0, 1], 5060));
        let one = Destination {
            party,
            uri: format!("sip:{name}@example"),
            to: format!("sip:{name}@example"),
            flow: Flow {
                transport: Transport::Udp,
                local: here,
                remote: here,
                connection: 0,
            },
            routes: Vec::new(),
            advertise: here,
            media_local: here.ip(),
            media_advertise: here.ip(),
            codecs: Arc::from([]),
        };
        match known {
            true => Located::Destinations(vec![one; self.devices]),
            false => Located::Unknown,
        }
    }
    fn prompt(&self, name: &str) -> Option<Arc<Audio>> {
        if name.starts_with("no-") || name.contains(':') {
            return None;
        }
        Some(Arc::new(Audio {
            name: name.into(),
            samples: vec![0; 8000],
        }))
    }
    fn fact(&self, topic: &str, key: &str) -> Option<serde_json::Value> {
        (topic == "stats" && key == "sales").then(|| serde_json::json!({ "waiting": 7 }))
    }
    fn random(&mut self) -> u64 {
        42
    }
}

/// A run, its world, and what came out of it since the last look.
pub struct Story {
    pub run: Run,
    pub world: FakeWorld,
    pub now: Time,
    pub acts: Vec<String>,
    pub facts: Vec<Fact>,
    pub commands: Vec<ScriptCommand>,
    /// Number of the program that the last of them was for.
    pub program: u32,
    pub outside: Vec<(u64, OutsideRequest)>,
    /// The caller's answer is told at once.
    pub answers_at_once: bool,
    pub ends: usize,
    pub dials: Vec<Action>,
}

/// The number that stories dial.
pub const DID: &str = "+442079460100";

pub fn story(text: &str) -> Story {
    let text = format!("did \"{DID}\" {{\n{text}\n}}");
    let mut story = Story::of(plan(&text), Entry::Did, DID, "+441632960001");
    story.begin();
    story
}

/// The same, with the module `desk`.
pub fn modules_story(text: &str) -> Story {
    let text = format!("did \"{DID}\" {{\n{text}\n}}");
    let mut story = Story::of(modules_plan(&text), Entry::Did, DID, "+441632960001");
    story.begin();
    story
}

impl Story {
    pub fn of(plan: Arc<Dialplan>, entry: Entry, dialled: &str, caller: &str) -> Story {
        let caller_user = plan.users.get(caller).cloned();
        let party = match &caller_user {
            Some(user) => Party::User(user.name.clone()),
            None => Party::Stranger,
        };
        let info = CallInfo {
            call: CallId(7),
            direction: Direction::Inbound,
            caller: caller.into(),
            caller_name: None,
            dialled: dialled.into(),
            party,
            first_leg: CALLER,
            caller_user,
        };
        Story {
            run: Run::start(info, entry),
            world: FakeWorld {
                plan,
                absent: vec![],
                busy: vec![],
                devices: 1,
            },
            now: Time::from_secs(100),
            acts: vec![],
            facts: vec![],
            commands: vec![],
            program: 0,
            outside: vec![],
            answers_at_once: true,
            ends: 0,
            dials: vec![],
        }
    }

    /// Who stands at the first leg's far end; before `begin`.
    pub fn come_by(&mut self, party: Party) {
        let info = CallInfo {
            party,
            ..self.run.info().clone()
        };
        self.run = Run::start(info, Entry::Did);
    }

    pub fn begin(&mut self) {
        self.put(Input::Start);
    }

    pub fn put(&mut self, input: Input) {
        self.run.handle(self.now, &mut self.world, input);
        let mut answered = false;
        while let Some(output) = self.run.poll() {
            match output {
                Output::Act(action) => {
                    answered |= matches!(action, Action::Answer { .. });
                    self.ends += usize::from(matches!(action, Action::End { .. }));
                    self.acts.push(short(&action));
                    if let Action::Dial { .. } = action {
                        self.dials.push(action);
                    }
                }
                Output::Fact(fact) => self.facts.push(fact),
                Output::Script { program, command } => {
                    self.program = program;
                    self.commands.push(command);
                }
                Output::Outside { id, request } => self.outside.push((id, request)),
            }
        }
        if answered && self.answers_at_once {
            self.answered(1);
        }
    }

    pub fn notice(&mut self, notice: Notice) {
        self.put(Input::Notice(notice));
    }

    pub fn answered(&mut self, leg: u16) {
        self.notice(Notice::Answered { leg: LegNo(leg) });
    }

    pub fn rings(&mut self, leg: u16) {
        self.notice(Notice::Ringing { leg: LegNo(leg) });
    }

    pub fn ended(&mut self, leg: u16, cause: Cause) {
        self.notice(Notice::LegEnded {
            leg: LegNo(leg),
            cause,
        });
    }

    pub fn key(&mut self, digit: char) {
        self.notice(Notice::Digit { leg: CALLER, digit });
    }

    pub fn played(&mut self, stopped: bool) {
        self.notice(Notice::PlayEnded {
            leg: CALLER,
            stopped,
        });
    }

    pub fn refused(&mut self, action: &Action, refusal: cordboard_call::action::Refusal) {
        self.put(Input::Refused {
            action: ActionTag::of(action),
            refusal,
        });
    }

    pub fn script_asks(&mut self, op: ScriptOp, line: u32) {
        self.script_turns(ScriptTurn::Call { op, line });
    }

    /// A turn of the program that was last heard of.
    pub fn script_turns(&mut self, turn: ScriptTurn) {
        let program = self.program;
        self.put(Input::Script { program, turn });
    }

    pub fn outside_answers(&mut self, id: u64, answer: ScriptAnswer) {
        self.put(Input::Answer { id, answer });
    }

    /// Time passes; timers fire when they are due.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.run.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.put(Input::Timeout);
        }
        self.now = end;
    }

    /// The actions since the last look, joined.
    pub fn acted(&mut self) -> String {
        std::mem::take(&mut self.acts).join(", ")
    }

    /// Steps that ended since the last look: `play done`, `collect timeout`.
    pub fn ended_steps(&mut self) -> String {
        let facts = std::mem::take(&mut self.facts);
        let ended = facts.iter().filter_map(|fact| match fact {
            Fact::StepEnded { step, outcome, .. } => Some(format!("{step} {outcome}")),
            _ => None,
        });
        ended.collect::<Vec<_>>().join(", ")
    }

    /// The last answer that the script got.
    pub fn script_got(&mut self) -> ScriptAnswer {
        match self.commands.pop() {
            Some(ScriptCommand::Resume { answer }) => answer,
            other => panic!("no answer for the script, but {other:?}"),
        }
    }

    /// All facts as JSON text, to look for what must not be there.
    pub fn told(&self) -> String {
        serde_json::to_string(&self.facts).unwrap()
    }
}

fn short(action: &Action) -> String {
    match action {
        Action::Ring { leg } => format!("ring {leg}"),
        Action::Progress { leg } => format!("progress {leg}"),
        Action::Answer { leg } => format!("answer {leg}"),
        Action::Dial { leg, to, .. } => match &to.party {
            Party::User(name) | Party::Trunk(name) => format!("dial {leg} {name}"),
            Party::Stranger => format!("dial {leg}"),
        },
        Action::Play { clips, repeat, .. } => {
            let names: Vec<&str> = clips
                .iter()
                .map(|clip| match clip {
                    Clip::Audio(audio) => audio.name.as_str(),
                    Clip::Tone(tone) => tone.name.as_str(),
                    Clip::Silence(_) => "silence",
                })
                .collect();
            format!(
                "play {}{}",
                names.join("+"),
                if *repeat { " repeat" } else { "" }
            )
        }
        Action::StopPlay { .. } => "stop".into(),
        Action::Bridge { a, b } => format!("bridge {a} {b}"),
        Action::Unbridge { leg } => format!("unbridge {leg}"),
        Action::Record => "record".into(),
        Action::StopRecord => "stop-record".into(),
        Action::Secret { on, .. } => format!("secret {}", if *on { "on" } else { "off" }),
        Action::SendDigits { digits, .. } => format!("send {digits}"),
        Action::PressDigit { digit, .. } => format!("press {digit}"),
        Action::HangUp { leg, cause } => format!("hangup {leg} {}", cause.0),
        Action::End { cause, .. } => format!("end {}", cause.word()),
    }
}
