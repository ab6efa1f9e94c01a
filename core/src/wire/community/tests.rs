use core::fmt::Write;

use super::*;

type Text = heapless::String<400>;

fn text(value: impl fmt::Display) -> Text {
    let mut text = Text::new();
    write!(text, "{value}").unwrap();
    text
}

#[test]
fn communities_read_and_show() {
    assert_eq!("65000:1".parse(), Ok(Community(0xFDE8_0001)));
    assert_eq!("0:0".parse(), Ok(Community(0)));
    assert_eq!("65535:65535".parse(), Ok(Community(u32::MAX)));
    assert_eq!(text(Community(0xFDE8_0001)), "65000:1");
    assert_eq!("no-export".parse(), Ok(Community(0xFFFF_FF01)));
    assert_eq!("65535:65281".parse(), Ok(Community(0xFFFF_FF01)));
}

#[test]
fn names_show_and_read_back() {
    for (number, name) in NAMES {
        assert_eq!(text(Community(number)), name);
        assert_eq!(name.parse(), Ok(Community(number)));
    }
    assert_eq!(Community(0xFFFF_0000).name(), Some("graceful-shutdown"));
    assert_eq!(Community(0xFFFF_029A).name(), Some("blackhole"));
    assert_eq!(Community(0xFFFF_FF02).name(), Some("no-advertise"));
    assert_eq!(Community(0xFFFF_FF03).name(), Some("no-export-subconfed"));
}

#[test]
fn other_texts_are_refused() {
    for wrong in [
        "",
        "1",
        "4259840001",
        "65000:",
        ":1",
        "65536:1",
        "1:65536",
        "65000:1 ",
        " 65000:1",
        "65000:1:2",
        "-1:1",
        "+1:1",
        "0x1:1",
        "No-Export",
        "no-export ",
        "no_export",
        "1:99999999999999999999",
    ] {
        assert_eq!(wrong.parse::<Community>(), Err(ParseError::Community), "{wrong:?}");
    }
    for wrong in ["", "1", "1:2", "1:2:3:4", "1:2:", "4294967296:1:1", "1:1:4294967296", "a:b:c", "1:2:3 "] {
        assert_eq!(wrong.parse::<LargeCommunity>(), Err(ParseError::Large), "{wrong:?}");
    }
}

#[test]
fn large_communities_read_and_show() {
    let large = LargeCommunity { global: 4_200_000_000, local1: 0, local2: u32::MAX };
    assert_eq!("4200000000:0:4294967295".parse(), Ok(large));
    assert_eq!(text(large), "4200000000:0:4294967295");
    let bytes = large.to_bytes();
    assert_eq!(bytes, [0xFA, 0x56, 0xEA, 0x00, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert!(LargeCommunity::iter(&bytes).eq([large]));
}

#[test]
fn values_are_read_in_order() {
    let value = [0xFD, 0xE8, 0, 1, 0xFF, 0xFF, 0xFF, 0x01];
    assert!(Community::iter(&value).eq([Community(0xFDE8_0001), Community(0xFFFF_FF01)]));
    assert!(Community::iter(&value[..7]).eq([Community(0xFDE8_0001)]));
    assert!(ExtendedCommunity::iter(&value).eq([ExtendedCommunity(value)]));
}

#[test]
fn extended_communities_show_by_kind() {
    assert_eq!(text(ExtendedCommunity([0, 2, 0xFD, 0xE8, 0, 0, 0, 100])), "rt:65000:100");
    assert_eq!(text(ExtendedCommunity([0, 3, 0xFD, 0xE8, 0, 1, 0, 0])), "soo:65000:65536");
    assert_eq!(text(ExtendedCommunity([1, 2, 192, 0, 2, 1, 0, 7])), "rt:192.0.2.1:7");
    assert_eq!(text(ExtendedCommunity([2, 2, 0xFA, 0x56, 0xEA, 0, 0, 1])), "rt:4200000000:1");
    assert_eq!(text(ExtendedCommunity([0x40, 2, 0, 0, 0, 0, 0, 1])), "0x4002000000000001");
    assert_eq!(text(ExtendedCommunity([0, 9, 0, 0, 0, 0, 0, 1])), "0x0009000000000001");
}

#[test]
fn errors_say_what_is_allowed() {
    let message = text("1".parse::<Community>().unwrap_err());
    assert!(message.contains("65000:1") && message.contains("no-export, "), "{message}");
    assert!(text("1".parse::<LargeCommunity>().unwrap_err()).contains("65000:1:2"));
}
