//! What a case needs of its subject.

use crate::Profile;
use crate::subject::{INITIATOR, RESPONDER};
use core::time::Duration;
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
    /// Who the tester is.
    pub peer: Identity,
    /// Whether an initiator insists on [`Self::peer`] as IDr.
    pub pins_peer: bool,
    /// What the subject proposes, or grants, as its own side of the tunnel.
    pub local: Vec<TrafficSelector>,
    /// The same for the tester's side.
    pub remote: Vec<TrafficSelector>,
    /// Whether an initiator sends INITIAL_CONTACT.
    pub initial_contact: bool,
    /// Whether it sends a Delete when it closes.
    pub delete_on_close: bool,
    /// Whether a responder asks for a cookie each time.
    pub cookies: bool,
    /// After how long without a message a responder checks that its peer is alive.
    pub liveness: Option<Duration>,
    /// After how long a responder rekeys the Child SA.
    pub child_lifetime: Option<Duration>,
    /// After how long a responder rekeys the IKE SA.
    pub ike_lifetime: Option<Duration>,
    /// The tester's view of the usual path.
    pub path: Path,
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
            pins_peer: true,
            local: vec![TrafficSelector::host(own.ip())],
            remote: vec![TrafficSelector::host(other.ip())],
            initial_contact: true,
            delete_on_close: true,
            cookies: false,
            liveness: None,
            child_lifetime: None,
            ike_lifetime: None,
            path: Path { local: other, remote: own },
        }
    }
}

fn key_id(octets: &[u8]) -> Identity {
    Identity::key_id(octets).expect("a short identity")
}
