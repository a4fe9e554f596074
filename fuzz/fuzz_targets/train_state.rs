#![no_main]
//! See `spanscope::fuzzing::train_state`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::train_state(data));
