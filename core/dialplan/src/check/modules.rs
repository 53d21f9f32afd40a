//! Modules in a dialplan: the `module` node with its grants and settings, and the steps that
//! modules offer. All of it is read by the module's schema, which the host made of its manifest.
//!
//! A step may stand in another file than its `module`, so all files' `module` lines are gathered
//! before any file is read ([`Modules`]); a file that uses modules is read again when what they
//! offer has changed ([`Modules::sum`]), another one never.

mod declare;
mod grant;
mod setting;
mod step;
mod value;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use super::Known;
use crate::file::tree::ValueKind;
use crate::file::{Node, hash};
use crate::schema::{ModuleSchema, StepSchema};

pub(super) use declare::{module, trust};
pub(crate) use grant::read_rate;
pub(super) use step::{check_canned, near_step, step};

/// What one file says of modules, before it is read as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    /// Names of its `module` nodes, and of the modules that these load.
    pub(crate) declared: Vec<(String, String)>,
    /// It has nodes whose meaning depends on modules.
    pub(crate) uses: bool,
}

impl Outline {
    /// Looks for `module` nodes, steps of modules, and lines of tests about them.
    pub(crate) fn of(nodes: &[Node]) -> Outline {
        let mut out = Outline::default();
        for node in nodes {
            let text = |value: Option<&crate::file::tree::Value>| match value.map(|v| &v.kind) {
                Some(ValueKind::Text(text)) => Some(text.clone()),
                _ => None,
            };
            if node.name == "module"
                && let Some(name) = text(node.arguments.first())
            {
                let src = node.properties.iter().find(|p| p.name == "src");
                let src = text(src.map(|p| &p.value)).unwrap_or_else(|| name.clone());
                out.declared.push((name, src));
            }
            out.uses |= uses(node);
        }
        out
    }
}

/// True for a `module` node, a step with a dot in its name, a `step` line of a test, and what holds
/// one of these.
fn uses(node: &Node) -> bool {
    let own = node.name.contains('.') || matches!(&*node.name, "module" | "step");
    own || node.children.iter().flatten().any(uses)
}

/// The modules that a tenant's files load, by their names here.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    /// The schema; none where no such module exists, which is said at its node.
    by_name: BTreeMap<String, Option<Arc<ModuleSchema>>>,
    /// Modules that could be loaded.
    known: BTreeMap<String, Arc<ModuleSchema>>,
    /// False when a file could not be read, so that a `module` line may be missing.
    pub(crate) whole: bool,
    /// Hash of all this; nothing where there are no modules.
    pub(crate) sum: Option<[u8; 32]>,
}

impl Modules {
    /// Gathers what the files declare.
    pub(crate) fn gather<'o>(
        outlines: impl Iterator<Item = &'o Outline>,
        known: &Known,
        whole: bool,
    ) -> Modules {
        let mut by_name = BTreeMap::new();
        for (name, source) in outlines.flat_map(|o| &o.declared) {
            let schema = known.modules.get(source).cloned();
            // A second module of the name is a mistake that is said when files are joined.
            by_name.entry(name.clone()).or_insert(schema);
        }
        let mut text = format!("{whole}\n");
        for (name, schema) in &by_name {
            let _ = writeln!(text, "{name} {schema:?}");
        }
        for name in known.modules.keys() {
            let _ = writeln!(text, "{name}");
        }
        let some = !(by_name.is_empty() && known.modules.is_empty());
        Modules {
            by_name,
            known: known.modules.clone(),
            whole,
            sum: some.then(|| hash(&text)),
        }
    }

    /// What a step `module.step` finds.
    pub(crate) fn find(&self, module: &str, step: &str) -> Lookup<'_> {
        let Some(schema) = self.by_name.get(module) else {
            return Lookup::NoModule;
        };
        let Some(schema) = schema else {
            return Lookup::Broken;
        };
        match schema.steps.get(step) {
            Some(step) => Lookup::Step(step),
            None => Lookup::NoStep(schema),
        }
    }

    /// Every step that routes may take: `queue.enter`.
    pub(crate) fn steps(&self) -> impl Iterator<Item = String> {
        let loaded = self.by_name.iter();
        loaded.flat_map(|(name, schema)| {
            let steps = schema.iter().flat_map(|s| s.steps.keys());
            steps.map(move |step| format!("{name}.{step}"))
        })
    }

    /// Names that are loaded.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }

    /// Modules that could be loaded.
    pub(crate) fn known(&self) -> &BTreeMap<String, Arc<ModuleSchema>> {
        &self.known
    }
}

/// Says of which module the names are that were read just now.
pub(super) fn own_names(sink: &mut super::sink::Sink, module: &str) {
    let unsaid = sink.module_names.iter_mut().filter(|n| n.module.is_empty());
    unsaid.for_each(|name| name.module = module.to_string());
}

/// What there is under a step's name.
pub(crate) enum Lookup<'m> {
    /// The step.
    Step(&'m StepSchema),
    /// Its module has no such step.
    NoStep(&'m ModuleSchema),
    /// No such module is loaded.
    NoModule,
    /// Its `module` node is wrong, which is said there.
    Broken,
}

#[cfg(test)]
mod tests;
