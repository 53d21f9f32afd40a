//! Requests that come in: whose they are, and what is refused before anybody is asked.
//!
//! The order follows RFC 3261 8.2: retransmission, merged request, method, Max-Forwards, Require,
//! content, room. Every refusal here is stateless; its tag is a keyed hash of the request, so a
//! retransmission gets the same answer (8.2.7).

use super::Endpoint;
use super::fields::Fields;
use super::mint::Token;
use super::servers::way_back;
use super::types::{DialogId, EndReason, Event, NewRequest};
use super::write::Reply;
use crate::dialog::{Pending, State};
use crate::flow::{Flow, Time};
use crate::message::{HeaderName, Method, Request};
use crate::transaction::ServerInput;

impl Endpoint {
    pub(crate) fn on_request(&mut self, now: Time, flow: Flow, request: Request) {
        let Some(fields) = Fields::of(&request) else {
            return;
        };
        let key = self.server_key(&request, &fields);
        let known = self.servers.by_key.get(&key).copied();
        match (request.method(), known) {
            (Method::Ack, known) => self.on_ack(now, flow, &request, known),
            (Method::Cancel, Some(invite)) => self.on_cancel(now, flow, &request, invite),
            (Method::Cancel, None) => self.reply_stateless(&request, &flow, 481, None, &[]),
            (_, Some(id)) => {
                self.feed_server(now, id, ServerInput::Request);
            }
            (_, None) => match fields.to_tag {
                Some(tag) => self.on_request_in_dialog(now, flow, &request, tag),
                None => self.on_new_request(flow, &request, &fields),
            },
        }
    }

    /// A request outside dialogs: refused, or shown to the user without keeping anything.
    fn on_new_request(&mut self, flow: Flow, request: &Request, fields: &Fields<'_>) {
        let merged = self.merge_key(fields);
        if self.servers.merges.contains_key(&merged) {
            self.reply_stateless(request, &flow, 482, Some("Merged Request"), &[]);
            return;
        }
        if let Some((code, lines)) = refusal(request, false) {
            self.reply_stateless(request, &flow, code, None, &lines);
            return;
        }
        let is_invite = *request.method() == Method::Invite;
        let calls_full = is_invite && self.dialogs.store.len() >= self.config.dialogs_max;
        if self.is_full() || calls_full {
            self.overloaded(request, &flow);
            return;
        }
        let request = request.clone();
        self.event(Event::Request(NewRequest { request, flow }));
    }

    /// 503 with the wait that RFC 3261 21.5.4 asks for, and nothing kept.
    pub(crate) fn overloaded(&mut self, request: &Request, flow: &Flow) {
        self.counters.overloads += 1;
        let lines = format!("Retry-After: {}\r\n", 2 + self.mint.number(8));
        self.reply_stateless(request, flow, 503, None, lines.as_bytes());
    }

    fn on_request_in_dialog(&mut self, now: Time, flow: Flow, request: &Request, tag: &[u8]) {
        let found = self.dialog_of(request, tag);
        let Some(id) = found else {
            self.reply_stateless(request, &flow, 481, None, &[]);
            return;
        };
        if let Some((code, lines)) = refusal(request, true) {
            self.reply_stateless(request, &flow, code, None, &lines);
            return;
        }
        let number = request
            .headers()
            .cseq_parts()
            .map_or(0, |(number, _)| number);
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        if matches!(dialog.state, State::Calling | State::Proceeding) {
            // It overtook the 2xx that makes the dialog: to be asked again in a second.
            self.reply_stateless(request, &flow, 500, None, b"Retry-After: 1\r\n");
            return;
        }
        if dialog.remote_cseq.is_some_and(|last| number < last) {
            self.reply_stateless(request, &flow, 500, Some("CSeq Out Of Order"), &[]);
            return;
        }
        dialog.remote_cseq = Some(number);
        dialog.path.heard(flow);
        match request.method() {
            Method::Bye => self.on_bye(now, flow, id, request),
            Method::Invite => self.on_reinvite(now, flow, id, request),
            _ => self.on_guest(now, flow, id, request),
        }
    }

    /// The dialog that a request with our tag in To belongs to.
    pub(crate) fn dialog_of(&mut self, request: &Request, local_tag: &[u8]) -> Option<DialogId> {
        let call_id = request.headers().call_id().ok()?.as_bytes();
        let key = self.dialog_key(call_id, local_tag);
        let id = *self.dialogs.by_key.get(&key)?;
        let dialog = self.dialogs.store.get(id)?;
        let tag = request.headers().from_tag().unwrap_or_default();
        dialog.is_with(tag.as_bytes()).then_some(DialogId(id))
    }

    /// BYE: answered even without room for a transaction, since it makes some.
    fn on_bye(&mut self, now: Time, flow: Flow, id: DialogId, request: &Request) {
        self.reply_bye(now, flow, request);
        let closing = self
            .dialogs
            .store
            .get(id.0)
            .is_some_and(|d| d.state == State::Closing);
        self.remove_dialog(now, id);
        let why = if closing {
            EndReason::LocalBye
        } else {
            EndReason::RemoteBye
        };
        let request = Some(request.clone());
        self.event(Event::Ended {
            dialog: id,
            request,
            why,
        });
    }

    fn reply_bye(&mut self, now: Time, flow: Flow, request: &Request) {
        if self.is_overfull() {
            self.reply_stateless(request, &flow, 200, None, &[]);
            return;
        }
        let tag = self.stateless_tag(request);
        if let Some(tx) = self.start_server(now, request, flow, tag, None) {
            let reply = Reply {
                code: 200,
                ..Default::default()
            };
            self.reply(now, tx, &reply);
        }
    }

    /// CANCEL of an INVITE that we have (9.2). Its 200 is stateless: a copy finds the INVITE again.
    fn on_cancel(&mut self, now: Time, flow: Flow, request: &Request, invite: u64) {
        let Some(server) = self.servers.store.get(invite) else {
            return;
        };
        let (tag, dialog) = (server.tag, server.dialog);
        let open = server.is_invite() && server.request.is_some();
        let reply = Reply {
            code: 200,
            tag: Some(tag.as_bytes()),
            ..Default::default()
        };
        self.counters.stateless_replies += 1;
        self.send_stateless(request, &flow, &reply);
        let (true, Some(id)) = (open, dialog) else {
            return;
        };
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        if dialog.pending != Pending::Theirs(invite) {
            return;
        }
        if dialog.state == State::Ringing {
            // Removing a ringing dialog answers its INVITE with 487.
            self.remove_dialog(now, id);
            let request = request.clone();
            self.event(Event::Cancelled {
                dialog: id,
                request,
            });
        } else {
            dialog.pending = Pending::None;
            let reply = Reply {
                code: 487,
                ..Default::default()
            };
            self.reply(now, invite, &reply);
        }
    }

    /// The tag of an answer for which nothing is kept.
    pub(crate) fn stateless_tag(&self, request: &Request) -> Token {
        let headers = request.headers();
        let branch = headers
            .via()
            .ok()
            .and_then(|via| via.branch())
            .unwrap_or_default();
        let call_id = headers.first(HeaderName::CallId).unwrap_or_default();
        let from_tag = headers.from_tag().unwrap_or_default();
        self.mint
            .derived(&[branch.as_bytes(), call_id, from_tag.as_bytes()])
    }

    /// Answers and forgets.
    pub(crate) fn reply_stateless(
        &mut self,
        request: &Request,
        flow: &Flow,
        code: u16,
        reason: Option<&str>,
        lines: &[u8],
    ) {
        if *request.method() == Method::Ack {
            return;
        }
        self.counters.stateless_replies += 1;
        let tag = self.stateless_tag(request);
        let reply = Reply {
            code,
            reason,
            tag: Some(tag.as_bytes()),
            lines,
            ..Default::default()
        };
        self.send_stateless(request, flow, &reply);
    }

    pub(crate) fn send_stateless(&mut self, request: &Request, flow: &Flow, reply: &Reply<'_>) {
        let back = request
            .headers()
            .via()
            .map_or(*flow, |via| way_back(&via, flow));
        let bytes = self.writer.reply(request, flow, reply);
        self.transmit(back, bytes);
    }
}

/// Status and header lines for a request that cannot be served whatever the user thinks.
fn refusal(request: &Request, in_dialog: bool) -> Option<(u16, Vec<u8>)> {
    let headers = request.headers();
    match (request.method(), in_dialog) {
        (Method::Invite | Method::Options, _) => {}
        (Method::Register, false) => {}
        (Method::Bye | Method::Info | Method::Refer | Method::Notify | Method::Message, true) => {}
        (Method::Bye | Method::Info | Method::Update | Method::Prack, false) => {
            return Some((481, Vec::new()));
        }
        (Method::Other(_), _) => return Some((501, Vec::new())),
        _ => return Some((405, Vec::new())),
    }
    let hops = headers.max_forwards().ok().flatten();
    if hops == Some(0) && !in_dialog && *request.method() != Method::Options {
        return Some((483, Vec::new()));
    }
    let mut unsupported = headers.all(HeaderName::Require).peekable();
    if unsupported.peek().is_some() {
        let mut lines = b"Unsupported: ".to_vec();
        for (place, option) in unsupported.enumerate() {
            if place > 0 {
                lines.extend_from_slice(b", ");
            }
            lines.extend_from_slice(option);
        }
        lines.extend_from_slice(b"\r\n");
        return Some((420, lines));
    }
    if *request.method() != Method::Invite {
        return None;
    }
    let mut accepted = headers.all(HeaderName::Accept).map(media_range).peekable();
    let sdp = |range: &[u8]| {
        [&b"application/sdp"[..], b"application/*", b"*/*"]
            .iter()
            .any(|known| range.eq_ignore_ascii_case(known))
    };
    if accepted.peek().is_some() && !accepted.any(sdp) {
        return Some((406, Vec::new()));
    }
    if request.body().is_empty() {
        return None;
    }
    let encoded = headers
        .all(HeaderName::ContentEncoding)
        .any(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    let kind = headers.content_type().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let known = kind.eq_ignore_ascii_case("application/sdp")
        || kind
            .get(..10)
            .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
    if encoded {
        return Some((415, b"Accept-Encoding: identity\r\n".to_vec()));
    }
    (!known).then(|| (415, b"Accept: application/sdp\r\n".to_vec()))
}

/// A value of Accept without its parameters.
fn media_range(value: &[u8]) -> &[u8] {
    let range = value.split(|byte| *byte == b';').next();
    range.unwrap_or_default().trim_ascii()
}
