//! What a tenant's modules may have at most: the `modules` block of its ceiling.
//!
//! ```kdl
//! ceiling acme {
//!     modules {
//!         http "https://*.example.com/*" rate="100/s"
//!         private-addresses #false
//!         native #false            // or: native #true in-process=#true
//!         instances 500
//!         memory-mb 256
//!         cpu-percent 20
//!         module queue crm
//!         trust acme
//!     }
//! }
//! ```
//!
//! A tenant without such a block, or without any ceiling, has the defaults: http to any public host
//! that its grants name, at 100 a second, no private address, no native code, every module of the
//! machine. A grant of every host (`*`, `https://*`, `https://*.com/*`) needs an `http` line here
//! that says as much (`http "*"`).
//! Native modules run in a child process each; `in-process=#true` puts those of this tenant into
//! the switch itself, where a crash of theirs ends every call: `cordboard check` and the start warn.
//! Modules of packages want a key that the tenant's own files trust (`trust acme`): of all that the
//! machine trusts, where no `trust` line here names fewer. Native code wants the operator's besides.
//! A tenant's own files cannot widen it; each grant beyond it is refused with both lines.

use super::Ceiling;
use crate::check::codes;
use crate::check::fields::Fields;
use crate::check::modules::read_rate;
use crate::check::sink::Sink;
use crate::check::words::suggestion;
use crate::diagnostic::{Diagnostic, Mark};
use crate::file::Node;
use crate::file::tree::ValueKind;
use crate::route::Dialplan;
use crate::schema::{Grant, Loaded};
use crate::url_pattern::UrlPattern;

/// Requests a second where no line says otherwise.
pub const HTTP_RATE: u32 = 100;

/// Lines of the block.
const LINES: [&str; 8] = [
    "http",
    "private-addresses",
    "native",
    "instances",
    "memory-mb",
    "cpu-percent",
    "module",
    "trust",
];

/// The `modules` block of a ceiling.
#[derive(Clone, Debug, PartialEq)]
pub struct ModulesCeiling {
    /// Where requests may go; none listed is any public host that a grant names, at [`HTTP_RATE`].
    pub http: Vec<HttpCeiling>,
    /// Grants may say `private=#true`.
    pub private_addresses: bool,
    /// Native modules may be loaded.
    pub native: bool,
    /// They run in the switch itself and not in child processes: unsafe.
    pub native_in_process: bool,
    /// Most instances at once, of all its modules (1 to 1,000,000).
    pub instances_max: u32,
    /// Most memory of all of them together, in MiB (1 to 1,048,576).
    pub memory_mb_max: u32,
    /// Most CPU time of all of them together, in hundredths of one core (1 to 10,000).
    pub cpu_percent_max: u32,
    /// Modules that may be loaded, by their own names; none is every one.
    pub modules: Option<Vec<String>>,
    /// Keys of packages that the tenant may trust, by name; none is every one of the machine.
    pub trust: Option<Vec<String>>,
    /// Where the block stands, where there is one.
    pub mark: Option<Mark>,
}

/// One `http` line of a ceiling.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpCeiling {
    /// Addresses.
    pub pattern: UrlPattern,
    /// Most requests a second that one grant may say.
    pub rate_per_second: u32,
    /// Where it stands.
    pub mark: Mark,
}

impl Default for ModulesCeiling {
    fn default() -> Self {
        ModulesCeiling {
            http: Vec::new(),
            private_addresses: false,
            native: false,
            native_in_process: false,
            instances_max: 500,
            memory_mb_max: 256,
            cpu_percent_max: 20,
            modules: None,
            trust: None,
            mark: None,
        }
    }
}

impl ModulesCeiling {
    /// Most requests a second to what a pattern means; none where it may not be asked.
    pub fn http_rate(&self, pattern: &UrlPattern) -> Option<u32> {
        if self.http.is_empty() {
            return (!pattern.is_open()).then_some(HTTP_RATE);
        }
        let lines = self.http.iter().filter(|line| line.pattern.covers(pattern));
        lines.map(|line| line.rate_per_second).max()
    }
}

/// Reads the block.
pub(super) fn read(sink: &mut Sink, node: &Node) -> ModulesCeiling {
    let mut out = ModulesCeiling {
        mark: Some(sink.mark(node.head)),
        ..ModulesCeiling::default()
    };
    let mut fields = Fields::new(node, sink);
    let lines = fields.block();
    fields.finish();
    let mut seen: Vec<&str> = Vec::new();
    for line in lines.unwrap_or(&[]) {
        if seen.contains(&&*line.name) && !matches!(&*line.name, "http" | "module" | "trust") {
            let message = format!("`{}` is given twice", line.name);
            sink.error(line.name_span, "DP0016", message, Some("keep one".into()));
        }
        seen.push(&line.name);
        match &*line.name {
            "http" => out.http.extend(http(sink, line)),
            "private-addresses" => out.private_addresses = flag(sink, line),
            "native" => {
                (out.native, out.native_in_process) = native(sink, line);
                if out.native_in_process {
                    let mark = sink.mark(line.head);
                    sink.add(in_process(mark, "the tenant's modules"));
                }
            }
            "instances" => set(&mut out.instances_max, number(sink, line, 1_000_000)),
            "memory-mb" => set(&mut out.memory_mb_max, number(sink, line, 1 << 20)),
            "cpu-percent" => set(&mut out.cpu_percent_max, number(sink, line, 10_000)),
            "module" => {
                let mut fields = Fields::new(line, sink);
                let names = fields.arguments();
                fields.finish();
                let all = out.modules.get_or_insert_default();
                all.extend(names.into_iter().map(|found| found.value));
            }
            "trust" => {
                let mut fields = Fields::new(line, sink);
                let keys = fields.arguments();
                fields.finish();
                let all = out.trust.get_or_insert_default();
                all.extend(keys.into_iter().map(|found| found.value));
            }
            other => {
                let message = format!("`modules` has no line `{other}`");
                let help = suggestion(other, LINES);
                sink.error(line.name_span, codes::UNKNOWN_NODE, message, help);
            }
        }
    }
    out
}

fn set(place: &mut u32, number: Option<u32>) {
    *place = number.unwrap_or(*place);
}

fn http(sink: &mut Sink, line: &Node) -> Option<HttpCeiling> {
    let mark = sink.mark(line.head);
    let mut fields = Fields::new(line, sink);
    let found = fields.wanted_argument("an address: `http \"https://*.example.com/*\"`");
    let rate = fields.text("rate");
    fields.finish();
    let found = found?;
    let rate_per_second = rate.map_or(Some(HTTP_RATE), |rate| read_rate(sink, &rate));
    match UrlPattern::parse(&found.value) {
        Ok(pattern) => Some(HttpCeiling {
            pattern,
            rate_per_second: rate_per_second.unwrap_or(HTTP_RATE),
            mark,
        }),
        Err(error) => {
            let help = Some(error.help.to_string());
            sink.error(found.span, codes::BAD_VALUE, error.message, help);
            None
        }
    }
}

/// `native #true in-process=#true`: may they be, and in the switch itself?
fn native(sink: &mut Sink, line: &Node) -> (bool, bool) {
    let mut fields = Fields::new(line, sink);
    fields.skip_arguments();
    let in_process = fields.flag("in-process");
    fields.finish();
    let allowed = flag_alone(sink, line);
    if in_process && !allowed {
        let message = "`in-process` is of native modules, and none are allowed here";
        let help = Some("write `native #true in-process=#true`".to_owned());
        sink.error(line.head, "DP0014", message.to_owned(), help);
    }
    (allowed, in_process && allowed)
}

/// `private-addresses #true`; the line alone says nothing.
fn flag(sink: &mut Sink, line: &Node) -> bool {
    let mut fields = Fields::new(line, sink);
    fields.skip_arguments();
    fields.finish();
    flag_alone(sink, line)
}

fn flag_alone(sink: &mut Sink, line: &Node) -> bool {
    let value = match line.arguments.as_slice() {
        [value] => match value.kind {
            ValueKind::Bool(flag) => Some(flag),
            _ => None,
        },
        _ => None,
    };
    if value.is_none() {
        let message = format!("`{}` is #true or #false", line.name);
        sink.error(line.head, "DP0014", message, None);
    }
    value.unwrap_or(false)
}

fn number(sink: &mut Sink, line: &Node, most: u32) -> Option<u32> {
    let value = match line.arguments.as_slice() {
        [value] => match value.kind {
            ValueKind::Integer(n) => u32::try_from(n).ok().filter(|n| (1..=most).contains(n)),
            _ => None,
        },
        _ => None,
    };
    let mut fields = Fields::new(line, sink);
    fields.skip_arguments();
    fields.finish();
    if value.is_none() {
        let message = format!("`{}` is a number from 1 to {most}", line.name);
        sink.error(line.head, codes::BAD_VALUE, message, None);
    }
    value
}

/// Errors where a tenant's modules go beyond its ceiling, each with both lines. The tenant's places
/// are relative to its folder.
pub(super) fn check(dialplan: &Dialplan, ceiling: &Ceiling) -> Vec<Diagnostic> {
    let bounds = &ceiling.modules;
    let mut findings = Vec::new();
    for (key, place) in &dialplan.trusts {
        if bounds
            .trust
            .as_ref()
            .is_some_and(|keys| !keys.contains(key))
        {
            let tenant = &dialplan.tenant.name;
            let message = format!("`{tenant}` may not trust the key `{key}`");
            let mut finding = Diagnostic::error(Mark::at(place), codes::CEILING, message);
            finding.help = Some(format!(
                "the operator's ceiling would have to say `trust {key}`"
            ));
            let line = bounds.mark.clone().unwrap_or_else(|| ceiling.mark.clone());
            findings.push(finding.also(line, "the ceiling"));
        }
    }
    for module in dialplan.modules.values() {
        let mut refuse = Refuse {
            ceiling,
            tenant: &dialplan.tenant.name,
            module,
            findings: &mut findings,
        };
        if let Some(names) = &bounds.modules
            && !names.contains(&module.source)
        {
            let what = format!("load the module `{}`", module.source);
            let wanted = format!("module {}", module.source);
            refuse.at(&module.place, &what, &wanted, None);
        }
        let granted = module.granted("native").next();
        if !bounds.native && (granted.is_some() || module.schema.kind == "native") {
            let place = granted.map_or(&module.place, |grant| &grant.place);
            refuse.at(place, "run native code", "native #true", None);
        }
        for grant in module.granted("http") {
            refuse.http(grant, bounds);
        }
    }
    findings
}

/// Warnings where a tenant's modules may do what is allowed and unsafe, each with both lines.
pub fn doubtful_modules(dialplan: &Dialplan, ceiling: &Ceiling) -> Vec<Diagnostic> {
    let bounds = &ceiling.modules;
    let native = dialplan.modules.values().filter(|module| {
        bounds.native && bounds.native_in_process && module.schema.kind == "native"
    });
    native
        .map(|module| {
            let warning = in_process(Mark::at(&module.place), &module.name);
            match &bounds.mark {
                Some(block) => warning.also(block.clone(), "the ceiling"),
                None => warning,
            }
        })
        .collect()
}

/// What a crash of native code in the switch itself comes to.
fn in_process(mark: Mark, name: &str) -> Diagnostic {
    let message = format!(
        "native code of `{name}` runs in the switch itself, which is unsafe: a crash of it ends every call"
    );
    let help = "take `in-process=#true` away, and it runs in a process of its own";
    Diagnostic::warning(mark, codes::MODULE_CEILING, message).help(help.to_owned())
}

struct Refuse<'r> {
    ceiling: &'r Ceiling,
    tenant: &'r str,
    module: &'r Loaded,
    findings: &'r mut Vec<Diagnostic>,
}

impl Refuse<'_> {
    fn http(&mut self, grant: &Grant, bounds: &ModulesCeiling) {
        // What is no pattern was refused when the file was read.
        let Ok(pattern) = UrlPattern::parse(&grant.what) else {
            return;
        };
        if (grant.private || pattern.is_private()) && !bounds.private_addresses {
            let what = format!("reach private addresses (`{pattern}`)");
            self.at(&grant.place, &what, "private-addresses #true", None);
        }
        match (bounds.http_rate(&pattern), grant.rate_per_second) {
            (None, _) => {
                let what = match pattern.is_open() {
                    true => format!("reach every host (`{pattern}`)"),
                    false => format!("reach `{pattern}`"),
                };
                let wanted = format!("http \"{pattern}\"");
                let line = bounds.http.first().map(|line| &line.mark);
                self.at(&grant.place, &what, &wanted, line);
            }
            (Some(most), Some(rate)) if rate > most => {
                let covers = |line: &&HttpCeiling| {
                    line.rate_per_second == most && line.pattern.covers(&pattern)
                };
                let line = bounds.http.iter().find(covers);
                let what = format!("send more than {most} requests a second ({rate} are granted)");
                let own = line.map_or("*", |line| line.pattern.source());
                let wanted = format!("http \"{own}\" rate=\"{rate}/s\"");
                self.at(&grant.place, &what, &wanted, line.map(|line| &line.mark));
            }
            _ => {}
        }
    }

    fn at(&mut self, place: &crate::route::Place, what: &str, wanted: &str, line: Option<&Mark>) {
        let Refuse {
            ceiling,
            tenant,
            module,
            ..
        } = self;
        let message = format!("`{}` may not {what} in tenant `{tenant}`", module.name);
        let finding = Diagnostic::error(Mark::at(place), codes::MODULE_CEILING, message);
        let (mark, said) = match line.or(ceiling.modules.mark.as_ref()) {
            Some(mark) => (mark.clone(), "the ceiling".to_string()),
            None => {
                let said = format!("no `modules` stands in the ceiling of `{tenant}`");
                (ceiling.mark.clone(), said)
            }
        };
        let mut help = format!(
            "the machine's operator allows it by `ceiling {tenant} {{ modules {{ {wanted} }} }}`"
        );
        if what.starts_with("reach every host") {
            help.insert_str(0, "name the hosts, as `https://crm.example.com/*` does; ");
        }
        self.findings.push(finding.help(help).also(mark, said));
    }
}

#[cfg(test)]
mod tests;
