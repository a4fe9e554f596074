#![no_main]
//! See `spanscope::fuzzing::legacy`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::legacy(data));
