#![no_main]
//! See `spanscope::fuzzing::tokenizer`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::tokenizer(data));
