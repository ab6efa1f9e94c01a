//! Fuzzes [`crier_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::session::check(data));
