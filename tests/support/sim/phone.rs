//! A scripted phone: the real SIP engine and SDP session with a voice of pure tone and an ear.
//!
//! It registers and dials with digest, and answers by its manner. Stories tell it what to do and
//! ask it what it saw; it decides nothing else.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use cordboard_call::Cause;
use cordboard_media::sdp::{Direction, LocalMedia, Negotiated, Session};
use cordboard_media::{Codec, codec, dtmf, rtp, tone};
use cordboard_sip::auth::{Algorithm, ha1};
use cordboard_sip::message::HeaderName;
use cordboard_sip::{
    Body, Config, DialogId, Endpoint, Event, Flow, Invite, Method, NewRequest, OutOfDialog, Output,
    Refused, Response, Transport,
};

use super::chance::key;
use super::node::Datagram;

const FRAME: Duration = Duration::from_millis(20);
/// Samples that an ear remembers: two seconds.
const EAR_SAMPLES: usize = 16_000;
const RTP_PORT: u16 = 4_000;

/// What a phone does when it is called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    /// Rings, and answers after this.
    Answers(Duration),
    /// Plays its voice before it answers.
    EarlyThenAnswers(Duration),
    /// Rings for ever.
    Rings,
    /// 486.
    Busy,
    /// 603.
    Declines,
}

/// Where a call of a phone stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Our INVITE has no final answer.
    Dialling,
    /// We ring.
    Ringing,
    /// Answered.
    Up,
    /// Over.
    Over,
}

/// One call of a phone.
pub struct PhoneCall {
    dialog: DialogId,
    /// What we dialled; `None` when we were called.
    pub dialled: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Codes of responses to our INVITE, copies left out.
    pub responses: Vec<u16>,
    /// First response above 100.
    pub heard_above_100: Option<Duration>,
    /// When it was answered.
    pub answered: Option<Duration>,
    /// When it was over.
    pub over: Option<Duration>,
    /// Why, as the far end said: Reason header, else by the SIP status.
    pub cause: Option<Cause>,
    /// The final status that ended it before an answer.
    pub status: Option<u16>,
    /// The far end ended it.
    pub by_remote: bool,
    tried_password: bool,
    session: Session,
    direction: Direction,
    agreed: Option<Negotiated>,
    due: Option<Duration>,
    voice: Voice,
    ear: VecDeque<i16>,
    /// RTP packets with voice that came.
    pub heard_packets: u64,
    /// Keys that came by RFC 4733.
    pub heard_keys: String,
    listener: dtmf::Listener,
}

struct Voice {
    sender: rtp::Sender,
    next: Option<Duration>,
    phase: u32,
    dialer: dtmf::Dialer,
}

/// Who a phone is.
pub struct Account {
    /// User's name.
    pub user: String,
    /// Password; none never authenticates.
    pub password: Option<String>,
    /// Host of its URIs.
    pub domain: String,
    /// From's display name, as it stands on the wire.
    pub display: String,
}

/// A phone.
pub struct Phone {
    /// Its SIP address.
    pub address: SocketAddr,
    /// What it believes its address to be, and says in Contact, Via and SDP: behind a NAT another.
    pub believed: IpAddr,
    /// Where the switch is.
    pub node: SocketAddr,
    /// Who it is.
    pub account: Account,
    /// How it answers.
    pub manner: Manner,
    /// Hertz of its voice; none is silent.
    pub voice: Option<f32>,
    /// How often it speaks 20 ms: every 20 ms for stories about sound, seldom for others.
    pub pace: Duration,
    /// Its SIP engine.
    pub endpoint: Endpoint,
    /// All its calls, oldest first.
    pub calls: Vec<PhoneCall>,
    /// The last final status of REGISTER.
    pub registered: Option<u16>,
    /// The user that From names, where it is not the account's own.
    pub poses_as: Option<String>,
    /// Nothing leaves it any more.
    pub unplugged: bool,
    registering: Option<(cordboard_sip::ClientTx, bool)>,
    wanted_expiry: u32,
    sent: Vec<Datagram>,
    now: Duration,
    /// A number of its own for session ids and client nonces.
    count: u64,
}

impl Phone {
    /// A phone on the hook.
    pub fn new(seed: u64, address: SocketAddr, node: SocketAddr, account: Account) -> Self {
        let config = Config {
            seed: key(seed),
            ..Config::default()
        };
        Self {
            address,
            believed: address.ip(),
            node,
            account,
            manner: Manner::Answers(Duration::from_secs(1)),
            voice: None,
            pace: FRAME,
            endpoint: Endpoint::new(config),
            calls: Vec::new(),
            registered: None,
            poses_as: None,
            unplugged: false,
            registering: None,
            wanted_expiry: 600,
            sent: Vec::new(),
            now: Duration::ZERO,
            count: seed,
        }
    }

    fn flow(&self) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: self.address,
            remote: self.node,
            connection: 0,
        }
    }

    fn own_uri(&self) -> String {
        let Account {
            user,
            domain,
            display,
            ..
        } = &self.account;
        format!(
            "{display}<sip:{}@{domain}>",
            self.poses_as.as_ref().unwrap_or(user)
        )
    }

    fn advertise(&self) -> SocketAddr {
        SocketAddr::new(self.believed, self.address.port())
    }

    fn next_count(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    // -- what a story tells it -------------------------------------------------------------

    /// Registers for so many seconds; 0 takes the binding back.
    pub fn register(&mut self, expires: u32) {
        self.wanted_expiry = expires;
        self.registered = None;
        self.send_register(None);
    }

    fn send_register(&mut self, credentials: Option<String>) {
        let tried = credentials.is_some();
        let mut headers = vec![("Expires".to_owned(), self.wanted_expiry.to_string())];
        headers.extend(credentials.map(|value| ("Authorization".to_owned(), value)));
        let own = format!("<sip:{}@{}>", self.account.user, self.account.domain);
        let request = OutOfDialog {
            method: Method::Register,
            uri: format!("sip:{}", self.account.domain),
            from: own.clone(),
            to: own,
            headers,
            body: None,
            advertise: self.advertise(),
        };
        let sent = self.endpoint.request(self.now, self.flow(), request);
        self.registering = sent.ok().map(|tx| (tx, tried));
        self.drain();
    }

    /// Dials; the call's number on this phone.
    pub fn dial(&mut self, number: &str) -> usize {
        let id = self.next_count();
        let mut session = Session::new(id);
        let offer = session.offer(&local(
            self.believed,
            self.calls.len(),
            Direction::SendReceive,
        ));
        let dialog = self
            .send_invite(number, offer, None)
            .expect("a phone has room for a call");
        let call = self.new_call(dialog, Some(number.to_owned()), session);
        self.calls.push(call);
        self.drain();
        self.calls.len() - 1
    }

    fn new_call(
        &mut self,
        dialog: DialogId,
        dialled: Option<String>,
        session: Session,
    ) -> PhoneCall {
        let state = if dialled.is_some() {
            State::Dialling
        } else {
            State::Ringing
        };
        let ssrc = self.next_count() as u32;
        PhoneCall {
            dialog,
            dialled,
            state,
            responses: Vec::new(),
            heard_above_100: None,
            answered: None,
            over: None,
            cause: None,
            status: None,
            by_remote: false,
            tried_password: false,
            session,
            direction: Direction::SendReceive,
            agreed: None,
            due: None,
            voice: Voice {
                sender: rtp::Sender::new(ssrc),
                next: None,
                phase: 0,
                dialer: dtmf::Dialer::default(),
            },
            ear: VecDeque::new(),
            heard_packets: 0,
            heard_keys: String::new(),
            listener: dtmf::Listener::default(),
        }
    }

    fn send_invite(
        &mut self,
        number: &str,
        offer: Bytes,
        credentials: Option<String>,
    ) -> Result<DialogId, Refused> {
        let uri = format!("sip:{number}@{}", self.account.domain);
        let invite = Invite {
            flow: self.flow(),
            to: format!("<{uri}>"),
            uri,
            from: self.own_uri(),
            contact_user: Some(self.account.user.clone()),
            advertise: self.advertise(),
            routes: Vec::new(),
            headers: credentials
                .map(|value| ("Authorization".to_owned(), value))
                .into_iter()
                .collect(),
            body: Some(sdp(offer)),
        };
        self.endpoint.invite(self.now, invite)
    }

    /// Hangs up, cancels or declines, by where the call stands.
    pub fn hang_up(&mut self, call: usize) {
        let PhoneCall { dialog, state, .. } = self.calls[call];
        let reason = Cause::NORMAL.reason_header();
        let headers = [("Reason", reason.as_str())];
        match state {
            State::Dialling => {
                let _ = self.endpoint.cancel(self.now, dialog, &headers);
            }
            State::Up => {
                let _ = self.endpoint.bye(self.now, dialog, &headers);
            }
            State::Ringing => {
                let _ = self.endpoint.reject(self.now, dialog, 603, None, &[]);
                self.end(call, Some(603), None, false);
            }
            State::Over => {}
        }
        self.drain();
    }

    /// Puts the far end on hold, or comes back.
    pub fn hold(&mut self, call: usize, on: bool) {
        let direction = if on {
            Direction::SendOnly
        } else {
            Direction::SendReceive
        };
        let local = local(self.believed, call, direction);
        let state = &mut self.calls[call];
        state.direction = direction;
        let offer = state.session.offer(&local);
        let _ = self.endpoint.reinvite(self.now, state.dialog, sdp(offer));
        self.drain();
    }

    /// Presses keys by RFC 4733.
    pub fn press(&mut self, call: usize, keys: &str) {
        assert_eq!(self.calls[call].voice.dialer.add(keys), 0, "these are keys");
        let at = self.now;
        self.calls[call].voice.next.get_or_insert(at);
    }

    /// Presses a key by INFO.
    pub fn press_by_info(&mut self, call: usize, key: char) {
        let body = Body {
            content_type: "application/dtmf-relay".to_owned(),
            bytes: format!("Signal={key}\r\nDuration=160\r\n").into(),
        };
        let dialog = self.calls[call].dialog;
        let _ = self
            .endpoint
            .request_in_dialog(self.now, dialog, Method::Info, &[], Some(body));
        self.drain();
    }

    // -- what a story asks it --------------------------------------------------------------

    /// The latest call.
    pub fn last(&self) -> &PhoneCall {
        self.calls.last().expect("the phone has had a call")
    }

    /// Whether the last 200 ms that a call heard are this tone.
    pub fn hears(&self, call: usize, hertz: f32) -> bool {
        let ear = &self.calls[call].ear;
        let samples: Vec<i16> = ear
            .iter()
            .skip(ear.len().saturating_sub(1_600))
            .copied()
            .collect();
        samples.len() == 1_600 && tone::purity(&samples, hertz) > 0.8
    }

    /// Forgets what was heard so far.
    pub fn clear_ear(&mut self, call: usize) {
        self.calls[call].ear.clear();
    }

    /// Nothing is going on.
    pub fn is_idle(&self) -> bool {
        self.calls.iter().all(|call| call.state == State::Over)
    }

    // -- time and packets ------------------------------------------------------------------

    /// When `turn` is wanted next.
    pub fn next_timeout(&self) -> Option<Duration> {
        let due = self.calls.iter().filter(|call| call.state != State::Over);
        let due = due
            .flat_map(|call| [call.due, call.voice.next])
            .flatten()
            .min();
        [self.endpoint.next_timeout(), due]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has come to `now`; nothing is done yet.
    pub fn set_time(&mut self, now: Duration) {
        self.now = now;
    }

    /// Does what is due.
    pub fn turn(&mut self) {
        self.endpoint.handle_timeout(self.now);
        self.drain();
        for call in 0..self.calls.len() {
            if self.calls[call].state == State::Over {
                continue;
            }
            if self.calls[call].due.is_some_and(|due| due <= self.now) {
                self.calls[call].due = None;
                self.answer(call);
            }
            if self.calls[call]
                .voice
                .next
                .is_some_and(|next| next <= self.now)
            {
                self.speak(call);
            }
        }
        self.drain();
    }

    /// A datagram arrives.
    pub fn receive(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if to.port() == self.address.port() {
            if bytes.iter().all(u8::is_ascii_whitespace) {
                return;
            }
            let flow = Flow {
                transport: Transport::Udp,
                local: to,
                remote: from,
                connection: 0,
            };
            self.endpoint
                .handle_message(self.now, flow, Bytes::from(bytes));
            self.drain();
        } else if to.port().is_multiple_of(2) {
            self.hear(usize::from((to.port() - RTP_PORT) / 2), &bytes);
        }
    }

    /// What left since the last call.
    pub fn take_sent(&mut self) -> Vec<Datagram> {
        std::mem::take(&mut self.sent)
    }

    // -- signalling ------------------------------------------------------------------------

    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Transmit { flow, bytes } => {
                    self.sent.push(Datagram {
                        from: flow.local,
                        to: flow.remote,
                        bytes: bytes.to_vec(),
                    });
                }
                Output::Event(event) => self.happened(event),
            }
        }
    }

    fn find(&self, dialog: DialogId) -> Option<usize> {
        self.calls.iter().position(|call| call.dialog == dialog)
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Request(new) => self.requested(&new),
            Event::Response { tx, code, response } => self.registered(tx, code, response),
            Event::Provisional { dialog, response } => self.progressed(dialog, &response),
            Event::Answered { dialog, response } => self.answered(dialog, &response),
            Event::Failed {
                dialog,
                code,
                response,
            } => self.failed(dialog, code, response),
            Event::Cancelled { dialog, request } => {
                let cause = request.headers().find(b"Reason").and_then(reason);
                self.over(dialog, Some(487), cause, true);
            }
            Event::Ended {
                dialog, request, ..
            } => {
                let remote = request.is_some();
                let cause = request.and_then(|r| r.headers().find(b"Reason").and_then(reason));
                self.over(dialog, None, cause, remote);
            }
            Event::Reinvited { dialog, request } => self.reinvited(dialog, request.body()),
            Event::ReinviteAnswered { dialog, response } => {
                if let Some(call) = self.find(dialog) {
                    self.accept(call, response.body());
                }
            }
            Event::ReinviteFailed { dialog, .. } => {
                if let Some(call) = self.find(dialog) {
                    self.calls[call].session.withdraw();
                }
            }
            Event::InDialog { tx, .. } => {
                self.endpoint
                    .respond_in_dialog(self.now, tx, 200, &[], None)
            }
            _ => {}
        }
    }

    fn requested(&mut self, new: &NewRequest) {
        if *new.request.method() != Method::Invite {
            self.endpoint.respond(self.now, new, 200, None, &[], None);
            return;
        }
        let Ok(dialog) = self.endpoint.accept(self.now, new, self.advertise()) else {
            return;
        };
        let session = Session::new(self.next_count());
        let call = self.new_call(dialog, None, session);
        self.calls.push(call);
        let call = self.calls.len() - 1;
        let offer = new.request.body();
        let refused = match self.manner {
            Manner::Busy => Some(486),
            Manner::Declines => Some(603),
            _ => self.agree(call, offer).err().map(|()| 488),
        };
        if let Some(code) = refused {
            let _ = self.endpoint.reject(self.now, dialog, code, None, &[]);
            self.end(call, Some(code), None, false);
            return;
        }
        let early = matches!(self.manner, Manner::EarlyThenAnswers(_));
        let body = self.calls[call]
            .session
            .written()
            .cloned()
            .filter(|_| early)
            .map(sdp);
        let _ = self
            .endpoint
            .progress(self.now, dialog, if early { 183 } else { 180 }, &[], body);
        if let Manner::Answers(after) | Manner::EarlyThenAnswers(after) = self.manner {
            self.calls[call].due = Some(self.now + after);
        }
        if early {
            self.begin_to_speak(call);
        }
    }

    fn agree(&mut self, call: usize, offer: &[u8]) -> Result<(), ()> {
        let local = local(self.believed, call, Direction::SendReceive);
        let call = &mut self.calls[call];
        let (agreed, _) = call.session.answer(offer, &local).map_err(|_| ())?;
        call.agreed = Some(agreed);
        Ok(())
    }

    fn answer(&mut self, call: usize) {
        let Some(answer) = self.calls[call].session.written().cloned() else {
            return;
        };
        if self
            .endpoint
            .answer(self.now, self.calls[call].dialog, &[], sdp(answer))
            .is_ok()
        {
            self.calls[call].state = State::Up;
            self.calls[call].answered = Some(self.now);
            self.begin_to_speak(call);
        }
    }

    fn reinvited(&mut self, dialog: DialogId, offer: &[u8]) {
        let Some(call) = self.find(dialog) else {
            return;
        };
        if self.agree(call, offer).is_err() {
            let _ = self.endpoint.reject_reinvite(self.now, dialog, 488);
        } else if let Some(answer) = self.calls[call].session.written().cloned() {
            let _ = self.endpoint.answer_reinvite(self.now, dialog, sdp(answer));
        }
    }

    fn note(&mut self, call: usize, code: u16) {
        let now = self.now;
        let call = &mut self.calls[call];
        if call.responses.last() != Some(&code) {
            call.responses.push(code);
        }
        if code > 100 && code != 401 {
            call.heard_above_100.get_or_insert(now);
        }
    }

    fn progressed(&mut self, dialog: DialogId, response: &Response) {
        let Some(call) = self.find(dialog) else {
            return;
        };
        self.note(call, response.code());
        if !response.body().is_empty() && self.calls[call].agreed.is_none() {
            self.accept(call, response.body());
            self.begin_to_speak(call);
        }
    }

    fn answered(&mut self, dialog: DialogId, response: &Response) {
        let Some(call) = self.find(dialog) else {
            return;
        };
        self.note(call, response.code());
        self.calls[call].state = State::Up;
        self.calls[call].answered = Some(self.now);
        if !response.body().is_empty() && self.calls[call].agreed.is_none() {
            self.accept(call, response.body());
        }
        self.begin_to_speak(call);
    }

    fn accept(&mut self, call: usize, answer: &[u8]) {
        let local = local(self.believed, call, self.calls[call].direction);
        let call = &mut self.calls[call];
        if let Ok(agreed) = call.session.accept(answer, &local) {
            call.agreed = Some(agreed);
        }
    }

    fn failed(&mut self, dialog: DialogId, code: u16, response: Option<Response>) {
        let Some(call) = self.find(dialog) else {
            return;
        };
        if code == 401
            && !self.calls[call].tried_password
            && let Some(response) = &response
            && let Some(number) = self.calls[call].dialled.clone()
            && let Some(credentials) = self.credentials(
                response,
                "INVITE",
                &format!("sip:{number}@{}", self.account.domain),
            )
        {
            let offer = self.calls[call]
                .session
                .written()
                .cloned()
                .expect("the phone has offered");
            if let Ok(dialog) = self.send_invite(&number, offer, Some(credentials)) {
                self.calls[call].dialog = dialog;
                self.calls[call].tried_password = true;
                return;
            }
        }
        self.note(call, code);
        let cause = response.and_then(|r| r.headers().find(b"Reason").and_then(reason));
        let cause = cause.unwrap_or(Cause::from_sip_status(code));
        self.end(call, Some(code), Some(cause), true);
    }

    fn over(&mut self, dialog: DialogId, status: Option<u16>, cause: Option<Cause>, remote: bool) {
        if let Some(call) = self.find(dialog) {
            self.end(call, status, cause, remote);
        }
    }

    fn end(&mut self, call: usize, status: Option<u16>, cause: Option<Cause>, remote: bool) {
        let call = &mut self.calls[call];
        if call.state == State::Over {
            return;
        }
        call.state = State::Over;
        (call.over, call.status, call.cause, call.by_remote) =
            (Some(self.now), status, cause, remote);
        (call.due, call.voice.next) = (None, None);
    }

    fn registered(&mut self, tx: cordboard_sip::ClientTx, code: u16, response: Option<Response>) {
        let Some((waiting, tried)) = self.registering else {
            return;
        };
        if waiting != tx {
            return;
        }
        let uri = format!("sip:{}", self.account.domain);
        let again = response.filter(|_| code == 401 && !tried);
        match again.and_then(|response| self.credentials(&response, "REGISTER", &uri)) {
            Some(credentials) => self.send_register(Some(credentials)),
            None => {
                self.registering = None;
                self.registered = Some(code);
            }
        }
    }

    /// An Authorization value for the challenge of a response (RFC 7616, MD5).
    fn credentials(&mut self, response: &Response, method: &str, uri: &str) -> Option<String> {
        let password = self.account.password.clone()?;
        let count = self.next_count();
        let challenges = response.headers().lines(HeaderName::WwwAuthenticate);
        let challenge = challenges.filter_map(Challenge::parse).find(|c| c.md5)?;
        let md5 = |a: &str, b: &str, c: &str| ha1(Algorithm::Md5, a, b, c);
        let user = &self.account.user;
        let own = md5(user, &challenge.realm, &password);
        // H(a:b:c) with the colon that stands in the URI gives H(method:uri).
        let (scheme, rest) = uri.split_once(':')?;
        let request = md5(method, scheme, rest);
        let (nonce, cnonce) = (&challenge.nonce, format!("{count:08x}"));
        let proof = md5(&own, nonce, &format!("00000001:{cnonce}:auth:{request}"));
        Some(format!(
            "Digest username=\"{user}\", realm=\"{}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{proof}\", \
             algorithm=MD5, qop=auth, nc=00000001, cnonce=\"{cnonce}\"",
            challenge.realm
        ))
    }

    // -- sound -----------------------------------------------------------------------------

    fn begin_to_speak(&mut self, call: usize) {
        if self.voice.is_some() {
            let now = self.now;
            self.calls[call].voice.next.get_or_insert(now);
        }
    }

    fn speak(&mut self, at: usize) {
        let (hertz, pace, now, address) = (self.voice, self.pace, self.now, self.address);
        let call = &mut self.calls[at];
        let keys = !call.voice.dialer.is_done();
        call.voice.next =
            (keys || hertz.is_some()).then_some(now + if keys { FRAME } else { pace });
        let Some(agreed) = &call.agreed else { return };
        let spec = agreed.spec;
        let mut packet = [0; rtp::HEADER_BYTES + rtp::FRAME_SAMPLES];
        let length = if keys {
            let Some(payload) = spec.send_event_payload else {
                return;
            };
            let Some(out) = call.voice.dialer.step() else {
                return;
            };
            rtp::write(
                &mut packet,
                call.voice.sender.stamp_event(now, payload, out.first),
            );
            packet[rtp::HEADER_BYTES..][..dtmf::EVENT_BYTES].copy_from_slice(&out.payload.write());
            rtp::HEADER_BYTES + dtmf::EVENT_BYTES
        } else {
            let Some(hertz) = hertz.filter(|_| spec.sending) else {
                return;
            };
            rtp::write(
                &mut packet,
                call.voice
                    .sender
                    .stamp(now, spec.send_payload, pace > FRAME),
            );
            for octet in &mut packet[rtp::HEADER_BYTES..] {
                let angle = call.voice.phase as f32 * hertz * std::f32::consts::TAU / 8_000.0;
                *octet = codec::encode(spec.codec, (angle.sin() * 8_000.0) as i16);
                call.voice.phase = (call.voice.phase + 1) % 8_000;
            }
            packet.len()
        };
        call.voice.sender.count(length - rtp::HEADER_BYTES);
        let from = SocketAddr::new(address.ip(), rtp_port(at));
        self.sent.push(Datagram {
            from,
            to: spec.remote,
            bytes: packet[..length].to_vec(),
        });
    }

    fn hear(&mut self, call: usize, packet: &[u8]) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(call) else {
            return;
        };
        let Some(header) = rtp::read(packet) else {
            return;
        };
        let Some(spec) = call.agreed.as_ref().map(|agreed| agreed.spec) else {
            return;
        };
        let payload = &packet[header.start..header.end];
        if Some(header.payload) == spec.receive_event_payload {
            call.heard_keys
                .extend(call.listener.handle(now, &header, payload));
        } else {
            call.heard_packets += 1;
            call.ear.extend(
                payload
                    .iter()
                    .map(|octet| codec::decode(spec.codec, *octet)),
            );
            let extra = call.ear.len().saturating_sub(EAR_SAMPLES);
            call.ear.drain(..extra);
        }
    }
}

fn rtp_port(call: usize) -> u16 {
    // A phone of a flood has more calls than ports; those share, and none of them listens.
    RTP_PORT + 2 * (call % 20_000) as u16
}

fn local<'a>(believed: IpAddr, call: usize, direction: Direction) -> LocalMedia<'a> {
    LocalMedia {
        address: SocketAddr::new(believed, rtp_port(call)),
        codecs: &[Codec::Pcma, Codec::Pcmu],
        direction,
        symmetric: true,
    }
}

fn sdp(bytes: Bytes) -> Body {
    Body {
        content_type: "application/sdp".to_owned(),
        bytes,
    }
}

fn reason(value: &[u8]) -> Option<Cause> {
    Cause::from_reason_header(&String::from_utf8_lossy(value))
}

struct Challenge {
    realm: String,
    nonce: String,
    md5: bool,
}

impl Challenge {
    fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?.strip_prefix("Digest ")?;
        let field = |name: &str| {
            let part = text
                .split(", ")
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?;
            Some(part.trim_matches('"').to_owned())
        };
        let md5 = field("algorithm").is_none_or(|name| name == "MD5");
        Some(Self {
            realm: field("realm")?,
            nonce: field("nonce")?,
            md5,
        })
    }
}
