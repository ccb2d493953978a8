//! Implementations that are broken in one named way each, to measure the suite: a mutant that no
//! case tells from the honest implementation shows a hole.
//!
//! Each is one of our machines, chosen at run time: with a behaviour of its own, or with somebody
//! before it who changes what comes in and goes out.

mod both;
mod chain;
mod initiator;
mod responder;
mod said;
mod tamper;

use crate::message::Draft;
use crate::subject::{
    ChildEnd, Implementation, InitiatorSubject, Machine, ResponderSubject, Subject, Unsupported,
};
use crate::{Cell, Job, OurInitiator, OurResponder, Registry, Role, Selection, Setup, Verdict};
use core::fmt;
use ike_initiator::Behaviour as InitiatorBehaviour;
use ike_responder::Behaviour as ResponderBehaviour;
use tamper::{Desk, Tampered, Tampering};

/// An implementation that is broken in one way.
pub struct Mutant {
    /// Its name, unique within its role.
    pub name: &'static str,
    /// What it is.
    pub role: Role,
    /// What it does wrong, in a line.
    pub about: &'static str,
    /// The requirements that it breaks.
    pub breaks: &'static [&'static str],
    start: Start,
    tampering: Tampering,
}

/// Makes the machine.
type Start = fn(&Setup) -> Result<Box<dyn Machine>, Unsupported>;

impl fmt::Debug for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.role, self.name)
    }
}

impl Implementation for Mutant {
    fn name(&self) -> &str {
        self.name
    }

    fn role(&self) -> Role {
        self.role
    }

    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
        let mut setup = setup.clone();
        (self.tampering.setup)(&mut setup);
        let machine = (self.start)(&setup)?;
        Ok(Box::new(Tampered::new(machine, self.role, (self.tampering, &setup))))
    }
}

impl Mutant {
    /// An initiator with this behaviour.
    const fn initiator<B: InitiatorBehaviour + Default + 'static>(
        name: &'static str,
        breaks: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        let (role, tampering) = (Role::Initiator, Tampering::NONE);
        Self { name, role, about, breaks, start: start_initiator::<B>, tampering }
    }

    /// A responder with this behaviour.
    const fn responder<B: ResponderBehaviour + Default + 'static>(
        name: &'static str,
        breaks: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        let (role, tampering) = (Role::Responder, Tampering::NONE);
        Self { name, role, about, breaks, start: start_responder::<B>, tampering }
    }

    /// An honest machine of that role, before which somebody sits.
    const fn honest(
        role: Role,
        name: &'static str,
        breaks: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        match role {
            Role::Initiator => Self::device(name, breaks, about),
            Role::Responder => Self::gateway(name, breaks, about),
        }
    }

    /// An honest initiator, before whom somebody sits.
    const fn device(
        name: &'static str,
        breaks: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        Self::initiator::<ike_initiator::Honest>(name, breaks, about)
    }

    /// An honest responder, before whom somebody sits.
    const fn gateway(
        name: &'static str,
        breaks: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        Self::responder::<ike_responder::Honest>(name, breaks, about)
    }

    /// Set up otherwise than it is told.
    const fn set_up(mut self, setup: fn(&mut Setup)) -> Self {
        self.tampering.setup = setup;
        self
    }

    /// Has the octets of datagrams changed before it reads them.
    const fn receiving(mut self, datagram: fn(&mut Vec<u8>, &mut Desk)) -> Self {
        self.tampering.datagram = datagram;
        self
    }

    /// Has somebody believe ICMP errors.
    const fn told(mut self, icmp: fn(&mut Desk)) -> Self {
        self.tampering.icmp = icmp;
        self
    }

    /// Has messages changed before it reads them; those of which the change says no never come.
    const fn reading(mut self, reads: fn(&mut Draft, &mut Desk) -> bool) -> Self {
        self.tampering.reads = reads;
        self
    }

    /// Has messages changed that it has written; those of which the change says no never leave.
    const fn writing(mut self, writes: fn(&mut Draft, &mut Desk) -> bool) -> Self {
        self.tampering.writes = writes;
        self
    }

    /// Has its ESP packets changed.
    const fn sealing(mut self, esp: fn(&mut Vec<u8>, &ChildEnd)) -> Self {
        self.tampering.esp = esp;
        self
    }

    /// The cases that judge what it breaks, in the profiles where they bind.
    #[must_use]
    pub fn plan<'m>(&'m self, registry: &Registry, selection: &Selection) -> Vec<Job<'m>> {
        let mut jobs = Job::plan(registry, &[self], selection);
        let wanted = |id: &str| selection.requirement.as_ref().is_none_or(|wanted| wanted == id);
        jobs.retain(|job| {
            let binding = job.case.binding(registry, job.profile);
            let mut ids = binding.iter().map(|it| it.id.as_str());
            ids.any(|id| self.breaks.contains(&id) && wanted(id))
        });
        jobs
    }

    /// Whether the case tells it from the honest implementation.
    #[must_use]
    pub fn is_killed_by(&self, job: &Job<'_>, registry: &Registry) -> bool {
        !self.told_by(job, registry).is_empty()
    }

    /// By which requirements the case tells it from the honest implementation: such as it breaks, which
    /// failed, and pass where nothing is broken.
    #[must_use]
    pub fn told_by(&self, job: &Job<'_>, registry: &Registry) -> Vec<String> {
        let breaks = |cell: &Cell| self.breaks.contains(&cell.finding.requirement.as_str());
        let mut cells = job.run(registry);
        cells.retain(|cell| breaks(cell) && cell.finding.verdict == Verdict::Failed);
        if cells.is_empty() {
            return Vec::new();
        }
        let honest: &dyn Implementation = match self.role {
            Role::Initiator => &OurInitiator,
            Role::Responder => &OurResponder,
        };
        let mut passed = Job { implementation: honest, ..*job }.run(registry);
        passed.retain(|cell| cell.finding.verdict == Verdict::Passed);
        let passes = |id: &String| passed.iter().any(|cell| cell.finding.requirement == *id);
        cells.into_iter().map(|cell| cell.finding.requirement).filter(passes).collect()
    }
}

fn start_initiator<B: InitiatorBehaviour + Default + 'static>(
    setup: &Setup,
) -> Result<Box<dyn Machine>, Unsupported> {
    Ok(Box::new(InitiatorSubject::new(setup, B::default())?))
}

fn start_responder<B: ResponderBehaviour + Default + 'static>(
    setup: &Setup,
) -> Result<Box<dyn Machine>, Unsupported> {
    Ok(Box::new(ResponderSubject::new(setup, B::default())))
}

/// All of them: the initiators first.
pub fn all() -> impl Iterator<Item = &'static Mutant> {
    initiator::THEMES.iter().chain(responder::THEMES).flat_map(|theme| theme.iter())
}
