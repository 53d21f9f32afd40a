//! What a module says of itself, as far as a dialplan must know it to be checked.
//!
//! The host reads it from a module's manifest; a dialplan's `module`, `grant`, `config` and
//! `<module>.<step>` nodes are checked against it, so that a wrong argument of somebody else's
//! step is shown like one of our own. This room never learns what a module does.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::route::Place;
use crate::template::Template;

/// One module that a tenant's dialplan may load.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleSchema {
    /// Name of the folder or package, 1 to 63 of `a-z 0-9 -`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// World of the contract, `service`.
    pub world: String,
    /// `wasm`, `lua` or `native`.
    pub kind: String,
    /// Steps that routes may take, by name.
    pub steps: BTreeMap<String, StepSchema>,
    /// What it asks for; the tenant grants some of it.
    pub asks: Vec<Ask>,
    /// Its settings.
    pub settings: Vec<Field>,
    /// Where it stands, for messages: `modules/queue/module.toml`.
    pub manifest: String,
}

/// A step that a module offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepSchema {
    /// One sentence.
    pub about: String,
    /// What stands without a name, in order; the last may be a list.
    pub positional: Vec<Field>,
    /// Properties.
    pub named: Vec<Field>,
    /// Outcomes that `on` may name; others are mistakes unless `any_outcome`.
    pub outcomes: Vec<String>,
    /// The step's outcomes are the writer's (digits of a menu).
    pub any_outcome: bool,
}

/// A named value of a step or of the settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, `a-z 0-9 -`.
    pub name: String,
    /// What it may be.
    pub kind: FieldKind,
    /// True when it must be given.
    pub required: bool,
    /// True when several values may be given.
    pub list: bool,
    /// Taken where none is given.
    pub default: Option<FieldValue>,
    /// One sentence.
    pub about: String,
}

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldKind {
    /// Any text; in steps a template.
    Text,
    /// A whole number within bounds.
    Number {
        /// Least.
        min: i64,
        /// Most.
        max: i64,
    },
    /// `#true` or `#false`.
    Flag,
    /// `"20s"`.
    Duration,
    /// One of these words.
    Word(Vec<String>),
    /// A prompt of the tenant.
    Prompt,
    /// A route of the tenant.
    Route,
    /// A user of the tenant.
    User,
    /// A trunk of the tenant.
    Trunk,
    /// A file beside the dialplan, which `grant file` must name.
    File,
    /// A named secret, `(secret)"crm-token"`: settings only.
    Secret,
    /// A nested block of these fields, in settings only: `queue sales { strategy longest-idle }`.
    Block(Vec<Field>),
}

/// A checked value. In steps text is a template until the step runs.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// Text, word, prompt, route, user, trunk, file.
    Text(String),
    /// Text with `{...}` in it.
    Template(Template),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A time.
    Duration(Duration),
    /// Name of a secret; its value is never here.
    Secret(String),
    /// Several.
    List(Vec<FieldValue>),
    /// Nested settings, by name of the field.
    Block(BTreeMap<String, FieldValue>),
    /// Nested settings with a name of their own, `queue sales { }`: by that name.
    Named(BTreeMap<String, BTreeMap<String, FieldValue>>),
}

/// A capability with its bounds: asked by a manifest, granted by a dialplan, capped by the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// `http`, `store`, `events`, `calls`, `file`, `trunk`, `start-call`, `native`.
    pub capability: String,
    /// What of it: a URL pattern, a topic, a file, a trunk; empty is the whole.
    pub what: String,
    /// Why, for whoever grants it.
    pub reason: String,
}

/// A `module` node of a dialplan.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// Its name in this tenant: the prefix of its steps and topics.
    pub name: String,
    /// Which module, by the schema's name.
    pub source: String,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Its settings, complete with defaults.
    pub settings: BTreeMap<String, FieldValue>,
    /// Where it stands.
    pub place: Place,
}

/// A `grant` line.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// `http`, `store` ...
    pub capability: String,
    /// What of it; empty is the whole.
    pub what: String,
    /// `methods` of http, upper case; empty is GET, HEAD and POST.
    pub methods: Vec<String>,
    /// Most requests, starts or events a second.
    pub rate_per_second: Option<u32>,
    /// Most bytes of an answer or value.
    pub size_bytes: Option<u64>,
    /// Private and loopback addresses are meant.
    pub private: bool,
    /// Where it stands.
    pub place: Place,
}

/// A step of a module in a route.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleStep {
    /// The module's name in this tenant.
    pub module: String,
    /// The step.
    pub step: String,
    /// Arguments by name, complete with defaults; positional ones under their field's name.
    pub arguments: BTreeMap<String, FieldValue>,
    /// Outcomes that the step's `on` branches name.
    pub outcomes: Vec<String>,
}
