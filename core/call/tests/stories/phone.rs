//! A phone: a real signalling engine with a finger on its buttons.

use std::net::SocketAddr;

use bytes::Bytes;
use cordboard_sip as sip;
use cordboard_sip::{Body, DialogId, Endpoint, Event, Invite, Method, Output};

use cordboard_sip::{Flow, Transport};

use crate::world::{Time, host, sip_config};

pub struct Phone {
    pub sip: Endpoint,
    pub address: SocketAddr,
    /// Payload types in its descriptions, in order.
    pub formats: &'static str,
    /// It sends INVITEs without SDP.
    pub late: bool,
    pub dialog: Option<DialogId>,
    /// What it saw: `180`, `183+sdp`, `200`, `INVITE`, `ACK`, `BYE`, `CANCEL`, `re-INVITE` ...
    pub seen: Vec<String>,
    /// The last description from the switch.
    pub heard_sdp: String,
    /// Answers to its own requests inside the dialog.
    pub answers: Vec<u16>,
    pub plugged: bool,
    version: u32,
}

impl Phone {
    pub fn new(last: u8) -> Self {
        Self {
            sip: Endpoint::new(sip_config(last)),
            address: host(last),
            formats: "0 8 101",
            late: false,
            dialog: None,
            seen: Vec::new(),
            heard_sdp: String::new(),
            answers: Vec::new(),
            plugged: true,
            version: 1,
        }
    }

    /// Where it wants RTP.
    pub fn rtp(&self) -> SocketAddr {
        SocketAddr::new(self.address.ip(), 4000)
    }

    /// Its description with a direction and, if wanted, another address.
    pub fn sdp(&mut self, direction: &str, connection: Option<&str>) -> Body {
        self.version += 1;
        let ip = self.address.ip().to_string();
        let connection = connection.unwrap_or(&ip);
        let text = format!(
            "v=0\r\no=- 77 {} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {connection}\r\nt=0 0\r\n\
             m=audio 4000 RTP/AVP {}\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n",
            self.version, self.formats
        );
        Body {
            content_type: "application/sdp".into(),
            bytes: Bytes::from(text),
        }
    }

    pub fn call(&mut self, now: Time, to: SocketAddr) {
        let body = (!self.late).then(|| self.sdp("sendrecv", None));
        let invite = Invite {
            flow: Flow {
                transport: Transport::Udp,
                local: self.address,
                remote: to,
                connection: 0,
            },
            uri: format!("sip:+442079460100@{to}"),
            from: "<sip:+441632960001@carrier.example>".into(),
            to: format!("<sip:+442079460100@{to}>"),
            contact_user: None,
            advertise: self.address,
            routes: Vec::new(),
            headers: Vec::new(),
            body,
        };
        self.dialog = Some(self.sip.invite(now, invite).unwrap());
    }

    pub fn ring(&mut self, now: Time) {
        let dialog = self.dialog.unwrap();
        self.sip.progress(now, dialog, 180, &[], None).unwrap();
    }

    pub fn ring_with_audio(&mut self, now: Time) {
        self.announce(now, "sendrecv");
    }

    pub fn announce(&mut self, now: Time, direction: &str) {
        let body = self.sdp(direction, None);
        let dialog = self.dialog.unwrap();
        self.sip
            .progress(now, dialog, 183, &[], Some(body))
            .unwrap();
    }

    pub fn answer(&mut self, now: Time) {
        let body = self.sdp("sendrecv", None);
        let dialog = self.dialog.unwrap();
        self.sip.answer(now, dialog, &[], body).unwrap();
    }

    pub fn reject(&mut self, now: Time, code: u16, headers: &[(&str, &str)]) {
        let dialog = self.dialog.unwrap();
        self.sip.reject(now, dialog, code, None, headers).unwrap();
    }

    pub fn cancel(&mut self, now: Time) {
        let dialog = self.dialog.unwrap();
        self.sip.cancel(now, dialog, &[]).unwrap();
    }

    pub fn bye(&mut self, now: Time, headers: &[(&str, &str)]) {
        let dialog = self.dialog.unwrap();
        self.sip.bye(now, dialog, headers).unwrap();
    }

    pub fn reinvite(&mut self, now: Time, direction: &str, connection: Option<&str>) {
        let body = self.sdp(direction, connection);
        let dialog = self.dialog.unwrap();
        self.sip.reinvite(now, dialog, body).unwrap();
    }

    pub fn info(&mut self, now: Time, kind: &str, text: &str) {
        let body = Body {
            content_type: kind.into(),
            bytes: Bytes::copy_from_slice(text.as_bytes()),
        };
        let dialog = self.dialog.unwrap();
        self.sip
            .request_in_dialog(now, dialog, Method::Info, &[], Some(body))
            .unwrap();
    }

    pub fn saw(&self, what: &str) -> bool {
        self.seen.iter().any(|seen| seen == what)
    }

    /// Sends what its engine wants sent and notes what happened.
    pub fn settle(&mut self, now: Time, sent: &mut Vec<(Flow, Bytes)>) {
        while let Some(output) = self.sip.poll() {
            match output {
                Output::Transmit { flow, bytes } if self.plugged => sent.push((flow, bytes)),
                Output::Transmit { .. } => {}
                Output::Event(event) => self.see(now, event),
            }
        }
    }

    fn see(&mut self, now: Time, event: Event) {
        let seen = match event {
            Event::Request(new) if *new.request.method() == Method::Invite => {
                self.heard_sdp = text(new.request.body());
                let dialog = self.sip.accept(now, &new, self.address).unwrap();
                self.dialog = Some(dialog);
                "INVITE".to_owned()
            }
            Event::Request(_) => "other".to_owned(),
            Event::Cancelled { .. } => "CANCEL".to_owned(),
            Event::Confirmed { .. } => "ACK".to_owned(),
            Event::Provisional { response, .. } => self.response(&response),
            Event::Answered { response, .. } => self.response(&response),
            Event::Failed { code, .. } => code.to_string(),
            Event::Reinvited { dialog, request } => {
                self.heard_sdp = text(request.body());
                let body = self.sdp("sendrecv", None);
                self.sip.answer_reinvite(now, dialog, body).unwrap();
                "re-INVITE".to_owned()
            }
            Event::ReinviteAnswered { response, .. } => {
                let seen = self.response(&response);
                format!("re-{seen}")
            }
            Event::ReinviteFailed { code, .. } => format!("re-{code}"),
            Event::InDialog { tx, request, .. } => {
                self.sip.respond_in_dialog(now, tx, 200, &[], None);
                format!("{} {}", request.method(), text(request.body()).trim())
            }
            Event::Response { code, .. } => {
                self.answers.push(code);
                return;
            }
            Event::Ended { request, .. } => match request {
                Some(_) => "BYE".to_owned(),
                None => "end".to_owned(),
            },
        };
        self.seen.push(seen);
    }

    fn response(&mut self, response: &sip::Response) -> String {
        if response.body().is_empty() {
            return response.code().to_string();
        }
        self.heard_sdp = text(response.body());
        format!("{}+sdp", response.code())
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}
