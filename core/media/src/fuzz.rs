//! Entry points for fuzzers: any octets in, no panic and no unbounded work.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::command::{Codec, Command, MediaPort, StreamId, StreamSpec};
use crate::engine::{Engine, SEND_BYTES_MAX, Transmit};
use crate::rtp::{self, rtcp};
use crate::sdp::{Direction, LocalMedia, Session, offered_codecs};

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4000);

/// Reads the octets as an offer, as an answer, and as the next offer of a dialog.
pub fn fuzz_sdp(octets: &[u8]) {
    let local = LocalMedia {
        address: HERE,
        codecs: &[Codec::Pcma, Codec::Pcmu],
        direction: Direction::SendReceive,
        symmetric: true,
    };
    let _ = offered_codecs(octets);
    let mut caller = Session::new(1);
    caller.offer(&local);
    let _ = caller.accept(octets, &local);
    let mut callee = Session::new(2);
    if let Ok((_, answer)) = callee.answer(octets, &local) {
        // What we write, we can read.
        let _ = offered_codecs(&answer);
        let offer = callee.offer(&local);
        let _ = Session::new(3).answer(&offer, &local);
        let _ = callee.accept(&answer, &local);
    }
}

/// Two bridged streams; the octets are packets, each with a length octet before it.
pub fn fuzz_rtp(octets: &[u8]) {
    let (mut engine, streams) = bridged();
    let record = Command::Record {
        left: streams[0],
        recording: 1,
        file: String::new(),
    };
    engine.command(Duration::ZERO, record);
    let mut now = Duration::ZERO;
    let mut rest = octets;
    while let Some((length, after)) = rest.split_first() {
        let (packet, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        now += Duration::from_millis(u64::from(*length % 40));
        let mut packet = packet.to_vec();
        let stream = streams[usize::from(*length) % 2];
        if let Some(sent) = engine.handle_rtp(now, stream, HERE, &mut packet) {
            assert!(sent.len == packet.len() && rtp::read(&packet).is_some());
        }
        drain(&mut engine, now, |_, _| {});
    }
}

/// Reports, alone and heard by a stream that has sent and received, which reports in its turn.
pub fn fuzz_rtcp(octets: &[u8]) {
    let (mut engine, [a, b]) = bridged();
    let mut packet = [0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9, 0xff, 0xff];
    engine.handle_rtp(Duration::ZERO, a, HERE, &mut packet);
    engine.handle_rtcp(Duration::from_millis(5), a, HERE, octets);
    engine.handle_rtcp(Duration::from_millis(5), b, HERE, octets);
    let mut reports = 0;
    drain(&mut engine, Duration::from_secs(6), |sent, octets| {
        assert!(!sent.rtcp || rtcp::read(octets, 7).is_some());
        reports += u32::from(sent.rtcp);
    });
    assert_eq!(reports, 2, "one of each stream, whatever it was told");
    if let Some(heard) = rtcp::read(octets, 7) {
        let mut out = [0; rtcp::COMPOUND_BYTES_MAX];
        let _ = rtcp::build(&mut out, 7, None, heard.about_us, "c");
    }
}

/// A file as a prompt.
pub fn fuzz_wav(octets: &[u8]) {
    if let Ok(audio) = crate::wav::decode("p", octets) {
        assert!(!audio.samples.is_empty());
    }
    let _ = crate::wav::read_stereo(octets);
}

fn bridged() -> (Engine, [StreamId; 2]) {
    let mut engine = Engine::new(1);
    let streams = [0, 1].map(|slot| StreamId {
        slot,
        generation: 1,
    });
    for (stream, codec) in streams.into_iter().zip([Codec::Pcmu, Codec::Pcma]) {
        let open = Command::Open {
            port: MediaPort {
                stream,
                local: HERE,
            },
            cname: "fuzz".to_owned(),
            ssrc: stream.slot,
            silent_after: Duration::from_secs(1),
        };
        engine.command(Duration::ZERO, open);
        let payload = crate::sdp::static_payload(codec);
        let spec = StreamSpec {
            remote: HERE,
            remote_rtcp: HERE,
            codec,
            send_payload: payload,
            receive_payload: payload,
            send_event_payload: Some(101),
            receive_event_payload: Some(101),
            sending: true,
            receiving: true,
            symmetric: true,
        };
        engine.command(Duration::ZERO, Command::Configure { stream, spec });
    }
    let [a, b] = streams;
    engine.command(Duration::ZERO, Command::Bridge { a, b });
    (engine, streams)
}

fn drain(engine: &mut Engine, now: Duration, mut sent: impl FnMut(Transmit, &[u8])) {
    engine.tick(now);
    let mut out = [0; SEND_BYTES_MAX];
    while let Some(one) = engine.poll_send(&mut out) {
        sent(one, out.get(..one.len).unwrap_or_default());
    }
    while engine.poll_event().is_some() {}
    while engine.poll_recorded().is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_octets_do_no_harm(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
            fuzz_rtp(&octets);
            fuzz_rtcp(&octets);
            fuzz_sdp(&octets);
            fuzz_wav(&octets);
        }

        /// Octets that begin well get further in.
        #[test]
        fn mutated_packets_do_no_harm(
            tail in proptest::collection::vec(any::<u8>(), 0..200),
            flips in proptest::collection::vec((0usize..64, any::<u8>()), 0..6),
        ) {
            let sdp = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
                m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
            let mut rtp = vec![172, 0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9];
            rtp.extend(&tail);
            let mut wav = crate::wav::header(50).to_vec();
            wav.extend(&tail);
            let mut report = vec![0x81, 200, 0, 12];
            report.extend(&tail);
            for (mut octets, fuzz) in [
                (sdp.to_vec(), fuzz_sdp as fn(&[u8])),
                (rtp, fuzz_rtp),
                (wav, fuzz_wav),
                (report, fuzz_rtcp),
            ] {
                for (at, value) in &flips {
                    if let Some(octet) = octets.get_mut(*at) {
                        *octet = *value;
                    }
                }
                fuzz(&octets);
            }
        }
    }
}
