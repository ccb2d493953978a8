//! Anybody's gateway, at a UDP port. Whoever runs it has set it up.

use super::halt::Halt;
use super::hub::PATIENCE;
use super::settle;
use crate::Clock;
use conformance::{
    Case, Implementation, Packet, Patience, Role, Setup, Subject, Unsupported, Wire, Wish,
};
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::{Identity, Instant, Path, Psk, Suite, TrafficSelector};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::UdpSocket;

/// The most octets of a datagram.
const MAX_DATAGRAM: usize = 65_535;
/// How long one socket is listened to before the next is.
const TURN: Duration = Duration::from_millis(20);

/// How the gateway was set up.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who the tester is there.
    pub identity: Identity,
    /// The key.
    pub psk: Psk,
    /// The suite that it accepts.
    pub suite: Suite,
    /// What it protects: the tester asks for this as TSr; `None`: its own address.
    pub behind: Option<TrafficSelector>,
}

impl Account {
    /// Whether a case can take place with it.
    pub(super) fn suits(&self, setup: &Setup) -> Result<(), Unsupported> {
        let otherwise = [
            (setup.peer != self.identity, "its peer has one identity"),
            (setup.psk.as_slice() != self.psk.as_slice(), "its peer has one key"),
            (setup.suite != self.suite, "it was set up for one suite"),
            (!setup.groups.is_empty(), "it was set up for the suite's group"),
        ];
        match otherwise.iter().find(|(otherwise, _)| *otherwise) {
            Some((_, why)) => Err(Unsupported((*why).to_owned())),
            None => Ok(()),
        }
    }
}

/// A gateway at a UDP port.
#[derive(Clone, Debug)]
pub struct Remote {
    name: String,
    address: SocketAddr,
    account: Account,
    halt: Halt,
}

impl Remote {
    /// The gateway at an address.
    #[must_use]
    pub fn new(address: SocketAddr, account: Account, halt: Halt) -> Self {
        Self { name: format!("udp:{address}"), address, account, halt }
    }

    /// Our address towards it.
    fn own(&self) -> std::io::Result<SocketAddr> {
        let any = if self.address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any)?;
        socket.connect(self.address)?;
        socket.local_addr()
    }
}

impl Implementation for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn role(&self) -> Role {
        Role::Responder
    }

    fn place(&self, _case: &Case, setup: &mut Setup) {
        // Port 0 is whatever is free; start() tells why there is no address.
        let local = self.own().unwrap_or_else(|_| SocketAddr::new(self.address.ip(), 0));
        setup.path = Path { local, remote: self.address };
        setup.peer = self.account.identity.clone();
        setup.psk = self.account.psk.clone();
        setup.suite = self.account.suite;
        let own = TrafficSelector::host(self.address.ip());
        setup.local = vec![self.account.behind.unwrap_or(own)];
        setup.remote = vec![TrafficSelector::host(local.ip())];
        setup.seed = settle::fresh();
    }

    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
        self.account.suits(setup)?;
        if setup.cookies {
            return Err(Unsupported("nobody here has it ask for cookies".into()));
        }
        Ok(Box::new(Sockets::bind(setup.path.local, self.halt.clone())?))
    }
}

/// A socket for each local address that the case has sent from.
pub(super) struct Sockets {
    clock: Clock,
    sockets: BTreeMap<SocketAddr, UdpSocket>,
    halt: Halt,
}

impl Sockets {
    /// With one, at the usual local address.
    pub(super) fn bind(usual: SocketAddr, halt: Halt) -> Result<Self, Unsupported> {
        if halt.is_called() {
            return Err(Unsupported("stopped".into()));
        }
        let mut sockets = Self { clock: Clock::start(), sockets: BTreeMap::new(), halt };
        sockets.socket(usual)?;
        Ok(sockets)
    }

    fn socket(&mut self, local: SocketAddr) -> Result<&UdpSocket, Unsupported> {
        match self.sockets.entry(local) {
            Entry::Occupied(there) => Ok(there.into_mut()),
            Entry::Vacant(free) => {
                let bound = UdpSocket::bind(local)
                    .and_then(|socket| socket.set_read_timeout(Some(TURN)).map(|()| socket));
                let refused = |error| Unsupported(format!("no socket at {local}: {error}"));
                Ok(free.insert(bound.map_err(refused)?))
            }
        }
    }
}

impl Subject for Sockets {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn patience(&self) -> Patience {
        PATIENCE
    }

    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported> {
        if wire != Wire::Ike {
            return Err(Unsupported(
                "ESP and ICMP take a raw socket, which nobody has here".into(),
            ));
        }
        let sent = self.socket(path.local)?.send_to(octets, path.remote);
        sent.map(drop)
            .map_err(|error| Unsupported(format!("{} to {}: {error}", path.local, path.remote)))
    }

    fn receive(&mut self, until: Instant) -> Option<Packet> {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            for (local, socket) in &self.sockets {
                // An error is a turn without a datagram: a refusal by ICMP is no answer.
                let Ok((len, remote)) = socket.recv_from(&mut buffer) else { continue };
                let path = Path { local: *local, remote };
                let octets = buffer[..len].to_vec();
                return Some(Packet { at: self.clock.now(), path, wire: Wire::Ike, octets });
            }
            if self.clock.now() >= until || self.halt.is_called() {
                return None;
            }
        }
    }

    fn wish(&mut self, wish: Wish) -> Result<(), Unsupported> {
        Err(Unsupported(format!("nobody asks this gateway for {wish:?}")))
    }
}
