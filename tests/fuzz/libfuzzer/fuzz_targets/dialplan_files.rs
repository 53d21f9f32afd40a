//! The target `dialplan_files` as a libFuzzer program.
#![no_main]

use cordboard_dialplan::fuzz::fuzz_dialplan;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_dialplan(data));
