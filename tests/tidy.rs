//! The style rules that a machine can check: first lines, sizes, names, floors, unsafe files.
//!
//! Each test lists every offender with file and line, so one run shows all there is to mend.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 500;
const TEST_LINES_MAX: usize = 1000;

/// Files that may hold `unsafe`, each for system calls or foreign interfaces.
const UNSAFE_FILES: &[&str] = &[
    "core/host/src/native/abi.rs",
    "core/host/src/native/child.rs",
    "core/host/src/native/link.rs",
    "core/host/src/native/room.rs",
    "core/host/src/native/tests.rs",
    "core/host/src/wasm/bindings.rs",
    "core/host/src/wasm/compile.rs",
    "core/node/src/mailbox.rs",
    "core/node/src/poll.rs",
    "core/node/src/process.rs",
    "core/node/src/sockets/udp.rs",
    "core/node/src/media_thread/epoll.rs",
    "core/node/src/media_thread/sys.rs",
    "core/node/src/media_thread/uring.rs",
    "sdk/native/rust/src/border.rs",
    "sdk/native/rust/src/export.rs",
    "sdk/rust/src/abi.rs",
    "sdk/rust/src/bindings.rs",
    "sdk/rust/src/memory.rs",
];

/// Which of our crates each crate may use: the floors.
const FLOORS: &[(&str, &[&str])] = &[
    ("sip", &[]),
    ("media", &[]),
    ("call", &["sip", "media"]),
    ("dialplan", &[]),
    ("bus", &[]),
    ("store", &[]),
    ("steps", &["call", "dialplan", "sip", "media"]),
    ("host", &["steps", "call", "dialplan", "bus", "store"]),
    (
        "node",
        &[
            "sip", "media", "call", "dialplan", "bus", "store", "steps", "host",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn files(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                files(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn sources() -> BTreeMap<String, String> {
    let root = root();
    let mut found = Vec::new();
    for room in ["core", "modules", "sdk", "tests"] {
        files(&root.join(room), ".rs", &mut found);
    }
    found
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn is_test(name: &str) -> bool {
    name.starts_with("tests/") || name.ends_with("/tests.rs") || name.contains("/tests/")
}

#[track_caller]
fn none(offenders: Vec<String>) {
    assert!(offenders.is_empty(), "\n{}", offenders.join("\n"));
}

#[test]
fn every_file_opens_with_its_story() {
    none(
        sources()
            .into_iter()
            .filter(|(_, text)| !text.starts_with("//!"))
            .map(|(name, _)| format!("{name}:1: begin with `//!` lines that say what it is"))
            .collect(),
    );
}

#[test]
fn files_are_small_enough_to_see() {
    none(
        sources()
            .into_iter()
            .filter(|(_, text)| {
                !text
                    .lines()
                    .take(2)
                    .any(|line| line.contains("tidy: table"))
            })
            .filter_map(|(name, text)| {
                let most = if is_test(&name) {
                    TEST_LINES_MAX
                } else {
                    FILE_LINES_MAX
                };
                let lines = text.lines().count();
                (lines > most)
                    .then(|| format!("{name}: {lines} lines, {most} are allowed: split by noun"))
            })
            .collect(),
    );
}

#[test]
fn names_say_what_things_are() {
    let mut offenders = Vec::new();
    for (name, text) in sources() {
        let stem = Path::new(&name)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if [
            "util", "utils", "helper", "helpers", "common", "misc", "manager",
        ]
        .contains(&stem.as_str())
        {
            offenders.push(format!("{name}: name the file for its one noun"));
        }
        for (at, line) in text.lines().enumerate() {
            if let Some(item) = declared(line)
                && ["Manager", "Helper", "Util"]
                    .iter()
                    .any(|bad| item.contains(bad))
            {
                offenders.push(format!("{name}:{}: `{item}` says nothing", at + 1));
            }
        }
    }
    none(offenders);
}

/// The name that a line declares, if it declares one.
fn declared(line: &str) -> Option<&str> {
    let line = line
        .trim_start()
        .trim_start_matches("pub ")
        .trim_start_matches("pub(crate) ");
    let rest = [
        "struct ",
        "enum ",
        "trait ",
        "fn ",
        "mod ",
        "type ",
        "const fn ",
        "async fn ",
    ]
    .iter()
    .find_map(|kind| line.strip_prefix(kind))?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    rest.get(..end)
}

#[test]
fn core_knows_no_business() {
    let words = [
        "queue",
        "agent",
        "ivr",
        "voicemail",
        "campaign",
        "customer",
        "crm",
    ];
    let hit = |text: &str| {
        let low = text
            .to_lowercase()
            .replace("user_agent", "")
            .replace("useragent", "");
        low.split(|c: char| !c.is_alphabetic())
            .any(|part| words.contains(&part))
            || words
                .iter()
                .any(|word| low.split('_').any(|part| part == *word))
    };
    let mut offenders = Vec::new();
    for (name, text) in sources()
        .into_iter()
        .filter(|(name, _)| name.starts_with("core/"))
    {
        if hit(&name.replace(['/', '.'], " ")) {
            offenders.push(format!("{name}: a file under core/ is named for business"));
        }
        if is_test(&name) {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            if let Some(item) = declared(line)
                && hit(&snake(item))
            {
                offenders.push(format!(
                    "{name}:{}: `{item}` is business, which modules know",
                    at + 1
                ));
            }
        }
    }
    none(offenders);
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[test]
fn unsafe_stays_in_named_files() {
    none(
        sources()
            .into_iter()
            .filter(|(name, text)| {
                !UNSAFE_FILES.contains(&name.as_str())
                    && text.lines().any(|l| {
                        l.trim_start().starts_with("#![allow(unsafe_code)]")
                            || l.contains("allow(unsafe_code")
                    })
                    && name != "tests/tidy.rs"
            })
            .map(|(name, _)| format!("{name}: allows unsafe code and is not on the list"))
            .collect(),
    );
}

#[test]
fn rooms_use_only_the_floors_beneath() {
    let mut offenders = Vec::new();
    for (room, may) in FLOORS {
        let text = fs::read_to_string(root().join(format!("core/{room}/Cargo.toml"))).unwrap();
        let uses = text.split("[dev-dependencies]").next().unwrap();
        for line in uses.lines() {
            if let Some(name) = line
                .strip_prefix("cordboard-")
                .and_then(|l| l.split(['.', ' ', '=']).next())
                && name != *room
                && !may.contains(&name)
            {
                offenders.push(format!("core/{room}/Cargo.toml: {room} may not use {name}"));
            }
        }
    }
    none(offenders);
}

#[test]
fn pure_rooms_touch_no_world() {
    let banned = [
        "tokio::",
        "std::net::UdpSocket",
        "std::net::Tcp",
        "std::fs::",
        "Instant::now",
        "SystemTime::now",
        "std::thread",
    ];
    let mut offenders = Vec::new();
    for (name, text) in sources() {
        let pure = [
            "core/sip/src",
            "core/media/src",
            "core/call/src",
            "core/dialplan/src",
            "core/steps/src",
        ];
        if !pure.iter().any(|room| name.starts_with(room)) || is_test(&name) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (at, line) in code
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim_start().starts_with("//"))
        {
            for word in banned.iter().filter(|word| line.contains(**word)) {
                offenders.push(format!("{name}:{}: `{word}` in a pure room", at + 1));
            }
        }
    }
    none(offenders);
}

#[test]
fn nothing_else_stands_at_the_top() {
    let may = [
        "Cargo.toml",
        "Cargo.lock",
        "core",
        "modules",
        "scripts",
        "dialplans",
        "sdk",
        "tests",
        "README.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "target",
    ];
    none(
        fs::read_dir(root())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.') && !may.contains(&name.as_str()))
            .map(|name| format!("{name}: does not belong at the top"))
            .collect(),
    );
}

#[test]
fn readme_is_short_enough_to_read() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(
        text.lines().count() <= 150,
        "README.md has more than 150 lines"
    );
}
