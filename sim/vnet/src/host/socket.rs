//! The sockets of a host: smoltcp's, with a receive queue of our own.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::socket::{icmp, udp};
use smoltcp::wire::{Icmpv4Packet, Icmpv4Repr, Icmpv6Packet, Icmpv6Repr, IpEndpoint};
use std::collections::VecDeque;

/// Octets of an echo request or reply before its data (RFC 792, RFC 4443 4.1).
pub(super) const ICMP_ECHO_HEADER_LEN: usize = 8;

/// A socket's receive buffer holds one packet, because it is emptied after each; the second entry is for padding.
const RECEIVE_PACKETS: usize = 2;
/// Packets that can wait to be sent.
const SEND_PACKETS: usize = 4;

/// How many octets the buffers of a socket have room for. smoltcp's do not grow, so an empty socket with something longer
/// before it is opened anew: of ten thousand hosts most never see a packet of full size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) receive: usize,
    pub(super) send: usize,
}

impl Room {
    /// That of a new socket.
    pub(super) const FIRST: Self = Self { receive: 512, send: 512 };

    pub(super) const fn to_receive(octets: usize) -> Self {
        Self { receive: octets, send: 0 }
    }

    const fn to_send(octets: usize) -> Self {
        Self { receive: 0, send: octets }
    }

    /// The room that there is and what is wanted beyond it, if anything is.
    fn with(self, wanted: Self) -> Option<Self> {
        let both =
            Self { receive: self.receive.max(wanted.receive), send: self.send.max(wanted.send) };
        (both != self).then_some(both)
    }
}

/// A UDP port of a [`Host`](super::Host).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UdpPort(pub(super) usize);

/// An echo identifier of a [`Host`](super::Host).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PingPort(pub(super) usize);

/// A UDP datagram that a host received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Who sent it.
    pub from: SocketAddr,
    /// To which of our addresses.
    pub to: IpAddr,
    /// The data.
    pub payload: Vec<u8>,
}

/// An echo reply that a host received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// Who answered.
    pub from: IpAddr,
    /// The sequence number of the request.
    pub sequence: u16,
    /// The data of the request.
    pub payload: Vec<u8>,
}

/// Why a port or an identifier cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindError {
    /// UDP has no port 0.
    PortZero,
    /// It is open already.
    InUse,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortZero => write!(f, "port 0 cannot be opened"),
            Self::InUse => write!(f, "already open"),
        }
    }
}

impl core::error::Error for BindError {}

/// Why a packet cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendError {
    /// Longer than the MTU, and nothing here fragments.
    TooBig {
        /// Octets of the whole IP packet.
        len: usize,
        /// The MTU of the host.
        mtu: usize,
    },
    /// The host has no address of the destination's family.
    NoAddress,
    /// The destination is the unspecified address or port 0.
    Unaddressable,
    /// Too much is queued: poll first.
    BufferFull,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooBig { len, mtu } => write!(f, "packet of {len} octets exceeds the MTU {mtu}"),
            Self::NoAddress => write!(f, "no address of the destination's family"),
            Self::Unaddressable => write!(f, "the destination is unspecified"),
            Self::BufferFull => write!(f, "the send buffer is full"),
        }
    }
}

impl core::error::Error for SendError {}

/// A UDP port that is open.
#[derive(Debug)]
pub(super) struct UdpSocket {
    handle: SocketHandle,
    port: u16,
    /// Whether something waits to be sent, were it of no octets.
    pub(super) waits: bool,
    pub(super) received: VecDeque<Received>,
}

fn udp_socket(port: u16, room: Room) -> udp::Socket<'static> {
    let buffer = |packets: usize, octets: usize| {
        udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; packets], vec![0; octets])
    };
    let mut socket =
        udp::Socket::new(buffer(RECEIVE_PACKETS, room.receive), buffer(SEND_PACKETS, room.send));
    socket.bind(port).expect("a new socket takes any port but 0");
    socket
}

impl UdpSocket {
    pub(super) fn open(sockets: &mut SocketSet<'static>, port: u16) -> Self {
        let handle = sockets.add(udp_socket(port, Room::FIRST));
        Self { handle, port, waits: false, received: VecDeque::new() }
    }

    /// Makes that room, unless something waits in the buffers.
    pub(super) fn make_room(&self, sockets: &mut SocketSet<'static>, wanted: Room) {
        let socket = sockets.get_mut::<udp::Socket<'_>>(self.handle);
        let room =
            Room { receive: socket.payload_recv_capacity(), send: socket.payload_send_capacity() };
        if let Some(room) = room.with(wanted).filter(|_| !self.waits) {
            *socket = udp_socket(self.port, room);
        }
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn send(
        &mut self,
        sockets: &mut SocketSet<'static>,
        to: SocketAddr,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.make_room(sockets, Room::to_send(payload.len()));
        self.waits = true;
        let socket = sockets.get_mut::<udp::Socket<'_>>(self.handle);
        socket.send_slice(payload, IpEndpoint::from(to)).map_err(|error| match error {
            udp::SendError::Unaddressable => SendError::Unaddressable,
            udp::SendError::BufferFull => SendError::BufferFull,
        })
    }

    pub(super) fn drain(&mut self, sockets: &mut SocketSet<'static>) {
        let socket = sockets.get_mut::<udp::Socket<'_>>(self.handle);
        while let Ok((payload, about)) = socket.recv() {
            let from = SocketAddr::new(about.endpoint.addr.into(), about.endpoint.port);
            let to = about.local_address.expect("smoltcp sets it on what it receives").into();
            // Mostly it is taken before another one comes.
            self.received.reserve_exact(1);
            self.received.push_back(Received { from, to, payload: payload.to_vec() });
        }
    }
}

/// An echo identifier that is open.
#[derive(Debug)]
pub(super) struct PingSocket {
    handle: SocketHandle,
    ident: u16,
    /// As of a [`UdpSocket`].
    pub(super) waits: bool,
    pub(super) received: VecDeque<Echo>,
}

fn ping_socket(ident: u16, room: Room) -> icmp::Socket<'static> {
    let buffer = |packets: usize, octets: usize| {
        icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; packets], vec![0; octets])
    };
    let mut socket =
        icmp::Socket::new(buffer(RECEIVE_PACKETS, room.receive), buffer(SEND_PACKETS, room.send));
    socket.bind(icmp::Endpoint::Ident(ident)).expect("a new socket takes any identifier");
    socket
}

impl PingSocket {
    pub(super) fn open(sockets: &mut SocketSet<'static>, ident: u16) -> Self {
        let handle = sockets.add(ping_socket(ident, Room::FIRST));
        Self { handle, ident, waits: false, received: VecDeque::new() }
    }

    /// As of a [`UdpSocket`].
    pub(super) fn make_room(&self, sockets: &mut SocketSet<'static>, wanted: Room) {
        let socket = sockets.get_mut::<icmp::Socket<'_>>(self.handle);
        let room =
            Room { receive: socket.payload_recv_capacity(), send: socket.payload_send_capacity() };
        if let Some(room) = room.with(wanted).filter(|_| !self.waits) {
            *socket = ping_socket(self.ident, room);
        }
    }

    pub(super) const fn ident(&self) -> u16 {
        self.ident
    }

    pub(super) fn send(
        &mut self,
        sockets: &mut SocketSet<'static>,
        to: IpAddr,
        sequence: u16,
        payload: &[u8],
    ) -> Result<(), SendError> {
        let (ident, seq_no, data) = (self.ident, sequence, payload);
        self.make_room(sockets, Room::to_send(ICMP_ECHO_HEADER_LEN + payload.len()));
        self.waits = true;
        let socket = sockets.get_mut::<icmp::Socket<'_>>(self.handle);
        let place =
            socket.send(ICMP_ECHO_HEADER_LEN + payload.len(), to.into()).map_err(|error| {
                match error {
                    icmp::SendError::Unaddressable => SendError::Unaddressable,
                    icmp::SendError::BufferFull => SendError::BufferFull,
                }
            })?;
        // smoltcp parses this and emits it again with the checksum, when it knows the source address.
        let no_checksum = ChecksumCapabilities::ignored();
        if to.is_ipv4() {
            let request = Icmpv4Repr::EchoRequest { ident, seq_no, data };
            request.emit(&mut Icmpv4Packet::new_unchecked(place), &no_checksum);
        } else {
            let request = Icmpv6Repr::EchoRequest { ident, seq_no, data };
            let unknown = Ipv6Addr::UNSPECIFIED;
            let mut packet = Icmpv6Packet::new_unchecked(place);
            request.emit(&unknown, &unknown, &mut packet, &no_checksum);
        }
        Ok(())
    }

    pub(super) fn drain(&mut self, sockets: &mut SocketSet<'static>) {
        let socket = sockets.get_mut::<icmp::Socket<'_>>(self.handle);
        while let Ok((message, from)) = socket.recv() {
            // The socket also sees the requests of others that happen to use our identifier.
            if let Some((sequence, payload)) = echo_reply(from.into(), message) {
                let payload = payload.to_vec();
                self.received.push_back(Echo { from: from.into(), sequence, payload });
            }
        }
    }
}

/// Sequence number and data of an echo reply; smoltcp has checked the checksum already.
fn echo_reply(from: IpAddr, message: &[u8]) -> Option<(u16, &[u8])> {
    let no_checksum = ChecksumCapabilities::ignored();
    if from.is_ipv4() {
        let packet = Icmpv4Packet::new_checked(message).ok()?;
        match Icmpv4Repr::parse(&packet, &no_checksum).ok()? {
            Icmpv4Repr::EchoReply { seq_no, data, .. } => Some((seq_no, data)),
            _ => None,
        }
    } else {
        let packet = Icmpv6Packet::new_checked(message).ok()?;
        let unknown = Ipv6Addr::UNSPECIFIED;
        match Icmpv6Repr::parse(&unknown, &unknown, &packet, &no_checksum).ok()? {
            Icmpv6Repr::EchoReply { seq_no, data, .. } => Some((seq_no, data)),
            _ => None,
        }
    }
}
