//! The checks every message must pass before anybody may rely on it (RFC 3261 sections 8.1.1, 8.2 and 18.3).
//!
//! They allocate nothing. A header that the engine itself never reads, such as Date, is not judged here (RFC 4475 section
//! 3.1.2.12 leaves that to whoever uses it).

use super::headers::Headers;
use super::name::HeaderName;
use super::name_addr::{NameAddr, params_of};
use super::request::Request;
use super::text::{Commas, number};
use super::uri::{Parts, Scheme};
use super::via::Via;
use crate::error::Fault;

/// Content-Length, if there is one.
pub(crate) fn content_length(headers: &Headers) -> Result<Option<usize>, Fault> {
    let mut lines = headers.lines(HeaderName::ContentLength);
    let Some(value) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(Fault::ContentLength);
    }
    let length = number(value)
        .and_then(|length| u32::try_from(length).ok())
        .ok_or(Fault::ContentLength)?;
    usize::try_from(length)
        .map(Some)
        .map_err(|_| Fault::ContentLength)
}

/// Where the body ends in a message of `len` bytes.
pub(crate) fn body_end(headers: &Headers, body_start: usize, len: usize) -> Result<usize, Fault> {
    match content_length(headers)? {
        None => Ok(len),
        Some(length) => body_start
            .checked_add(length)
            .filter(|end| *end <= len)
            .ok_or(Fault::BodyTruncated),
    }
}

/// What requests and responses have in common.
pub(crate) fn common(headers: &Headers) -> Result<(), Fault> {
    single(headers)?;
    for line in headers.lines(HeaderName::Via) {
        // The grammar lets no Via be empty; the topmost is read, since responses follow it.
        if Commas::new(line, true).any(<[u8]>::is_empty) {
            return Err(Fault::Via);
        }
    }
    headers.via().map_err(|_| Fault::Via)?;
    address(headers, HeaderName::From).ok_or(Fault::From)?;
    address(headers, HeaderName::To).ok_or(Fault::To)?;
    headers.call_id().map_err(|_| Fault::CallId)?;
    headers.cseq_parts().map(|_| ())
}

/// Whether From or To is an address whose tag, if it has one, is not empty: an empty tag names no dialog.
fn address(headers: &Headers, name: HeaderName) -> Option<()> {
    let value = headers.first(name)?;
    NameAddr::check(value).ok()?;
    let tag = params_of(value)?.value("tag");
    (tag != Some("")).then_some(())
}

/// What a request must be beyond that.
pub(crate) fn request(request: &Request) -> Result<(), Fault> {
    let headers = request.headers();
    common(headers)?;
    let (_, method) = headers.cseq_parts()?;
    if method != request.method().as_bytes() {
        return Err(Fault::CSeqMethod);
    }
    if headers
        .via()
        .is_ok_and(|via: Via<'_>| via.has_bare_cookie())
    {
        return Err(Fault::Branch);
    }
    let (parts, _) = Parts::find(request.uri_bytes()).map_err(|_| Fault::RequestUri)?;
    if parts.has_headers() {
        return Err(Fault::RequestUri);
    }
    if parts.scheme() == Scheme::Other {
        return Err(Fault::UriScheme);
    }
    headers.max_forwards().map_err(|_| Fault::MaxForwards)?;
    headers.check_contacts()
}

/// Refuses a second line of what may stand once. Content-Length has a fault of its own.
fn single(headers: &Headers) -> Result<(), Fault> {
    let mut seen = 0u128;
    for span in &headers.spans {
        let bit = 1u128 << (span.name as u8 & 127);
        if span.name.is_single() && seen & bit != 0 {
            return Err(if span.name == HeaderName::ContentLength {
                Fault::ContentLength
            } else {
                Fault::Duplicate
            });
        }
        seen |= bit;
    }
    Ok(())
}
