//! A hundred tenants on one base under a running switch: an edit of the base reaches every one of
//! them in one generation, and what does not fit one tenant stops that one.

use std::collections::BTreeMap;
use std::fs;

use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};

const TENANTS: usize = 100;
const BASE: &str = "value number\ndid \"{value.number}\" { goto main }\nroute main {\n    answer\n    \
                    override last { tone busy for=\"1s\" }\n}\n\
                    test \"it answers\" {\n    call did=\"{value.number}\"\n    expect \"answer\"\n}\n";

fn name(n: usize) -> String {
    format!("t{n:02}")
}

fn own(n: usize, more: &str) -> String {
    let name = name(n);
    format!(
        "tenant {name} domain=\"{name}.example\"\nbase \"../_base\"\nvalue number \"+4420794{n:05}\"\n{more}"
    )
}

/// The generation of every tenant, and which of them have files that are refused.
fn generations(switch: &Switch) -> (BTreeMap<u64, usize>, Vec<String>) {
    let health = switch.ok(&["health"]);
    let mut counts = BTreeMap::new();
    let mut refused = Vec::new();
    for tenant in health["tenants"].as_array().unwrap() {
        *counts
            .entry(tenant["generation"].as_u64().unwrap())
            .or_default() += 1;
        if !tenant["refused"].is_null() {
            refused.push(tenant["tenant"].as_str().unwrap().to_owned());
        }
    }
    (counts, refused)
}

#[track_caller]
fn wait(switch: &Switch, counts: &[(u64, usize)], refused: &[&str]) {
    let wanted: BTreeMap<u64, usize> = counts.iter().copied().collect();
    until(
        &format!("{wanted:?} serve, {refused:?} are refused"),
        s(30),
        || {
            (generations(switch)
                == (
                    wanted.clone(),
                    refused.iter().map(ToString::to_string).collect(),
                ))
                .then_some(())
        },
    );
}

#[test]
fn an_edit_of_the_base_reaches_a_hundred_tenants_and_a_bad_override_stops_its_own() {
    let mut plan = Plan::new("bases").file("_base/main.kdl", BASE);
    for n in 0..TENANTS {
        plan = plan.file(&format!("{}/main.kdl", name(n)), &own(n, ""));
    }
    let switch = plan.start();
    wait(&switch, &[(1, TENANTS)], &[]);
    let base = switch.root().join("dialplans/_base/main.kdl");
    fs::write(
        &base,
        BASE.replace(
            "answer\n    override",
            "answer\n    wait \"1s\"\n    override",
        ),
    )
    .unwrap();
    wait(&switch, &[(2, TENANTS)], &[]);
    fs::write(
        switch.main_file("t42"),
        own(42, "override lsat { hangup }\n"),
    )
    .unwrap();
    wait(&switch, &[(2, TENANTS)], &["t42"]);
    let event = switch.events.topic("dialplan.refused");
    assert_eq!(event["tenant"], "t42", "{event}");
    assert!(
        event["data"]
            .to_string()
            .contains("no point of the base is called `lsat`"),
        "{event}"
    );
    // While it is refused, the base goes on for the others.
    fs::write(&base, BASE).unwrap();
    wait(&switch, &[(2, 1), (3, TENANTS - 1)], &["t42"]);
    fs::write(
        switch.main_file("t42"),
        own(42, "override last { hangup }\n"),
    )
    .unwrap();
    wait(&switch, &[(3, TENANTS)], &[]);
    let shown = switch.root().join("dialplans");
    let shown = ["diff", "t42", "--dialplans", shown.to_str().unwrap()];
    let (code, out, err) = switch.console(&shown);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("~ override last (main.kdl:4, base ../_base/main.kdl:5)")
            && out.contains("- tone busy for=\"1s\"")
            && out.contains("+ hangup"),
        "{out}"
    );
}
