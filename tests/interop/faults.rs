//! What breaks by itself: scripts that raise, loop or eat memory, a phone that vanishes, a disk
//! without room. Each ends only what it must, and an event says why.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::sipp::{BYE_COMES, PROVISIONAL, Run, Sipp, answered, invite};
use cordboard_tests::switch::Plan;
use cordboard_tests::wait::s;

use super::{COLLEAGUES, USERS, with_trunk};

/// X8, R15: a script that raises, one that never ends and one that takes all memory: the
/// dialplan's `else` runs in each case, the event names the script's line, and a good script
/// beside them is served.
#[test]
fn a_broken_script_takes_the_else_and_says_its_line() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let script = |body: &str| format!("-- what: Breaks.\ncall:answer()\n{body}\n");
    let broken = [
        ("raises", "error(\"no luck today\")", "raises.lua:3"),
        ("loops", "while true do end", "loops.lua:3"),
        (
            "eats",
            "local t = {}\nwhile true do t[#t + 1] = string.rep(\"x\", 100000) .. #t end",
            "eats.lua",
        ),
    ];
    let dids: String = broken
        .iter()
        .chain(&[("good", "", "")])
        .zip(0..)
        .map(|((name, _, _), n)| {
            format!("did \"+44207946010{n}\" {{\n    run {name}\n    else {{ play bye; hangup cause=congestion; }}\n    hangup cause=normal\n}}\n")
        })
        .collect();
    let (mut plan, port) = with_trunk("scripts", &dids);
    for (name, body, _) in broken {
        plan = plan.script(name, &script(body));
    }
    let switch = plan.script("good", &script("return \"done\"")).start();
    let scenario = format!("{}{PROVISIONAL}{}{BYE_COMES}", invite("", ""), answered());
    for (number, place) in broken.iter().map(|b| b.2).chain([""]).enumerate() {
        let mark = switch.events.mark();
        let number = format!("+44207946010{number}");
        Sipp::start(
            &switch,
            &Run {
                scenario: &scenario,
                port: Some(port),
                number: &number,
                ..Run::default()
            },
        )
        .passes(s(30));
        let call = switch.events.call_from(mark);
        let cdrs = switch.cdrs(&call);
        let failed = switch.events.since(mark, |e| {
            e["topic"] == "call.step-ended" && e["data"]["step"] == "run"
        });
        let why = failed[0]["data"]["why"].as_str().unwrap_or_default();
        if place.is_empty() {
            assert_eq!(cdrs[0]["cause"], 16, "{cdrs:#?}");
        } else {
            assert_eq!(cdrs[0]["cause"], 34, "{cdrs:#?}");
            assert!(why.contains(place), "{place} is not in {why}");
            assert!(switch.console(&["explain", &call]).1.contains(place));
        }
    }
}

/// R3, X2: a phone that vanishes in a call is missed after the tenant's time: the call ends, the
/// event says why, and the other phone is told.
#[test]
fn a_phone_that_vanishes_ends_the_call_after_a_while() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let plan = Plan::demo("vanish", &format!("{USERS}{COLLEAGUES}"));
    let switch = plan.setting("demo", "no-rtp \"3s\"").start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            hertz: 1000.0,
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    alice.hears(1000.0, 0.5);
    bob.vanish();
    alice.wait("CALL_CLOSED");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    assert_eq!(cdrs.len(), 2);
    let ended = switch.events.since(0, |e| e["topic"] == "leg.ended");
    assert!(
        ended.iter().any(|e| e["data"]["why"] == "no-rtp"),
        "{ended:#?}"
    );
}

/// R22: the tenant's, a user's and a trunk's calls at once are bounded, and the next is told so.
#[test]
fn calls_beyond_a_limit_are_refused_with_a_cause() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk(
        "limit",
        "did \"+442079460100\" {\n    play music repeat-for=\"60s\"\n}\n",
    );
    let switch = plan.setting("demo", "calls-max 2").start();
    let wire = cordboard_tests::sip_text::Wire::from(port, switch.sip);
    let uri = format!("sip:+442079460100@{}", switch.address());
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
    let call = |id: &str| {
        let head = cordboard_tests::sip_text::request(
            "INVITE",
            &uri,
            "<sip:+441@127.0.0.1>",
            port,
            id,
            "Content-Type: application/sdp\r\n",
        );
        wire.ask(
            &(head.replace(
                "Content-Length: 0",
                &format!("Content-Length: {}", sdp.len()),
            ) + sdp),
        )
    };
    assert_eq!(call("one").0, 200);
    assert_eq!(call("two").0, 200);
    let mut third = call("three");
    while third.1.contains("Call-ID: one") || third.1.contains("Call-ID: two") {
        third = call("three");
    }
    assert_eq!(third.0, 503, "{}", third.1);
    assert!(third.1.contains("Retry-After:"), "{}", third.1);
    assert_eq!(switch.ok(&["calls"]).as_array().unwrap().len(), 2);
}

/// X2, R24: kill -9 under load, three times: every CDR whose number the stream has shown is in the
/// books afterwards, under that number, once.
#[test]
fn no_cdr_that_was_shown_is_lost_by_a_kill() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk("cdrs", "did \"+442079460100\" { hangup cause=busy }\n");
    let mut switch = plan.start();
    let scenario = format!(
        "{}{PROVISIONAL}{}",
        invite("", ""),
        cordboard_tests::sipp::refused(486)
    );
    for round in 1..=3 {
        let mark = switch.events.mark();
        let run = Run {
            scenario: &scenario,
            port: Some(port),
            number: "+442079460100",
            calls: 500,
            rate: 50,
            ..Run::default()
        };
        let load = Sipp::start(&switch, &run);
        let shown = |switch: &cordboard_tests::switch::Switch| {
            switch.events.since(mark, |e| e["topic"] == "cdr.written")
        };
        cordboard_tests::wait::until("40 CDRs are shown", s(15), || {
            (shown(&switch).len() >= 40).then_some(())
        });
        switch.kill();
        drop(load);
        let shown = shown(&switch);
        switch.start();
        let mut missing = Vec::new();
        for event in &shown {
            let rows = switch.ok(&["cdr", event["call"].as_str().unwrap()]);
            let rows = rows.as_array().unwrap();
            if rows.len() != 1 || rows[0]["number"] != event["seq"] {
                missing.push(format!("{}: {rows:?}", event["seq"]));
            }
        }
        assert!(
            missing.is_empty(),
            "round {round}: {} of {}: {missing:#?}",
            missing.len(),
            shown.len()
        );
    }
}
