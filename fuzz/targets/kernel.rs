//! Fuzzes [`crier_fuzz::kernel`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::kernel::check(data));
