//! One instance that is called and answers: a service, a reporter, a router that is asked alone,
//! and the throwaway instance of a check. It has a process of its own.
//!
//! Whoever asks waits, at most for the module's `cpu-ms`; an instance that did not come back, or
//! whose process fell, is never asked again. Its driver makes the next one, and the breaker keeps
//! one that falls again and again out for a while.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use cordboard_steps::{ScriptError, ScriptErrorKind};
use serde_json::{Value, json};

use super::abi::Entry;
use super::keeper::START_MAX;
use super::link::{End, Heard, Housing, Link};
use super::wire::{Frame, Tag};
use super::{Code, Native, Story, said};
use crate::contract::{
    Action, Event, Input, Reasoned, Refused, Report, RouteRequest, STATE_BYTES_MAX,
};
use crate::lua::{actions, inputs};
use crate::module::{Module, ReporterGuest, RouterGuest, ServiceGuest};

/// Between two looks at whether its process lives.
const LOOK: Duration = Duration::from_millis(100);
/// Lines of one entry that reach the log.
const LINES_MAX: usize = 200;

/// An instance.
pub(super) struct Alone {
    native: Arc<Native>,
    module: Arc<Module>,
    /// None after a failure.
    link: Option<Link>,
    from: Receiver<Heard>,
    entries: u64,
    lines: usize,
}

impl Alone {
    /// Starts a process and waits until its library serves.
    ///
    /// # Errors
    /// The library's reasons, or how its process ended.
    pub fn open(
        native: &Arc<Native>,
        module: &Arc<Module>,
        code: &Code,
        housing: &Housing,
    ) -> Result<Alone, ScriptError> {
        let (to, from): (Sender<Heard>, _) = channel();
        let hears = Arc::new(move |heard| {
            let _ = to.send(heard);
        });
        let link = Link::open(module, code, housing, hears);
        let mut alone = Alone {
            native: Arc::clone(native),
            module: Arc::clone(module),
            link: Some(link),
            from,
            entries: 0,
            lines: 0,
        };
        let frame = alone.wait(Tag::Ready, START_MAX, "start")?;
        let reasons: Vec<String> = serde_json::from_slice(&frame.body).unwrap_or_default();
        match reasons.is_empty() {
            true => Ok(alone),
            false => Err(said::fault(reasons.join("; "))),
        }
    }

    /// Runs an entry to its end.
    fn ask(
        &mut self,
        entry: Entry,
        input: Vec<u8>,
    ) -> Result<Result<Vec<u8>, Refused>, ScriptError> {
        let Some(link) = &self.link else {
            let message = format!("module `{}`: this instance has failed", self.module.name);
            return Err(said::fault(message));
        };
        self.entries += 1;
        self.lines = 0;
        if !link.send(Frame::of(Tag::Enter, entry as i32, self.entries, input)) {
            link.kill(
                "hang",
                "its process does not read what it is sent".to_owned(),
            );
        }
        let frame = self.wait(Tag::Ended, self.module.limits.cpu, entry.name());
        let frame = frame.map_err(|error| self.fallen(error))?;
        said::ended(entry.name(), frame.word, frame.body).map_err(|error| self.fallen(error))
    }

    /// Hears until such a frame comes.
    fn wait(&mut self, tag: Tag, most: Duration, what: &str) -> Result<Frame, ScriptError> {
        let until = Instant::now() + most;
        let name = self.module.name.clone();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if let Some(link) = &self.link {
                link.look();
            }
            match self.from.recv_timeout(left.min(LOOK)) {
                Ok(Heard::Frame(frame)) if frame.tag == tag => return Ok(frame),
                Ok(Heard::Frame(frame)) => self.meanwhile(&frame),
                Ok(Heard::Line(line)) => (self.native.log)(&self.module, said::level(2), &line),
                Ok(Heard::Ended(End { why, .. })) => {
                    return Err(said::fault(format!("the module `{name}` stopped: {why}")));
                }
                Err(RecvTimeoutError::Timeout) if left > LOOK => {}
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(link) = &self.link {
                        link.kill("hang", format!("`{what}` did not come back"));
                    }
                    let most = most.as_millis();
                    let message =
                        format!("`{what}` of `{name}` did not come back within {most} ms");
                    return Err(said::failure(ScriptErrorKind::Budget, message));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let message = format!("the process of `{name}` was lost");
                    return Err(said::fault(message));
                }
            }
        }
    }

    fn meanwhile(&mut self, frame: &Frame) {
        if frame.tag == Tag::Log {
            self.lines += 1;
            if self.lines <= LINES_MAX {
                let line = String::from_utf8_lossy(&frame.body);
                (self.native.log)(&self.module, said::level(frame.word), &line);
            }
        }
    }

    /// This instance has failed: it is dropped, and people are told. That it was made again is told
    /// by who makes it.
    fn fallen(&mut self, error: ScriptError) -> ScriptError {
        self.link = None;
        let by = match error.kind {
            ScriptErrorKind::Budget => "hang",
            _ => "fault",
        };
        let story = Story::Stopped {
            by: by.to_owned(),
            error: error.clone(),
            restarts_in: Duration::ZERO,
            counted: true,
        };
        self.native.tell(&self.module, story);
        error
    }

    fn plain(&mut self, entry: Entry, input: Vec<u8>) -> Result<Vec<u8>, ScriptError> {
        match self.ask(entry, input)? {
            Ok(reply) => Ok(reply),
            Err(refused) => {
                let (kind, message) = (refused.kind.word(), refused.message);
                let error = said::fault(format!("{}: {kind}: {message}", entry.name()));
                Err(self.fallen(error))
            }
        }
    }

    fn saved(&mut self) -> Result<Vec<u8>, ScriptError> {
        let state = self.plain(Entry::Save, Vec::new())?;
        match state.len() <= STATE_BYTES_MAX {
            true => Ok(state),
            false => Err(said::failure(
                ScriptErrorKind::Memory,
                format!("save: a state has at most {STATE_BYTES_MAX} bytes"),
            )),
        }
    }

    fn restored(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        let mut input = version.to_le_bytes().to_vec();
        input.extend_from_slice(state);
        Ok(match self.ask(Entry::Restore, input)? {
            Ok(_) => Ok(()),
            Err(Refused { kind, message }) => Err(match message.is_empty() {
                true => kind.word().to_owned(),
                false => message,
            }),
        })
    }
}

impl RouterGuest for Alone {
    fn route(&mut self, request: &RouteRequest) -> Result<Result<Reasoned, Refused>, ScriptError> {
        let input = said::route_input(request).to_string().into_bytes();
        match self.ask(Entry::Route, input)? {
            Err(refused) => Ok(Err(refused)),
            Ok(reply) => match said::reasoned(&reply) {
                Ok(reasoned) => Ok(Ok(reasoned)),
                Err(why) => Err(self.fallen(said::fault(why))),
            },
        }
    }
}

impl ServiceGuest for Alone {
    fn handle(&mut self, given: &[Input]) -> Result<Vec<Action>, ScriptError> {
        let first = given.first().map_or(0, |input| input.seq);
        let input = inputs(given).map_err(said::fault)?;
        let reply = self.plain(Entry::Handle, input.to_string().into_bytes())?;
        let read = match said::json_of("handle", &reply) {
            Ok(Value::Null) => return Ok(Vec::new()),
            Ok(value) => actions(&value.to_string(), first),
            Err(why) => Err(why),
        };
        read.map_err(|why| self.fallen(said::fault(format!("handle: {why}"))))
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.saved()
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        self.restored(version, state)
    }
}

impl ReporterGuest for Alone {
    fn fold(&mut self, events: &[Event]) -> Result<(), ScriptError> {
        let list: Vec<Value> = events.iter().map(said::event_input).collect();
        let input = Value::Array(list).to_string().into_bytes();
        self.plain(Entry::Fold, input).map(drop)
    }

    fn render(
        &mut self,
        verb: &str,
        arguments: &Value,
    ) -> Result<Result<Report, Refused>, ScriptError> {
        let input = json!({ "verb": verb, "arguments": arguments }).to_string();
        match self.ask(Entry::Render, input.into_bytes())? {
            Err(refused) => Ok(Err(refused)),
            Ok(reply) => match said::report(&reply) {
                Ok(report) => Ok(Ok(report)),
                Err(why) => Err(self.fallen(said::fault(why))),
            },
        }
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.saved()
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        self.restored(version, state)
    }
}
