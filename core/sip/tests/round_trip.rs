//! Round trips: what is built reads as it was meant, what was read is written as it came, and nothing slips in between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use bytes::Bytes;
use cordboard_sip::message::{
    Builder, HeaderName, Host, Limits, Message, Method, NameAddr, Request, Response, Uri,
    reason_phrase,
};
use cordboard_sip::{BuildError, Fault};
use proptest::prelude::*;

fn request(bytes: Bytes) -> Request {
    match Message::parse(bytes, &Limits::default()) {
        Ok(Message::Request(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

fn response(bytes: Bytes) -> Response {
    match Message::parse(bytes, &Limits::default()) {
        Ok(Message::Response(response)) => response,
        other => panic!("no response: {other:?}"),
    }
}

fn invite(via: &str, to: &str) -> Request {
    let text = format!(
        "INVITE sip:b@x.example SIP/2.0\r\nVia: {via}\r\nVia: SIP/2.0/UDP below;branch=z9hG4bK0\r\n\
         Record-Route: <sip:p1;lr>\r\nFrom: \"A\" <sip:a@x.example>;tag=1\r\nt: {to}\r\nRecord-Route: <sip:p2;lr>\r\n\
         Call-ID: c1\r\nCSeq: 7 INVITE\r\nTimestamp: 54\r\nX-Other: z\r\n\r\n"
    );
    request(text.into())
}

fn source() -> SocketAddr {
    "192.0.2.77:5077".parse().unwrap()
}

fn written(bytes: Result<Bytes, BuildError>) -> String {
    String::from_utf8(bytes.unwrap().to_vec()).unwrap()
}

#[test]
fn response_copies_what_the_rfc_names_and_nothing_else() {
    let invite = invite(
        "SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK1",
        "<sip:b@x.example>",
    );
    let reply = Builder::reply(&invite, 180, None, Some("t2"), Some(source()))
        .copy(invite.headers(), HeaderName::RecordRoute)
        .header("Contact", "<sip:us@192.0.2.2>");
    let expected = "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK1\r\n\
        Via: SIP/2.0/UDP below;branch=z9hG4bK0\r\nFrom: \"A\" <sip:a@x.example>;tag=1\r\n\
        To: <sip:b@x.example>;tag=t2\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\nRecord-Route: <sip:p1;lr>\r\n\
        Record-Route: <sip:p2;lr>\r\nContact: <sip:us@192.0.2.2>\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(written(reply.finish()), expected);
    let trying = written(Builder::reply(&invite, 100, None, None, None).finish());
    assert!(trying.starts_with("SIP/2.0 100 Trying\r\n") && trying.contains("Timestamp: 54\r\n"));
    assert!(trying.contains("To: <sip:b@x.example>\r\n"));
}

#[test]
fn to_keeps_the_tag_it_has() {
    let invite = invite(
        "SIP/2.0/UDP h;branch=z9hG4bK1",
        "<sip:b@x.example>;tag=theirs",
    );
    let bye = response(
        Builder::reply(&invite, 200, None, Some("ours"), None)
            .finish()
            .unwrap(),
    );
    assert_eq!(bye.headers().to_tag(), Some("theirs"));
    assert_eq!(bye.headers().lines(HeaderName::To).count(), 1);
}

#[test]
fn topmost_via_says_where_the_request_came_from() {
    let top = |via: &str, source: &str| {
        let invite = invite(via, "<sip:b@x.example>");
        let reply = Builder::reply(&invite, 200, None, None, source.parse().ok())
            .finish()
            .unwrap();
        response(reply)
            .headers()
            .lines(HeaderName::Via)
            .next()
            .map(|via| String::from_utf8(via.to_vec()).unwrap())
    };
    let cases = [
        (
            "SIP/2.0/UDP h;branch=b",
            "192.0.2.9:5",
            "SIP/2.0/UDP h;branch=b;received=192.0.2.9",
        ),
        (
            "SIP/2.0/UDP 192.0.2.9;branch=b",
            "192.0.2.9:5",
            "SIP/2.0/UDP 192.0.2.9;branch=b",
        ),
        (
            "SIP/2.0/UDP 10.0.0.1;branch=b",
            "192.0.2.9:5",
            "SIP/2.0/UDP 10.0.0.1;branch=b;received=192.0.2.9",
        ),
        (
            "SIP/2.0/UDP 192.0.2.9:70;rport;branch=b",
            "192.0.2.9:5077",
            "SIP/2.0/UDP 192.0.2.9:70;branch=b;received=192.0.2.9;rport=5077",
        ),
        (
            "SIP/2.0/UDP h ; received=1.1.1.1 ;RPORT=9; branch=b;x=\"a;b\"",
            "192.0.2.9:5077",
            "SIP/2.0/UDP h;branch=b;x=\"a;b\";received=192.0.2.9;rport=5077",
        ),
        (
            "SIP/2.0/UDP h, SIP/2.0/TCP h2",
            "192.0.2.9:5",
            "SIP/2.0/UDP h;received=192.0.2.9, SIP/2.0/TCP h2",
        ),
        (
            "SIP/2.0/UDP [2001:db8::1];rport",
            "[2001:db8::1]:7",
            "SIP/2.0/UDP [2001:db8::1];received=2001:db8::1;rport=7",
        ),
        (
            "SIP/2.0/UDP 192.0.2.9",
            "[::ffff:192.0.2.9]:7",
            "SIP/2.0/UDP 192.0.2.9",
        ),
    ];
    for (via, source, expected) in cases {
        assert_eq!(
            top(via, source).as_deref(),
            Some(expected),
            "{via} from {source}"
        );
    }
}

#[test]
fn bad_request_is_answered_with_the_fields_it_has() {
    let text = "INVITE sip:b@x.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 7 INVITE\r\n\r\n";
    let error = Message::parse(text.into(), &Limits::default()).unwrap_err();
    let (request, code, reason) = error.answer().unwrap();
    let reply =
        written(Builder::reply(request, code, Some(reason), Some("t"), Some(source())).finish());
    let expected = "SIP/2.0 400 Bad From\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1;received=192.0.2.77\r\n\
        CSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(reply, expected);
    let split = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\nX: y\r\nCSeq: 7 OPTIONS\r\n\r\n";
    let error = Message::parse(split.into(), &Limits::default()).unwrap_err();
    assert_eq!(error.fault(), Fault::LineEnd);
    let (request, code, reason) = error.answer().unwrap();
    let reply = Builder::reply(request, code, Some(reason), None, Some(source())).finish();
    assert_eq!(
        reply,
        Err(BuildError::Injection),
        "a copied value cannot smuggle in a line either"
    );
}

#[test]
fn nothing_can_be_smuggled_into_a_message() {
    let start = || Builder::request(&Method::Options, "sip:x");
    for value in ["a\r\nX: y", "a\nX: y", "a\rb", "a\0b"] {
        assert_eq!(
            start().header("Subject", value).finish(),
            Err(BuildError::Injection)
        );
        assert_eq!(
            start().header_bytes("Subject", value.as_bytes()).finish(),
            Err(BuildError::Injection)
        );
        assert_eq!(start().finish_with(value, b""), Err(BuildError::Injection));
        let invite = invite("SIP/2.0/UDP h", "<sip:x>");
        assert_eq!(
            Builder::reply(&invite, 400, Some(value), None, None).finish(),
            Err(BuildError::Injection)
        );
        let tagged = Builder::reply(&invite, 400, None, Some(value), None);
        assert_eq!(tagged.finish(), Err(BuildError::Token));
    }
    for name in ["", "a b", "a:b", "a\r\nb", "\u{e9}"] {
        assert_eq!(start().header(name, "x").finish(), Err(BuildError::Token));
    }
    for name in ["Content-Length", "l", "CONTENT-length"] {
        assert_eq!(
            start().header(name, "0").finish(),
            Err(BuildError::ContentLength)
        );
    }
    for uri in [
        "",
        "x",
        "sip:a b@h",
        "sip:x SIP/2.0\r\nX: y",
        "sip:x?Route=y",
        "<sip:x>",
    ] {
        assert_eq!(
            Builder::request(&Method::Options, uri).finish(),
            Err(BuildError::StartLine),
            "{uri}"
        );
    }
    let spaced = Method::Other(Bytes::from_static(b"A B"));
    assert_eq!(
        Builder::request(&spaced, "sip:x").finish(),
        Err(BuildError::Token)
    );
    let invite = invite("SIP/2.0/UDP h", "<sip:x>");
    for code in [0, 99, 700, 65_535] {
        assert_eq!(
            Builder::reply(&invite, code, None, None, None).finish(),
            Err(BuildError::StartLine)
        );
    }
}

#[test]
fn every_status_code_has_a_phrase() {
    for code in 100..700 {
        assert!(!reason_phrase(code).is_empty(), "{code}");
    }
    assert_eq!(reason_phrase(486), "Busy Here");
    assert_eq!(reason_phrase(494), "Security Agreement Required");
    assert_eq!(reason_phrase(499), "Request Failure");
}

/// Letters that may stand in a user part, and some that must be escaped.
fn user() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9._~!*'()&=+$,;?/-]{1,12}(%[0-9a-fA-F]{2}[a-z]{0,3}){0,2}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z]{2,5}){0,2}",
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
    ]
}

fn uri() -> impl Strategy<Value = String> {
    let params = "(;[a-z]{1,6}(=[a-zA-Z0-9.%]{0}[a-zA-Z0-9.]{1,6})?){0,3}";
    let port = proptest::option::of(any::<u16>());
    (
        proptest::bool::ANY,
        proptest::option::of(user()),
        host(),
        port,
        params,
    )
        .prop_map(|(secure, user, host, port, params)| {
            let scheme = if secure { "sips" } else { "sip" };
            let user = user.map_or(String::new(), |user| user + "@");
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            format!("{scheme}:{user}{host}{port}{params}")
        })
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,16}"
}

proptest! {
    #[test]
    fn uris_are_written_back_and_their_parts_add_up(text in uri()) {
        let uri: Uri = text.parse().unwrap();
        prop_assert_eq!(uri.to_string(), text.clone());
        prop_assert!(uri.same_as(&uri.to_string().parse().unwrap()));
        let scheme = text.split(':').next().unwrap();
        let user = uri.user().map_or(String::new(), |user| format!("{user}@"));
        let rest = text.strip_prefix(&format!("{scheme}:{user}")).unwrap();
        let host = rest.strip_suffix(uri.params().as_str()).unwrap();
        let host = uri.port().map_or(host, |port| host.strip_suffix(&format!(":{port}")).unwrap());
        prop_assert_eq!(uri.host(), Host::parse(host));
    }

    #[test]
    fn addresses_read_as_they_were_written(display in proptest::option::of("[^\\p{Cc}]{0,20}"), text in uri(), tag in token()) {
        let quoted = display.as_ref().map(|name| format!("\"{}\" ", name.replace('\\', "\\\\").replace('"', "\\\"")));
        let value = format!("{}<{text}>;tag={tag};x", quoted.unwrap_or_default());
        let address = NameAddr::parse(value.as_bytes()).unwrap();
        prop_assert_eq!(&address.display, &display);
        prop_assert_eq!(address.uri.as_str(), text);
        prop_assert_eq!(address.tag(), Some(tag.as_str()));
        prop_assert_eq!(address.to_string(), value);
    }

    #[test]
    fn requests_read_as_they_were_built(
        method in prop_oneof![token().prop_map(|name| Method::known(name.as_bytes()).unwrap_or(Method::Other(name.into()))),
                              proptest::sample::select(Method::KNOWN.to_vec())],
        (target, from, to) in (uri(), uri(), uri()),
        (call_id, tag, branch) in (token(), token(), token()),
        number in 0u32..1 << 31,
        values in proptest::collection::vec("[^\r\n\0]{0,40}", 0..5),
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut builder = Builder::request(&method, &target)
            .header("Via", &format!("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{branch};rport"))
            .header("Max-Forwards", "70")
            .header("From", &format!("<{from}>;tag={tag}"))
            .header("To", &format!("<{to}>"))
            .header("Call-ID", &call_id)
            .header("CSeq", &format!("{number} {method}"));
        for value in &values {
            builder = builder.header("X-Value", value);
        }
        let bytes = builder.finish_with("application/octet-stream", &body).unwrap();
        let read = request(bytes.clone());
        let headers = read.headers();
        prop_assert_eq!(read.bytes(), &bytes);
        prop_assert_eq!(read.method(), &method);
        prop_assert_eq!(read.uri().unwrap().to_string(), target);
        prop_assert_eq!(headers.from().unwrap().uri.to_string(), from);
        prop_assert_eq!(headers.from_tag(), Some(tag.as_str()));
        prop_assert_eq!(headers.to().unwrap().uri.to_string(), to);
        prop_assert_eq!(headers.to_tag(), None);
        prop_assert_eq!(headers.call_id().unwrap(), call_id);
        prop_assert_eq!(headers.cseq().unwrap().number, number);
        let via = headers.via().unwrap();
        prop_assert_eq!(via.branch().map(str::to_owned), Some(format!("z9hG4bK{branch}")));
        prop_assert_eq!(via.rport(), Some(None));
        let trimmed: Vec<&[u8]> = values.iter().map(|value| value.trim_matches([' ', '\t']).as_bytes()).collect();
        prop_assert_eq!(headers.find_all(b"x-value").collect::<Vec<_>>(), trimmed);
        prop_assert_eq!(read.body(), &body);
    }

    #[test]
    fn what_was_read_is_written_as_it_came(
        names in proptest::collection::vec(("[A-Za-z0-9-]{2,12}", "[ \t]{0,2}", "[ -~\u{80}-\u{7ff}]{0,30}(\r\n [a-z]{1,5}){0,2}"), 0..6),
        body in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let mut text = b"OPTIONS sip:x SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: <sip:a@x>\r\nt: <sip:x>\r\ni: c\r\ncseq: 1 OPTIONS\r\n".to_vec();
        for (name, space, value) in names.iter().filter(|(name, ..)| HeaderName::of(name.as_bytes()) == HeaderName::Other) {
            text.extend_from_slice(format!("{name}{space}:{space}{value}\r\n").as_bytes());
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&body);
        let read = request(text.clone().into());
        prop_assert_eq!(read.bytes(), &text);
        prop_assert_eq!(read.body(), &body);
    }

    #[test]
    fn any_bytes_are_a_value_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Err(error) = Message::parse(bytes.into(), &Limits::default()) {
            prop_assert_eq!(Fault::ALL[error.fault().index()], error.fault());
        }
    }
}
