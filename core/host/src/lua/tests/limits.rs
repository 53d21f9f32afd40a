//! Many calls, full VMs, ended generations: what is held, and what is given back.

use super::*;

fn waiting(limits: Limits) -> Story {
    Story::with(
        limits,
        "local mine = call.caller\ncall:answer()\nreturn mine",
    )
}

#[test]
fn ten_thousand_calls_wait_cheaply_and_all_go_on() {
    const CALLS: u32 = 10_000;
    let mut story = waiting(Limits::default());
    let mut bytes_of_one = 0;
    for n in 1..=CALLS {
        assert_eq!(op(story.start_call(n)), ScriptOp::Answer);
        if n == 1 {
            bytes_of_one = story.host.vms().1;
        }
    }
    let (vms, bytes) = story.host.vms();
    assert_eq!(story.host.running(), CALLS as usize);
    assert_eq!(vms, 5, "2,000 calls a VM");
    let each = (bytes - vms * bytes_of_one) / CALLS as usize;
    assert!(each < 3_072, "{each} bytes a waiting call");
    for n in 1..=CALLS {
        assert_eq!(
            story.host.resume(call_id(n), ScriptAnswer::Done),
            Some(done("+442079460000"))
        );
    }
    assert_eq!(story.host.running(), 0);
    assert_eq!(story.host.resume(call_id(1), ScriptAnswer::Done), None);
}

#[test]
fn a_call_that_waits_for_hours_keeps_a_small_stack() {
    let mut story = Story::new("call:answer()\ncall:wait(600)\nreturn 'done'");
    let mut bytes_of_some = 0;
    for n in 1..=1_100 {
        assert_eq!(op(story.start_call(n)), ScriptOp::Answer);
        let turn = story.host.resume(call_id(n), ScriptAnswer::Done);
        assert!(matches!(op(turn.unwrap()), ScriptOp::Wait { .. }));
        if n == 100 {
            bytes_of_some = story.host.vms().1;
        }
    }
    story.host.sweep();
    let each = (story.host.vms().1 - bytes_of_some) / 1_000;
    assert!(each < 3_072, "{each} bytes a waiting call");
}

#[test]
fn beyond_the_bounds_a_start_is_refused() {
    let mut story = waiting(Limits {
        calls_per_vm_max: 3,
        vms_per_script_max: 2,
        ..Limits::default()
    });
    for n in 1..=6 {
        op(story.start_call(n));
    }
    let turn = story.start_call(7);
    assert!(
        matches!(&turn, ScriptTurn::Failed { error } if error.kind == ScriptErrorKind::Overload),
        "{turn:?}"
    );
    // One leaves, one may come.
    assert!(story.host.kill(call_id(2)));
    assert!(!story.host.kill(call_id(2)));
    op(story.start_call(8));
}

#[test]
fn a_killed_script_is_gone_with_its_memory() {
    let mut story = Story::new("local big = string.rep('x', 1000000)\ncall:answer()\nreturn big");
    for n in 1..=100 {
        op(story.start_call(n));
        story.host.kill(call_id(n));
    }
    let (vms, bytes) = story.host.vms();
    assert_eq!((vms, story.host.running()), (1, 0));
    assert!(bytes <= Limits::default().vm_memory_bytes, "{bytes}");
}

#[test]
fn a_second_start_of_a_call_drops_the_first() {
    let mut story = waiting(Limits::default());
    op(story.start());
    op(story.start());
    assert_eq!(story.host.running(), 1);
    assert_eq!(story.answer(ScriptAnswer::Done), done("+442079460000"));
}

#[test]
fn a_vm_that_met_its_limit_drains_while_a_new_one_serves() {
    let source = "call:answer()\nif call:get('greedy') then local t = {} while true do t[#t + 1] = table.create(100, 0) end end\nreturn 'modest'";
    let mut story = Story::new(source);
    for n in 1..=3 {
        op(story.start_call(n));
        op(story.host.resume(call_id(n), ScriptAnswer::Done).unwrap());
    }
    let yes = ScriptAnswer::Text {
        value: Some("yes".into()),
    };
    let turn = story.host.resume(call_id(1), yes).unwrap();
    let ScriptTurn::Failed { error } = turn else {
        panic!("{turn:?}")
    };
    assert_eq!(
        (error.kind, error.line),
        (ScriptErrorKind::Memory, None),
        "{error:?}"
    );

    // Those who were in it go on in it; whoever comes gets another.
    op(story.start_call(4));
    assert_eq!(story.host.vms().0, 2);
    let no = || ScriptAnswer::Text { value: None };
    for n in 2..=3 {
        assert_eq!(story.host.resume(call_id(n), no()), Some(done("modest")));
    }
    assert_eq!(story.host.vms().0, 1, "the drained one is closed");
    op(story.host.resume(call_id(4), ScriptAnswer::Done).unwrap());
    assert_eq!(story.host.resume(call_id(4), no()), Some(done("modest")));
}

#[test]
fn a_vm_whose_calls_hold_much_takes_no_more() {
    let mut story = Story::new(
        "local big = string.rep('x', 2000000) .. call.id\ncall:answer()\nreturn tostring(#big)",
    );
    let mut most = 0;
    for n in 1..=12 {
        op(story.start_call(n));
        most = most.max(story.host.vms().0);
    }
    assert!((2..=4).contains(&most), "{most}");
    for n in 1..=12 {
        assert_eq!(
            story.host.resume(call_id(n), ScriptAnswer::Done),
            Some(done("2000026"))
        );
    }
}

#[test]
fn an_unchanged_script_keeps_its_vm_over_a_reload() {
    let files = |text: &str| {
        BTreeMap::from([
            ("main.lua".to_owned(), "return require('lib')".to_owned()),
            ("lib.lua".to_owned(), text.to_owned()),
            ("other.lua".to_owned(), "return 'other'".to_owned()),
        ])
    };
    let first = Scripts::compile(&files("return 'one'")).unwrap();
    let second = Scripts::compile_after(&files("return 'two'"), Some(&first)).unwrap();
    assert!(Arc::ptr_eq(
        first.script("other").unwrap(),
        second.script("other").unwrap()
    ));
    assert!(!Arc::ptr_eq(
        first.script("main").unwrap(),
        second.script("main").unwrap()
    ));

    let mut host = LuaHost::new(
        Limits::default(),
        CpuTime::Counted(Duration::from_micros(1)),
    );
    let mut run = |scripts: &Scripts, name: &str| {
        let turn = host.start(scripts, &start_of(name, call_id(1)));
        (turn, host.vms().0)
    };
    assert_eq!(run(&first, "other"), (done("other"), 1));
    assert_eq!(run(&second, "other"), (done("other"), 1));
    assert_eq!(run(&first, "main"), (done("one"), 2));
    assert_eq!(run(&second, "main"), (done("two"), 3));
    // The old generation ends; what only it had is closed.
    drop(first);
    host.sweep();
    assert_eq!(host.vms().0, 2);
}

#[test]
fn a_call_finishes_on_the_generation_it_began_with() {
    let old = compile(&[("main.lua", "call:answer() return 'old'")]).unwrap();
    let new = compile(&[("main.lua", "call:answer() return 'new'")]).unwrap();
    let mut host = LuaHost::new(
        Limits::default(),
        CpuTime::Counted(Duration::from_micros(1)),
    );
    op(host.start(&old, &start_of("main", call_id(1))));
    op(host.start(&new, &start_of("main", call_id(2))));
    drop(old);
    host.sweep();
    assert_eq!(
        host.resume(call_id(1), ScriptAnswer::Done),
        Some(done("old"))
    );
    assert_eq!(
        host.resume(call_id(2), ScriptAnswer::Done),
        Some(done("new"))
    );
    assert_eq!(host.vms().0, 1);
}

#[test]
fn idle_vms_make_room_for_others() {
    let names: Vec<String> = (0..5).map(|n| format!("s{n}.lua")).collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .map(|n| (n.as_str(), "call:answer()"))
        .collect();
    let scripts = compile(&files).unwrap();
    let mut host = LuaHost::new(
        Limits {
            vms_max: 2,
            ..Limits::default()
        },
        CpuTime::Counted(Duration::from_micros(1)),
    );
    for n in 0..5 {
        op(host.start(&scripts, &start_of(&format!("s{n}"), call_id(n))));
        host.kill(call_id(n));
    }
    assert_eq!(host.vms().0, 2);
    op(host.start(&scripts, &start_of("s0", call_id(1))));
    op(host.start(&scripts, &start_of("s1", call_id(2))));
    let turn = host.start(&scripts, &start_of("s2", call_id(3)));
    assert!(
        matches!(turn, ScriptTurn::Failed { error } if error.kind == ScriptErrorKind::Overload)
    );
}

#[test]
fn the_same_answers_give_the_same_turns() {
    let source = "local t = {} for i = 1, 10000 do t[#t + 1] = tostring(i) end call:answer() for i = 1, 1e9 do t[1] = i end";
    let run = || {
        let mut story = Story::new(source);
        let mut turns = vec![story.start()];
        turns.push(story.answer(ScriptAnswer::Done));
        turns
    };
    assert_eq!(run(), run());
}

#[test]
fn a_real_clock_stops_a_loop_too() {
    use std::sync::atomic::{AtomicU64, Ordering};
    // A clock that moves a microsecond at each reading.
    let ticks = Arc::new(AtomicU64::new(0));
    let shared = ticks.clone();
    let time =
        CpuTime::clock(move || Duration::from_micros(shared.fetch_add(1, Ordering::Relaxed)));
    let scripts = compile(&[(
        "main.lua",
        "while true do pcall(function() while true do end end) end",
    )])
    .unwrap();
    let mut host = LuaHost::new(Limits::default(), time);
    let turn = host.start(&scripts, &start_of("main", call_id(1)));
    assert!(matches!(turn, ScriptTurn::Failed { error } if error.kind == ScriptErrorKind::Budget));
    let read = ticks.load(Ordering::Relaxed);
    assert!(
        (50_000..50_100).contains(&read),
        "{read} readings for 50 ms"
    );
}
