//! The events of a running switch, as `cordboard trace` tells them, kept in order.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::wait::s;

/// All events so far; a clone sees the same ones.
#[derive(Clone, Default)]
pub struct Events(Arc<(Mutex<Vec<Value>>, Condvar)>);

impl Events {
    /// Reads the stream on a thread until the switch is gone.
    pub(super) fn listen(&self, socket: &Path) {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream
            .write_all(b"{\"verb\":\"trace\",\"call\":null}\n")
            .unwrap();
        let events = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                let (list, more) = &*events.0;
                list.lock().unwrap().push(event);
                more.notify_all();
            }
        });
    }

    /// How many there are: a place from which to look.
    pub fn mark(&self) -> usize {
        self.0.0.lock().unwrap().len()
    }

    /// All events after a mark that are so.
    pub fn since(&self, mark: usize, want: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.0
            .0
            .lock()
            .unwrap()
            .iter()
            .skip(mark)
            .filter(|e| want(e))
            .cloned()
            .collect()
    }

    /// The first event after a mark that is so, awaited.
    #[track_caller]
    pub fn wait_from(
        &self,
        mark: usize,
        what: &str,
        limit: Duration,
        want: impl Fn(&Value) -> bool,
    ) -> Value {
        let (list, more) = &*self.0;
        let end = Instant::now() + limit;
        let mut list = list.lock().unwrap();
        let mut seen = mark;
        loop {
            if let Some(found) = list.iter().skip(seen).find(|e| want(e)) {
                return found.clone();
            }
            seen = list.len();
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(list);
                panic!("not within {limit:?}: {what}");
            }
            list = more.wait_timeout(list, left).unwrap().0;
        }
    }

    /// The first event that is so, awaited.
    #[track_caller]
    pub fn wait(&self, what: &str, limit: Duration, want: impl Fn(&Value) -> bool) -> Value {
        self.wait_from(0, what, limit, want)
    }

    /// The first event of a topic after a mark, awaited for 15 s.
    #[track_caller]
    pub fn topic_from(&self, mark: usize, topic: &str) -> Value {
        self.wait_from(mark, topic, s(15), |e| e["topic"] == topic)
    }

    /// The first event of a topic, awaited for 15 s.
    #[track_caller]
    pub fn topic(&self, topic: &str) -> Value {
        self.topic_from(0, topic)
    }

    /// The id of the first call that started after a mark.
    #[track_caller]
    pub fn call_from(&self, mark: usize) -> String {
        self.topic_from(mark, "call.started")["call"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The last events as lines.
    pub fn tail(&self, count: usize) -> String {
        let list = self.0.0.lock().unwrap();
        let lines = list.iter().skip(list.len().saturating_sub(count)).map(|e| {
            let data: String = e["data"].to_string().chars().take(300).collect();
            format!("{} {} {} {data}", e["topic"], e["call"], e["leg"])
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
