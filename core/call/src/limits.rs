//! How many calls a tenant, a user and a trunk may have at once.
//!
//! A tenant's count is calls, a party's count is legs, because a user with one call on each of
//! two phones is busy twice. At a bound the newcomer is refused; what runs is never touched.
//!
//! Legs are also a thing of the whole node, since each takes a pair of ports for audio. The last
//! tenth of them is kept for parties that hold less than a twentieth: a trunk that floods us, or
//! is merely large, leaves room for everybody else's calls.

use std::collections::BTreeMap;

use crate::action::Refusal;
use crate::event::Party;
use crate::ids::TenantId;

/// Ceilings of a tenant's users and trunks; a party that is not named has the default of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyLimits {
    /// Calls at once by party.
    pub named: BTreeMap<Party, u32>,
    /// Of a user that is not named.
    pub user: u32,
    /// Of a trunk that is not named.
    pub trunk: u32,
    /// Of all strangers together.
    pub strangers: u32,
}

impl Default for PartyLimits {
    fn default() -> Self {
        Self {
            named: BTreeMap::new(),
            user: 4,
            trunk: 30,
            strangers: 10,
        }
    }
}

impl PartyLimits {
    /// The ceiling of one party.
    pub fn of(&self, party: &Party) -> u32 {
        self.named.get(party).copied().unwrap_or(match party {
            Party::User(_) => self.user,
            Party::Trunk(_) => self.trunk,
            Party::Stranger => self.strangers,
        })
    }
}

/// What is in use now. Entries at zero are removed, so memory follows use.
#[derive(Clone, Debug)]
pub struct Limits {
    tenants: BTreeMap<TenantId, Use>,
    legs: usize,
    legs_max: usize,
}

#[derive(Clone, Debug, Default)]
struct Use {
    calls: u32,
    parties: BTreeMap<Party, u32>,
}

impl Limits {
    /// Nothing is in use; the node has room for so many legs.
    pub fn new(legs_max: usize) -> Self {
        Self {
            tenants: BTreeMap::new(),
            legs: 0,
            legs_max,
        }
    }

    /// Counts a call, or refuses it at `max`.
    pub fn take_call(&mut self, tenant: &TenantId, max: u32) -> Result<(), Refusal> {
        if self.calls(tenant) >= max {
            return Err(Refusal::Limit(format!("tenant {tenant}: {max} calls")));
        }
        self.tenants.entry(tenant.clone()).or_default().calls += 1;
        Ok(())
    }

    /// The call is over.
    pub fn release_call(&mut self, tenant: &TenantId) {
        if let Some(used) = self.tenants.get_mut(tenant) {
            used.calls = used.calls.saturating_sub(1);
        }
        self.tidy(tenant);
    }

    /// Counts a party's leg, or refuses it at `max`, or where only the node's last legs are left
    /// and the party has its share.
    pub fn take_party(
        &mut self,
        tenant: &TenantId,
        party: &Party,
        max: u32,
    ) -> Result<(), Refusal> {
        let own = self.party(tenant, party);
        let who = || match party {
            Party::User(name) => format!("user {name}"),
            Party::Trunk(name) => format!("trunk {name}"),
            Party::Stranger => "strangers".to_owned(),
        };
        if own >= max {
            return Err(Refusal::Limit(format!("{}: {max} calls", who())));
        }
        let kept = self.legs_max / 10;
        if self.legs + kept >= self.legs_max && own as usize * 20 >= self.legs_max {
            let why = format!("{}: the last {kept} legs are kept for others", who());
            return Err(Refusal::Limit(why));
        }
        self.legs += 1;
        let used = self.tenants.entry(tenant.clone()).or_default();
        *used.parties.entry(party.clone()).or_default() += 1;
        Ok(())
    }

    /// The party's leg is over.
    pub fn release_party(&mut self, tenant: &TenantId, party: &Party) {
        if let Some(used) = self.tenants.get_mut(tenant)
            && let Some(count) = used.parties.get_mut(party)
        {
            *count = count.saturating_sub(1);
            self.legs = self.legs.saturating_sub(1);
            if *count == 0 {
                used.parties.remove(party);
            }
        }
        self.tidy(tenant);
    }

    /// Calls of a tenant now.
    pub fn calls(&self, tenant: &TenantId) -> u32 {
        self.tenants.get(tenant).map_or(0, |used| used.calls)
    }

    /// Legs of a party now.
    pub fn party(&self, tenant: &TenantId, party: &Party) -> u32 {
        self.tenants
            .get(tenant)
            .and_then(|used| used.parties.get(party))
            .copied()
            .unwrap_or(0)
    }

    /// Nothing is in use.
    pub fn is_empty(&self) -> bool {
        self.tenants.is_empty()
    }

    fn tidy(&mut self, tenant: &TenantId) {
        if let Some(used) = self.tenants.get(tenant)
            && used.calls == 0
            && used.parties.is_empty()
        {
            self.tenants.remove(tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_at_the_bound_and_forgets_at_zero() {
        let mut limits = Limits::new(1_000);
        let (demo, other) = (TenantId::new("demo"), TenantId::new("other"));
        let alice = Party::User("alice".into());
        limits.take_call(&demo, 1).unwrap();
        assert!(matches!(
            limits.take_call(&demo, 1),
            Err(Refusal::Limit(why)) if why == "tenant demo: 1 calls"
        ));
        limits.take_call(&other, 1).unwrap();
        limits.take_party(&demo, &alice, 2).unwrap();
        limits.take_party(&demo, &alice, 2).unwrap();
        assert!(limits.take_party(&demo, &alice, 2).is_err());
        limits.take_party(&other, &alice, 1).unwrap();
        limits.release_party(&demo, &alice);
        assert_eq!(limits.party(&demo, &alice), 1);
        limits.release_party(&demo, &alice);
        limits.release_party(&demo, &alice);
        limits.release_party(&other, &alice);
        limits.release_call(&demo);
        limits.release_call(&other);
        assert!(limits.is_empty());
    }

    #[test]
    fn the_last_legs_are_for_those_who_hold_few() {
        let mut limits = Limits::new(100);
        let tenant = TenantId::new("demo");
        let trunk = |name: &str| Party::Trunk(name.into());
        let (greedy, modest) = (trunk("greedy"), trunk("modest"));
        for _ in 0..90 {
            limits.take_party(&tenant, &greedy, 1_000).unwrap();
        }
        assert!(matches!(
            limits.take_party(&tenant, &greedy, 1_000),
            Err(Refusal::Limit(why)) if why == "trunk greedy: the last 10 legs are kept for others"
        ));
        for _ in 0..5 {
            limits.take_party(&tenant, &modest, 1_000).unwrap();
        }
        assert!(limits.take_party(&tenant, &modest, 1_000).is_err());
        limits.take_party(&tenant, &trunk("third"), 1_000).unwrap();
        // What ends makes room again, for everybody.
        for _ in 0..7 {
            limits.release_party(&tenant, &greedy);
        }
        limits.take_party(&tenant, &greedy, 1_000).unwrap();
    }

    #[test]
    fn an_unnamed_party_has_the_default_of_its_kind() {
        let mut limits = PartyLimits::default();
        limits.named.insert(Party::Trunk("carrier".into()), 200);
        assert_eq!(limits.of(&Party::Trunk("carrier".into())), 200);
        assert_eq!(limits.of(&Party::Trunk("spare".into())), 30);
        assert_eq!(limits.of(&Party::User("alice".into())), 4);
    }
}
