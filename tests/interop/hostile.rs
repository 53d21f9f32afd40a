//! Hostile peers: broken datagrams, half messages, lengths that lie, names with control characters. Each costs only itself.

use std::net::TcpStream;

use cordboard_tests::sip_text::{Wire, request, tcp_answer};
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::s;

use super::{USERS, with_trunk};

#[track_caller]
pub(super) fn lives(switch: &Switch) {
    let wire = Wire::to(switch.sip);
    let uri = format!("sip:{}", switch.address());
    let (status, _) = wire.ask(&request(
        "OPTIONS",
        &uri,
        "<sip:m@127.0.0.1>",
        wire.port(),
        &format!("o{}", wire.port()),
        "",
    ));
    assert_eq!(status, 200);
    assert_eq!(switch.get("/health").unwrap().0, 200);
}

pub(super) fn counter(switch: &Switch, prefix: &str) -> f64 {
    let (_, text) = switch.get("/metrics").unwrap();
    let lines = text.lines().filter(|line| line.starts_with(prefix));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

pub(super) fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// X3: every message of RFC 4475, and rubbish, is answered or dropped, and counted by reason.
#[test]
fn malformed_datagrams_are_counted_and_the_switch_lives() {
    let switch = Plan::demo("torture", USERS).start();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("torture");
    let mut sent = 0;
    for set in ["rfc4475", "rfc5118"] {
        for entry in std::fs::read_dir(folder.join(set)).unwrap().flatten() {
            let bytes = std::fs::read(entry.path()).unwrap();
            Wire::to(switch.sip).send(&bytes);
            for part in 1..8 {
                Wire::to(switch.sip).send(&bytes[..bytes.len() * part / 8]);
            }
            sent += 8;
        }
    }
    let wire = Wire::to(switch.sip);
    let long = [
        b"INVITE sip:".as_slice(),
        &[b'a'; 60_000],
        b" SIP/2.0\r\n\r\n",
    ]
    .concat();
    for bytes in [
        &b""[..],
        b"\0",
        b"\r\n\r\n",
        b"\xff\xfe\xfd",
        b"INVITE",
        b"SIP/2.0 200 OK\r\n\r\n",
        &long,
    ] {
        wire.send(bytes);
    }
    assert!(sent > 400, "{sent}");
    lives(&switch);
    assert!(counter(&switch, "cordboard_sip_refused_") > 50.0);
    assert!(
        switch
            .events
            .since(0, |e| e["topic"] == "call.started")
            .is_empty()
    );
}

/// X3: half a message waits, the other half completes it; what never ends is cut off.
#[test]
fn tcp_messages_come_in_pieces_and_lying_lengths_are_refused() {
    let switch = Plan::demo("pieces", USERS).start();
    let uri = format!("sip:{}", switch.address());
    let whole = request("OPTIONS", &uri, "<sip:m@127.0.0.1>", 5060, "half", "")
        .replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    let mut stream = TcpStream::connect(("127.0.0.1", switch.sip)).unwrap();
    let (first, rest) = whole.as_bytes().split_at(whole.len() / 2);
    assert_eq!(
        tcp_answer(&mut stream, first, std::time::Duration::from_millis(300)),
        ""
    );
    let answer = tcp_answer(&mut stream, rest, s(5));
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");

    let before = resident_kb(switch.pid());
    for length in ["4294967295", "4294967296", "99999999999999999999", "-1"] {
        let lying = whole.replace("Content-Length: 0", &format!("Content-Length: {length}"));
        let mut stream = TcpStream::connect(("127.0.0.1", switch.sip)).unwrap();
        let answer = tcp_answer(&mut stream, lying.as_bytes(), s(3));
        assert!(!answer.starts_with("SIP/2.0 200"), "{length}: {answer}");
    }
    assert!(resident_kb(switch.pid()) < before + 16_384);
    lives(&switch);
}

/// R42: a display name with control characters, an escape sequence and a line break reaches no
/// terminal, log or CDR as such.
#[test]
fn a_hostile_display_name_writes_on_no_terminal() {
    let (plan, port) = with_trunk("name", "did \"+442079460100\" { hangup cause=busy }\n");
    let switch = plan.start();
    let wire = Wire::from(port, switch.sip);
    let from =
        "\"\u{1b}[2J\u{1b}]0;owned\u{7}Eve\u{8}\u{9b}31m\u{202e}\" <sip:+44%1B%5B31m2@127.0.0.1>";
    let uri = format!("sip:+442079460100@{}", switch.address());
    let (status, answer) = wire.ask(&request("INVITE", &uri, from, port, "name", ""));
    assert_eq!(status, 486, "{answer}");
    let call = switch.events.call_from(0);
    switch.cdrs(&call);
    for args in [
        &["contacts"][..],
        &["cdr", &call],
        &["explain", &call],
        &["calls"],
    ] {
        let (_, out, err) = switch.console(args);
        calm(&format!("{args:?}"), &format!("{out}{err}"));
    }
    calm("the log", &switch.log());
    let told = switch.events.since(0, |e| e["topic"] == "call.started");
    calm(
        "the event",
        told[0]["data"]["caller_name"].as_str().unwrap_or_default(),
    );
}

/// Text without control characters other than line ends.
#[track_caller]
fn calm(what: &str, text: &str) {
    let bad = text.chars().find(|c| {
        (c.is_control() && !"\n\t".contains(*c)) || "\u{202a}\u{202b}\u{202d}\u{202e}".contains(*c)
    });
    assert_eq!(bad, None, "{what}: {text:?}");
}

/// X3: a burst of INVITEs from a stranger costs answers, not memory, and a phone is still served.
#[test]
fn a_strangers_burst_is_not_kept() {
    let switch = Plan::demo("burst", USERS).start();
    let before = resident_kb(switch.pid());
    let uri = format!("sip:+442079460100@{}", switch.address());
    let wire = Wire::to(switch.sip);
    for number in 0..5_000 {
        wire.send(
            request(
                "INVITE",
                &uri,
                "<sip:x@127.0.0.1>",
                wire.port(),
                &format!("b{number}"),
                "",
            )
            .as_bytes(),
        );
    }
    // Few are even answered: strangers share a bounded number of answers a second.
    let answers = std::iter::from_fn(|| wire.receive(s(1))).count();
    assert!(answers < 500, "{answers} answers to a stranger");
    assert!(resident_kb(switch.pid()) < before + 16_384);
    assert_eq!(counter(&switch, "cordboard_calls "), 0.0);
    assert_eq!(switch.get("/health").unwrap().0, 200);
}

/// R1: a connection's keep-alive (RFC 5626 section 4.4.1) is answered, and costs no request.
#[test]
fn a_keep_alive_by_tcp_is_answered() {
    let switch = Plan::demo("alive", USERS).start();
    let mut stream = TcpStream::connect(("127.0.0.1", switch.sip)).unwrap();
    for _ in 0..3 {
        assert_eq!(tcp_answer(&mut stream, b"\r\n\r\n", s(1)), "\r\n");
    }
    lives(&switch);
}
