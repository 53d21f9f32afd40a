//! A disk in memory whose faults are chosen: full, torn writes, failing syncs, power loss.
//!
//! Clones share one disk. Every fault is set by the test or the simulation, so the same choices
//! give the same bytes.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{SpoolDisk, SpoolFile};

/// What goes wrong from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Bytes that still fit; a write beyond them is short, the next fails with `StorageFull`.
    pub room_bytes: Option<u64>,
    /// Every write fails with this.
    pub write_error: Option<ErrorKind>,
    /// Every sync fails.
    pub sync_fails: bool,
    /// Cutting fails, so that what was torn stays.
    pub cut_fails: bool,
    /// Every read fails.
    pub read_fails: bool,
}

#[derive(Debug, Default)]
struct Segment {
    bytes: Vec<u8>,
    synced: usize,
}

#[derive(Debug, Default)]
struct Inner {
    segments: BTreeMap<u64, Segment>,
    set_aside: Vec<u64>,
    faults: Faults,
    writes: u64,
    syncs: u64,
}

impl Inner {
    fn cut(&mut self, number: u64, bytes: u64) -> io::Result<&mut Segment> {
        if self.faults.cut_fails {
            return Err(io::Error::other("cut fails"));
        }
        let segment = self.segments.get_mut(&number).ok_or_else(gone)?;
        segment
            .bytes
            .truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        segment.synced = segment.synced.min(segment.bytes.len());
        Ok(segment)
    }
}

/// Segments in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    inner: Arc<Mutex<Inner>>,
}

impl MemoryDisk {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chooses what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.inner().faults = faults;
    }

    /// Power loss: of what was not synced, each segment keeps `keep(unsynced bytes)` bytes.
    pub fn lose_power(&self, mut keep: impl FnMut(usize) -> usize) {
        for segment in self.inner().segments.values_mut() {
            let unsynced = segment.bytes.len() - segment.synced;
            let kept = keep(unsynced).min(unsynced);
            segment.bytes.truncate(segment.synced + kept);
        }
    }

    /// Changes the bytes of a segment as rot would.
    pub fn spoil(&self, number: u64, spoil: impl FnOnce(&mut Vec<u8>)) {
        if let Some(segment) = self.inner().segments.get_mut(&number) {
            spoil(&mut segment.bytes);
            segment.synced = segment.synced.min(segment.bytes.len());
        }
    }

    /// Segments that were set aside.
    pub fn set_aside_numbers(&self) -> Vec<u64> {
        self.inner().set_aside.clone()
    }

    /// Writes and syncs asked for so far.
    pub fn work(&self) -> (u64, u64) {
        let inner = self.inner();
        (inner.writes, inner.syncs)
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    number: u64,
}

fn gone() -> io::Error {
    io::Error::from(ErrorKind::NotFound)
}

impl SpoolFile for MemoryFile {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.disk.inner();
        inner.writes += 1;
        if let Some(kind) = inner.faults.write_error {
            return Err(io::Error::from(kind));
        }
        let mut fits = bytes.len();
        if let Some(room) = &mut inner.faults.room_bytes {
            if *room == 0 && !bytes.is_empty() {
                return Err(io::Error::from(ErrorKind::StorageFull));
            }
            fits = fits.min(usize::try_from(*room).unwrap_or(usize::MAX));
            *room -= fits as u64;
        }
        let segment = inner.segments.get_mut(&self.number).ok_or_else(gone)?;
        segment.bytes.extend(bytes.iter().take(fits));
        Ok(fits)
    }

    fn sync(&self) -> io::Result<()> {
        let mut inner = self.disk.inner();
        inner.syncs += 1;
        if inner.faults.sync_fails {
            return Err(io::Error::other("sync fails"));
        }
        // A segment that the loader deleted meanwhile has nothing left to lose.
        if let Some(segment) = inner.segments.get_mut(&self.number) {
            segment.synced = segment.bytes.len();
        }
        Ok(())
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.disk.inner().cut(self.number, bytes).map(|_| ())
    }
}

impl SpoolDisk for MemoryDisk {
    fn segments(&self) -> io::Result<Vec<(u64, u64)>> {
        let inner = self.inner();
        let all = inner.segments.iter();
        Ok(all.map(|(n, s)| (*n, s.bytes.len() as u64)).collect())
    }

    fn create(&self, number: u64) -> io::Result<Arc<dyn SpoolFile>> {
        let mut inner = self.inner();
        if let Some(kind) = inner.faults.write_error {
            return Err(io::Error::from(kind));
        }
        if inner.segments.contains_key(&number) {
            return Err(io::Error::from(ErrorKind::AlreadyExists));
        }
        inner.segments.insert(number, Segment::default());
        Ok(Arc::new(MemoryFile {
            disk: self.clone(),
            number,
        }))
    }

    fn read(&self, number: u64, offset: u64, max: usize) -> io::Result<Vec<u8>> {
        let inner = self.inner();
        if inner.faults.read_fails {
            return Err(io::Error::other("read fails"));
        }
        let segment = inner.segments.get(&number).ok_or_else(gone)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(segment
            .bytes
            .iter()
            .skip(offset)
            .take(max)
            .copied()
            .collect())
    }

    fn cut(&self, number: u64, bytes: u64) -> io::Result<()> {
        let mut inner = self.inner();
        let segment = inner.cut(number, bytes)?;
        segment.synced = segment.bytes.len();
        Ok(())
    }

    fn remove(&self, number: u64) -> io::Result<()> {
        self.inner()
            .segments
            .remove(&number)
            .map(|_| ())
            .ok_or_else(gone)
    }

    fn set_aside(&self, number: u64) -> io::Result<()> {
        let mut inner = self.inner();
        inner.segments.remove(&number).ok_or_else(gone)?;
        inner.set_aside.push(number);
        Ok(())
    }
}
