//! Fuzzes [`crier_fuzz::open`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::open::check(data));
