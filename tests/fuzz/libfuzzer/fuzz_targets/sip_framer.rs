//! The target `sip_framer` as a libFuzzer program.
#![no_main]

use cordboard_sip::fuzz::fuzz_framer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_framer(data));
