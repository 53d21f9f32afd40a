//! The words between an endpoint and its user: configuration, ids, events and refusals.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::flow::Flow;
use crate::message::{Limits, Method, Request, Response};

/// How an endpoint behaves; fixed at its birth.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shard's number, inside every tag, branch and Call-ID that we make.
    pub shard: u8,
    /// Secret of this node's run: tags and branches cannot be guessed without it.
    pub seed: [u8; 32],
    /// Bounds of one message.
    pub limits: Limits,
    /// New work is refused with 503 at this many live transactions; what belongs to standing
    /// dialogs is still served up to twice as many, then without state.
    pub transactions_max: usize,
    /// New calls are refused with 503 at this many live dialogs.
    pub dialogs_max: usize,
    /// Text of `Server` in responses and `User-Agent` in requests; `None` sends neither.
    pub server_header: Option<String>,
    /// RFC 3261 17.1.1.1: round-trip estimate.
    pub t1: Duration,
    /// RFC 3261 17.1.2.1: longest retransmission interval.
    pub t2: Duration,
    /// RFC 3261 17.1.2.2: longest life of a message in the network.
    pub t4: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            shard: 0,
            seed: [0; 32],
            limits: Limits::default(),
            transactions_max: 100_000,
            dialogs_max: 20_000,
            server_header: None,
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

/// Names a dialog, from its first INVITE on; never used twice.
#[derive(Copy, Clone, Eq, Hash, PartialEq, Debug)]
pub struct DialogId(pub(crate) u64);

/// Names a request of the far end that wants an answer.
#[derive(Copy, Clone, Eq, Hash, PartialEq, Debug)]
pub struct ServerTx(pub(crate) u64);

/// Names a request of ours.
#[derive(Copy, Clone, Eq, Hash, PartialEq, Debug)]
pub struct ClientTx(pub(crate) u64);

/// A message body and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Such as `application/sdp`.
    pub content_type: String,
    /// As it goes over the wire.
    pub bytes: Bytes,
}

/// An INVITE to send.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Where it goes.
    pub flow: Flow,
    /// The request URI.
    pub uri: String,
    /// From as a name-addr or URI, without tag.
    pub from: String,
    /// To as a name-addr or URI, without tag.
    pub to: String,
    /// User part of our Contact.
    pub contact_user: Option<String>,
    /// What Via and Contact name as our address.
    pub advertise: SocketAddr,
    /// Preloaded Route values, the next hop first.
    pub routes: Vec<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The offer. Without one the 2xx brings the offer, which the automatic ACK cannot answer.
    pub body: Option<Body>,
}

/// A request outside any dialog, not INVITE, ACK or CANCEL.
#[derive(Clone, Debug)]
pub struct OutOfDialog {
    /// OPTIONS, REGISTER, MESSAGE ...
    pub method: Method,
    /// The request URI.
    pub uri: String,
    /// From without tag.
    pub from: String,
    /// To without tag.
    pub to: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Body>,
    /// What Via and Contact name as our address.
    pub advertise: SocketAddr,
}

/// What comes out of an endpoint.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is moved once or twice, which costs less than a box for each"
)]
pub enum Output {
    /// Send these bytes along this flow.
    Transmit {
        /// The path.
        flow: Flow,
        /// One whole message.
        bytes: Bytes,
    },
    /// Something happened.
    Event(Event),
}

/// A request outside any dialog that has left no trace yet.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The request.
    pub request: Request,
    /// The path it came by.
    pub flow: Flow,
}

/// What happened. Every dialog ends with exactly one of `Cancelled`, `Failed` and `Ended`,
/// but for `reject`, after which nothing more is heard.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request outside dialogs; nothing is kept until the user answers it.
    Request(NewRequest),
    /// The inbound INVITE was cancelled while it rang; 200 and 487 are sent, the dialog is gone.
    Cancelled {
        /// Which.
        dialog: DialogId,
        /// The CANCEL, for its Reason header.
        request: Request,
    },
    /// The first ACK of our 2xx (initial or re-INVITE).
    Confirmed {
        /// Which.
        dialog: DialogId,
        /// The ACK's body: the answer, where our 2xx was the offer.
        body: Option<Bytes>,
    },
    /// 101..199 to our INVITE.
    Provisional {
        /// Which.
        dialog: DialogId,
        /// The response.
        response: Response,
    },
    /// The first 2xx to our INVITE; the ACK is sent.
    Answered {
        /// Which.
        dialog: DialogId,
        /// The response.
        response: Response,
    },
    /// Our INVITE failed; the dialog is gone.
    Failed {
        /// Which.
        dialog: DialogId,
        /// The final status; 408 without response: nobody answered; 503 without: transport;
        /// 487 also when a cancelled call was answered all the same and was released.
        code: u16,
        /// The response, if one came.
        response: Option<Response>,
    },
    /// A re-INVITE: answer with `answer_reinvite` or `reject_reinvite`.
    Reinvited {
        /// Which.
        dialog: DialogId,
        /// The request.
        request: Request,
    },
    /// 2xx to our re-INVITE; the ACK is sent.
    ReinviteAnswered {
        /// Which.
        dialog: DialogId,
        /// The response.
        response: Response,
    },
    /// Our re-INVITE was refused; the dialog stands as before.
    ReinviteFailed {
        /// Which.
        dialog: DialogId,
        /// The final status.
        code: u16,
    },
    /// INFO, OPTIONS, REFER, NOTIFY or MESSAGE in a dialog: answer with `respond_in_dialog`.
    InDialog {
        /// Which.
        dialog: DialogId,
        /// Answer to this.
        tx: ServerTx,
        /// The request.
        request: Request,
    },
    /// The final answer to `request` or `request_in_dialog`.
    Response {
        /// Which request.
        tx: ClientTx,
        /// The status; 408 without response: nobody answered; 503 without: transport.
        code: u16,
        /// The response, if one came.
        response: Option<Response>,
    },
    /// The dialog is gone.
    Ended {
        /// Which.
        dialog: DialogId,
        /// The BYE, where one came; for its Reason header.
        request: Option<Request>,
        /// Why.
        why: EndReason,
    },
}

/// Why a dialog ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The far end sent BYE, which we answered with 200.
    RemoteBye,
    /// Our own BYE was answered, or nobody was there to answer it.
    LocalBye,
    /// Our 2xx was never acknowledged in 64*T1; we sent BYE.
    NoAck,
    /// A request of ours in the dialog got no answer; we sent BYE.
    Timeout,
    /// The far end said that it knows no such dialog (481).
    Gone,
    /// A request of ours in the dialog met a closed UDP port.
    Transport,
}

/// Why a command was refused; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No such dialog, or it is over.
    #[error("no such dialog")]
    NoDialog,
    /// No such request, or it is answered.
    #[error("no such transaction")]
    NoTransaction,
    /// The dialog's state does not allow this now.
    #[error("not in this state of the dialog")]
    WrongState,
    /// A re-INVITE of ours or theirs is under way.
    #[error("another INVITE is under way")]
    Pending,
    /// `transactions_max` or `dialogs_max` is reached.
    #[error("the endpoint is full")]
    Full,
    /// This method or status cannot be used here.
    #[error("this method or status cannot be used here")]
    NotAllowed,
    /// A header or URI cannot be written: line ends in it, a bad name, or one that we write.
    #[error("a header or URI cannot be written")]
    BadHeader,
}

/// What the journal needs to take a dialog up again ([`super::Endpoint::restore`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogView {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// Their tag; empty before the first tagged response.
    pub remote_tag: String,
    /// Our name-addr without tag.
    pub local_uri: String,
    /// Their name-addr without tag.
    pub remote_uri: String,
    /// Our last CSeq number.
    pub local_cseq: u32,
    /// Their last CSeq number; 0 when they have sent no request.
    pub remote_cseq: u32,
    /// Route set, next hop first.
    pub route_set: Vec<String>,
    /// Remote target: the URI of their Contact.
    pub target: String,
    /// Where our next request goes.
    pub flow: Flow,
    /// Our Contact value.
    pub contact: String,
    /// We sent the first INVITE (and so own the Call-ID: RFC 3261 14.1's glare wait).
    pub caller: bool,
}
