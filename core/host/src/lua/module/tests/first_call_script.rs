//! The first-party module `ivr`: menus, questions, spoken values.

use super::*;
use cordboard_steps::script::{OutsideRequest, ScriptCallError};

pub const TOML: &str = include_str!("../../../../../../modules/ivr/module.toml");
pub const FILES: &[(&str, &str)] = &[
    (
        "module.lua",
        include_str!("../../../../../../modules/ivr/module.lua"),
    ),
    (
        "language.lua",
        include_str!("../../../../../../modules/ivr/language.lua"),
    ),
    (
        "speech.lua",
        include_str!("../../../../../../modules/ivr/speech.lua"),
    ),
];

fn ivr(node: &str) -> Arc<Module> {
    let setup = Setup {
        toml: TOML,
        files: FILES,
        node,
        name: "ivr",
        granted_files: &[],
    };
    match try_load(&setup) {
        Ok((module, _)) => module,
        Err(reasons) => panic!("{reasons:#?}"),
    }
}

/// One run: what was played and asked, in words, and the outcome.
struct Heard {
    outcome: String,
    said: Vec<String>,
    published: Vec<(String, Value)>,
}

/// `entries` are digits for each question, `""` for silence; `language` is the call's variable;
/// prompts that end in `absent` do not exist.
fn hear(module: &Arc<Module>, start: StepBegin, entries: &[&str], language: Option<&str>) -> Heard {
    let mut entries = entries.iter();
    let (mut said, mut published) = (Vec::new(), Vec::new());
    let missing = |prompts: &[String]| {
        prompts
            .iter()
            .any(|p| p.ends_with(".xx"))
            .then(|| ScriptAnswer::Error {
                kind: ScriptCallError::NotFound,
                message: "there is no such prompt".into(),
            })
    };
    let turn = run(&mut host(), module, start, |op| match op {
        ScriptOp::Get { name } => {
            assert_eq!(name, "language");
            ScriptAnswer::Text {
                value: language.map(str::to_owned),
            }
        }
        ScriptOp::Play { prompts, .. } => missing(prompts).unwrap_or_else(|| {
            said.push(format!("play {}", prompts.join(" ")));
            ScriptAnswer::Done
        }),
        ScriptOp::Collect(collect) => missing(&collect.prompts).unwrap_or_else(|| {
            said.push(format!(
                "collect {} of {} within {:?}",
                collect.prompts.join(" "),
                collect.max,
                collect.timeout
            ));
            digits(entries.next().unwrap_or(&""))
        }),
        ScriptOp::Outside(OutsideRequest::Publish { topic, payload }) => {
            published.push((topic.clone(), payload.clone()));
            ScriptAnswer::Done
        }
        ScriptOp::Log { .. } => ScriptAnswer::Done,
        other => panic!("{other:?}"),
    });
    match turn {
        ScriptTurn::Done { outcome } => Heard {
            outcome: outcome.unwrap(),
            said,
            published,
        },
        other => panic!("{other:?}"),
    }
}

fn menu(changes: Value, outcomes: &[&str]) -> StepBegin {
    let mut arguments = json!({
        "prompts": ["welcome", "menu"], "digits": 1, "timeout": 5000, "between": 3000, "tries": 3,
        "invalid": "sorry", "silence": "silent", "barge-in": true,
    });
    for (name, value) in changes.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    begin(1, "menu", arguments, outcomes)
}

#[test]
fn a_digit_that_on_names_is_the_outcome() {
    let ivr = ivr("module ivr");
    let heard = hear(&ivr, menu(json!({}), &["1", "2", "timeout"]), &["2"], None);
    assert_eq!(heard.outcome, "2");
    assert_eq!(heard.said, ["collect welcome menu of 1 within 5s"]);
    assert!(heard.published.is_empty());
}

#[test]
fn another_digit_and_silence_are_tried_again() {
    let ivr = ivr("module ivr");
    let heard = hear(&ivr, menu(json!({}), &["1"]), &["7", "", "1"], None);
    assert_eq!(heard.outcome, "1");
    let ask = "collect welcome menu of 1 within 5s";
    assert_eq!(heard.said, [ask, "play sorry", ask, "play silent", ask]);
}

#[test]
fn tries_end_as_the_last_one_did() {
    let ivr = ivr("module ivr");
    let of =
        |entries: &[&str]| hear(&ivr, menu(json!({"tries": 2}), &["1"]), entries, None).outcome;
    assert_eq!(of(&["9", ""]), "timeout");
    assert_eq!(of(&["", "9"]), "invalid");
    // Without names in `on`, any entry is right.
    assert_eq!(
        hear(&ivr, menu(json!({}), &["timeout"]), &["8"], None).outcome,
        "8"
    );
}

#[test]
fn a_key_cannot_stop_prompts_without_barge_in() {
    let ivr = ivr("module ivr");
    let start = menu(json!({"barge-in": false, "digits": 4}), &["1234"]);
    let heard = hear(&ivr, start, &["1234"], None);
    assert_eq!(heard.said, ["play welcome menu", "collect  of 4 within 5s"]);
    assert_eq!(heard.outcome, "1234");
}

#[test]
fn stars_and_pounds_are_answers_where_on_names_them() {
    let ivr = ivr("module ivr");
    assert_eq!(
        hear(&ivr, menu(json!({}), &["*", "#"]), &["#"], None).outcome,
        "#"
    );
}

#[test]
fn prompts_are_of_the_callers_language_where_there_are_such() {
    let ivr = ivr("module ivr");
    let heard = hear(&ivr, menu(json!({}), &["1"]), &["1"], Some("uk"));
    assert_eq!(heard.said, ["collect welcome.uk menu.uk of 1 within 5s"]);
    let heard = hear(&ivr, menu(json!({}), &["1"]), &["1"], Some("xx"));
    assert_eq!(heard.said, ["collect welcome menu of 1 within 5s"]);
    let heard = hear(&ivr, menu(json!({}), &["1"]), &["1"], Some("../etc"));
    assert_eq!(heard.said, ["collect welcome menu of 1 within 5s"]);
}

#[test]
fn choices_are_published_where_that_is_set() {
    let ivr = ivr("module ivr { config events=#true }");
    let heard = hear(&ivr, menu(json!({}), &["1"]), &["1"], None);
    assert_eq!(heard.published.len(), 1);
    assert_eq!(heard.published[0].0, "ivr.menu-answered");
    assert_eq!(heard.published[0].1["digits"], "1");
    let heard = hear(&ivr, menu(json!({"tries": 1}), &["1"]), &[""], None);
    assert_eq!(heard.published[0].0, "ivr.menu-left");
    assert_eq!(heard.published[0].1["why"], "timeout");
}

#[test]
fn a_question_is_answered_by_one_of_two_keys() {
    let ivr = ivr("module ivr");
    let ask = |entries: &[&str]| {
        let arguments = json!({
            "prompts": ["menu"], "yes": "1", "no": "2", "timeout": 5000, "tries": 2, "invalid": "sorry",
        });
        hear(&ivr, begin(1, "yes-no", arguments, &[]), entries, None).outcome
    };
    assert_eq!(ask(&["1"]), "yes");
    assert_eq!(ask(&["5", "2"]), "no");
    assert_eq!(ask(&["", ""]), "timeout");
    assert_eq!(ask(&["", "9"]), "invalid");
}

#[test]
fn values_are_said_by_prompts_of_numbers() {
    let ivr = ivr("module ivr { config number-prompts=\"n-\" }");
    let say = |value: &str, how: &str, language| {
        let arguments = json!({"value": value, "as": how});
        let heard = hear(&ivr, begin(1, "say", arguments, &[]), &[], language);
        match heard.outcome.as_str() {
            "done" => heard.said.join(" ").replace("play ", "").replace("n-", ""),
            other => other.to_owned(),
        }
    };
    assert_eq!(say("+44 20-7*#", "digits", None), "4 4 2 0 7 star pound");
    assert_eq!(say("0", "number", None), "0");
    assert_eq!(say("21", "number", None), "20 1");
    assert_eq!(say("21", "number", Some("de")), "1.de and.de 20.de");
    assert_eq!(say("300000", "number", None), "3 hundred thousand");
    assert_eq!(say("12345", "number", None), "12 thousand 3 hundred 40 5");
    assert_eq!(say("1000000", "number", None), "invalid");
    assert_eq!(say("-1", "number", None), "invalid");
    assert_eq!(say("14:05", "time", None), "14 0 5");
    assert_eq!(say("7:00", "time", None), "7");
    assert_eq!(say("24:00", "time", None), "invalid");
    assert_eq!(say("later", "time", None), "invalid");
    let long = "1".repeat(40);
    assert_eq!(say(&long, "digits", None).split(' ').count(), 40);
}
