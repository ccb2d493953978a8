//! What is judged: an implementation behind a port that takes and gives datagrams.
//!
//! A script never learns whether time is virtual. In-process machines answer at once and
//! [`Subject::receive`] jumps to their next deadline; a port on real sockets waits by the clock.

mod initiator;
mod responder;
mod tunnel;

pub use initiator::{InitiatorSubject, OurInitiator};
pub use responder::{OurResponder, ResponderSubject};
pub(crate) use tunnel::ChildEnd;

use crate::{Case, Profile, Role, Setup};
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use ike_core::{IkeKeys, IkeSpi, Instant, Path};

/// How a packet travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// IKE: the payload of a UDP datagram.
    Ike,
    /// ESP: the payload of an IP packet of protocol 50.
    Esp,
    /// The ICMP error "destination unreachable" with this code (RFC 792) about a message of the subject's, which the octets
    /// are. It ends at the subject's host, which may tell its IKE.
    Unreachable(u8),
}

/// What crossed between tester and subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When it was taken from the subject, or given to it.
    pub at: Instant,
    /// As the tester sees it: `local` is the tester's end.
    pub path: Path,
    /// How it travels.
    pub wire: Wire,
    /// What is behind the UDP or the IP header.
    pub octets: Vec<u8>,
}

/// What the owner of the subject may want of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Begin an attempt to connect.
    Connect,
    /// Send one packet through the Child SA.
    Send,
    /// End the SA; with a Delete, if it can.
    Close,
    /// Check that the peer is alive: an empty INFORMATIONAL request.
    CheckLiveness,
    /// Rekey the Child SA.
    RekeyChild,
}

/// Why the subject cannot do what a case needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported(pub String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long to wait for a subject before its silence means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For an answer, or for what it does of its own accord after a message.
    pub answer: Duration,
    /// For the first message of an initiator.
    pub wake: Duration,
    /// For the next retransmission; longer than any of its timeouts.
    pub retransmission: Duration,
    /// For all retransmissions of a request, until it gives up.
    pub give_up: Duration,
}

impl Default for Patience {
    /// What suits virtual time: it costs nothing.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(2),
            wake: Duration::from_secs(10),
            retransmission: Duration::from_secs(120),
            give_up: Duration::from_secs(3_600),
        }
    }
}

/// The SPIs of initiator and responder.
pub(crate) type SpiPair = (IkeSpi, IkeSpi);

/// A subject that shows its keys to whoever breaks it on purpose.
pub(crate) trait Machine: Subject {
    /// Those of the IKE SAs that there are.
    fn ike_keys(&self) -> Vec<(SpiPair, IkeKeys)>;

    /// Its end of the latest Child SA.
    fn child(&self) -> Option<&ChildEnd>;
}

/// An implementation under test, set up for one case.
pub trait Subject {
    /// The time; it moves in [`Self::receive`] only.
    fn now(&self) -> Instant;

    /// How long its silence means nothing.
    fn patience(&self) -> Patience {
        Patience::default()
    }

    /// Gives it a packet. `path` is the tester's view; `path.local` may be a port or an address
    /// that the tester has not used before.
    ///
    /// # Errors
    /// The port cannot send so.
    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported>;

    /// The next packet that it sends, no later than `until`; with `None` it is `until`.
    fn receive(&mut self, until: Instant) -> Option<Packet>;

    /// Has its owner want something.
    ///
    /// # Errors
    /// Nobody here can make it do so: a device that wakes on its own, say.
    fn wish(&mut self, wish: Wish) -> Result<(), Unsupported>;
}

/// Something that can be judged: makes a fresh [`Subject`] for each case.
pub trait Implementation: Sync {
    /// Its name in the matrix.
    fn name(&self) -> &str;

    /// What it is.
    fn role(&self) -> Role;

    /// What is elsewhere or otherwise here than usual: addresses, selectors, identities, the seed. A case
    /// then changes what it is about.
    fn place(&self, _case: &Case, _setup: &mut Setup) {}

    /// The setup in which a case runs here.
    fn setup(&self, case: &Case, profile: Profile) -> Setup {
        let mut setup = Setup::new(self.role(), profile);
        self.place(case, &mut setup);
        (case.setup)(&mut setup);
        setup
    }

    /// A subject as the case wants it.
    ///
    /// # Errors
    /// It cannot be set up so.
    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported>;
}

/// Where the initiator is, in cases in virtual time.
pub const INITIATOR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 13)), 500);

/// Where the responder is, in cases in virtual time.
pub const RESPONDER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 500);

/// The same path as the other end sees it.
pub(crate) const fn reversed(path: Path) -> Path {
    Path { local: path.remote, remote: path.local }
}
