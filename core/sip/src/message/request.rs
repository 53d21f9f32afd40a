//! A request and a response: start line, headers and body over the bytes they came in.

use std::borrow::Cow;

use bytes::Bytes;

use super::check;
use super::headers::Headers;
use super::limits::Limits;
use super::method::Method;
use super::scan::{self, Start};
use super::uri::Uri;
use crate::error::{Fault, ParseError};

/// A place in the message.
type Place = (usize, usize);

/// One whole message.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// A request. Clones share its bytes.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    uri: Place,
    headers: Headers,
    body: Bytes,
}

/// A response. Clones share its bytes.
#[derive(Clone, Debug)]
pub struct Response {
    code: u16,
    reason: Place,
    headers: Headers,
    body: Bytes,
}

impl Message {
    /// Reads one message: a whole datagram, or what a [`Framer`](super::Framer) gave.
    ///
    /// The body is as long as Content-Length says; bytes behind it are ignored, and without Content-Length the body goes to
    /// the end (RFC 3261 section 18.3). CR LF before the start line is skipped.
    ///
    /// # Errors
    /// The first fault found. For a request that can be answered the error holds it, see [`ParseError::answer`].
    pub fn parse(bytes: Bytes, limits: &Limits) -> Result<Message, ParseError> {
        let text = bytes.slice(scan::leading_line_ends(&bytes)..);
        if text.is_empty() {
            return Err(Fault::KeepAlive.into());
        }
        if text.len() > limits.message_bytes_max {
            return Err(Fault::TooLarge.into());
        }
        let found = scan::scan(&text, limits);
        let Some(start) = found.start else {
            return Err(found.fault.unwrap_or(Fault::StartLine).into());
        };
        let (body_end, fault) = match check::body_end(&found.headers, found.body_start, text.len())
        {
            Ok(end) => (end, found.fault),
            Err(fault) => (text.len(), found.fault.or(Some(fault))),
        };
        let mut headers = found.headers;
        headers.text = text.slice(..body_end);
        let body = text.slice(found.body_start.min(body_end)..body_end);
        match start {
            Start::Request { method_end, uri } => {
                let method = Method::within(&text, text.get(..method_end).unwrap_or_default());
                let request = Request {
                    method,
                    uri,
                    headers,
                    body,
                };
                match fault.or_else(|| check::request(&request).err()) {
                    None => Ok(Message::Request(request)),
                    Some(fault) if request.headers.first(super::HeaderName::Via).is_none() => {
                        Err(fault.into())
                    }
                    Some(fault) => Err(ParseError::in_request(fault, request)),
                }
            }
            Start::Response { code, reason } => {
                match fault.or_else(|| check::common(&headers).err()) {
                    None => Ok(Message::Response(Response {
                        code,
                        reason,
                        headers,
                        body,
                    })),
                    Some(fault) => Err(fault.into()),
                }
            }
        }
    }

    /// The headers of either kind.
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => &request.headers,
            Message::Response(response) => &response.headers,
        }
    }

    /// The body of either kind.
    pub fn body(&self) -> &Bytes {
        match self {
            Message::Request(request) => &request.body,
            Message::Response(response) => &response.body,
        }
    }

    /// The whole message as it came, from its start line to the end of its body.
    pub fn bytes(&self) -> &Bytes {
        &self.headers().text
    }
}

impl Request {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The Request-URI as written.
    pub fn uri_bytes(&self) -> &[u8] {
        self.headers
            .text
            .get(self.uri.0..self.uri.1)
            .unwrap_or_default()
    }

    /// The Request-URI.
    ///
    /// # Errors
    /// [`Fault::RequestUri`] if it cannot be read; never for a request that `Message::parse` returned.
    pub fn uri(&self) -> Result<Uri, ParseError> {
        Uri::parse(self.uri_bytes()).map_err(|_| Fault::RequestUri.into())
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body; empty if there is none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The whole request as it came, from its start line to the end of its body.
    pub fn bytes(&self) -> &Bytes {
        &self.headers.text
    }
}

impl Response {
    /// The status code, 100 to 699.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The reason phrase; bytes that are not UTF-8 are shown as U+FFFD. May be empty.
    pub fn reason(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(
            self.headers
                .text
                .get(self.reason.0..self.reason.1)
                .unwrap_or_default(),
        )
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body; empty if there is none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The whole response as it came, from its start line to the end of its body.
    pub fn bytes(&self) -> &Bytes {
        &self.headers.text
    }
}
