//! What happens in a run, one event after the other. Everything that looks at a run (the trace, the
//! fingerprint, the figures, the checkers) sees these.

mod machines;

use crate::fingerprint::{Digest, digest};
use crate::scenario::{Airtime, Forgery};
use core::fmt::{self, Display};
use ike_core::{ExchangeType, Instant};
use machines::{initiator_fields, initiator_name, responder_fields, responder_name};
use vnet::link::{DamageKind, Direction, DropReason as LinkDrop, Outcome};

/// Who an event happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The node of that number.
    Node(u32),
    /// The gateway.
    Gateway,
    /// The server behind the gateway.
    Server,
    /// Somebody outside who has no key.
    Forger,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Virtual time since the start of the run.
    pub at: Instant,
    /// Who it happened to.
    pub who: Actor,
    /// What it was.
    pub what: What<'a>,
}

impl Event<'_> {
    /// The node that it is about, as far as the event itself tells.
    #[must_use]
    pub fn node(&self) -> Option<u32> {
        use ike_responder::Event as E;
        match (&self.what, self.who) {
            (_, Actor::Node(number)) => Some(number),
            (
                What::Sent { place, .. }
                | What::Lost { place, .. }
                | What::Arrived { place, .. }
                | What::Injected { place, .. },
                _,
            ) => Some(place.link),
            (
                What::Responder(
                    E::HalfOpen { path, .. }
                    | E::Established { path, .. }
                    | E::Refused { path, .. }
                    | E::Dropped { path, .. }
                    | E::CookieRequested { path }
                    | E::Queued { path, .. },
                ),
                _,
            ) => crate::world::number_of(path.remote),
            _ => None,
        }
    }
}

/// A datagram's place: which link, which way, the how-manieth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The link, which has the number of its node.
    pub link: u32,
    /// The way.
    pub direction: Direction,
    /// Counts the datagrams that entered the link that way, from 0.
    pub index: u64,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// A node woke for the `wake`-th time, from 0.
    Woke {
        /// Which wake.
        wake: u32,
    },
    /// It was to wake and had not slept yet.
    WakeIgnored {
        /// Which wake.
        wake: u32,
    },
    /// A node sleeps and has forgotten everything.
    Slept,
    /// A node begins to connect, for the `number`-th time in this wake, from 1.
    Attempt {
        /// Which attempt.
        number: u8,
    },
    /// A datagram entered a link.
    Sent {
        /// Where.
        place: Place,
        /// Its octets, IP header included.
        len: usize,
        /// The start of SHA-256 over them.
        digest: &'a Digest<'a>,
        /// What the link decided.
        fate: &'a Outcome,
    },
    /// A link dropped it.
    Lost {
        /// Where.
        place: Place,
        /// Why.
        reason: LinkDrop,
    },
    /// It, or a copy of it, left the link at the other end.
    Arrived {
        /// Where.
        place: Place,
        /// Which copy if there are two: 0 the datagram, 1 its duplicate.
        copy: Option<u8>,
        /// What was done to its octets, if anything.
        damaged: Option<DamageKind>,
    },
    /// A datagram that nobody sent was put on the far end of a link, where it arrives at once.
    Injected {
        /// Where; its index counts the injected ones of that link and way.
        place: Place,
        /// What it is.
        kind: Forgery,
        /// The IP datagram.
        packet: &'a [u8],
    },
    /// A node's request was given to the network.
    Request {
        /// Its exchange.
        exchange: ExchangeType,
        /// Its Message ID.
        message_id: u32,
        /// 0 the first time, then counting the retransmissions.
        transmission: u32,
    },
    /// A response was given to the network, by a node or the gateway; or a request, by the gateway.
    Message {
        /// Its exchange.
        exchange: ExchangeType,
        /// Its Message ID.
        message_id: u32,
        /// Whether it is a response.
        response: bool,
    },
    /// The initiator of a node reported something.
    Initiator(&'a ike_initiator::Event),
    /// The responder of the gateway reported something.
    Responder(&'a ike_responder::Event),
    /// A node's processor works from now on.
    Computing {
        /// How long, in microseconds.
        for_us: u64,
    },
    /// A node's radio sends a datagram, which enters the link when that is done.
    Transmitting {
        /// Its octets, IP header included.
        len: usize,
        /// What that takes.
        air: Airtime,
    },
    /// A node's radio receives a datagram that has left the link.
    Receiving {
        /// Its octets, IP header included.
        len: usize,
        /// What that takes.
        air: Airtime,
    },
    /// An ESP packet was sealed.
    EspSent {
        /// Its SPI.
        spi: u32,
        /// Its sequence number.
        sequence: u32,
        /// Octets of the inner packet.
        inner: usize,
    },
    /// An ESP packet passed all checks.
    EspReceived {
        /// Its SPI.
        spi: u32,
        /// Its sequence number.
        sequence: u32,
        /// Octets of the inner packet.
        inner: usize,
    },
    /// A gateway outside the world sent an ESP packet to a node.
    EspHandedIn {
        /// Its SPI.
        spi: u32,
        /// Its sequence number.
        sequence: u32,
    },
    /// A gateway outside the world passed an inner packet on to the server: it opened an ESP packet.
    InnerHandedIn {
        /// Octets of the inner packet.
        inner: usize,
    },
    /// A packet was dropped at the edge of the tunnel.
    PacketDropped {
        /// Why.
        reason: PacketDrop,
    },
    /// The application sent a message, or an echo request.
    ApplicationSent {
        /// What it says.
        text: &'a str,
        /// Whether it was said before and not answered.
        repeated: bool,
    },
    /// The application received a message, or an echo reply.
    ApplicationReceived {
        /// What it says.
        text: &'a str,
    },
    /// The application did all it wanted in this wake.
    ApplicationCompleted,
    /// The application gave up in this wake.
    ApplicationFailed {
        /// Why.
        reason: &'a str,
    },
}

/// Why a packet was dropped at the edge of the tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketDrop {
    /// Not an IP datagram.
    Ip(vnet::ip::IpError),
    /// Not a UDP datagram.
    Udp(vnet::udp::UdpError),
    /// ESP that does not open.
    Open(esp::OpenError),
    /// A packet that cannot be sealed.
    Seal(esp::SealError),
    /// A dummy packet (RFC 4303 2.6).
    Dummy,
    /// There is no SA for it.
    NoSa,
    /// Its addresses are not what the selectors of the SA allow.
    Selectors,
    /// It should have been protected.
    NotProtected,
    /// The router in front of a shared address does not know whose it is.
    NoMapping,
    /// Longer than the sender's own MTU.
    TooBig,
    /// Its destination is nobody in this world.
    NobodyThere,
}

impl Display for PacketDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(error) => error.fmt(f),
            Self::Udp(error) => error.fmt(f),
            Self::Open(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
            Self::Dummy => f.write_str("a dummy packet"),
            Self::NoSa => f.write_str("no SA"),
            Self::Selectors => f.write_str("outside the traffic selectors"),
            Self::NotProtected => f.write_str("not protected"),
            Self::NoMapping => f.write_str("no mapping at the router"),
            Self::TooBig => f.write_str("longer than the MTU"),
            Self::NobodyThere => f.write_str("for nobody here"),
        }
    }
}

/// Takes the fields of an event in order.
pub trait Fields {
    /// A number.
    fn number(&mut self, key: &'static str, value: u64);
    /// A text.
    fn text(&mut self, key: &'static str, value: &dyn Display);
    /// A text that is there already.
    fn word(&mut self, key: &'static str, value: &str) {
        self.text(key, &value);
    }
    /// A value that depends on the cryptography: it is part of the fingerprint and not of the shape.
    fn opaque(&mut self, key: &'static str, value: u64);
    /// Octets: as opaque.
    fn octets(&mut self, key: &'static str, value: &[u8]);
}

impl What<'_> {
    /// How long the node that it happens to is busy from then on; `None`: it is no work.
    #[must_use]
    pub const fn busy_us(&self) -> Option<u64> {
        match self {
            Self::Computing { for_us } => Some(*for_us),
            Self::Transmitting { air, .. } | Self::Receiving { air, .. } => Some(air.total_us()),
            _ => None,
        }
    }

    /// The name in the trace.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Woke { .. } => "woke",
            Self::WakeIgnored { .. } => "wake_ignored",
            Self::Slept => "slept",
            Self::Attempt { .. } => "attempt",
            Self::Sent { .. } => "sent",
            Self::Lost { .. } => "lost",
            Self::Arrived { .. } => "arrived",
            Self::Injected { .. } => "injected",
            Self::Request { .. } => "request",
            Self::Message { .. } => "message",
            Self::Initiator(event) => initiator_name(event),
            Self::Responder(event) => responder_name(event),
            Self::Computing { .. } => "computing",
            Self::Transmitting { .. } => "transmitting",
            Self::Receiving { .. } => "receiving",
            Self::EspSent { .. } => "esp_sent",
            Self::EspReceived { .. } => "esp_received",
            Self::EspHandedIn { .. } => "esp_handed_in",
            Self::InnerHandedIn { .. } => "inner_handed_in",
            Self::PacketDropped { .. } => "packet_dropped",
            Self::ApplicationSent { .. } => "application_sent",
            Self::ApplicationReceived { .. } => "application_received",
            Self::ApplicationCompleted => "application_completed",
            Self::ApplicationFailed { .. } => "application_failed",
        }
    }

    /// Hands out the fields.
    pub fn fields(&self, to: &mut impl Fields) {
        match self {
            Self::Woke { wake } | Self::WakeIgnored { wake } => to.number("wake", (*wake).into()),
            Self::Slept | Self::ApplicationCompleted => {}
            Self::Attempt { number } => to.number("number", (*number).into()),
            Self::Sent { place, len, digest, fate } => {
                place.fields(to);
                to.number("octets", *len as u64);
                to.opaque("digest", digest.value());
                to.text("fate", fate);
            }
            Self::Lost { place, reason } => {
                place.fields(to);
                to.word("reason", link_drop_name(*reason));
            }
            Self::Arrived { place, copy, damaged } => {
                place.fields(to);
                if let Some(copy) = copy {
                    to.number("copy", (*copy).into());
                }
                if let Some(damaged) = damaged {
                    to.text("damaged", damaged);
                }
            }
            Self::Injected { place, kind, packet } => {
                place.fields(to);
                to.text("kind", kind);
                to.number("octets", packet.len() as u64);
                to.opaque("digest", digest(packet));
                to.octets("packet", packet);
            }
            Self::Request { exchange, message_id, transmission } => {
                to.text("exchange", exchange);
                to.number("message_id", (*message_id).into());
                to.number("transmission", (*transmission).into());
            }
            Self::Message { exchange, message_id, response } => {
                to.text("exchange", exchange);
                to.number("message_id", (*message_id).into());
                to.word("kind", if *response { "response" } else { "request" });
            }
            Self::Initiator(event) => initiator_fields(event, to),
            Self::Responder(event) => responder_fields(event, to),
            Self::Computing { for_us } => to.number("for_us", *for_us),
            Self::Transmitting { len, air } | Self::Receiving { len, air } => {
                to.number("octets", *len as u64);
                to.number("frames", air.frames);
                to.number("transmit_us", air.transmit_us);
                to.number("receive_us", air.receive_us);
                to.number("listen_us", air.listen_us);
            }
            Self::EspSent { spi, sequence, inner } | Self::EspReceived { spi, sequence, inner } => {
                to.opaque("spi", (*spi).into());
                to.number("sequence", (*sequence).into());
                to.number("inner_octets", *inner as u64);
            }
            Self::EspHandedIn { spi, sequence } => {
                to.opaque("spi", (*spi).into());
                to.number("sequence", (*sequence).into());
            }
            Self::InnerHandedIn { inner } => to.number("inner_octets", *inner as u64),
            Self::PacketDropped { reason } => to.text("reason", reason),
            Self::ApplicationSent { text, repeated } => {
                to.word("text", text);
                to.number("repeated", u64::from(*repeated));
            }
            Self::ApplicationReceived { text } => to.word("text", text),
            Self::ApplicationFailed { reason } => to.word("reason", reason),
        }
    }
}

impl Place {
    /// Who is at the far end.
    #[must_use]
    pub const fn receiver(&self) -> Actor {
        match self.direction {
            Direction::Towards => Actor::Gateway,
            Direction::Back => Actor::Node(self.link),
        }
    }

    fn fields(&self, to: &mut impl Fields) {
        to.number("link", self.link.into());
        to.word("direction", direction_name(self.direction));
        to.number("index", self.index);
    }
}

/// The name of a direction in the trace.
#[must_use]
pub const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Towards => "towards",
        Direction::Back => "back",
    }
}

/// The name of a link's reason in the trace.
#[must_use]
pub const fn link_drop_name(reason: LinkDrop) -> &'static str {
    reason.name()
}
