//! What a module says of itself, as far as a dialplan must know it to be checked.
//!
//! The host reads it from a module's manifest; a dialplan's `module`, `grant`, `config` and
//! `<module>.<step>` nodes are checked against it, so that a wrong argument of somebody else's
//! step is shown like one of our own. This room never learns what a module does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::route::Place;
use crate::template::Template;

/// The capabilities that a manifest may ask for and a dialplan may grant.
pub const CAPABILITIES: [&str; 8] = [
    "http",
    "store",
    "events",
    "calls",
    "file",
    "trunk",
    "start-call",
    "native",
];

/// First parts of the switch's own topics: no module may have such a name, since its topics could
/// be taken for the switch's.
pub const RESERVED_NAMES: [&str; 10] = [
    "call",
    "leg",
    "cdr",
    "recording",
    "module",
    "tenant",
    "node",
    "generation",
    "journal",
    "cordboard",
];

/// One module that a tenant's dialplan may load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepSchema {
    /// One sentence.
    pub about: String,
    /// What stands without a name, in order; the last may be a list.
    pub positional: Vec<Field>,
    /// Properties.
    pub named: Vec<Field>,
    /// Outcomes that it may end with, and `on` may name; others are mistakes unless `any_outcome`.
    /// None at all is `done`. `failed` and `other` need no declaration.
    pub outcomes: Vec<String>,
    /// The step's outcomes are the writer's (digits of a menu).
    pub any_outcome: bool,
}

/// A named value of a step or of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The name of a block in the module's own settings: of `queue` it is the `sales` of
    /// `config { queue "sales" { ... } }`.
    Named(String),
    /// A named secret, `(secret)"crm-token"`: settings only.
    Secret,
    /// A nested block of these fields, in settings only. Where the field is a `list`, each block has
    /// a name, `queue "sales" { strategy longest-idle }`; a field called `name` among these says
    /// what that name may be (a `user`, a `prompt` ...) and is not itself a setting.
    Block(Vec<Field>),
}

/// A checked value. In steps text, prompts, users and numbers may be templates until the step runs.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl FieldValue {
    /// The value as modules get it: durations in milliseconds, a secret as `{{secret:NAME}}`,
    /// which the host fills in after the module's last look. A template that is not filled in yet
    /// is its source.
    pub fn to_json(&self) -> Value {
        match self {
            FieldValue::Text(text) => Value::from(text.as_str()),
            FieldValue::Template(template) => Value::from(template.source()),
            FieldValue::Number(number) => Value::from(*number),
            FieldValue::Flag(flag) => Value::from(*flag),
            FieldValue::Duration(time) => {
                Value::from(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            }
            FieldValue::Secret(name) => Value::from(format!("{{{{secret:{name}}}}}")),
            FieldValue::List(values) => values.iter().map(FieldValue::to_json).collect(),
            FieldValue::Block(fields) => fields_to_json(fields),
            FieldValue::Named(blocks) => {
                let blocks = blocks.iter();
                blocks
                    .map(|(name, fields)| (name.clone(), fields_to_json(fields)))
                    .collect()
            }
        }
    }
}

/// Values by name as one JSON object: what `config.settings` gives, and a step's arguments.
pub fn fields_to_json(fields: &BTreeMap<String, FieldValue>) -> Value {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect()
}

/// A `module` node of a dialplan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Its name in this tenant: the prefix of its steps and topics.
    pub name: String,
    /// Which module, by the schema's name.
    pub source: String,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Its settings, complete with defaults; lists and named blocks that are not given are empty.
    pub settings: BTreeMap<String, FieldValue>,
    /// Where it stands.
    pub place: Place,
    /// What it was checked against.
    pub schema: Arc<ModuleSchema>,
}

impl Loaded {
    /// The settings as one JSON object.
    pub fn settings_json(&self) -> Value {
        fields_to_json(&self.settings)
    }

    /// The `grant` lines of one capability.
    pub fn granted<'g>(&'g self, capability: &'g str) -> impl Iterator<Item = &'g Grant> {
        self.grants
            .iter()
            .filter(move |g| g.capability == capability)
    }
}

/// A `grant` line.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl StepSchema {
    /// The field of an argument, positional or named.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let mut fields = self.positional.iter().chain(&self.named);
        fields.find(|field| field.name == name)
    }

    /// True for an outcome that the step may end with.
    pub fn may_end_with(&self, outcome: &str) -> bool {
        self.any_outcome
            || outcome == "failed"
            || self.outcomes.iter().any(|o| o == outcome)
            || (self.outcomes.is_empty() && outcome == "done")
    }
}

/// A step of a module in a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleStep {
    /// The step as it is written, `queue.enter`.
    pub name: String,
    /// The module's name in this tenant.
    pub module: String,
    /// The step.
    pub step: String,
    /// Arguments by name, complete with defaults; positional ones under their field's name.
    pub arguments: BTreeMap<String, FieldValue>,
    /// Outcomes that the step's `on` branches name, in order, without `failed` and `other`: for a
    /// step of `any_outcome`, such as keys of a menu, these are what it may end with.
    pub outcomes: Vec<String>,
}
