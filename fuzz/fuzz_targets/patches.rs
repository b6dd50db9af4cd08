//! See `klp_fuzz::patches`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| klp_fuzz::patches(data));
