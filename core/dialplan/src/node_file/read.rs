//! Reads `_node.kdl`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::{Carriers, Ceiling, LoadedNode, Network, NodeFile};
use crate::check::fields::{Fields, Found};
use crate::check::sink::Sink;
use crate::check::words::suggestion;
use crate::check::{codes, name, pattern};
use crate::diagnostic::{Diagnostic, Lines, Severity};
use crate::file::{Node, parse};

const NODES: [&str; 12] = [
    "listen",
    "http",
    "rtp",
    "network",
    "advertise",
    "dscp",
    "default-tenant",
    "media-threads",
    "journal",
    "limits",
    "database",
    "ceiling",
];

/// Reads the text of `_node.kdl`; an empty text is all defaults. `file` is its name in findings.
///
/// # Errors
/// All findings when at least one is an error.
pub fn load_node(file: &str, text: &str) -> Result<LoadedNode, Vec<Diagnostic>> {
    let lines = Lines::new(Arc::from(file), Arc::from(text));
    let parsed = parse(&lines);
    let mut reader = Reader {
        sink: Sink::new(lines, parsed.findings),
        out: NodeFile::default(),
    };
    let listens = parsed.nodes.iter().any(|n| n.name == "listen");
    if listens {
        (reader.out.udp, reader.out.tcp) = (Vec::new(), Vec::new());
    }
    if parsed.nodes.iter().any(|n| n.name == "http") {
        reader.out.http = Vec::new();
    }
    let mut seen: Vec<&str> = Vec::new();
    for node in &parsed.nodes {
        let several = matches!(&*node.name, "listen" | "http" | "network" | "ceiling");
        if !several && seen.contains(&&*node.name) {
            let message = format!("a second `{}`", node.name);
            reader.sink.error(
                node.name_span,
                codes::TWICE,
                message,
                Some("keep one".into()),
            );
        }
        seen.push(&node.name);
        reader.node(node);
    }
    let settings = reader.out;
    let (mut findings, _) = reader.sink.finish();
    findings.sort_by(|a, b| a.mark.cmp(&b.mark));
    match findings.iter().any(|f| f.severity == Severity::Error) {
        true => Err(findings),
        false => Ok(LoadedNode {
            settings,
            warnings: findings,
        }),
    }
}

/// `10.0.0.0/8`.
fn network_of(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    Some((address, bits.parse::<u8>().ok().filter(|b| *b <= most)?))
}

/// `carriers "192.0.2.10" "198.51.100.0/24"`.
fn carriers(sink: &mut Sink, line: &Node) -> Vec<Carriers> {
    let mut fields = Fields::new(line, sink);
    let words = fields.arguments();
    fields.finish();
    let mut read = Vec::new();
    for word in words {
        let one = |address: IpAddr| (address, if address.is_ipv4() { 32 } else { 128 });
        let found = word.value.parse().map(one).ok();
        match found.or_else(|| network_of(&word.value)) {
            Some((address, prefix_bits)) => read.push(Carriers {
                address,
                prefix_bits,
            }),
            None => {
                let message = format!("`{}` is no address and no network", word.value);
                let help = "write `carriers \"192.0.2.10\" \"198.51.100.0/24\"`";
                sink.error(word.span, codes::BAD_VALUE, message, Some(help.into()));
            }
        }
    }
    read
}

struct Reader {
    sink: Sink,
    out: NodeFile,
}

impl Reader {
    fn node(&mut self, node: &Node) {
        match &*node.name {
            "listen" => self.listen(node),
            "http" => self.http(node),
            "rtp" => self.rtp(node),
            "network" => self.network(node),
            "advertise" => {
                if let Some(found) = self.argument(node, "an address") {
                    self.out.advertise = self.ip(&found);
                }
            }
            "dscp" => self.dscp(node),
            "default-tenant" => {
                self.out.default_tenant = self.argument(node, "a tenant's name").map(|f| f.value);
            }
            "media-threads" => self.threads(node),
            "journal" => self.journal(node),
            "limits" => self.limits(node),
            "database" => self.database(node),
            "ceiling" => self.ceiling(node),
            other => {
                let message = format!("no node is called `{other}` here");
                self.sink.error(
                    node.name_span,
                    codes::UNKNOWN_NODE,
                    message,
                    suggestion(other, NODES),
                );
            }
        }
    }

    fn argument(&mut self, node: &Node, what: &str) -> Option<Found<String>> {
        let mut fields = Fields::new(node, &mut self.sink);
        let found = fields.wanted_argument(what);
        fields.finish();
        found
    }

    fn socket(&mut self, found: &Found<String>, plain: bool, secret: &str) -> Option<SocketAddr> {
        let Ok(address) = found.value.parse::<SocketAddr>() else {
            let message = format!("`{}` is no address and port", found.value);
            let help = "write `\"127.0.0.1:5060\"` or `\"[::1]:5060\"`";
            self.sink
                .error(found.span, codes::BAD_VALUE, message, Some(help.into()));
            return None;
        };
        if !address.ip().is_loopback() {
            let mark = self.sink.mark(found.span);
            let help = format!(
                "{secret} cross the network in the clear; add `plain=#true` to accept that"
            );
            self.sink.add(match plain {
                true => {
                    let message = format!("{address} is open to the network without TLS");
                    Diagnostic::warning(mark, codes::OPEN_TO_ALL, message)
                }
                false => {
                    let message = format!("{address} is not loopback, and this door has no TLS");
                    Diagnostic::error(mark, codes::OPEN_TO_ALL, message).help(help)
                }
            });
        }
        Some(address)
    }

    fn listen(&mut self, node: &Node) {
        let mut fields = Fields::new(node, &mut self.sink);
        let udp = fields.text("udp");
        let tcp = fields.text("tcp");
        let plain = fields.flag("plain");
        if node.properties.is_empty() {
            let help = "write `listen udp=\"127.0.0.1:5060\"`";
            fields.sink.error(
                node.head,
                codes::MISSING,
                "`listen` wants `udp` or `tcp`",
                Some(help.into()),
            );
        }
        fields.finish();
        let secret = "passwords' proofs and audio";
        let udp = udp.and_then(|u| self.socket(&u, plain, secret));
        let tcp = tcp.and_then(|t| self.socket(&t, plain, secret));
        self.out.udp.extend(udp);
        self.out.tcp.extend(tcp);
    }

    fn http(&mut self, node: &Node) {
        let mut fields = Fields::new(node, &mut self.sink);
        let found = fields.wanted_argument("an address: `http \"127.0.0.1:8060\"`");
        let plain = fields.flag("plain");
        let (hosts, origins) = (fields.text("hosts"), fields.text("origins"));
        fields.finish();
        let address = found.and_then(|f| self.socket(&f, plain, "what it shows and tokens"));
        self.out.http.extend(address);
        let help = "write names without port: hosts=\"pbx.example.com desk.example.com\"";
        let hosts = self.names(hosts, is_host, help);
        self.out.http_names.hosts.extend(hosts);
        let help = "write scheme, host and port: origins=\"https://desk.example.com\"";
        let origins = self.names(origins, is_origin, help);
        self.out.http_names.origins.extend(origins);
    }

    /// Words of one text, each of which must be so.
    fn names(
        &mut self,
        found: Option<Found<String>>,
        is_so: fn(&str) -> bool,
        help: &str,
    ) -> Vec<String> {
        let Some(found) = found else {
            return Vec::new();
        };
        let words = || found.value.split_whitespace();
        if let Some(wrong) = words().find(|word| !is_so(word)) {
            let message = format!("`{wrong}` is no name that a request could bear");
            let help = Some(help.to_owned());
            self.sink.error(found.span, codes::BAD_VALUE, message, help);
        }
        words().map(str::to_owned).collect()
    }

    fn rtp(&mut self, node: &Node) {
        let Some(found) = self.argument(node, "ports: `rtp \"20000-29999\"`") else {
            return;
        };
        let read = found.value.split_once('-').and_then(|(first, last)| {
            Some((
                first.trim().parse::<u16>().ok()?,
                last.trim().parse::<u16>().ok()?,
            ))
        });
        match read {
            Some((first, last)) if first >= 1024 && first % 2 == 0 && last > first => {
                self.out.rtp_ports = (first, last);
                if last - first < 99 {
                    let calls = (u32::from(last - first) + 1) / 4;
                    let message = format!("room for no more than {calls} bridged calls");
                    self.sink.warning(found.span, codes::NODE_FILE, message);
                }
            }
            _ => {
                let help =
                    "write `\"20000-29999\"`: an even first port from 1024, a greater last one";
                let message = format!("`{}` is no range of ports", found.value);
                self.sink
                    .error(found.span, codes::BAD_VALUE, message, Some(help.into()));
            }
        }
    }

    fn ip(&mut self, found: &Found<String>) -> Option<IpAddr> {
        let read = found
            .value
            .parse::<IpAddr>()
            .ok()
            .filter(|ip| !ip.is_unspecified());
        if read.is_none() {
            let message = format!("`{}` is no address that a peer could reach", found.value);
            self.sink.error(
                found.span,
                codes::BAD_VALUE,
                message,
                Some("write `\"203.0.113.5\"`".into()),
            );
        }
        read
    }

    fn network(&mut self, node: &Node) {
        let mut fields = Fields::new(node, &mut self.sink);
        let found = fields.wanted_argument("a network: `network \"10.0.0.0/8\"`");
        let advertise = fields.text("advertise");
        if advertise.is_none() {
            let message = "`network` wants `advertise`";
            fields.sink.error(
                node.head,
                codes::MISSING,
                message,
                Some("our address as seen from there".into()),
            );
        }
        fields.finish();
        let advertise = advertise.and_then(|a| self.ip(&a));
        let Some(found) = found else { return };
        match (network_of(&found.value), advertise) {
            (Some((address, prefix_bits)), Some(advertise)) => {
                self.out.networks.push(Network {
                    address,
                    prefix_bits,
                    advertise,
                });
            }
            (None, _) => {
                let message = format!("`{}` is no network", found.value);
                self.sink.error(
                    found.span,
                    codes::BAD_VALUE,
                    message,
                    Some("write `\"10.0.0.0/8\"`".into()),
                );
            }
            _ => {}
        }
    }

    fn dscp(&mut self, node: &Node) {
        let mut fields = Fields::new(node, &mut self.sink);
        let signalling = fields.number("signalling", (0, 63));
        let media = fields.number("media", (0, 63));
        fields.finish();
        let dscp = &mut self.out.dscp;
        dscp.signalling = signalling.map_or(dscp.signalling, |n| n as u8);
        dscp.media = media.map_or(dscp.media, |n| n as u8);
    }

    /// `media-threads 2` reads like a property of one number.
    fn threads(&mut self, node: &Node) {
        use crate::file::tree::ValueKind;
        let number = match node.arguments.as_slice() {
            [value] => match value.kind {
                ValueKind::Integer(n) => u32::try_from(n).ok().filter(|n| (1..=64).contains(n)),
                _ => None,
            },
            _ => None,
        };
        let mut fields = Fields::new(node, &mut self.sink);
        fields.skip_arguments();
        fields.finish();
        if number.is_none() {
            let message = "`media-threads` is a number from 1 to 64";
            self.sink.error(
                node.head,
                codes::BAD_VALUE,
                message,
                Some("write `media-threads 2`".into()),
            );
        }
        self.out.media_threads = number;
    }

    fn journal(&mut self, node: &Node) {
        let mut fields = Fields::new(node, &mut self.sink);
        let write = fields.number("write-ms", (1, 1_000));
        let fsync = fields.number("fsync-ms", (0, 60_000));
        fields.finish();
        let ms = |n: u32| Duration::from_millis(n.into());
        let pace = &mut self.out.journal;
        pace.write = write.map_or(pace.write, ms);
        pace.fsync = fsync.map_or(pace.fsync, ms);
    }

    fn limits(&mut self, node: &Node) {
        let mut fields = Fields::new(node, &mut self.sink);
        let calls = fields.number("calls", (1, 1_000_000));
        let transactions = fields.number("transactions", (100, 10_000_000));
        let prompts = fields.number("prompts-mb", (1, 65_536));
        fields.finish();
        let limits = &mut self.out.limits;
        limits.calls_max = calls.unwrap_or(limits.calls_max);
        limits.transactions_max = transactions.unwrap_or(limits.transactions_max);
        let bytes = prompts.map(|mb| u64::from(mb) * 1024 * 1024);
        limits.prompt_bytes_max = bytes.unwrap_or(limits.prompt_bytes_max);
    }

    fn database(&mut self, node: &Node) {
        let Some(found) = self.argument(node, "a URL") else {
            return;
        };
        let known = ["sqlite:", "postgres:", "postgresql:"];
        if !known.iter().any(|k| found.value.starts_with(k)) {
            let message = format!("`{}` is no database URL", found.value);
            let help = "write `\"sqlite://cordboard.db\"` or `\"postgres://host/name\"`";
            self.sink
                .error(found.span, codes::BAD_VALUE, message, Some(help.into()));
            return;
        }
        self.out.database = Some(found.value);
    }

    fn ceiling(&mut self, node: &Node) {
        let mut fields = Fields::with_settings(node, &mut self.sink);
        let found = fields.wanted_argument("a tenant's name");
        let calls_max = fields.number("calls-max", (1, 1_000_000));
        let trunks_max = fields.number("trunks", (0, 100_000));
        let users_max = fields.number("users", (0, 1_000_000));
        let mut bounds = None;
        for block in fields.children("modules") {
            bounds = Some(super::modules::read(fields.sink, block));
        }
        let mut dids = Vec::new();
        for line in fields.children("dids") {
            let mut inner = Fields::new(line, fields.sink);
            let numbers = inner.arguments();
            inner.finish();
            dids.extend(numbers.iter().filter_map(|n| pattern(fields.sink, n)));
        }
        let mut from = Vec::new();
        for line in fields.children("carriers") {
            from.extend(carriers(fields.sink, line));
        }
        if let Some(property) = node.properties.iter().find(|p| p.name == "dids")
            && let Some(text) = fields.as_text(&property.value)
        {
            dids.extend(pattern(fields.sink, &text));
        }
        fields.finish();
        let Some(found) = found.filter(|f| name(&mut self.sink, f)) else {
            return;
        };
        let mark = self.sink.mark(found.span);
        if let Some(first) = self.out.ceilings.iter().find(|c| c.tenant == found.value) {
            let message = format!("a second ceiling of `{}`", found.value);
            let finding = Diagnostic::error(mark, codes::TWICE, message);
            self.sink.add(finding.also(first.mark.clone(), "the first"));
            return;
        }
        let tenant = found.value;
        self.out.ceilings.push(Ceiling {
            tenant,
            calls_max,
            trunks_max,
            users_max,
            dids,
            carriers: from,
            modules: bounds.unwrap_or_default(),
            mark,
        });
    }
}

fn is_host(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    !text.is_empty() && text.len() <= 253 && text.bytes().all(good)
}

fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or(text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let (host, port) = rest.split_once(':').unwrap_or((rest, "443"));
    is_host(host) && port.parse::<u16>().is_ok()
}
