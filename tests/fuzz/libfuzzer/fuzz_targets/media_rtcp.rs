//! The target `media_rtcp` as a libFuzzer program.
#![no_main]

use cordboard_media::fuzz::fuzz_rtcp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_rtcp(data));
