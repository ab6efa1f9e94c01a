//! Fuzzes [`crier_fuzz::delivery`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::delivery::check(data));
