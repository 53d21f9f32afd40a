//! Reason phrases of status codes (RFC 3261 section 21 and the RFCs after it).
//!
//! The common ones stand here, ready to be written without an allocation; for the others the closed vocabulary of `rsip` is
//! read, whose variant names are the phrases without their spaces.

use std::borrow::Cow;

/// The reason phrase of a status code; the phrase of its class where the code is unknown. Never empty.
pub fn reason_phrase(code: u16) -> Cow<'static, str> {
    let phrase = match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => return Cow::Owned(spelt(code)),
    };
    Cow::Borrowed(phrase)
}

/// A phrase out of rsip's variant name: `BadIdentityInfo` becomes `Bad Identity Info`.
fn spelt(code: u16) -> String {
    if let rsip::StatusCode::Other(..) = rsip::StatusCode::from(code) {
        return class(code).to_owned();
    }
    let named = rsip::StatusCode::from(code).to_string();
    let variant = named.split_once(' ').map_or("", |(_, variant)| variant);
    let mut phrase = String::with_capacity(variant.len() + 8);
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !phrase.is_empty() {
            phrase.push(' ');
        }
        phrase.push(letter);
    }
    phrase
}

fn class(code: u16) -> &'static str {
    match code / 100 {
        1 => "Progress",
        2 => "Success",
        3 => "Redirection",
        4 => "Request Failure",
        5 => "Server Failure",
        _ => "Global Failure",
    }
}
