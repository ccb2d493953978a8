//! A host: one smoltcp interface on an IP-only device, with its UDP and ping sockets.
//!
//! There is no link layer and so no neighbour discovery. A host is cheap to build when a node wakes and is dropped when
//! it sleeps. It answers echo requests by itself, a closed port with "port unreachable", and any protocol but UDP and
//! ICMP with an ICMP error too: whoever does the ESP must not hand it to the stack. It refuses what does not fit
//! instead of losing it in silence.

mod config;
mod device;
mod socket;
#[cfg(test)]
mod tests;

pub use config::{ConfigError, HostConfig, MAX_ADDRESSES, MTU_RANGE};
pub use socket::{BindError, Echo, PingPort, Received, SendError, UdpPort};

use crate::ip::protocol;
use crate::time::Instant;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use device::QueueDevice;
use smoltcp::iface::{Config, Interface, PollIngressSingleResult, SocketSet};
use smoltcp::wire::{HardwareAddress, IPV4_HEADER_LEN, IPV6_HEADER_LEN, IpCidr, UDP_HEADER_LEN};
use socket::{ICMP_ECHO_HEADER_LEN, PingSocket, Room, UdpSocket};

/// IP packets that a host saw or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostCounters {
    /// Handed to [`Host::deliver`].
    pub delivered: u64,
    /// Taken with [`Host::take_outgoing`].
    pub taken: u64,
    /// Dropped on arrival: longer than the MTU of this host.
    pub refused_too_big: u64,
    /// Dropped on arrival: UDP over IPv6 without a checksum (RFC 8200 8.1), which smoltcp would accept.
    pub refused_no_checksum: u64,
}

/// One IP stack with its sockets.
pub struct Host {
    mtu: usize,
    interface: Interface,
    device: QueueDevice,
    sockets: SocketSet<'static>,
    udp: Vec<UdpSocket>,
    ping: Vec<PingSocket>,
    counters: HostCounters,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("addresses", &self.interface.ip_addrs())
            .field("device", &self.device)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Host {
    /// Builds the stack. Everything that is sent leaves through the device: on a medium without neighbours smoltcp
    /// asks no routing table.
    ///
    /// # Panics
    /// When [`HostConfig::check`] finds a fault in the configuration.
    #[must_use]
    pub fn new(config: HostConfig) -> Self {
        if let Err(error) = config.check() {
            panic!("host configuration: {error}");
        }
        let mut device = QueueDevice::new(config.mtu);
        let mut of_interface = Config::new(HardwareAddress::Ip);
        of_interface.random_seed = config.seed;
        let mut interface = Interface::new(of_interface, &mut device, smoltcp::time::Instant::ZERO);
        interface.update_ip_addrs(|list| {
            for (address, prefix) in &config.addresses {
                list.push(IpCidr::new((*address).into(), *prefix)).expect("checked above");
            }
        });
        Self {
            mtu: config.mtu,
            interface,
            device,
            // A node's are one for IKE and one for its application; a vector by itself would make room for four.
            sockets: SocketSet::new(Vec::with_capacity(2)),
            udp: Vec::new(),
            ping: Vec::new(),
            counters: HostCounters::default(),
        }
    }

    /// Opens a UDP port on all addresses.
    ///
    /// Until the next [`poll`](Self::poll) it takes one datagram of full size, or four of 512 octets together, to send. What
    /// it received is kept until it is taken.
    ///
    /// # Errors
    /// [`BindError`]: the port is 0 or open already.
    pub fn bind_udp(&mut self, port: u16) -> Result<UdpPort, BindError> {
        if port == 0 {
            return Err(BindError::PortZero);
        }
        if self.udp.iter().any(|open| open.port() == port) {
            return Err(BindError::InUse);
        }
        self.udp.push(UdpSocket::open(&mut self.sockets, port));
        Ok(UdpPort(self.udp.len() - 1))
    }

    /// Queues a datagram; it leaves at the next [`poll`](Self::poll).
    ///
    /// # Errors
    /// [`SendError`]: it can never be sent, or ([`SendError::BufferFull`]) not before the next poll.
    ///
    /// # Panics
    /// When the port is another host's.
    pub fn send_udp(
        &mut self,
        port: UdpPort,
        to: SocketAddr,
        payload: &[u8],
    ) -> Result<(), SendError> {
        if to.port() == 0 {
            return Err(SendError::Unaddressable);
        }
        self.check_sendable(to.ip(), UDP_HEADER_LEN + payload.len())?;
        self.udp[port.0].send(&mut self.sockets, to, payload)
    }

    /// The next datagram that was received on the port.
    ///
    /// # Panics
    /// When the port is another host's.
    pub fn receive_udp(&mut self, port: UdpPort) -> Option<Received> {
        self.udp[port.0].received.pop_front()
    }

    /// Opens an identifier for echo requests of our own.
    ///
    /// # Errors
    /// [`BindError::InUse`]: the identifier is open already.
    pub fn bind_ping(&mut self, ident: u16) -> Result<PingPort, BindError> {
        if self.ping.iter().any(|open| open.ident() == ident) {
            return Err(BindError::InUse);
        }
        self.ping.push(PingSocket::open(&mut self.sockets, ident));
        Ok(PingPort(self.ping.len() - 1))
    }

    /// Queues an echo request; it leaves at the next [`poll`](Self::poll).
    ///
    /// # Errors
    /// [`SendError`], as for [`send_udp`](Self::send_udp).
    ///
    /// # Panics
    /// When the port is another host's.
    pub fn send_ping(
        &mut self,
        port: PingPort,
        to: IpAddr,
        sequence: u16,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.check_sendable(to, ICMP_ECHO_HEADER_LEN + payload.len())?;
        self.ping[port.0].send(&mut self.sockets, to, sequence, payload)
    }

    /// The next echo reply that was received for the identifier.
    ///
    /// # Panics
    /// When the port is another host's.
    pub fn receive_ping(&mut self, port: PingPort) -> Option<Echo> {
        self.ping[port.0].received.pop_front()
    }

    /// Queues an IP packet that arrived; [`poll`](Self::poll) processes it.
    ///
    /// A packet that is malformed, has a wrong checksum or another destination is ignored, as by any stack. One that is
    /// longer than the MTU is refused and counted.
    pub fn deliver(&mut self, packet: Vec<u8>) {
        self.counters.delivered += 1;
        if packet.len() > self.mtu {
            self.counters.refused_too_big += 1;
        } else if is_udp_v6_without_checksum(&packet) {
            self.counters.refused_no_checksum += 1;
        } else {
            self.device.incoming.push_back(packet);
        }
    }

    /// Processes everything that arrived and sends everything that is queued, until nothing more happens.
    pub fn poll(&mut self, now: Instant) {
        let time = stack_time(now);
        // Whoever drives a host asks it after each step, and mostly there is nothing to do.
        if !self.waits() && self.device.incoming.is_empty() && !self.is_due(time) {
            return;
        }
        loop {
            self.ingress(time);
            self.interface.poll_egress(time, &mut self.device, &mut self.sockets);
            // Egress sends one packet of each socket, and says "nothing" when smoltcp gave up on one although others
            // wait behind it. So ask what is left instead.
            if !self.is_due(time) && self.device.incoming.is_empty() {
                break;
            }
        }
        self.all_is_sent();
    }

    /// Whether a socket has got something to send since the last poll.
    fn waits(&self) -> bool {
        self.udp.iter().any(|socket| socket.waits) || self.ping.iter().any(|socket| socket.waits)
    }

    fn all_is_sent(&mut self) {
        self.udp.iter_mut().for_each(|socket| socket.waits = false);
        self.ping.iter_mut().for_each(|socket| socket.waits = false);
    }

    fn is_due(&mut self, time: smoltcp::time::Instant) -> bool {
        self.interface.poll_at(time, &self.sockets).is_some_and(|at| at <= time)
    }

    /// When [`poll`](Self::poll) must be called next: `now` when there is something to process, `None` when only a
    /// packet or a call can make something happen.
    pub fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        // smoltcp does not look at what its device has received.
        if !self.device.incoming.is_empty() {
            return Some(now);
        }
        // smoltcp says 0 for "now".
        let at = self.interface.poll_at(stack_time(now), &self.sockets)?;
        Some(our_time(at).max(now))
    }

    /// The next IP packet that the stack sent.
    pub fn take_outgoing(&mut self) -> Option<Vec<u8>> {
        let packet = self.device.outgoing.pop_front()?;
        self.counters.taken += 1;
        Some(packet)
    }

    /// What this host saw and refused so far.
    #[must_use]
    pub const fn counters(&self) -> &HostCounters {
        &self.counters
    }

    /// The longest IP packet that this host sends or takes, in octets.
    #[must_use]
    pub const fn mtu(&self) -> usize {
        self.mtu
    }

    /// The address that a packet to `destination` would come from; `None` without one of its family.
    #[must_use]
    pub fn source_address(&self, destination: IpAddr) -> Option<IpAddr> {
        let own = self.interface.ip_addrs();
        // Without an IPv6 address smoltcp would send from the loopback address.
        if destination.is_unspecified() || !own.iter().any(|own| same_family(own, destination)) {
            return None;
        }
        self.interface.get_source_address(&destination.into()).map(IpAddr::from)
    }

    /// Refuses what smoltcp would drop in silence. `len` counts the octets after the IP header.
    fn check_sendable(&self, to: IpAddr, len: usize) -> Result<(), SendError> {
        if to.is_unspecified() {
            return Err(SendError::Unaddressable);
        }
        if self.source_address(to).is_none() {
            return Err(SendError::NoAddress);
        }
        let header_len = if to.is_ipv4() { IPV4_HEADER_LEN } else { IPV6_HEADER_LEN };
        if header_len + len > self.mtu {
            return Err(SendError::TooBig { len: header_len + len, mtu: self.mtu });
        }
        Ok(())
    }

    /// Packets one by one, so that a socket's buffer never holds more than one and none is lost for want of space.
    fn ingress(&mut self, time: smoltcp::time::Instant) {
        self.make_room(time);
        while self.interface.poll_ingress_single(time, &mut self.device, &mut self.sockets)
            != PollIngressSingleResult::None
        {
            for socket in &mut self.udp {
                socket.drain(&mut self.sockets);
            }
            for socket in &mut self.ping {
                socket.drain(&mut self.sockets);
            }
            self.make_room(time);
        }
    }

    /// Of whatever port the next packet is for, the payload is not longer than the packet.
    fn make_room(&mut self, time: smoltcp::time::Instant) {
        let Some(len) = self.device.incoming.front().map(Vec::len) else { return };
        if len > Room::FIRST.receive {
            // A socket with something to send keeps its buffers.
            while self.is_due(time) {
                self.interface.poll_egress(time, &mut self.device, &mut self.sockets);
            }
            self.all_is_sent();
            let room = Room::to_receive(len);
            self.udp.iter().for_each(|socket| socket.make_room(&mut self.sockets, room));
            self.ping.iter().for_each(|socket| socket.make_room(&mut self.sockets, room));
        }
    }
}

fn same_family(own: &IpCidr, other: IpAddr) -> bool {
    matches!(own, IpCidr::Ipv4(_)) == other.is_ipv4()
}

fn is_udp_v6_without_checksum(packet: &[u8]) -> bool {
    let [version, ..] = packet else { return false };
    version >> 4 == 6
        && packet.get(6) == Some(&protocol::UDP)
        && packet.get(IPV6_HEADER_LEN + 6..IPV6_HEADER_LEN + 8) == Some(&[0, 0])
}

fn stack_time(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros(i64::try_from(now.micros()).unwrap_or(i64::MAX))
}

fn our_time(at: smoltcp::time::Instant) -> Instant {
    Instant::from_micros(u64::try_from(at.total_micros()).unwrap_or(0))
}
