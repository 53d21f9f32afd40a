//! A storm of reloads under live calls: none is dropped, no audio stops, no state is lost, nothing leaks.
//!
//! Callers come and go by themselves, some in the core, some in a Lua module, some waiting in the
//! WASM queue, and measure the time between their RTP packets; meanwhile a queue's artefact is
//! swapped, its settings, a module's grants and a module's Lua are edited, one after the other. The
//! short form is 48 reloads under 20 calls; `CORDBOARD_STORM="1000 100"` says how many of each.
//!
//! A machine that is busy with other things holds packets up too. A thread that only sleeps says when
//! it was woken late, and a gap is not counted where that thread stood still as well. Where the
//! machine was idle, no gap at all may remain. Where it was not, threads of the switch contend with
//! others for two cores, and only a standstill that nobody overhears is a failure; how many gaps came
//! with reloads, and how many in the calm after each, is printed.

use std::collections::HashMap;
use std::fs;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cordboard_tests::ports;
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};

/// Longest time between two packets of 20 ms.
const GAP_MAX: Duration = Duration::from_millis(40);
/// How often the witness looks, and how late it may be.
const WITNESS_EVERY: Duration = Duration::from_millis(4);
const WITNESS_LATE: Duration = Duration::from_millis(4);
/// A machine whose sleeping thread is late for less of the time is idle.
const IDLE: f64 = 0.005;
/// What no machine excuses.
const STANDSTILL: Duration = Duration::from_millis(250);
/// Longest calm after a reload.
const CALM_MAX: Duration = Duration::from_secs(1);
/// Memory that so many reloads may leave behind, beyond what they took at their beginning.
const GROWTH_KB_MAX: u64 = 64 * 1024;

const SAY: &str = r#"name = "say"
version = "1.0.0"
contract = "0.1"
world = "call-script"
kind = "lua"
entry = "module.lua"
[[step]]
name = "talk"
[[ask]]
capability = "store"
reason = "nothing, it comes and goes"
"#;

fn say(edit: u32) -> String {
    format!(
        "-- edit {edit}\nreturn {{ run = function(step, arguments, call) call:answer()\n\
         for n = 1, 10 do call:play({{ \"music\" }}) end return \"done\" end }}\n"
    )
}

fn dialplan(trunk: u16, most: u32, grants: bool) -> String {
    let grant = if grants { " { grant store }" } else { "" };
    format!(
        "user alice\nuser bob\n\
         trunk probe {{ address \"127.0.0.1:{trunk}\"; calls-max 1000; calls-per-second 1000 }}\n\
         module say{grant}\n\
         module queue {{ config {{ queue sales {{ agents alice bob; music music; join-empty #true; max-waiting {most} }} }} }}\n\
         did \"100\" {{ play \"music\" repeat-for=\"60s\" }}\n\
         did \"200\" {{ say.talk }}\n\
         did \"300\" {{ queue.enter sales timeout=\"5m\" {{ on timeout {{ hangup }} }}\n else {{ hangup cause=temporary-failure }} }}\n"
    )
}

fn text(body: &str) -> String {
    format!(
        "tenant demo domain=\"demo.example\" tz=\"Europe/London\" calls-max=1000 {{\n    music music\n}}\n{body}"
    )
}

/// What all callers found.
#[derive(Default)]
struct Found {
    begun: AtomicU64,
    ended: AtomicU64,
    packets: AtomicU64,
    gaps: Mutex<Vec<(Instant, Duration)>>,
    faults: Mutex<Vec<String>>,
}

impl Found {
    fn fault(&self, what: String) {
        self.faults.lock().unwrap().push(what);
    }
}

/// One socket for the signalling of all callers.
struct Desk {
    socket: UdpSocket,
    port: u16,
    to: u16,
    open: Mutex<HashMap<String, Sender<String>>>,
    over: AtomicBool,
}

fn header<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Desk {
    fn new(port: u16, to: u16) -> Arc<Desk> {
        let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        Arc::new(Desk {
            socket,
            port,
            to,
            open: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    fn send(&self, text: &str) {
        let _ = self.socket.send_to(text.as_bytes(), ("127.0.0.1", self.to));
    }

    /// Hands what comes to its caller; a request is answered with 200.
    fn run(&self) {
        let mut buffer = [0; 65_536];
        while !self.over.load(Ordering::Relaxed) {
            let Ok(count) = self.socket.recv(&mut buffer) else {
                continue;
            };
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            let Some(id) = header(&text, "call-id") else {
                continue;
            };
            if !text.starts_with("SIP/2.0") {
                let kept = text.lines().filter(|line| {
                    let key = line.split(':').next().unwrap_or_default();
                    ["via", "from", "to", "call-id", "cseq"]
                        .iter()
                        .any(|wanted| key.eq_ignore_ascii_case(wanted))
                });
                let kept: String = kept.map(|line| format!("{line}\r\n")).collect();
                self.send(&format!(
                    "SIP/2.0 200 OK\r\n{kept}Content-Length: 0\r\n\r\n"
                ));
            }
            if let Some(caller) = self.open.lock().unwrap().get(id) {
                let _ = caller.send(text);
            }
        }
    }
}

/// One call after another until the storm is over.
struct Caller {
    desk: Arc<Desk>,
    found: Arc<Found>,
    number: usize,
    longest: u64,
}

impl Caller {
    fn run(self, over: &AtomicBool) {
        let mut turn = 0;
        while !over.load(Ordering::Relaxed) {
            turn += 1;
            let id = format!("storm-{}-{turn}@test", self.number);
            let (sender, answers) = channel();
            self.desk.open.lock().unwrap().insert(id.clone(), sender);
            self.call(&id, turn, &answers);
            self.desk.open.lock().unwrap().remove(&id);
        }
    }

    fn call(&self, id: &str, turn: u64, answers: &Receiver<String>) {
        let audio = UdpSocket::bind("127.0.0.1:0").unwrap();
        audio
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let rtp = audio.local_addr().unwrap().port();
        let to = ["100", "200", "300"][self.number % 3];
        let uri = format!("sip:{to}@127.0.0.1:{}", self.desk.to);
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {rtp} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        );
        let port = self.desk.port;
        let request = |method: &str, uri: &str, to: &str, cseq: u32, body: &str| {
            let kind = if body.is_empty() {
                ""
            } else {
                "Content-Type: application/sdp\r\n"
            };
            format!(
                "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{method}{cseq}{id};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:storm@127.0.0.1:{port}>;tag=t{id}\r\nTo: {to}\r\nCall-ID: {id}\r\n\
                 CSeq: {cseq} {method}\r\nContact: <sip:storm@127.0.0.1:{port}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let invite = request("INVITE", &uri, &format!("<{uri}>"), 1, &sdp);
        let Some(ok) = self.answered(&invite, answers) else {
            return self.found.fault(format!("{id} to {to} was not answered"));
        };
        let to_header = header(&ok, "to").unwrap_or_default().to_owned();
        let contact = header(&ok, "contact").unwrap_or(&uri);
        let target = contact
            .trim_matches(['<', '>'])
            .split('>')
            .next()
            .unwrap_or(&uri);
        self.desk.send(&request("ACK", target, &to_header, 1, ""));
        self.found.begun.fetch_add(1, Ordering::Relaxed);
        let far: Option<u16> = ok.lines().find_map(|line| {
            line.strip_prefix("m=audio ")?
                .split(' ')
                .next()?
                .parse()
                .ok()
        });
        // Calls of 5 to 30 s, spread evenly and differently for each caller.
        let span = self.longest.saturating_sub(5).max(1);
        let lasts = s(5 + (turn * 7 + self.number as u64 * 3) % span);
        self.listen(&audio, far, lasts, (id, answers));
        let bye = request("BYE", target, &to_header, 2, "");
        match self.answered(&bye, answers) {
            Some(_) => drop(self.found.ended.fetch_add(1, Ordering::Relaxed)),
            None => self.found.fault(format!("{id}: its BYE was not answered")),
        }
    }

    /// Sends a request until its 200 comes; none when it is refused or never answered.
    fn answered(&self, request: &str, answers: &Receiver<String>) -> Option<String> {
        let method = request.split(' ').next().unwrap_or_default();
        for wait in [500, 1_000, 2_000, 4_000, 4_000] {
            self.desk.send(request);
            let end = Instant::now() + Duration::from_millis(wait);
            while let Ok(text) = answers.recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                let ours = header(&text, "cseq").is_some_and(|cseq| cseq.ends_with(method));
                if !text.starts_with("SIP/2.0 ") || !ours || text.starts_with("SIP/2.0 1") {
                    continue;
                }
                if text.starts_with("SIP/2.0 200") {
                    return Some(text);
                }
                self.found
                    .fault(text.lines().next().unwrap_or_default().to_owned());
                return None;
            }
        }
        None
    }

    fn listen(
        &self,
        audio: &UdpSocket,
        far: Option<u16>,
        lasts: Duration,
        (id, answers): (&str, &Receiver<String>),
    ) {
        let end = Instant::now() + lasts;
        let mut packet = [0; 1500];
        let mut last: Option<Instant> = None;
        let mut heard = 0u64;
        while Instant::now() < end {
            if audio.recv(&mut packet).is_err() {
                if last.is_some() {
                    self.found
                        .fault(format!("{id}: no audio for half a second"));
                }
                last = None;
                continue;
            }
            let now = Instant::now();
            if let Some(before) = last.replace(now)
                && now - before > GAP_MAX
            {
                self.found.gaps.lock().unwrap().push((now, now - before));
            }
            heard += 1;
            // Its own audio, so that both directions are alive.
            if let Some(far) = far {
                let mut silence = [0xff_u8; 172];
                silence[..12].fill(0);
                silence[0] = 0x80;
                silence[2..4].copy_from_slice(&(heard as u16).to_be_bytes());
                silence[4..8].copy_from_slice(&(heard as u32 * 160).to_be_bytes());
                silence[11] = self.number as u8;
                let _ = audio.send_to(&silence, ("127.0.0.1", far));
            }
        }
        self.found.packets.fetch_add(heard, Ordering::Relaxed);
        if heard < lasts.as_millis() as u64 / 40 {
            self.found
                .fault(format!("{id}: {heard} packets in {lasts:?}"));
        }
        while let Ok(text) = answers.try_recv() {
            if text.starts_with("BYE") {
                self.found.fault(format!("{id} was dropped"));
            }
        }
    }
}

/// When the machine let a thread stand that only slept.
fn witness(over: Arc<AtomicBool>) -> JoinHandle<Vec<(Instant, Instant)>> {
    std::thread::spawn(move || {
        let mut stalls = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let began = Instant::now();
            std::thread::sleep(WITNESS_EVERY);
            if began.elapsed() > WITNESS_EVERY + WITNESS_LATE {
                stalls.push((began, Instant::now()));
            }
        }
        stalls
    })
}

/// Gaps that remain when the machine's own standstills are taken off: when they ended, how long.
fn ours(gaps: &[(Instant, Duration)], stalls: &[(Instant, Instant)]) -> Vec<(Instant, Duration)> {
    let real = |(end, gap): &(Instant, Duration)| {
        let begin = *end - *gap;
        let stood: Duration = stalls
            .iter()
            .map(|(from, to)| {
                (*to)
                    .min(*end)
                    .saturating_duration_since((*from).max(begin))
            })
            .sum();
        let left = gap.saturating_sub(stood);
        (left > GAP_MAX).then_some((*end, left))
    };
    gaps.iter().filter_map(real).collect()
}

/// May these gaps be? `storm` says when reloads were under way.
fn judge(
    gaps: &[(Instant, Duration)],
    stalls: &[(Instant, Instant)],
    (began, storm): (Instant, &[(Instant, Instant)]),
) {
    let real: Vec<_> = ours(gaps, stalls)
        .into_iter()
        .filter(|gap| gap.0 > began)
        .collect();
    let within = |at: &Instant| storm.iter().any(|(from, to)| from <= at && at <= to);
    let stormy = real.iter().filter(|(at, _)| within(at)).count() as f64;
    let calm = real.len() as f64 - stormy;
    let storm_s: f64 = storm
        .iter()
        .map(|(from, to)| (*to - *from).as_secs_f64())
        .sum();
    let all_s = began.elapsed().as_secs_f64();
    let late: Duration = stalls.iter().map(|(from, to)| *to - *from).sum();
    let busy = late.as_secs_f64() / all_s;
    println!(
        "{} gaps over {GAP_MAX:?}, {} of them not the machine's: {stormy} in {storm_s:.1} s of reloads, {calm} in {:.1} s of calm; \
         the machine stood still {:.1} % of the time",
        gaps.len(),
        real.len(),
        all_s - storm_s,
        100.0 * busy,
    );
    if busy < IDLE {
        assert!(real.is_empty(), "audio stood still: {real:?}");
    }
    let longest = real.iter().map(|(_, gap)| *gap).max().unwrap_or_default();
    assert!(longest < STANDSTILL, "audio stood still for {longest:?}");
}

/// A file in its place at once, as editors and builds put it there.
fn put(path: &std::path::Path, bytes: &[u8]) {
    let fresh = path.with_extension("fresh~");
    fs::write(&fresh, bytes).unwrap();
    fs::rename(&fresh, path).unwrap();
}

/// An artefact that no cache has seen: a section of its own behind the code.
fn marked(artefact: &[u8], edit: u32) -> Vec<u8> {
    let mut bytes = artefact.to_vec();
    bytes.extend_from_slice(&[0, 10, 5]);
    bytes.extend_from_slice(b"storm");
    bytes.extend_from_slice(&edit.to_be_bytes());
    bytes
}

fn tenant(switch: &Switch) -> Option<(u64, u64)> {
    let (_, text) = switch.get("/health")?;
    let health: serde_json::Value = serde_json::from_str(&text).ok()?;
    let demo = &health["tenants"][0];
    Some((
        demo["generation"].as_u64()?,
        demo["generations_live"].as_u64()?,
    ))
}

fn memory_kb(switch: &Switch) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", switch.pid())).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What the queue knows of its agents: who is what, why and since when.
fn presence(switch: &Switch) -> String {
    let status = switch.ok(&["queue", "status"]);
    let agents = status["agents"].as_object().unwrap();
    let shown = agents.iter().map(|(name, agent)| {
        let (presence, reason) = (&agent["presence"], &agent["reason"]);
        format!("{name} {presence} {reason} {}; ", agent["since_ms"])
    });
    shown.collect()
}

/// A switch whose files are edited.
struct Edited<'s> {
    switch: &'s Switch,
    artefact: Vec<u8>,
    trunk: u16,
}

/// How the storm went.
struct Weather {
    slowest: Duration,
    /// When reloads were under way.
    storm: Vec<(Instant, Instant)>,
    /// After the first quarter and at the end.
    memory_kb: (u64, u64),
}

impl Edited<'_> {
    /// One edit of each kind in turn: artefact, Lua, a setting, a grant.
    fn edit(&self, number: u32) {
        let modules = self.switch.root().join("modules");
        let round = number / 4;
        let grants = match number % 4 {
            0 => {
                let fresh = marked(&self.artefact, number);
                return put(&modules.join("queue/queue.wasm"), &fresh);
            }
            1 => return put(&modules.join("say/module.lua"), say(number).as_bytes()),
            2 => round.is_multiple_of(2),
            _ => !round.is_multiple_of(2),
        };
        let plan = text(&dialplan(self.trunk, round + 101, grants));
        put(&self.switch.main_file("demo"), plan.as_bytes());
    }

    /// So many edits, each until it serves.
    fn reloads(&self, count: u32) -> Weather {
        let mut weather = Weather {
            slowest: Duration::ZERO,
            storm: Vec::new(),
            memory_kb: (0, 0),
        };
        for number in 1..=count {
            let (before, _) = tenant(self.switch).unwrap();
            let began = Instant::now();
            self.edit(number);
            until(&format!("reload {number} of {count} serves"), s(60), || {
                tenant(self.switch).filter(|(now, _)| *now > before)
            });
            weather.storm.push((began, Instant::now()));
            weather.slowest = weather.slowest.max(began.elapsed());
            std::thread::sleep(began.elapsed().min(CALM_MAX));
            if number == count / 4 {
                weather.memory_kb.0 = memory_kb(self.switch);
            }
            if number % 100 == 0 {
                println!("{number} reloads, {} KB", memory_kb(self.switch));
            }
        }
        weather.memory_kb.1 = memory_kb(self.switch);
        weather
    }
}

/// X2, X5: what the issue asks of generations.
#[test]
fn a_storm_of_reloads_drops_no_call_stops_no_audio_and_loses_no_state() {
    let asked = std::env::var("CORDBOARD_STORM").unwrap_or_default();
    let mut numbers = asked
        .split_whitespace()
        .filter_map(|n| n.parse::<u32>().ok());
    let reloads = numbers.next().unwrap_or(48);
    let calls = numbers.next().unwrap_or(20) as usize;
    let longest = if calls > 50 { 30 } else { 12 };
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap();
    let Ok(artefact) = fs::read(root.join("modules/queue/queue.wasm")) else {
        println!("modules/queue is not built here: cordboard module build modules/queue");
        return;
    };
    let port = ports::one();
    let mut switch = Plan::demo("storm", &dialplan(port, 100, true))
        .setting("demo", "calls-max 1000")
        .lua_module("say", SAY, &say(0))
        .module("queue")
        .rtp_ports((calls as u16) * 8 + 80)
        .start();
    switch.ok(&["queue", "login", "--agent", "alice"]);
    switch.ok(&["queue", "pause", "--agent", "alice"]);
    let agents = presence(&switch);
    let desk = Desk::new(port, switch.sip);
    let (over, found) = (Arc::new(AtomicBool::new(false)), Arc::new(Found::default()));
    let hearing = {
        let desk = Arc::clone(&desk);
        std::thread::spawn(move || desk.run())
    };
    let seen = witness(Arc::clone(&over));
    let callers: Vec<JoinHandle<()>> = (0..calls)
        .map(|number| {
            let caller = Caller {
                desk: Arc::clone(&desk),
                found: Arc::clone(&found),
                number,
                longest,
            };
            let over = Arc::clone(&over);
            std::thread::spawn(move || caller.run(&over))
        })
        .collect();
    until("all callers talk", s(60), || {
        (found.begun.load(Ordering::Relaxed) >= calls as u64).then_some(())
    });
    let place = Edited {
        switch: &switch,
        artefact,
        trunk: port,
    };
    let started = Instant::now();
    let weather = place.reloads(reloads);
    assert_eq!(
        presence(&switch),
        agents,
        "the queue has forgotten its agents"
    );
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.join().unwrap();
    }
    let stalls = seen.join().unwrap();
    let gaps = found.gaps.lock().unwrap().clone();
    let (begun, ended) = (&found.begun, &found.ended);
    let (first, last) = weather.memory_kb;
    println!(
        "{reloads} reloads, slowest {:?}; {} calls, {} packets; {first} to {last} KB",
        weather.slowest,
        begun.load(Ordering::Relaxed),
        found.packets.load(Ordering::Relaxed),
    );
    let faults = found.faults.lock().unwrap().clone();
    assert_eq!(faults, [""; 0], "calls that were not as they should be");
    assert_eq!(begun.load(Ordering::Relaxed), ended.load(Ordering::Relaxed));
    judge(&gaps, &stalls, (started, &weather.storm));
    // Calls have ended, so only what serves is alive; the shard drops its own a moment later.
    until("old generations are dropped", s(20), || {
        tenant(&switch).filter(|(_, live)| *live <= 2)
    });
    let grown = last.saturating_sub(first);
    assert!(grown < GROWTH_KB_MAX, "{grown} KB since the first quarter");
    switch.kill();
    switch.start();
    until("the queue knows its agents after kill -9", s(20), || {
        (presence(&switch) == agents).then_some(())
    });
    desk.over.store(true, Ordering::Relaxed);
    hearing.join().unwrap();
}
