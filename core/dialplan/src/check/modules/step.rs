//! A step of a module in a route: `queue.enter sales timeout="5m" { on timeout { ... } }`.

use std::collections::{BTreeMap, BTreeSet};

use super::Lookup;
use super::value::{Wanted, Where, read, read_list, read_property};
use crate::check::codes;
use crate::check::fields::Found;
use crate::check::sink::Sink;
use crate::check::steps::branches::{Outcomes, branches};
use crate::check::words::{STEPS, nearest, suggestion};
use crate::file::Node;
use crate::file::tree::Span;
use crate::route::{Branch, StepKind};
use crate::schema::{Field, FieldKind, FieldValue, ModuleStep, StepSchema};

/// Outcomes that every step has, and `on` may always name.
const ALWAYS: [&str; 2] = ["failed", "other"];

/// The step of a node whose name has a dot; none where it is wrong, which is said.
pub(in crate::check) fn step(
    sink: &mut Sink,
    node: &Node,
    module: &str,
    step: &str,
) -> Option<(StepKind, Vec<Branch>)> {
    let modules = sink.modules.clone();
    let schema = match modules.find(module, step) {
        Lookup::Step(schema) => Some(schema),
        Lookup::NoStep(found) => {
            let message = format!("module `{module}` has no step `{step}`");
            let at = node.name_span.at + module.len() + 1;
            let span = node.name_span.part(at, step.len().max(1));
            let known = found.steps.keys().map(String::as_str);
            let help = suggestion(step, known).or_else(|| Some("it offers no steps".into()));
            sink.error(span, codes::UNKNOWN_NAME, message, help);
            None
        }
        Lookup::NoModule if modules.whole => {
            no_module(sink, node, module, step);
            None
        }
        Lookup::NoModule | Lookup::Broken => None,
    };
    let Some(schema) = schema else {
        // Its branches are checked all the same, but for their outcomes.
        let _ = branches(sink, node, &Outcomes::Any);
        return None;
    };
    let arguments = Reader {
        sink: &mut *sink,
        node,
        schema,
        module,
    }
    .arguments();
    super::own_names(sink, module);
    let words = outcomes(schema);
    let declared = Outcomes::Declared {
        words: &words,
        any: schema.any_outcome,
    };
    let branches = branches(sink, node, &declared);
    let named = branches.iter().flat_map(|b| b.outcomes.iter());
    let outcomes = named.filter(|o| !ALWAYS.contains(&o.as_str())).cloned();
    let step = ModuleStep {
        name: node.name.clone(),
        module: module.into(),
        step: step.into(),
        arguments,
        outcomes: outcomes.collect(),
    };
    Some((StepKind::Module(Box::new(step)), branches))
}

/// Holds a `step` line of a test against what the module offers.
pub(in crate::check) fn check_canned(
    sink: &mut Sink,
    name: &Found<String>,
    outcome: &Found<String>,
) {
    let modules = sink.modules.clone();
    let Some((module, step)) = name.value.split_once('.') else {
        let help = near_step(sink, &name.value).filter(|h| h.contains('.'));
        let message = format!("`{}` is no module's step", name.value);
        let help = help.or_else(|| Some("write `step \"crm.look-up\"`".into()));
        sink.error(name.span, codes::TEST, message, help);
        return;
    };
    match modules.find(module, step) {
        Lookup::Step(schema) if !schema.may_end_with(&outcome.value) => {
            let message = format!("`{}` has no outcome `{}`", name.value, outcome.value);
            let known = outcomes(schema).into_iter().filter(|o| *o != "other");
            let help = suggestion(&outcome.value, known.collect::<Vec<_>>());
            sink.error(outcome.span, codes::UNKNOWN_NAME, message, help);
        }
        Lookup::NoStep(schema) => {
            let message = format!("module `{module}` has no step `{step}`");
            let help = suggestion(step, schema.steps.keys().map(String::as_str));
            sink.error(name.span, codes::UNKNOWN_NAME, message, help);
        }
        Lookup::NoModule if modules.whole => {
            let message = format!("no module is called `{module}`");
            let help = suggestion(module, modules.names());
            sink.error(name.span, codes::UNKNOWN_NAME, message, help);
        }
        _ => {}
    }
}

/// What `on` may name.
pub(super) fn outcomes(schema: &StepSchema) -> Vec<&str> {
    let declared = schema.outcomes.iter().map(String::as_str);
    let declared = declared.filter(|outcome| !ALWAYS.contains(outcome));
    let done = (schema.outcomes.is_empty() && !schema.any_outcome).then_some("done");
    declared.chain(done).chain(ALWAYS).collect()
}

fn no_module(sink: &mut Sink, node: &Node, module: &str, step: &str) {
    let span = node.name_span.part(node.name_span.at, module.len().max(1));
    let modules = sink.modules.clone();
    let help = match nearest(module, modules.names()) {
        Some(near) => Some(format!("did you mean `{near}.{step}`?")),
        None if modules.known().contains_key(module) => {
            Some(format!("add `module {module}` outside of the routes"))
        }
        None => {
            let known = modules.known().keys().map(String::as_str);
            let all: BTreeSet<&str> = modules.names().chain(known).collect();
            suggestion(module, all).or_else(|| Some("there are no modules".into()))
        }
    };
    let message = format!("no module is called `{module}`");
    sink.error(span, codes::UNKNOWN_NAME, message, help);
}

/// Says that a step's name is not known, where it has no dot.
pub(in crate::check) fn near_step(sink: &Sink, name: &str) -> Option<String> {
    let modules: Vec<String> = sink.modules.steps().collect();
    // `enter` is nearer to `queue.enter` than its letters say.
    let ends = |full: &&String| full.rsplit('.').next() == Some(name);
    if let Some(full) = modules.iter().find(ends) {
        return Some(format!("did you mean `{full}`?"));
    }
    let own = STEPS.iter().copied();
    let all: Vec<&str> = own.chain(modules.iter().map(String::as_str)).collect();
    suggestion(name, all)
}

struct Reader<'r> {
    sink: &'r mut Sink,
    node: &'r Node,
    schema: &'r StepSchema,
    module: &'r str,
}

impl Reader<'_> {
    fn arguments(mut self) -> BTreeMap<String, FieldValue> {
        if let Some(span) = self.node.annotation
            && self.node.arguments.iter().all(|a| a.annotation.is_none())
            && self
                .node
                .properties
                .iter()
                .all(|p| p.value.annotation.is_none())
        {
            let message = "a type in parentheses means nothing here";
            self.sink.error(span, "DP0012", message, None);
        }
        let mut values = BTreeMap::new();
        self.positional(&mut values);
        self.named(&mut values);
        let schema = self.schema;
        for field in schema.positional.iter().chain(&schema.named) {
            self.complete(field, &mut values);
        }
        values
    }

    fn positional(&mut self, values: &mut BTreeMap<String, FieldValue>) {
        let (node, schema) = (self.node, self.schema);
        let mut left = node.arguments.as_slice();
        for field in &schema.positional {
            if left.is_empty() {
                break;
            }
            let taken = match field.list {
                true => std::mem::take(&mut left),
                false => {
                    let (first, rest) = left.split_at(1);
                    left = rest;
                    first
                }
            };
            let wanted = wanted(field);
            let value = match (field.list, taken.first()) {
                (true, _) => Some(read_list(self.sink, taken, &wanted)),
                (false, Some(value)) => read(self.sink, value, &wanted),
                (false, None) => None,
            };
            for argument in taken {
                self.file(field, argument.span, value.as_ref());
            }
            // A wrong value is given all the same, and not missed below.
            values.insert(field.name.clone(), value.unwrap_or(EMPTY));
        }
        let (Some(extra), Some(last)) = (left.first(), left.last()) else {
            return;
        };
        let span = extra.span.to(last.span);
        let message = match schema.positional.as_slice() {
            [] => format!("`{}` takes no argument", node.name),
            [one] => format!("`{}` takes one argument, `{}`", node.name, one.name),
            all => {
                let names: Vec<String> = all.iter().map(|f| format!("`{}`", f.name)).collect();
                format!("`{}` takes {}", node.name, names.join(", "))
            }
        };
        let help = usage(&node.name, schema);
        self.sink.error(span, "DP0012", message, Some(help));
    }

    fn named(&mut self, values: &mut BTreeMap<String, FieldValue>) {
        let (node, schema) = (self.node, self.schema);
        for property in &node.properties {
            let Some(field) = schema.field(&property.name) else {
                let message = format!("`{}` has no argument `{}`", node.name, property.name);
                let names = schema.named.iter().chain(&schema.positional);
                let names: Vec<&str> = names.map(|f| f.name.as_str()).collect();
                let help = suggestion(&property.name, names);
                let help = help.or_else(|| Some("it takes none".into()));
                self.sink.error(property.name_span, "DP0011", message, help);
                continue;
            };
            if values.contains_key(&field.name) {
                let message = format!("`{}` is given twice", property.name);
                let help = Some("keep one".to_string());
                self.sink.error(property.name_span, "DP0016", message, help);
                continue;
            }
            let value = read_property(self.sink, &property.value, &wanted(field));
            self.file(field, property.value.span, value.as_ref());
            values.insert(field.name.clone(), value.unwrap_or(EMPTY));
        }
    }

    /// Files that a step names must be granted to its module, which other files may say.
    fn file(&mut self, field: &Field, span: Span, value: Option<&FieldValue>) {
        if field.kind != FieldKind::File {
            return;
        }
        let names: Vec<&str> = match value {
            Some(FieldValue::Text(name)) => vec![name],
            Some(FieldValue::List(list)) => {
                let text = list.iter().filter_map(|v| match v {
                    FieldValue::Text(name) => Some(name.as_str()),
                    _ => None,
                });
                text.collect()
            }
            _ => return,
        };
        let mark = self.sink.mark(span);
        for name in names {
            self.sink.module_files.push(crate::check::sink::FileUse {
                module: self.module.into(),
                file: name.into(),
                mark: mark.clone(),
            });
        }
    }

    fn complete(&mut self, field: &Field, values: &mut BTreeMap<String, FieldValue>) {
        if values.contains_key(&field.name) {
            return;
        }
        match &field.default {
            Some(value) => {
                values.insert(field.name.clone(), value.clone());
            }
            None if field.required => {
                let node = self.node;
                let message = format!("`{}` wants `{}`", node.name, field.name);
                let help = usage(&node.name, self.schema);
                self.sink
                    .error(node.head, codes::MISSING, message, Some(help));
            }
            None if field.list => {
                values.insert(field.name.clone(), FieldValue::List(Vec::new()));
            }
            None => {}
        }
    }
}

/// Stands for a wrong value, of which no dialplan comes.
const EMPTY: FieldValue = FieldValue::Flag(false);

fn wanted(field: &Field) -> Wanted<'_> {
    Wanted {
        field,
        path: &field.name,
        place: Where::Step,
    }
}

/// `write `queue.enter QUEUE timeout="..."``: what must be given, and the rest in short.
fn usage(name: &str, schema: &StepSchema) -> String {
    let mut text = format!("write `{name}");
    for field in &schema.positional {
        let shown = field.name.to_uppercase();
        let more = if field.list { " ..." } else { "" };
        match field.required {
            true => text.push_str(&format!(" {shown}{more}")),
            false => text.push_str(&format!(" [{shown}{more}]")),
        }
    }
    for field in &schema.named {
        let shown = example(&field.kind);
        match field.required {
            true => text.push_str(&format!(" {}={shown}", field.name)),
            false => text.push_str(&format!(" [{}={shown}]", field.name)),
        }
    }
    text.push('`');
    text
}

fn example(kind: &FieldKind) -> &str {
    match kind {
        FieldKind::Number { .. } => "1",
        FieldKind::Flag => "#true",
        FieldKind::Duration => "\"5s\"",
        FieldKind::Word(words) => words.first().map_or("...", String::as_str),
        _ => "\"...\"",
    }
}
