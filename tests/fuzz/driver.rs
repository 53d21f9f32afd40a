//! Runs one target for its share of time; keeps the input that broke it.
//!
//! A panic is caught, and the input is written to the temporary folder. An input that takes ten
//! seconds is written too, and the process ends, since nothing else can stop it. One that ends the
//! process itself (a stack that overflows) is found in `cordboard-fuzz-TARGET-running-PID`.

use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::corpus::Corpus;
use super::mutator::Mutator;
use super::targets::named;

/// An input that takes so long is slow, in a debug build on a busy machine: some thirty times
/// slower than what is released, where none may take 100 ms.
const SLOW: Duration = Duration::from_secs(3);
/// An input that takes so long is a hang.
const HANG: Duration = Duration::from_secs(10);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A target's share of time.
fn share() -> Duration {
    Duration::from_secs(number("CORDBOARD_FUZZ_SECONDS").unwrap_or(2))
}

/// Where inputs are kept.
fn place(target: &str, what: &str) -> PathBuf {
    std::env::temp_dir().join(format!("cordboard-fuzz-{target}-{what}"))
}

fn keep(target: &str, input: &[u8]) -> PathBuf {
    let sum = input.iter().fold(0xcbf2_9ce4_8422_2325u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = place(target, &format!("{sum:016x}"));
    if let Err(error) = std::fs::write(&path, input) {
        println!("{target}: the input cannot be written: {error}; it is {input:?}");
    }
    path
}

/// The input that runs now, in a file, for when nothing of ours can say what it was: a stack
/// that overflows ends the process. The file goes when its run has ended well.
struct Running {
    path: PathBuf,
    file: std::fs::File,
    length: usize,
}

impl Running {
    fn of(target: &str) -> std::io::Result<Self> {
        let path = place(target, &format!("running-{}", std::process::id()));
        Ok(Self {
            file: std::fs::File::create(&path)?,
            path,
            length: 0,
        })
    }

    fn see(&mut self, input: &[u8]) -> std::io::Result<()> {
        self.file.write_all_at(input, 0)?;
        if self.length > input.len() {
            self.file.set_len(input.len() as u64)?;
        }
        self.length = input.len();
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Ends the process when one input takes too long.
struct Watch {
    now: Arc<Mutex<(Instant, Vec<u8>)>>,
    over: Arc<AtomicBool>,
}

impl Watch {
    fn start(target: &'static str) -> Self {
        let watch = Self {
            now: Arc::new(Mutex::new((Instant::now(), Vec::new()))),
            over: Arc::default(),
        };
        let (now, over) = (Arc::clone(&watch.now), Arc::clone(&watch.over));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(500));
                let now = now.lock().unwrap();
                if now.0.elapsed() > HANG && !over.load(Ordering::Relaxed) {
                    println!("{target}: hangs on {}", keep(target, &now.1).display());
                    std::process::exit(1);
                }
            }
        });
        watch
    }

    fn see(&self, input: &[u8]) {
        let mut now = self.now.lock().unwrap();
        now.0 = Instant::now();
        now.1.clear();
        now.1.extend_from_slice(input);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Writes what a target begins with for libFuzzer: `seeds/TARGET/...` and `words/TARGET`.
fn export(folder: &Path, target: &str, corpus: &Corpus) -> std::io::Result<()> {
    let seeds = folder.join("seeds").join(target);
    let words = folder.join("words");
    std::fs::create_dir_all(&seeds)?;
    std::fs::create_dir_all(&words)?;
    for (at, input) in corpus.found.iter().chain(&corpus.entries).enumerate() {
        std::fs::write(seeds.join(format!("{at:04}")), input)?;
    }
    let quoted = corpus.words.iter().map(|word| {
        let octets = word.bytes().map(|octet| format!("\\x{octet:02x}"));
        format!("\"{}\"\n", octets.collect::<String>())
    });
    std::fs::write(words.join(target), quoted.collect::<String>())
}

/// Runs a target over its corpus, and then over what the mutator makes of it.
pub fn run(target: &'static str) {
    let one = named(target);
    let (corpus, fuzz) = ((one.corpus)(target), one.fuzz);
    if let Some(folder) = std::env::var_os("CORDBOARD_FUZZ_EXPORT") {
        export(Path::new(&folder), target, &corpus).expect("CORDBOARD_FUZZ_EXPORT is a folder");
        return;
    }
    if let Some(path) = std::env::var_os("CORDBOARD_FUZZ_INPUT") {
        fuzz(&std::fs::read(path).expect("CORDBOARD_FUZZ_INPUT names a file"));
        return;
    }
    let seed = number("CORDBOARD_FUZZ_SEED").unwrap_or(1);
    let until = Instant::now() + share();
    let watch = Watch::start(target);
    let mut running = Running::of(target).expect("the temporary folder takes files");
    let mut slowest = (Duration::ZERO, Vec::new());
    let mut count = 0u64;
    let mut try_one = |input: &[u8]| {
        watch.see(input);
        running.see(input).expect("the temporary folder has room");
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| fuzz(input)));
        let mut took = begun.elapsed();
        if took > SLOW && outcome.is_ok() {
            // The machine may have been busy with something else.
            let begun = Instant::now();
            fuzz(input);
            took = took.min(begun.elapsed());
        }
        if took > slowest.0 {
            slowest = (took, input.to_vec());
        }
        count += 1;
        if outcome.is_err() {
            let path = keep(target, input);
            panic!(
                "{target}: seed {seed}, execution {count}: broken by {}",
                path.display()
            );
        }
    };
    for input in corpus.found.iter().chain(&corpus.entries) {
        try_one(input);
    }
    let mut mutator = Mutator::new(seed, corpus.entries, corpus.words);
    while Instant::now() < until {
        try_one(&mutator.next_input());
    }
    // Said past the test's own output, which is shown only where a test fails.
    let _ = writeln!(
        std::io::stdout(),
        "{target}: seed {seed}, {count} executions, the slowest took {:?}",
        slowest.0
    );
    assert!(
        slowest.0 < SLOW,
        "{target}: slow on {}",
        keep(target, &slowest.1).display()
    );
}
