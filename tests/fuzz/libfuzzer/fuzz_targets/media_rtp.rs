//! The target `media_rtp` as a libFuzzer program.
#![no_main]

use cordboard_media::fuzz::fuzz_rtp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_rtp(data));
