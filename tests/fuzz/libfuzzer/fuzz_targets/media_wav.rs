//! The target `media_wav` as a libFuzzer program.
#![no_main]

use cordboard_media::fuzz::fuzz_wav;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_wav(data));
