//! All files joined: one of each name, every reference resolved, every number to one block.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::csv::Table;
use super::sink::{Kind, Reference};
use super::words::suggestion;
use super::{Item, Known, Lowered, codes, flow, given, layers, overlaps};
use crate::calendar::Calendar;
use crate::diagnostic::{Diagnostic, End, Mark};
use crate::file::Source;
use crate::numbers::{NumberTable, Pattern};
use crate::route::{Dialplan, Outbound, Place, Tenant};

/// Most findings about references and numbers of one load.
const FINDINGS_MAX: usize = 500;

pub(super) struct Input<'i> {
    pub(super) files: &'i [Arc<Lowered>],
    pub(super) tables: &'i [Arc<Table>],
    pub(super) known: &'i Known,
    pub(super) source: &'i Source,
    pub(super) hash: String,
    pub(super) findings: &'i mut Vec<Diagnostic>,
}

/// Joins; `None` where there is no tenant.
pub(super) fn link(input: Input<'_>) -> Option<Dialplan> {
    let Input {
        files,
        tables,
        known,
        source,
        hash,
        findings,
    } = input;
    let tenant = tenant(files, findings);
    let users = unique("user", files.iter().flat_map(|f| &f.users), findings);
    let trunks = unique("trunk", files.iter().flat_map(|f| &f.trunks), findings);
    let routes = unique("route", files.iter().flat_map(|f| &f.routes), findings);
    let lines = unique(
        "calendar",
        files.iter().flat_map(|f| &f.calendars),
        findings,
    );
    let _ = unique(
        "outbound",
        files.iter().flat_map(|f| &f.outbounds),
        findings,
    );
    let modules = unique("module", files.iter().flat_map(|f| &f.modules), findings);
    let calendars = calendars(&lines, tenant.as_ref());
    let roles: BTreeSet<&str> = users
        .values()
        .filter_map(|u| u.value.role.as_deref())
        .collect();
    let whole = files.iter().all(|f| f.whole);
    let names = |kind: Kind| -> Vec<&str> {
        match kind {
            Kind::Route => routes.keys().copied().collect(),
            Kind::User => users.keys().copied().collect(),
            Kind::Trunk => trunks.keys().copied().collect(),
            Kind::Calendar => lines.keys().copied().collect(),
            Kind::Prompt => known.prompts.iter().map(String::as_str).collect(),
            Kind::Script => known.scripts.iter().map(String::as_str).collect(),
            Kind::Role => roles.iter().copied().collect(),
            Kind::File => source.tables().collect(),
            Kind::Party => users.keys().chain(trunks.keys()).copied().collect(),
        }
    };
    let mut all = References {
        names: &names,
        known: BTreeMap::new(),
        findings,
        whole,
        count: 0,
    };
    files
        .iter()
        .flat_map(|f| &f.references)
        .for_each(|r| all.check(r));
    for row in tables.iter().flat_map(|t| &t.rows) {
        all.name(Kind::Route, &row.route, &row.mark);
    }
    if whole {
        given::check(files, &modules, findings);
        flow::unreached(files, tables, findings);
    }
    flow::loops(files, findings);
    let dids = dids(files, tables, findings);
    overlaps::report(&dids, findings);
    underline_whole(files, tables, findings);
    let outbound = outbound(files, users.keys().copied(), findings);
    let tenant = tenant?;
    Some(Dialplan {
        tenant,
        calendars,
        users: own(users),
        trunks: own(trunks),
        dids,
        routes: own(routes),
        outbound,
        modules: own(modules),
        trusts: trusts(files),
        tests: files.iter().flat_map(|f| f.tests.iter().cloned()).collect(),
        hash,
    })
}

/// Keys that are trusted, each where it is first.
fn trusts(files: &[Arc<Lowered>]) -> BTreeMap<String, Place> {
    let mut all = BTreeMap::new();
    for (key, place) in files.iter().flat_map(|f| &f.trusts) {
        all.entry(key.clone()).or_insert_with(|| place.clone());
    }
    all
}

fn calendars(
    lines: &BTreeMap<&str, &Item<super::CalendarLines>>,
    tenant: Option<&Tenant>,
) -> BTreeMap<String, Arc<Calendar>> {
    let zone = tenant.map_or("UTC", |t| &t.zone);
    let mut calendars = BTreeMap::new();
    for (name, item) in lines {
        let zone = item.value.zone.as_deref().unwrap_or(zone);
        let rules = item.value.rules.clone();
        if let Some(calendar) = Calendar::new(name, zone, rules, item.mark.place()) {
            calendars.insert((*name).to_string(), Arc::new(calendar));
        }
    }
    calendars
}

fn own<T: Clone>(items: BTreeMap<&str, &Item<T>>) -> BTreeMap<String, T> {
    items
        .into_iter()
        .map(|(name, item)| (name.to_string(), item.value.clone()))
        .collect()
}

fn tenant(files: &[Arc<Lowered>], findings: &mut Vec<Diagnostic>) -> Option<Tenant> {
    let mut tenants = files.iter().flat_map(|f| &f.tenants);
    let Some(first) = tenants.next() else {
        if files.iter().all(|f| f.whole) {
            let mark = Mark {
                file: Arc::from("main.kdl"),
                line: 1,
                column: 1,
                end: End { line: 1, column: 1 },
                offset: 0,
                length: 0,
            };
            let help = "write `tenant acme domain=\"acme.example\" tz=\"Europe/London\"` in one of the files";
            let finding = Diagnostic::error(mark, codes::TENANT, "no `tenant` in this folder");
            findings.push(finding.help(help));
        }
        return None;
    };
    for more in tenants {
        let message = "a second `tenant`: a folder is one tenant";
        let finding = Diagnostic::error(more.mark.clone(), codes::TENANT, message);
        findings.push(finding.also(first.mark.clone(), "the first"));
    }
    Some(first.value.clone())
}

/// Items by name; a second of the same name is an error.
fn unique<'i, T: 'i>(
    what: &str,
    items: impl Iterator<Item = &'i Item<T>>,
    findings: &mut Vec<Diagnostic>,
) -> BTreeMap<&'i str, &'i Item<T>> {
    let mut all: BTreeMap<&str, &Item<T>> = BTreeMap::new();
    for item in items {
        if let Some(first) = all.get(&*item.name) {
            let message = format!("a second {what} `{}`", item.name);
            let finding = Diagnostic::error(item.mark.clone(), codes::TWICE, message);
            let finding = match layers::prefix(&item.mark.file) == layers::prefix(&first.mark.file)
            {
                true => finding.also(first.mark.clone(), "the first"),
                false => finding
                    .also(first.mark.clone(), "the base's")
                    .help(point_of(what, &item.name)),
            };
            findings.push(finding);
            continue;
        }
        all.insert(&item.name, item);
    }
    all
}

/// How a node of a base becomes one that a tenant may replace.
fn point_of(what: &str, name: &str) -> String {
    format!(
        "make it a point in the base, `override {name} {{ {what} {name} ... }}`, and write \
         `override {name} {{ {what} {name} ... }}` here; or give this one another name"
    )
}

struct References<'r, 'n, N: Fn(Kind) -> Vec<&'n str>> {
    names: &'r N,
    known: BTreeMap<Kind, BTreeSet<&'n str>>,
    findings: &'r mut Vec<Diagnostic>,
    whole: bool,
    count: usize,
}

impl<'n, N: Fn(Kind) -> Vec<&'n str>> References<'_, 'n, N> {
    fn check(&mut self, reference: &Reference) {
        self.name(reference.kind, &reference.name, &reference.mark);
    }

    fn name(&mut self, kind: Kind, name: &str, mark: &Mark) {
        let names = self.names;
        let known = self
            .known
            .entry(kind)
            .or_insert_with(|| names(kind).into_iter().collect());
        if known.contains(name) {
            return;
        }
        // A broken file may hold what is missing; its own mistake is said already.
        let elsewhere = matches!(kind, Kind::Prompt | Kind::Script | Kind::File);
        if (!self.whole && !elsewhere) || self.count >= FINDINGS_MAX {
            return;
        }
        self.count += 1;
        let what = match kind {
            Kind::Route => "route",
            Kind::User => "user",
            Kind::Trunk => "trunk",
            Kind::Calendar => "calendar",
            Kind::Prompt => "prompt",
            Kind::Script => "script",
            Kind::Role => "user's role",
            Kind::File => "file",
            Kind::Party => "user or trunk",
        };
        let message = format!("no {what} is called `{name}`");
        let mut finding = Diagnostic::error(mark.clone(), codes::UNKNOWN_NAME, message);
        finding.help = suggestion(name, known.iter().copied());
        self.findings.push(finding);
    }
}

fn dids(
    files: &[Arc<Lowered>],
    tables: &[Arc<Table>],
    findings: &mut Vec<Diagnostic>,
) -> NumberTable<Arc<crate::route::Block>> {
    let rows = tables.iter().map(|t| t.rows.len()).sum::<usize>();
    let mut table = NumberTable::with_capacity(rows + 64);
    let written = files
        .iter()
        .flat_map(|f| &f.dids)
        .map(|(p, m, b)| (p, m, b));
    let included = tables
        .iter()
        .flat_map(|t| &t.rows)
        .map(|r| (&r.pattern, &r.mark, &r.block));
    for (pattern, mark, block) in written.chain(included) {
        if findings.len() < 10 * FINDINGS_MAX
            && let Some(first) = table.ties(pattern).next()
        {
            findings.push(tie(pattern, mark, &first.pattern, Mark::at(&first.place)));
            continue;
        }
        table.insert(pattern.clone(), mark.place(), block.clone());
    }
    table
}

/// Findings that know only where a number begins get the whole of it to underline.
fn underline_whole(files: &[Arc<Lowered>], tables: &[Arc<Table>], findings: &mut [Diagnostic]) {
    let marks = |d: &Diagnostic| {
        std::iter::once(&d.mark)
            .chain(d.related.iter().map(|r| &r.mark))
            .any(Mark::is_bare)
    };
    if !findings.iter().any(marks) {
        return;
    }
    let written = files.iter().flat_map(|f| &f.dids).map(|(_, mark, _)| mark);
    let included = tables.iter().flat_map(|t| &t.rows).map(|row| &row.mark);
    let whole: HashMap<_, _> = written.chain(included).map(|m| (m.place(), m)).collect();
    for finding in findings {
        let related = finding.related.iter_mut().map(|r| &mut r.mark);
        for mark in std::iter::once(&mut finding.mark)
            .chain(related)
            .filter(|m| m.is_bare())
        {
            if let Some(full) = whole.get(&mark.place()) {
                *mark = (*full).clone();
            }
        }
    }
}

fn tie(pattern: &Pattern, mark: &Mark, first: &Pattern, place: Mark) -> Diagnostic {
    let message = match pattern.text() == first.text() {
        true => format!("`{}` stands here a second time", pattern.text()),
        false => format!(
            "`{}` and `{}` share numbers and neither is closer",
            pattern.text(),
            first.text()
        ),
    };
    let help = "an exact number beats a range beats a pattern, then the longer beginning without `x`, `[` or `{` wins";
    let of_bases = (layers::prefix(&mark.file), layers::prefix(&place.file));
    let (help, other) = match of_bases.0 == of_bases.1 {
        true => (help.to_string(), "the other"),
        false => (
            "put the base's into a point, `override numbers { ... }`, and replace that here".into(),
            "the base's",
        ),
    };
    Diagnostic::error(mark.clone(), codes::TIE, message)
        .help(help)
        .also(place, other)
}

fn outbound<'u>(
    files: &[Arc<Lowered>],
    users: impl Iterator<Item = &'u str> + Clone,
    findings: &mut Vec<Diagnostic>,
) -> NumberTable<Arc<Outbound>> {
    let mut table: NumberTable<Arc<Outbound>> = NumberTable::default();
    for item in files.iter().flat_map(|f| &f.outbounds) {
        let line = &item.value;
        let patterns: Vec<Pattern> = match &line.pattern {
            Some(pattern) => vec![pattern.clone()],
            None => users.clone().map(Pattern::exact).collect(),
        };
        let outbound = Arc::new(Outbound {
            name: item.name.clone(),
            role: line.role.clone(),
            block: line.block.clone(),
        });
        for pattern in patterns {
            // Users of different roles never meet; a route for everybody meets all.
            let other = table.ties(&pattern).find(|e| {
                let (a, b) = (&e.value.role, &line.role);
                a.is_none() || b.is_none() || a == b
            });
            if let Some(other) = other {
                let place = Mark::at(&other.place);
                findings.push(tie(&pattern, &line.pattern_mark, &other.pattern, place));
                continue;
            }
            table.insert(pattern, line.pattern_mark.place(), outbound.clone());
        }
    }
    table
}
