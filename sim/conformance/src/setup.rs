//! What a case needs of its subject.

use crate::Profile;
use crate::subject::{INITIATOR, RESPONDER};
use crypto::Group;
use ike_core::{Identity, Path, Psk, Suite, TrafficSelector};

/// How the subject is set up. A harness turns it into whatever its implementation reads, and says
/// which of it that cannot do.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which profile's demands are judged.
    pub profile: Profile,
    /// Protection, PRF and the first group.
    pub suite: Suite,
    /// Further groups that an initiator offers, or a responder accepts, behind the suite's own.
    pub groups: Vec<Group>,
    /// The secret that both share.
    pub psk: Psk,
    /// Who the subject is.
    pub identity: Identity,
    /// Who the tester is; an initiator insists on it as IDr.
    pub peer: Identity,
    /// What the subject proposes, or grants, as its own side of the tunnel.
    pub local: Vec<TrafficSelector>,
    /// The same for the tester's side.
    pub remote: Vec<TrafficSelector>,
    /// What a responder grants on the tester's side at most, where it was not told of this one alone; empty: the
    /// tester's side.
    pub peers: Vec<TrafficSelector>,
    /// Whether an initiator sends INITIAL_CONTACT.
    pub initial_contact: bool,
    /// Whether a responder asks for a cookie each time.
    pub cookies: bool,
    /// The tester's view of the usual path.
    pub path: Path,
    /// What the tester's randomness comes from. Cases that one daemon serves must not have the same keys and SPIs.
    pub seed: [u8; 32],
}

impl Setup {
    /// The usual subject in a role: the default suite, one secret, one address pair.
    #[must_use]
    pub fn new(role: crate::Role, profile: Profile) -> Self {
        let (device, gateway) = (key_id(b"device01"), key_id(b"gateway1"));
        let initiator = role == crate::Role::Initiator;
        let (identity, peer) = if initiator { (device, gateway) } else { (gateway, device) };
        let (own, other) = if initiator { (INITIATOR, RESPONDER) } else { (RESPONDER, INITIATOR) };
        Self {
            profile,
            suite: Suite::default(),
            groups: Vec::new(),
            psk: Psk::new(b"correct horse battery staple").expect("a short key"),
            identity,
            peer,
            local: vec![TrafficSelector::host(own.ip())],
            remote: vec![TrafficSelector::host(other.ip())],
            peers: Vec::new(),
            initial_contact: true,
            cookies: false,
            path: Path { local: other, remote: own },
            seed: [7; 32],
        }
    }
}

impl Setup {
    /// What a responder may grant on the tester's side.
    #[must_use]
    pub fn allowed(&self) -> &[TrafficSelector] {
        if self.peers.is_empty() { &self.remote } else { &self.peers }
    }
}

fn key_id(octets: &[u8]) -> Identity {
    Identity::key_id(octets).expect("a short identity")
}
