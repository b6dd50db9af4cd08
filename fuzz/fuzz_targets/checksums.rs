//! See `klp_fuzz::checksums`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| klp_fuzz::checksums(data));
