//! Each world once: what a module is told, and what becomes of what it says.

use super::*;
use crate::contract::{Decision, Event};
use cordboard_steps::script::{LogLevel, OutsideRequest, ScriptCallError, ScriptErrorKind};

fn event(seq: u64, topic: &str, payload: Value) -> Event {
    Event {
        seq,
        at_ms: 1_000 * seq,
        topic: topic.into(),
        call: Some("call-1".into()),
        leg: None,
        payload,
    }
}

#[test]
fn a_call_script_acts_on_its_call() {
    let module = of(
        "call-script",
        "return { run = function(step, arguments, call)\n\
           call:answer()\n\
           local digits, why = call:collect({ prompt = \"menu\", digits = 1 })\n\
           call:set(\"chosen\", digits or why)\n\
           log.info(\"went on\")\n\
           return if step == \"go\" and arguments.to == \"sales\" then \"gone-on\" else \"done\"\n\
         end }",
    );
    let mut seen = Vec::new();
    let start = begin(1, "go", json!({"to": "sales"}), &[]);
    let turn = run(&mut host(), &module, start, |op| {
        seen.push(op.function().to_owned());
        match op {
            ScriptOp::Collect(_) => digits("4"),
            _ => ScriptAnswer::Done,
        }
    });
    assert_eq!(turn, done("gone-on"));
    assert_eq!(seen, ["answer", "collect", "set", "log"]);
}

#[test]
fn an_outcome_that_the_manifest_does_not_declare_fails_the_step() {
    let module = of(
        "call-script",
        "return { run = function() return \"elsewhere\" end }",
    );
    let error = failure(go(&module));
    assert!(error.message.contains("\"elsewhere\""), "{error:?}");
    assert_eq!(error.kind, ScriptErrorKind::Runtime);
}

#[test]
fn a_call_script_says_why_it_cannot() {
    let module = of(
        "call-script",
        "return { run = function() return nil, \"unavailable\", \"the desk is down\" end }",
    );
    let error = failure(go(&module));
    assert_eq!(error.message, "unavailable: the desk is down");
    assert_eq!(error.kind, ScriptErrorKind::Overload);
    let module = of(
        "call-script",
        "return { run = function() return nil, \"broken\" end }",
    );
    assert!(
        failure(go(&module))
            .message
            .contains("is no kind of failure")
    );
}

#[test]
fn a_call_that_was_kept_is_dead_in_the_next_one() {
    let module = of(
        "call-script",
        "local kept\nreturn { run = function(step, arguments, call)\n\
           if kept then kept:play(\"welcome\") end\n kept = call\n call:answer()\n end }",
    );
    let mut host = host();
    let first = run(&mut host, &module, begin(1, "go", json!({}), &[]), |_| {
        ScriptAnswer::Done
    });
    assert_eq!(first, ScriptTurn::Done { outcome: None });
    let error = failure(run(
        &mut host,
        &module,
        begin(2, "go", json!({}), &[]),
        |op| panic!("nothing is asked: {op:?}"),
    ));
    assert_eq!(error.message, "the caller is gone");
    assert_eq!(error.line, Some(3));
}

#[test]
fn what_is_not_granted_is_denied_and_named() {
    let source = "return { run = function(step, arguments, call)\n\
           local answer, kind, message = http.get(\"https://crm.example.com/x\")\n\
           return nil, kind, message end }";
    let error = failure(go(&of("call-script", source)));
    assert!(error.message.starts_with("denied: module `x`"), "{error:?}");
    assert!(error.message.contains("grant http"), "{error:?}");
    let node = "module x { grant http \"https://crm.example.com/*\" }";
    let module = with_node("call-script", source, node);
    let mut asked = Vec::new();
    run(&mut host(), &module, begin(1, "go", json!({}), &[]), |op| {
        asked.push(op.clone());
        ScriptAnswer::Done
    });
    assert!(
        matches!(&asked[..], [ScriptOp::Outside(OutsideRequest::Http { .. })]),
        "{asked:?}"
    );
    let source = "return { run = function() return nil, select(2, store.get(\"k\")) end }";
    assert!(
        failure(go(&of("call-script", source)))
            .message
            .starts_with("denied")
    );
    let source = "return { run = function(s, a, call) call:trunk(\"carrier-a\") end }";
    let error = failure(go(&of("call-script", source)));
    assert!(error.message.contains("carrier-a"), "{error:?}");
}

#[test]
fn topics_are_the_modules_own() {
    let source = "return { run = function()\n\
        events.publish(\"seen\", { a = 1 })\n events.retain(\"x.stats\", \"k\", { n = 2 })\n\
        local ok, kind = events.publish(\"queue.seen\", {})\n\
        local _, undeclared = events.publish(\"other\", {})\n\
        return nil, kind, undeclared end }";
    let mut asked = Vec::new();
    let module = of("call-script", source);
    let turn = run(&mut host(), &module, begin(1, "go", json!({}), &[]), |op| {
        asked.push(op.clone());
        ScriptAnswer::Done
    });
    assert_eq!(failure(turn).message, "denied: denied");
    assert_eq!(
        asked,
        [
            ScriptOp::Outside(OutsideRequest::Publish {
                topic: "x.seen".into(),
                payload: json!({"a": 1}),
            }),
            ScriptOp::Outside(OutsideRequest::Retain {
                topic: "x.stats".into(),
                key: "k".into(),
                payload: Some(json!({"n": 2})),
            }),
        ]
    );
}

const ROUTER: &str = "return { route = function(request)\n\
    if request.caller.trunk ~= \"carrier-a\" then return nil, \"not-found\", \"no such way\" end\n\
    return {\n\
      decision = { targets = { { trunk = \"carrier-a\", number = request.dialled, timeout_ms = 9000 }, { user = \"alice\" } } },\n\
      set = { [\"x.cost\"] = 12, vip = true },\n\
      reasons = { \"cheapest of \" .. request.variables.language .. \" \" .. request.seed .. \" \" .. request.arguments.to },\n\
    } end }";

#[test]
fn a_router_gives_targets_and_reasons() {
    let module = of("router", ROUTER);
    let mut router = module.guest.router(&module).unwrap();
    let mut request = begin(1, "go", json!({"to": "uk"}), &[]).request();
    let answer = router.route(&request).unwrap().unwrap();
    assert_eq!(answer.reasons, ["cheapest of uk 7 uk"]);
    assert_eq!(answer.set["x.cost"], "12");
    assert_eq!(answer.set["vip"], "true");
    let Decision::Targets(targets) = answer.decision else {
        panic!("{answer:?}")
    };
    assert_eq!(targets[0].number.as_deref(), Some("+442079460100"));
    assert_eq!(
        (targets[0].timeout_ms, targets[1].timeout_ms),
        (9_000, 20_000)
    );
    request.caller.trunk = None;
    let refused = router.route(&request).unwrap().unwrap_err();
    assert_eq!(refused.kind, ScriptCallError::NotFound);
    assert_eq!(refused.message, "no such way");
}

#[test]
fn a_routers_targets_are_tried_in_order() {
    let node =
        "trunk carrier-a { address \"198.51.100.7:5060\" }\nmodule x { grant trunk carrier-a }";
    let module = with_node("router", ROUTER, node);
    let mut seen = Vec::new();
    let start = begin(1, "go", json!({"to": "uk"}), &[]);
    let mut host = host();
    let turn = run(&mut host, &module, start, |op| {
        seen.push(op.function().to_owned());
        let talk = |outcome: &str| ScriptAnswer::Talk {
            outcome: outcome.into(),
            by: None,
            cause: None,
        };
        match op {
            ScriptOp::Trunk { .. } => talk("busy"),
            ScriptOp::Ring { .. } => talk("answered"),
            _ => ScriptAnswer::Done,
        }
    });
    assert_eq!(turn, done("answered"));
    assert_eq!(seen, ["set", "set", "log", "trunk", "ring"]);
    assert_eq!(StepHost::figures(&host).running, 0);
    assert_eq!(
        module
            .health
            .instances
            .load(std::sync::atomic::Ordering::Relaxed),
        0
    );
}

#[test]
fn wrong_answers_of_a_router_are_named() {
    for (answer, said) in [
        ("nil", "nothing came back"),
        ("1", "a table with decision"),
        ("{}", "no `decision`"),
        ("{ decision = {} }", "one of them"),
        (
            "{ decision = { outcome = \"a\", targets = {} } }",
            "one of them",
        ),
        ("{ decison = {} }", "did you mean 'decision'?"),
        ("{ decision = { targets = { { user = {} } } } }", "target 1"),
        (
            "{ decision = { targets = { { usr = \"a\" } } } }",
            "target 1",
        ),
        (
            "{ decision = { outcome = \"a\" }, set = { 1 } }",
            "`set` has names",
        ),
        (
            "{ decision = { outcome = \"a\" }, reasons = { {} } }",
            "a reason must be a text",
        ),
    ] {
        let module = of(
            "router",
            &format!("return {{ route = function() return {answer} end }}"),
        );
        let error = failure(go(&module));
        assert!(error.message.contains(said), "{answer}: {error:?}");
    }
}

#[test]
fn a_connector_looks_up_and_hears_events() {
    let source = "return { look_up = function(query)\n\
        local value = store.get(query.caller.number)\n\
        if not value then return \"unknown\" end\n\
        return { outcome = \"found\", set = { [\"x.name\"] = value } }\n\
      end,\n\
      on_event = function(event)\n\
        if event.payload.cause == \"busy\" then return nil, \"unavailable\", \"later\" end\n\
        if event.payload.cause == \"odd\" then error(\"odd\") end\n\
        store.set(event.call, tostring(event.seq))\n\
      end }";
    let module = with_node("connector", source, "module x { grant store }");
    let mut seen = Vec::new();
    let mut host = host();
    let turn = run(&mut host, &module, begin(1, "go", json!({}), &[]), |op| {
        seen.push(op.clone());
        match op {
            ScriptOp::Outside(_) => ScriptAnswer::Text {
                value: Some("Ann".into()),
            },
            _ => ScriptAnswer::Done,
        }
    });
    assert_eq!(turn, done("found"));
    assert_eq!(
        seen[1],
        ScriptOp::Set {
            name: "x.name".into(),
            value: "Ann".into()
        }
    );
    let hear = |host: &mut LuaHost, cause: &str| {
        let event = event(7, "call.ended", json!({"cause": cause}));
        let turn = host.begin(key(9).into(), &module, Work::Event(event));
        match turn {
            ScriptTurn::Call { .. } => host.resume(key(9), ScriptAnswer::Done).unwrap(),
            other => other,
        }
    };
    assert_eq!(
        hear(&mut host, "normal"),
        ScriptTurn::Done { outcome: None }
    );
    assert_eq!(
        failure(hear(&mut host, "busy")).message,
        "unavailable: later"
    );
    assert_eq!(failure(hear(&mut host, "odd")).message, "odd");
}

#[test]
fn a_reporter_folds_renders_and_keeps() {
    let source = "local calls = 0\n\
      return {\n\
        fold = function(events) for _, event in events do if event.topic == \"call.ended\" then calls += 1 end end end,\n\
        render = function(verb, arguments)\n\
          if verb ~= \"totals\" then return nil, \"not-found\", \"no such report\" end\n\
          if arguments.csv then return { media_type = \"text/csv\", body = \"calls\\n\" .. calls } end\n\
          return { body = { calls = calls } } end,\n\
        save = function() return { calls = calls } end,\n\
        restore = function(version, state) if version > 1 then return \"too new\" end calls = state.calls end,\n\
      }";
    let module = of("reporter", source);
    let mut reporter = module.guest.reporter(&module).unwrap();
    let ended = event(1, "call.ended", json!({}));
    reporter
        .fold(&[ended.clone(), event(2, "leg.ended", json!({})), ended])
        .unwrap();
    let report = reporter.render("totals", &json!({})).unwrap().unwrap();
    assert_eq!(report.media_type, "application/json");
    assert_eq!(report.body, b"{\"calls\":2}");
    let csv = reporter
        .render("totals", &json!({"csv": true}))
        .unwrap()
        .unwrap();
    assert_eq!(
        (csv.media_type.as_str(), csv.body.as_slice()),
        ("text/csv", &b"calls\n2"[..])
    );
    let refused = reporter.render("other", &json!({})).unwrap().unwrap_err();
    assert_eq!(refused.kind, ScriptCallError::NotFound);
    let state = reporter.save().unwrap();
    let mut next = module.guest.reporter(&module).unwrap();
    assert_eq!(next.restore(2, &state).unwrap(), Err("too new".into()));
    assert_eq!(next.restore(1, &state).unwrap(), Ok(()));
    assert_eq!(next.save().unwrap(), state);
}

#[test]
fn instances_are_bounded() {
    let toml = format!("{}\n[limits]\ninstances = 2\n", manifest("call-script"));
    let source = "return { run = function(s, a, call) call:answer() end }";
    let setup = Setup {
        toml: &toml,
        files: &[("module.lua", source)],
        node: "module x",
        name: "x",
        granted_files: &[],
    };
    let (module, _) = try_load(&setup).unwrap();
    let mut host = host();
    let mut start = |n| {
        let work = Work::Step(Box::new(begin(n, "go", json!({}), &[])));
        host.begin(key(n).into(), &module, work)
    };
    assert!(matches!(start(1), ScriptTurn::Call { .. }));
    assert!(matches!(start(2), ScriptTurn::Call { .. }));
    let error = failure(start(3));
    assert_eq!(error.kind, ScriptErrorKind::Overload);
    assert!(error.message.contains("2 times at once"), "{error:?}");
    assert!(host.kill(key(1)));
    let work = Work::Step(Box::new(begin(4, "go", json!({}), &[])));
    assert!(matches!(
        host.begin(key(4).into(), &module, work),
        ScriptTurn::Call { .. }
    ));
}

#[test]
fn a_vm_is_given_back_with_its_module() {
    let module = of(
        "call-script",
        "return { run = function() return \"done\" end }",
    );
    let mut host = host();
    let start = begin(1, "go", json!({}), &[]);
    assert_eq!(
        run(&mut host, &module, start, |_| ScriptAnswer::Done),
        done("done")
    );
    assert_eq!(host.vms().0, 1);
    drop(module);
    StepHost::sweep(&mut host);
    assert_eq!(host.vms().0, 0);
}

#[test]
fn another_world_is_refused() {
    let module = of("router", "return { route = function() end }");
    let error = module.guest.service(&module).err().unwrap();
    assert_eq!(error.kind, ScriptErrorKind::Missing);
    assert!(error.message.contains("is a router"), "{error:?}");
    let mut host = host();
    let work = Work::Event(event(1, "call.ended", json!({})));
    assert_eq!(
        failure(host.begin(key(1).into(), &module, work)).kind,
        ScriptErrorKind::Missing
    );
}

#[test]
fn log_lines_inside_a_call_stay_with_the_call() {
    let module = of(
        "call-script",
        "return { run = function() log.warn(\"odd\", { n = 1 }) end }",
    );
    let mut seen = Vec::new();
    run(&mut host(), &module, begin(1, "go", json!({}), &[]), |op| {
        seen.push(op.clone());
        ScriptAnswer::Done
    });
    assert_eq!(
        seen,
        [ScriptOp::Log {
            level: LogLevel::Warn,
            message: "odd {\"n\":1}".into(),
        }]
    );
}
