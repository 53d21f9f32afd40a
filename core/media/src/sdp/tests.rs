//! Stories of offer and answer.

use std::time::Instant;

use proptest::prelude::*;

use super::*;

const BOTH: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

fn local(codecs: &[Codec]) -> LocalMedia<'_> {
    LocalMedia {
        address: "192.0.2.1:10000".parse().unwrap(),
        codecs,
        direction: Direction::SendReceive,
        symmetric: true,
    }
}

fn sdp(lines: &str) -> Vec<u8> {
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\n";
    format!("{head}{lines}").replace('\n', "\r\n").into_bytes()
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}

fn answer(lines: &str) -> Result<(Negotiated, String), SdpError> {
    let (agreed, body) = Session::new(5).answer(&sdp(lines), &local(&BOTH))?;
    Ok((agreed, text(&body)))
}

#[test]
fn the_first_codec_of_theirs_that_we_have_is_answered_with_their_numbers() {
    let (agreed, body) = answer(
        "m=audio 4000 RTP/AVP 9 0 8 96\na=rtpmap:9 G722/8000\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-15\n",
    )
    .unwrap();
    assert_eq!(agreed.spec.codec, Codec::Pcmu);
    assert_eq!(agreed.common.as_slice(), [Codec::Pcmu, Codec::Pcma]);
    assert_eq!(agreed.spec.remote, "192.0.2.9:4000".parse().unwrap());
    assert_eq!(agreed.spec.remote_rtcp.port(), 4001);
    assert_eq!(agreed.spec.send_event_payload, Some(96));
    assert_eq!(agreed.spec.receive_event_payload, Some(96));
    assert!(body.contains("m=audio 10000 RTP/AVP 0 96\r\n"), "{body}");
    assert!(body.contains("a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n"));
    assert!(
        body.contains("c=IN IP4 192.0.2.1\r\n") && body.contains("a=ptime:20\r\na=sendrecv\r\n")
    );
    assert!(!body.contains("rtcp"));
}

#[test]
fn without_telephone_events_none_are_answered() {
    let (agreed, body) = answer("m=audio 4000 RTP/AVP 8\n").unwrap();
    assert_eq!(agreed.spec.send_event_payload, None);
    assert!(body.contains("m=audio 10000 RTP/AVP 8\r\n"));
}

#[test]
fn a_codec_on_a_dynamic_number_keeps_it() {
    let (agreed, body) =
        answer("m=audio 4000 RTP/AVP 100 0\na=rtpmap:100 pcma/8000/1\na=rtpmap:0 L16/44100\n")
            .unwrap();
    assert_eq!(
        (agreed.spec.codec, agreed.spec.send_payload),
        (Codec::Pcma, 100)
    );
    assert!(body.contains("RTP/AVP 100\r\na=rtpmap:100 PCMA/8000\r\n"));
}

#[test]
fn our_offer_and_their_answer_may_use_different_numbers() {
    let mut session = Session::new(5);
    let offer = text(&session.offer(&local(&BOTH)));
    assert!(
        offer.contains("m=audio 10000 RTP/AVP 8 0 101\r\n"),
        "{offer}"
    );
    assert!(session.offering());
    let theirs = sdp("m=audio 4000 RTP/AVP 0 97\na=rtpmap:97 telephone-event/8000\na=rtcp:5005\n");
    let agreed = session.accept(&theirs, &local(&BOTH)).unwrap();
    assert_eq!(agreed.spec.codec, Codec::Pcmu);
    assert_eq!(agreed.spec.send_event_payload, Some(97));
    assert_eq!(agreed.spec.receive_event_payload, Some(101));
    assert_eq!(agreed.spec.remote_rtcp.port(), 5005);
    assert!(!session.offering());
    assert_eq!(
        session.accept(&theirs, &local(&BOTH)),
        Err(SdpError::NoOffer)
    );
}

#[test]
fn hold_is_seen_in_each_of_its_forms_and_answered() {
    for (line, answered, sending, receiving) in [
        ("a=sendonly\n", "recvonly", false, true),
        ("a=inactive\n", "inactive", false, false),
        ("c=IN IP4 0.0.0.0\n", "sendrecv", false, true),
    ] {
        let (agreed, body) = answer(&format!("m=audio 4000 RTP/AVP 8\n{line}")).unwrap();
        assert!(agreed.held_by_remote, "{line}");
        assert_eq!(
            (agreed.spec.sending, agreed.spec.receiving),
            (sending, receiving),
            "{line}"
        );
        assert!(body.contains(&format!("a={answered}\r\n")), "{line}{body}");
    }
    let (agreed, body) = answer("m=audio 4000 RTP/AVP 8\na=recvonly\n").unwrap();
    assert!(!agreed.held_by_remote && agreed.spec.sending && !agreed.spec.receiving);
    assert!(body.contains("a=sendonly\r\n"));
}

#[test]
fn a_direction_of_the_whole_session_counts_where_the_line_has_none() {
    let body = sdp("a=sendonly\nm=audio 4000 RTP/AVP 8\n");
    let (agreed, _) = Session::new(5).answer(&body, &local(&BOTH)).unwrap();
    assert!(agreed.held_by_remote);
    let body = sdp("a=sendonly\nm=audio 4000 RTP/AVP 8\na=sendrecv\n");
    let (agreed, _) = Session::new(5).answer(&body, &local(&BOTH)).unwrap();
    assert!(!agreed.held_by_remote);
}

#[test]
fn our_own_hold_is_no_hold_of_theirs() {
    let mut session = Session::new(5);
    let mut holding = local(&BOTH);
    holding.direction = Direction::SendOnly;
    assert!(text(&session.offer(&holding)).contains("a=sendonly\r\n"));
    let theirs = sdp("m=audio 4000 RTP/AVP 8\na=recvonly\n");
    let agreed = session.accept(&theirs, &holding).unwrap();
    assert!(agreed.spec.sending && !agreed.spec.receiving && !agreed.held_by_remote);
    holding.direction = Direction::Inactive;
    session.offer(&holding);
    let agreed = session
        .accept(&sdp("m=audio 4000 RTP/AVP 8\na=inactive\n"), &holding)
        .unwrap();
    assert!(!agreed.held_by_remote && agreed.direction == Direction::Inactive);
}

#[test]
fn other_lines_are_refused_in_their_places_for_ever() {
    let mut session = Session::new(5);
    let offer = sdp(
        "m=video 5000 RTP/AVP 99 100\na=rtpmap:99 H264/90000\nm=audio 3998 RTP/SAVP 8\nm=audio 4000 RTP/AVP 8\na=rtcp-mux\n",
    );
    let (agreed, body) = session.answer(&offer, &local(&BOTH)).unwrap();
    let body = text(&body);
    assert_eq!(agreed.spec.remote_rtcp.port(), 4001);
    let lines: Vec<&str> = body.lines().filter(|l| l.starts_with("m=")).collect();
    let expected = [
        "m=video 0 RTP/AVP 99",
        "m=audio 0 RTP/SAVP 8",
        "m=audio 10000 RTP/AVP 8",
    ];
    assert_eq!(lines, expected);
    assert!(!body.contains("rtcp-mux"));
    let again = text(&session.offer(&local(&BOTH)));
    assert_eq!(again.lines().filter(|l| l.starts_with("m=")).count(), 3);
    let fewer = sdp("m=audio 4000 RTP/AVP 8\n");
    assert!(matches!(
        session.answer(&fewer, &local(&BOTH)),
        Err(SdpError::Mismatch(_))
    ));
}

#[test]
fn the_version_grows_with_each_change_and_only_then() {
    let mut session = Session::new(5);
    let first = session.offer(&local(&BOTH));
    assert_eq!(session.offer(&local(&BOTH)), first);
    assert_eq!(session.version(), 5);
    let mut held = local(&BOTH);
    held.direction = Direction::SendOnly;
    assert!(text(&session.offer(&held)).contains("o=- 5 6 IN IP4 192.0.2.1\r\n"));
    assert_eq!(session.version(), 6);
    let body = sdp("m=audio 4000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n");
    let (one, _) = session.answer(&body, &local(&BOTH)).unwrap();
    let (two, _) = session.answer(&body, &local(&BOTH)).unwrap();
    assert_eq!((one.version, two.version), (7, 7));
    assert_eq!(
        session.written().unwrap().len(),
        session.offer(&local(&[Codec::Pcma])).len()
    );
}

#[test]
fn refusals_name_culprit_and_status() {
    let status = |lines: &str| answer(lines).map_err(|e| (e.status(), e.culprit())).err();
    for (lines, code) in [
        ("m=audio 0 RTP/AVP 8\n", 488),
        ("m=audio 4000 RTP/AVP 18\n", 488),
        ("m=audio 4000 RTP/SAVP 8\n", 488),
        ("m=video 4000 RTP/AVP 8\n", 488),
        ("", 488),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 phone.example\n", 488),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 224.0.0.9\n", 488),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP6 2001:db8::1\n", 488),
        ("m=audio x RTP/AVP 8\n", 400),
    ] {
        assert_eq!(status(lines), Some((code, Culprit::Peer)), "{lines}");
    }
    assert_eq!(
        Session::new(1)
            .answer(b"hello", &local(&BOTH))
            .unwrap_err()
            .status(),
        400
    );
    assert_eq!(SdpError::NoOffer.culprit(), Culprit::Us);
    let bare = b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    assert_eq!(
        Session::new(1)
            .answer(bare, &local(&BOTH))
            .unwrap_err()
            .status(),
        400
    );
}

#[test]
fn a_refused_offer_changes_nothing() {
    let mut session = Session::new(5);
    let body = sdp("m=audio 4000 RTP/AVP 8\n");
    session.answer(&body, &local(&BOTH)).unwrap();
    let before = format!("{session:?}");
    let bad = sdp("m=audio 4000 RTP/AVP 18\nm=audio 4002 RTP/AVP 18\n");
    assert_eq!(
        session.answer(&bad, &local(&BOTH)),
        Err(SdpError::NoCommonCodec)
    );
    assert_eq!(format!("{session:?}"), before);
}

#[test]
fn ipv6_is_spoken_both_ways() {
    let mut here = local(&BOTH);
    here.address = "[2001:db8::1]:10000".parse().unwrap();
    let offer = Session::new(1).offer(&here);
    assert!(text(&offer).contains("c=IN IP6 2001:db8::1\r\n"));
    let mut there = local(&BOTH);
    there.address = "[2001:db8::2]:20000".parse().unwrap();
    let (agreed, _) = Session::new(2).answer(&offer, &there).unwrap();
    assert_eq!(agreed.spec.remote, here.address);
}

#[test]
fn hostile_descriptions_are_cheap() {
    let mut many = String::from("m=audio 4000 RTP/AVP");
    for number in 0..10_000 {
        many.push_str(&format!(" {}", number % 128));
    }
    let maps: String = (0..10_000)
        .map(|n| format!("a=rtpmap:{} X{n}/8000\n", n % 128))
        .collect();
    let lines = "m=audio 4000 RTP/AVP 8\n".repeat(5_000);
    let fits: String = (0..900)
        .map(|n| format!("a=rtpmap:{} telephone-event/8000\n", n % 200))
        .collect();
    for body in [
        sdp(&format!("{many}\n")),
        sdp(&format!("{many}\n{maps}")),
        sdp(&lines),
        sdp(&format!("m=audio 4000 RTP/AVP 8\n{fits}")),
        vec![b'\n'; 65_535],
        vec![b'm'; 65_535],
    ] {
        #[allow(clippy::disallowed_methods, reason = "a bound on real time")]
        let start = Instant::now();
        let _ = Session::new(1).answer(&body, &local(&BOTH));
        // An unoptimised build on a busy machine is given five times the bound.
        assert!(start.elapsed().as_millis() < 50, "{} octets", body.len());
    }
    assert_eq!(answer(&lines).unwrap_err(), SdpError::TooLarge("bytes"));
    let nine = "m=audio 4000 RTP/AVP 8\n".repeat(9);
    assert_eq!(
        answer(&nine).unwrap_err(),
        SdpError::TooLarge("media lines")
    );
    assert_eq!(
        answer(&"a=x\n".repeat(2_000)).unwrap_err(),
        SdpError::TooLarge("lines")
    );
}

fn directions() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendReceive),
        Just(Direction::SendOnly),
        Just(Direction::ReceiveOnly),
        Just(Direction::Inactive),
    ]
}

fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    prop_oneof![
        Just(vec![Codec::Pcmu]),
        Just(vec![Codec::Pcma]),
        Just(vec![Codec::Pcma, Codec::Pcmu]),
        Just(vec![Codec::Pcmu, Codec::Pcma]),
    ]
}

proptest! {
    /// Two of us agree on the same codec, mirrored directions and crossed payload numbers,
    /// however often they negotiate and whoever offers.
    #[test]
    fn two_sessions_agree(
        rounds in proptest::collection::vec((any::<bool>(), directions(), directions(), codecs(), codecs()), 1..6),
    ) {
        let mut sessions = [Session::new(10), Session::new(20)];
        let addresses = ["192.0.2.1:10000", "192.0.2.2:20000"].map(|a| a.parse::<SocketAddr>().unwrap());
        for (first, offering, answering, ours, theirs) in rounds {
            let (a, b) = if first { (0, 1) } else { (1, 0) };
            let caller = LocalMedia { address: addresses[a], codecs: &ours, direction: offering, symmetric: false };
            let callee = LocalMedia { address: addresses[b], codecs: &theirs, direction: answering, symmetric: false };
            let offer = sessions[a].offer(&caller);
            let answered = sessions[b].answer(&offer, &callee);
            if !ours.iter().any(|codec| theirs.contains(codec)) {
                prop_assert_eq!(answered.unwrap_err(), SdpError::NoCommonCodec);
                sessions[a].withdraw();
                continue;
            }
            let (at_b, body) = answered.unwrap();
            let at_a = sessions[a].accept(&body, &caller).unwrap();
            prop_assert_eq!(at_a.spec.codec, at_b.spec.codec);
            prop_assert_eq!(at_a.direction, at_b.direction.reversed());
            prop_assert_eq!(at_a.spec.remote, addresses[b]);
            prop_assert_eq!(at_b.spec.remote, addresses[a]);
            prop_assert_eq!(at_a.spec.send_payload, at_b.spec.receive_payload);
            prop_assert_eq!(at_b.spec.send_payload, at_a.spec.receive_payload);
            prop_assert_eq!(at_a.spec.send_event_payload, at_b.spec.receive_event_payload);
            prop_assert!(!at_a.spec.sending || at_b.spec.receiving);
        }
    }
}
