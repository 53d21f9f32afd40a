//! Recordings by what is on them, and what a killed switch leaves behind.

use std::path::PathBuf;

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::tone::Sound;
use cordboard_tests::wait::{s, until};

use super::USERS;

const ROUTES: &str = "outbound colleagues match=user {\n    record\n    ring user=\"{dialled}\" timeout=\"10s\"\n}\n";

fn recorded(switch: &Switch) -> PathBuf {
    let started = switch.events.topic("recording.started");
    switch
        .data()
        .join("recordings")
        .join(started["data"]["file"].as_str().unwrap())
}

/// R9: each party is on its own channel, and the CDRs name the file.
#[test]
fn each_party_is_on_its_own_channel() {
    let Some(_place) = wanted(&["baresip", "sox"]) else {
        return;
    };
    let switch = Plan::demo("record", &format!("{USERS}{ROUTES}")).start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            hertz: 1000.0,
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    bob.wait("CALL_ESTABLISHED");
    alice.hears(1000.0, 2.0);
    alice.command("hangup", "");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    let file = recorded(&switch);
    let sound = Sound::read(&file).unwrap();
    assert_eq!(sound.channels.len(), 2);
    assert!(
        sound.heard(0, 440.0) > 1.5 && sound.heard(0, 1000.0) < 0.3,
        "left: alice"
    );
    assert!(
        sound.heard(1, 1000.0) > 1.5 && sound.heard(1, 440.0) < 0.3,
        "right: bob"
    );
    // Another program reads the same: two channels at 8,000 samples a second.
    let soxi = std::process::Command::new("soxi")
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&soxi.stdout).into_owned();
    assert!(
        told.contains("Channels       : 2") && told.contains("Sample Rate    : 8000"),
        "{told}"
    );
    for cdr in &cdrs {
        let name = cdr["recording"].as_str().unwrap_or_default();
        assert!(file.ends_with(name) && !name.is_empty(), "{cdr:#}");
    }
    let ended = switch.events.topic("recording.ended");
    let length = ended["data"]["length_ms"].as_f64().unwrap() / 1000.0;
    assert!(
        (length - sound.seconds()).abs() < 0.3,
        "{ended} but {} s",
        sound.seconds()
    );
}

/// X2, R9, R24: kill -9 in a call: the recording plays to the last second, the CDR that was shown
/// is still there, and the journal has no gap.
#[test]
fn a_killed_switch_keeps_the_recording_and_the_acknowledged_cdrs() {
    let Some(_place) = wanted(&["baresip", "sox"]) else {
        return;
    };
    let mut switch = Plan::demo("kill", &format!("{USERS}{ROUTES}")).start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            hertz: 1000.0,
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    alice.wait("CALL_ESTABLISHED");
    alice.command("hangup", "");
    bob.wait("CALL_CLOSED");
    let first = switch.events.call_from(0);
    let acknowledged = switch.cdrs(&first);
    assert_eq!(acknowledged.len(), 2);

    let mark = switch.events.mark();
    alice.dial("bob");
    let started = switch.events.topic_from(mark, "recording.started");
    let file = switch
        .data()
        .join("recordings")
        .join(started["data"]["file"].as_str().unwrap());
    let second = switch.events.call_from(mark);
    switch.events.topic_from(mark, "call.bridged");
    let bridged = std::time::Instant::now();
    until("3 s are recorded", s(15), || {
        Sound::read(&file)
            .filter(|sound| sound.heard(0, 440.0) >= 3.0)
            .map(drop)
    });
    let talked = bridged.elapsed().as_secs_f64();
    switch.kill();

    let sound = Sound::read(&file).unwrap();
    assert!(
        sound.seconds() > talked - 1.0,
        "{} s of {talked} s",
        sound.seconds()
    );
    assert!(sound.heard_at_end(0, 440.0, 1.0) > 0.7 && sound.heard_at_end(1, 1000.0, 1.0) > 0.7);
    // The header's own length, by which players go, misses at most the last second.
    let soxi = std::process::Command::new("soxi")
        .arg("-D")
        .arg(&file)
        .output()
        .unwrap();
    let told: f64 = String::from_utf8_lossy(&soxi.stdout)
        .trim()
        .parse()
        .unwrap();
    assert!(told > talked - 1.3, "players see {told} s of {talked} s");

    switch.start();
    let known = switch.ok(&["cdr", &first]);
    for cdr in &acknowledged {
        assert!(
            known.as_array().unwrap().iter().any(|k| k == cdr),
            "{cdr:#} is not in {known:#}"
        );
    }
    let story = switch.ok(&["explain", &second]);
    let topics: Vec<&str> = story
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["topic"].as_str())
        .collect();
    assert!(
        topics.contains(&"call.started") && topics.contains(&"call.bridged"),
        "{topics:?}"
    );
    assert!(gapless(&switch), "the journal has a gap");
    // The killed call is closed in the books, since nobody can end it any more.
    let mut seen = Vec::new();
    switch
        .ok(&["contacts"])
        .as_array()
        .into_iter()
        .flatten()
        .for_each(|c| seen.push(c["call"].clone()));
    assert!(
        seen.contains(&second.as_str().into()) && seen.contains(&first.as_str().into()),
        "{seen:?}"
    );
}

/// All events of all calls that the journal has, by number, begin at 1 and miss none but those
/// that belong to no call.
fn gapless(switch: &Switch) -> bool {
    let contacts = switch.ok(&["contacts", "--last", "1000"]);
    contacts.as_array().into_iter().flatten().all(|contact| {
        let story = switch.ok(&["explain", contact["call"].as_str().unwrap()]);
        let numbers: Vec<u64> = story
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|e| e["seq"].as_u64())
            .collect();
        !numbers.is_empty() && numbers.windows(2).all(|two| two[0] + 1 == two[1])
    })
}
