//! The five examples of `scripts/`, each run by hand to each of its ends.

use super::*;
use cordboard_steps::script::{CollectOutcome, OutsideRequest, ScriptCallError};

pub const FILES: [(&str, &str); 5] = [
    (
        "welcome.lua",
        include_str!("../../../../../scripts/welcome.lua"),
    ),
    (
        "after_hours.lua",
        include_str!("../../../../../scripts/after_hours.lua"),
    ),
    (
        "survey.lua",
        include_str!("../../../../../scripts/survey.lua"),
    ),
    (
        "callback_form.lua",
        include_str!("../../../../../scripts/callback_form.lua"),
    ),
    ("pin.lua", include_str!("../../../../../scripts/pin.lua")),
];

/// One run of an example: keys, and what the world outside answers.
struct Run {
    script: &'static str,
    arguments: Vec<(&'static str, &'static str)>,
    /// For each `collect`: digits; `""` is silence.
    keys: Vec<&'static str>,
    /// For each http request: a status, or none where the host is down.
    http: Vec<Option<u16>>,
    /// For each `ring`.
    talk: &'static str,
    open: bool,
    /// What was done, in words.
    seen: Vec<String>,
    store: BTreeMap<String, String>,
}

impl Run {
    fn of(script: &'static str) -> Run {
        Run {
            script,
            arguments: Vec::new(),
            keys: Vec::new(),
            http: Vec::new(),
            talk: "no-answer",
            open: false,
            seen: Vec::new(),
            store: BTreeMap::new(),
        }
    }

    fn keys(mut self, keys: &[&'static str]) -> Run {
        self.keys = keys.to_vec();
        self
    }

    /// Runs to the end and gives the outcome.
    fn outcome(&mut self) -> String {
        let scripts = compile(&FILES).unwrap();
        let mut host = LuaHost::new(Limits::default(), CpuTime::counted());
        let mut start = start_of(self.script, call_id(1));
        for (name, value) in &self.arguments {
            start.arguments.insert(name.to_string(), value.to_string());
        }
        let mut turn = host.start(&scripts, &start);
        for _ in 0..200 {
            match turn {
                ScriptTurn::Call { op, line } => {
                    assert!(line > 0, "{op:?}");
                    let answer = self.answer(op);
                    turn = host.resume(call_id(1), answer).unwrap();
                }
                ScriptTurn::Done { outcome } => return outcome.unwrap(),
                ScriptTurn::Failed { error } => panic!("{error:?} after {:?}", self.seen),
                other => panic!("no turn of a script: {other:?}"),
            }
        }
        panic!("the script does not end: {:?}", self.seen)
    }

    fn answer(&mut self, op: ScriptOp) -> ScriptAnswer {
        let next = |list: &mut Vec<&'static str>| if list.is_empty() { "" } else { list.remove(0) };
        match op {
            ScriptOp::Play { prompts, .. } => self.seen.push(format!("play {}", prompts.join(" "))),
            ScriptOp::Collect(collect) => {
                let secret = if collect.secret { " secretly" } else { "" };
                self.seen
                    .push(format!("collect{secret} {}", collect.prompts.join(" ")));
                let digits = next(&mut self.keys).to_owned();
                let outcome = match digits.len() {
                    0 => CollectOutcome::Timeout,
                    n if n < usize::from(collect.min) => CollectOutcome::Invalid,
                    _ => CollectOutcome::Digits,
                };
                return ScriptAnswer::Digits { outcome, digits };
            }
            ScriptOp::Ring { users, .. } => {
                self.seen.push(format!("ring {}", users.join(" ")));
                return ScriptAnswer::Talk {
                    outcome: self.talk.into(),
                    by: None,
                    cause: None,
                };
            }
            ScriptOp::Wait { lasts } => self.seen.push(format!("wait {}", lasts.as_secs())),
            ScriptOp::Set { name, value } => self.seen.push(format!("set {name}={value}")),
            ScriptOp::Get { .. } => return ScriptAnswer::Text { value: None },
            ScriptOp::Open { .. } => return ScriptAnswer::Flag { value: self.open },
            ScriptOp::Now => {
                let local = "2026-12-25T10:00:00+00:00[Europe/London]".into();
                return ScriptAnswer::Now {
                    unix_ms: 1_798_192_800_000,
                    local,
                };
            }
            ScriptOp::Outside(request) => return self.outside(request),
            ScriptOp::Answer => self.seen.push("answer".into()),
            ScriptOp::Log { .. } => {}
            other => panic!("{other:?}"),
        }
        ScriptAnswer::Done
    }

    fn outside(&mut self, request: OutsideRequest) -> ScriptAnswer {
        match request {
            OutsideRequest::StoreGet { key } => ScriptAnswer::Text {
                value: self.store.get(&key).cloned(),
            },
            OutsideRequest::StoreSet { key, value, .. } => {
                self.store.insert(key, value);
                ScriptAnswer::Done
            }
            OutsideRequest::StoreDelete { key } => {
                self.store.remove(&key);
                ScriptAnswer::Done
            }
            OutsideRequest::StoreIncr { key, by } => {
                let value = self
                    .store
                    .get(&key)
                    .and_then(|v| v.parse::<i64>().ok())
                    .unwrap_or(0)
                    + by;
                self.store.insert(key, value.to_string());
                ScriptAnswer::Number { value }
            }
            OutsideRequest::Http {
                method, url, body, ..
            } => {
                self.seen
                    .push(format!("{method} {url} {}", body.unwrap_or_default()));
                match self.http.remove(0) {
                    Some(status) => ScriptAnswer::Http {
                        status,
                        headers: Vec::new(),
                        body: String::new(),
                    },
                    None => ScriptAnswer::Error {
                        kind: ScriptCallError::Unavailable,
                        message: "down".into(),
                    },
                }
            }
            other => panic!("no wish of a script: {other:?}"),
        }
    }
}

#[test]
fn examples_say_what_they_take_and_give() {
    let scripts = compile(&FILES).unwrap();
    for script in scripts.iter() {
        assert!(script.manifest.what.len() > 20, "{}", script.name);
        assert!(script.manifest.outcomes.len() >= 3, "{}", script.name);
        let known = [
            "welcome",
            "menu",
            "closed",
            "goodbye",
            "invalid",
            "hold-music",
            "beep",
            "please-wait",
            "enter-pin",
            "thank-you",
            "leave-number",
            "rate-us",
        ];
        for (prompt, line) in &script.prompts {
            assert!(
                known.contains(&prompt.as_str()),
                "{}:{line}: {prompt}",
                script.name
            );
        }
    }
}

#[test]
fn welcome_sends_the_caller_where_the_key_says() {
    let mut run = Run::of("welcome").keys(&["1"]);
    assert_eq!(run.outcome(), "sales");
    assert_eq!(
        run.seen,
        ["answer", "play welcome", "collect menu", "set choice=sales"]
    );
    assert_eq!(Run::of("welcome").keys(&["7", "2"]).outcome(), "support");
    assert_eq!(
        Run::of("welcome").keys(&["7", "8", "9"]).outcome(),
        "invalid"
    );
    let mut silent = Run::of("welcome");
    assert_eq!(silent.outcome(), "silence");
    assert_eq!(
        silent.seen.iter().filter(|s| *s == "collect menu").count(),
        3
    );
}

#[test]
fn after_hours_lets_urgent_calls_through() {
    let mut open = Run::of("after_hours");
    open.open = true;
    assert_eq!(open.outcome(), "open");
    assert!(open.seen.is_empty());

    assert_eq!(Run::of("after_hours").outcome(), "goodbye");
    let mut urgent = Run::of("after_hours").keys(&["9"]);
    urgent.talk = "answered";
    assert_eq!(urgent.outcome(), "talked");
    assert_eq!(
        urgent.seen,
        [
            "answer",
            "play closed",
            "collect ",
            "play please-wait",
            "ring alice"
        ]
    );
    assert_eq!(Run::of("after_hours").keys(&["9"]).outcome(), "unreachable");
}

#[test]
fn survey_counts_answers() {
    let mut run = Run::of("survey").keys(&["5", "9", "4", "1"]);
    assert_eq!(run.outcome(), "finished");
    let kept: Vec<_> = run.store.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        kept,
        [
            "survey/service/1/5=1",
            "survey/service/2/4=1",
            "survey/service/3/1=1"
        ]
    );
    assert_eq!(Run::of("survey").keys(&["5"]).outcome(), "partly");
    assert_eq!(Run::of("survey").outcome(), "refused");
}

#[test]
fn callback_is_sent_or_kept() {
    let mut sent = Run::of("callback_form").keys(&["02079460123"]);
    sent.http = vec![None, Some(503), Some(201)];
    assert_eq!(sent.outcome(), "sent");
    assert_eq!(
        sent.seen.iter().filter(|s| s.starts_with("wait")).count(),
        2
    );
    assert!(
        sent.seen
            .iter()
            .any(|s| s.contains("\"number\":\"02079460123\"")),
        "{:?}",
        sent.seen
    );

    let mut kept = Run::of("callback_form");
    kept.http = vec![Some(400)];
    assert_eq!(kept.outcome(), "kept");
    let (key, value) = kept.store.iter().next().unwrap();
    assert!(
        key.starts_with("callback/") && value.contains("+442079460000"),
        "{key} {value}"
    );

    let mut elsewhere = Run::of("callback_form").keys(&["02079460123"]);
    elsewhere.arguments = vec![("url", "https://evil.example/")];
    assert_eq!(
        elsewhere.outcome(),
        "kept",
        "a host that is not named is never asked"
    );
    assert!(!elsewhere.seen.iter().any(|s| s.starts_with("POST")));
}

#[test]
fn pin_slows_down_whoever_guesses() {
    let run = |keys: &[&'static str]| {
        let mut run = Run::of("pin").keys(keys);
        run.arguments = vec![("pin", "4711")];
        run
    };
    let mut right = run(&["0000", "4711"]);
    assert_eq!(right.outcome(), "correct");
    assert!(right.store.is_empty());
    assert_eq!(
        right.seen,
        [
            "answer",
            "collect secretly enter-pin",
            "play invalid",
            "wait 1",
            "collect secretly enter-pin"
        ]
    );
    let mut wrong = run(&["1", "2222", "3333"]);
    assert_eq!(wrong.outcome(), "wrong");
    let waits: Vec<_> = wrong
        .seen
        .iter()
        .filter(|s| s.starts_with("wait"))
        .collect();
    assert_eq!(waits, ["wait 1", "wait 2"]);
    assert_eq!(wrong.store.values().next().map(String::as_str), Some("3"));
    assert_eq!(run(&[]).outcome(), "silence");
    let mut locked = run(&["4711"]);
    locked
        .store
        .insert("pin-failures/+442079460000".into(), "10".into());
    assert_eq!(locked.outcome(), "locked");
}
