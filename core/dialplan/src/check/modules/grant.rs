//! What a module may do: `grant http "https://crm.example.com/*" methods="GET POST" rate="50/s"`.
//!
//! A grant is held against what the module's manifest asks: what nobody asked for is a warning,
//! what was asked and is not granted a note, since the module then hears `denied`.

use crate::check::codes;
use crate::check::fields::{Fields, Found};
use crate::check::sink::{Kind, Sink};
use crate::check::steps::inside;
use crate::check::words::suggestion;
use crate::diagnostic::Diagnostic;
use crate::file::Node;
use crate::file::tree::Span;
use crate::schema::{Ask, CAPABILITIES, Grant, ModuleSchema};
use crate::url_pattern::UrlPattern;

/// Methods that a grant may name (RFC 9110 section 9.3 and PATCH of RFC 5789).
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Most requests, starts or events a second that a grant may say.
const RATE_MAX: u32 = 100_000;
/// Least and most bytes of an answer or a value.
const SIZE: (u64, u64) = (1 << 10, 1 << 30);

/// Which properties a capability has.
fn properties(capability: &str) -> &'static [&'static str] {
    match capability {
        "http" => &["methods", "rate", "size", "private"],
        "store" => &["size"],
        "events" | "start-call" | "trunk" => &["rate"],
        _ => &[],
    }
}

/// What a capability wants behind its name; nothing where it is the whole or none.
fn wants(capability: &str) -> Option<(&'static str, &'static str)> {
    match capability {
        "http" => Some((
            "an address",
            "write `grant http \"https://crm.example.com/*\"`",
        )),
        "file" => Some(("a file's name", "write `grant file \"prefixes.csv\"`")),
        "trunk" => Some(("a trunk's name", "write `grant trunk carrier-a`")),
        _ => None,
    }
}

/// Reads one `grant` line.
pub(super) fn grant(sink: &mut Sink, node: &Node) -> Option<Grant> {
    let mut fields = Fields::new(node, sink);
    let capability = fields.wanted_argument("a capability: `grant store`");
    let known = capability
        .as_ref()
        .and_then(|c| CAPABILITIES.iter().find(|k| **k == c.value))
        .copied();
    let takes_what = known.is_none() || known.and_then(wants).is_some();
    let what = if takes_what { fields.argument() } else { None };
    let methods = fields.text("methods");
    let rate = fields.text("rate");
    let size = fields.text("size");
    let private = fields.flag("private");
    fields.finish();
    let capability = capability?;
    let Some(known) = known else {
        let message = format!("no capability is called `{}`", capability.value);
        let help = suggestion(&capability.value, CAPABILITIES);
        sink.error(capability.span, codes::UNKNOWN_NAME, message, help);
        return None;
    };
    belong(sink, node, known);
    let what = match (wants(known), what) {
        (None, _) => String::new(),
        (Some(_), Some(what)) => read_what(sink, known, what, private)?,
        (Some((wanted, help)), None) => {
            let message = format!("`grant {known}` wants {wanted}");
            sink.error(node.head, codes::MISSING, message, Some(help.into()));
            return None;
        }
    };
    Some(Grant {
        capability: known.into(),
        what,
        methods: methods.map_or_else(Vec::new, |m| read_methods(sink, &m)),
        rate_per_second: rate.and_then(|r| read_rate(sink, &r)),
        size_bytes: size.and_then(|s| read_size(sink, &s)),
        private,
        place: sink.place(node.head),
    })
}

/// Says which properties mean nothing for a capability.
fn belong(sink: &mut Sink, node: &Node, capability: &str) {
    let own = properties(capability);
    for property in &node.properties {
        let name = property.name.as_str();
        let known = ["methods", "rate", "size", "private"].contains(&name);
        if known && !own.contains(&name) {
            let message = format!("`grant {capability}` has no `{name}`");
            let help = match own {
                [] => "it has no properties".to_string(),
                own => format!("it has {}", own.join(", ")),
            };
            sink.error(property.name_span, "DP0011", message, Some(help));
        }
    }
}

fn read_what(sink: &mut Sink, known: &str, what: Found<String>, private: bool) -> Option<String> {
    match known {
        "http" => {
            let pattern = match UrlPattern::parse(&what.value) {
                Ok(pattern) => pattern,
                Err(error) => {
                    let help = Some(error.help.to_string());
                    sink.error(what.span, codes::BAD_VALUE, error.message, help);
                    return None;
                }
            };
            if pattern.is_private() && !private {
                let message = format!("`{pattern}` is a private address");
                let help = "add `private=#true` where it is meant";
                sink.error(what.span, codes::MODULE, message, Some(help.into()));
            }
        }
        "file" => sink.refer(Kind::File, &what.value, what.span),
        "trunk" => sink.refer(Kind::Trunk, &what.value, what.span),
        _ => {}
    }
    Some(what.value)
}

/// `"GET POST"`.
fn read_methods(sink: &mut Sink, found: &Found<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let start = found.value.as_ptr() as usize;
    for word in found.value.split([' ', ',']).filter(|w| !w.is_empty()) {
        let upper = word.to_ascii_uppercase();
        if !METHODS.contains(&&*upper) {
            let span = inside(found, word.as_ptr() as usize - start, word.len());
            let message = format!("no method of http is `{word}`");
            let help = suggestion(&upper, METHODS);
            sink.error(span, codes::BAD_VALUE, message, help);
        } else if !all.contains(&upper) {
            all.push(upper);
        }
    }
    if all.is_empty() && found.value.trim().is_empty() {
        let help = "write `methods=\"GET POST\"`, or leave it out for GET, HEAD and POST";
        let message = "`methods` names none";
        sink.error(found.span, codes::BAD_VALUE, message, Some(help.into()));
    }
    all
}

/// `"50/s"`.
pub(crate) fn read_rate(sink: &mut Sink, found: &Found<String>) -> Option<u32> {
    let read = found.value.strip_suffix("/s");
    let read = read.and_then(|n| n.trim().parse::<u32>().ok());
    let read = read.filter(|n| (1..=RATE_MAX).contains(n));
    if read.is_none() {
        let message = format!("`{}` is no rate", found.value);
        let help = format!("write `\"50/s\"`, from 1 to {RATE_MAX} a second");
        sink.error(found.span, codes::BAD_VALUE, message, Some(help));
    }
    read
}

/// `"64KiB"`, `"1MiB"`.
fn read_size(sink: &mut Sink, found: &Found<String>) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let read = units.iter().find_map(|(unit, shift)| {
        let number = found.value.strip_suffix(unit)?;
        number.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
    });
    let read = read.filter(|n| (SIZE.0..=SIZE.1).contains(n));
    if read.is_none() {
        let message = format!("`{}` is no size", found.value);
        let help = "write `\"64KiB\"` or `\"1MiB\"`, from 1KiB to 1GiB";
        sink.error(found.span, codes::BAD_VALUE, message, Some(help.into()));
    }
    read
}

/// Holds the grants of a module against what its manifest asks. `head` is its `module` node.
pub(super) fn compare(
    sink: &mut Sink,
    name: &str,
    schema: &ModuleSchema,
    grants: &[(Grant, Span)],
    head: Span,
) {
    for (at, (grant, span)) in grants.iter().enumerate() {
        let same =
            |(g, _): &&(Grant, Span)| g.capability == grant.capability && g.what == grant.what;
        if let Some((first, _)) = grants.iter().take(at).find(same) {
            let message = format!("`{}` is granted twice", short(grant));
            let finding = Diagnostic::error(sink.mark(*span), "DP0016", message);
            let place = crate::diagnostic::Mark::at(&first.place);
            sink.add(finding.help("keep one").also(place, "the first"));
            continue;
        }
        let asked = schema.asks.iter().any(|ask| is_answered(ask, grant));
        let native = grant.capability == "native" && schema.kind == "native";
        if !asked && !native {
            let message = format!("`{name}` does not ask for `{}`", short(grant));
            let finding = Diagnostic::warning(sink.mark(*span), codes::NOT_ASKED, message);
            let help = format!("what {} does not ask is not given", schema.manifest);
            sink.add(finding.help(help));
        }
    }
    let granted = |capability: &str| grants.iter().any(|(g, _)| g.capability == capability);
    if schema.kind == "native" && !granted("native") {
        let message = format!("`{name}` is native code, which runs outside of any sandbox");
        let help = "add `grant native` to it, where the machine's ceiling allows that";
        sink.error(head, codes::MODULE, message, Some(help.into()));
    }
    for ask in &schema.asks {
        // A module may always tell what happened in it, and act on the calls of its own steps.
        let free = matches!(&*ask.capability, "events" | "calls" | "native");
        if free || grants.iter().any(|(grant, _)| is_answered(ask, grant)) {
            continue;
        }
        let what = asked(ask);
        let reason = match ask.reason.as_str() {
            "" => String::new(),
            reason => format!(" ({reason})"),
        };
        let message = format!("`{name}` asks for `{what}` and is not granted it{reason}");
        let help = format!(
            "add `grant {}` to it; without that it hears `denied`",
            line(ask)
        );
        let finding = Diagnostic::note(sink.mark(head), codes::NOT_GRANTED, message);
        sink.add(finding.help(help));
    }
}

/// True when a grant gives some of what is asked.
fn is_answered(ask: &Ask, grant: &Grant) -> bool {
    if ask.capability != grant.capability {
        return false;
    }
    match &*ask.capability {
        _ if ask.what.is_empty() || ask.what == "*" => true,
        "http" => match (UrlPattern::parse(&ask.what), UrlPattern::parse(&grant.what)) {
            (Ok(ask), Ok(grant)) => ask.meets(&grant),
            _ => false,
        },
        "file" | "trunk" => ask.what == grant.what,
        _ => true,
    }
}

fn short(grant: &Grant) -> String {
    match grant.what.as_str() {
        "" => grant.capability.clone(),
        what => format!("{} {what}", grant.capability),
    }
}

fn asked(ask: &Ask) -> String {
    match ask.what.as_str() {
        "" => ask.capability.clone(),
        what => format!("{} {what}", ask.capability),
    }
}

/// The line that would grant it, with something to fill in where the ask is open.
fn line(ask: &Ask) -> String {
    match (&*ask.capability, ask.what.as_str()) {
        ("http", "" | "*" | "https://*" | "http://*") => {
            "http \"https://crm.example.com/*\"".into()
        }
        ("file", "" | "*") => "file \"NAME.csv\"".into(),
        ("trunk", "" | "*") => "trunk NAME".into(),
        (capability, "") => capability.into(),
        (capability, what) => match wants(capability) {
            Some(_) => format!("{capability} \"{what}\""),
            None => capability.into(),
        },
    }
}
