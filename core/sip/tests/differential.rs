//! The second reader: where rsip reads a message rightly, ours must read the same; and the closed vocabularies agree.
//!
//! rsip is right about methods, status codes, transports and plain messages with one value a line; it is not asked about
//! folds, compact names, IPv6, tel URIs or numbers (it has its own mistakes there).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use cordboard_sip::Transport;
use cordboard_sip::auth::{Answer, Secret, answer_challenge};
use cordboard_sip::message::{Limits, Message, Method, Via, reason_phrase};
use proptest::prelude::*;
use rsip::prelude::*;

#[test]
fn methods_are_the_same_words() {
    let theirs = rsip::Method::all();
    assert_eq!(theirs.len(), Method::KNOWN.len());
    for method in theirs {
        assert!(
            Method::known(method.to_string().as_bytes()).is_some(),
            "{method}"
        );
    }
}

#[test]
fn reason_phrases_are_the_same_words() {
    // rsip joins the words, and says 504 and 606 in its own way.
    let joined = |phrase: &str| phrase.replace([' ', '/', '-'], "").to_ascii_lowercase();
    let mut compared = 0;
    for code in (100..700).filter(|code| ![100, 202, 504, 606].contains(code)) {
        let theirs = rsip::StatusCode::from(code);
        if matches!(theirs, rsip::StatusCode::Other(..)) {
            continue;
        }
        let theirs = theirs.to_string();
        let name = theirs.split_once(' ').unwrap().1;
        assert_eq!(
            joined(&reason_phrase(code)),
            name.to_ascii_lowercase(),
            "{code}"
        );
        compared += 1;
    }
    assert!(compared > 60, "{compared} phrases compared");
}

#[test]
fn transports_are_the_same_words() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let theirs: rsip::Transport = transport.name().parse().unwrap();
        assert_eq!(theirs.to_string(), transport.name());
    }
    for transport in rsip::Transport::all() {
        let value = format!("SIP/2.0/{transport} h;branch=z9hG4bK1");
        assert_eq!(
            Via::parse(value.as_bytes()).unwrap().transport,
            transport.to_string()
        );
    }
}

#[test]
fn digests_are_the_same_hashes() {
    use rsip::headers::auth::{Algorithm, AuthQop};
    let uri = rsip::Uri::try_from("sip:acme.example").unwrap();
    let method = rsip::Method::Register;
    for (name, algorithm) in [("MD5", Algorithm::Md5), ("SHA-256", Algorithm::Sha256)] {
        for qop in [
            Some(AuthQop::Auth {
                cnonce: "c0ffee".to_owned(),
                nc: 7,
            }),
            None,
        ] {
            let asked = if qop.is_some() { ", qop=\"auth\"" } else { "" };
            let challenge =
                format!("Digest realm=\"acme.example\", nonce=\"n0nce\", algorithm={name}{asked}");
            let answer = Answer {
                method: &Method::Register,
                uri: "sip:acme.example",
                user: "alice",
                secret: Secret::Password("secret"),
                nc: 7,
                cnonce: "c0ffee",
            };
            let theirs = rsip::services::DigestGenerator {
                username: "alice",
                password: "secret",
                nonce: "n0nce",
                uri: &uri,
                realm: "acme.example",
                method: &method,
                qop: qop.as_ref(),
                algorithm,
            };
            let ours = answer_challenge(&challenge, &answer).unwrap();
            assert!(
                ours.contains(&format!("response=\"{}\"", theirs.compute())),
                "{ours}"
            );
        }
    }
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}\\.[a-z]{2,4}",
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string())
    ]
}

fn uri() -> impl Strategy<Value = String> {
    (
        "[a-z][a-z0-9]{0,8}",
        host(),
        proptest::option::of(1024u16..65535),
    )
        .prop_map(|(user, host, port)| {
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            format!("sip:{user}@{host}{port}")
        })
}

/// A message as plain as phones send them.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        (proptest::sample::select(Method::KNOWN.to_vec()), uri())
            .prop_map(|(method, uri)| (method.to_string(), format!("{method} {uri} SIP/2.0"))),
        (proptest::sample::select(vec![180u16, 183, 200, 302, 404, 486, 503, 603])).prop_map(
            |code| (
                "INVITE".to_owned(),
                format!("SIP/2.0 {code} {}", reason_phrase(code))
            )
        ),
    ];
    let ids = (
        "[a-zA-Z0-9]{1,12}",
        "[a-zA-Z0-9]{1,12}",
        "[a-zA-Z0-9@.-]{1,20}",
        1u32..1 << 31,
        0u8..=255,
    );
    let display = proptest::option::of("[a-zA-Z][a-zA-Z0-9]{0,8}");
    let parties = (display, uri(), uri(), uri(), host());
    (start, ids, parties, "[ -~]{0,60}").prop_map(|(start, ids, parties, body)| {
        let ((method, line), (branch, tag, call_id, number, hops)) = (start, ids);
        let (display, from, to, contact, via) = parties;
        let display = display.map_or(String::new(), |display| format!("\"{display}\" "));
        format!(
            "{line}\r\nVia: SIP/2.0/UDP {via}:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: {hops}\r\n\
             From: {display}<{from}>;tag={tag}\r\nTo: <{to}>\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\n\
             Contact: <{contact}>\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    })
}

proptest! {
    #[test]
    fn plain_messages_read_alike(bytes in message()) {
        let ours = Message::parse(Bytes::from(bytes.clone()), &Limits::default()).unwrap();
        let theirs = rsip::SipMessage::try_from(bytes.as_slice()).unwrap();
        match (&ours, &theirs) {
            (Message::Request(ours), rsip::SipMessage::Request(theirs)) => {
                prop_assert_eq!(ours.method().as_str(), theirs.method.to_string());
                prop_assert_eq!(ours.uri().unwrap().to_string(), theirs.uri.to_string());
            }
            (Message::Response(ours), rsip::SipMessage::Response(theirs)) => {
                prop_assert_eq!(ours.code(), theirs.status_code.code());
            }
            (ours, theirs) => prop_assert!(false, "different kinds: {:?} {:?}", ours, theirs),
        }
        let headers = ours.headers();
        let (from, via) = (theirs.from_header().unwrap().typed().unwrap(), theirs.via_header().unwrap().typed().unwrap());
        prop_assert_eq!(headers.from_tag(), from.tag().map(|tag| tag.value()));
        prop_assert_eq!(headers.from().unwrap().uri.to_string(), from.uri.to_string());
        // rsip leaves the quotes on.
        let display = from.display_name.as_deref().map(|name| name.trim_matches('"').to_owned());
        prop_assert_eq!(headers.from().unwrap().display, display);
        let to = theirs.to_header().unwrap().typed().unwrap();
        prop_assert_eq!(headers.to().unwrap().uri.to_string(), to.uri.to_string());
        prop_assert_eq!(headers.call_id().unwrap(), theirs.call_id_header().unwrap().value());
        let cseq = theirs.cseq_header().unwrap().typed().unwrap();
        prop_assert_eq!(headers.cseq().unwrap().number, cseq.seq);
        prop_assert_eq!(headers.cseq().unwrap().method.to_string(), cseq.method.to_string());
        prop_assert_eq!(headers.via().unwrap().branch(), via.branch().map(|branch| branch.value()));
        prop_assert_eq!(headers.via().unwrap().host.to_string(), via.uri.host().to_string());
        let contact = theirs.contact_header().unwrap().typed().unwrap();
        prop_assert_eq!(headers.contacts().unwrap().first().unwrap().uri.to_string(), contact.uri.to_string());
        prop_assert_eq!(&ours.body()[..], theirs.body().as_slice());
    }
}
