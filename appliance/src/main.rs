//! crier: the program.
fn main() {}
