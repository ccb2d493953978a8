//! The gateway: the reference responder, and ESP for everybody.

use super::agenda::{Agenda, Task};
use super::behaviour::GatewayBehaviour;
use super::fleet::Fleet;
use super::shared::{Alarm, Core, IKE_PORT, Next};
use super::tunnel::{Tunnel, TunnelKeys};
use crate::by_spi::BySpi;
use crate::event::{Actor, PacketDrop, What};
use crate::observer::{EspKeyLog, IkeKeyLog};
use crate::scenario::{Address, Cookies, Family, GatewaySelectors, RequestKind, Scenario};
use core::net::{IpAddr, SocketAddr};
use crypto::Crypto;
use ike_core::{Header, Path, TrafficSelector};
use ike_responder::{ChildSa, Config, CookiePolicy, Event, GatewayRequest, Responder, SaId};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use std::borrow::Cow;
use std::collections::BTreeMap;
use vnet::ip::{self, protocol};
use vnet::udp;

/// The longest message that the responder writes.
const BUFFER: usize = 3_000;

/// A Child SA and whose it is.
pub(super) struct Child<C> {
    pub(super) tunnel: Tunnel<C>,
    /// Where the peer's packets come from.
    peer: IpAddr,
    /// The first address behind it.
    inner: Option<IpAddr>,
    pub(super) sa: SaId,
    /// The one whose place it takes, as long as that is there and nothing has come in over this one: until
    /// then what is sent belongs into the old one (RFC 7296 2.8).
    waits_for: Option<u32>,
}

pub(crate) struct Gateway<C: Crypto> {
    crypto: C,
    pub(super) responder: Responder<C, GatewayBehaviour>,
    agenda: Agenda,
    /// By the SPI of packets to the gateway. Boxed: what the table moves to make room stays small.
    pub(super) children: BySpi<u32, Box<Child<C>>>,
    pub(super) by_sa: BySpi<SaId, Vec<u32>>,
    /// The Child SAs, the latest last, for each inner address, where the peer's selectors start: peers behind one router
    /// have one outer address.
    by_inner: BTreeMap<IpAddr, Vec<u32>>,
    rng: ChaCha20Rng,
    alarm: Alarm,
    buffer: Vec<u8>,
}

/// What the stream is for from which the responder's seed comes.
pub(super) const KEYS: &str = "gateway ike";

/// The responder's seed.
pub(super) fn seed_of(mut stream: ChaCha20Rng) -> [u8; 32] {
    let mut seed = [0; 32];
    stream.fill_bytes(&mut seed);
    seed
}

/// What the scenario says, for the responder.
fn config(scenario: &Scenario, core: &Core<'_>) -> Config {
    let policy = &scenario.gateway;
    let count = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
    let mut config = Config::new(policy.identity.clone());
    config.suites.clone_from(&policy.suites);
    let server = core.addresses.server();
    let bits = if scenario.family == Family::Ipv4 { 24 } else { 64 };
    config.local = match policy.selectors {
        GatewaySelectors::Network => TrafficSelector::network(server, bits).into_iter().collect(),
        GatewaySelectors::Host | GatewaySelectors::Widen => vec![TrafficSelector::host(server)],
    };
    if scenario.groups.iter().any(|group| group.address == Address::Shared) {
        // An outer address says nothing of the inner one, so that of each node is allowed.
        let (first, last) = (core.addresses.node(0), core.addresses.node(scenario.nodes() - 1));
        config.remote = TrafficSelector::new(first, last, 0, (0, u16::MAX)).into_iter().collect();
    }
    config.cookies = match policy.cookies {
        Cookies::Never => CookiePolicy::Never,
        Cookies::Always => CookiePolicy::Always,
        Cookies::Above { half_open, per_address: None } => CookiePolicy::Above(count(half_open)),
        Cookies::Above { half_open, per_address: Some(per_address) } => {
            CookiePolicy::AboveEither { total: count(half_open), per_address: count(per_address) }
        }
    };
    config.half_open_limit = count(policy.half_open_limit);
    config.half_open_per_address = policy.half_open_per_address.map(count);
    config.half_open_timeout = policy.half_open_timeout;
    config.service_time = policy.service_time.unwrap_or_default();
    config.liveness = policy.liveness;
    config.ike_lifetime = policy.ike_lifetime;
    config.child_lifetime = policy.child_lifetime;
    config.idle_timeout = policy.idle_timeout;
    let fleet = Fleet::new(&scenario.groups);
    config.credentials.look_up(move |identity| fleet.psk(identity));
    config
}

impl<C: Crypto + Clone> Gateway<C> {
    pub(crate) fn new(
        scenario: &Scenario,
        core: &Core<'_>,
        behaviour: GatewayBehaviour,
        crypto: C,
    ) -> Self {
        let config = config(scenario, core);
        let seed = seed_of(core.stream(0, KEYS));
        Self {
            responder: Responder::with_behaviour(config, crypto.clone(), seed, behaviour),
            crypto,
            agenda: Agenda::new(&scenario.gateway),
            children: BySpi::default(),
            by_sa: BySpi::default(),
            by_inner: BTreeMap::new(),
            rng: core.stream(0, "gateway esp"),
            alarm: Alarm::default(),
            buffer: vec![0; BUFFER],
        }
    }

    pub(crate) fn sas(&self) -> (usize, usize) {
        (self.responder.half_open(), self.responder.established())
    }

    /// A datagram leaves a link; what comes back is an inner packet for the server.
    pub(crate) fn receive(&mut self, core: &mut Core<'_>, packet: Vec<u8>) -> Option<Vec<u8>> {
        match self.accept(core, packet) {
            Ok(inner) => inner,
            Err(reason) => {
                core.emit(Actor::Gateway, What::PacketDropped { reason });
                None
            }
        }
    }

    fn accept(
        &mut self,
        core: &mut Core<'_>,
        mut packet: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, PacketDrop> {
        let outer = ip::parse(&packet).map_err(PacketDrop::Ip)?;
        let (source, destination) = (outer.source, outer.destination);
        let start = ip::header_len(&packet);
        if outer.protocol == protocol::ESP {
            let spi = esp::spi_of(outer.payload).ok_or(PacketDrop::NoSa)?;
            let child = self.children.get_mut(&spi).ok_or(PacketDrop::NoSa)?;
            let payload = start..start + outer.payload.len();
            let inner = child.tunnel.open(core, Actor::Gateway, (packet, payload))?;
            child.waits_for = None;
            // RFC 7296 2.4: a fresh ESP packet proves the peer alive, too.
            self.responder.note_traffic(core.now, child.sa);
            self.settle(core);
            return Ok(Some(inner));
        }
        if outer.protocol != protocol::UDP {
            return Err(PacketDrop::NotProtected);
        }
        let datagram = udp::parse(source, destination, outer.payload).map_err(PacketDrop::Udp)?;
        if datagram.destination_port != IKE_PORT {
            return Err(PacketDrop::NotProtected);
        }
        let path = Path {
            local: SocketAddr::new(destination, datagram.destination_port),
            remote: SocketAddr::new(source, datagram.source_port),
        };
        let (start, len) = (start + udp::HEADER_LEN, datagram.payload.len());
        self.responder.handle_datagram(core.now, path, &mut packet[start..start + len]);
        self.settle(core);
        Ok(None)
    }

    /// An inner packet of the server goes to the node that it is for.
    pub(crate) fn protect(&mut self, core: &mut Core<'_>, inner: &[u8]) {
        if let Err(reason) = self.seal(core, inner) {
            core.emit(Actor::Gateway, What::PacketDropped { reason });
        }
    }

    fn seal(&mut self, core: &mut Core<'_>, inner: &[u8]) -> Result<(), PacketDrop> {
        let to = ip::parse(inner).map_err(PacketDrop::Ip)?.destination;
        let spi = self.outbound(to, inner).ok_or(PacketDrop::NoSa)?;
        let child = self.children.get_mut(&spi).ok_or(PacketDrop::NoSa)?;
        let outer = (core.addresses.gateway(), child.peer);
        let packet = child.tunnel.seal(core, Actor::Gateway, (inner, outer), &mut self.rng)?;
        core.send_back(packet)
    }

    /// The latest Child SA to an address that is ready and whose selectors allow the packet; where none does, the
    /// latest, which will say so.
    fn outbound(&self, to: IpAddr, inner: &[u8]) -> Option<u32> {
        let (_, children) = self.by_inner.range(..=to).next_back()?;
        let mut ready = children.iter().rev().filter_map(|spi| {
            let child = self.children.get(spi)?;
            let leads = child.waits_for.is_none() && child.tunnel.leads_to(to);
            leads.then_some((*spi, child))
        });
        let latest = ready.clone().next()?.0;
        let fitting = ready.find(|(_, child)| child.tunnel.allows(inner));
        Some(fitting.map_or(latest, |(spi, _)| spi))
    }

    pub(crate) fn handle_timeout(&mut self, core: &mut Core<'_>) {
        self.alarm.rang();
        while let Some(task) = self.agenda.pop_due(core.now) {
            self.perform(core, task);
        }
        self.responder.handle_timeout(core.now);
        self.settle(core);
    }

    fn perform(&mut self, core: &Core<'_>, task: Task) {
        match task {
            Task::Crash => self.responder.crash(core.now),
            Task::Delete { sa } => self.responder.delete(core.now, sa),
            Task::Ask { sa, request } => {
                let what = match self.agenda.request(request).kind {
                    RequestKind::Liveness => GatewayRequest::Liveness,
                    RequestKind::NewChild => GatewayRequest::NewChild,
                    RequestKind::RekeyChild => GatewayRequest::RekeyChild,
                    RequestKind::RekeyIke => GatewayRequest::RekeyIke,
                    RequestKind::Delete => return self.responder.delete(core.now, sa),
                };
                if self.responder.request(core.now, sa, what) {
                    self.agenda.asked(core.now, sa, request);
                }
            }
        }
    }

    /// Passes on whatever the responder has to say, and sets the alarm for what comes next.
    pub(crate) fn settle(&mut self, core: &mut Core<'_>) {
        while let Some(event) = self.responder.poll_event() {
            core.emit(Actor::Gateway, What::Responder(&event));
            match event {
                Event::HalfOpen { sa, .. } => self.log_keys(core, sa),
                Event::Established { sa, .. } => {
                    self.agenda.established(core.now, sa);
                    self.install(core, sa);
                }
                Event::ChildCreated { sa, .. } => self.install(core, sa),
                Event::Rekeyed { old, new, .. } => self.rekeyed(core, old, new),
                Event::Closed { sa, .. } => {
                    self.agenda.closed(sa);
                    self.closed(sa);
                }
                Event::ChildClosed { spi_in, .. } => self.remove(spi_in),
                _ => {}
            }
        }
        let mut buffer = core::mem::take(&mut self.buffer);
        while let Some(transmit) = self.responder.poll_transmit(core.now, &mut buffer) {
            self.send(core, &transmit.path, &buffer[..transmit.len]);
        }
        self.buffer = buffer;
        let next = self.responder.poll_timeout().into_iter().chain(self.agenda.next_time()).min();
        core.set_alarm(&mut self.alarm, next, Next::GatewayTimer);
    }

    fn send(&mut self, core: &mut Core<'_>, path: &Path, message: &[u8]) {
        if let Ok(header) = Header::parse(message) {
            let what = What::Message {
                exchange: header.exchange,
                message_id: header.message_id,
                response: header.flags.is_response(),
            };
            core.emit(Actor::Gateway, what);
        }
        if let Err(reason) = core.send_back(udp::emit(path.local, path.remote, message)) {
            core.emit(Actor::Gateway, What::PacketDropped { reason });
        }
    }

    /// Shows the observer the keys of a new IKE SA.
    fn log_keys(&self, core: &mut Core<'_>, sa: SaId) {
        let Some((suite, keys, spi_i, spi_r)) = self.responder.ike_keys(sa) else { return };
        let (who, suite, keys) = (Actor::Gateway, *suite, Cow::Borrowed(keys));
        core.observer.ike_keys(&IkeKeyLog { who, spis: (spi_i, spi_r), suite, keys });
    }

    /// The new SA has all Child SAs of the old one, and what was still to be asked.
    fn rekeyed(&mut self, core: &mut Core<'_>, old: SaId, new: SaId) {
        self.log_keys(core, new);
        self.agenda.rekeyed(old, new);
        let Some(spis) = self.by_sa.remove(&old) else { return };
        for spi in &spis {
            if let Some(child) = self.children.get_mut(spi) {
                child.sa = new;
            }
        }
        self.by_sa.insert(new, spis);
    }

    fn install(&mut self, core: &mut Core<'_>, sa: SaId) {
        let Some(child) = self.responder.take_child_keys(sa) else { return };
        let peer = child.path.remote.ip();
        let ChildSa { spi_in, spi_out, inbound, outbound, local, remote, .. } = &child;
        let gateway = core.addresses.gateway();
        let spi_i = self.responder.ike_keys(sa).map(|(_, _, spi_i, _)| spi_i).unwrap_or_default();
        let ike = (spi_i, sa.spi_r());
        // Observers look at the links, where a node has its own address.
        let node = core.addresses.seen_at(child.path.remote);
        let node = node.map_or(peer, |number| core.addresses.node(number));
        let logs = [(node, gateway, *spi_in, inbound), (gateway, node, *spi_out, outbound)];
        for (source, destination, spi, key) in logs {
            let (who, key) = (Actor::Gateway, Cow::Borrowed(key));
            core.observer.esp_keys(&EspKeyLog { who, ike, source, destination, spi, key });
        }
        let keys =
            TunnelKeys { spi_in: *spi_in, spi_out: *spi_out, inbound, outbound, local, remote };
        let inner = remote.first().map(TrafficSelector::start);
        if let Some(inner) = inner {
            self.by_inner.entry(inner).or_default().push(*spi_in);
        }
        self.by_sa.get_or_insert_with(sa, Vec::new).push(*spi_in);
        let (tunnel, waits_for) = (Tunnel::new(self.crypto.clone(), &keys), child.replaces);
        let child = Child { tunnel, peer, inner, sa, waits_for };
        self.children.insert(*spi_in, Box::new(child));
    }

    fn closed(&mut self, sa: SaId) {
        for spi in self.by_sa.remove(&sa).unwrap_or_default() {
            self.remove(spi);
        }
    }

    fn remove(&mut self, spi: u32) {
        let Some(gone) = self.children.remove(&spi) else { return };
        if let Some(of_sa) = self.by_sa.get_mut(&gone.sa) {
            of_sa.retain(|other| *other != spi);
            for other in of_sa.iter() {
                if let Some(child) = self.children.get_mut(other) {
                    child.waits_for = child.waits_for.filter(|old| *old != spi);
                }
            }
        }
        let Some(inner) = gone.inner else { return };
        let Some(children) = self.by_inner.get_mut(&inner) else { return };
        children.retain(|other| *other != spi);
        if children.is_empty() {
            self.by_inner.remove(&inner);
        }
    }
}

#[cfg(test)]
mod tests;
