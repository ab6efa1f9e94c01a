//! docs/rfc.md, held to what there is: every file, item and test that it names exists, every test of this program is in it,
//! and so is every RFC that the core's comments cite.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The top of the workspace.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A row of a table: section and rule, code, tests.
struct Row {
    line: usize,
    cells: Vec<String>,
}

fn document() -> String {
    fs::read_to_string(top().join("docs/rfc.md")).unwrap()
}

fn rows(document: &str) -> Vec<Row> {
    let lines = document.lines().enumerate().filter(|(_, text)| text.starts_with("| "));
    let rows = lines.map(|(at, text)| Row {
        line: at + 1,
        cells: text.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect(),
    });
    rows.filter(|row| row.cells[0] != "section").collect()
}

/// What a cell names: items, each in the file whose name precedes it.
fn names(cell: &str) -> Vec<(String, Option<String>)> {
    let mut file = String::new();
    let mut names = Vec::new();
    for span in cell.split('`').skip(1).step_by(2) {
        if span.ends_with(".rs") {
            file = span.to_owned();
            names.push((file.clone(), None));
        } else {
            names.push((file.clone(), Some(span.to_owned())));
        }
    }
    names
}

/// Whether `text` defines an item of this name.
fn defines(text: &str, item: &str) -> bool {
    let kinds = ["fn ", "const ", "static ", "struct ", "enum ", "trait ", "mod "];
    kinds.iter().any(|kind| {
        let definition = format!("{kind}{item}");
        let ends = |rest: &str| rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        text.match_indices(&definition).any(|(at, found)| ends(&text[at + found.len()..]))
    })
}

fn is_test(text: &str, name: &str) -> bool {
    text.contains(&format!("#[test]\nfn {name}()")) || text.contains(&format!("#[test]\n    fn {name}()"))
}

/// Where a name in the table stands: code below `core/src`, tests of this program by their module alone.
fn read(file: &str) -> Option<String> {
    let top = top();
    let places = [top.join(file), top.join("core/src").join(file), top.join("core/tests/conduct").join(file)];
    places.iter().find_map(|place| fs::read_to_string(place).ok())
}

#[test]
fn every_name_in_the_table_exists() {
    let document = document();
    let rows = rows(&document);
    assert!(rows.len() > 60, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let [_, _, code, tests] = &row.cells[..] else {
            wrong.push(format!("line {}: {} cells", row.line, row.cells.len()));
            continue;
        };
        for (cell, is_code) in [(code, true), (tests, false)] {
            let names = names(cell);
            if names.is_empty() {
                wrong.push(format!("line {}: names nothing: {cell}", row.line));
            }
            for (file, item) in names {
                let found = read(&file);
                let fits = found.is_some_and(|text| match &item {
                    Some(item) if is_code => defines(&text, item),
                    Some(item) => is_test(&text, item),
                    None => true,
                });
                if !fits {
                    wrong.push(format!("line {}: {file} {item:?}", row.line));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "docs/rfc.md:\n{}", wrong.join("\n"));
}

#[test]
fn every_test_of_conduct_is_in_the_table() {
    let named: BTreeSet<(String, String)> = rows(&document())
        .iter()
        .filter_map(|row| row.cells.get(3))
        .flat_map(|cell| names(cell))
        .filter_map(|(file, item)| Some((file, item?)))
        .collect();
    let mut missing = Vec::new();
    for entry in fs::read_dir(top().join("core/tests/conduct")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        if file == "standards.rs" {
            continue;
        }
        for test in text.split("#[test]\nfn ").skip(1) {
            let name = test.split('(').next().unwrap().to_owned();
            if !named.contains(&(file.clone(), name.clone())) {
                missing.push(format!("{file} {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/rfc.md:\n{}", missing.join("\n"));
}

/// The numbers behind "RFC ".
fn cited(text: &str) -> BTreeSet<u32> {
    let number = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    text.split("RFC ").skip(1).filter_map(number).collect()
}

fn sources(directory: &Path, found: &mut BTreeSet<u32>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(cited(&fs::read_to_string(path).unwrap()));
        }
    }
}

#[test]
fn every_rfc_that_the_core_cites_is_spoken_of() {
    let mut found = BTreeSet::new();
    sources(&top().join("core/src"), &mut found);
    assert!(found.len() > 25, "{found:?}");
    let told = cited(&document());
    assert_eq!(found.difference(&told).copied().collect::<Vec<u32>>(), [], "not in docs/rfc.md");
}
