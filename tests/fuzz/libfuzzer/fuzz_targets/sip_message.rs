//! The target `sip_message` as a libFuzzer program.
#![no_main]

use cordboard_sip::fuzz::fuzz_message;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_message(data));
