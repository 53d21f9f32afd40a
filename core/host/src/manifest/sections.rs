//! A manifest's sections: top level, code, topics, limits, steps, verbs, asks, and what a world
//! cannot have.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use cordboard_dialplan::schema::{Ask, CAPABILITIES, RESERVED_NAMES, StepSchema};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::read::{
    BAD_VALUE, MISSING, Reader, SYNTAX, TWICE, VERSION, Value, WORLD, is_name, shorten,
};
use super::{Asked, Code, Kind, Manifest, Operation, Standing, Topics, Wishes};
use crate::contract::World;
use crate::module::CONTRACT;
use cordboard_dialplan::url_pattern::UrlPattern;

const KEYS: [&str; 17] = [
    "name",
    "version",
    "contract",
    "world",
    "kind",
    "entry",
    "about",
    "state-version",
    "subscribe",
    "publish",
    "retain",
    "build",
    "limits",
    "step",
    "setting",
    "operation",
    "ask",
];
/// Steps of the core: a module's step of the same name would be read as that.
const CORE_STEPS: [&str; 14] = [
    "answer", "play", "tone", "wait", "collect", "run", "ring", "trunk", "goto", "record", "set",
    "when", "else", "hangup",
];
impl Reader {
    pub(super) fn manifest(&mut self, text: &str) -> Option<Manifest> {
        let root = match DeTable::parse(text) {
            Ok(root) => root,
            Err(error) => {
                let at = error.span().unwrap_or_default();
                self.error(at, SYNTAX, error.message().trim().to_owned(), None);
                return None;
            }
        };
        let table = root.get_ref();
        self.keys(table, &KEYS, "a manifest");
        self.contract(table);
        let name = self.wanted(table, "name", 0..0).and_then(|v| self.name(v));
        if let (Some(name), Some(value)) = (&name, table.get("name"))
            && RESERVED_NAMES.contains(&name.as_str())
        {
            let message = format!("`{name}` is the first part of the switch's own topics");
            self.error(value.span(), BAD_VALUE, message, None);
        }
        let version = self
            .wanted(table, "version", 0..0)
            .and_then(|v| self.version(v));
        let world = self
            .wanted(table, "world", 0..0)
            .and_then(|v| self.world(v));
        let code = self.code(table);
        let about = table.get("about").and_then(|v| self.text(v));
        let topics = self.topics(table);
        let limits = self.limits(table, code.as_ref().map(|code| code.kind));
        let steps = self.steps(table);
        let settings = self.each(table, "setting", |r, t, at| r.field(t, at, 0));
        let operations = self.each(table, "operation", Reader::operation);
        let asks = self.each(table, "ask", Reader::ask);
        self.names_once(&settings, |f| &f.name, table, "setting");
        self.names_once(&operations, |o| &o.verb, table, "operation");
        let world = world?;
        let code = code?;
        self.fits_world(world, code.kind, table, &asks);
        let last = self.lines.mark(text.len(), 0).line;
        let topics_line = ["publish", "subscribe", "retain"]
            .iter()
            .find_map(|key| table.get(*key))
            .map_or(last, |value| self.line(value.span().start));
        Some(Manifest {
            name: name?,
            version: version?,
            about: about.unwrap_or_default(),
            world,
            code,
            topics,
            limits,
            steps,
            settings,
            operations,
            source: Standing {
                file: self.lines.file().clone(),
                asks_line: asks.last().map_or(last, |asked| asked.line),
                topics_line,
            },
            asks,
        })
    }

    fn contract(&mut self, table: &DeTable<'_>) {
        let Some(value) = self.wanted(table, "contract", 0..0) else {
            return;
        };
        let Some(text) = self.text(value) else { return };
        let mut parts = text.split('.').map(|p| p.parse::<u32>().ok());
        let read = match (parts.next(), parts.next(), parts.next()) {
            (Some(Some(_)), Some(Some(_)), None) => true,
            (Some(Some(_)), Some(Some(_)), Some(Some(_))) => parts.next().is_none(),
            _ => false,
        };
        let minor = text.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        if !read {
            let message = format!("`{}` is no version of the contract", shorten(&text));
            self.error(
                value.span(),
                VERSION,
                message,
                format!("write \"{CONTRACT}\""),
            );
        } else if minor != CONTRACT {
            let message = format!("needs contract {minor}, this switch has {CONTRACT}");
            let help = format!("build the module for {CONTRACT}, or use a switch that has {minor}");
            self.error(value.span(), VERSION, message, help);
        }
    }

    fn version(&mut self, value: &Value<'_>) -> Option<String> {
        let text = self.text(value)?;
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let parts: Vec<&str> = core.split('.').collect();
        let number = |part: &&str| (1..=9).contains(&part.len()) && part.parse::<u32>().is_ok();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        if parts.len() == 3
            && parts.iter().all(number)
            && text.len() <= 64
            && text.chars().all(plain)
        {
            return Some(text);
        }
        let message = format!("`{}` is no semantic version", shorten(&text));
        self.error(
            value.span(),
            BAD_VALUE,
            message,
            "write \"1.0.0\"".to_owned(),
        );
        None
    }

    fn world(&mut self, value: &Value<'_>) -> Option<World> {
        const WORLDS: [World; 5] = [
            World::CallScript,
            World::Router,
            World::Connector,
            World::Service,
            World::Reporter,
        ];
        let words = WORLDS.map(World::word);
        let word = self.one_of(value, &words, "world")?;
        WORLDS.into_iter().find(|world| world.word() == word)
    }

    fn code(&mut self, table: &DeTable<'_>) -> Option<Code> {
        let kinds = [Kind::Wasm, Kind::Lua, Kind::Native];
        let kind = self.wanted(table, "kind", 0..0).and_then(|value| {
            let word = self.one_of(value, &kinds.map(Kind::word), "kind")?;
            kinds.into_iter().find(|kind| kind.word() == word)
        });
        let entry = self.wanted(table, "entry", 0..0).and_then(|value| {
            let text = self.text(value)?;
            let why = match kind {
                _ if !is_inside(&text) => {
                    "the entry is a path inside the module's folder, of plain parts"
                }
                Some(kind) if !text.ends_with(kind.ending()) => kind.ending(),
                _ => return Some(text),
            };
            let (message, help) = match why.strip_prefix('.') {
                Some(_) => (
                    format!("`{}` does not end in `{why}`", shorten(&text)),
                    None,
                ),
                None => (
                    format!("`{}` leads elsewhere", shorten(&text)),
                    Some(why.to_owned()),
                ),
            };
            self.error(value.span(), BAD_VALUE, message, help);
            None
        });
        let state = table.get("state-version");
        let state_version = state.and_then(|value| self.number(value, (1, 1_000_000)));
        Some(Code {
            kind: kind?,
            entry: entry?,
            state_version: state_version.and_then(|n| n.try_into().ok()).unwrap_or(1),
            build: self.build(table),
        })
    }

    fn build(&mut self, table: &DeTable<'_>) -> String {
        let mut build = None;
        if let Some(value) = table.get("build") {
            match value.get_ref() {
                DeValue::Table(section) => {
                    self.keys(section, &["command"], "[build]");
                    build = self
                        .wanted(section, "command", value.span())
                        .and_then(|v| self.text(v));
                }
                _ => self.wrong(value, "a table, `[build]`,"),
            }
        }
        build.unwrap_or_else(|| "none".to_owned())
    }

    fn topics(&mut self, table: &DeTable<'_>) -> Topics {
        let mut own = |key: &str| -> Vec<String> {
            let found = table.get(key).map(|value| self.texts(value));
            let mut names = Vec::new();
            for (name, at) in found.unwrap_or_default() {
                if is_name(&name) {
                    names.push(name);
                } else {
                    let message = format!("`{}` cannot be a topic of its own", shorten(&name));
                    let help = "write the part behind the module's name: `a-z`, `0-9` and `-`";
                    self.error(at, BAD_VALUE, message, help.to_owned());
                }
            }
            names
        };
        let (publish, retain) = (own("publish"), own("retain"));
        let heard = table.get("subscribe").map(|value| self.texts(value));
        let mut subscribe = Vec::new();
        for (topic, at) in heard.unwrap_or_default() {
            let parts: Vec<&str> = topic.split('.').collect();
            if (2..=4).contains(&parts.len()) && parts.iter().all(|part| is_name(part)) {
                subscribe.push(topic);
            } else {
                let message = format!("`{}` is no topic", shorten(&topic));
                self.error(at, BAD_VALUE, message, "write \"call.ended\"".to_owned());
            }
        }
        Topics {
            subscribe,
            publish,
            retain,
        }
    }

    /// Native code is measured by the clock on the wall, and may wait for the world by itself.
    fn limits(&mut self, table: &DeTable<'_>, kind: Option<Kind>) -> Wishes {
        let (cpu_ms, cpu_ms_max) = match kind {
            Some(Kind::Native) => (1_000, 60_000),
            _ => (50, 1_000),
        };
        let mut wishes = Wishes {
            memory_mb: 16,
            cpu: Duration::from_millis(cpu_ms),
            instances: 200,
        };
        let Some(value) = table.get("limits") else {
            return wishes;
        };
        let DeValue::Table(section) = value.get_ref() else {
            self.wrong(value, "a table, `[limits]`,");
            return wishes;
        };
        self.keys(section, &["memory-mb", "cpu-ms", "instances"], "[limits]");
        let mut number = |key: &str, most: i64| -> Option<u32> {
            let value = section.get(key)?;
            self.number(value, (1, most))?.try_into().ok()
        };
        wishes.memory_mb = number("memory-mb", 1_024).unwrap_or(wishes.memory_mb);
        let cpu = number("cpu-ms", cpu_ms_max).map(|ms| Duration::from_millis(ms.into()));
        wishes.cpu = cpu.unwrap_or(wishes.cpu);
        wishes.instances = number("instances", 10_000).unwrap_or(wishes.instances);
        wishes
    }

    fn steps(&mut self, table: &DeTable<'_>) -> BTreeMap<String, StepSchema> {
        let list = self.each(table, "step", |reader, step, at| {
            reader
                .step(step, at.clone())
                .map(|(name, step)| (name, step, at))
        });
        let mut steps = BTreeMap::new();
        for (name, step, at) in list {
            let message = format!("a second step `{name}`");
            if steps.insert(name, step).is_some() {
                self.error(at, TWICE, message, None);
            }
        }
        steps
    }

    fn step(&mut self, table: &DeTable<'_>, at: Range<usize>) -> Option<(String, StepSchema)> {
        const KNOWN: [&str; 6] = [
            "name",
            "about",
            "positional",
            "named",
            "outcomes",
            "any-outcome",
        ];
        self.keys(table, &KNOWN, "a step");
        let value = self.wanted(table, "name", at.clone());
        let name = value.and_then(|v| self.name(v));
        if let (Some(name), Some(value)) = (&name, value)
            && CORE_STEPS.contains(&name.as_str())
        {
            let message = format!("`{name}` is a step of the switch itself");
            self.error(
                value.span(),
                BAD_VALUE,
                message,
                "give it another name".to_owned(),
            );
        }
        let about = table.get("about").and_then(|v| self.text(v));
        let outcomes = table.get("outcomes").map(|value| self.texts(value));
        let mut known = Vec::new();
        for (outcome, at) in outcomes.unwrap_or_default() {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '#');
            if (1..=64).contains(&outcome.len()) && outcome.chars().all(plain) {
                known.push(outcome);
            } else {
                let message = format!("`{}` cannot be an outcome", shorten(&outcome));
                self.error(at, BAD_VALUE, message, None);
            }
        }
        let any = table.get("any-outcome").and_then(|v| self.flag(v));
        let schema = StepSchema {
            about: about.unwrap_or_default(),
            positional: self.each(table, "positional", |r, t, at| r.argument(t, at)),
            named: self.each(table, "named", |r, t, at| r.argument(t, at)),
            outcomes: known,
            any_outcome: any.unwrap_or(false),
        };
        let mut seen = BTreeSet::new();
        for field in schema.positional.iter().chain(&schema.named) {
            if !seen.insert(&field.name) {
                let message = format!("a second argument `{}`", field.name);
                self.error(at.clone(), TWICE, message, None);
            }
        }
        let lists = schema.positional.iter().rev().skip(1).find(|f| f.list);
        if let Some(list) = lists {
            let message = format!("`{}` is a list and not the last", list.name);
            self.error(at, BAD_VALUE, message, None);
        }
        Some((name?, schema))
    }

    fn operation(&mut self, table: &DeTable<'_>, at: Range<usize>) -> Option<Operation> {
        self.keys(
            table,
            &["verb", "about", "permission", "arguments"],
            "an operation",
        );
        let verb = self.wanted(table, "verb", at).and_then(|v| self.name(v));
        let about = table.get("about").and_then(|v| self.text(v));
        let permission = table.get("permission").and_then(|v| self.name(v));
        let arguments = self.each(table, "arguments", |r, t, at| r.argument(t, at));
        Some(Operation {
            verb: verb?,
            about: about.unwrap_or_default(),
            permission: permission.unwrap_or_default(),
            arguments,
        })
    }

    fn ask(&mut self, table: &DeTable<'_>, at: Range<usize>) -> Option<Asked> {
        self.keys(table, &["capability", "what", "reason"], "an ask");
        let line = self.line(at.start);
        let value = self.wanted(table, "capability", at.clone());
        let capability = value.and_then(|v| self.one_of(v, &CAPABILITIES, "capability"));
        let what = table.get("what").and_then(|v| self.text(v));
        let reason = self.wanted(table, "reason", at.clone());
        let reason = reason.and_then(|v| self.text(v));
        let capability = capability?;
        let what = what.unwrap_or_default();
        if capability == "http" {
            let read = match what.as_str() {
                "" => Err("name what is asked for, `what = \"https://host/*\"`".to_owned()),
                what => UrlPattern::parse(what).map(drop).map_err(|e| e.to_string()),
            };
            if let Err(why) = read {
                let at = table.get("what").map_or(at, Spanned::span);
                self.error(at, BAD_VALUE, why, None);
            }
        }
        let ask = Ask {
            capability,
            what,
            reason: reason.unwrap_or_default(),
        };
        Some(Asked { ask, line })
    }

    fn names_once<T>(
        &mut self,
        items: &[T],
        name: impl Fn(&T) -> &String,
        table: &DeTable<'_>,
        key: &str,
    ) {
        let mut seen = BTreeSet::new();
        for item in items {
            if !seen.insert(name(item)) {
                let at = table.get(key).map(Spanned::span).unwrap_or_default();
                let message = format!("a second {key} `{}`", name(item));
                self.error(at, TWICE, message, None);
            }
        }
    }

    /// What a world cannot have.
    fn fits_world(&mut self, world: World, kind: Kind, table: &DeTable<'_>, asks: &[Asked]) {
        let keeps = matches!(world, World::Service | World::Reporter);
        let hears = keeps || world == World::Connector;
        let tells = !matches!(world, World::Router | World::Reporter);
        let rules = [
            ("state-version", keeps, "has no state"),
            ("operation", keeps, "answers no verbs"),
            ("subscribe", hears, "hears no events"),
            ("publish", tells, "tells no events"),
            ("retain", tells, "keeps no facts"),
            ("step", world != World::Reporter, "has no steps"),
        ];
        for (key, may, why) in rules {
            if let (Some(value), false) = (table.get(key), may) {
                let message = format!("`{key}`: a {} {why}", world.word());
                self.error(value.span(), WORLD, message, None);
            }
        }
        if matches!(world, World::CallScript | World::Router) && table.get("step").is_none() {
            let message = format!("a {} offers at least one step", world.word());
            self.error(0..0, WORLD, message, "add a `[[step]]`".to_owned());
        }
        let native = |asked: &Asked| asked.ask.capability == "native";
        if kind == Kind::Native && !asks.iter().any(native) {
            let message = "a native module asks for the capability `native`";
            let help = "add an `[[ask]]` with `capability = \"native\"` and the reason";
            self.error(0..0, MISSING, message, help.to_owned());
        }
    }
}

/// A relative path of plain parts: letters, digits, `.`, `_`, `-`, no part that begins with a dot.
fn is_inside(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    path.len() <= 200 && path.split('/').all(part)
}
