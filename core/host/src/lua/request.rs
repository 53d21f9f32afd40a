//! What a script yielded, read into a `ScriptOp`: every argument checked, every number bounded.
//! A mistake becomes a message that is raised at the script's line.

use std::time::Duration;

use cordboard_call::cause::Cause;
use cordboard_steps::script::{CollectOp, LogLevel, OutsideRequest, ScriptOp};
use mlua::{MultiValue, Table, Value};

use super::check::nearest;
use super::json;
use super::manifest::ScriptManifest;
use super::url;

type Read<T> = Result<T, String>;

/// A request as it came out of the coroutine.
pub(crate) struct Request {
    name: String,
    /// Line of the script, from 1; 0 where it is not known.
    pub line: u32,
    arguments: Vec<Value>,
}

/// What to do with a request.
pub(crate) enum Asked {
    /// Hand it out.
    Op(ScriptOp),
    /// Answer `nil, "denied", message` at once.
    Denied(String),
}

const SECONDS_MAX: f64 = 86_400.0;

impl Request {
    /// Splits the yielded values; `None` when a script yielded them by itself, which it cannot.
    pub fn split(values: MultiValue) -> Option<Request> {
        let mut values = values.into_iter();
        let Some(Value::String(name)) = values.next() else {
            return None;
        };
        let line = whole(&values.next()?, "the line").unwrap_or(0) as u32;
        Some(Request {
            name: name.to_string_lossy(),
            line,
            arguments: values.collect(),
        })
    }

    fn argument(&self, at: usize) -> &Value {
        self.arguments.get(at).unwrap_or(&Value::Nil)
    }

    fn text(&self, at: usize, what: &str) -> Read<String> {
        text(self.argument(at), what)
    }

    fn options(&self, at: usize, known: &[&str]) -> Read<Options> {
        Options::read(self.argument(at), known)
    }

    /// Reads it.
    pub fn read(&self, manifest: &ScriptManifest, bytes_max: usize) -> Read<Asked> {
        let op = match self.name.as_str() {
            "answer" => ScriptOp::Answer,
            "play" => self.play()?,
            "tone" => ScriptOp::Tone {
                name: self.text(0, "the tone's name")?,
                lasts: seconds(self.argument(1), "the tone's length")?,
            },
            "wait" => ScriptOp::Wait {
                lasts: seconds(self.argument(0), "the time to wait")?,
            },
            "collect" => self.collect()?,
            "ring" => self.ring()?,
            "trunk" => self.trunk()?,
            "record" => ScriptOp::Record {
                on: flag(self.argument(0), "record takes")?.unwrap_or(true),
            },
            "set" => ScriptOp::Set {
                name: self.variable()?,
                value: self.value(1, 4_096)?,
            },
            "get" => ScriptOp::Get { name: self.variable()? },
            "send_digits" => ScriptOp::SendDigits { digits: self.digits()? },
            "hangup" => ScriptOp::Hangup { cause: self.cause()? },
            "open" => ScriptOp::Open {
                calendar: self.text(0, "the calendar's name")?,
            },
            "fact" => ScriptOp::Fact {
                topic: self.text(0, "the fact's topic")?,
                key: self.text(1, "the fact's key")?,
            },
            "log" => self.log(bytes_max)?,
            "now" => ScriptOp::Now,
            "random" => ScriptOp::Random,
            "http" => return self.http(manifest, bytes_max),
            _ => ScriptOp::Outside(self.store(bytes_max)?),
        };
        Ok(Asked::Op(op))
    }

    fn play(&self) -> Read<ScriptOp> {
        let mut prompts = Vec::new();
        let mut early = false;
        let mut repeat_for = None;
        for argument in &self.arguments {
            match argument {
                Value::Table(table) if table.raw_len() == 0 => {
                    let options = Options::read(argument, &["early", "repeat_for"])?;
                    early = options.flag("early")?.unwrap_or(false);
                    repeat_for = options.seconds("repeat_for")?;
                }
                other => prompts.extend(texts(other, "a prompt's name")?),
            }
        }
        if prompts.is_empty() || prompts.len() > 32 {
            return Err("play takes 1 to 32 prompts, such as call:play(\"welcome\", \"menu\")".into());
        }
        Ok(ScriptOp::Play {
            prompts,
            early,
            repeat_for,
        })
    }

    fn collect(&self) -> Read<ScriptOp> {
        const KNOWN: &[&str] = &[
            "prompt", "digits", "min", "max", "timeout", "between", "ends_with", "secret", "tries", "invalid",
        ];
        if let Value::String(_) = self.argument(0) {
            let prompts = vec![self.text(0, "the prompt")?];
            return Ok(ScriptOp::Collect(CollectOp {
                prompts,
                ..CollectOp::default()
            }));
        }
        let options = self.options(0, KNOWN)?;
        let mut op = CollectOp::default();
        op.prompts = options.texts("prompt")?;
        op.invalid = options.texts("invalid")?;
        if let Some(digits) = options.count("digits", 64)? {
            op.min = digits;
            op.max = digits;
        }
        op.max = options.count("max", 64)?.unwrap_or(op.max);
        op.min = options.count("min", 64)?.unwrap_or(op.min);
        if op.min > op.max {
            return Err(format!("collect: min ({}) is more than max ({})", op.min, op.max));
        }
        op.timeout = options.seconds("timeout")?.unwrap_or(op.timeout);
        op.between = options.seconds("between")?.unwrap_or(op.between);
        op.secret = options.flag("secret")?.unwrap_or(false);
        op.tries = options.count("tries", 10)?.unwrap_or(1);
        match options.value("ends_with") {
            Value::Nil => {}
            Value::Boolean(false) => op.ends_with = None,
            other => {
                let key = text(&other, "ends_with")?;
                let mut keys = key.chars();
                match (keys.next(), keys.next()) {
                    (Some(c), None) if is_key(c) => op.ends_with = Some(c),
                    _ => return Err("ends_with takes one key, such as \"#\", or false".into()),
                }
            }
        }
        Ok(ScriptOp::Collect(op))
    }

    fn ring(&self) -> Read<ScriptOp> {
        let users = names(self.argument(0), "a user's name")?;
        let options = self.options(1, &["order", "timeout", "music"])?;
        let in_turn = match options.text("order")?.as_deref() {
            None | Some("all") => false,
            Some("in-turn") => true,
            Some(other) => {
                return Err(format!("ring has no order \"{other}\": it is \"all\" or \"in-turn\""));
            }
        };
        Ok(ScriptOp::Ring {
            users,
            in_turn,
            timeout: options.seconds("timeout")?.unwrap_or(Duration::from_secs(20)),
            music: options.text("music")?,
        })
    }

    fn trunk(&self) -> Read<ScriptOp> {
        let trunks = names(self.argument(0), "a trunk's name")?;
        let options = self.options(1, &["number", "timeout", "caller_id"])?;
        Ok(ScriptOp::Trunk {
            trunks,
            number: options.text("number")?,
            timeout: options.seconds("timeout")?.unwrap_or(Duration::from_secs(60)),
            caller_id: options.text("caller_id")?,
        })
    }

    fn variable(&self) -> Read<String> {
        let name = self.text(0, "the variable's name")?;
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !(1..=64).contains(&name.len()) || !name.chars().all(good) {
            return Err("a variable's name is 1 to 64 of a-z A-Z 0-9 _ . -".into());
        }
        Ok(name)
    }

    /// A text, a number or a boolean, as text.
    fn value(&self, at: usize, bytes_max: usize) -> Read<String> {
        let value = match self.argument(at) {
            Value::Boolean(yes) => yes.to_string(),
            Value::Table(_) => return Err("the value must be a text: use json.encode for a table".into()),
            other => text(other, "the value")?,
        };
        if value.len() > bytes_max {
            return Err(format!("the value is longer than {bytes_max} bytes"));
        }
        Ok(value)
    }

    fn digits(&self) -> Read<String> {
        let digits = self.text(0, "the digits")?;
        if !(1..=64).contains(&digits.len()) || !digits.chars().all(is_key) {
            return Err("digits are 1 to 64 of 0-9 * # A-D".into());
        }
        Ok(digits)
    }

    fn cause(&self) -> Read<Option<String>> {
        if self.argument(0).is_nil() {
            return Ok(None);
        }
        let word = self.text(0, "the cause")?;
        if Cause::from_word(&word).is_none() {
            let near = nearest(&word, Cause::NAMED.iter().map(|c| c.word()));
            let hint = near.map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default();
            return Err(format!("there is no hang-up cause \"{word}\"{hint}"));
        }
        Ok(Some(word))
    }

    fn log(&self, bytes_max: usize) -> Read<ScriptOp> {
        let level = match self.text(0, "the level")?.as_str() {
            "debug" => LogLevel::Debug,
            "warn" => LogLevel::Warn,
            "error" => LogLevel::Error,
            _ => LogLevel::Info,
        };
        let mut message = match self.argument(1) {
            Value::Nil => "nil".to_owned(),
            Value::Boolean(yes) => yes.to_string(),
            Value::String(s) => s.to_string_lossy(),
            Value::Table(_) => json::encode(self.argument(1), bytes_max)?,
            other => text(other, "the message")?,
        };
        match self.argument(2) {
            Value::Nil => {}
            fields @ Value::Table(_) => {
                message.push(' ');
                message.push_str(&json::encode(fields, bytes_max)?);
            }
            _ => return Err("log takes a message and a table of fields".into()),
        }
        let end = (0..=4_096.min(message.len())).rev().find(|&i| message.is_char_boundary(i));
        message.truncate(end.unwrap_or(0));
        Ok(ScriptOp::Log { level, message })
    }

    fn store(&self, bytes_max: usize) -> Read<OutsideRequest> {
        let key = self.text(0, "the key")?;
        if !(1..=256).contains(&key.len()) {
            return Err("a key is a text of 1 to 256 bytes".into());
        }
        Ok(match self.name.as_str() {
            "store_get" => OutsideRequest::StoreGet { key },
            "store_set" => OutsideRequest::StoreSet {
                key,
                value: self.value(1, bytes_max)?,
                lasts: self.options(2, &["lasts"])?.seconds_within("lasts", 366.0 * SECONDS_MAX)?,
            },
            "store_delete" => OutsideRequest::StoreDelete { key },
            "store_incr" => OutsideRequest::StoreIncr {
                key,
                by: match self.argument(1) {
                    Value::Nil => 1,
                    other => whole(other, "what to add")?,
                },
            },
            other => return Err(format!("there is no host function {other}")),
        })
    }

    fn http(&self, manifest: &ScriptManifest, bytes_max: usize) -> Read<Asked> {
        let method = self.text(0, "the method")?.to_ascii_uppercase();
        if !matches!(method.as_str(), "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE") {
            return Err("the method is GET, HEAD, POST, PUT, PATCH or DELETE".into());
        }
        let url = self.text(1, "the URL")?;
        if url.len() > 8_192 {
            return Err("the URL is longer than 8192 bytes".into());
        }
        let (host, port) = url::host_of(&url)?;
        if !manifest.permits(&host, port) {
            return Ok(Asked::Denied(format!(
                "the manifest does not name the host {host} (port {port}): add `-- http: {host}` to the comment at the top"
            )));
        }
        let options = self.options(3, &["headers", "timeout", "method", "url", "body"])?;
        let mut headers = options.headers()?;
        let body = match self.argument(2) {
            Value::Nil => None,
            table @ Value::Table(_) => {
                if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
                    headers.push(("content-type".into(), "application/json".into()));
                }
                Some(json::encode(table, bytes_max)?)
            }
            _ => Some(self.value(2, bytes_max)?),
        };
        Ok(Asked::Op(ScriptOp::Outside(OutsideRequest::Http {
            method,
            url,
            headers,
            body,
            timeout: options.seconds_within("timeout", 60.0)?.unwrap_or(Duration::from_secs(5)),
        })))
    }
}

/// A table of options whose names are known. Metatables are not asked: no script code runs here.
struct Options {
    table: Option<Table>,
}

impl Options {
    fn read(value: &Value, known: &[&str]) -> Read<Options> {
        let table = match value {
            Value::Nil => return Ok(Options { table: None }),
            Value::Table(table) => table.clone(),
            other => return Err(format!("options are a table in {{ }}, not a {}", other.type_name())),
        };
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair.map_err(|e| e.to_string())?;
            let name = match &key {
                Value::String(name) => name.to_string_lossy(),
                other => return Err(format!("options have names, such as timeout = 5, not a {}", other.type_name())),
            };
            if !known.contains(&name.as_str()) {
                let hint = match nearest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("there are {}", known.join(", ")),
                };
                return Err(format!("there is no option '{name}': {hint}"));
            }
        }
        Ok(Options { table: Some(table) })
    }

    fn value(&self, name: &str) -> Value {
        match &self.table {
            Some(table) => table.raw_get(name).unwrap_or(Value::Nil),
            None => Value::Nil,
        }
    }

    fn text(&self, name: &str) -> Read<Option<String>> {
        match self.value(name) {
            Value::Nil => Ok(None),
            other => text(&other, name).map(Some),
        }
    }

    fn texts(&self, name: &str) -> Read<Vec<String>> {
        match self.value(name) {
            Value::Nil => Ok(Vec::new()),
            other => texts(&other, name),
        }
    }

    fn flag(&self, name: &str) -> Read<Option<bool>> {
        flag(&self.value(name), &format!("'{name}' is"))
    }

    fn seconds(&self, name: &str) -> Read<Option<Duration>> {
        self.seconds_within(name, SECONDS_MAX)
    }

    fn seconds_within(&self, name: &str, most: f64) -> Read<Option<Duration>> {
        match self.value(name) {
            Value::Nil => Ok(None),
            other => seconds_within(&other, name, most).map(Some),
        }
    }

    /// 1 to `most`.
    fn count(&self, name: &str, most: u8) -> Read<Option<u8>> {
        let value = self.value(name);
        if value.is_nil() {
            return Ok(None);
        }
        match whole(&value, name)? {
            n if (1..=i64::from(most)).contains(&n) => Ok(Some(n as u8)),
            n => Err(format!("'{name}' is 1 to {most}, not {n}")),
        }
    }

    fn headers(&self) -> Read<Vec<(String, String)>> {
        let mut headers = Vec::new();
        let table = match self.value("headers") {
            Value::Nil => return Ok(headers),
            Value::Table(table) => table,
            other => return Err(format!("headers are a table, not a {}", other.type_name())),
        };
        for pair in table.pairs::<Value, Value>() {
            let (name, value) = pair.map_err(|e| e.to_string())?;
            let (name, value) = (text(&name, "a header's name")?, text(&value, "a header's value")?);
            let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || name.len() > 128 || !name.bytes().all(token) {
                return Err(format!("'{name}' cannot be a header's name"));
            }
            if value.len() > 4_096 || value.bytes().any(|b| b < b' ' && b != b'\t') {
                return Err(format!("the value of header '{name}' is too long or has a line end in it"));
            }
            headers.push((name, value));
            if headers.len() > 64 {
                return Err("there are more than 64 headers".into());
            }
        }
        headers.sort();
        Ok(headers)
    }
}

fn is_key(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D')
}

fn text(value: &Value, what: &str) -> Read<String> {
    match value {
        Value::String(s) => match s.to_str() {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(format!("{what} is not UTF-8 text")),
        },
        Value::Integer(n) => Ok(n.to_string()),
        Value::Number(n) => json::number(*n),
        other => Err(format!("{what} must be a text, not {}", other.type_name())),
    }
}

/// One text, or a list of them.
fn texts(value: &Value, what: &str) -> Read<Vec<String>> {
    let Value::Table(table) = value else {
        return Ok(vec![text(value, what)?]);
    };
    let length = table.raw_len();
    if length > 32 {
        return Err(format!("{what}: at most 32 in a list"));
    }
    (1..=length)
        .map(|at| text(&table.raw_get(at).map_err(|e| e.to_string())?, what))
        .collect()
}

/// One or more names.
fn names(value: &Value, what: &str) -> Read<Vec<String>> {
    let names = texts(value, what)?;
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(format!("{what} is missing"));
    }
    Ok(names)
}

fn flag(value: &Value, what: &str) -> Read<Option<bool>> {
    match value {
        Value::Nil => Ok(None),
        Value::Boolean(yes) => Ok(Some(*yes)),
        other => Err(format!("{what} true or false, not a {}", other.type_name())),
    }
}

fn float(value: &Value, what: &str) -> Read<f64> {
    match value {
        Value::Integer(n) => Ok(*n as f64),
        Value::Number(n) => Ok(*n),
        other => Err(format!("{what} must be a number, not {}", other.type_name())),
    }
}

fn whole(value: &Value, what: &str) -> Read<i64> {
    let n = float(value, what)?;
    if n.fract() != 0.0 || n.abs() > 9_007_199_254_740_992.0 {
        return Err(format!("{what} must be a whole number"));
    }
    Ok(n as i64)
}

fn seconds(value: &Value, what: &str) -> Read<Duration> {
    seconds_within(value, what, SECONDS_MAX)
}

fn seconds_within(value: &Value, what: &str, most: f64) -> Read<Duration> {
    let n = float(value, what)?;
    if !(n > 0.0 && n <= most) {
        return Err(format!("{what} is in seconds, more than 0 and at most {most}"));
    }
    // Whole milliseconds, so that a recorded run and its replay agree to the last digit.
    Ok(Duration::from_millis((n * 1_000.0).round().max(1.0) as u64))
}
