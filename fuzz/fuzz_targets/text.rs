#![no_main]
//! See `spanscope::fuzzing::text`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::text(data));
