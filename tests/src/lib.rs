//! Whole-program tests of crier: labs of real peers, benchmarks.
