//! Two hosts over a link in a small event loop: what the simulator does with the parts, without any IKE.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use rstest::rstest;
use vnet::capture::Capture;
use vnet::host::{Host, HostConfig, PingPort, UdpPort};
use vnet::link::{Direction, DirectionConfig, Link, LinkConfig};
use vnet::queue::{Queue, Ticket};
use vnet::random::{Probability, Streams};
use vnet::time::Instant;

const NODE: [&str; 2] = ["192.0.2.1", "2001:db8:1::1"];
const GATEWAY: [&str; 2] = ["198.51.100.2", "2001:db8:2::2"];
const TIMEOUT: Duration = Duration::from_millis(500);
const REQUESTS: u32 = 50;

enum Event {
    Arrival { direction: Direction, packet: Vec<u8> },
    Timeout,
}

/// A node that sends numbered requests by UDP, each until it is answered, and then one ping.
struct World {
    queue: Queue<Event>,
    link: Link,
    capture: Capture<Vec<u8>>,
    node: Host,
    gateway: Host,
    at_node: UdpPort,
    at_gateway: UdpPort,
    ping: PingPort,
    server: SocketAddr,
    request: u32,
    timer: Option<Ticket>,
    retransmissions: u32,
    answered: Vec<(Instant, u32)>,
}

fn host(address: &str) -> Host {
    let address: IpAddr = address.parse().unwrap();
    let prefix = if address.is_ipv4() { 24 } else { 64 };
    Host::new(HostConfig { addresses: vec![(address, prefix)], mtu: 1_280, seed: 1 })
}

impl World {
    fn new(family: usize, config: DirectionConfig, seed: u64) -> Self {
        let (mut node, mut gateway) = (host(NODE[family]), host(GATEWAY[family]));
        Self {
            queue: Queue::new(),
            link: Link::new(0, LinkConfig::symmetric(config), &Streams::new(seed)),
            capture: Capture::new(Vec::new(), &["node", "gateway"]).unwrap(),
            at_node: node.bind_udp(50_000).unwrap(),
            at_gateway: gateway.bind_udp(500).unwrap(),
            ping: node.bind_ping(7).unwrap(),
            node,
            gateway,
            server: SocketAddr::new(GATEWAY[family].parse().unwrap(), 500),
            request: 0,
            timer: None,
            retransmissions: 0,
            answered: Vec::new(),
        }
    }

    fn run(mut self) -> Self {
        self.send_request();
        self.carry(Instant::ZERO);
        while let Some((now, event)) = self.queue.pop() {
            match event {
                Event::Arrival { direction, packet } => self.arrive(direction, packet),
                Event::Timeout => {
                    self.retransmissions += 1;
                    self.send_request();
                }
            }
            self.carry(now);
            self.gateway_application();
            self.node_application(now);
            self.carry(now);
        }
        self
    }

    fn send_request(&mut self) {
        if self.request < REQUESTS {
            let payload = self.request.to_be_bytes();
            self.node.send_udp(self.at_node, self.server, &payload).unwrap();
        } else {
            self.node.send_ping(self.ping, self.server.ip(), 1, b"echo").unwrap();
        }
        let due = self.queue.now() + TIMEOUT;
        self.timer = Some(self.queue.schedule(due, Event::Timeout));
    }

    fn arrive(&mut self, direction: Direction, packet: Vec<u8>) {
        self.link.arrived(direction);
        match direction {
            Direction::Towards => self.gateway.deliver(packet),
            Direction::Back => self.node.deliver(packet),
        }
    }

    fn gateway_application(&mut self) {
        while let Some(received) = self.gateway.receive_udp(self.at_gateway) {
            self.gateway.send_udp(self.at_gateway, received.from, &received.payload).unwrap();
        }
    }

    fn node_application(&mut self, now: Instant) {
        let mut answers = Vec::new();
        while let Some(received) = self.node.receive_udp(self.at_node) {
            answers.push(u32::from_be_bytes(received.payload.try_into().unwrap()));
        }
        while let Some(echo) = self.node.receive_ping(self.ping) {
            assert_eq!((echo.sequence, echo.payload), (1, b"echo".to_vec()));
            answers.push(REQUESTS);
        }
        // An answer to an earlier transmission of an earlier request is late, not wrong.
        if answers.contains(&self.request) {
            self.answered.push((now, self.request));
            self.request += 1;
            assert!(self.queue.cancel(self.timer.take().unwrap()));
            if self.request <= REQUESTS {
                self.send_request();
            }
        }
    }

    /// Polls both hosts and puts on the link what they send.
    fn carry(&mut self, now: Instant) {
        for direction in [Direction::Towards, Direction::Back] {
            let (host, interface) = match direction {
                Direction::Towards => (&mut self.node, 0),
                Direction::Back => (&mut self.gateway, 1),
            };
            host.poll(now);
            while let Some(packet) = host.take_outgoing() {
                let fate = self.link.transmit(now, direction, &packet);
                let comment = fate.outcome.to_string();
                self.capture.write(now, interface, &packet, Some(&comment)).unwrap();
                for delivery in fate.outcome.deliveries() {
                    let mut packet = packet.clone();
                    delivery.damage.iter().for_each(|damage| damage.apply(&mut packet));
                    self.queue
                        .schedule(now + delivery.after(), Event::Arrival { direction, packet });
                }
            }
            assert_eq!(host.poll_at(now), None);
        }
    }
}

fn direction(jitter_ms: u64, loss_ppm: u32) -> DirectionConfig {
    DirectionConfig {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(jitter_ms),
        loss: Probability::from_ppm(loss_ppm),
        mtu: 1_280,
        ..DirectionConfig::default()
    }
}

#[rstest]
#[case::v4(0)]
#[case::v6(1)]
fn a_perfect_link_takes_one_round_trip_for_each_request(#[case] family: usize) {
    let world = World::new(family, direction(0, 0), 1).run();
    let expected: Vec<_> = (0..=REQUESTS)
        .map(|request| (Instant::from_millis(40 * (u64::from(request) + 1)), request))
        .collect();
    assert_eq!(world.answered, expected);
    assert_eq!(world.retransmissions, 0);
}

#[rstest]
#[case::v4(0)]
#[case::v6(1)]
fn retransmission_gets_everything_through_a_bad_link(#[case] family: usize) {
    let world = World::new(family, direction(30, 300_000), 1).run();
    assert!(world.answered.iter().map(|&(_, request)| request).eq(0..=REQUESTS));
    assert!(world.answered.is_sorted());
    let (towards, back) =
        (world.link.accounting(Direction::Towards), world.link.accounting(Direction::Back));
    assert!(towards.balances() && back.balances());
    assert_eq!((towards.in_flight, back.in_flight), (0, 0));
    assert_eq!(towards.sent, REQUESTS + 1 + world.retransmissions);
    assert_eq!(back.sent, towards.delivered);
    // Every round trip is within the bounds of the link.
    assert_eq!(world.retransmissions, towards.dropped() + back.dropped());
}

/// Everything at once: what is damaged is refused by a checksum or (mangled) carries no number that is waited for.
#[rstest]
#[case::v4(0)]
#[case::v6(1)]
fn retransmission_gets_everything_through_every_fault(#[case] family: usize) {
    let [some, few] = [100_000, 30_000].map(Probability::from_ppm);
    let config = DirectionConfig {
        duplicate: some,
        reorder: some,
        reorder_delay: Duration::from_millis(700),
        corrupt: some,
        mangle: few,
        ..direction(30, 100_000)
    };
    let world = World::new(family, config, 1).run();
    assert!(world.answered.iter().map(|&(_, request)| request).eq(0..=REQUESTS));
    for direction in [Direction::Towards, Direction::Back] {
        let account = world.link.accounting(direction);
        assert!(account.balances() && account.in_flight == 0);
        assert_eq!(account.delivered, account.sent + account.duplicated - account.dropped());
        assert!(account.corrupted > 0 && account.mangled > 0 && account.reordered > 0);
    }
}

#[test]
fn a_seed_fixes_every_octet_of_the_capture() {
    let octets = |seed| {
        let world = World::new(1, direction(30, 300_000), seed).run();
        world.capture.finish().unwrap()
    };
    assert_eq!(octets(1), octets(1));
    assert_ne!(octets(1), octets(2));
}
