use std::io::ErrorKind;
use std::net::TcpListener;

use socket2::SockRef;

use super::*;
use crate::cause::close_cause;
use crier_core::speaker::CloseCause;

fn listener(address: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Waits, as the loop does, until the attempt is over.
fn finish(stream: &mut TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
    let mut poll = mio::Poll::new()?;
    let mut events = mio::Events::with_capacity(4);
    poll.registry().register(stream, mio::Token(0), mio::Interest::READABLE | mio::Interest::WRITABLE)?;
    loop {
        if let Some(ends) = dialled(stream)? {
            return Ok(ends);
        }
        poll.poll(&mut events, None)?;
    }
}

#[test]
fn dials_both_families_from_a_source_address() {
    for (bind, source) in [("127.0.0.1:0", "127.0.0.9"), ("[::1]:0", "::1")] {
        let (listener, address) = listener(bind);
        let (mut stream, _) =
            dial(address, Some(source.parse().unwrap()), None, Ttl::Default, true, &Access::Open).unwrap();
        let (remote, local) = finish(&mut stream).unwrap();
        assert_eq!(remote, address);
        assert_eq!(local.ip(), source.parse::<IpAddr>().unwrap());
        assert_ne!(local.port(), 0);
        assert_eq!(listener.accept().unwrap().1, local);
    }
}

#[test]
fn options_follow_the_ttl_rules() {
    let (_v4, v4) = listener("127.0.0.1:0");
    let (_v6, v6) = listener("[::1]:0");
    let system = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap().ttl_v4().unwrap();
    let system6 = Socket::new(Domain::IPV6, Type::STREAM, None).unwrap().unicast_hops_v6().unwrap();
    for (ttl, external, expected, expected6) in [
        (Ttl::Default, true, 1, 1),
        (Ttl::Default, false, system, system6),
        (Ttl::Multihop(7), true, 7, 7),
        (Ttl::Multihop(0), false, 1, 1),
        (Ttl::Security(1), true, 255, 255),
    ] {
        let (stream, _) = dial(v4, None, None, ttl, external, &Access::Open).unwrap();
        let socket = SockRef::from(&stream);
        assert_eq!(socket.ttl_v4().unwrap(), expected, "{ttl:?} {external}");
        assert_eq!(socket.tos_v4().unwrap(), CONTROL_TRAFFIC);
        assert!(socket.tcp_nodelay().unwrap());
        let (stream, _) = dial(v6, None, None, ttl, external, &Access::Open).unwrap();
        let socket = SockRef::from(&stream);
        assert_eq!(socket.unicast_hops_v6().unwrap(), expected6, "{ttl:?} {external}");
        assert_eq!(socket.tclass_v6().unwrap(), CONTROL_TRAFFIC);
    }
}

#[test]
fn security_counts_hops_from_255() {
    assert_eq!(hops(Ttl::Security(1), true), (Some(255), Some(255)));
    assert_eq!(hops(Ttl::Security(2), false), (Some(255), Some(254)));
    assert_eq!(hops(Ttl::Security(255), true), (Some(255), Some(1)));
    assert_eq!(hops(Ttl::Security(0), true), (Some(255), Some(255)));
}

#[test]
fn security_refuses_a_distant_neighbor() {
    for bind in ["127.0.0.1:0", "[::1]:0"] {
        // The listener answers with the system's 64, too far away for one hop: the attempt stays open.
        let (listener, address) = listener(bind);
        let (stream, over) = dial(address, None, None, Ttl::Security(1), true, &Access::Open).unwrap();
        assert!(!over);
        assert!(dialled(&stream).unwrap().is_none(), "{bind}");
        let socket = SockRef::from(&listener);
        prepare(&socket, address.ip(), Ttl::Security(1), true).unwrap();
        let (mut stream, _) = dial(address, None, None, Ttl::Security(1), true, &Access::Open).unwrap();
        assert_eq!(finish(&mut stream).unwrap().0, address);
    }
}

#[test]
fn nobody_there_is_a_refusal() {
    let (gone, address) = listener("127.0.0.1:0");
    drop(gone);
    let error = dial(address, None, None, Ttl::Default, true, &Access::Open)
        .and_then(|(mut stream, _)| finish(&mut stream))
        .unwrap_err();
    assert_eq!(close_cause(&error), CloseCause::Refused);
}

#[test]
fn a_source_that_is_not_ours_is_a_local_error() {
    let (_listener, address) = listener("127.0.0.1:0");
    for source in ["192.0.2.1", "::1"] {
        let error = dial(address, Some(source.parse().unwrap()), None, Ttl::Default, true, &Access::Open)
            .unwrap_err();
        assert_eq!(close_cause(&error), CloseCause::LocalError, "{source}");
    }
}

#[test]
fn meeting_oneself_is_no_connection() {
    let socket = open("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    let own = socket.local_addr().unwrap();
    let _ = socket.connect(&own);
    let error = finish(&mut TcpStream::from_std(StdStream::from(socket))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_link_local_source_takes_the_link_of_the_remote_end() {
    let remote = "[fe80::2%3]:179".parse().unwrap();
    assert_eq!(source("fe80::1".parse().unwrap(), remote), "[fe80::1%3]:0".parse().unwrap());
    assert_eq!(source("2001:db8::1".parse().unwrap(), remote), "[2001:db8::1]:0".parse().unwrap());
}

#[test]
fn an_interface_is_dialled_from() {
    let (_listener, address) = listener("127.0.0.1:0");
    let loopback = InterfaceName::new("lo");
    let (mut stream, _) = dial(address, None, loopback, Ttl::Default, true, &Access::Open).unwrap();
    assert!(finish(&mut stream).is_ok());
    let missing = InterfaceName::new("no-such-one");
    assert!(dial(address, None, missing, Ttl::Default, true, &Access::Open).is_err());
}

#[test]
fn an_accepted_neighbor_was_near_before_its_first_byte() {
    for (bind, source) in [("127.0.0.1:0", "127.0.0.9"), ("[::1]:0", "::1")] {
        let (listener, address) = listener(bind);
        for (ttl, near) in [(Ttl::Security(1), true), (Ttl::Multihop(254), false), (Ttl::Multihop(64), false)]
        {
            if near {
                // The dialled end hears a near listener only.
                prepare(&SockRef::from(&listener), address.ip(), ttl, true).unwrap();
            }
            let source = Some(source.parse().unwrap());
            let (mut stream, _) = dial(address, source, None, ttl, true, &Access::Open).unwrap();
            let (remote, local) = finish(&mut stream).unwrap();
            assert_eq!(remote, address);
            let (accepted, from) = listener.accept().unwrap();
            assert_eq!(from, local);
            let socket = SockRef::from(&accepted);
            assert_eq!(is_near(&socket, from.ip(), Ttl::Security(1)).unwrap(), near, "{bind} {ttl:?}");
            assert!(is_near(&socket, from.ip(), Ttl::Security(192)).unwrap());
            assert!(is_near(&socket, from.ip(), Ttl::Default).unwrap());
            if near {
                let all = if address.is_ipv4() {
                    sockopt::set_min_ttl_v4(&listener, 0)
                } else {
                    sockopt::set_min_hops_v6(&listener, 0)
                };
                all.unwrap();
            }
        }
    }
}
