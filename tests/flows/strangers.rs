//! Who is not known gets nothing: every method by a table, the same answer for known and unknown
//! users, and never more than was asked for (SECURITY.md rows 2, 4, 14 and 22).

use std::net::SocketAddr;

use cordboard_tests::sim::phone::{Account, State};
use cordboard_tests::sim::{SimNet, plan};

use super::{ms, s};

fn stranger() -> SocketAddr {
    "203.0.113.66:5060".parse().unwrap()
}

/// A request of a stranger; `to_tag` stands behind To.
fn request(method: &str, user: &str, number: u32, to_tag: &str) -> String {
    format!(
        "{method} sip:{user}@sim.example SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.66:5060;branch=z9hG4bKx{number}\r\n\
         From: <sip:{user}@sim.example>;tag=f{number}\r\nTo: <sip:{user}@sim.example>{to_tag}\r\nCall-ID: c{number}@x\r\n\
         CSeq: {number} {method}\r\nContact: <sip:{user}@203.0.113.66>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Status lines that a stranger got for one request to a fresh node.
fn answers(text: &str) -> Vec<String> {
    let mut net = SimNet::seeded(60);
    net.phone_at(
        stranger().ip(),
        Account {
            user: "x".into(),
            password: None,
            domain: plan::DOMAIN.into(),
            display: String::new(),
        },
    );
    net.throw(stranger(), text.as_bytes());
    net.run_for(s(40));
    let calls = net.count_topic("call.started");
    assert_eq!(calls, 0, "no call begins");
    net.assert_clean();
    net.answers_to(stranger().ip())
}

#[test]
fn every_method_of_a_stranger_is_refused_by_the_table() {
    let table = [
        ("INVITE", "401"),
        ("REGISTER", "401"),
        ("BYE", "481"),
        ("CANCEL", "481"),
        ("ACK", ""),
        ("OPTIONS", "200"),
        ("INFO", "481"),
        ("UPDATE", "481"),
        ("PRACK", "481"),
        ("NOTIFY", "405"),
        ("REFER", "405"),
        ("MESSAGE", "405"),
        ("PUBLISH", "405"),
        ("SUBSCRIBE", "405"),
        ("FROBNICATE", "501"),
    ];
    let allowed = ["401", "403", "405", "481", "489", "501"];
    for (method, code) in table {
        let got = answers(&request(method, "alice", 1, ""));
        let codes: Vec<&str> = got
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        let expected: Vec<&str> = Some(code)
            .filter(|code| !code.is_empty())
            .into_iter()
            .collect();
        assert_eq!(codes, expected, "{method}");
        let open = ["OPTIONS", "ACK", "CANCEL"].contains(&method);
        assert!(open || allowed.contains(&code), "{method}");
    }
    for method in ["INVITE", "BYE", "INFO", "REFER", "OPTIONS"] {
        let got = answers(&request(method, "alice", 1, ";tag=guessed"));
        assert!(
            got.len() == 1 && got[0].starts_with("481"),
            "{method} in a guessed dialog: {got:?}"
        );
    }
}

/// Strips what is fresh in every answer: nonce, tags, branch.
fn skeleton(net: &SimNet) -> Vec<String> {
    let fresh = |line: &&str| {
        !["Via:", "Call-ID:", "CSeq:", "From:", "To:"]
            .iter()
            .any(|name| line.starts_with(name))
    };
    let one = |text: &String| {
        let lines: Vec<String> = text
            .lines()
            .filter(fresh)
            .map(|line| match line.split_once("nonce=\"") {
                Some((before, rest)) => {
                    let after = rest.split_once('"').map_or("", |(_, after)| after);
                    format!("{before}nonce=\"{after}")
                }
                None => line.to_owned(),
            })
            .collect();
        lines.join("\n")
    };
    net.mail_to(stranger().ip()).iter().map(one).collect()
}

#[test]
fn known_and_unknown_users_get_the_same_answer() {
    let with_password = |method: &str, user: &str| {
        let value = format!(
            "Authorization: Digest username=\"{user}\", realm=\"sim.example\", nonce=\"abc\", uri=\"sip:{user}@sim.example\", \
             response=\"00112233445566778899aabbccddeeff\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"x\"\r\nContent-Length"
        );
        request(method, user, 1, "").replace("Content-Length", &value)
    };
    for method in ["INVITE", "REGISTER"] {
        for build in [
            (|m: &str, u: &str| request(m, u, 1, "")) as fn(&str, &str) -> String,
            with_password,
        ] {
            let answer = |user: &str| {
                let mut net = SimNet::seeded(61);
                net.phone_at(
                    stranger().ip(),
                    Account {
                        user: "x".into(),
                        password: None,
                        domain: plan::DOMAIN.into(),
                        display: String::new(),
                    },
                );
                net.throw(stranger(), build(method, user).as_bytes());
                net.run_for(s(1));
                skeleton(&net)
            };
            let (known, unknown) = (answer("alice"), answer("zoe42"));
            assert_eq!(known.len(), 1, "{method}");
            assert_eq!(known, unknown, "{method}");
        }
    }
}

#[test]
fn a_user_cannot_call_as_another() {
    let mut net = SimNet::seeded(62);
    let alice = net.registered("alice");
    net.tell(alice, |phone| phone.poses_as = Some("bob".to_owned()));
    net.dial(alice, "7001");
    net.run_for(s(1));
    assert_eq!(net.call(alice).status, Some(403), "{}", net.story());
    assert_eq!(net.count_topic("call.started"), 0);
}

#[test]
fn answers_to_a_stranger_are_few_and_small() {
    let mut net = SimNet::seeded(63);
    net.phone_at(
        stranger().ip(),
        Account {
            user: "x".into(),
            password: None,
            domain: plan::DOMAIN.into(),
            display: String::new(),
        },
    );
    let methods = [
        "INVITE",
        "REGISTER",
        "OPTIONS",
        "SUBSCRIBE",
        "BYE",
        "MESSAGE",
    ];
    // Two seconds of burst, then what a second brings.
    for number in 0..4_000u32 {
        let method = methods[number as usize % methods.len()];
        net.throw(stranger(), request(method, "alice", number, "").as_bytes());
        net.run_for(ms(1));
        if number == 1_999 {
            net.traffic.clear();
        }
    }
    net.run_for(s(1));
    let traffic = net.traffic[&stranger().ip()];
    assert!(
        traffic.answers <= 22,
        "{} answers in two seconds",
        traffic.answers
    );
    assert!(traffic.answers >= 10, "an honest stranger is answered");
    assert!(traffic.answer_octets * 2 <= traffic.asked_octets * 5);
}

/// Each single answer is at most 2.5 times its request, also to the shortest that is answered.
#[test]
fn no_answer_is_much_longer_than_its_request() {
    for method in [
        "INVITE",
        "REGISTER",
        "OPTIONS",
        "SUBSCRIBE",
        "BYE",
        "FROBNICATE",
    ] {
        let short = format!(
            "{method} sip:a@sim.example SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@sim.example>;tag=1\r\n\
             t: <sip:a@sim.example>\r\ni: 1\r\nCSeq: 1 {method}\r\nMax-Forwards: 1\r\nl: 0\r\n\r\n"
        );
        let mut net = SimNet::seeded(64);
        net.phone_at(
            stranger().ip(),
            Account {
                user: "x".into(),
                password: None,
                domain: plan::DOMAIN.into(),
                display: String::new(),
            },
        );
        net.throw(stranger(), short.as_bytes());
        net.run_for(s(40));
        let traffic = net.traffic[&stranger().ip()];
        assert!(
            traffic.answer_octets * 2 <= traffic.asked_octets * 5,
            "{method}: {} octets for {}",
            traffic.answer_octets,
            traffic.asked_octets
        );
    }
}

fn invite_of(from: SocketAddr, name: &str) -> String {
    let sdp = "v=0\r\no=- 1 1 IN IP4 10.0.2.1\r\ns=-\r\nc=IN IP4 10.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    format!(
        "INVITE sip:+4420700001@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKhostile;rport\r\n\
         From: {name}<sip:+441632960001@{from}>;tag=h\r\nTo: <sip:+4420700001@10.0.0.1>\r\nCall-ID: hostile\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:x@{from}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

#[test]
fn hostile_display_names_stay_out_of_journal_and_other_legs() {
    let names = [
        "\"=HYPERLINK(\\\"http://x\\\")\" ",
        "\"<img src=x onerror=window.pwn=1>\" ",
        "\"x'||(select 1)--\" ",
        "\"a\u{1b}[31mred\u{7}\" ",
        "\"\u{202e}gnp.exe\" ",
    ];
    for (at, name) in names.iter().enumerate() {
        let mut net = SimNet::seeded(70 + at as u64);
        let bob = net.registered("bob");
        let carrier = net.carrier(1, "+441632960001");
        // What a phone of ours would not send is put on the wire by hand.
        let wire = invite_of(net.look(carrier).address, name);
        net.throw(net.look(carrier).address, wire.as_bytes());
        net.run_for(s(3));
        assert_eq!(net.look(bob).calls.len(), 1, "{}", net.story());
        net.run_until_idle();
        net.run_until_idle();
        let raw = |text: &str| {
            text.chars()
                .any(|c| c.is_control() && !"\r\n\t".contains(c))
        };
        for text in net.mail_to(net.look(bob).address.ip()) {
            assert!(
                !raw(&text),
                "a control character went to another leg: {text:?}"
            );
        }
        for event in net.events("sim") {
            assert!(!raw(&event.payload), "{}", event.payload);
            // A dialog's facts keep the far end's own bytes, since it must be taken up by them.
            let told = event
                .payload
                .split("\"dialog\":{")
                .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
            let told: String = if event.payload.contains("\"dialog\":{") {
                told.skip(1).collect()
            } else {
                event.payload.clone()
            };
            assert!(!told.contains("\\u00"), "{}", event.payload);
        }
        net.assert_journal();
        net.assert_clean();
    }
}

/// A REGISTER as from somebody, with a made-up digest over this nonce.
fn guess(from: SocketAddr, number: u32, nonce: &str) -> String {
    let value = format!(
        "Authorization: Digest username=\"alice\", realm=\"sim.example\", nonce=\"{nonce}\", uri=\"sim.example\", \
         response=\"{number:032x}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"x\"\r\nContent-Length"
    );
    request("REGISTER", "alice", number, "")
        .replace("203.0.113.66:5060", &from.to_string())
        .replace("sip:alice@sim.example SIP/2.0", "sip:sim.example SIP/2.0")
        .replace("uri=\"sim.example\"", "uri=\"sip:sim.example\"")
        .replace("Content-Length", &value)
}

#[test]
fn guesses_that_are_forged_in_a_phones_name_do_not_silence_it() {
    let mut net = SimNet::seeded(65);
    let (alice, bob) = (net.registered("alice"), net.registered("bob"));
    let address = net.look(alice).address;
    // The forger has nonces of its own, and makes some up.
    net.phone_at(
        stranger().ip(),
        Account {
            user: "x".into(),
            password: None,
            domain: plan::DOMAIN.into(),
            display: String::new(),
        },
    );
    net.throw(stranger(), request("REGISTER", "alice", 1, "").as_bytes());
    net.run_for(s(1));
    let challenge = net.mail_to(stranger().ip()).concat();
    let own = challenge
        .split("nonce=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    for number in 0..60 {
        let nonce = if number % 2 == 0 {
            own
        } else {
            "0123456789abcdef"
        };
        net.throw(address, guess(address, 1_000 + number, nonce).as_bytes());
        net.run_for(ms(50));
    }
    net.dial(alice, "7001");
    net.run_for(s(3));
    assert_eq!(net.call(bob).state, State::Up, "{}", net.story());
}

#[test]
fn a_stranger_that_guesses_passwords_is_silenced() {
    let mut net = SimNet::seeded(66);
    let guesser = net.user("alice");
    net.tell(guesser, |phone| {
        phone.account.password = Some("guess".to_owned())
    });
    let mut answered = 0;
    for _ in 0..40 {
        net.tell(guesser, |phone| phone.register(600));
        net.run_for(s(1));
        answered += u32::from(net.look(guesser).registered == Some(401));
    }
    assert!(
        (15..=24).contains(&answered),
        "{answered} guesses were judged"
    );
    // Even the right password is not heard now, and is again later.
    net.tell(guesser, |phone| {
        phone.account.password = Some("secret-alice".to_owned())
    });
    net.tell(guesser, |phone| phone.register(600));
    net.run_for(s(40));
    assert_ne!(net.look(guesser).registered, Some(200));
    net.run_for(s(300));
    net.tell(guesser, |phone| phone.register(600));
    net.run_for(s(5));
    assert_eq!(net.look(guesser).registered, Some(200));
}
