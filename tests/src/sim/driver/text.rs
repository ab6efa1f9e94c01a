//! Numbers and times as people read them.

use std::fmt;

use crate::sim::Micros;

/// A number with a comma between thousands.
pub(super) struct Number(pub(super) u64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (n, digit) in digits.chars().enumerate() {
            if n > 0 && (digits.len() - n).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// So many of something, with an "s" unless it is one.
pub(super) struct Counted(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", Number(self.0), self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// A span of time in a unit that suits it; what is less than its last digit is dropped.
pub(super) struct Span(pub(super) Micros);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.0;
        match micros {
            0..1_000 => write!(f, "{micros} µs"),
            1_000..1_000_000 => write!(f, "{} ms", micros / 1_000),
            1_000_000..100_000_000 => write!(f, "{} s", Tenths(micros / 100_000)),
            100_000_000..36_000_000_000 => write!(f, "{} s", Number(micros / 1_000_000)),
            _ => write!(f, "{} h", Tenths(micros / 360_000_000)),
        }
    }
}

/// Hours with one decimal.
pub(super) struct Hours(pub(super) Micros);

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Tenths(self.0.0 / 360_000_000))
    }
}

/// A number of tenths, with one decimal.
pub(super) struct Tenths(pub(super) u64);

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Number(self.0 / 10), self.0 % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let shown = [0, 7, 999, 1_000, 48_120, 123_456, 1_000_000, u64::MAX].map(|n| Number(n).to_string());
        let expected =
            ["0", "7", "999", "1,000", "48,120", "123,456", "1,000,000", "18,446,744,073,709,551,615"];
        assert_eq!(shown, expected);
        assert_eq!(Counted(1, "host").to_string(), "1 host");
        assert_eq!(Counted(1_204, "UPDATE").to_string(), "1,204 UPDATEs");
    }

    #[test]
    fn times_have_a_unit_that_suits() {
        let spans = [0, 999, 1_000, 999_999, 1_000_000, 12_345_678, 99_999_999, 100_000_000, 612_400_000];
        let shown = spans.map(|micros| Span(Micros(micros)).to_string());
        let expected = ["0 µs", "999 µs", "1 ms", "999 ms", "1.0 s", "12.3 s", "99.9 s", "100 s", "612 s"];
        assert_eq!(shown, expected);
        assert_eq!(Span(Micros::secs(35_999)).to_string(), "35,999 s");
        assert_eq!(Span(Micros::secs(36_000)).to_string(), "10.0 h");
        assert_eq!(Hours(Micros::secs(4_320_000)).to_string(), "1,200.0");
    }
}
