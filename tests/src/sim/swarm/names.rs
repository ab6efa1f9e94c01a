//! Parts of a plan in few words: what a shrunk run is without is most of it.

use std::fmt;
use std::str::FromStr;

use crate::sim::scenario::Part;

/// Most parts that one range may stand for.
const LONGEST: usize = 1 << 20;

/// Parts, shown with ranges: `h3,w0-w41`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(pub Vec<Part>);

impl Parts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|one, next| after(*one) == Some(*next));
        for (n, run) in runs.enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            match run {
                [one] => write!(f, "{one}")?,
                [first, .., last] => write!(f, "{first}-{last}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

impl FromStr for Parts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        for word in text.split(',') {
            let Some((first, last)) = word.split_once('-') else {
                parts.push(word.parse()?);
                continue;
            };
            let (first, last): (Part, Part) = (first.parse()?, last.parse()?);
            let range: Vec<_> = std::iter::successors(Some(first), |part| after(*part))
                .take_while(|part| *part <= last)
                .take(LONGEST)
                .collect();
            if range.last() != Some(&last) {
                return Err(format!("found {word:?}, allowed a range such as w3-w41"));
            }
            parts.extend(range);
        }
        Ok(Self(parts))
    }
}

/// The next part of the same kind.
fn after(part: Part) -> Option<Part> {
    Some(match part {
        Part::Host(at) => Part::Host(at.checked_add(1)?),
        Part::Link(at) => Part::Link(at.checked_add(1)?),
        Part::Fault(at) => Part::Fault(at.checked_add(1)?),
        Part::Work(at) => Part::Work(at.checked_add(1)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_back() {
        let mut parts = vec![Part::Host(3), Part::Host(4), Part::Link(5), Part::Fault(1), Part::Fault(0)];
        parts.extend((0..=41).map(Part::Work));
        let words = "h3-h4,l5,f1,f0,w0-w41";
        assert_eq!(Parts(parts.clone()).to_string(), words);
        assert_eq!(words.parse(), Ok(Parts(parts)));
        assert_eq!("w7-w7".parse(), Ok(Parts(vec![Part::Work(7)])));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for words in ["", "h", "h1,", "h4-h3", "h3-w4", "h3-4", "-h3", "w0-w18446744073709551615"] {
            assert!(words.parse::<Parts>().is_err(), "{words}");
        }
    }
}
