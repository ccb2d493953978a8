//! A machine whose messages are changed on their way in and out, where no seam of the machine reaches.
//!
//! Between the machine and the tester sits somebody who has the machine's keys: what he changes, the
//! machine has misread or missaid, as far as anybody outside can tell.

mod desk;
mod read;
mod signs;

pub(super) use desk::Desk;
pub(super) use read::{has, has_error, is, notified, part, payloads, rename_notify};
pub(super) use signs::{
    edit_ciphers, edit_sa, has_any, has_reserved, is_critical, is_long, is_unordered,
};

use crate::message::Draft;
use crate::subject::{
    ChildEnd, Machine, Packet, Patience, SpiPair, Subject, Unsupported, Wire, Wish,
};
use crate::{Role, Setup};
use crypto::ProtectionKey;
use ike_core::{Header, IkeKeys, Instant, Path};
use std::collections::VecDeque;

/// May change a message; whether it goes on.
pub(super) type Change = fn(&mut Draft, &mut Desk) -> bool;

/// What is changed. All of it leaves things as they are unless it is set.
#[derive(Clone, Copy)]
pub(super) struct Tampering {
    /// How the machine is set up.
    pub(super) setup: fn(&mut Setup),
    /// The octets of a datagram that comes in.
    pub(super) datagram: fn(&mut Vec<u8>, &mut Desk),
    /// That an ICMP error came in.
    pub(super) icmp: fn(&mut Desk),
    /// A message that comes in.
    pub(super) reads: Change,
    /// A message that goes out.
    pub(super) writes: Change,
    /// An ESP packet that goes out.
    pub(super) esp: fn(&mut Vec<u8>, &ChildEnd),
}

impl Tampering {
    /// Nothing.
    pub(super) const NONE: Self = Self {
        setup: |_| {},
        datagram: |_, _| {},
        icmp: |_| {},
        reads: |_, _| true,
        writes: |_, _| true,
        esp: |_, _| {},
    };
}

/// A machine and whoever sits before it.
pub(super) struct Tampered {
    machine: Box<dyn Machine>,
    role: Role,
    tampering: Tampering,
    desk: Desk,
    /// All that there ever were.
    keys: Vec<(SpiPair, IkeKeys)>,
    ready: VecDeque<Packet>,
}

impl Tampered {
    pub(super) fn new(
        machine: Box<dyn Machine>,
        role: Role,
        (tampering, setup): (Tampering, &Setup),
    ) -> Self {
        let desk = Desk::new(role, setup);
        Self { machine, role, tampering, desk, keys: Vec::new(), ready: VecDeque::new() }
    }

    /// An SA that is gone still has messages on their way.
    fn learn(&mut self) {
        for (spis, keys) in self.machine.ike_keys() {
            if self.keys.iter().all(|(known, _)| *known != spis) {
                self.keys.push((spis, keys));
            }
        }
    }

    /// The keys of the SA that a header names, or means: one SPI may be wrong.
    fn keys_of(&self, header: &Header) -> Option<&IkeKeys> {
        let spis = (header.spi_i, header.spi_r);
        let found = self.keys.iter().find(|(known, _)| *known == spis);
        let half = |(known, _): &&(SpiPair, IkeKeys)| known.0 == spis.0 || known.1 == spis.1;
        found.or_else(|| self.keys.iter().rev().find(half)).map(|(_, keys)| keys)
    }

    /// What protects messages of an SA, those of the machine or those of the tester.
    fn key(&self, header: &Header, own: bool) -> Option<ProtectionKey> {
        let keys = self.keys_of(header)?;
        let initiator = own == (self.role == Role::Initiator);
        Some(if initiator { &keys.initiator } else { &keys.responder }.clone())
    }

    /// Has a message changed; `None`: it goes no further.
    fn change(&mut self, octets: &[u8], own: bool) -> Option<Vec<u8>> {
        let Ok(header) = Header::parse(octets) else { return Some(octets.to_vec()) };
        let key = self.key(&header, own);
        let Some(before) = read::draft(octets, key.as_ref()) else { return Some(octets.to_vec()) };
        if let Some((spis, keys)) = self.keys.last() {
            self.desk.sa = Some((*spis, keys.clone()));
        }
        let mut after = before.clone();
        let change = if own { self.tampering.writes } else { self.tampering.reads };
        self.desk.note((&before, own), octets);
        let goes_on = change(&mut after, &mut self.desk);
        let same = after == before;
        let octets = if same { octets.to_vec() } else { after.octets(key.as_ref()) };
        goes_on.then_some(octets)
    }

    fn deliver(&mut self, path: Path, octets: &[u8]) -> Result<(), Unsupported> {
        self.machine.give(path, Wire::Ike, octets)?;
        self.learn();
        Ok(())
    }

    /// What the change has left to be done.
    fn settle(&mut self, path: Path) -> Result<(), Unsupported> {
        let sealed =
            |it: &Self, draft: &Draft, own| draft.octets(it.key(&draft.header, own).as_ref());
        for draft in core::mem::take(&mut self.desk.says) {
            let octets = sealed(self, &draft, true);
            self.ready.push_back(Packet { at: self.machine.now(), path, wire: Wire::Ike, octets });
        }
        for draft in core::mem::take(&mut self.desk.hears) {
            let octets = sealed(self, &draft, false);
            self.deliver(path, &octets)?;
        }
        match self.desk.wants.take() {
            Some(wish) => self.wish(wish),
            None => Ok(()),
        }
    }

    fn send(&mut self, mut packet: Packet) {
        if packet.wire == Wire::Esp {
            if let Some(child) = self.machine.child() {
                (self.tampering.esp)(&mut packet.octets, child);
            }
            self.ready.push_back(packet);
            return;
        }
        self.desk.path = packet.path;
        if let Some(octets) = self.change(&packet.octets, true) {
            packet.path = self.desk.path;
            self.ready.push_back(Packet { octets, ..packet });
        }
        // What cannot be done then is not done.
        let _ = self.settle(packet.path);
    }
}

impl Subject for Tampered {
    fn now(&self) -> Instant {
        self.machine.now()
    }

    fn patience(&self) -> Patience {
        self.machine.patience()
    }

    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported> {
        if self.desk.hangs {
            return Ok(());
        }
        if matches!(wire, Wire::Unreachable(_)) {
            (self.tampering.icmp)(&mut self.desk);
        }
        if wire != Wire::Ike {
            return self.machine.give(path, wire, octets);
        }
        self.desk.path = path;
        let mut octets = octets.to_vec();
        (self.tampering.datagram)(&mut octets, &mut self.desk);
        let changed = self.change(&octets, false);
        if let Some(octets) = changed.filter(|_| !self.desk.hangs) {
            self.deliver(self.desk.path, &octets)?;
        }
        self.settle(path)
    }

    fn receive(&mut self, until: Instant) -> Option<Packet> {
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Some(packet);
            }
            let packet = self.machine.receive(until)?;
            self.learn();
            if !self.desk.hangs {
                self.send(packet);
            }
        }
    }

    fn wish(&mut self, wish: Wish) -> Result<(), Unsupported> {
        self.machine.wish(wish)?;
        self.learn();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
