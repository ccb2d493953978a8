//! Only what is authenticated changes a state, but for what RFC 7296 2.21.1 and RFC 7815 2.1 let
//! through: the first acceptable IKE_SA_INIT response and, by profile, COOKIE and INVALID_KE_PAYLOAD.
//! Everything else comes with a message whose ICV verifies under the key that the receiver has shown,
//! with a timeout, or with the owner's wish.
//!
//! Memory: one key for each IKE SA of a node that is awake, and of the gateway.

use super::packet::{Ike, Packet};
use super::per_node::PerNode;
use super::{Check, Findings};
use crate::backend::Backend;
use crate::by_spi::BySpi;
use crate::event::{Actor, Event, What};
use crate::observer::IkeKeyLog;
use crate::scenario::{Profile, Scenario};
use crate::world::Standing;
use crypto::ProtectionKey;
use ike_core::{Instant, Operation};
use ike_initiator::{CloseReason as NodeClose, Event as Node, FailReason};
use ike_responder::{CloseReason as GatewayClose, Event as Gateway};

pub(super) struct Authentication {
    crypto: Backend,
    /// The first number of each group, and whether its nodes may answer COOKIE and
    /// INVALID_KE_PAYLOAD.
    profiles: Vec<(u32, bool)>,
    nodes: PerNode<NodeSide>,
    /// By the responder's SPI.
    sas: BySpi<u64, GatewaySide>,
    /// When SAs were closed for the INITIAL_CONTACT of another one, and how many.
    contact: (Instant, usize),
}

#[derive(Default)]
struct NodeSide {
    /// SPIs and the gateway's key.
    key: Option<((u64, u64), ProtectionKey)>,
    /// When a message of the gateway last verified.
    proof: Option<Instant>,
    /// When an IKE_SA_INIT response last came.
    init: Option<Instant>,
    failed: bool,
}

struct GatewaySide {
    spi_i: u64,
    /// The node's key.
    key: ProtectionKey,
    proof: Proof,
}

/// What the last message that verified has done: with a service time that may be later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    None,
    Fresh,
    /// All that happens at one instant may come of one message.
    Used(Instant),
}

impl Proof {
    fn take(&mut self, at: Instant) -> bool {
        match *self {
            Self::None => false,
            Self::Fresh => {
                *self = Self::Used(at);
                true
            }
            Self::Used(then) => then == at,
        }
    }
}

impl Authentication {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let profiles = scenario
            .groups
            .iter()
            .map(|group| (group.first, group.profile != Profile::Rfc7815))
            .collect();
        let (nodes, sas) = (PerNode::default(), BySpi::default());
        Self { crypto: scenario.crypto, profiles, nodes, sas, contact: (Instant::default(), 0) }
    }

    fn may_answer_notifies(&self, node: u32) -> bool {
        let behind = self.profiles.partition_point(|(first, _)| *first <= node);
        self.profiles[behind.saturating_sub(1)].1
    }

    fn node(&mut self, number: u32, at: Instant, event: &Node) -> Option<String> {
        let by_profile = self.may_answer_notifies(number);
        let node = self.nodes.get_mut(number)?;
        let (proven, answered) = (node.proof == Some(at), node.init == Some(at));
        let allowed = match event {
            Node::Operation(Operation::DiffieHellman(_)) => answered,
            Node::CookieRequested { .. } | Node::GroupRequested(_) => answered && by_profile,
            Node::Failed(reason) => {
                node.failed = true;
                proven || matches!(reason, FailReason::TimedOut(_))
            }
            Node::Established { .. }
            | Node::Answered { .. }
            | Node::Repeated { .. }
            | Node::ChildClosed => proven,
            Node::Closed(reason) => {
                let failed = core::mem::take(&mut node.failed);
                node.key = None;
                match reason {
                    NodeClose::Silent | NodeClose::DeleteUnanswered => true,
                    NodeClose::Failed => failed,
                    NodeClose::DeleteAnswered
                    | NodeClose::DeletedByPeer
                    | NodeClose::ChildDeletedByPeer
                    | NodeClose::InvalidSyntax => proven,
                }
            }
            Node::Operation(_) | Node::Dropped(_) => true,
        };
        let name = What::Initiator(event).name();
        (!allowed).then(|| format!("{name} came without a message that may cause it: {event:?}"))
    }

    fn gateway(&mut self, at: Instant, event: &Gateway) -> Option<String> {
        let (sa, proven) = match event {
            Gateway::Closed { sa, reason: GatewayClose::InitialContact } => {
                self.sas.remove(&sa.spi_r().0);
                self.contact = (at, self.contact.1 + 1);
                return None;
            }
            Gateway::Established { sa, replaced, .. } => {
                let closed = if self.contact.0 == at { self.contact.1 } else { 0 };
                self.contact.1 = 0;
                (sa, closed == *replaced && self.proof(sa.spi_r().0, at))
            }
            Gateway::Answered { sa, .. }
            | Gateway::PeerAnswered { sa, .. }
            | Gateway::ChildCreated { sa, .. }
            | Gateway::ChildClosed { sa, .. }
            | Gateway::Rekeyed { old: sa, .. } => (sa, self.proof(sa.spi_r().0, at)),
            Gateway::Closed { sa, reason } => {
                let needed = matches!(
                    reason,
                    GatewayClose::DeletedByPeer
                        | GatewayClose::AuthenticationFailed
                        | GatewayClose::UnsupportedCriticalPayload
                        | GatewayClose::InvalidSyntax
                        | GatewayClose::RefusedByPeer(_)
                );
                let proven = !needed || self.proof(sa.spi_r().0, at);
                self.sas.remove(&sa.spi_r().0);
                (sa, proven)
            }
            _ => return None,
        };
        let name = What::Responder(event).name();
        (!proven).then(|| format!("{name} of SA {sa} came without a message that verifies"))
    }

    fn proof(&mut self, spi_r: u64, at: Instant) -> bool {
        self.sas.get_mut(&spi_r).is_some_and(|sa| sa.proof.take(at))
    }

    /// INITIAL_CONTACT is said in the IKE_AUTH that is established at the same instant.
    fn unexplained_contact(&mut self, now: Instant) -> Option<String> {
        let (at, closed) = self.contact;
        if closed == 0 || at >= now {
            return None;
        }
        self.contact.1 = 0;
        Some(format!("{closed} SAs were closed at {at} for an INITIAL_CONTACT of nobody"))
    }

    fn at_node(&mut self, number: u32, at: Instant, ike: &Ike<'_>) {
        let Some(node) = self.nodes.get_mut(number) else { return };
        if ike.is_init() && ike.is_response() {
            node.init = Some(at);
        } else if let Some((spis, key)) = &node.key
            && *spis == ike.spis()
            && !ike.header.flags.is_initiator()
            && ike.verifies(self.crypto, key)
        {
            node.proof = Some(at);
        }
    }

    fn at_gateway(&mut self, ike: &Ike<'_>) {
        let (spi_i, spi_r) = ike.spis();
        let Some(sa) = self.sas.get_mut(&spi_r) else { return };
        if sa.spi_i == spi_i
            && ike.header.flags.is_initiator()
            && ike.verifies(self.crypto, &sa.key)
        {
            sa.proof = Proof::Fresh;
        }
    }
}

#[cfg(test)]
impl Authentication {
    /// How many things it holds.
    pub(super) fn held(&self) -> usize {
        self.nodes.len() + self.sas.len()
    }
}

impl Check for Authentication {
    fn name(&self) -> &'static str {
        "authentication"
    }

    fn event(&mut self, event: &Event<'_>, findings: &mut Findings) {
        if let Some(what) = self.unexplained_contact(event.at) {
            findings.add(Actor::Gateway, what);
        }
        let wrong = match (&event.what, event.who) {
            (What::Woke { .. }, Actor::Node(number)) => {
                self.nodes.put(number, NodeSide::default());
                None
            }
            (What::Slept, Actor::Node(number)) => {
                self.nodes.remove(number);
                None
            }
            (What::Initiator(what), Actor::Node(number)) => self.node(number, event.at, what),
            (What::Responder(what), _) => self.gateway(event.at, what),
            _ => None,
        };
        if let Some(what) = wrong {
            findings.add(event.who, what);
        }
    }

    fn ike_keys(&mut self, _at: Instant, log: &IkeKeyLog<'_>, _findings: &mut Findings) {
        let spis = (log.spis.0.0, log.spis.1.0);
        match log.who {
            Actor::Node(number) => {
                self.nodes.entry(number).key = Some((spis, log.keys.responder.clone()));
            }
            Actor::Gateway => {
                let key = log.keys.initiator.clone();
                let side = GatewaySide { spi_i: spis.0, key, proof: Proof::None };
                self.sas.insert(spis.1, side);
            }
            _ => {}
        }
    }

    fn end(&mut self, standing: &Standing, findings: &mut Findings) {
        if let Some(what) = self.unexplained_contact(standing.at) {
            findings.add(Actor::Gateway, what);
        }
    }

    fn arrived(&mut self, packet: &Packet<'_>, _findings: &mut Findings) {
        let Some(ike) = packet.ike() else { return };
        match packet.who {
            Actor::Node(number) => self.at_node(number, packet.at, ike),
            Actor::Gateway => self.at_gateway(ike),
            _ => {}
        }
    }
}
