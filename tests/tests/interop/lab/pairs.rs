//! crier and each other implementation: both families over both transports, within an AS and between two, with an AS
//! number of four octets.

use crier_tests::lab::Kind;

use super::exchange::{Relation, Transport, exchange};

#[test]
fn frr_ebgp_over_ipv4() {
    exchange(Kind::Crier, Kind::Frr, Transport::Ipv4, Relation::External);
}

#[test]
fn frr_ebgp_over_ipv6() {
    exchange(Kind::Crier, Kind::Frr, Transport::Ipv6, Relation::External);
}

#[test]
fn frr_ibgp_over_ipv4() {
    exchange(Kind::Crier, Kind::Frr, Transport::Ipv4, Relation::Internal);
}

#[test]
fn frr_ibgp_over_ipv6() {
    exchange(Kind::Crier, Kind::Frr, Transport::Ipv6, Relation::Internal);
}

#[test]
fn bird_ebgp_over_ipv4() {
    exchange(Kind::Crier, Kind::Bird, Transport::Ipv4, Relation::External);
}

#[test]
fn bird_ebgp_over_ipv6() {
    exchange(Kind::Crier, Kind::Bird, Transport::Ipv6, Relation::External);
}

#[test]
fn bird_ibgp_over_ipv4() {
    exchange(Kind::Crier, Kind::Bird, Transport::Ipv4, Relation::Internal);
}

#[test]
fn bird_ibgp_over_ipv6() {
    exchange(Kind::Crier, Kind::Bird, Transport::Ipv6, Relation::Internal);
}

#[test]
fn gobgp_ebgp_over_ipv4() {
    exchange(Kind::Crier, Kind::Gobgp, Transport::Ipv4, Relation::External);
}

#[test]
fn gobgp_ebgp_over_ipv6() {
    exchange(Kind::Crier, Kind::Gobgp, Transport::Ipv6, Relation::External);
}

#[test]
fn gobgp_ibgp_over_ipv4() {
    exchange(Kind::Crier, Kind::Gobgp, Transport::Ipv4, Relation::Internal);
}

#[test]
fn gobgp_ibgp_over_ipv6() {
    exchange(Kind::Crier, Kind::Gobgp, Transport::Ipv6, Relation::Internal);
}

#[test]
fn exabgp_ebgp_over_ipv4() {
    exchange(Kind::Crier, Kind::ExaBgp, Transport::Ipv4, Relation::External);
}

#[test]
fn exabgp_ebgp_over_ipv6() {
    exchange(Kind::Crier, Kind::ExaBgp, Transport::Ipv6, Relation::External);
}

#[test]
fn exabgp_ibgp_over_ipv4() {
    exchange(Kind::Crier, Kind::ExaBgp, Transport::Ipv4, Relation::Internal);
}

#[test]
fn exabgp_ibgp_over_ipv6() {
    exchange(Kind::Crier, Kind::ExaBgp, Transport::Ipv6, Relation::Internal);
}
