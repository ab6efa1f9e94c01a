use std::fs;

use super::*;
use crate::config::{HostFacts, parse as parse_config};

/// A directory of its own, gone with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("crier-keys-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn key(text: &[u8]) -> Result<Key, String> {
    Ok(Key::new(text).unwrap())
}

#[test]
fn a_file_holds_one_line_of_1_to_80_bytes() {
    let scratch = Scratch::new("line");
    let read = |text: &[u8]| read(&scratch.write("key", text));
    for text in ["secret", "secret\n", "secret\r\n"] {
        assert_eq!(read(text.as_bytes()), key(b"secret"));
    }
    assert_eq!(read(b" with spaces \n"), key(b" with spaces "));
    assert_eq!(read(&[b'a'; 80]), key(&[b'a'; 80]));
    assert_eq!(read(&[[b'a'; 80].as_slice(), b"\r\n"].concat()), key(&[b'a'; 80]));
    for empty in ["", "\n", "\r\n"] {
        assert_eq!(read(empty.as_bytes()), Err("is empty".to_owned()));
    }
    assert_eq!(read(b"one\ntwo\n"), Err("has more than one line".to_owned()));
    for len in [81, 83, 10_000] {
        assert_eq!(read(&vec![b'a'; len]), Err("has a key of more than 80 bytes".to_owned()), "{len}");
    }
    assert_eq!(super::read(&scratch.0), Err("is no file".to_owned()));
    assert_eq!(super::read(Path::new("/dev/zero")), Err("is no file".to_owned()));
    assert!(super::read(&scratch.0.join("none")).unwrap_err().contains("No such file"));
}

fn model(scratch: &Scratch) -> Model {
    let dir = scratch.0.display();
    let text = format!(
        r#"
        [router]
        asn = 65000
        router-id = "192.0.2.1"
        [[group]]
        name = "nodes"
        remote-asn = 65000
        max-prefixes = 1
        dynamic = ["10.0.0.0/24"]
        password-file = "{dir}/nodes"
        [[neighbor]]
        address = "10.0.0.9"
        remote-asn = 65000
        max-prefixes = 1
        [[neighbor]]
        address = "10.0.0.8"
        group = "nodes"
        [[neighbor]]
        address = "2001:db8::2"
        group = "nodes"
        password-file = "{dir}/six"
    "#
    );
    parse_config(&text, "crier.toml", &HostFacts::default()).unwrap()
}

fn access(ring: &Keyring, remote: &str) -> Access {
    ring.access(remote.parse().unwrap()).clone()
}

#[test]
fn neighbors_and_ranges_have_their_keys_and_inherit_those_of_groups() {
    let scratch = Scratch::new("ring");
    scratch.write("nodes", "nodes\n");
    scratch.write("six", "sesame\n");
    let model = model(&scratch);
    let keys = Keys::read(&model, &Keys::default());
    assert_eq!(keys.warnings(&model), []);
    assert_eq!(keys.locked().count(), 0);
    let ring = keys.ring(&model);
    let nodes = Access::Key(Key::new(b"nodes").unwrap());
    assert_eq!(access(&ring, "10.0.0.1"), nodes);
    assert_eq!(access(&ring, "10.0.0.8"), nodes);
    assert_eq!(access(&ring, "10.0.0.9"), Access::Open, "no group, no key");
    assert_eq!(access(&ring, "2001:db8::2"), Access::Key(Key::new(b"sesame").unwrap()));
    assert!(!format!("{model:?} {keys:?} {ring:?}").contains("sesame"), "keys are not printed");
    assert!(keys.of("10.0.0.9".parse().unwrap(), false).is_none());
    assert!(keys.of("10.0.0.7".parse().unwrap(), true).unwrap().trouble().is_none());
    // A configuration without keys has none.
    let none = Keys::default().ring(&Model { passwords: Vec::new(), ..model });
    assert_eq!(access(&none, "10.0.0.1"), Access::Open);
}

#[test]
fn a_key_that_cannot_be_read_closes_the_door_or_stays_as_it_was() {
    let scratch = Scratch::new("closed");
    scratch.write("nodes", "");
    let model = model(&scratch);
    let keys = Keys::read(&model, &Keys::default());
    let ring = keys.ring(&model);
    for remote in ["10.0.0.1", "10.0.0.8", "2001:db8::2"] {
        assert_eq!(access(&ring, remote), Access::Closed, "{remote}");
    }
    assert_eq!(access(&ring, "10.0.0.9"), Access::Open);
    let locked: Vec<String> = keys.locked().map(|(remote, _)| remote.to_string()).collect();
    assert_eq!(locked, ["10.0.0.8", "2001:db8::2"]);
    let dir = scratch.0.display();
    let said: Vec<String> = keys.warnings(&model).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            format!(
                "crier.toml:10:25: group.password-file: {dir}/nodes is empty: nobody from 10.0.0.0/24 is accepted"
            ),
            format!("crier.toml:10:25: group.password-file: {dir}/nodes is empty: 10.0.0.8 is held down"),
            format!(
                "crier.toml:21:25: neighbor.password-file: {dir}/six cannot be read (No such file or directory \
                 (os error 2)): 2001:db8::2 is held down"
            ),
        ]
    );

    // Once it could be read, it stays.
    scratch.write("nodes", "nodes");
    let good = Keys::read(&model, &keys);
    scratch.write("nodes", "");
    let again = Keys::read(&model, &good);
    let nodes = Access::Key(Key::new(b"nodes").unwrap());
    for remote in ["10.0.0.1", "10.0.0.8"] {
        assert_eq!(access(&again.ring(&model), remote), nodes, "{remote}");
    }
    assert_eq!(access(&again.ring(&model), "2001:db8::2"), Access::Closed);
    let said = again.warnings(&model).into_iter().map(|warning| warning.message).collect::<Vec<_>>();
    assert_eq!(said[1], format!("{dir}/nodes is empty: 10.0.0.8 keeps the key that it had"));
    let trouble = again.of("10.0.0.8".parse().unwrap(), false).unwrap().trouble().unwrap();
    assert!(trouble.ends_with("is empty: the former key stays in force"), "{trouble}");
}
