//! A new outbound leg: counted, given a port and an offer, and called.

use std::time::Duration;

use cordboard_media::MediaPort;
use cordboard_sip::{DialogId, Invite};

use crate::action::{CallerId, Destination, Refusal};
use crate::board::Moment;
use crate::event::{Direction, Fact, Party};
use crate::ids::LegNo;
use crate::leg::{Leg, Sound, State};
use crate::negotiate::Ours;
use crate::signalling;

use super::{Call, LEGS_EVER_MAX, LEGS_MAX};

/// The longest that a leg may ring; a longer wish is cut to it (RFC 3261's timer C is 3 minutes
/// at least).
pub const RING_MAX: Duration = Duration::from_secs(600);

/// How the new leg is called.
pub(crate) struct Dial {
    pub to: Box<Destination>,
    pub caller: CallerId,
    pub ring_for: Duration,
    pub headers: Vec<(String, String)>,
}

impl Call {
    /// Calls somebody. On a refusal nothing is left of the attempt.
    pub fn dial(&mut self, m: &mut Moment<'_>, no: LegNo, dial: Dial) -> Result<(), Refusal> {
        if self.used.contains(&no) {
            return Err(Refusal::WrongState(no, "its number was used before"));
        }
        if self.legs.len() >= LEGS_MAX || self.used.len() >= LEGS_EVER_MAX {
            return Err(Refusal::Limit("legs of one call".to_owned()));
        }
        if dial.to.codecs.is_empty() {
            return Err(Refusal::Incompatible(
                "the destination has no codec".to_owned(),
            ));
        }
        let party = dial.to.party.clone();
        let tenant = self.born.tenant.clone();
        let max = self.settings.parties.of(&party);
        m.board.limits.take_party(&tenant, &party, max)?;
        self.invite(m, no, dial)
            .inspect_err(|_| m.board.limits.release_party(&tenant, &party))
    }

    fn invite(&mut self, m: &mut Moment<'_>, no: LegNo, dial: Dial) -> Result<(), Refusal> {
        let Dial {
            to,
            caller,
            ring_for,
            headers,
        } = dial;
        let port = m.ports.take(to.media_local).ok_or(Refusal::NoPorts)?;
        let id = self.seed_of(no, 1);
        let mut ours = Ours::new(id, to.media_advertise, port.local.port(), to.codecs);
        let offer = ours.offer(self.codec_beside(no));
        let shown = caller.number.clone();
        let invite = Invite {
            flow: to.flow,
            uri: to.uri.clone(),
            from: signalling::from_value(&caller),
            to: format!("<{}>", to.to),
            contact_user: None,
            advertise: to.advertise,
            routes: to.routes,
            headers,
            body: Some(signalling::sdp_body(offer)),
        };
        let dialog = m.sip.invite(m.now, invite).map_err(|refused| {
            m.ports.give_back(port.stream);
            Refusal::Signalling(refused.to_string())
        })?;
        let leg = Leg {
            dialog: Some(dialog),
            until: Some(m.now.saturating_add(ring_for.min(RING_MAX))),
            ..new_leg(
                no,
                Direction::Outbound,
                to.party.clone(),
                Sound::new(port, ours),
            )
        };
        self.add_leg(
            m,
            Leg {
                since: m.now,
                ..leg
            },
        );
        let dialled = Fact::LegDialled {
            party: to.party,
            target: to.uri,
            caller: shown,
        };
        self.tell(m, Some(no), dialled);
        // Audio may come before any response does.
        self.open(m, no);
        Ok(())
    }
}

/// What a caller's leg is made of.
pub(crate) struct Dialled {
    pub port: MediaPort,
    pub dialog: DialogId,
    pub ours: Ours,
    pub party: Party,
}

impl Call {
    /// Takes the caller in as leg 1.
    pub fn take_caller(&mut self, m: &mut Moment<'_>, caller: Dialled) {
        let sound = Sound::new(caller.port, caller.ours);
        let leg = new_leg(LegNo(1), Direction::Inbound, caller.party, sound);
        let leg = Leg {
            dialog: Some(caller.dialog),
            since: m.now,
            ..leg
        };
        self.add_leg(m, leg);
    }
}

/// A leg at its beginning.
fn new_leg(no: LegNo, direction: Direction, party: Party, sound: Sound) -> Leg {
    Leg {
        no,
        direction,
        party,
        state: match direction {
            Direction::Inbound => State::Incoming,
            Direction::Outbound => State::Dialling,
        },
        dialog: None,
        sound,
        peer: None,
        secret: false,
        since: Duration::ZERO,
        until: None,
        ending: None,
    }
}
