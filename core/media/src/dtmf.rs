//! Digits as telephone-events (RFC 4733): one digit a key press in, three end packets out.
//!
//! A press is told at its first packet that arrives, whichever that is, and never twice. Digits
//! beyond a burst of sixteen and twenty-five a second are dropped: no finger is that fast.

use std::collections::VecDeque;
use std::time::Duration;

use crate::rtp::FRAME_SAMPLES;

/// Digits waiting to be sent on one stream; more are dropped.
pub const WAITING_MAX: usize = 128;
/// Octets of an event payload.
pub const EVENT_BYTES: usize = 4;
const BURST_DIGITS: u32 = 16;
const DIGIT_EVERY: Duration = Duration::from_millis(40);
/// A timestamp that steps back further than this is a restarted source.
const RESTART_SAMPLES: i32 = 80_000;
/// A segment of a long event is at least this long (RFC 4733 section 2.5.1.3).
const SEGMENT_SAMPLES: u32 = 0xf000;

/// The key of an event code; `None` for events that are no key.
pub fn key(code: u8) -> Option<char> {
    b"0123456789*#ABCD"
        .get(usize::from(code))
        .map(|octet| char::from(*octet))
}

/// The event code of a key; letters in either case.
pub fn code(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    b"0123456789*#ABCD"
        .iter()
        .position(|octet| char::from(*octet) == key)
        .map(|at| at as u8)
}

/// One event payload (RFC 4733 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Event code.
    pub code: u8,
    /// The last packets of the event.
    pub end: bool,
    /// Level in -dBm0, 0 to 63.
    pub volume: u8,
    /// Length so far in samples.
    pub duration: u16,
}

impl Payload {
    /// Reads one; octets after the fourth are ignored.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let (four, _) = octets.split_first_chunk::<EVENT_BYTES>()?;
        Some(Self {
            code: four[0],
            end: four[1] & 0x80 != 0,
            volume: four[1] & 0x3f,
            duration: u16::from_be_bytes([four[2], four[3]]),
        })
    }

    /// As octets.
    pub fn write(self) -> [u8; EVENT_BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.code,
            (u8::from(self.end) << 7) | (self.volume & 0x3f),
            high,
            low,
        ]
    }
}

/// A key press as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    code: u8,
    ssrc: u32,
    timestamp: u32,
    /// Length in samples, segments added.
    pub duration: u32,
    segment: u16,
    /// Level in -dBm0.
    pub volume: u8,
    /// Its end was seen.
    pub ended: bool,
}

/// The receiving side of one stream.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    last: Option<Press>,
    /// When the bucket of allowed digits is full again.
    full_at: Duration,
}

impl Listener {
    /// The latest press.
    pub fn last(&self) -> Option<&Press> {
        self.last.as_ref()
    }

    /// Takes one event packet: the digit, if this is the first that is seen of its press.
    pub fn handle(
        &mut self,
        now: Duration,
        header: &crate::rtp::Header,
        octets: &[u8],
    ) -> Option<char> {
        let payload = Payload::read(octets)?;
        let digit = key(payload.code)?;
        if let Some(last) = &mut self.last
            && last.ssrc == header.ssrc
        {
            let step = header.timestamp.wrapping_sub(last.timestamp) as i32;
            if step == 0 {
                last.follow(payload);
                return None;
            }
            if step < 0 && step > -RESTART_SAMPLES {
                return None;
            }
            if !header.marker && last.next_segment(payload, step) {
                last.timestamp = header.timestamp;
                return None;
            }
        }
        self.last = Some(Press {
            code: payload.code,
            ssrc: header.ssrc,
            timestamp: header.timestamp,
            duration: u32::from(payload.duration),
            segment: payload.duration,
            volume: payload.volume,
            ended: payload.end,
        });
        self.allow(now).then_some(digit)
    }

    fn allow(&mut self, now: Duration) -> bool {
        let full_at = self.full_at.max(now) + DIGIT_EVERY;
        if full_at > now + DIGIT_EVERY * BURST_DIGITS {
            return false;
        }
        self.full_at = full_at;
        true
    }
}

impl Press {
    fn follow(&mut self, payload: Payload) {
        if payload.code == self.code {
            let more = payload.duration.saturating_sub(self.segment);
            self.duration += u32::from(more);
            self.segment = self.segment.max(payload.duration);
            self.ended |= payload.end;
        }
    }

    /// A press of more than 8 s goes on under a new timestamp, without a marker.
    fn next_segment(&mut self, payload: Payload, step: i32) -> bool {
        let continues = !self.ended
            && payload.code == self.code
            && u32::from(self.segment) >= SEGMENT_SAMPLES
            && (step.unsigned_abs()) <= 0x1_0000
            && step.unsigned_abs() >= u32::from(self.segment).saturating_sub(160);
        if continues {
            self.segment = 0;
            self.follow(payload);
        }
        continues
    }
}

/// What one slot of 20 ms sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// What an event packet says.
    pub payload: Payload,
    /// The first of its event.
    pub first: bool,
    /// Which slot of the digit it is: where its tone goes on.
    slot: u8,
}

impl Outgoing {
    /// The same as sound, for a far end that knows no telephone-events: both sine waves of the
    /// key (ITU-T Q.23) for five slots, then silence.
    pub fn tone(self) -> [i16; FRAME_SAMPLES] {
        let mut samples = [0; FRAME_SAMPLES];
        let tone = key(self.payload.code).and_then(crate::tone::key_tone);
        if let Some(tone) = tone.filter(|_| self.slot < TONE_SLOTS) {
            let mut generator = crate::tone::Generator::new(&tone);
            for _ in 0..=self.slot {
                generator.fill(&mut samples);
            }
        }
        samples
    }
}

/// Digits to be sent on one stream: 100 ms each and 60 ms pause, a packet every 20 ms.
#[derive(Clone, Debug, Default)]
pub struct Dialer {
    waiting: VecDeque<u8>,
    /// Packets of the present digit that have left, of eight slots of 20 ms.
    slot: u8,
}

/// Slots of 20 ms a digit takes: four updates, three ends, one more of pause.
const SLOTS: u8 = 8;
const UPDATES: u8 = 4;
const ENDS: u8 = 3;
const DIGIT_SAMPLES: u16 = 800;
const TONE_SLOTS: u8 = 5;

impl Dialer {
    /// Adds digits; what is no key is left out. Returns how many did not fit or were no key.
    pub fn add(&mut self, digits: &str) -> usize {
        let mut refused = 0;
        for digit in digits.chars() {
            match code(digit) {
                Some(code) if self.waiting.len() < WAITING_MAX => self.waiting.push_back(code),
                _ => refused += 1,
            }
        }
        refused
    }

    /// Nothing is left to send.
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The packet of this slot of 20 ms, if it has one.
    pub fn step(&mut self) -> Option<Outgoing> {
        let code = *self.waiting.front()?;
        let slot = self.slot;
        self.slot += 1;
        if self.slot >= SLOTS {
            self.slot = 0;
            self.waiting.pop_front();
        }
        if slot >= UPDATES + ENDS {
            return None;
        }
        let end = slot >= UPDATES;
        let duration = if end {
            DIGIT_SAMPLES
        } else {
            160 * u16::from(slot + 1)
        };
        Some(Outgoing {
            payload: Payload {
                code,
                end,
                volume: 10,
                duration,
            },
            first: slot == 0,
            slot,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Header;
    use proptest::prelude::*;

    /// The packets of a sent text, as a far end would number them.
    fn packets(digits: &str) -> Vec<(Header, [u8; 4])> {
        let mut dialer = Dialer::default();
        assert_eq!(dialer.add(digits), 0);
        let mut found = Vec::new();
        let (mut tick, mut start) = (0u32, 0);
        while !dialer.is_done() {
            if let Some(out) = dialer.step() {
                if out.first {
                    start = tick;
                }
                let header = Header {
                    payload: 101,
                    marker: out.first,
                    sequence: found.len() as u16,
                    timestamp: 5_000 + start * 160,
                    ssrc: 1,
                    start: 12,
                    end: 16,
                };
                found.push((header, out.payload.write()));
            }
            tick += 1;
        }
        found
    }

    fn hear(packets: &[(Header, [u8; 4])]) -> String {
        let mut listener = Listener::default();
        let at = |p: &Header| Duration::from_millis(u64::from(p.sequence) * 23);
        packets
            .iter()
            .filter_map(|(header, octets)| listener.handle(at(header), header, octets))
            .collect()
    }

    #[test]
    fn each_press_is_told_once_with_three_ends() {
        let sent = packets("11#A");
        assert_eq!(sent.len(), 4 * 7);
        let ends = sent
            .iter()
            .filter(|(_, octets)| octets[1] & 0x80 != 0)
            .count();
        assert_eq!(ends, 12);
        assert_eq!(hear(&sent), "11#A");
    }

    #[test]
    fn a_press_of_twenty_seconds_is_one() {
        let mut listener = Listener::default();
        let mut told = 0;
        for tick in 0..1000u32 {
            let total = (tick + 1) * 160;
            let segment = (total - 1) / 0xffff;
            let header = Header {
                payload: 101,
                marker: tick == 0,
                sequence: tick as u16,
                timestamp: segment * 0xffff,
                ssrc: 1,
                start: 12,
                end: 16,
            };
            // The last packet of a segment carries its full length.
            let duration = if total + 160 > (segment + 1) * 0xffff {
                0xffff
            } else {
                total - segment * 0xffff
            };
            let payload = Payload {
                code: 5,
                end: false,
                volume: 10,
                duration: duration as u16,
            };
            let now = Duration::from_millis(u64::from(tick) * 20);
            told += usize::from(listener.handle(now, &header, &payload.write()).is_some());
        }
        assert_eq!(told, 1);
        assert!(listener.last().unwrap().duration > 150_000);
    }

    #[test]
    fn a_flood_of_presses_is_thinned() {
        let mut listener = Listener::default();
        let mut told = 0;
        for press in 0..10_000u32 {
            let header = Header {
                payload: 101,
                marker: true,
                sequence: press as u16,
                timestamp: press * 10,
                ssrc: 1,
                start: 12,
                end: 16,
            };
            let now = Duration::from_micros(u64::from(press) * 100);
            told += usize::from(listener.handle(now, &header, &[1, 0, 0, 160]).is_some());
        }
        assert!((16..=41).contains(&told), "{told}");
    }

    proptest! {
        /// Whatever is lost, doubled or swapped with its neighbour: a press of which any packet
        /// arrives is told once, in order.
        #[test]
        fn survives_loss_and_reordering(
            digits in "[0-9*#A-D]{1,12}",
            keep in proptest::collection::vec(any::<bool>(), 7),
            swap in any::<bool>(),
        ) {
            prop_assume!(keep.iter().any(|kept| *kept));
            let mut sent: Vec<_> = packets(&digits)
                .into_iter()
                .enumerate()
                .filter(|(i, _)| keep[i % 7])
                .map(|(_, packet)| packet)
                .collect();
            sent = sent.iter().flat_map(|p| [*p, *p]).collect();
            if swap && keep.iter().filter(|kept| **kept).count() > 1 {
                let last = sent.len() - 1;
                sent.swap(last, last - 2);
            }
            prop_assert_eq!(hear(&sent), digits);
        }
    }
}
