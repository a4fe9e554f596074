#![no_main]
//! See `spanscope::fuzzing::session`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::session(data));
