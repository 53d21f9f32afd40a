//! Writing messages: responses out of their request's spans, requests out of a dialog's names.
//!
//! One scratch buffer serves all; what leaves is one exact allocation. Values of the user can
//! smuggle in nothing: a header with a line end, or of a name that we write, is not written.

use std::io::Write as _;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::dialog::path::strict_router;
use crate::endpoint::types::{Body, Refused};
use crate::flow::{Flow, Transport};
use crate::message::{HeaderName, Method, Request, reason_phrase};

/// What we do, for Allow (RFC 3261 20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REGISTER";

/// A response to be written.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reply<'a> {
    pub(crate) code: u16,
    pub(crate) reason: Option<&'a str>,
    /// Our tag, where the request's To has none.
    pub(crate) tag: Option<&'a [u8]>,
    /// Our Contact; with it go Record-Route back and Allow out (12.1.1, 13.2.1).
    pub(crate) contact: Option<&'a [u8]>,
    /// Header lines of our own, ready to be written.
    pub(crate) lines: &'a [u8],
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<&'a Body>,
}

/// A request in a dialog to be written.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) method: &'a str,
    pub(crate) cseq: u32,
    pub(crate) branch: &'a [u8],
    /// Header lines, ready to be written.
    pub(crate) lines: &'a [u8],
    pub(crate) body: Option<&'a Body>,
}

/// A request outside dialogs, or a first INVITE, to be written.
#[derive(Clone, Copy)]
pub(crate) struct First<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a [u8],
    pub(crate) flow: &'a Flow,
    pub(crate) advertise: SocketAddr,
    pub(crate) branch: &'a [u8],
    pub(crate) routes: &'a [Box<[u8]>],
    pub(crate) from: &'a [u8],
    pub(crate) to: &'a [u8],
    pub(crate) call_id: &'a [u8],
    pub(crate) contact: &'a [u8],
    pub(crate) lines: &'a [u8],
    pub(crate) body: Option<&'a Body>,
}

/// The writer and its scratch buffer.
pub(crate) struct Writer {
    scratch: Vec<u8>,
    product: Option<String>,
    /// Headers of the user that were left out.
    pub(crate) headers_refused: u64,
}

impl Writer {
    pub(crate) fn new(product: Option<String>) -> Self {
        let product = product.filter(|text| is_clean(text.as_bytes()));
        Self {
            scratch: Vec::with_capacity(2048),
            product,
            headers_refused: 0,
        }
    }

    /// Writes a response: Via, From, To, Call-ID and CSeq as they came (RFC 3261 8.2.6.2).
    pub(crate) fn reply(&mut self, request: &Request, source: &Flow, reply: &Reply<'_>) -> Bytes {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        status_line(&mut out, reply.code, reply.reason);
        let headers = request.headers();
        for (place, via) in headers.all(HeaderName::Via).enumerate() {
            if place == 0 {
                top_via(&mut out, via, source);
            } else {
                field(&mut out, "Via", via);
            }
        }
        let forms_dialog = reply.contact.is_some() && (101..300).contains(&reply.code);
        if forms_dialog {
            for route in headers.all(HeaderName::RecordRoute) {
                field(&mut out, "Record-Route", route);
            }
        }
        field(
            &mut out,
            "From",
            headers.first(HeaderName::From).unwrap_or_default(),
        );
        self.to(&mut out, request, reply.tag);
        field(
            &mut out,
            "Call-ID",
            headers.first(HeaderName::CallId).unwrap_or_default(),
        );
        field(
            &mut out,
            "CSeq",
            headers.first(HeaderName::CSeq).unwrap_or_default(),
        );
        if reply.code == 100
            && let Some(timestamp) = headers.first(HeaderName::Timestamp)
        {
            field(&mut out, "Timestamp", timestamp);
        }
        if let Some(contact) = reply.contact
            && reply.code > 100
        {
            field(&mut out, "Contact", contact);
            default(&mut out, reply, "Allow", ALLOW);
        }
        let refused = matches!(reply.code, 405 | 501);
        let options = *request.method() == Method::Options && (200..300).contains(&reply.code);
        if refused || options {
            default(&mut out, reply, "Allow", ALLOW);
        }
        if options {
            default(&mut out, reply, "Accept", "application/sdp");
        }
        if let Some(product) = &self.product {
            field(&mut out, "Server", product.as_bytes());
        }
        out.extend_from_slice(reply.lines);
        for (name, value) in reply.headers {
            if !user_field(&mut out, name, value) {
                self.headers_refused += 1;
            }
        }
        self.finish(out, reply.body)
    }

    fn to(&mut self, out: &mut Vec<u8>, request: &Request, tag: Option<&[u8]>) {
        let value = request.headers().first(HeaderName::To).unwrap_or_default();
        out.extend_from_slice(b"To: ");
        out.extend_from_slice(value);
        if let Some(tag) = tag
            && request.headers().to_tag().is_none()
        {
            out.extend_from_slice(b";tag=");
            out.extend_from_slice(tag);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Writes a request of a dialog (RFC 3261 12.2.1.1).
    pub(crate) fn in_dialog(&mut self, dialog: &Dialog, line: &Line<'_>) -> Bytes {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        let path = &dialog.path;
        let strict = strict_router(&path.routes);
        start(&mut out, line.method, strict.unwrap_or(&path.target));
        own_via(&mut out, &path.hop, dialog.names.advertise, line.branch);
        routes(&mut out, &path.routes, strict.map(|_| &*path.target));
        let names = &dialog.names;
        out.extend_from_slice(b"Max-Forwards: 70\r\n");
        field(&mut out, "From", &names.local);
        field(&mut out, "To", &names.remote);
        field(&mut out, "Call-ID", &names.call_id);
        cseq(&mut out, line.cseq, line.method);
        if matches!(line.method, "INVITE" | "REFER" | "NOTIFY" | "UPDATE") {
            field(&mut out, "Contact", &names.contact);
        }
        if line.method == "INVITE" {
            capabilities(&mut out);
        }
        if line.method == "ACK" || line.method == "INVITE" {
            out.extend_from_slice(&names.credentials);
        }
        self.sign(&mut out);
        out.extend_from_slice(line.lines);
        self.finish(out, line.body)
    }

    /// Writes a request outside dialogs.
    pub(crate) fn first(&mut self, first: &First<'_>) -> Bytes {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        let strict = strict_router(first.routes);
        start(&mut out, first.method, strict.unwrap_or(first.uri));
        own_via(&mut out, first.flow, first.advertise, first.branch);
        routes(&mut out, first.routes, strict.map(|_| first.uri));
        if !has_line(first.lines, b"Max-Forwards") {
            out.extend_from_slice(b"Max-Forwards: 70\r\n");
        }
        field(&mut out, "From", first.from);
        field(&mut out, "To", first.to);
        field(&mut out, "Call-ID", first.call_id);
        cseq(&mut out, 1, first.method);
        if !first.contact.is_empty() && !has_line(first.lines, b"Contact") {
            field(&mut out, "Contact", first.contact);
        }
        if first.method == "INVITE" && !has_line(first.lines, b"Allow") {
            capabilities(&mut out);
        }
        self.sign(&mut out);
        out.extend_from_slice(first.lines);
        self.finish(out, first.body)
    }

    /// Writes what follows hop by hop out of an INVITE that we wrote: its CANCEL (9.1) or the ACK
    /// of its failure (17.1.1.3). Request URI, Via, Route, From and Call-ID are the INVITE's own.
    pub(crate) fn out_of(
        &mut self,
        invite: &[u8],
        method: &str,
        to: Option<&[u8]>,
        lines: &[u8],
    ) -> Bytes {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        out.extend_from_slice(method.as_bytes());
        for line in invite.split_inclusive(|byte| *byte == b'\n') {
            if line == b"\r\n" {
                break;
            }
            if let Some(rest) = line.strip_prefix(b"INVITE ") {
                out.push(b' ');
                out.extend_from_slice(rest);
            } else if let Some(rest) = line.strip_prefix(b"CSeq: ") {
                let number = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
                out.extend_from_slice(b"CSeq: ");
                out.extend_from_slice(number);
                out.push(b' ');
                out.extend_from_slice(method.as_bytes());
                out.extend_from_slice(b"\r\n");
            } else if line.starts_with(b"To: ") {
                match to {
                    Some(to) => field(&mut out, "To", to),
                    None => out.extend_from_slice(line),
                }
            } else if is_hop_line(line, method) {
                out.extend_from_slice(line);
            }
        }
        self.sign(&mut out);
        out.extend_from_slice(lines);
        self.finish(out, None)
    }

    /// User-Agent, if we have a name.
    fn sign(&self, out: &mut Vec<u8>) {
        if let Some(product) = &self.product {
            field(out, "User-Agent", product.as_bytes());
        }
    }

    fn finish(&mut self, mut out: Vec<u8>, body: Option<&Body>) -> Bytes {
        match body.filter(|body| is_clean(body.content_type.as_bytes())) {
            Some(body) => {
                field(&mut out, "Content-Type", body.content_type.as_bytes());
                let _ = write!(out, "Content-Length: {}\r\n\r\n", body.bytes.len());
                out.extend_from_slice(&body.bytes);
            }
            None => out.extend_from_slice(b"Content-Length: 0\r\n\r\n"),
        }
        let bytes = Bytes::copy_from_slice(&out);
        if out.capacity() <= 64 * 1024 {
            self.scratch = out;
        }
        bytes
    }
}

/// Turns the user's headers into lines.
///
/// # Errors
/// [`Refused::BadHeader`] if one has a line end, no name, or a name that we write ourselves.
pub(crate) fn lines<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::new();
    for (name, value) in headers {
        if !user_field(&mut out, name, value) {
            return Err(Refused::BadHeader);
        }
    }
    Ok(out)
}

/// Whether text may stand in a header value or start line.
pub(crate) fn is_clean(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// `name` as a name-addr with a tag behind it.
pub(crate) fn with_tag(name: &str, tag: Option<&[u8]>) -> Result<Box<[u8]>, Refused> {
    let name = name.trim();
    if name.is_empty() || !is_clean(name.as_bytes()) {
        return Err(Refused::BadHeader);
    }
    let mut out = Vec::with_capacity(name.len() + 40);
    let bare = !name.contains('<');
    if bare {
        out.push(b'<');
    }
    out.extend_from_slice(name.as_bytes());
    if bare {
        out.push(b'>');
    }
    if let Some(tag) = tag {
        out.extend_from_slice(b";tag=");
        out.extend_from_slice(tag);
    }
    Ok(out.into())
}

/// Our Contact value.
pub(crate) fn contact(
    user: Option<&[u8]>,
    advertise: SocketAddr,
    transport: Transport,
) -> Box<[u8]> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(b"<sip:");
    if let Some(user) = user.filter(|user| is_user(user)) {
        out.extend_from_slice(user);
        out.push(b'@');
    }
    let _ = write!(out, "{advertise}");
    if transport == Transport::Tcp {
        out.extend_from_slice(b";transport=tcp");
    }
    out.push(b'>');
    out.into()
}

fn is_user(user: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()%&=+$,;?/".contains(byte);
    !user.is_empty() && user.iter().all(plain)
}

fn start(out: &mut Vec<u8>, method: &str, uri: &[u8]) {
    out.extend_from_slice(method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(uri);
    out.extend_from_slice(b" SIP/2.0\r\n");
}

/// The Route headers; before a strict router it stands in the request URI, and the target last.
fn routes(out: &mut Vec<u8>, routes: &[Box<[u8]>], target: Option<&[u8]>) {
    for route in routes.iter().skip(usize::from(target.is_some())) {
        field(out, "Route", route);
    }
    if let Some(target) = target {
        out.extend_from_slice(b"Route: <");
        out.extend_from_slice(target);
        out.extend_from_slice(b">\r\n");
    }
}

fn status_line(out: &mut Vec<u8>, code: u16, reason: Option<&str>) {
    let _ = write!(out, "SIP/2.0 {code} ");
    match reason.filter(|text| is_clean(text.as_bytes())) {
        Some(reason) => out.extend_from_slice(reason.as_bytes()),
        None => out.extend_from_slice(reason_phrase(code).as_bytes()),
    }
    out.extend_from_slice(b"\r\n");
}

/// The topmost Via with what RFC 3261 18.2.1 and RFC 3581 add: `received` where the sender is
/// not what it says, and the port behind an empty `rport`.
fn top_via(out: &mut Vec<u8>, via: &[u8], source: &Flow) {
    out.extend_from_slice(b"Via: ");
    let mut parts = via.split(|byte| *byte == b';');
    let sent_by = parts.next().unwrap_or_default();
    out.extend_from_slice(sent_by.trim_ascii_end());
    let mut wants_port = false;
    for part in parts {
        let name = part.split(|byte| *byte == b'=').next().unwrap_or_default();
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"rport") {
            wants_port = true;
        } else if !name.eq_ignore_ascii_case(b"received") {
            out.push(b';');
            out.extend_from_slice(part);
        }
    }
    let ip = source.remote.ip();
    let host = sent_by
        .split(|byte| *byte == b' ')
        .next_back()
        .unwrap_or_default();
    let mut written = [0u8; 48];
    let mut room = &mut written[..];
    let _ = write!(room, "{ip}");
    let left = room.len();
    let text = written.get(..48 - left).unwrap_or_default();
    let honest = host
        .strip_prefix(text)
        .is_some_and(|rest| matches!(rest.first(), None | Some(b':')));
    if wants_port || !honest {
        let _ = write!(out, ";received={ip}");
    }
    if wants_port {
        let _ = write!(out, ";rport={}", source.remote.port());
    }
    out.extend_from_slice(b"\r\n");
}

fn own_via(out: &mut Vec<u8>, flow: &Flow, advertise: SocketAddr, branch: &[u8]) {
    let _ = write!(
        out,
        "Via: SIP/2.0/{} {advertise};branch=z9hG4bK",
        flow.transport.name()
    );
    out.extend_from_slice(branch);
    out.extend_from_slice(b";rport\r\n");
}

fn cseq(out: &mut Vec<u8>, number: u32, method: &str) {
    let _ = write!(out, "CSeq: {number} {method}\r\n");
}

/// A header of ours, where the user has not written it.
fn default(out: &mut Vec<u8>, reply: &Reply<'_>, name: &str, value: &str) {
    let in_lines = has_line(reply.lines, name.as_bytes());
    if !in_lines
        && !reply
            .headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    {
        field(out, name, value.as_bytes());
    }
}

fn capabilities(out: &mut Vec<u8>) {
    // No Supported: we have no extension to name, and an empty one upsets some parsers.
    field(out, "Allow", ALLOW.as_bytes());
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Writes a header of the user; false if it must not be written.
fn user_field(out: &mut Vec<u8>, name: &str, value: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    let ours = matches!(
        HeaderName::of(name.as_bytes()),
        HeaderName::Via
            | HeaderName::From
            | HeaderName::To
            | HeaderName::CallId
            | HeaderName::CSeq
            | HeaderName::ContentLength
            | HeaderName::ContentType
            | HeaderName::Route
            | HeaderName::RecordRoute
    );
    let good = !name.is_empty() && name.bytes().all(token) && is_clean(value.as_bytes());
    if good && !ours {
        field(out, name, value.as_bytes());
    }
    good && !ours
}

/// Whether one of our header lines has this name.
fn has_line(lines: &[u8], name: &[u8]) -> bool {
    lines.split_inclusive(|byte| *byte == b'\n').any(|line| {
        let head = line.get(..name.len());
        line.get(name.len()) == Some(&b':')
            && head.is_some_and(|head| head.eq_ignore_ascii_case(name))
    })
}

/// Lines that ACK and CANCEL take over from their INVITE.
fn is_hop_line(line: &[u8], method: &str) -> bool {
    let starts = |start: &[u8]| line.starts_with(start);
    starts(b"Via: ")
        || starts(b"Route: ")
        || starts(b"From: ")
        || starts(b"Call-ID: ")
        || starts(b"Max-Forwards: ")
        || (method == "ACK" && (starts(b"Authorization: ") || starts(b"Proxy-Authorization: ")))
}
