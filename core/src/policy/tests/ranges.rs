use std::string::ToString;

use super::std;
use super::*;

#[test]
fn a_range_of_prefixes_is_read_and_written() {
    let read = |text| PrefixRange::parse(text).map(|range| (range.min(), range.max(), range.to_string()));
    let is = |min, max, text: &str| Ok((min, max, text.to_string()));
    assert_eq!(read("172.20.0.0/16 ge 24 le 24"), is(24, 24, "172.20.0.0/16 ge 24 le 24"));
    assert_eq!(read("172.16.1.0/24 ge 32"), is(32, 32, "172.16.1.0/24 ge 32"));
    assert_eq!(read(" 10.0.0.0/8 "), is(8, 8, "10.0.0.0/8"));
    assert_eq!(read("10.0.0.0/8\tle  16"), is(8, 16, "10.0.0.0/8 le 16"));
    assert_eq!(read("10.0.0.0/8 le 24 ge 16"), is(16, 24, "10.0.0.0/8 ge 16 le 24"));
    assert_eq!(read("2001:db8::/32 ge 32"), is(32, 128, "2001:db8::/32 le 128"));
    assert_eq!(read("::/0 le 128"), is(0, 128, "::/0 le 128"));
}

#[test]
fn a_wrong_range_of_prefixes_says_what_is_wrong() {
    use PrefixRangeError::{Empty, HostBits, Longer, Prefix, Shorter, Syntax};
    let error = |text| PrefixRange::parse(text).unwrap_err();
    for text in ["", "x", "10.0.0.0", "10.0.0.0/33", "ge 8", "10.0.0/8"] {
        assert_eq!(error(text), Prefix, "{text}");
    }
    for text in [
        "10.0.0.0/8 ge",
        "10.0.0.0/8 ge x",
        "10.0.0.0/8 24",
        "10.0.0.0/8 ge 9 ge 10",
        "10.0.0.0/8 ge9",
        "10.0.0.0/8 ge 9le 10",
        "10.0.0.0/8 ge 9 le 10 x",
        "10.0.0.0/8 ge -1",
        "10.0.0.0/8 ge 70000",
    ] {
        assert_eq!(error(text), Syntax, "{text}");
    }
    assert_eq!(error("10.1.0.0/8"), HostBits { meant: "10.0.0.0/8".parse().unwrap() });
    assert_eq!(error("10.0.0.0/8 ge 7"), Shorter { key: "ge", found: 7, len: 8 });
    assert_eq!(error("10.0.0.0/8 le 7"), Shorter { key: "le", found: 7, len: 8 });
    assert_eq!(error("10.0.0.0/8 ge 33"), Longer { key: "ge", found: 33, bits: 32 });
    assert_eq!(error("10.0.0.0/8 le 300"), Longer { key: "le", found: 255, bits: 32 });
    assert_eq!(error("10.0.0.0/8 ge 24 le 16"), Empty { ge: 24, le: 16 });
    assert_eq!(error("10.0.0.0/8 ge 24 le 16").to_string(), "no prefix has ge 24 and le 16");
    assert_eq!(error("10.0.0.0/8 le 300").to_string(), "le must be at most 32");
    assert!(error("10.1.0.0/8").to_string().contains("10.0.0.0/8"));
}

#[test]
fn a_range_of_lengths_is_read() {
    let read = |text| LengthRange::parse(text).map(|range| (range.min(), range.max()));
    assert_eq!(read("3"), Ok((3, 3)));
    assert_eq!(read("ge 3"), Ok((3, u16::MAX)));
    assert_eq!(read(" le 5 "), Ok((0, 5)));
    assert_eq!(read("ge 2 le 5"), Ok((2, 5)));
    assert_eq!(read("ge 5 le 2"), Err(RangeError::Empty { ge: 5, le: 2 }));
    for text in ["", "x", "-1", "65536", "ge", "2-3", "2 3"] {
        assert_eq!(read(text), Err(RangeError::Syntax), "{text}");
    }
}

#[test]
fn community_patterns_are_written_with_stars() {
    assert_eq!(CommunityPattern::exact(0xFDE8_0063).to_string(), "65000:99");
    assert_eq!(CommunityPattern { high: Some(1), low: None }.to_string(), "1:*");
    assert_eq!(LargeCommunityPattern([Some(1), None, Some(3)]).to_string(), "1:*:3");
}
