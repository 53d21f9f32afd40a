//! Stories of digits.

use crate::testing::story;

const MENU: &str = r#"
    collect "menu" digits=1 tries=2 invalid="wrong" {
        on "1" { ring alice }
        on "2" { play "welcome" }
        on timeout { play "bye" }
    }
    else { play "sorry" }
"#;

#[test]
fn first_key_stops_the_prompt_and_its_branch_runs() {
    let mut s = story(MENU);
    assert_eq!(s.acted(), "answer 1, play menu");
    s.pass(300);
    s.key('2');
    assert_eq!(s.acted(), "stop, play welcome");
    assert_eq!(s.ended_steps(), "collect 2");
}

#[test]
fn time_for_the_first_digit_begins_at_the_prompts_end() {
    let mut s = story(MENU);
    s.pass(1000);
    s.played(false);
    s.pass(4_999);
    assert_eq!(s.acted(), "answer 1, play menu");
    s.pass(1);
    assert_eq!(s.acted(), "play wrong+menu", "another try");
    s.pass(2000);
    s.played(false);
    s.pass(5000);
    assert_eq!(s.acted(), "play bye");
    assert_eq!(s.ended_steps(), "collect timeout");
}

#[test]
fn an_entry_that_no_branch_names_costs_a_try_and_then_else_runs() {
    let mut s = story(MENU);
    s.key('7');
    assert_eq!(s.acted(), "answer 1, play menu, stop, play wrong+menu");
    s.key('8');
    assert_eq!(s.acted(), "stop, play sorry");
    assert_eq!(s.ended_steps(), "collect invalid");
}

#[test]
fn other_takes_any_entry() {
    let mut s =
        story(r#"collect "menu" digits=1 { on "1" { ring alice }; on other { play "bye" } }"#);
    s.key('7');
    assert_eq!(s.acted(), "answer 1, play menu, stop, play bye");
    assert_eq!(s.ended_steps(), "collect digits");
}

#[test]
fn a_branch_runs_in_place_of_what_follows() {
    let mut s = story(r#"collect digits=1 { on "1" { play "welcome" } }; play "bye""#);
    s.key('1');
    s.pass(1000);
    s.played(false);
    assert_eq!(s.acted(), "answer 1, play welcome, end normal");
}

#[test]
fn long_entries_end_by_terminator_by_length_and_by_pause() {
    let text = r#"collect min=2 max=4 into=pin; set got="{var.pin}"; wait "1s""#;
    let entry = |keys: &str, pause: u64| {
        let mut s = story(text);
        keys.chars().for_each(|key| s.key(key));
        s.pass(pause);
        s.run.variable("got").map(str::to_owned)
    };
    assert_eq!(entry("12#", 0).as_deref(), Some("12"));
    assert_eq!(entry("1234", 0).as_deref(), Some("1234"));
    assert_eq!(entry("123", 2_999), None);
    assert_eq!(entry("123", 3_000).as_deref(), Some("123"));
    assert_eq!(
        entry("1#", 0).as_deref(),
        Some(""),
        "too short: the step failed and the next ran"
    );
}

#[test]
fn the_terminator_alone_is_invalid() {
    let mut s = story(r#"collect digits=1 { on invalid { play "sorry" } }"#);
    s.key('#');
    assert_eq!(s.ended_steps(), "collect invalid");
}

#[test]
fn secret_digits_are_told_to_nobody() {
    let mut s = story(
        r#"
        collect "menu" digits=4 secret=#true into=pin
        set copy="pin {var.pin}"
        set tail="{var.pin:-2}"
        play "{var.pin}"
        wait "10s"
        "#,
    );
    assert_eq!(s.acted(), "answer 1, secret on, play menu");
    "4711".chars().for_each(|key| s.key(key));
    let told = s.told();
    assert!(!told.contains("4711") && !told.contains("\"11\""), "{told}");
    assert!(told.contains("***"), "{told}");
    assert_eq!(
        s.run.variable("pin"),
        None,
        "a secret is not shown to operators"
    );
    assert_eq!(s.run.variable("copy"), None);
}

#[test]
fn digits_stay_secret_a_little_longer_than_the_entry() {
    let mut s = story(r#"collect digits=4 secret=#true; wait "10s""#);
    "47110".chars().for_each(|key| s.key(key));
    assert_eq!(
        s.acted(),
        "answer 1, secret on",
        "the fifth key is as secret as the others"
    );
    s.pass(3000);
    assert_eq!(s.acted(), "secret off");
}

#[test]
fn secret_entry_that_a_branch_names_is_not_told_as_the_outcome() {
    let mut s = story(
        r#"collect digits=4 secret=#true { on "4711" { play "welcome" }; on other { play "sorry" } }"#,
    );
    "4711".chars().for_each(|key| s.key(key));
    assert!(s.acted().ends_with("play welcome"));
    assert_eq!(s.ended_steps(), "collect digits");
}

#[test]
fn secrecy_ends_before_a_plain_collect() {
    let mut s = story(r#"collect digits=2 secret=#true; collect "menu" digits=1"#);
    s.key('1');
    s.key('2');
    assert_eq!(s.acted(), "answer 1, secret on, secret off, play menu");
}

#[test]
fn missing_prompt_fails_the_collect() {
    let mut s = story(r#"collect "no-such" digits=1 { on other { play "bye" } }"#);
    assert_eq!(s.acted(), "answer 1, play bye");
    assert_eq!(s.ended_steps(), "collect failed");
}
