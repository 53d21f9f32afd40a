//! What a call is born with: the ceilings of its tenant, and who began it towards whom.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cordboard_media::{Audio, Codec};

use crate::event::Party;
use crate::ids::{CallId, TenantId};
use crate::limits::PartyLimits;

/// What a tenant's dialplan says about all its calls. One per generation, shared by its calls.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Calls at once of the tenant.
    pub calls_max: u32,
    /// Calls at once of its users and trunks.
    pub parties: PartyLimits,
    /// A call is ended after so long (`longest-call`). Zero is never.
    pub longest_call: Duration,
    /// An answered leg that should send RTP and does not is ended (`no-rtp`). Zero is never.
    pub no_rtp: Duration,
    /// What a party hears whose other side holds it; none is silence.
    pub music: Option<Arc<Audio>>,
    /// Codecs that inbound legs may use, in order of preference.
    pub codecs: Arc<[Codec]>,
}

impl Default for Settings {
    /// A dialplan's defaults: 4 h, 60 s without RTP, both codecs.
    fn default() -> Self {
        Self {
            calls_max: 100,
            parties: PartyLimits::default(),
            longest_call: Duration::from_secs(4 * 3600),
            no_rtp: Duration::from_secs(60),
            music: None,
            codecs: Arc::from([Codec::Pcmu, Codec::Pcma]),
        }
    }
}

/// How a call begins that nobody dialled in (`call start`): its legs come by `Action::Dial`.
#[derive(Clone, Debug)]
pub struct Origination {
    /// The new call's id, from `CallId::new`.
    pub call: CallId,
    /// Whose call it is.
    pub tenant: TenantId,
    /// Who began it; counted only by an `Admission`.
    pub party: Party,
    /// Number or name of the caller.
    pub caller: String,
    /// Display name of the caller.
    pub caller_name: Option<String>,
    /// What was dialled.
    pub dialled: String,
    /// Ceilings and music of the tenant's generation.
    pub settings: Arc<Settings>,
    /// Generation of the dialplan that the call keeps.
    pub generation: u64,
    /// Wall clock now, Unix milliseconds: bills and recordings count from it.
    pub unix_ms: u64,
    /// Seed of the call's SSRCs, CNAMEs and SDP ids.
    pub random: u64,
}

/// How a call begins with an INVITE that passed the node's policy.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The call itself; `party` sent the INVITE and is counted.
    pub origin: Origination,
    /// What we write into Via and Contact for the caller's network.
    pub advertise: SocketAddr,
    /// Local address whose RTP ports the leg uses.
    pub media_local: IpAddr,
    /// Address that SDP advertises for media.
    pub media_advertise: IpAddr,
}
