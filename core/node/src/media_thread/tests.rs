//! Media threads on loopback with real sockets, once by io_uring and once by epoll.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use cordboard_media::rtp::{self, Stamp};
use cordboard_media::tone::{Generator, purity};
use cordboard_media::{Audio, Clip, Codec, MediaPort, MediaPorts, StreamSpec, Tone, codec, wav};

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Room {
    media: MediaThreads,
    handle: MediaHandle,
    pool: PortPool,
    events: Receiver<Event>,
    folder: PathBuf,
}

/// A range for each test, beginning where the kernel had a free port a moment ago.
fn free_ports() -> (u16, u16) {
    static NEXT: std::sync::Mutex<Option<u16>> = std::sync::Mutex::new(None);
    let mut next = NEXT.lock().unwrap();
    let begin = next.unwrap_or_else(|| {
        let probe = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        probe.local_addr().unwrap().port().min(60_000) & !1
    });
    *next = Some(begin + 200);
    (begin, begin + 199)
}

impl Room {
    fn new(name: &str, force_epoll: bool) -> Self {
        let folder =
            std::env::temp_dir().join(format!("cordboard-media-{name}-{}", std::process::id()));
        let config = MediaConfig {
            port_range: free_ports(),
            dscp: 46,
            threads: 1,
            recordings_dir: folder.clone(),
            force_epoll,
            seed: 1,
        };
        let (tell, events) = channel();
        let media =
            MediaThreads::start(config, Clock::start(), move |event| drop(tell.send(event)))
                .unwrap();
        Self {
            handle: media.handle(),
            pool: media.ports(0, 1).unwrap(),
            media,
            events,
            folder,
        }
    }

    fn open(&mut self, remote: SocketAddr, codec: Codec) -> MediaPort {
        let port = self.pool.take(remote.ip()).unwrap();
        let open = Command::Open {
            port,
            cname: "test".into(),
            ssrc: port.stream.slot + 77,
            silent_after: Duration::ZERO,
        };
        self.handle.send(open).unwrap();
        let payload = cordboard_media::sdp::static_payload(codec);
        let spec = StreamSpec {
            remote,
            remote_rtcp: remote,
            codec,
            send_payload: payload,
            receive_payload: payload,
            send_event_payload: Some(101),
            receive_event_payload: Some(101),
            sending: true,
            receiving: true,
            symmetric: true,
        };
        self.handle
            .send(Command::Configure {
                stream: port.stream,
                spec,
            })
            .unwrap();
        port
    }

    fn event(&self) -> Event {
        self.events.recv_timeout(Duration::from_secs(10)).unwrap()
    }
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    socket
}

fn tone(hertz: f32) -> Generator {
    Generator::new(&Tone {
        name: "t".into(),
        hertz: vec![hertz],
        cadence_ms: vec![],
        level_db: -10.0,
        lasts: None,
    })
}

fn frame(generator: &mut Generator, codec: Codec, number: u16) -> Vec<u8> {
    let mut samples = [0i16; 160];
    generator.fill(&mut samples);
    let mut packet = vec![0; 12];
    let stamp = Stamp {
        payload: cordboard_media::sdp::static_payload(codec),
        marker: number == 0,
        sequence: number,
        timestamp: u32::from(number) * 160,
        ssrc: 5,
    };
    rtp::write(&mut packet, stamp);
    packet.extend(samples.map(|sample| codec::encode(codec, sample)));
    packet
}

fn hear(socket: &UdpSocket, codec: Codec, packets: usize) -> Vec<i16> {
    let mut heard = Vec::new();
    let mut buffer = [0u8; 1500];
    let mut last: Option<u16> = None;
    for _ in 0..packets {
        let length = socket.recv(&mut buffer).unwrap();
        let header = rtp::read(&buffer[..length]).unwrap();
        assert!(last.is_none_or(|last| header.sequence == last.wrapping_add(1)));
        last = Some(header.sequence);
        heard.extend(
            buffer[header.start..header.end]
                .iter()
                .map(|octet| codec::decode(codec, *octet)),
        );
    }
    heard
}

/// A prompt, then two phones through a bridge with conversion, recorded; then everything ends.
fn whole_call(force_epoll: bool, waiting: Waiting) {
    let mut room = Room::new(waiting.name(), force_epoll);
    assert_eq!(room.media.waiting(), waiting);
    let (a, b) = (phone(), phone());
    let at_a = room.open(a.local_addr().unwrap(), Codec::Pcmu);
    let at_b = room.open(b.local_addr().unwrap(), Codec::Pcma);
    assert_eq!(at_a.local.port() % 2, 0);
    assert_ne!(at_a.local, at_b.local);

    let mut samples = vec![0; 1600];
    tone(600.0).fill(&mut samples);
    let clips = vec![Clip::Audio(Arc::new(Audio {
        name: "p".into(),
        samples,
    }))];
    let play = Command::Play {
        stream: at_a.stream,
        play: 1,
        clips,
        repeat: false,
    };
    room.handle.send(play).unwrap();
    assert!(purity(&hear(&a, Codec::Pcmu, 10), 600.0) > 0.95);
    assert!(matches!(
        room.event(),
        Event::PlayEnded {
            play: 1,
            stopped: false,
            ..
        }
    ));

    let record = Command::Record {
        left: at_a.stream,
        recording: 8,
        file: "x/y.wav".into(),
    };
    room.handle
        .send(Command::Bridge {
            a: at_a.stream,
            b: at_b.stream,
        })
        .unwrap();
    room.handle.send(record).unwrap();
    let (mut from_a, mut from_b) = (tone(440.0), tone(1000.0));
    // The bridge stands before the first packet comes.
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    for number in 0..50u16 {
        a.send_to(&frame(&mut from_a, Codec::Pcmu, number), at_a.local)
            .unwrap();
        b.send_to(&frame(&mut from_b, Codec::Pcma, number), at_b.local)
            .unwrap();
        let next = start + Duration::from_millis(20 * (u64::from(number) + 1));
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    assert!(purity(&hear(&b, Codec::Pcma, 50), 440.0) > 0.95);
    assert!(purity(&hear(&a, Codec::Pcmu, 50), 1000.0) > 0.95);
    room.handle
        .send(Command::StopRecord { recording: 8 })
        .unwrap();
    for port in [at_a, at_b] {
        room.handle
            .send(Command::Close {
                stream: port.stream,
            })
            .unwrap();
        room.pool.give_back(port.stream);
    }
    let (mut closed, mut recorded) = (0, false);
    while closed < 2 || !recorded {
        match room.event() {
            Event::Closed { figures, .. } => {
                closed += 1;
                assert_eq!((figures.received_packets, figures.lost_packets), (50, 0));
            }
            Event::Recorded {
                recording: 8,
                error: None,
                ..
            } => recorded = true,
            Event::Locked { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let file = std::fs::read(room.folder.join("x/y.wav")).unwrap();
    let (left, right) = wav::read_stereo(&file).unwrap();
    assert!(left.len() > 7_000, "{}", left.len());
    assert!(purity(&left[1_000..6_000], 440.0) > 0.6 && purity(&right[1_000..6_000], 1000.0) > 0.6);
    assert_eq!(room.pool.taken(), 0);
    assert_eq!(room.media.counters().unsent.load(Ordering::Relaxed), 0);
    let _ = std::fs::remove_dir_all(&room.folder);
    room.media.stop();
}

#[test]
fn a_whole_call_by_epoll() {
    whole_call(true, Waiting::Epoll);
}

#[test]
fn a_whole_call_by_io_uring_where_the_host_allows_it() {
    let bell = mailbox::<()>(1).unwrap();
    match uring::Uring::new(bell.1.fd()) {
        Ok(_) => whole_call(false, Waiting::IoUring),
        Err(error) => whole_call_falls_back(&error),
    }
}

/// Where io_uring is forbidden the same start must choose epoll by itself.
fn whole_call_falls_back(error: &io::Error) {
    eprintln!("io_uring is not to be had here: {error}");
    whole_call(false, Waiting::Epoll);
}

#[test]
fn a_pair_rests_before_it_is_taken_again_and_the_range_ends() {
    let mut room = Room::new("ports", true);
    let mut taken = Vec::new();
    while let Some(port) = room.pool.take(LOOPBACK) {
        taken.push(port);
    }
    assert!((50..=100).contains(&taken.len()), "{}", taken.len());
    let first = taken[0];
    room.pool.give_back(first.stream);
    room.pool.give_back(first.stream);
    assert_eq!(room.pool.taken(), taken.len() - 1);
    assert_eq!(room.pool.take(LOOPBACK), None);
    std::thread::sleep(Duration::from_millis(2_050));
    let again = room.pool.take(LOOPBACK).unwrap();
    assert_eq!(again.local, first.local);
    assert_eq!(again.stream.slot, first.stream.slot);
    assert_ne!(again.stream.generation, first.stream.generation);
    room.media.stop();
}

#[test]
fn another_threads_streams_have_slots_of_their_own() {
    let config = MediaConfig {
        port_range: free_ports(),
        dscp: 0,
        threads: 2,
        recordings_dir: std::env::temp_dir(),
        force_epoll: true,
        seed: 1,
    };
    let media = MediaThreads::start(config, Clock::start(), |_| {}).unwrap();
    let mut pools = [0, 1, 2].map(|shard| media.ports(shard, 3).unwrap());
    let mut seen = std::collections::HashSet::new();
    for pool in &mut pools {
        for _ in 0..5 {
            let port = pool.take(LOOPBACK).unwrap();
            assert!(
                seen.insert(port.stream.slot) && seen.insert(u32::from(port.local.port()) << 16)
            );
        }
    }
    media.stop();
}

/// More packets at once than there are buffers: some are lost, and no stream falls silent.
fn a_burst(force_epoll: bool) {
    let mut room = Room::new(if force_epoll { "burst-e" } else { "burst-u" }, force_epoll);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (a, b) = (phone(), phone());
            let at_a = room.open(a.local_addr().unwrap(), Codec::Pcmu);
            let at_b = room.open(b.local_addr().unwrap(), Codec::Pcmu);
            room.handle
                .send(Command::Bridge {
                    a: at_a.stream,
                    b: at_b.stream,
                })
                .unwrap();
            (a, b, at_a)
        })
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    let mut voice = tone(440.0);
    let packets: Vec<_> = (0..600)
        .map(|number| frame(&mut voice, Codec::Pcmu, number))
        .collect();
    for packet in &packets {
        for (a, _, at_a) in &calls {
            a.send_to(packet, at_a.local).unwrap();
        }
    }
    std::thread::sleep(Duration::from_millis(300));
    for (a, b, at_a) in &calls {
        b.set_nonblocking(true).unwrap();
        while b.recv(&mut [0; 1500]).is_ok() {}
        b.set_nonblocking(false).unwrap();
        a.send_to(&frame(&mut voice, Codec::Pcmu, 600), at_a.local)
            .unwrap();
        assert_eq!(hear(b, Codec::Pcmu, 1).len(), 160);
    }
    room.media.stop();
}

#[test]
fn a_burst_by_epoll_silences_nobody() {
    a_burst(true);
}

#[test]
fn a_burst_by_the_preferred_way_silences_nobody() {
    a_burst(false);
}

/// Two phones on the loopback of IPv6, one of them with a report of its own.
fn by_ipv6(force_epoll: bool) {
    let here = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
    let Ok(a) = UdpSocket::bind((here, 0)) else {
        eprintln!("this host has no IPv6");
        return;
    };
    let b = UdpSocket::bind((here, 0)).unwrap();
    b.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut room = Room::new(if force_epoll { "six-e" } else { "six-u" }, force_epoll);
    let at_a = room.open(a.local_addr().unwrap(), Codec::Pcmu);
    let at_b = room.open(b.local_addr().unwrap(), Codec::Pcmu);
    room.handle
        .send(Command::Bridge {
            a: at_a.stream,
            b: at_b.stream,
        })
        .unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let mut report_to = at_a.local;
    report_to.set_port(report_to.port() + 1);
    a.send_to(&[0x80, 201, 0, 1, 0, 0, 0, 5], report_to)
        .unwrap();
    a.send_to(&[0x80, 201, 0, 9], report_to).unwrap();
    a.send_to(&frame(&mut tone(440.0), Codec::Pcmu, 0), at_a.local)
        .unwrap();
    assert_eq!(hear(&b, Codec::Pcmu, 1).len(), 160);
    room.handle
        .send(Command::Close {
            stream: at_a.stream,
        })
        .unwrap();
    assert!(matches!(room.event(), Event::Locked { from, .. } if from == a.local_addr().unwrap()));
    let Event::Closed { figures, .. } = room.event() else {
        panic!("no figures");
    };
    // The broken report was refused, the good one heard.
    assert_eq!((figures.received_packets, figures.refused_packets), (1, 1));
    room.media.stop();
}

#[test]
fn ipv6_and_reports_by_epoll() {
    by_ipv6(true);
}

#[test]
fn ipv6_and_reports_by_the_preferred_way() {
    by_ipv6(false);
}
