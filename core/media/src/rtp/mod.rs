//! RTP packets, read and rewritten in place (RFC 3550 section 5), and what is counted of them.

pub mod rtcp;

mod receiver;
mod sender;

pub use receiver::Receiver;
pub use sender::Sender;

/// Octets of the fixed header.
pub const HEADER_BYTES: usize = 12;
/// Samples of 20 ms at 8,000 a second.
pub const FRAME_SAMPLES: usize = 160;
/// Longer packets are refused: no 20 ms codec of ours comes near an Ethernet frame.
pub const PACKET_BYTES_MAX: usize = 1500;

/// What the fixed header says, and where the payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Payload type, 0 to 127.
    pub payload: u8,
    /// Start of a talkspurt, or of a telephone-event.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// First octet of the payload.
    pub start: usize,
    /// One past its last octet, padding left out.
    pub end: usize,
}

/// Reads the header; `None` when it is no RTP packet (too short, another version, a header that
/// runs past the end, an RTCP type on the RTP port: RFC 5761 section 4).
#[inline]
pub fn read(packet: &[u8]) -> Option<Header> {
    let (fixed, _) = packet.split_first_chunk::<HEADER_BYTES>()?;
    if fixed[0] >> 6 != 2 || packet.len() > PACKET_BYTES_MAX {
        return None;
    }
    let payload = fixed[1] & 0x7f;
    if (72..=79).contains(&payload) {
        return None;
    }
    let mut start = HEADER_BYTES + 4 * usize::from(fixed[0] & 0x0f);
    if fixed[0] & 0x10 != 0 {
        let words = packet.get(start + 2..start + 4)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    let mut end = packet.len();
    if fixed[0] & 0x20 != 0 {
        let padding = usize::from(*packet.last()?);
        if padding == 0 {
            return None;
        }
        end = end.checked_sub(padding)?;
    }
    if start > end {
        return None;
    }
    Some(Header {
        payload,
        marker: fixed[1] & 0x80 != 0,
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        start,
        end,
    })
}

/// What the sender puts into a packet's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Payload type, 0 to 127.
    pub payload: u8,
    /// Start of a talkspurt.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in samples.
    pub timestamp: u32,
    /// Our synchronisation source.
    pub ssrc: u32,
}

/// Overwrites the header in place; version bits, padding, extension and contributing sources stay.
/// A buffer under twelve octets is left alone.
#[inline]
pub fn rewrite(packet: &mut [u8], stamp: Stamp) {
    if let Some((fixed, _)) = packet.split_first_chunk_mut::<HEADER_BYTES>() {
        fixed[1] = (u8::from(stamp.marker) << 7) | (stamp.payload & 0x7f);
        fixed[2..4].copy_from_slice(&stamp.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&stamp.timestamp.to_be_bytes());
        fixed[8..12].copy_from_slice(&stamp.ssrc.to_be_bytes());
    }
}

/// Writes a plain header (no padding, extension or contributing sources).
#[inline]
pub fn write(packet: &mut [u8], stamp: Stamp) {
    if let Some(first) = packet.first_mut() {
        *first = 0x80;
    }
    rewrite(packet, stamp);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            payload: 101,
            marker: true,
            sequence: 65_535,
            timestamp: 0xdead_beef,
            ssrc: 7,
        }
    }

    #[test]
    fn reads_what_it_wrote() {
        let mut packet = [0u8; 172];
        write(&mut packet, stamp());
        let header = read(&packet).unwrap();
        assert_eq!((header.payload, header.marker), (101, true));
        assert_eq!((header.sequence, header.timestamp), (65_535, 0xdead_beef));
        assert_eq!((header.ssrc, header.start, header.end), (7, 12, 172));
    }

    #[test]
    fn finds_the_payload_between_extension_and_padding() {
        let mut packet = vec![0u8; 12 + 4 + 8 + 20];
        write(&mut packet, stamp());
        packet[0] = 0x80 | 0x20 | 0x10 | 1;
        packet[16 + 3] = 1;
        *packet.last_mut().unwrap() = 4;
        let header = read(&packet).unwrap();
        assert_eq!((header.start, header.end), (24, packet.len() - 4));
    }

    #[test]
    fn refuses_what_is_no_rtp() {
        assert_eq!(read(&[0x80; 11]), None);
        assert_eq!(read(&[0x00; 40]), None);
        let mut rtcp = [0u8; 28];
        (rtcp[0], rtcp[1]) = (0x80, 200);
        assert_eq!(read(&rtcp), None);
        let mut overlong = [0u8; 14];
        overlong[0] = 0x8f;
        assert_eq!(read(&overlong), None);
        let mut padded = [0u8; 12];
        (padded[0], padded[11]) = (0xa0, 200);
        assert_eq!(read(&padded), None);
    }
}
