//! `module queue`, `module sales-crm src=crm { grant ...; config ... }`.

use std::sync::Arc;

use super::{grant, setting};
use crate::check::codes;
use crate::check::fields::{Fields, Found};
use crate::check::sink::Sink;
use crate::check::words::suggestion;
use crate::check::{Item, name};
use crate::file::Node;
use crate::file::tree::Span;
use crate::route::Place;
use crate::schema::{Grant, Loaded, ModuleSchema, RESERVED_NAMES};

/// Most grants of one module.
const GRANTS_MAX: usize = 1_000;

/// `trust acme vendor`: names of keys whose packages the tenant takes modules from.
pub(in crate::check) fn trust(sink: &mut Sink, node: &Node) -> Vec<(String, Place)> {
    let place = sink.place(node.head);
    let mut fields = Fields::new(node, sink);
    let keys = fields.arguments();
    fields.finish();
    if node.arguments.is_empty() {
        let help = "write `trust acme`; `cordboard module keys list` has the names";
        let message = "`trust` wants the name of a key";
        sink.error(node.head, codes::MISSING, message, Some(help.into()));
    }
    let good = keys.into_iter().filter(|key| name(sink, key));
    good.map(|key| (key.value, place.clone())).collect()
}

/// Reads a `module` node; none where it is wrong, which is said.
pub(in crate::check) fn module(sink: &mut Sink, node: &Node) -> Option<Item<Arc<Loaded>>> {
    let mut fields = Fields::new(node, sink);
    let found = fields.wanted_argument("a name: `module queue`");
    let src = fields.text("src");
    let lines = fields.block();
    fields.finish();
    let found = found.filter(|f| check_name(sink, f))?;
    let source = src.as_ref().unwrap_or(&found);
    let schema = schema(sink, source)?;
    let mut grants: Vec<(Grant, Span)> = Vec::new();
    let mut configs = Vec::new();
    for line in lines.unwrap_or(&[]) {
        match &*line.name {
            "grant" if grants.len() >= GRANTS_MAX => {
                let message = format!("more than {GRANTS_MAX} grants of one module");
                sink.error(line.head, codes::BAD_VALUE, message, None);
                break;
            }
            "grant" => grants.extend(grant::grant(sink, line).map(|g| (g, line.head))),
            "config" => configs.push(line),
            other => unknown(sink, line, other, &schema),
        }
    }
    grant::compare(sink, &found.value, &schema, &grants, node.head);
    let settings = setting::settings(sink, &configs, &schema.settings, node.head);
    super::own_names(sink, &found.value);
    let mut files = Vec::new();
    setting::files(&schema.settings, &settings, &mut files);
    for file in files {
        let granted = |(g, _): &(Grant, Span)| g.capability == "file" && g.what == file;
        if !grants.iter().any(granted) {
            let message = format!(
                "`{}` uses the file `{file}` and is not granted it",
                found.value
            );
            let help = format!("add `grant file \"{file}\"` to it");
            sink.error(node.head, codes::MODULE, message, Some(help));
        }
    }
    let mark = sink.mark(found.span);
    let loaded = Loaded {
        name: found.value.clone(),
        source: source.value.clone(),
        grants: grants.into_iter().map(|(grant, _)| grant).collect(),
        settings,
        place: sink.place(node.head),
        schema,
    };
    Some(Item {
        mark,
        name: found.value,
        value: Arc::new(loaded),
    })
}

fn unknown(sink: &mut Sink, line: &Node, name: &str, schema: &ModuleSchema) {
    let setting = schema.settings.iter().any(|field| field.name == name);
    let help = match setting {
        true => Some(format!(
            "settings stand in `config`: `config {{ {name} ... }}`"
        )),
        false => suggestion(name, ["grant", "config"]),
    };
    let message = format!("`module` has no line `{name}`");
    sink.error(line.name_span, codes::UNKNOWN_NODE, message, help);
}

fn check_name(sink: &mut Sink, found: &Found<String>) -> bool {
    let text = &found.value;
    let good = (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !good {
        let message = format!("`{text}` cannot be a module's name");
        let help = "1 to 63 of a-z, 0-9 and `-`; it begins the names of its steps and topics";
        sink.error(found.span, codes::BAD_VALUE, message, Some(help.into()));
    } else if RESERVED_NAMES.contains(&&**text) {
        let message = format!("`{text}` begins topics of the switch itself");
        let help = format!("give it another name: `module my-{text} src={text}`");
        sink.error(found.span, codes::BAD_VALUE, message, Some(help));
        return false;
    }
    good
}

fn schema(sink: &mut Sink, source: &Found<String>) -> Option<Arc<ModuleSchema>> {
    let modules = sink.modules.clone();
    let found = modules.known().get(&source.value).cloned();
    if found.is_none() {
        let message = format!("no module is called `{}`", source.value);
        let known = modules.known().keys().map(String::as_str);
        let help = suggestion(&source.value, known)
            .unwrap_or_else(|| format!("there is no folder `modules/{}`", source.value));
        sink.error(source.span, codes::UNKNOWN_NAME, message, Some(help));
    }
    found
}
