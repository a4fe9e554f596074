#![no_main]
//! See `spanscope::fuzzing::zip`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::zip(data));
