//! Strangers at the RTP ports: what they send reaches no ear, and nothing is sent to them
//! (SECURITY.md row 5).

use std::net::SocketAddr;

use cordboard_media::{Codec, codec, rtp};
use cordboard_tests::sim::phone::Account;
use cordboard_tests::sim::{SimNet, node_address, plan};

use super::{ms, s};

/// A packet of A-law with a loud tone of 2,000 Hz, numbered from far away.
fn packet(sequence: u16, payload: u8) -> Vec<u8> {
    let mut packet = vec![0; rtp::HEADER_BYTES + rtp::FRAME_SAMPLES];
    let stamp = rtp::Stamp {
        payload,
        marker: sequence == 0,
        sequence: sequence.wrapping_mul(7),
        timestamp: u32::from(sequence) * 160,
        ssrc: 0xbad,
    };
    rtp::write(&mut packet, stamp);
    for (at, octet) in packet[rtp::HEADER_BYTES..].iter_mut().enumerate() {
        let angle = at as f32 * 2_000.0 * std::f32::consts::TAU / 8_000.0;
        *octet = codec::encode(Codec::Pcma, (angle.sin() * 30_000.0) as i16);
    }
    packet
}

#[test]
fn a_spray_at_the_audio_ports_is_neither_heard_nor_answered() {
    let mut net = SimNet::seeded(110);
    let stranger: SocketAddr = "203.0.113.66:9999".parse().unwrap();
    net.phone_at(
        stranger.ip(),
        Account {
            user: "x".into(),
            password: None,
            domain: plan::DOMAIN.into(),
            display: String::new(),
        },
    );
    let (caller, callee) = net.bridged_call();
    net.run_for(s(1));
    for sequence in 0..150 {
        for port in (20_000..20_008).step_by(2) {
            let to = SocketAddr::new(node_address().ip(), port);
            net.throw_at(stranger, to, packet(sequence, 8));
            net.throw_at(stranger, to, packet(sequence, 101));
            net.throw_at(
                stranger,
                SocketAddr::new(to.ip(), port + 1),
                vec![0x80, 203, 0, 1, 0, 0, 0, 9],
            );
        }
        net.run_for(ms(20));
    }
    assert!(
        net.hears(caller, 900.0) && net.hears(callee, 500.0),
        "only each other"
    );
    assert!(!net.hears(caller, 2_000.0) && !net.hears(callee, 2_000.0));
    assert_eq!(
        net.packets_to(stranger.ip()),
        0,
        "nothing goes to the stranger"
    );
    assert_eq!(net.look(callee).last().heard_keys, "");
    net.hang_up(caller);
    net.run_until_idle();
    assert_eq!(net.count_topic("leg.digit-pressed"), 0);
    net.assert_journal();
    net.assert_clean();
}
