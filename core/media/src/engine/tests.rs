//! Stories of the engine in virtual time: phones at both ends of one engine.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::*;
use crate::codec;
use crate::command::*;
use crate::dtmf::{Dialer, Listener};
use crate::rtp::{self, Header, Stamp, rtcp};
use crate::tone::{Generator, goertzel, purity};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), port)
}

fn id(slot: u32) -> StreamId {
    StreamId {
        slot,
        generation: 1,
    }
}

fn spec(slot: u32, codec: Codec) -> StreamSpec {
    let payload = crate::sdp::static_payload(codec);
    StreamSpec {
        remote: address(slot as u8, 4000),
        remote_rtcp: address(slot as u8, 4001),
        codec,
        send_payload: payload,
        receive_payload: payload,
        send_event_payload: Some(96 + slot as u8),
        receive_event_payload: Some(96 + slot as u8),
        sending: true,
        receiving: true,
        symmetric: true,
    }
}

fn tone(hertz: f32) -> Tone {
    Tone {
        name: "t".into(),
        hertz: vec![hertz],
        cadence_ms: vec![],
        level_db: -10.0,
        lasts: None,
    }
}

fn prompt(hertz: f32, millis: usize) -> Clip {
    let mut samples = vec![0; millis * 8];
    Generator::new(&tone(hertz)).fill(&mut samples);
    Clip::Audio(Arc::new(Audio {
        name: "p".into(),
        samples,
    }))
}

/// A far end that says a tone, or nothing.
struct Phone {
    slot: u32,
    from: SocketAddr,
    codec: Codec,
    voice: Option<Generator>,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    dialer: Dialer,
    event_start: u32,
    heard: Vec<(Duration, Header, Vec<u8>)>,
}

impl Phone {
    fn new(slot: u32, codec: Codec, voice: Option<f32>) -> Self {
        Self {
            slot,
            from: address(slot as u8, 4000),
            codec,
            voice: voice.map(|hertz| Generator::new(&tone(hertz))),
            sequence: 65_500,
            timestamp: u32::MAX - 1000 + slot,
            ssrc: 1000 + slot,
            dialer: Dialer::default(),
            event_start: 0,
            heard: Vec::new(),
        }
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        self.timestamp = self.timestamp.wrapping_add(160);
        let (payload, marker, body) = if !self.dialer.is_done() {
            let out = self.dialer.step()?;
            if out.first {
                self.event_start = self.timestamp;
            }
            (
                96 + self.slot as u8,
                out.first,
                out.payload.write().to_vec(),
            )
        } else {
            let mut samples = [0i16; 160];
            self.voice.as_mut()?.fill(&mut samples);
            let octets = samples.map(|s| codec::encode(self.codec, s)).to_vec();
            (crate::sdp::static_payload(self.codec), false, octets)
        };
        self.sequence = self.sequence.wrapping_add(1);
        let event = payload > 8;
        let mut packet = vec![0; 12];
        rtp::write(
            &mut packet,
            Stamp {
                payload,
                marker,
                sequence: self.sequence,
                timestamp: if event {
                    self.event_start
                } else {
                    self.timestamp
                },
                ssrc: self.ssrc,
            },
        );
        packet.extend(body);
        Some(packet)
    }

    fn audio(&self) -> Vec<i16> {
        self.heard
            .iter()
            .filter(|(_, header, _)| header.payload == 0 || header.payload == 8)
            .flat_map(|(_, header, packet)| {
                let codec = if header.payload == 0 {
                    Codec::Pcmu
                } else {
                    Codec::Pcma
                };
                packet[header.start..header.end]
                    .iter()
                    .map(move |octet| codec::decode(codec, *octet))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

/// One engine and its phones.
struct World {
    engine: Engine,
    now: Duration,
    phones: Vec<Phone>,
    events: Vec<Event>,
    reports: HashMap<StreamId, Vec<Vec<u8>>>,
    recorded: Vec<i16>,
    /// Every how many-th packet of a phone is lost on its way to us.
    lose: Option<u64>,
    packets: u64,
}

impl World {
    fn new() -> Self {
        Self {
            engine: Engine::new(7),
            now: ms(1_000),
            phones: Vec::new(),
            events: Vec::new(),
            reports: HashMap::new(),
            recorded: Vec::new(),
            lose: None,
            packets: 0,
        }
    }

    fn phone(&mut self, slot: u32, codec: Codec, voice: Option<f32>) -> StreamId {
        self.tell(Command::Open {
            port: MediaPort {
                stream: id(slot),
                local: address(200, 10_000 + 2 * slot as u16),
            },
            cname: "c".into(),
            ssrc: 50 + slot,
            silent_after: ms(3_000),
        });
        self.tell(Command::Configure {
            stream: id(slot),
            spec: spec(slot, codec),
        });
        self.phones.push(Phone::new(slot, codec, voice));
        id(slot)
    }

    fn tell(&mut self, command: Command) {
        self.engine.command(self.now, command);
        self.drain();
    }

    fn deliver(&mut self, sent: Transmit, bytes: &[u8]) {
        if sent.rtcp {
            let reports = self.reports.entry(sent.stream).or_default();
            reports.push(bytes.to_vec());
            return;
        }
        let header = rtp::read(bytes).expect("we send RTP");
        let now = self.now;
        let phone = self.phones.iter_mut().find(|p| p.slot == sent.stream.slot);
        let phone = phone.expect("a phone for each stream");
        assert_eq!(phone.from, sent.to);
        phone.heard.push((now, header, bytes.to_vec()));
    }

    fn drain(&mut self) {
        let mut out = [0u8; SEND_BYTES_MAX];
        while let Some(sent) = self.engine.poll_send(&mut out) {
            self.deliver(sent, &out[..sent.len]);
        }
        while let Some(event) = self.engine.poll_event() {
            self.events.push(event);
        }
        while let Some(recorded) = self.engine.poll_recorded() {
            if let Recorded::Block { samples, .. } = recorded {
                self.recorded.extend(samples);
            }
        }
    }

    fn run(&mut self, length: u64) {
        let end = self.now + ms(length);
        while self.now < end {
            self.now += ms(1);
            if self.engine.next_tick().is_some_and(|at| at <= self.now) {
                self.engine.tick(self.now);
            }
            self.drain();
            for i in 0..self.phones.len() {
                let phone = &mut self.phones[i];
                if self.now.as_millis() as u64 % 20 != u64::from(phone.slot) % 20 {
                    continue;
                }
                let (slot, from) = (phone.slot, phone.from);
                let Some(mut packet) = phone.next() else {
                    continue;
                };
                self.packets += 1;
                if self
                    .lose
                    .is_some_and(|every| self.packets.is_multiple_of(every))
                {
                    continue;
                }
                if let Some(sent) = self
                    .engine
                    .handle_rtp(self.now, id(slot), from, &mut packet)
                {
                    let bytes = packet[..sent.len].to_vec();
                    self.deliver(sent, &bytes);
                }
                self.drain();
            }
        }
    }

    fn digits(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Digit { digit, .. } => Some(*digit),
                _ => None,
            })
            .collect()
    }

    /// Sequence numbers without a gap, one SSRC, timestamps that never go back.
    fn assert_one_run(&self, phone: usize) {
        let heard = &self.phones[phone].heard;
        assert!(!heard.is_empty());
        for pair in heard.windows(2) {
            let ((_, a, _), (_, b, _)) = (&pair[0], &pair[1]);
            assert_eq!(a.ssrc, b.ssrc);
            assert_eq!(b.sequence.wrapping_sub(a.sequence), 1);
            assert!((b.timestamp.wrapping_sub(a.timestamp) as i32) >= 0);
        }
    }
}

#[test]
fn bridged_phones_hear_each_other_across_codecs() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let b = world.phone(2, Codec::Pcma, Some(1000.0));
    world.tell(Command::Bridge { a, b });
    world.run(1_000);
    let (at_a, at_b) = (world.phones[0].audio(), world.phones[1].audio());
    assert!(at_a.len() > 7_500 && at_b.len() > 7_500);
    assert!(purity(&at_b, 440.0) > 0.95 && purity(&at_a, 1000.0) > 0.95);
    assert!((10.0 * goertzel(&at_b[..4000], 440.0).log10() + 10.0).abs() < 0.5);
    assert!(world.phones[1].heard.iter().all(|(_, h, _)| h.payload == 8));
    world.assert_one_run(0);
    world.assert_one_run(1);
    let figures = world.engine.figures(a).expect("open");
    assert_eq!((figures.lost_packets, figures.refused_packets), (0, 0));
    assert_eq!((figures.received_packets, figures.sent_packets), (50, 50));
    assert!(figures.jitter_ms < 1.0);
}

#[test]
fn prompt_ringback_and_bridge_are_one_run_of_numbers() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcma, Some(440.0));
    let b = world.phone(2, Codec::Pcma, Some(1000.0));
    world.tell(Command::Play {
        stream: a,
        play: 1,
        clips: vec![prompt(600.0, 990)],
        repeat: false,
    });
    world.run(1_100);
    let ended = Event::PlayEnded {
        stream: a,
        play: 1,
        stopped: false,
        played: ms(1_000),
    };
    assert!(world.events.contains(&ended), "{:?}", world.events);
    let heard = world.phones[0].audio();
    assert_eq!(heard.len(), 8_000);
    assert!(purity(&heard[..7_900], 600.0) > 0.95);

    world.tell(Command::Play {
        stream: a,
        play: 2,
        clips: vec![Clip::Tone(Arc::new(tone(425.0)))],
        repeat: true,
    });
    world.tell(Command::Bridge { a, b });
    world.run(500);
    world.tell(Command::StopPlay { stream: a });
    world.run(500);
    let heard = world.phones[0].audio();
    assert!(purity(&heard[8_000..12_000], 425.0) > 0.95);
    assert!(purity(&heard[12_160..], 1000.0) > 0.95);
    world.assert_one_run(0);
    let marks = world.phones[0].heard.iter().filter(|(_, h, _)| h.marker);
    assert_eq!(marks.count(), 3);
    // Timestamps follow the clock: 2.1 s lie between the first packet and the last.
    let first = world.phones[0].heard.first().expect("heard").1.timestamp;
    let last = world.phones[0].heard.last().expect("heard").1.timestamp;
    let span = last.wrapping_sub(first) / 8;
    assert!((2_040..2_110).contains(&span), "{span}");
}

#[test]
fn a_play_keeps_to_its_clock_for_a_minute() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, None);
    world.tell(Command::Play {
        stream: a,
        play: 1,
        clips: vec![prompt(500.0, 700)],
        repeat: true,
    });
    world.run(60_000);
    let heard = &world.phones[0].heard;
    assert_eq!(heard.len(), 3_001);
    for (i, (at, ..)) in heard.iter().enumerate() {
        let late = *at - ms(1_000 + 20 * i as u64);
        assert!(late <= ms(1), "{i}: {late:?}");
    }
}

#[test]
fn after_the_lock_only_the_source_is_heard() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let b = world.phone(2, Codec::Pcmu, Some(1000.0));
    world.tell(Command::Bridge { a, b });
    world.run(100);
    let thief = address(66, 4000);
    let mut fake = Phone::new(1, Codec::Pcmu, Some(700.0));
    for _ in 0..50 {
        let mut packet = fake.next().expect("a voice");
        assert_eq!(
            world.engine.handle_rtp(world.now, a, thief, &mut packet),
            None
        );
    }
    world.run(100);
    assert!(world.phones[0].heard.iter().all(|(_, h, _)| h.ssrc == 51));
    assert_eq!(world.engine.figures(a).expect("open").refused_packets, 50);
    let locked = world
        .events
        .iter()
        .filter(|e| matches!(e, Event::Locked { .. }));
    assert_eq!(locked.count(), 2);
}

#[test]
fn a_source_behind_nat_is_taken_at_its_second_packet_and_a_sprayed_one_never() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let outside = address(99, 31_337);
    for sequence in [1u16, 500, 9_000] {
        let mut packet = [0u8; 172];
        let stamp = Stamp {
            payload: 0,
            marker: false,
            sequence,
            timestamp: 0,
            ssrc: 1,
        };
        rtp::write(&mut packet, stamp);
        world
            .engine
            .handle_rtp(world.now, a, address(66, 9), &mut packet);
    }
    world.drain();
    assert!(world.events.is_empty());
    world.phones[0].from = outside;
    world.run(100);
    let locked = Event::Locked {
        stream: a,
        from: outside,
    };
    assert_eq!(world.events, vec![locked]);
    world.tell(Command::Play {
        stream: a,
        play: 1,
        clips: vec![prompt(500.0, 100)],
        repeat: false,
    });
    // The phone asserts that packets come to where it sends from.
    world.run(200);
    assert_eq!(world.phones[0].heard.len(), 5);
}

#[test]
fn a_changed_remote_unlocks_and_a_hold_by_zero_address_does_not() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    world.run(100);
    let mut held = spec(1, Codec::Pcmu);
    held.remote = "0.0.0.0:4000".parse().expect("address");
    held.sending = false;
    let configure = |spec| Command::Configure { stream: a, spec };
    world.tell(configure(held));
    let mut packet = Phone::new(1, Codec::Pcmu, Some(1.0)).next().expect("voice");
    let before = world.engine.figures(a).expect("open").refused_packets;
    world
        .engine
        .handle_rtp(world.now, a, address(66, 1), &mut packet);
    assert_eq!(
        world.engine.figures(a).expect("open").refused_packets,
        before + 1
    );
    world.tell(configure(spec(1, Codec::Pcmu)));
    world.run(100);
    let mut moved = spec(1, Codec::Pcmu);
    moved.remote = address(5, 6000);
    world.tell(configure(moved));
    world.phones[0].from = address(5, 6000);
    world.run(100);
    let locked: Vec<_> = world
        .events
        .iter()
        .filter_map(|e| match e {
            Event::Locked { from, .. } => Some(*from),
            _ => None,
        })
        .collect();
    assert_eq!(locked, vec![address(1, 4000), address(5, 6000)]);
}

#[test]
fn digits_survive_loss_are_told_once_and_reach_the_other_phone() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let b = world.phone(2, Codec::Pcma, None);
    world.tell(Command::Bridge { a, b });
    world.run(100);
    world.lose = Some(3);
    assert_eq!(world.phones[0].dialer.add("1234*#99"), 0);
    world.run(2_000);
    assert_eq!(world.digits(), "1234*#99");
    let mut listener = Listener::default();
    let heard: String = world.phones[1]
        .heard
        .iter()
        .filter(|(_, header, _)| header.payload == 98)
        .filter_map(|(at, header, packet)| {
            listener.handle(*at, header, &packet[header.start..header.end])
        })
        .collect();
    assert_eq!(heard, "1234*#99");
}

#[test]
fn sent_digits_are_events_of_100_ms_and_pause_the_prompt() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    world.tell(Command::Play {
        stream: a,
        play: 1,
        clips: vec![prompt(500.0, 2_000)],
        repeat: false,
    });
    world.run(100);
    world.tell(Command::SendDigits {
        stream: a,
        digits: "5x#".into(),
    });
    world.run(2_000);
    let events: Vec<_> = world.phones[0]
        .heard
        .iter()
        .filter(|(_, header, _)| header.payload == 97)
        .map(|(_, header, packet)| (header.timestamp, packet[12], packet[13] >> 7, packet[15]))
        .collect();
    assert_eq!(events.len(), 14);
    assert_eq!(events.iter().filter(|e| e.2 == 1).count(), 6);
    assert!(events[..7].iter().all(|e| e.0 == events[0].0 && e.1 == 5));
    assert!(events[7..].iter().all(|e| e.0 == events[7].0 && e.1 == 11));
    assert_eq!(events[7].0.wrapping_sub(events[0].0), 160 * 8);
    world.assert_one_run(0);
}

#[test]
fn hold_stops_what_we_send_and_a_prompt_runs_on_unheard() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let b = world.phone(2, Codec::Pcmu, Some(1000.0));
    world.tell(Command::Bridge { a, b });
    world.run(200);
    let mut held = spec(2, Codec::Pcmu);
    held.sending = false;
    world.tell(Command::Configure {
        stream: b,
        spec: held,
    });
    let before = (world.phones[0].heard.len(), world.phones[1].heard.len());
    world.run(200);
    assert_eq!(world.phones[1].heard.len(), before.1);
    assert_eq!(world.phones[0].heard.len(), before.0 + 10);
    world.tell(Command::Play {
        stream: b,
        play: 3,
        clips: vec![prompt(500.0, 300)],
        repeat: false,
    });
    world.run(400);
    assert_eq!(world.phones[1].heard.len(), before.1);
    assert!(world.events.iter().any(|e| matches!(
        e,
        Event::PlayEnded { play: 3, stopped: false, played, .. } if *played == ms(300)
    )));
    // What they say while they may not speak goes nowhere and is no refusal.
    held.receiving = false;
    world.tell(Command::Configure {
        stream: b,
        spec: held,
    });
    let before = world.phones[0].heard.len();
    world.run(200);
    assert_eq!(world.phones[0].heard.len(), before);
    assert_eq!(world.engine.figures(b).expect("open").refused_packets, 0);
    world.tell(Command::Configure {
        stream: b,
        spec: spec(2, Codec::Pcmu),
    });
    world.run(200);
    assert!(purity(&world.phones[1].audio(), 440.0) > 0.9);
    world.assert_one_run(1);
}

#[test]
fn a_recording_has_each_voice_on_its_side_and_silence_for_secrets() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let b = world.phone(2, Codec::Pcma, None);
    world.run(200);
    world.tell(Command::Record {
        left: a,
        recording: 9,
        file: "x.wav".into(),
    });
    world.run(500);
    world.tell(Command::Bridge { a, b });
    world.phones[1].voice = Some(Generator::new(&tone(1000.0)));
    world.run(500);
    world.tell(Command::Secret {
        stream: a,
        on: true,
    });
    world.run(500);
    world.tell(Command::Secret {
        stream: a,
        on: false,
    });
    world.run(500);
    world.tell(Command::StopRecord { recording: 9 });
    let left: Vec<i16> = world.recorded.iter().step_by(2).copied().collect();
    let right: Vec<i16> = world.recorded.iter().skip(1).step_by(2).copied().collect();
    assert_eq!(left.len(), 16_000);
    assert!(purity(&left[400..7_800], 440.0) > 0.9);
    assert!(right[..3_800].iter().all(|s| *s == 0));
    assert!(purity(&right[4_400..7_800], 1000.0) > 0.9);
    assert!(left[8_200..11_800].iter().all(|s| *s == 0));
    assert!(purity(&right[8_200..11_800], 1000.0) > 0.9);
    assert!(purity(&left[12_400..15_600], 440.0) > 0.9);
}

#[test]
fn silence_is_told_once_and_again_after_new_packets() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, None);
    let silent = |world: &World| {
        let told = world
            .events
            .iter()
            .filter(|e| **e == Event::Silent { stream: a });
        told.count()
    };
    world.run(2_900);
    assert_eq!(silent(&world), 0);
    world.run(10_000);
    assert_eq!(silent(&world), 1);
    world.phones[0].voice = Some(Generator::new(&tone(440.0)));
    world.run(5_000);
    assert_eq!(silent(&world), 1);
    world.phones[0].voice = None;
    world.run(5_000);
    assert_eq!(silent(&world), 2);
    // On hold nothing is expected.
    let mut held = spec(1, Codec::Pcmu);
    held.receiving = false;
    world.tell(Command::Configure {
        stream: a,
        spec: held,
    });
    world.run(10_000);
    assert_eq!(silent(&world), 2);
    assert_eq!(world.engine.next_tick(), None);
}

#[test]
fn reports_leave_every_five_seconds_while_there_is_traffic() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let b = world.phone(2, Codec::Pcmu, None);
    world.tell(Command::Bridge { a, b });
    world.lose = Some(10);
    world.run(31_000);
    let reports = &world.reports[&a];
    assert!((6..=7).contains(&reports.len()), "{}", reports.len());
    let about = rtcp::read(&reports[1], 1001).and_then(|heard| heard.about_us);
    let about = about.expect("a block about the phone");
    assert!((20..=30).contains(&about.fraction_lost), "{about:?}");
    assert!(
        rtcp::read(&world.reports[&b][1], 0)
            .expect("report")
            .sender_report
            .is_some()
    );
    world.phones[0].voice = None;
    world.run(12_000);
    let before = world.reports[&a].len();
    world.run(30_000);
    assert_eq!(world.reports[&a].len(), before);
}

#[test]
fn closing_tells_the_figures_and_later_commands_change_nothing() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    world.tell(Command::Play {
        stream: a,
        play: 4,
        clips: vec![prompt(500.0, 5_000)],
        repeat: true,
    });
    world.run(1_000);
    world.tell(Command::Close { stream: a });
    let Some(Event::Closed { figures, .. }) = world.events.last() else {
        panic!("{:?}", world.events);
    };
    assert_eq!((figures.received_packets, figures.sent_packets), (50, 51));
    assert!(matches!(
        world.events[world.events.len() - 2],
        Event::PlayEnded {
            play: 4,
            stopped: true,
            ..
        }
    ));
    let told = world.events.len();
    world.tell(Command::Close { stream: a });
    world.tell(Command::StopPlay { stream: a });
    world.phones.clear();
    world.run(10_000);
    assert_eq!(world.events.len(), told);
    assert_eq!(world.engine.ignored().commands, 2);
    assert_eq!(world.engine.open_streams(), 0);
}

#[test]
fn a_play_before_the_configuration_waits_for_it() {
    let mut world = World::new();
    world.tell(Command::Open {
        port: MediaPort {
            stream: id(1),
            local: address(200, 10_000),
        },
        cname: String::new(),
        ssrc: 1,
        silent_after: Duration::ZERO,
    });
    world.phones.push(Phone::new(1, Codec::Pcmu, None));
    world.tell(Command::Play {
        stream: id(1),
        play: 1,
        clips: vec![prompt(500.0, 200)],
        repeat: false,
    });
    world.run(1_000);
    assert!(world.events.is_empty());
    world.tell(Command::Configure {
        stream: id(1),
        spec: spec(1, Codec::Pcmu),
    });
    world.run(300);
    assert_eq!(world.phones[0].heard.len(), 10);
}

#[test]
fn a_phone_without_telephone_events_hears_keys_as_tones() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(2_000.0));
    let b = world.phone(2, Codec::Pcma, None);
    let mut deaf = spec(2, Codec::Pcma);
    deaf.send_event_payload = None;
    world.tell(Command::Configure {
        stream: b,
        spec: deaf,
    });
    world.tell(Command::Bridge { a, b });
    world.run(100);
    let before = world.phones[1].audio().len();
    assert_eq!(world.phones[0].dialer.add("5"), 0);
    world.run(300);
    let heard = world.phones[1].audio();
    let tone = &heard[before + 160..before + 800];
    assert!(goertzel(tone, 770.0) > 0.02 && goertzel(tone, 1336.0) > 0.02);
    assert!(purity(&heard[heard.len() - 640..], 2_000.0) > 0.9);
    assert_eq!(world.digits(), "5");
    world.assert_one_run(1);
}

#[test]
fn a_thief_who_is_first_is_put_out_by_the_phone_itself() {
    let mut world = World::new();
    let a = world.phone(1, Codec::Pcmu, Some(440.0));
    let thief = address(66, 4000);
    let mut fake = Phone::new(1, Codec::Pcmu, Some(700.0));
    let mut spray = |world: &mut World| {
        for _ in 0..10 {
            let mut packet = fake.next().expect("a voice");
            world.engine.handle_rtp(world.now, a, thief, &mut packet);
        }
        world.drain();
    };
    spray(&mut world);
    world.run(100);
    spray(&mut world);
    let locked: Vec<_> = world
        .events
        .iter()
        .filter_map(|e| match e {
            Event::Locked { from, .. } => Some(*from),
            _ => None,
        })
        .collect();
    assert_eq!(locked, vec![thief, address(1, 4000)]);
    // Later the phone's address is a stranger's like any other.
    world.phones[0].from = address(99, 9);
    let mut moved = spec(1, Codec::Pcmu);
    moved.remote = address(2, 4000);
    world.tell(Command::Configure {
        stream: a,
        spec: moved,
    });
    world.run(6_000);
    let before = world.engine.figures(a).expect("open").refused_packets;
    let mut packet = Phone::new(1, Codec::Pcmu, Some(1.0)).next().expect("voice");
    world
        .engine
        .handle_rtp(world.now, a, address(2, 4000), &mut packet);
    assert_eq!(
        world.engine.figures(a).expect("open").refused_packets,
        before + 1
    );
}
