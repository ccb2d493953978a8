//! What a gateway is told before it starts.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use crypto::Group;
use ike_core::{Identity, Psk, Schedule, Suite, TrafficSelector};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When an IKE_SA_INIT request is answered with a cookie first (RFC 7296 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePolicy {
    /// Never.
    Never,
    /// For each request.
    Always,
    /// While there are more half-open SAs than this.
    Above(usize),
    /// While there are more half-open SAs than `total`, or more of the address that asks than
    /// `per_address`. strongSwan's `cookie_threshold` 30 and `cookie_threshold_ip` 3 are 29 and 2
    /// here: it asks from the threshold on. Its habit to go on asking for 10 s is left out.
    AboveEither {
        /// In all.
        total: usize,
        /// Of one address.
        per_address: usize,
    },
}

/// A key that is computed from an identity.
type Lookup = Arc<dyn Fn(&Identity) -> Option<Psk> + Send + Sync>;

/// Who has which pre-shared key.
#[derive(Clone, Default)]
pub struct Credentials {
    listed: BTreeMap<Identity, Psk>,
    lookup: Option<Lookup>,
}

impl Credentials {
    /// Puts an identity on the list; the key that it had there before.
    pub fn insert(&mut self, identity: Identity, psk: Psk) -> Option<Psk> {
        self.listed.insert(identity, psk)
    }

    /// Asks `lookup` for the keys of identities that are not on the list: what a fleet needs, whose
    /// keys follow from a rule.
    pub fn look_up(&mut self, lookup: impl Fn(&Identity) -> Option<Psk> + Send + Sync + 'static) {
        self.lookup = Some(Arc::new(lookup));
    }

    /// The key of an identity.
    #[must_use]
    pub fn get(&self, identity: &Identity) -> Option<Psk> {
        let listed = self.listed.get(identity).cloned();
        listed.or_else(|| self.lookup.as_ref()?(identity))
    }
}

/// Shows no keys, and neither whose they are: there may be a million.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looks_up = self.lookup.is_some();
        write!(f, "Credentials {{ listed: {}, looks_up: {looks_up} }}", self.listed.len())
    }
}

/// What a peer may do with CREATE_CHILD_SA requests: rekey its SAs, and make Child SAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatePolicy {
    /// How many Child SAs an IKE SA may have at a time, that of IKE_AUTH among them; a further one is
    /// refused with NO_ADDITIONAL_SAS. Those that were rekeyed and that the peer has not deleted yet do not count: there
    /// may be as many again, and beyond that rekeying is refused with TEMPORARY_FAILURE. Above
    /// [`Self::MOST_CHILDREN`] it is that.
    pub children: usize,
    /// The groups in which a Child SA may have a Diffie-Hellman exchange of its own, the preferred one
    /// first. Whether it has one is the peer's choice.
    pub pfs: Vec<Group>,
}

impl CreatePolicy {
    /// So many of them, and as many that they have replaced, fit into the answer to a Delete of all.
    pub const MOST_CHILDREN: usize = 256;

    pub(crate) fn most_children(&self) -> usize {
        self.children.min(Self::MOST_CHILDREN)
    }
}

impl Default for CreatePolicy {
    /// 16 Child SAs; all groups.
    fn default() -> Self {
        Self { children: 16, pfs: vec![Group::Curve25519, Group::Ecp256, Group::Modp2048] }
    }
}

/// The configuration of a responder.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who the responder says it is: the IDr payload.
    pub identity: Identity,
    /// The pre-shared keys, looked up by IDi, never by address (RFC 7296 2.15).
    pub credentials: Credentials,
    /// What is accepted, the preferred one first.
    pub suites: Vec<Suite>,
    /// What stands behind the gateway: TSr is narrowed to it.
    pub local: Vec<TrafficSelector>,
    /// What initiators may have: TSi is narrowed to it. Empty: the address that the initiator
    /// comes from, and nothing else.
    pub remote: Vec<TrafficSelector>,
    /// When cookies are asked for.
    pub cookies: CookiePolicy,
    /// How long an SA may wait for its IKE_AUTH request.
    pub half_open_timeout: Duration,
    /// How many SAs may wait at a time; beyond it IKE_SA_INIT requests are dropped (strongSwan's
    /// `init_limit_half_open`).
    pub half_open_limit: usize,
    /// How many SAs of one address may wait at a time; beyond it IKE_SA_INIT requests of that
    /// address are dropped. `None`: no limit. strongSwan's `block_threshold`, by default 5.
    pub half_open_per_address: Option<usize>,
    /// How long each Diffie-Hellman exchange, the generation of our key included, occupies the
    /// responder's one processor. IKE_SA_INIT requests are served one after the other in the order
    /// in which they come; the answer leaves when its work is done, and until then a repetition
    /// gets nothing (RFC 7296 2.1: it triggers the response again, and there is none yet). Whoever
    /// waits counts as half-open for the limits and for cookies, which are asked for before (2.6).
    /// All else takes no time. Zero: everything is answered at once.
    pub service_time: Duration,
    /// An empty INFORMATIONAL request is sent after so long without a fresh message of the SA;
    /// `None`: never.
    pub liveness: Option<Duration>,
    /// What CREATE_CHILD_SA requests of the peer may do (RFC 7296 1.3). `None`: nothing, as RFC 7296 4
    /// allows; each is answered with NO_ADDITIONAL_SAS.
    pub create: Option<CreatePolicy>,
    /// How long an IKE SA lasts before it is to be rekeyed, from IKE_AUTH on (strongSwan's
    /// `rekey_time`, libreswan's `ikelifetime`). A peer that refuses gets a Delete and may come back
    /// (RFC 7296 2.8, 4), and so does one that agrees: see [`crate::GatewayRequest`]. `None`: for
    /// ever.
    pub ike_lifetime: Option<Duration>,
    /// As [`Self::ike_lifetime`], of the Child SA (libreswan's `salifetime`). A peer that refuses to
    /// rekey it loses the IKE SA, too: that is what brings a minimal initiator back.
    pub child_lifetime: Option<Duration>,
    /// An SA whose peer was not heard for so long is removed without a word: a device that sleeps
    /// would not hear it (RFC 7815 2.1, RFC 7296 2.4). What counts is a fresh, verified message or
    /// [`crate::Responder::note_traffic`]. `None`: never.
    pub idle_timeout: Option<Duration>,
    /// When the responder's own requests are sent again and given up.
    pub schedule: Schedule,
}

impl Config {
    /// All suites, everything behind the gateway, initiators with the address they come from, a
    /// cookie above 1,000 half-open SAs, 30 s for IKE_AUTH, 20,000 half-open SAs at most,
    /// no limit by address, work that takes no time, no liveness checks, [`CreatePolicy::default`], SAs
    /// that last for ever, the schedule of RFC 7296 2.4; nobody has a key yet.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        let everything = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        Self {
            identity,
            credentials: Credentials::default(),
            suites: Suite::ALL.to_vec(),
            local: everything
                .into_iter()
                .filter_map(|address| TrafficSelector::network(address, 0))
                .collect(),
            remote: Vec::new(),
            cookies: CookiePolicy::Above(1_000),
            half_open_timeout: Duration::from_secs(30),
            half_open_limit: 20_000,
            half_open_per_address: None,
            service_time: Duration::ZERO,
            liveness: None,
            create: Some(CreatePolicy::default()),
            ike_lifetime: None,
            child_lifetime: None,
            idle_timeout: None,
            schedule: Schedule::RFC7296,
        }
    }
}
