//! What leaves: one SSRC a stream, one run of sequence numbers and timestamps, whoever speaks.
//!
//! Prompts, ringback and bridged voices are sections of it. A section of ours takes its timestamp
//! from the clock; a relayed one keeps its source's spacing (so that loss stays visible) by offsets.

use std::time::Duration;

use super::{FRAME_SAMPLES, Header, Stamp};

/// Jumps of the source beyond these begin a new section.
const JUMP_MAX: i16 = 1000;
const LATE_MAX: i16 = 100;
const CLOCK_JUMP_SAMPLES: i64 = 80_000;

/// A run of packets relayed from one source.
#[derive(Clone, Copy, Debug)]
struct Section {
    slot: u32,
    ssrc: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
    /// Highest sequence number of the source, and its timestamp.
    highest: u16,
    timestamp: u32,
    /// How far the section has come, up to `LATE_MAX`: older packets belong to an earlier one.
    advanced: i16,
}

/// The outgoing side of one stream.
#[derive(Clone, Debug)]
pub struct Sender {
    ssrc: u32,
    /// Next sequence number.
    sequence: u16,
    /// Last timestamp sent and when.
    timestamp: u32,
    sent_at: Duration,
    packets: u64,
    octets: u64,
    section: Option<Section>,
}

impl Sender {
    /// Sequence number and timestamp begin at values derived from the SSRC (RFC 3550 section 5.1
    /// wants them unpredictable; the SSRC is drawn by the caller).
    pub fn new(ssrc: u32) -> Self {
        let mixed = u64::from(ssrc)
            .wrapping_add(1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            ssrc,
            sequence: (mixed >> 40) as u16 & 0x7fff,
            timestamp: (mixed >> 8) as u32,
            sent_at: Duration::ZERO,
            packets: 0,
            octets: 0,
            section: None,
        }
    }

    /// Our SSRC.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Packets sent.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Payload octets sent.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// The timestamp that a packet sampled now would carry.
    pub fn timestamp_at(&self, now: Duration) -> u32 {
        if self.packets == 0 {
            return self.timestamp;
        }
        let elapsed = now.saturating_sub(self.sent_at).as_micros() * 8 / 1000;
        self.timestamp.wrapping_add(elapsed as u32)
    }

    /// The relayed section is over: the next relayed packet begins a talkspurt.
    pub fn break_section(&mut self) {
        self.section = None;
    }

    /// Timestamp of a new section: by the clock, at least one frame after the last.
    fn begin(&self, now: Duration) -> u32 {
        if self.packets == 0 {
            return self.timestamp;
        }
        let ahead = self.timestamp_at(now).wrapping_sub(self.timestamp);
        self.timestamp.wrapping_add(ahead.max(FRAME_SAMPLES as u32))
    }

    /// Numbers a frame of ours; `first` begins a talkspurt, else it follows the last by 20 ms.
    pub fn stamp(&mut self, now: Duration, payload: u8, first: bool) -> Stamp {
        let first = first || self.packets == 0;
        let timestamp = if first {
            self.begin(now)
        } else {
            self.timestamp.wrapping_add(FRAME_SAMPLES as u32)
        };
        self.timestamp = timestamp;
        self.sent_at = now;
        self.section = None;
        self.next(payload, first)
    }

    /// Numbers a packet of a telephone-event: all packets of one event share the timestamp of
    /// its first, and the clock counts from there.
    pub fn stamp_event(&mut self, now: Duration, payload: u8, first: bool) -> Stamp {
        if first {
            self.timestamp = self.begin(now);
            self.sent_at = now;
        }
        self.section = None;
        self.next(payload, first)
    }

    fn next(&mut self, payload: u8, marker: bool) -> Stamp {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        Stamp {
            payload,
            marker,
            sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        }
    }

    /// Numbers a packet relayed from stream `slot`. `None` for one that is older than the section.
    pub fn relay(
        &mut self,
        now: Duration,
        slot: u32,
        header: &Header,
        payload: u8,
    ) -> Option<Stamp> {
        let (mut section, fresh) = match self.section {
            Some(section) if self.continues(now, slot, &section, header) => (section, false),
            _ => (self.open_section(now, slot, header), true),
        };
        let step = header.sequence.wrapping_sub(section.highest) as i16;
        let stamp = Stamp {
            payload,
            marker: header.marker || fresh,
            sequence: header.sequence.wrapping_add(section.sequence_offset),
            timestamp: header.timestamp.wrapping_add(section.timestamp_offset),
            ssrc: self.ssrc,
        };
        if step >= 0 {
            section.highest = header.sequence;
            section.timestamp = header.timestamp;
            section.advanced = section.advanced.saturating_add(step).min(LATE_MAX);
            self.sequence = stamp.sequence.wrapping_add(1);
            self.timestamp = stamp.timestamp;
            self.sent_at = now;
            self.section = Some(section);
        } else if -step > section.advanced {
            return None;
        }
        Some(stamp)
    }

    fn continues(&self, now: Duration, slot: u32, section: &Section, header: &Header) -> bool {
        let step = header.sequence.wrapping_sub(section.highest) as i16;
        let elapsed = now.saturating_sub(self.sent_at).as_micros() as i64 * 8 / 1000;
        let moved = i64::from(header.timestamp.wrapping_sub(section.timestamp) as i32);
        section.slot == slot
            && section.ssrc == header.ssrc
            && (-LATE_MAX..=JUMP_MAX).contains(&step)
            && (moved - elapsed).abs() < CLOCK_JUMP_SAMPLES
    }

    fn open_section(&self, now: Duration, slot: u32, header: &Header) -> Section {
        Section {
            slot,
            ssrc: header.ssrc,
            sequence_offset: self.sequence.wrapping_sub(header.sequence),
            timestamp_offset: self.begin(now).wrapping_sub(header.timestamp),
            highest: header.sequence,
            timestamp: header.timestamp,
            advanced: 0,
        }
    }

    /// Counts a packet that left, by its payload octets.
    pub fn count(&mut self, payload_octets: usize) {
        self.packets += 1;
        self.octets += payload_octets as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn header(ssrc: u32, sequence: u16, timestamp: u32) -> Header {
        Header {
            payload: 8,
            marker: false,
            sequence,
            timestamp,
            ssrc,
            start: 12,
            end: 172,
        }
    }

    #[test]
    fn prompt_then_voice_is_one_run_of_numbers() {
        let mut sender = Sender::new(5);
        let first = sender.stamp(at(0), 0, true);
        sender.count(160);
        let second = sender.stamp(at(20), 0, false);
        sender.count(160);
        assert_eq!(second.timestamp.wrapping_sub(first.timestamp), 160);
        let voice = sender.relay(at(520), 3, &header(77, 40_000, 9), 0).unwrap();
        sender.count(160);
        assert_eq!(voice.sequence, second.sequence.wrapping_add(1));
        assert_eq!(voice.timestamp.wrapping_sub(second.timestamp), 4_000);
        assert!(voice.marker && voice.ssrc == first.ssrc);
        let next = sender
            .relay(at(540), 3, &header(77, 40_002, 9 + 320), 0)
            .unwrap();
        assert_eq!(next.sequence, voice.sequence.wrapping_add(2));
        assert!(!next.marker);
    }

    #[test]
    fn a_late_packet_of_before_the_section_is_dropped() {
        let mut sender = Sender::new(5);
        sender.relay(at(0), 3, &header(77, 10, 1600), 0).unwrap();
        assert_eq!(sender.relay(at(1), 3, &header(77, 9, 1440), 0), None);
        sender.relay(at(20), 3, &header(77, 12, 1920), 0).unwrap();
        assert!(sender.relay(at(21), 3, &header(77, 11, 1760), 0).is_some());
    }

    #[test]
    fn twenty_minutes_of_relay_wrap_without_a_break() {
        let mut sender = Sender::new(1);
        let mut last = None;
        for i in 0..60_000u32 {
            let header = header(4, (60_000 + i) as u16, i.wrapping_mul(160));
            let stamp = sender.relay(at(u64::from(i) * 20), 3, &header, 0).unwrap();
            sender.count(160);
            assert_eq!(stamp.marker, i == 0);
            if let Some(last) = last {
                assert_eq!(stamp.sequence.wrapping_sub(last), 1);
            }
            last = Some(stamp.sequence);
        }
    }
}
