//! Fuzzes [`crier_fuzz::request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::request::check(data));
