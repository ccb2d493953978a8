//! The tester as the gateway of an initiator under test.

use super::Opened;
use super::base::Peer;
use super::material::{Side, SkKeys, public_value};
use crate::message::{Draft, Part, ProposalDraft, find, sa_part};
use crate::subject::{Packet, Unsupported, Wish};
use crate::verdict::{Outcome, Stop};
use crate::{Session, seen};
use core::ops::{Deref, DerefMut};
use core::time::Duration;
use crypto::{Crypto, Group, PrivateKey, RustCrypto, SharedSecret};
use ike_core::payload::{KeyExchange, Nonce, ProposalRepr, SaRepr};
use ike_core::{ExchangeType, Flags, Header, IkeSpi, IkeSuite, PayloadType, ProtocolId};

/// The SPI of ESP packets to the tester.
pub const CHILD_SPI: u32 = 0xc0ff_ee01;

/// The same for one more Child SA.
const NEXT_CHILD_SPI: u32 = 0xc0ff_ee11;

/// Where IKE goes on when there is a NAT (RFC 7296 2.23).
const NAT_TRAVERSAL: u16 = 4_500;

/// What became of an SA or an attempt, as far as the gateway can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The device answers requests of the SA.
    Up,
    /// The device has sent a Delete for the IKE SA.
    Deleted,
    /// The device sends its request again.
    Waiting,
    /// The device has begun a new attempt.
    Restarted,
    /// The device says nothing, whatever it is asked.
    Silent,
}

/// The tester as a gateway. What it has in hand is that of the latest attempt.
pub struct Gateway {
    /// What it is in either role.
    pub peer: Peer,
    /// The latest IKE_SA_INIT request.
    pub request: Option<Opened>,
    /// The latest IKE_AUTH request.
    pub asked: Option<Opened>,
    private: Option<PrivateKey>,
}

impl Deref for Gateway {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl DerefMut for Gateway {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }
}

impl Gateway {
    /// A gateway that has heard nothing yet.
    #[must_use]
    pub const fn new(session: Session) -> Self {
        let peer = Peer::new(session, Side::Responder);
        Self { peer, request: None, asked: None, private: None }
    }

    /// The device begins an attempt; its IKE_SA_INIT request.
    ///
    /// # Errors
    /// There was none.
    pub fn wake(&mut self) -> Outcome<Opened> {
        // A device that cannot be made to wake does so on its own.
        let _ = self.wish(Wish::Connect);
        let within = self.patience.wake;
        self.next_init(within)?
            .ok_or_else(|| Stop::Inconclusive("the device sent no IKE_SA_INIT request".into()))
    }

    /// The next IKE_SA_INIT request within that time; messages of other exchanges are left out.
    ///
    /// # Errors
    /// It does not parse.
    pub fn next_init(&mut self, within: Duration) -> Outcome<Option<Opened>> {
        let until = self.now() + within;
        let packet = loop {
            let rest = until.saturating_duration_since(self.now());
            let Some(packet) = self.receive_ike(rest) else { return Ok(None) };
            let exchange = Header::parse(&packet.octets).map(|header| header.exchange);
            // What belongs to an SA, say a Delete that is sent again, is of an attempt before.
            if exchange.is_err() || exchange == Ok(ExchangeType::IKE_SA_INIT) {
                break packet;
            }
        };
        let opened = Opened::clear(&packet).filter(|opened| {
            opened.header.exchange == ExchangeType::IKE_SA_INIT
                && !opened.header.flags.is_response()
        });
        let Some(opened) = opened else {
            let what = seen(&[packet]);
            return Err(Stop::Inconclusive(format!("expected an IKE_SA_INIT request, got {what}")));
        };
        self.request = Some(opened.clone());
        Ok(Some(opened))
    }

    /// The latest IKE_SA_INIT request.
    ///
    /// # Errors
    /// There was none.
    pub fn request(&self) -> Outcome<&Opened> {
        self.request.as_ref().ok_or_else(|| Stop::Inconclusive("no IKE_SA_INIT request".into()))
    }

    /// A lawful answer to the latest IKE_SA_INIT request: SA, KE, Nr with a key and an SPI of its own.
    ///
    /// # Errors
    /// The request has no KE payload in a group that the tester has.
    pub fn init_answer(&mut self) -> Outcome<Draft> {
        let request = self.request()?;
        let spi_i = request.header.spi_i;
        let group = request
            .body(PayloadType::KE)
            .and_then(|ke| Group::from_transform(u16::from_be_bytes([*ke.first()?, *ke.get(1)?])))
            .ok_or_else(|| Stop::Inconclusive("no KE payload in a group of the tester".into()))?;
        let suite = IkeSuite { group, ..self.setup.suite.ike() };
        let private = PrivateKey::generate(group, &mut self.session.rng);
        let public = public_value(&private);
        self.private = Some(private);
        let nonce = self.random(24);
        let spi_r = self.random(8).iter().fold(0, |value, &octet| value << 8 | u64::from(octet));
        let header = Header::new(spi_i, IkeSpi(spi_r | 1), ExchangeType::IKE_SA_INIT);
        let transforms = suite.transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::IKE,
            spi: &[],
            transforms: &transforms,
        };
        let parts = vec![
            Part::of(&SaRepr(&[proposal])),
            Part::of(&KeyExchange { group: group.transform_id(), data: &public }),
            Part::of(&Nonce(&nonce)),
        ];
        Ok(Draft::clear(header.flags(Flags::RESPONSE), parts))
    }

    /// An answer to the latest IKE_SA_INIT request that makes no SA: notifies, without an SPI of ours.
    ///
    /// # Errors
    /// There was no request.
    pub fn init_refusal(&self, notify: Part) -> Outcome<Draft> {
        let spi_i = self.request()?.header.spi_i;
        let header = Header::new(spi_i, IkeSpi::ZERO, ExchangeType::IKE_SA_INIT);
        Ok(Draft::clear(header.flags(Flags::RESPONSE), vec![notify]))
    }

    /// Sends an answer to the latest IKE_SA_INIT request. If it makes an SA, that is ours from now on.
    ///
    /// # Errors
    /// The port cannot.
    pub fn send_init(&mut self, answer: &Draft) -> Outcome {
        let octets = answer.octets(None);
        self.adopt(answer, &octets);
        self.send(&octets)
    }

    /// Makes the SA that the answer would make, without sending it.
    pub fn adopt(&mut self, answer: &Draft, octets: &[u8]) {
        let Some(sa) = self.made_by(answer) else { return };
        self.learn_keys(sa.spis, &sa.keys);
        self.sa = Some(sa);
        self.sent = octets.to_vec();
    }

    /// What the latest answer's key and the latest request's KE payload come to.
    #[must_use]
    pub fn shared_secret(&self) -> Option<SharedSecret> {
        let public = self.request.as_ref()?.body(PayloadType::KE)?.get(4..)?;
        RustCrypto.shared_secret(self.private.as_ref()?, public).ok()
    }

    fn made_by(&self, answer: &Draft) -> Option<SkKeys> {
        let request = self.request.as_ref()?;
        let private = self.private.as_ref()?;
        let shared = self.shared_secret()?;
        let nonce_i = request.body(PayloadType::NONCE)?.to_vec();
        let nonce_r = find(&answer.parts, PayloadType::NONCE)?.body.clone();
        let suite = IkeSuite { group: private.group(), ..self.setup.suite.ike() };
        let spis = (request.header.spi_i, answer.header.spi_r);
        SkKeys::derive(suite, spis, (nonce_i, nonce_r), &shared)
    }

    /// The device's IKE_AUTH request, opened.
    ///
    /// # Errors
    /// There was none in time, or it does not open.
    pub fn expect_auth(&mut self) -> Outcome<Opened> {
        let until = self.now() + self.patience.answer;
        loop {
            let rest = until.saturating_duration_since(self.now());
            let Some(packet) = self.receive_ike(rest) else {
                return Err(Stop::Inconclusive("the device sent no IKE_AUTH request".into()));
            };
            if packet.path.local.port() == NAT_TRAVERSAL {
                let why = "the device changes to port 4500: it does NAT traversal";
                return Err(Unsupported(why.into()).into());
            }
            let exchange = Header::parse(&packet.octets).map(|header| header.exchange);
            if exchange != Ok(ExchangeType::IKE_AUTH) {
                continue;
            }
            let opened = self.open(&packet).ok_or_else(|| {
                Stop::Inconclusive("the IKE_AUTH request does not open with our keys".into())
            })?;
            self.asked = Some(opened.clone());
            return Ok(opened);
        }
    }

    /// From the wish to connect to the IKE_AUTH request.
    ///
    /// # Errors
    /// The device did not get that far.
    pub fn reach_auth(&mut self) -> Outcome<Opened> {
        self.wake()?;
        let answer = self.init_answer()?;
        self.send_init(&answer)?;
        self.expect_auth()
    }

    /// A lawful answer to the latest IKE_AUTH request: IDr, AUTH, SAr2 and the selectors as proposed.
    ///
    /// # Errors
    /// There is no IKE_AUTH request with selectors.
    pub fn auth_answer(&mut self) -> Outcome<Draft> {
        let missing = || Stop::Inconclusive("the IKE_AUTH request has no selectors".into());
        let asked = self.asked.as_ref().ok_or_else(missing)?;
        let tsi = find(&asked.parts, PayloadType::TSI).cloned().ok_or_else(missing)?;
        let tsr = find(&asked.parts, PayloadType::TSR).cloned().ok_or_else(missing)?;
        let id = self.setup.peer.clone();
        let transforms = self.setup.suite.esp().transforms();
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::ESP,
            spi: &CHILD_SPI.to_be_bytes(),
            transforms: &transforms,
        };
        let parts = vec![
            Part::raw(PayloadType::IDR, id.body()),
            self.auth_part(id.body())?,
            Part::of(&SaRepr(&[proposal])),
            tsi,
            tsr,
        ];
        self.respond(ExchangeType::IKE_AUTH, 1, parts)
    }

    /// What asks for one more Child SA with the selectors of the first: SA, Ni, TSi, TSr (RFC 7296 1.3.1).
    ///
    /// # Errors
    /// There was no IKE_AUTH request with selectors.
    pub fn child_request(&mut self) -> Outcome<Vec<Part>> {
        let missing = || Stop::Inconclusive("the IKE_AUTH request has no selectors".into());
        let nonce = self.random(32);
        let asked = self.asked.as_ref().ok_or_else(missing)?;
        // Who asks has the first selectors, so what was the device's own is the other side's now.
        let turned = |from, to| find(&asked.parts, from).map(|part| Part::raw(to, &part.body));
        let ours = turned(PayloadType::TSR, PayloadType::TSI).ok_or_else(missing)?;
        let theirs = turned(PayloadType::TSI, PayloadType::TSR).ok_or_else(missing)?;
        let proposal = ProposalDraft::esp(&self.setup.suite.esp(), NEXT_CHILD_SPI);
        Ok(vec![sa_part(&[proposal]), Part::of(&Nonce(&nonce)), ours, theirs])
    }

    /// Both SAs, by the book.
    ///
    /// # Errors
    /// The device did not get that far.
    pub fn establish(&mut self) -> Outcome {
        self.reach_auth()?;
        self.finish_auth()
    }

    /// Answers the latest IKE_AUTH request by the book; the device must be up then.
    ///
    /// # Errors
    /// It is not.
    pub fn finish_auth(&mut self) -> Outcome {
        let answer = self.auth_answer()?;
        self.send_draft(&answer)?;
        match self.fate()? {
            Fate::Up => Ok(()),
            other => Err(Stop::Inconclusive(format!("not established by the book: {other:?}"))),
        }
    }

    /// What became of the SA: listens, then asks whether the device is alive.
    ///
    /// # Errors
    /// The port cannot.
    pub fn fate(&mut self) -> Outcome<Fate> {
        let told = self.fate_of_silence()?;
        if told != Fate::Silent || self.sa.is_none() {
            return Ok(told);
        }
        let request = self.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
        Ok(if self.exchange(&request)?.is_some() { Fate::Up } else { Fate::Silent })
    }

    /// As [`Self::fate`], without asking: for a device that was told to end. A Delete is answered.
    ///
    /// # Errors
    /// The port cannot.
    pub fn fate_of_silence(&mut self) -> Outcome<Fate> {
        let until = self.now() + self.patience.answer;
        let mut fate = None;
        // A Delete is answered at once, and what follows it is heard all the same.
        loop {
            let rest = until.saturating_duration_since(self.now());
            let Some(packet) = self.receive(rest) else { break };
            let told = self.told(&packet)?;
            fate = fate.or(told);
        }
        Ok(fate.unwrap_or(Fate::Silent))
    }

    /// What a message of the device's own accord says of its fate.
    fn told(&mut self, packet: &Packet) -> Outcome<Option<Fate>> {
        let Ok(header) = Header::parse(&packet.octets) else { return Ok(None) };
        if packet.wire != crate::Wire::Ike || header.flags.is_response() {
            return Ok(None);
        }
        if header.exchange == ExchangeType::INFORMATIONAL {
            let deletes = self.open(packet).is_some_and(|it| it.body(PayloadType::D).is_some());
            if !deletes {
                return Ok(None);
            }
            let answer = self.respond(header.exchange, header.message_id, Vec::new())?;
            self.send_draft(&answer)?;
            return Ok(Some(Fate::Deleted));
        }
        let known = self.request.as_ref().map(|request| request.header.spi_i);
        Ok(Some(if known == Some(header.spi_i) { Fate::Waiting } else { Fate::Restarted }))
    }

    /// The next transmission of what the device has outstanding; `None`: it has given up, in silence or for a new
    /// attempt.
    pub fn retransmission(&mut self) -> Option<Packet> {
        let within = self.patience.retransmission;
        let packet = self.receive_ike(within)?;
        let spi_i = Header::parse(&packet.octets).map(|header| header.spi_i);
        let known = self.request.as_ref().map(|request| request.header.spi_i);
        let anew = known.is_some() && spi_i.is_ok_and(|spi_i| Some(spi_i) != known);
        (!anew).then_some(packet)
    }
}
