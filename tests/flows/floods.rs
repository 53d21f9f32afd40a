//! Floods: an allowed carrier or a stranger sends 24,000 INVITEs in six seconds and acknowledges
//! nothing, while another carrier's calls go on. Tables stay bounded and are empty afterwards.

use std::net::SocketAddr;
use std::time::Duration;

use cordboard_node::shard::residue::Residue;
use cordboard_tests::sim::SimNet;
use cordboard_tests::sim::phone::State;

use super::{ms, s};

const INVITES: u32 = 24_000;
/// The flood lasts six seconds.
const GAP: Duration = Duration::from_micros(250);

fn invite(from: SocketAddr, number: u32) -> Vec<u8> {
    let sdp = format!(
        "v=0\r\no=- {number} 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\n",
        ip = from.ip()
    );
    format!(
        "INVITE sip:+442072{:04}@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKf{number};rport\r\n\
         From: <sip:+4416329{number:05}@{ip}>;tag=t{number}\r\nTo: <sip:+442072{:04}@10.0.0.1>\r\n\
         Call-ID: flood-{number}@{ip}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@{from}>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        number % 1_000,
        number % 1_000,
        sdp.len(),
        ip = from.ip(),
    )
    .into_bytes()
}

/// What a flood did.
struct Flooded {
    good: usize,
    complete: usize,
    peak: Residue,
    ports: usize,
    net: SimNet,
}

fn flood(from: &str) -> Flooded {
    let from: SocketAddr = from.parse().unwrap();
    let mut net = SimNet::seeded(80);
    net.weather.jitter = Duration::ZERO;
    let second = net.carrier(2, "+441632960002");
    let mut peak = Residue::default();
    let mut ports = 0;
    for number in 0..INVITES {
        if number % 800 == 0 {
            net.dial(second, &format!("+442072{:04}", number / 800));
        }
        net.throw(from, &invite(from, number));
        net.run_for(GAP);
        if number % 1_000 == 999 {
            let (now, taken, _, _) = net.node().residue();
            peak.calls = peak.calls.max(now.calls);
            peak.waiting = peak.waiting.max(now.waiting);
            peak.dialogs = peak.dialogs.max(now.dialogs);
            peak.transactions = peak.transactions.max(now.transactions);
            peak.captures = peak.captures.max(now.captures);
            peak.sources = peak.sources.max(now.sources);
            ports = ports.max(taken);
        }
    }
    net.run_for(s(2));
    let good = net.look(second).calls.len();
    let mut complete = 0;
    for call in 0..good {
        complete += usize::from(net.look(second).calls[call].state == State::Up);
        net.tell(second, |phone| phone.hang_up(call));
    }
    net.run_for(s(75));
    Flooded {
        good,
        complete,
        peak,
        ports,
        net,
    }
}

#[test]
fn an_allowed_carrier_that_floods_does_not_stop_another() {
    let mut after = flood("10.0.2.1:5060");
    assert_eq!(after.good, 30);
    assert!(
        after.complete * 100 >= after.good * 99,
        "{} of {}",
        after.complete,
        after.good
    );
    assert!(
        after.peak.calls <= 10_000 && after.ports <= 10_000,
        "{:?}",
        after.peak
    );
    assert!(
        after.peak.dialogs <= 20_000 && after.peak.transactions <= 100_000,
        "{:?}",
        after.peak
    );
    assert!(after.peak.captures <= 20_000, "{:?}", after.peak);
    after.net.run_for(ms(500));
    after.net.assert_clean();
    after.net.assert_journal();
}

#[test]
fn a_stranger_that_floods_costs_nothing() {
    let mut after = flood("203.0.113.66:5060");
    assert_eq!(after.good, 30);
    assert_eq!(after.complete, 30);
    assert!(
        after.peak.calls <= 60 && after.ports <= 60,
        "{:?}",
        after.peak
    );
    assert!(
        after.peak.transactions <= 200 && after.peak.sources <= 8,
        "{:?}",
        after.peak
    );
    after.net.assert_clean();
    after.net.assert_journal();
}

/// REGISTERs with forged addresses, each another: nothing is kept but the bounded table of
/// addresses, and a phone registers and calls meanwhile.
#[test]
fn a_flood_of_registers_from_everywhere_keeps_nothing() {
    let mut net = SimNet::seeded(81);
    let bob = net.registered("bob");
    let alice = net.user("alice");
    for number in 0..6_000u32 {
        let from = SocketAddr::from(([198, 18, (number >> 8) as u8, number as u8], 5060));
        let text = format!(
            "REGISTER sip:sim.example SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKr{number}\r\nFrom: <sip:u{number}@sim.example>;tag=t\r\n\
             To: <sip:u{number}@sim.example>\r\nCall-ID: r{number}\r\nCSeq: 1 REGISTER\r\nContact: <sip:u@{from}>\r\nMax-Forwards: 70\r\n\
             Content-Length: 0\r\n\r\n"
        );
        net.throw(from, text.as_bytes());
        if number == 3_000 {
            net.tell(alice, |phone| phone.register(600));
        }
        if number == 4_500 {
            assert_eq!(
                net.look(alice).registered,
                Some(200),
                "a phone registers in the flood"
            );
            net.dial(alice, "7001");
        }
        net.run_for(GAP);
    }
    let (residue, _, _, _) = net.node().residue();
    assert!(
        residue.transactions <= 10 && residue.sources <= 65_536,
        "{residue:?}"
    );
    net.run_for(s(3));
    assert_eq!(net.call(bob).state, State::Up, "{}", net.story());
    net.hang_up(alice);
    net.run_until_idle();
    net.assert_journal();
    net.assert_clean();
}
