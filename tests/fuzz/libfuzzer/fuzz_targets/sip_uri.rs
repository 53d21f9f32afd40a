//! The target `sip_uri` as a libFuzzer program.
#![no_main]

use cordboard_sip::fuzz::fuzz_uri;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_uri(data));
