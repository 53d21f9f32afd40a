//! A dialog: what two user agents know of each other (RFC 3261 section 12), and the INVITE usage
//! that lives in it.
//!
//! A dialog is born with its first INVITE, inbound or outbound, and is found by Call-ID and our
//! tag alone, since our tag is never used twice. It owns its names, its path, both CSeq counters
//! and at most one INVITE transaction at a time.

pub(crate) mod path;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::endpoint::types::{Body, DialogView};
use crate::flow::Flow;
use crate::timer::TimerId;
use crate::transaction::key::Key;
use path::{Path, uri_of};

/// Where the INVITE usage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Our INVITE went out; nothing heard.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// Their INVITE is not answered yet.
    Ringing,
    /// Our 2xx to their first INVITE waits for its ACK.
    Answered,
    /// The call is up.
    Confirmed,
    /// Our BYE is under way.
    Closing,
}

/// The INVITE that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// None.
    None,
    /// Ours: a client transaction.
    Ours(u64),
    /// Theirs: a server transaction.
    Theirs(u64),
}

/// What names the dialog in messages.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) call_id: Box<[u8]>,
    /// Our From or To value, with our tag as its last parameter.
    pub(crate) local: Box<[u8]>,
    pub(crate) local_tag: Box<[u8]>,
    /// Their From or To value, with their tag if we know it.
    pub(crate) remote: Box<[u8]>,
    pub(crate) remote_tag: Option<Box<[u8]>>,
    /// Our Contact value.
    pub(crate) contact: Box<[u8]>,
    /// What our Via names as our address.
    pub(crate) advertise: SocketAddr,
    /// Authorization lines of the INVITE, which its ACK repeats (RFC 3261 22.1).
    pub(crate) credentials: Box<[u8]>,
}

/// A 2xx of ours that has no ACK yet (RFC 3261 13.3.1.4).
#[derive(Clone, Debug)]
pub(crate) struct Unacked {
    pub(crate) cseq: u32,
    pub(crate) flow: Flow,
    pub(crate) bytes: Bytes,
    pub(crate) interval: Duration,
}

/// A re-INVITE of ours, kept for another try after glare.
#[derive(Clone, Debug)]
pub(crate) struct Reoffer {
    pub(crate) body: Body,
    pub(crate) tries: u8,
}

/// What a BYE or CANCEL that must wait will say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parting {
    /// Header lines, ready to be written.
    pub(crate) lines: Box<[u8]>,
    /// The CANCEL went out.
    pub(crate) sent: bool,
}

/// The timers of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DialogAlarm {
    /// Send the 2xx again; while ringing, the provisional response.
    Resend,
    /// No ACK came; or no final response after CANCEL.
    Limit,
    /// The wait after a 491 is over.
    Glare,
}

/// One dialog.
pub(crate) struct Dialog {
    pub(crate) key: Key,
    pub(crate) names: Names,
    pub(crate) path: Path,
    pub(crate) state: State,
    /// We sent the first INVITE.
    pub(crate) caller: bool,
    pub(crate) local_cseq: u32,
    pub(crate) remote_cseq: Option<u32>,
    pub(crate) pending: Pending,
    pub(crate) unacked: Option<Box<Unacked>>,
    pub(crate) reoffer: Option<Box<Reoffer>>,
    pub(crate) parting: Option<Box<Parting>>,
    pub(crate) timers: Timers,
}

/// What runs for a dialog.
#[derive(Default)]
pub(crate) struct Timers {
    pub(crate) resend: Option<TimerId>,
    pub(crate) limit: Option<TimerId>,
    pub(crate) glare: Option<TimerId>,
    /// Requests besides INVITE that are under way, both directions together.
    pub(crate) guests: u8,
}

impl Timers {
    pub(crate) fn slot(&mut self, alarm: DialogAlarm) -> &mut Option<TimerId> {
        match alarm {
            DialogAlarm::Resend => &mut self.resend,
            DialogAlarm::Limit => &mut self.limit,
            DialogAlarm::Glare => &mut self.glare,
        }
    }
}

impl Dialog {
    /// The next CSeq number of ours.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.wrapping_add(1) & 0x7fff_ffff;
        self.local_cseq
    }

    /// Whether a request with this From tag can be of this dialog.
    pub(crate) fn is_with(&self, remote_tag: &[u8]) -> bool {
        match &self.names.remote_tag {
            Some(tag) => **tag == *remote_tag,
            None => true,
        }
    }

    /// Whether the user may send requests other than INVITE in it.
    pub(crate) fn can_talk(&self) -> bool {
        match self.state {
            State::Ringing | State::Answered | State::Confirmed => self.parting.is_none(),
            State::Calling | State::Proceeding | State::Closing => false,
        }
    }

    pub(crate) fn view(&self) -> DialogView {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let names = &self.names;
        let suffix = names.local_tag.len() + ";tag=".len();
        let local = names.local.len().saturating_sub(suffix);
        DialogView {
            call_id: text(&names.call_id),
            local_tag: text(&names.local_tag),
            remote_tag: names.remote_tag.as_deref().map(text).unwrap_or_default(),
            local_uri: text(names.local.get(..local).unwrap_or_default()),
            remote_uri: text(without_params(&names.remote)),
            local_cseq: self.local_cseq,
            remote_cseq: self.remote_cseq.unwrap_or(0),
            route_set: self.path.routes.iter().map(|route| text(route)).collect(),
            target: text(&self.path.target),
            flow: self.path.hop,
            contact: text(&names.contact),
            caller: self.caller,
        }
    }
}

/// A name-addr without its header parameters.
fn without_params(value: &[u8]) -> &[u8] {
    let uri = uri_of(value);
    let end = (uri.as_ptr() as usize)
        .saturating_sub(value.as_ptr() as usize)
        .saturating_add(uri.len());
    let closed = value.get(end) == Some(&b'>');
    value.get(..end + usize::from(closed)).unwrap_or(value)
}
