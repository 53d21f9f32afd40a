//! Stories of the queue: inputs in, actions out, virtual time. The machine is the one that serves.

mod floor;
mod invariants;

use cordboard_module::Json;
use floor::Floor;

const TWO: &str = r#"{"queue":{"sales":{"agents":["alice","bob"],"wrap-up":5000,"music":"hold",
    "announce-position":30000,"position-prompt":"you-are","ring-timeout":15000,"delay":20000}}}"#;

#[test]
fn a_caller_waits_with_music_and_position_until_an_agent_is_ready() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.say("pause", "alice");
    floor.enter("c1", "sales", "");
    assert_eq!(floor.did("c1"), "play you-are number-1");
    floor.over("c1");
    assert_eq!(floor.did("c1"), "play hold");
    floor.wait_ms(30_000);
    assert_eq!(floor.did("c1"), "play you-are number-1");
    floor.say("ready", "alice");
    assert_eq!(floor.did("c1"), "ring alice");
    assert_eq!(floor.agent("alice"), "reserved");
    floor.wait_ms(2_000);
    floor.bridged("c1");
    assert_eq!(floor.agent("alice"), "talk");
    let answered = floor.told("contact-answered");
    assert_eq!(answered["wait_ms"].u64(), 32_000);
    assert_eq!(answered["rang_ms"].u64(), 2_000);
    floor.wait_ms(60_000);
    floor.talked("c1");
    assert_eq!(floor.did("c1"), "end answered");
    assert_eq!(floor.agent("alice"), "wrap-up");
    floor.wait_ms(5_000);
    assert_eq!(floor.agent("alice"), "ready");
    let handled = floor.told("contact-handled");
    assert_eq!(handled["talk_ms"].u64(), 60_000);
    assert_eq!(handled["wrap_up_ms"].u64(), 5_000);
}

#[test]
fn the_longest_idle_agent_is_rung_and_a_pause_makes_nobody_fresh() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "bob");
    floor.wait_ms(1_000);
    floor.say("login", "alice");
    floor.say("pause", "bob");
    floor.say("logout", "bob");
    floor.say("login", "bob");
    floor.enter("c1", "sales", "");
    assert_eq!(floor.did("c1"), "ring bob");
    floor.missed("c1", "busy");
    assert_eq!(floor.did("c1"), "ring alice");
    // Bob's phone rests; what he missed takes nothing from his idle time.
    floor.bridged("c1");
    floor.wait_ms(1_000);
    floor.talked("c1");
    floor.wait_ms(30_000);
    floor.enter("c2", "sales", "");
    assert_eq!(floor.did("c2"), "ring bob");
    let why = floor.told("agent-reserved")["why"].str().to_owned();
    assert!(why.contains("bob") && why.contains("2 eligible"), "{why}");
}

#[test]
fn ring_order_always_begins_at_the_first() {
    let mut floor = Floor::open(&TWO.replace(
        "\"wrap-up\":5000",
        "\"strategy\":\"ring-order\",\"wrap-up\":0",
    ));
    floor.say("login", "bob");
    floor.wait_ms(1_000);
    floor.say("login", "alice");
    for call in ["c1", "c2", "c3"] {
        floor.enter(call, "sales", "");
        assert_eq!(floor.did(call), "ring alice", "{call}");
        floor.bridged(call);
        floor.wait_ms(10);
        floor.talked(call);
    }
    floor.enter("c4", "sales", "");
    floor.enter("c5", "sales", "");
    assert_eq!(floor.did("c5"), "ring bob");
}

#[test]
fn callers_are_served_in_order_of_priority_and_coming() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.say("pause", "alice");
    floor.enter("c1", "sales", "");
    floor.wait_ms(1);
    floor.enter("c2", "sales", "");
    floor.enter("vip", "sales", r#""priority":5"#);
    assert_eq!(floor.did("vip"), "play you-are number-1");
    floor.say("ready", "alice");
    assert_eq!(floor.did("vip"), "ring alice");
    floor.bridged("vip");
    floor.talked("vip");
    floor.wait_ms(5_000);
    assert_eq!(floor.did("c1"), "ring alice");
}

#[test]
fn a_missed_ring_costs_the_caller_no_place_and_pauses_the_agent() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.enter("c1", "sales", "");
    floor.enter("c2", "sales", "");
    assert_eq!(floor.did("c1"), "ring alice");
    floor.wait_ms(15_000);
    floor.missed("c1", "no-answer");
    assert_eq!(floor.agent("alice"), "paused");
    assert_eq!(floor.told("agent-missed")["cause"].str(), "no-answer");
    assert_eq!(floor.told("agent-state")["reason"].str(), "no-answer");
    assert_eq!(floor.did("c1"), "play hold");
    floor.say("ready", "alice");
    assert_eq!(floor.did("c1"), "ring alice");
    assert_ne!(floor.did("c2"), "ring alice");
}

#[test]
fn a_queue_may_try_the_same_agent_again() {
    let mut floor = Floor::open(&TWO.replace("\"wrap-up\"", "\"no-answer\":\"retry\",\"wrap-up\""));
    floor.say("login", "alice");
    floor.enter("c1", "sales", "");
    floor.wait_ms(15_000);
    floor.missed("c1", "no-answer");
    assert_eq!(floor.did("c1"), "play hold");
    assert_eq!(floor.stats("sales")["ready"].u64(), 0);
    floor.wait_ms(20_000);
    assert_eq!(floor.did("c1"), "ring alice");
}

#[test]
fn who_waits_too_long_leaves_with_timeout_and_a_ring_is_not_cut_short() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.say("pause", "alice");
    floor.enter("c1", "sales", r#""timeout":40000"#);
    floor.wait_ms(39_999);
    floor.over("c1");
    assert_eq!(floor.did("c1"), "play hold");
    floor.wait_ms(1);
    assert_eq!(floor.did("c1"), "end timeout");
    let left = floor.told("contact-left");
    assert_eq!(
        (left["wait_ms"].u64(), left["disposition"].str()),
        (40_000, "timed-out")
    );
    floor.enter("c2", "sales", r#""timeout":40000"#);
    floor.wait_ms(30_000);
    floor.say("ready", "alice");
    floor.wait_ms(12_000);
    assert_eq!(floor.did("c2"), "ring alice");
    floor.missed("c2", "no-answer");
    assert_eq!(floor.did("c2"), "end timeout");
}

#[test]
fn a_caller_who_leaves_while_a_phone_rings_is_no_miss_of_the_agent() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.enter("c1", "sales", "");
    floor.wait_ms(3_000);
    floor.hang_up("c1");
    assert_eq!(floor.told("contact-abandoned")["wait_ms"].u64(), 3_000);
    assert_eq!(floor.agent("alice"), "ready");
    assert_eq!(floor.stats("sales")["waiting"].u64(), 0);
    assert!(floor.told("agent-missed").is_null());
    floor.enter("c2", "sales", "");
    assert_eq!(floor.did("c2"), "ring alice");
}

#[test]
fn a_caller_who_hangs_up_after_the_talk_was_answered_and_before_it_abandoned() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.enter("c1", "sales", "");
    floor.enter("c2", "sales", "");
    floor.bridged("c1");
    floor.wait_ms(1_000);
    floor.gone("c1");
    assert_eq!(floor.did("c1"), "end answered");
    assert_eq!(floor.told("contact-ended")["talk_ms"].u64(), 1_000);
    floor.gone("c2");
    assert_eq!(floor.did("c2"), "end abandoned");
    assert_eq!(floor.count("contact-abandoned"), 1);
}

#[test]
fn a_queue_refuses_when_full_closed_or_empty() {
    let mut floor = Floor::open(&TWO.replace("\"wrap-up\"", "\"max-waiting\":1,\"wrap-up\""));
    floor.enter("c1", "sales", "");
    assert_eq!(floor.did("c1"), "end no-agents");
    floor.say("login", "alice");
    floor.say("pause", "alice");
    floor.enter("c2", "sales", "");
    floor.enter("c3", "sales", "");
    assert_eq!(floor.did("c3"), "end full");
    assert_eq!(floor.told("contact-refused")["outcome"].str(), "full");
    assert!(floor.ask("close", r#"{"queue":"sales"}"#).is_ok());
    floor.enter("c4", "sales", "");
    assert_eq!(floor.did("c4"), "end closed");
    floor.say("ready", "alice");
    assert_eq!(floor.did("c2"), "ring alice", "who is inside is served");
    floor.enter("c5", "nowhere", "");
    assert_eq!(floor.did("c5"), "end unknown");
    assert!(
        floor
            .ask("close", r#"{"queue":"x"}"#)
            .unwrap_err()
            .contains("`x`")
    );
}

#[test]
fn callers_leave_with_the_last_agent_where_the_queue_says_so() {
    let mut floor = Floor::open(&TWO.replace("\"wrap-up\"", "\"leave-empty\":true,\"wrap-up\""));
    floor.say("login", "alice");
    floor.say("pause", "alice");
    floor.enter("c1", "sales", "");
    floor.say("logout", "alice");
    assert_eq!(floor.did("c1"), "end no-agents");
    assert_eq!(
        floor.told("contact-left")["disposition"].str(),
        "kicked-empty"
    );
    floor.say("login", "alice");
    floor.enter("c2", "sales", "");
    floor.say("logout", "alice");
    assert_eq!(floor.did("c2"), "ring alice", "what rings is not cut short");
    floor.missed("c2", "no-answer");
    assert_eq!(floor.did("c2"), "end no-agents");
}

#[test]
fn another_tier_opens_with_time() {
    let settings = r#"{"queue":{"sales":{"agents":["alice"],"music":"hold",
        "tier":{"2":{"agents":["bob"],"after":20000},"3":{"agents":["carol"],"after":30000}}}}}"#;
    let mut floor = Floor::open(settings);
    floor.say("login", "bob");
    floor.say("login", "carol");
    floor.enter("c1", "sales", "");
    assert_eq!(floor.did("c1"), "play hold");
    floor.wait_ms(19_999);
    assert_eq!(floor.did("c1"), "play hold");
    floor.wait_ms(1);
    assert_eq!(floor.did("c1"), "ring bob");
    floor.missed("c1", "absent");
    assert_eq!(floor.agent("bob"), "paused");
    floor.wait_ms(10_000);
    assert_eq!(floor.did("c1"), "ring carol");
}

#[test]
fn agents_log_in_by_a_dialled_code() {
    let mut floor = Floor::open(TWO);
    floor.dial("d1", "login", "alice");
    assert_eq!(floor.did("d1"), "end done");
    assert_eq!(floor.agent("alice"), "ready");
    floor.dial("d2", "pause", "alice");
    assert_eq!(floor.agent("alice"), "paused");
    floor.dial("d3", "logout", "alice");
    assert_eq!(floor.agent("alice"), "offline");
    floor.dial("d4", "login", "mallory");
    assert_eq!(floor.did("d4"), "end unknown");
    floor.dial("d5", "login", "");
    assert_eq!(floor.did("d5"), "end unknown");
    assert!(floor.ask("login", r#"{"agent":"mallory"}"#).is_err());
}

#[test]
fn no_phone_rings_for_an_agent_who_has_a_call_of_their_own() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    let by_alice = r#"{"party":{"kind":"user","name":"alice"}}"#;
    floor.event("own", "call.started", by_alice);
    assert_eq!(floor.agent("alice"), "outbound");
    floor.enter("c1", "sales", "");
    assert_eq!(floor.did("c1"), "play you-are number-1");
    floor.reload(TWO);
    floor.event("own", "call.ended", "{}");
    assert_eq!(floor.did("c1"), "ring alice");
    // Somebody who is no agent, and a trunk of an agent's name, change nothing.
    floor.event(
        "x",
        "call.started",
        r#"{"party":{"kind":"user","name":"eve"}}"#,
    );
    floor.event(
        "y",
        "call.started",
        r#"{"party":{"kind":"trunk","name":"bob"}}"#,
    );
    assert_eq!(floor.agent("bob"), "offline");
}

#[test]
fn hold_and_logout_in_a_talk_are_accounted_and_harm_nothing() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.enter("c1", "sales", "");
    floor.bridged("c1");
    floor.wait_ms(10_000);
    floor.leg("c1", "leg.held", 1);
    assert_eq!(
        floor.agent("alice"),
        "talk",
        "the customer's own hold is not the agent's"
    );
    floor.leg("c1", "leg.held", 2);
    assert_eq!(floor.agent("alice"), "hold");
    floor.wait_ms(4_000);
    floor.leg("c1", "leg.resumed", 2);
    floor.say("logout", "alice");
    assert_eq!(floor.agent("alice"), "talk");
    floor.wait_ms(1_000);
    floor.hang_up("c1");
    let ended = floor.told("contact-ended");
    assert_eq!(
        (ended["talk_ms"].u64(), ended["hold_ms"].u64()),
        (11_000, 4_000)
    );
    floor.wait_ms(5_000);
    assert_eq!(floor.agent("alice"), "offline");
    assert_eq!(floor.told("contact-handled")["hold_ms"].u64(), 4_000);
}

#[test]
fn an_agent_of_two_queues_takes_the_one_who_waits_longer() {
    let settings =
        r#"{"queue":{"a":{"agents":["alice"],"wrap-up":0},"b":{"agents":["alice"],"wrap-up":0}}}"#;
    let mut floor = Floor::open(settings);
    floor.say("login", "alice");
    floor.say("pause", "alice");
    floor.enter("c1", "b", "");
    floor.wait_ms(5);
    floor.enter("c2", "a", "");
    assert_eq!(floor.did("c1"), "wait");
    floor.say("ready", "alice");
    assert_eq!(floor.did("c1"), "ring alice");
    floor.bridged("c1");
    floor.talked("c1");
    assert_eq!(floor.did("c2"), "ring alice");
}

#[test]
fn music_that_cannot_be_played_is_silence_and_no_loop() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.say("pause", "alice");
    floor.enter("c1", "sales", "");
    floor.broken("c1");
    assert_eq!(floor.did("c1"), "play hold");
    floor.broken("c1");
    assert_eq!(floor.did("c1"), "wait");
    floor.over("c1");
    assert_eq!(floor.did("c1"), "wait");
}

#[test]
fn inputs_that_fit_nothing_are_counted_and_change_nothing() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.enter("c1", "sales", "");
    let before = floor.status();
    floor.strangers();
    let after = floor.status();
    assert_eq!(before["queues"], after["queues"]);
    assert_eq!(before["agents"], after["agents"]);
    assert!(after["ignored"].u64() > before["ignored"].u64());
}

#[test]
fn a_step_that_the_host_no_longer_knows_frees_its_agent() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.enter("c1", "sales", "");
    floor.refuse("c1");
    assert_eq!(floor.agent("alice"), "ready");
    floor.enter("c2", "sales", "");
    floor.bridged("c2");
    floor.event("c2", "call.ended", "{}");
    assert_eq!(floor.agent("alice"), "wrap-up");
}

#[test]
fn state_survives_a_reload_with_other_settings() {
    let mut floor = Floor::open(TWO);
    floor.say("login", "alice");
    floor.say("login", "bob");
    floor.enter("c1", "sales", "");
    floor.bridged("c1");
    floor.say("pause", "bob");
    floor.enter("c2", "sales", "");
    floor.reload(TWO);
    floor.say("ready", "bob");
    assert_eq!(floor.did("c2"), "ring bob");
    floor.talked("c1");
    assert_eq!(floor.agent("alice"), "wrap-up");
    // Sales is gone: who rings is served, the next who waits leaves with `closed`.
    floor.say("pause", "alice");
    floor.enter("c3", "sales", "");
    floor.reload(&TWO.replace("sales", "support"));
    floor.status();
    assert_eq!(floor.did("c3"), "end closed");
    assert_eq!(floor.did("c2"), "ring bob");
    assert!(floor.restore(2, b"{}").unwrap_err().contains("version 2"));
    assert!(floor.restore(1, b"{").is_err());
    assert!(floor.restore(1, &[0xff]).is_err());
}

#[test]
fn settings_that_cannot_serve_are_refused_with_every_reason() {
    let wrong = Json::parse(
        r#"{"queue":{"a":{"agents":[]},"b":{"agents":["x","x"],"announce-position":9000},
            "c":{"agents":["x"],"strategy":"fewest","tier":{"1":{"agents":["y"]},"4":{}}}}}"#,
    )
    .unwrap();
    let reasons = crate::Settings::read(&wrong).unwrap_err().join("\n");
    for part in [
        "`a`: nobody",
        "`x` stands in it twice",
        "position-prompt",
        "`fewest`",
        "tier `1`",
        "tier `4`",
    ] {
        assert!(reasons.contains(part), "{part} is not in\n{reasons}");
    }
    assert!(crate::Settings::read(&Json::Null).is_err());
}
