//! The framer: cuts a byte stream into messages by Content-Length (RFC 3261 section 18.3).
//!
//! It buffers at most two messages of the largest size; a head or a body that would need more is refused as soon as that is
//! known, and the stream is of no use afterwards, since nothing tells where the next message starts. An idle stream holds no
//! memory.

use bytes::{Buf, Bytes, BytesMut};

use super::check::content_length;
use super::limits::Limits;
use super::request::Message;
use super::scan;
use crate::error::{Fault, ParseError};

/// What a stream brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A double CR LF between messages; answer it with one CR LF (RFC 5626 section 4.4.1).
    Ping,
    /// One whole message, for [`Message::parse`].
    Message(Bytes),
}

/// Cuts one stream into frames: push what was read, then take frames until there are none.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    buffer: BytesMut,
    /// How much of the buffer was already searched for the end of the head.
    searched: usize,
    /// Length of the message at the buffer's start, once its head was read.
    needed: Option<usize>,
    /// The fault after which nothing comes any more.
    broken: Option<Fault>,
}

impl Framer {
    /// A framer for a new stream.
    pub fn new(limits: Limits) -> Self {
        Framer {
            limits,
            buffer: BytesMut::new(),
            searched: 0,
            needed: None,
            broken: None,
        }
    }

    /// Takes bytes as they were read. What would exceed two messages of the largest size breaks the stream: take the frames
    /// after each push, and push no more than a message's size at a time.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        if self.buffer.len() + bytes.len() > self.limits.message_bytes_max.saturating_mul(2) {
            self.break_off(Fault::TooLarge);
            return;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, if a whole one is there.
    ///
    /// # Errors
    /// A fault after which the stream must be closed: a head or message too large, no or a bad Content-Length. For a request
    /// the error may hold what is needed to answer it first. Later calls repeat the fault.
    // The name is the contract's; an iterator could not say that a stream is broken.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Frame>, ParseError> {
        if let Some(fault) = self.broken {
            return Err(fault.into());
        }
        if self.needed.is_none() {
            if self.skip_line_ends() {
                return Ok(Some(Frame::Ping));
            }
            self.needed = self.message_len()?;
        }
        match self.needed {
            Some(needed) if self.buffer.len() >= needed => {
                let message = self.buffer.split_to(needed).freeze();
                self.needed = None;
                self.searched = 0;
                self.release();
                Ok(Some(Frame::Message(message)))
            }
            _ => Ok(None),
        }
    }

    /// Bytes held back because their message is not complete.
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    fn release(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    fn break_off(&mut self, fault: Fault) {
        self.broken = Some(fault);
        self.buffer = BytesMut::new();
    }

    /// Drops line ends before a start line; true if they were a ping. A single CR LF may be the first half of one, so it waits
    /// for what follows.
    fn skip_line_ends(&mut self) -> bool {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.advance(4);
            self.release();
            return true;
        }
        if self.buffer.starts_with(b"\r\n") && self.buffer.get(2).is_some_and(|next| *next != b'\r')
        {
            self.buffer.advance(2);
        }
        false
    }

    /// The length of the message at the buffer's start; `None` if its head is not complete.
    fn message_len(&mut self) -> Result<Option<usize>, ParseError> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let found = memchr::memmem::find(unsearched, b"\r\n\r\n").map(|at| self.searched + at + 4);
        if found.unwrap_or(self.buffer.len()) > self.limits.message_bytes_max {
            self.break_off(Fault::TooLarge);
            return Err(Fault::TooLarge.into());
        }
        let Some(head_len) = found else {
            self.searched = self.buffer.len().saturating_sub(3);
            return Ok(None);
        };
        let head = Bytes::copy_from_slice(self.buffer.get(..head_len).unwrap_or_default());
        let scanned = scan::scan(&head, &self.limits);
        let length = match content_length(&scanned.headers) {
            Ok(Some(length)) => length,
            Ok(None) => return Err(self.broken_by(Fault::NoContentLength, head)),
            Err(fault) => return Err(self.broken_by(fault, head)),
        };
        match head_len.checked_add(length) {
            Some(len) if len <= self.limits.message_bytes_max => Ok(Some(len)),
            _ => Err(self.broken_by(Fault::TooLarge, head)),
        }
    }

    /// Breaks the stream, with the request whose head this is for the answer.
    fn broken_by(&mut self, fault: Fault, head: Bytes) -> ParseError {
        self.break_off(fault);
        let request = match Message::parse(head, &self.limits) {
            Ok(Message::Request(request)) => Some(request),
            Ok(Message::Response(_)) => None,
            Err(error) => error.request().cloned(),
        };
        request.map_or_else(
            || fault.into(),
            |request| ParseError::in_request(fault, request),
        )
    }
}
