use super::*;

fn key(text: &str) -> Access {
    Access::Key(Key::new(text.as_bytes()).unwrap())
}

fn ring(entries: &[(&str, Access)]) -> Keyring {
    Keyring::new(entries.iter().map(|(net, access)| (net.parse().unwrap(), access.clone())))
}

fn signed(ring: &Keyring) -> Vec<(String, String)> {
    let text = |key: &Key| String::from_utf8(key.as_bytes().to_vec()).unwrap();
    ring.signed().iter().map(|(net, key)| (net.to_string(), text(key))).collect()
}

/// What the kernel does with a list of keys: the longest prefix wins.
fn longest<'a>(keys: &'a [(IpNet, &'a Key)], address: IpAddr) -> Option<&'a Key> {
    let holding = keys.iter().filter(|(net, _)| net.contains(&address));
    holding.max_by_key(|(net, _)| net.prefix_len()).map(|(_, key)| *key)
}

#[test]
fn a_key_has_1_to_80_bytes_and_is_never_printed() {
    assert_eq!(Key::new(b""), None);
    assert_eq!(Key::new(&[b'a'; 81]), None);
    assert_eq!(Key::new(&[b'a'; 80]).unwrap().as_bytes(), [b'a'; 80]);
    assert_eq!(format!("{:?}", ring(&[("10.0.0.0/8", key("secret"))])).find("secret"), None);
}

#[test]
fn the_longest_prefix_wins() {
    let ring = ring(&[
        ("10.0.0.0/8", key("wide")),
        ("10.1.0.0/16", Access::Closed),
        ("10.1.1.1/32", key("one")),
        ("10.1.1.1/32", Access::Open),
        ("2001:db8::/32", key("six")),
    ]);
    let access = |address: &str| ring.access(address.parse().unwrap());
    assert_eq!(access("10.9.9.9"), &key("wide"));
    assert_eq!(access("::ffff:10.9.9.9"), &key("wide"));
    assert_eq!(access("10.1.2.3"), &Access::Closed);
    assert_eq!(access("10.1.1.1"), &key("one"), "of two the first counts");
    assert_eq!(access("2001:db8::1"), &key("six"));
    assert_eq!(access("192.0.2.1"), &Access::Open);
}

#[test]
fn a_listener_gets_ranges_as_they_are_where_every_neighbor_in_them_is_signed() {
    let ring =
        ring(&[("10.0.0.0/24", key("range")), ("10.0.0.9/32", key("one")), ("10.0.0.8/32", Access::Closed)]);
    let expected = [("10.0.0.9/32", "one"), ("10.0.0.0/24", "range")];
    assert_eq!(signed(&ring), expected.map(|(net, key)| (net.to_owned(), key.to_owned())));
    assert!(signed(&Keyring::new([("10.0.0.1/32".parse().unwrap(), Access::Open)])).is_empty());
}

#[test]
fn a_neighbor_without_a_key_is_left_out_of_its_range() {
    let ring = ring(&[
        ("10.0.0.0/24", key("range")),
        ("10.0.0.64/26", key("inner")),
        ("10.0.0.70/32", Access::Open),
        ("10.0.0.71/32", key("one")),
        ("2001:db8::/126", key("six")),
        ("2001:db8::2/128", Access::Open),
    ]);
    let keys = ring.signed();
    for last in 0..=255 {
        let address = IpAddr::from([10, 0, 0, last]);
        let expected = match ring.access(address) {
            Access::Key(key) => Some(key),
            _ => None,
        };
        assert_eq!(longest(&keys, address), expected, "{address}");
    }
    assert_eq!(longest(&keys, "10.0.1.0".parse().unwrap()), None);
    for (address, expected) in [("2001:db8::1", true), ("2001:db8::2", false), ("2001:db8::3", true)] {
        assert_eq!(longest(&keys, address.parse().unwrap()).is_some(), expected, "{address}");
    }
    // No prefix twice: the kernel would keep one of the two keys.
    let mut nets: Vec<_> = keys.iter().map(|(net, _)| *net).collect();
    nets.sort();
    nets.dedup();
    assert_eq!(nets.len(), keys.len());
}

#[test]
fn rings_are_kept_by_instance() {
    let mut rings = Keyrings::default();
    let address = "10.0.0.1".parse().unwrap();
    rings.replace(2, ring(&[("10.0.0.0/8", key("a"))]));
    assert_eq!(rings.of(2).access(address), &key("a"));
    assert_eq!((rings.of(0).access(address), rings.of(7).access(address)), (&Access::Open, &Access::Open));
    assert_eq!(rings.replace(2, Keyring::default()).access(address), &key("a"));
    assert_eq!(rings.of(2).access(address), &Access::Open);
}
