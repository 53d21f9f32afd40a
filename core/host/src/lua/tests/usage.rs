//! Dialplans that run scripts wrongly are told so before a call comes.

use super::*;
use cordboard_dialplan::{Cache, Known, Source};
use std::collections::BTreeSet;

const SCRIPT: &str = "-- arguments: pin, tries = 3\n-- outcomes: right, wrong\n\ncall:play('welcom')\ncall:ring('alise')\nreturn 'right'";

/// Line, code and help of each finding.
fn findings(script: &str, route: &str) -> Vec<(u32, &'static str, String)> {
    let scripts = compile(&[("pin.lua", script)]).unwrap();
    let text = format!(
        "tenant demo domain=\"demo.example\" tz=\"Europe/London\"\nuser alice\ndid \"+442079460100\" {{ goto main }}\nroute main {{\n{route}\n}}\n"
    );
    let source = Source::of([("main.kdl", text.as_str())]);
    let known = Known::of(["welcome"], ["pin"]);
    let loaded = cordboard_dialplan::load(&source, &known, &mut Cache::new());
    let plan = loaded.unwrap_or_else(|e| panic!("{e:?}")).dialplan;
    let prompts = BTreeSet::from(["welcome".to_owned()]);
    let found = scripts.check_runs(&plan, &prompts);
    found
        .into_iter()
        .map(|d| (d.mark.line, d.code, d.help.unwrap_or_default()))
        .collect()
}

#[test]
fn every_wrong_use_is_found_with_its_line() {
    let found = findings(
        SCRIPT,
        "    answer\n    run pin pinn=\"1\" {\n        on rigth { hangup }\n        on wrong failed { hangup }\n    }",
    );
    let seen: Vec<_> = found
        .iter()
        .map(|(line, code, help)| (*line, *code, help.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (6, "LU0001", "did you mean `pin`?"),
            (6, "LU0002", "write `run pin pin=\"...\"`"),
            (6, "LU0003", "did you mean `right`?"),
            (6, "LU0004", "did you mean `welcome`?"),
            (6, "LU0005", "did you mean `alice`?"),
        ]
    );
}

#[test]
fn runs_inside_other_blocks_are_found() {
    let script = "-- arguments: pin\nreturn 'anything'";
    let nested =
        "    run pin pin=\"1\" {\n        on left { run pin }\n    }\n    else { run pin }";
    let lines: Vec<_> = findings(script, nested)
        .into_iter()
        .map(|(line, code, _)| (line, code))
        .collect();
    assert_eq!(lines, [(6, "LU0002"), (8, "LU0002")]);
}

#[test]
fn a_right_use_is_left_alone() {
    let script = "-- arguments: pin\n-- outcomes: right\ncall:play('welcome')\ncall:ring('alice')\nreturn 'right'";
    let route = "    run pin pin=\"{var.digits}\" {\n        on right done hangup { hangup }\n    }\n    else { hangup }";
    assert_eq!(findings(script, route), []);
}
