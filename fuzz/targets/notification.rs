//! Fuzzes [`crier_fuzz::notification`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::notification::check(data));
