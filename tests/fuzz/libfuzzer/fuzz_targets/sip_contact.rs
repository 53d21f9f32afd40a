//! The target `sip_contact` as a libFuzzer program.
#![no_main]

use cordboard_sip::fuzz::fuzz_contact;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_contact(data));
