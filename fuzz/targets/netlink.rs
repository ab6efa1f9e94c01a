//! Fuzzes [`crier_fuzz::netlink`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| crier_fuzz::netlink::check(data));
