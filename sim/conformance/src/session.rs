//! A case under way: the subject, what crossed, and what was judged.

use crate::log::{Direction, Log};
use crate::subject::{Packet, Patience, Subject, Wire, Wish};
use crate::verdict::{Check, Finding, Outcome, Stop};
use crate::{Case, Requirement, Setup};
use core::net::SocketAddr;
use core::time::Duration;
use ike_core::{IkeKeys, IkeSpi, Instant, Path};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// The requirements that one check judges at once: mostly one.
pub trait Ids: Copy {
    /// Them.
    fn ids(&self) -> &[&'static str];
}

impl Ids for &'static str {
    fn ids(&self) -> &[&'static str] {
        core::slice::from_ref(self)
    }
}

impl<const N: usize> Ids for [&'static str; N] {
    fn ids(&self) -> &[&'static str] {
        self
    }
}

/// A case under way.
pub struct Session {
    subject: Box<dyn Subject>,
    /// How the subject was set up.
    pub setup: Setup,
    /// Where the tester sends to and from.
    pub path: Path,
    /// How long to wait for what.
    pub patience: Patience,
    pub(crate) rng: ChaCha20Rng,
    log: Log,
    checks: Vec<Check>,
    judges: Vec<&'static str>,
}

impl Session {
    /// Starts a case.
    #[must_use]
    pub fn new(case: &Case, setup: Setup, subject: Box<dyn Subject>) -> Self {
        Self {
            patience: subject.patience(),
            subject,
            path: setup.path,
            rng: ChaCha20Rng::from_seed(setup.seed),
            setup,
            log: Log::default(),
            checks: Vec::new(),
            judges: case.judges.to_vec(),
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.subject.now()
    }

    /// So many octets that repeat from run to run.
    pub fn random(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        self.rng.fill_bytes(&mut octets);
        octets
    }

    /// Sends a datagram on the usual path.
    ///
    /// # Errors
    /// The port cannot.
    pub fn send(&mut self, octets: &[u8]) -> Outcome {
        self.send_on(self.path, Wire::Ike, octets)
    }

    /// Sends a datagram from another end.
    ///
    /// # Errors
    /// The port cannot.
    pub fn send_from(&mut self, local: SocketAddr, octets: &[u8]) -> Outcome {
        self.send_on(Path { local, ..self.path }, Wire::Ike, octets)
    }

    /// Sends anything on any path.
    ///
    /// # Errors
    /// The port cannot.
    pub fn send_on(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Outcome {
        let packet = Packet { at: self.now(), path, wire, octets: octets.to_vec() };
        self.log.push(Direction::ToSubject, packet);
        Ok(self.subject.give(path, wire, octets)?)
    }

    /// The next packet of the subject within that time.
    pub fn receive(&mut self, within: Duration) -> Option<Packet> {
        let until = self.now() + within;
        let packet = self.subject.receive(until)?;
        self.log.push(Direction::FromSubject, packet.clone());
        Some(packet)
    }

    /// The next IKE message within that time; ESP in between is left out.
    pub fn receive_ike(&mut self, within: Duration) -> Option<Packet> {
        let until = self.now() + within;
        loop {
            let rest = until.saturating_duration_since(self.now());
            match self.receive(rest)? {
                packet if packet.wire == Wire::Ike => return Some(packet),
                _ => {}
            }
        }
    }

    /// All that the subject sends in that time.
    pub fn listen(&mut self, span: Duration) -> Vec<Packet> {
        let until = self.now() + span;
        let mut all = Vec::new();
        while let Some(packet) = self.receive(until.saturating_duration_since(self.now())) {
            all.push(packet);
        }
        all
    }

    /// Has the subject's owner want something.
    ///
    /// # Errors
    /// Nobody can make it do so.
    pub fn wish(&mut self, wish: Wish) -> Outcome {
        Ok(self.subject.wish(wish)?)
    }

    /// Keys that open messages of these SPIs, for the ladder.
    pub fn learn_keys(&mut self, spis: (IkeSpi, IkeSpi), keys: &IkeKeys) {
        self.log.learn(spis, keys);
    }

    /// Judges a requirement, or each of several by the same; a failure ends the case. `found` is asked
    /// for only then.
    ///
    /// # Errors
    /// It failed.
    ///
    /// # Panics
    /// When the case does not say that it judges this: the case is wrong.
    pub fn demand(
        &mut self,
        ids: impl Ids,
        holds: bool,
        expected: &str,
        found: impl FnOnce() -> String,
    ) -> Outcome {
        self.judge(ids, holds, (expected, None), found)
    }

    /// As [`Self::demand`], for octets that must be the same.
    ///
    /// # Errors
    /// They differ.
    pub fn demand_same(&mut self, ids: impl Ids, what: &str, pair: (&[u8], &[u8])) -> Outcome {
        let (wanted, found) = pair;
        let differ = wanted.iter().zip(found).position(|(a, b)| a != b);
        let offset =
            differ.or((wanted.len() != found.len()).then(|| wanted.len().min(found.len())));
        let octet = |octets: &[u8]| {
            offset
                .and_then(|at| octets.get(at))
                .map_or("the end".to_owned(), |o| format!("{o:#04x}"))
        };
        let expected =
            if offset.is_some() { format!("{what}: {}", octet(wanted)) } else { what.to_owned() };
        self.judge(ids, offset.is_none(), (&expected, offset), || octet(found))
    }

    fn judge(
        &mut self,
        ids: impl Ids,
        holds: bool,
        (expected, offset): (&str, Option<usize>),
        found: impl FnOnce() -> String,
    ) -> Outcome {
        let failure = (!holds).then(|| crate::verdict::Failure {
            expected: expected.to_owned(),
            found: found(),
            message: self.log.last_from_subject(),
            offset,
        });
        for id in ids.ids().iter().copied() {
            assert!(self.judges.contains(&id), "the case says that it judges {id}");
            self.checks.push(Check::new(id, failure.clone()));
        }
        if holds { Ok(()) } else { Err(Stop::Failed) }
    }

    /// Ends the case: what was judged, and what crossed. `ended` is what the script returned.
    #[must_use]
    pub fn finish(self, ended: Outcome, binding: &[&Requirement]) -> (Vec<Finding>, Log) {
        let findings = binding
            .iter()
            .map(|requirement| Finding::of(requirement, &self.checks, &ended))
            .collect();
        (findings, self.log)
    }
}
