//! See `klp_fuzz::oracle`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| klp_fuzz::oracle(data));
