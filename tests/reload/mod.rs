//! Files changed under a running switch: the next call follows them, the call that is up does
//! not, and a bad edit is refused where the editor looks.

mod bases;
mod storm;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};

const USERS: &str = "user alice\nuser bob\n";

fn routes(prompt: &str) -> String {
    format!("{USERS}outbound all match=\"100\" {{\n    play {prompt} repeat-for=\"60s\"\n}}\n")
}

fn text(body: &str) -> String {
    format!("tenant demo domain=\"demo.example\" tz=\"Europe/London\"\n{body}")
}

fn generation(switch: &Switch) -> u64 {
    switch.ok(&["health"])["tenants"][0]["generation"]
        .as_u64()
        .unwrap()
}

#[track_caller]
fn wait_generation(switch: &Switch, number: u64) {
    until(&format!("generation {number} serves"), s(10), || {
        (generation(switch) == number).then_some(())
    });
}

/// X5, R15: an edit is followed by the next call; the call that is up stays on what it began with
/// and hears no gap.
#[test]
fn an_edit_changes_the_next_call_and_not_the_one_that_is_up() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("edit", &routes("hello")).start();
    let mut alice = Baresip::registered(&switch, &Setup::default());
    let mut bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            ..Setup::default()
        },
    );
    alice.dial("100");
    alice.wait("CALL_ESTABLISHED");
    alice.hears(700.0, 1.0);
    fs::write(switch.main_file("demo"), text(&routes("menu"))).unwrap();
    wait_generation(&switch, 2);
    bob.dial("100");
    bob.hears(900.0, 1.0);
    let heard = alice.heard(700.0);
    alice.hears(700.0, heard + 1.0);
    assert!(alice.heard(900.0) < 0.1);
    assert!(bob.heard(700.0) < 0.1);
    let loaded = switch.events.topic("dialplan.loaded");
    assert_eq!(loaded["data"]["generation"], 2, "{loaded}");
}

/// X5, P19: a bad edit is refused with file and line wherever an admin looks, and the old one serves on.
#[test]
fn a_bad_edit_is_refused_and_the_old_one_serves_on() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("bad", &routes("hello")).start();
    let bad =
        text(&routes("hello")) + "did \"+442079460100\" {\n    rign alice\n    ring carol\n}\n";
    let line = bad.lines().position(|l| l.contains("rign")).unwrap() + 1;
    fs::write(switch.main_file("demo"), &bad).unwrap();
    let (code, out, err) = switch.console(&["reload", "--wait"]);
    let told = format!("{out}{err}");
    assert_ne!(code, 0, "{told}");
    assert!(
        told.contains(&format!("main.kdl:{line}"))
            && told.contains("rign")
            && told.contains("carol"),
        "{told}"
    );
    let refused = switch.events.topic("dialplan.refused");
    assert_eq!(refused["tenant"], "demo");
    assert!(
        refused["data"].to_string().contains("main.kdl"),
        "{refused}"
    );
    let (status, health) = switch.get("/health").unwrap();
    assert_eq!(status, 503);
    assert!(
        health.contains("demo")
            && health.contains("main.kdl")
            && health.contains(&line.to_string()),
        "{health}"
    );
    let (_, metrics) = switch.get("/metrics").unwrap();
    assert!(
        metrics.contains("cordboard_config_stale{tenant=\"demo\"} 1"),
        "{metrics}"
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("100");
    alice.hears(700.0, 0.5);
    fs::write(switch.main_file("demo"), text(&routes("hello"))).unwrap();
    until("health is good again", s(10), || {
        (switch.get("/health")?.0 == 200).then_some(())
    });
}

/// X5: editors that write a new file and rename it over the old one, twice in a row.
#[test]
fn an_editor_that_replaces_the_file_is_seen_every_time() {
    let switch = Plan::demo("replace", &routes("hello")).start();
    let main = switch.main_file("demo");
    for (number, prompt) in [(2, "menu"), (3, "bye"), (4, "hello")] {
        let fresh = main.with_extension("kdl~");
        fs::write(&fresh, text(&routes(prompt)) + &format!("// {number}\n")).unwrap();
        fs::rename(&fresh, &main).unwrap();
        wait_generation(&switch, number);
    }
}

/// X5: a tenant's folder is a symbolic link that a deployment swaps, twice in a row.
#[test]
fn a_swapped_folder_is_seen_every_time() {
    let switch = Plan::demo("swap", &routes("hello")).start();
    let folder = switch.root().join("dialplans/demo");
    let release = |number: u32| switch.root().join(format!("release-{number}"));
    fs::rename(&folder, release(1)).unwrap();
    swap(&release(1), &folder);
    for (number, prompt) in [(2, "menu"), (3, "bye")] {
        let prompts = release(number).join("prompts");
        fs::create_dir_all(&prompts).unwrap();
        for wav in fs::read_dir(release(1).join("prompts")).unwrap().flatten() {
            fs::copy(wav.path(), prompts.join(wav.file_name())).unwrap();
        }
        fs::write(release(number).join("main.kdl"), text(&routes(prompt))).unwrap();
        let before = generation(&switch);
        swap(&release(number), &folder);
        until(&format!("release {number} serves"), s(10), || {
            (generation(&switch) > before).then_some(())
        });
    }
    // A file inside the target is still seen after the swaps.
    let before = generation(&switch);
    fs::write(
        release(3).join("main.kdl"),
        text(&routes("menu")) + "// again\n",
    )
    .unwrap();
    until("an edit behind the link serves", s(10), || {
        (generation(&switch) > before).then_some(())
    });
}

/// Points a link at another folder in one step.
fn swap(target: &Path, link: &Path) {
    let fresh = link.with_extension("fresh");
    symlink(target, &fresh).unwrap();
    fs::rename(&fresh, link).unwrap();
}

/// X5, X8: good generations are listed, compared and taken back.
#[test]
fn generations_are_listed_compared_and_taken_back() {
    let switch = Plan::demo("back", &routes("hello")).start();
    fs::write(switch.main_file("demo"), text(&routes("menu"))).unwrap();
    switch.ok(&["reload", "--wait"]);
    let serving = |list: &serde_json::Value| {
        list.as_array()
            .unwrap()
            .iter()
            .find(|g| g["serving"] == true)
            .and_then(|g| g["generation"].as_u64())
    };
    let list = switch.ok(&["generations"]);
    assert_eq!(
        (list.as_array().unwrap().len(), serving(&list)),
        (2, Some(2)),
        "{list:#}"
    );
    let diff = switch.ok(&["generations", "--diff", "1"]).to_string();
    assert!(diff.contains("100") || diff.contains("all"), "{diff}");
    switch.ok(&["generations", "--rollback", "1"]);
    assert_eq!(serving(&switch.ok(&["generations"])), Some(1));
    // The same files again change nothing; other files do.
    switch.ok(&["reload", "--wait"]);
    assert_eq!(serving(&switch.ok(&["generations"])), Some(1));
    fs::write(switch.main_file("demo"), text(&routes("bye"))).unwrap();
    switch.ok(&["reload", "--wait"]);
    assert_eq!(serving(&switch.ok(&["generations"])), Some(3));
    let (code, out, err) = switch.console(&["generations", "--rollback", "77"]);
    assert!(
        code != 0 && format!("{out}{err}").contains("77"),
        "{out}{err}"
    );
}

/// X5: a script's edit is a new generation too, and a script that does not compile is refused.
#[test]
fn an_edited_script_is_checked_and_followed() {
    let script = |prompt: &str| {
        format!(
            "-- what: Plays.\n-- outcomes: played\ncall:answer()\ncall:play(\"{prompt}\")\nreturn \"played\"\n"
        )
    };
    let body = format!(
        "{USERS}outbound all match=\"100\" {{\n    run say {{\n        on played {{ hangup }}\n    }}\n    else {{ hangup cause=temporary-failure }}\n}}\n"
    );
    let switch = Plan::demo("script", &body)
        .script("say", &script("hello"))
        .start();
    let file = switch.root().join("scripts/say.lua");
    fs::write(&file, script("menu")).unwrap();
    wait_generation(&switch, 2);
    fs::write(&file, "-- what: Plays.\ncall:answer(\n").unwrap();
    let (code, out, err) = switch.console(&["reload", "--wait"]);
    assert!(
        code != 0 && format!("{out}{err}").contains("say.lua:"),
        "{out}{err}"
    );
    assert_eq!(generation(&switch), 2);
}

/// X2, X5: a switch that starts on bad files serves the last good generation and says so.
#[test]
fn a_start_on_bad_files_serves_the_last_good_ones() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let mut switch = Plan::demo("boot", &routes("hello")).start();
    switch.kill();
    fs::write(switch.main_file("demo"), "tenant demo {\n").unwrap();
    switch.start_unhealthy();
    assert_eq!(switch.get("/health").unwrap().0, 503);
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("100");
    alice.hears(700.0, 0.5);
}
