//! The spool: the first durable stage, numbered segments of framed records.
//!
//! A frame is what one `write()` carried: `u32` magic, `u32` length of the body, `u32` CRC-32 of
//! length and body, then the body (records of any tenants, see `record.rs`); little endian. A
//! write that came out short is cut off again; where even that fails, the segment is left as it
//! is and the next one begun. A reader therefore takes whole frames up to the first bad one and
//! goes on with the next segment.
//!
//! Recovery keeps the longest prefix in which every tenant's numbers follow each other. A
//! segment is only torn in its last unsynced second, so what comes after a hole is of that
//! second too: it is set aside for people, and its numbers are given again.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::disk::{SpoolDisk, SpoolFile};
use super::record;

/// Bytes before a frame's body.
pub(crate) const FRAME_HEAD_BYTES: usize = 12;
const MAGIC: u32 = 0x314a_4243;
const FRAME_BYTES_MAX: usize = 256 << 20;
const READ_BYTES: usize = 1 << 20;

/// Bounds of the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpoolConfig {
    /// A segment that has reached this is followed by the next.
    pub segment_bytes: u64,
    /// Bytes on the disk beyond which writing fails as on a full disk.
    pub bytes_max: u64,
}

/// Up to where the spool is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The segment.
    pub segment: u64,
    /// Bytes of it that are whole frames.
    pub offset: u64,
    /// Events written up to there, counted from those found at the start.
    pub events: u64,
}

/// What was found at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The last number of each tenant in the spool.
    pub last_seqs: HashMap<String, u64>,
    /// Whole events found.
    pub events: u64,
    /// Bytes that were cut because they were no whole frame.
    pub torn_bytes: u64,
    /// Segments that were set aside because they follow a hole.
    pub set_aside: u64,
    /// The end of what was kept.
    pub tail: Tail,
}

/// Makes room for a frame's head at the front of an empty buffer.
pub(crate) fn begin_frame(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.resize(FRAME_HEAD_BYTES, 0);
}

/// Fills in the head of a buffer that [`begin_frame`] began.
pub(crate) fn seal_frame(buffer: &mut [u8]) {
    let Some((head, body)) = buffer.split_at_mut_checked(FRAME_HEAD_BYTES) else {
        return;
    };
    let length = (body.len() as u32).to_le_bytes();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length);
    crc.update(body);
    head[0..4].copy_from_slice(&MAGIC.to_le_bytes());
    head[4..8].copy_from_slice(&length);
    head[8..12].copy_from_slice(&crc.finalize().to_le_bytes());
}

enum Front {
    /// A whole frame with a body of so many bytes.
    Whole(usize),
    /// The frame needs so many bytes in all.
    Short(usize),
    Bad,
}

fn front(bytes: &[u8]) -> Front {
    let Some((head, rest)) = bytes.split_first_chunk::<FRAME_HEAD_BYTES>() else {
        return Front::Short(FRAME_HEAD_BYTES);
    };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let length = word(4) as usize;
    if word(0) != MAGIC || length > FRAME_BYTES_MAX {
        return Front::Bad;
    }
    let Some(body) = rest.get(..length) else {
        return Front::Short(FRAME_HEAD_BYTES + length);
    };
    let mut crc = crc32fast::Hasher::new();
    crc.update(&head[4..8]);
    crc.update(body);
    if crc.finalize() == word(8) {
        Front::Whole(length)
    } else {
        Front::Bad
    }
}

/// Whole frames read from a segment.
pub(crate) struct Frames {
    pub(crate) bytes: Vec<u8>,
    /// Where the bodies stand in `bytes`.
    pub(crate) bodies: Vec<Range<usize>>,
    /// Bytes of whole frames at the front.
    pub(crate) whole: u64,
}

/// Reads whole frames from `offset` on: about `want` bytes, one frame at least where one is
/// there, never beyond `end`.
pub(crate) fn read_frames(
    disk: &dyn SpoolDisk,
    number: u64,
    offset: u64,
    mut want: usize,
    end: u64,
) -> io::Result<Frames> {
    loop {
        let room = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let asked = want.min(room);
        let bytes = disk.read(number, offset, asked)?;
        let mut bodies = Vec::new();
        let mut at = 0;
        let stop = loop {
            match front(bytes.get(at..).unwrap_or(&[])) {
                Front::Whole(length) => {
                    let body = at + FRAME_HEAD_BYTES;
                    bodies.push(body..body + length);
                    at = body + length;
                }
                other => break other,
            }
        };
        match stop {
            Front::Short(needed)
                if at == 0 && needed > asked && bytes.len() == asked && asked < room =>
            {
                want = needed;
            }
            _ => {
                return Ok(Frames {
                    bytes,
                    bodies,
                    whole: at as u64,
                });
            }
        }
    }
}

struct Current {
    number: u64,
    file: Arc<dyn SpoolFile>,
    bytes: u64,
}

/// The spool as its one writer sees it.
pub struct Spool {
    disk: Arc<dyn SpoolDisk>,
    config: SpoolConfig,
    current: Option<Current>,
    next_number: u64,
    /// Bytes of all segments; the loader takes off what it deletes.
    bytes: Arc<AtomicU64>,
}

impl Spool {
    /// Reads what the disk holds, cuts what is torn, and stands ready to write a new segment.
    /// `known` are the last numbers that the database holds; what does not follow them is set
    /// aside too.
    pub fn recover(
        disk: Arc<dyn SpoolDisk>,
        config: SpoolConfig,
        known: &HashMap<String, u64>,
    ) -> io::Result<(Self, Recovered)> {
        let mut found = Recovered::default();
        let segments = disk.segments()?;
        let mut hole = false;
        let mut bytes = 0;
        for (number, length) in &segments {
            if hole {
                disk.set_aside(*number)?;
                found.set_aside += 1;
                continue;
            }
            let (whole, broken) = scan(&*disk, *number, known, &mut found)?;
            // Also syncs: the process before may have been killed before it did.
            disk.cut(*number, whole)?;
            found.torn_bytes += length - whole;
            hole = broken;
            bytes += whole;
            found.tail.segment = *number;
            found.tail.offset = whole;
        }
        found.tail.events = found.events;
        let spool = Self {
            disk,
            config,
            current: None,
            next_number: segments.last().map_or(1, |(number, _)| number + 1),
            bytes: Arc::new(AtomicU64::new(bytes)),
        };
        Ok((spool, found))
    }

    /// Bytes of all segments, shared with whoever deletes some.
    pub fn bytes(&self) -> Arc<AtomicU64> {
        self.bytes.clone()
    }

    /// Appends a sealed frame whole, or not at all. Returns segment and offset behind it.
    pub fn write(&mut self, frame: &[u8]) -> io::Result<(u64, u64)> {
        let size = frame.len() as u64;
        if self.bytes.load(Ordering::Relaxed) + size > self.config.bytes_max {
            return Err(io::Error::new(
                ErrorKind::StorageFull,
                "the spool is at its bound",
            ));
        }
        let old = self.current.take();
        let mut current = match old.filter(|c| c.bytes < self.config.segment_bytes) {
            Some(current) => current,
            None => self.begin()?,
        };
        match write_all(&*current.file, frame) {
            Ok(()) => {
                current.bytes += size;
                self.bytes.fetch_add(size, Ordering::Relaxed);
                let at = (current.number, current.bytes);
                self.current = Some(current);
                Ok(at)
            }
            Err(error) => {
                // Where the torn part cannot be cut off, the segment ends here: it is dropped,
                // and readers stop at its last whole frame.
                if current.file.cut(current.bytes).is_ok() {
                    self.current = Some(current);
                }
                Err(error)
            }
        }
    }

    /// The next frame begins a new segment (after a failed sync the old one is not trusted).
    pub fn rotate(&mut self) {
        self.current = None;
    }

    /// The segment that is being written.
    pub fn current(&self) -> Option<(u64, Arc<dyn SpoolFile>)> {
        let current = self.current.as_ref()?;
        Some((current.number, current.file.clone()))
    }

    fn begin(&mut self) -> io::Result<Current> {
        let number = self.next_number;
        // The number is spent even when this fails: a half-made segment may be there.
        self.next_number += 1;
        let file = self.disk.create(number)?;
        Ok(Current {
            number,
            file,
            bytes: 0,
        })
    }
}

fn write_all(file: &dyn SpoolFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero)),
            Ok(n) => bytes = bytes.get(n..).unwrap_or(&[]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads one segment into `found`. Returns the bytes of it to keep, and whether a tenant's
/// numbers have a hole behind them.
fn scan(
    disk: &dyn SpoolDisk,
    number: u64,
    known: &HashMap<String, u64>,
    found: &mut Recovered,
) -> io::Result<(u64, bool)> {
    let mut offset = 0;
    loop {
        let frames = read_frames(disk, number, offset, READ_BYTES, u64::MAX)?;
        if frames.whole == 0 {
            return Ok((offset, false));
        }
        for body in &frames.bodies {
            let body_bytes = frames.bytes.get(body.clone()).unwrap_or(&[]);
            if !take_frame(body_bytes, known, found) {
                return Ok((offset + (body.start - FRAME_HEAD_BYTES) as u64, true));
            }
        }
        offset += frames.whole;
    }
}

/// Takes a frame's records into `found`, or none of them when one does not follow.
fn take_frame(mut body: &[u8], known: &HashMap<String, u64>, found: &mut Recovered) -> bool {
    let mut last: HashMap<&str, u64> = HashMap::new();
    let mut events = 0;
    while !body.is_empty() {
        let Some((tenant, record)) = record::read_spooled(&mut body) else {
            return false;
        };
        let before = last.get(tenant).or_else(|| found.last_seqs.get(tenant));
        let before = before.copied().unwrap_or(0);
        // What a power loss took from the spool may be in the database already.
        let held = before.max(known.get(tenant).copied().unwrap_or(0));
        let follows = record.seq > before && record.seq <= held + 1;
        if !follows {
            return false;
        }
        last.insert(tenant, record.seq);
        events += 1;
    }
    for (tenant, seq) in last {
        match found.last_seqs.get_mut(tenant) {
            Some(known) => *known = seq,
            None => {
                found.last_seqs.insert(tenant.to_owned(), seq);
            }
        }
    }
    found.events += events;
    true
}
