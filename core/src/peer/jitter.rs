//! Jitter, so that the timers of many speakers do not fall into step (RFC 4271, 10).

use crate::rng::Rng;
use crate::time::Millis;

/// A span between 75 % and 100 % of `span`, each millisecond as likely.
pub fn jitter(rng: &mut Rng, span: Millis) -> Millis {
    let spread = span.0 / 4;
    #[cfg(mutants)]
    if mutant!(ClockJitter) {
        return Millis(span.0 - crate::mutant::clock() % (spread + 1));
    }
    Millis(span.0 - rng.up_to(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_between_three_quarters_and_the_whole_and_reaches_both() {
        let mut rng = Rng::new(1);
        let (mut least, mut most) = (u64::MAX, 0);
        for _ in 0..1000 {
            let Millis(span) = jitter(&mut rng, Millis(40));
            least = least.min(span);
            most = most.max(span);
        }
        assert_eq!((least, most), (30, 40));
    }

    #[test]
    fn any_span_has_an_answer() {
        let mut rng = Rng::new(1);
        for span in [0, 1, 2, 3] {
            assert_eq!(jitter(&mut rng, Millis(span)), Millis(span));
        }
        assert!(jitter(&mut rng, Millis(u64::MAX)) >= Millis(u64::MAX / 4 * 3));
    }

    #[test]
    fn the_same_seed_gives_the_same_spans() {
        let spans = |seed| {
            let mut rng = Rng::new(seed);
            core::array::from_fn::<_, 8, _>(|_| jitter(&mut rng, Millis(30_000)))
        };
        assert_eq!(spans(5), spans(5));
        assert_ne!(spans(5), spans(6));
    }
}
