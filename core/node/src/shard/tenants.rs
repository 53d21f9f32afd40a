//! What a shard does about tenants as a whole: counts and ends their calls, writes what they used,
//! forgets one that is deleted.

use cordboard_call::action::Action;
use cordboard_call::cause::Cause;
use cordboard_call::ids::{CallId, TenantId};
use serde_json::{Value, json};

use super::{Record, Shard};
use crate::hosting::TenantVerb;
use crate::usage::{self, Used};

impl Shard {
    /// Carries out what is asked of a shard about tenants.
    pub(crate) fn of_tenant(&mut self, verb: TenantVerb) -> Result<Value, String> {
        match verb {
            TenantVerb::Calls { tenant, end } => Ok(self.tenant_calls(&tenant, end).into()),
            TenantVerb::Meters => Ok(self.show_meters()),
            TenantVerb::Forget { tenant } => {
                self.forget_tenant(&tenant);
                Ok(Value::Null)
            }
            _ => Err("that is not a verb of a shard".to_owned()),
        }
    }

    /// A tenant's calls; they are ended where that is wanted.
    fn tenant_calls(&mut self, tenant: &str, end: bool) -> u64 {
        let own = |call: &CallId| {
            let running = self.calls.find(*call);
            running.is_some_and(|r| r.generation.tenant.as_str() == tenant)
        };
        let mut calls: Vec<CallId> = self.calls.ids().filter(own).collect();
        calls.sort();
        if end {
            for call in &calls {
                let action = Action::End {
                    cause: Cause::TEMPORARY_FAILURE,
                    why: Some("suspended".to_owned()),
                };
                let _ = self.try_act(*call, action);
                self.settle();
            }
        }
        calls.len() as u64
    }

    fn show_meters(&self) -> Value {
        let unix_ms = self.desk.moment.unix_ms;
        let mut calls: std::collections::BTreeMap<&str, u64> = Default::default();
        for running in self.calls.ids().filter_map(|call| self.calls.find(call)) {
            *calls.entry(running.generation.tenant.as_str()).or_default() += 1;
        }
        let running = self.calls.usage.running(unix_ms);
        let used: serde_json::Map<String, Value> = running
            .filter_map(|(tenant, used)| {
                Some((tenant.as_str().to_owned(), serde_json::to_value(used).ok()?))
            })
            .collect();
        json!({ "calls": calls, "used": used })
    }

    fn forget_tenant(&mut self, tenant: &str) {
        self.registrar.forget_tenant(tenant);
        self.publish_bindings();
        self.policy.ha1.retain(|(name, _), _| name != tenant);
        let id = TenantId::new(tenant);
        self.policy.trunk_rates.retain(|(name, _), _| *name != id);
        self.calls.usage.forget(&id);
    }

    /// Writes the interval that has ended, if one has.
    pub(super) fn measure_usage(&mut self, unix_ms: u64) {
        let due = self.calls.usage.due(unix_ms);
        self.write_usage(unix_ms, due);
    }

    /// The shard stops: the interval that runs is written as far as it has come.
    pub fn close_usage(&mut self) {
        let unix_ms = self.desk.moment.unix_ms;
        let rest = self.calls.usage.stop(unix_ms);
        self.write_usage(unix_ms, rest);
    }

    fn write_usage(&mut self, unix_ms: u64, all: Vec<(TenantId, Used)>) {
        for (tenant, used) in all {
            let Ok(payload) = serde_json::to_vec(&used) else {
                continue;
            };
            self.write(&Record {
                tenant: &tenant,
                at_ms: unix_ms,
                topic: usage::TOPIC,
                version: 1,
                call: None,
                leg: None,
                payload: &payload,
            });
        }
    }
}
