//! What a module may do: its manifest asks for it, its tenant grants it, the node's ceiling allows it.
//!
//! All three at every check; the narrowest bounds win. A `Denied` says which of the three said no
//! and the line that would allow it, for whoever reads the log. A module's own topics, the calls in
//! its own steps and its own answers need no grant; trunks, started calls, files, http and the
//! store do. Places in messages are those of the load that made the module: a line that moved
//! without changing anything does not make a new module.

mod rates;
#[cfg(test)]
mod tests;
pub mod url;

use std::sync::Arc;

use cordboard_dialplan::node_file::{HTTP_RATE, ModulesCeiling};
use cordboard_dialplan::route::Place;
use cordboard_dialplan::schema::{Grant, Loaded};
use cordboard_dialplan::url_pattern::UrlPattern;
use cordboard_steps::ScriptCallError;
use serde_json::{Value, json};

use self::url::{Url, permits};
pub use rates::Rates;

use crate::contract::Refused;
use crate::manifest::{Asked, Manifest};

/// Bytes of an http answer where the grant says nothing.
pub const SIZE_BYTES_DEFAULT: u64 = 1 << 20;
/// Most bytes of an http answer.
pub const SIZE_BYTES_MAX: u64 = 16 << 20;
/// Methods that a grant allows where it names none.
const METHODS_DEFAULT: [&str; 3] = ["GET", "HEAD", "POST"];
/// Starts and requests a second where neither grant nor ceiling says a number.
const RATE_DEFAULT: u32 = HTTP_RATE;

/// It is allowed, within these bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The grant that allows it: the name of its rate.
    pub grant: String,
    /// Most a second; none is not counted.
    pub rate_per_second: Option<u32>,
    /// Most bytes of the answer.
    pub size_bytes: u64,
    /// The name may resolve to a private address.
    pub private: bool,
    /// The grant's line.
    pub place: Option<Place>,
}

/// It is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Denied {
    /// `Denied`, `Busy` for a rate, `Invalid` for what cannot be read.
    pub kind: ScriptCallError,
    /// Names module, capability and the line that would allow it.
    pub message: String,
    /// That line, where it exists already.
    pub place: Option<Place>,
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Refused {
        Refused {
            kind: denied.kind,
            message: denied.message,
        }
    }
}

/// What a module wants with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicUse {
    /// Tell everybody.
    Publish,
    /// Keep a value.
    Retain,
    /// Hear it.
    Hear,
}

/// What a module may do.
#[derive(Clone, Debug)]
pub struct Effective {
    /// Name in this tenant.
    module: String,
    /// Where the tenant loads it.
    place: Place,
    manifest: Arc<Manifest>,
    asks: Vec<(UrlPattern, u32)>,
    grants: Vec<Grant>,
    /// `grants` of http, read; by their number.
    http: Vec<(usize, UrlPattern)>,
    ceiling: Arc<ModulesCeiling>,
}

impl Effective {
    /// Joins what is asked, granted and allowed.
    ///
    /// # Errors
    /// A URL pattern that cannot be read, with its line.
    pub fn of(
        manifest: Arc<Manifest>,
        loaded: &Loaded,
        ceiling: Arc<ModulesCeiling>,
    ) -> Result<Effective, String> {
        let mut http = Vec::new();
        for (at, grant) in loaded.grants.iter().enumerate() {
            if grant.capability == "http" {
                let pattern = UrlPattern::parse(&grant.what)
                    .map_err(|why| format!("{}: `{}`: {why}", line(&grant.place), grant.what))?;
                http.push((at, pattern));
            }
        }
        // The manifest's own patterns were read with it.
        let asks = manifest.asks.iter().filter(|a| a.ask.capability == "http");
        let asks = asks
            .filter_map(|a| Some((UrlPattern::parse(&a.ask.what).ok()?, a.line)))
            .collect();
        Ok(Effective {
            module: loaded.name.clone(),
            place: loaded.place.clone(),
            asks,
            manifest,
            grants: loaded.grants.clone(),
            http,
            ceiling,
        })
    }

    /// May it send this request? The rate is `Module::may_send`'s.
    ///
    /// # Errors
    /// Why not.
    pub fn check_http(&self, method: &str, url: &str) -> Result<Allowed, Denied> {
        let shown: String = url.chars().take(200).collect();
        let read = Url::parse(url).map_err(|why| Denied {
            kind: ScriptCallError::Invalid,
            message: format!("module `{}`: http `{shown}`: {why}", self.module),
            place: None,
        })?;
        let what = format!("http `{method} {shown}`");
        let root = root_of(url);
        if !self.asks.iter().any(|(pattern, _)| permits(pattern, &read)) {
            return Err(self.not_asked(&what, "http", &root));
        }
        let matching = self.http.iter().filter(|(_, p)| permits(p, &read));
        let mut matching: Vec<&Grant> = matching.filter_map(|(n, _)| self.grants.get(*n)).collect();
        if matching.is_empty() {
            return Err(self.not_granted(&what, &format!("http \"{root}\"")));
        }
        if !matching.iter().any(|grant| has_method(grant, method)) {
            let place = matching.first().map(|grant| &grant.place);
            let cure = format!("add `{method}` to its `methods`");
            return Err(self.narrow(&what, "its method", place, &cure));
        }
        matching.retain(|grant| has_method(grant, method));
        let private = read.is_private();
        if private && !matching.iter().any(|grant| grant.private) {
            let place = matching.first().map(|grant| &grant.place);
            let cure = "add `private=#true`, where the node's ceiling allows it";
            return Err(self.narrow(&what, "a private address", place, cure));
        }
        matching.sort_by_key(|grant| grant.private != private);
        let Some(grant) = matching.first() else {
            return Err(self.not_granted(&what, &format!("http \"{root}\"")));
        };
        // The load has refused a grant of every host that the ceiling does not say; a ceiling that
        // became lower since counts at once.
        let open = |grant: &Grant| UrlPattern::parse(&grant.what).is_ok_and(|p| p.is_open());
        if self.ceiling.http.is_empty() && open(grant) {
            return Err(self.above(&what, "http \"*\""));
        }
        let Some(most) = self.http_ceiling(&read) else {
            return Err(self.above(&what, "http"));
        };
        if private && !self.ceiling.private_addresses {
            return Err(self.above(&what, "private-addresses"));
        }
        let rate = grant.rate_per_second.unwrap_or(RATE_DEFAULT);
        Ok(Allowed {
            grant: format!("http {}", grant.what),
            rate_per_second: Some(rate.min(most)),
            size_bytes: grant
                .size_bytes
                .unwrap_or(SIZE_BYTES_DEFAULT)
                .min(SIZE_BYTES_MAX),
            private: grant.private && self.ceiling.private_addresses,
            place: Some(grant.place.clone()),
        })
    }

    /// May it use this topic so? Its own, declared in the manifest, need no grant.
    ///
    /// # Errors
    /// Why not.
    pub fn check_topic(&self, topic: &str, how: TopicUse) -> Result<(), Denied> {
        let topics = &self.manifest.topics;
        let (key, own, verb) = match how {
            TopicUse::Publish => ("publish", &topics.publish, "publish"),
            TopicUse::Retain => ("retain", &topics.retain, "retain"),
            TopicUse::Hear => {
                let known = &topics.subscribe;
                if known.iter().any(|t| t == topic) {
                    return Ok(());
                }
                return Err(self.in_manifest(&format!("topic `{topic}`"), "subscribe", topic));
            }
        };
        let prefix = format!("{}.", self.module);
        let Some(name) = topic.strip_prefix(&prefix) else {
            return Err(Denied {
                kind: ScriptCallError::Denied,
                message: format!(
                    "module `{}`: topic `{topic}` is not its own: it may {verb} `{prefix}...` only",
                    self.module
                ),
                place: None,
            });
        };
        match own.iter().any(|known| known == name) {
            true => Ok(()),
            false => Err(self.in_manifest(&format!("topic `{topic}`"), key, name)),
        }
    }

    /// May it read this file beside the dialplan? An error says why not.
    pub fn check_file(&self, name: &str) -> Result<Allowed, Denied> {
        self.check("file", name)
    }

    /// May it call out through this trunk?
    ///
    /// # Errors
    /// Why not.
    pub fn check_trunk(&self, name: &str) -> Result<Allowed, Denied> {
        self.check("trunk", name)
    }

    /// May it use `capability` (`store`, `start-call`, `file`, `trunk`, `native`) on `what`?
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, capability: &str, what: &str) -> Result<Allowed, Denied> {
        let shown: String = what.chars().take(100).collect();
        let full = match what {
            "" => format!("`{capability}`"),
            _ => format!("{capability} `{shown}`"),
        };
        let asks =
            |asked: &Asked| asked.ask.capability == capability && names(&asked.ask.what, what);
        if !self.manifest.asks.iter().any(asks) {
            return Err(self.not_asked(&full, capability, &shown));
        }
        let granted = |grant: &&Grant| grant.capability == capability && names(&grant.what, what);
        let Some(grant) = self.grants.iter().find(granted) else {
            let line = match what {
                "" => capability.to_owned(),
                _ => format!("{capability} \"{shown}\""),
            };
            return Err(self.not_granted(&full, &line));
        };
        if capability == "native" && !self.ceiling.native {
            return Err(self.above(&full, capability));
        }
        let rate = match capability {
            "start-call" => Some(grant.rate_per_second.unwrap_or(RATE_DEFAULT)),
            _ => grant.rate_per_second,
        };
        Ok(Allowed {
            grant: format!("{capability} {}", grant.what),
            rate_per_second: rate,
            size_bytes: grant
                .size_bytes
                .unwrap_or(SIZE_BYTES_DEFAULT)
                .min(SIZE_BYTES_MAX),
            private: false,
            place: Some(grant.place.clone()),
        })
    }

    /// May its native code run in the switch itself?
    pub fn native_in_process(&self) -> bool {
        self.ceiling.native && self.ceiling.native_in_process
    }

    /// Files that are asked for and granted, by name.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let files = self.grants.iter().filter(|g| g.capability == "file");
        files
            .map(|grant| grant.what.as_str())
            .filter(|name| self.check_file(name).is_ok())
    }

    /// What is granted and works, for the console.
    pub fn granted(&self) -> Vec<Value> {
        let works = |grant: &&Grant| self.refusal_of(grant).is_none();
        self.grants
            .iter()
            .filter(works)
            .map(|grant| {
                json!({
                    "capability": grant.capability, "what": grant.what,
                    "rate_per_second": grant.rate_per_second, "size_bytes": grant.size_bytes,
                    "private": grant.private && self.ceiling.private_addresses, "place": line(&grant.place),
                })
            })
            .collect()
    }

    /// What is asked and not granted, or granted and does not work, each with the reason.
    pub fn denied(&self) -> Vec<Value> {
        let granted = |asked: &&Asked| {
            let same = |g: &Grant| {
                let (ask, grant) = (&asked.ask.what, &g.what);
                g.capability == asked.ask.capability && (names(ask, grant) || ask.contains('*'))
            };
            !self.grants.iter().any(same)
        };
        let mut found: Vec<Value> = self
            .manifest
            .asks
            .iter()
            .filter(granted)
            .filter(|asked| !matches!(asked.ask.capability.as_str(), "events" | "calls"))
            .map(|asked| {
                let ask = &asked.ask;
                let place = line(&self.place);
                let why = format!("not granted: `grant {}` in `module {}` at {place}", {
                    match ask.what.as_str() {
                        "" => ask.capability.clone(),
                        what => format!("{} \"{what}\"", ask.capability),
                    }
                }, self.module);
                json!({ "capability": ask.capability, "what": ask.what, "why": why, "reason": ask.reason })
            })
            .collect();
        found.extend(self.grants.iter().filter_map(|grant| {
            let why = self.refusal_of(grant)?;
            Some(json!({ "capability": grant.capability, "what": grant.what, "why": why }))
        }));
        found
    }

    /// Why a grant does not work: nobody asked, or the ceiling is lower.
    fn refusal_of(&self, grant: &Grant) -> Option<String> {
        if grant.capability == "http" {
            let asked = self
                .manifest
                .asks
                .iter()
                .any(|asked| asked.ask.capability == "http");
            return (!asked)
                .then(|| format!("{} does not ask for http", self.manifest.source.file));
        }
        self.check(&grant.capability, &grant.what)
            .err()
            .map(|denied| denied.message)
    }

    /// All that decides, without lines: equal texts allow the same.
    pub fn identity(&self) -> String {
        let ceiling = &self.ceiling;
        let mut text = format!(
            "{} {} {} {}\n",
            self.module, ceiling.private_addresses, ceiling.native, ceiling.native_in_process
        );
        for line in &ceiling.http {
            text.push_str(&format!("{} {}\n", line.pattern, line.rate_per_second));
        }
        for grant in &self.grants {
            text.push_str(&format!(
                "{} {:?} {:?} {:?} {:?} {}\n",
                grant.capability,
                grant.what,
                grant.methods,
                grant.rate_per_second,
                grant.size_bytes,
                grant.private
            ));
        }
        text
    }

    /// Most requests a second that the node allows to a URL; none where it allows none.
    fn http_ceiling(&self, url: &Url) -> Option<u32> {
        let lines = &self.ceiling.http;
        if lines.is_empty() {
            return Some(HTTP_RATE);
        }
        let permitting = lines.iter().filter(|line| permits(&line.pattern, url));
        permitting.map(|line| line.rate_per_second).max()
    }

    fn not_asked(&self, what: &str, capability: &str, of: &str) -> Denied {
        let of = match of {
            "" => String::new(),
            of => format!(", `what = \"{of}\"`"),
        };
        Denied {
            kind: ScriptCallError::Denied,
            message: format!(
                "module `{}`: {what} is not asked for: add an [[ask]] with `capability = \
                 \"{capability}\"`{of} at {}:{}",
                self.module, self.manifest.source.file, self.manifest.source.asks_line
            ),
            place: Some(self.manifest.place(self.manifest.source.asks_line)),
        }
    }

    fn not_granted(&self, what: &str, grant: &str) -> Denied {
        let place = line(&self.place);
        Denied {
            kind: ScriptCallError::Denied,
            message: format!(
                "module `{0}`: {what} is not granted: add `grant {grant}` to `module {0}` at {place}",
                self.module
            ),
            place: Some(self.place.clone()),
        }
    }

    fn narrow(&self, what: &str, why: &str, place: Option<&Place>, cure: &str) -> Denied {
        let place = place.unwrap_or(&self.place);
        Denied {
            kind: ScriptCallError::Denied,
            message: format!(
                "module `{}`: {what}: the grant at {} does not allow {why}: {cure}",
                self.module,
                line(place)
            ),
            place: Some(place.clone()),
        }
    }

    fn above(&self, what: &str, capability: &str) -> Denied {
        let (at, place) = match &self.ceiling.mark {
            Some(mark) => {
                let place = mark.place();
                (format!(" at {}", line(&place)), Some(place))
            }
            None => (", which has no `modules` for this tenant".to_owned(), None),
        };
        Denied {
            kind: ScriptCallError::Denied,
            message: format!(
                "module `{}`: {what} is above the node's ceiling: `{capability}` in `modules` of `_node.kdl`{at}",
                self.module
            ),
            place,
        }
    }

    fn in_manifest(&self, what: &str, key: &str, name: &str) -> Denied {
        let line = self.manifest.source.topics_line;
        Denied {
            kind: ScriptCallError::Denied,
            message: format!(
                "module `{}`: {what} is not declared: add \"{name}\" to `{key}` at {}:{line}",
                self.module, self.manifest.source.file
            ),
            place: Some(self.manifest.place(line)),
        }
    }
}

fn has_method(grant: &Grant, method: &str) -> bool {
    match grant.methods.is_empty() {
        true => METHODS_DEFAULT.contains(&method),
        false => grant.methods.iter().any(|m| m == method),
    }
}

/// True when a line that names `pattern` means `what`: all of it, a beginning, or it itself.
fn names(pattern: &str, what: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(front) => what.starts_with(front),
        None => pattern.is_empty() || pattern == what,
    }
}

/// `https://host/*` of a URL: what one would grant.
fn root_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!(
        "{}://{}/*",
        scheme.to_ascii_lowercase(),
        host.to_ascii_lowercase()
    )
}

fn line(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}
