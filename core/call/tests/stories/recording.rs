//! Recordings: their file, their legs, their end.

use cordboard_call::*;
use cordboard_media::Command;

use crate::phone::Phone;
use crate::world::*;

fn ended(world: &World) -> Vec<(u64, Option<String>)> {
    let facts = world.switch.facts.iter();
    facts
        .filter_map(|event| match &event.fact {
            Fact::RecordingEnded {
                length_ms, error, ..
            } => Some((*length_ms, error.clone())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_recording_outlives_bridges_and_ends_with_the_call() {
    let mut world = World::new();
    let call = world.bridged_call();
    world.act(call, Action::Record).unwrap();
    world.act(call, Action::Record).unwrap();
    world.run(2_000);
    world.act(call, Action::Unbridge { leg: LegNo(1) }).unwrap();
    world.run(1_000);
    world.dial(call, 3, BOB).unwrap();
    world.run(50);
    world.by(BOB, Phone::answer);
    world.run(50);
    world.bridge(call, 1, 3);
    world.run(1_000);
    assert_eq!(ended(&world), []);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.run(50);
    let file = format!("demo/2026-11-22/{call}.wav");
    let recorded: Vec<_> = world
        .switch
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Record { file, .. } => Some(file.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(recorded, std::slice::from_ref(&file));
    let lengths = ended(&world);
    assert_eq!(lengths.len(), 1);
    assert!((4_000..4_300).contains(&lengths[0].0), "{lengths:?}");
    for leg in [1, 2, 3] {
        assert_eq!(world.cdr(leg).recording.as_ref(), Some(&file));
    }
    assert_eq!(world.story().last().unwrap(), "call.ended");
    world.assert_clean();
}

#[test]
fn a_second_recording_of_a_call_has_a_file_of_its_own() {
    let mut world = World::new();
    let call = world.answered_call();
    for _ in 0..2 {
        world.act(call, Action::Record).unwrap();
        world.run(100);
        world.act(call, Action::StopRecord).unwrap();
        world.run(100);
    }
    world.act(call, Action::StopRecord).unwrap();
    assert_eq!(ended(&world).len(), 2);
    let files: Vec<_> = world
        .switch
        .facts
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::RecordingStarted { file, .. } => Some(file.as_str()),
            _ => None,
        })
        .collect();
    assert_ne!(files[0], files[1]);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}

#[test]
fn a_full_disk_is_told_and_the_call_goes_on() {
    let mut world = World::new();
    let call = world.answered_call();
    world.act(call, Action::Record).unwrap();
    world.notices();
    let recording = world
        .switch
        .commands
        .iter()
        .find_map(|command| match command {
            Command::Record { recording, .. } => Some(*recording),
            _ => None,
        })
        .unwrap();
    let event = cordboard_media::Event::Recorded {
        recording,
        length: ms(700),
        error: Some("no space".into()),
    };
    world.media_event(event.clone());
    world.media_event(event);
    let why = "no space".to_owned();
    assert_eq!(world.notices(), [Notice::RecordingFailed { why }]);
    assert_eq!(ended(&world), [(700, Some("no space".into()))]);
    assert_eq!(world.switch.calls.len(), 1);
    world.by(CALLER, |caller, now| caller.bye(now, &[]));
    world.assert_clean();
}
