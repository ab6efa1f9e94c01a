//! Numbers of rtnetlink that `libc` lacks, from the kernel's `linux/rtnetlink.h`, `linux/nexthop.h` and
//! `linux/netlink.h`.

pub(super) const RTM_NEWNEXTHOP: u16 = 104;
pub(super) const RTM_DELNEXTHOP: u16 = 105;
pub(super) const RTM_GETNEXTHOP: u16 = 106;

pub(super) const RTA_VIA: u16 = 18;
pub(super) const RTA_NH_ID: u16 = 30;

pub(super) const NHA_ID: u16 = 1;
pub(super) const NHA_GROUP: u16 = 2;
pub(super) const NHA_GROUP_TYPE: u16 = 3;
pub(super) const NHA_BLACKHOLE: u16 = 4;
pub(super) const NHA_OIF: u16 = 5;
pub(super) const NHA_GATEWAY: u16 = 6;
pub(super) const NHA_ENCAP: u16 = 8;
pub(super) const NHA_FDB: u16 = 11;

pub(super) const RTNH_F_DEAD: u8 = 1;
pub(super) const RTNH_F_ONLINK: u8 = 4;
pub(super) const RTNH_F_LINKDOWN: u8 = 16;

pub(super) const NLMSGERR_ATTR_MSG: u16 = 1;

/// Messages and attributes begin at multiples of this.
pub(super) const ALIGNMENT: usize = 4;

/// Bytes of the header of every message.
pub(super) const MESSAGE_HEADER: usize = 16;
