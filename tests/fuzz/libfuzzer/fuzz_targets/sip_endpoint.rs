//! The target `sip_endpoint` as a libFuzzer program.
#![no_main]

use cordboard_sip::fuzz::fuzz_endpoint;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_endpoint(data));
