//! The target `sip_contact` as a libFuzzer program.
#![no_main]

use cordboard_tests::fuzz::targets::named;

libfuzzer_sys::fuzz_target!(|data: &[u8]| (named("sip_contact").fuzz)(data));
