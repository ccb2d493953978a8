//! A run: nodes, links, gateway and server in virtual time, next event by next event.

mod address;
mod agenda;
mod ahead;
mod ask;
mod awake;
mod behaviour;
mod device;
mod fleet;
mod forger;
mod gateway;
mod listing;
mod node;
mod outside;
mod router;
mod server;
mod shared;
mod tunnel;

#[cfg(test)]
mod tests;

use crate::backend::Backend;
use crate::event::{Actor, Place, What};
use crate::faults::Faults;
use crate::observer::Observer;
use crate::scenario::Scenario;
use behaviour::GatewayBehaviour;
use crypto::Crypto;
use device::DeviceDoor;
use forger::Forgers;
use gateway::Gateway;
use ike_core::Instant;
use ike_initiator::StateName;
use node::Node;
use outside::Edge;
use server::Server;
use shared::{Arrival, Core, Next};
use vnet::link::{Accounting, Direction};

pub use address::Addresses;
pub use ahead::{Foresight, KeyAhead, KeyWork, Wake};
pub use ask::Ask;
pub use behaviour::Behaviours;
pub use listing::{GatewayChild, GatewaySa};
pub use node::NodeState;
pub use outside::{Crossing, Placement};
pub use shared::link_config;

/// A scenario under way.
///
/// It moves only when it is told to: [`World::step`] does the next event, [`World::next_time`] says when
/// that is.
pub struct World<'a, C: Crypto = Backend> {
    crypto: C,
    core: Core<'a>,
    nodes: Vec<Node<'a, C>>,
    gateway: Edge<C>,
    /// In place of the nodes.
    device: Option<DeviceDoor>,
    server: Server<'a>,
    forgers: Forgers,
}

impl<'a> World<'a> {
    /// The world at time zero: everybody sleeps, nothing is on the way. `seed` is where all
    /// randomness comes from; the algorithms are the scenario's.
    #[must_use]
    pub fn new(scenario: &'a Scenario, seed: u64, observer: &'a mut dyn Observer) -> Self {
        Self::with_behaviours(scenario, seed, observer, Behaviours::default())
    }

    /// As [`World::new`], with nodes and a gateway that depart from the protocol on purpose.
    #[must_use]
    pub fn with_behaviours(
        scenario: &'a Scenario,
        seed: u64,
        observer: &'a mut dyn Observer,
        behaviours: Behaviours,
    ) -> Self {
        Self::with_crypto(scenario, seed, observer, behaviours, scenario.crypto)
    }
}

impl<'a, C: Crypto + Clone> World<'a, C> {
    /// As [`World::with_behaviours`], with another backend of the algorithms at nodes and gateway.
    #[must_use]
    pub fn with_crypto(
        scenario: &'a Scenario,
        seed: u64,
        observer: &'a mut dyn Observer,
        behaviours: Behaviours,
        crypto: C,
    ) -> Self {
        let core = Core::new(scenario, seed, observer, behaviours.node);
        let behaviour = GatewayBehaviour::new(scenario, behaviours.gateway);
        let gateway = Gateway::new(scenario, &core, behaviour, crypto.clone());
        Self::populated(scenario, core, (Edge::Inside(Box::new(gateway)), None), crypto)
    }

    /// The world of `core` with all nodes asleep; with a device outside it has none.
    fn populated(
        scenario: &'a Scenario,
        mut core: Core<'a>,
        (mut gateway, device): (Edge<C>, Option<DeviceDoor>),
        crypto: C,
    ) -> Self {
        let mut nodes = Vec::with_capacity(index(scenario.nodes()));
        for group in scenario.groups.iter().filter(|_| device.is_none()) {
            for number in group.numbers() {
                let node = Node::new(number, group);
                node.schedule_wake(&mut core, None, 0);
                nodes.push(node);
            }
        }
        gateway.settle(&mut core);
        core.arrange();
        let server = Server::new(scenario, &core);
        let forgers = Forgers::new(scenario);
        Self { crypto, core, nodes, gateway, device, server, forgers }
    }

    /// From now on the links do what is written there, as far as their nodes are in this run; a
    /// datagram that is not in it arrives once, undamaged, after the link's plain delay. Injected is what is
    /// written there and nothing else, whatever forgers the scenario has.
    pub fn replay_faults(&mut self, faults: &Faults) {
        for (link, direction, table) in faults.tables() {
            if let Some(link) = self.core.links.get_mut(index(link)) {
                link.replay(direction, table.clone());
            }
        }
        self.forgers.replay(faults.injections(), self.core.now);
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.core.now
    }

    /// When the scenario ends.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.core.end
    }

    /// When the next event is; `None`: nothing will ever happen again.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        self.core.next_time().into_iter().chain(self.forgers.next_time()).min()
    }

    /// Does the next event. `false`: there is none.
    pub fn step(&mut self) -> bool {
        // Of what happens at one time forgers do theirs first, so that a recording of it need not say when.
        if let Some(at) = self.forgers.next_time().filter(|at| self.next_time() == Some(*at)) {
            self.forge(at);
            return true;
        }
        let Some(next) = self.core.pop() else { return false };
        match next {
            Next::Wake { node, wake } => {
                self.nodes[index(node)].wake(&mut self.core, &self.crypto, wake)
            }
            Next::NodeTimer { node } => self.nodes[index(node)].handle_timeout(&mut self.core),
            Next::GatewayTimer => self.gateway.handle_timeout(&mut self.core),
            Next::ServerTimer => {
                self.server.handle_timeout(&mut self.core);
                self.pass_on_from_server();
            }
            Next::Arrive(arrival) => self.arrive(*arrival),
        }
        self.gateway.note_news(&mut self.core);
        true
    }

    fn forge(&mut self, at: Instant) {
        self.core.now = at;
        let Some(injection) = self.forgers.next(&self.core) else { return };
        if let Some(place) = self.core.inject(&injection) {
            self.receive(place, injection.packet);
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        self.core.arrived(&arrival);
        self.receive(arrival.place, arrival.packet);
    }

    /// Somebody has a datagram in front of them.
    fn receive(&mut self, place: Place, mut packet: Vec<u8>) {
        match place.direction {
            Direction::Back => match &mut self.device {
                Some(device) => device.receive(packet),
                None => self.nodes[index(place.link)].receive(&mut self.core, place, packet),
            },
            Direction::Towards => {
                if let Err(reason) = self.core.router.towards(place.link, &mut packet) {
                    self.core.emit(Actor::Gateway, What::PacketDropped { reason });
                    return;
                }
                if let Some(inner) = self.gateway.receive(&mut self.core, packet) {
                    self.server.receive(&mut self.core, inner);
                    self.pass_on_from_server();
                }
            }
        }
    }

    fn pass_on_from_server(&mut self) {
        while let Some(packet) = self.server.take_outgoing() {
            self.gateway.protect(&mut self.core, packet);
        }
    }

    /// Does all events up to and including `end`; virtual time is `end` afterwards.
    pub fn step_until(&mut self, end: Instant) {
        while self.next_time().is_some_and(|next| next <= end) {
            self.step();
        }
        self.core.now = self.core.now.max(end);
    }

    /// How each node is, in the order of their numbers.
    pub fn node_states(&self) -> impl Iterator<Item = NodeState> + '_ {
        self.nodes.iter().map(Node::state)
    }

    /// IKE SAs at the gateway: half-open and established.
    #[must_use]
    pub fn gateway_sas(&self) -> (usize, usize) {
        self.gateway.sas()
    }

    /// The next wakes that are in the queue, in their order, at most so many: of each node one.
    #[must_use]
    pub fn wakes(&self, most: usize) -> Vec<Wake> {
        self.core.wakes(most)
    }

    /// How many IKE_SA_INIT requests the gateway has used up: the keys of its answers depend on that, in steps. One outside
    /// does not tell.
    #[must_use]
    pub fn used_requests(&self) -> u64 {
        match &self.gateway {
            Edge::Inside(gateway) => gateway.responder.used_requests(),
            Edge::Outside(_) => 0,
        }
    }

    /// Whether all nodes sleep, and none will ever wake again.
    #[must_use]
    pub fn sleeps_for_good(&self) -> bool {
        self.node_states().all(|state| state == NodeState::Asleep) && !self.core.wakes_are_ahead()
    }

    /// What the gateway itself believes: its IKE SAs, half-open and established, by its SPIs. One outside is asked
    /// by other means; here it has none.
    #[must_use]
    pub fn gateway_list(&self) -> Vec<GatewaySa> {
        match &self.gateway {
            Edge::Inside(gateway) => gateway.list(),
            Edge::Outside(_) => Vec::new(),
        }
    }

    /// How the run stands, for whoever judges its end.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let nodes: Vec<NodeState> = self.node_states().collect();
        let mut stray_timers: Vec<u32> = self
            .core
            .node_timers()
            .filter(|node| nodes.get(index(*node)) == Some(&NodeState::Asleep))
            .collect();
        stray_timers.sort_unstable();
        let awake = (0..)
            .zip(&nodes)
            .filter_map(|(number, state)| match state {
                NodeState::Asleep => None,
                NodeState::Awake(state) => Some((number, *state)),
            })
            .collect();
        Standing {
            at: self.now(),
            awake,
            stray_timers,
            gateway_sas: self.gateway_sas(),
            accounts: self.accounting().collect(),
        }
    }

    /// What crossed each link.
    pub fn accounting(&self) -> impl Iterator<Item = (u32, Direction, Accounting)> + '_ {
        self.core.links.iter().flat_map(|link| {
            [Direction::Towards, Direction::Back]
                .map(|direction| (link.id(), direction, link.accounting(direction)))
        })
    }
}

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Virtual time.
    pub at: Instant,
    /// The nodes that are awake, in order, with the states of their initiators.
    pub awake: Vec<(u32, StateName)>,
    /// Nodes that sleep though a timer in the queue is for them.
    pub stray_timers: Vec<u32>,
    /// IKE SAs at the gateway: half-open and established.
    pub gateway_sas: (usize, usize),
    /// What crossed each link.
    pub accounts: Vec<(u32, Direction, Accounting)>,
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a node's number fits")
}

/// The consumer of random streams that are for one wake of one node: nothing is drawn twice.
fn per_wake(number: u32, wake: u32) -> u64 {
    u64::from(wake) << 32 | u64::from(number)
}

/// Virtual time of the network as that of the protocol.
fn from_net(at: vnet::time::Instant) -> Instant {
    Instant::from_micros(at.micros())
}

/// Virtual time of the protocol as that of the network.
fn to_net(at: Instant) -> vnet::time::Instant {
    vnet::time::Instant::from_micros(at.micros())
}

/// The addresses of a scenario's run.
pub(crate) fn addresses(scenario: &Scenario) -> Addresses {
    Addresses::new(scenario.family)
}

/// The node whose IKE the gateway sees there, whatever the family.
pub(crate) fn number_of(remote: core::net::SocketAddr) -> Option<u32> {
    use crate::scenario::Family;
    let family = if remote.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
    Addresses::new(family).seen_at(remote)
}
