#![no_main]
//! See `spanscope::fuzzing::vocabulary`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::vocabulary(data));
