//! baresip as a phone: a folder of its own, control by its TCP port (JSON in netstrings), a tone
//! as its microphone, and what it hears as a WAV file.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ports;
use crate::programs::Child;
use crate::switch::Switch;
use crate::tone::{self, Sound};
use crate::wait::{s, until};

/// How a baresip is set up.
pub struct Setup<'a> {
    /// Tenant and user.
    pub tenant: &'a str,
    /// Name of the user.
    pub user: &'a str,
    /// Password; none is the right one.
    pub password: Option<&'a str>,
    /// Host of its address; none is the switch's own.
    pub domain: Option<&'a str>,
    /// `auto`, `manual` or `early`.
    pub answers: &'a str,
    /// Tone that its microphone hears.
    pub hertz: f64,
    /// Codecs that it offers, the best first.
    pub codecs: &'a str,
    /// SIP by TCP.
    pub tcp: bool,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            tenant: "demo",
            user: "alice",
            password: None,
            domain: None,
            answers: "auto",
            hertz: 440.0,
            codecs: "PCMU/8000/1,PCMA/8000/1",
            tcp: false,
        }
    }
}

type Heard = Arc<(Mutex<Vec<Value>>, Condvar)>;

/// A running baresip.
pub struct Baresip {
    child: Child,
    folder: PathBuf,
    control: TcpStream,
    heard: Heard,
    host: String,
}

impl Baresip {
    /// Starts it; it registers by itself.
    #[track_caller]
    pub fn start(switch: &Switch, setup: &Setup<'_>) -> Self {
        let (sip, control, rtp) = (ports::one(), ports::one(), ports::block(24));
        let folder = switch.root().join(format!("baresip-{}-{sip}", setup.user));
        std::fs::create_dir_all(&folder).unwrap();
        tone::write(&folder.join("tone.wav"), setup.hertz, 60.0);
        std::fs::write(folder.join("config"), config(&folder, sip, control, rtp)).unwrap();
        let address = switch.address();
        let transport = if setup.tcp { "tcp" } else { "udp" };
        let host = setup.domain.map_or(address.clone(), str::to_owned);
        let outbound = setup.domain.map_or(String::new(), |_| {
            format!(";outbound=\"sip:{address};transport={transport}\"")
        });
        let password = setup
            .password
            .map_or_else(|| switch.password(setup.tenant, setup.user), str::to_owned);
        let account = format!(
            "<sip:{}@{host};transport={transport}>;auth_pass={password};answermode={};regint=60;audio_codecs={}{outbound}\n",
            setup.user, setup.answers, setup.codecs
        );
        std::fs::write(folder.join("accounts"), account).unwrap();
        std::fs::write(folder.join("contacts"), "").unwrap();
        let child = Child::start(
            &folder,
            "baresip",
            Path::new("/usr/bin/baresip"),
            |command| {
                command.arg("-f").arg(&folder).args(["-t", "300"]);
            },
        );
        let stream = until("baresip's control port", s(15), || {
            TcpStream::connect(("127.0.0.1", control)).ok()
        });
        let heard = Heard::default();
        listen(stream.try_clone().unwrap(), Arc::clone(&heard));
        Self {
            child,
            folder,
            control: stream,
            heard,
            host,
        }
    }

    /// The same, registered and known to the switch.
    #[track_caller]
    pub fn registered(switch: &Switch, setup: &Setup<'_>) -> Self {
        let before = switch.devices(setup.tenant, setup.user).len();
        let phone = Self::start(switch, setup);
        switch.wait_devices(setup.tenant, setup.user, before + 1);
        phone
    }

    /// Gives a command of baresip's menu.
    pub fn command(&mut self, command: &str, params: &str) {
        let body = json!({ "command": command, "params": params, "token": "t" }).to_string();
        self.control
            .write_all(format!("{}:{body},", body.len()).as_bytes())
            .unwrap();
    }

    /// Calls a number or user of its switch.
    pub fn dial(&mut self, number: &str) {
        let to = format!("sip:{number}@{}", self.host);
        self.command("dial", &to);
    }

    /// Waits for an event by its type: `REGISTER_OK`, `CALL_ESTABLISHED`, `CALL_CLOSED` ...
    #[track_caller]
    pub fn wait(&self, kind: &str) -> Value {
        self.wait_from(0, kind, s(20))
    }

    /// How many events there are.
    pub fn mark(&self) -> usize {
        self.heard.0.lock().unwrap().len()
    }

    /// Waits for an event after a mark.
    #[track_caller]
    pub fn wait_from(&self, mark: usize, kind: &str, limit: Duration) -> Value {
        let end = Instant::now() + limit;
        let (list, more) = &*self.heard;
        let mut list = list.lock().unwrap();
        loop {
            if let Some(found) = list.iter().skip(mark).find(|e| e["type"] == kind) {
                return found.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seen = format!("{list:?}");
                drop(list);
                panic!(
                    "baresip: no {kind} within {limit:?}; heard {seen}\n{}",
                    self.child.printed()
                );
            }
            list = more.wait_timeout(list, left).unwrap().0;
        }
    }

    /// What it has heard so far: one sound for each time that its audio began.
    pub fn ears(&self) -> Vec<Sound> {
        let entries = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        let dumps = entries.filter(|e| e.file_name().to_string_lossy().ends_with("-dec.wav"));
        dumps.filter_map(|e| Sound::read(&e.path())).collect()
    }

    /// Waits until it has heard a tone for so long in all.
    #[track_caller]
    pub fn hears(&self, hertz: f64, seconds: f64) {
        if crate::wait::poll(s(20), || (self.heard(hertz) >= seconds).then_some(())).is_none() {
            let lengths: Vec<f64> = self.ears().iter().map(Sound::seconds).collect();
            panic!(
                "baresip has heard {hertz} Hz for {} s of {lengths:?} s, not {seconds} s",
                self.heard(hertz)
            );
        }
    }

    /// Seconds of a tone that it has heard so far.
    pub fn heard(&self, hertz: f64) -> f64 {
        self.ears().iter().map(|ear| ear.heard(0, hertz)).sum()
    }

    /// Waits until it has printed this.
    #[track_caller]
    pub fn says(&self, text: &str) {
        if crate::wait::poll(s(20), || self.printed().contains(text).then_some(())).is_none() {
            panic!("baresip does not say `{text}`:\n{}", self.printed());
        }
    }

    /// What it has printed.
    pub fn printed(&self) -> String {
        self.child.printed()
    }

    /// Ends it in good order: it deregisters.
    pub fn quit(mut self) {
        self.child.terminate();
    }

    /// Kills it, as a power cut does.
    pub fn vanish(mut self) {
        self.child.kill();
    }
}

fn config(folder: &Path, sip: u16, control: u16, rtp: u16) -> String {
    let mut text = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{sip}\nnet_interface 127.0.0.1\nrtp_ports {rtp}-{}\n\
         audio_source aufile,{}/tone.wav\naudio_player aufile,{}/play.wav\naudio_channels 1-1\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
         snd_path {}\nctrl_tcp_listen 127.0.0.1:{control}\ncall_max_calls 8\n\
         module_path /usr/lib/baresip/modules\n",
        rtp + 22,
        folder.display(),
        folder.display(),
        folder.display()
    );
    for module in ["g711", "aufile", "ausine", "sndfile"] {
        text.push_str(&format!("module {module}.so\n"));
    }
    text.push_str("module_tmp uuid.so\nmodule_tmp account.so\n");
    for module in ["contact", "debug_cmd", "menu", "ctrl_tcp"] {
        text.push_str(&format!("module_app {module}.so\n"));
    }
    text
}

/// Reads netstrings until the connection ends.
fn listen(mut stream: TcpStream, heard: Heard) {
    std::thread::spawn(move || {
        let mut buffer = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            while let Some((value, used)) = netstring(&buffer) {
                buffer.drain(..used);
                heard.0.lock().unwrap().push(value);
                heard.1.notify_all();
            }
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            }
        }
    });
}

fn netstring(buffer: &[u8]) -> Option<(Value, usize)> {
    let colon = buffer.iter().position(|b| *b == b':')?;
    let length: usize = std::str::from_utf8(&buffer[..colon])
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let end = colon + 1 + length;
    let body = buffer.get(colon + 1..end)?;
    buffer.get(end)?;
    Some((serde_json::from_slice(body).unwrap_or(Value::Null), end + 1))
}
