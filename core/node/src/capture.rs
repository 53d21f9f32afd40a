//! Which call a SIP message belongs to, and what one line says of it.
//!
//! Each message of a call becomes one event (`sip.received`, `sip.sent`) with its first line, so
//! that an explanation can draw the ladder. Bodies and credentials are never kept; a digit in an
//! INFO is in its body. A call's Call-IDs stay known for some seconds after its end, for the last
//! answers.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::ids::{CallId, TenantId};

const LINGER: Duration = Duration::from_secs(5);
const LINE_BYTES_MAX: usize = 200;
/// Messages of one dialog that are told; later ones are not.
const LINES_MAX: u32 = 4_000;
/// Entries for which a map may keep room that it does not need.
const SPARE_MAX: usize = 512;
const CSEQ_BYTES_MAX: usize = 48;

/// What a Call-ID belongs to.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The call.
    pub call: CallId,
    /// Its tenant.
    pub tenant: TenantId,
}

/// The Call-IDs of all calls that are up.
#[derive(Default)]
pub struct Capture {
    /// With the number of messages told so far.
    entries: HashMap<Arc<[u8]>, (Entry, u32)>,
    of_call: HashMap<CallId, Vec<Arc<[u8]>>>,
    leaving: VecDeque<(Duration, CallId)>,
}

impl Capture {
    /// A dialog of a call begins.
    pub fn bind(&mut self, sip_call_id: &[u8], entry: Entry) {
        let key: Arc<[u8]> = sip_call_id.into();
        let keys = self.of_call.entry(entry.call).or_default();
        keys.reserve_exact(1);
        keys.push(Arc::clone(&key));
        self.entries.insert(key, (entry, 0));
    }

    /// The call of a message.
    pub fn find(&self, message: &[u8]) -> Option<&Entry> {
        Some(&self.entries.get(call_id(message)?)?.0)
    }

    /// The call of a message that is to be told; none once its dialog has had its share, so that a
    /// phone that talks without end does not fill the journal.
    pub fn share(&mut self, message: &[u8]) -> Option<&Entry> {
        let (entry, told) = self.entries.get_mut(call_id(message)?)?;
        *told = told.saturating_add(1);
        (*told <= LINES_MAX).then_some(entry)
    }

    /// The call has ended.
    pub fn release(&mut self, now: Duration, call: CallId) {
        self.leaving.push_back((now + LINGER, call));
    }

    /// Forgets calls whose time is over.
    pub fn expire(&mut self, now: Duration) {
        while self.leaving.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, call)) = self.leaving.pop_front() {
                for key in self.of_call.remove(&call).unwrap_or_default() {
                    // A fork may have brought two calls with one Call-ID; it stays the later's.
                    if self
                        .entries
                        .get(&key)
                        .is_some_and(|(entry, _)| entry.call == call)
                    {
                        self.entries.remove(&key);
                    }
                }
            }
        }
    }

    /// Gives memory of a burst back once it is over.
    pub fn shrink(&mut self) {
        shrink(&mut self.entries);
        shrink(&mut self.of_call);
    }

    /// Call-IDs held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when none is held.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A map that has three quarters of its room free, and not little, lets it go: growing costs as
/// much as was given back, so this pays after a burst only.
pub(crate) fn shrink<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>) {
    if map.capacity() > SPARE_MAX && map.len() < map.capacity() / 4 {
        map.shrink_to(map.len() * 2);
    }
}

/// The Call-ID header's value (RFC 3261 section 20.8; compact form `i`).
pub fn call_id(message: &[u8]) -> Option<&[u8]> {
    header(message, b"call-id", b"i")
}

/// The CSeq header's value, where it may stand in an event: short, and nothing but visible ASCII
/// and spaces.
pub fn cseq(message: &[u8]) -> Option<&[u8]> {
    let short = |value: &&[u8]| value.len() <= CSEQ_BYTES_MAX;
    let plain = |value: &&[u8]| value.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    header(message, b"cseq", b"").filter(short).filter(plain)
}

fn header<'a>(message: &'a [u8], name: &[u8], compact: &[u8]) -> Option<&'a [u8]> {
    let mut rest = message.get(memchr::memchr(b'\n', message)? + 1..)?;
    loop {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end)?;
        let first = line.first()?.to_ascii_lowercase();
        if first == b'\r' {
            return None;
        }
        // Most lines are told apart by their first letter.
        if (name.first() == Some(&first) || compact.first() == Some(&first))
            && let Some(value) = value_of(line, name, compact)
        {
            return Some(value);
        }
        rest = rest.get(end + 1..)?;
    }
}

fn value_of<'a>(line: &'a [u8], name: &[u8], compact: &[u8]) -> Option<&'a [u8]> {
    let colon = memchr::memchr(b':', line)?;
    let (key, value) = line.split_at_checked(colon)?;
    let key = key.trim_ascii_end();
    let matches = key.eq_ignore_ascii_case(name)
        || (!compact.is_empty() && key.eq_ignore_ascii_case(compact));
    matches.then(|| value.get(1..).unwrap_or_default().trim_ascii())
}

/// A message's first line without the version, without control characters, at most 200 bytes.
pub fn summary(message: &[u8]) -> Cow<'_, str> {
    let end = memchr::memchr(b'\n', message).unwrap_or(message.len());
    let line = message
        .get(..end.min(LINE_BYTES_MAX))
        .unwrap_or_default()
        .trim_ascii();
    let line = line
        .strip_prefix(b"SIP/2.0 ")
        .or(line.strip_suffix(b" SIP/2.0"))
        .unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) if !text.chars().any(char::is_control) => Cow::Borrowed(text),
        _ => String::from_utf8_lossy(line)
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect::<String>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &[u8] =
        b"SIP/2.0 200 OK\r\nVia: x\r\ni : abc@host\r\nCSeq: 1 INVITE\r\n\r\nCall-ID: body\r\n";

    #[test]
    fn a_line_names_what_was_said() {
        assert_eq!(summary(OK), "200 OK");
        assert_eq!(cseq(OK), Some(&b"1 INVITE"[..]));
        assert_eq!(
            summary(b"INVITE sip:a\x1b@b SIP/2.0\r\n"),
            "INVITE sip:a\u{fffd}@b"
        );
        assert_eq!(call_id(OK), Some(&b"abc@host"[..]));
        assert_eq!(call_id(b"SIP/2.0 200 OK\r\n\r\nCall-ID: x\r\n"), None);
    }

    #[test]
    fn hostile_sequence_numbers_stay_out_of_events() {
        assert_eq!(cseq(b"X\r\nCSeq: 1 INVITE\r\n\r\n"), Some(&b"1 INVITE"[..]));
        assert_eq!(cseq(b"X\r\nCSeq: 1 \x1b[2J\r\n\r\n"), None);
        let long = format!("X\r\nCSeq: {} BYE\r\n\r\n", "1".repeat(60_000));
        assert_eq!(cseq(long.as_bytes()), None);
    }

    #[test]
    fn call_ids_leave_after_the_call() {
        let mut capture = Capture::default();
        let call = CallId::new(1, 0, 7);
        capture.bind(
            b"abc@host",
            Entry {
                call,
                tenant: TenantId::new("demo"),
            },
        );
        assert_eq!(capture.find(OK).unwrap().call, call);
        let told = (0..LINES_MAX + 10).filter(|_| capture.share(OK).is_some());
        assert_eq!(told.count(), LINES_MAX as usize);
        capture.release(Duration::from_secs(1), call);
        capture.expire(Duration::from_secs(5));
        assert!(!capture.is_empty());
        capture.expire(Duration::from_secs(6));
        assert!(capture.is_empty());
    }
}
