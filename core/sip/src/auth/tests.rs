//! Stories of digest authentication, and the worked examples of the RFCs.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::nonce::{Mint, Replays, hmac};
use super::*;
use crate::message::{Builder, Limits, Message, Method, Response};

const REALM: &str = "acme.example";
const URI: &str = "sip:acme.example";
const LIFETIME: Duration = Duration::from_secs(60);
const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const HOME: Scope<'_> = scope(REALM);

const fn scope(realm: &str) -> Scope<'_> {
    Scope {
        realm,
        source: PHONE,
    }
}

fn verifier() -> Verifier {
    Verifier::new([7; 32], LIFETIME, 100)
}

fn at(seconds: u64) -> Time {
    Duration::from_secs(1_000 + seconds)
}

fn users(name: &str) -> Option<Ha1> {
    (name == "alice").then(|| Ha1::of_password("alice", REALM, "secret"))
}

fn register(authorization: Option<&str>) -> Request {
    let mut builder = Builder::request(&Method::Register, URI)
        .header("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
        .header("From", "<sip:alice@acme.example>;tag=1")
        .header("To", "<sip:alice@acme.example>")
        .header("Call-ID", "a@192.0.2.1")
        .header("CSeq", "1 REGISTER");
    if let Some(value) = authorization {
        builder = builder.header("Authorization", value);
    }
    match Message::parse(builder.finish().unwrap(), &Limits::default()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("built a request"),
    }
}

/// The answer of a client to a challenge, with the password and count given.
fn answer(challenge: &str, user: &str, password: &str, nc: u32) -> String {
    let answer = Answer {
        method: &Method::Register,
        uri: URI,
        user,
        secret: Secret::Password(password),
        nc,
        cnonce: "c0ffee",
    };
    answer_challenge(challenge, &answer).unwrap()
}

fn challenge(verifier: &mut Verifier, now: Time, algorithm: Algorithm) -> String {
    verifier
        .challenges(now, HOME, &[algorithm], false)
        .remove(0)
}

fn get(uri: &str) -> (Method, String) {
    (Method::Other(Bytes::from_static(b"GET")), uri.to_owned())
}

#[test]
fn answers_the_example_of_rfc_2617() {
    let challenge = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let (method, uri) = get("/dir/index.html");
    let secret = Secret::Password("Circle Of Life");
    let answer = Answer {
        method: &method,
        uri: &uri,
        user: "Mufasa",
        secret,
        nc: 1,
        cnonce: "0a4f113b",
    };
    let value = answer_challenge(challenge, &answer).unwrap();
    assert!(
        value.contains("response=\"6629fae49393a05397450978507c4ef1\""),
        "{value}"
    );
    assert!(
        value.contains("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""),
        "{value}"
    );
    assert!(value.contains("qop=auth, nc=00000001"), "{value}");
}

#[test]
fn answers_both_examples_of_rfc_7616() {
    let (method, uri) = get("/dir/index.html");
    let answer = Answer {
        method: &method,
        uri: &uri,
        user: "Mufasa",
        secret: Secret::Password("Circle of Life"),
        nc: 1,
        cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    };
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let challenge = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\""
        );
        let value = answer_challenge(&challenge, &answer).unwrap();
        assert!(
            value.contains(&format!("response=\"{response}\"")),
            "{value}"
        );
    }
}

#[test]
fn keyed_hash_is_the_hmac_of_rfc_4231() {
    let mac = hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
    assert_eq!(
        hex(&mac),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn lets_in_who_knows_the_password_by_either_algorithm() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let mut verifier = verifier();
        let challenge = challenge(&mut verifier, at(0), algorithm);
        let request = register(Some(&answer(&challenge, "alice", "secret", 1)));
        let verified = verifier.verify(at(1), &request, HOME, &users);
        assert_eq!(
            verified,
            Ok(Verified {
                user: "alice".to_owned()
            })
        );
    }
}

#[test]
fn refuses_by_the_reason() {
    let mut verifier = verifier();
    let challenge = challenge(&mut verifier, at(0), Algorithm::Sha256);
    let good = answer(&challenge, "alice", "secret", 1);
    let cases = [
        (None, AuthError::NoCredentials),
        (Some("Bearer abc".to_owned()), AuthError::NoCredentials),
        (
            Some(answer(&challenge, "alice", "wrong", 1)),
            AuthError::WrongPassword,
        ),
        (
            Some(answer(&challenge, "bob", "secret", 1)),
            AuthError::UnknownUser,
        ),
        (
            Some(good.replace("qop=auth", "qop=auth-int")),
            AuthError::Malformed,
        ),
        (Some(good.replace("qop=auth, ", "")), AuthError::Malformed),
        (
            Some(good.replace("nc=00000001", "nc=1")),
            AuthError::Malformed,
        ),
        (
            Some(good.replace("nc=00000001", "nc=00000000")),
            AuthError::Malformed,
        ),
        (
            Some(good.replace("SHA-256", "SHA-256-sess")),
            AuthError::Malformed,
        ),
        (
            Some(good.replace("uri=\"sip:acme", "uri=\"sip:other")),
            AuthError::Malformed,
        ),
        (Some(format!("{good}, nonce=\"x\"")), AuthError::Malformed),
        (
            Some("Digest username=\"alice\"".to_owned()),
            AuthError::Malformed,
        ),
    ];
    for (authorization, error) in cases {
        let request = register(authorization.as_deref());
        assert_eq!(
            verifier.verify(at(1), &request, HOME, &users),
            Err(error),
            "{authorization:?}"
        );
    }
    let request = register(Some(&good));
    assert_eq!(
        verifier.verify(at(1), &request, scope("globex.example"), &users),
        Err(AuthError::WrongRealm)
    );
}

#[test]
fn credentials_over_an_old_nonce_are_stale_and_not_judged() {
    let mut verifier = verifier();
    let challenge = challenge(&mut verifier, at(0), Algorithm::Md5);
    for (user, password) in [("alice", "secret"), ("alice", "guess"), ("zoe", "secret")] {
        let request = register(Some(&answer(&challenge, user, password, 1)));
        assert_eq!(
            verifier.verify(at(60), &request, HOME, &users),
            Err(AuthError::Stale),
            "{user} {password}"
        );
    }
    assert!(AuthError::Stale.is_stale() && !AuthError::Stale.is_guess());
    assert!(verifier.challenges(at(60), HOME, &[Algorithm::Md5], true)[0].ends_with("stale=true"));
    let good = register(Some(&answer(&challenge, "alice", "secret", 1)));
    let verified = verifier.verify(at(59), &good, HOME, &users);
    assert_eq!(verified.unwrap().user, "alice");
}

#[test]
fn a_nonce_holds_for_the_address_that_it_was_sent_to() {
    let mut verifier = verifier();
    let challenge = challenge(&mut verifier, at(0), Algorithm::Md5);
    let elsewhere = ["192.0.2.2", "::1", "2001:db8::c000:201"];
    for (source, password) in elsewhere.iter().zip(["secret", "guess", "secret"]) {
        let scope = Scope {
            realm: REALM,
            source: source.parse().unwrap(),
        };
        let nobody_is_asked = |_: &str| -> Option<Ha1> { panic!("the nonce is not for {source}") };
        let request = register(Some(&answer(&challenge, "alice", password, 1)));
        let verdict = verifier.verify(at(1), &request, scope, &nobody_is_asked);
        assert_eq!(verdict, Err(AuthError::Stale), "{source}");
    }
    let mapped = Scope {
        realm: REALM,
        source: "::ffff:192.0.2.1".parse().unwrap(),
    };
    let request = register(Some(&answer(&challenge, "alice", "secret", 1)));
    assert!(
        verifier.verify(at(1), &request, mapped, &users).is_ok(),
        "the same address by a socket of both families"
    );
}

#[test]
fn nonce_of_another_key_realm_or_time_is_stale() {
    let mut ours = verifier();
    let mut other = Verifier::new([8; 32], LIFETIME, 100);
    let foreign = challenge(&mut other, at(0), Algorithm::Md5);
    let wrong_realm =
        ours.challenges(at(0), scope("globex.example"), &[Algorithm::Md5], false)[0].clone();
    let wrong_realm = wrong_realm.replace("globex.example", REALM);
    let future = challenge(&mut ours, at(500), Algorithm::Md5);
    for challenge in [foreign, wrong_realm, future] {
        let request = register(Some(&answer(&challenge, "alice", "secret", 1)));
        assert_eq!(
            ours.verify(at(1), &request, HOME, &users),
            Err(AuthError::Stale),
            "{challenge}"
        );
    }
}

#[test]
fn each_nonce_count_works_once_and_in_any_order_within_the_window() {
    let mut verifier = verifier();
    let challenge = challenge(&mut verifier, at(0), Algorithm::Md5);
    let mut uses = |nc: u32| {
        let request = register(Some(&answer(&challenge, "alice", "secret", nc)));
        verifier.verify(at(1), &request, HOME, &users).map(|_| ())
    };
    assert_eq!(uses(1), Ok(()));
    assert_eq!(uses(1), Err(AuthError::Replay));
    assert_eq!(uses(3), Ok(()));
    assert_eq!(uses(2), Ok(()));
    assert_eq!(uses(2), Err(AuthError::Replay));
    assert_eq!(uses(100), Ok(()));
    assert_eq!(uses(37), Ok(()), "63 below the highest");
    assert_eq!(
        uses(36),
        Err(AuthError::Replay),
        "too far below to be remembered"
    );
    assert_eq!(uses(u32::MAX), Ok(()));
}

#[test]
fn full_table_forgets_the_oldest_nonce_and_lets_no_replay_through() {
    let mut verifier = Verifier::new([7; 32], LIFETIME, 2);
    let requests: Vec<Request> = (0..4)
        .map(|_| {
            let challenge = challenge(&mut verifier, at(0), Algorithm::Md5);
            register(Some(&answer(&challenge, "alice", "secret", 1)))
        })
        .collect();
    for request in &requests {
        assert!(verifier.verify(at(1), request, HOME, &users).is_ok());
    }
    assert_eq!(verifier.replays.len(), 2);
    let again: Vec<_> = requests
        .iter()
        .map(|request| verifier.verify(at(1), request, HOME, &users))
        .collect();
    let (stale, replay) = (Err(AuthError::Stale), Err(AuthError::Replay));
    assert_eq!(again, [stale.clone(), stale, replay.clone(), replay]);
}

#[test]
fn strangers_cost_no_memory_and_expired_nonces_are_forgotten() {
    let mut verifier = verifier();
    for _ in 0..50 {
        let challenge = challenge(&mut verifier, at(0), Algorithm::Md5);
        let request = register(Some(&answer(&challenge, "alice", "guess", 1)));
        assert!(verifier.verify(at(1), &request, HOME, &users).is_err());
    }
    assert_eq!(verifier.replays.len(), 0);
    for second in [0, 30, 100] {
        let challenge = challenge(&mut verifier, at(second), Algorithm::Md5);
        let request = register(Some(&answer(&challenge, "alice", "secret", 1)));
        assert!(verifier.verify(at(second), &request, HOME, &users).is_ok());
    }
    assert_eq!(verifier.replays.len(), 1, "the first two expired");
}

#[test]
fn proxy_authorization_counts_too_and_the_right_realm_is_picked() {
    let mut verifier = verifier();
    let challenge = challenge(&mut verifier, at(0), Algorithm::Md5);
    let good = answer(&challenge, "alice", "secret", 1);
    let other = good.replace(REALM, "globex.example");
    let bytes = register(None).bytes().clone();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let both = format!("Authorization: {other}\r\nProxy-Authorization: {good}\r\nContent-Length");
    let text = text.replace("Content-Length", &both);
    let Message::Request(request) = Message::parse(text.into(), &Limits::default()).unwrap() else {
        panic!()
    };
    assert!(verifier.verify(at(1), &request, HOME, &users).is_ok());
}

#[test]
fn challenges_of_one_request_share_a_nonce_and_quote_the_realm() {
    let mut verifier = verifier();
    let both = verifier.challenges(
        at(0),
        scope("a\"b\\c\r\nX: y"),
        &[Algorithm::Sha256, Algorithm::Md5],
        false,
    );
    assert_eq!(both.len(), 2);
    assert!(both[0].contains("algorithm=SHA-256") && both[1].contains("algorithm=MD5"));
    assert!(
        both[0].starts_with("Digest realm=\"a\\\"b\\\\cX: y\", nonce=\""),
        "{}",
        both[0]
    );
    let nonce = |text: &str| {
        text.split("nonce=\"")
            .nth(1)
            .map(|rest| rest[..56].to_owned())
    };
    assert_eq!(nonce(&both[0]), nonce(&both[1]));
    let next = verifier.challenges(at(0), HOME, &[Algorithm::Md5], false);
    assert_ne!(nonce(&both[0]), nonce(&next[0]));
}

#[test]
fn answers_the_topmost_challenge_that_it_knows() {
    let text = "SIP/2.0 407 Proxy Authentication Required\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
        From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n\
        Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256, qop=\"auth\"\r\n\
        Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"\r\n\
        Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\n\r\n";
    let Message::Response(response) = Message::parse(text.into(), &Limits::default()).unwrap()
    else {
        panic!()
    };
    let (name, value) = answer_response(&response, &sample(Secret::Password("p"))).unwrap();
    assert_eq!(name, HeaderName::ProxyAuthorization);
    assert!(value.contains("algorithm=SHA-256"), "{value}");
    let md5_only = Ha1 {
        md5: Some(ha1(Algorithm::Md5, "u", "r", "p")),
        sha256: None,
    };
    let (_, value) = answer_response(&response, &sample(Secret::Ha1(&md5_only))).unwrap();
    assert!(value.contains("algorithm=MD5"), "{value}");
    assert_eq!(
        answered_by(&response, &Ha1::default()),
        Err(ChallengeError::Unsupported)
    );
}

fn sample(secret: Secret<'_>) -> Answer<'_> {
    Answer {
        method: &Method::Register,
        uri: URI,
        user: "u",
        secret,
        nc: 1,
        cnonce: "c",
    }
}

fn answered_by(response: &Response, ha1: &Ha1) -> Result<(HeaderName, String), ChallengeError> {
    answer_response(response, &sample(Secret::Ha1(ha1)))
}

#[test]
fn answers_the_old_form_without_qop() {
    let value = answer_challenge(
        "Digest realm=\"r\", nonce=\"n\"",
        &sample(Secret::Password("p")),
    )
    .unwrap();
    let (ha1, ha2) = (
        ha1(Algorithm::Md5, "u", "r", "p"),
        Algorithm::Md5.hash(&[b"REGISTER", URI.as_bytes()]),
    );
    let response = Algorithm::Md5.hash(&[ha1.as_bytes(), b"n", ha2.as_bytes()]);
    assert!(
        value.contains(&response) && !value.contains("qop"),
        "{value}"
    );
    let only_int = answer_challenge(
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        &sample(Secret::Password("p")),
    );
    assert_eq!(only_int, Err(ChallengeError::Unsupported));
    assert_eq!(
        answer_challenge("Basic realm=\"r\"", &sample(Secret::Password("p"))),
        Err(ChallengeError::Malformed)
    );
}

#[test]
fn hashes_are_never_shown() {
    assert_eq!(
        format!("{:?}", Ha1::of_password("alice", REALM, "secret")),
        "Ha1(..)"
    );
}

#[test]
fn nonce_checks_survive_hostile_text() {
    let mut mint = Mint::new([1; 32], LIFETIME);
    let nonce = mint.issue(at(0), HOME);
    assert!(mint.check(at(0), HOME, &nonce).is_some());
    for place in 0..nonce.len() {
        let mut changed = nonce.clone().into_bytes();
        changed[place] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(mint.check(at(0), HOME, &changed).is_none(), "digit {place}");
    }
    for text in [
        "",
        "\u{e9}",
        &nonce[..31],
        &"\u{e9}".repeat(28),
        &format!("{nonce}0"),
    ] {
        assert!(mint.check(at(0), HOME, text).is_none(), "{text}");
    }
    assert_eq!(Replays::new(0).len(), 0);
}

/// Text that a quoted string may hold, quotes and backslashes included.
const TEXT: &str = "[^\\p{Cc}]{1,20}";

proptest! {
    #[test]
    fn any_user_realm_and_password_prove_themselves(user in TEXT, realm in TEXT, password in TEXT, sha in any::<bool>()) {
        let algorithm = if sha { Algorithm::Sha256 } else { Algorithm::Md5 };
        let mut verifier = verifier();
        let challenge = verifier.challenges(at(0), scope(&realm), &[algorithm], false).remove(0);
        let request = register(Some(&answer(&challenge, &user, &password, 1)));
        let kept = |name: &str| (name == user).then(|| Ha1::of_password(&user, &realm, &password));
        prop_assert_eq!(verifier.verify(at(1), &request, scope(&realm), &kept).map(|verified| verified.user), Ok(user.clone()));
        let other = |name: &str| (name == user).then(|| Ha1::of_password(&user, &realm, "another"));
        let request = register(Some(&answer(&challenge, &user, &password, 2)));
        prop_assert_eq!(verifier.verify(at(1), &request, scope(&realm), &other), Err(AuthError::WrongPassword));
    }
}
