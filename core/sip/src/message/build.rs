//! The builder: a request or a response written into one buffer, with no way to smuggle in a header.
//!
//! A value with CR, LF or NUL and a name that is no token are refused; the first refusal is kept and comes out of `finish`.
//! Responses copy the fields that RFC 3261 section 8.2.6 names straight from the request's bytes, without reading them.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use bytes::{BufMut, Bytes, BytesMut};

use super::headers::Headers;
use super::host::Host;
use super::method::Method;
use super::name::HeaderName;
use super::request::Request;
use super::status::reason_phrase;
use super::text::{find_outside, is_token};
use super::uri::Parts;
use super::via::Via;
use crate::error::BuildError;

/// The buffer and the first refusal.
struct Writer {
    out: BytesMut,
    refused: Option<BuildError>,
}

impl Writer {
    fn with_capacity(bytes: usize) -> Self {
        Writer {
            out: BytesMut::with_capacity(bytes),
            refused: None,
        }
    }

    fn refuse(&mut self, error: BuildError) {
        self.refused.get_or_insert(error);
    }

    /// One header line of ours: neither name nor value may break out of it.
    fn header(&mut self, name: &str, value: &[u8]) {
        if !is_token(name.as_bytes()) {
            return self.refuse(BuildError::Token);
        }
        if HeaderName::of(name.as_bytes()) == HeaderName::ContentLength {
            return self.refuse(BuildError::ContentLength);
        }
        if memchr::memchr3(b'\r', b'\n', 0, value).is_some() {
            return self.refuse(BuildError::Injection);
        }
        self.line(name.as_bytes(), &[value]);
    }

    /// One header line with a value taken from a message, which may hold an escaped NUL but never a line end.
    fn copied(&mut self, name: HeaderName, pieces: &[&[u8]]) {
        if pieces
            .iter()
            .any(|piece| memchr::memchr2(b'\r', b'\n', piece).is_some())
        {
            return self.refuse(BuildError::Injection);
        }
        self.line(name.as_str().as_bytes(), pieces);
    }

    fn line(&mut self, name: &[u8], pieces: &[&[u8]]) {
        self.out.put_slice(name);
        self.out.put_slice(b": ");
        for piece in pieces {
            self.out.put_slice(piece);
        }
        self.out.put_slice(b"\r\n");
    }

    fn copy_lines(&mut self, headers: &Headers, name: HeaderName) {
        for value in headers.lines(name) {
            self.copied(name, &[value]);
        }
    }

    fn number(&mut self, number: usize) {
        // Twenty digits hold any 64-bit number.
        let mut digits = [b'0'; 20];
        let mut rest = number;
        let mut len = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            len += 1;
            if rest == 0 {
                break;
            }
        }
        self.out
            .put_slice(digits.get(20 - len..).unwrap_or_default());
    }

    fn finish(mut self, content_type: Option<&str>, body: &[u8]) -> Result<Bytes, BuildError> {
        if let Some(content_type) = content_type {
            self.header("Content-Type", content_type.as_bytes());
        }
        self.out.put_slice(b"Content-Length: ");
        self.number(body.len());
        self.out.put_slice(b"\r\n\r\n");
        self.out.put_slice(body);
        match self.refused {
            None => Ok(self.out.freeze()),
            Some(error) => Err(error),
        }
    }
}

/// Writes one message. Headers come in the order of the calls; Content-Length is added at the end.
pub struct Builder {
    writer: Writer,
}

impl Builder {
    /// Starts a request. `uri` is written as it is, and must be a URI without headers.
    pub fn request(method: &Method, uri: &str) -> Self {
        let mut writer = Writer::with_capacity(1024);
        if !is_token(method.as_bytes()) {
            writer.refuse(BuildError::Token);
        }
        if !Parts::find(uri.as_bytes()).is_ok_and(|(parts, _)| !parts.has_headers()) {
            writer.refuse(BuildError::StartLine);
        }
        writer.out.put_slice(method.as_bytes());
        writer.out.put_u8(b' ');
        writer.out.put_slice(uri.as_bytes());
        writer.out.put_slice(b" SIP/2.0\r\n");
        Builder { writer }
    }

    /// Starts the response to a request: Via, From, To, Call-ID and CSeq are copied, and Timestamp into a 100.
    ///
    /// The phrase of the code stands in where `reason` is `None`. `to_tag` is added where To has none yet (a 100 needs none).
    /// With `source`, the address the request came from, the topmost Via gets `received` and `rport` as RFC 3261 section
    /// 18.2.1 and RFC 3581 section 4 want them. Fields that the request lacks are left out, so that a bad request can be
    /// answered too.
    pub fn reply(
        request: &Request,
        code: u16,
        reason: Option<&str>,
        to_tag: Option<&str>,
        source: Option<SocketAddr>,
    ) -> Self {
        let headers = request.headers();
        let mut writer = Writer::with_capacity(headers.text.len().min(2048) + 256);
        writer.status_line(code, reason);
        writer.reply_vias(headers, source);
        writer.copy_first(headers, HeaderName::From);
        writer.reply_to(headers, to_tag);
        writer.copy_first(headers, HeaderName::CallId);
        writer.copy_first(headers, HeaderName::CSeq);
        if code == 100 {
            writer.copy_first(headers, HeaderName::Timestamp);
        }
        Builder { writer }
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.writer.header(name, value.as_bytes());
        self
    }

    /// Adds a header line whose value need not be UTF-8.
    #[must_use]
    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.writer.header(name, value);
        self
    }

    /// Adds several header lines.
    #[must_use]
    pub fn headers<'a>(mut self, headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        for (name, value) in headers {
            self.writer.header(name, value.as_bytes());
        }
        self
    }

    /// Adds every line of this name from another message, byte for byte but for folds: Record-Route from the request into
    /// what makes a dialog (RFC 3261 section 12.1.1).
    #[must_use]
    pub fn copy(mut self, from: &Headers, name: HeaderName) -> Self {
        self.writer.copy_lines(from, name);
        self
    }

    /// The message without a body.
    ///
    /// # Errors
    /// The first thing refused.
    pub fn finish(self) -> Result<Bytes, BuildError> {
        self.writer.finish(None, b"")
    }

    /// The message with a body whose Content-Type is among the headers already, as when a message is written anew.
    ///
    /// # Errors
    /// The first thing refused.
    pub fn finish_body(self, body: &[u8]) -> Result<Bytes, BuildError> {
        self.writer.finish(None, body)
    }

    /// The message with a body of this type.
    ///
    /// # Errors
    /// The first thing refused.
    pub fn finish_with(self, content_type: &str, body: &[u8]) -> Result<Bytes, BuildError> {
        self.writer.finish(Some(content_type), body)
    }
}

impl Writer {
    fn status_line(&mut self, code: u16, reason: Option<&str>) {
        let reason: Cow<'_, str> = reason.map_or_else(|| reason_phrase(code), Cow::Borrowed);
        if !(100..700).contains(&code) {
            self.refuse(BuildError::StartLine);
        }
        if memchr::memchr3(b'\r', b'\n', 0, reason.as_bytes()).is_some() {
            self.refuse(BuildError::Injection);
        }
        self.out.put_slice(b"SIP/2.0 ");
        self.number(usize::from(code));
        self.out.put_u8(b' ');
        self.out.put_slice(reason.as_bytes());
        self.out.put_slice(b"\r\n");
    }

    fn copy_first(&mut self, headers: &Headers, name: HeaderName) {
        if let Some(value) = headers.first(name) {
            self.copied(name, &[value]);
        }
    }

    fn reply_to(&mut self, headers: &Headers, tag: Option<&str>) {
        let Some(value) = headers.first(HeaderName::To) else {
            return;
        };
        match tag {
            Some(tag) if headers.to_tag().is_none() => {
                if !is_token(tag.as_bytes()) {
                    self.refuse(BuildError::Token);
                }
                self.copied(HeaderName::To, &[value, b";tag=", tag.as_bytes()]);
            }
            _ => self.copied(HeaderName::To, &[value]),
        }
    }

    fn reply_vias(&mut self, headers: &Headers, source: Option<SocketAddr>) {
        let mut lines = headers.lines(HeaderName::Via);
        if let (Some(source), Some(line)) = (source, lines.next()) {
            let end = find_outside(line, b',').unwrap_or(line.len());
            let (top, below) = line.split_at(end);
            let start = self.out.len();
            match Via::read(top) {
                Some(via) if memchr::memchr2(b'\r', b'\n', line).is_none() => {
                    self.out.put_slice(b"Via: ");
                    self.top_via(top, &via, source);
                    self.out.put_slice(below);
                    self.out.put_slice(b"\r\n");
                }
                _ => {
                    self.out.truncate(start);
                    self.copied(HeaderName::Via, &[line]);
                }
            }
        } else {
            lines = headers.lines(HeaderName::Via);
        }
        for line in lines {
            self.copied(HeaderName::Via, &[line]);
        }
    }

    /// The topmost Via with `received` and `rport` filled in; its other parameters stay as they were.
    fn top_via(&mut self, top: &[u8], via: &Via<'_>, source: SocketAddr) {
        let ip = source.ip().to_canonical();
        let asked_port = via.rport().is_some();
        let other_host = match via.host {
            Host::Name(_) => true,
            host => host.ip().map(|ip: IpAddr| ip.to_canonical()) != Some(ip),
        };
        let params_len = via.params().as_str().len();
        let head = super::text::trim(top);
        self.out.put_slice(super::text::trim_end(
            head.get(..head.len() - params_len).unwrap_or(head),
        ));
        for (name, value) in via.params().iter() {
            if name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport") {
                continue;
            }
            self.out.put_u8(b';');
            self.out.put_slice(name.as_bytes());
            if let Some(value) = value {
                self.out.put_u8(b'=');
                self.out.put_slice(value.as_bytes());
            }
        }
        if asked_port || other_host {
            self.out.put_slice(b";received=");
            self.out.put_slice(ip.to_string().as_bytes());
        }
        if asked_port {
            self.out.put_slice(b";rport=");
            self.number(usize::from(source.port()));
        }
    }
}
