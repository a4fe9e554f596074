#![no_main]
//! See `spanscope::fuzzing::sums_file`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::sums_file(data));
