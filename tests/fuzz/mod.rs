//! The fuzz targets, what they begin with, and their driver on a stable compiler.
//!
//! Two drivers run the same plain functions: `driver.rs`, a seeded mutator for tests and CI, and
//! libFuzzer (`libfuzzer/`), guided by coverage, where a nightly compiler is. README.md beside
//! this has the commands.

pub mod corpus;
pub mod driver;
pub mod mutator;
pub mod targets;
