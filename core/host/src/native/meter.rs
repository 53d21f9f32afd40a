//! What a child costs its tenant: the process's own CPU clock, which is read after each entry, at
//! each look at one that computes, and at its end.
//!
//! What it used since it was last read is paid by the tenant's account, threads of the library's
//! own included; beyond the share the next entries wait. What a process of its own starting used
//! is not seen.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordboard_call::ids::TenantId;

use super::child::cpu_of;
use crate::quota::{Account, Accounts};

/// One child's meter.
pub(super) struct Meter {
    accounts: Arc<Accounts>,
    account: Arc<Account>,
    paid: Mutex<Duration>,
}

impl Meter {
    /// One that the tenant pays by.
    pub fn of(accounts: &Arc<Accounts>, tenant: &TenantId) -> Meter {
        Meter {
            accounts: Arc::clone(accounts),
            account: accounts.of(tenant),
            paid: Mutex::default(),
        }
    }

    /// Reads the clock of a process that was not waited for yet, and pays.
    pub fn pay(&self, pid: u32) {
        let Some(used) = cpu_of(pid) else {
            return;
        };
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let more = used.saturating_sub(*paid);
        if !more.is_zero() {
            *paid = used;
            self.account.spend(self.accounts.now(), more);
        }
    }
}
