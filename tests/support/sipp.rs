//! sipp as a trunk, a stranger or a phone: a scenario as text, one process a run.

use std::path::Path;
use std::time::Duration;

use crate::ports;
use crate::programs::Child;
use crate::switch::Switch;
use crate::wait::s;

/// How a sipp is run.
pub struct Run<'a> {
    /// The scenario's nodes, without the frame.
    pub scenario: &'a str,
    /// Address it binds to.
    pub ip: &'a str,
    /// Port it binds to; none is a free one.
    pub port: Option<u16>,
    /// Port that it calls; none is the switch's.
    pub to: Option<u16>,
    /// What it dials (`[service]`).
    pub number: &'a str,
    /// SIP by TCP.
    pub tcp: bool,
    /// How many calls.
    pub calls: u32,
    /// Calls a second.
    pub rate: u32,
    /// It waits for calls instead of making them.
    pub answers: bool,
    /// It gives up after this.
    pub limit: Duration,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self {
            scenario: "",
            ip: "127.0.0.1",
            port: None,
            to: None,
            number: "",
            tcp: false,
            calls: 1,
            rate: 10,
            answers: false,
            limit: s(60),
        }
    }
}

/// A running sipp.
pub struct Sipp {
    child: Child,
    /// Its SIP port.
    pub port: u16,
}

impl Sipp {
    /// Starts it.
    pub fn start(switch: &Switch, run: &Run<'_>) -> Self {
        let port = run.port.unwrap_or_else(ports::one);
        let media = ports::block(8);
        let folder = switch.root().join(format!("sipp-{port}-{media}"));
        std::fs::create_dir_all(&folder).unwrap();
        let scenario = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n<scenario name=\"story\">\n{}\n</scenario>\n",
            run.scenario
        );
        std::fs::write(folder.join("story.xml"), scenario).unwrap();
        let child = Child::start(&folder, "sipp", Path::new("/usr/bin/sipp"), |command| {
            if !run.answers {
                command
                    .arg(format!("127.0.0.1:{}", run.to.unwrap_or(switch.sip)))
                    .args(["-s", run.number]);
            }
            command.args(["-sf", "story.xml", "-i", run.ip, "-p", &port.to_string()]);
            command.args([
                "-mp",
                &media.to_string(),
                "-m",
                &run.calls.to_string(),
                "-r",
                &run.rate.to_string(),
            ]);
            command.args([
                "-t",
                if run.tcp { "t1" } else { "u1" },
                "-nostdin",
                "-timeout",
                &format!("{}s", run.limit.as_secs()),
            ]);
            command.args([
                "-trace_err",
                "-error_file",
                "errors.log",
                "-trace_msg",
                "-message_file",
                "messages.log",
            ]);
            command.env("TERM", "dumb");
        });
        Self { child, port }
    }

    /// Waits for its end, which must be a success: every call went as the scenario says.
    #[track_caller]
    pub fn passes(mut self, limit: Duration) {
        let code = self.child.end_within(limit);
        let errors = std::fs::read_to_string(self.child.out.with_file_name("errors.log"))
            .unwrap_or_default();
        assert_eq!(code, 0, "sipp: {errors}\n{}", tail(&self.messages()));
    }

    /// Waits for its end and gives the exit code.
    #[track_caller]
    pub fn code(&mut self, limit: Duration) -> i32 {
        self.child.end_within(limit)
    }

    /// The messages that it sent and received.
    pub fn messages(&self) -> String {
        let bytes =
            std::fs::read(self.child.out.with_file_name("messages.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(80)..].join("\n")
}

/// An INVITE from `[service]`'s caller with PCMU; more header lines may follow the usual ones.
pub fn invite(from: &str, more: &str) -> String {
    format!(
        "<send retrans=\"500\"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: {from}<sip:+442071234567@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:trunk@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
{more}Content-Type: application/sdp
Content-Length: [len]

v=0
o=trunk 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
]]></send>\n"
    )
}

/// Answers that may come before the final one.
pub const PROVISIONAL: &str = "<recv response=\"100\" optional=\"true\"></recv>
<recv response=\"180\" optional=\"true\"></recv>
<recv response=\"183\" optional=\"true\"></recv>\n";

/// Waits for a final answer with route set, and acknowledges it.
pub fn answered() -> String {
    format!("<recv response=\"200\" rrs=\"true\"></recv>\n{}", ack())
}

/// Waits for a refusal and acknowledges it in its transaction.
pub fn refused(code: u16) -> String {
    format!(
        "<recv response=\"{code}\"></recv>\n{}",
        request("ACK", 1, "", "").replace("branch=[branch]", "branch=[branch-2]")
    )
}

/// An ACK of a 200.
pub fn ack() -> String {
    request("ACK", 1, "", "")
}

/// A request inside the dialog of a call that this side began.
pub fn request(method: &str, cseq: u32, more: &str, body: &str) -> String {
    let retrans = if method == "ACK" {
        ""
    } else {
        " retrans=\"500\""
    };
    format!(
        "<send{retrans}><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+442071234567@[local_ip]:[local_port]>;tag=[pid]t[call_number]
[routes]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:trunk@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
{more}Content-Length: [len]

{body}]]></send>\n"
    )
}

/// A BYE and its answer.
pub fn bye(cseq: u32) -> String {
    format!(
        "{}<recv response=\"200\"></recv>\n",
        request("BYE", cseq, "", "")
    )
}

/// Waits for a BYE and answers it.
pub const BYE_COMES: &str = "<recv request=\"BYE\"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>\n";

/// A key by SIP INFO, and its answer.
pub fn info_digit(digit: char, cseq: u32) -> String {
    let body = format!("Signal={digit}\r\nDuration=160\r\n");
    let send = request(
        "INFO",
        cseq,
        "Content-Type: application/dtmf-relay\n",
        &body,
    );
    format!("{send}<recv response=\"200\"></recv>\n")
}

/// Waits for so many milliseconds inside the scenario.
pub fn pause(milliseconds: u32) -> String {
    format!("<pause milliseconds=\"{milliseconds}\"/>\n")
}

/// A response of the answering side, to the last request; a body makes it an SDP answer.
pub fn response(status: &str, with_audio: bool) -> String {
    let body = if with_audio {
        "Content-Type: application/sdp
Content-Length: [len]

v=0
o=far 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
"
    } else {
        "Content-Length: 0\n\n"
    };
    format!(
        "<send{}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[pid]a[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:far@[local_ip]:[local_port];transport=[transport]>
{body}]]></send>\n",
        if status.starts_with('1') {
            ""
        } else {
            " retrans=\"500\""
        }
    )
}
