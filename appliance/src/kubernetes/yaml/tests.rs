use super::*;

/// A node as one line, without positions.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, plain: true } => text.to_string(),
        Value::Scalar { text, plain: false } => format!("{text:?}"),
        Value::List(nodes) => format!("[{}]", nodes.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Map(entries) => {
            let entry = |entry: &Entry| format!("{}={}", entry.key, shown(&entry.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
        }
    }
}

fn read(text: &str) -> Vec<String> {
    documents(text).unwrap().iter().map(shown).collect()
}

fn error(text: &str) -> String {
    let Malformed { position, text } = documents(text).unwrap_err();
    format!("{position}: {text}")
}

#[test]
fn documents_of_every_form() {
    assert_eq!(read(""), [""; 0]);
    assert_eq!(
        read("---\n# nothing\n---\na: 1\n--- # again\nb: ['2', \"3\", x]\n...\n"),
        ["{a=1}", "{b=[\"2\" \"3\" x]}"]
    );
    assert_eq!(
        read(r#"{"a": {"b": [1, true, null, "x"]}}"#),
        [r#"{"a"={"b"=[1 true null "x"]}}"#.replace("\"a\"", "a").replace("\"b\"", "b")]
    );
    assert_eq!(
        read("a: |\n  one\n  two\nb: >-\n  one\n  two\nc: !!str 7"),
        [r#"{a="one\ntwo\n" b="one two" c="7"}"#]
    );
}

#[test]
fn positions_are_those_of_the_file() {
    let documents = documents("---\na: 1\n---\nb:\n  - c: x\n").unwrap();
    let c = documents[1].get("b").unwrap();
    let Value::List(items) = &c.value else { panic!("{c:?}") };
    assert_eq!(items[0].position, Position { line: 5, column: 5 });
    assert_eq!(items[0].get("c").unwrap().position, Position { line: 5, column: 8 });
}

#[test]
fn aliases_and_merges_stand_for_what_they_name() {
    assert_eq!(read("a: &x {k: 1}\nb: *x\nc: [*x, *x]"), ["{a={k=1} b={k=1} c=[{k=1} {k=1}]}"]);
    let merged = "base: &x {k: 1, l: 2}\none: {k: 3, <<: *x}\ntwo:\n  <<: [*x, {l: 4, m: 5}]\n  k: 6\n";
    assert_eq!(read(merged), ["{base={k=1 l=2} one={k=3 l=2} two={k=6 l=2 m=5}}"]);
    assert_eq!(error("a: {<<: 1}"), "1:5: what << takes in has to be a mapping");
    // An anchor of one document is unknown to the next.
    let nothing = "an alias of nothing that is whole before it in this document";
    assert_eq!(error("a: &x 1\n---\nb: *x\n"), format!("3:4: {nothing}"));
    assert_eq!(error("a: &x [*x]"), format!("1:8: {nothing}"));
    assert!(error("a: *x").starts_with("1:4: not YAML: "));
}

#[test]
fn a_key_is_there_once() {
    assert_eq!(
        error("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"),
        "5:3: c: found twice, allowed once; first in line 3"
    );
    assert_eq!(error("[a]: 1"), "1:1: a key has to be a word");
}

#[test]
fn what_is_not_yaml_says_where() {
    assert!(error("a: b: c").starts_with("1:5: not YAML: "), "{}", error("a: b: c"));
    assert!(error("a:\n\t- b").starts_with("2:2: not YAML: tabs"), "{}", error("a:\n\t- b"));
    assert!(error("a: {b\n").contains("not YAML: "));
}

#[test]
fn a_small_file_becomes_no_large_tree() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let former = level - 1;
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{former}"); 10].join(", "));
    }
    assert!(error(&bomb).ends_with("anchors and aliases repeat more than 50000 values of this file"));
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(documents(&deep(MAX_DEPTH)).unwrap().len(), 1);
    assert_eq!(error(&deep(MAX_DEPTH + 1)), "1:65: nested more than 64 levels deep");
    let nested = format!("a: &x {}\nb: [*x]\n", deep(MAX_DEPTH - 1));
    assert_eq!(error(&nested), "2:5: nested more than 64 levels deep");
}
