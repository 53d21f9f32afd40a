//! Fuzz targets: plain functions over bytes that assert what must hold for any input at all.
//!
//! Any driver may call them: a mutator over a corpus, or cargo-fuzz. None may panic, whatever comes; an assertion that
//! fails here is a bug of this crate, never of the input.

mod endpoint;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use crate::auth::{Algorithm, Answer, Ha1, Scope, Secret, Verifier, answer_challenge};
use crate::error::ParseError;
use crate::message::{
    Builder, Contacts, Credentials, Frame, Framer, HeaderName, Headers, Limits, Message, Method,
    NameAddr, Request, Scheme, Uri, Via,
};

pub use endpoint::fuzz_endpoint;

/// Reads a datagram; what was read must be within the limits, read the same again, and be answerable.
pub fn fuzz_message(data: &[u8]) {
    let limits = Limits::default();
    match Message::parse(Bytes::copy_from_slice(data), &limits) {
        Ok(message) => {
            assert!(
                message.bytes().len() <= data.len(),
                "a message holds no more than came"
            );
            assert!(message.headers().len() <= limits.headers_max);
            read_everything(message.headers());
            let again = Message::parse(message.bytes().clone(), &limits);
            assert!(
                again.is_ok_and(|again| same(&message, &again)),
                "reads the same again"
            );
            if let Message::Request(request) = &message {
                assert!(
                    request
                        .uri()
                        .is_ok_and(|uri| uri.as_str().as_bytes() == request.uri_bytes())
                );
                answered(request);
                rebuilt(request);
            }
        }
        Err(error) => {
            let _ = error.reason();
            if let Some((request, code, reason)) = error.answer() {
                assert!((400..600).contains(&code));
                read_everything(request.headers());
                // A line end inside a copied value is refused; anything else makes a response of some kind.
                let _ = Builder::reply(request, code, Some(reason), Some("x"), source()).finish();
            }
        }
    }
}

fn source() -> Option<SocketAddr> {
    Some(SocketAddr::from((Ipv4Addr::new(192, 0, 2, 77), 5077)))
}

fn read_everything(headers: &Headers) {
    let _ = (
        headers.via().is_ok(),
        headers.vias().is_ok(),
        headers.from().is_ok(),
        headers.to().is_ok(),
    );
    let _ = (
        headers.call_id().is_ok(),
        headers.cseq().is_ok(),
        headers.contacts().is_ok(),
    );
    let _ = (headers.max_forwards().is_ok(), headers.expires().is_ok());
    let _ = (headers.route().is_ok(), headers.record_route().is_ok());
    let _ = (headers.from_tag(), headers.to_tag(), headers.content_type());
    let _ = (
        headers.authorization().is_some(),
        headers.credentials(HeaderName::ProxyAuthorization).count(),
    );
    for (name, value) in headers.iter() {
        assert!(
            headers.find(name).is_some(),
            "every header is found by its own name"
        );
        assert!(headers.find_all(name).any(|found| found == value));
    }
    for name in HeaderName::KNOWN {
        assert!(headers.all(*name).all(|value| !value.is_empty()));
    }
}

fn same(one: &Message, two: &Message) -> bool {
    one.headers().iter().eq(two.headers().iter())
        && one.body() == two.body()
        && one.bytes() == two.bytes()
}

/// The response to an accepted request is itself a message, and finds its way back to the same transaction.
fn answered(request: &Request) {
    let reply = Builder::reply(request, 486, None, Some("ours"), source())
        .copy(request.headers(), HeaderName::RecordRoute)
        .finish();
    // What we add may go beyond the limits that the request just met.
    let limits = Limits {
        message_bytes_max: 1 << 20,
        headers_max: 256,
        line_bytes_max: 1 << 20,
    };
    let reply = reply.map(|reply| Message::parse(reply, &limits));
    let Ok(Ok(Message::Response(reply))) = reply else {
        unreachable!("the reply to an accepted request reads as a response: {reply:?}");
    };
    let (asked, told) = (request.headers(), reply.headers());
    assert_eq!(reply.code(), 486);
    assert_eq!(asked.call_id(), told.call_id());
    assert_eq!(asked.cseq(), told.cseq());
    assert_eq!(asked.from_tag(), told.from_tag());
    assert_eq!(told.to_tag(), asked.to_tag().or(Some("ours")));
    let branch = |headers: &Headers| {
        headers
            .via()
            .ok()
            .and_then(|via: Via<'_>| via.branch().map(str::to_owned))
    };
    assert_eq!(branch(asked), branch(told));
    assert_eq!(
        asked.all(HeaderName::Via).count(),
        told.all(HeaderName::Via).count()
    );
}

/// A request written anew from what was read reads the same.
fn rebuilt(request: &Request) {
    let Ok(uri) = request.uri() else { return };
    let mut builder = Builder::request(request.method(), uri.as_str());
    for (name, value) in request.headers().iter() {
        if HeaderName::of(name) != HeaderName::ContentLength {
            builder = builder.header_bytes(std::str::from_utf8(name).unwrap_or_default(), value);
        }
    }
    let written = builder.finish_body(request.body());
    // A NUL that a quoted string may hold is refused when it is written anew.
    let Ok(written) = written else { return };
    let limits = Limits {
        message_bytes_max: 1 << 20,
        headers_max: 65,
        line_bytes_max: 1 << 20,
    };
    let again = Message::parse(written, &limits);
    let Ok(Message::Request(again)) = again else {
        unreachable!("what was written reads as a request: {again:?}");
    };
    assert_eq!(again.method(), request.method());
    assert_eq!(again.uri_bytes(), request.uri_bytes());
    assert_eq!(again.body(), request.body());
    for name in HeaderName::KNOWN
        .iter()
        .filter(|name| **name != HeaderName::ContentLength)
    {
        assert!(
            again
                .headers()
                .lines(*name)
                .eq(request.headers().lines(*name))
        );
    }
}

/// Reads a URI and an address; both must be written back to what they were.
pub fn fuzz_uri(data: &[u8]) {
    if let Ok(uri) = Uri::parse(data) {
        assert_eq!(
            uri.to_string().as_bytes(),
            data,
            "a URI is written back unchanged"
        );
        assert!(uri.same_as(&uri));
        let _ = (
            uri.scheme(),
            uri.user_decoded(),
            uri.password(),
            uri.headers(),
            uri.port(),
        );
        assert_eq!(
            uri.host().is_some(),
            matches!(uri.scheme(), Scheme::Sip | Scheme::Sips)
        );
        for (name, value) in uri.params().iter() {
            assert!(
                uri.param(name)
                    .is_some_and(|found| value.is_none() || !found.contains(';'))
            );
        }
    }
    if let Ok(address) = NameAddr::parse(data) {
        let written = address.to_string();
        let again = NameAddr::parse(written.as_bytes());
        assert_eq!(again, Ok(address), "an address reads the same again");
    }
    if let Ok(via) = Via::parse(data) {
        let _ = (
            via.branch(),
            via.rport(),
            via.received(),
            via.has_unique_branch(),
        );
    }
}

/// Reads credentials and a challenge; nothing made up may be let in, and what we answer must be readable.
pub fn fuzz_digest(data: &[u8]) {
    let _ = Credentials::parse(data).map(|given| (given.username.len(), given.opaque.is_some()));
    let kept = Ha1 {
        md5: Some("0".repeat(32)),
        sha256: Some("0".repeat(64)),
    };
    if let Ok(text) = std::str::from_utf8(data) {
        let answer = Answer {
            method: &Method::Register,
            uri: "sip:fuzz.example",
            user: "fuzz",
            secret: Secret::Ha1(&kept),
            nc: 1,
            cnonce: "c",
        };
        if let Ok(value) = answer_challenge(text, &answer) {
            let given = Credentials::parse(value.as_bytes());
            assert!(
                given.is_some_and(
                    |given| given.username == "fuzz" && given.uri == "sip:fuzz.example"
                )
            );
        }
    }
    let mut verifier = Verifier::new([3; 32], Duration::from_secs(60), 4);
    let given = Credentials::parse(data);
    let scope = Scope {
        realm: given.as_ref().map_or("fuzz", |given| &given.realm),
        source: Ipv4Addr::new(192, 0, 2, 1).into(),
    };
    let now = Duration::from_secs(5);
    let challenges = verifier.challenges(now, scope, &[Algorithm::Md5], false);
    let nonce = challenges.first().and_then(|line| line.split('"').nth(3));
    // As it is, and with a nonce that is good, since credentials over any other are not judged.
    let judged = given
        .as_ref()
        .and_then(|given| with_nonce(data, &given.nonce, nonce?));
    for credentials in [Some(data), judged.as_deref()].into_iter().flatten() {
        if let Some(request) = register_with("Authorization", credentials) {
            let unknown = verifier.verify(now, &request, scope, &|_| None);
            assert!(unknown.is_err(), "nobody is let in without a user");
            let guessed = verifier.verify(now, &request, scope, &|_| Some(kept.clone()));
            assert!(guessed.is_err(), "nobody is let in without a password");
        }
    }
}

/// Credentials with another nonce.
fn with_nonce(credentials: &[u8], old: &str, fresh: &str) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(credentials, old.as_bytes())?;
    let (before, rest) = credentials.split_at_checked(at)?;
    let after = rest.get(old.len()..)?;
    Some([before, fresh.as_bytes(), after].concat())
}

/// A REGISTER with this header, where it can be written and read.
fn register_with(name: &str, value: &[u8]) -> Option<Request> {
    let bytes = Builder::request(&Method::Register, "sip:fuzz.example")
        .header("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKf")
        .header("From", "<sip:fuzz@fuzz.example>;tag=f")
        .header("To", "<sip:fuzz@fuzz.example>")
        .header("Call-ID", "f")
        .header("CSeq", "1 REGISTER")
        .header_bytes(name, value)
        .finish();
    match Message::parse(bytes.ok()?, &Limits::default()) {
        Ok(Message::Request(request)) => Some(request),
        _ => None,
    }
}

/// Cuts a stream once in large and once in small pieces; the frames must be the same, and the buffer bounded.
pub fn fuzz_framer(data: &[u8]) {
    let limits = Limits {
        message_bytes_max: 4_096,
        ..Limits::default()
    };
    let whole = framed(data, 4_096, limits);
    let small = 1 + data.first().map_or(0, |first| usize::from(first % 13));
    assert_eq!(
        whole,
        framed(data, small, limits),
        "frames do not depend on how a stream is cut"
    );
    for frame in whole.0 {
        if let Frame::Message(bytes) = frame {
            assert!(bytes.len() <= limits.message_bytes_max);
            let len = bytes.len();
            if let Ok(message) = Message::parse(bytes, &limits) {
                assert_eq!(message.bytes().len(), len, "a frame is exactly one message");
            }
        }
    }
}

/// All frames of a stream, and the fault that ended it.
fn framed(data: &[u8], piece: usize, limits: Limits) -> (Vec<Frame>, Option<ParseError>) {
    let mut framer = Framer::new(limits);
    let mut frames = Vec::new();
    for piece in data.chunks(piece) {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(framer.buffered_bytes(), 0, "a broken stream holds nothing");
                    return (frames, Some(error));
                }
            }
        }
        assert!(framer.buffered_bytes() <= 2 * limits.message_bytes_max);
    }
    (frames, None)
}

/// Reads the Contact headers of a value; used by drivers that mutate a single header.
pub fn fuzz_contact(data: &[u8]) {
    if let Some(message) = register_with("Contact", data) {
        match message.headers().contacts() {
            Ok(Contacts::List(list)) => {
                assert_eq!(
                    list.len(),
                    message.headers().all(HeaderName::Contact).count()
                );
            }
            Ok(Contacts::Star) => {
                assert!(message.headers().all(HeaderName::Contact).eq([b"*"]));
            }
            Err(error) => unreachable!("the check let an unreadable Contact through: {error}"),
        }
    }
}
