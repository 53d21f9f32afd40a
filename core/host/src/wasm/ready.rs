//! Whose turn it is: tenants in a circle, and each tenant's guests in a circle of their own.
//!
//! A tenant with a hundred guests that want to run has its turn as often as one with a single
//! guest. A tenant that has spent its share of CPU time is passed over until the share has grown.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::ids::TenantId;
use cordboard_steps::ProgramId;

use crate::quota::Account;

/// Guests that want to run. Bounded by the tenants' instances, since each is one.
#[derive(Default)]
pub(super) struct Ready {
    circle: VecDeque<TenantId>,
    of: HashMap<TenantId, Waiting>,
}

struct Waiting {
    account: Arc<Account>,
    keys: VecDeque<ProgramId>,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nobody wants to run.
    Nothing,
    /// Some want to, and all of them must wait for their share.
    Later,
    /// This one.
    Run(ProgramId),
}

impl Ready {
    /// A guest wants to run; it is the last of its tenant's.
    pub fn push(&mut self, tenant: &TenantId, account: &Arc<Account>, key: ProgramId) {
        if let Some(waiting) = self.of.get_mut(tenant) {
            waiting.keys.push_back(key);
            return;
        }
        self.circle.push_back(tenant.clone());
        self.of.insert(
            tenant.clone(),
            Waiting {
                account: account.clone(),
                keys: VecDeque::from([key]),
            },
        );
    }

    /// Takes the next.
    pub fn next(&mut self, now: Duration) -> Next {
        for _ in 0..self.circle.len() {
            let Some(tenant) = self.circle.pop_front() else {
                break;
            };
            let Some(waiting) = self.of.get_mut(&tenant) else {
                continue;
            };
            if !waiting.account.may_run(now) {
                self.circle.push_back(tenant);
                continue;
            }
            let key = waiting.keys.pop_front();
            match waiting.keys.is_empty() {
                true => drop(self.of.remove(&tenant)),
                false => self.circle.push_back(tenant),
            }
            if let Some(key) = key {
                return Next::Run(key);
            }
        }
        match self.circle.is_empty() {
            true => Next::Nothing,
            false => Next::Later,
        }
    }

    /// It does not want to run any more.
    pub fn remove(&mut self, tenant: &TenantId, key: ProgramId) {
        let Some(waiting) = self.of.get_mut(tenant) else {
            return;
        };
        waiting.keys.retain(|other| *other != key);
        if waiting.keys.is_empty() {
            self.of.remove(tenant);
            self.circle.retain(|other| other != tenant);
        }
    }
}
