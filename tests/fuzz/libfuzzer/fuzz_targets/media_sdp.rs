//! The target `media_sdp` as a libFuzzer program.
#![no_main]

use cordboard_media::fuzz::fuzz_sdp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_sdp(data));
