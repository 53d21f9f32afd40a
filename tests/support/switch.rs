//! A running switch: its folders, its process, its console and the events that it tells.
//!
//! Everything goes through public doors: files, the command line, http, the control socket's
//! `trace`. A failed test prints the end of the log and keeps the folder.

mod events;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

pub use events::Events;

use crate::programs::{Child, cordboard};
use crate::scratch::Scratch;
use crate::wait::{poll, s, until};
use crate::{ports, tone};

const START: Duration = s(30);

/// What a switch is started with.
pub struct Plan {
    scratch: Scratch,
    node: String,
    default_tenant: bool,
    rtp_ports: u16,
}

impl Plan {
    /// No tenant yet.
    pub fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        for folder in ["dialplans", "scripts"] {
            std::fs::create_dir_all(scratch.path().join(folder)).unwrap();
        }
        Self {
            scratch,
            node: String::new(),
            default_tenant: false,
            rtp_ports: 80,
        }
    }

    /// The usual one: tenant `demo` with this text after its `tenant` line.
    pub fn demo(name: &str, text: &str) -> Self {
        Self::new(name).tenant("demo", "demo.example", text)
    }

    /// Another tenant; the first is the default one. Its prompts: `hello` is 3 s of 700 Hz,
    /// `menu` 3 s of 900 Hz, `music` 20 s of 600 Hz, `bye` half a second of 500 Hz.
    pub fn tenant(mut self, name: &str, domain: &str, text: &str) -> Self {
        let folder = self.scratch.path().join("dialplans").join(name);
        std::fs::create_dir_all(folder.join("prompts")).unwrap();
        for (prompt, hertz, seconds) in [
            ("hello", 700.0, 3.0),
            ("menu", 900.0, 3.0),
            ("music", 600.0, 20.0),
            ("bye", 500.0, 0.5),
        ] {
            tone::write(
                &folder.join(format!("prompts/{prompt}.wav")),
                hertz,
                seconds,
            );
        }
        let head = format!(
            "tenant {name} domain=\"{domain}\" tz=\"Europe/London\" {{\n    music music\n}}\n"
        );
        std::fs::write(folder.join("main.kdl"), head + text).unwrap();
        if !self.default_tenant {
            self.default_tenant = true;
            self.node.push_str(&format!("default-tenant {name}\n"));
        }
        self
    }

    /// What the repository ships: the demo tenant and all scripts; its carrier at this port.
    pub fn shipped(name: &str, carrier: u16) -> Self {
        let mut plan = Self::new(name);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let to = plan.scratch.path();
        copy(&root.join("dialplans/demo"), &to.join("dialplans/demo"));
        copy(&root.join("scripts"), &to.join("scripts"));
        // The contact centre stands on modules, which are not here; the rest goes on without it.
        std::fs::remove_file(to.join("dialplans/demo/centre.kdl")).unwrap();
        let users = to.join("dialplans/demo/users.kdl");
        let text = std::fs::read_to_string(&users).unwrap();
        assert!(
            text.contains("127.0.0.1:5090"),
            "the demo's carrier has moved"
        );
        std::fs::write(
            &users,
            text.replace("127.0.0.1:5090", &format!("127.0.0.1:{carrier}")),
        )
        .unwrap();
        plan.node.push_str("default-tenant demo\n");
        plan.default_tenant = true;
        plan
    }

    /// Another line of a tenant's own node.
    pub fn setting(self, tenant: &str, line: &str) -> Self {
        let file = self
            .scratch
            .path()
            .join("dialplans")
            .join(tenant)
            .join("main.kdl");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(
            &file,
            text.replacen(
                "    music music\n",
                &format!("    music music\n    {line}\n"),
                1,
            ),
        )
        .unwrap();
        self
    }

    /// A call script.
    pub fn script(self, name: &str, text: &str) -> Self {
        std::fs::write(
            self.scratch.path().join(format!("scripts/{name}.lua")),
            text,
        )
        .unwrap();
        self
    }

    /// A module as the repository ships it, with its artefact.
    pub fn module(self, name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        self.module_at(&root.join("modules").join(name))
    }

    /// A module that stands in this folder, with its artefact.
    pub fn module_at(self, folder: &Path) -> Self {
        let to = self.scratch.path().join("modules");
        let to = to.join(folder.file_name().unwrap());
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
        self
    }

    /// A module of Lua that the story itself wrote.
    pub fn lua_module(self, name: &str, manifest: &str, code: &str) -> Self {
        let folder = self.scratch.path().join("modules").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("module.toml"), manifest).unwrap();
        std::fs::write(folder.join("module.lua"), code).unwrap();
        self
    }

    /// A file among the dialplans: `_base/main.kdl`, `acme/main.kdl`.
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.scratch.path().join("dialplans").join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(path, text).unwrap();
        self
    }

    /// More lines of `_node.kdl`.
    pub fn node(mut self, line: &str) -> Self {
        self.node.push_str(line);
        self.node.push('\n');
        self
    }

    /// So many RTP ports, instead of 80: a leg takes two, and two seconds more after its end.
    pub fn rtp_ports(mut self, count: u16) -> Self {
        self.rtp_ports = count;
        self
    }

    /// Starts it and waits until it is healthy.
    #[track_caller]
    pub fn start(self) -> Switch {
        let sip = ports::one();
        let http = ports::one();
        let rtp = ports::block(self.rtp_ports);
        let node = format!(
            "listen udp=\"127.0.0.1:{sip}\" tcp=\"127.0.0.1:{sip}\"\nhttp \"127.0.0.1:{http}\"\nrtp \"{rtp}-{}\"\nmedia-threads 1\n{}",
            rtp + self.rtp_ports - 1,
            self.node
        );
        std::fs::write(self.scratch.path().join("dialplans/_node.kdl"), node).unwrap();
        let mut switch = Switch {
            scratch: self.scratch,
            sip,
            http,
            child: None,
            events: Events::default(),
            starts: 0,
        };
        switch.start();
        switch
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, fresh) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &fresh);
        } else {
            std::fs::copy(path, fresh).unwrap();
        }
    }
}

/// The running switch.
pub struct Switch {
    scratch: Scratch,
    /// Port of SIP by UDP and TCP on 127.0.0.1.
    pub sip: u16,
    /// Port of http on 127.0.0.1.
    pub http: u16,
    child: Option<Child>,
    /// What it has told since its start.
    pub events: Events,
    starts: u32,
}

impl Switch {
    /// Starts the process; also after `kill`.
    #[track_caller]
    pub fn start(&mut self) {
        self.start_with(200);
    }

    /// Starts the process where its health is bad (503), since it cannot use its files.
    #[track_caller]
    pub fn start_unhealthy(&mut self) {
        self.start_with(503);
    }

    #[track_caller]
    fn start_with(&mut self, wanted: u16) {
        self.starts += 1;
        let root = self.scratch.path().to_owned();
        let name = format!("switch{}", self.starts);
        let mut child = Child::start(&root, &name, &cordboard(), |command| {
            command.args([
                "--data",
                "data",
                "--dialplans",
                "dialplans",
                "--scripts",
                "scripts",
            ]);
            command
                .env_remove("CORDBOARD_DATA")
                .env("CORDBOARD_LOG", "debug,sqlx=warn")
                .env("NO_COLOR", "1");
        });
        let up = poll(START, || {
            if let Some(code) = child.ended() {
                panic!("the switch ended with {code}:\n{}", child.printed());
            }
            self.get("/health").filter(|(status, _)| *status == wanted)
        });
        assert!(
            up.is_some(),
            "the switch's health is not {wanted}: {:?}\n{}",
            self.get("/health"),
            child.printed()
        );
        self.child = Some(child);
        self.events.listen(&self.data().join("control.sock"));
        // Whatever is asked after the stream has begun is answered after it: the stream is open.
        self.ok(&["health"]);
    }

    /// Folder with the dialplans, scripts and data folders.
    pub fn root(&self) -> &Path {
        self.scratch.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// A tenant's main file.
    pub fn main_file(&self, tenant: &str) -> PathBuf {
        self.root().join("dialplans").join(tenant).join("main.kdl")
    }

    /// Its `ip:port` for SIP.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.sip)
    }

    /// What it has printed and logged since its last start.
    pub fn log(&self) -> String {
        self.child.as_ref().map(Child::printed).unwrap_or_default()
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill();
        }
    }

    /// The process, to wait for its end.
    pub fn process(&mut self) -> &mut Child {
        self.child.as_mut().unwrap()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().pid()
    }

    /// GET on the http door: status and body.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).ok()?;
        stream.set_read_timeout(Some(s(10))).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
    }

    /// A console command: exit code, standard output, standard error.
    pub fn console(&self, args: &[&str]) -> (i32, String, String) {
        self.console_told(args, "")
    }

    /// The same with this on its standard input.
    pub fn console_told(&self, args: &[&str], input: &str) -> (i32, String, String) {
        let mut console = Command::new(cordboard())
            .args(args)
            .args(["--data", "data"])
            .current_dir(self.root())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads none of it is gone by now, maybe.
        let _ = console.stdin.take().unwrap().write_all(input.as_bytes());
        let output = console.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap_or(-1),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// The JSON that a console command prints, which must succeed.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Value {
        let all: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let (code, out, err) = self.console(&all);
        assert_eq!(code, 0, "cordboard {}: {out}{err}", args.join(" "));
        serde_json::from_str(&out)
            .unwrap_or_else(|e| panic!("cordboard {}: {e}: {out}", args.join(" ")))
    }

    /// The generated password of a user.
    #[track_caller]
    pub fn password(&self, tenant: &str, user: &str) -> String {
        let secrets = self.ok(&["secrets"]);
        let password = secrets["sip"][tenant][user].as_str();
        password
            .unwrap_or_else(|| panic!("no password of {user}@{tenant}"))
            .to_owned()
    }

    /// The addresses of a user's devices now.
    pub fn devices(&self, tenant: &str, user: &str) -> Vec<String> {
        let users = self.ok(&["users"]);
        let mine = users
            .as_array()
            .into_iter()
            .flatten()
            .find(|u| u["tenant"] == tenant && u["user"] == user);
        let devices = mine
            .and_then(|user| user["devices"].as_array())
            .into_iter()
            .flatten();
        devices
            .filter_map(|d| d["uri"].as_str().map(str::to_owned))
            .collect()
    }

    /// Waits until a user has so many devices.
    #[track_caller]
    pub fn wait_devices(&self, tenant: &str, user: &str, count: usize) {
        until(
            &format!("{user}@{tenant} has {count} devices"),
            s(15),
            || (self.devices(tenant, user).len() == count).then_some(()),
        );
    }

    /// A call's CDRs by leg, once the call is over.
    #[track_caller]
    pub fn cdrs(&self, call: &str) -> Vec<Value> {
        self.events.wait(&format!("the end of {call}"), s(15), |e| {
            e["topic"] == "call.ended" && e["call"] == call
        });
        let mut rows = self
            .ok(&["cdr", call])
            .as_array()
            .cloned()
            .unwrap_or_default();
        rows.sort_by_key(|row| row["leg_no"].as_u64());
        rows
    }

    /// Every file of the data folder and the logs that holds this text, as bytes or in UTF-16.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(bytes) = std::fs::read(&path)
                    && bytes
                        .windows(text.len())
                        .any(|part| part == text.as_bytes())
                {
                    found.push(path);
                }
            }
        }
        found
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(6_000);
            let from = (from..log.len())
                .find(|at| log.is_char_boundary(*at))
                .unwrap_or(0);
            eprintln!("---- the switch's log ends ----\n{}", &log[from..]);
            eprintln!("---- its last events ----\n{}", self.events.tail(25));
        }
    }
}
