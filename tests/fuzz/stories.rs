//! Each fuzz target is a test of its own name: `fuzz::targets::sip_message` and so on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cordboard_tests::fuzz::targets::TARGETS;

mod targets {
    macro_rules! tests {
        ($($name:ident)*) => {
            pub const TESTS: &[&str] = &[$(stringify!($name)),*];
            $(
                #[test]
                fn $name() {
                    cordboard_tests::fuzz::driver::run(stringify!($name));
                }
            )*
        };
    }

    tests! {
        sip_message sip_framer sip_endpoint sip_uri sip_contact sip_digest
        media_sdp media_rtp media_rtcp media_wav
        dialplan_files dialplan_expressions
        scripts captured_lines whole_node
    }
}

/// A target that only one of the two drivers knew would be forgotten by the other.
#[test]
fn every_target_is_a_test_and_a_libfuzzer_program() {
    let all: BTreeSet<String> = TARGETS.iter().map(|one| one.name.to_owned()).collect();
    assert_eq!(all.len(), TARGETS.len(), "each has a name of its own");
    let tests = targets::TESTS.iter().map(|name| (*name).to_owned());
    assert_eq!(tests.collect::<BTreeSet<_>>(), all);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/libfuzzer");
    let programs = fs::read_dir(folder.join("fuzz_targets"))
        .expect("the libFuzzer programs are there")
        .map(|entry| entry.unwrap().path());
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let table: Vec<&str> = include_str!("targets.rs").split_whitespace().collect();
    let table = table.join(" ");
    let mut names = BTreeSet::new();
    for path in programs {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        // `target("sip_uri", corpus::headers, sip::fuzz_uri)` is `cordboard_sip::fuzz::fuzz_uri`;
        // one of this package is found by its name.
        let row = table.split(&format!("\"{name}\",")).nth(1).unwrap_or("");
        let row = row
            .split(')')
            .next()
            .unwrap_or("")
            .trim_end_matches([' ', ',']);
        let fuzz = row.rsplit(' ').next().unwrap_or("");
        let expected = match fuzz.split_once("::") {
            Some((room, fuzz)) => format!("use cordboard_{room}::fuzz::{fuzz};"),
            None => format!("(named(\"{name}\").fuzz)(data)"),
        };
        assert!(text.contains(&expected), "{name} runs itself: {expected}");
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name} is in the manifest"
        );
        names.insert(name);
    }
    assert_eq!(names, all);
}
