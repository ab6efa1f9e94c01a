use std::string::ToString;

use super::std;
use super::*;

fn fits(pattern: &str, path: &Route) -> bool {
    holds(Match::AsPath(&[pattern]), path)
}

fn path(asns: &[u32]) -> Route {
    let route = Route::new("10.0.0.0/8");
    if asns.is_empty() { route } else { route.path(asns) }
}

#[test]
fn the_documented_patterns() {
    assert!(
        fits("65001", &path(&[1, 65001, 2])) && !fits("65001", &path(&[1, 2])) && !fits("65001", &path(&[]))
    );
    assert!(fits("64512-65534", &path(&[1, 65534])) && !fits("64512-65534", &path(&[65535, 64511])));
    assert!(fits("65001 *", &path(&[65001])) && fits("65001 *", &path(&[65001, 2, 3])));
    assert!(!fits("65001 *", &path(&[2, 65001])) && !fits("65001 *", &path(&[])));
    assert!(fits("* 65001", &path(&[1, 2, 65001])) && !fits("* 65001", &path(&[65001, 2])));
    assert!(fits("65001 65001", &path(&[65001, 65001])) && !fits("65001 65001", &path(&[65001, 65001, 1])));
    assert!(
        fits("65001 * 65010-65019", &path(&[65001, 65010]))
            && fits("65001 * 65010-65019", &path(&[65001, 9, 65019]))
    );
    assert!(
        !fits("65001 * 65010-65019", &path(&[65001, 65020])) && !fits("65001 * 65010-65019", &path(&[65001]))
    );
    assert!(fits(". .", &path(&[1, 2])) && !fits(". .", &path(&[1])) && !fits(". .", &path(&[1, 2, 3])));
    assert!(fits(".", &path(&[1])) && !fits(".", &path(&[1, 2])) && !fits(".", &path(&[])));
    for empty in ["empty", "", "  "] {
        assert!(fits(empty, &path(&[])) && !fits(empty, &path(&[1])), "{empty:?}");
    }
    assert!(fits("*", &path(&[])) && fits("* *", &path(&[1, 2])));
    assert!(fits("* . *", &path(&[1])) && !fits("* . *", &path(&[])));
}

#[test]
fn runs_stretch_as_far_as_they_must() {
    assert!(fits("* 1 2", &path(&[1, 2, 1, 1, 2])));
    assert!(!fits("* 1 2", &path(&[1, 2, 1, 2, 2])));
    assert!(fits("1 * 2 * 3", &path(&[1, 2, 9, 2, 3, 3])));
    assert!(!fits("1 * 2 * 3", &path(&[1, 3, 2])));
    assert!(fits("* 1 . 3 *", &path(&[1, 1, 2, 3, 4])));
}

#[test]
fn a_token_fits_a_set_if_it_fits_a_member() {
    let route = path(&[1]).segment(1, &[7, 8]);
    for pattern in ["7", "8", "1 7", "1 8-9", ". .", "* 8"] {
        assert!(fits(pattern, &route), "{pattern}");
    }
    for pattern in ["9", "1 7 8", "1 9", ". . ."] {
        assert!(!fits(pattern, &route), "{pattern}");
    }
}

#[test]
fn segments_run_together_and_those_of_confederations_are_left_out() {
    let mut route = path(&[1, 2]).segment(2, &[3]);
    assert!(fits("1 2 3", &route));
    route.path.splice(0..0, [3, 1, 0, 0, 0, 9, 4, 1, 0, 0, 0, 9]);
    assert!(fits("1 2 3", &route) && !fits("9", &route));
}

#[test]
fn a_cut_path_ends_where_it_is_cut() {
    let mut route = path(&[1, 2]);
    route.path.extend([2, 3, 0, 0, 0, 3]);
    assert!(fits("1 2", &route) && !fits("3", &route));
}

#[test]
fn long_paths_are_no_trouble() {
    // Exponential in a naive matcher; here each star has one place to return to.
    let mut route = Route::new("10.0.0.0/8");
    for _ in 0..16 {
        route = route.path(&[1; 255]);
    }
    let pattern = std::format!("{}2", "* 1 ".repeat(100));
    assert!(!fits(&pattern, &route));
    assert!(fits(&pattern, &route.path(&[2])));
}

#[test]
fn wrong_patterns_say_what_is_wrong() {
    use AsPathPatternError::{EmptyNotAlone, EmptyRange, Token, TooLong};
    let check = AsPathPattern::check;
    for text in ["", "empty", "1", "1-2", "* . 4294967295", "* * 1"] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
    assert_eq!(check("1 x"), Err(Token { at: 2 }));
    for text in ["^1$", "4294967296", "1-", "-1", "1.1", "1_2", "**", "1--2"] {
        assert_eq!(check(text), Err(Token { at: 0 }), "{text}");
    }
    assert_eq!(check("1 9-3"), Err(EmptyRange { first: 9, last: 3 }));
    assert_eq!(check("9-3"), Err(EmptyRange { first: 9, last: 3 }));
    assert_eq!(check("1 empty"), Err(EmptyNotAlone));
    assert_eq!(check(&"1 ".repeat(255)), Ok(()));
    assert_eq!(check(&"1 ".repeat(256)), Err(TooLong));
    assert!(check("1 x").unwrap_err().to_string().ends_with("at character 3"));
}
