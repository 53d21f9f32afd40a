//! What the switch and the child process of a native module say to each other, as frames.
//!
//! A frame is 17 bytes and a body: what it is (1), a word (4), the run it belongs to (8), the
//! body's length (4), all little endian. A body has at most 1 MiB, but for states and granted
//! files, which have at most 16 MiB and a little. What cannot be read is no frame, and whoever sent
//! it is not listened to any more: native code may write into any descriptor it finds.

use std::io::{ErrorKind, Read, Write};

use crate::contract::STATE_BYTES_MAX;

/// Most bytes of an ordinary body.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a body that carries a state or a file.
pub(crate) const LARGE_BYTES_MAX: usize = STATE_BYTES_MAX + 4_096;
/// Bytes before the body.
const HEAD_BYTES: usize = 17;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// To the child, first: where the library is and what it is told, as JSON.
    Hello,
    /// To the child: a granted file; its name, a zero byte, its content.
    File,
    /// To the child: run an entry. The word is the entry's number; of `restore` the body begins
    /// with the state's version.
    Enter,
    /// To the child: the answer to the run's question. The word is 0 or the kind of failure.
    Answer,
    /// To the child: the run's call is gone.
    Gone,
    /// To the child: are you there?
    Ping,
    /// From the child: the library is loaded and started, or the reasons why not, as a JSON list.
    Ready,
    /// From the child: a run asks for something, and waits.
    Ask,
    /// From the child: a line for people. The word is the level.
    Log,
    /// From the child: an entry is over. The word is what it returned.
    Ended,
    /// From the child: I am.
    Pong,
}

const TAGS: [Tag; 11] = [
    Tag::Hello,
    Tag::File,
    Tag::Enter,
    Tag::Answer,
    Tag::Gone,
    Tag::Ping,
    Tag::Ready,
    Tag::Ask,
    Tag::Log,
    Tag::Ended,
    Tag::Pong,
];

impl Tag {
    fn of(byte: u8) -> Option<Tag> {
        TAGS.get(usize::from(byte).checked_sub(1)?).copied()
    }

    fn byte(self) -> u8 {
        let at = TAGS.iter().position(|tag| *tag == self).unwrap_or(0);
        u8::try_from(at + 1).unwrap_or(0)
    }

    fn bytes_max(self) -> usize {
        match self {
            Tag::File | Tag::Enter | Tag::Ended => LARGE_BYTES_MAX,
            _ => BODY_BYTES_MAX,
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub tag: Tag,
    pub word: i32,
    pub run: u64,
    pub body: Vec<u8>,
}

impl Frame {
    /// A message of a run.
    pub fn of(tag: Tag, word: i32, run: u64, body: impl Into<Vec<u8>>) -> Frame {
        let body = body.into();
        Frame {
            tag,
            word,
            run,
            body,
        }
    }

    /// A message that says nothing but what it is.
    pub fn bare(tag: Tag, run: u64) -> Frame {
        Frame::of(tag, 0, run, Vec::new())
    }

    /// Writes it whole.
    ///
    /// # Errors
    /// The other end is gone, or the body is beyond its bound.
    pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        if self.body.len() > self.tag.bytes_max() {
            return Err(std::io::Error::other(
                "a message between switch and module is too long",
            ));
        }
        let mut head = Vec::with_capacity(HEAD_BYTES + self.body.len());
        head.push(self.tag.byte());
        head.extend_from_slice(&self.word.to_le_bytes());
        head.extend_from_slice(&self.run.to_le_bytes());
        head.extend_from_slice(&(self.body.len() as u32).to_le_bytes());
        head.extend_from_slice(&self.body);
        to.write_all(&head)?;
        to.flush()
    }

    /// Reads one; `None` is the end between two of them.
    ///
    /// # Errors
    /// What came is no frame, in words.
    pub fn read(from: &mut impl Read) -> Result<Option<Frame>, String> {
        let mut head = [0u8; HEAD_BYTES];
        if !fill(from, &mut head)? {
            return Ok(None);
        }
        let (tag, rest) = head.split_first().map_or((0, &head[..0]), |(t, r)| (*t, r));
        let tag = Tag::of(tag).ok_or_else(|| format!("a message begins with the byte {tag}"))?;
        let (word, rest) = split::<4>(rest);
        let (run, rest) = split::<8>(rest);
        let (length, _) = split::<4>(rest);
        let length = u32::from_le_bytes(length) as usize;
        if length > tag.bytes_max() {
            return Err(format!("a message says that it has {length} bytes"));
        }
        // Grows as bytes come, so that a length alone costs nothing.
        let mut body = Vec::new();
        let read = from
            .take(length as u64)
            .read_to_end(&mut body)
            .map_err(|e| e.to_string())?;
        if read < length {
            return Err("a message breaks off".to_owned());
        }
        Ok(Some(Frame {
            tag,
            word: i32::from_le_bytes(word),
            run: u64::from_le_bytes(run),
            body,
        }))
    }
}

fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    match bytes.split_first_chunk::<N>() {
        Some((first, rest)) => (*first, rest),
        None => ([0; N], &[]),
    }
}

/// Fills `head`. False: the end came before its first byte.
fn fill(from: &mut impl Read, head: &mut [u8]) -> Result<bool, String> {
    let mut have = 0;
    while let Some(rest) = head.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if have == 0 => return Ok(false),
            Ok(0) => return Err("a message breaks off".to_owned()),
            Ok(read) => have += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_then_the_end() {
        let frames = TAGS.map(|tag| Frame::of(tag, -7, 1 << 40, format!("{tag:?}")));
        let mut wire = Vec::new();
        for frame in &frames {
            frame.write(&mut wire).unwrap();
        }
        let mut from = wire.as_slice();
        for frame in frames {
            assert_eq!(Frame::read(&mut from), Ok(Some(frame)));
        }
        assert_eq!(Frame::read(&mut from), Ok(None));
    }

    #[test]
    fn garbage_is_no_frame_and_a_false_length_costs_no_memory() {
        assert!(Frame::read(&mut b"hello, world, I am a module".as_slice()).is_err());
        assert!(Frame::read(&mut [0u8; 64].as_slice()).is_err());
        let mut long = Frame::bare(Tag::Ask, 1);
        long.body = vec![0; BODY_BYTES_MAX + 1];
        assert!(long.write(&mut Vec::new()).is_err());
        let mut lie = vec![Tag::Ended.byte()];
        lie.extend([0; 12]);
        lie.extend((LARGE_BYTES_MAX as u32).to_le_bytes());
        assert!(Frame::read(&mut lie.as_slice()).is_err());
        lie.truncate(3);
        assert!(Frame::read(&mut lie.as_slice()).is_err());
    }
}
