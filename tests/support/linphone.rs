//! linphonec as a phone: a home of its own, control by its standard input, files for sound card.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Stdio};

use crate::ports;
use crate::programs::Child;
use crate::switch::Switch;
use crate::tone::{self, Sound};
use crate::wait::{s, until};

/// A running linphonec.
pub struct Linphone {
    child: Child,
    stdin: ChildStdin,
    folder: PathBuf,
    host: String,
}

impl Linphone {
    /// Starts it with a tone for a microphone; it registers by itself, and answers when `answers`.
    #[track_caller]
    pub fn start(switch: &Switch, user: &str, password: &str, hertz: f64, answers: bool) -> Self {
        let (sip, rtp) = (ports::one(), ports::block(8));
        let folder = switch.root().join(format!("linphone-{user}-{sip}"));
        std::fs::create_dir_all(folder.join(".local/share/linphone")).unwrap();
        tone::write(&folder.join("tone.wav"), hertz, 60.0);
        let port = switch.sip;
        let settings = format!(
            "[sip]\nsip_port={sip}\nsip_tcp_port=0\nsip_tls_port=0\nipv6=0\ndefault_proxy=0\nbind_address=127.0.0.1\nguess_hostname=1\n\
             [rtp]\naudio_rtp_port={rtp}\n[net]\nmtu=0\n[sound]\necho_cancellation=0\n\
             [proxy_0]\nreg_proxy=<sip:127.0.0.1:{port};transport=udp>\nreg_identity=sip:{user}@127.0.0.1\nreg_expires=60\nreg_sendregister=1\npublish=0\n\
             [auth_info_0]\nusername={user}\nuserid={user}\npasswd={password}\n"
        );
        std::fs::write(folder.join("lp.rc"), settings).unwrap();
        let mut child = Child::start(
            &folder,
            "linphonec",
            Path::new("/usr/bin/linphonec"),
            |command| {
                command
                    .env("HOME", &folder)
                    .arg("-c")
                    .arg(folder.join("lp.rc"))
                    .stdin(Stdio::piped());
                command.args(["-d", "4", "-l"]).arg(folder.join("lp.log"));
                if answers {
                    command.arg("-a");
                }
            },
        );
        let stdin = child.stdin();
        let mut phone = Self {
            child,
            stdin,
            folder,
            host: format!("127.0.0.1:{port}"),
        };
        phone.command("soundcard use files");
        let tone = phone.folder.join("tone.wav");
        phone.command(&format!("play {}", tone.display()));
        phone.command(&format!(
            "record {}",
            phone.folder.join("ear.wav").display()
        ));
        phone
    }

    /// The same, registered and known to the switch.
    #[track_caller]
    pub fn registered(switch: &Switch, user: &str, hertz: f64, answers: bool) -> Self {
        let phone = Self::start(switch, user, &switch.password("demo", user), hertz, answers);
        switch.wait_devices("demo", user, 1);
        phone
    }

    /// Types a line.
    pub fn command(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
        self.stdin.flush().unwrap();
    }

    /// Calls a number or user of its switch.
    pub fn dial(&mut self, number: &str) {
        let line = format!("call sip:{number}@{}", self.host);
        self.command(&line);
    }

    /// What it has printed.
    pub fn printed(&self) -> String {
        self.child.printed()
    }

    /// Waits until it has printed this.
    #[track_caller]
    pub fn wait(&self, text: &str) {
        let shown = || self.printed().contains(text).then_some(());
        if crate::wait::poll(s(20), shown).is_none() {
            panic!("linphonec does not say `{text}`:\n{}", self.printed());
        }
    }

    /// What it heard in its calls so far.
    pub fn ear(&self) -> Option<Sound> {
        Sound::read(&self.folder.join("ear.wav"))
    }

    /// Waits until it has heard a tone for so long.
    #[track_caller]
    pub fn hears(&self, hertz: f64, seconds: f64) {
        until(
            &format!("linphonec hears {hertz} Hz for {seconds} s"),
            s(20),
            || {
                self.ear()
                    .filter(|ear| ear.heard(0, hertz) >= seconds)
                    .map(drop)
            },
        );
    }
}
