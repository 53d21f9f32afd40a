//! What native code can do to whoever runs it: each ends its own steps, is told, and the module
//! comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordboard_steps::{ScriptAnswer, ScriptErrorKind, ScriptOp};

use super::{Bench, Steps, bench, child, done, error, steps};
use crate::contract::{Body, Input};
use crate::module::Module;
use crate::native::Story;
use crate::program::Runner;

/// A library whose step number 1 does something bad and whose others end well.
fn criminal(bench: &Bench, crime: &str) -> Arc<Module> {
    let body = format!(
        r#"
static void *thread(void *p) {{ return p; }}
static int32_t run(cordboard_run *run, cordboard_text input) {{
  cordboard_text answer;
  (void)answer; (void)thread;
  if (memmem(input.data, input.length, "{{\"n\":1}}", 7)) {{ {crime} }}
  if (memmem(input.data, input.length, "{{\"n\":2}}", 7)) ask(run, "{{\"wait\":60000}}", &answer);
  reply(run, "\"done\"");
  return CORDBOARD_OK;
}}
"#
    );
    bench.module(
        "call-script",
        ".run = run",
        &format!("void *memmem(const void *, size_t, const void *, size_t);\n{body}"),
    )
}

/// A step's CPU time is its tenant's, and beyond the share the next one waits.
#[test]
fn a_tenant_pays_for_what_its_process_computes() {
    let accounts = Arc::new(crate::quota::Accounts::default());
    let mut bench = bench(child());
    let native = Arc::into_inner(bench.native).expect("nobody else has it");
    bench.native = Arc::new(native.paid_by(&accounts));
    let crime = "clock_t end = clock() + CLOCKS_PER_SEC / 10; while (clock() < end) {}";
    let module = criminal(&bench, &format!("{{ {crime} }}"));
    let cpu = |wanted: u32| crate::quota::Quota {
        cpu_percent: wanted,
        ..Default::default()
    };
    let set = Instant::now();
    accounts.set(&module.tenant, cpu(10));
    let account = accounts.of(&module.tenant);
    let steps = steps(&bench);
    let before = account.used().cpu;
    assert_eq!(steps.run(1, &module), done("done"));
    let used = account.used().cpu.saturating_sub(before);
    assert!(used >= Duration::from_millis(95), "{used:?}");
    // However long that took: the next one waits until the share has paid for it. At most 40 ms
    // were saved before the share was set.
    assert_eq!(steps.run(3, &module), done("done"));
    let paid = set.elapsed() / 10 + Duration::from_millis(40);
    assert!(paid >= used, "{used:?} were used and {paid:?} paid for");
    // Whose call is gone meanwhile leaves nothing behind.
    assert_eq!(steps.run(1, &module), done("done"));
    steps.start(4, &module);
    steps
        .steps
        .send(
            super::call(4),
            &module,
            cordboard_steps::ScriptCommand::Kill,
        )
        .unwrap();
    let until = Instant::now() + super::PATIENCE;
    let instances = &module.health.instances;
    while instances.load(std::sync::atomic::Ordering::Relaxed) > 0 {
        assert!(Instant::now() < until, "an instance is kept");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The module serves again after its rest.
fn comes_back(bench: &Bench, steps: &Steps, module: &Arc<Module>) {
    let until = Instant::now() + super::PATIENCE;
    let mut n = 100;
    loop {
        n += 1;
        match steps.run(n, module) {
            turn if turn == done("done") => break,
            turn => {
                let error = error(turn);
                assert_eq!(error.kind, ScriptErrorKind::Overload, "{}", error.message);
                assert!(Instant::now() < until, "{}", error.message);
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
    assert_eq!(bench.story(), Story::Restarted);
}

/// Does the crime beside another step that waits; gives how the module was told to have stopped.
fn commit(crime: &str) -> (String, ScriptErrorKind, String) {
    let bench = bench(child());
    let module = criminal(&bench, crime);
    let steps = steps(&bench);
    steps.start(2, &module);
    assert!(matches!(steps.asked(), ScriptOp::Wait { .. }));
    steps.start(1, &module);
    let mut errors = [error(steps.turn().1), error(steps.turn().1)];
    let Story::Stopped {
        by,
        error,
        restarts_in,
        counted,
    } = bench.story()
    else {
        panic!("it comes back before it was told to have stopped");
    };
    assert_eq!((restarts_in, counted), (Duration::from_secs(1), true));
    // One of the two is blamed; the other fails by no fault of its own.
    errors.sort_by_key(|error| error.kind == ScriptErrorKind::Overload);
    assert_eq!(errors[1].kind, ScriptErrorKind::Overload);
    assert_eq!(errors[0], error);
    comes_back(&bench, &steps, &module);
    (by, errors[0].kind, errors[0].message.clone())
}

#[test]
fn a_crash_is_an_event_and_the_module_comes_back() {
    let (by, kind, why) = commit("*(volatile int *)0 = 1;");
    assert_eq!(
        (by.as_str(), kind),
        ("signal 11 (SIGSEGV)", ScriptErrorKind::Runtime)
    );
    assert!(why.contains("`raw` stopped"), "{why}");
    let (by, _, why) = commit("fprintf(stderr, \"the disk is full\\n\"); abort();");
    assert_eq!(by, "signal 6 (SIGABRT)");
    assert!(why.ends_with("the disk is full"), "{why}");
}

#[test]
fn an_exit_is_no_way_out() {
    assert_eq!(commit("exit(0);").0, "exit 0");
    assert_eq!(commit("_exit(3);").0, "exit 3");
}

#[test]
fn a_loop_is_ended_in_time_and_so_is_a_process_that_stands_still() {
    let (by, kind, why) = commit("for (volatile int i = 0;; i++) {}");
    assert_eq!((by.as_str(), kind), ("hang", ScriptErrorKind::Budget));
    assert!(why.contains("did not come back within 1000 ms"), "{why}");
    assert_eq!(commit("raise(SIGSTOP);").0, "hang");
}

#[test]
fn garbage_on_the_pipe_is_not_listened_to() {
    let write = "for (int fd = 3; fd < 256; fd++) { ssize_t n = write(fd, \"garbage, and enough of it\", 25); (void)n; } sleep(5);";
    let (by, _, why) = commit(write);
    assert_eq!(by, "garbage");
    assert!(why.contains("into the pipe"), "{why}");
    // What it prints goes to the log and not into the frames.
    let bench = bench(child());
    let module = criminal(
        &bench,
        "printf(\"I print\\n\"); fflush(stdout); close(0); close(1);",
    );
    let steps = steps(&bench);
    assert_eq!(steps.run(1, &module), done("done"));
    let until = Instant::now() + super::PATIENCE;
    let printed = || {
        bench
            .lines
            .lock()
            .unwrap()
            .iter()
            .any(|line| line == "Warn I print")
    };
    while !printed() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(printed());
}

#[test]
fn a_bomb_of_memory_meets_the_limit_of_its_own_process() {
    let (by, ..) = commit("for (;;) memset(malloc(1 << 20), 1, 1 << 20);");
    assert_eq!(
        by, "signal 11 (SIGSEGV)",
        "malloc gives nothing beyond the limit"
    );
    let bench = bench(child());
    let much = "if (malloc(256 << 20)) return CORDBOARD_FAILED; if (!malloc(8 << 20)) return CORDBOARD_FAILED;";
    let module = criminal(&bench, much);
    assert_eq!(steps(&bench).run(1, &module), done("done"));
}

#[test]
fn a_child_leaves_nothing_behind_and_inherits_nothing() {
    let bench = bench(child());
    let look = r#"
    char line[256]; int own = 0;
    extern char **environ;
    if (environ && environ[0]) return CORDBOARD_FAILED;
    for (int fd = 3; fd < 1024; fd++) if (fd != 60 && fd != 61 && lseek(fd, 0, SEEK_CUR) >= 0) return CORDBOARD_FAILED;
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status)) own += !strcmp(line, "NoNewPrivs:\t1\n");
    fclose(status);
    if (!own) return CORDBOARD_FAILED;
    if (fork() == 0) { sleep(60); _exit(0); }
    abort();"#;
    let module = criminal(&bench, look);
    let steps = steps(&bench);
    steps.start(1, &module);
    let failed = error(steps.turn().1);
    assert!(
        failed.message.contains("SIGABRT"),
        "what it started does not hide its end: {}",
        failed.message
    );
    comes_back_after_stop(&bench, &steps, &module);
}

fn comes_back_after_stop(bench: &Bench, steps: &Steps, module: &Arc<Module>) {
    assert!(matches!(bench.story(), Story::Stopped { .. }));
    comes_back(bench, steps, module);
}

#[test]
fn a_flood_of_questions_is_one_at_a_time_and_of_lines_is_cut() {
    let bench = bench(child());
    let flood = "for (int i = 0; i < 1000; i++) cb->log(run, 1, cordboard_of(\"again\")); for (;;) ask(run, \"\\\"now\\\"\", &answer);";
    let module = criminal(&bench, flood);
    let steps = steps(&bench);
    steps.start(1, &module);
    for _ in 0..500 {
        assert_eq!(steps.asked(), ScriptOp::Now);
        assert!(
            steps.turns.try_recv().is_err(),
            "it asks again only when it was answered"
        );
        let now = ScriptAnswer::Now {
            unix_ms: 1,
            local: String::new(),
        };
        steps.answer(1, &module, now);
    }
    assert_eq!(bench.lines.lock().unwrap().len(), 50);
    // A step that does not want to hear that its call is gone is ended with its process.
    let _ = steps.asked();
    let kill = cordboard_steps::ScriptCommand::Kill;
    crate::program::Runner::send(&steps.steps, super::call(1), &module, kill).unwrap();
    comes_back_after_stop(&bench, &steps, &module);
}

#[test]
fn each_fall_makes_the_rest_longer() {
    let bench = bench(child());
    let module = criminal(&bench, "abort();");
    let steps = steps(&bench);
    for rest in [1, 2] {
        loop {
            let failed = error(steps.run(1, &module));
            match failed.kind {
                ScriptErrorKind::Runtime => break,
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        let stopped = std::iter::repeat_with(|| bench.story()).find_map(|story| match story {
            Story::Stopped { restarts_in, .. } => Some(restarts_in),
            Story::Restarted => None,
        });
        assert_eq!(stopped, Some(Duration::from_secs(rest)));
    }
}

#[test]
fn a_process_that_is_killed_from_outside_takes_its_steps_along() {
    let bench = bench(child());
    let module = criminal(&bench, "abort();");
    let steps = steps(&bench);
    steps.start(2, &module);
    assert!(matches!(steps.asked(), ScriptOp::Wait { .. }));
    let pid = steps.steps.pid(&module).unwrap().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status();
    assert!(killed.unwrap().success());
    let failed = error(steps.turn().1);
    assert!(
        failed.message.contains("signal 9 (SIGKILL)"),
        "{}",
        failed.message
    );
    comes_back_after_stop(&bench, &steps, &module);
}

#[test]
fn a_service_that_crashes_says_so_and_its_driver_makes_another() {
    let bench = bench(child());
    let body = r#"
static int32_t handle(cordboard_run *run, cordboard_text input) { abort(); return 0; }
static int32_t save(cordboard_run *run, cordboard_text input) { return CORDBOARD_OK; }
static int32_t restore(cordboard_run *run, uint32_t version, cordboard_text state) { return CORDBOARD_OK; }
"#;
    let entries = ".handle = handle, .save = save, .restore = restore";
    let module = bench.module("service", entries, body);
    let mut service = module.guest.service(&module).unwrap();
    let input = Input {
        seq: 1,
        at_ms: 1,
        seed: 1,
        body: Body::Timer { name: "t".into() },
    };
    let failed = service.handle(std::slice::from_ref(&input)).unwrap_err();
    assert!(failed.message.contains("SIGABRT"), "{}", failed.message);
    let again = service.handle(&[input]).unwrap_err();
    assert!(again.message.contains("this instance has failed"));
    assert!(matches!(
        bench.story(),
        Story::Stopped { counted: true, .. }
    ));
    assert!(module.guest.service(&module).unwrap().save().is_ok());
}
