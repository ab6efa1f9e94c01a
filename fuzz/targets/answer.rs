//! Fuzzes [`crier_fuzz::answer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::answer::check(data));
