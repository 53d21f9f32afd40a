//! The WASM engine of a process: one pool of instances, one clock of slices, one set of imports.
//!
//! All memory that guests may ever have is reserved when the engine begins, as addresses and not
//! as memory: an instance is a slot of the pool, and where there is none left a start is refused
//! at once. The pool is never larger than the kernel's bound on memory maps allows, since beyond
//! that bound it would be the whole process that ends.
//!
//! A thread of its own counts slices of 10 ms. A running guest notices the next slice at its next
//! loop edge or call, yields, and others run in between. No WASI is linked.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use cordboard_call::ids::TenantId;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::bindings::script::CallScript;
use super::code::Code;
use super::compile::Cache;
use super::state::State;
use crate::crew::Crew;
use crate::lua::CpuTime;
use crate::quota::{Account, Accounts, Quota, Used};

pub use crate::crew::SLICE;
/// Memory maps that one instance may cost, and those that the rest of the process needs.
const MAPS_PER_INSTANCE: usize = 8;
const MAPS_OF_THE_REST: usize = 4_096;
/// Smallest and largest pool.
const INSTANCES: std::ops::RangeInclusive<usize> = 1..=100_000;
/// Stack of an instance's own thread of control, and what guest code may use of it.
const STACK_BYTES: usize = 256 << 10;
const GUEST_STACK_BYTES: usize = 128 << 10;
/// Unmapped addresses behind each memory.
const GUARD_BYTES: u64 = 64 << 10;
/// Parts of one component: interpreters such as QuickJS bring 13 core instances and 3 memories.
pub(super) const CORE_INSTANCES_MAX: usize = 32;
pub(super) const MEMORIES_MAX: usize = 4;
pub(super) const TABLES_MAX: usize = 16;
/// Elements of one table.
pub(super) const TABLE_ELEMENTS_MAX: usize = 10_000;

/// Bounds of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasmLimits {
    /// Instances of all tenants, 1 to 100,000; one more start is `Overload`. The kernel's
    /// `vm.max_map_count` may allow fewer.
    pub instances_max: usize,
    /// Largest memory of one instance, in bytes; a module's own limit is below it.
    pub memory_bytes_max: usize,
}

impl Default for WasmLimits {
    fn default() -> Self {
        Self {
            instances_max: 5_000,
            memory_bytes_max: 64 << 20,
        }
    }
}

/// How modules are compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiling {
    /// By `PROGRAM compile-module IN OUT`, so that a compiler that dies or swells takes nobody
    /// along. The node's way.
    Child(PathBuf),
    /// In this process: for tests and tools that live for one command.
    Here,
}

/// The engine could not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub String);

/// The engine. Cloned by reference; ends its clock when the last reference goes.
pub struct WasmEngine {
    pub(super) engine: Engine,
    pub(super) linker: Linker<State>,
    pub(super) time: CpuTime,
    pub(super) cache: Cache,
    pub(super) codes: Mutex<HashMap<String, Weak<Code>>>,
    limits: WasmLimits,
    warning: Option<String>,
    accounts: Arc<Accounts>,
    pub(super) crew: Option<Arc<Crew>>,
    /// The clock of slices goes as long as this is held.
    _alive: Arc<()>,
    instances: AtomicUsize,
}

impl std::fmt::Debug for WasmEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WasmEngine")
            .field("limits", &self.limits)
            .field("instances", &self.instances())
            .finish_non_exhaustive()
    }
}

impl WasmEngine {
    /// Begins an engine with accounts of its own; see `sharing`.
    ///
    /// # Errors
    /// The machine allows no pool of that size.
    pub fn start(
        limits: WasmLimits,
        folder: PathBuf,
        compiling: Compiling,
        time: CpuTime,
    ) -> Result<Arc<WasmEngine>, EngineError> {
        WasmEngine::begin((Arc::default(), None), limits, (folder, compiling), time)
    }

    /// Begins an engine whose modules are checked on `crew` and whose guests use what its accounts
    /// allow. Compiled code is kept in `folder`,
    /// which is made with mode 0700 when the first artefact comes. `time` tells a thread's CPU
    /// time; `Counted` counts slices instead.
    ///
    /// # Errors
    /// The machine allows no pool of that size.
    pub fn on_crew(
        crew: &Arc<Crew>,
        limits: WasmLimits,
        place: (PathBuf, Compiling),
        time: CpuTime,
    ) -> Result<Arc<WasmEngine>, EngineError> {
        let with = (crew.accounts().clone(), Some(crew.clone()));
        WasmEngine::begin(with, limits, place, time)
    }

    fn begin(
        (accounts, crew): (Arc<Accounts>, Option<Arc<Crew>>),
        limits: WasmLimits,
        (folder, compiling): (PathBuf, Compiling),
        time: CpuTime,
    ) -> Result<Arc<WasmEngine>, EngineError> {
        let (instances_max, warning) = pool_size(limits.instances_max, maps_max());
        let limits = WasmLimits {
            instances_max,
            ..limits
        };
        let refused = |e: wasmtime::Error| {
            EngineError(format!(
                "no pool of {instances_max} WASM instances of {} MiB could be reserved ({e:#}): \
                 raise the limit of virtual memory (`ulimit -v`), or lower the node's instances",
                limits.memory_bytes_max >> 20
            ))
        };
        let engine = Engine::new(&config(&limits)).map_err(refused)?;
        let mut linker = Linker::new(&engine);
        CallScript::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut State| state)
            .map_err(|e| EngineError(format!("the contract could not be linked: {e:#}")))?;
        let cache = Cache::of(folder, compiling, &engine);
        let alive = Arc::new(());
        tick(&engine, &alive)?;
        Ok(Arc::new(WasmEngine {
            engine,
            linker,
            time,
            cache,
            codes: Mutex::default(),
            limits,
            warning,
            accounts,
            crew,
            _alive: alive,
            instances: AtomicUsize::new(0),
        }))
    }

    /// Its bounds, with the pool as it really is.
    pub fn limits(&self) -> &WasmLimits {
        &self.limits
    }

    /// What the operator should know of the machine, if anything.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Instances that live now, of all tenants.
    pub fn instances(&self) -> usize {
        self.instances.load(Ordering::Relaxed)
    }

    /// What a tenant has used.
    pub fn used(&self, tenant: &TenantId) -> Used {
        self.account(tenant).used()
    }

    /// Gives a tenant its bounds; until then it has the default ones.
    pub fn set_quota(&self, tenant: &TenantId, quota: Quota) {
        self.accounts.set(tenant, quota);
    }

    /// Forgets a tenant that is no more. Instances that still run are counted to their end.
    pub fn forget(&self, tenant: &TenantId) {
        self.accounts.forget(tenant);
    }

    #[cfg(test)]
    pub(super) fn cache_folder(&self) -> &std::path::Path {
        self.cache.folder()
    }

    /// True when compiled code is of this engine's version and settings.
    #[cfg(test)]
    pub(super) fn accepts(&self, code: &[u8]) -> bool {
        super::compile::accepts(&self.engine, code)
    }

    pub(super) fn account(&self, tenant: &TenantId) -> Arc<Account> {
        self.accounts.of(tenant)
    }

    /// Time by the accounts' clock.
    pub(super) fn now(&self) -> Duration {
        self.accounts.now()
    }

    /// One instance more, if the pool has room.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Slot> {
        let most = self.limits.instances_max;
        self.instances
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                (now < most).then_some(now + 1)
            })
            .ok()
            .map(|_| Slot(self.clone()))
    }

    /// The code of an artefact, if somebody has it already.
    pub(super) fn known(&self, key: &str) -> Option<Arc<Code>> {
        let codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.get(key).and_then(Weak::upgrade)
    }

    pub(super) fn know(&self, key: String, code: &Arc<Code>) {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, code| code.strong_count() > 0);
        codes.insert(key, Arc::downgrade(code));
    }
}

/// A place in the pool; given back when it is dropped.
pub(super) struct Slot(Arc<WasmEngine>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The compiler's and the engine's common settings; only the pool's size may differ between them.
pub(super) fn config(limits: &WasmLimits) -> Config {
    let instances = u32::try_from(limits.instances_max).unwrap_or(u32::MAX);
    let times = |n: u32| instances.saturating_mul(n);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(times(16))
        .total_memories(times(2).saturating_add(8))
        .total_tables(times(8).saturating_add(16))
        .total_stacks(instances.saturating_add(8))
        .max_core_instances_per_component(CORE_INSTANCES_MAX as u32)
        .max_memories_per_component(MEMORIES_MAX as u32)
        .max_tables_per_component(TABLES_MAX as u32)
        .max_memory_size(limits.memory_bytes_max)
        .table_elements(TABLE_ELEMENTS_MAX);
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_reservation(limits.memory_bytes_max as u64)
        .memory_guard_size(GUARD_BYTES)
        .async_stack_size(STACK_BYTES)
        .max_wasm_stack(GUEST_STACK_BYTES)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// How many instances the kernel's bound on memory maps allows, and what to say if that is less.
fn pool_size(wanted: usize, maps_max: Option<usize>) -> (usize, Option<String>) {
    let wanted = wanted.clamp(*INSTANCES.start(), *INSTANCES.end());
    let Some(maps) = maps_max else {
        return (wanted, None);
    };
    let possible = (maps.saturating_sub(MAPS_OF_THE_REST) / MAPS_PER_INSTANCE).max(1);
    if possible >= wanted {
        return (wanted, None);
    }
    let needed = wanted * MAPS_PER_INSTANCE + MAPS_OF_THE_REST;
    let warning = format!(
        "the kernel's vm.max_map_count of {maps} allows {possible} WASM instances and not {wanted}: \
         `sysctl -w vm.max_map_count={needed}` allows them"
    );
    (possible, Some(warning))
}

fn maps_max() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok()?;
    text.trim().parse().ok()
}

/// The clock of slices. It ends by itself when the engine is gone.
fn tick(engine: &Engine, alive: &Arc<()>) -> Result<(), EngineError> {
    let engine = engine.weak();
    let alive = Arc::downgrade(alive);
    std::thread::Builder::new()
        .name("wasm-slices".into())
        .stack_size(64 << 10)
        .spawn(move || {
            loop {
                std::thread::sleep(SLICE);
                match engine.upgrade() {
                    Some(engine) if alive.strong_count() > 0 => engine.increment_epoch(),
                    _ => return,
                }
            }
        })
        .map(drop)
        .map_err(|e| EngineError(format!("no thread for the clock of WASM slices: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_never_outgrows_the_kernels_bound_on_maps() {
        assert_eq!(pool_size(5_000, None), (5_000, None));
        assert_eq!(pool_size(5_000, Some(65_530)), (5_000, None));
        let (size, warning) = pool_size(12_000, Some(65_530));
        assert_eq!(size, 7_679);
        let warning = warning.unwrap();
        assert!(warning.contains("vm.max_map_count=100096"), "{warning}");
        assert_eq!(pool_size(0, Some(0)).0, 1);
    }
}
