//! Drives an endpoint with arbitrary datagrams, timeouts and commands.
//!
//! The bytes are read as a script: foreign datagrams, requests and responses that fit what the
//! endpoint has said, its own messages thrown back, time, failures and every command. What must
//! hold: the bounds are kept, a dialog ends once and is silent after, and when its user has let go
//! of everything and time has passed, nothing is left.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::endpoint::Endpoint;
use crate::endpoint::types::{
    Body, Config, DialogId, Event, Invite, NewRequest, OutOfDialog, Output, ServerTx,
};
use crate::flow::{Flow, Time, Transport};
use crate::message::{Builder, Limits, Message, Method};

const TRANSACTIONS_MAX: usize = 24;
const DIALOGS_MAX: usize = 12;
const STEPS_MAX: usize = 300;
const SENT_MAX: usize = 12;
const METHODS: [&str; 16] = [
    "INVITE", "ACK", "INVITE", "ACK", "BYE", "INVITE", "CANCEL", "INFO", "INVITE", "ACK", "CANCEL",
    "OPTIONS", "ACK", "INVITE", "REGISTER", "NEW",
];

/// Feeds a script to an endpoint.
pub fn fuzz_endpoint(data: &[u8]) {
    let mut run = Run::new(data);
    for _ in 0..STEPS_MAX {
        if run.data.is_empty() {
            break;
        }
        run.step();
        run.drain();
    }
    run.let_go();
}

struct Run<'a> {
    data: &'a [u8],
    now: Time,
    endpoint: Endpoint,
    /// Dialogs that live, as far as their user knows.
    dialogs: Vec<DialogId>,
    over: HashSet<DialogId>,
    waiting: Vec<ServerTx>,
    sent: Vec<Bytes>,
    /// Of the last INVITE that was made up.
    branch: u32,
}

fn address(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], port))
}

fn body() -> Body {
    Body {
        content_type: "application/sdp".into(),
        bytes: Bytes::from_static(b"v=0\r\n"),
    }
}

impl<'a> Run<'a> {
    fn new(data: &'a [u8]) -> Self {
        let config = Config {
            shard: 3,
            seed: [7; 32],
            transactions_max: TRANSACTIONS_MAX,
            dialogs_max: DIALOGS_MAX,
            server_header: Some("fuzz".into()),
            ..Config::default()
        };
        Self {
            data,
            now: Duration::ZERO,
            endpoint: Endpoint::new(config),
            dialogs: Vec::new(),
            over: HashSet::new(),
            waiting: Vec::new(),
            sent: Vec::new(),
            branch: 0,
        }
    }

    fn byte(&mut self) -> u8 {
        match self.data.split_first() {
            Some((first, rest)) => {
                self.data = rest;
                *first
            }
            None => 0,
        }
    }

    fn flow(&mut self) -> Flow {
        let bits = self.byte();
        let tcp = bits & 1 == 1;
        Flow {
            transport: if tcp { Transport::Tcp } else { Transport::Udp },
            local: address(1, 5060),
            remote: address(2 + (bits >> 6), 5060),
            connection: u64::from(tcp),
        }
    }

    fn step(&mut self) {
        match self.byte() % 16 {
            0 => self.datagram(),
            1..=5 => self.request(),
            6 | 7 => self.response(),
            8 => self.reflect(),
            9 => {
                let jump = Duration::from_millis(u64::from(self.byte()) * 40);
                self.now += jump;
                self.endpoint.handle_timeout(self.now);
            }
            10 => self.call_out(),
            11..=14 => self.command(),
            _ => {
                let flow = self.flow();
                self.endpoint.handle_flow_failed(self.now, flow);
            }
        }
    }

    fn datagram(&mut self) {
        let flow = self.flow();
        let len = (usize::from(self.byte()) * 8).min(self.data.len());
        let (datagram, rest) = self.data.split_at(len);
        self.data = rest;
        let bytes = Bytes::copy_from_slice(datagram);
        self.endpoint.handle_message(self.now, flow, bytes);
    }

    /// A request that is well formed: of a dialog that we know, of the last INVITE, or of nothing.
    fn request(&mut self) {
        let flow = self.flow();
        let bits = self.byte();
        let method = METHODS.get(usize::from(bits) % METHODS.len());
        let method = method.copied().unwrap_or("NEW");
        let place = usize::from(self.byte());
        let view = match self.dialogs.get(place % self.dialogs.len().max(1)) {
            Some(dialog) if bits & 16 == 16 => self.endpoint.dialog(*dialog),
            _ => None,
        };
        let fresh = u32::from(self.byte());
        let branch = match method {
            "CANCEL" | "ACK" if bits & 32 == 32 => self.branch,
            _ => fresh,
        };
        if method == "INVITE" {
            self.branch = branch;
        }
        let cookie = if bits & 64 == 64 { "" } else { "z9hG4bK" };
        let (call_id, ours, theirs, number) = match view {
            Some(view) => {
                let tag = format!(";tag={}", view.local_tag);
                let number = view.remote_cseq + u32::from(method != "ACK") * (fresh % 3);
                (view.call_id, tag, view.remote_tag, number)
            }
            None => (format!("c{branch}"), String::new(), "t".to_owned(), 1),
        };
        let text = format!(
            "{method} sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;rport;branch={cookie}{branch}\r\n\
             From: <sip:f@192.0.2.2>;tag={theirs}\r\nTo: <sip:x@192.0.2.1>{ours}\r\nCall-ID: {call_id}\r\n\
             CSeq: {number} {method}\r\nContact: <sip:f@192.0.2.2>\r\nContent-Length: 0\r\n\r\n"
        );
        self.endpoint
            .handle_message(self.now, flow, Bytes::from(text));
    }

    /// A response to a request that the endpoint sent.
    fn response(&mut self) {
        let flow = self.flow();
        let place = usize::from(self.byte());
        let code = match self.byte() % 10 {
            0 => 100,
            1 => 180,
            2..=4 => 200,
            5 => 481,
            6 => 487,
            7 => 491,
            8 => 408,
            _ => 503,
        };
        let tag = ["one", "two", "three", ""]
            .get(usize::from(self.byte() & 3))
            .copied();
        let Some(bytes) = self.sent.get(place % self.sent.len().max(1)).cloned() else {
            return;
        };
        let Ok(Message::Request(request)) = Message::parse(bytes, &Limits::default()) else {
            return;
        };
        let tag = tag.filter(|tag| !tag.is_empty());
        let reply = Builder::reply(&request, code, None, tag, None)
            .header("Contact", "<sip:far@192.0.2.4>")
            .finish();
        if let Ok(bytes) = reply {
            self.endpoint.handle_message(self.now, flow, bytes);
        }
    }

    /// Its own words thrown back.
    fn reflect(&mut self) {
        let flow = self.flow();
        let place = usize::from(self.byte());
        if let Some(bytes) = self.sent.get(place % self.sent.len().max(1)).cloned() {
            self.endpoint.handle_message(self.now, flow, bytes);
        }
    }

    fn call_out(&mut self) {
        let flow = self.flow();
        if self.byte().is_multiple_of(4) {
            let request = OutOfDialog {
                method: Method::Options,
                uri: "sip:192.0.2.4".into(),
                from: "sip:a@192.0.2.1".into(),
                to: "sip:b@192.0.2.4".into(),
                headers: Vec::new(),
                body: None,
                advertise: flow.local,
            };
            let _ = self.endpoint.request(self.now, flow, request);
            return;
        }
        let invite = Invite {
            flow,
            uri: "sip:b@192.0.2.4".into(),
            from: "sip:a@192.0.2.1".into(),
            to: "sip:b@192.0.2.4".into(),
            contact_user: None,
            advertise: flow.local,
            routes: Vec::new(),
            headers: Vec::new(),
            body: Some(body()),
        };
        if let Ok(dialog) = self.endpoint.invite(self.now, invite) {
            self.dialogs.push(dialog);
        }
    }

    fn command(&mut self) {
        let (what, place, code) = (self.byte(), usize::from(self.byte()), self.byte());
        let Some(dialog) = self.dialogs.get(place % self.dialogs.len().max(1)).copied() else {
            return;
        };
        let (now, endpoint) = (self.now, &mut self.endpoint);
        let code = u16::from(code) * 3;
        let done = match what % 10 {
            0 => endpoint.progress(now, dialog, 100 + code % 100, &[], None),
            1 | 2 => endpoint.answer(now, dialog, &[("X-A", "b")], body()),
            3 => {
                let done = endpoint.reject(now, dialog, code, None, &[]);
                if done.is_ok() {
                    // Nothing more is heard of it.
                    self.dialogs.retain(|known| *known != dialog);
                    self.over.insert(dialog);
                }
                done
            }
            4 => endpoint.bye(now, dialog, &[]),
            5 => endpoint.cancel(now, dialog, &[]),
            6 => endpoint.reinvite(now, dialog, body()),
            7 => endpoint.answer_reinvite(now, dialog, body()),
            8 => endpoint.reject_reinvite(now, dialog, code),
            _ => endpoint
                .request_in_dialog(now, dialog, Method::Info, &[], None)
                .map(|_| ()),
        };
        let _ = done;
        if let Some(tx) = self.waiting.pop() {
            self.endpoint
                .respond_in_dialog(now, tx, code, &[], Some(body()));
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Transmit { bytes, .. } => {
                    let whole = Message::parse(bytes.clone(), &Limits::default());
                    // Only an answer to a broken request may be broken where it repeats it.
                    assert!(whole.is_ok() || bytes.starts_with(b"SIP/2.0 "));
                    if self.sent.len() >= SENT_MAX {
                        self.sent.remove(0);
                    }
                    self.sent.push(bytes);
                }
                Output::Event(event) => self.hear(event),
            }
        }
        let counters = self.endpoint.counters();
        assert!(counters.dialogs <= DIALOGS_MAX);
        // Hanging up is never refused for want of room: each dialog may add its CANCEL and its BYE.
        assert!(counters.transactions <= 2 * TRANSACTIONS_MAX + 2 * DIALOGS_MAX);
        assert!(counters.timers <= 2 * counters.transactions + 3 * counters.dialogs);
    }

    fn hear(&mut self, event: Event) {
        let (dialog, last) = match event {
            Event::Request(new) => return self.welcome(&new),
            Event::Response { .. } => return,
            Event::InDialog { dialog, tx, .. } => {
                self.waiting.push(tx);
                (dialog, false)
            }
            Event::Cancelled { dialog, .. }
            | Event::Failed { dialog, .. }
            | Event::Ended { dialog, .. } => (dialog, true),
            Event::Confirmed { dialog, .. }
            | Event::Provisional { dialog, .. }
            | Event::Answered { dialog, .. }
            | Event::Reinvited { dialog, .. }
            | Event::ReinviteAnswered { dialog, .. }
            | Event::ReinviteFailed { dialog, .. } => (dialog, false),
        };
        assert!(
            !self.over.contains(&dialog),
            "a dialog is silent after its end"
        );
        if last {
            assert!(self.endpoint.dialog(dialog).is_none());
            self.over.insert(dialog);
            self.dialogs.retain(|known| *known != dialog);
        }
    }

    fn welcome(&mut self, new: &NewRequest) {
        let advertise = new.flow.local;
        if let Ok(dialog) = self.endpoint.accept(self.now, new, advertise) {
            self.dialogs.push(dialog);
        } else if self.byte() & 1 == 1 {
            self.endpoint.respond(self.now, new, 200, None, &[], None);
        } else {
            self.endpoint
                .respond_stateless(self.now, new, 404, None, &[("A", "b\r\nC: d")]);
        }
    }

    /// The user lets go of everything; then time alone must clear the endpoint.
    fn let_go(&mut self) {
        for dialog in std::mem::take(&mut self.dialogs) {
            let (now, endpoint) = (self.now, &mut self.endpoint);
            let done = endpoint
                .reject(now, dialog, 480, None, &[])
                .or_else(|_| endpoint.cancel(now, dialog, &[]))
                .or_else(|_| endpoint.bye(now, dialog, &[]));
            // Refused only where a BYE is under way already.
            assert!(done.is_ok() || endpoint.dialog(dialog).is_some());
        }
        self.drain();
        let mut turns = 0;
        while let Some(at) = self.endpoint.next_timeout() {
            assert!(at > self.now || turns == 0, "time goes on");
            self.now = self.now.max(at);
            self.endpoint.handle_timeout(self.now);
            self.drain();
            turns += 1;
            assert!(turns < 100_000, "timers end");
        }
        let counters = self.endpoint.counters();
        assert_eq!(
            (counters.transactions, counters.dialogs, counters.timers),
            (0, 0, 0),
            "nothing is left"
        );
    }
}
