//! See `klp_fuzz::text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| klp_fuzz::text(data));
