//! What modules of each tenant use, looked at once a second and told to the shard, which writes it
//! beside what calls used (`usage`). Bytes that are kept are counted by the store, once an interval.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::TenantId;
use cordboard_dialplan::node_file::ModulesCeiling;
use cordboard_host::quota::{Accounts, Quota};
use cordboard_store::Store;

use crate::clock::unix_ms;
use crate::mailbox::Sender;
use crate::reload::OnCeilings;
use crate::shard::Input;
use crate::usage::{Gauge, INTERVAL_MS};

/// Between two looks at instances.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks that are told together.
const LOOKS: u32 = 10;
/// How long before the end of an interval the store is asked.
const STORE_BEFORE_MS: u64 = 15_000;
/// How long it may take.
const STORE_PATIENCE: Duration = Duration::from_secs(10);

/// A tenant's instances now and CPU time since the start.
pub type Figures = Box<dyn Fn() -> Vec<(TenantId, u64, Duration)> + Send + Sync>;

/// What the accounts of guests say.
pub fn of_accounts(accounts: &Arc<Accounts>) -> Figures {
    let accounts = Arc::clone(accounts);
    Box::new(move || {
        let all = accounts.used().into_iter();
        all.map(|(tenant, _, used)| (tenant, used.instances as u64, used.cpu))
            .collect()
    })
}

/// Changed ceilings reach the accounts at once; what is in use stays in use.
pub fn bound(accounts: &Arc<Accounts>) -> OnCeilings {
    let accounts = Arc::clone(accounts);
    Box::new(move |ceilings| {
        for (tenant, was, _) in accounts.used() {
            let said = ceilings.iter().any(|c| c.tenant == tenant.as_str());
            if !said && was != Quota::default() {
                accounts.set(&tenant, Quota::default());
            }
        }
        for ceiling in ceilings {
            accounts.set(&TenantId::new(&ceiling.tenant), quota_of(&ceiling.modules));
        }
    })
}

/// What a ceiling means for guests.
pub fn quota_of(modules: &ModulesCeiling) -> Quota {
    Quota {
        instances_max: modules.instances_max as usize,
        memory_bytes_max: (modules.memory_mb_max as usize) << 20,
        cpu_percent: modules.cpu_percent_max,
        ..Quota::default()
    }
}

/// The looking, as whoever started it holds it.
pub struct Looking {
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Looking {
    /// Begins to look.
    pub fn begin(gauges: Gauges, runtime: &tokio::runtime::Handle) -> Looking {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        Looking {
            stop,
            task: runtime.spawn(gauges.run(stopped)),
        }
    }

    /// Looks and tells once more, before the shard is stopped.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(STORE_PATIENCE, self.task).await;
    }
}

/// Looks at modules until the runtime ends.
pub struct Gauges {
    figures: Figures,
    store: Arc<dyn Store>,
    shard: Sender<Input>,
    /// CPU time that was told of.
    told: HashMap<TenantId, Duration>,
    /// Most instances since the last telling.
    peaks: HashMap<TenantId, u64>,
    /// The interval whose bytes were counted last.
    counted: u64,
}

impl Gauges {
    /// Nothing looked at yet.
    pub fn new(figures: Figures, store: Arc<dyn Store>, shard: Sender<Input>) -> Gauges {
        Gauges {
            figures,
            store,
            shard,
            told: HashMap::new(),
            peaks: HashMap::new(),
            counted: 0,
        }
    }

    /// Looks once a second and tells every ten; told to stop, it looks and tells once more.
    pub async fn run(mut self, mut stop: tokio::sync::oneshot::Receiver<()>) {
        let mut looks = 0;
        loop {
            let stopped = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = &mut stop => true,
            };
            self.look();
            looks += 1;
            if looks % LOOKS == 0 || stopped {
                self.tell(stopped).await;
            }
            if stopped {
                return;
            }
        }
    }

    fn look(&mut self) {
        for (tenant, instances, _) in (self.figures)() {
            let peak = self.peaks.entry(tenant).or_default();
            *peak = (*peak).max(instances);
        }
    }

    async fn tell(&mut self, stopped: bool) {
        let kept = self.bytes(stopped).await;
        let mut gauges = Vec::new();
        for (tenant, _, cpu) in (self.figures)() {
            let told = self.told.entry(tenant.clone()).or_default();
            // A deleted tenant's account has begun anew.
            *told = (*told).min(cpu);
            let cpu_ms = cpu.saturating_sub(*told).as_millis();
            // What is less than a millisecond is told with the next.
            *told += Duration::from_millis(u64::try_from(cpu_ms).unwrap_or(u64::MAX));
            let instances = self.peaks.remove(&tenant).unwrap_or_default();
            let store_bytes = kept.get(tenant.as_str()).copied();
            if instances > 0 || cpu_ms > 0 || store_bytes.is_some() {
                gauges.push(Gauge {
                    tenant,
                    instances,
                    cpu_ms: u64::try_from(cpu_ms).unwrap_or(u64::MAX),
                    store_bytes,
                });
            }
        }
        let of_modules: Vec<TenantId> = gauges.iter().map(|g| g.tenant.clone()).collect();
        gauges.extend(kept.into_iter().filter_map(|(tenant, bytes)| {
            let tenant = TenantId::new(&tenant);
            (!of_modules.contains(&tenant)).then_some(Gauge {
                tenant,
                instances: 0,
                cpu_ms: 0,
                store_bytes: Some(bytes),
            })
        }));
        self.peaks.clear();
        if !gauges.is_empty() {
            let _ = self.shard.try_send(Input::Gauges(gauges));
        }
    }

    /// What tenants keep, near the end of each interval; else nothing.
    async fn bytes(&mut self, stopped: bool) -> HashMap<String, u64> {
        let interval = (unix_ms() + STORE_BEFORE_MS) / INTERVAL_MS;
        if interval == self.counted && !stopped {
            return HashMap::new();
        }
        self.counted = interval;
        match tokio::time::timeout(STORE_PATIENCE, self.store.tenant_bytes()).await {
            Ok(Ok(rows)) => rows.into_iter().collect(),
            Ok(Err(error)) => {
                tracing::warn!(%error, "what tenants keep cannot be counted now");
                HashMap::new()
            }
            Err(_) => HashMap::new(),
        }
    }
}
