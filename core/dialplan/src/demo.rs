//! The demo tenant and the machine's file that are shipped pass their own checks.

use crate::{Cache, Known, Source, check_ceiling, format, load, load_node, render};

const FILES: [(&str, &str); 3] = [
    ("main.kdl", include_str!("../../../dialplans/demo/main.kdl")),
    (
        "tests.kdl",
        include_str!("../../../dialplans/demo/tests.kdl"),
    ),
    (
        "users.kdl",
        include_str!("../../../dialplans/demo/users.kdl"),
    ),
];
const NODE: &str = include_str!("../../../dialplans/_node.kdl");

fn known() -> Known {
    let prompts = [
        "welcome",
        "menu",
        "closed",
        "goodbye",
        "invalid",
        "hold-music",
        "beep",
        "please-wait",
        "enter-pin",
        "thank-you",
    ];
    Known::of(
        prompts,
        ["welcome", "after_hours", "survey", "callback_form", "pin"],
    )
}

#[test]
fn the_demo_tenant_passes_its_checks_and_stays_under_its_ceiling() {
    let source = Source::of(FILES);
    let loaded = match load(&source, &known(), &mut Cache::new()) {
        Ok(loaded) => loaded,
        Err(findings) => panic!("{}", render(&findings, &source, false)),
    };
    let serious: Vec<_> = loaded
        .warnings
        .iter()
        .filter(|w| w.severity < crate::Severity::Note)
        .collect();
    assert!(serious.is_empty(), "{serious:?}");
    assert_eq!(
        loaded
            .dialplan
            .dids
            .lookup("+442079460201")
            .unwrap()
            .pattern,
        "+442079460201"
    );
    assert_eq!(
        loaded.dialplan.outbound.lookup("bob").unwrap().value.name,
        "colleagues"
    );
    let node = load_node("_node.kdl", NODE).unwrap();
    assert!(node.warnings.is_empty());
    let ceiling = node.settings.ceiling("demo").unwrap();
    assert_eq!(check_ceiling(&loaded.dialplan, ceiling), []);
}

#[test]
fn the_shipped_files_are_laid_out_as_fmt_would() {
    for (file, text) in FILES.iter().chain(&[("_node.kdl", NODE)]) {
        assert_eq!(format(file, text).unwrap(), *text, "{file}");
    }
}
