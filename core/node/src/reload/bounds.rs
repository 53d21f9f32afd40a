//! What no tenant can see for itself: the node's ceilings, and names, domains and numbers that
//! another tenant owns.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordboard_dialplan::diagnostic::Diagnostic;
use cordboard_dialplan::{Dialplan, check_ceiling, check_did_owners, check_trunk_owners};

use super::{Built, Reloader};
use crate::loader::LoadError;

impl Reloader {
    /// Refuses what is above a ceiling or claims another's number or domain. Who owns one keeps
    /// it: tenants that changed nothing are asked first.
    pub(super) fn check_bounds(&self, built: &mut [Built]) {
        for one in built.iter_mut() {
            let Ok(candidate) = &one.result else { continue };
            let name = &candidate.generation.dialplan.tenant.name;
            if *name != one.name {
                one.result = Err(LoadError::Tenant(format!(
                    "the folder is `{}`, and its files say `tenant {name}`: both must be one name",
                    one.name
                )));
                continue;
            }
            let findings = self.above_ceiling(&one.name, &candidate.generation.dialplan);
            if !findings.is_empty() {
                one.result = Err(LoadError::Mistakes(findings, candidate.source()));
            }
        }
        // A tenant that is refused serves its old numbers on, so the others are looked at again.
        let mut refused = true;
        while std::mem::take(&mut refused) {
            let mut order: Vec<&Built> = built.iter().collect();
            order.sort_by_key(|one| self.is_changed(one));
            let plans: Vec<Arc<Dialplan>> = order
                .into_iter()
                .filter_map(|one| self.plan_of(one))
                .collect();
            let mut domains = BTreeMap::new();
            for plan in &plans {
                let domain = plan.tenant.domain.to_ascii_lowercase();
                domains.entry(domain).or_insert_with(|| Arc::clone(plan));
            }
            let findings = self.check_owners(&plans);
            for one in built.iter_mut() {
                let Ok(candidate) = &one.result else { continue };
                let domain = &candidate.generation.dialplan.tenant.domain;
                let owner = domains.get(&domain.to_ascii_lowercase());
                if let Some(owner) = owner.filter(|owner| owner.tenant.name != one.name) {
                    one.result = Err(LoadError::Tenant(format!(
                        "the domain `{domain}` belongs to tenant `{}` already",
                        owner.tenant.name
                    )));
                    refused = true;
                    continue;
                }
                let prefix = format!("{}/", one.name);
                let own: Vec<_> = findings
                    .iter()
                    .filter(|f| f.mark.file.starts_with(&prefix))
                    .cloned()
                    .collect();
                if !own.is_empty() {
                    one.result = Err(LoadError::Mistakes(own, candidate.source()));
                    refused = true;
                }
            }
        }
    }

    pub(super) fn above_ceiling(&self, tenant: &str, plan: &Dialplan) -> Vec<Diagnostic> {
        let ceilings = self.node.ceilings();
        check_ceiling(plan, &self.ceiling(&ceilings, tenant))
    }

    /// Numbers and carriers' addresses that two tenants claim; the earlier one has them.
    pub(super) fn check_owners(&self, plans: &[Arc<Dialplan>]) -> Vec<Diagnostic> {
        let mut findings = check_did_owners(plans.iter().map(|plan| &**plan));
        let ceilings = self.node.ceilings();
        let own: Vec<_> = plans
            .iter()
            .map(|plan| self.ceiling(&ceilings, &plan.tenant.name))
            .collect();
        let both = plans.iter().zip(&own);
        findings.extend(check_trunk_owners(
            both.map(|(plan, ceiling)| (&**plan, &**ceiling)),
        ));
        findings
    }

    /// True when a tenant's files are not what it serves, or served before a restart.
    fn is_changed(&self, one: &Built) -> bool {
        let Ok(candidate) = &one.result else {
            return false;
        };
        let tenants = self.tenants();
        let tenant = tenants.get(&one.name);
        let serving = tenant.and_then(|t| t.serving.as_ref().map(|g| &g.hash).or(t.kept.as_ref()));
        serving != Some(&candidate.generation.hash)
    }

    /// The dialplan that a tenant will serve: the new one, or the old where the new is refused.
    fn plan_of(&self, one: &Built) -> Option<Arc<Dialplan>> {
        match &one.result {
            Ok(candidate) => Some(Arc::clone(&candidate.generation.dialplan)),
            Err(_) => self
                .tenants()
                .get(&one.name)?
                .serving
                .as_ref()
                .map(|g| Arc::clone(&g.dialplan)),
        }
    }
}
