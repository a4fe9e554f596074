#![no_main]
//! See `spanscope::fuzzing::run_file`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::run_file(data));
