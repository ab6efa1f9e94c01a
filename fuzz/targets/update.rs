//! Fuzzes [`crier_fuzz::update`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::update::check(data));
