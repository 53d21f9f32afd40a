//! Tenants that rest: no new call, no registration, until they are resumed.
//!
//! Calls that are up go on. The tenant's services and reporters go on with them and stand still
//! with the last one: they are saved and ended, their timers wait, and what is due by then rings
//! when the tenant is resumed. Suspension is kept in the store, so that it outlives a restart.

use std::sync::Arc;
use std::time::Duration;

use cordboard_store::{KvPlace, KvWrite};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Reloader;
use crate::clock::unix_ms;
use crate::control::verb::Verb;
use crate::hosting::TenantVerb;
use crate::shard::Input;

const OWNER: &str = "node:tenant";
const KEY: &str = "suspended";
const STORE_PATIENCE: Duration = Duration::from_secs(5);
/// How often a suspended tenant is looked at whose calls are not over.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest reason, in characters.
const REASON_MAX: usize = 200;

/// Why and since when a tenant rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Unix milliseconds.
    pub since_ms: u64,
    /// The operator's words; empty where there are none.
    pub reason: String,
}

/// A suspended tenant and how far it has come to rest.
#[derive(Clone, Debug)]
pub(super) struct Resting {
    pub(super) suspension: Suspension,
    /// Its last call is over: its modules stand still.
    pub(super) still: bool,
}

fn place(tenant: &str) -> KvPlace<'_> {
    KvPlace {
        tenant,
        owner: OWNER,
        key: KEY,
    }
}

/// What the store says of a tenant: for who looks without a running switch, too.
///
/// # Errors
/// The store does not answer.
pub async fn suspension(
    store: &dyn cordboard_store::Store,
    tenant: &str,
) -> Result<Option<Suspension>, String> {
    let read = tokio::time::timeout(STORE_PATIENCE, store.kv_get(place(tenant), unix_ms()));
    let value = read.await.map_err(|_| "the store does not answer")?;
    let value = value.map_err(|e| e.to_string())?;
    Ok(value.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Keeps it, or that there is none.
///
/// # Errors
/// The store does not take it.
pub async fn keep_suspension(
    store: &dyn cordboard_store::Store,
    tenant: &str,
    suspension: Option<&Suspension>,
) -> Result<(), String> {
    let write = async {
        match suspension {
            Some(suspension) => {
                let text = serde_json::to_vec(suspension).map_err(|e| e.to_string())?;
                let when = KvWrite::lasting(unix_ms());
                let set = store.kv_set(place(tenant), &text, when).await;
                set.map_err(|e| e.to_string())
            }
            None => {
                let gone = store.kv_delete(place(tenant)).await;
                gone.map(|_| ()).map_err(|e| e.to_string())
            }
        }
    };
    let written = tokio::time::timeout(STORE_PATIENCE, write).await;
    written.map_err(|_| "the store does not answer".to_owned())?
}

/// A reason as it is kept and shown: one line, at most 200 characters.
pub fn clean_reason(reason: &str) -> String {
    let clean = reason.chars().filter(|c| !c.is_control());
    clean.take(REASON_MAX).collect()
}

impl Reloader {
    /// At a tenant's first load: does it rest?
    pub(super) async fn recall_suspended(&self, tenant: &str) {
        match suspension(self.store.as_ref(), tenant).await {
            Ok(Some(suspension)) => {
                let resting = Resting {
                    suspension,
                    // No call outlives a restart.
                    still: true,
                };
                let mut tenants = self.tenants();
                tenants.entry(tenant.to_owned()).or_default().resting = Some(resting);
            }
            Ok(None) => {}
            Err(why) => {
                tracing::error!(tenant, %why, "whether the tenant is suspended cannot be recalled");
            }
        }
    }

    /// What is known of a tenant's suspension.
    pub fn suspension(&self, tenant: &str) -> Option<Suspension> {
        let tenants = self.tenants();
        let resting = tenants.get(tenant)?.resting.as_ref()?;
        Some(resting.suspension.clone())
    }

    /// From now on the tenant takes no new call and no registration.
    ///
    /// # Errors
    /// No such tenant, or it rests already, or the store does not keep it.
    pub async fn suspend(
        self: &Arc<Self>,
        tenant: &str,
        reason: &str,
        end_calls: bool,
    ) -> Result<Value, String> {
        let name = self.name(Some(tenant))?;
        let suspension = Suspension {
            since_ms: unix_ms(),
            reason: clean_reason(reason),
        };
        {
            let _turn = self.turn.lock().await;
            if self.suspension(&name).is_some() {
                return Err(format!("tenant {name} is suspended already"));
            }
            keep_suspension(self.store.as_ref(), &name, Some(&suspension)).await?;
            let resting = Resting {
                suspension: suspension.clone(),
                still: false,
            };
            if let Some(tenant) = self.tenants().get_mut(&name) {
                tenant.resting = Some(resting);
            }
            self.swap(&Arc::new(self.table()));
        }
        let payload = json!({ "reason": suspension.reason, "end_calls": end_calls });
        self.record(&name, "tenant.suspended", payload.to_string());
        let calls = self.calls_of(&name, end_calls).await?;
        let (reloader, since) = (Arc::clone(self), suspension.since_ms);
        let of = name.clone();
        tokio::spawn(async move { reloader.come_to_rest(&of, since).await });
        Ok(
            json!({ "tenant": name, "state": "suspended", "reason": suspension.reason, "calls": calls }),
        )
    }

    /// It takes calls again, and its modules go on from where they were.
    ///
    /// # Errors
    /// No such tenant, or it does not rest.
    pub async fn resume(self: &Arc<Self>, tenant: &str) -> Result<Value, String> {
        let name = self.name(Some(tenant))?;
        let _turn = self.turn.lock().await;
        let Some(was) = self.suspension(&name) else {
            return Err(format!("tenant {name} is not suspended"));
        };
        keep_suspension(self.store.as_ref(), &name, None).await?;
        if let Some(tenant) = self.tenants().get_mut(&name) {
            tenant.resting = None;
        }
        let rested_ms = unix_ms().saturating_sub(was.since_ms);
        let payload = json!({ "rested_ms": rested_ms });
        self.record(&name, "tenant.resumed", payload.to_string());
        let table = Arc::new(self.table());
        self.swap(&table);
        self.follow_on(table).await;
        Ok(json!({ "tenant": name, "state": "active", "rested_s": rested_ms / 1000 }))
    }

    /// How many calls of a tenant are up; ends them where that is wanted.
    pub(super) async fn calls_of(&self, tenant: &str, end: bool) -> Result<u64, String> {
        let (done, answer) = tokio::sync::oneshot::channel();
        let verb = Verb::Tenant(TenantVerb::Calls {
            tenant: tenant.to_owned(),
            end,
        });
        let reply = Box::new(move |said| drop(done.send(said)));
        let (shard, input) = (self.shard.clone(), Input::Operator(verb, reply));
        shard
            .try_send(input)
            .map_err(|_| "the switch is too busy; try again".to_owned())?;
        let said = answer.await.map_err(|_| "the switch is stopping")??;
        Ok(said.as_u64().unwrap_or_default())
    }

    /// Waits for the last call of a suspended tenant, then lets its modules stand still.
    async fn come_to_rest(self: &Arc<Self>, tenant: &str, since_ms: u64) {
        loop {
            let calls = self.calls_of(tenant, false).await;
            {
                let _turn = self.turn.lock().await;
                let still = matches!(calls, Ok(0));
                match self.tenants().get_mut(tenant).map(|t| &mut t.resting) {
                    Some(Some(resting)) if resting.suspension.since_ms == since_ms => {
                        resting.still = still;
                    }
                    // Resumed, or gone.
                    _ => return,
                }
                if still {
                    self.follow_on(Arc::new(self.table())).await;
                    return;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
