//! What a tenant's guests may use together: instances, memory, CPU time, host calls.
//!
//! One account a tenant, shared by all its modules of every kind and world, and all threads. What
//! is counted in pieces (instances, bytes) is refused at the bound, at once. CPU time is not
//! refused: a tenant that has spent its share waits until the share has grown again (`crew`), so a
//! loop without an end costs its own tenant and nobody else. The share is a bucket of CPU seconds:
//! `cpu-percent` of a core flows in, 200 ms of it are saved at most, and whatever an entry took by
//! its thread's CPU clock flows out, so what a long entry took beyond the share is paid back first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cordboard_call::ids::TenantId;

/// Bounds of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Instances at once; one more start is `Overload`.
    pub instances_max: usize,
    /// Bytes of linear memory of all instances; beyond it a guest's allocation fails.
    pub memory_bytes_max: usize,
    /// Share of one core in percent, 1 to 6,400; beyond it guests wait their turn.
    pub cpu_percent: u32,
    /// Host calls a second; beyond it they are answered `busy`.
    pub host_calls_per_second: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            instances_max: 500,
            memory_bytes_max: 256 << 20,
            cpu_percent: 20,
            host_calls_per_second: 2_000,
        }
    }
}

/// Lines of text a second and module; more are counted and dropped.
const LINES_PER_SECOND: f64 = 50.0;
/// Modules of a tenant whose lines are counted apart; the others share one count.
const LINE_COUNTS_MAX: usize = 256;
/// How much of its share a tenant may save up.
const CPU_SAVED: Duration = Duration::from_millis(200);
/// A tenant that has spent its share rests at least so long.
const PAUSE_LEAST: Duration = Duration::from_millis(1);
/// Any turn counts as so many nanoseconds at least.
const HAD_LEAST: u64 = 1_000;

/// Tokens that grow with time up to a bound.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    seen: Duration,
}

impl Bucket {
    fn full(tokens: f64, now: Duration) -> Self {
        Self { tokens, seen: now }
    }

    fn grow(&mut self, now: Duration, per_second: f64, most: f64) {
        let passed = now.saturating_sub(self.seen).as_secs_f64();
        self.seen = self.seen.max(now);
        self.tokens = (self.tokens + passed * per_second).min(most);
    }

    fn take(&mut self, now: Duration, per_second: f64, most: f64) -> bool {
        self.grow(now, per_second, most);
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }
}

/// What one tenant's guests have used.
#[derive(Debug)]
pub struct Account {
    quota: Mutex<Quota>,
    instances: AtomicUsize,
    memory_bytes: AtomicUsize,
    cpu_micros: AtomicU64,
    /// What the tenant has had of the crew, in nanoseconds; whoever has had least is next. A
    /// tenant that comes back begins where the others are, so rest is not saved up.
    had: AtomicU64,
    refused: AtomicU64,
    dropped_lines: AtomicU64,
    /// CPU time that may be spent, in seconds; below zero the tenant waits.
    cpu: Mutex<Bucket>,
    calls: Mutex<Bucket>,
    lines: Mutex<HashMap<String, Bucket>>,
    /// Its tenant is no more, and somebody may still hold this.
    forgotten: AtomicBool,
}

/// Figures of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Instances now.
    pub instances: usize,
    /// Bytes of linear memory now.
    pub memory_bytes: usize,
    /// CPU time since the start.
    pub cpu: Duration,
    /// Starts and host calls that were refused since the start.
    pub refused: u64,
    /// Log lines dropped since the start.
    pub dropped_lines: u64,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Account {
    fn new(quota: Quota, now: Duration) -> Self {
        Self {
            quota: Mutex::new(quota),
            instances: AtomicUsize::new(0),
            memory_bytes: AtomicUsize::new(0),
            cpu_micros: AtomicU64::new(0),
            had: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            dropped_lines: AtomicU64::new(0),
            cpu: Mutex::new(Bucket::full(saved(&quota), now)),
            calls: Mutex::new(Bucket::full(f64::from(quota.host_calls_per_second), now)),
            lines: Mutex::default(),
            forgotten: AtomicBool::new(false),
        }
    }

    /// As a new one; but for what lives still, which is given back later.
    fn begin_anew(&self, now: Duration) {
        let quota = Quota::default();
        *held(&self.quota) = quota;
        *held(&self.cpu) = Bucket::full(saved(&quota), now);
        *held(&self.calls) = Bucket::full(f64::from(quota.host_calls_per_second), now);
        held(&self.lines).clear();
        for figure in [&self.cpu_micros, &self.refused, &self.dropped_lines] {
            figure.store(0, Ordering::Relaxed);
        }
        self.forgotten.store(true, Ordering::Relaxed);
    }

    /// Its bounds.
    pub fn quota(&self) -> Quota {
        *held(&self.quota)
    }

    /// What is used.
    pub fn used(&self) -> Used {
        Used {
            instances: self.instances.load(Ordering::Relaxed),
            memory_bytes: self.memory_bytes.load(Ordering::Relaxed),
            cpu: Duration::from_micros(self.cpu_micros.load(Ordering::Relaxed)),
            refused: self.refused.load(Ordering::Relaxed),
            dropped_lines: self.dropped_lines.load(Ordering::Relaxed),
        }
    }

    /// One instance more, if there is room.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Permit> {
        let most = self.quota().instances_max;
        let taken = up(&self.instances, 1, most);
        if !taken {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken.then(|| Permit(self.clone()))
    }

    /// So many bytes of memory more, if there is room.
    pub(crate) fn take_memory(&self, bytes: usize) -> bool {
        up(&self.memory_bytes, bytes, self.quota().memory_bytes_max)
    }

    pub(crate) fn give_memory(&self, bytes: usize) {
        self.memory_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that the tenant's guests may still have.
    pub(crate) fn memory_room(&self) -> usize {
        let used = self.memory_bytes.load(Ordering::Relaxed);
        self.quota().memory_bytes_max.saturating_sub(used)
    }

    /// A part that was counted as `before` bytes is `now` so many: for memory that is seen only
    /// after it was taken.
    pub(crate) fn recount_memory(&self, before: usize, now: usize) {
        match now >= before {
            true => drop(self.memory_bytes.fetch_add(now - before, Ordering::Relaxed)),
            false => drop(self.memory_bytes.fetch_sub(before - now, Ordering::Relaxed)),
        }
    }

    /// Something was refused.
    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// May a guest of this tenant run now?
    pub(crate) fn may_run(&self, now: Duration) -> bool {
        let quota = self.quota();
        let mut cpu = held(&self.cpu);
        cpu.grow(now, share(&quota), saved(&quota));
        cpu.tokens > 0.0
    }

    /// When a guest of this tenant may run: `now`, or later.
    pub(crate) fn runs_at(&self, now: Duration) -> Duration {
        let quota = self.quota();
        let mut cpu = held(&self.cpu);
        cpu.grow(now, share(&quota), saved(&quota));
        match cpu.tokens > 0.0 {
            true => now,
            // Never quite now, or it would be asked again at once.
            false => now + Duration::from_secs_f64(-cpu.tokens / share(&quota)) + PAUSE_LEAST,
        }
    }

    /// How many threads may compute for this tenant at once: its share of cores, and two at
    /// least, so that one module in a long entry does not hold up all others of its tenant.
    pub(crate) fn threads_max(&self) -> usize {
        self.quota().cpu_percent.div_ceil(100).max(2) as usize
    }

    /// What it has had, with others that have had `least`; from now on it counts from there.
    pub(crate) fn had(&self, least: u64) -> u64 {
        self.had.fetch_max(least, Ordering::Relaxed).max(least)
    }

    /// It has had so much more.
    pub(crate) fn has_had(&self, spent: Duration) {
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.had.fetch_add(nanos.max(HAD_LEAST), Ordering::Relaxed);
    }

    /// So much CPU time was spent.
    pub(crate) fn spend(&self, now: Duration, spent: Duration) {
        self.cpu_micros
            .fetch_add(spent.as_micros() as u64, Ordering::Relaxed);
        let quota = self.quota();
        let mut cpu = held(&self.cpu);
        cpu.grow(now, share(&quota), saved(&quota));
        cpu.tokens -= spent.as_secs_f64();
    }

    /// One host call more, if the rate allows it.
    pub(crate) fn take_call(&self, now: Duration) -> bool {
        let rate = f64::from(self.quota().host_calls_per_second);
        let taken = held(&self.calls).take(now, rate, rate);
        if !taken {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// One log line of a module more, if its rate allows it.
    pub(crate) fn take_line(&self, now: Duration, module: &str) -> bool {
        let mut lines = held(&self.lines);
        let name = match lines.len() < LINE_COUNTS_MAX || lines.contains_key(module) {
            true => module,
            false => "",
        };
        if !lines.contains_key(name) {
            lines.insert(name.to_owned(), Bucket::full(LINES_PER_SECOND, now));
        }
        let taken = lines
            .get_mut(name)
            .is_some_and(|bucket| bucket.take(now, LINES_PER_SECOND, LINES_PER_SECOND));
        if !taken {
            self.dropped_lines.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }
}

/// CPU seconds that grow in a second.
fn share(quota: &Quota) -> f64 {
    f64::from(quota.cpu_percent.clamp(1, 6_400)) / 100.0
}

/// Most CPU seconds that are saved up.
fn saved(quota: &Quota) -> f64 {
    share(quota) * CPU_SAVED.as_secs_f64()
}

fn up(figure: &AtomicUsize, by: usize, most: usize) -> bool {
    figure
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            now.checked_add(by).filter(|next| *next <= most)
        })
        .is_ok()
}

/// The right to have one instance; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Account>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All tenants' accounts, and the one clock that they are kept by.
#[derive(Debug)]
pub struct Accounts {
    of: Mutex<HashMap<TenantId, Arc<Account>>>,
    began: Instant,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            of: Mutex::default(),
            began: Instant::now(),
        }
    }
}

impl Accounts {
    /// Time since they were begun.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The tenant's account, opened with the default quota if need be.
    pub fn of(&self, tenant: &TenantId) -> Arc<Account> {
        let mut accounts = held(&self.of);
        if let Some(account) = accounts.get(tenant) {
            account.forgotten.store(false, Ordering::Relaxed);
            return account.clone();
        }
        let account = Arc::new(Account::new(Quota::default(), self.now()));
        accounts.insert(tenant.clone(), account.clone());
        account
    }

    /// Changes a tenant's bounds; what is in use stays in use.
    pub fn set(&self, tenant: &TenantId, quota: Quota) {
        let account = self.of(tenant);
        *held(&account.quota) = quota;
    }

    /// Forgets a tenant that is no more: its account begins anew, for a later tenant of that name,
    /// and goes when nobody holds it any more. What still runs is counted to its end.
    pub fn forget(&self, tenant: &TenantId) {
        let accounts = held(&self.of);
        if let Some(account) = accounts.get(tenant) {
            account.begin_anew(self.now());
        }
    }

    /// What every tenant has used.
    pub fn used(&self) -> Vec<(TenantId, Quota, Used)> {
        let mut accounts = held(&self.of);
        accounts.retain(|_, account| {
            Arc::strong_count(account) > 1 || !account.forgotten.load(Ordering::Relaxed)
        });
        let figures = |(tenant, account): (&TenantId, &Arc<Account>)| {
            (tenant.clone(), account.quota(), account.used())
        };
        accounts.iter().map(figures).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn account(quota: Quota) -> Arc<Account> {
        Arc::new(Account::new(quota, ms(0)))
    }

    #[test]
    fn instances_and_memory_are_refused_at_the_bound_and_come_back() {
        let account = account(Quota {
            instances_max: 2,
            memory_bytes_max: 100,
            ..Quota::default()
        });
        let first = account.enter();
        let second = account.enter();
        assert!(first.is_some() && second.is_some() && account.enter().is_none());
        drop(first);
        assert!(account.enter().is_some());
        assert!(account.take_memory(60) && !account.take_memory(41));
        account.give_memory(60);
        assert!(account.take_memory(100));
        assert_eq!(account.used().refused, 1);
    }

    #[test]
    fn a_tenant_beyond_its_share_waits_until_the_share_has_grown() {
        let account = account(Quota {
            cpu_percent: 20,
            ..Quota::default()
        });
        // 200 ms saved up are 40 ms of CPU.
        assert!(account.may_run(ms(0)));
        account.spend(ms(0), ms(50));
        assert!(!account.may_run(ms(0)));
        assert!(!account.may_run(ms(49)), "10 ms of debt take 50 ms to pay");
        assert!(account.may_run(ms(51)));
        // Over ten seconds of greed it gets its share: 2 s, and what it had saved.
        let mut spent = ms(0);
        for now in (0..10_000).step_by(10) {
            if account.may_run(ms(100 + now)) {
                account.spend(ms(100 + now), ms(10));
                spent += ms(10);
            }
        }
        assert!((ms(1_980)..=ms(2_060)).contains(&spent), "{spent:?}");
    }

    #[test]
    fn a_later_tenant_of_the_same_name_owes_nothing() {
        let (accounts, acme) = (Accounts::default(), TenantId::new("acme"));
        let quota = Quota {
            cpu_percent: 5,
            ..Quota::default()
        };
        accounts.set(&acme, quota);
        let old = accounts.of(&acme);
        let instance = old.enter();
        old.spend(accounts.now(), ms(60_000));
        accounts.forget(&acme);
        assert_eq!(accounts.used().len(), 1, "an instance still runs");
        let new = accounts.of(&acme);
        assert!(new.may_run(accounts.now()) && new.quota() == Quota::default());
        assert_eq!((new.used().cpu, new.used().instances), (ms(0), 1));
        accounts.forget(&acme);
        drop((old, new, instance));
        assert_eq!(accounts.used(), []);
    }

    #[test]
    fn calls_and_lines_are_counted_by_the_second() {
        let account = account(Quota {
            host_calls_per_second: 10,
            ..Quota::default()
        });
        let taken = (0..50).filter(|_| account.take_call(ms(0))).count();
        assert_eq!(taken, 10);
        let taken = (0..50).filter(|_| account.take_call(ms(500))).count();
        assert_eq!(taken, 5);
        let lines = (0..80).filter(|_| account.take_line(ms(0), "a")).count();
        assert_eq!(lines, 50);
        assert!(account.take_line(ms(0), "b"), "another module has its own");
        assert_eq!(account.used().dropped_lines, 30);
    }
}
