//! Between the call's words and SIP's: causes and Reason headers, name-addrs, bodies, dialog facts.

use std::fmt::Write as _;

use bytes::Bytes;
use cordboard_sip::{Body, DialogId, DialogView, Headers, Transport};

use crate::action::CallerId;
use crate::board::Moment;
use crate::cause::Cause;
use crate::event::DialogFacts;
use crate::leg::Duty;
use crate::negotiate::SDP;

/// What our dialogs understand.
pub(crate) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO";

/// Ends a dialog as the leg's table demands. `elsewhere`: another phone was answered (RFC 3326
/// section 2: such a CANCEL says `SIP;cause=200`, and the phone shows no missed call).
pub(crate) fn end_dialog(
    m: &mut Moment<'_>,
    dialog: DialogId,
    duty: Duty,
    (cause, elsewhere): (Cause, bool),
) {
    let q850 = cause.reason_header();
    let completed = "SIP;cause=200;text=\"Call completed elsewhere\"";
    let both = [("Reason", completed), ("Reason", q850.as_str())];
    let headers = if elsewhere { &both[..] } else { &both[1..] };
    let done = match duty {
        Duty::Reject => m
            .sip
            .reject(m.now, dialog, cause.sip_status(), None, headers),
        Duty::Cancel => m.sip.cancel(m.now, dialog, headers),
        Duty::Bye => m.sip.bye(m.now, dialog, headers),
        _ => Ok(()),
    };
    // A refusal means that the dialog is gone already: then nothing is owed.
    if done.is_err() {
        m.board.counters.inputs_ignored += 1;
    }
}

/// The Q.850 cause of a message's Reason headers.
pub(crate) fn reason(headers: &Headers) -> Option<Cause> {
    headers
        .find_all(b"Reason")
        .filter_map(|value| std::str::from_utf8(value).ok())
        .find_map(Cause::from_reason_header)
}

/// The session description of a body: all of it, or a part of multipart/mixed (RFC 5621), as
/// carriers send it beside ISUP or a picture of the caller.
pub(crate) fn sdp<'a>(headers: &Headers, body: &'a Bytes) -> Option<&'a [u8]> {
    sdp_of(headers.find(b"Content-Type")?, body)
}

/// Parts of a multipart body that are looked at; what lies behind is not.
const PARTS_MAX: usize = 8;

fn sdp_of<'a>(content_type: &[u8], body: &'a [u8]) -> Option<&'a [u8]> {
    let is = |kind: &str| media_type(content_type).eq_ignore_ascii_case(kind.as_bytes());
    if body.is_empty() {
        return None;
    }
    if is(SDP) {
        return Some(body);
    }
    if !is("multipart/mixed") && !is("multipart/alternative") {
        return None;
    }
    let parameters = std::str::from_utf8(content_type).ok()?.split(';').skip(1);
    let boundary = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| format!("--{}", value.trim().trim_matches('"')))
        .filter(|boundary| (3..=72).contains(&boundary.len()))?;
    let found = |at: usize| {
        body.get(at..)
            .and_then(|rest| find(rest, boundary.as_bytes()))
    };
    let mut start = found(0)? + boundary.len();
    for _ in 0..PARTS_MAX {
        let end = start + found(start)?;
        let part = body.get(start..end)?;
        let head = find(part, b"\r\n\r\n")?;
        let (head, content) = part.split_at_checked(head + 4)?;
        let is_sdp = head.split(|&b| b == b'\n').any(|line| {
            let mut halves = line.splitn(2, |&b| b == b':');
            let name = halves.next().unwrap_or_default().trim_ascii();
            let value = media_type(halves.next().unwrap_or_default());
            (name.eq_ignore_ascii_case(b"content-type") || name.eq_ignore_ascii_case(b"c"))
                && value.eq_ignore_ascii_case(SDP.as_bytes())
        });
        if is_sdp {
            // The line end before a boundary belongs to the boundary.
            return Some(content.strip_suffix(b"\r\n").unwrap_or(content));
        }
        start = end + boundary.len();
    }
    None
}

fn media_type(value: &[u8]) -> &[u8] {
    let kind = value.split(|&b| b == b';').next().unwrap_or_default();
    kind.trim_ascii()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// A body that is a session description.
pub(crate) fn sdp_body(bytes: Bytes) -> Body {
    Body {
        content_type: SDP.to_owned(),
        bytes,
    }
}

/// The From value that shows a caller: without a number it is anonymous (RFC 3323 section 4.1).
pub(crate) fn from_value(caller: &CallerId) -> String {
    if caller.number.is_empty() {
        return "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned();
    }
    let mut text = String::with_capacity(64);
    if let Some(name) = caller.name.as_deref().filter(|name| !name.is_empty()) {
        text.push('"');
        for c in name.chars().filter(|c| !c.is_control()) {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push_str("\" ");
    }
    text.push_str("<sip:");
    for byte in caller.number.bytes() {
        // RFC 3261 section 25.1, `user`: unreserved and user-unreserved stand as they are.
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text.push('@');
    text.extend(
        caller
            .host
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']')),
    );
    text.push('>');
    text
}

/// A dialog as the journal keeps it.
pub(crate) fn dialog_facts(view: &DialogView) -> DialogFacts {
    let transport = match view.flow.transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
    };
    DialogFacts {
        sip_call_id: view.call_id.clone(),
        local_tag: view.local_tag.clone(),
        remote_tag: view.remote_tag.clone(),
        local_uri: view.local_uri.clone(),
        remote_uri: view.remote_uri.clone(),
        local_cseq: view.local_cseq,
        remote_cseq: view.remote_cseq,
        route_set: view.route_set.clone(),
        target: view.target.clone(),
        hop: format!("{transport} {}", view.flow.remote),
    }
}

#[cfg(test)]
mod tests {
    use cordboard_sip::message::NameAddr;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_caller_is_a_readable_from_value(number in ".{1,20}", name in proptest::option::of(".{0,20}")) {
            let value = from_value(&caller(&number, name.as_deref()));
            prop_assert!(!value.contains(['\r', '\n', '\0']));
            let read = NameAddr::parse(value.as_bytes());
            let user = read.as_ref().ok().and_then(|read| read.uri.user_decoded());
            prop_assert_eq!(user.as_deref(), Some(number.as_str()), "{}", value);
        }
    }

    fn caller(number: &str, name: Option<&str>) -> CallerId {
        CallerId {
            number: number.to_owned(),
            name: name.map(str::to_owned),
            host: "demo.example".to_owned(),
        }
    }

    #[test]
    fn finds_the_description_among_other_parts() {
        let mixed = b"multipart/mixed; boundary=\"b1\"";
        let body = b"--b1\r\nContent-Type: application/isup\r\n\r\n\x01\x10\r\n\
                     --b1\r\ncontent-type: Application/SDP\r\n\r\nv=0\r\n\r\n--b1--\r\n";
        assert_eq!(sdp_of(mixed, body), Some(&b"v=0\r\n"[..]));
        assert_eq!(sdp_of(b"application/sdp;x=1", b"v=0"), Some(&b"v=0"[..]));
        assert_eq!(sdp_of(b"application/sdp", b""), None);
        assert_eq!(sdp_of(b"text/plain", b"v=0"), None);
        assert_eq!(sdp_of(b"multipart/mixed", body), None);
        assert_eq!(sdp_of(b"multipart/mixed;boundary=", body), None);
        assert_eq!(sdp_of(mixed, body.get(..60).unwrap()), None);
    }

    #[test]
    fn writes_from_values_that_cannot_break_out() {
        assert_eq!(
            from_value(&caller("+442079460123", Some("Ann \"A\" O\\B"))),
            "\"Ann \\\"A\\\" O\\\\B\" <sip:+442079460123@demo.example>"
        );
        assert_eq!(
            from_value(&caller("a b@x>\r\nEvil: 1", Some("a\r\nb"))),
            "\"ab\" <sip:a%20b%40x%3E%0D%0AEvil%3A%201@demo.example>"
        );
        assert!(from_value(&caller("", Some("Ann"))).contains("anonymous.invalid"));
    }
}
