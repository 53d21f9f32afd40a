//! Text to a dialplan whose names all resolve, or every mistake at once.
//!
//! Two passes. The first reads one file by itself ([`Lowered`]) and is kept by the file's hash, so
//! an edit costs the one file; of other files it knows only which modules they load, and it is read
//! again when these offer something else. The second joins all files: duplicates, references, ties
//! of numbers, loops; it is fast and always runs whole.

mod calendars;
pub(crate) mod codes;
pub(crate) mod csv;
pub(crate) mod duration;
mod entities;
mod expand;
pub(crate) mod fields;
mod flow;
mod given;
pub(crate) mod layers;
mod link;
pub(crate) mod modules;
mod overlaps;
mod read;
mod scenarios;
pub(crate) mod sink;
mod steps;
pub(crate) mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::calendar::Rule;
use crate::diagnostic::{Diagnostic, Lines, Mark, Severity};
use crate::file::sketch::Sketch;
use crate::file::{Cache, FILES_MAX, Node, Source, hash};
use crate::numbers::Pattern;
use crate::route::{Block, Dialplan, Tenant, Test, Trunk, User};
use crate::schema;

use fields::Fields;
use modules::Outline;
use sink::{FileUse, NameUse, Reference, Sink};
use words::{NODES, STEPS, suggestion};

/// What exists outside the dialplan's files and is referred to in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Prompts by name, without `.wav`.
    pub prompts: BTreeSet<String>,
    /// Scripts by name, without `.lua`.
    pub scripts: BTreeSet<String>,
    /// Modules that the tenant may load, by their own names.
    pub modules: BTreeMap<String, Arc<schema::ModuleSchema>>,
}

impl Known {
    /// These prompts and scripts, and no modules.
    pub fn of<'a>(
        prompts: impl IntoIterator<Item = &'a str>,
        scripts: impl IntoIterator<Item = &'a str>,
    ) -> Known {
        let own = |names: &mut dyn Iterator<Item = &'a str>| names.map(String::from).collect();
        Known {
            prompts: own(&mut prompts.into_iter()),
            scripts: own(&mut scripts.into_iter()),
            modules: BTreeMap::new(),
        }
    }

    /// And these modules.
    #[must_use]
    pub fn with_modules(
        mut self,
        modules: impl IntoIterator<Item = Arc<schema::ModuleSchema>>,
    ) -> Known {
        let named = modules.into_iter().map(|m| (m.name.clone(), m));
        self.modules.extend(named);
        self
    }
}

/// A dialplan that may serve calls.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The dialplan.
    pub dialplan: Dialplan,
    /// Warnings and notes, by file and line.
    pub warnings: Vec<Diagnostic>,
}

/// Reads, checks and joins a tenant's files. Files that `cache` knows by their hash are not read
/// again; use one cache for each tenant.
///
/// # Errors
/// All findings, sorted by file and line, when at least one of them is an error.
pub fn load(source: &Source, known: &Known, cache: &mut Cache) -> Result<Loaded, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let mut digest = String::new();
    let read = read::files(source, known, cache, &mut findings, &mut digest);
    let (files, layers) = (read.files, read.layers);
    if source.dialplan_files().count() > FILES_MAX {
        let lines = Lines::new(Arc::from("."), Arc::from(""));
        let message = format!("more than {FILES_MAX} files; the rest is not read");
        findings.push(Diagnostic::error(lines.mark(0, 0), codes::SYNTAX, message));
    }
    let mut tables = Vec::new();
    for include in files.iter().flat_map(|f| &f.includes) {
        match source.find_in(&layers, &include.path) {
            Some((path, text)) => {
                let file: Arc<str> = Arc::from(path);
                let sum = hash(text);
                digest.push_str(&format!("{path} {}\n", hex(&sum)));
                let key = ((file.clone(), sum), Arc::from(include.key()));
                let lines = || Lines::new(file.clone(), text.clone());
                let table = cache.table(key, || csv::read(&lines(), include));
                findings.extend(table.findings.iter().cloned());
                tables.push(table);
            }
            None => findings.push(missing_table(source, include)),
        }
    }
    cache.end_of_load();
    read::granted_files(source, &layers, &files, &mut digest);
    let joined = link::link(link::Input {
        files: &files,
        tables: &tables,
        known,
        source,
        hash: hex(&hash(&digest)),
        findings: &mut findings,
    });
    findings.sort_by(|a, b| (&a.mark, a.severity, a.code).cmp(&(&b.mark, b.severity, b.code)));
    findings.dedup();
    let bad = findings.iter().any(|f| f.severity == Severity::Error);
    match joined {
        Some(dialplan) if !bad => Ok(Loaded {
            dialplan,
            warnings: findings,
        }),
        _ => Err(findings),
    }
}

fn missing_table(source: &Source, include: &Include) -> Diagnostic {
    let tables = source.tables();
    let mut finding = Diagnostic::error(
        include.mark.clone(),
        codes::UNKNOWN_NAME,
        format!("no file `{}`", include.path),
    );
    finding.help = suggestion(&include.path, tables);
    finding
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A named thing and where its name stands.
#[derive(Clone, Debug)]
pub(crate) struct Item<T> {
    pub(crate) name: String,
    pub(crate) mark: Mark,
    pub(crate) value: T,
}

/// One file, read by itself.
#[derive(Debug, Default)]
pub(crate) struct Lowered {
    pub(crate) tenants: Vec<Item<Tenant>>,
    pub(crate) calendars: Vec<Item<CalendarLines>>,
    pub(crate) users: Vec<Item<Arc<User>>>,
    pub(crate) trunks: Vec<Item<Arc<Trunk>>>,
    pub(crate) dids: Vec<(Pattern, Mark, Arc<Block>)>,
    pub(crate) includes: Vec<Include>,
    pub(crate) routes: Vec<Item<Arc<Block>>>,
    pub(crate) outbounds: Vec<Item<OutboundLine>>,
    pub(crate) tests: Vec<Test>,
    pub(crate) modules: Vec<Item<Arc<schema::Loaded>>>,
    /// Keys of packages that it trusts.
    pub(crate) trusts: Vec<(String, crate::route::Place)>,
    pub(crate) references: Vec<Reference>,
    pub(crate) given: Given,
    pub(crate) findings: Vec<Diagnostic>,
    /// False when a part could not be read, so that names may be missing.
    pub(crate) whole: bool,
    pub(crate) outline: Outline,
    pub(crate) sketch: Arc<Sketch>,
    /// Points that stand in it.
    pub(crate) placed: BTreeSet<String>,
    /// [`Modules::sum`] with which it was read.
    pub(crate) modules_sum: Option<[u8; 32]>,
}

/// What a file gives to modules by name.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) routes: Vec<String>,
    pub(crate) files: Vec<FileUse>,
    pub(crate) names: Vec<NameUse>,
}

/// A `calendar` before its zone is known.
#[derive(Clone, Debug)]
pub(crate) struct CalendarLines {
    pub(crate) zone: Option<String>,
    pub(crate) rules: Vec<Rule>,
}

/// An `outbound` before `match=user` is known.
#[derive(Clone, Debug)]
pub(crate) struct OutboundLine {
    /// None is every user's name.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) role: Option<String>,
    pub(crate) block: Arc<Block>,
    pub(crate) pattern_mark: Mark,
}

/// A `dids "file.csv"` line.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    pub(crate) path: String,
    pub(crate) mark: Mark,
    /// Names of the columns where the file has no first line that names them.
    pub(crate) columns: Option<Vec<String>>,
    /// Route of rows that name none.
    pub(crate) route: Option<String>,
}

impl Include {
    fn key(&self) -> String {
        format!("{:?} {:?}", self.columns, self.route)
    }
}

fn outermost(sink: &mut Sink, out: &mut Lowered, node: &Node) {
    match &*node.name {
        "tenant" if !layers::prefix(&sink.mark(node.head).file).is_empty() => {
            let help = "it stands in each tenant's own files; a base has what they share";
            let message = "`tenant` does not stand in a base";
            sink.error(node.head, codes::BASE, message, Some(help.into()));
        }
        "tenant" => out.tenants.extend(entities::tenant(sink, node)),
        // Read before points were put in place: `file/sketch.rs`.
        "base" | "value" => {}
        "user" => out.users.extend(entities::user(sink, node)),
        "trunk" => out.trunks.extend(entities::trunk(sink, node)),
        "calendar" => out.calendars.extend(calendars::calendar(sink, node)),
        "did" => did(sink, out, node),
        "dids" => out.includes.extend(csv::include(sink, node)),
        "route" => out.routes.extend(route(sink, node)),
        "outbound" => out.outbounds.extend(outbound(sink, node)),
        "test" => out.tests.extend(scenarios::test(sink, node)),
        "module" => out.modules.extend(modules::module(sink, node)),
        "trust" => out.trusts.extend(modules::trust(sink, node)),
        name => {
            let help = match STEPS.contains(&name) || name.contains('.') {
                true => Some(format!(
                    "`{name}` is a step: it stands inside `did`, `route` or `outbound`"
                )),
                false => suggestion(name, NODES),
            };
            let message = format!("no node is called `{name}`");
            sink.error(node.name_span, codes::UNKNOWN_NODE, message, help);
        }
    }
}

/// A name of letters, digits, `_`, `-`, `.`; at most 64.
pub(crate) fn name(sink: &mut Sink, found: &fields::Found<String>) -> bool {
    let text = &found.value;
    let good = !text.is_empty()
        && text.len() <= 64
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !good {
        let help = "letters, digits, `_`, `-` and `.`, at most 64";
        let message = format!("`{text}` cannot be a name");
        sink.error(found.span, codes::BAD_VALUE, message, Some(help.into()));
    }
    good
}

/// A number pattern as text; a bare number has lost its `+`.
pub(crate) fn pattern(sink: &mut Sink, found: &fields::Found<String>) -> Option<Pattern> {
    Pattern::parse(&found.value)
        .map_err(|e| {
            let span = steps::inside(found, e.at, e.len.max(1));
            sink.error(span, codes::BAD_NUMBER, e.message, e.help);
        })
        .ok()
}

fn did(sink: &mut Sink, out: &mut Lowered, node: &Node) {
    let mut fields = Fields::new(node, sink);
    let numbers = fields.arguments();
    let steps = steps::wanted_block(&mut fields);
    if node.arguments.is_empty() {
        let help = "write `did \"+442079460100\" { ... }`";
        fields.sink.error(
            node.head,
            codes::MISSING,
            "`did` wants a number",
            Some(help.into()),
        );
    }
    fields.finish();
    let quoted: Vec<String> = numbers.iter().map(|n| format!("\"{}\"", n.value)).collect();
    let place = sink.place(node.head);
    let block = steps::block(sink, format!("did {}", quoted.join(" ")), place, steps);
    for number in &numbers {
        if let Some(pattern) = pattern(sink, number) {
            out.dids
                .push((pattern, sink.mark(number.span), block.clone()));
        }
    }
}

fn route(sink: &mut Sink, node: &Node) -> Option<Item<Arc<Block>>> {
    let mut fields = Fields::new(node, sink);
    let found = fields.wanted_argument("a name");
    let steps = steps::wanted_block(&mut fields);
    fields.finish();
    let found = found.filter(|f| name(sink, f));
    let title = format!("route {}", found.as_ref().map_or("", |f| &f.value));
    let place = sink.place(node.head);
    let block = steps::block(sink, title, place, steps);
    let found = found?;
    Some(Item {
        mark: sink.mark(found.span),
        name: found.value,
        value: block,
    })
}

fn outbound(sink: &mut Sink, node: &Node) -> Option<Item<OutboundLine>> {
    let mut fields = Fields::new(node, sink);
    let found = fields.wanted_argument("a name");
    let numbers = fields.text("match");
    let role = fields.text("role");
    let steps = steps::wanted_block(&mut fields);
    if !node.properties.iter().any(|p| p.name == "match") {
        let help = "write `match=\"0[1-9]x{7,9}\"`, or `match=user` for the tenant's own users";
        fields.sink.error(
            node.head,
            codes::MISSING,
            "`outbound` wants `match`",
            Some(help.into()),
        );
    }
    fields.finish();
    if let Some(role) = role.as_ref().filter(|r| name(sink, r)) {
        sink.refer(sink::Kind::Role, &role.value, role.span);
    }
    let found = found.filter(|f| name(sink, f));
    let title = format!("outbound {}", found.as_ref().map_or("", |f| &f.value));
    let place = sink.place(node.head);
    let block = steps::block(sink, title, place, steps);
    let (found, numbers) = found.zip(numbers)?;
    let pattern = match &*numbers.value {
        "user" => None,
        _ => Some(pattern(sink, &numbers)?),
    };
    let pattern_mark = sink.mark(numbers.span);
    let line = OutboundLine {
        pattern,
        role: role.map(|r| r.value),
        block,
        pattern_mark,
    };
    Some(Item {
        mark: sink.mark(found.span),
        name: found.value,
        value: line,
    })
}

#[cfg(test)]
mod tests;
