//! See `klp_fuzz::module`.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| klp_fuzz::module(data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    klp_fuzz::elf::mutate(data, size, seed).unwrap_or_else(|| fuzzer_mutate(data, size, max_size))
});
