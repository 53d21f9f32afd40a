//! A service in Lua: inputs, actions, state.

use super::*;
use crate::contract::{Act, Action, Body, Input, StepStart};
use crate::module::ServiceGuest;
use cordboard_steps::script::{ScriptCallError, ScriptErrorKind};

fn service(handle: &str) -> Box<dyn ServiceGuest> {
    let source = format!(
        "local state = {{ seen = 0 }}\nreturn {{\n handle = function(inputs)\n{handle}\n end,\n\
         save = function() return state end,\n\
         restore = function(version, from) state = from end }}"
    );
    let module = of("service", &source);
    module.guest.service(&module).unwrap()
}

fn input(seq: u64, body: Body) -> Input {
    Input {
        seq,
        at_ms: 1_000 * seq,
        seed: 5 << 11,
        body,
    }
}

fn timer(seq: u64) -> Input {
    input(seq, Body::Timer { name: "t".into() })
}

fn acts(handle: &str) -> Vec<Act> {
    let actions = service(handle).handle(&[timer(1)]).unwrap();
    actions.into_iter().map(|action| action.act).collect()
}

#[track_caller]
fn wrong(handle: &str) -> String {
    let error = service(handle).handle(&[timer(1)]).unwrap_err();
    assert_eq!(error.kind, ScriptErrorKind::Runtime);
    error.message
}

#[test]
fn a_step_is_answered_by_operations_and_ends() {
    let mut service = service(
        "local out = {}\nfor _, input in inputs do\n local body = input.body\n\
         if body.input == \"step-started\" then\n\
           table.insert(out, { id = 7, act = \"step\", step = body.step, operation = { play = { prompts = { body.arguments.hello } } } })\n\
         elseif body.input == \"step-answered\" then\n\
           table.insert(out, { id = 8, act = \"end-step\", step = body.step, outcome = body.answer.answer .. body.action })\n\
         elseif body.input == \"step-gone\" then\n\
           table.insert(out, { act = \"publish\", topic = \"x.seen\", payload = { step = body.step } })\n\
         end\nend\nreturn out",
    );
    let start = StepStart {
        step: 3,
        name: "go".into(),
        arguments: json!({"hello": "welcome"}),
        call: "call-1".into(),
        caller: crate::contract::Caller::default(),
        dialled: "100".into(),
        variables: BTreeMap::new(),
        answered: false,
    };
    let actions = service
        .handle(&[input(1, Body::StepStarted(start))])
        .unwrap();
    assert_eq!(
        actions,
        [Action {
            id: 7,
            act: Act::Step {
                step: 3,
                operation: ScriptOp::Play {
                    prompts: vec!["welcome".into()],
                    early: false,
                    repeat_for: None,
                },
            },
        }]
    );
    let answered = Body::StepAnswered {
        step: 3,
        action: 7,
        answer: ScriptAnswer::Done,
    };
    let actions = service
        .handle(&[input(2, answered), input(3, Body::StepGone { step: 4 })])
        .unwrap();
    assert_eq!(
        actions[0].act,
        Act::EndStep {
            step: 3,
            outcome: "done7".into()
        }
    );
    assert!(actions[1].id >= 1 << 52, "{actions:?}");
}

#[test]
fn every_act_is_read() {
    let acts = acts(
        "return {\n\
         { id = 1, act = { act = \"publish\", topic = \"x.seen\" } },\n\
         { act = \"retain\", topic = \"x.stats\", key = \"a\", payload = { list = { 1, 2 } } },\n\
         { act = \"retain\", topic = \"x.stats\", key = \"a\" },\n\
         { act = \"set-timer\", name = \"t\", at_ms = inputs[1].at_ms + 500 },\n\
         { act = \"clear-timer\", name = \"t\" },\n\
         { act = \"start-call\", user = \"alice\", route = \"main\", variables = {} },\n\
         { act = \"reply\", request = 1, answer = { n = 1 } },\n\
         { act = \"reply\", request = 2, error = \"no such thing\" },\n\
         { act = \"http\", method = \"post\", url = \"https://a.example/\", headers = { accept = \"x\" } },\n\
         { act = \"http\", method = \"GET\", url = \"https://a.example/\", headers = { { \"a\", \"b\" } } },\n\
         }",
    );
    assert_eq!(acts.len(), 10);
    assert_eq!(
        acts[0],
        Act::Publish {
            topic: "x.seen".into(),
            payload: json!({})
        }
    );
    assert_eq!(
        acts[3],
        Act::SetTimer {
            name: "t".into(),
            at_ms: 1_500
        }
    );
    let Act::StartCall(start) = &acts[5] else {
        panic!("{acts:?}")
    };
    assert_eq!(
        (start.user.as_deref(), start.timeout_ms),
        (Some("alice"), 20_000)
    );
    assert_eq!(
        acts[6],
        Act::Reply {
            request: 1,
            answer: Ok(json!({"n": 1}))
        }
    );
    assert_eq!(
        acts[7],
        Act::Reply {
            request: 2,
            answer: Err("no such thing".into())
        }
    );
    let Act::Http(send) = &acts[8] else {
        panic!("{acts:?}")
    };
    assert_eq!(send.method, "POST");
    assert_eq!(send.headers, [("accept".to_owned(), "x".to_owned())]);
}

#[test]
fn every_operation_is_read() {
    let acts = acts(
        "local ops = { \"answer\", { play = { prompts = \"a\", repeat_ms = 500 } }, { tone = { name = \"busy\", ms = 10 } },\n\
         { wait = 20 }, { collect = { min = 2, max = 4, ends_with = \"\" } }, { ring = { users = { \"a\" }, in_turn = true } },\n\
         { trunk = { trunks = { \"t\" } } }, { record = true }, { set = { name = \"a\", value = \"b\" } }, { get = \"a\" },\n\
         { send_digits = \"12\" }, { hang_up = \"busy\" } }\n\
         local out = {}\nfor _, op in ops do table.insert(out, { act = \"step\", step = 1, operation = op }) end\nreturn out",
    );
    let functions: Vec<&str> = acts
        .iter()
        .map(|act| match act {
            Act::Step { operation, .. } => operation.function(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        functions,
        [
            "answer",
            "play",
            "tone",
            "wait",
            "collect",
            "ring",
            "trunk",
            "record",
            "set",
            "get",
            "send-digits",
            "hangup"
        ]
        .map(|f| if f == "send-digits" { functions[10] } else { f })
    );
    let Act::Step {
        operation: ScriptOp::Collect(collect),
        ..
    } = &acts[4]
    else {
        panic!()
    };
    assert_eq!((collect.min, collect.max, collect.ends_with), (2, 4, None));
}

#[test]
fn wrong_actions_are_named_by_their_place() {
    for (handle, said) in [
        ("return 1", "list of actions"),
        ("return { a = 1 }", "list of actions"),
        ("return { 1 }", "action 1: an action is a table"),
        ("return { {} }", "action 1"),
        ("return { { act = \"publsh\", topic = \"x\" } }", "publsh"),
        ("return { { act = \"publish\", topc = \"x\" } }", "topc"),
        (
            "return { { act = \"clear-timer\", name = \"a\" }, { act = \"end-step\" } }",
            "action 2: end-step",
        ),
        (
            "return { { id = 0, act = \"clear-timer\", name = \"a\" } }",
            "`id`",
        ),
        (
            "return { { act = \"step\", step = 1, operation = { plya = {} } } }",
            "plya",
        ),
        (
            "return { { act = \"step\", step = 1, operation = { play = { prompts = {} } } } }",
            "`prompts` names 1 to 32",
        ),
        (
            "return { { act = \"step\", step = 1, operation = { wait = 0 } } }",
            "wait is 1 to",
        ),
        (
            "return { { act = \"step\", step = 1, operation = { hang_up = \"bussy\" } } }",
            "bussy",
        ),
        (
            "return { { act = \"reply\", request = 1, answer = {}, error = \"x\" } }",
            "not both",
        ),
        ("return { function() end }", "a function cannot be written"),
    ] {
        let message = wrong(handle);
        assert!(message.contains(said), "{handle}: {message}");
    }
}

#[test]
fn the_same_inputs_give_the_same_actions_from_a_saved_state() {
    let handle = "local out = {}\nfor _, input in inputs do state.seen += 1\n\
        table.insert(out, { act = \"publish\", topic = \"x.seen\", payload = { n = state.seen, seed = input.seed } }) end\nreturn out";
    let mut first = service(handle);
    first.handle(&[timer(1), timer(2)]).unwrap();
    let state = first.save().unwrap();
    assert_eq!(state, b"{\"seen\":2}");
    let mut second = service(handle);
    assert_eq!(second.restore(1, &state).unwrap(), Ok(()));
    assert_eq!(
        first.handle(&[timer(3)]).unwrap(),
        second.handle(&[timer(3)]).unwrap()
    );
    assert_eq!(first.save().unwrap(), second.save().unwrap());
}

#[test]
fn names_come_in_the_same_order_in_every_vm() {
    let handle = "local words = {}\nfor i = 1, 200 do words[\"w\" .. i * 7919 % 1009] = i end\n\
        local all = {}\nfor word in words do table.insert(all, word) end\n\
        return { { act = \"publish\", topic = \"x.seen\", payload = { all = all } } }";
    let first = service(handle).handle(&[timer(1)]).unwrap();
    for _ in 0..3 {
        assert_eq!(service(handle).handle(&[timer(1)]).unwrap(), first);
    }
}

#[test]
fn an_http_answer_is_a_status_or_an_error() {
    let mut service = service(
        "local body = inputs[1].body\nreturn { { act = \"reply\", request = 1, error = body.status and tostring(body.status) or body.error.kind } }",
    );
    let mut said = |status| {
        let body = Body::HttpAnswered {
            action: 1,
            status,
            body: String::new(),
        };
        match service.handle(&[input(1, body)]).unwrap().remove(0).act {
            Act::Reply { answer, .. } => answer.unwrap_err(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(said(Ok(204)), "204");
    let refused = crate::contract::Refused {
        kind: ScriptCallError::Timeout,
        message: String::new(),
    };
    assert_eq!(said(Err(refused)), "timeout");
}

#[test]
fn nothing_to_do_is_nothing() {
    assert!(acts("").is_empty());
    assert!(acts("return {}").is_empty());
}
