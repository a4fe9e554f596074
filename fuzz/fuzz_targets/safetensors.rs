#![no_main]
//! See `spanscope::fuzzing::safetensors`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::safetensors(data));
