//! The target `sip_digest` as a libFuzzer program.
#![no_main]

use cordboard_sip::fuzz::fuzz_digest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_digest(data));
