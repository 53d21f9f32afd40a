//! Hold, resume, and other changes in a standing call.

use std::sync::Arc;

use cordboard_call::*;
use cordboard_media::{Audio, Clip, Codec, Command, StreamSpec};

use crate::world::*;

fn last_spec(world: &World, n: usize) -> StreamSpec {
    let wanted = world.stream(n);
    let specs = world.switch.commands.iter().filter_map(|c| match c {
        Command::Configure { stream, spec } if *stream == wanted => Some(*spec),
        _ => None,
    });
    specs.collect::<Vec<_>>().pop().unwrap()
}

fn plays(world: &World, n: usize) -> Vec<&Clip> {
    let wanted = world.stream(n);
    let clips = world.switch.commands.iter().filter_map(|c| match c {
        Command::Play { stream, clips, .. } if *stream == wanted => clips.first(),
        _ => None,
    });
    clips.collect()
}

fn end(world: &mut World, call: CallId) {
    let cause = Cause::NORMAL;
    world.act(call, Action::End { cause, why: None }).unwrap();
    world.assert_clean();
}

// In these stories Alice's stream is the first opened (she is dialled before the caller is
// answered), the caller's is the second.
const ALICES: usize = 0;
const CALLERS: usize = 1;

#[test]
fn the_other_side_of_a_hold_hears_music() {
    let music = Arc::new(Audio {
        name: "music".into(),
        samples: vec![0; 80_000],
    });
    let mut world = World::with(Settings {
        music: Some(music.clone()),
        ..Settings::default()
    });
    let call = world.bridged_call();
    world.by(ALICE, |alice, now| alice.reinvite(now, "sendonly", None));
    world.run(50);
    assert!(world.phone(ALICE).saw("re-200+sdp"));
    assert!(world.phone(ALICE).heard_sdp.contains("a=recvonly"));
    let spec = last_spec(&world, ALICES);
    assert!(!spec.sending && !spec.receiving);
    assert_eq!(plays(&world, CALLERS), [&Clip::Audio(music)]);
    let caller = world.phone(CALLER).rtp();
    let before = world.switch.sent_rtp.get(&caller).copied().unwrap_or(0);
    world.run(1_000);
    assert!(world.switch.sent_rtp[&caller] >= before + 45);

    world.by(ALICE, |alice, now| alice.reinvite(now, "sendrecv", None));
    world.run(50);
    assert!(last_spec(&world, ALICES).sending);
    let stopped = world.switch.sent_rtp[&caller];
    world.run(1_000);
    assert_eq!(world.switch.sent_rtp[&caller], stopped);
    assert_eq!(world.told("leg.held"), 1);
    assert_eq!(world.told("leg.resumed"), 1);
    assert_eq!(world.told("leg.renegotiated"), 2);
    assert!(
        !world
            .notices()
            .iter()
            .any(|n| matches!(n, Notice::PlayEnded { .. })),
        "hold music is nobody's step"
    );
    end(&mut world, call);
}

#[test]
fn without_music_it_is_silence() {
    let mut world = World::new();
    let call = world.bridged_call();
    // The oldest form of hold.
    world.by(ALICE, |alice, now| {
        alice.reinvite(now, "sendrecv", Some("0.0.0.0"));
    });
    world.run(50);
    assert_eq!(world.told("leg.held"), 1);
    assert!(matches!(plays(&world, CALLERS)[..], [Clip::Silence(_)]));
    end(&mut world, call);
}

#[test]
fn music_ends_with_the_bridge_and_begins_with_the_next() {
    let mut world = World::new();
    let call = world.bridged_call();
    world.by(ALICE, |alice, now| alice.reinvite(now, "inactive", None));
    world.run(50);
    world.act(call, Action::Unbridge { leg: LegNo(1) }).unwrap();
    world.run(50);
    assert!(matches!(
        world.switch.commands.last(),
        Some(Command::StopPlay { stream }) if *stream == world.stream(CALLERS)
    ));
    world.bridge(call, 2, 1);
    world.run(50);
    assert_eq!(plays(&world, CALLERS).len(), 2);
    end(&mut world, call);
}

#[test]
fn a_prompt_wins_over_hold_music_and_gives_it_back() {
    let mut world = World::new();
    let call = world.bridged_call();
    world.by(ALICE, |alice, now| alice.reinvite(now, "sendonly", None));
    world.run(50);
    world.play(call, 1, 300);
    world.run(500);
    assert_eq!(plays(&world, CALLERS).len(), 3, "silence, prompt, silence");
    let leg = LegNo(1);
    assert!(world.notices().contains(&Notice::PlayEnded {
        leg,
        stopped: false
    }));
    end(&mut world, call);
}

#[test]
fn a_changed_address_and_codec_are_taken() {
    let mut world = World::new();
    let call = world.bridged_call();
    let before = world.phone(ALICE).heard_sdp.clone();
    world.phone(ALICE).formats = "8 101";
    world.by(ALICE, |alice, now| {
        alice.reinvite(now, "sendrecv", Some("198.51.100.7"));
    });
    world.run(50);
    let spec = last_spec(&world, ALICES);
    assert_eq!(spec.remote.to_string(), "198.51.100.7:4000");
    assert_eq!(spec.codec, Codec::Pcma);
    let after = world.phone(ALICE).heard_sdp.clone();
    assert_eq!(version(&after), version(&before) + 1);
    // The same again is the same description.
    world.by(ALICE, |alice, now| {
        alice.reinvite(now, "sendrecv", Some("198.51.100.7"));
    });
    world.run(50);
    assert_eq!(world.phone(ALICE).heard_sdp, after);
    assert_eq!(world.told("leg.held"), 0);
    end(&mut world, call);
}

#[test]
fn a_reinvite_that_cannot_be_met_leaves_the_call_as_it_was() {
    let mut world = World::new();
    let call = world.bridged_call();
    let before = last_spec(&world, ALICES);
    world.phone(ALICE).formats = "18";
    world.by(ALICE, |alice, now| alice.reinvite(now, "sendrecv", None));
    world.run(50);
    assert!(world.phone(ALICE).saw("re-488"));
    assert_eq!(last_spec(&world, ALICES), before);
    assert_eq!(world.told("leg.renegotiated"), 0);
    end(&mut world, call);
}

#[test]
fn both_may_hold_each_other() {
    let mut world = World::new();
    let call = world.bridged_call();
    world.by(ALICE, |alice, now| alice.reinvite(now, "sendonly", None));
    world.run(50);
    world.by(CALLER, |caller, now| caller.reinvite(now, "sendonly", None));
    world.run(50);
    assert_eq!(world.told("leg.held"), 2);
    // Whoever comes back first hears what the other does: nothing but music.
    world.by(CALLER, |caller, now| caller.reinvite(now, "sendrecv", None));
    world.run(50);
    assert_eq!(plays(&world, CALLERS).len(), 2);
    assert_eq!(plays(&world, ALICES).len(), 0);
    end(&mut world, call);
}

fn version(sdp: &str) -> u64 {
    let origin = sdp.lines().find(|line| line.starts_with("o=")).unwrap();
    origin.split(' ').nth(2).unwrap().parse().unwrap()
}
