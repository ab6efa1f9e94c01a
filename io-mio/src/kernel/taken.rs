//! Prefixes that are the host's own business: its links, and what its operator has routed by hand.
//!
//! Such a route of the kernel's stays the one that is used, whatever its metric says: a neighbor that announces the prefix of
//! our own link does not take the link over, which IPv6 ones with their metric of 256 would let it.

use ipnet::IpNet;

use super::resolve::Foreign;

/// `RTPROT_RA`: what a daemon makes of a router's advertisement.
pub(super) const ADVERTISED: u8 = 9;
/// Metric that Linux gives an IPv6 route for which nobody named one.
const UNNAMED: u32 = 1024;

/// All of them, ascending.
#[derive(Debug)]
pub(super) struct Taken {
    prefixes: Vec<IpNet>,
    /// Those that there were, while they are compared.
    before: Vec<IpNet>,
}

impl Taken {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self { prefixes: Vec::with_capacity(most), before: Vec::with_capacity(most) }
    }

    /// Bytes that this allocates.
    pub(super) const fn bytes(most: usize) -> usize {
        2 * most * size_of::<IpNet>()
    }

    /// Whether exactly this prefix is one.
    pub(super) fn holds(&self, prefix: IpNet) -> bool {
        self.prefixes.binary_search(&prefix).is_ok()
    }

    /// These are all from now on. `each` is told of those that come and go.
    pub(super) fn replace(&mut self, all: impl Iterator<Item = IpNet>, mut each: impl FnMut(IpNet)) {
        let Self { prefixes, before } = self;
        std::mem::swap(prefixes, before);
        prefixes.clear();
        prefixes.extend(all.take(prefixes.capacity()));
        prefixes.sort_unstable();
        prefixes.dedup();
        let lacks = |list: &[IpNet], prefix: &IpNet| list.binary_search(prefix).is_err();
        prefixes.iter().filter(|prefix| lacks(before, prefix)).for_each(|prefix| each(*prefix));
        before.iter().filter(|prefix| lacks(prefixes, prefix)).for_each(|prefix| each(*prefix));
    }
}

impl Foreign {
    /// Whether it keeps a route of this metric with its prefix out. One that the operator gave a higher metric stands behind
    /// ours on purpose.
    pub(super) fn keeps_out(&self, metric: u32) -> bool {
        match self.protocol {
            libc::RTPROT_KERNEL | ADVERTISED => self.is_on_link(),
            libc::RTPROT_BOOT | libc::RTPROT_STATIC => {
                let is_unnamed = matches!(self.prefix, IpNet::V6(_)) && self.metric == UNNAMED;
                self.metric <= metric || is_unnamed
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolve::hops_of;
    use super::*;
    use crate::netlink::Hop;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn links_and_what_was_put_there_by_hand_keep_others_out() {
        let on_link = Hop { gateway: None, interface: 3, onlink: false };
        let behind = Hop { gateway: Some("192.0.2.1".parse().unwrap()), ..on_link };
        let (kernel, ra, boot, by_hand, dhcp) =
            (libc::RTPROT_KERNEL, ADVERTISED, libc::RTPROT_BOOT, libc::RTPROT_STATIC, 16);
        for (prefix, metric, protocol, hop, keeps_out) in [
            ("192.0.2.0/24", 100, kernel, Some(on_link), true),
            ("2001:db8::/64", 256, kernel, Some(on_link), true),
            ("2001:db8::/64", 512, ra, Some(on_link), true),
            ("2001:db8::/64", 256, kernel, Some(behind), false),
            ("2001:db8::/64", 256, kernel, None, false),
            ("10.0.0.0/8", 0, boot, Some(behind), true),
            ("10.0.0.0/8", 20, by_hand, None, true),
            // On purpose behind ours.
            ("10.0.0.0/8", 21, by_hand, Some(behind), false),
            ("10.0.0.0/8", 1024, by_hand, Some(behind), false),
            ("2001:db8::/64", 1025, boot, Some(behind), false),
            // Nobody said where it is to stand.
            ("2001:db8::/64", 1024, boot, Some(behind), true),
            ("0.0.0.0/0", 0, dhcp, Some(behind), false),
        ] {
            let route = Foreign { prefix: net(prefix), metric, protocol, hops: hops_of(hop), seen: 1 };
            assert_eq!(route.keeps_out(20), keeps_out, "{route:?}");
        }
    }

    #[test]
    fn what_comes_and_goes_is_told() {
        let mut taken = Taken::new(2);
        let replace = |taken: &mut Taken, list: &[&str]| {
            let mut told = Vec::new();
            taken.replace(list.iter().map(|prefix| net(prefix)), |prefix| told.push(prefix.to_string()));
            told
        };
        assert_eq!(replace(&mut taken, &["10.2.0.0/16", "10.1.0.0/16"]), ["10.1.0.0/16", "10.2.0.0/16"]);
        assert!(replace(&mut taken, &["10.1.0.0/16", "10.2.0.0/16"]).is_empty());
        assert!(taken.holds(net("10.2.0.0/16")) && !taken.holds(net("10.2.0.0/24")));
        assert_eq!(replace(&mut taken, &["10.3.0.0/16", "10.2.0.0/16"]), ["10.3.0.0/16", "10.1.0.0/16"]);
        assert!(!taken.holds(net("10.1.0.0/16")) && taken.holds(net("10.3.0.0/16")));
    }
}
