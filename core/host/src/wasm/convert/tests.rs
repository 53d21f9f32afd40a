//! Every record of the contract, from one side to the other.

use std::time::Duration;

use cordboard_steps::script::{CollectOp, CollectOutcome, ScriptAnswer, ScriptOp};
use serde_json::json;

use super::*;
use crate::contract::{Act, Action, Body, HttpSend, Input, StartCall, StepStart};
use crate::wasm::bindings::service::exports::cordboard::module::serving;
use wit::operations as wish;

fn caller_of() -> Caller {
    Caller {
        number: "+441".into(),
        name: Some("Ann".into()),
        user: Some("ann".into()),
        trunk: None,
    }
}

fn set(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(n, v)| (n.to_string(), v.to_string()))
        .collect()
}

#[test]
fn refusals_go_there_and_back_whole() {
    use ScriptCallError::*;
    for kind in [Gone, Timeout, Denied, NotFound, Invalid, Busy, Unavailable] {
        let message = match kind {
            Gone | Timeout | Busy => String::new(),
            _ => "why".to_owned(),
        };
        let refusal = Refused { kind, message };
        assert_eq!(refused(error(refusal.clone())), refusal);
    }
}

#[test]
fn what_a_router_and_a_connector_are_asked_has_every_field() {
    let asked = request(&RouteRequest {
        step: "go".into(),
        arguments: json!({ "table": "uk" }),
        call: "c1".into(),
        caller: caller_of(),
        dialled: "+442".into(),
        variables: set(&[("a", "1"), ("b", "2")]),
        at_ms: 3,
        seed: 4,
    });
    assert_eq!(asked.arguments, r#"{"table":"uk"}"#);
    assert_eq!((asked.step.as_str(), asked.call.as_str()), ("go", "c1"));
    assert_eq!(
        (asked.dialled.as_str(), asked.at_ms, asked.seed),
        ("+442", 3, 4)
    );
    assert_eq!(
        asked.variables,
        [("a".into(), "1".into()), ("b".into(), "2".into())]
    );
    assert_eq!(asked.caller, caller(&caller_of()));
    assert_eq!(asked.caller.user.as_deref(), Some("ann"));
    let asked = query(&Query {
        step: "look-up".into(),
        arguments: json!({}),
        call: "c1".into(),
        caller: caller_of(),
        dialled: "+442".into(),
    });
    assert_eq!(
        (asked.step.as_str(), asked.arguments.as_str()),
        ("look-up", "{}")
    );
    assert_eq!(
        (asked.caller.name.as_deref(), asked.dialled.as_str()),
        (Some("Ann"), "+442")
    );
    let heard = event(&Event {
        seq: 1,
        at_ms: 2,
        topic: "call.ended".into(),
        call: Some("c1".into()),
        leg: Some(2),
        payload: json!([1]),
    });
    let fields = (heard.seq, heard.at_ms, heard.topic.as_str());
    assert_eq!(fields, (1, 2, "call.ended"));
    assert_eq!(
        (heard.call.as_deref(), heard.payload.as_str()),
        (Some("c1"), "[1]")
    );
}

#[test]
fn what_they_answer_has_every_field() {
    let answer = reasoned(routing::Reasoned {
        decision: routing::Decision::Targets(vec![routing::Target {
            trunk: Some("a".into()),
            user: None,
            number: Some("1".into()),
            caller_id: Some("2".into()),
            timeout_ms: 9,
        }]),
        set: vec![("x".into(), "y".into())],
        reasons: vec!["cheap".into()],
    });
    let target = Target {
        trunk: Some("a".into()),
        user: None,
        number: Some("1".into()),
        caller_id: Some("2".into()),
        timeout_ms: 9,
    };
    assert_eq!(answer.decision, Decision::Targets(vec![target]));
    assert_eq!(
        (answer.set, answer.reasons),
        (set(&[("x", "y")]), vec!["cheap".to_owned()])
    );
    let outcome = routing::Reasoned {
        decision: routing::Decision::Outcome("none".into()),
        set: vec![],
        reasons: vec![],
    };
    assert_eq!(reasoned(outcome).decision, Decision::Outcome("none".into()));
    let answer = found(connecting::Found {
        outcome: "found".into(),
        set: vec![("n".into(), "v".into())],
    });
    assert_eq!(
        (answer.outcome.as_str(), answer.set),
        ("found", set(&[("n", "v")]))
    );
    let answer = report(reporting::Report {
        media_type: "text/csv".into(),
        body: vec![1, 2],
    });
    assert_eq!(
        (answer.media_type.as_str(), answer.body),
        ("text/csv", vec![1, 2])
    );
}

#[test]
fn every_input_of_a_service_is_told() {
    let told = |body: Body| {
        let input = input(&Input {
            seq: 1,
            at_ms: 2,
            seed: 3,
            body,
        });
        assert_eq!((input.seq, input.at_ms, input.seed), (1, 2, 3));
        input.body
    };
    let started = told(Body::StepStarted(StepStart {
        step: 5,
        name: "enter".into(),
        arguments: json!({ "name": "sales" }),
        call: "c".into(),
        caller: caller_of(),
        dialled: "1".into(),
        variables: set(&[("a", "b")]),
        answered: true,
    }));
    let serving::Body::StepStarted(start) = started else {
        panic!("{started:?}")
    };
    assert_eq!(
        (start.step, start.answered, start.name.as_str()),
        (5, true, "enter")
    );
    assert_eq!(start.arguments, r#"{"name":"sales"}"#);
    let body = told(Body::StepGone { step: 5 });
    assert_eq!(body, serving::Body::StepGone(5));
    let body = told(Body::Timer { name: "t".into() });
    assert_eq!(body, serving::Body::Timer("t".into()));
    let asked = told(Body::Request {
        request: 1,
        verb: "login".into(),
        arguments: json!({}),
        by: "console".into(),
    });
    assert!(matches!(asked, serving::Body::Request(r) if r.verb == "login" && r.by == "console"));
    let refusal = Refused {
        kind: ScriptCallError::Denied,
        message: "no".into(),
    };
    let body = told(Body::Refused {
        action: 8,
        error: refusal.clone(),
    });
    assert_eq!(body, serving::Body::Refused((8, error(refusal.clone()))));
    let answered = told(Body::HttpAnswered {
        action: 8,
        status: Err(refusal),
        body: "b".into(),
    });
    assert!(
        matches!(answered, serving::Body::HttpAnswered(a) if a.status.is_err() && a.body == "b")
    );
}

#[test]
fn every_answer_of_an_operation_is_told() {
    let told = |answer: ScriptAnswer| {
        let body = input(&Input {
            seq: 1,
            at_ms: 1,
            seed: 1,
            body: Body::StepAnswered {
                step: 1,
                action: 2,
                answer,
            },
        })
        .body;
        let serving::Body::StepAnswered(answered) = body else {
            panic!("{body:?}")
        };
        assert_eq!((answered.step, answered.action), (1, 2));
        answered.answer
    };
    assert_eq!(told(ScriptAnswer::Done), Ok(wish::Answer::Done));
    let digits = ScriptAnswer::Digits {
        outcome: CollectOutcome::Digits,
        digits: "12".into(),
    };
    let entry = wish::Entry {
        outcome: wish::Collected::Digits,
        digits: "12".into(),
    };
    assert_eq!(told(digits), Ok(wish::Answer::Entry(entry)));
    let talk = ScriptAnswer::Talk {
        outcome: "answered".into(),
        by: Some("ann".into()),
        cause: Some("normal".into()),
    };
    let same = wish::Talk {
        outcome: "answered".into(),
        by: Some("ann".into()),
        cause: Some("normal".into()),
    };
    assert_eq!(told(talk), Ok(wish::Answer::Talk(same)));
    let text = ScriptAnswer::Text { value: None };
    assert_eq!(told(text), Ok(wish::Answer::Text(None)));
    let busy = ScriptAnswer::Error {
        kind: ScriptCallError::Busy,
        message: String::new(),
    };
    assert_eq!(told(busy), Err(wit::types::Error::Busy));
}

#[test]
fn every_operation_becomes_one_of_ours() {
    use wish::Operation;
    let becomes = |operation: Operation, ours: ScriptOp| {
        let act = serving::Act::Step(serving::StepAct { step: 1, operation });
        let ours = Act::Step {
            step: 1,
            operation: ours,
        };
        assert_eq!(
            action(serving::Action { id: 7, act }),
            Ok(Action { id: 7, act: ours })
        );
    };
    let secs = Duration::from_secs;
    becomes(Operation::Answer, ScriptOp::Answer);
    let play = wish::Play {
        prompts: vec!["a".into()],
        early: true,
        repeat_ms: Some(3_000),
    };
    let ours = ScriptOp::Play {
        prompts: vec!["a".into()],
        early: true,
        repeat_for: Some(secs(3)),
    };
    becomes(Operation::Play(play), ours);
    let ours = ScriptOp::Tone {
        name: "busy".into(),
        lasts: secs(1),
    };
    becomes(Operation::Tone(("busy".into(), 1_000)), ours);
    becomes(Operation::Wait(2_000), ScriptOp::Wait { lasts: secs(2) });
    let ours = CollectOp {
        prompts: vec!["pin".into()],
        min: 4,
        max: 6,
        secret: true,
        tries: 3,
        invalid: vec!["again".into()],
        ..CollectOp::default()
    };
    becomes(Operation::Collect(collecting()), ScriptOp::Collect(ours));
    let ring = wish::Ring {
        users: vec!["ann".into()],
        in_turn: true,
        timeout_ms: 20_000,
        music: Some("hold".into()),
    };
    let ours = ScriptOp::Ring {
        users: vec!["ann".into()],
        in_turn: true,
        timeout: secs(20),
        music: Some("hold".into()),
    };
    becomes(Operation::Ring(ring), ours);
    let trunk = wish::Trunk {
        trunks: vec!["a".into()],
        number: Some("1".into()),
        timeout_ms: 9_000,
        caller_id: Some("2".into()),
    };
    let ours = ScriptOp::Trunk {
        trunks: vec!["a".into()],
        number: Some("1".into()),
        timeout: secs(9),
        caller_id: Some("2".into()),
    };
    becomes(Operation::Trunk(trunk), ours);
    becomes(Operation::Record(true), ScriptOp::Record { on: true });
    let (name, value) = ("a".to_owned(), "b".to_owned());
    let ours = ScriptOp::Set {
        name: name.clone(),
        value: value.clone(),
    };
    becomes(Operation::Set((name.clone(), value)), ours);
    becomes(Operation::Get(name.clone()), ScriptOp::Get { name });
    let digits = "12#".to_owned();
    becomes(
        Operation::SendDigits(digits.clone()),
        ScriptOp::SendDigits { digits },
    );
    let cause = Some("busy".to_owned());
    becomes(Operation::HangUp(cause.clone()), ScriptOp::Hangup { cause });
}

fn collecting() -> wish::Collect {
    wish::Collect {
        prompts: vec!["pin".into()],
        min: 4,
        max: 6,
        timeout_ms: 5_000,
        between_ms: 3_000,
        ends_with: Some("#".into()),
        secret: true,
        tries: 3,
        invalid: vec!["again".into()],
    }
}

#[test]
fn every_action_becomes_one_of_ours() {
    let becomes = |act: serving::Act, ours: Act| {
        assert_eq!(
            action(serving::Action { id: 1, act }),
            Ok(Action { id: 1, act: ours })
        );
    };
    let end = serving::StepEnd {
        step: 2,
        outcome: "x".into(),
    };
    let ours = Act::EndStep {
        step: 2,
        outcome: "x".into(),
    };
    becomes(serving::Act::EndStep(end), ours);
    let ours = Act::Publish {
        topic: "m.done".into(),
        payload: json!({ "a": 1 }),
    };
    becomes(
        serving::Act::Publish(("m.done".into(), r#"{"a":1}"#.into())),
        ours,
    );
    let fact = serving::Fact {
        topic: "m.stats".into(),
        key: "k".into(),
        payload: None,
    };
    let ours = Act::Retain {
        topic: "m.stats".into(),
        key: "k".into(),
        payload: None,
    };
    becomes(serving::Act::Retain(fact), ours);
    let name = "t".to_owned();
    let ours = Act::SetTimer {
        name: name.clone(),
        at_ms: 5,
    };
    becomes(serving::Act::SetTimer((name.clone(), 5)), ours);
    becomes(
        serving::Act::ClearTimer(name.clone()),
        Act::ClearTimer { name },
    );
    let start = serving::StartCall {
        user: Some("ann".into()),
        trunk: None,
        number: None,
        route: "back".into(),
        caller_id: Some("1".into()),
        timeout_ms: 4,
        variables: vec![("a".into(), "b".into())],
        key: Some("once".into()),
    };
    let ours = StartCall {
        user: Some("ann".into()),
        route: "back".into(),
        caller_id: Some("1".into()),
        timeout_ms: 4,
        variables: set(&[("a", "b")]),
        key: Some("once".into()),
        ..StartCall::default()
    };
    becomes(serving::Act::StartCall(start), Act::StartCall(ours));
    let ours = Act::Reply {
        request: 3,
        answer: Ok(json!([1])),
    };
    becomes(serving::Act::Reply((3, Ok("[1]".into()))), ours);
    let send = serving::HttpSend {
        method: "GET".into(),
        url: "https://a".into(),
        headers: vec![("h".into(), "v".into())],
        body: None,
        timeout_ms: 100,
    };
    let ours = HttpSend {
        method: "GET".into(),
        url: "https://a".into(),
        headers: vec![("h".into(), "v".into())],
        body: None,
        timeout_ms: 100,
    };
    becomes(serving::Act::Http(send), Act::Http(ours));
}

#[test]
fn what_is_wrong_is_a_sentence_that_names_the_action() {
    let wrong = |act: serving::Act| action(serving::Action { id: 9, act }).unwrap_err();
    let publish = |json: &str| wrong(serving::Act::Publish(("a.b".into(), json.into())));
    assert!(publish("{").starts_with("action 9: the payload is no JSON"));
    let long = format!("\"{}\"", "x".repeat(JSON_BYTES_MAX));
    assert!(publish(&long).contains("262144 are allowed"));
    assert!(
        publish(&"[".repeat(10_000)).contains("no JSON"),
        "depth is bounded"
    );
    let step = |operation| wrong(serving::Act::Step(serving::StepAct { step: 1, operation }));
    let collect = |change: &dyn Fn(&mut wish::Collect)| {
        let mut collect = collecting();
        change(&mut collect);
        step(wish::Operation::Collect(collect))
    };
    assert!(collect(&|c| c.min = 0).contains("1 to 64"));
    assert!(collect(&|c| c.max = 3).contains("4 to 3"));
    assert!(collect(&|c| c.tries = 11).contains("tries is 11"));
    assert!(collect(&|c| c.ends_with = Some("##".into())).contains("one key"));
    assert!(collect(&|c| c.timeout_ms = u32::MAX).contains("a day"));
    assert!(collect(&|c| c.prompts = vec!["a".into(); 33]).contains("33 names"));
    assert!(collect(&|c| c.invalid = vec!["a\nb".into()]).contains("in one line"));
    assert!(step(wish::Operation::SendDigits("1x".into())).contains("0-9"));
    assert!(step(wish::Operation::HangUp(Some("nope".into()))).contains("\"nope\""));
    assert!(step(wish::Operation::Set(("a b".into(), String::new()))).contains("variable"));
    // A reply that is no JSON is told to who asked.
    let act = serving::Act::Reply((1, Ok("{".into())));
    let Act::Reply { answer, .. } = action(serving::Action { id: 1, act }).unwrap().act else {
        panic!("no reply");
    };
    assert!(answer.unwrap_err().contains("the reply is no JSON"));
}
