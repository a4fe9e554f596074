#![no_main]
//! See `spanscope::fuzzing::hugging_face`.

libfuzzer_sys::fuzz_target!(|data: &[u8]| spanscope::fuzzing::hugging_face(data));
