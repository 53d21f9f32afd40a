//! The tenants of a node and the generation that each serves now.
//!
//! Immutable: a reload builds a new table and swaps it; a call holds the `Arc` of its own
//! generation to its end.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use cordboard_call::ids::TenantId;
use cordboard_dialplan::Dialplan;
use cordboard_dialplan::node_file::trunk_key;
use cordboard_dialplan::route::Trunk;
use cordboard_host::program::Programs;
use cordboard_media::Audio;

/// One loaded set of a tenant's dialplan, prompts, scripts and modules.
pub struct Generation {
    /// Whose.
    pub tenant: TenantId,
    /// Counts the tenant's loads, from 1.
    pub number: u64,
    /// When it was loaded, Unix milliseconds.
    pub loaded_ms: u64,
    /// The checked dialplan.
    pub dialplan: Arc<Dialplan>,
    /// Prompts by name, decoded.
    pub prompts: Arc<BTreeMap<String, Arc<Audio>>>,
    /// Scripts and modules, compiled.
    pub programs: Arc<Programs>,
    /// Ceilings and music for the call engine.
    pub settings: Arc<cordboard_call::admission::Settings>,
    /// Identity: hash of dialplan, prompts, scripts and modules.
    pub hash: String,
}

/// A suspended tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Its last call is over: its modules stand still.
    pub still: bool,
}

/// A trunk and the tenant that declares it.
type TenantTrunk = (TenantId, Arc<Trunk>);

/// All tenants.
#[derive(Default)]
pub struct Tenants {
    by_name: BTreeMap<TenantId, Arc<Generation>>,
    by_domain: HashMap<String, TenantId>,
    /// By address; on loopback, which many programs share, by address and port.
    trunks: HashMap<(IpAddr, u16), Vec<TenantTrunk>>,
    default: Option<TenantId>,
    resting: BTreeMap<TenantId, Resting>,
}

impl Tenants {
    /// A table of these generations; `default` serves requests that name no tenant.
    pub fn new(generations: Vec<Arc<Generation>>, default: Option<&str>) -> Self {
        let mut tenants = Self::default();
        for generation in generations {
            let plan = &generation.dialplan;
            let name = generation.tenant.clone();
            tenants
                .by_domain
                .insert(plan.tenant.domain.to_ascii_lowercase(), name.clone());
            for trunk in plan.trunks.values() {
                for address in &trunk.addresses {
                    let known = tenants.trunks.entry(trunk_key(*address)).or_default();
                    if !known
                        .iter()
                        .any(|(tenant, t)| *tenant == name && t.name == trunk.name)
                    {
                        known.push((name.clone(), Arc::clone(trunk)));
                    }
                }
            }
            tenants.by_name.insert(name, generation);
        }
        tenants.default = default
            .map(TenantId::new)
            .filter(|name| tenants.by_name.contains_key(name))
            .or_else(|| {
                (tenants.by_name.len() == 1)
                    .then(|| tenants.by_name.keys().next().cloned())
                    .flatten()
            });
        tenants
    }

    /// The same table with these tenants suspended.
    pub fn resting(mut self, resting: BTreeMap<TenantId, Resting>) -> Self {
        self.resting = resting;
        self
    }

    /// True for a tenant that takes no new call and no registration.
    pub fn is_suspended(&self, name: &TenantId) -> bool {
        self.resting.contains_key(name)
    }

    /// True for a tenant whose modules stand still.
    pub fn is_still(&self, name: &TenantId) -> bool {
        self.resting.get(name).is_some_and(|resting| resting.still)
    }

    /// A tenant's generation.
    pub fn named(&self, name: &TenantId) -> Option<&Arc<Generation>> {
        self.by_name.get(name)
    }

    /// Every tenant's generation, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Generation>> {
        self.by_name.values()
    }

    /// True before the first load.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The tenant whose domain this is.
    pub fn of_domain(&self, host: &str) -> Option<&Arc<Generation>> {
        self.by_name
            .get(self.by_domain.get(&host.to_ascii_lowercase())?)
    }

    /// The tenant whose domain a URI names, else the default one.
    pub fn of_host(&self, host: &str) -> Option<&Arc<Generation>> {
        self.of_domain(host).or_else(|| self.default_tenant())
    }

    /// The default tenant.
    pub fn default_tenant(&self) -> Option<&Arc<Generation>> {
        self.by_name.get(self.default.as_ref()?)
    }

    /// True when some tenant's trunk has this address.
    pub fn is_trunk(&self, address: SocketAddr) -> bool {
        self.trunks.contains_key(&trunk_key(address))
    }

    /// The tenant and trunk of a call from this address: among tenants that share a carrier the
    /// one that owns the number as it is written, then the one that owns it as its own country
    /// writes numbers (`owns` is asked with `true`), else the first.
    pub fn of_trunk(
        &self,
        address: SocketAddr,
        owns: impl Fn(&Dialplan, bool) -> bool,
    ) -> Option<(&Arc<Generation>, &Arc<Trunk>)> {
        let known = self.trunks.get(&trunk_key(address))?;
        let owner = |national: bool| {
            known.iter().find(|(tenant, _)| {
                self.by_name
                    .get(tenant)
                    .is_some_and(|g| owns(&g.dialplan, national))
            })
        };
        let (tenant, trunk) = owner(false).or_else(|| owner(true)).or(known.first())?;
        Some((self.by_name.get(tenant)?, trunk))
    }
}
