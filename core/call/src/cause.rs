//! tidy: table
//! Hang-up causes: ITU-T Q.850 values, their names, and the SIP status codes they map to and from
//! (RFC 3398 section 8.2.6 for SIP to Q.850, section 7.2.4 for Q.850 to SIP).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a leg or a call ended, as a Q.850 cause value (1 to 127).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cause(pub u8);

macro_rules! causes {
    ($($name:ident = $value:literal, $word:literal, $sip:literal, $text:literal;)*) => {
        impl Cause {
            $(#[doc = $text] pub const $name: Cause = Cause($value);)*

            /// Every cause that has a name here.
            pub const NAMED: &'static [Cause] = &[$(Cause($value)),*];

            /// The cause's word in dialplans, events and reports.
            pub fn word(self) -> &'static str {
                match self.0 { $($value => $word,)* _ => "interworking" }
            }

            /// What the cause means, in English.
            pub fn text(self) -> &'static str {
                match self.0 { $($value => $text,)* _ => "Interworking, unspecified" }
            }

            /// The SIP status that says it to a caller who has no answer yet.
            pub fn sip_status(self) -> u16 {
                match self.0 { $($value => $sip,)* _ => 500 }
            }

            /// The cause of a dialplan's word.
            pub fn from_word(word: &str) -> Option<Cause> {
                match word { $($word => Some(Cause($value)),)* _ => None }
            }
        }
    };
}

causes! {
    UNALLOCATED = 1, "unallocated", 404, "Unallocated number";
    NO_ROUTE = 3, "no-route", 404, "No route to destination";
    NORMAL = 16, "normal", 480, "Normal call clearing";
    BUSY = 17, "busy", 486, "User busy";
    NO_RESPONSE = 18, "no-response", 408, "No user responding";
    NO_ANSWER = 19, "no-answer", 480, "No answer from user";
    ABSENT = 20, "absent", 480, "Subscriber absent";
    REJECTED = 21, "rejected", 603, "Call rejected";
    MOVED = 22, "moved", 410, "Number changed";
    ANSWERED_ELSEWHERE = 26, "answered-elsewhere", 480, "Non-selected user clearing";
    OUT_OF_ORDER = 27, "out-of-order", 502, "Destination out of order";
    INVALID_NUMBER = 28, "invalid-number", 484, "Invalid number format";
    FACILITY_REJECTED = 29, "facility-rejected", 501, "Facility rejected";
    NORMAL_UNSPECIFIED = 31, "normal-unspecified", 480, "Normal, unspecified";
    CONGESTION = 34, "congestion", 503, "No circuit available";
    NETWORK_FAILURE = 38, "network-failure", 503, "Network out of order";
    TEMPORARY_FAILURE = 41, "temporary-failure", 503, "Temporary failure";
    EQUIPMENT_CONGESTION = 42, "equipment-congestion", 503, "Switching equipment congestion";
    BARRED = 55, "barred", 403, "Calls barred";
    INCOMPATIBLE = 88, "incompatible", 488, "Incompatible destination";
    TIMER_EXPIRED = 102, "timer-expired", 504, "Recovery on timer expiry";
    PROTOCOL_ERROR = 111, "protocol-error", 500, "Protocol error";
    INTERWORKING = 127, "interworking", 500, "Interworking, unspecified";
}

impl Cause {
    /// The cause of a final SIP response of 300 to 699 (RFC 3398 section 8.2.6).
    pub fn from_sip_status(code: u16) -> Cause {
        match code {
            400 | 401 | 402 | 403 | 407 => match code {
                401 | 402 | 403 | 407 => Cause::REJECTED,
                _ => Cause::TEMPORARY_FAILURE,
            },
            404 | 485 | 604 => Cause::UNALLOCATED,
            405 | 406 | 415 | 420 | 421 | 501 | 505 | 513 => Cause::INTERWORKING,
            408 => Cause::TIMER_EXPIRED,
            410 => Cause::MOVED,
            480 => Cause::NO_RESPONSE,
            481 | 500 | 503 => Cause::TEMPORARY_FAILURE,
            482 | 483 => Cause::INTERWORKING,
            484 => Cause::INVALID_NUMBER,
            486 | 600 => Cause::BUSY,
            487 => Cause::NORMAL,
            488 | 606 => Cause::INCOMPATIBLE,
            502 => Cause::NETWORK_FAILURE,
            504 => Cause::TIMER_EXPIRED,
            603 => Cause::REJECTED,
            _ => Cause::INTERWORKING,
        }
    }

    /// The value of a `Reason: Q.850;cause=16;text="..."` header (RFC 3326).
    pub fn reason_header(self) -> String {
        format!("Q.850;cause={};text=\"{}\"", self.0, self.text())
    }

    /// Reads a Reason header's Q.850 value; other protocols and bad values give `None`.
    pub fn from_reason_header(value: &str) -> Option<Cause> {
        value.split(',').find_map(|one| {
            let mut parts = one.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case("Q.850") {
                return None;
            }
            parts.find_map(|p| {
                let (name, value) = p.split_once('=')?;
                let value: u8 = value.trim().parse().ok()?;
                (name.trim().eq_ignore_ascii_case("cause") && (1..=127).contains(&value))
                    .then_some(Cause(value))
            })
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.word(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_busy_both_ways() {
        assert_eq!(Cause::from_sip_status(486), Cause::BUSY);
        assert_eq!(Cause::BUSY.sip_status(), 486);
        assert_eq!(Cause::from_word("busy"), Some(Cause::BUSY));
    }

    #[test]
    fn reason_header_survives_text() {
        for &cause in Cause::NAMED {
            assert_eq!(
                Cause::from_reason_header(&cause.reason_header()),
                Some(cause)
            );
        }
        assert_eq!(
            Cause::from_reason_header("SIP;cause=200, Q.850 ; cause=17"),
            Some(Cause::BUSY)
        );
        assert_eq!(Cause::from_reason_header("Q.850;cause=700"), None);
    }
}
