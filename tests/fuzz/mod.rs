//! Drivers of the fuzz targets on a stable compiler: a corpus, a seeded mutator, a time budget.
//!
//! Each target runs `CORDBOARD_FUZZ_SECONDS` (default 2), but all together at most
//! `CORDBOARD_FUZZ_TOTAL_SECONDS` (default 600), from `CORDBOARD_FUZZ_SEED` (default 1). One hour
//! of each by hand:
//! `CORDBOARD_FUZZ_SECONDS=3600 CORDBOARD_FUZZ_TOTAL_SECONDS=100000 CORDBOARD_FUZZ_SEED=$(date +%s)
//! cargo test --release -p cordboard-tests --test stories fuzz -- --nocapture`.
//! README.md beside this says more, also how to use cargo-fuzz.

mod corpus;
mod driver;
mod mutator;
mod targets;
