//! What a script yielded, read into a `ScriptOp`: every argument checked, every number bounded.
//! A mistake becomes a message that is raised at the script's line.

pub(crate) mod options;

use std::time::Duration;

use cordboard_call::cause::Cause;
use cordboard_steps::script::{CollectOp, LogLevel, OutsideRequest, ScriptOp};
use mlua::{MultiValue, Value};

use super::check::nearest;
use super::json;
use super::manifest::ScriptManifest;
use super::url;
use crate::contract::JSON_BYTES_MAX;
use options::{Options, YEAR_SECONDS, flag, is_key, names, seconds, text, texts, whole};

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

    /// Reads it. A script's manifest says which hosts it may talk to.
    pub fn read(&self, manifest: Option<&ScriptManifest>, bytes_max: usize) -> Read<Asked> {
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
            "get" => ScriptOp::Get {
                name: self.variable()?,
            },
            "send_digits" => ScriptOp::SendDigits {
                digits: self.digits()?,
            },
            "hangup" => ScriptOp::Hangup {
                cause: self.cause()?,
            },
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
            "publish" => ScriptOp::Outside(OutsideRequest::Publish {
                topic: self.text(0, "the topic")?,
                payload: self.payload(1)?.unwrap_or_else(|| serde_json::json!({})),
            }),
            "retain" => ScriptOp::Outside(OutsideRequest::Retain {
                topic: self.text(0, "the topic")?,
                key: self.text(1, "the key")?,
                payload: self.payload(2)?,
            }),
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
            return Err(
                "play takes 1 to 32 prompts, such as call:play(\"welcome\", \"menu\")".into(),
            );
        }
        Ok(ScriptOp::Play {
            prompts,
            early,
            repeat_for,
        })
    }

    fn collect(&self) -> Read<ScriptOp> {
        const KNOWN: &[&str] = &[
            "prompt",
            "digits",
            "min",
            "max",
            "timeout",
            "between",
            "ends_with",
            "secret",
            "tries",
            "invalid",
        ];
        if let Value::String(_) = self.argument(0) {
            let prompts = vec![self.text(0, "the prompt")?];
            return Ok(ScriptOp::Collect(CollectOp {
                prompts,
                ..CollectOp::default()
            }));
        }
        let options = self.options(0, KNOWN)?;
        let mut op = CollectOp {
            prompts: options.texts("prompt")?,
            invalid: options.texts("invalid")?,
            ..CollectOp::default()
        };
        if let Some(digits) = options.count("digits", 64)? {
            op.min = digits;
            op.max = digits;
        }
        op.max = options.count("max", 64)?.unwrap_or(op.max);
        op.min = options.count("min", 64)?.unwrap_or(op.min);
        if op.min > op.max {
            return Err(format!(
                "collect: min ({}) is more than max ({})",
                op.min, op.max
            ));
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
            None | Some("at-once") => false,
            Some("in-turn") => true,
            Some(other) => {
                return Err(format!(
                    "ring has no order \"{other}\": it is \"at-once\" or \"in-turn\""
                ));
            }
        };
        Ok(ScriptOp::Ring {
            users,
            in_turn,
            timeout: options
                .seconds("timeout")?
                .unwrap_or(Duration::from_secs(20)),
            music: options.text("music")?,
        })
    }

    fn trunk(&self) -> Read<ScriptOp> {
        let trunks = names(self.argument(0), "a trunk's name")?;
        let options = self.options(1, &["number", "timeout", "caller_id"])?;
        Ok(ScriptOp::Trunk {
            trunks,
            number: options.text("number")?,
            timeout: options
                .seconds("timeout")?
                .unwrap_or(Duration::from_secs(60)),
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
            Value::Table(_) => {
                return Err("the value must be a text: use json.encode for a table".into());
            }
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
            let hint = near
                .map(|n| format!("; did you mean \"{n}\"?"))
                .unwrap_or_default();
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
        let end = (0..=4_096.min(message.len()))
            .rev()
            .find(|&i| message.is_char_boundary(i));
        message.truncate(end.unwrap_or(0));
        Ok(ScriptOp::Log { level, message })
    }

    /// A value as JSON; nil is none.
    fn payload(&self, at: usize) -> Read<Option<serde_json::Value>> {
        match self.argument(at) {
            Value::Nil => Ok(None),
            value => {
                let text = json::encode(value, JSON_BYTES_MAX)?;
                let value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                Ok(Some(value))
            }
        }
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
                lasts: self
                    .options(2, &["lasts"])?
                    .seconds_within("lasts", YEAR_SECONDS)?,
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

    fn http(&self, manifest: Option<&ScriptManifest>, bytes_max: usize) -> Read<Asked> {
        let method = self.text(0, "the method")?.to_ascii_uppercase();
        if !matches!(
            method.as_str(),
            "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
        ) {
            return Err("the method is GET, HEAD, POST, PUT, PATCH or DELETE".into());
        }
        let url = self.text(1, "the URL")?;
        if url.len() > 8_192 {
            return Err("the URL is longer than 8192 bytes".into());
        }
        let (host, port) = url::host_of(&url)?;
        if manifest.is_some_and(|m| !m.permits(&host, port)) {
            return Ok(Asked::Denied(format!(
                "the manifest does not name the host {host} (port {port}): add `-- http: {host}` to the comment at the top"
            )));
        }
        let options = self.options(3, &["headers", "timeout", "method", "url", "body"])?;
        let mut headers = options.headers()?;
        let body = match self.argument(2) {
            Value::Nil => None,
            table @ Value::Table(_) => {
                if !headers
                    .iter()
                    .any(|(n, _)| n.eq_ignore_ascii_case("content-type"))
                {
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
            timeout: options
                .seconds_within("timeout", 60.0)?
                .unwrap_or(Duration::from_secs(5)),
        })))
    }
}
