//! `tenant`, `user` and `trunk`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::fields::{Fields, Found};
use super::sink::{Kind, Sink};
use super::words::COUNTRIES;
use super::{Item, codes, name};
use crate::calendar::is_zone;
use crate::file::Node;
use crate::numbers::{NumberPolicy, normalise};
use crate::route::{Challenge, NumberRules, Tenant, Trunk, User};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn tenant(sink: &mut Sink, node: &Node) -> Option<Item<Tenant>> {
    let mut fields = Fields::with_settings(node, sink);
    let found = fields.wanted_argument("a name");
    let domain = fields.text("domain");
    let zone = fields.text("tz");
    let calls_max = fields.number("calls-max", (1, 1_000_000)).unwrap_or(100);
    let tones = fields.word("tones", &COUNTRIES).unwrap_or("gb").to_string();
    let music = fields.text("music");
    let challenge = challenge(&mut fields).unwrap_or_default();
    let longest_call = fields
        .duration("longest-call", (MINUTE, 48 * HOUR))
        .unwrap_or(4 * HOUR);
    let no_rtp = fields
        .duration("no-rtp", (Duration::ZERO, HOUR))
        .unwrap_or(MINUTE);
    let numbers = number_rules(&mut fields);
    if !has(node, "domain") {
        let help = "write `domain=\"acme.example\"`: the SIP domain and realm, fixed for good";
        fields.sink.error(
            node.head,
            codes::MISSING,
            "`tenant` wants `domain`",
            Some(help.into()),
        );
    }
    fields.finish();
    if let Some(music) = &music {
        sink.refer(Kind::Prompt, &music.value, music.span);
    }
    if let Some(zone) = zone.as_ref() {
        check_zone(sink, zone);
    }
    let domain = domain.filter(|d| check_domain(sink, d));
    let found = found.filter(|f| check_tenant_name(sink, f))?;
    let tenant = Tenant {
        name: found.value.clone(),
        domain: domain.map_or_else(String::new, |d| d.value),
        zone: zone.map_or_else(|| "UTC".into(), |z| z.value),
        calls_max,
        tones,
        music: music.map(|m| m.value),
        challenge,
        longest_call,
        no_rtp,
        numbers,
        place: sink.place(node.head),
    };
    Some(Item {
        mark: sink.mark(found.span),
        name: found.value,
        value: tenant,
    })
}

/// `country="44" national-prefix="0" international-prefix="00"`.
fn number_rules(fields: &mut Fields<'_, '_>) -> NumberRules {
    let mut digits = |name: &'static str, most: usize| {
        let found = fields.text(name)?;
        let good = found.value.len() <= most && found.value.bytes().all(|b| b.is_ascii_digit());
        if !good {
            let message = format!("`{name}` is at most {most} digits");
            fields
                .sink
                .error(found.span, codes::BAD_VALUE, message, None);
        }
        good.then_some(found.value)
    };
    let country = digits("country", 3).filter(|c| !c.is_empty());
    let national = digits("national-prefix", 4);
    let international = digits("international-prefix", 5);
    NumberRules {
        national_prefix: national.unwrap_or_else(|| country.iter().map(|_| "0").collect()),
        international_prefix: international.unwrap_or_else(|| "00".into()),
        country,
    }
}

fn has(node: &Node, name: &str) -> bool {
    node.properties.iter().any(|p| p.name == name)
        || node.children.iter().flatten().any(|c| c.name == name)
}

/// A time zone by its IANA name.
pub(super) fn check_zone(sink: &mut Sink, zone: &Found<String>) -> bool {
    if is_zone(&zone.value) {
        return true;
    }
    let known: Vec<String> = jiff::tz::db().available().map(|z| z.to_string()).collect();
    let near = super::words::nearest(&zone.value, known.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write an IANA name such as `Europe/London`".into(),
    };
    let message = format!("no time zone is called `{}`", zone.value);
    sink.error(zone.span, codes::UNKNOWN_NAME, message, Some(help));
    false
}

fn check_tenant_name(sink: &mut Sink, found: &Found<String>) -> bool {
    let good = (1..=63).contains(&found.value.len())
        && found
            .value
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !good {
        let message = format!("`{}` cannot be a tenant's name", found.value);
        let help = "1 to 63 of a-z, 0-9 and `-`, as its folder is called";
        sink.error(found.span, codes::BAD_VALUE, message, Some(help.into()));
    }
    good
}

fn check_domain(sink: &mut Sink, found: &Found<String>) -> bool {
    let text = &found.value;
    let part = |p: &str| {
        !p.is_empty() && p.len() <= 63 && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let good = text.len() <= 253 && (text.split('.').all(part) || text.parse::<IpAddr>().is_ok());
    if !good {
        let message = format!("`{text}` is no domain");
        sink.error(
            found.span,
            codes::BAD_VALUE,
            message,
            Some("write `acme.example`".into()),
        );
    }
    good
}

fn challenge(fields: &mut Fields<'_, '_>) -> Option<Challenge> {
    fields
        .word("challenge", &["md5", "sha-256", "both"])
        .map(|word| match word {
            "sha-256" => Challenge::Sha256,
            "both" => Challenge::Both,
            _ => Challenge::Md5,
        })
}

/// A number to show: digits with an optional `+`.
fn caller_id(fields: &mut Fields<'_, '_>) -> Option<String> {
    let found = fields.text("caller-id")?;
    let number = normalise(&found.value, &NumberPolicy::PLAIN);
    if number.is_none() {
        let message = format!("`{}` is no number", found.value);
        let help = "write it as `\"+442079460101\"`";
        fields
            .sink
            .error(found.span, codes::BAD_NUMBER, message, Some(help.into()));
    }
    number
}

pub(super) fn user(sink: &mut Sink, node: &Node) -> Option<Item<Arc<User>>> {
    let mut fields = Fields::with_settings(node, sink);
    let found = fields.wanted_argument("a name");
    let caller_id = caller_id(&mut fields);
    let display = fields.text("display").map(|d| d.value);
    let calls_max = fields.number("calls-max", (1, 1000)).unwrap_or(4);
    let bindings_max = fields.number("bindings-max", (1, 100)).unwrap_or(5);
    let role = fields.text("role");
    let challenge = challenge(&mut fields);
    fields.finish();
    let role = role.filter(|r| name(sink, r)).map(|r| r.value);
    let found = found.filter(|f| name(sink, f))?;
    let user = User {
        name: found.value.clone(),
        caller_id,
        display,
        calls_max,
        bindings_max,
        role,
        challenge,
        place: sink.place(node.head),
    };
    Some(Item {
        mark: sink.mark(found.span),
        name: found.value,
        value: Arc::new(user),
    })
}

pub(super) fn trunk(sink: &mut Sink, node: &Node) -> Option<Item<Arc<Trunk>>> {
    let mut fields = Fields::with_settings(node, sink);
    let found = fields.wanted_argument("a name");
    let calls_max = fields.number("calls-max", (1, 1_000_000)).unwrap_or(30);
    let calls_per_second_max = fields
        .number("calls-per-second", (1, 100_000))
        .unwrap_or(50);
    let caller_id = caller_id(&mut fields);
    let mut transport = fields.word("transport", &["udp", "tcp"]);
    let mut addresses = Vec::new();
    if let Some(property) = node.properties.iter().find(|p| p.name == "address") {
        fields.know(&["address"]);
        if let Some(text) = fields.as_text(&property.value) {
            addresses.extend(address(fields.sink, &text));
        }
    }
    for line in fields.children("address") {
        let mut inner = Fields::new(line, fields.sink);
        let texts = inner.arguments();
        let own = inner.word("transport", &["udp", "tcp"]);
        if line.arguments.is_empty() {
            inner.sink.error(
                line.head,
                codes::MISSING,
                "`address` wants an address",
                None,
            );
        }
        if let (Some(own), Some(other)) = (own, transport.filter(|t| own.is_some_and(|o| o != *t)))
        {
            let message =
                format!("this trunk has {other} already, and one has one transport, not {own} too");
            inner.sink.error(line.head, codes::BAD_VALUE, message, None);
        }
        transport = transport.or(own);
        inner.finish();
        addresses.extend(texts.iter().filter_map(|t| address(fields.sink, t)));
    }
    if !has(node, "address") {
        let help = "write `trunk carrier-a { address \"198.51.100.7:5060\" }`";
        fields.sink.error(
            node.head,
            codes::MISSING,
            "`trunk` wants an address",
            Some(help.into()),
        );
    }
    fields.finish();
    let found = found.filter(|f| name(sink, f))?;
    let trunk = Trunk {
        name: found.value.clone(),
        addresses,
        tcp: transport == Some("tcp"),
        calls_max,
        calls_per_second_max,
        caller_id,
        place: sink.place(node.head),
    };
    Some(Item {
        mark: sink.mark(found.span),
        name: found.value,
        value: Arc::new(trunk),
    })
}

fn address(sink: &mut Sink, found: &Found<String>) -> Option<SocketAddr> {
    let text = &found.value;
    let read = text.parse::<SocketAddr>().ok().filter(|a| a.port() != 0);
    let read = read.or_else(|| {
        text.parse::<IpAddr>()
            .ok()
            .map(|ip| SocketAddr::new(ip, 5060))
    });
    if read.is_none() {
        let help =
            "write an IP address and port: `\"198.51.100.7:5060\"`, `\"[2001:db8::7]:5060\"`";
        let message = format!("`{text}` is no IP address");
        sink.error(found.span, codes::BAD_VALUE, message, Some(help.into()));
    }
    read
}
