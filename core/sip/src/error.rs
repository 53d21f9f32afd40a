//! What can be wrong with a message: every fault has a name to count by and, for a request, the status that answers it.
//!
//! A bad message is a value, never a panic. Where enough of a request could be read to answer it (RFC 3261 section 8.1.1
//! names the fields; a Via is the least), the error carries the request, so that the endpoint can reply without state.

use crate::message::{Method, Request};

/// Declares the faults with their counting name and answer in one table.
macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $code:literal, $phrase:literal;)*) => {
        /// Why a message, or a part of one, was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Fault { $($(#[$doc])* $variant,)* }

        impl Fault {
            /// All faults, in the order of [`Fault::index`].
            pub const ALL: &'static [Fault] = &[$(Fault::$variant,)*];

            /// The name under which the fault is counted, such as `bad_content_length`.
            pub fn name(self) -> &'static str {
                match self { $(Fault::$variant => $name,)* }
            }

            /// Status and reason phrase with which a request that has this fault is answered; 0 means that it never is.
            fn status(self) -> (u16, &'static str) {
                match self { $(Fault::$variant => ($code, $phrase),)* }
            }
        }
    };
}

faults! {
    /// Nothing but CRLF: a keep-alive (RFC 5626 section 4.4.1), counted but no mistake.
    KeepAlive, "keep_alive", 0, "";
    /// The start line is neither a request line nor a status line.
    StartLine, "start_line", 400, "Bad Start Line";
    /// A version other than SIP/2.0.
    Version, "version", 505, "Version Not Supported";
    /// The status code is not three digits from 100 to 699.
    StatusCode, "status_code", 0, "";
    /// More bytes than [`Limits`](crate::message::Limits) allows; a stream is to be closed.
    TooLarge, "too_large", 513, "Message Too Large";
    /// More header lines than allowed.
    TooManyHeaders, "too_many_headers", 513, "Too Many Header Fields";
    /// One header line (with its folds) is longer than allowed.
    LineTooLong, "line_too_long", 513, "Header Field Too Long";
    /// A line without a header name, or without a colon, or with an illegal name.
    HeaderLine, "header_line", 400, "Bad Header Field";
    /// A CR without LF or an LF without CR in the head.
    LineEnd, "line_end", 400, "Bad Line End";
    /// The empty line that ends the head is missing.
    Truncated, "truncated", 400, "Missing Empty Line";
    /// Content-Length twice, not a number, negative or beyond 32 bits.
    ContentLength, "content_length", 400, "Bad Content-Length";
    /// Content-Length claims more than the datagram holds.
    BodyTruncated, "body_truncated", 400, "Content-Length Beyond Message";
    /// No Content-Length on a stream, where nothing else ends a message (RFC 3261 section 18.3).
    NoContentLength, "no_content_length", 400, "Missing Content-Length";
    /// A header that may stand once stands twice (RFC 3261 section 7.3.1).
    Duplicate, "duplicate_header", 400, "Repeated Single Header Field";
    /// No Via, or one that cannot be read.
    Via, "via", 400, "Bad Via";
    /// The RFC 3261 branch cookie with nothing behind it: it identifies no transaction (RFC 4475 section 3.2.1).
    Branch, "branch", 400, "Bad Via Branch";
    /// No From, or one that cannot be read.
    From, "from", 400, "Bad From";
    /// No To, or one that cannot be read.
    To, "to", 400, "Bad To";
    /// No Call-ID, or one that is empty or has spaces.
    CallId, "call_id", 400, "Bad Call-ID";
    /// No CSeq, or one that is not a number below 2^31 and a method.
    CSeq, "cseq", 400, "Bad CSeq";
    /// The CSeq names another method than the request line.
    CSeqMethod, "cseq_method", 400, "CSeq Method Mismatch";
    /// A Contact that cannot be read, or `*` among others.
    Contact, "contact", 400, "Bad Contact";
    /// Max-Forwards is no number.
    MaxForwards, "max_forwards", 400, "Bad Max-Forwards";
    /// A Route or Record-Route that cannot be read.
    Route, "route", 400, "Bad Route";
    /// A URI that cannot be read.
    Uri, "uri", 400, "Bad URI";
    /// A Request-URI that cannot be read, or that carries headers or angle brackets.
    RequestUri, "request_uri", 400, "Bad Request-URI";
    /// A Request-URI whose scheme this engine does not know.
    UriScheme, "uri_scheme", 416, "Unsupported URI Scheme";
    /// A number that is none or does not fit.
    Number, "number", 400, "Bad Number";
    /// Authorization or a challenge that cannot be read.
    Credentials, "credentials", 400, "Bad Authorization";
    /// Any other typed header that cannot be read.
    HeaderValue, "header_value", 400, "Bad Header Value";
}

impl Fault {
    /// The place in [`Fault::ALL`], for an array of counters.
    pub fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A refused message, or a refused part of one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("refused: {fault}")]
pub struct ParseError {
    fault: Fault,
    request: Option<Box<Request>>,
}

impl ParseError {
    /// An error that remembers the request it was found in, for the answer.
    pub(crate) fn in_request(fault: Fault, request: Request) -> Self {
        ParseError {
            fault,
            request: Some(Box::new(request)),
        }
    }

    /// What was wrong.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The name to count by; the same as `fault().name()`.
    pub fn reason(&self) -> &'static str {
        self.fault.name()
    }

    /// The request, as far as it could be read: there is a Via, anything else may be missing or wrong.
    pub fn request(&self) -> Option<&Request> {
        self.request.as_deref()
    }

    /// Whom to answer, with which status and reason phrase.
    ///
    /// `None` for responses, for ACK (never answered, RFC 3261 section 17.1.1.3) and where nothing says whom to answer.
    pub fn answer(&self) -> Option<(&Request, u16, &'static str)> {
        let request = self.request.as_deref()?;
        let (code, phrase) = self.fault.status();
        (code != 0 && *request.method() != Method::Ack).then_some((request, code, phrase))
    }
}

impl From<Fault> for ParseError {
    fn from(fault: Fault) -> Self {
        ParseError {
            fault,
            request: None,
        }
    }
}

impl PartialEq for ParseError {
    fn eq(&self, other: &Self) -> bool {
        self.fault == other.fault
    }
}

/// Why a message of ours could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A value has CR, LF or NUL in it: it could smuggle in a header.
    #[error("a value holds CR, LF or NUL")]
    Injection,
    /// A header name or method is not a token (RFC 3261 section 25.1).
    #[error("a header name or method is no token")]
    Token,
    /// A URI, status code or other part of the start line cannot be written.
    #[error("the start line cannot be written")]
    StartLine,
    /// Content-Length is written by the builder alone.
    #[error("Content-Length is written by the builder")]
    ContentLength,
}
