//! The virtual network of the simulator: the parts of a discrete-event simulation of IP hosts, and nothing about IKE or
//! ESP.
//!
//! The event loop is the caller's. It pops the next event from a [`queue::Queue`], hands packets to the
//! [`host::Host`]s, asks a [`link::Link`] what becomes of every packet they send, and schedules the deliveries.
//!
//! | module | what |
//! |---|---|
//! | [`time`] | virtual time in microseconds |
//! | [`queue`] | events in the order of (time, order of scheduling), with cheap cancellation |
//! | [`random`] | one ChaCha20 stream for each consumer and purpose; integer sampling |
//! | [`link`] | every fault for each direction; accounting; replay |
//! | [`ip`], [`udp`] | raw datagrams, checked and made |
//! | [`icmp`] | the error about a datagram that nobody takes |
//! | [`rewrite`] | addresses and ports replaced in place, as a router does |
//! | [`host`] | a smoltcp interface with UDP and ping sockets |
//! | [`capture`] | pcapng for Wireshark; pcap and pcapng of anybody's |
//! | [`frame`] | what a captured frame carries, whatever the link layer |
//!
//! # Determinism
//!
//! There is no clock, thread or socket here, no hashed container, and no floating point outside the tests. What a run
//! does is a function of its seed:
//!
//! - Equal times pop in the order in which they were scheduled.
//! - A random stream belongs to one (consumer, purpose) and is derived on demand.
//! - What a link does with a datagram depends on (seed, link, direction, index and form of the datagram), not on earlier
//!   draws, and a fault that is switched on moves no draw of another.
//! - A capture is the same octets on every machine.
//!
//! # What is visible
//!
//! No packet disappears without a trace. A link accounts for every datagram. A host refuses to send what the stack
//! would drop in silence ([`host::SendError`]), receives bursts without a limit, and counts what it refuses on arrival
//! ([`host::HostCounters`]); what remains are packets that are malformed, fail a checksum, or are for someone else.
//! Neither IPv4 nor IPv6 datagrams are ever fragmented.
//!
//! # Example
//!
//! ```
//! use core::net::{IpAddr, SocketAddr};
//! use core::time::Duration;
//! use vnet::host::{Host, HostConfig};
//! use vnet::link::{Direction, DirectionConfig, Link, LinkConfig};
//! use vnet::queue::Queue;
//! use vnet::random::Streams;
//! use vnet::time::Instant;
//!
//! let host = |last| {
//!     let address = IpAddr::from([192, 0, 2, last]);
//!     Host::new(HostConfig { addresses: vec![(address, 24)], mtu: 1280, seed: 1 })
//! };
//! let (mut node, mut gateway) = (host(1), host(2));
//! let from = node.bind_udp(500)?;
//! let at = gateway.bind_udp(500)?;
//! let way = DirectionConfig {
//!     delay: Duration::from_millis(20),
//!     mtu: 1280,
//!     ..DirectionConfig::default()
//! };
//! let mut link = Link::new(0, LinkConfig::symmetric(way), &Streams::new(7));
//! let mut queue = Queue::new();
//!
//! node.send_udp(from, SocketAddr::from(([192, 0, 2, 2], 500)), b"hello")?;
//! node.poll(queue.now());
//! while let Some(packet) = node.take_outgoing() {
//!     let fate = link.transmit(queue.now(), Direction::Towards, &packet);
//!     for delivery in fate.outcome.deliveries() {
//!         let mut copy = packet.clone();
//!         delivery.damage.iter().for_each(|damage| damage.apply(&mut copy));
//!         queue.schedule(queue.now() + delivery.after(), copy);
//!     }
//! }
//! while let Some((now, packet)) = queue.pop() {
//!     link.arrived(Direction::Towards);
//!     gateway.deliver(packet);
//!     gateway.poll(now);
//! }
//! assert_eq!(gateway.receive_udp(at).unwrap().payload, b"hello");
//! assert_eq!(queue.now(), Instant::from_millis(20));
//! assert!(link.accounting(Direction::Towards).balances());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod capture;
pub mod frame;
pub mod host;
pub mod icmp;
pub mod ip;
pub mod link;
pub mod queue;
pub mod random;
pub mod rewrite;
pub mod time;
pub mod udp;
