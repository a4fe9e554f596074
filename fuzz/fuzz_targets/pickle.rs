#![no_main]
//! See `spanscope::fuzzing::pickle`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::pickle(data));
