//! What the tester is in either role: one end of an IKE SA under a case.

use super::Opened;
use super::material::{Side, SkKeys, iv};
use crate::Session;
use crate::message::{Draft, Inside, Part, ProposalDraft, find, parts, reserved};
use crate::subject::Packet;
use crate::verdict::{Outcome, Stop};
use core::ops::{Deref, DerefMut};
use crypto::RustCrypto;
use ike_core::payload::{Auth, GENERIC_HEADER_LEN};
use ike_core::{
    AuthMethod, ExchangeType, Flags, HEADER_LEN, Header, PayloadType, TransformType, open_protected,
};
use std::collections::BTreeSet;

/// One end of an IKE SA. What it has in hand is that of the latest attempt.
pub struct Peer {
    /// The case under way.
    pub session: Session,
    /// Which end.
    side: Side,
    /// Our IKE_SA_INIT message as it was sent last: our AUTH covers it.
    pub sent: Vec<u8>,
    /// The IKE SA, once both messages of IKE_SA_INIT are there.
    pub sa: Option<SkKeys>,
    /// The Message ID of our next request.
    pub next_id: u32,
    sealed: u64,
}

impl Deref for Peer {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Peer {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl Peer {
    pub(super) const fn new(session: Session, side: Side) -> Self {
        Self { session, side, sent: Vec::new(), sa: None, next_id: 0, sealed: 0 }
    }

    /// The IKE SA.
    ///
    /// # Errors
    /// There is none.
    pub fn sa(&self) -> Outcome<&SkKeys> {
        self.sa.as_ref().ok_or_else(|| Stop::Inconclusive("there is no IKE SA".into()))
    }

    /// The AUTH payload that goes with this body of our ID payload.
    ///
    /// # Errors
    /// There is no IKE SA.
    pub fn auth_part(&self, id_body: &[u8]) -> Outcome<Part> {
        let data = self.sa()?.proof(self.side, &self.setup.psk, &self.sent, id_body);
        Ok(Part::of(&Auth { method: AuthMethod::SHARED_KEY_MIC, data: &data }))
    }

    /// Our next protected request.
    ///
    /// # Errors
    /// There is no IKE SA.
    pub fn ask(&mut self, exchange: ExchangeType, parts: Vec<Part>) -> Outcome<Draft> {
        let id = self.next_id;
        self.next_id += 1;
        self.ask_with(exchange, id, parts)
    }

    /// A protected request with that Message ID.
    ///
    /// # Errors
    /// There is no IKE SA.
    pub fn ask_with(
        &mut self,
        exchange: ExchangeType,
        id: u32,
        parts: Vec<Part>,
    ) -> Outcome<Draft> {
        self.sealed += 1;
        let sa = self.sa()?;
        let (spi_i, spi_r) = sa.spis;
        let header = Header::new(spi_i, spi_r, exchange).message_id(id).flags(self.own_flags());
        let iv = iv(self.sealed, sa.suite.protection.encryption().iv_len());
        Ok(Draft::protected(header, Inside::of(parts, iv)))
    }

    /// A protected response.
    ///
    /// # Errors
    /// There is no IKE SA.
    pub fn respond(&mut self, exchange: ExchangeType, id: u32, parts: Vec<Part>) -> Outcome<Draft> {
        let mut draft = self.ask_with(exchange, id, parts)?;
        draft.header.flags = self.own_flags().with(Flags::RESPONSE);
        Ok(draft)
    }

    /// RFC 7296 3.1: the flag of who began the SA is in all that it sends.
    const fn own_flags(&self) -> Flags {
        match self.side {
            Side::Initiator => Flags::INITIATOR,
            Side::Responder => Flags(0),
        }
    }

    /// The octets of a draft, protected with our keys.
    ///
    /// # Errors
    /// There is no IKE SA to protect it with.
    pub fn seal(&self, draft: &Draft) -> Outcome<Vec<u8>> {
        if draft.inside.is_none() {
            return Ok(draft.octets(None));
        }
        Ok(draft.octets(Some(self.sa()?.protecting(self.side))))
    }

    /// Protects and sends a draft.
    ///
    /// # Errors
    /// The port cannot.
    pub fn send_draft(&mut self, draft: &Draft) -> Outcome {
        let octets = self.seal(draft)?;
        self.session.send(&octets)
    }

    /// Opens a message of the subject's; `None` where it is none of this SA, or does not open.
    #[must_use]
    pub fn open(&self, packet: &Packet) -> Option<Opened> {
        let sa = self.sa.as_ref()?;
        let header = Header::parse(&packet.octets).ok()?;
        if (header.spi_i, header.spi_r) != sa.spis {
            return None;
        }
        let mut octets = packet.octets.clone();
        let key = sa.protecting(self.side.other());
        let inner = open_protected(&RustCrypto, key, &mut octets).ok()?;
        let parts = parts(inner.payloads(&octets), &octets).ok()?;
        Some(Opened { packet: packet.clone(), header, parts, protected: true })
    }

    /// Sends a request and takes the answer that bears its Message ID; `None`: there is none in time.
    ///
    /// # Errors
    /// The port cannot.
    pub fn exchange(&mut self, request: &Draft) -> Outcome<Option<Opened>> {
        self.send_draft(request)?;
        let until = self.now() + self.patience.answer;
        loop {
            let rest = until.saturating_duration_since(self.now());
            let Some(packet) = self.receive_ike(rest) else { return Ok(None) };
            let opened = self.open(&packet).filter(|opened| {
                opened.header.flags.is_response()
                    && opened.header.message_id == request.header.message_id
            });
            if opened.is_some() {
                return Ok(opened);
            }
        }
    }

    /// Judges that no two of these protected messages have one IV; their first payload is SK.
    ///
    /// # Errors
    /// Two have.
    pub fn demand_other_ivs(&mut self, id: &'static str, packets: &[Packet]) -> Outcome {
        let at = HEADER_LEN + GENERIC_HEADER_LEN;
        let len = self.setup.suite.ike().protection.encryption().iv_len();
        let mut known = BTreeSet::new();
        for packet in packets {
            let iv = packet.octets.get(at..at + len).unwrap_or_default();
            let other = known.insert(iv);
            self.demand(id, other, "another IV", || format!("{} again", ike_decode::hex(iv)))?;
        }
        Ok(())
    }

    /// Judges that the reserved octets in the bodies of payloads of these types are zero in a message of
    /// the subject's (RFC 7296 2.5).
    ///
    /// # Errors
    /// One is not.
    pub fn demand_zeros(
        &mut self,
        id: &'static str,
        (said, kinds): (&Opened, &[PayloadType]),
    ) -> Outcome {
        for part in said.parts.iter().filter(|part| kinds.contains(&part.kind)) {
            let found = reserved(part);
            let zero = found.iter().all(|octet| *octet == 0);
            let expected = format!("zero in the reserved octets of {}", part.kind);
            self.demand(id, zero, &expected, || ike_decode::hex(&found))?;
        }
        Ok(())
    }

    /// Judges that the reserved bits of all payload headers are zero in a message of the subject's,
    /// that of SK among them (RFC 7296 3.2).
    ///
    /// # Errors
    /// One is not.
    pub fn demand_zero_bits(&mut self, id: &'static str, said: &Opened) -> Outcome {
        let all = said.parts.iter().map(|part| part.flags).chain(said.outer_flags());
        let found = all.fold(0, |all, flags| all | flags) & 0x7f;
        let expected = format!("no reserved bit in a payload header of {}", said.summary());
        self.demand(id, found == 0, &expected, || format!("{found:#04x}"))
    }

    /// Judges that each proposal of that message has ChaCha20-Poly1305 as its cipher (28), without a
    /// Key Length and without an integrity transform (RFC 7634 2 to 4).
    ///
    /// # Errors
    /// One has not, or there is none.
    pub fn demand_plain_chacha20(&mut self, id: &'static str, said: &Opened) -> Outcome {
        let part = find(&said.parts, PayloadType::SA);
        let proposals = part.map(ProposalDraft::all_of).unwrap_or_default();
        let transforms: Vec<_> = proposals.iter().flat_map(|it| &it.transforms).collect();
        let right = transforms.iter().all(|it| match it.kind {
            TransformType::ENCR => it.id == 28 && it.attributes.is_empty(),
            other => other != TransformType::INTEG,
        });
        let holds = right && !transforms.is_empty();
        let expected = "cipher 28 without Key Length and without an integrity transform";
        self.demand(id, holds, expected, || format!("{transforms:?}"))
    }

    /// Judges that nobody foresees the IVs of these messages, which are protected with a block cipher in
    /// CBC: that none is the last block of the message before, and none counts on from another.
    ///
    /// # Errors
    /// One is.
    pub fn demand_unforeseen_ivs(&mut self, id: &'static str, packets: &[Packet]) -> Outcome {
        let at = HEADER_LEN + GENERIC_HEADER_LEN;
        let protection = self.setup.suite.ike().protection;
        let (len, icv) = (protection.encryption().iv_len(), protection.icv_len());
        for pair in packets.windows(2) {
            let (before, after) = (&pair[0].octets, &pair[1].octets);
            let iv = after.get(at..at + len).unwrap_or_default();
            let end = before.len().saturating_sub(icv);
            let last = before.get(end.saturating_sub(len)..end).unwrap_or_default();
            self.demand(id, iv != last, "an IV that is no block of the message before", || {
                ike_decode::hex(iv)
            })?;
            let number =
                |octets: &[u8]| octets.iter().fold(0, |sum, it| sum << 8 | u128::from(*it));
            let step = number(iv).abs_diff(number(before.get(at..at + len).unwrap_or_default()));
            let random = step >= 1 << 32 && step.trailing_zeros() < 64;
            self.demand(id, random, "an IV that does not count", || ike_decode::hex(iv))?;
        }
        Ok(())
    }
}
