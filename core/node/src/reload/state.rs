//! What serves now, as one table for the shard and as lines for health.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordboard_call::TenantId;
use cordboard_dialplan::Dialplan;
use serde_json::{Value, json};

use super::Reloader;
use crate::shard::Input;
use crate::tenants::{Generation, Resting, Tenants};

impl Reloader {
    pub(super) fn table(&self) -> Tenants {
        let tenants = self.tenants();
        let serving = tenants.values();
        let serving = serving
            .filter_map(|tenant| tenant.serving.clone())
            .collect();
        let resting: BTreeMap<TenantId, Resting> = tenants
            .iter()
            .filter_map(|(name, tenant)| {
                let still = tenant.resting.as_ref()?.still;
                Some((TenantId::new(name), Resting { still }))
            })
            .collect();
        drop(tenants);
        Tenants::new(serving, self.node.default_tenant().as_deref()).resting(resting)
    }

    pub(super) fn swap(&self, table: &Arc<Tenants>) {
        let told = Input::Tenants(Arc::clone(table));
        if self.shard.send(told).is_err() {
            tracing::error!("the shard is gone; the new generation does not serve");
        }
    }

    /// The dialplans that serve.
    pub fn plans(&self) -> Vec<Arc<Dialplan>> {
        let tenants = self.tenants();
        let serving = tenants.values().filter_map(|t| t.serving.as_ref());
        serving.map(|g| Arc::clone(&g.dialplan)).collect()
    }

    /// The generations that serve.
    pub fn generations_serving(&self) -> Vec<Arc<Generation>> {
        let tenants = self.tenants();
        tenants.values().filter_map(|t| t.serving.clone()).collect()
    }

    /// The number of the generation that a tenant serves.
    pub fn generation_number(&self, tenant: &str) -> Option<u64> {
        let tenants = self.tenants();
        Some(tenants.get(tenant)?.serving.as_ref()?.number)
    }

    /// Every tenant that has a folder, with what of it is refused.
    pub fn names(&self) -> Vec<(String, bool)> {
        let tenants = self.tenants();
        let refused = |t: &super::Tenant| t.refused.is_some();
        tenants
            .iter()
            .map(|(name, t)| (name.clone(), refused(t)))
            .collect()
    }

    /// The store that generations are kept in.
    pub fn store(&self) -> &Arc<dyn cordboard_store::Store> {
        &self.store
    }

    /// A deleted tenant is forgotten: its folder is gone, and nobody serves it.
    pub async fn forget(self: &Arc<Self>, tenant: &str) {
        let _turn = self.turn.lock().await;
        self.tenants().remove(tenant);
        let table = Arc::new(self.table());
        self.swap(&table);
        self.follow_on(table).await;
    }

    /// Each tenant's state for health: what serves, what was refused, and whether it rests.
    pub fn state(&self) -> Vec<Value> {
        self.tenants()
            .iter()
            .map(|(name, tenant)| {
                json!({
                    "tenant": name,
                    "generation": tenant.serving.as_ref().map(|g| g.number),
                    "generations_live": tenant.generations_live(),
                    "refused": tenant.refused.as_ref().map(|(mistakes, _)| mistakes),
                    "broken_modules": tenant.broken.values().map(|broken| json!({
                        "module": broken.refusal.module,
                        "why": broken.refusal.why,
                        "serves": broken.serves,
                        "unbuilt": broken.unbuilt,
                    })).collect::<Vec<_>>(),
                    "rolled_back": tenant.rolled_back_over.is_some(),
                    "suspended": tenant.resting.as_ref().map(|r| &r.suspension),
                })
            })
            .collect()
    }
}
