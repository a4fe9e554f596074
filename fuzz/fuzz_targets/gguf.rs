#![no_main]
//! See `spanscope::fuzzing::gguf`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::gguf(data));
