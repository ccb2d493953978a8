//! The tester as the device of a responder under test.

use super::Opened;
use super::base::Peer;
use super::material::{Side, SkKeys, public_value};
use crate::message::{Draft, Part};
use crate::subject::Packet;
use crate::verdict::{Outcome, Stop};
use crate::{Session, seen};
use core::ops::{Deref, DerefMut};
use crypto::{Crypto, PrivateKey, RustCrypto, SharedSecret};
use ike_core::payload::{KeyExchange, Nonce, ProposalRepr, SaRepr, TsRepr};
use ike_core::{ExchangeType, Flags, Header, IkeSpi, NotifyType, PayloadType, ProtocolId};

/// The lower half of the SPI of ESP packets to the tester in its first attempt. The upper half comes from the seed: a daemon
/// that is asked once more may have the SA of the time before, and refuses another one with its SPI at its address.
const CHILD_SPI: u32 = 0xee02;
/// How far those of two attempts are apart: a responder has the SA of the first still, and must not see its SPI again.
const CHILD_SPI_STEP: u32 = 0x100;

/// The tester as a device. What it has in hand is that of the latest attempt.
pub struct Device {
    /// What it is in either role.
    pub peer: Peer,
    /// Our key, nonce and SPI; fresh with [`Device::restart`].
    pub private: PrivateKey,
    /// Ni.
    pub nonce: Vec<u8>,
    /// SPIi.
    pub spi_i: IkeSpi,
    /// The SPI of ESP packets to the tester; another one with [`Device::restart`].
    pub child_spi: u32,
    /// The IKE_SA_INIT response that made the SA.
    pub response: Option<Opened>,
}

impl Deref for Device {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl DerefMut for Device {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }
}

impl Device {
    /// A device that has sent nothing yet.
    #[must_use]
    pub fn new(mut session: Session) -> Self {
        let private = PrivateKey::generate(session.setup.suite.ike().group, &mut session.rng);
        let [high, low, ..] = session.setup.seed;
        let child_spi = u32::from_be_bytes([high, low, 0, 0]) | CHILD_SPI;
        let mut device = Self {
            peer: Peer::new(session, Side::Initiator),
            private,
            nonce: Vec::new(),
            spi_i: IkeSpi::ZERO,
            child_spi: child_spi - CHILD_SPI_STEP,
            response: None,
        };
        device.restart();
        device
    }

    /// Begins a new attempt: a fresh key, nonce and SPI, no SA.
    pub fn restart(&mut self) {
        let group = self.setup.suite.ike().group;
        self.private = PrivateKey::generate(group, &mut self.session.rng);
        self.nonce = self.random(32);
        let spi = self.random(8).iter().fold(0, |value, &octet| value << 8 | u64::from(octet));
        self.spi_i = IkeSpi(spi | 1);
        self.child_spi = self.child_spi.wrapping_add(CHILD_SPI_STEP);
        (self.sa, self.response, self.next_id) = (None, None, 0);
    }

    /// A lawful IKE_SA_INIT request: SA, KE, Ni.
    #[must_use]
    pub fn init_request(&self) -> Draft {
        let ike = self.setup.suite.ike();
        let header = Header::new(self.spi_i, IkeSpi::ZERO, ExchangeType::IKE_SA_INIT);
        let transforms = ike.transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::IKE,
            spi: &[],
            transforms: &transforms,
        };
        let public = public_value(&self.private);
        let parts = vec![
            Part::of(&SaRepr(&[proposal])),
            Part::of(&KeyExchange { group: self.private.group().transform_id(), data: &public }),
            Part::of(&Nonce(&self.nonce)),
        ];
        Draft::clear(header.flags(Flags::INITIATOR), parts)
    }

    /// Sends an IKE_SA_INIT request; AUTH covers it.
    ///
    /// # Errors
    /// The port cannot.
    pub fn send_init(&mut self, request: &Draft) -> Outcome {
        self.sent = request.octets(None);
        let octets = self.sent.clone();
        self.send(&octets)
    }

    /// The next message in clear within the patience for an answer.
    pub fn clear_answer(&mut self) -> Option<Opened> {
        let within = self.patience.answer;
        let packet = self.receive_ike(within)?;
        Opened::clear(&packet)
    }

    /// The IKE_SA_INIT exchange by the book, with a cookie if one is asked for.
    ///
    /// # Errors
    /// There is no SA after it.
    pub fn reach_auth(&mut self) -> Outcome {
        let mut request = self.init_request();
        self.send_init(&request)?;
        let nothing = || Stop::Inconclusive("no answer to IKE_SA_INIT".into());
        let mut answer = self.clear_answer().ok_or_else(nothing)?;
        if let Some(cookie) = answer.notify(NotifyType::COOKIE) {
            request.parts.insert(0, Part::notify(NotifyType::COOKIE, &cookie));
            self.send_init(&request)?;
            answer = self.clear_answer().ok_or_else(nothing)?;
        }
        self.take_init(&answer)
    }

    /// Takes the SA from an IKE_SA_INIT response.
    ///
    /// # Errors
    /// It makes none.
    pub fn take_init(&mut self, answer: &Opened) -> Outcome {
        let broken = || Stop::Inconclusive(format!("no SA from {}", answer.summary()));
        let ke = answer.body(PayloadType::KE).and_then(|ke| ke.get(4..)).ok_or_else(broken)?;
        let shared = RustCrypto.shared_secret(&self.private, ke).map_err(|_| broken())?;
        self.take_shared(answer, &shared)
    }

    /// Takes the SA from an IKE_SA_INIT response with this shared secret, whatever the public values are.
    ///
    /// # Errors
    /// It has no nonce, or one that the suite cannot take.
    pub fn take_shared(&mut self, answer: &Opened, shared: &SharedSecret) -> Outcome {
        let broken = || Stop::Inconclusive(format!("no SA from {}", answer.summary()));
        let nonce_r = answer.body(PayloadType::NONCE).ok_or_else(broken)?.to_vec();
        let spis = (self.spi_i, answer.header.spi_r);
        let suite = self.setup.suite.ike();
        let sa = SkKeys::derive(suite, spis, (self.nonce.clone(), nonce_r), shared)
            .ok_or_else(broken)?;
        self.learn_keys(spis, &sa.keys);
        (self.sa, self.response, self.next_id) = (Some(sa), Some(answer.clone()), 1);
        Ok(())
    }

    /// A lawful IKE_AUTH request: IDi, AUTH, SAi2, TSi, TSr.
    ///
    /// # Errors
    /// There is no IKE SA.
    pub fn auth_request(&mut self) -> Outcome<Draft> {
        let id = self.setup.peer.clone();
        let transforms = self.setup.suite.esp().transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::ESP,
            spi: &self.child_spi.to_be_bytes(),
            transforms: &transforms,
        };
        let parts = vec![
            Part::raw(PayloadType::IDI, id.body()),
            self.auth_part(id.body())?,
            Part::of(&SaRepr(&[proposal])),
            Part::of(&TsRepr { whose: PayloadType::TSI, selectors: &self.setup.remote }),
            Part::of(&TsRepr { whose: PayloadType::TSR, selectors: &self.setup.local }),
        ];
        self.ask(ExchangeType::IKE_AUTH, parts)
    }

    /// The AUTH data that the responder must send with this body of IDr.
    ///
    /// # Errors
    /// There is no IKE SA.
    pub fn expected_proof(&self, id_body: &[u8]) -> Outcome<Vec<u8>> {
        let response = self.response.as_ref().map(|response| &response.packet.octets[..]);
        let octets = response.unwrap_or_default();
        Ok(self.sa()?.proof(Side::Responder, &self.setup.psk, octets, id_body))
    }

    /// Both SAs, by the book; the IKE_AUTH response.
    ///
    /// # Errors
    /// The responder did not get that far.
    pub fn establish(&mut self) -> Outcome<Opened> {
        self.reach_auth()?;
        let request = self.auth_request()?;
        let answer = self
            .exchange(&request)?
            .ok_or_else(|| Stop::Inconclusive("no answer to IKE_AUTH".into()))?;
        let agreed =
            answer.body(PayloadType::AUTH).is_some() && answer.body(PayloadType::SA).is_some();
        if agreed {
            return Ok(answer);
        }
        let what = answer.summary();
        Err(Stop::Inconclusive(format!("not established by the book: {what}")))
    }

    /// Whether the SA answers an empty INFORMATIONAL request.
    ///
    /// # Errors
    /// The port cannot.
    pub fn is_up(&mut self) -> Outcome<bool> {
        let request = self.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        Ok(self.exchange(&request)?.is_some())
    }

    /// What the responder sends of its own accord in that time, in words: for silence.
    pub fn overhear(&mut self) -> (Vec<Packet>, String) {
        let span = self.patience.answer;
        let packets = self.listen(span);
        let words = seen(&packets);
        (packets, words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Implementation as _, OurResponder, Profile, Role, Setup, cases};

    #[test]
    fn a_case_that_runs_once_more_with_another_seed_has_another_spi() {
        let case = cases::all().find(|case| case.role() == Role::Responder).expect("a case");
        let spis = |seed| {
            let setup = Setup { seed: [seed; 32], ..Setup::new(Role::Responder, Profile::ALL[0]) };
            let subject = OurResponder.start(&setup).expect("our responder");
            let mut device = Device::new(Session::new(case, setup, subject));
            let first = device.child_spi;
            device.restart();
            [first, device.child_spi]
        };
        assert_eq!(spis(7), [0x0707_ee02, 0x0707_ef02]);
        assert_eq!(spis(8), [0x0808_ee02, 0x0808_ef02]);
    }
}
