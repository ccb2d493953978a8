//! Runs whose checkers see something else than what happened.

pub(crate) use crate::support::{door, door_with};
use ike_core::Header;
use simulator::scenario::Scenario;
use simulator::{
    Arrival, Behaviours, Checkers, Datagram, EspKeyLog, Event, Faults, IkeKeyLog, Observer,
    Standing, Violation, World,
};
use vnet::{ip, udp};

/// What a checker sees.
pub(crate) enum Seen<'s> {
    Event(&'s Event<'s>),
    Datagram(&'s Datagram<'s>),
    Arrival(&'s Arrival<'s>),
    Taken(&'s Arrival<'s>),
    IkeKeys(&'s IkeKeyLog<'s>),
    EspKeys(&'s EspKeyLog<'s>),
}

impl Seen<'_> {
    pub(crate) fn show(&self, checkers: &mut Checkers) {
        match self {
            Self::Event(event) => checkers.event(event),
            Self::Datagram(datagram) => checkers.datagram(datagram),
            Self::Arrival(arrival) => checkers.arrival(arrival),
            Self::Taken(arrival) => checkers.taken(arrival),
            Self::IkeKeys(keys) => checkers.ike_keys(keys),
            Self::EspKeys(keys) => checkers.esp_keys(keys),
        }
    }
}

/// Between the run and its checkers: decides what they see.
struct Doctor<'d> {
    checkers: Checkers,
    doctor: &'d mut dyn FnMut(Seen<'_>, &mut Checkers),
}

impl Observer for Doctor<'_> {
    fn event(&mut self, event: &Event<'_>) {
        (self.doctor)(Seen::Event(event), &mut self.checkers);
    }

    fn datagram(&mut self, datagram: &Datagram<'_>) {
        (self.doctor)(Seen::Datagram(datagram), &mut self.checkers);
    }

    fn arrival(&mut self, arrival: &Arrival<'_>) {
        (self.doctor)(Seen::Arrival(arrival), &mut self.checkers);
    }

    fn taken(&mut self, arrival: &Arrival<'_>) {
        (self.doctor)(Seen::Taken(arrival), &mut self.checkers);
    }

    fn ike_keys(&mut self, keys: &IkeKeyLog<'_>) {
        (self.doctor)(Seen::IkeKeys(keys), &mut self.checkers);
    }

    fn esp_keys(&mut self, keys: &EspKeyLog<'_>) {
        (self.doctor)(Seen::EspKeys(keys), &mut self.checkers);
    }
}

/// A run, to be watched.
pub(crate) struct Watched<'s> {
    pub scenario: &'s Scenario,
    /// What the checkers take it for.
    pub taken_for: &'s Scenario,
    pub seed: u64,
    pub behaviours: Behaviours,
    /// What links and forgers do, if not what they decide.
    pub faults: Option<Faults>,
}

impl<'s> Watched<'s> {
    pub(crate) fn new(scenario: &'s Scenario) -> Self {
        let behaviours = Behaviours::default();
        Self { scenario, taken_for: scenario, seed: 1, behaviours, faults: None }
    }

    /// What honest checkers find.
    pub(crate) fn violations(self) -> Vec<Violation> {
        self.doctored(&mut |seen, checkers| seen.show(checkers))
    }

    /// What is found by checkers that see what `doctor` shows them.
    pub(crate) fn doctored(
        self,
        doctor: &mut dyn FnMut(Seen<'_>, &mut Checkers),
    ) -> Vec<Violation> {
        let mut checkers = Checkers::new(self.taken_for);
        let standing = self.run(&mut checkers, doctor);
        checkers.finish(&standing);
        checkers.violations().to_vec()
    }

    /// The same with checkers that may have seen another run; they are not told that it is over.
    pub(crate) fn run(
        self,
        checkers: &mut Checkers,
        doctor: &mut dyn FnMut(Seen<'_>, &mut Checkers),
    ) -> Standing {
        let used = std::mem::replace(checkers, Checkers::new(self.taken_for));
        let mut observer = Doctor { checkers: used, doctor };
        let Self { scenario, seed, behaviours, faults, .. } = self;
        let mut world = World::with_behaviours(scenario, seed, &mut observer, behaviours);
        if let Some(faults) = faults {
            world.replay_faults(&faults);
        }
        world.step_until(ike_core::Instant::default() + scenario.duration);
        let standing = world.standing();
        drop(world);
        *checkers = observer.checkers;
        standing
    }
}

/// Whether that checker says something with this in it, as the first of its own.
pub(crate) fn assert_found(violations: &[Violation], checker: &str, what: &str) {
    let first = violations.iter().find(|violation| violation.checker == checker);
    let first = first.unwrap_or_else(|| panic!("{checker} found nothing: {violations:#?}"));
    assert!(first.what.contains(what), "{}", first.what);
    assert!(!first.context.is_empty(), "{} has no context", first.what);
}

/// The IKE message of a datagram, with its header.
pub(crate) fn ike(octets: &[u8]) -> Option<(Header, Vec<u8>)> {
    let outer = ip::parse(octets).ok()?;
    let udp = udp::parse(outer.source, outer.destination, outer.payload).ok()?;
    Some((Header::parse(udp.payload).ok()?, udp.payload.to_vec()))
}

/// The datagram with its IKE message changed, and with the checksum that belongs to it.
pub(crate) fn with_message(octets: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let outer = ip::parse(octets).expect("an IP datagram");
    let inner = udp::parse(outer.source, outer.destination, outer.payload).expect("UDP");
    let mut message = inner.payload.to_vec();
    change(&mut message);
    let (source, destination) = (
        (outer.source, inner.source_port).into(),
        (outer.destination, inner.destination_port).into(),
    );
    udp::emit(source, destination, &message)
}
