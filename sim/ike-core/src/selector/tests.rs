extern crate std;
use super::*;
use core::net::{Ipv4Addr, Ipv6Addr};
use proptest::prelude::*;
use rstest::rstest;
use std::string::ToString;

fn v4(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn range(first: u8, last: u8, protocol: u8, ports: (u16, u16)) -> TrafficSelector {
    TrafficSelector::new(v4(first), v4(last), protocol, ports).expect("a range")
}

#[test]
fn the_intersection_takes_the_narrower_of_each_part() {
    let wide = range(0, 100, 0, ANY_PORT);
    let narrow = range(50, 200, 17, (500, 600));
    assert_eq!(wide.intersection(&narrow), Some(range(50, 100, 17, (500, 600))));
    assert!(wide.contains(&range(1, 100, 6, (1, 2))));
    assert!(!wide.contains(&narrow));
}

#[test]
fn nothing_is_left_of_what_does_not_overlap() {
    let a = range(0, 10, 6, (1, 9));
    for b in [range(11, 12, 6, (1, 9)), range(0, 10, 17, (1, 9)), range(0, 10, 6, (10, 11))] {
        assert_eq!(a.intersection(&b), None);
    }
    let v6 = TrafficSelector::host(IpAddr::V6(Ipv6Addr::LOCALHOST));
    assert_eq!(a.intersection(&v6), None);
}

#[test]
fn opaque_meets_only_opaque_and_any() {
    let opaque = range(0, 9, 6, OPAQUE);
    assert_eq!(opaque.intersection(&range(0, 9, 6, ANY_PORT)), Some(opaque));
    assert_eq!(opaque.intersection(&opaque), Some(opaque));
    assert_eq!(opaque.intersection(&range(0, 9, 6, (0, 9))), None);
}

#[test]
fn a_network_covers_its_own_addresses_only() {
    let net = TrafficSelector::network(v4(77), 26).expect("a prefix");
    assert_eq!((net.start(), net.end()), (v4(64), v4(127)));
    assert!(net.covers(v4(127)) && !net.covers(v4(128)));
    let all = TrafficSelector::network(v4(1), 0).expect("a prefix");
    assert!(all.covers(IpAddr::V4(Ipv4Addr::BROADCAST)));
    assert_eq!(TrafficSelector::network(v4(1), 33), None);
}

#[test]
fn a_range_that_ends_before_it_starts_does_not_exist() {
    assert_eq!(TrafficSelector::new(v4(2), v4(1), 0, ANY_PORT), None);
    assert_eq!(TrafficSelector::new(v4(1), v4(2), 0, (2, 1)), None);
}

/// The first has the port 65535 only and the second 0 only: the overlap is empty, and its ends are
/// those of OPAQUE.
#[test]
fn disjoint_ports_at_the_two_ends_do_not_meet_in_opaque() {
    let last = range(0, 9, 6, (u16::MAX, u16::MAX));
    let first = range(0, 9, 6, (0, 0));
    assert_eq!(last.intersection(&first), None);
    assert_eq!(first.intersection(&last), None);
    assert!(!last.contains(&first));
}

#[rstest]
#[case(range(5, 5, 0, ANY_PORT), "10.0.0.5")]
#[case(range(5, 9, 0, ANY_PORT), "10.0.0.5-10.0.0.9")]
#[case(range(5, 5, 17, ANY_PORT), "10.0.0.5 protocol 17")]
#[case(range(5, 5, 17, (53, 53)), "10.0.0.5 protocol 17 ports 53-53")]
#[case(range(5, 9, 0, OPAQUE), "10.0.0.5-10.0.0.9 opaque")]
#[case(TrafficSelector::host(IpAddr::V6(Ipv6Addr::LOCALHOST)), "::1")]
fn a_selector_prints_what_is_not_any(#[case] selector: TrafficSelector, #[case] text: &str) {
    assert_eq!(selector.to_string(), text);
}

#[rstest]
#[case::within_one(&[range(1, 2, 0, ANY_PORT)], &[range(0, 9, 0, ANY_PORT)], true)]
#[case::each_within_another(
    &[range(1, 2, 6, ANY_PORT), range(20, 20, 17, (1, 1))],
    &[range(20, 29, 17, ANY_PORT), range(0, 9, 0, ANY_PORT)],
    true
)]
#[case::one_outside(
    &[range(1, 2, 0, ANY_PORT), range(10, 10, 0, ANY_PORT)],
    &[range(0, 9, 0, ANY_PORT)],
    false
)]
#[case::wider_protocol(&[range(1, 2, 0, ANY_PORT)], &[range(0, 9, 6, ANY_PORT)], false)]
#[case::wider_ports(&[range(1, 2, 6, (0, 9))], &[range(0, 9, 6, (0, 8))], false)]
#[case::any_within_opaque(&[range(1, 2, 6, ANY_PORT)], &[range(0, 9, 6, OPAQUE)], false)]
#[case::opaque_within_any(&[range(1, 2, 6, OPAQUE)], &[range(0, 9, 6, ANY_PORT)], true)]
#[case::nothing_within_nothing(&[], &[], true)]
#[case::something_within_nothing(&[range(1, 1, 0, ANY_PORT)], &[], false)]
fn narrowing_never_widens(
    #[case] narrow: &[TrafficSelector],
    #[case] wide: &[TrafficSelector],
    #[case] expected: bool,
) {
    assert_eq!(TrafficSelector::all_within(narrow, wide), expected);
}

#[rstest]
#[case("2001:db8::7", 128, "2001:db8::7", "2001:db8::7")]
#[case("2001:db8::7", 64, "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff")]
#[case("2001:db8::7", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
#[case("10.1.2.3", 32, "10.1.2.3", "10.1.2.3")]
#[case("10.1.2.3", 31, "10.1.2.2", "10.1.2.3")]
#[case("10.1.2.3", 8, "10.0.0.0", "10.255.255.255")]
fn a_prefix_is_a_range(
    #[case] address: IpAddr,
    #[case] bits: u8,
    #[case] start: IpAddr,
    #[case] end: IpAddr,
) {
    let network = TrafficSelector::network(address, bits).expect("a prefix");
    assert_eq!((network.start(), network.end()), (start, end));
    assert!(network.covers(address) && network.contains(&TrafficSelector::host(address)));
    let most = if address.is_ipv4() { 32 } else { 128 };
    assert_eq!(TrafficSelector::network(address, most + 1), None);
}

#[test]
fn an_address_of_the_other_family_is_never_covered() {
    let all = TrafficSelector::network(v4(0), 0).expect("a prefix");
    assert!(!all.covers(IpAddr::V6(Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped())));
    assert_eq!(TrafficSelector::new(v4(0), Ipv6Addr::LOCALHOST.into(), 0, ANY_PORT), None);
}

/// Ranges so small that every member of them can be asked.
fn small() -> impl Strategy<Value = TrafficSelector> {
    let ports = [0, 1, 2, u16::MAX - 1, u16::MAX];
    let port = || (0..ports.len()).prop_map(move |index| ports[index]);
    let ports = prop_oneof![
        (port(), port()).prop_map(|(a, b)| (a.min(b), a.max(b))),
        Just(OPAQUE),
        Just(ANY_PORT)
    ];
    (0_u8..6, 0_u8..6, 0_u8..3, ports)
        .prop_map(|(a, b, protocol, ports)| range(a.min(b), a.max(b), protocol, ports))
}

/// Whether a packet passes; `None` is a port that cannot be seen.
fn passes(selector: &TrafficSelector, address: u8, protocol: u8, port: Option<u16>) -> bool {
    let port_passes = match (selector.ports, port) {
        (ANY_PORT, _) | (OPAQUE, None) => true,
        (OPAQUE, Some(_)) | (_, None) => false,
        ((first, last), Some(port)) => first <= port && port <= last,
    };
    selector.covers(v4(address))
        && matches!(selector.protocol, p if p == 0 || p == protocol)
        && port_passes
}

proptest! {
    #[test]
    fn what_both_select_is_what_the_intersection_selects(a in small(), b in small()) {
        let both = a.intersection(&b);
        prop_assert_eq!(both, b.intersection(&a));
        for address in 0..7 {
            for protocol in 1..4 {
                for port in [None, Some(0), Some(1), Some(2), Some(3), Some(65534), Some(65535)] {
                    let passes_both =
                        passes(&a, address, protocol, port) && passes(&b, address, protocol, port);
                    let found = both.is_some_and(|both| passes(&both, address, protocol, port));
                    prop_assert_eq!(passes_both, found, "{:?}", both);
                }
            }
        }
        prop_assert!(a.contains(&a));
        if let Some(both) = both {
            prop_assert!(a.contains(&both) && b.contains(&both));
        }
    }
}
