//! What arrives: sequence numbers extended, loss and jitter counted (RFC 3550 appendix A).

use std::time::Duration;

use super::Header;
use super::rtcp::Block;

/// A jump of more than this is a restarted source and not loss.
const DROPOUT_MAX: u16 = 3000;
/// A step back of more than this is a restarted source and not reordering.
const MISORDER_MAX: u16 = 100;

/// Reception figures of one stream, through changes of source.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    ssrc: u32,
    base: u64,
    highest: u64,
    /// Packets of the present source.
    received: u64,
    transit: u32,
    /// Jitter in samples, scaled by 16 as in appendix A.8.
    jitter: u32,
    /// Expected and received at the last report.
    reported: (u64, u64),
    /// Totals of earlier sources: received, lost.
    before: (u64, u64),
    /// Octets of all of them, header and payload.
    octets: u64,
}

impl Receiver {
    /// Counts one accepted packet. Events keep their first timestamp, so only audio moves jitter.
    pub fn count(&mut self, now: Duration, header: &Header, audio: bool) {
        let known = self.received > 0 && self.ssrc == header.ssrc;
        if !known {
            self.restart(header);
        } else {
            let step = header.sequence.wrapping_sub(self.highest as u16);
            if step < DROPOUT_MAX {
                self.highest += u64::from(step);
            } else if step <= u16::MAX - MISORDER_MAX {
                self.restart(header);
            }
        }
        self.received += 1;
        self.octets += header.end as u64;
        let arrival = (now.as_micros() * 8 / 1000) as u32;
        let transit = arrival.wrapping_sub(header.timestamp);
        if audio && self.received > 1 && self.transit != 0 {
            let change = (transit.wrapping_sub(self.transit) as i32).unsigned_abs();
            // A new talkspurt with new timestamps is no jitter.
            if change < 8000 {
                self.jitter = self.jitter + change - ((self.jitter + 8) >> 4);
            }
        }
        if audio {
            self.transit = transit;
        }
    }

    fn restart(&mut self, header: &Header) {
        self.before = (self.received_packets(), self.lost_packets());
        self.ssrc = header.ssrc;
        self.base = u64::from(header.sequence);
        self.highest = self.base;
        self.received = 0;
        self.transit = 0;
        self.reported = (0, 0);
    }

    fn expected(&self) -> u64 {
        if self.received == 0 {
            0
        } else {
            self.highest - self.base + 1
        }
    }

    /// Packets accepted so far.
    pub fn received_packets(&self) -> u64 {
        self.before.0 + self.received
    }

    /// Octets of accepted packets so far, header and payload.
    pub fn received_bytes(&self) -> u64 {
        self.octets
    }

    /// Packets missing so far; duplicates hide as many losses (RFC 3550 section 6.4.1).
    pub fn lost_packets(&self) -> u64 {
        self.before.1 + self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter in milliseconds.
    pub fn jitter_ms(&self) -> f32 {
        (self.jitter as f32 / 16.0) / 8.0
    }

    /// The report block for RTCP, and begins the next interval. `None` before the first packet.
    pub fn report(&mut self) -> Option<Block> {
        if self.received == 0 {
            return None;
        }
        let expected = self.expected();
        let interval = expected.saturating_sub(self.reported.0);
        let lost = interval.saturating_sub(self.received.saturating_sub(self.reported.1));
        self.reported = (expected, self.received);
        let total = expected.saturating_sub(self.received).min(0x7f_ffff);
        Some(Block {
            ssrc: self.ssrc,
            fraction_lost: (lost * 256).checked_div(interval).unwrap_or(0).min(255) as u8,
            lost: total as u32,
            highest: self.highest as u32,
            jitter: self.jitter >> 4,
            last_report: 0,
            delay: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16, timestamp: u32) -> Header {
        Header {
            payload: 0,
            marker: false,
            sequence,
            timestamp,
            ssrc: 9,
            start: 12,
            end: 172,
        }
    }

    #[test]
    fn counts_loss_across_the_wrap_and_forgives_reordering() {
        let mut receiver = Receiver::default();
        let mut now = Duration::ZERO;
        for i in 0..200u32 {
            now += Duration::from_millis(20);
            if i % 10 == 3 {
                continue;
            }
            let i = if i == 50 {
                51
            } else if i == 51 {
                50
            } else {
                i
            };
            receiver.count(now, &header((65_480 + i) as u16, i * 160), true);
        }
        assert_eq!(receiver.received_packets(), 180);
        assert_eq!(receiver.lost_packets(), 20);
        let block = receiver.report().unwrap();
        assert_eq!(u32::from(block.fraction_lost), 20 * 256 / 200);
        assert_eq!(receiver.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn jitter_nears_the_mean_deviation() {
        let mut receiver = Receiver::default();
        for i in 0..2000u64 {
            let late = if i % 2 == 0 { 10 } else { 0 };
            let now = Duration::from_millis(20 * i + late);
            receiver.count(now, &header(i as u16, i as u32 * 160), true);
        }
        assert!(
            (receiver.jitter_ms() - 10.0).abs() < 1.0,
            "{}",
            receiver.jitter_ms()
        );
    }

    #[test]
    fn a_new_source_keeps_the_totals() {
        let mut receiver = Receiver::default();
        for i in [1u16, 2, 4] {
            receiver.count(Duration::ZERO, &header(i, 0), true);
        }
        let mut other = header(900, 0);
        other.ssrc = 10;
        receiver.count(Duration::ZERO, &other, true);
        assert_eq!(
            (receiver.received_packets(), receiver.lost_packets()),
            (4, 1)
        );
    }
}
