//! The cases that other parsers get wrong, each a story, and the limits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use cordboard_sip::message::{
    Contacts, HeaderName, Host, Limits, Message, Method, Request, Response, Scheme,
};
use cordboard_sip::{Fault, ParseError};

const HEAD: &str = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@x.example>;tag=1\r\n\
    To: <sip:b@x.example>\r\nCall-ID: c1\r\n";

/// A request with the common head and more lines; the body comes after the empty line.
fn text(start: &str, more: &str, body: &str) -> Bytes {
    let method = start.split(' ').next().unwrap_or_default();
    format!("{start}\r\n{HEAD}CSeq: 1 {method}\r\n{more}\r\n{body}").into()
}

fn parse(bytes: impl Into<Bytes>) -> Result<Request, ParseError> {
    match Message::parse(bytes.into(), &Limits::default())? {
        Message::Request(request) => Ok(request),
        Message::Response(response) => panic!("a response: {response:?}"),
    }
}

fn response(bytes: &str) -> Result<Response, ParseError> {
    match Message::parse(bytes.to_owned().into(), &Limits::default())? {
        Message::Response(response) => Ok(response),
        Message::Request(request) => panic!("a request: {request:?}"),
    }
}

fn invite(more: &str) -> Result<Request, ParseError> {
    parse(text("INVITE sip:b@x.example SIP/2.0", more, ""))
}

fn fault(result: Result<Request, ParseError>) -> Fault {
    result.expect_err("refused").fault()
}

#[test]
fn compact_names_are_the_long_ones() {
    let text = "INVITE sip:b@x.example SIP/2.0\r\nv: SIP/2.0/UDP h1;branch=z9hG4bK1\r\nf: <sip:a@x>;tag=1\r\n\
        t: <sip:b@x>\r\ni: c1\r\nCSeq: 1 INVITE\r\nm: <sip:a@h1>\r\nc: application/sdp\r\ns: hi\r\nk: 100rel\r\n\
        l: 3\r\n\r\nv=0";
    let invite = parse(text).unwrap();
    let headers = invite.headers();
    assert_eq!(headers.via().unwrap().branch(), Some("z9hG4bK1"));
    assert_eq!(headers.from_tag(), Some("1"));
    assert_eq!(headers.call_id().unwrap(), "c1");
    assert_eq!(headers.content_type(), Some("application/sdp"));
    assert_eq!(headers.find(b"Subject"), Some(&b"hi"[..]));
    assert_eq!(headers.find(b"S"), Some(&b"hi"[..]));
    assert!(headers.lists(HeaderName::Supported, "100REL"));
    assert!(headers.contacts().unwrap().first().is_some());
    assert_eq!(invite.body(), "v=0");
}

#[test]
fn two_vias_in_a_line_are_two() {
    let invite = invite("Via: SIP/2.0/TCP h2;branch=z9hG4bK2, SIP/2.0/UDP h3\r\n").unwrap();
    let vias = invite.headers().vias().unwrap();
    assert_eq!(
        vias.iter().map(|via| via.transport).collect::<Vec<_>>(),
        ["UDP", "TCP", "UDP"]
    );
    assert_eq!(vias[1].branch(), Some("z9hG4bK2"));
    assert_eq!(vias[2].branch(), None);
}

#[test]
fn folded_lines_are_one_value() {
    let invite = invite("Subject: first\r\n  second\r\n\tthird  \r\nX-After: yes\r\n").unwrap();
    assert_eq!(
        invite.headers().first(HeaderName::Subject),
        Some(&b"first second third"[..])
    );
    assert_eq!(invite.headers().find(b"x-after"), Some(&b"yes"[..]));
}

#[test]
fn space_before_the_colon_is_no_part_of_the_name() {
    let invite = invite("Subject : hi\r\nX-Own\t : there\r\n").unwrap();
    assert_eq!(invite.headers().text(HeaderName::Subject), Some("hi"));
    assert_eq!(invite.headers().find(b"X-Own"), Some(&b"there"[..]));
}

#[test]
fn commas_in_quotes_brackets_dates_and_challenges_split_nothing() {
    let more = "Contact: \"Bell, \\\"Alex\\\"\" <sip:a,b@h1;x=1>;q=0.5, <sip:c@h2>\r\n\
        Date: Sat, 15 Oct 2005 04:44:56 GMT\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n";
    let invite = invite(more).unwrap();
    let headers = invite.headers();
    let Contacts::List(contacts) = headers.contacts().unwrap() else {
        panic!("no star")
    };
    assert_eq!(contacts.len(), 2);
    assert_eq!(contacts[0].display.as_deref(), Some("Bell, \"Alex\""));
    assert_eq!(contacts[0].uri.user(), Some("a,b"));
    assert_eq!(contacts[0].param("Q"), Some("0.5"));
    assert_eq!(headers.all(HeaderName::Date).count(), 1);
    assert_eq!(headers.all(HeaderName::WwwAuthenticate).count(), 1);
}

#[test]
fn tel_uris_are_written_back_as_they_came() {
    let invite = parse(text(
        "INVITE tel:+1-415;phone-context=example.com SIP/2.0",
        "",
        "",
    ))
    .unwrap();
    let uri = invite.uri().unwrap();
    assert_eq!(
        (uri.scheme(), uri.user(), uri.host()),
        (Scheme::Tel, Some("+1-415"), None)
    );
    assert_eq!(uri.param("phone-context"), Some("example.com"));
    assert_eq!(uri.to_string(), "tel:+1-415;phone-context=example.com");
}

#[test]
fn ipv6_is_read_in_uri_via_and_contact() {
    let more = "Via: SIP/2.0/UDP [2001:db8::1]:5062;branch=z9hG4bK9\r\nContact: <sip:[2001:db8::2]:5063;lr>\r\n";
    let invite = parse(text("INVITE sip:b@[2001:DB8::3] SIP/2.0", more, "")).unwrap();
    assert_eq!(
        invite.uri().unwrap().host(),
        Some(Host::V6("2001:db8::3".parse().unwrap()))
    );
    let via = invite.headers().vias().unwrap()[1];
    assert_eq!(
        (via.host, via.port),
        (Host::V6("2001:db8::1".parse().unwrap()), Some(5062))
    );
    let contacts = invite.headers().contacts().unwrap();
    assert_eq!(
        contacts.first().map(|contact| contact.uri.port()),
        Some(Some(5063))
    );
}

#[test]
fn contact_with_an_instance_reads() {
    let more = "Contact: <sip:a@h>;+sip.instance=\"<urn:uuid:0-1>\";reg-id=1;expires=3600\r\n";
    let contacts = invite(more).unwrap().headers().contacts().unwrap();
    let contact = contacts.first().unwrap();
    assert_eq!(
        contact.params().unquoted("+sip.instance").as_deref(),
        Some("<urn:uuid:0-1>")
    );
    assert_eq!(contact.param("expires"), Some("3600"));
}

#[test]
fn urns_are_kept_whole() {
    let invite = parse(text("INVITE urn:service:sos SIP/2.0", "", "")).unwrap();
    let uri = invite.uri().unwrap();
    assert_eq!(
        (uri.scheme(), uri.as_str(), uri.user()),
        (Scheme::Urn, "urn:service:sos", None)
    );
}

#[test]
fn unknown_methods_are_kept() {
    let request = parse(text("NEWMETHOD sip:b@x.example SIP/2.0", "", "")).unwrap();
    assert_eq!(
        request.method(),
        &Method::Other(Bytes::from_static(b"NEWMETHOD"))
    );
    assert_eq!(
        request.headers().cseq().unwrap().method.as_str(),
        "NEWMETHOD"
    );
    let lower = parse(text("invite sip:b@x.example SIP/2.0", "", "")).unwrap();
    assert_ne!(
        lower.method(),
        &Method::Invite,
        "methods are case-sensitive"
    );
}

#[test]
fn line_ends_before_the_start_line_are_skipped() {
    let mut bytes = b"\r\n\r\n".to_vec();
    bytes.extend_from_slice(&text("OPTIONS sip:x SIP/2.0", "", ""));
    let options = parse(bytes).unwrap();
    assert!(options.bytes().starts_with(b"OPTIONS"));
    assert_eq!(fault(parse("\r\n\r\n")), Fault::KeepAlive);
    assert_eq!(fault(parse("")), Fault::KeepAlive);
}

#[test]
fn version_is_read_in_any_case() {
    assert!(parse(text("OPTIONS sip:x sip/2.0", "", "")).is_ok());
    let reply = format!("sip/2.0 200 OK\r\n{HEAD}CSeq: 1 OPTIONS\r\n\r\n");
    assert_eq!(response(&reply).unwrap().code(), 200);
}

#[test]
fn bytes_that_are_not_utf8_harm_nobody_else() {
    let mut bytes =
        b"INVITE sip:b@x.example SIP/2.0\r\nX-Raw: \xff\xfe\r\nSubject: \xe9t\xe9\r\n".to_vec();
    bytes.extend_from_slice(format!("{HEAD}CSeq: 1 INVITE\r\n\r\n").as_bytes());
    let invite = parse(bytes).unwrap();
    assert_eq!(invite.headers().find(b"X-Raw"), Some(&b"\xff\xfe"[..]));
    assert_eq!(
        invite.headers().first(HeaderName::Subject),
        Some(&b"\xe9t\xe9"[..])
    );
    assert_eq!(invite.headers().text(HeaderName::Subject), None);
    assert_eq!(invite.headers().call_id().unwrap(), "c1");
}

#[test]
fn body_goes_to_the_end_of_the_datagram_without_content_length() {
    let request = parse(text("INVITE sip:x SIP/2.0", "", "whole body")).unwrap();
    assert_eq!(request.body(), "whole body");
}

#[test]
fn shorter_content_length_is_honoured_and_a_longer_one_refused() {
    let shorter = parse(text(
        "INVITE sip:x SIP/2.0",
        "Content-Length: 4\r\n",
        "bodygarbage",
    ))
    .unwrap();
    assert_eq!(shorter.body(), "body");
    assert!(shorter.bytes().ends_with(b"\r\n\r\nbody"));
    assert_eq!(
        fault(parse(text(
            "INVITE sip:x SIP/2.0",
            "Content-Length: 5\r\n",
            "body"
        ))),
        Fault::BodyTruncated
    );
}

#[test]
fn content_length_must_be_one_small_number() {
    for bad in [
        "",
        "-1",
        "+1",
        "1 1",
        "0x1",
        "4294967296",
        "18446744073709551616",
        "1, 1",
        "1;x",
    ] {
        assert_eq!(
            fault(invite(&format!("Content-Length: {bad}\r\n"))),
            Fault::ContentLength,
            "{bad:?}"
        );
    }
    assert_eq!(
        fault(invite("Content-Length: 0\r\nl: 0\r\n")),
        Fault::ContentLength
    );
    assert_eq!(
        fault(invite("Content-Length: 4294967295\r\n")),
        Fault::BodyTruncated
    );
}

#[test]
fn binary_bodies_stay_as_they_are() {
    let body: Vec<u8> = (0..=255).collect();
    let mut bytes = text("MESSAGE sip:x SIP/2.0", "Content-Length: 256\r\n", "").to_vec();
    bytes.extend_from_slice(&body);
    assert_eq!(parse(bytes.clone()).unwrap().body(), &body);
    assert_eq!(parse(bytes.clone()).unwrap().bytes(), &bytes);
}

#[test]
fn line_ends_alone_are_refused() {
    for more in [
        "X: a\rb\r\n",
        "X: a\nInjected: b\r\n",
        "X: a\n",
        "\rX: a\r\n",
        "X: a\r\r\n",
    ] {
        assert!(
            matches!(fault(invite(more)), Fault::LineEnd | Fault::HeaderLine),
            "{more:?}"
        );
    }
    assert_eq!(fault(invite("X: a\nInjected: b\r\n")), Fault::LineEnd);
}

#[test]
fn single_fields_may_not_stand_twice() {
    for more in [
        "From: <sip:z@z>;tag=9\r\n",
        "t: <sip:z@z>\r\n",
        "i: other\r\n",
        "CSeq: 1 INVITE\r\n",
    ] {
        assert_eq!(fault(invite(more)), Fault::Duplicate, "{more:?}");
    }
    assert_eq!(
        fault(invite("Max-Forwards: 1\r\nMax-Forwards: 1\r\n")),
        Fault::Duplicate
    );
    assert!(invite("X: 1\r\nX: 1\r\nSubject: a\r\nSubject: b\r\n").is_ok());
}

#[test]
fn every_mandatory_field_is_missed_by_its_name() {
    let whole = String::from_utf8(text("OPTIONS sip:x SIP/2.0", "", "").to_vec()).unwrap();
    let fields = [
        ("From", Fault::From),
        ("To", Fault::To),
        ("Call-ID", Fault::CallId),
        ("CSeq", Fault::CSeq),
    ];
    for (name, expected) in fields {
        let less: String = whole
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with(name))
            .collect();
        let error = parse(less).unwrap_err();
        assert_eq!(error.fault(), expected);
        assert_eq!(error.answer().map(|(_, code, _)| code), Some(400));
    }
    let no_via: String = whole
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("Via"))
        .collect();
    let error = parse(no_via).unwrap_err();
    assert_eq!(
        (error.fault(), error.answer().is_none()),
        (Fault::Via, true),
        "nobody to answer"
    );
}

#[test]
fn sequence_numbers_stay_below_two_to_the_31() {
    let with = |cseq: &str| {
        let whole = String::from_utf8(text("OPTIONS sip:x SIP/2.0", "", "").to_vec()).unwrap();
        parse(whole.replace("CSeq: 1 OPTIONS", &format!("CSeq: {cseq}")))
    };
    assert_eq!(
        with("2147483647 OPTIONS")
            .unwrap()
            .headers()
            .cseq()
            .unwrap()
            .number,
        2_147_483_647
    );
    for bad in [
        "2147483648 OPTIONS",
        "-1 OPTIONS",
        "1",
        "OPTIONS",
        "1OPTIONS",
        "1 OPTIONS x",
        "",
        "1 ",
    ] {
        assert_eq!(fault(with(bad)), Fault::CSeq, "{bad:?}");
    }
    assert_eq!(fault(with("1 options")), Fault::CSeqMethod);
}

#[test]
fn ack_is_never_answered() {
    let error = parse(text("ACK sip:x SIP/2.0", "Content-Length: x\r\n", "")).unwrap_err();
    assert_eq!(error.fault(), Fault::ContentLength);
    assert!(error.answer().is_none());
}

#[test]
fn bad_responses_are_dropped_by_name() {
    let rest = format!("{HEAD}CSeq: 1 OPTIONS\r\n\r\n");
    for (line, expected) in [
        ("SIP/2.0 099 Low", Fault::StatusCode),
        ("SIP/2.0 700 High", Fault::StatusCode),
        ("SIP/2.0 20 Short", Fault::StatusCode),
        ("SIP/2.0 2000 Long", Fault::StatusCode),
        ("SIP/2.0 -20 Minus", Fault::StatusCode),
        ("SIP/3.0 200 OK", Fault::Version),
        ("SIP/2.0", Fault::StartLine),
        ("HTTP/1.1 200 OK", Fault::StartLine),
        ("GET / HTTP/1.1", Fault::StartLine),
        ("\u{0}\u{1}\u{2}", Fault::StartLine),
    ] {
        let error =
            Message::parse(format!("{line}\r\n{rest}").into(), &Limits::default()).unwrap_err();
        assert_eq!(
            (error.fault(), error.answer().is_none()),
            (expected, true),
            "{line}"
        );
    }
    assert_eq!(
        response(&format!("SIP/2.0 200\r\n{rest}"))
            .unwrap()
            .reason(),
        ""
    );
}

#[test]
fn limits_are_kept_and_named() {
    let limits = Limits {
        message_bytes_max: 2_000,
        headers_max: 10,
        line_bytes_max: 100,
    };
    let fault = |more: &str| match Message::parse(text("OPTIONS sip:x SIP/2.0", more, ""), &limits)
    {
        Ok(_) => None,
        Err(error) => Some((error.fault(), error.answer().map(|(_, code, _)| code))),
    };
    assert_eq!(fault(&"X: y\r\n".repeat(5)), None);
    assert_eq!(
        fault(&"X: y\r\n".repeat(6)),
        Some((Fault::TooManyHeaders, Some(513)))
    );
    assert_eq!(fault(&format!("X: {}\r\n", "y".repeat(97))), None);
    assert_eq!(
        fault(&format!("X: {}\r\n", "y".repeat(98))),
        Some((Fault::LineTooLong, Some(513)))
    );
    assert_eq!(
        fault(&format!("X: {}\r\n", "y\r\n ".repeat(30))),
        Some((Fault::LineTooLong, Some(513)))
    );
    assert_eq!(fault(&"y".repeat(2_000)), Some((Fault::TooLarge, None)));
}

#[test]
fn header_lines_must_have_a_name_and_a_colon() {
    for more in [
        "no colon\r\n",
        ": no name\r\n",
        "bad name: x\r\n",
        "na\u{e9}me: x\r\n",
        "a(b: x\r\n",
    ] {
        assert_eq!(fault(invite(more)), Fault::HeaderLine, "{more:?}");
    }
    let folded_first = format!("INVITE sip:x SIP/2.0\r\n folded\r\n{HEAD}CSeq: 1 INVITE\r\n\r\n");
    assert_eq!(fault(parse(folded_first)), Fault::HeaderLine);
}
