use super::*;
use crate::{ip, udp};
use proptest::prelude::*;
use rstest::rstest;
use smoltcp::wire::checksum;

const NODE: [&str; 2] = ["192.0.2.1", "2001:db8:1::1"];
const GATEWAY: [&str; 2] = ["198.51.100.2", "2001:db8:2::2"];
const MTU: usize = 1_280;
const NOW: Instant = Instant::from_secs(5);

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn config(addresses: &[&str], mtu: usize) -> HostConfig {
    let addresses = addresses.iter().map(|text| address(text));
    let with_prefix = addresses.map(|own| (own, if own.is_ipv4() { 24 } else { 64 })).collect();
    HostConfig { addresses: with_prefix, mtu, seed: 1 }
}

fn host(addresses: &[&str]) -> Host {
    Host::new(config(addresses, MTU))
}

fn packets(host: &mut Host) -> Vec<Vec<u8>> {
    core::iter::from_fn(|| host.take_outgoing()).collect()
}

/// Carries packets to and fro until both are silent.
fn shuttle(one: &mut Host, other: &mut Host) {
    loop {
        one.poll(NOW);
        other.poll(NOW);
        let (there, back) = (packets(one), packets(other));
        if there.is_empty() && back.is_empty() {
            return;
        }
        there.into_iter().for_each(|packet| other.deliver(packet));
        back.into_iter().for_each(|packet| one.deliver(packet));
    }
}

#[rstest]
#[case::v4(0)]
#[case::v6(1)]
fn udp_goes_both_ways(#[case] family: usize) {
    let (mut node, mut gateway) = (host(&NODE), host(&GATEWAY));
    let (at_node, at_gateway) = (node.bind_udp(4_500).unwrap(), gateway.bind_udp(500).unwrap());
    let (node_ip, gateway_ip) = (address(NODE[family]), address(GATEWAY[family]));

    node.send_udp(at_node, SocketAddr::new(gateway_ip, 500), b"request").unwrap();
    shuttle(&mut node, &mut gateway);
    let from = SocketAddr::new(node_ip, 4_500);
    let received = gateway.receive_udp(at_gateway).unwrap();
    assert_eq!(received, Received { from, to: gateway_ip, payload: b"request".to_vec() });

    gateway.send_udp(at_gateway, received.from, b"response").unwrap();
    shuttle(&mut node, &mut gateway);
    let from = SocketAddr::new(gateway_ip, 500);
    let expected = Received { from, to: node_ip, payload: b"response".to_vec() };
    assert_eq!(node.receive_udp(at_node), Some(expected));
    assert_eq!(node.receive_udp(at_node), None);
}

#[rstest]
#[case::v4(0)]
#[case::v6(1)]
fn an_echo_request_is_answered_by_the_stack(#[case] family: usize) {
    let (mut node, mut gateway) = (host(&NODE), host(&GATEWAY));
    let ping = node.bind_ping(0x77).unwrap();
    // A socket of the other side with the same identifier neither takes the request for a reply nor stops the answer.
    let theirs = gateway.bind_ping(0x77).unwrap();
    let gateway_ip = address(GATEWAY[family]);
    for sequence in 1..=3 {
        node.send_ping(ping, gateway_ip, sequence, &[sequence as u8; 40]).unwrap();
    }
    shuttle(&mut node, &mut gateway);
    for sequence in 1..=3 {
        let payload = vec![sequence as u8; 40];
        let echo = Echo { from: gateway_ip, sequence, payload };
        assert_eq!(node.receive_ping(ping), Some(echo));
    }
    assert_eq!(node.receive_ping(ping), None);
    assert_eq!(gateway.receive_ping(theirs), None);
}

#[test]
fn what_is_sent_is_one_checked_udp_datagram() {
    let mut node = host(&NODE);
    let port = node.bind_udp(500).unwrap();
    node.send_udp(port, SocketAddr::new(address(GATEWAY[0]), 4_500), b"").unwrap();
    node.poll(NOW);
    let sent = packets(&mut node);
    assert_eq!(sent.len(), 1);
    let datagram = ip::parse(&sent[0]).unwrap();
    assert_eq!(datagram.source, address(NODE[0]));
    let parsed = udp::parse(datagram.source, datagram.destination, datagram.payload);
    let expected = udp::UdpDatagram { source_port: 500, destination_port: 4_500, payload: b"" };
    assert_eq!(parsed, Ok(expected));
    assert_eq!(node.counters().taken, 1);
}

#[rstest]
#[case::v4_smallest(0, 1_280)]
#[case::v4_largest(0, 9_000)]
#[case::v6_smallest(1, 1_280)]
#[case::v6_ethernet(1, 1_500)]
#[case::v6_largest(1, 9_000)]
fn a_packet_as_long_as_the_mtu_passes_and_one_octet_more_does_not(
    #[case] family: usize,
    #[case] mtu: usize,
) {
    let mut node = Host::new(config(&NODE, mtu));
    let mut gateway = Host::new(config(&GATEWAY, mtu));
    let (port, ping) = (node.bind_udp(500).unwrap(), node.bind_ping(1).unwrap());
    let at_gateway = gateway.bind_udp(500).unwrap();
    let to = SocketAddr::new(address(GATEWAY[family]), 500);
    let room = mtu - [20, 40][family] - 8;

    node.send_udp(port, to, &vec![7; room]).unwrap();
    node.send_ping(ping, to.ip(), 1, &vec![8; room]).unwrap();
    shuttle(&mut node, &mut gateway);
    assert_eq!(gateway.receive_udp(at_gateway).unwrap().payload, vec![7; room]);
    assert_eq!(node.receive_ping(ping).unwrap().payload, vec![8; room]);

    let too_big = Err(SendError::TooBig { len: mtu + 1, mtu });
    assert_eq!(node.send_udp(port, to, &vec![7; room + 1]), too_big);
    assert_eq!(node.send_ping(ping, to.ip(), 2, &vec![8; room + 1]), too_big);
    assert_eq!(node.poll_at(NOW), None);
}

#[test]
fn a_host_without_an_address_of_the_family_sends_nothing() {
    let mut node = host(&NODE[..1]);
    let (port, ping) = (node.bind_udp(500).unwrap(), node.bind_ping(1).unwrap());
    let to = SocketAddr::new(address(GATEWAY[1]), 500);
    assert_eq!(node.send_udp(port, to, b"x"), Err(SendError::NoAddress));
    assert_eq!(node.send_ping(ping, to.ip(), 1, b"x"), Err(SendError::NoAddress));
    assert_eq!(node.source_address(to.ip()), None);
    assert_eq!(node.source_address(address(GATEWAY[0])), Some(address(NODE[0])));
}

#[rstest]
#[case("0.0.0.0:500")]
#[case("[::]:500")]
#[case("198.51.100.2:0")]
fn an_unspecified_destination_is_refused(#[case] to: SocketAddr) {
    let mut node = host(&NODE);
    let port = node.bind_udp(500).unwrap();
    assert_eq!(node.send_udp(port, to, b"x"), Err(SendError::Unaddressable));
}

#[rstest]
#[case::small(1, 4)]
#[case::full_size(MTU - 28, 1)]
fn the_send_buffer_says_when_it_is_full(#[case] len: usize, #[case] room: usize) {
    let mut node = host(&NODE);
    let port = node.bind_udp(500).unwrap();
    let to = SocketAddr::new(address(GATEWAY[0]), 500);
    for _ in 0..3 {
        for _ in 0..room {
            node.send_udp(port, to, &vec![1; len]).unwrap();
        }
        assert_eq!(node.send_udp(port, to, &vec![1; len]), Err(SendError::BufferFull));
        node.poll(NOW);
        assert_eq!(packets(&mut node).len(), room);
        assert_eq!(node.poll_at(NOW), None);
    }
}

#[test]
fn each_port_takes_a_datagram_of_full_size_before_the_next_poll() {
    let mut node = host(&NODE);
    let ports = [node.bind_udp(500).unwrap(), node.bind_udp(4500).unwrap()];
    let to = SocketAddr::new(address(GATEWAY[0]), 500);
    for port in ports {
        node.send_udp(port, to, &[1; MTU - 28]).unwrap();
    }
    node.poll(NOW);
    assert_eq!(packets(&mut node).len(), 2);
}

#[test]
fn a_datagram_of_no_octets_is_not_lost_for_a_longer_one_behind_it() {
    let mut node = host(&NODE);
    let port = node.bind_udp(500).unwrap();
    let to = SocketAddr::new(address(GATEWAY[0]), 500);
    node.send_udp(port, to, &[]).unwrap();
    assert_eq!(node.send_udp(port, to, &[1; MTU - 28]), Err(SendError::BufferFull));
    node.poll(NOW);
    node.send_udp(port, to, &[1; MTU - 28]).unwrap();
    node.poll(NOW);
    assert_eq!(packets(&mut node).len(), 2);
}

#[test]
fn a_long_packet_is_received_while_something_waits_to_be_sent() {
    let (mut node, mut gateway) = (host(&NODE), host(&GATEWAY));
    let (port, at_gateway) = (node.bind_udp(500).unwrap(), gateway.bind_udp(500).unwrap());
    gateway.send_udp(at_gateway, SocketAddr::new(address(NODE[0]), 500), &[2; MTU - 28]).unwrap();
    gateway.poll(NOW);
    packets(&mut gateway).into_iter().for_each(|packet| node.deliver(packet));
    node.send_udp(port, SocketAddr::new(address(GATEWAY[0]), 500), &[1]).unwrap();
    node.poll(NOW);
    assert_eq!(packets(&mut node).len(), 1);
    assert_eq!(node.receive_udp(port).unwrap().payload, [2; MTU - 28]);
}

#[test]
fn a_burst_between_two_polls_is_received_whole() {
    let (mut node, mut gateway) = (host(&NODE), host(&GATEWAY));
    let (port, at_gateway) = (node.bind_udp(500).unwrap(), gateway.bind_udp(500).unwrap());
    for number in 0..100u8 {
        let to = SocketAddr::new(address(GATEWAY[0]), 500);
        node.send_udp(port, to, &vec![number; 1_000]).unwrap();
        node.poll(NOW);
        packets(&mut node).into_iter().for_each(|packet| gateway.deliver(packet));
    }
    gateway.poll(NOW);
    for number in 0..100u8 {
        assert_eq!(gateway.receive_udp(at_gateway).unwrap().payload, vec![number; 1_000]);
    }
    assert_eq!(gateway.counters().delivered, 100);
}

#[test]
fn ports_and_identifiers_open_once() {
    let mut node = host(&NODE);
    assert_eq!(node.bind_udp(0), Err(BindError::PortZero));
    let (ike, nat) = (node.bind_udp(500).unwrap(), node.bind_udp(4_500).unwrap());
    assert_ne!(ike, nat);
    assert_eq!(node.bind_udp(500), Err(BindError::InUse));
    assert!(node.bind_ping(0).is_ok());
    assert_eq!(node.bind_ping(0), Err(BindError::InUse));
}

#[rstest]
#[case::start_of_the_run(Instant::ZERO)]
#[case::later(NOW)]
fn poll_at_is_now_exactly_while_there_is_something_to_do(#[case] now: Instant) {
    let mut node = host(&NODE);
    let (port, ping) = (node.bind_udp(500).unwrap(), node.bind_ping(1).unwrap());
    assert_eq!(node.poll_at(now), None);

    node.send_udp(port, SocketAddr::new(address(GATEWAY[1]), 500), b"x").unwrap();
    assert_eq!(node.poll_at(now), Some(now));
    node.poll(now);
    assert_eq!(node.poll_at(now), None);

    node.send_ping(ping, address(GATEWAY[1]), 1, b"x").unwrap();
    assert_eq!(node.poll_at(now), Some(now));
    node.poll(now);
    assert_eq!(node.poll_at(now), None);

    node.deliver(vec![0]);
    assert_eq!(node.poll_at(now), Some(now));
    node.poll(now);
    assert_eq!(node.poll_at(now), None);
}

/// From the gateway's port 500 to the node's.
fn to_node(family: usize, payload: &[u8]) -> Vec<u8> {
    let from = SocketAddr::new(address(GATEWAY[family]), 500);
    udp::emit(from, SocketAddr::new(address(NODE[family]), 500), payload)
}

#[rstest]
#[case::v4(0)]
#[case::v6(1)]
fn a_flipped_bit_is_caught_by_the_checksums(#[case] family: usize) {
    let mut node = host(&NODE);
    let port = node.bind_udp(500).unwrap();
    let good = to_node(family, b"payload");
    let first = if family == 0 { 0 } else { 40 };
    for bit in first * 8..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        node.deliver(bad);
        node.poll(NOW);
        assert_eq!(node.receive_udp(port), None, "bit {bit}");
    }
    node.deliver(good);
    node.poll(NOW);
    assert_eq!(node.receive_udp(port).unwrap().payload, b"payload");
}

#[test]
fn udp_over_v6_without_a_checksum_is_refused_and_counted() {
    let mut node = host(&NODE);
    let port = node.bind_udp(500).unwrap();
    let mut packet = to_node(1, b"x");
    packet[46..48].fill(0);
    node.deliver(packet);
    node.poll(NOW);
    assert_eq!(node.receive_udp(port), None);
    assert_eq!(node.counters().refused_no_checksum, 1);
}

#[test]
fn a_packet_above_the_mtu_is_refused_and_counted() {
    let mut node = host(&NODE);
    let port = node.bind_udp(500).unwrap();
    node.deliver(to_node(0, &[1; MTU - 28]));
    node.deliver(to_node(0, &[2; MTU - 27]));
    node.poll(NOW);
    assert_eq!(node.receive_udp(port).unwrap().payload, [1; MTU - 28]);
    assert_eq!(node.receive_udp(port), None);
    assert_eq!(
        *node.counters(),
        HostCounters { delivered: 2, refused_too_big: 1, ..HostCounters::default() }
    );
}

#[rstest]
#[case::v4(0, ip::protocol::ICMP)]
#[case::v6(1, ip::protocol::ICMPV6)]
fn a_closed_port_answers_port_unreachable(#[case] family: usize, #[case] icmp: u8) {
    let mut node = host(&NODE);
    node.deliver(to_node(family, b"x"));
    node.poll(NOW);
    let sent = packets(&mut node);
    assert_eq!(sent.len(), 1);
    let answer = ip::parse(&sent[0]).unwrap();
    assert_eq!((answer.protocol, answer.destination), (icmp, address(GATEWAY[family])));
}

#[test]
fn a_packet_for_another_host_is_ignored() {
    let mut node = host(&["192.0.2.9", "2001:db8:1::9"]);
    let port = node.bind_udp(500).unwrap();
    for family in 0..2 {
        node.deliver(to_node(family, b"x"));
    }
    node.poll(NOW);
    assert_eq!(node.receive_udp(port), None);
    assert_eq!(node.take_outgoing(), None);
}

#[test]
fn as_many_addresses_as_allowed_can_be_used() {
    let own = ["192.0.2.1", "192.0.2.2", "2001:db8:1::1", "fe80::1"];
    assert_eq!(own.len(), MAX_ADDRESSES);
    let mut node = host(&own);
    let port = node.bind_udp(500).unwrap();
    let from = SocketAddr::new(address("192.0.2.7"), 9);
    node.deliver(udp::emit(from, SocketAddr::new(address("192.0.2.2"), 500), b"x"));
    node.poll(NOW);
    assert_eq!(node.receive_udp(port).unwrap().to, address("192.0.2.2"));
    assert_eq!(node.source_address(address("fe80::2")), Some(address("fe80::1")));
}

fn with_address(text: &str, prefix: u8) -> HostConfig {
    HostConfig { addresses: vec![(address(text), prefix)], mtu: MTU, seed: 1 }
}

#[rstest]
#[case::mtu_below(config(&NODE, 1_279), Err(ConfigError::Mtu(1_279)))]
#[case::mtu_above(config(&NODE, 9_001), Err(ConfigError::Mtu(9_001)))]
#[case::too_many(config(&[NODE[0]; 5], MTU), Err(ConfigError::TooManyAddresses(5)))]
#[case::v4_prefix(with_address(NODE[0], 33), Err(ConfigError::Prefix(address(NODE[0]), 33)))]
#[case::v6_prefix(with_address(NODE[1], 129), Err(ConfigError::Prefix(address(NODE[1]), 129)))]
#[case::multicast(with_address("ff02::1", 64), Err(ConfigError::NotUnicast(address("ff02::1"))))]
#[case::unspecified(with_address("::", 64), Err(ConfigError::NotUnicast(address("::"))))]
#[case::broadcast(
    with_address("255.255.255.255", 32),
    Err(ConfigError::NotUnicast(address("255.255.255.255")))
)]
#[case::host_route(with_address(NODE[0], 32), Ok(()))]
#[case::both_families(config(&NODE, MTU), Ok(()))]
fn a_configuration_is_checked(
    #[case] config: HostConfig,
    #[case] expected: Result<(), ConfigError>,
) {
    assert_eq!(config.check(), expected);
    let built = std::panic::catch_unwind(|| Host::new(config)).is_ok();
    assert_eq!(built, expected.is_ok());
}

/// Addresses that stacks stumble over, besides ordinary ones.
fn awkward_pair() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    let v4 = [
        "192.0.2.1",
        "198.51.100.2",
        "0.0.0.0",
        "255.255.255.255",
        "192.0.2.255",
        "224.0.0.1",
        "127.0.0.1",
        "192.0.2.0",
    ];
    let v6 = [
        "2001:db8:1::1",
        "2001:db8:2::2",
        "::",
        "::1",
        "ff02::1",
        "fe80::1",
        "ff02::1:ff00:1",
        "::ffff:192.0.2.1",
    ];
    let pair = |texts: [&'static str; 8]| {
        let one = prop::sample::select(texts.to_vec()).prop_map(address);
        (one.clone(), one)
    };
    prop_oneof![pair(v4), pair(v6)]
}

/// A packet with good checksums around arbitrary octets, so that it reaches the deeper parsers.
fn plausible(pair: (IpAddr, IpAddr), protocol: u8, mut payload: Vec<u8>) -> Vec<u8> {
    let (source, destination) = pair;
    let place = match protocol {
        ip::protocol::ICMP | ip::protocol::ICMPV6 => 2,
        _ => 6,
    };
    if payload.len() >= place + 2 {
        payload[place..place + 2].fill(0);
        let len = u32::try_from(payload.len()).unwrap();
        let over = match protocol {
            ip::protocol::ICMP => vec![checksum::data(&payload)],
            other => vec![
                checksum::pseudo_header(&source.into(), &destination.into(), other.into(), len),
                checksum::data(&payload),
            ],
        };
        payload[place..place + 2].copy_from_slice(&(!checksum::combine(&over)).to_be_bytes());
    }
    ip::emit(source, destination, protocol, &payload)
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    // A first octet that is often a type of ICMP, ICMPv6, or an option.
    let first = prop_oneof![0..16u8, 128..160u8, any::<u8>()];
    let rest = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..120),
        prop::collection::vec(any::<u8>(), 1_100..1_240),
    ];
    (first, rest).prop_map(|(first, rest)| [vec![first, 0], rest].concat())
}

proptest! {
    #[test]
    fn no_octets_make_a_host_panic(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..10),
    ) {
        let mut node = host(&NODE);
        node.bind_udp(500).unwrap();
        packets.into_iter().for_each(|packet| node.deliver(packet));
        node.poll(NOW);
        prop_assert_eq!(node.poll_at(NOW), None);
    }

    #[test]
    fn no_plausible_packet_makes_a_host_panic(
        pair in awkward_pair(),
        protocol in prop::sample::select(vec![0u8, 1, 2, 6, 17, 43, 44, 50, 58, 60]),
        message in message(),
        only_v4: bool,
    ) {
        let mut node = host(if only_v4 { &NODE[..1] } else { &NODE });
        node.bind_udp(500).unwrap();
        let ping = node.bind_ping(1).unwrap();
        node.deliver(plausible(pair, protocol, message));
        node.poll(NOW);
        prop_assert_eq!(node.poll_at(NOW), None);
        while node.receive_ping(ping).is_some() {}
        for packet in packets(&mut node) {
            prop_assert!(packet.len() <= MTU);
            prop_assert!(ip::parse(&packet).is_ok());
        }
    }

    /// Any mix of calls ends with nothing left to do and every datagram received, in order.
    #[test]
    fn sockets_lose_and_reorder_nothing(lens in prop::collection::vec(0..1_252usize, 1..60)) {
        let (mut node, mut gateway) = (host(&NODE), host(&GATEWAY));
        let (port, at_gateway) = (node.bind_udp(1).unwrap(), gateway.bind_udp(2).unwrap());
        let to = SocketAddr::new(address(GATEWAY[0]), 2);
        for &len in &lens {
            if node.send_udp(port, to, &vec![1; len]) == Err(SendError::BufferFull) {
                node.poll(NOW);
                prop_assert_eq!(node.send_udp(port, to, &vec![1; len]), Ok(()));
            }
        }
        shuttle(&mut node, &mut gateway);
        let received = core::iter::from_fn(|| gateway.receive_udp(at_gateway));
        let received: Vec<_> = received.map(|datagram| datagram.payload.len()).collect();
        prop_assert_eq!(received, lens);
    }
}
