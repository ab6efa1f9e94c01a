//! Laws that hold for all values, each tried with a few hundred that a fixed seed draws. A counterexample is made as small
//! as it gets, and is to become a test of its own where the defect was.

#[cfg(test)]
mod codec;
#[cfg(test)]
mod decision;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod router;

#[cfg(test)]
fn law(cases: u32) -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, RngSeed};
    // The same values each time, whatever PROPTEST_CASES says; nothing is written beside the sources.
    Config { cases, rng_seed: RngSeed::Fixed(7_606), failure_persistence: None, ..Config::default() }
}
