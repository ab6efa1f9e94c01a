use super::*;
use crate::kubernetes::meta::Key;

/// A directory of its own, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("crier-manifests-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), text).unwrap();
    }

    /// What is read, with the remarks' files by name only.
    fn load(&self, former: &Resources) -> (Resources, Vec<String>) {
        let (found, remarks) = load(&self.0, former).unwrap();
        let directory = format!("{}/", self.0.display());
        (found, remarks.iter().map(|remark| remark.to_string().replace(&directory, "")).collect())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn service(name: &str, ip: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{externalIPs: [{ip}]}}\n")
}

fn names(resources: &Resources) -> Vec<String> {
    resources
        .services
        .values()
        .map(|known| format!("{}={}", known.metadata.name, known.body.spec.external_ips[0]))
        .collect()
}

#[test]
fn what_cannot_be_read_stays_as_it_was() {
    let directory = Directory::new("stays");
    directory.write("a.yaml", service("a", "192.0.2.1") + "---\n" + &service("b", "192.0.2.2"));
    directory.write("b.yml", service("c", "192.0.2.3"));
    let (first, remarks) = directory.load(&Resources::default());
    assert_eq!(names(&first), ["a=192.0.2.1", "b=192.0.2.2", "c=192.0.2.3"]);
    assert!(remarks.is_empty(), "{remarks:?}");
    // One file is no YAML any more; in the other the resource is.
    directory.write("a.yaml", "kind: [\n");
    directory.write("b.yml", service("c", "here"));
    let (second, remarks) = directory.load(&first);
    assert_eq!(names(&second), names(&first));
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert!(remarks[0].starts_with("a.yaml:2:1: not YAML: "), "{remarks:?}");
    assert!(remarks[0].ends_with("; 2 resources stay as they were"), "{remarks:?}");
    assert!(remarks[1].starts_with("b.yml:4:22: Service default/c: spec.externalIPs[0]: "), "{remarks:?}");
    assert!(remarks[1].ends_with("; it stays as it was"), "{remarks:?}");
    // Whoever never knew them has nothing to keep.
    let (fresh, remarks) = directory.load(&Resources::default());
    assert_eq!(names(&fresh), [""; 0]);
    assert!(remarks.iter().all(|remark| !remark.contains("stay")), "{remarks:?}");
    // They come back, and what is taken out goes.
    directory.write("a.yaml", service("b", "192.0.2.9"));
    directory.write("b.yml", "");
    assert_eq!(directory.load(&second).0.services.len(), 1);
    assert_eq!(names(&directory.load(&second).0), ["b=192.0.2.9"]);
}

#[test]
fn what_is_there_twice_counts_as_it_stands_first() {
    let directory = Directory::new("twice");
    directory.write("1.yaml", service("a", "192.0.2.1"));
    directory.write("2.json", r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}"#);
    directory.write("3.yaml", service("a", "here"));
    let (found, remarks) = directory.load(&Resources::default());
    assert_eq!(names(&found), ["a=192.0.2.1"]);
    assert!(
        remarks[0].starts_with("2.json:1:1: Service default/a: found twice; what stands in "),
        "{remarks:?}"
    );
    assert!(remarks[1].starts_with("3.yaml:4:22: Service default/a: "), "{remarks:?}");
    let key = Key { namespace: "default".to_owned(), name: "a".to_owned() };
    assert_eq!(found.services[&key].place.as_ref().unwrap().position, Position { line: 1, column: 1 });
}

#[test]
fn only_manifests_are_read() {
    let directory = Directory::new("only");
    directory.write("README.md", "# no manifest");
    directory.write(".hidden.yaml", service("a", "192.0.2.1"));
    directory.write("b.yaml~", service("b", "192.0.2.1"));
    directory.write("c.yaml", service("c", "192.0.2.1"));
    directory.write("d.yaml", b"a: \xff");
    directory.write("e.yaml", "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: x, namespace: y}\n");
    fs::create_dir(directory.0.join("f.yaml")).unwrap();
    let (found, remarks) = directory.load(&Resources::default());
    assert_eq!(names(&found), ["c=192.0.2.1"]);
    assert_eq!(
        remarks[..2],
        ["d.yaml: cannot be read: byte 3 is not UTF-8", "e.yaml:1:1: apps/v1 DaemonSet y/x: of no use here"]
    );
    assert!(remarks[2].starts_with("f.yaml: cannot be read: "), "{remarks:?}");
    assert!(load(&directory.0.join("none"), &found).is_err());
}
