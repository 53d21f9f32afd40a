//! What a run may look at and cannot know itself: the dialplan, the clock, who is where.
//!
//! The node implements `World` for live calls, `simulate` for calls in virtual time. Nothing here
//! changes the world: wishes leave a run as outputs.

use std::sync::Arc;

use cordboard_call::action::Destination;
use cordboard_call::event::{Direction, Party};
use cordboard_call::ids::{CallId, LegNo};
use cordboard_dialplan::route::{Dialplan, User};
use cordboard_media::Audio;

/// Time since the node's start.
pub type Time = std::time::Duration;

/// What a step may look at.
pub trait World {
    /// The dialplan of the call's generation; the same for the call's whole life.
    fn dialplan(&self) -> &Arc<Dialplan>;
    /// The wall clock, Unix milliseconds.
    fn unix_ms(&self) -> u64;
    /// Where somebody can be reached now.
    fn locate(&self, party: &Target) -> Located;
    /// A prompt by its name, decoded.
    fn prompt(&self, name: &str) -> Option<Arc<Audio>>;
    /// A retained fact: the last value published for a topic and key.
    fn fact(&self, topic: &str, key: &str) -> Option<serde_json::Value>;
    /// Sixty-four random bits; seeded where the run is simulated.
    fn random(&mut self) -> u64;
}

/// Somebody who can be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A user of the tenant, by name.
    User(String),
    /// A number through a trunk of the tenant.
    Trunk {
        /// The trunk's name.
        trunk: String,
        /// What is dialled there.
        number: String,
    },
}

impl Target {
    /// The user's or trunk's name.
    pub fn name(&self) -> &str {
        match self {
            Target::User(name) => name,
            Target::Trunk { trunk, .. } => trunk,
        }
    }
}

/// Where somebody is.
#[derive(Clone, Debug, PartialEq)]
pub enum Located {
    /// At these places, each a device or an address; never empty.
    Destinations(Vec<Destination>),
    /// No device is registered.
    Absent,
    /// A limit of calls is met; says which, `alice has 4 calls, the most allowed`.
    Busy(String),
    /// The tenant has no such user or trunk.
    Unknown,
}

/// The call as it stands when its run begins.
#[derive(Clone, Debug)]
pub struct CallInfo {
    /// The call.
    pub call: CallId,
    /// Who began its first leg. An outbound first leg (console) is answered before the run begins.
    pub direction: Direction,
    /// Number or user name of the caller; empty is anonymous.
    pub caller: String,
    /// Display name of the caller.
    pub caller_name: Option<String>,
    /// What was dialled, as numbers are written in the dialplan.
    pub dialled: String,
    /// Who stands at the first leg's far end.
    pub party: Party,
    /// The first leg. The run numbers new legs upwards from it.
    pub first_leg: LegNo,
    /// The user who calls, where one does.
    pub caller_user: Option<Arc<User>>,
}

/// Where a run begins in the dialplan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// At the DID dialled.
    Did,
    /// A user dials: own DIDs first (such a call never leaves the house), then `outbound`.
    Outbound {
        /// The user's name.
        user: String,
    },
    /// At a route by its name (console, script, timer).
    Route(String),
}
