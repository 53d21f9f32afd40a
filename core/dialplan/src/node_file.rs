//! `_node.kdl`: what the machine itself is told, beside the tenants' folders.
//!
//! ```kdl
//! listen udp="127.0.0.1:5060" tcp="127.0.0.1:5060"
//! http "127.0.0.1:8060" hosts="pbx.example.com" origins="https://desk.example.com"
//! rtp "20000-29999"
//! network "10.0.0.0/8" advertise="10.0.0.5"
//! advertise "203.0.113.5"
//! dscp signalling=24 media=46
//! default-tenant demo
//! media-threads 2
//! journal write-ms=5 fsync-ms=1000
//! limits calls=10000 transactions=50000 prompts-mb=256
//! database "sqlite://cordboard.db"
//! ceiling acme { calls-max 200; trunks 4; users 500; dids "+44207946*"; carriers "192.0.2.10"; modules { native #false } }
//! ```
//!
//! An absent file or line is its default: loopback only. A door on another address needs
//! `plain=#true` on its line while it speaks without TLS, and is a warning even then.

mod ceiling;
mod edit;
mod modules;
mod read;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Mark};
use crate::numbers::Pattern;

pub use ceiling::{check_ceiling, check_did_owners, check_trunk_owners, trunk_key};
pub use edit::{CeilingText, take_ceiling_out};
pub use modules::{HTTP_RATE, HttpCeiling, ModulesCeiling, doubtful_modules};
pub use read::load_node;

/// The machine's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeFile {
    /// SIP over UDP.
    pub udp: Vec<SocketAddr>,
    /// SIP over TCP.
    pub tcp: Vec<SocketAddr>,
    /// HTTP: metrics, health, control.
    pub http: Vec<SocketAddr>,
    /// Names on it, beside addresses and `localhost`.
    pub http_names: HttpNames,
    /// First and last UDP port of media; the first is even.
    pub rtp_ports: (u16, u16),
    /// What peers in a network are told of our address; the longest prefix wins.
    pub networks: Vec<Network>,
    /// What peers in no listed network are told; none is the socket's own address.
    pub advertise: Option<IpAddr>,
    /// Differentiated services of what we send.
    pub dscp: Dscp,
    /// Tenant of requests that name none of ours.
    pub default_tenant: Option<String>,
    /// Threads that move audio (1 to 64; none is by the machine's cores).
    pub media_threads: Option<u32>,
    /// How the journal is written.
    pub journal: JournalPace,
    /// Bounds of the whole node.
    pub limits: NodeLimits,
    /// Database URL; none is SQLite in the data folder.
    pub database: Option<String>,
    /// What each tenant may have at most.
    pub ceilings: Vec<Ceiling>,
}

/// Names of the http door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpNames {
    /// Hosts that requests may name in `Host`.
    pub hosts: Vec<String>,
    /// Origins whose pages may ask from a browser.
    pub origins: Vec<String>,
}

/// A network and the address of ours that it can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its address.
    pub address: IpAddr,
    /// Bits of the address that are the network's.
    pub prefix_bits: u8,
    /// Our address as seen from there.
    pub advertise: IpAddr,
}

/// Differentiated services code points, 0 to 63 (RFC 4594: signalling CS3, voice EF).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dscp {
    /// SIP.
    pub signalling: u8,
    /// RTP and RTCP.
    pub media: u8,
}

/// How long facts may wait before they are written and made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalPace {
    /// To the database.
    pub write: Duration,
    /// To the disk.
    pub fsync: Duration,
}

/// Bounds of the whole node; beyond them new work is refused with 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeLimits {
    /// Calls at once.
    pub calls_max: u32,
    /// SIP transactions at once.
    pub transactions_max: u32,
    /// Memory for prompts of all tenants, in bytes.
    pub prompt_bytes_max: u64,
}

/// Addresses of carriers: `carriers "192.0.2.10" "198.51.100.0/24"`. One that two tenants' trunks
/// have must stand in the later one's ceiling, since a carrier knows us by our address alone, and
/// who shares it calls at the other's expense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carriers {
    /// The network's address.
    pub address: IpAddr,
    /// Bits of the address that are the network's.
    pub prefix_bits: u8,
}

/// A `ceiling` node.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    /// The tenant.
    pub tenant: String,
    /// Most calls at once that the tenant may grant itself.
    pub calls_max: Option<u32>,
    /// Most trunks.
    pub trunks_max: Option<u32>,
    /// Most users.
    pub users_max: Option<u32>,
    /// Numbers it may have; empty is any.
    pub dids: Vec<Pattern>,
    /// Addresses that its trunks may have; empty is any that no other tenant's trunk has.
    pub carriers: Vec<Carriers>,
    /// What its modules may have.
    pub modules: ModulesCeiling,
    /// Where it stands.
    pub mark: Mark,
}

impl Ceiling {
    /// What a tenant may have of whom `_node.kdl` says nothing: no bound but that of modules.
    pub fn unsaid(tenant: &str) -> Ceiling {
        let place = crate::route::Place {
            file: "_node.kdl".into(),
            line: 1,
            column: 1,
        };
        Ceiling {
            tenant: tenant.into(),
            calls_max: None,
            trunks_max: None,
            users_max: None,
            dids: Vec::new(),
            carriers: Vec::new(),
            modules: ModulesCeiling::default(),
            mark: Mark::at(&place),
        }
    }
}

/// Settings and what is doubtful in them.
#[derive(Clone, Debug)]
pub struct LoadedNode {
    /// The settings.
    pub settings: NodeFile,
    /// Warnings, such as a door without TLS that strangers can reach.
    pub warnings: Vec<Diagnostic>,
}

impl Default for NodeFile {
    fn default() -> Self {
        let loopback = |port| vec![SocketAddr::from(([127, 0, 0, 1], port))];
        NodeFile {
            udp: loopback(5060),
            tcp: loopback(5060),
            http: loopback(8060),
            http_names: HttpNames::default(),
            rtp_ports: (20_000, 29_999),
            networks: Vec::new(),
            advertise: None,
            dscp: Dscp {
                signalling: 24,
                media: 46,
            },
            default_tenant: None,
            media_threads: None,
            journal: JournalPace {
                write: Duration::from_millis(5),
                fsync: Duration::from_secs(1),
            },
            limits: NodeLimits {
                calls_max: 10_000,
                transactions_max: 50_000,
                prompt_bytes_max: 256 * 1024 * 1024,
            },
            database: None,
            ceilings: Vec::new(),
        }
    }
}

impl NodeFile {
    /// The ceiling of a tenant, where the file has one.
    pub fn ceiling(&self, tenant: &str) -> Option<&Ceiling> {
        self.ceilings.iter().find(|c| c.tenant == tenant)
    }

    /// The ceiling of a tenant; [`Ceiling::unsaid`] where the file has none.
    pub fn ceiling_of(&self, tenant: &str) -> std::borrow::Cow<'_, Ceiling> {
        match self.ceiling(tenant) {
            Some(ceiling) => std::borrow::Cow::Borrowed(ceiling),
            None => std::borrow::Cow::Owned(Ceiling::unsaid(tenant)),
        }
    }

    /// Our address as a peer sees it: that of the closest network, else the general one, else the
    /// socket's own.
    pub fn advertised(&self, local: IpAddr, peer: IpAddr) -> IpAddr {
        let near = self
            .networks
            .iter()
            .filter(|n| n.contains(peer))
            .max_by_key(|n| n.prefix_bits);
        let general = self.advertise.filter(|_| !peer.is_loopback());
        near.map(|n| n.advertise).or(general).unwrap_or(local)
    }
}

impl Network {
    /// True for an address inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        holds((self.address, self.prefix_bits), address)
    }
}

impl Carriers {
    /// True for an address inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        holds((self.address, self.prefix_bits), address)
    }
}

fn holds((network, prefix_bits): (IpAddr, u8), address: IpAddr) -> bool {
    let cut = |bits: u128, width: u32| {
        let host = width.saturating_sub(prefix_bits.into());
        if host >= 128 { 0 } else { bits >> host }
    };
    match (network, address) {
        (IpAddr::V4(own), IpAddr::V4(other)) => {
            cut(u32::from(own).into(), 32) == cut(u32::from(other).into(), 32)
        }
        (IpAddr::V6(own), IpAddr::V6(other)) => cut(own.into(), 128) == cut(other.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
