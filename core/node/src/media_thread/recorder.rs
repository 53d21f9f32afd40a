//! The recorder: one thread that appends what the engines recorded to WAV files.
//!
//! A block is written as soon as it comes (every 200 ms), the header's sizes each second and at
//! the end: a file that lost its writer plays up to the last second. Any error ends that recording
//! with one event; the call goes on.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use cordboard_media::wav;
use cordboard_media::{Event, Recorded};

/// Blocks waiting; one that finds no room ends its recording with an error.
const MAILBOX_BLOCKS: usize = 4_096;
/// Frames between two refreshes of a header: a second.
const HEADER_FRAMES: u64 = 8_000;

/// Who hears of finished recordings.
pub(super) type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// The recorder's thread and the way to it.
pub(super) struct Recorder {
    sender: SyncSender<Order>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    Write(Recorded),
    Stop,
}

/// One media thread's way to the recorder.
pub(super) struct Desk {
    sender: SyncSender<Order>,
    listener: Listener,
    /// Recordings that lost a block: their rest is dropped until they are stopped.
    failed: Vec<u64>,
}

impl Recorder {
    /// Starts the thread; the folder is made when the first recording comes.
    pub(super) fn start(folder: PathBuf, listener: Listener) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(MAILBOX_BLOCKS);
        let shelf = Shelf {
            folder,
            listener,
            open: HashMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || shelf.run(&receiver))?;
        Ok(Self {
            sender,
            thread: Some(thread),
        })
    }

    /// A way to it for one media thread.
    pub(super) fn desk(&self, listener: Listener) -> Desk {
        Desk {
            sender: self.sender.clone(),
            listener,
            failed: Vec::new(),
        }
    }

    /// Completes every open file and ends.
    pub(super) fn stop(&mut self) {
        let _ = self.sender.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Desk {
    /// Hands something over without waiting.
    pub(super) fn hand(&mut self, recorded: Recorded) {
        let number = number(&recorded);
        let stopped = matches!(recorded, Recorded::Stopped { .. });
        if let Some(at) = self.failed.iter().position(|failed| *failed == number) {
            if stopped {
                self.failed.swap_remove(at);
                let _ = self.sender.try_send(Order::Write(recorded));
            }
            return;
        }
        if self.sender.try_send(Order::Write(recorded)).is_err() {
            if !stopped {
                self.failed.push(number);
            }
            (self.listener)(Event::Recorded {
                recording: number,
                length: Duration::ZERO,
                error: Some("the recorder is behind".to_owned()),
            });
        }
    }
}

fn number(recorded: &Recorded) -> u64 {
    match recorded {
        Recorded::Started { recording, .. }
        | Recorded::Block { recording, .. }
        | Recorded::Stopped { recording, .. } => *recording,
    }
}

struct Shelf {
    folder: PathBuf,
    listener: Listener,
    open: HashMap<u64, Open>,
}

struct Open {
    file: File,
    frames: u64,
    /// Frames that the header speaks of.
    told: u64,
    octets: Vec<u8>,
}

impl Shelf {
    fn run(mut self, receiver: &Receiver<Order>) {
        while let Ok(Order::Write(recorded)) = receiver.recv() {
            self.write(recorded);
        }
        for (_, mut open) in self.open.drain() {
            let _ = open.refresh();
        }
    }

    fn write(&mut self, recorded: Recorded) {
        let recording = number(&recorded);
        match recorded {
            Recorded::Started { file, .. } => match create(&self.folder, &file) {
                Ok(file) => {
                    let open = Open {
                        file,
                        frames: 0,
                        told: 0,
                        octets: Vec::new(),
                    };
                    self.open.insert(recording, open);
                }
                Err(error) => self.tell(recording, 0, Some(error)),
            },
            Recorded::Block { samples, .. } => {
                let Some(open) = self.open.get_mut(&recording) else {
                    return;
                };
                if let Err(error) = open.append(&samples) {
                    let frames = open.frames;
                    let _ = open.refresh();
                    self.open.remove(&recording);
                    self.tell(recording, frames, Some(error));
                }
            }
            Recorded::Stopped { .. } => {
                let Some(mut open) = self.open.remove(&recording) else {
                    return;
                };
                let error = open.refresh().err();
                self.tell(recording, open.frames, error);
            }
        }
    }

    fn tell(&self, recording: u64, frames: u64, error: Option<io::Error>) {
        if let Some(error) = &error {
            tracing::warn!(recording, %error, "a recording failed");
        }
        (self.listener)(Event::Recorded {
            recording,
            length: Duration::from_micros(frames * 125),
            error: error.map(|error| error.to_string()),
        });
    }
}

impl Open {
    fn append(&mut self, samples: &[i16]) -> io::Result<()> {
        self.octets.clear();
        self.octets
            .extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        self.file.write_all(&self.octets)?;
        self.frames += samples.len() as u64 / 2;
        if self.frames >= self.told + HEADER_FRAMES {
            self.refresh()?;
        }
        Ok(())
    }

    fn refresh(&mut self) -> io::Result<()> {
        self.file.write_all_at(&wav::header(self.frames), 0)?;
        self.told = self.frames;
        Ok(())
    }
}

/// A new file below the folder, readable by us alone. Names with `..`, a root or a prefix are
/// refused, folders that are links to elsewhere too, and a file that is there is not touched.
fn create(folder: &Path, name: &str) -> io::Result<File> {
    let refused = || {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "a recording's name leaves its folder",
        )
    };
    let relative = Path::new(name);
    let plain = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.is_empty() || name.contains('\0') {
        return Err(refused());
    }
    let path = folder.join(relative);
    let parent = path.parent().ok_or_else(refused)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)?;
    if !parent.canonicalize()?.starts_with(folder.canonicalize()?) {
        return Err(refused());
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(&wav::header(0))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
