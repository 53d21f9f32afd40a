//! Packets in: judged, counted, heard for digits, laid into recordings, and relayed in place.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::stream::{Kind, Stream, Verdict};
use super::timer::{Task, Timers};
use super::{Engine, Transmit};
use crate::codec;
use crate::command::{Event, StreamId};
use crate::record::Side;
use crate::rtp::{self, Header, rtcp};

/// A report leaves so long after the first packet since the last one (RFC 3550 section 6.2).
const REPORT_EVERY: Duration = Duration::from_secs(5);

impl Engine {
    /// Takes one packet from a stream's RTP socket. When its voice has a listener, the packet is
    /// rewritten in place for it and shall be sent as the answer says.
    pub fn handle_rtp(
        &mut self,
        now: Duration,
        stream: StreamId,
        from: SocketAddr,
        packet: &mut [u8],
    ) -> Option<Transmit> {
        self.now = self.now.max(now);
        let Some(speaker) = slot(&mut self.streams, stream) else {
            self.ignored.packets += 1;
            return None;
        };
        if speaker.spec.is_some_and(|spec| !spec.receiving) {
            return None;
        }
        let Some((header, kind)) = accept(speaker, &mut self.events, (now, from), packet) else {
            speaker.source.refused += 1;
            return None;
        };
        speaker.watch.heard_at = now;
        speaker.watch.told = false;
        if let Some(at) = speaker.arm_silence(now) {
            self.timers.push(at, stream, Task::Silence);
        }
        arm_report(speaker, &mut self.timers, self.seed, now);
        let audio = matches!(kind, Kind::Audio(_));
        speaker.receiver.count(now, &header, audio);
        let payload = packet.get(header.start..header.end)?;
        let mut pressed = None;
        if kind == Kind::Event {
            pressed = speaker.listener.handle(now, &header, payload);
        }
        if let Some(digit) = pressed {
            self.events.push_back(Event::Digit { stream, digit });
        }
        let secret = speaker.secret;
        if !secret {
            lay(speaker, Side::Left, now, (&header, kind), payload);
        }
        let partner = speaker.partner?;
        let hearer = slot(&mut self.streams, partner)?;
        if let Some(digit) = pressed
            && hearer.playing.is_none()
            && hearer.wants_tones()
        {
            self.press(now, partner, digit);
            return None;
        }
        if hearer.playing.is_some() || hearer.dialer.is_some() {
            return None;
        }
        if !secret {
            lay(hearer, Side::Right, now, (&header, kind), payload);
        }
        let sent = relay(hearer, now, stream.slot, (&header, kind), packet)?;
        arm_report(hearer, &mut self.timers, self.seed, now);
        Some(sent)
    }

    /// A key for a far end that knows no telephone-events goes to it as sound.
    fn press(&mut self, now: Duration, hearer: StreamId, digit: char) {
        let mut octets = [0; 4];
        self.now = self.now.max(now);
        let _ = self.send_digits(hearer, digit.encode_utf8(&mut octets));
    }

    /// Takes one packet from a stream's RTCP socket.
    pub fn handle_rtcp(
        &mut self,
        now: Duration,
        stream: StreamId,
        from: SocketAddr,
        packet: &[u8],
    ) {
        self.now = self.now.max(now);
        let Some(found) = slot(&mut self.streams, stream) else {
            self.ignored.packets += 1;
            return;
        };
        let heard = if found.rtcp_source() == Some(from.ip()) {
            rtcp::read(packet, found.sender.ssrc())
        } else {
            None
        };
        let Some(heard) = heard else {
            found.source.refused += 1;
            return;
        };
        if found.spec.is_some_and(|spec| spec.symmetric) {
            found.source.rtcp = Some(from);
        }
        if let Some(ntp) = heard.sender_report {
            found.watch.sender_report = Some((ntp, now));
        }
    }
}

/// The open stream of that name.
pub(super) fn slot(streams: &mut [Option<Box<Stream>>], id: StreamId) -> Option<&mut Stream> {
    let found = streams.get_mut(id.slot as usize)?.as_deref_mut()?;
    (found.id == id).then_some(found)
}

/// Is it RTP, of a payload that was agreed, from the one source? `None` refuses it.
fn accept(
    stream: &mut Stream,
    events: &mut VecDeque<Event>,
    (now, from): (Duration, SocketAddr),
    packet: &[u8],
) -> Option<(Header, Kind)> {
    let spec = stream.spec?;
    let header = rtp::read(packet)?;
    let kind = stream.kind(&spec, header.payload)?;
    match stream.source.judge(now, &spec, from, &header) {
        Verdict::Refused => return None,
        Verdict::Accepted => {}
        Verdict::Locked => events.push_back(Event::Locked {
            stream: stream.id,
            from,
        }),
    }
    Some((header, kind))
}

fn lay(
    stream: &mut Stream,
    side: Side,
    now: Duration,
    (header, kind): (&Header, Kind),
    payload: &[u8],
) {
    if let (Some(recording), Kind::Audio(codec)) = (&mut stream.recording, kind) {
        let samples = payload.iter().map(|octet| codec::decode(codec, *octet));
        recording
            .mixer
            .lay(now, side, (header.ssrc, header.timestamp), samples);
    }
}

/// Makes another stream's packet ours: our payload number, SSRC and numbering, their codec.
fn relay(
    hearer: &mut Stream,
    now: Duration,
    from_slot: u32,
    (header, kind): (&Header, Kind),
    packet: &mut [u8],
) -> Option<Transmit> {
    let (spec, to) = hearer.destination()?;
    let payload = match kind {
        Kind::Audio(_) => spec.send_payload,
        Kind::Event => spec.send_event_payload?,
    };
    let stamp = hearer.sender.relay(now, from_slot, header, payload)?;
    rtp::rewrite(packet, stamp);
    let octets = packet.get_mut(header.start..header.end)?;
    hearer.sender.count(octets.len());
    if let Kind::Audio(codec) = kind {
        codec::transcode(codec, spec.codec, octets);
    }
    Some(Transmit {
        stream: hearer.id,
        to,
        len: packet.len(),
        rtcp: false,
    })
}

/// Sets the report timer if none is set: only streams with traffic have one.
pub(super) fn arm_report(stream: &mut Stream, timers: &mut Timers, seed: u64, now: Duration) {
    if stream.watch.reporting {
        return;
    }
    stream.watch.reporting = true;
    let spread = if stream.watch.reported_sent.is_none() {
        let mixed = (seed ^ u64::from(stream.sender.ssrc())).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Duration::from_millis((mixed >> 32) % 2_500)
    } else {
        Duration::ZERO
    };
    timers.push(now + REPORT_EVERY - spread, stream.id, Task::Report);
}
