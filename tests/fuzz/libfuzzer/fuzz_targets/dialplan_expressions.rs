//! The target `dialplan_expressions` as a libFuzzer program.
#![no_main]

use cordboard_dialplan::fuzz::fuzz_expr;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_expr(data));
