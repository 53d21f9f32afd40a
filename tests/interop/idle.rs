//! Idle TCP connections: thousands cost bounded memory and keep nobody out, one address gets only
//! its share, and each is closed after its time (SECURITY.md row 10).

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Instant;

use cordboard_tests::programs::open_files_max;
use cordboard_tests::sip_text::{request, tcp_answer};
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};

use super::USERS;
use super::hostile::{counter, lives, resident_kb};

const WANTED: usize = 5_000;
const WANTED_AT_LEAST: usize = 1_000;
/// Files that other stories of this process may have open meanwhile.
const OTHER_FILES: usize = 600;
/// What the switch takes from one address at once.
const PER_ADDRESS: usize = 256;
const FROM_EACH: usize = 250;
/// What a connection may cost the switch, kernel's part left out.
const CONNECTION_KB_MAX: u64 = 12;
/// What the switch may grow by besides.
const SLACK_KB: u64 = 4_096;

/// A loopback address of many.
fn source(number: usize) -> IpAddr {
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 1, high, low))
}

/// Opens connections from one address; every other one begins a message and never ends it.
fn idle_from(ip: IpAddr, switch: &Switch, count: usize) -> Vec<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let to = SocketAddr::from(([127, 0, 0, 1], switch.sip));
    let open = |number: usize| {
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::new(ip, 0)).unwrap();
            socket.connect(to).await.unwrap()
        });
        let mut stream = stream.into_std().unwrap();
        if number.is_multiple_of(2) {
            let half = b"INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP a";
            let _ = std::io::Write::write_all(&mut stream, half);
        }
        stream
    };
    (0..count).map(open).collect()
}

/// Those that the switch has not closed.
fn still_open(streams: &[TcpStream]) -> usize {
    let waits = |stream: &&TcpStream| {
        let seen = stream.peek(&mut [0]);
        seen.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    };
    streams.iter().filter(waits).count()
}

/// OPTIONS on a connection of its own.
#[track_caller]
fn answers_by_tcp(switch: &Switch, id: &str) {
    let uri = format!("sip:{}", switch.address());
    let ask = request("OPTIONS", &uri, "<sip:m@127.0.0.1>", 5060, id, "")
        .replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    let mut stream = TcpStream::connect(("127.0.0.1", switch.sip)).unwrap();
    let answer = tcp_answer(&mut stream, ask.as_bytes(), s(5));
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
}

/// X3: five thousand idle connections, half of them with half a message.
#[test]
fn five_thousand_idle_connections_cost_bounded_memory_and_end() {
    let room = open_files_max().saturating_sub(OTHER_FILES);
    let count = room.min(WANTED);
    assert!(
        count >= WANTED_AT_LEAST,
        "only {room} files may be open: raise the hard limit (ulimit -Hn)"
    );
    if count < WANTED {
        println!("{count} connections instead of {WANTED}: the hard limit on open files is low");
    }
    let switch = Plan::demo("idle", USERS).start();
    let before = resident_kb(switch.pid());
    let begun = Instant::now();
    let mut open = Vec::new();
    while open.len() < count {
        let batch = FROM_EACH.min(count - open.len());
        open.extend(idle_from(
            source(1 + open.len() / FROM_EACH),
            &switch,
            batch,
        ));
    }
    until("all are taken", s(15), || {
        (counter(&switch, "cordboard_tcp_connections") >= count as f64).then_some(())
    });
    let took = begun.elapsed();
    let grown = resident_kb(switch.pid()).saturating_sub(before);
    println!("{count} idle connections in {took:?}: {grown} KB");
    let most = count as u64 * CONNECTION_KB_MAX + SLACK_KB;
    assert!(grown < most, "{grown} KB for {count}, {most} are allowed");
    if took < s(25) {
        assert_eq!(still_open(&open), count, "an honest slow phone has 32 s");
    }
    let mut asked = 0;
    until("each is closed after its time", s(60), || {
        asked += 1;
        lives(&switch);
        answers_by_tcp(&switch, &format!("m{asked}"));
        std::thread::sleep(s(1));
        (still_open(&open) == 0).then_some(())
    });
    println!(
        "all closed {:?} after the first began, {asked} times answered",
        begun.elapsed()
    );
    until("they are forgotten", s(10), || {
        (counter(&switch, "cordboard_tcp_connections") < 10.0).then_some(())
    });
    assert_eq!(counter(&switch, "cordboard_tcp_refused"), 0.0);
}

/// X3: one address gets its share of connections and no more; its neighbour is served.
#[test]
fn one_address_gets_its_share_of_connections() {
    let switch = Plan::demo("share", USERS).start();
    let (greedy, neighbour) = (source(901), source(902));
    let asked = PER_ADDRESS + 44;
    let open = idle_from(greedy, &switch, asked);
    until("the rest is refused", s(10), || {
        (counter(&switch, "cordboard_tcp_refused") >= 44.0).then_some(())
    });
    until("the rest is closed", s(5), || {
        (still_open(&open) == PER_ADDRESS).then_some(())
    });
    assert_eq!(
        counter(&switch, "cordboard_tcp_connections"),
        PER_ADDRESS as f64
    );
    let beside = idle_from(neighbour, &switch, 10);
    until("a neighbour is taken", s(5), || {
        let taken = counter(&switch, "cordboard_tcp_connections");
        (taken == (PER_ADDRESS + 10) as f64).then_some(())
    });
    assert_eq!(still_open(&beside), 10);
    answers_by_tcp(&switch, "share");
    // What it gives back it may have again.
    drop(open);
    until("its places are free", s(5), || {
        (counter(&switch, "cordboard_tcp_connections") == 10.0).then_some(())
    });
    let again = idle_from(greedy, &switch, 5);
    until("it is taken again", s(5), || {
        (counter(&switch, "cordboard_tcp_connections") == 15.0).then_some(())
    });
    assert_eq!(still_open(&again), 5);
}
