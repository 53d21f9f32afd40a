//! The engine of one media thread: packets, commands and time go in; packets, events and
//! recorded samples come out.
//!
//! It owns no socket and no clock. After each input the driver drains `poll_send`, `poll_event`
//! and `poll_recorded`, and calls `tick` at `next_tick`. A relayed packet is rewritten in place
//! and allocates nothing; a stream without traffic has no timer but its silence watch.

mod relay;
mod stream;
#[cfg(test)]
mod tests;
mod timer;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use crate::command::{Clip, Command, Event, StreamId, StreamSpec};
use crate::record::{BLOCK, Mixer};
use stream::{Opened, Playing, Recording, Stream};
use timer::{Task, Timers};

/// Slots beyond this are refused: no machine has so many ports.
pub const SLOTS_MAX: u32 = 1 << 18;
/// A buffer for `poll_send` has at least this many octets.
pub const SEND_BYTES_MAX: usize = 512;

/// A packet that shall leave, in the buffer that the caller passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// From which stream's socket.
    pub stream: StreamId,
    /// To where.
    pub to: SocketAddr,
    /// Its length in octets.
    pub len: usize,
    /// From the RTCP socket, one port above.
    pub rtcp: bool,
}

/// What the recorder writes.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// Begin a file.
    Started {
        /// The recording's number.
        recording: u64,
        /// Its file, relative to the recordings' folder.
        file: String,
    },
    /// More samples, left and right in turn, 8,000 pairs a second; at most a second.
    Block {
        /// The recording's number.
        recording: u64,
        /// The samples.
        samples: Vec<i16>,
    },
    /// Complete the file; the recorder answers with `Event::Recorded`.
    Stopped {
        /// The recording's number.
        recording: u64,
        /// Its length.
        length: Duration,
    },
}

/// Commands and packets that named nothing that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Commands for a stream that is closed or was never opened.
    pub commands: u64,
    /// Packets for one.
    pub packets: u64,
}

/// The engine.
#[derive(Debug)]
pub struct Engine {
    streams: Vec<Option<Box<Stream>>>,
    timers: Timers,
    /// Packets due now; built when polled.
    jobs: VecDeque<(StreamId, Task, Duration)>,
    events: VecDeque<Event>,
    recorded: VecDeque<Recorded>,
    now: Duration,
    /// Spreads the reports of streams in time.
    seed: u64,
    plays: u32,
    ignored: Ignored,
}

impl Engine {
    /// An engine without streams. The seed spreads RTCP reports in time.
    pub fn new(seed: u64) -> Self {
        Self {
            streams: Vec::new(),
            timers: Timers::default(),
            jobs: VecDeque::new(),
            events: VecDeque::new(),
            recorded: VecDeque::new(),
            now: Duration::ZERO,
            seed,
            plays: 0,
            ignored: Ignored::default(),
        }
    }

    /// Takes one command. One that names a closed stream is counted and ignored.
    pub fn command(&mut self, now: Duration, command: Command) {
        self.now = self.now.max(now);
        let known = match command {
            Command::Open {
                port,
                cname,
                ssrc,
                silent_after,
            } => self.open(Opened {
                id: port.stream,
                cname,
                ssrc,
                silent_after,
            }),
            Command::Configure { stream, spec } => self.configure(stream, spec),
            Command::Bridge { a, b } => self.bridge(a, b),
            Command::Unbridge { stream } => self.unbridge(stream),
            Command::Play {
                stream,
                play,
                clips,
                repeat,
            } => self.play(stream, play, clips, repeat),
            Command::StopPlay { stream } => self.stop_play(stream),
            Command::SendDigits { stream, digits } => self.send_digits(stream, &digits),
            Command::Record {
                left,
                recording,
                file,
            } => self.record(left, recording, file),
            Command::StopRecord { recording } => self.stop_record(recording),
            Command::Secret { stream, on } => self.stream(stream).map(|s| s.secret = on),
            Command::Close { stream } => self.close(stream),
        };
        self.ignored.commands += u64::from(known.is_none());
    }

    /// What happened, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What the recorder shall write, in order.
    pub fn poll_recorded(&mut self) -> Option<Recorded> {
        self.recorded.pop_front()
    }

    /// What named nothing that exists.
    pub fn ignored(&self) -> Ignored {
        self.ignored
    }

    /// Streams that are open.
    pub fn open_streams(&self) -> usize {
        self.streams.iter().flatten().count()
    }

    /// Counts and voices of one stream so far.
    pub fn figures(&self, stream: StreamId) -> Option<crate::command::Figures> {
        let found = self.streams.get(stream.slot as usize)?.as_deref()?;
        (found.id == stream).then(|| found.figures())
    }

    fn stream(&mut self, id: StreamId) -> Option<&mut Stream> {
        let found = self.streams.get_mut(id.slot as usize)?.as_deref_mut()?;
        (found.id == id).then_some(found)
    }

    fn open(&mut self, opened: Opened) -> Option<()> {
        let id = opened.id;
        if id.slot >= SLOTS_MAX {
            return None;
        }
        let at = id.slot as usize;
        if at >= self.streams.len() {
            self.streams.resize_with(at + 1, || None);
        }
        if let Some(old) = self.streams[at].as_deref().map(|old| old.id) {
            self.close(old);
        }
        self.streams[at] = Some(Box::new(Stream::new(opened)));
        Some(())
    }

    fn configure(&mut self, id: StreamId, spec: StreamSpec) -> Option<()> {
        let now = self.now;
        let stream = self.stream(id)?;
        let heard = stream.spec.is_some_and(|old| old.receiving);
        if stream.configure(spec) {
            stream.sender.break_section();
        }
        let watch = spec.receiving && !heard;
        if watch {
            stream.watch.heard_at = now;
            stream.watch.told = false;
        }
        let silence = stream.arm_silence(now);
        let frame = stream.schedule_play();
        if let Some(at) = silence {
            self.timers.push(at, id, Task::Silence);
        }
        if let Some(serial) = frame {
            self.timers.push(grid(now), id, Task::Frame(serial));
        }
        Some(())
    }

    fn bridge(&mut self, a: StreamId, b: StreamId) -> Option<()> {
        if a == b || self.stream(a).is_none() || self.stream(b).is_none() {
            return None;
        }
        let _ = self.unbridge(a);
        let _ = self.unbridge(b);
        self.stream(a)?.partner = Some(b);
        self.stream(b)?.partner = Some(a);
        Some(())
    }

    /// `None` when the stream is gone; a stream without a bridge stays as it is.
    fn unbridge(&mut self, id: StreamId) -> Option<()> {
        let stream = self.stream(id)?;
        stream.sender.break_section();
        if let Some(partner) = stream.partner.take()
            && let Some(partner) = self.stream(partner)
        {
            partner.partner = None;
            partner.sender.break_section();
        }
        Some(())
    }

    fn play(&mut self, id: StreamId, play: u64, clips: Vec<Clip>, repeat: bool) -> Option<()> {
        self.stop_play(id)?;
        self.plays = self.plays.wrapping_add(1);
        let (now, serial) = (self.now, self.plays);
        let stream = self.stream(id)?;
        stream.playing = Some(Box::new(Playing::new(play, serial, clips, repeat)));
        if let Some(serial) = stream.schedule_play() {
            self.timers.push(grid(now), id, Task::Frame(serial));
        }
        Some(())
    }

    fn stop_play(&mut self, id: StreamId) -> Option<()> {
        let stream = self.stream(id)?;
        if let Some(playing) = stream.playing.take() {
            let event = playing.ended(id, true);
            self.events.push_back(event);
        }
        Some(())
    }

    fn send_digits(&mut self, id: StreamId, digits: &str) -> Option<()> {
        let now = self.now;
        let stream = self.stream(id)?;
        let idle = stream.dialer.is_none();
        let dialer = stream.dialer.get_or_insert_default();
        dialer.add(digits);
        if dialer.is_done() {
            stream.dialer = None;
        } else if idle {
            self.timers.push(now, id, Task::Digit);
        }
        Some(())
    }

    fn record(&mut self, left: StreamId, recording: u64, file: String) -> Option<()> {
        let now = self.now;
        if let Some(old) = self.stream(left)?.recording.as_ref().map(|r| r.number) {
            let _ = self.stop_record(old);
        }
        let mixer = Mixer::new(now);
        self.stream(left)?.recording = Some(Box::new(Recording {
            number: recording,
            mixer,
        }));
        self.recorded
            .push_back(Recorded::Started { recording, file });
        self.timers.push(now + BLOCK, left, Task::Record(recording));
        Some(())
    }

    fn stop_record(&mut self, recording: u64) -> Option<()> {
        let left = self.streams.iter_mut().flatten().find(|stream| {
            stream
                .recording
                .as_ref()
                .is_some_and(|r| r.number == recording)
        })?;
        let taken = left.recording.take()?;
        self.finish(*taken);
        Some(())
    }

    fn finish(&mut self, mut taken: Recording) {
        let recording = taken.number;
        while let Some(samples) = taken.mixer.flush(self.now, true) {
            self.recorded
                .push_back(Recorded::Block { recording, samples });
        }
        let length = taken.mixer.length();
        self.recorded
            .push_back(Recorded::Stopped { recording, length });
    }

    fn close(&mut self, id: StreamId) -> Option<()> {
        self.unbridge(id)?;
        self.stop_play(id)?;
        let mut stream = self.streams.get_mut(id.slot as usize)?.take()?;
        if let Some(recording) = stream.recording.take() {
            self.finish(*recording);
        }
        self.events.push_back(Event::Closed {
            stream: id,
            figures: stream.figures(),
        });
        Some(())
    }
}

/// Playing begins on a common grid of 5 ms, so that one waking serves many streams.
fn grid(now: Duration) -> Duration {
    const STEP: u128 = 5_000;
    Duration::from_micros((now.as_micros().div_ceil(STEP) * STEP) as u64)
}
