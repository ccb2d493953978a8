//! On this project's network layer: a host that sleeps is a number and an event.

use crate::{DELAY_MS, Done, HOSTS_OF_A_SERVER, OCTETS, PORT};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::sync::Arc;
use vnet::host::{Host, HostConfig, UdpPort};
use vnet::link::{Direction, DirectionConfig, Link, LinkConfig};
use vnet::queue::Queue;
use vnet::random::Streams;
use vnet::time::Instant;

enum Next {
    Wake(u32),
    Arrive { host: u32, direction: Direction, packet: Vec<u8> },
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a number of hosts fits")
}

fn address(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

/// Of the server with that number.
fn server(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0b00_0000 + number).into()
}

fn stack(address: IpAddr) -> (Host, UdpPort) {
    let mut host = Host::new(HostConfig { addresses: vec![(address, 32)], mtu: 1_500, seed: 1 });
    let port = host.bind_udp(PORT).expect("the first port of the host");
    (host, port)
}

struct Network {
    links: Vec<Link>,
    /// Those that are awake.
    hosts: Vec<Option<Box<(Host, UdpPort)>>>,
    servers: Vec<(Host, UdpPort)>,
    queue: Queue<Next>,
    exchanges: u64,
}

pub(crate) fn run(hosts: u32) -> Done {
    let config = DirectionConfig { delay: Duration::from_millis(DELAY_MS), ..Default::default() };
    let config = LinkConfig { towards: config.clone(), back: config, ..Default::default() };
    let (config, streams) = (Arc::new(config), Streams::new(1));
    let mut network = Network {
        links: (0..hosts).map(|id| Link::new(id, Arc::clone(&config), &streams)).collect(),
        hosts: (0..hosts).map(|_| None).collect(),
        servers: (0..hosts.div_ceil(HOSTS_OF_A_SERVER)).map(|of| stack(server(of))).collect(),
        queue: Queue::new(),
        exchanges: 0,
    };
    for number in 0..hosts {
        network.queue.schedule(Instant::from_micros(u64::from(number) * 1_000), Next::Wake(number));
    }
    let (built, mut events) = (std::time::Instant::now(), 0);
    while let Some((at, next)) = network.queue.pop() {
        events += 1;
        match next {
            Next::Wake(number) => network.wake(at, number),
            Next::Arrive { host, direction, packet } => network.arrive(at, (host, direction), packet),
        }
    }
    Done { exchanges: network.exchanges, events, built }
}

impl Network {
    fn wake(&mut self, at: Instant, number: u32) {
        let (mut host, port) = stack(address(number));
        let to = SocketAddr::new(server(number / HOSTS_OF_A_SERVER), PORT);
        host.send_udp(port, to, &[0; OCTETS]).expect("a short message");
        host.poll(at);
        let packet = host.take_outgoing().expect("it leaves at once");
        self.hosts[index(number)] = Some(Box::new((host, port)));
        self.send(at, (number, Direction::Towards), packet);
    }

    fn send(&mut self, at: Instant, (host, direction): (u32, Direction), packet: Vec<u8>) {
        let fate = self.links[index(host)].transmit(at, direction, &packet);
        for delivery in fate.outcome.deliveries() {
            let arrival = Next::Arrive { host, direction, packet: packet.clone() };
            self.queue.schedule(at + delivery.after(), arrival);
        }
    }

    fn arrive(&mut self, at: Instant, (host, direction): (u32, Direction), packet: Vec<u8>) {
        self.links[index(host)].arrived(direction);
        match direction {
            Direction::Towards => {
                let (server, port) = &mut self.servers[index(host / HOSTS_OF_A_SERVER)];
                server.deliver(packet);
                server.poll(at);
                let ping = server.receive_udp(*port).expect("it is for that port");
                server.send_udp(*port, ping.from, &ping.payload).expect("a short message");
                server.poll(at);
                let pong = server.take_outgoing().expect("it leaves at once");
                self.send(at, (host, Direction::Back), pong);
            }
            Direction::Back => {
                // It sleeps again.
                let Some(mut awake) = self.hosts[index(host)].take() else { return };
                awake.0.deliver(packet);
                awake.0.poll(at);
                self.exchanges += u64::from(awake.0.receive_udp(awake.1).is_some());
            }
        }
    }
}
