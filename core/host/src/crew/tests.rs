//! The crew: whose turn it is, what a tenant gets of a core, and entries that stand still.

use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use cordboard_call::ids::TenantId;

use super::*;
use crate::quota::Quota;

/// CPU time of this thread, as the kernel counts it.
fn thread_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanos)
}

fn crew(places: usize) -> Arc<Crew> {
    Arc::new(Crew::new(
        &Arc::default(),
        CrewParts {
            places,
            time: CpuTime::clock(thread_cpu),
            begin: Box::new(|| {}),
        },
    ))
}

fn account(crew: &Crew, tenant: &str, cpu_percent: u32) -> Arc<Account> {
    let tenant = TenantId::new(tenant);
    let quota = Quota {
        cpu_percent,
        ..Quota::default()
    };
    crew.accounts().set(&tenant, quota);
    crew.accounts().of(&tenant)
}

/// Burns CPU as a guest does: in slices, until `until`.
fn burn(until: Instant) {
    let mut slice = thread_cpu();
    while Instant::now() < until {
        std::hint::black_box((0..1_000u64).sum::<u64>());
        if thread_cpu() - slice > SLICE {
            breathe();
            slice = thread_cpu();
        }
    }
}

fn tell(told: &Sender<u32>, what: u32) -> Job {
    let told = told.clone();
    Box::new(move || told.send(what).unwrap())
}

#[test]
fn one_long_entry_is_kept_to_its_tenants_share_and_lets_others_run() {
    let crew = crew(1);
    let greedy = account(&crew, "greedy", 20);
    let modest = account(&crew, "modest", 20);
    let until = Instant::now() + Duration::from_secs(2);
    let began = Instant::now();
    assert!(crew.put(&greedy, Box::new(move || burn(until))));
    let mut most = Duration::ZERO;
    let mut pieces = 0;
    while Instant::now() < until {
        let before = greedy.used().cpu;
        crew.wait_for(&modest, || ()).unwrap();
        // The machine may be busy with others: what counts is how much of the loop came first.
        most = most.max(greedy.used().cpu - before);
        pieces += 1;
        std::thread::sleep(Duration::from_millis(3));
    }
    let share = greedy.used().cpu.as_secs_f64() / began.elapsed().as_secs_f64();
    println!(
        "{:.1} % of a core; {most:?} of the loop before one of {pieces} others",
        share * 100.0
    );
    // Two seconds of 20 %, 40 ms that were saved up, one slice of overdraft.
    assert!(share < 0.24, "{share}");
    assert!(
        pieces > 5 && most < SLICE * 3,
        "{most:?} before one of {pieces}"
    );
}

#[test]
fn ten_loops_of_one_tenant_weigh_as_much_as_one_of_another() {
    let crew = crew(1);
    let (many, one) = (account(&crew, "many", 400), account(&crew, "one", 400));
    let until = Instant::now() + Duration::from_millis(800);
    for _ in 0..10 {
        crew.put(&many, Box::new(move || burn(until)));
    }
    crew.put(&one, Box::new(move || burn(until)));
    std::thread::sleep(until - Instant::now());
    crew.wait_for(&one, || ()).unwrap();
    let (many, one) = (many.used().cpu.as_secs_f64(), one.used().cpu.as_secs_f64());
    assert!((0.6..1.7).contains(&(many / one)), "{many} and {one}");
}

#[test]
fn work_of_a_tenant_comes_in_its_order_and_a_break_ends_nothing_else() {
    let crew = crew(1);
    let account = account(&crew, "a", 100);
    let (told, seen) = channel();
    crew.put(&account, Box::new(|| panic!("as the story wants it")));
    for n in 0..20 {
        crew.put(&account, tell(&told, n));
    }
    drop(told);
    assert_eq!(seen.iter().collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    assert_eq!(crew.wait_for(&account, || 7), Some(7));
    assert_eq!(crew.figures().broken, 1);
    assert_eq!(crew.wait_for(&account, || -> u8 { panic!("again") }), None);
}

#[test]
fn what_waits_is_done_when_the_crew_ends() {
    let crew = crew(2);
    let account = account(&crew, "a", 1);
    // Far beyond its share: it would rest for a minute.
    account.spend(crew.accounts().now(), Duration::from_millis(600));
    let (told, seen) = channel();
    for n in 0..5 {
        crew.put(&account, tell(&told, n));
    }
    drop(told);
    assert!(seen.recv_timeout(Duration::from_millis(50)).is_err());
    drop(crew);
    assert_eq!(seen.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}
