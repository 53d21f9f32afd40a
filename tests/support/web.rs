//! A web service that other people's code serves (`web.py`, python's http.server): it can fail,
//! be slow, be killed and come back, and everything that reached it can be read.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::ports;
use crate::programs::Child;
use crate::scratch::Scratch;
use crate::wait::{s, until};

/// The running service.
pub struct Web {
    scratch: Scratch,
    /// Its port, on every address of this machine.
    pub port: u16,
    child: Option<Child>,
    starts: u32,
}

impl Web {
    /// Starts one that is well.
    #[track_caller]
    pub fn start(name: &str) -> Web {
        let mut web = Web {
            scratch: Scratch::new(name),
            port: ports::one(),
            child: None,
            starts: 0,
        };
        web.is("well");
        web.start_again();
        web
    }

    /// How it is from now on: `well`, `failing`, `refusing`.
    pub fn is(&self, mood: &str) {
        std::fs::write(self.scratch.path().join("mood"), mood).unwrap();
    }

    /// Kills it: nobody listens.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Starts it after `stop`.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.starts += 1;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/web.py");
        let (log, mood) = (self.log(), self.scratch.path().join("mood"));
        let port = self.port.to_string();
        let name = format!("web{}", self.starts);
        let python = Path::new("python3");
        self.child = Some(Child::start(
            self.scratch.path(),
            &name,
            python,
            |command| {
                command.arg(program).arg(port).arg(log).arg(mood);
            },
        ));
        until("the web service listens", s(15), || {
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    fn log(&self) -> PathBuf {
        self.scratch.path().join("requests")
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Those of a method whose path begins so.
    pub fn asked(&self, method: &str, path: &str) -> Vec<Value> {
        let mut all = self.requests();
        all.retain(|r| r["method"] == method && r["path"].as_str().unwrap().starts_with(path));
        all
    }
}
