use super::*;
use crate::scenario::Family;
use rstest::rstest;
use vnet::udp;

/// Two nodes of their own, three that share an address, and two that share another.
fn router(family: &str) -> (Router, Addresses) {
    let group = |name: &str, count: u32, address: &str| {
        format!(
            "[[node]]\nname = \"{name}\"\ncount = {count}\naddress = \"{address}\"\n\
             wakes = {{ at = [\"1s\"] }}\napplication = {{ kind = \"ping\" }}\n"
        )
    };
    let text = format!(
        "description = \"x\"\nduration = \"1min\"\nfamily = \"{family}\"\n{}{}{}",
        group("own", 2, "own"),
        group("house", 3, "shared"),
        group("flat", 2, "shared"),
    );
    let scenario = Scenario::parse("x.toml", &text, &[]).expect("a scenario");
    assert_eq!(scenario.family, if family == "ipv4" { Family::Ipv4 } else { Family::Ipv6 });
    let addresses = super::super::addresses(&scenario);
    (Router::new(&scenario, addresses), addresses)
}

fn ends(packet: &[u8]) -> (SocketAddr, SocketAddr, Vec<u8>) {
    let outer = ip::parse(packet).expect("an IP datagram");
    let inner = udp::parse(outer.source, outer.destination, outer.payload).expect("UDP");
    let source = SocketAddr::new(outer.source, inner.source_port);
    let destination = SocketAddr::new(outer.destination, inner.destination_port);
    (source, destination, inner.payload.to_vec())
}

fn esp(spi: u32) -> Vec<u8> {
    [&spi.to_be_bytes()[..], &[0; 12]].concat()
}

#[rstest]
fn ike_of_each_node_has_a_port_of_its_own_and_comes_back_to_it(
    #[values("ipv4", "ipv6")] family: &str,
) {
    let (router, addresses) = router(family);
    let gateway = SocketAddr::new(addresses.gateway(), IKE_PORT);
    let seen: Vec<SocketAddr> = (0..7)
        .map(|node| {
            let own = SocketAddr::new(addresses.node(node), IKE_PORT);
            let mut packet = udp::emit(own, gateway, b"request");
            assert_eq!(router.towards(node, &mut packet), Ok(()));
            let (outer, to, payload) = ends(&packet);
            assert_eq!((to, payload.as_slice()), (gateway, &b"request"[..]));
            let mut answer = udp::emit(gateway, outer, b"response");
            assert_eq!(router.back(&mut answer), Ok(node));
            assert_eq!(ends(&answer), (gateway, own, b"response".to_vec()));
            outer
        })
        .collect();
    let own = |node| SocketAddr::new(addresses.node(node), IKE_PORT);
    let shared = |first, port| SocketAddr::new(addresses.shared(first), port);
    let (house, flat) = (shared(2, 10_000).ip(), shared(5, 10_000).ip());
    let expected = [
        own(0),
        own(1),
        (house, 10_000).into(),
        (house, 10_001).into(),
        (house, 10_002).into(),
        (flat, 10_000).into(),
        (flat, 10_001).into(),
    ];
    assert_eq!(seen, expected);
}

#[rstest]
fn esp_comes_back_by_the_spi_that_a_node_took_last(#[values("ipv4", "ipv6")] family: &str) {
    let (mut router, addresses) = router(family);
    let gateway = addresses.gateway();
    let mut packet = ip::emit(addresses.node(3), gateway, protocol::ESP, &esp(77));
    assert_eq!(router.towards(3, &mut packet), Ok(()));
    assert_eq!(packet, ip::emit(addresses.shared(2), gateway, protocol::ESP, &esp(77)));
    // Two nodes behind different addresses may well have taken the same.
    router.takes_spi(3, 1_000);
    router.takes_spi(6, 1_000);
    router.takes_spi(4, 2_000);
    router.takes_spi(0, 3_000);
    let back = |router: &Router, first, spi| {
        let mut packet = ip::emit(gateway, addresses.shared(first), protocol::ESP, &esp(spi));
        let node = router.back(&mut packet)?;
        assert_eq!(packet, ip::emit(gateway, addresses.node(node), protocol::ESP, &esp(spi)));
        Ok(node)
    };
    assert_eq!(back(&router, 2, 1_000), Ok(3));
    assert_eq!(back(&router, 5, 1_000), Ok(6));
    assert_eq!(back(&router, 2, 2_000), Ok(4));
    assert_eq!(back(&router, 2, 3_000), Err(PacketDrop::NoMapping));
    router.takes_spi(3, 1_001);
    assert_eq!(back(&router, 2, 1_000), Err(PacketDrop::NoMapping));
    assert_eq!(back(&router, 2, 1_001), Ok(3));
    // Who takes what another one has, gets its packets; the other loses nothing of its own by moving on.
    router.takes_spi(4, 1_001);
    router.takes_spi(3, 1_002);
    assert_eq!((back(&router, 2, 1_001), back(&router, 2, 1_002)), (Ok(4), Ok(3)));
    let mut own = ip::emit(gateway, addresses.node(1), protocol::ESP, &esp(9));
    assert_eq!(router.back(&mut own), Ok(1));
}

#[test]
fn what_has_no_mapping_goes_nowhere() {
    let (router, addresses) = router("ipv4");
    let gateway = SocketAddr::new(addresses.gateway(), IKE_PORT);
    let towards = |from: (core::net::IpAddr, u16)| {
        router.towards(2, &mut udp::emit(from.into(), gateway, b"x"))
    };
    assert_eq!(towards((addresses.node(2), IKE_PORT)), Ok(()));
    assert_eq!(towards((addresses.node(2), 501)), Err(PacketDrop::NoMapping));
    assert_eq!(towards((addresses.node(3), IKE_PORT)), Err(PacketDrop::NoMapping));
    let back = |to: (core::net::IpAddr, u16)| router.back(&mut udp::emit(gateway, to.into(), b"x"));
    assert_eq!(back((addresses.shared(2), 10_003)), Err(PacketDrop::NoMapping), "the neighbours'");
    assert_eq!(back((addresses.shared(2), IKE_PORT)), Err(PacketDrop::NoMapping));
    assert_eq!(back((addresses.shared(3), 10_000)), Err(PacketDrop::NoSa), "nobody's address");
    assert_eq!(back((addresses.node(7), IKE_PORT)), Err(PacketDrop::NoSa), "nobody's either");
    let mut ping = ip::emit(addresses.node(2), gateway.ip(), protocol::ICMP, &[0; 8]);
    assert_eq!(router.towards(2, &mut ping), Err(PacketDrop::NoMapping));
    let mut ping = ip::emit(gateway.ip(), addresses.shared(2), protocol::ICMP, &[0; 8]);
    assert_eq!(router.back(&mut ping), Err(PacketDrop::NoMapping));
    assert!(matches!(router.towards(2, &mut [0x45]), Err(PacketDrop::Ip(_))));
    assert!(matches!(router.back(&mut []), Err(PacketDrop::Ip(_))));
}
