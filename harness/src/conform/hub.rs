//! One portal for many cases: each has a block of addresses, and gets what is for it.

use super::halt::{Halt, NOTICED};
use super::owner::Owner;
use crate::{Clock, Portal};
use conformance::{Packet, Patience, Subject, Unsupported, Wire, Wish};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use ike_core::{Identity, Instant, Path};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vnet::ip;

/// Where the blocks of the cases begin; the gateway is below.
const FIRST: u32 = u32::from_be_bytes([10, 65, 0, 0]);
/// How many addresses a case has.
const BLOCK: u32 = 16;
/// The usual address of the tester in its block.
const USUAL: u32 = 13;

/// A port of the server's and of the case's, in what goes through a tunnel.
const INNER_PORT: u16 = 7_815;

/// The usual address of the n-th case.
pub(super) fn address(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(FIRST + number * BLOCK + USUAL).into()
}

/// The number of the case that has this address.
pub(super) fn numbered(address: IpAddr) -> Option<u32> {
    Some(block(address)?.checked_sub(FIRST)? / BLOCK)
}

/// The first address of the block that an address is in.
fn block(address: IpAddr) -> Option<u32> {
    match address {
        IpAddr::V4(v4) => Some(v4.to_bits() / BLOCK * BLOCK),
        IpAddr::V6(_) => None,
    }
}

type Inboxes = Arc<Mutex<BTreeMap<u32, Sender<Packet>>>>;

/// Between the portal of one container and the cases at it.
#[derive(Clone)]
pub(super) struct Hub {
    clock: Clock,
    outgoing: UnboundedSender<Vec<u8>>,
    inboxes: Inboxes,
    owner: Owner,
    halt: Halt,
}

impl Hub {
    /// Carries packets from now on, until nobody has it any more.
    pub(super) fn open(portal: Portal, owner: Owner, halt: Halt) -> Self {
        let (outgoing, packets) = unbounded_channel();
        let hub =
            Self { clock: Clock::start(), outgoing, inboxes: Inboxes::default(), owner, halt };
        tokio::spawn(pump(portal, packets, hub.clock, Arc::clone(&hub.inboxes)));
        hub
    }

    /// A subject at the other end of the portal for the case whose usual path this is. What the case wants of its owner
    /// concerns that peer, or the only one; a gateway also has a server behind it.
    pub(super) fn subject(
        &self,
        path: Path,
        gateway: Option<(Identity, IpAddr)>,
    ) -> Result<Box<dyn Subject>, Unsupported> {
        let own = block(path.local.ip())
            .ok_or_else(|| Unsupported("the portals of the cases are for IPv4".into()))?;
        let (sender, inbox) = channel();
        self.lock().insert(own, sender);
        let behind = gateway.as_ref().map(|(_, server)| (path.local.ip(), *server));
        let peer = gateway.map(|(peer, _)| peer);
        Ok(Box::new(Portaled { hub: self.clone(), own, inbox, peer, behind }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Sender<Packet>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pump(
    mut portal: Portal,
    mut outgoing: UnboundedReceiver<Vec<u8>>,
    clock: Clock,
    inboxes: Inboxes,
) {
    loop {
        tokio::select! {
            packet = portal.receive() => {
                let Some(packet) = understood(&packet, clock.now()) else { continue };
                let to = block(packet.path.local.ip());
                let inboxes = inboxes.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(inbox) = to.and_then(|to| inboxes.get(&to)) {
                    // A case that has just ended wants no more.
                    let _ = inbox.send(packet);
                }
            }
            packet = outgoing.recv() => match packet {
                Some(packet) => portal.send(&packet).await,
                None => return,
            },
        }
    }
}

/// IKE or ESP in an IP packet. ICMP and what else a host says are no part of a case.
fn understood(octets: &[u8], at: Instant) -> Option<Packet> {
    let packet = ip::parse(octets).ok()?;
    let (source, destination) = (packet.source, packet.destination);
    match packet.protocol {
        ip::protocol::UDP => {
            let datagram = vnet::udp::parse(source, destination, packet.payload).ok()?;
            let local = SocketAddr::new(destination, datagram.destination_port);
            let remote = SocketAddr::new(source, datagram.source_port);
            let octets = datagram.payload.to_vec();
            Some(Packet { at, path: Path { local, remote }, wire: Wire::Ike, octets })
        }
        ip::protocol::ESP => {
            let path =
                Path { local: SocketAddr::new(destination, 0), remote: SocketAddr::new(source, 0) };
            Some(Packet { at, path, wire: Wire::Esp, octets: packet.payload.to_vec() })
        }
        _ => None,
    }
}

/// The IP datagram in which that crosses; `None`: there is none.
pub(super) fn datagram(
    (from, to): (SocketAddr, SocketAddr),
    wire: Wire,
    octets: &[u8],
) -> Option<Vec<u8>> {
    let carried = |protocol, octets: &[u8]| ip::emit(from.ip(), to.ip(), protocol, octets);
    match wire {
        Wire::Ike => Some(vnet::udp::emit(from, to, octets)),
        Wire::Esp => Some(carried(ip::protocol::ESP, octets)),
        Wire::Unreachable(code) => {
            let about = vnet::udp::emit(to, from, octets);
            let error = vnet::icmp::unreachable(&about, code)?;
            Some(carried(ip::protocol::ICMP, &error))
        }
    }
}

/// What one case has of a container.
struct Portaled {
    hub: Hub,
    own: u32,
    inbox: Receiver<Packet>,
    peer: Option<Identity>,
    /// Where the case is, and the server behind the gateway that it is about.
    behind: Option<(IpAddr, IpAddr)>,
}

impl Portaled {
    /// A packet of the server's to the case, in clear: the gateway has to send it on through the tunnel, as
    /// docs/gateways.md has it of the portal.
    fn send_from(&self, server: IpAddr, own: IpAddr) -> Result<(), Unsupported> {
        let port = |address| SocketAddr::new(address, INNER_PORT);
        self.put(vnet::udp::emit(port(server), port(own), b"from the server"))
    }

    fn put(&self, packet: Vec<u8>) -> Result<(), Unsupported> {
        let gone = |_| Unsupported("the portal is closed".into());
        self.hub.outgoing.send(packet).map_err(gone)
    }
}

impl Subject for Portaled {
    fn now(&self) -> Instant {
        self.hub.clock.now()
    }

    fn patience(&self) -> Patience {
        PATIENCE
    }

    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported> {
        if block(path.local.ip()) != Some(self.own) {
            let text = format!("{} is none of this case's addresses", path.local.ip());
            return Err(Unsupported(text));
        }
        let packet = datagram((path.local, path.remote), wire, octets)
            .ok_or_else(|| Unsupported("ICMP errors are about IPv4 here".into()))?;
        if self.hub.halt.is_called() {
            return Err(Unsupported("stopped".into()));
        }
        self.put(packet)
    }

    fn receive(&mut self, until: Instant) -> Option<Packet> {
        loop {
            let rest = until.saturating_duration_since(self.now());
            match self.inbox.recv_timeout(rest.min(NOTICED)) {
                Ok(packet) => return Some(packet),
                Err(RecvTimeoutError::Timeout) if rest > NOTICED && !self.hub.halt.is_called() => {}
                Err(_) => return None,
            }
        }
    }

    fn wish(&mut self, wish: Wish) -> Result<(), Unsupported> {
        if let (Wish::Send, Some((own, server))) = (wish, self.behind) {
            return self.send_from(server, own);
        }
        self.hub.owner.has(wish, self.peer.as_ref())
    }
}

impl Drop for Portaled {
    fn drop(&mut self) {
        self.hub.lock().remove(&self.own);
    }
}

/// What suits a daemon on a busy machine.
pub(super) const PATIENCE: Patience = Patience {
    answer: Duration::from_millis(1_500),
    wake: Duration::from_secs(20),
    retransmission: Duration::from_secs(20),
    give_up: Duration::from_secs(200),
};
