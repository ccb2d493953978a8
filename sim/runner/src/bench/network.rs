//! The network alone: the datagrams of a run (their sizes, times and links) through stacks, links and queue, with
//! neither IKE nor cryptography. Hosts wake out of the queue, as nodes do: each waits there for its next wake.

use crate::floor::Floor;
use crate::measure::{alternate, line};
use crate::recorder::record;
use crate::{POWER_CUT, ROOM_SENSORS};
use anyhow::Result;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use runner::say;
use simulator::scenario::Scenario;
use simulator::{Actor, Datagram, Event, Observer, What, World, link_config};
use std::sync::Arc;
use vnet::host::{Host, HostConfig, UdpPort};
use vnet::link::{Direction, Link};
use vnet::queue::Queue;
use vnet::random::Streams;
use vnet::time::Instant;
use vnet::{ip, udp};

const PORT: u16 = 500;
const MTU: usize = 1_500;
/// Octets of the headers of IPv4 and UDP.
const HEADERS: usize = 28;

/// Prints the time of the network of each shipped fleet.
pub(crate) fn measure(rounds: usize) -> Result<()> {
    let shipped = [POWER_CUT, ROOM_SENSORS];
    shipped.iter().try_for_each(|shipped| of((shipped.name, &shipped.scenario()), rounds))
}

pub(crate) fn of((name, scenario): (&str, &Scenario), rounds: usize) -> Result<()> {
    let (script, floor) = (Script::record(scenario), Floor::new(record(scenario)));
    let mut network = || {
        let arrived = Network::new(scenario).play(&script);
        assert_eq!(arrived, script.arrivals, "as many datagrams arrive as in the run");
    };
    let [alone, network] = alternate(rounds, [&mut || floor.execute(), &mut network]);
    say(&format!("  {} datagrams of {name}\n", script.datagrams))?;
    line("cryptographic operations alone", alone, alone)?;
    line("the network alone", network, alone)
}

/// What the network is told to do.
enum Step {
    Sleep(u32),
    /// A datagram of so many octets.
    Send {
        link: u32,
        direction: Direction,
        len: usize,
    },
}

/// A run as its network sees it.
#[derive(Default)]
pub(crate) struct Script {
    /// When each node wakes for the first time, and then again.
    wakes: Vec<Vec<Instant>>,
    steps: Vec<(Instant, Step)>,
    pub(crate) datagrams: usize,
    pub(crate) arrivals: usize,
}

impl Script {
    pub(crate) fn record(scenario: &Scenario) -> Self {
        let wakes = (0..scenario.nodes()).map(|_| Vec::new()).collect();
        let mut script = Self { wakes, ..Self::default() };
        let mut world = World::new(scenario, scenario.seed, &mut script);
        world.step_until(world.end());
        drop(world);
        script
    }
}

impl Observer for Script {
    fn event(&mut self, event: &Event<'_>) {
        let at = Instant::from_micros(event.at.micros());
        let step = match (&event.what, event.who) {
            (What::Woke { .. }, Actor::Node(number)) => {
                self.wakes[index(number)].push(at);
                return;
            }
            (What::Slept, Actor::Node(number)) => Step::Sleep(number),
            (What::Arrived { .. }, _) => {
                self.arrivals += 1;
                return;
            }
            _ => return,
        };
        self.steps.push((at, step));
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        let (place, len) = (datagram.place, datagram.octets.len());
        let step = Step::Send { link: place.link, direction: place.direction, len };
        self.datagrams += 1;
        self.steps.push((Instant::from_micros(datagram.at.micros()), step));
    }
}

/// What happens by itself.
enum Next {
    /// A host wakes; how often it did before.
    Wake(u32, usize),
    Arrive(Box<Arrival>),
}

/// A copy on its way.
struct Arrival {
    link: u32,
    direction: Direction,
    packet: Vec<u8>,
}

pub(crate) struct Network {
    links: Vec<Link>,
    /// The nodes that are awake.
    hosts: Vec<Option<Box<(Host, UdpPort)>>>,
    queue: Queue<Next>,
    end: Instant,
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a node's number fits")
}

fn node(number: u32) -> SocketAddr {
    (Ipv4Addr::from_bits(0x0a00_0100 + number), PORT).into()
}

fn gateway() -> SocketAddr {
    (Ipv4Addr::from_bits(0x0a00_0001), PORT).into()
}

impl Network {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let streams = Streams::new(scenario.seed);
        let mut links = Vec::new();
        for group in &scenario.groups {
            let config = Arc::new(link_config(&group.link));
            links.extend(group.numbers().map(|id| Link::new(id, Arc::clone(&config), &streams)));
        }
        let hosts = links.iter().map(|_| None).collect();
        let end = Instant::ZERO + scenario.duration;
        Self { links, hosts, queue: Queue::new(), end }
    }

    /// Does it all; how many datagrams arrived before the end.
    pub(crate) fn play(mut self, script: &Script) -> usize {
        self.queue.reserve(script.wakes.len());
        for number in (0..).take(script.wakes.len()) {
            self.await_wake(script, number, 0);
        }
        self.queue.arrange();
        let mut arrived = 0;
        for (at, step) in &script.steps {
            arrived += self.go_on_until(script, *at);
            match *step {
                Step::Sleep(number) => self.hosts[index(number)] = None,
                Step::Send { link, direction, len } => self.send(*at, (link, direction), len),
            }
        }
        arrived + self.go_on_until(script, self.end)
    }

    fn await_wake(&mut self, script: &Script, number: u32, wake: usize) {
        if let Some(at) = script.wakes[index(number)].get(wake) {
            self.queue.schedule(*at, Next::Wake(number, wake));
        }
    }

    fn send(&mut self, at: Instant, (link, direction): (u32, Direction), len: usize) {
        let payload = [0; MTU];
        let payload = &payload[..len - HEADERS];
        let packet = match (direction, &mut self.hosts[index(link)]) {
            (Direction::Towards, Some(awake)) => {
                let (host, port) = awake.as_mut();
                host.send_udp(*port, gateway(), payload).expect("a short message");
                host.poll(at);
                host.take_outgoing().expect("it leaves at once")
            }
            _ => udp::emit(gateway(), node(link), payload),
        };
        let fate = self.links[index(link)].transmit(at, direction, &packet);
        for delivery in fate.outcome.deliveries() {
            let arrival = Box::new(Arrival { link, direction, packet: packet.clone() });
            self.queue.schedule(at + delivery.after(), Next::Arrive(arrival));
        }
    }

    fn go_on_until(&mut self, script: &Script, end: Instant) -> usize {
        let mut arrived = 0;
        while self.queue.next_time().is_some_and(|next| next <= end) {
            match self.queue.pop() {
                Some((_, Next::Wake(number, wake))) => {
                    self.hosts[index(number)] = Some(Box::new(wake_up(number)));
                    self.await_wake(script, number, wake + 1);
                }
                Some((at, Next::Arrive(arrival))) => {
                    self.arrive(at, *arrival);
                    arrived += 1;
                }
                None => break,
            }
        }
        arrived
    }

    fn arrive(&mut self, at: Instant, arrival: Arrival) {
        let Arrival { link, direction, packet } = arrival;
        self.links[index(link)].arrived(direction);
        match (direction, &mut self.hosts[index(link)]) {
            (Direction::Towards, _) => {
                let outer = ip::parse(&packet).expect("nothing damages it");
                udp::parse(outer.source, outer.destination, outer.payload).expect("as it was sent");
            }
            (Direction::Back, Some(awake)) => {
                let (host, port) = awake.as_mut();
                host.deliver(packet);
                host.poll(at);
                host.receive_udp(*port).expect("it is for that port");
            }
            (Direction::Back, None) => {}
        }
    }
}

fn wake_up(number: u32) -> (Host, UdpPort) {
    let address: IpAddr = node(number).ip();
    let mut host = Host::new(HostConfig { addresses: vec![(address, 32)], mtu: MTU, seed: 1 });
    let port = host.bind_udp(PORT).expect("the first port of the host");
    (host, port)
}
