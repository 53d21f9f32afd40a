//! The narrator: a run's outputs as lines that people read and tests expect.

use cordboard_call::action::Action;
use cordboard_call::event::{Fact, Place};
use cordboard_media::Clip;
use serde_json::Value;

use super::{Line, Transcript};
use crate::run::Output;
use crate::script::{INTERRUPTED, ScriptOp};
use crate::sound;
use crate::world::Time;

/// Most lines of one transcript; further ones are left out, and a last one says so.
const LINES_MAX: usize = 10_000;

/// Writes a transcript.
#[derive(Default)]
pub(super) struct Narrator {
    lines: Vec<Line>,
    place: Option<Place>,
    /// The step under way: its name and detail.
    step: (String, String),
    /// The script under way, `scripts/welcome.lua`.
    script: Option<String>,
    /// What the script asked last, so that its sounds are told as a step's.
    asked: &'static str,
}

impl Narrator {
    /// Adds a line at the place of what runs now.
    pub fn tell(&mut self, now: Time, text: String) {
        match self.lines.len() {
            n if n < LINES_MAX => {}
            LINES_MAX => return self.line(now, "and so on".into(), None),
            _ => return,
        }
        let place = self.place.clone();
        self.line(now, text, place);
    }

    fn line(&mut self, now: Time, text: String, place: Option<Place>) {
        let (file, line) = place.map(|place| (place.file, place.line)).unzip();
        let at_ms = now.as_millis() as u64;
        self.lines.push(Line {
            at_ms,
            text,
            file,
            line,
        });
    }

    /// The finished transcript.
    pub fn done(self) -> Transcript {
        Transcript { lines: self.lines }
    }

    /// A script asks for something: what takes time is told at its beginning too.
    pub fn asked(&mut self, now: Time, op: &ScriptOp, line: u32) {
        if let Some(file) = self.script.as_ref().filter(|_| line > 0) {
            self.place = Some(Place {
                file: file.clone(),
                line,
            });
        }
        self.asked = op.function();
        match op {
            ScriptOp::Ring { users, .. } => self.tell(now, format!("ring {}", users.join(" "))),
            ScriptOp::Trunk { trunks, number, .. } => {
                let number = number.as_deref().unwrap_or("");
                let text = format!("trunk {} {number}", trunks.join(" "));
                self.tell(now, text.trim_end().to_owned());
            }
            ScriptOp::Record { on } => {
                self.tell(now, words("record", if *on { "" } else { "off" }))
            }
            ScriptOp::Wait { lasts } => self.tell(now, format!("wait {lasts:?}")),
            _ => {}
        }
    }

    /// Tells an output of the run.
    pub fn output(&mut self, now: Time, output: &Output) {
        match output {
            Output::Act(action) => self.action(now, action),
            Output::Fact(fact) => self.fact(now, fact),
            Output::Script { .. } | Output::Outside { .. } => {}
        }
    }

    fn action(&mut self, now: Time, action: &Action) {
        match action {
            Action::Answer { .. } => self.tell(now, "answer".into()),
            Action::Play { clips, .. } => self.play(now, clips),
            Action::SendDigits { digits, .. } => self.tell(now, format!("send-digits {digits}")),
            Action::End { cause, .. } => self.tell(now, format!("hangup {}", cause.word())),
            _ => {}
        }
    }

    fn play(&mut self, now: Time, clips: &[Clip]) {
        let rings = |word: &str| matches!(word, "ring" | "trunk");
        let program = self.step.0 == "run" || is_module(&self.step.0);
        let comfort = rings(&self.step.0) || (program && rings(self.asked));
        let tones = clips.iter().all(|clip| matches!(clip, Clip::Tone(_)));
        let word = match (comfort, tones) {
            (true, true) => return,
            (true, false) => "music",
            (false, true) => "tone",
            (false, false) => "play",
        };
        self.tell(now, format!("{word} {}", sound::names(clips)));
    }

    fn fact(&mut self, now: Time, fact: &Fact) {
        match fact {
            Fact::CallRouted { route, at } => {
                self.place = Some(at.clone());
                self.tell(now, route.clone());
            }
            Fact::CallUnrouted { why } => self.tell(now, format!("no route: {why}")),
            Fact::StepStarted { step, detail, at } => {
                self.place = Some(at.clone());
                self.step = (step.clone(), detail.clone());
                self.script = (step == "run").then(|| format!("scripts/{detail}.lua"));
                let telling = matches!(
                    step.as_str(),
                    "play" | "tone" | "collect" | "set" | "when" | "hangup" | "answer"
                );
                if !telling {
                    self.tell(now, words(step, detail));
                }
            }
            Fact::StepEnded {
                step,
                outcome,
                why,
                at,
            } => {
                self.place = Some(at.clone());
                self.step_ended(now, step, outcome, why.as_deref());
                self.script = None;
                self.step = Default::default();
            }
            Fact::ConditionChecked {
                condition,
                value,
                at,
            } => {
                self.place = Some(at.clone());
                self.tell(now, format!("when {condition} -> {value}"));
            }
            Fact::VariableSet { name, value } => self.tell(now, format!("set {name}={value}")),
            Fact::ScriptCalled {
                function,
                arguments,
                answer,
                at,
            } => {
                self.place = Some(at.clone());
                self.script_called(now, function, arguments, answer.as_ref());
            }
            _ => {}
        }
    }

    fn step_ended(&mut self, now: Time, step: &str, outcome: &str, why: Option<&str>) {
        let detail = match step {
            "collect" => self.step.1.split(' ').next().unwrap_or("").to_owned(),
            // What stands without a name says enough at its end.
            step if is_module(step) => {
                let words = self
                    .step
                    .1
                    .split(' ')
                    .take_while(|word| !word.contains('='));
                words.collect::<Vec<_>>().join(" ")
            }
            _ => self.step.1.clone(),
        };
        let what = words(step, &detail);
        let first = why.and_then(|why| why.lines().next());
        match (step, outcome, first) {
            (_, "hangup", _) | ("hangup", _, _) => {}
            (_, "failed", Some(why)) => self.tell(now, format!("{what} -> failed: {why}")),
            ("collect" | "ring" | "trunk" | "run", _, _) | (_, "failed", _) => {
                self.tell(now, format!("{what} -> {outcome}"));
            }
            (step, _, _) if is_module(step) => self.tell(now, format!("{what} -> {outcome}")),
            _ => {}
        }
    }

    fn script_called(&mut self, now: Time, function: &str, with: &Value, answer: Option<&Value>) {
        let Some(answer) = answer else { return };
        let of = |key: &str| answer.get(key).map(plain).unwrap_or_default();
        let argument = |key: &str| with.get(key).map(plain).unwrap_or_default();
        let text = match (function, answer.get("error")) {
            (_, Some(error)) if plain(error) == "gone" => return,
            // What came in its place is told.
            (_, Some(_)) if of("message") == INTERRUPTED => return,
            (_, Some(error)) => {
                format!("{function} -> {}: {}", plain(error), of("message"))
            }
            ("collect", None) => {
                let (min, max) = (argument("min"), argument("max"));
                let range = if min == max {
                    max
                } else {
                    format!("{min}-{max}")
                };
                let got = match of("outcome").as_str() {
                    "digits" => of("digits"),
                    other => other.to_owned(),
                };
                format!("collect digits={range} -> {got}")
            }
            ("ring", None) => format!("ring {} -> {}", argument("users"), of("outcome")),
            ("trunk", None) => format!("trunk {} -> {}", argument("trunks"), of("outcome")),
            ("http", None) => {
                format!(
                    "http {} {} -> {}",
                    argument("method"),
                    argument("url"),
                    of("status")
                )
            }
            ("store-get" | "store-incr", None) => {
                format!("{function} {} -> {}", argument("key"), plain(answer))
            }
            ("store-set" | "store-delete", None) => format!("{function} {}", argument("key")),
            ("log", None) => format!("log {}", argument("message")),
            ("open", None) => format!("open {} -> {}", argument("calendar"), plain(answer)),
            _ => return,
        };
        self.tell(now, text);
    }
}

/// True for the name of a module's step, `queue.enter`.
fn is_module(step: &str) -> bool {
    step.contains('.')
}

fn words(first: &str, second: &str) -> String {
    if second.is_empty() {
        first.to_owned()
    } else {
        format!("{first} {second}")
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
