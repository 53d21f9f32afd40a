//! One dialog's offers and answers: what was agreed stays (m-line order, payload numbers), and
//! the version in `o=` grows by one with each changed description (RFC 3264 section 8).

use bytes::Bytes;
use sdp_types::{Connection, Media, Origin, Time};
use smallvec::{SmallVec, smallvec};

use super::read::{self, Audio, Line};
use super::{
    Direction, EVENT_PAYLOAD, LocalMedia, Negotiated, SdpError, codec_name, static_payload,
};
use crate::command::{Codec, StreamSpec};

/// One dialog's side of offer/answer.
#[derive(Clone, Debug)]
pub struct Session {
    id: u64,
    version: u64,
    /// Our latest description.
    written: Option<Bytes>,
    /// Shape of the m-lines in order; ours repeat it for ever.
    lines: SmallVec<[Line; 2]>,
    /// Which of them is the audio.
    audio: usize,
    /// Our numbers where the dialog maps a codec to another than the static one.
    mapped: Payloads,
    event: u8,
    /// The offer that waits for its answer: what it listed.
    offered: Option<Payloads>,
}

impl Session {
    /// A dialog that has said nothing yet. `id` goes into `o=`, as does the first version: a
    /// number that the caller takes from its seed or clock, at most 62 bits so that all read it.
    pub fn new(id: u64) -> Self {
        let id = id & (u64::MAX >> 2);
        Self {
            id,
            version: id,
            written: None,
            lines: SmallVec::new(),
            audio: 0,
            mapped: SmallVec::new(),
            event: EVENT_PAYLOAD,
            offered: None,
        }
    }

    /// Version in the `o=` line of our latest description.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Our latest description, as it was sent.
    pub fn written(&self) -> Option<&Bytes> {
        self.written.as_ref()
    }

    /// True while an offer of ours waits for its answer.
    pub fn offering(&self) -> bool {
        self.offered.is_some()
    }

    /// Makes our offer. A second one before an answer replaces the first.
    pub fn offer(&mut self, local: &LocalMedia<'_>) -> Bytes {
        let codecs: Payloads = local
            .codecs
            .iter()
            .map(|codec| (self.payload_of(*codec), *codec))
            .collect();
        if self.lines.is_empty() {
            self.lines = smallvec![Line {
                media: "audio".to_owned(),
                proto: "RTP/AVP".to_owned(),
                format: "0".to_owned(),
            }];
        }
        let body = self.write(local, &codecs, Some(self.event), local.direction);
        self.offered = Some(codecs);
        body
    }

    /// The far end refused our offer (491, 488 ...): what was agreed before stays.
    pub fn withdraw(&mut self) {
        self.offered = None;
    }

    /// Reads their offer and makes our answer: one codec, the first of theirs that we accept.
    /// On an error nothing has changed.
    pub fn answer(
        &mut self,
        offer: &[u8],
        local: &LocalMedia<'_>,
    ) -> Result<(Negotiated, Bytes), SdpError> {
        let description = read::read(offer)?;
        if description.lines.len() < self.lines.len() {
            return Err(SdpError::Mismatch("fewer m-lines than before"));
        }
        let refusal = description.refusal;
        let (audio, common) = choose(&description.audio, local)
            .map_err(|e| refusal.filter(|_| e == SdpError::NoAudio).unwrap_or(e))?;
        let (payload, codec) = common[0];
        self.lines = description.lines;
        self.audio = audio.index;
        self.mapped = common.clone();
        self.event = audio.event.unwrap_or(self.event);
        self.offered = None;
        let direction = local.direction.and(audio.direction.reversed());
        let body = self.write(local, &[(payload, codec)], audio.event, direction);
        let spec = StreamSpec {
            remote: audio.remote,
            remote_rtcp: audio.remote_rtcp,
            codec,
            send_payload: payload,
            receive_payload: payload,
            send_event_payload: audio.event,
            receive_event_payload: audio.event,
            sending: direction.sends() && !audio.remote.ip().is_unspecified(),
            receiving: direction.receives(),
            symmetric: local.symmetric,
        };
        Ok((self.agreed(spec, audio, &common, local), body))
    }

    /// Reads their answer to our open offer. After an error the offer is closed and what was
    /// agreed before stays.
    pub fn accept(
        &mut self,
        answer: &[u8],
        local: &LocalMedia<'_>,
    ) -> Result<Negotiated, SdpError> {
        let offered = self.offered.take().ok_or(SdpError::NoOffer)?;
        let description = read::read(answer)?;
        if description.lines.len() != self.lines.len() {
            return Err(SdpError::Mismatch("another number of m-lines"));
        }
        let (audio, common) = match choose(&description.audio, local) {
            Ok(found) => found,
            Err(SdpError::NoAudio) => {
                return Err(description
                    .refusal
                    .unwrap_or(SdpError::Mismatch("audio refused")));
            }
            Err(e) => return Err(e),
        };
        if audio.index != self.audio {
            return Err(SdpError::Mismatch("audio on another m-line"));
        }
        let (send_payload, codec) = common[0];
        let receive_payload = offered
            .iter()
            .find(|(_, offered)| *offered == codec)
            .map(|(payload, _)| *payload)
            .ok_or(SdpError::NoCommonCodec)?;
        let direction = local.direction.and(audio.direction.reversed());
        let spec = StreamSpec {
            remote: audio.remote,
            remote_rtcp: audio.remote_rtcp,
            codec,
            send_payload,
            receive_payload,
            send_event_payload: audio.event,
            receive_event_payload: audio.event.map(|_| self.event),
            sending: direction.sends() && !audio.remote.ip().is_unspecified(),
            receiving: direction.receives(),
            symmetric: local.symmetric,
        };
        Ok(self.agreed(spec, audio, &common, local))
    }

    fn agreed(
        &self,
        spec: StreamSpec,
        audio: &Audio,
        common: &[(u8, Codec)],
        local: &LocalMedia<'_>,
    ) -> Negotiated {
        let deaf = !audio.direction.receives() || audio.remote.ip().is_unspecified();
        Negotiated {
            spec,
            direction: Direction::new(spec.sending, spec.receiving),
            held_by_remote: deaf && local.direction.sends(),
            common: read::names(common),
            version: self.version,
        }
    }

    fn payload_of(&self, codec: Codec) -> u8 {
        self.mapped
            .iter()
            .find(|(_, mapped)| *mapped == codec)
            .map_or_else(|| static_payload(codec), |(payload, _)| *payload)
    }

    /// Writes a description; its version grows when it differs from the last.
    fn write(
        &mut self,
        local: &LocalMedia<'_>,
        codecs: &[(u8, Codec)],
        event: Option<u8>,
        direction: Direction,
    ) -> Bytes {
        let ip = local.address.ip();
        let mut session =
            sdp_types::Session::new(Origin::with_ip_addr(self.id, self.version, ip), "-");
        session.set_connection(Connection::from_ip_addr(ip));
        session.add_time(Time {
            start_time: 0,
            stop_time: 0,
            repeats: Vec::new(),
        });
        for (index, line) in self.lines.iter().enumerate() {
            session.add_media(if index == self.audio {
                audio_media(local.address.port(), codecs, event, direction)
            } else {
                refused_media(line)
            });
        }
        let body = to_bytes(&session);
        match &self.written {
            Some(last) if *last == body => return body,
            None => {
                self.written = Some(body.clone());
                return body;
            }
            Some(_) => {}
        }
        self.version += 1;
        session.origin.sess_version = self.version;
        let body = to_bytes(&session);
        self.written = Some(body.clone());
        body
    }
}

/// Payload numbers and what they mean.
type Payloads = SmallVec<[(u8, Codec); 2]>;

/// The first of their audio lines with a codec of ours, and all such codecs on it.
fn choose<'a>(
    lines: &'a [Audio],
    local: &LocalMedia<'_>,
) -> Result<(&'a Audio, Payloads), SdpError> {
    let mut error = SdpError::NoAudio;
    for audio in lines {
        if audio.remote.is_ipv4() != local.address.is_ipv4() {
            error = SdpError::Address(audio.remote.ip().to_string());
            continue;
        }
        let common: Payloads = audio
            .codecs
            .iter()
            .filter(|(_, codec)| local.codecs.contains(codec))
            .copied()
            .take(4)
            .collect();
        if !common.is_empty() {
            return Ok((audio, common));
        }
        error = SdpError::NoCommonCodec;
    }
    Err(error)
}

fn audio_media(
    port: u16,
    codecs: &[(u8, Codec)],
    event: Option<u8>,
    direction: Direction,
) -> Media {
    let mut formats = String::new();
    for payload in codecs.iter().map(|(payload, _)| *payload).chain(event) {
        if !formats.is_empty() {
            formats.push(' ');
        }
        formats.push_str(&payload.to_string());
    }
    let mut media = empty_media("audio", port, "RTP/AVP", formats);
    for (payload, codec) in codecs {
        let name = codec_name(*codec);
        media.add_attribute_with_value("rtpmap", format!("{payload} {name}/8000"));
    }
    if let Some(payload) = event {
        media.add_attribute_with_value("rtpmap", format!("{payload} telephone-event/8000"));
        media.add_attribute_with_value("fmtp", format!("{payload} 0-15"));
    }
    media.add_attribute_with_value("ptime", "20");
    media.add_attribute_from_str(direction.attribute());
    media
}

fn refused_media(line: &Line) -> Media {
    empty_media(&line.media, 0, &line.proto, line.format.clone())
}

fn empty_media(media: &str, port: u16, proto: &str, fmt: String) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: proto.to_owned(),
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn to_bytes(session: &sdp_types::Session) -> Bytes {
    let mut text = Vec::with_capacity(320);
    // Writing to a Vec cannot fail.
    let _ = session.write(&mut text);
    Bytes::from(text)
}
