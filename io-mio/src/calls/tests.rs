use std::fs::File;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

use seccompiler::TargetArch;
use socket2::{Domain, Protocol, Socket, Type};

use super::*;

/// Runs `work` in a thread of its own under the list.
fn restricted<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let inside = || {
        rustix::thread::set_no_new_privs(true).unwrap();
        restrict(Threads::This).unwrap();
        work()
    };
    thread::scope(|scope| scope.spawn(inside).join()).unwrap()
}

fn is_unknown<T>(answer: io::Result<T>) -> bool {
    answer.is_err_and(|error| error.raw_os_error() == Some(libc::ENOSYS))
}

#[test]
fn what_the_loop_does_is_allowed() {
    let heard = restricted(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        near.set_nonblocking(true).unwrap();
        let (far, _) = listener.accept().unwrap();
        io::Write::write_all(&mut &far, b"x").unwrap();
        let mut poll = mio::Poll::new().unwrap();
        let mut stream = mio::net::TcpStream::from_std(near);
        poll.registry().register(&mut stream, mio::Token(1), mio::Interest::READABLE).unwrap();
        poll.poll(&mut mio::Events::with_capacity(1), None).unwrap();
        UnixStream::pair().unwrap();
        assert!(!crate::host_addresses().unwrap().is_empty());
        File::open("/proc/self/status").unwrap();
        // Past what the allocator has at hand.
        vec![1_u8; 64 << 20].len()
    });
    assert_eq!(heard, 64 << 20);
}

#[test]
fn the_rest_is_unknown() {
    assert!(restricted(|| is_unknown(Command::new("true").status())));
    assert!(restricted(|| is_unknown(thread::Builder::new().spawn(|| {}))));
    assert!(restricted(|| is_unknown(UdpSocket::bind("127.0.0.1:0"))));
    assert!(restricted(|| is_unknown(Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::TCP)))));
    assert!(restricted(|| is_unknown(Socket::new(Domain::PACKET, Type::DGRAM, None))));
    assert!(restricted(|| is_unknown(std::fs::create_dir("/tmp/crier-calls-test"))));
    assert!(restricted(|| is_unknown(std::os::unix::fs::chroot("/"))));
    let others = rustix::process::Pid::INIT;
    assert!(restricted(|| rustix::process::test_kill_process(others) == Err(rustix::io::Errno::NOSYS)));
}

#[test]
fn the_list_fits_a_filter() {
    let own = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    assert!(list::filter(own).unwrap().len() < 4096, "BPF_MAXINSNS");
}

#[test]
fn no_thread_escapes_where_all_are_meant() {
    // All threads of this process: so in a child of its own.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "calls::tests::all_threads_of_a_child", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("both are restricted"), "{said}");
}

/// Says to a child of this program that it is one.
const CHILD: &str = "CRIER_CALLS_CHILD";

#[test]
fn all_threads_of_a_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (go, told) = std::sync::mpsc::channel::<()>();
    let other = thread::spawn(move || {
        told.recv().unwrap();
        is_unknown(UdpSocket::bind("127.0.0.1:0"))
    });
    rustix::thread::set_no_new_privs(true).unwrap();
    restrict(Threads::All).unwrap();
    go.send(()).unwrap();
    assert!(other.join().unwrap() && is_unknown(UdpSocket::bind("127.0.0.1:0")));
    println!("both are restricted");
}
