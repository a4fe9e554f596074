#![no_main]
//! See `spanscope::fuzzing::model`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::model(data));
