//! The scanner: finds the start line, the header lines and the end of the head, and copies nothing but folded values.
//!
//! It notes the first fault and goes on as far as it can, so that a bad request may still be answered. Lines end with CR LF;
//! a CR or LF alone is a fault, because elements that read it differently could be made to see different headers.

use bytes::Bytes;
use smallvec::SmallVec;

use super::headers::{Headers, Span};
use super::limits::Limits;
use super::name::HeaderName;
use super::text::{is_token, trim, trim_end};
use crate::error::Fault;

/// The start line, as places in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Method is `0..method_end`, the URI `uri.0..uri.1`.
    Request {
        method_end: usize,
        uri: (usize, usize),
    },
    /// The code, and where the reason phrase is.
    Response { code: u16, reason: (usize, usize) },
}

/// What a scan of a head found.
pub(crate) struct Scan {
    /// The start line; `None` if it is neither kind.
    pub start: Option<Start>,
    /// The header lines up to the first limit.
    pub headers: Headers,
    /// The first byte of the body; the text's length if the head does not end.
    pub body_start: usize,
    /// The first thing that was wrong.
    pub fault: Option<Fault>,
}

/// How many bytes of CR LF stand before the start line (RFC 3261 section 7.5).
pub(crate) fn leading_line_ends(text: &[u8]) -> usize {
    let mut skipped = 0;
    while text
        .get(skipped..)
        .is_some_and(|rest| rest.starts_with(b"\r\n"))
    {
        skipped += 2;
    }
    skipped
}

/// Scans the head at the start of `text`.
pub(crate) fn scan(text: &Bytes, limits: &Limits) -> Scan {
    let mut scanner = Scanner {
        text,
        limits,
        at: 0,
        spans: SmallVec::new(),
        unfolded: Vec::new(),
        fault: None,
    };
    let start = scanner.start_line();
    scanner.header_lines();
    Scan {
        start,
        body_start: scanner.at,
        fault: scanner.fault,
        headers: Headers {
            text: text.clone(),
            unfolded: Bytes::from(scanner.unfolded),
            spans: scanner.spans,
        },
    }
}

struct Scanner<'a> {
    text: &'a Bytes,
    limits: &'a Limits,
    at: usize,
    spans: SmallVec<[Span; 20]>,
    unfolded: Vec<u8>,
    fault: Option<Fault>,
}

impl Scanner<'_> {
    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    fn from(&self, start: usize) -> &[u8] {
        self.text.get(start..).unwrap_or_default()
    }

    /// Takes one line and leaves `at` behind its CR LF; the end of the text ends a line too, as a fault.
    fn line(&mut self) -> (usize, usize) {
        let start = self.at;
        let mut search = start;
        loop {
            let Some(found) = memchr::memchr2(b'\r', b'\n', self.from(search)) else {
                self.note(Fault::Truncated);
                self.at = self.text.len();
                return (start, self.at);
            };
            let end = search + found;
            if self.from(end).starts_with(b"\r\n") {
                self.at = end + 2;
                return (start, end);
            }
            self.note(Fault::LineEnd);
            search = end + 1;
        }
    }

    fn start_line(&mut self) -> Option<Start> {
        let (start, end) = self.line();
        if end - start > self.limits.line_bytes_max {
            self.note(Fault::LineTooLong);
        }
        let line = self.text.get(start..end).unwrap_or_default();
        let read = if line
            .get(..4)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"SIP/"))
        {
            status_line(line)
        } else {
            request_line(line)
        };
        match read {
            Ok((start, fault)) => {
                if let Some(fault) = fault {
                    self.note(fault);
                }
                Some(start)
            }
            Err(fault) => {
                self.note(fault);
                None
            }
        }
    }

    /// Takes header lines until the empty one.
    fn header_lines(&mut self) {
        while self.at < self.text.len() {
            let (start, mut end) = self.line();
            if start == end {
                return;
            }
            let mut folded = false;
            while matches!(self.text.get(self.at), Some(b' ' | b'\t')) {
                folded = true;
                end = self.line().1;
            }
            if end - start > self.limits.line_bytes_max {
                self.note(Fault::LineTooLong);
            } else if self.spans.len() >= self.limits.headers_max {
                self.note(Fault::TooManyHeaders);
            } else if let Err(fault) = self.header(start, end, folded) {
                self.note(fault);
            }
        }
        // The text ended without an empty line.
        self.note(Fault::Truncated);
    }

    fn header(&mut self, start: usize, end: usize, folded: bool) -> Result<(), Fault> {
        let line = self.text.get(start..end).unwrap_or_default();
        let colon = memchr::memchr(b':', line).ok_or(Fault::HeaderLine)?;
        let name = trim_end(line.get(..colon).unwrap_or_default());
        if !is_token(name) {
            return Err(Fault::HeaderLine);
        }
        let raw = line.get(colon + 1..).unwrap_or_default();
        let (value_start, value_end) = if folded {
            unfold(raw, &mut self.unfolded)
        } else {
            let value = trim(raw);
            let lead = raw.len() - super::text::trim_start(raw).len();
            let value_start = start + colon + 1 + lead;
            (value_start, value_start + value.len())
        };
        let place = |at: usize| u32::try_from(at).map_err(|_| Fault::TooLarge);
        self.spans.push(Span {
            name: HeaderName::of(name),
            folded,
            name_len: u16::try_from(name.len()).map_err(|_| Fault::LineTooLong)?,
            name_start: place(start)?,
            value_start: place(value_start)?,
            value_end: place(value_end)?,
        });
        Ok(())
    }
}

/// Appends the value with each fold as one space; gives its place in the buffer.
fn unfold(raw: &[u8], buffer: &mut Vec<u8>) -> (usize, usize) {
    let start = buffer.len();
    for line in raw.split(|byte| *byte == b'\n') {
        let piece = trim(line);
        if !piece.is_empty() {
            if buffer.len() > start {
                buffer.push(b' ');
            }
            buffer.extend_from_slice(piece);
        }
    }
    (start, buffer.len())
}

/// What a start line is, and what is wrong with it although its kind is plain.
type StartLine = Result<(Start, Option<Fault>), Fault>;

/// `SIP/2.0 200 OK`; the space before an empty reason phrase may be missing.
fn status_line(line: &[u8]) -> StartLine {
    let space = memchr::memchr(b' ', line).ok_or(Fault::StartLine)?;
    let (version, rest) = line.split_at(space);
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return Err(Fault::Version);
    }
    let rest = rest.get(1..).unwrap_or_default();
    let code_len = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let digits = rest.get(..code_len).unwrap_or_default();
    let code =
        super::text::number(digits).filter(|code| digits.len() == 3 && (100..700).contains(code));
    let code = code
        .and_then(|code| u16::try_from(code).ok())
        .ok_or(Fault::StatusCode)?;
    let reason = (line.len() - rest.len() + code_len + 1).min(line.len());
    Ok((
        Start::Response {
            code,
            reason: (reason, line.len()),
        },
        None,
    ))
}

/// `INVITE sip:user@host SIP/2.0`, single spaces, nothing before or behind (RFC 3261 section 7.1).
///
/// A line whose last word is a version is a request, however bad the rest of it, so that it can be answered.
fn request_line(line: &[u8]) -> StartLine {
    let method_end = memchr::memchr(b' ', line).ok_or(Fault::StartLine)?;
    let trimmed = trim_end(line);
    let version_start = memchr::memrchr(b' ', trimmed).map_or(0, |at| at + 1);
    let version = trimmed.get(version_start..).unwrap_or_default();
    let is_version = version
        .get(..4)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"SIP/"));
    if !is_token(line.get(..method_end).unwrap_or_default()) || !is_version {
        return Err(Fault::StartLine);
    }
    let uri = (
        method_end + 1,
        version_start.saturating_sub(1).max(method_end + 1),
    );
    let start = Start::Request { method_end, uri };
    let inside = line.get(uri.0..uri.1).unwrap_or_default();
    let fault = if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        Some(Fault::Version)
    } else if trimmed.len() != line.len()
        || inside.is_empty()
        || inside.iter().any(|byte| super::text::is_space(*byte))
    {
        Some(Fault::StartLine)
    } else {
        None
    };
    Ok((start, fault))
}
