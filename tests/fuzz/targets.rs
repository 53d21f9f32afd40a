//! The targets: those that the rooms bring, and three over whole parts: scripts, the lines that a
//! capture keeps, and a whole node that gets messages from a carrier.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use cordboard_call::event::Direction;
use cordboard_call::{CallId, TenantId};
use cordboard_dialplan::fuzz as dialplan;
use cordboard_host::{CpuTime, Limits, LuaHost, Scripts};
use cordboard_media::fuzz as media;
use cordboard_node::capture;
use cordboard_sip::fuzz as sip;
use cordboard_steps::script::ScriptCall;
use cordboard_steps::{Program, ScriptAnswer, ScriptStart, ScriptTurn};

use super::corpus::{self, Corpus};
use crate::sim::SimNet;

/// A function that any bytes may be given to, and what a fuzzer begins with.
pub struct Target {
    /// Its name: of its test, of its libFuzzer program, of its folder under `found/`.
    pub name: &'static str,
    /// Makes its corpus.
    pub corpus: fn(&str) -> Corpus,
    /// Panics when the input breaks what must hold.
    pub fuzz: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 15] = [
    target("sip_message", corpus::sip, sip::fuzz_message),
    target("sip_framer", corpus::sip, sip::fuzz_framer),
    target("sip_endpoint", corpus::sip, sip::fuzz_endpoint),
    target("sip_uri", corpus::headers, sip::fuzz_uri),
    target("sip_contact", corpus::headers, sip::fuzz_contact),
    target("sip_digest", corpus::headers, sip::fuzz_digest),
    target("media_sdp", corpus::sdp, media::fuzz_sdp),
    target("media_rtp", corpus::packets, media::fuzz_rtp),
    target("media_rtcp", corpus::reports, media::fuzz_rtcp),
    target("media_wav", corpus::sounds, media::fuzz_wav),
    target("dialplan_files", corpus::dialplan, dialplan::fuzz_dialplan),
    target(
        "dialplan_expressions",
        corpus::expressions,
        dialplan::fuzz_expr,
    ),
    target("scripts", corpus::scripts, fuzz_script),
    target("captured_lines", corpus::sip, fuzz_capture),
    target("whole_node", corpus::sip, fuzz_node),
];

const fn target(name: &'static str, corpus: fn(&str) -> Corpus, fuzz: fn(&[u8])) -> Target {
    Target { name, corpus, fuzz }
}

/// The target of that name.
pub fn named(name: &str) -> &'static Target {
    TARGETS
        .iter()
        .find(|target| target.name == name)
        .expect("the targets are a closed list")
}

/// Compiles a script and runs it on answers that say little, for a while.
fn fuzz_script(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes.get(..4_096).unwrap_or(bytes)).into_owned();
    let Ok(scripts) = Scripts::compile(&BTreeMap::from([("fuzz.lua".to_owned(), text)])) else {
        return;
    };
    let limits = Limits {
        turn_cpu: Duration::from_micros(500),
        call_cpu: Duration::from_millis(2),
        vm_memory_bytes: 2 << 20,
        ..Limits::default()
    };
    let mut host = LuaHost::new(limits, CpuTime::counted());
    let call = ScriptCall {
        id: CallId::new(1, 0, 1),
        tenant: TenantId::new("fuzz"),
        direction: Direction::Inbound,
        caller: "+44".to_owned(),
        caller_name: None,
        dialled: "100".to_owned(),
        user: None,
        trunk: None,
        answered: false,
        at_ms: 0,
        variables: BTreeMap::new(),
    };
    let id = call.id;
    let mut turn = host.start(
        &scripts,
        &ScriptStart {
            program: Program::Script("fuzz".to_owned()),
            arguments: BTreeMap::new(),
            call,
        },
    );
    for step in 0..40i64 {
        if !matches!(turn, ScriptTurn::Call { .. }) {
            break;
        }
        let answer = match step % 3 {
            0 => ScriptAnswer::Done,
            1 => ScriptAnswer::Text {
                value: Some("1".to_owned()),
            },
            _ => ScriptAnswer::Number { value: step },
        };
        match host.resume(id, answer) {
            Some(next) => turn = next,
            None => break,
        }
    }
    host.kill(id);
    assert_eq!(host.running(), 0, "nothing of a killed script is left");
}

/// A captured line has no control characters and is short.
fn fuzz_capture(bytes: &[u8]) {
    let line = capture::summary(bytes);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(line.len() < 1_000);
    let _ = (capture::call_id(bytes), capture::cseq(bytes));
}

fn carrier() -> SocketAddr {
    SocketAddr::from(([10, 0, 2, 1], 5060))
}

/// INVITEs of an allowed carrier, and what may follow them.
pub fn invites() -> Vec<Vec<u8>> {
    let sdp = "v=0\r\no=- 1 1 IN IP4 10.0.2.1\r\ns=-\r\nc=IN IP4 10.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
               a=rtpmap:101 telephone-event/8000\r\n";
    let message = |method: &str, number: &str, cseq: u32, body: &str| {
        format!(
            "{method} sip:{number}@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.2.1:5060;branch=z9hG4bKf{cseq}{number};rport\r\n\
             From: \"F\" <sip:+441632960001@10.0.2.1>;tag=f\r\nTo: <sip:{number}@10.0.0.1>\r\nCall-ID: fuzz-{number}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:f@10.0.2.1:5060>\r\nMax-Forwards: 70\r\n\
             P-Asserted-Identity: <sip:+441632960001@x>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    let mut all = Vec::new();
    for number in ["+4420700001", "+4420710001", "+4420720001", "+4930120001"] {
        all.push(message("INVITE", number, 1, sdp));
        all.push(message("CANCEL", number, 1, ""));
        all.push(message("ACK", number, 1, ""));
        all.push(message("BYE", number, 2, ""));
        all.push(message("INFO", number, 3, "Signal=1\r\nDuration=100\r\n"));
    }
    all
}

/// A fresh node gets a call, the input from its carrier and from a stranger, and time: it answers
/// or not, ends everything, keeps nothing, and its journal is whole.
fn fuzz_node(bytes: &[u8]) {
    let mut net = SimNet::seeded(bytes.len() as u64);
    for text in invites().iter().take(3).step_by(2) {
        net.throw(carrier(), text);
    }
    net.run_for(Duration::from_millis(50));
    net.throw(carrier(), bytes);
    net.throw(SocketAddr::from(([203, 0, 113, 66], 5060)), bytes);
    net.run_for(Duration::from_secs(2));
    net.throw(carrier(), bytes);
    net.run_for(Duration::from_secs(220));
    net.assert_clean();
    net.assert_journal();
}
