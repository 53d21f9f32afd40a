//! A carrier by its address: calls in and out, UDP and TCP, OPTIONS.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::sip_text::{Wire, request};
use cordboard_tests::sipp::{
    BYE_COMES, PROVISIONAL, Run, Sipp, answered, bye, invite, pause, refused, response,
};
use cordboard_tests::switch::Plan;
use cordboard_tests::wait::s;

use super::{COLLEAGUES, USERS, told, with_trunk};

const OUT: &str =
    "outbound out match=\"0x{9,10}\" { trunk far number=\"+44{dialled:1}\" timeout=\"10s\"; }\n";

/// R2: a carrier's call to a DID reaches the phone behind it, with the carrier's caller id.
#[test]
fn a_carrier_calls_a_number_of_ours() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk("in", "");
    let switch = plan.start();
    let alice = Baresip::registered(&switch, &Setup::default());
    let scenario = format!(
        "{}{PROVISIONAL}{}{}{}",
        invite("\"Carol\" ", ""),
        answered(),
        pause(500),
        bye(2)
    );
    Sipp::start(
        &switch,
        &Run {
            scenario: &scenario,
            port: Some(port),
            number: "+442079460201",
            ..Run::default()
        },
    )
    .passes(s(20));
    alice.wait("CALL_ESTABLISHED");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    assert_eq!(
        cdrs[0]["party"],
        serde_json::json!({ "kind": "trunk", "name": "far" })
    );
    assert_eq!(cdrs[0]["caller"], "+442071234567");
    assert_eq!(
        cdrs[1]["party"],
        serde_json::json!({ "kind": "user", "name": "alice" })
    );
    assert!(
        alice.printed().contains("+442071234567"),
        "{}",
        alice.printed()
    );
}

/// R2: the same address is a stranger at another port of this machine, and strangers get nothing.
#[test]
fn a_stranger_cannot_call_a_number_of_ours() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let (plan, _) = with_trunk("stranger", "");
    let switch = plan.start();
    let scenario = format!("{}{PROVISIONAL}{}", invite("", ""), refused(401));
    Sipp::start(
        &switch,
        &Run {
            scenario: &scenario,
            number: "+442079460201",
            ..Run::default()
        },
    )
    .passes(s(15));
    assert!(
        switch
            .events
            .since(0, |e| e["topic"] == "call.started")
            .is_empty()
    );
}

/// R2: a user's national call leaves by the trunk with the number in the carrier's form; PCMA of
/// the carrier and PCMU of the phone are converted or agreed, and both CDRs are there.
#[test]
fn a_user_calls_out_through_a_carrier() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk("out", OUT);
    let switch = plan.start();
    let scenario = format!(
        "<recv request=\"INVITE\"></recv>\n{}{}<recv request=\"ACK\"></recv>\n{BYE_COMES}",
        response("180 Ringing", false),
        response("200 OK", true)
    );
    let far = Sipp::start(
        &switch,
        &Run {
            scenario: &scenario,
            port: Some(port),
            answers: true,
            ..Run::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("02071112222");
    alice.wait("CALL_ESTABLISHED");
    switch.events.topic("call.bridged");
    alice.command("hangup", "");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    assert_eq!(cdrs[1]["dialled"], "+442071112222", "{cdrs:#?}");
    assert_eq!(cdrs[1]["caller"], "+442079460201", "{cdrs:#?}");
    assert_eq!(told(&switch, "leg.dialled", "caller"), ["+442079460201"]);
    far.passes(s(20));
}

/// R2, X3: calls by TCP, in and out, with several messages on one connection.
#[test]
fn calls_by_tcp_go_in_and_out() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let port = cordboard_tests::ports::one();
    let trunk = format!("trunk far {{ address \"127.0.0.1:{port}\" transport=tcp; }}\n");
    let switch = Plan::demo("tcp", &format!("{USERS}{COLLEAGUES}{OUT}{trunk}")).start();
    let mut alice = Baresip::registered(
        &switch,
        &Setup {
            tcp: true,
            ..Setup::default()
        },
    );
    assert!(switch.devices("demo", "alice")[0].contains("tcp"));
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            ..Setup::default()
        },
    );
    alice.dial("bob");
    bob.wait("CALL_ESTABLISHED");
    alice.wait("CALL_ESTABLISHED");
    alice.command("hangup", "");
    bob.wait("CALL_CLOSED");

    let scenario = format!(
        "<recv request=\"INVITE\"></recv>\n{}<recv request=\"ACK\"></recv>\n{BYE_COMES}",
        response("200 OK", true)
    );
    let run = Run {
        scenario: &scenario,
        port: Some(port),
        answers: true,
        tcp: true,
        ..Run::default()
    };
    let far = Sipp::start(&switch, &run);
    let mark = alice.mark();
    // sipp opens its port in its own time, and a refused connection is a failed call.
    cordboard_tests::wait::until("sipp listens", s(10), || {
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
    alice.dial("02071112222");
    alice.wait_from(mark, "CALL_ESTABLISHED", s(10));
    alice.command("hangup", "");
    far.passes(s(20));
}

/// R2: OPTIONS of a monitor is answered with what we can do.
#[test]
fn options_are_answered() {
    let switch = Plan::demo("options", USERS).start();
    let wire = Wire::to(switch.sip);
    let uri = format!("sip:{}", switch.address());
    let (status, answer) = wire.ask(&request(
        "OPTIONS",
        &uri,
        "<sip:monitor@127.0.0.1>",
        wire.port(),
        "opt1",
        "",
    ));
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer.contains("\r\nAllow: ") && answer.contains("INVITE"),
        "{answer}"
    );
}
