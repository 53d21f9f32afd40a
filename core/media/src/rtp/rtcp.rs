//! RTCP: sender and receiver reports with SDES, built and read (RFC 3550 section 6.4).

use std::time::Duration;

/// A compound report of ours never exceeds this: SR with one block, SDES with a CNAME of 255.
pub const COMPOUND_BYTES_MAX: usize = 28 + 24 + 4 + 4 + 2 + 255 + 4;
/// Packets of one compound that are looked at; further ones are ignored.
const PACKETS_MAX: usize = 32;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;

/// A reception report block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Block {
    /// Whose packets it is about.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost in all, 24 bits.
    pub lost: u32,
    /// Highest sequence number, extended by its wraps.
    pub highest: u32,
    /// Jitter in samples.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time in the last sender report heard; 0 if none.
    pub last_report: u32,
    /// Time since then in 1/65536 s.
    pub delay: u32,
}

/// The sender's half of a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// NTP time: seconds and fraction. Ours counts from the node's start (section 4 allows it).
    pub ntp: u64,
    /// The same instant as RTP timestamp.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload octets sent.
    pub octets: u32,
}

/// What a compound packet told us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Heard {
    /// Sender report: middle 32 bits of its NTP time.
    pub sender_report: Option<u32>,
    /// The block about our SSRC.
    pub about_us: Option<Block>,
    /// The far end said goodbye.
    pub goodbye: bool,
}

/// 32.32 fixed-point NTP time of a moment since the node's start.
pub fn ntp(now: Duration) -> u64 {
    (now.as_secs() << 32) | ((u64::from(now.subsec_nanos()) << 32) / 1_000_000_000)
}

/// The middle 32 bits of an NTP time.
pub fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Builds SR (with `sent`) or RR, then SDES with the CNAME (cut at 255 octets). Returns its
/// length, or `None` when the buffer is shorter than the report.
pub fn build(
    out: &mut [u8],
    ssrc: u32,
    sent: Option<Sent>,
    block: Option<Block>,
    cname: &str,
) -> Option<usize> {
    let mut writer = Writer { out, at: 0 };
    let blocks = u8::from(block.is_some());
    let kind = if sent.is_some() {
        SENDER_REPORT
    } else {
        RECEIVER_REPORT
    };
    let words = 1 + if sent.is_some() { 5 } else { 0 } + 6 * u16::from(blocks);
    writer.put(&[0x80 | blocks, kind])?;
    writer.put(&words.to_be_bytes())?;
    writer.put(&ssrc.to_be_bytes())?;
    if let Some(sent) = sent {
        writer.put(&sent.ntp.to_be_bytes())?;
        writer.put(&sent.timestamp.to_be_bytes())?;
        writer.put(&sent.packets.to_be_bytes())?;
        writer.put(&sent.octets.to_be_bytes())?;
    }
    if let Some(block) = block {
        let lost = (u32::from(block.fraction_lost) << 24) | (block.lost & 0xff_ffff);
        for word in [
            block.ssrc,
            lost,
            block.highest,
            block.jitter,
            block.last_report,
            block.delay,
        ] {
            writer.put(&word.to_be_bytes())?;
        }
    }
    let name = &cname.as_bytes()[..cname.len().min(255)];
    // SSRC, item type and length, the name, and one to four zero octets to a whole word.
    let padding = 4 - (2 + name.len()) % 4;
    let words = 1 + (2 + name.len() + padding) / 4;
    writer.put(&[0x81, DESCRIPTION])?;
    writer.put(&(words as u16).to_be_bytes())?;
    writer.put(&ssrc.to_be_bytes())?;
    writer.put(&[1, name.len() as u8])?;
    writer.put(name)?;
    writer.put(&[0u8; 4][..padding])?;
    Some(writer.at)
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, octets: &[u8]) -> Option<()> {
        let end = self.at + octets.len();
        self.out.get_mut(self.at..end)?.copy_from_slice(octets);
        self.at = end;
        Some(())
    }
}

/// Reads a compound packet; `None` when it is none (section 6.1: version 2, begins with SR or RR,
/// lengths add up).
pub fn read(packet: &[u8], our_ssrc: u32) -> Option<Heard> {
    let mut heard = Heard::default();
    let mut rest = packet;
    for index in 0..PACKETS_MAX {
        if rest.is_empty() {
            return (index > 0).then_some(heard);
        }
        let (head, _) = rest.split_first_chunk::<4>()?;
        if head[0] >> 6 != 2 {
            return None;
        }
        let length = 4 * (1 + usize::from(u16::from_be_bytes([head[2], head[3]])));
        let (one, after) = rest.split_at_checked(length)?;
        let blocks = match head[1] {
            SENDER_REPORT => {
                let ntp = one.get(8..16)?;
                heard.sender_report = Some(u32::from_be_bytes([ntp[2], ntp[3], ntp[4], ntp[5]]));
                one.get(28..)?
            }
            RECEIVER_REPORT => one.get(8..)?,
            _ if index == 0 => return None,
            GOODBYE => {
                heard.goodbye = true;
                &[]
            }
            _ => &[],
        };
        for block in blocks.chunks_exact(24).take(usize::from(head[0] & 0x1f)) {
            let block = read_block(block)?;
            if block.ssrc == our_ssrc {
                heard.about_us = Some(block);
            }
        }
        rest = after;
    }
    Some(heard)
}

fn read_block(octets: &[u8]) -> Option<Block> {
    let mut words = [0u32; 6];
    for (word, four) in words.iter_mut().zip(octets.chunks_exact(4)) {
        *word = u32::from_be_bytes(four.try_into().ok()?);
    }
    let [ssrc, lost, highest, jitter, last_report, delay] = words;
    Some(Block {
        ssrc,
        fraction_lost: (lost >> 24) as u8,
        lost: lost & 0xff_ffff,
        highest,
        jitter,
        last_report,
        delay,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Block {
        Block {
            ssrc: 7,
            fraction_lost: 12,
            lost: 345,
            highest: 70_000,
            jitter: 22,
            last_report: 99,
            delay: 65_536,
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_built() {
        for name in ["", "a", "ab", "abc", "abcd", &"x".repeat(300)] {
            let mut out = [0u8; COMPOUND_BYTES_MAX];
            let sent = Sent {
                ntp: ntp(Duration::from_millis(2_500)),
                timestamp: 1,
                packets: 2,
                octets: 3,
            };
            let length = build(&mut out, 3, Some(sent), Some(block()), name).unwrap();
            assert_eq!(length % 4, 0);
            let heard = read(&out[..length], 7).unwrap();
            assert_eq!(heard.about_us, Some(block()));
            assert_eq!(heard.sender_report, Some(0x0002_8000));
            assert!(!heard.goodbye);
            assert_eq!(read(&out[..length], 8).unwrap().about_us, None);
        }
    }

    #[test]
    fn broken_compounds_are_none() {
        let mut out = [0u8; COMPOUND_BYTES_MAX];
        let length = build(&mut out, 3, None, Some(block()), "cname").unwrap();
        assert!(read(&out[..length], 7).is_some());
        assert_eq!(read(&out[..length - 1], 7), None);
        assert_eq!(read(&[], 7), None);
        assert_eq!(build(&mut [0; 20], 3, None, Some(block()), "cname"), None);
        out[1] = DESCRIPTION;
        assert_eq!(read(&out[..length], 7), None);
    }
}
