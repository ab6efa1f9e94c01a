use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::kubernetes::bounded::Within;
use crate::kubernetes::yaml::documents;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thing {
    text: String,
    #[serde(default)]
    number: Option<Within<1, 10>>,
    #[serde(default)]
    flag: bool,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Part {
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
enum Kind {
    One,
    Two,
}

fn thing(text: &str) -> Result<(Thing, Vec<String>), String> {
    let documents = documents(text).unwrap();
    let mut unknown = Vec::new();
    decode(&documents[0], |path| unknown.push(path))
        .map(|thing| (thing, unknown))
        .map_err(|Malformed { position, text }| format!("{position}: {text}"))
}

#[test]
fn what_is_there_is_taken_and_null_is_not_there() {
    let (found, unknown) = thing(
        "text: x\nnumber: 7\nflag: true\nlabels: {a: '1', b: null}\nparts: [{kind: Two, more: 1}]\nother: {x: 1}\n",
    )
    .unwrap();
    assert_eq!((found.number.map(Within::get), found.flag, found.labels.len()), (Some(7), true, 1));
    assert_eq!(found.parts, [Part { kind: Kind::Two }]);
    assert_eq!(unknown, ["parts[0].more", "other"]);
    let (found, unknown) = thing("text: '7'\nnumber: ~\nflag:\nparts: null").unwrap();
    assert_eq!((found.text.as_str(), found.number, found.flag), ("7", None, false));
    assert!(found.parts.is_empty() && unknown.is_empty());
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_path() {
    for (text, wanted) in [
        ("number: 1", "1:1: text is missing"),
        ("text: true", "1:7: text: found true, allowed is a string"),
        ("text: 65001", "1:7: text: found 65001, allowed is a string"),
        ("text: x\nnumber: 11", "2:9: number: found 11, allowed is a number from 1 to 10"),
        ("text: x\nnumber: '50'", "2:9: number: found the text \"50\", allowed is a number from 1 to 10"),
        ("text: x\nnumber: 1.5", "2:9: number: found the text \"1.5\", allowed is a number from 1 to 10"),
        ("text: x\nflag: yes", "2:7: flag: found the text \"yes\", allowed is a boolean"),
        ("text: x\nlabels: {a: true}", "2:13: labels.a: found true, allowed is a string"),
        ("text: x\nparts: {kind: One}", "2:8: parts: found a mapping, allowed is a sequence"),
        (
            "text: x\nparts: [{kind: One}, {kind: Three}]",
            "2:29: parts[1].kind: found \"Three\", allowed is One, Two",
        ),
        ("text: x\nparts: [{kind: [One]}]", "2:16: parts[0].kind: found a list, allowed is a word"),
        ("text: x\nparts: [{}]", "2:9: parts[0]: kind is missing"),
        ("[]", "1:1: found a list, allowed is a mapping"),
    ] {
        assert_eq!(thing(text).unwrap_err(), wanted, "{text}");
    }
}

#[test]
fn numbers_as_yaml_writes_them() {
    for (text, number) in [("7", 7), ("'7'", 7), ("0x7", 7), ("0o7", 7), ("+7", 7)] {
        assert_eq!(
            thing(&format!("text: x\nnumber: {text}")).unwrap().0.number.map(Within::get),
            Some(number)
        );
    }
    for text in ["-7", "0x-7", "99999999999999999999"] {
        assert!(thing(&format!("text: x\nnumber: {text}")).unwrap_err().contains("number: found"));
    }
}
