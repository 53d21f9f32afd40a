//! A challenge holds for the address that it was sent to: who cannot read a phone's mail cannot
//! guess in its name, and a phone that comes from another network is simply asked again
//! (SECURITY.md row 4).

use std::net::SocketAddr;

use cordboard_sip::Method;
use cordboard_sip::auth::{Answer, Secret, answer_challenge};
use cordboard_tests::sim::phone::Account;
use cordboard_tests::sim::{SimNet, plan};

use super::{ms, s};

const URI: &str = "sip:sim.example";

/// A place on the net whose mail the story reads and whose packets it writes by hand.
fn place(net: &mut SimNet, address: &str) -> SocketAddr {
    let address: SocketAddr = address.parse().unwrap();
    let nobody = Account {
        user: "x".into(),
        password: None,
        domain: plan::DOMAIN.into(),
        display: String::new(),
    };
    net.phone_at(address.ip(), nobody);
    address
}

/// Sends a REGISTER of alice's and gives the answer.
fn register(net: &mut SimNet, from: SocketAddr, number: u32, credentials: Option<&str>) -> String {
    net.clear_mail();
    net.throw(from, register_text(from, number, credentials).as_bytes());
    net.run_for(s(1));
    net.mail_to(from.ip()).concat()
}

fn register_text(from: SocketAddr, number: u32, credentials: Option<&str>) -> String {
    let line = credentials.map_or(String::new(), |value| format!("Authorization: {value}\r\n"));
    format!(
        "REGISTER {URI} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKr{number};rport\r\n\
         From: <sip:alice@sim.example>;tag=f\r\nTo: <sip:alice@sim.example>\r\nCall-ID: roams\r\n\
         CSeq: {number} REGISTER\r\nContact: <sip:alice@{from}>\r\nExpires: 600\r\nMax-Forwards: 70\r\n\
         {line}Content-Length: 0\r\n\r\n"
    )
}

/// What alice answers to the challenge in a 401; `count` is how often she has used its nonce.
fn credentials(refusal: &str, password: &str, count: u32) -> String {
    let line = refusal
        .lines()
        .find_map(|line| line.strip_prefix("WWW-Authenticate: "));
    let answer = Answer {
        method: &Method::Register,
        uri: URI,
        user: "alice",
        secret: Secret::Password(password),
        nc: count,
        cnonce: "c0ffee",
    };
    answer_challenge(
        line.unwrap_or_else(|| panic!("no challenge: {refusal}")),
        &answer,
    )
    .unwrap()
}

#[track_caller]
fn says(answer: &str, code: &str, stale: bool) {
    assert!(answer.starts_with(&format!("SIP/2.0 {code} ")), "{answer}");
    assert_eq!(answer.contains("stale=true"), stale, "{answer}");
}

#[test]
fn guesses_forged_in_the_name_of_a_phone_that_never_registered_do_not_silence_it() {
    let mut net = SimNet::seeded(160);
    let alice = net.user("alice");
    let phone = net.look(alice).address;
    let forger = place(&mut net, "203.0.113.66:5060");
    let own = register(&mut net, forger, 1, None);
    // A nonce of the forger's own, one that it makes up, and credentials that are none.
    let guessed = credentials(&own, "guess", 1);
    let made_up = "Digest username=\"alice\", realm=\"sim.example\", nonce=\"0123456789abcdef\", uri=\"sip:sim.example\", \
         response=\"00112233445566778899aabbccddeeff\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"x\"";
    let malformed = made_up.replace("qop=auth", "qop=auth-int");
    for number in 0..60 {
        let forged = [guessed.as_str(), made_up, &malformed][number as usize % 3];
        net.throw(
            phone,
            register_text(phone, 1_000 + number, Some(forged)).as_bytes(),
        );
        net.run_for(ms(200));
    }
    net.tell(alice, |phone| phone.register(600));
    net.run_for(s(2));
    assert_eq!(net.look(alice).registered, Some(200), "{}", net.story());
}

#[test]
fn a_phone_that_comes_from_another_network_is_asked_again_and_let_in() {
    let mut net = SimNet::seeded(161);
    let home = place(&mut net, "198.51.100.7:5060");
    let away = place(&mut net, "203.0.113.8:5060");
    let mut asked = register(&mut net, home, 1, None);
    says(&asked, "401", false);
    let first = credentials(&asked, "secret-alice", 1);
    says(&register(&mut net, home, 2, Some(&first)), "200", false);
    // To and fro forty times: that is twice as often as wrong passwords would be borne.
    for number in 0..40 {
        let here = if number % 2 == 0 { away } else { home };
        // It goes on with the nonce that it has, which would be good at the other place.
        let next = credentials(&asked, "secret-alice", 2);
        asked = register(&mut net, here, 10 + 2 * number, Some(&next));
        says(&asked, "401", true);
        let fresh = credentials(&asked, "secret-alice", 1);
        let answer = register(&mut net, here, 11 + 2 * number, Some(&fresh));
        says(&answer, "200", false);
    }
}

#[test]
fn a_nat_may_change_the_port_between_challenge_and_answer() {
    let mut net = SimNet::seeded(162);
    let before = place(&mut net, "198.51.100.7:5060");
    let refusal = register(&mut net, before, 1, None);
    let known = credentials(&refusal, "secret-alice", 1);
    // Without rport the answer goes to the port that Via names, where the story reads it.
    let text = register_text(before, 2, Some(&known)).replace(";rport", "");
    net.clear_mail();
    net.throw(SocketAddr::new(before.ip(), 6_123), text.as_bytes());
    net.run_for(s(1));
    says(&net.mail_to(before.ip()).concat(), "200", false);
}

#[test]
fn a_guess_at_a_challenge_that_was_read_counts() {
    let mut net = SimNet::seeded(163);
    let guesser = place(&mut net, "203.0.113.66:5060");
    let refusal = register(&mut net, guesser, 1, None);
    let mut answered = 0;
    for number in 0..30 {
        let guess = credentials(&refusal, &format!("guess{number}"), number + 1);
        let answer = register(&mut net, guesser, 10 + number, Some(&guess));
        answered += u32::from(answer.starts_with("SIP/2.0 401 "));
    }
    assert!((19..=23).contains(&answered), "{answered} guesses judged");
}
