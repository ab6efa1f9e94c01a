use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::thread;

use super::*;
use crate::config::{self, HostFacts};

/// A directory of one test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("crier-confine-{}-{name}", std::process::id()));
        for part in ["etc", "state", "run", "other"] {
            fs::create_dir_all(path.join(part)).unwrap();
        }
        fs::write(path.join("etc/crier.toml"), "").unwrap();
        fs::write(path.join("other/key"), "key").unwrap();
        Self(path)
    }

    fn model(&self, kernel: &str) -> Model {
        let path = self.0.display();
        let text = format!(
            "[router]\nasn = 65000\nrouter-id = \"10.0.0.1\"\nstate-dir = \"{path}/state\"\n\
             [control]\nsocket = \"{path}/run/crier.sock\"\n{kernel}"
        );
        config::parse(&text, "crier.toml", &HostFacts::default()).unwrap()
    }

    fn paths(&self, model: &Model) -> Paths {
        Paths::of(&self.0.join("etc/crier.toml"), model, None)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Runs `work` in a thread of its own that was confined for `model`.
fn confined<T: Send>(model: &Model, paths: &Paths, work: impl FnOnce(&Confinement) -> T + Send) -> T {
    let inside = || {
        let mut confinement = Confinement::begin(model, paths);
        confinement.finish(Threads::This);
        work(&confinement)
    };
    thread::scope(|scope| scope.spawn(inside).join()).unwrap()
}

#[test]
fn everything_is_in_force_on_this_kernel() {
    let directory = Directory::new("whole");
    let model = directory.model("");
    let confinement = confined(&model, &directory.paths(&model), Clone::clone);
    assert_eq!(confinement.lacking().collect::<Vec<_>>(), []);
    assert_eq!(confinement.in_force().count(), 4);
    assert_eq!(confinement.capabilities, 0);
}

#[test]
fn capabilities_are_those_of_the_kernels_routes_alone() {
    let directory = Directory::new("capabilities");
    let status = |kernel: &str| {
        let model = directory.model(kernel);
        confined(&model, &directory.paths(&model), |confinement| {
            let text = fs::read_to_string("/proc/thread-self/status").unwrap();
            (confinement.capabilities, text)
        })
    };
    let had = rustix::thread::capabilities(None).unwrap().permitted.bits();
    for (kernel, keeps) in [("", 0), ("[kernel]\n", 1 << 12), ("[kernel]\ninstall = false\n", 0)] {
        let (kept, text) = status(kernel);
        assert_eq!(kept, had & keeps, "{kernel}");
        for set in ["CapEff", "CapPrm"] {
            assert!(text.contains(&format!("{set}:\t{kept:016x}\n")), "{set} {kernel}: {text}");
        }
        assert!(text.contains("CapInh:\t0000000000000000\n") && text.contains("CapAmb:\t0000000000000000\n"));
        assert!(text.contains("NoNewPrivs:\t1\n") && text.contains("Seccomp:\t2\n"), "{text}");
    }
}

#[test]
fn files_are_those_of_the_configuration() {
    let directory = Directory::new("files");
    let model = directory.model("");
    let paths = directory.paths(&model);
    let at = |name: &str| directory.0.join(name);
    assert!(paths.has(&at("etc/crier.toml")) && paths.has(&at("etc/key")) && !paths.has(&at("other/key")));
    std::os::unix::fs::symlink(at("other/key"), at("etc/link")).unwrap();
    assert!(!paths.has(&at("etc/link")), "a link out of the directory");
    fs::write(at("run/crier.sock"), "").unwrap();
    confined(&model, &paths, |_| {
        fs::read(at("etc/crier.toml")).unwrap();
        fs::read("/proc/net/netstat").unwrap();
        fs::write(at("state/new"), "x").unwrap();
        fs::rename(at("state/new"), at("state/old")).unwrap();
        fs::write(at("state/old"), "y").unwrap();
        fs::remove_file(at("run/crier.sock")).unwrap();
        let denied = |answer: std::io::Result<()>| answer.unwrap_err().kind() == ErrorKind::PermissionDenied;
        assert!(denied(fs::read(at("other/key")).map(drop)) && denied(fs::read(at("etc/link")).map(drop)));
        assert!(denied(fs::read("/etc/passwd").map(drop)));
        assert!(denied(fs::write(at("etc/crier.toml"), "")) && denied(fs::write(at("other/key"), "")));
        assert!(denied(fs::remove_file(at("etc/crier.toml"))) && denied(fs::write(at("run/new"), "")));
        assert!(denied(fs::write("/proc/sys/net/ipv4/ip_forward", "1")));
    });
}

#[test]
fn no_code_comes_into_memory() {
    let directory = Directory::new("code");
    let model = directory.model("");
    let refused = confined(&model, &directory.paths(&model), |_| {
        let data = memmap2::MmapMut::map_anon(4096).unwrap();
        data.make_exec().unwrap_err().raw_os_error()
    });
    assert_eq!(refused, Some(rustix::io::Errno::NOSYS.raw_os_error()));
}

#[test]
fn what_is_lacking_is_said() {
    let part = |kind, lacking: Option<&str>| Part { kind, lacking: lacking.map(str::to_owned) };
    let parts = vec![part(Kind::NoNewPrivileges, None), part(Kind::Files, Some("no such thing"))];
    let confinement = Confinement { capabilities: 0, parts };
    assert_eq!(confinement.in_force().map(Kind::name).collect::<Vec<_>>(), ["no-new-privs"]);
    assert_eq!(confinement.lacking().collect::<Vec<_>>(), [(Kind::Files, "no such thing")]);
}
