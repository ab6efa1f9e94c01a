//! Fuzzes [`crier_fuzz::refresh`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::refresh::check(data));
