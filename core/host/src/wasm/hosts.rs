//! The imports of the contract: what a guest asks for becomes a `ScriptOp`, its answer a result.
//!
//! Order in each function: is it well-formed (`invalid`), is it granted (`denied`), then it is
//! asked for, and the guest stands still until the answer comes. Nothing here decides what an
//! operation does; that is the run of the call.

use std::time::Duration;

use cordboard_steps::script::{OutsideRequest, ScriptAnswer, ScriptCall, ScriptOp};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::script::cordboard::module as wit;
use super::convert::{self, operation};
use super::state::{LINES_KEPT_MAX, Purpose, State};
use crate::capability::{Denied, TopicUse};
use crate::contract::{JSON_BYTES_MAX, Refused};

use wit::operations::{Collect, Entry, Play, Ring, Talk, Trunk};
use wit::types::Error;

/// The call of a call script, as its instance holds it. There is one an instance.
pub struct Call;

/// Most bytes of a log line; the rest is cut.
const LINE_BYTES_MAX: usize = 4_096;
/// Most bytes of a key of the store.
const KEY_BYTES_MAX: usize = 256;
/// Most bytes of a value of the store and of the body of a request.
const VALUE_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a URL.
const URL_BYTES_MAX: usize = 8_192;
/// Most headers of a request, and bytes of each.
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 8_192;
/// Longest wait for an http answer.
const HTTP_MS: std::ops::RangeInclusive<u32> = 1..=60_000;
/// Longest time that the store keeps a value that is to be forgotten.
const YEAR_SECONDS: u32 = 366 * 86_400;

/// What a host function that may fail returns.
type Answered<T> = Result<std::result::Result<T, Error>>;

fn invalid<T>(message: impl Into<String>) -> Answered<T> {
    Ok(Err(Error::Invalid(message.into())))
}

fn denied<T>(denied: Denied) -> Answered<T> {
    Ok(Err(convert::error(Refused::from(denied))))
}

/// An answer of the wrong shape is the host's fault; the guest is told that it failed.
fn strange<T>(answer: &ScriptAnswer) -> Answered<T> {
    match answer {
        ScriptAnswer::Error { kind, message } => Ok(Err(convert::error(Refused {
            kind: *kind,
            message: message.clone(),
        }))),
        _ => Ok(Err(Error::Unavailable(
            "the switch gave another answer than this was asked for".into(),
        ))),
    }
}

impl State {
    /// Asks for what needs no answer but that it is done.
    async fn wish(&mut self, op: std::result::Result<ScriptOp, String>) -> Answered<()> {
        match op {
            Err(why) => invalid(why),
            Ok(op) => match self.ask(op).await {
                error @ ScriptAnswer::Error { .. } => strange(&error),
                _ => Ok(Ok(())),
            },
        }
    }

    async fn talk(&mut self, op: ScriptOp) -> Answered<Talk> {
        match self.ask(op).await {
            ScriptAnswer::Talk { outcome, by, cause } => Ok(Ok(Talk { outcome, by, cause })),
            other => strange(&other),
        }
    }

    async fn store_request(
        &mut self,
        key: &str,
        request: OutsideRequest,
    ) -> Answered<ScriptAnswer> {
        if !(1..=KEY_BYTES_MAX).contains(&key.len()) {
            return invalid(format!("a key is 1 to {KEY_BYTES_MAX} bytes"));
        }
        if let Err(refused) = self.module.effective.check("store", "") {
            return denied(refused);
        }
        match self.ask(ScriptOp::Outside(request)).await {
            error @ ScriptAnswer::Error { .. } => strange(&error),
            answer => Ok(Ok(answer)),
        }
    }

    fn call(&self) -> Option<&ScriptCall> {
        match &self.purpose {
            Purpose::Waits { call, .. } => call.as_deref(),
            Purpose::AtOnce => None,
        }
    }
}

impl wit::types::Host for State {}
impl wit::operations::Host for State {}

impl wit::log::Host for State {
    async fn write(&mut self, level: wit::log::Level, mut message: String) -> Result<()> {
        if !self.account.take_line(self.engine.now(), &self.module.name) {
            return Ok(());
        }
        message.truncate(message.floor_char_boundary(LINE_BYTES_MAX));
        let level = convert::level(level);
        match self.starting || matches!(self.purpose, Purpose::AtOnce) {
            true if self.lines.len() < LINES_KEPT_MAX => self.lines.push((level, message)),
            true => {}
            false => {
                self.ask(ScriptOp::Log { level, message }).await;
            }
        }
        Ok(())
    }
}

impl wit::config::Host for State {
    fn settings(&mut self) -> Result<String> {
        Ok(self.module.config.text.to_string())
    }

    fn tenant(&mut self) -> Result<String> {
        Ok(self.module.tenant.to_string())
    }

    fn file(&mut self, name: String) -> Result<Option<Vec<u8>>> {
        let file = self.module.config.files.get(&name);
        Ok(file.map(|bytes| bytes.to_vec()))
    }
}

impl wit::clock::Host for State {
    async fn now_ms(&mut self) -> Result<u64> {
        let began = self.call().map_or(0, |call| call.at_ms);
        Ok(match self.ask(ScriptOp::Now).await {
            ScriptAnswer::Now { unix_ms, .. } => unix_ms,
            // It has no error: the time at which the step began is the best that is known.
            _ => began,
        })
    }
}

impl wit::chance::Host for State {
    async fn draw(&mut self) -> Result<u64> {
        Ok(match self.ask(ScriptOp::Random).await {
            ScriptAnswer::Number { value } => value as u64,
            _ => 0,
        })
    }
}

impl wit::store::Host for State {
    async fn get(&mut self, key: String) -> Answered<Option<String>> {
        let request = OutsideRequest::StoreGet { key: key.clone() };
        Ok(match self.store_request(&key, request).await? {
            Ok(ScriptAnswer::Text { value }) => Ok(value),
            Ok(other) => return strange(&other),
            Err(error) => Err(error),
        })
    }

    async fn set(&mut self, key: String, value: String, seconds: Option<u32>) -> Answered<()> {
        if value.len() > VALUE_BYTES_MAX {
            return invalid(format!("a value has at most {VALUE_BYTES_MAX} bytes"));
        }
        if seconds.is_some_and(|s| s == 0 || s > YEAR_SECONDS) {
            return invalid(format!("seconds are 1 to {YEAR_SECONDS}"));
        }
        let request = OutsideRequest::StoreSet {
            key: key.clone(),
            value,
            lasts: seconds.map(|s| Duration::from_secs(s.into())),
        };
        Ok(self.store_request(&key, request).await?.map(drop))
    }

    async fn increment(&mut self, key: String, by: i64) -> Answered<i64> {
        let request = OutsideRequest::StoreIncr {
            key: key.clone(),
            by,
        };
        Ok(match self.store_request(&key, request).await? {
            Ok(ScriptAnswer::Number { value }) => Ok(value),
            Ok(other) => return strange(&other),
            Err(error) => Err(error),
        })
    }

    async fn delete(&mut self, key: String) -> Answered<()> {
        let request = OutsideRequest::StoreDelete { key: key.clone() };
        Ok(self.store_request(&key, request).await?.map(drop))
    }
}

impl wit::http::Host for State {
    async fn send(&mut self, request: wit::http::Request) -> Answered<wit::http::Response> {
        let op = match http(request) {
            Ok(op) => op,
            Err(why) => return invalid(why),
        };
        if let OutsideRequest::Http { method, url, .. } = &op
            && let Err(refused) = self.module.effective.check_http(method, url)
        {
            return denied(refused);
        }
        match self.ask(ScriptOp::Outside(op)).await {
            ScriptAnswer::Http {
                status,
                headers,
                body,
            } => Ok(Ok(wit::http::Response {
                status,
                headers,
                body,
            })),
            other => strange(&other),
        }
    }
}

fn http(request: wit::http::Request) -> std::result::Result<OutsideRequest, String> {
    let method = request.method.to_ascii_uppercase();
    if !matches!(
        method.as_str(),
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE"
    ) {
        return Err("the method is GET, HEAD, POST, PUT, PATCH or DELETE".into());
    }
    if request.url.len() > URL_BYTES_MAX {
        return Err(format!("the URL is longer than {URL_BYTES_MAX} bytes"));
    }
    let long = |(name, value): &(String, String)| name.len() + value.len() > HEADER_BYTES_MAX;
    if request.headers.len() > HEADERS_MAX || request.headers.iter().any(long) {
        return Err(format!(
            "a request has at most {HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes"
        ));
    }
    if request
        .body
        .as_ref()
        .is_some_and(|b| b.len() > VALUE_BYTES_MAX)
    {
        return Err(format!("a body has at most {VALUE_BYTES_MAX} bytes"));
    }
    let ms = request.timeout_ms.clamp(*HTTP_MS.start(), *HTTP_MS.end());
    Ok(OutsideRequest::Http {
        method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        timeout: Duration::from_millis(ms.into()),
    })
}

impl wit::events::Host for State {
    async fn publish(&mut self, topic: String, payload: String) -> Answered<()> {
        if let Err(refused) = self.module.effective.check_topic(&topic, TopicUse::Publish) {
            return denied(refused);
        }
        match convert::parse(&payload, "the payload") {
            Err(why) => invalid(why),
            Ok(payload) => {
                let request = OutsideRequest::Publish { topic, payload };
                self.wish(Ok(ScriptOp::Outside(request))).await
            }
        }
    }

    async fn retain(
        &mut self,
        topic: String,
        key: String,
        payload: Option<String>,
    ) -> Answered<()> {
        if let Err(refused) = self.module.effective.check_topic(&topic, TopicUse::Retain) {
            return denied(refused);
        }
        if key.len() > KEY_BYTES_MAX {
            return invalid(format!("a key has at most {KEY_BYTES_MAX} bytes"));
        }
        let payload = payload.map(|text| convert::parse(&text, "the payload"));
        match payload.transpose() {
            Err(why) => invalid(why),
            Ok(payload) => {
                let request = OutsideRequest::Retain {
                    topic,
                    key,
                    payload,
                };
                self.wish(Ok(ScriptOp::Outside(request))).await
            }
        }
    }

    async fn fact(&mut self, topic: String, key: String) -> Answered<Option<String>> {
        if topic.len() > KEY_BYTES_MAX || key.len() > KEY_BYTES_MAX {
            return invalid(format!("topic and key have at most {KEY_BYTES_MAX} bytes"));
        }
        match self.ask(ScriptOp::Fact { topic, key }).await {
            ScriptAnswer::Json { value } => {
                let text = value.map(|value| value.to_string());
                match text.as_ref().is_some_and(|t| t.len() > JSON_BYTES_MAX) {
                    true => invalid(format!("the fact has more than {JSON_BYTES_MAX} bytes")),
                    false => Ok(Ok(text)),
                }
            }
            other => strange(&other),
        }
    }
}

impl wit::calls::Host for State {}

impl wit::calls::HostCall for State {
    async fn info(&mut self, _: Resource<Call>) -> Result<wit::calls::Info> {
        let Purpose::Waits {
            call: Some(call),
            outcomes,
        } = &self.purpose
        else {
            return Err(wasmtime::Error::msg("there is no call here"));
        };
        Ok(wit::calls::Info {
            id: call.id.to_string(),
            tenant: call.tenant.to_string(),
            caller: wit::types::Caller {
                number: call.caller.clone(),
                name: call.caller_name.clone(),
                user: call.user.clone(),
                trunk: call.trunk.clone(),
            },
            dialled: call.dialled.clone(),
            answered: call.answered,
            at_ms: call.at_ms,
            outcomes: outcomes.clone(),
        })
    }

    async fn answer(&mut self, _: Resource<Call>) -> Answered<()> {
        let answered = self.wish(Ok(ScriptOp::Answer)).await?;
        if let (
            Ok(()),
            Purpose::Waits {
                call: Some(call), ..
            },
        ) = (&answered, &mut self.purpose)
        {
            call.answered = true;
        }
        Ok(answered)
    }

    async fn play(&mut self, _: Resource<Call>, play: Play) -> Answered<()> {
        self.wish(operation::play(play)).await
    }

    async fn tone(&mut self, _: Resource<Call>, name: String, ms: u32) -> Answered<()> {
        self.wish(operation::tone(name, ms)).await
    }

    async fn wait(&mut self, _: Resource<Call>, ms: u32) -> Answered<()> {
        self.wish(operation::wait(ms)).await
    }

    async fn collect(&mut self, _: Resource<Call>, collect: Collect) -> Answered<Entry> {
        let op = match operation::collect(collect) {
            Ok(op) => op,
            Err(why) => return invalid(why),
        };
        match self.ask(op).await {
            ScriptAnswer::Digits { outcome, digits } => Ok(Ok(operation::entry(outcome, &digits))),
            other => strange(&other),
        }
    }

    async fn ring(&mut self, _: Resource<Call>, ring: Ring) -> Answered<Talk> {
        match operation::ring(ring) {
            Ok(op) => self.talk(op).await,
            Err(why) => invalid(why),
        }
    }

    async fn trunk(&mut self, _: Resource<Call>, trunk: Trunk) -> Answered<Talk> {
        let op = match operation::trunk(trunk) {
            Ok(op) => op,
            Err(why) => return invalid(why),
        };
        if let ScriptOp::Trunk { trunks, .. } = &op {
            for name in trunks {
                if let Err(refused) = self.module.effective.check_trunk(name) {
                    return denied(refused);
                }
            }
        }
        self.talk(op).await
    }

    async fn record(&mut self, _: Resource<Call>, on: bool) -> Answered<()> {
        self.wish(Ok(ScriptOp::Record { on })).await
    }

    async fn set(&mut self, _: Resource<Call>, name: String, value: String) -> Answered<()> {
        self.wish(operation::set(name, value)).await
    }

    async fn get(&mut self, _: Resource<Call>, name: String) -> Answered<Option<String>> {
        let op = match operation::get(name) {
            Ok(op) => op,
            Err(why) => return invalid(why),
        };
        match self.ask(op).await {
            ScriptAnswer::Text { value } => Ok(Ok(value)),
            other => strange(&other),
        }
    }

    async fn send_digits(&mut self, _: Resource<Call>, digits: String) -> Answered<()> {
        self.wish(operation::send_digits(digits)).await
    }

    async fn hang_up(&mut self, _: Resource<Call>, cause: Option<String>) -> Answered<()> {
        self.wish(operation::hang_up(cause)).await
    }

    async fn open(&mut self, _: Resource<Call>, calendar: String) -> Answered<bool> {
        let calendar = match operation::name(calendar, "calendar") {
            Ok(calendar) => calendar,
            Err(why) => return invalid(why),
        };
        match self.ask(ScriptOp::Open { calendar }).await {
            ScriptAnswer::Flag { value } => Ok(Ok(value)),
            other => strange(&other),
        }
    }

    async fn drop(&mut self, _: Resource<Call>) -> Result<()> {
        Ok(())
    }
}
