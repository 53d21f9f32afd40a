//! A module that has every kind of argument and setting, for fuzzing and for stories.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::schema::{Ask, Field, FieldKind, FieldValue, ModuleSchema, StepSchema};

/// A field that need not be given.
pub(crate) fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.into(),
        kind,
        required: false,
        list: false,
        default: None,
        about: String::new(),
    }
}

fn required(name: &str, kind: FieldKind) -> Field {
    Field {
        required: true,
        ..field(name, kind)
    }
}

fn list(name: &str, kind: FieldKind) -> Field {
    Field {
        list: true,
        ..field(name, kind)
    }
}

fn ask(capability: &str, what: &str, reason: &str) -> Ask {
    Ask {
        capability: capability.into(),
        what: what.into(),
        reason: reason.into(),
    }
}

fn words(all: &[&str]) -> FieldKind {
    FieldKind::Word(all.iter().map(|w| (*w).to_string()).collect())
}

fn outcomes(all: &[&str]) -> Vec<String> {
    all.iter().map(|w| (*w).to_string()).collect()
}

/// The module `desk`: steps `enter`, `menu`, `look-up`; asks for http, the store and a file.
pub(crate) fn module() -> Arc<ModuleSchema> {
    let timeout = Field {
        default: Some(FieldValue::Duration(Duration::from_secs(600))),
        ..field("timeout", FieldKind::Duration)
    };
    let enter = StepSchema {
        about: "Puts the caller into a line".into(),
        positional: vec![required("line", FieldKind::Text)],
        named: vec![
            timeout,
            field("priority", FieldKind::Number { min: 0, max: 10 }),
            field("music", FieldKind::Prompt),
            field("overflow", FieldKind::Route),
            field("early", FieldKind::Flag),
            field("order", words(&["longest-idle", "ring-all"])),
            list("skip", FieldKind::User),
            field("trunk", FieldKind::Trunk),
            field("table", FieldKind::File),
            field("of", FieldKind::Named("line".into())),
        ],
        outcomes: outcomes(&["answered", "timeout", "closed"]),
        any_outcome: false,
    };
    let menu = StepSchema {
        positional: vec![list("prompts", FieldKind::Prompt)],
        named: vec![required("digits", FieldKind::Number { min: 1, max: 9 })],
        any_outcome: true,
        ..StepSchema::default()
    };
    let steps = [
        ("enter", enter),
        ("menu", menu),
        ("look-up", StepSchema::default()),
    ];
    let member = vec![
        field("name", FieldKind::User),
        required("level", FieldKind::Number { min: 1, max: 9 }),
    ];
    let line = vec![
        Field {
            default: Some(FieldValue::Text("longest-idle".into())),
            ..field("strategy", words(&["longest-idle", "ring-all"]))
        },
        field("announce", FieldKind::Prompt),
        list("member", FieldKind::Block(member)),
        list("after", FieldKind::Named("line".into())),
    ];
    let hours = vec![Field {
        default: Some(FieldValue::Flag(true)),
        ..field("strict", FieldKind::Flag)
    }];
    Arc::new(ModuleSchema {
        name: "desk".into(),
        version: "1.2.3".into(),
        world: "service".into(),
        kind: "wasm".into(),
        steps: BTreeMap::from(steps.map(|(name, step)| (name.to_string(), step))),
        asks: vec![
            ask("http", "https://*", "the address is in the settings"),
            ask("store", "", ""),
            ask("file", "*", "tables of numbers"),
        ],
        settings: vec![
            required("base", FieldKind::Text),
            field("token", FieldKind::Secret),
            list("tags", FieldKind::Text),
            field("table", FieldKind::File),
            list("line", FieldKind::Block(line)),
            field("hours", FieldKind::Block(hours)),
        ],
        manifest: "modules/desk/module.toml".into(),
    })
}
