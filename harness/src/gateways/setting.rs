//! What a container is told: the environment and the credentials of the contract, from a scenario.

use super::table::Role;
use core::fmt::Write as _;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use crypto::Group;
use data_encoding::HEXLOWER;
use ike_core::{IdType, Identity, Psk, Suite, TrafficSelector};
use simulator::Addresses;
use simulator::scenario::{ChildPolicy, Cookies, Family, GatewaySelectors, Scenario};

/// What a container is told, but for where the portal is.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Which end it is.
    pub role: Role,
    /// The addresses of the run.
    pub family: Family,
    /// Its own outer address.
    pub address: IpAddr,
    /// The server's address, behind the gateway.
    pub server: IpAddr,
    /// The length of the prefix of what the gateway protects: the server's alone, or its network's.
    pub server_prefix: u8,
    /// Who it is.
    pub identity: Identity,
    /// What it accepts or offers, the best first.
    pub suites: Vec<Suite>,
    /// A device's further groups, behind that of the suite.
    pub groups: Vec<Group>,
    /// Whether a device says INITIAL_CONTACT.
    pub initial_contact: bool,
    /// When it asks for a cookie.
    pub cookies: Cookies,
    /// So many IKE SAs may be half-open; `None`: its own limit.
    pub half_open_limit: Option<u32>,
    /// The same of one address.
    pub half_open_per_address: Option<u32>,
    /// When it forgets a half-open IKE SA; `None`: its own time.
    pub half_open_timeout: Option<Duration>,
    /// When it asks a silent peer whether it lives; `None`: never.
    pub liveness: Option<Duration>,
    /// When it rekeys an IKE SA; `None`: never.
    pub ike_lifetime: Option<Duration>,
    /// When it rekeys a Child SA; `None`: never.
    pub child_lifetime: Option<Duration>,
    /// When it forgets an idle IKE SA; `None`: never.
    pub idle_timeout: Option<Duration>,
    /// What it makes of the Child SA of IKE_AUTH.
    pub child: ChildPolicy,
    /// The group of a device's new Child SAs; `None`: they get no key exchange of their own.
    pub pfs: Option<String>,
    /// A device's peer.
    pub peer: Option<Peer>,
    /// The identities of its peers, each with the key.
    pub credentials: Vec<(Identity, Psk)>,
}

/// Whom a device connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The gateway's address.
    pub address: IpAddr,
    /// Who it must be.
    pub identity: Identity,
    /// Whether the device connects at once, not on command.
    pub start: bool,
}

/// The prefix of the nodes' network with the gateway's address in it.
const fn outer_prefix(family: Family) -> u8 {
    match family {
        Family::Ipv4 => 10,
        Family::Ipv6 => 64,
    }
}

/// The first address of the network that all outer addresses of a run are in.
const fn nodes(family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => IpAddr::V4(Ipv4Addr::new(10, 64, 0, 0)),
        Family::Ipv6 => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0)),
    }
}

/// That network: where a gateway expects its peers to be.
#[must_use]
pub fn nodes_network(family: Family) -> TrafficSelector {
    let network = TrafficSelector::network(nodes(family), outer_prefix(family));
    network.expect("a prefix of its family")
}

/// A group as the contract has it.
const fn group(group: Group) -> &'static str {
    match group {
        Group::Curve25519 => "x25519",
        Group::Ecp256 => "p256",
        Group::Modp2048 => "modp2048",
    }
}

impl Setting {
    /// One end with nothing but its own: no suites and no peers yet, no limits of its own, no timers.
    #[must_use]
    pub fn new(role: Role, (address, server): (IpAddr, IpAddr), identity: Identity) -> Self {
        let family = if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
        Self {
            role,
            family,
            address,
            server,
            server_prefix: if address.is_ipv4() { 32 } else { 128 },
            identity,
            suites: Vec::new(),
            groups: Vec::new(),
            initial_contact: true,
            cookies: Cookies::Never,
            half_open_limit: None,
            half_open_per_address: None,
            half_open_timeout: None,
            liveness: None,
            ike_lifetime: None,
            child_lifetime: None,
            idle_timeout: None,
            child: ChildPolicy::Accept,
            pfs: None,
            peer: None,
            credentials: Vec::new(),
        }
    }

    /// The gateway of a scenario, as far as a real one can be told: see [`crate::outside::check`] for the rest.
    #[must_use]
    pub fn gateway(scenario: &Scenario) -> Self {
        let gateway = &scenario.gateway;
        let addresses = Addresses::new(scenario.family);
        let prefix = match (gateway.selectors, scenario.family) {
            (GatewaySelectors::Network, Family::Ipv4) => 24,
            (GatewaySelectors::Network, Family::Ipv6) => 64,
            (_, Family::Ipv4) => 32,
            (_, Family::Ipv6) => 128,
        };
        let credentials = scenario.groups.iter().flat_map(|group| {
            group.numbers().filter_map(|n| Some((group.identity(n), group.gateway_psk(n)?)))
        });
        let ends = (addresses.gateway(), addresses.server());
        Self {
            server_prefix: prefix,
            suites: suites(scenario),
            cookies: gateway.cookies,
            half_open_limit: Some(gateway.half_open_limit),
            half_open_per_address: gateway.half_open_per_address,
            half_open_timeout: Some(gateway.half_open_timeout),
            liveness: gateway.liveness,
            ike_lifetime: gateway.ike_lifetime,
            child_lifetime: gateway.child_lifetime,
            idle_timeout: gateway.idle_timeout,
            child: gateway.child,
            credentials: credentials.collect(),
            ..Self::new(Role::Responder, ends, gateway.identity.clone())
        }
    }

    /// A node of a scenario as a device that connects on command.
    ///
    /// # Panics
    /// Where the scenario has no such node.
    #[must_use]
    pub fn device(scenario: &Scenario, node: u32) -> Self {
        let has = |group: &&simulator::scenario::Group| group.numbers().contains(&node);
        let group = scenario.groups.iter().find(has).expect("a node of the scenario");
        let addresses = Addresses::new(scenario.family);
        let gateway = scenario.gateway.identity.clone();
        let ends = (addresses.node(node), addresses.server());
        Self {
            suites: vec![group.suite],
            peer: Some(Peer {
                address: addresses.gateway(),
                identity: gateway.clone(),
                start: false,
            }),
            credentials: vec![(gateway, group.psk(node))],
            ..Self::new(Role::Initiator, ends, group.identity(node))
        }
    }

    /// The environment of the container: names and values.
    #[must_use]
    pub fn environment(&self, portal: SocketAddr) -> Vec<(&'static str, String)> {
        let ms = |duration: Duration| duration.as_millis().to_string();
        let suites: Vec<&str> = self.suites.iter().map(|suite| suite.name()).collect();
        let groups: Vec<&str> = self.groups.iter().map(|it| group(*it)).collect();
        let prefix = outer_prefix(self.family);
        let family = if self.family == Family::Ipv4 { "ipv4" } else { "ipv6" };
        let mut all = vec![
            ("PORTAL", portal.to_string()),
            ("ROLE", self.role.name().to_owned()),
            ("FAMILY", family.to_owned()),
            ("GATEWAY", format!("{}/{prefix}", self.address)),
            ("SERVER", self.server.to_string()),
            ("SERVER_NETWORK", network(self.server, self.server_prefix)),
            ("NODES_NETWORK", format!("{}/{prefix}", nodes(self.family))),
            ("SUITES", suites.join(",")),
            ("COOKIES", cookies(self.cookies)),
            ("CHILD", child(self.child)),
        ];
        match &self.peer {
            None => all.push(("GATEWAY_ID", typed(&self.identity))),
            Some(peer) => all.extend([
                ("IDENTITY", typed(&self.identity)),
                ("PEER", peer.address.to_string()),
                ("PEER_ID", typed(&peer.identity)),
                ("START", if peer.start { "yes" } else { "no" }.to_owned()),
            ]),
        }
        let wishes = [
            ("HALF_OPEN_LIMIT", self.half_open_limit.map(|limit| limit.to_string())),
            ("HALF_OPEN_PER_ADDRESS", self.half_open_per_address.map(|limit| limit.to_string())),
            ("HALF_OPEN_TIMEOUT_MS", self.half_open_timeout.map(ms)),
            ("LIVENESS_MS", self.liveness.map(ms)),
            ("IKE_LIFETIME_MS", self.ike_lifetime.map(ms)),
            ("CHILD_LIFETIME_MS", self.child_lifetime.map(ms)),
            ("IDLE_TIMEOUT_MS", self.idle_timeout.map(ms)),
            ("PFS", self.pfs.clone()),
            ("GROUPS", (!self.groups.is_empty()).then(|| groups.join(","))),
            ("INITIAL_CONTACT", (!self.initial_contact).then(|| "no".to_owned())),
        ];
        all.extend(wishes.into_iter().filter_map(|(name, value)| Some((name, value?))));
        all
    }

    /// The file of credentials: a line for each peer.
    #[must_use]
    pub fn credentials_file(&self) -> Vec<u8> {
        let mut text = String::new();
        for (who, key) in &self.credentials {
            let key = HEXLOWER.encode(key.as_slice());
            writeln!(text, "{} {key}", typed(who)).expect("a String takes all");
        }
        text.into_bytes()
    }
}

/// Of the gateway's suites those that a node offers, or all where none does: one that nobody offers changes nothing, but
/// not every implementation has it.
fn suites(scenario: &Scenario) -> Vec<Suite> {
    let all = &scenario.gateway.suites;
    let offered = |suite: &Suite| scenario.groups.iter().any(|group| group.suite == *suite);
    let wanted: Vec<Suite> = all.iter().copied().filter(offered).collect();
    if wanted.is_empty() { all.clone() } else { wanted }
}

/// The network that an address is in.
fn network(address: IpAddr, prefix: u8) -> String {
    let bits = |all: u32| all.saturating_sub(u32::from(prefix));
    let first: IpAddr = match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(bits(32)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(bits(128)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    };
    format!("{first}/{prefix}")
}

/// An identity as the contract has it: in hexadecimal digits where a shell or a file could misread its text.
pub(crate) fn typed(identity: &Identity) -> String {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"@.-_+".contains(octet);
    let kind = match identity.kind() {
        IdType::ID_FQDN => "fqdn",
        IdType::ID_RFC822_ADDR => "rfc822",
        _ => return identity.to_string(),
    };
    if identity.data().iter().all(plain) {
        return identity.to_string();
    }
    format!("{kind}:#{}", HEXLOWER.encode(identity.data()))
}

fn cookies(policy: Cookies) -> String {
    match policy {
        Cookies::Never => "never".into(),
        Cookies::Always => "always".into(),
        Cookies::Above { half_open, per_address: None } => format!("above:{half_open}"),
        Cookies::Above { half_open, per_address: Some(one) } => format!("above:{half_open}:{one}"),
    }
}

fn child(policy: ChildPolicy) -> String {
    match policy {
        ChildPolicy::Accept => "accept".into(),
        ChildPolicy::Refuse(error) => format!("refuse:{error}"),
    }
}

#[cfg(test)]
mod tests;
