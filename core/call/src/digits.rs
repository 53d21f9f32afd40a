//! Digits in SIP INFO: application/dtmf-relay and application/dtmf, read and written.
//!
//! Neither has an RFC; both are as widespread equipment sends them: `Signal=5` with an optional
//! `Duration=160` (ms), or the bare digit. Some send 10 for `*`, 11 for `#`, 12 to 15 for A to D.

/// The content type we write.
pub(crate) const DTMF_RELAY: &str = "application/dtmf-relay";

/// The longest string of digits that one action may send.
pub(crate) const DIGITS_MAX: usize = 64;

/// Why an INFO gave no digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoDigit {
    /// Another content type: 415.
    OtherType,
    /// No digit in it: 400.
    Malformed,
}

/// The digit of an INFO body.
pub(crate) fn read(content_type: &[u8], body: &[u8]) -> Result<char, NoDigit> {
    let kind = content_type
        .split(|&b| b == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let text = std::str::from_utf8(body.get(..256).unwrap_or(body))
        .map_err(|_| NoDigit::Malformed)?
        .trim();
    let signal = if kind.eq_ignore_ascii_case(b"application/dtmf-relay") {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("signal"))
            .map(|(_, value)| value.trim())
            .ok_or(NoDigit::Malformed)?
    } else if kind.eq_ignore_ascii_case(b"application/dtmf") {
        text
    } else {
        return Err(NoDigit::OtherType);
    };
    of_signal(signal).ok_or(NoDigit::Malformed)
}

/// The body that says one digit, 160 ms long.
pub(crate) fn write(digit: char) -> String {
    format!("Signal={digit}\r\nDuration=160\r\n")
}

/// The digit in its one spelling (`A` to `D` large), or `None` for any other character.
pub(crate) fn normal(digit: char) -> Option<char> {
    let large = digit.to_ascii_uppercase();
    matches!(large, '0'..='9' | '*' | '#' | 'A'..='D').then_some(large)
}

fn of_signal(signal: &str) -> Option<char> {
    let mut chars = signal.chars();
    match (chars.next(), chars.next()) {
        (Some(digit), None) => normal(digit),
        _ => match signal {
            "10" => Some('*'),
            "11" => Some('#'),
            "12" => Some('A'),
            "13" => Some('B'),
            "14" => Some('C'),
            "15" => Some('D'),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_body_is_a_digit_or_a_refusal(kind in ".{0,40}", body in proptest::collection::vec(any::<u8>(), 0..400)) {
            for kind in [kind.as_bytes(), b"application/dtmf-relay", b"application/dtmf"] {
                if let Ok(digit) = read(kind, &body) {
                    prop_assert_eq!(normal(digit), Some(digit));
                }
            }
        }
    }

    #[test]
    fn reads_both_kinds() {
        let relay = b"application/dtmf-relay";
        assert_eq!(read(relay, b"Signal=5\r\nDuration=160\r\n"), Ok('5'));
        assert_eq!(read(b"Application/DTMF-Relay; x=1", b"signal = *"), Ok('*'));
        assert_eq!(read(relay, b"Signal=11\n"), Ok('#'));
        assert_eq!(read(b"application/dtmf", b" d\r\n"), Ok('D'));
    }

    #[test]
    fn tells_a_strange_type_from_a_bad_digit() {
        assert_eq!(read(b"text/plain", b"5"), Err(NoDigit::OtherType));
        assert_eq!(read(b"", b""), Err(NoDigit::OtherType));
        for bad in [
            &b"Signal=16"[..],
            b"Signal=",
            b"Duration=1",
            b"\xff\xfe",
            b"",
        ] {
            assert_eq!(
                read(b"application/dtmf-relay", bad),
                Err(NoDigit::Malformed)
            );
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        for digit in "0123456789*#ABCD".chars() {
            let body = write(digit);
            assert_eq!(read(DTMF_RELAY.as_bytes(), body.as_bytes()), Ok(digit));
        }
    }
}
