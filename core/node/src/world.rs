//! What a running route may look at on a live node: its generation, the clock, who is registered.

use std::fmt::Write as _;
use std::sync::Arc;

use cordboard_bus::Bus;
use cordboard_call::action::Destination;
use cordboard_call::event::Party;
use cordboard_dialplan::Dialplan;
use cordboard_media::{Audio, Codec};
use cordboard_steps::world::{Located, Target, World};

use crate::chance::Chance;
use crate::networks::Networks;
use crate::registrar::{Binding, Registrar};
use crate::tenants::Generation;

/// Codecs of an offer, in order; the other leg's codec is preferred by the call engine.
pub const CODECS: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

/// The live world of one call.
pub struct LiveWorld<'a> {
    /// The call's generation.
    pub generation: &'a Generation,
    /// Devices.
    pub registrar: &'a Registrar,
    /// Sockets and advertised addresses.
    pub networks: &'a Networks,
    /// Retained facts.
    pub facts: &'a Bus,
    /// Chance.
    pub chance: &'a mut Chance,
    /// Wall clock.
    pub unix_ms: u64,
    /// Codecs that we offer.
    pub codecs: &'a Arc<[Codec]>,
}

impl LiveWorld<'_> {
    fn device(&self, user: &str, binding: &Binding) -> Destination {
        let flow = binding.flow;
        let (media_local, media_advertise) = self.networks.media(&flow);
        Destination {
            party: Party::User(user.to_owned()),
            uri: binding.uri.clone(),
            to: format!("sip:{user}@{}", self.generation.dialplan.tenant.domain),
            flow,
            routes: Vec::new(),
            advertise: self.networks.signalling(&flow),
            media_local,
            media_advertise,
            codecs: Arc::clone(self.codecs),
        }
    }

    fn user(&self, name: &str) -> Located {
        if !self.generation.dialplan.users.contains_key(name) {
            return Located::Unknown;
        }
        let key = (self.generation.tenant.as_str().to_owned(), name.to_owned());
        let devices: Vec<Destination> = self
            .registrar
            .bindings(&key, self.unix_ms)
            .map(|b| self.device(name, b))
            .collect();
        if devices.is_empty() {
            Located::Absent
        } else {
            Located::Destinations(devices)
        }
    }

    fn trunk(&self, name: &str, number: &str) -> Located {
        let Some(trunk) = self.generation.dialplan.trunks.get(name) else {
            return Located::Unknown;
        };
        let Some(address) = trunk.addresses.first() else {
            return Located::Absent;
        };
        let Some(flow) = self.networks.flow_to(*address, trunk.tcp) else {
            return Located::Absent;
        };
        let (media_local, media_advertise) = self.networks.media(&flow);
        let uri = format!("sip:{}@{address}", user_part(number));
        Located::Destinations(vec![Destination {
            party: Party::Trunk(name.to_owned()),
            to: uri.clone(),
            uri,
            flow,
            routes: Vec::new(),
            advertise: self.networks.signalling(&flow),
            media_local,
            media_advertise,
            codecs: Arc::clone(self.codecs),
        }])
    }
}

/// A number as the user part of a URI (RFC 3261 section 25.1): whatever a caller dialled or a
/// script was given, it names no other host, parameter or header.
fn user_part(number: &str) -> String {
    let mut text = String::with_capacity(number.len());
    for byte in number.bytes() {
        if byte.is_ascii_alphanumeric() || b"+*-_.!~'()".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

impl World for LiveWorld<'_> {
    fn dialplan(&self) -> &Arc<Dialplan> {
        &self.generation.dialplan
    }

    fn unix_ms(&self) -> u64 {
        self.unix_ms
    }

    fn locate(&self, target: &Target) -> Located {
        match target {
            Target::User(name) => self.user(name),
            Target::Trunk { trunk, number } => self.trunk(trunk, number),
        }
    }

    fn prompt(&self, name: &str) -> Option<Arc<Audio>> {
        self.generation.prompts.get(name).cloned()
    }

    fn fact(&self, topic: &str, key: &str) -> Option<serde_json::Value> {
        let fact = self
            .facts
            .retained_fact(self.generation.tenant.as_str(), topic, key)?;
        serde_json::from_str(&fact.payload).ok()
    }

    fn random(&mut self) -> u64 {
        self.chance.draw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_user_and_nothing_else() {
        assert_eq!(user_part("+442079460100"), "+442079460100");
        assert_eq!(user_part("*21#"), "*21%23");
        assert_eq!(
            user_part("1@evil.example;x?Route=y\r\n"),
            "1%40evil.example%3Bx%3FRoute%3Dy%0D%0A"
        );
    }
}
