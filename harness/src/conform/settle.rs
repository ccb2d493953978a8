//! Where cases take place: numbers, addresses, identities and seeds of their own.

use super::hub;
use conformance::{Case, Profile, Setup, cases};
use core::net::{IpAddr, SocketAddr};
use ike_core::{Identity, Path, TrafficSelector};

/// The port of IKE (RFC 7296 2).
pub(super) const IKE_PORT: u16 = 500;

/// The number of a case in a profile: the same in every run.
pub(super) fn number(case: &Case, profile: Profile) -> u32 {
    let same = |it: &&Case| it.name == case.name && it.role() == case.role();
    let at = cases::all().position(|it| same(&it)).expect("a case of the list");
    let profiles = Profile::ALL.len();
    let of = Profile::ALL.iter().position(|it| *it == profile).expect("one of them");
    u32::try_from(at * profiles + of).expect("a few hundred")
}

/// A device of its own at a gateway with these addresses: one daemon serves many cases at once, and must
/// not take them for one peer.
pub(super) fn device(setup: &mut Setup, number: u32, (gateway, server): (IpAddr, IpAddr)) {
    let own = hub::address(number);
    setup.path =
        Path { local: SocketAddr::new(own, IKE_PORT), remote: SocketAddr::new(gateway, IKE_PORT) };
    setup.local = vec![TrafficSelector::host(server)];
    setup.remote = vec![TrafficSelector::host(own)];
    let name = format!("dev{number:05}");
    setup.peer = Identity::key_id(name.as_bytes()).expect("a short identity");
    setup.seed = fresh();
}

/// A gateway of its own with a device: the container of a case has nobody else to talk to.
pub(super) fn gateway(setup: &mut Setup, number: u32, (gateway, server): (IpAddr, IpAddr)) {
    let device = hub::address(number);
    setup.path = Path {
        local: SocketAddr::new(gateway, IKE_PORT),
        remote: SocketAddr::new(device, IKE_PORT),
    };
    setup.local = vec![TrafficSelector::host(device)];
    setup.remote = vec![TrafficSelector::host(server)];
    let name = format!("dev{number:05}");
    setup.identity = Identity::key_id(name.as_bytes()).expect("a short identity");
    setup.seed = fresh();
}

/// The case of a number, and its profile.
pub(super) fn case(number: u32) -> Option<(&'static Case, Profile)> {
    let number = usize::try_from(number).ok()?;
    let case = cases::all().nth(number / Profile::ALL.len())?;
    Some((case, Profile::ALL[number % Profile::ALL.len()]))
}

/// A seed that no other case has: an implementation outside may remember the SPIs and nonces of earlier ones.
pub(super) fn fresh() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the operating system has randomness");
    seed
}
