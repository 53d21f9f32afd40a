//! A menu in Lua: keys by RFC 4733 and by SIP INFO, barge-in, a wrong key, silence.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::sipp::{PROVISIONAL, Run, Sipp, answered, bye, info_digit, invite, pause};
use cordboard_tests::switch::Plan;
use cordboard_tests::wait::s;

use super::{COLLEAGUES, USERS, told, with_trunk};

const SCRIPT: &str = "-- what: Asks where the caller wants to go.
-- outcomes: sales, wrong, silence
call:answer()
local key, reason = call:collect({ prompt = \"menu\", digits = 1, timeout = 2 })
if key == \"1\" then
\treturn \"sales\"
end
if key then
\treturn \"wrong\"
end
return \"silence\"
";

const ROUTES: &str = "
did \"+442079460100\" { goto main }
outbound reception match=\"100\" { goto main }
route main {
    run choose {
        on sales { ring bob timeout=\"10s\"; }
        on wrong { play hello; hangup; }
        on silence { play bye; hangup cause=no-answer; }
    }
    else { hangup cause=temporary-failure }
}
";

/// R5, R15, X8: the caller hears the menu, a key stops it, and the one who was chosen rings.
#[test]
fn a_key_by_rfc_4733_stops_the_menu_and_rings_bob() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("menu", &format!("{USERS}{COLLEAGUES}{ROUTES}"))
        .script("choose", SCRIPT)
        .start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            hertz: 1000.0,
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("100");
    alice.wait("CALL_ESTABLISHED");
    alice.hears(900.0, 0.5);
    alice.command("sndcode", "1");
    let digit = switch.events.topic("leg.digit-pressed");
    assert_eq!(
        (&digit["data"]["digit"], &digit["data"]["via"]),
        (&"1".into(), &"rfc4733".into()),
        "{digit}"
    );
    let prompt = switch.events.topic("leg.prompt-ended");
    assert_eq!(prompt["data"]["stopped"], true, "{prompt}");
    assert!(
        prompt["data"]["played_ms"].as_u64().unwrap() < 3_000,
        "{prompt}"
    );
    bob.wait("CALL_ESTABLISHED");
    alice.hears(1000.0, 1.0);
    bob.hears(440.0, 1.0);
    assert!(told(&switch, "call.step-ended", "outcome").contains(&"sales".to_owned()));
    alice.command("hangup", "");
    bob.wait("CALL_CLOSED");
}

/// R15: keys by SIP INFO do the same; a wrong key and silence take their own branches.
#[test]
fn keys_by_info_a_wrong_key_and_silence_take_their_branches() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk("info", ROUTES);
    let switch = plan.script("choose", SCRIPT).start();
    let number = "+442079460100";
    let opening = format!("{}{PROVISIONAL}{}", invite("", ""), answered());
    let call = |scenario: &str| {
        let mark = switch.events.mark();
        Sipp::start(
            &switch,
            &Run {
                scenario,
                port: Some(port),
                number,
                ..Run::default()
            },
        )
        .passes(s(30));
        let call = switch.events.call_from(mark);
        switch.cdrs(&call);
        switch.events.since(mark, |e| e["call"] == call.as_str())
    };
    let outcome = |events: &[serde_json::Value], outcome: &str| {
        events.iter().any(|e| {
            e["topic"] == "call.step-ended"
                && e["data"]["step"] == "run"
                && e["data"]["outcome"] == outcome
        })
    };

    let wrong = call(&format!(
        "{opening}{}{}{}",
        pause(300),
        info_digit('7', 2),
        cordboard_tests::sipp::BYE_COMES
    ));
    assert!(outcome(&wrong, "wrong"), "{wrong:#?}");
    let digit = wrong
        .iter()
        .find(|e| e["topic"] == "leg.digit-pressed")
        .unwrap();
    assert_eq!(
        (&digit["data"]["digit"], &digit["data"]["via"]),
        (&"7".into(), &"info".into())
    );

    let silence = call(&format!("{opening}{}", cordboard_tests::sipp::BYE_COMES));
    assert!(outcome(&silence, "silence"), "{silence:#?}");
    let ended = silence.iter().find(|e| e["topic"] == "call.ended").unwrap();
    assert_eq!(ended["data"]["cause"], 19, "{ended}");

    let left = call(&format!("{opening}{}{}", pause(300), bye(2)));
    let ended = left.iter().find(|e| e["topic"] == "leg.ended").unwrap();
    assert_eq!(
        (&ended["data"]["by"], &ended["data"]["cause"]),
        (&"remote".into(), &16.into()),
        "{ended}"
    );
}
