//! The target `whole_node` as a libFuzzer program.
#![no_main]

use cordboard_tests::fuzz::targets::named;

libfuzzer_sys::fuzz_target!(|data: &[u8]| (named("whole_node").fuzz)(data));
