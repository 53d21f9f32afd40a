//! Where spool segments live: a small door to the disk, so that tests can make it fail.
//!
//! A segment is an append-only file with a number. [`FolderDisk`] keeps segments in a folder of
//! the data folder (mode 0600); `disk/memory.rs` keeps them in memory with faults on demand.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod memory;

pub use memory::{Faults, MemoryDisk};

/// One segment that is being written. Used by one writer, and by one thread that syncs.
pub trait SpoolFile: Send + Sync {
    /// Appends bytes with one system call; may write fewer than given.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Returns once everything written survives a power loss.
    fn sync(&self) -> io::Result<()>;
    /// Cuts the segment to `bytes` bytes; the next write goes there.
    fn cut(&self, bytes: u64) -> io::Result<()>;
}

/// A place for segments.
pub trait SpoolDisk: Send + Sync {
    /// All segments: numbers and bytes, in order of their numbers.
    fn segments(&self) -> io::Result<Vec<(u64, u64)>>;
    /// Begins a segment with this number, which is new.
    fn create(&self, number: u64) -> io::Result<Arc<dyn SpoolFile>>;
    /// Reads up to `max` bytes from `offset`; fewer only at the end.
    fn read(&self, number: u64, offset: u64, max: usize) -> io::Result<Vec<u8>>;
    /// Cuts a segment that nobody writes, and syncs it.
    fn cut(&self, number: u64, bytes: u64) -> io::Result<()>;
    /// Deletes a segment.
    fn remove(&self, number: u64) -> io::Result<()>;
    /// Keeps a segment for people to look at, out of the way of the journal.
    fn set_aside(&self, number: u64) -> io::Result<()>;
}

/// Segments as files of a folder, held by one process at a time.
#[derive(Debug)]
pub struct FolderDisk {
    folder: PathBuf,
    /// Held, not read: its lock keeps a second process out.
    _lock: File,
}

impl FolderDisk {
    /// Opens the folder, making it (mode 0700) where it is missing. `WouldBlock` when another process
    /// holds it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let lock = options(true).open(folder.join("lock"))?;
        lock.try_lock().map_err(|error| {
            io::Error::new(
                ErrorKind::WouldBlock,
                format!(
                    "another process holds the spool {}: {error}",
                    folder.display()
                ),
            )
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:010}.spool"))
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

fn options(create: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).mode(0o600);
    options
}

impl SpoolDisk for FolderDisk {
    fn segments(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".spool"));
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                found.push((number, entry.metadata()?.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn create(&self, number: u64) -> io::Result<Arc<dyn SpoolFile>> {
        let file = options(false).create_new(true).open(self.path(number))?;
        self.sync_folder()?;
        Ok(Arc::new(file))
    }

    fn read(&self, number: u64, offset: u64, max: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.path(number))?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(max as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn cut(&self, number: u64, bytes: u64) -> io::Result<()> {
        let file = options(false).open(self.path(number))?;
        file.set_len(bytes)?;
        file.sync_all()
    }

    fn remove(&self, number: u64) -> io::Result<()> {
        std::fs::remove_file(self.path(number))
    }

    fn set_aside(&self, number: u64) -> io::Result<()> {
        let from = self.path(number);
        std::fs::rename(&from, from.with_extension("set-aside"))?;
        self.sync_folder()
    }
}

impl SpoolFile for File {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file: &File = self;
        Write::write(&mut file, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)?;
        let mut file: &File = self;
        file.seek(SeekFrom::Start(bytes)).map(|_| ())
    }
}
