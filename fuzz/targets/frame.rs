//! Fuzzes [`crier_fuzz::frame`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::frame::check(data));
