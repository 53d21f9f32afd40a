//! A record: one fact as bytes, in the spool and in a batch alike.
//!
//! Little endian: `u32` length of what follows, `u64` number, `u64` Unix milliseconds, `u16`
//! version, `u16` leg (0 for none), `u8` length of the topic, `u8` length of the call id, topic,
//! call id, payload (JSON text to the end). In the spool the tenant comes before it: `u8` length
//! and name; a batch has one tenant and leaves it out, so the loader copies records unchanged.

use serde::Serialize;

/// Most bytes of a payload. A longer one is replaced by `{"oversize_bytes":N}`.
pub const EVENT_BYTES_MAX: usize = 256 << 10;

const FIXED_BYTES: usize = 8 + 8 + 2 + 2 + 1 + 1;

/// One fact as it was read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredEvent {
    /// Its number in the tenant's journal.
    pub seq: u64,
    /// When it happened, in Unix milliseconds.
    pub at_ms: u64,
    /// What happened.
    pub topic: String,
    /// Version of the payload's shape.
    pub version: u16,
    /// The call it is about.
    pub call: Option<String>,
    /// The leg's number in that call.
    pub leg: Option<u16>,
    /// The payload, JSON text.
    pub payload: String,
}

/// One record inside a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) seq: u64,
    pub(crate) at_ms: u64,
    pub(crate) topic: &'a str,
    pub(crate) version: u16,
    pub(crate) call: Option<&'a str>,
    pub(crate) leg: Option<u16>,
    pub(crate) payload: &'a [u8],
    /// The whole record with its length, to copy.
    pub(crate) bytes: &'a [u8],
}

impl Record<'_> {
    pub(crate) fn to_event(self) -> StoredEvent {
        StoredEvent {
            seq: self.seq,
            at_ms: self.at_ms,
            topic: self.topic.to_owned(),
            version: self.version,
            call: self.call.map(str::to_owned),
            leg: self.leg,
            payload: String::from_utf8_lossy(self.payload).into_owned(),
        }
    }
}

/// What a record says before its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) seq: u64,
    pub(crate) at_ms: u64,
    pub(crate) topic: &'a str,
    pub(crate) version: u16,
    pub(crate) call: Option<&'a str>,
    pub(crate) leg: Option<u16>,
}

/// At most 255 bytes of a text, cut at a character.
pub(crate) fn short(text: &str) -> &str {
    let mut end = text.len().min(255);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// Appends `tenant` and the record to a spool buffer. Returns where the payload stands in it.
pub(crate) fn write(
    out: &mut Vec<u8>,
    tenant: &str,
    head: Head<'_>,
    payload: impl FnOnce(&mut Vec<u8>),
) -> std::ops::Range<usize> {
    let tenant = short(tenant);
    out.push(tenant.len() as u8);
    out.extend_from_slice(tenant.as_bytes());
    let start = out.len();
    let (topic, call) = (short(head.topic), short(head.call.unwrap_or("")));
    let mut fixed = [0u8; 4 + FIXED_BYTES];
    let fields: [&[u8]; 6] = [
        &head.seq.to_le_bytes(),
        &head.at_ms.to_le_bytes(),
        &head.version.to_le_bytes(),
        &head.leg.unwrap_or(0).to_le_bytes(),
        &[topic.len() as u8],
        &[call.len() as u8],
    ];
    let mut at = 4;
    for field in fields {
        fixed[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    }
    out.extend_from_slice(&fixed);
    out.extend_from_slice(topic.as_bytes());
    out.extend_from_slice(call.as_bytes());
    let payload_at = out.len();
    payload(out);
    let written = out.len().saturating_sub(payload_at);
    if written > EVENT_BYTES_MAX {
        out.truncate(payload_at);
        out.extend_from_slice(format!("{{\"oversize_bytes\":{written}}}").as_bytes());
    }
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    payload_at..out.len()
}

fn take<'a>(from: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(bytes)?;
    *from = rest;
    Some(taken)
}

fn number<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    take(from, N)?.try_into().ok()
}

/// Takes one record off the front of a batch's payload; `None` when it is no whole record.
pub(crate) fn read<'a>(from: &mut &'a [u8]) -> Option<Record<'a>> {
    let whole = *from;
    let mut rest = *from;
    let length = u32::from_le_bytes(number(&mut rest)?) as usize;
    let mut body = take(&mut rest, length)?;
    let seq = u64::from_le_bytes(number(&mut body)?);
    let at_ms = u64::from_le_bytes(number(&mut body)?);
    let version = u16::from_le_bytes(number(&mut body)?);
    let leg = u16::from_le_bytes(number(&mut body)?);
    let [topic_length, call_length] = number(&mut body)?;
    let topic = std::str::from_utf8(take(&mut body, topic_length.into())?).ok()?;
    let call = std::str::from_utf8(take(&mut body, call_length.into())?).ok()?;
    *from = rest;
    Some(Record {
        seq,
        at_ms,
        topic,
        version,
        call: (!call.is_empty()).then_some(call),
        leg: (leg != 0).then_some(leg),
        payload: body,
        bytes: whole.get(..4 + length)?,
    })
}

/// Takes one tenant and record off the front of a spool frame's body.
pub(crate) fn read_spooled<'a>(from: &mut &'a [u8]) -> Option<(&'a str, Record<'a>)> {
    let mut rest = *from;
    let [length] = number(&mut rest)?;
    let tenant = std::str::from_utf8(take(&mut rest, length.into())?).ok()?;
    let record = read(&mut rest)?;
    *from = rest;
    Some((tenant, record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(call: Option<&str>) -> Head<'_> {
        Head {
            seq: 7,
            at_ms: 1_795_000_000_000,
            topic: "call.started",
            version: 1,
            call,
            leg: Some(2),
        }
    }

    #[test]
    fn a_record_survives_its_bytes() {
        let mut out = Vec::new();
        let at = write(&mut out, "demo", head(Some("c1")), |o| {
            o.extend(b"{\"a\":1}")
        });
        assert_eq!(&out[at], b"{\"a\":1}");
        write(&mut out, "acme", head(None), |o| o.extend(b"null"));
        let mut rest = &out[..];
        let (tenant, first) = read_spooled(&mut rest).unwrap();
        assert_eq!(
            (tenant, first.call, first.leg),
            ("demo", Some("c1"), Some(2))
        );
        assert_eq!(first.payload, b"{\"a\":1}");
        let mut again = first.bytes;
        assert_eq!(read(&mut again), Some(first));
        let (tenant, second) = read_spooled(&mut rest).unwrap();
        assert_eq!((tenant, second.call), ("acme", None));
        assert!(rest.is_empty());
    }

    #[test]
    fn an_oversize_payload_is_replaced_by_its_size() {
        let mut out = Vec::new();
        let at = write(&mut out, "demo", head(None), |o| {
            o.resize(o.len() + EVENT_BYTES_MAX + 1, b'x')
        });
        assert_eq!(&out[at], b"{\"oversize_bytes\":262145}");
        assert!(read_spooled(&mut &out[..]).is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut rest = &bytes[..];
            while read_spooled(&mut rest).is_some() {}
            prop_assert!(rest.len() <= bytes.len());
        }

        #[test]
        fn names_of_any_length_survive(topic in "\\PC{0,300}", tenant in "[a-z]{1,63}") {
            let mut out = Vec::new();
            let h = Head { topic: &topic, ..head(None) };
            write(&mut out, &tenant, h, |o| o.extend(b"1"));
            let (t, r) = read_spooled(&mut &out[..]).unwrap();
            prop_assert_eq!(t, &tenant);
            prop_assert_eq!(r.topic, short(&topic));
        }
    }
}
