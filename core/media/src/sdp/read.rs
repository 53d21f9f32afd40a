//! Reading a description: bounded text in, the audio lines that we could use out.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media};
use smallvec::SmallVec;

use super::{BODY_BYTES_MAX, Direction, FORMATS_MAX, LINES_MAX, MEDIA_MAX, SdpError};
use crate::command::Codec;

/// One m-line as far as its shape must be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub media: String,
    pub proto: String,
    /// Its first format: what a refusal with port 0 repeats.
    pub format: String,
}

/// An audio line over RTP/AVP with a port.
#[derive(Clone, Debug)]
pub(super) struct Audio {
    /// Which m-line.
    pub index: usize,
    pub remote: SocketAddr,
    pub remote_rtcp: SocketAddr,
    /// Payload type and codec, in their order.
    pub codecs: SmallVec<[(u8, Codec); 4]>,
    pub event: Option<u8>,
    pub direction: Direction,
}

/// A whole description.
#[derive(Clone, Debug)]
pub(super) struct Description {
    pub lines: SmallVec<[Line; 2]>,
    /// Usable audio lines in order.
    pub audio: SmallVec<[Audio; 1]>,
    /// Why an audio line with a port was not usable.
    pub refusal: Option<SdpError>,
}

/// The codecs of ours that an offer's first usable audio line names, in its order: known before
/// the offer is answered, so that the other leg can be asked for the same.
pub fn offered_codecs(offer: &[u8]) -> Result<SmallVec<[Codec; 2]>, SdpError> {
    let description = read(offer)?;
    let audio = description.audio.iter().find(|a| !a.codecs.is_empty());
    match audio {
        Some(audio) => Ok(names(&audio.codecs)),
        None if !description.audio.is_empty() => Err(SdpError::NoCommonCodec),
        None => Err(description.refusal.unwrap_or(SdpError::NoAudio)),
    }
}

/// The codecs without their numbers, each once.
pub(super) fn names(codecs: &[(u8, Codec)]) -> SmallVec<[Codec; 2]> {
    let mut found: SmallVec<[Codec; 2]> = SmallVec::new();
    for (_, codec) in codecs {
        if !found.contains(codec) {
            found.push(*codec);
        }
    }
    found
}

/// Parses a description after checking its bounds.
pub(super) fn read(text: &[u8]) -> Result<Description, SdpError> {
    check_bounds(text)?;
    let session =
        sdp_types::Session::parse(text).map_err(|e| SdpError::Malformed(e.to_string()))?;
    let mut lines = SmallVec::new();
    let mut audio = SmallVec::new();
    let mut refusal = None;
    let fallback = direction_of(&session.attributes).unwrap_or_default();
    for (index, media) in session.medias.iter().enumerate() {
        let format = media.fmt.split_ascii_whitespace().next().unwrap_or("0");
        lines.push(Line {
            media: media.media.clone(),
            proto: media.proto.clone(),
            format: format.to_owned(),
        });
        let plain = media.media.eq_ignore_ascii_case("audio")
            && media.proto.eq_ignore_ascii_case("RTP/AVP");
        if !plain || media.port == 0 {
            continue;
        }
        match audio_line(index, media, session.connection.as_ref(), fallback) {
            Ok(line) => audio.push(line),
            Err(e) => refusal = refusal.or(Some(e)),
        }
    }
    Ok(Description {
        lines,
        audio,
        refusal,
    })
}

fn check_bounds(text: &[u8]) -> Result<(), SdpError> {
    if text.len() > BODY_BYTES_MAX {
        return Err(SdpError::TooLarge("bytes"));
    }
    let mut lines = 0;
    let mut medias = 0;
    for line in text.split(|b| *b == b'\n') {
        lines += 1;
        medias += usize::from(line.starts_with(b"m="));
    }
    if lines > LINES_MAX {
        return Err(SdpError::TooLarge("lines"));
    }
    if medias > MEDIA_MAX {
        return Err(SdpError::TooLarge("media lines"));
    }
    Ok(())
}

fn audio_line(
    index: usize,
    media: &Media,
    session: Option<&Connection>,
    fallback: Direction,
) -> Result<Audio, SdpError> {
    let connection = media
        .connections
        .first()
        .or(session)
        .ok_or_else(|| SdpError::Malformed("audio without a c= line".to_owned()))?;
    let ip = address_of(connection)?;
    let remote = SocketAddr::new(ip, media.port);
    let mut audio = Audio {
        index,
        remote,
        remote_rtcp: rtcp_of(media, remote),
        codecs: SmallVec::new(),
        event: None,
        direction: direction_of(&media.attributes).unwrap_or(fallback),
    };
    read_formats(media, &mut audio);
    Ok(audio)
}

/// Looks each format up in the rtpmaps, or in RFC 3551's static table.
fn read_formats(media: &Media, audio: &mut Audio) {
    let mut maps: [Option<&str>; 128] = [None; 128];
    for value in values(&media.attributes, "rtpmap") {
        let Some((number, name)) = value.split_once(' ') else {
            continue;
        };
        if let Ok(number) = number.parse::<usize>()
            && let Some(slot) = maps.get_mut(number)
        {
            *slot = Some(name.trim());
        }
    }
    for format in media.fmt.split_ascii_whitespace().take(FORMATS_MAX) {
        let Ok(number) = format.parse::<u8>() else {
            continue;
        };
        match maps.get(usize::from(number)) {
            Some(Some(name)) => match named(name) {
                Some(Format::Codec(codec)) => audio.codecs.push((number, codec)),
                Some(Format::Event) => audio.event = audio.event.or(Some(number)),
                None => {}
            },
            Some(None) if number == 0 => audio.codecs.push((0, Codec::Pcmu)),
            Some(None) if number == 8 => audio.codecs.push((8, Codec::Pcma)),
            _ => {}
        }
    }
}

enum Format {
    Codec(Codec),
    Event,
}

/// `PCMU/8000`, `PCMA/8000/1`, `telephone-event/8000`: names are case-insensitive.
fn named(encoding: &str) -> Option<Format> {
    let mut parts = encoding.split('/');
    let name = parts.next()?;
    if parts.next()?.trim() != "8000" || parts.next().is_some_and(|channels| channels.trim() != "1")
    {
        return None;
    }
    if name.eq_ignore_ascii_case("PCMU") {
        Some(Format::Codec(Codec::Pcmu))
    } else if name.eq_ignore_ascii_case("PCMA") {
        Some(Format::Codec(Codec::Pcma))
    } else if name.eq_ignore_ascii_case("telephone-event") {
        Some(Format::Event)
    } else {
        None
    }
}

fn address_of(connection: &Connection) -> Result<IpAddr, SdpError> {
    let unusable = || SdpError::Address(connection.connection_address.chars().take(64).collect());
    let ip = connection.try_address().map_err(|_| unusable())?.ip;
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    if ip.is_multicast() || broadcast {
        return Err(unusable());
    }
    Ok(ip)
}

/// `a=rtcp:53020` or `a=rtcp:53020 IN IP4 192.0.2.1` (RFC 3605), else one port above.
fn rtcp_of(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let above = SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
    let Some(value) = values(&media.attributes, "rtcp").next() else {
        return above;
    };
    let mut parts = value.split_ascii_whitespace();
    let port = parts.next().and_then(|p| p.parse::<u16>().ok());
    let Some(port) = port.filter(|p| *p != 0) else {
        return above;
    };
    let ip = parts
        .nth(2)
        .and_then(|text| text.parse::<IpAddr>().ok())
        .filter(|ip| !ip.is_multicast() && ip.is_ipv4() == rtp.is_ipv4());
    SocketAddr::new(ip.unwrap_or(rtp.ip()), port)
}

fn direction_of(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|a| {
        [
            Direction::SendReceive,
            Direction::SendOnly,
            Direction::ReceiveOnly,
            Direction::Inactive,
        ]
        .into_iter()
        .find(|d| a.attribute.eq_ignore_ascii_case(d.attribute()))
    })
}

fn values<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a str> {
    attributes
        .iter()
        .filter(move |a| a.attribute.eq_ignore_ascii_case(name))
        .filter_map(|a| a.value.as_deref())
}
