//! Manifests as people write them: good ones, wrong ones, and ones that lie.

use cordboard_dialplan::schema::{FieldKind, FieldValue};
use proptest::prelude::*;

use super::*;

const GOOD: &str = r#"
name = "greeter"
version = "1.2.0"
contract = "0.1"
world = "service"
kind = "wasm"
entry = "out/greeter.wasm"
about = "Greets"
state-version = 3
subscribe = ["call.ended", "prices.table-loaded"]
publish = ["caller-greeted"]
retain = ["stats"]

[build]
command = "cordboard-rust"

[limits]
memory-mb = 32
cpu-ms = 20

[[step]]
name = "greet"
about = "Greets the caller"
positional = [{ name = "line", type = "text", required = true }]
named = [
    { name = "timeout", type = "duration", default = "1m30s" },
    { name = "tries", type = "number", min = 1, max = 9, default = 0x3 },
    { name = "mood", type = "word", words = ["calm", "loud"], default = "calm" },
]
outcomes = ["greeted", "timeout"]

[[setting]]
name = "line"
type = "block"
list = true
fields = [
    { name = "music", type = "prompt" },
    { name = "token", type = "secret", required = true },
]

[[operation]]
verb = "greet-all"
permission = "supervisors"
arguments = [{ name = "who", type = "user", required = true }]

[[ask]]
capability = "http"
what = "https://*.example.com/*"
reason = "the greeting of the day"
"#;

fn read(text: &str) -> Result<Manifest, Vec<String>> {
    let read = Manifest::parse("modules/greeter/module.toml", text.as_bytes());
    read.map_err(|list| {
        let shown = |d: &Diagnostic| match &d.help {
            Some(help) => format!("{} ({help})", d.line()),
            None => d.line(),
        };
        list.iter().map(shown).collect()
    })
}

/// The good manifest with some text changed is refused, and one finding says this.
#[track_caller]
fn refused(from: &str, to: &str, says: &str) {
    assert!(GOOD.contains(from), "there is no {from}");
    let findings = read(&GOOD.replacen(from, to, 1)).expect_err("it must be refused");
    assert!(
        findings.iter().any(|finding| finding.contains(says)),
        "{findings:#?} do not say {says:?}"
    );
}

#[test]
fn a_good_manifest_becomes_types_and_a_schema() {
    let manifest = read(GOOD).unwrap();
    assert_eq!(
        (&*manifest.name, manifest.world),
        ("greeter", World::Service)
    );
    assert_eq!(manifest.code.state_version, 3);
    assert_eq!(manifest.code.build, "cordboard-rust");
    assert_eq!(manifest.limits.memory_mb, 32);
    assert_eq!(manifest.limits.cpu, Duration::from_millis(20));
    assert_eq!(manifest.limits.instances, 200, "the default");
    assert_eq!(
        manifest.operation("greet-all").unwrap().permission,
        "supervisors"
    );
    let schema = manifest.schema();
    assert_eq!(schema.manifest, "modules/greeter/module.toml");
    let step = &schema.steps["greet"];
    assert!(step.positional[0].required);
    let default = |name: &str| step.field(name).unwrap().default.clone().unwrap();
    assert_eq!(
        default("timeout"),
        FieldValue::Duration(Duration::from_secs(90))
    );
    assert_eq!(default("tries"), FieldValue::Number(3));
    assert_eq!(default("mood"), FieldValue::Text("calm".into()));
    let FieldKind::Block(fields) = &schema.settings[0].kind else {
        panic!("a block");
    };
    assert_eq!(fields[1].kind, FieldKind::Secret);
    assert_eq!(schema.asks[0].what, "https://*.example.com/*");
    assert_eq!(manifest.asks[0].line, 46);
}

#[test]
fn every_mistake_is_told_at_once_with_its_place_and_the_word_meant() {
    let text = GOOD
        .replace("about = \"Greets\"", "abuot = \"Greets\"")
        .replace("kind = \"wasm\"", "kind = \"wasn\"")
        .replace("type = \"prompt\"", "type = \"promt\"")
        .replace("cpu-ms = 20", "cpu-ms = \"20\"");
    let findings = read(&text).unwrap_err();
    assert_eq!(findings.len(), 4, "{findings:#?}");
    assert_eq!(
        findings[0],
        "modules/greeter/module.toml:6:8: no kind `wasn` (did you mean `wasm`?)"
    );
    assert_eq!(
        findings[1],
        "modules/greeter/module.toml:8:1: `abuot` is no key of a manifest (did you mean `about`?)"
    );
    assert!(findings[2].contains(":19:10: this is a text; a whole number is wanted"));
    assert!(findings[3].contains("did you mean `prompt`?"));
}

#[test]
fn another_contract_is_refused_by_both_numbers() {
    refused(
        "contract = \"0.1\"",
        "contract = \"0.2\"",
        "needs contract 0.2, this switch has 0.1",
    );
    refused(
        "contract = \"0.1\"",
        "contract = \"1.0.0\"",
        "needs contract 1.0",
    );
    refused("contract = \"0.1\"", "contract = \"x\"", "is no version");
    refused("contract = \"0.1\"\n", "", "`contract` is missing");
    read(&GOOD.replace("contract = \"0.1\"", "contract = \"0.1.7\"")).unwrap();
}

#[test]
fn an_entry_cannot_point_out_of_its_folder() {
    for path in [
        "../secret.wasm",
        "a/../../b.wasm",
        "/etc/x.wasm",
        "a//b.wasm",
        "./a.wasm",
        ".hidden.wasm",
        "a\\\\..\\\\b.wasm",
        "a/.../x.wasm",
        "C:x.wasm",
        "~/x.wasm",
        "",
    ] {
        refused("out/greeter.wasm", path, "leads elsewhere");
    }
    refused("out/greeter.wasm", "greeter.so", "does not end in `.wasm`");
    refused("out/greeter.wasm", "x\\u0000.wasm", "control character");
}

#[test]
fn limits_have_limits() {
    refused("memory-mb = 32", "memory-mb = 99999999999", "1 to 1024");
    refused("memory-mb = 32", "memory-mb = 0", "1 to 1024");
    refused("memory-mb = 32", "memory-mb = -1", "1 to 1024");
    refused("cpu-ms = 20", "cpu-ms = 60000", "1 to 1000");
    refused("cpu-ms = 20", "instances = 1000000", "1 to 10000");
    refused(
        "cpu-ms = 20",
        "cpu-ms = 99999999999999999999999",
        "1 to 1000",
    );
}

#[test]
fn names_are_nobody_elses() {
    refused(
        "name = \"greet\"",
        "name = \"play\"",
        "is a step of the switch itself",
    );
    refused("name = \"greet\"", "name = \"Greet\"", "cannot be a name");
    refused(
        "name = \"greeter\"",
        "name = \"call\"",
        "the switch's own topics",
    );
    refused("name = \"greeter\"", "name = \"a/b\"", "cannot be a name");
    let long = format!("name = \"{}\"", "x".repeat(1 << 17));
    refused(
        "name = \"greeter\"",
        &long,
        "131072 bytes; 2000 is the most",
    );
    refused(
        "publish = [\"caller-greeted\"]",
        "publish = [\"call.ended\"]",
        "of its own",
    );
    refused(
        "[[operation]]",
        "[[step]]\nname = \"greet\"\n[[operation]]",
        "a second step `greet`",
    );
    refused(
        "capability = \"http\"",
        "capability = \"root\"",
        "no capability `root`",
    );
}

#[test]
fn ten_thousand_steps_a_huge_file_and_no_text_are_refused_quickly() {
    let steps: String = (0..4_000)
        .map(|n| format!("[[step]]\nname = \"s{n}\"\n"))
        .collect();
    let findings = read(&format!("{GOOD}{steps}")).unwrap_err();
    assert!(
        findings[0].contains("4001 of `step`; 200 is the most"),
        "{findings:?}"
    );
    let huge = format!("{GOOD}# {}\n", "x".repeat(MANIFEST_BYTES_MAX));
    assert!(read(&huge).unwrap_err()[0].contains("262144 is the most"));
    let wrong = Manifest::parse("m.toml", b"name = \"a\"\nversion = \"\xff\"").unwrap_err();
    assert!(wrong[0].message.contains("line 2 is not UTF-8"));
    let deep = format!("x = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&deep).is_err());
}

#[test]
fn a_world_has_no_more_than_its_own() {
    refused(
        "world = \"service\"",
        "world = \"router\"",
        "a router hears no events",
    );
    refused(
        "world = \"service\"",
        "world = \"reporter\"",
        "a reporter has no steps",
    );
    refused(
        "world = \"service\"",
        "world = \"call-script\"",
        "a call-script has no state",
    );
    let native = GOOD
        .replace("kind = \"wasm\"", "kind = \"native\"")
        .replace("greeter.wasm", "greeter.so");
    assert!(read(&native).unwrap_err()[0].contains("asks for the capability `native`"));
    // Time by the clock: it may be longer than a sandbox's time of computing.
    let slow = native.replace("cpu-ms = 20", "cpu-ms = 60000");
    assert_eq!(read(&slow).unwrap_err().len(), 1, "cpu-ms is good");
}

#[test]
fn defaults_are_of_their_type() {
    refused("default = 0x3", "default = 12", "1 to 9");
    refused(
        "default = \"calm\"",
        "default = \"clam\"",
        "did you mean `calm`?",
    );
    refused("default = \"1m30s\"", "default = \"90\"", "is no time");
    refused("default = \"1m30s\"", "default = \"900h\"", "is no time");
    refused(
        "type = \"prompt\"",
        "type = \"prompt\", min = 1",
        "belongs to the type `number`",
    );
    refused(
        "required = true }]\nnamed",
        "required = true, default = \"x\" }]\nnamed",
        "one of them",
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", at in 0usize..GOOD.len(), cut in 0usize..40) {
        let _ = Manifest::parse("m.toml", text.as_bytes());
        let mut bytes = GOOD.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, text.bytes().take(20));
        let _ = Manifest::parse("m.toml", &bytes);
    }
}
