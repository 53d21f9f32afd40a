//! The target `captured_lines` as a libFuzzer program.
#![no_main]

use cordboard_tests::fuzz::targets::named;

libfuzzer_sys::fuzz_target!(|data: &[u8]| (named("captured_lines").fuzz)(data));
