//! Streams: messages cut by Content-Length, pings answered, bounds kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cordboard_sip::Fault;
use cordboard_sip::message::{Frame, Framer, Limits, Message};

const OPTIONS: &str = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n\
    To: <sip:x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n";

fn message(body: &str) -> String {
    format!("{OPTIONS}l: {}\r\n\r\n{body}", body.len())
}

fn frames(framer: &mut Framer) -> Vec<String> {
    std::iter::from_fn(|| framer.next().unwrap())
        .map(|frame| match frame {
            Frame::Ping => "ping".to_owned(),
            Frame::Message(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        })
        .collect()
}

#[test]
fn cuts_messages_that_come_together_or_byte_by_byte() {
    let stream = message("first") + &message("") + "\r\n" + &message("a\r\n\r\nb");
    let expected = [message("first"), message(""), message("a\r\n\r\nb")];
    let mut whole = Framer::new(Limits::default());
    whole.push(stream.as_bytes());
    assert_eq!(frames(&mut whole), expected);
    let mut slow = Framer::new(Limits::default());
    let mut seen = Vec::new();
    for byte in stream.bytes() {
        slow.push(&[byte]);
        seen.extend(frames(&mut slow));
    }
    assert_eq!(seen, expected);
    assert_eq!((whole.buffered_bytes(), slow.buffered_bytes()), (0, 0));
}

#[test]
fn double_line_ends_between_messages_are_pings() {
    let mut framer = Framer::new(Limits::default());
    framer.push(b"\r\n\r");
    assert_eq!(frames(&mut framer), [""; 0]);
    framer.push(b"\n");
    assert_eq!(frames(&mut framer), ["ping"]);
    framer.push(format!("{}\r\n\r\n\r\n\r\n\r\n{}", message("x"), message("y")).as_bytes());
    assert_eq!(
        frames(&mut framer),
        [
            message("x"),
            "ping".to_owned(),
            "ping".to_owned(),
            message("y")
        ]
    );
}

#[test]
fn half_a_message_waits_and_is_bounded() {
    let mut framer = Framer::new(Limits::default());
    framer.push(format!("{OPTIONS}Content-Length: 60000\r\n\r\nhalf").as_bytes());
    assert_eq!(framer.next(), Ok(None));
    framer.push(&[b'x'; 59_996]);
    assert!(matches!(framer.next(), Ok(Some(Frame::Message(_)))));
    assert_eq!(framer.buffered_bytes(), 0);
}

#[test]
fn content_length_beyond_the_limit_breaks_the_stream_at_once() {
    for length in ["4294967295", "4294967296", "99999999999999999999", "65536"] {
        let mut framer = Framer::new(Limits::default());
        framer.push(format!("{OPTIONS}Content-Length: {length}\r\n\r\n").as_bytes());
        let error = framer.next().unwrap_err();
        assert!(
            matches!(error.fault(), Fault::TooLarge | Fault::ContentLength),
            "{length}"
        );
        assert!(
            error.answer().is_some(),
            "the request can be answered before the stream is closed"
        );
        assert_eq!(framer.buffered_bytes(), 0);
        framer.push(message("").as_bytes());
        assert_eq!(
            framer.next().unwrap_err().fault(),
            error.fault(),
            "nothing comes after a fault"
        );
    }
}

#[test]
fn stream_without_content_length_cannot_be_cut() {
    let mut framer = Framer::new(Limits::default());
    framer.push(format!("{OPTIONS}\r\n").as_bytes());
    let error = framer.next().unwrap_err();
    assert_eq!(error.fault(), Fault::NoContentLength);
    assert_eq!(error.answer().map(|(_, code, _)| code), Some(400));
    let mut twice = Framer::new(Limits::default());
    twice.push(format!("{OPTIONS}l: 1\r\nl: 1\r\n\r\nx").as_bytes());
    assert_eq!(twice.next().unwrap_err().fault(), Fault::ContentLength);
}

#[test]
fn head_without_end_is_given_up() {
    let limits = Limits {
        message_bytes_max: 1_000,
        ..Limits::default()
    };
    let mut framer = Framer::new(limits);
    let mut pushed = 0;
    let error = loop {
        framer.push(b"X-Endless: 1\r\n");
        pushed += 14;
        match framer.next() {
            Ok(frame) => assert_eq!(frame, None),
            Err(error) => break error,
        }
        assert!(framer.buffered_bytes() <= 2_000);
    };
    assert_eq!((error.fault(), pushed), (Fault::TooLarge, 1_008));
    let mut flooded = Framer::new(limits);
    flooded.push(&[b'x'; 2_001]);
    assert_eq!(
        (
            flooded.buffered_bytes(),
            flooded.next().unwrap_err().fault()
        ),
        (0, Fault::TooLarge)
    );
}

#[test]
fn frames_are_messages() {
    let mut framer = Framer::new(Limits::default());
    framer.push(message("body").as_bytes());
    let Ok(Some(Frame::Message(bytes))) = framer.next() else {
        panic!("a frame")
    };
    let read = Message::parse(bytes, &Limits::default()).unwrap();
    assert_eq!(read.body(), "body");
}

#[test]
fn head_limit_does_not_depend_on_how_the_stream_was_cut() {
    let limits = Limits {
        message_bytes_max: 300,
        ..Limits::default()
    };
    let head = format!("{OPTIONS}X: {}\r\n\r\n", "y".repeat(300));
    let fault_by = |piece: usize| {
        let mut framer = Framer::new(limits);
        let mut faults = head.as_bytes().chunks(piece).filter_map(|piece| {
            framer.push(piece);
            framer.next().err()
        });
        faults.next().map(|error| error.fault())
    };
    assert_eq!(fault_by(1), Some(Fault::TooLarge));
    assert_eq!(fault_by(head.len()), Some(Fault::TooLarge));
}
