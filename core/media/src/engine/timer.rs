//! Time: frames of plays, digits, reports, silence, and blocks of recordings.
//!
//! One heap for all. A timer whose stream or play is gone is dropped when it fires.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::relay::{arm_report, slot};
use super::{Engine, Recorded, SEND_BYTES_MAX, Transmit};
use crate::command::{Event, StreamId};
use crate::record::BLOCK;
use crate::rtp::{self, FRAME_SAMPLES, HEADER_BYTES, rtcp};

const FRAME: Duration = Duration::from_millis(20);
/// A thread that stood still longer than this does not make up for it with a burst.
const BEHIND_MAX: Duration = Duration::from_millis(200);

/// What is due for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// The next frame of the play with that serial.
    Frame(u32),
    /// The next packet of a digit.
    Digit,
    /// An RTCP report.
    Report,
    /// Look whether RTP still comes.
    Silence,
    /// Hand out finished samples of that recording.
    Record(u64),
}

/// All timers of an engine.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Duration, StreamId, Task)>>,
}

impl Timers {
    pub(super) fn push(&mut self, at: Duration, stream: StreamId, task: Task) {
        self.heap.push(Reverse((at, stream, task)));
    }

    fn pop_due(&mut self, now: Duration) -> Option<(Duration, StreamId, Task)> {
        let Reverse((at, ..)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| timer)
    }

    fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }
}

impl Engine {
    /// When `tick` is to be called next; `None` when nothing waits.
    pub fn next_tick(&self) -> Option<Duration> {
        if self.jobs.is_empty() {
            self.timers.next()
        } else {
            Some(self.now)
        }
    }

    /// Lets time pass: afterwards `poll_send` has the packets that are due.
    pub fn tick(&mut self, now: Duration) {
        self.now = self.now.max(now);
        while let Some((at, stream, task)) = self.timers.pop_due(now) {
            match task {
                Task::Silence => self.look_for_silence(stream),
                Task::Record(recording) => self.hand_out(at, stream, recording),
                Task::Frame(_) | Task::Digit | Task::Report => {
                    self.jobs.push_back((stream, task, at));
                }
            }
        }
    }

    /// The next packet that is due, written into `out`, which has `SEND_BYTES_MAX` octets (a
    /// shorter one gets nothing).
    pub fn poll_send(&mut self, out: &mut [u8]) -> Option<Transmit> {
        if out.len() < SEND_BYTES_MAX {
            return None;
        }
        while let Some((stream, task, at)) = self.jobs.pop_front() {
            let sent = match task {
                Task::Frame(serial) => self.send_frame(stream, serial, at, out),
                Task::Digit => self.send_digit(stream, at, out),
                Task::Report => self.send_report(stream, out),
                Task::Silence | Task::Record(_) => None,
            };
            if sent.is_some() {
                return sent;
            }
        }
        None
    }

    /// The time after a late one: absolute, so that a play does not drift.
    fn following(&self, at: Duration) -> Duration {
        let next = at + FRAME;
        if next + BEHIND_MAX < self.now {
            self.now
        } else {
            next
        }
    }

    fn send_frame(
        &mut self,
        id: StreamId,
        serial: u32,
        at: Duration,
        out: &mut [u8],
    ) -> Option<Transmit> {
        let (now, next) = (self.now, self.following(at));
        let stream = slot(&mut self.streams, id)?;
        let playing = stream.playing.as_deref_mut()?;
        if playing.serial != serial {
            return None;
        }
        let mut samples = [0i16; FRAME_SAMPLES];
        if !playing.player.frame(&mut samples) {
            self.events.push_back(playing.ended(id, false));
            stream.playing = None;
            return None;
        }
        self.timers.push(next, id, Task::Frame(serial));
        if stream.dialer.is_some() {
            playing.first = true;
            return None;
        }
        let first = std::mem::take(&mut playing.first);
        let Some((spec, to)) = stream.destination() else {
            // Nobody may hear it; time goes on, and the next frame sent begins a talkspurt.
            if let Some(playing) = stream.playing.as_deref_mut() {
                playing.first = true;
            }
            return None;
        };
        let sent = stream.send_samples(at, (&spec, to), first, &samples, out);
        arm_report(stream, &mut self.timers, self.seed, now);
        Some(sent)
    }

    fn send_digit(&mut self, id: StreamId, at: Duration, out: &mut [u8]) -> Option<Transmit> {
        let (now, next) = (self.now, self.following(at));
        let stream = slot(&mut self.streams, id)?;
        let dialer = stream.dialer.as_deref_mut()?;
        let outgoing = dialer.step();
        if dialer.is_done() {
            stream.dialer = None;
        } else {
            self.timers.push(next, id, Task::Digit);
        }
        let outgoing = outgoing?;
        let (spec, to) = stream.destination()?;
        let Some(payload) = spec.send_event_payload else {
            let samples = outgoing.tone();
            let sent = stream.send_samples(at, (&spec, to), outgoing.first, &samples, out);
            arm_report(stream, &mut self.timers, self.seed, now);
            return Some(sent);
        };
        let stamp = stream.sender.stamp_event(at, payload, outgoing.first);
        rtp::write(out, stamp);
        let octets = outgoing.payload.write();
        let len = HEADER_BYTES + octets.len();
        out.get_mut(HEADER_BYTES..len)?.copy_from_slice(&octets);
        arm_report(stream, &mut self.timers, self.seed, now);
        stream.sender.count(octets.len());
        Some(Transmit {
            stream: id,
            to,
            len,
            rtcp: false,
        })
    }

    fn send_report(&mut self, id: StreamId, out: &mut [u8]) -> Option<Transmit> {
        let now = self.now;
        let stream = slot(&mut self.streams, id)?;
        stream.watch.reporting = false;
        let packets = stream.sender.packets();
        let sent = (packets > stream.watch.reported_sent.unwrap_or(0)).then(|| rtcp::Sent {
            ntp: rtcp::ntp(now),
            timestamp: stream.sender.timestamp_at(now),
            packets: packets as u32,
            octets: stream.sender.octets() as u32,
        });
        stream.watch.reported_sent = Some(packets);
        let mut block = stream.receiver.report();
        if let (Some(block), Some((ntp, heard_at))) = (&mut block, stream.watch.sender_report) {
            block.last_report = ntp;
            let delay = now.saturating_sub(heard_at).as_micros() * 65_536 / 1_000_000;
            block.delay = delay.min(u128::from(u32::MAX)) as u32;
        }
        let to = stream.rtcp_destination()?;
        let ssrc = stream.sender.ssrc();
        let len = rtcp::build(out, ssrc, sent, block, &stream.watch.cname)?;
        Some(Transmit {
            stream: id,
            to,
            len,
            rtcp: true,
        })
    }

    fn look_for_silence(&mut self, id: StreamId) {
        let now = self.now;
        let Some(stream) = slot(&mut self.streams, id) else {
            return;
        };
        stream.watch.armed = false;
        if !stream.spec.is_some_and(|spec| spec.receiving) {
            return;
        }
        let due = stream.watch.heard_at + stream.watch.silent_after;
        if due > now {
            stream.watch.armed = true;
            self.timers.push(due, id, Task::Silence);
        } else {
            stream.watch.told = true;
            self.events.push_back(Event::Silent { stream: id });
        }
    }

    fn hand_out(&mut self, at: Duration, id: StreamId, recording: u64) {
        let now = self.now;
        let Some(stream) = slot(&mut self.streams, id) else {
            return;
        };
        let Some(taken) = stream
            .recording
            .as_deref_mut()
            .filter(|r| r.number == recording)
        else {
            return;
        };
        while let Some(samples) = taken.mixer.flush(now, false) {
            self.recorded
                .push_back(Recorded::Block { recording, samples });
        }
        let next = (at + BLOCK).max(now);
        self.timers.push(next, id, Task::Record(recording));
    }
}
