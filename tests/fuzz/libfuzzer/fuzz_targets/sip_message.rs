//! The target `sip_message` as a libFuzzer program.
#![no_main]

use cordboard_tests::fuzz::targets::named;

libfuzzer_sys::fuzz_target!(|data: &[u8]| (named("sip_message").fuzz)(data));
