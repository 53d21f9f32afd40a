//! One stream: what was negotiated, who is heard, what is sent, what is watched.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Transmit;
use crate::codec;
use crate::command::{Clip, Codec, Event, Figures, StreamId, StreamSpec};
use crate::dtmf::{Dialer, Listener};
use crate::play::Player;
use crate::record::Mixer;
use crate::rtp::{self, FRAME_SAMPLES, HEADER_BYTES, Header, Receiver, Sender};

/// A packet after the probe's that may follow it.
const PROBE_STEP_MAX: u16 = 50;
/// So long after a lock on another source their SDP's own address takes it over.
const PROVISIONAL: Duration = Duration::from_secs(5);

/// What `Command::Open` says.
pub(super) struct Opened {
    pub id: StreamId,
    pub cname: String,
    pub ssrc: u32,
    pub silent_after: Duration,
}

#[derive(Debug)]
pub(super) struct Stream {
    pub id: StreamId,
    pub spec: Option<StreamSpec>,
    pub source: Source,
    pub receiver: Receiver,
    pub sender: Sender,
    pub listener: Listener,
    pub partner: Option<StreamId>,
    pub playing: Option<Box<Playing>>,
    pub dialer: Option<Box<Dialer>>,
    pub recording: Option<Box<Recording>>,
    pub secret: bool,
    pub watch: Watch,
}

/// Who is heard.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Only this one, once it is known.
    pub locked: Option<SocketAddr>,
    /// When it was locked.
    locked_at: Duration,
    /// A source other than their SDP's has spoken once: address, SSRC, sequence number.
    probe: Option<(SocketAddr, u32, u16)>,
    /// Where their RTCP comes from.
    pub rtcp: Option<SocketAddr>,
    /// The address that the lock belongs to: a hold by 0.0.0.0 does not open it.
    anchor: Option<SocketAddr>,
    pub refused: u64,
}

/// Silence and reports.
#[derive(Debug)]
pub(super) struct Watch {
    pub silent_after: Duration,
    /// Last accepted packet, or when we began to expect some.
    pub heard_at: Duration,
    /// `Silent` was told and nothing came since.
    pub told: bool,
    /// A silence timer is set.
    pub armed: bool,
    /// A report timer is set.
    pub reporting: bool,
    /// Packets sent at the last report; `None` before the first.
    pub reported_sent: Option<u64>,
    /// Their last sender report: middle of its NTP time, and when it came.
    pub sender_report: Option<(u32, Duration)>,
    pub cname: Box<str>,
}

/// A play in progress.
#[derive(Debug)]
pub(super) struct Playing {
    play: u64,
    pub serial: u32,
    pub player: Player,
    /// The next frame begins a talkspurt.
    pub first: bool,
    scheduled: bool,
}

/// A recording whose left voice is this stream.
#[derive(Debug)]
pub(super) struct Recording {
    pub number: u64,
    pub mixer: Mixer,
}

/// What a payload type means on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Audio(Codec),
    Event,
}

/// What the source lock says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    /// Accepted, and the lock has just closed.
    Locked,
    Refused,
}

impl Stream {
    pub(super) fn new(opened: Opened) -> Self {
        Self {
            id: opened.id,
            spec: None,
            source: Source::default(),
            receiver: Receiver::default(),
            sender: Sender::new(opened.ssrc),
            listener: Listener::default(),
            partner: None,
            playing: None,
            dialer: None,
            recording: None,
            secret: false,
            watch: Watch {
                silent_after: opened.silent_after,
                heard_at: Duration::ZERO,
                told: false,
                armed: false,
                reporting: false,
                reported_sent: None,
                sender_report: None,
                cname: opened.cname.into_boxed_str(),
            },
        }
    }

    /// Takes what was negotiated; true when what is sent, or to whom, changes.
    pub(super) fn configure(&mut self, spec: StreamSpec) -> bool {
        let held = spec.remote.ip().is_unspecified();
        if !held && self.source.anchor != Some(spec.remote) {
            self.source.anchor = Some(spec.remote);
            self.source.locked = None;
            self.source.probe = None;
            self.source.rtcp = None;
        }
        let changed = self.spec.is_none_or(|old| {
            (old.codec, old.remote, old.sending) != (spec.codec, spec.remote, spec.sending)
        });
        self.spec = Some(spec);
        changed
    }

    /// Where audio goes now; `None` while we may not send or know no address.
    pub(super) fn destination(&self) -> Option<(StreamSpec, SocketAddr)> {
        let spec = self.spec.filter(|spec| spec.sending)?;
        let to = match self.source.locked {
            Some(locked) if spec.symmetric => locked,
            _ => spec.remote,
        };
        (to.port() != 0 && !to.ip().is_unspecified()).then_some((spec, to))
    }

    /// It can hear, but was promised no telephone-events.
    pub(super) fn wants_tones(&self) -> bool {
        self.destination()
            .is_some_and(|(spec, _)| spec.send_event_payload.is_none())
    }

    /// Where reports go: where theirs come from, else beside a source behind NAT, else as told.
    pub(super) fn rtcp_destination(&self) -> Option<SocketAddr> {
        let spec = self.spec?;
        let to = match (self.source.rtcp, self.source.locked) {
            (Some(heard), _) => heard,
            (None, Some(locked)) if spec.symmetric && locked.ip() != spec.remote.ip() => {
                SocketAddr::new(locked.ip(), locked.port().checked_add(1)?)
            }
            _ => spec.remote_rtcp,
        };
        (to.port() != 0 && !to.ip().is_unspecified()).then_some(to)
    }

    /// The address whose reports are heard.
    pub(super) fn rtcp_source(&self) -> Option<IpAddr> {
        let spec = self.spec?;
        Some(match self.source.locked {
            Some(locked) => locked.ip(),
            None => spec.remote_rtcp.ip(),
        })
    }

    /// What a payload type means here. Static numbers keep their meaning where nothing else has
    /// it: an answer with two codecs lets the far end change between them (RFC 3264 section 6.1).
    pub(super) fn kind(&self, spec: &StreamSpec, payload: u8) -> Option<Kind> {
        if payload == spec.receive_payload {
            Some(Kind::Audio(spec.codec))
        } else if Some(payload) == spec.receive_event_payload {
            Some(Kind::Event)
        } else {
            match payload {
                0 => Some(Kind::Audio(Codec::Pcmu)),
                8 => Some(Kind::Audio(Codec::Pcma)),
                _ => None,
            }
        }
    }

    /// When a silence timer is to be set, and notes that it is.
    pub(super) fn arm_silence(&mut self, now: Duration) -> Option<Duration> {
        let wanted = self.spec.is_some_and(|spec| spec.receiving)
            && !self.watch.silent_after.is_zero()
            && !self.watch.told
            && !self.watch.armed;
        wanted.then(|| {
            self.watch.armed = true;
            self.watch.heard_at.max(now) + self.watch.silent_after
        })
    }

    /// The serial of a play that waited for the stream's configuration.
    pub(super) fn schedule_play(&mut self) -> Option<u32> {
        self.spec?;
        let playing = self.playing.as_deref_mut().filter(|p| !p.scheduled)?;
        playing.scheduled = true;
        Some(playing.serial)
    }

    /// Writes a frame of ours into `out`, which has room for it.
    pub(super) fn send_samples(
        &mut self,
        at: Duration,
        (spec, to): (&StreamSpec, SocketAddr),
        first: bool,
        samples: &[i16; FRAME_SAMPLES],
        out: &mut [u8],
    ) -> Transmit {
        let stamp = self.sender.stamp(at, spec.send_payload, first);
        rtp::write(out, stamp);
        for (octet, sample) in out.iter_mut().skip(HEADER_BYTES).zip(samples) {
            *octet = codec::encode(spec.codec, *sample);
        }
        self.sender.count(FRAME_SAMPLES);
        Transmit {
            stream: self.id,
            to,
            len: HEADER_BYTES + FRAME_SAMPLES,
            rtcp: false,
        }
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            received_packets: self.receiver.received_packets(),
            sent_packets: self.sender.packets(),
            lost_packets: self.receiver.lost_packets(),
            jitter_ms: self.receiver.jitter_ms(),
            refused_packets: self.source.refused,
            received_bytes: self.receiver.received_bytes(),
            sent_bytes: self.sender.octets() + self.sender.packets() * HEADER_BYTES as u64,
        }
    }
}

impl Source {
    /// Judges one packet by where it comes from. Their SDP's address is believed at once; another
    /// one (symmetric RTP) when a second packet follows the first in SSRC and number, so that a
    /// sprayed packet locks nothing. A thief who is faster than the phone is put out by the phone's
    /// own packets, if these come from its SDP's address within `PROVISIONAL`; then the lock is final.
    pub(super) fn judge(
        &mut self,
        now: Duration,
        spec: &StreamSpec,
        from: SocketAddr,
        header: &Header,
    ) -> Verdict {
        if let Some(locked) = self.locked {
            if locked == from {
                return Verdict::Accepted;
            }
            if from != spec.remote || now.saturating_sub(self.locked_at) > PROVISIONAL {
                return Verdict::Refused;
            }
            self.rtcp = None;
        }
        if from != spec.remote {
            if !spec.symmetric {
                return Verdict::Refused;
            }
            let follows = self.probe.is_some_and(|(address, ssrc, sequence)| {
                let step = header.sequence.wrapping_sub(sequence);
                address == from && ssrc == header.ssrc && (1..=PROBE_STEP_MAX).contains(&step)
            });
            if !follows {
                self.probe = Some((from, header.ssrc, header.sequence));
                return Verdict::Refused;
            }
        }
        self.locked = Some(from);
        self.locked_at = now;
        self.probe = None;
        Verdict::Locked
    }
}

impl Playing {
    pub(super) fn new(play: u64, serial: u32, clips: Vec<Clip>, repeat: bool) -> Self {
        Self {
            play,
            serial,
            player: Player::new(clips, repeat),
            first: true,
            scheduled: false,
        }
    }

    pub(super) fn ended(&self, stream: StreamId, stopped: bool) -> Event {
        Event::PlayEnded {
            stream,
            play: self.play,
            stopped,
            played: self.player.played(),
        }
    }
}
