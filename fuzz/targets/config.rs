//! Fuzzes [`crier_fuzz::config`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::config::check(data));
