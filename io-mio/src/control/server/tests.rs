use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};

use mio::Poll;

use super::*;

/// A directory of its own for a test, removed with it.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("crier-control-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    fn path(&self) -> PathBuf {
        self.0.join("crier.sock")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bind(path: &Path) -> Result<Server, ControlError> {
    Server::bind(Poll::new().unwrap().registry(), path)
}

#[test]
fn owner_and_group_may_connect_and_the_file_goes_with_the_server() {
    let dir = Dir::new();
    let server = bind(&dir.path()).unwrap();
    assert_eq!(fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o660);
    let _client = UnixStream::connect(dir.path()).unwrap();
    assert!(server.accept().is_ok());
    assert_eq!(server.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    drop(server);
    assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 0);
}

#[test]
fn a_stale_socket_is_replaced() {
    let dir = Dir::new();
    drop(StdListener::bind(dir.path()).unwrap());
    assert!(dir.path().exists());
    let server = bind(&dir.path()).unwrap();
    let _client = UnixStream::connect(dir.path()).unwrap();
    assert!(server.accept().is_ok());
}

#[test]
fn a_socket_that_somebody_answers_on_is_left_alone() {
    let dir = Dir::new();
    let first = bind(&dir.path()).unwrap();
    let error = bind(&dir.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot open the control socket {}: another crier answers on it", dir.path().display())
    );
    let _client = UnixStream::connect(dir.path()).unwrap();
    assert!(first.accept().is_ok());
}

#[test]
fn one_that_is_too_busy_to_answer_is_in_use_too() {
    let dir = Dir::new();
    let busy = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    busy.bind(&SockAddr::unix(dir.path()).unwrap()).unwrap();
    busy.listen(0).unwrap();
    let _waiting = UnixStream::connect(dir.path()).unwrap();
    assert!(matches!(bind(&dir.path()).unwrap_err().kind, ControlErrorKind::InUse));
}

#[test]
fn what_is_no_socket_is_not_removed() {
    let dir = Dir::new();
    fs::write(dir.path(), "precious").unwrap();
    assert!(matches!(bind(&dir.path()).unwrap_err().kind, ControlErrorKind::NotASocket));
    assert_eq!(fs::read_to_string(dir.path()).unwrap(), "precious");
}

#[test]
fn another_ones_file_is_not_removed_at_the_end() {
    let dir = Dir::new();
    let server = bind(&dir.path()).unwrap();
    fs::remove_file(dir.path()).unwrap();
    let _successor = StdListener::bind(dir.path()).unwrap();
    drop(server);
    assert!(dir.path().exists());
}

#[test]
fn one_missing_directory_is_made_and_no_more() {
    let dir = Dir::new();
    let _server = bind(&dir.0.join("run/crier.sock")).unwrap();
    let error = bind(&dir.0.join("no/such/crier.sock")).unwrap_err();
    assert!(
        error.to_string().ends_with("its directory does not exist, nor does the directory above"),
        "{error}"
    );
}
