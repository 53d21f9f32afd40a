//! The headers of one message: an index of places, and typed values read from them when they are asked for.
//!
//! The index keeps its first twenty entries inside itself, so a common message costs no allocation. Folded values (RFC 3261
//! section 7.3.1) are joined once, in a buffer of their own, each fold becoming one space.

use bytes::Bytes;
use smallvec::SmallVec;

use super::credentials::Credentials;
use super::method::Method;
use super::name::HeaderName;
use super::name_addr::{self, NameAddr};
use super::text::{Commas, is_space, is_token, number, saturating_seconds, trim, trim_start};
use super::via::Via;
use crate::error::{Fault, ParseError};

/// The place of one header line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Which header.
    pub name: HeaderName,
    /// Whether the value lies in the buffer of unfolded values.
    pub folded: bool,
    /// Length of the name as written.
    pub name_len: u16,
    /// First byte of the name in the message.
    pub name_start: u32,
    /// First byte of the value.
    pub value_start: u32,
    /// The byte after the value.
    pub value_end: u32,
}

/// The sequence number and method of a request (RFC 3261 section 8.1.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31.
    pub number: u32,
    /// The method it belongs to.
    pub method: Method,
}

/// What the Contact headers of a message say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: every binding, in a REGISTER that removes them.
    Star,
    /// The addresses in their order; none if there is no Contact.
    List(Vec<NameAddr>),
}

impl Contacts {
    /// The first address.
    pub fn first(&self) -> Option<&NameAddr> {
        match self {
            Contacts::Star => None,
            Contacts::List(list) => list.first(),
        }
    }
}

/// The headers of one message. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Headers {
    pub(crate) text: Bytes,
    pub(crate) unfolded: Bytes,
    pub(crate) spans: SmallVec<[Span; 20]>,
}

impl Headers {
    /// How many header lines there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn value(&self, span: &Span) -> &[u8] {
        let from = if span.folded {
            &self.unfolded
        } else {
            &self.text
        };
        from.get(span.value_start as usize..span.value_end as usize)
            .unwrap_or_default()
    }

    fn name(&self, span: &Span) -> &[u8] {
        let start = span.name_start as usize;
        self.text
            .get(start..start + usize::from(span.name_len))
            .unwrap_or_default()
    }

    /// Every header line: its name as written and its value, trimmed and unfolded.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.spans
            .iter()
            .map(|span| (self.name(span), self.value(span)))
    }

    /// The values of every line with this name, comma lists whole.
    pub fn lines(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.spans
            .iter()
            .filter(move |span| span.name == name)
            .map(|span| self.value(span))
    }

    /// The value of the first line with this name, trimmed and unfolded, a comma list whole.
    pub fn first(&self, name: HeaderName) -> Option<&[u8]> {
        self.lines(name).next()
    }

    /// All values of this name in their order; comma lists are split for the headers whose grammar allows them.
    /// Empty values (`a,,b`) are left out.
    pub fn all(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.lines(name)
            .flat_map(move |line| Commas::new(line, name.is_list()))
            .filter(|value| !value.is_empty())
    }

    /// The value of the first line with any name, known or not, in any case; compact forms find their header.
    pub fn find(&self, name: &[u8]) -> Option<&[u8]> {
        let known = HeaderName::of(name);
        match known {
            HeaderName::Other => self
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
                .map(|(_, value)| value),
            known => self.first(known),
        }
    }

    /// The values of every line with any name, as [`Headers::find`] matches them.
    pub fn find_all<'a, 'n>(
        &'a self,
        name: &'n [u8],
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let known = HeaderName::of(name);
        let found = move |span: &&Span| match known {
            HeaderName::Other => self.name(span).eq_ignore_ascii_case(name),
            known => span.name == known,
        };
        self.spans.iter().filter(found).map(|span| self.value(span))
    }

    /// The first line with this name as text; `None` too where it is not UTF-8.
    pub fn text(&self, name: HeaderName) -> Option<&str> {
        std::str::from_utf8(self.first(name)?).ok()
    }

    /// Whether a comma list of tokens, such as Supported, Require or Allow, holds this one (in any case).
    pub fn lists(&self, name: HeaderName, token: &str) -> bool {
        self.all(name)
            .any(|value| value.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The topmost Via.
    ///
    /// # Errors
    /// [`Fault::Via`] if there is none or it cannot be read. A message that `Message::parse` returned always has one.
    pub fn via(&self) -> Result<Via<'_>, ParseError> {
        let first = self
            .lines(HeaderName::Via)
            .next()
            .and_then(|line| Commas::new(line, true).next());
        Via::parse(first.ok_or(Fault::Via)?)
    }

    /// Every Via, topmost first.
    ///
    /// # Errors
    /// [`Fault::Via`] if one cannot be read.
    pub fn vias(&self) -> Result<Vec<Via<'_>>, ParseError> {
        self.all(HeaderName::Via).map(Via::parse).collect()
    }

    /// Who sent the request.
    ///
    /// # Errors
    /// [`Fault::From`] if it is missing or cannot be read.
    pub fn from(&self) -> Result<NameAddr, ParseError> {
        self.address(HeaderName::From, Fault::From)
    }

    /// Whom the request is for.
    ///
    /// # Errors
    /// [`Fault::To`] if it is missing or cannot be read.
    pub fn to(&self) -> Result<NameAddr, ParseError> {
        self.address(HeaderName::To, Fault::To)
    }

    fn address(&self, name: HeaderName, fault: Fault) -> Result<NameAddr, ParseError> {
        let value = self.first(name).ok_or(fault)?;
        NameAddr::parse(value).map_err(|_| fault.into())
    }

    /// The tag of From, without an allocation.
    pub fn from_tag(&self) -> Option<&str> {
        self.tag(HeaderName::From)
    }

    /// The tag of To, without an allocation.
    pub fn to_tag(&self) -> Option<&str> {
        self.tag(HeaderName::To)
    }

    fn tag(&self, name: HeaderName) -> Option<&str> {
        name_addr::params_of(self.first(name)?)?
            .value("tag")
            .filter(|tag| !tag.is_empty())
    }

    /// The Call-ID.
    ///
    /// # Errors
    /// [`Fault::CallId`] if it is missing, empty, not UTF-8 or has white space.
    pub fn call_id(&self) -> Result<&str, ParseError> {
        let value = self.first(HeaderName::CallId).ok_or(Fault::CallId)?;
        if value.is_empty() || value.iter().any(|byte| is_space(*byte) || *byte == 0) {
            return Err(Fault::CallId.into());
        }
        Ok(std::str::from_utf8(value).map_err(|_| Fault::CallId)?)
    }

    /// The CSeq.
    ///
    /// # Errors
    /// [`Fault::CSeq`] if it is missing, the number is not below 2^31, or the method is no token.
    pub fn cseq(&self) -> Result<CSeq, ParseError> {
        let (number, method) = self.cseq_parts()?;
        Ok(CSeq {
            number,
            method: Method::known(method)
                .unwrap_or_else(|| Method::Other(Bytes::copy_from_slice(method))),
        })
    }

    pub(crate) fn cseq_parts(&self) -> Result<(u32, &[u8]), Fault> {
        let value = self.first(HeaderName::CSeq).ok_or(Fault::CSeq)?;
        let space = value
            .iter()
            .position(|byte| is_space(*byte))
            .ok_or(Fault::CSeq)?;
        let (digits, method) = value.split_at(space);
        let method = trim_start(method);
        let sequence = number(digits)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number < 1 << 31);
        match sequence {
            Some(sequence) if is_token(method) => Ok((sequence, method)),
            _ => Err(Fault::CSeq),
        }
    }

    /// The Contact addresses.
    ///
    /// # Errors
    /// [`Fault::Contact`] if one cannot be read or `*` stands among others.
    pub fn contacts(&self) -> Result<Contacts, ParseError> {
        let mut list = Vec::new();
        let mut star = false;
        for value in self.all(HeaderName::Contact) {
            match value {
                b"*" if list.is_empty() && !star => star = true,
                _ if star => return Err(Fault::Contact.into()),
                value => list.push(NameAddr::parse(value).map_err(|_| Fault::Contact)?),
            }
        }
        Ok(if star {
            Contacts::Star
        } else {
            Contacts::List(list)
        })
    }

    /// Whether the Contact headers can be read, found out without an allocation.
    pub(crate) fn check_contacts(&self) -> Result<(), Fault> {
        let (mut star, mut addresses) = (false, false);
        for value in self.all(HeaderName::Contact) {
            match value {
                b"*" if !star => star = true,
                value => {
                    NameAddr::check(value).map_err(|_| Fault::Contact)?;
                    addresses = true;
                }
            }
        }
        if star && addresses {
            Err(Fault::Contact)
        } else {
            Ok(())
        }
    }

    /// Max-Forwards, at most 255; `None` where there is none (RFC 2543).
    ///
    /// # Errors
    /// [`Fault::MaxForwards`] if it is no number.
    pub fn max_forwards(&self) -> Result<Option<u8>, ParseError> {
        let Some(value) = self.first(HeaderName::MaxForwards) else {
            return Ok(None);
        };
        let hops = saturating_seconds(value).ok_or(Fault::MaxForwards)?;
        Ok(Some(u8::try_from(hops).unwrap_or(u8::MAX)))
    }

    /// Expires in seconds; `u32::MAX` where the number does not fit (RFC 4475 section 3.1.2.4).
    ///
    /// # Errors
    /// [`Fault::Number`] if it is no number.
    pub fn expires(&self) -> Result<Option<u32>, ParseError> {
        let Some(value) = self.first(HeaderName::Expires) else {
            return Ok(None);
        };
        Ok(Some(saturating_seconds(value).ok_or(Fault::Number)?))
    }

    /// The Route set of a request.
    ///
    /// # Errors
    /// [`Fault::Route`] if one cannot be read.
    pub fn route(&self) -> Result<Vec<NameAddr>, ParseError> {
        self.addresses(HeaderName::Route)
    }

    /// The Record-Route headers, topmost first.
    ///
    /// # Errors
    /// [`Fault::Route`] if one cannot be read.
    pub fn record_route(&self) -> Result<Vec<NameAddr>, ParseError> {
        self.addresses(HeaderName::RecordRoute)
    }

    fn addresses(&self, name: HeaderName) -> Result<Vec<NameAddr>, ParseError> {
        self.all(name)
            .map(|value| NameAddr::parse(value).map_err(|_| Fault::Route.into()))
            .collect()
    }

    /// Content-Type without its parameters, such as `application/sdp`; compare it without regard to case.
    pub fn content_type(&self) -> Option<&str> {
        let value = self.first(HeaderName::ContentType)?;
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        std::str::from_utf8(trim(value.get(..end)?))
            .ok()
            .filter(|kind| !kind.is_empty())
    }

    /// The first Authorization header, if there is one and its scheme is Digest. For several realms see
    /// [`Headers::credentials`].
    pub fn authorization(&self) -> Option<Credentials<'_>> {
        self.credentials(HeaderName::Authorization).next()
    }

    /// Every well-formed set of digest credentials under `Authorization` or `Proxy-Authorization`.
    pub fn credentials(&self, name: HeaderName) -> impl Iterator<Item = Credentials<'_>> {
        self.lines(name).filter_map(Credentials::parse)
    }
}
