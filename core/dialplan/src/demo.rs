//! The demo tenant and the machine's file that are shipped pass their own checks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::schema::{Ask, Field, FieldKind, FieldValue, ModuleSchema, StepSchema};
use crate::{Cache, Known, Source, check_ceiling, format, load, load_node, render};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files of a folder with one of these endings, by name.
fn files(folder: &str, endings: &[&str]) -> BTreeMap<String, PathBuf> {
    let all = fs::read_dir(root().join(folder)).unwrap();
    let named = all.map(|entry| {
        let path = entry.unwrap().path();
        (
            path.file_name().unwrap().to_string_lossy().into_owned(),
            path,
        )
    });
    named
        .filter(|(name, _)| endings.iter().any(|ending| name.ends_with(ending)))
        .collect()
}

/// Names of files without their ending.
fn stems(folder: &str, ending: &str) -> Vec<String> {
    let names = files(folder, &[ending]).into_keys();
    names
        .filter_map(|name| name.strip_suffix(ending).map(String::from))
        .collect()
}

fn demo() -> Vec<(String, String)> {
    let files = files("dialplans/demo", &[".kdl", ".csv"]);
    files
        .into_iter()
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .collect()
}

fn node() -> String {
    fs::read_to_string(root().join("dialplans/_node.kdl")).unwrap()
}

fn known() -> Known {
    let prompts = stems("dialplans/demo/prompts", ".wav");
    let scripts = stems("scripts", ".lua");
    let known = Known::of(
        prompts.iter().map(String::as_str),
        scripts.iter().map(String::as_str),
    );
    let folders = fs::read_dir(root().join("modules")).unwrap();
    let manifests = folders.map(|folder| folder.unwrap().path().join("module.toml"));
    known.with_modules(manifests.filter(|m| m.is_file()).map(|path| {
        let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        Arc::new(schema(&manifest))
    }))
}

fn text(table: &toml::Table, key: &str) -> String {
    let value = table.get(key).and_then(|v| v.as_str());
    value.unwrap_or_default().to_string()
}

fn tables<'t>(table: &'t toml::Table, key: &str) -> impl Iterator<Item = &'t toml::Table> {
    let list = table.get(key).and_then(|v| v.as_array());
    list.into_iter().flatten().filter_map(|v| v.as_table())
}

fn words(table: &toml::Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(|v| v.as_array());
    let words = list.into_iter().flatten().filter_map(|v| v.as_str());
    words.map(String::from).collect()
}

/// A manifest that the host has accepted, as far as the demo needs it here.
fn schema(manifest: &toml::Table) -> ModuleSchema {
    let step = |table: &toml::Table| StepSchema {
        about: text(table, "about"),
        positional: tables(table, "positional").map(field).collect(),
        named: tables(table, "named").map(field).collect(),
        outcomes: words(table, "outcomes"),
        any_outcome: table.get("any-outcome").and_then(|v| v.as_bool()) == Some(true),
    };
    let ask = |table: &toml::Table| Ask {
        capability: text(table, "capability"),
        what: text(table, "what"),
        reason: text(table, "reason"),
    };
    let name = text(manifest, "name");
    ModuleSchema {
        manifest: format!("modules/{name}/module.toml"),
        name,
        version: text(manifest, "version"),
        world: text(manifest, "world"),
        kind: text(manifest, "kind"),
        steps: tables(manifest, "step")
            .map(|table| (text(table, "name"), step(table)))
            .collect(),
        asks: tables(manifest, "ask").map(ask).collect(),
        settings: tables(manifest, "setting").map(field).collect(),
    }
}

fn field(table: &toml::Table) -> Field {
    let flag = |key: &str| table.get(key).and_then(|v| v.as_bool()) == Some(true);
    let number = |key: &str| table.get(key).and_then(|v| v.as_integer());
    let kind = match &*text(table, "type") {
        "number" => FieldKind::Number {
            min: number("min").unwrap_or(0),
            max: number("max").unwrap_or(i64::MAX),
        },
        "flag" => FieldKind::Flag,
        "duration" => FieldKind::Duration,
        "word" => FieldKind::Word(words(table, "words")),
        "prompt" => FieldKind::Prompt,
        "route" => FieldKind::Route,
        "user" => FieldKind::User,
        "trunk" => FieldKind::Trunk,
        "file" => FieldKind::File,
        "named" => FieldKind::Named(text(table, "of")),
        "secret" => FieldKind::Secret,
        "block" => FieldKind::Block(tables(table, "fields").map(field).collect()),
        _ => FieldKind::Text,
    };
    let default = table.get("default").map(|v| match (&kind, v) {
        (FieldKind::Duration, toml::Value::String(text)) => {
            FieldValue::Duration(crate::check::duration::parse_duration(text).unwrap())
        }
        (_, toml::Value::String(text)) => FieldValue::Text(text.clone()),
        (_, toml::Value::Integer(number)) => FieldValue::Number(*number),
        (_, toml::Value::Boolean(flag)) => FieldValue::Flag(*flag),
        (_, other) => panic!("{other:?}"),
    });
    Field {
        name: text(table, "name"),
        kind,
        required: flag("required"),
        list: flag("list"),
        default,
        about: text(table, "about"),
    }
}

#[test]
fn the_demo_tenant_passes_its_checks_and_stays_under_its_ceiling() {
    let files = demo();
    let source = Source::of(files.iter().map(|(name, text)| (&**name, &**text)));
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
    let node = load_node("_node.kdl", &node()).unwrap();
    assert!(node.warnings.is_empty());
    let ceiling = node.settings.ceiling("demo").unwrap();
    assert_eq!(check_ceiling(&loaded.dialplan, ceiling), []);
}

#[test]
fn the_shipped_files_are_laid_out_as_fmt_would() {
    let own = demo()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".kdl"));
    for (file, text) in own.chain([("_node.kdl".to_string(), node())]) {
        assert_eq!(format(&file, &text).unwrap(), text, "{file}");
    }
}

/// What people write, held against the manifests of the modules that come with the switch.
#[test]
fn the_modules_that_come_with_the_switch_take_the_routes_that_people_write() {
    let text = r#"
tenant acme domain="acme.example"
user alice
user bob
module crm {
    grant http "https://crm.example.com/*" rate="50/s"
    grant store
    config base="https://crm.example.com" token=(secret)"crm-token" {
        field "name" path="full_name"
    }
}
module ivr
module queue {
    config {
        queue "sales" strategy=longest-idle wrap-up="5s" {
            agents alice bob
            tier "2" { agents bob; after "30s" }
        }
    }
}
did "+441" {
    crm.look-up timeout="300ms" {
        on found { set greeting="{var.crm.name}" }
    }
    ivr.menu prompt=welcome digits=1 {
        on "1" { queue.enter SALES priority="{var.crm.priority}" { on timeout { hangup } } }
        on timeout { hangup }
    }
    else { hangup cause=busy }
}
"#;
    let mut cache = Cache::new();
    let good = text.replace("SALES", "sales");
    let source = Source::of([("main.kdl", &*good)]);
    let loaded = match load(&source, &known(), &mut cache) {
        Ok(loaded) => loaded,
        Err(findings) => panic!("{}", render(&findings, &source, false)),
    };
    let serious: Vec<_> = loaded
        .warnings
        .iter()
        .filter(|w| w.severity < crate::Severity::Note)
        .collect();
    assert!(serious.is_empty(), "{serious:?}");
    assert_eq!(loaded.dialplan.modules.len(), 3);
    let wrong = text.replace("SALES", "salse");
    let source = Source::of([("main.kdl", &*wrong)]);
    let findings = load(&source, &known(), &mut cache).unwrap_err();
    let errors = findings
        .iter()
        .filter(|f| f.severity == crate::Severity::Error);
    let errors: Vec<String> = errors.map(|f| f.message.clone()).collect();
    assert_eq!(
        errors,
        ["no queue is called `salse` in the settings of `queue`"]
    );
    assert!(render(&findings, &source, false).contains("did you mean `sales`?"));
}
