//! Calls that go out: INVITE and CANCEL (RFC 3261 13.2, 9.1), and requests outside dialogs.

use super::Endpoint;
use super::clients::Purpose;
use super::types::{ClientTx, DialogId, Event, Invite, OutOfDialog, Refused};
use super::write::{self, First};
use crate::dialog::path::{Path, ROUTES_MAX};
use crate::dialog::{Dialog, DialogAlarm, Names, Parting, Pending, State};
use crate::flow::{Flow, Time};
use crate::message::{HeaderName, Method};

impl Endpoint {
    /// Sends an INVITE. What comes of it are `Provisional`, then `Answered` or `Failed`.
    ///
    /// A `Max-Forwards` among the headers takes the place of 70, so that a call which passes
    /// through keeps its hop count.
    ///
    /// # Errors
    /// [`Refused::Full`] without room; [`Refused::BadHeader`] if a URI or header cannot be written.
    pub fn invite(&mut self, now: Time, invite: Invite) -> Result<DialogId, Refused> {
        if self.is_full() || self.dialogs.store.len() >= self.config.dialogs_max {
            return Err(Refused::Full);
        }
        let lines = write::lines(pairs(&invite.headers))?;
        let credentials = write::lines(pairs(&invite.headers).filter(|(name, _)| {
            let name = HeaderName::of(name.as_bytes());
            matches!(
                name,
                HeaderName::Authorization | HeaderName::ProxyAuthorization
            )
        }))?;
        let uri = request_uri(&invite.uri)?;
        let routes = routes(&invite.routes)?;
        let call_id = self.mint.token();
        let tag = self.mint.token();
        let branch = self.mint.token();
        let user = invite.contact_user.as_deref().map(str::as_bytes);
        let names = Names {
            call_id: call_id.as_bytes().into(),
            local: write::with_tag(&invite.from, Some(tag.as_bytes()))?,
            local_tag: tag.as_bytes().into(),
            remote: write::with_tag(&invite.to, None)?,
            remote_tag: None,
            contact: write::contact(user, invite.advertise, invite.flow.transport),
            advertise: invite.advertise,
            credentials: credentials.into(),
        };
        let bytes = self.writer.first(&First {
            method: "INVITE",
            uri,
            flow: &invite.flow,
            advertise: invite.advertise,
            branch: branch.as_bytes(),
            routes: &routes,
            from: &names.local,
            to: &names.remote,
            call_id: call_id.as_bytes(),
            contact: &names.contact,
            lines: &lines,
            body: invite.body.as_ref(),
        });
        let dialog = Dialog {
            key: self.dialog_key(call_id.as_bytes(), tag.as_bytes()),
            names,
            path: Path::towards(uri, invite.flow),
            state: State::Calling,
            caller: true,
            local_cseq: 1,
            remote_cseq: None,
            pending: Pending::None,
            unacked: None,
            reoffer: None,
            parting: None,
            timers: crate::dialog::Timers::default(),
        };
        let id = self.insert_dialog(dialog)?;
        let name = (branch.as_bytes(), "INVITE");
        let tx = self.start_client(now, invite.flow, name, bytes, Purpose::Invite(id));
        if let Some(dialog) = self.dialog_mut(id) {
            dialog.pending = Pending::Ours(tx);
        }
        self.measure();
        Ok(id)
    }

    /// Cancels an INVITE of ours that has no final response. CANCEL goes out once a provisional
    /// response has come (9.1). `Failed` follows, also when a 2xx crosses the CANCEL: that one is
    /// acknowledged and hung up. A second cancel changes nothing.
    ///
    /// # Errors
    /// [`Refused::WrongState`] once answered, and for calls that came in.
    pub fn cancel(
        &mut self,
        now: Time,
        dialog: DialogId,
        headers: &[(&str, &str)],
    ) -> Result<(), Refused> {
        let lines = write::lines(headers.iter().copied())?;
        let id = dialog;
        let dialog = self.dialog_mut(id).ok_or(Refused::NoDialog)?;
        let proceeding = match dialog.state {
            State::Calling => false,
            State::Proceeding => true,
            _ => return Err(Refused::WrongState),
        };
        if dialog.parting.is_some() {
            return Ok(());
        }
        dialog.parting = Some(Box::new(Parting {
            lines: lines.into(),
            sent: false,
        }));
        if proceeding {
            self.send_cancel(now, id);
        }
        self.measure();
        Ok(())
    }

    /// Sends the CANCEL that waits.
    pub(crate) fn send_cancel(&mut self, now: Time, id: DialogId) {
        let Some(dialog) = self.dialogs.store.get_mut(id.0) else {
            return;
        };
        let (Some(parting), Pending::Ours(tx)) = (&mut dialog.parting, dialog.pending) else {
            return;
        };
        let Some(client) = self.clients.store.get(tx).filter(|_| !parting.sent) else {
            return;
        };
        parting.sent = true;
        let bytes = self
            .writer
            .out_of(&client.message, "CANCEL", None, &parting.lines);
        let (flow, invite) = (client.flow, client.message.clone());
        let name = (own_branch(&invite), "CANCEL");
        self.start_client(now, flow, name, bytes, Purpose::Silent);
        let patience = self.config.t1 * 64;
        self.arm(now, id, DialogAlarm::Limit, patience);
    }

    /// No final response for 64*T1 after CANCEL: the INVITE counts as cancelled (9.1).
    pub(crate) fn abandon(&mut self, now: Time, id: DialogId) {
        let Some(dialog) = self.remove_dialog(now, id) else {
            return;
        };
        if let Pending::Ours(tx) = dialog.pending {
            self.drop_client(tx);
        }
        self.counters.timeouts += 1;
        self.event(Event::Failed {
            dialog: id,
            code: 487,
            response: None,
        });
    }

    /// Sends a request outside dialogs; `Event::Response` tells what came of it.
    ///
    /// # Errors
    /// [`Refused::NotAllowed`] for INVITE, ACK, CANCEL and BYE; [`Refused::Full`] without room;
    /// [`Refused::BadHeader`] if a URI or header cannot be written.
    pub fn request(
        &mut self,
        now: Time,
        flow: Flow,
        request: OutOfDialog,
    ) -> Result<ClientTx, Refused> {
        if matches!(
            request.method,
            Method::Invite | Method::Ack | Method::Cancel | Method::Bye
        ) {
            return Err(Refused::NotAllowed);
        }
        if self.is_full() {
            return Err(Refused::Full);
        }
        let lines = write::lines(pairs(&request.headers))?;
        let tag = self.mint.token();
        let call_id = self.mint.token();
        let branch = self.mint.token();
        let method = request.method.as_str();
        let bytes = self.writer.first(&First {
            method,
            uri: request_uri(&request.uri)?,
            flow: &flow,
            advertise: request.advertise,
            branch: branch.as_bytes(),
            routes: &[],
            from: &write::with_tag(&request.from, Some(tag.as_bytes()))?,
            to: &write::with_tag(&request.to, None)?,
            call_id: call_id.as_bytes(),
            contact: &write::contact(None, request.advertise, flow.transport),
            lines: &lines,
            body: request.body.as_ref(),
        });
        let name = (branch.as_bytes(), method);
        let tx = self.start_client(now, flow, name, bytes, Purpose::Free);
        self.measure();
        Ok(ClientTx(tx))
    }
}

fn pairs(headers: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

fn request_uri(uri: &str) -> Result<&[u8], Refused> {
    let bad = |byte: u8| byte <= b' ' || byte == 0x7f || byte == b'<' || byte == b'>';
    if uri.is_empty() || uri.bytes().any(bad) {
        return Err(Refused::BadHeader);
    }
    Ok(uri.as_bytes())
}

fn routes(routes: &[String]) -> Result<Vec<Box<[u8]>>, Refused> {
    if routes.len() > ROUTES_MAX {
        return Err(Refused::BadHeader);
    }
    routes
        .iter()
        .map(|route| write::with_tag(route, None))
        .collect()
}

/// The branch behind the cookie in the Via of a request that we wrote.
pub(crate) fn own_branch(request: &[u8]) -> &[u8] {
    const MARK: &[u8] = b";branch=z9hG4bK";
    let Some(at) = memchr::memmem::find(request, MARK) else {
        return &[];
    };
    let rest = request.get(at + MARK.len()..).unwrap_or_default();
    rest.get(..26).unwrap_or_default()
}
