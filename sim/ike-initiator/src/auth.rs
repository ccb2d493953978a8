//! IKE_AUTH: proving who we are, and judging what the gateway proves.

use crate::incoming::check_spis;
use crate::init::{needed, once};
use crate::request::Timer;
use crate::state::{AuthSent, Established, InitSent, NONCE_LEN, Sa, State};
use crate::{Behaviour, ChildSa, CloseReason, Config, Event, FailReason, Initiator};
use core::mem;
use crypto::{Crypto, ProtectionKey, SharedSecret, constant_time_eq};
use ike_core::payload::{
    Auth, Identification, Notify, Payload, Payloads, ProposalRepr, Raw, Sa as SaPayload, SaRepr,
    TrafficSelectors, TsRepr,
};
use ike_core::{
    AuthMethod, BufferTooSmall, ChildKeys, DropReason, Error, EspSuite, ExchangeType, Flags,
    Header, Identity, MessageWriter, NonceData, NotifyType, PayloadType, PeerIncompatible,
    PeerMisbehaved, ProtectedError, ProtocolId, SaNonces, Selectors, TrafficSelector, auth_key,
    auth_prf, finish_auth,
};
use rand_core::CryptoRng;

/// What the accepted IKE_SA_INIT response gives.
pub(crate) struct AuthStart<'m> {
    pub(crate) sa: Sa,
    /// At most 256 octets.
    pub(crate) nonce_r: &'m [u8],
    pub(crate) shared: &'m SharedSecret,
    /// The response itself: the gateway's AUTH covers it.
    pub(crate) message: &'m [u8],
}

/// The payloads of an IKE_AUTH response that matter.
#[derive(Default)]
struct Parts<'m> {
    idr: Option<Payload<'m>>,
    auth: Option<Payload<'m>>,
    sa: Option<Payload<'m>>,
    tsi: Option<Payload<'m>>,
    tsr: Option<Payload<'m>>,
    error: Option<NotifyType>,
}

impl<'m> Parts<'m> {
    fn read(payloads: Payloads<'m>) -> Result<Self, Error> {
        let mut parts = Self::default();
        for payload in payloads {
            let payload = payload?;
            match payload.kind {
                PayloadType::IDR => once(&mut parts.idr, payload)?,
                PayloadType::AUTH => once(&mut parts.auth, payload)?,
                PayloadType::SA => once(&mut parts.sa, payload)?,
                PayloadType::TSI => once(&mut parts.tsi, payload)?,
                PayloadType::TSR => once(&mut parts.tsr, payload)?,
                PayloadType::N => {
                    // RFC 7296 3.10.1: an error in a response, known or not, is a failure; a
                    // status that means nothing to us is ignored.
                    let kind = Notify::parse(&payload)?.kind;
                    parts.error = parts.error.or(kind.is_error().then_some(kind));
                }
                kind if payload.is_unsupported_critical() => {
                    return Err(PeerMisbehaved::UnsupportedCriticalPayload(kind).into());
                }
                _ => {}
            }
        }
        Ok(parts)
    }
}

/// The Child SA as the gateway accepted it.
struct Child {
    suite: EspSuite,
    spi_out: u32,
    local: Selectors,
    remote: Selectors,
}

/// Judges the Child SA of a gateway that has proven its identity.
fn accept_child(
    config: &Config,
    behaviour: &mut impl Behaviour,
    parts: &Parts<'_>,
) -> Result<Child, FailReason> {
    if parts.error.is_some() || parts.sa.is_none() {
        return Err(FailReason::ChildRefused(parts.error));
    }
    agreed_child(config, behaviour, parts).map_err(FailReason::Unacceptable)
}

fn agreed_child(
    config: &Config,
    behaviour: &mut impl Behaviour,
    parts: &Parts<'_>,
) -> Result<Child, Error> {
    let sa = SaPayload::parse(&needed(parts.sa, PayloadType::SA)?)?;
    let (suite, spi_out) = behaviour.accept_esp((&config.esp, &sa), config.esp.accept(&sa))?;
    let local = narrowed(needed(parts.tsi, PayloadType::TSI)?, behaviour, &config.local)?;
    let remote = narrowed(needed(parts.tsr, PayloadType::TSR)?, behaviour, &config.remote)?;
    Ok(Child { suite, spi_out, local, remote })
}

/// The gateway's selectors, which must select something and nothing but what was proposed
/// (RFC 7296 2.9).
fn narrowed(
    payload: Payload<'_>,
    behaviour: &mut impl Behaviour,
    proposed: &[TrafficSelector],
) -> Result<Selectors, Error> {
    let mut selectors = Selectors::new();
    let answered = TrafficSelectors::parse(&payload)?;
    for selector in answered.iter() {
        selectors
            .push(selector)
            .map_err(|_| Error::Incompatible(PeerIncompatible::TsUnacceptable))?;
    }
    if selectors.is_empty() {
        return Err(PeerIncompatible::TsUnacceptable.into());
    }
    let within = !answered.has_unknown() && TrafficSelector::all_within(&selectors, proposed);
    if !behaviour.within(within) {
        return Err(PeerMisbehaved::WidenedSelectors.into());
    }
    Ok(selectors)
}

impl<C: Crypto, B: Behaviour> Initiator<C, B> {
    /// Derives the keys and sends IKE_AUTH. AUTH covers the request as it was last sent, which is
    /// what the request slot still holds (RFC 7296 2.15).
    pub(crate) fn begin_auth(&mut self, start: AuthStart<'_>, rng: &mut dyn CryptoRng) {
        let State::InitSent(InitSent { nonce_i, .. }) = mem::replace(&mut self.state, State::Idle)
        else {
            return;
        };
        let AuthStart { sa, nonce_r, shared, message } = start;
        let other = self.behaviour.other_secret(shared);
        let shared = other.as_ref().unwrap_or(shared);
        let nonces = SaNonces { initiator: &nonce_i, responder: nonce_r };
        let keys = self.secrets.new_ike(&sa.suite);
        keys.derive_into(&self.crypto, &sa.suite, (&nonces, (sa.spi_i, sa.spi_r)), shared);
        let prf = sa.suite.prf;
        let key = auth_key(&self.crypto, prf, &self.config.psk);
        let signed = self.behaviour.signed_request(self.request.as_slice());
        let ours = auth_prf(&self.crypto, prf, &key, signed, nonce_r);
        let ours = finish_auth(&self.crypto, prf, ours, &keys.pi, self.config.identity.body());
        // The response streams into the gateway's AUTH, so that it need not be kept.
        self.secrets.peer_auth = Some(auth_prf(&self.crypto, prf, &key, message, &nonce_i));
        self.secrets.private = None;
        let child_spi = self.behaviour.esp_spi(esp_spi(rng));
        let auth = Auth { method: AuthMethod::SHARED_KEY_MIC, data: ours.as_slice() };
        let written = self.write_auth(&sa, &auth, child_spi, rng);
        debug_assert!(written.is_ok(), "the configuration was checked for that");
        let timer = Timer::start(ExchangeType::IKE_AUTH, rng);
        let nonce_r = NonceData::from_slice(nonce_r).expect("its length was checked");
        self.state = State::AuthSent(AuthSent { sa, nonce_i, nonce_r, child_spi, timer });
    }

    /// RFC 7815 2.1: IDi, AUTH, SAi2, TSi, TSr, and INITIAL_CONTACT.
    fn write_auth(
        &mut self,
        sa: &Sa,
        auth: &Auth<'_>,
        child_spi: u32,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), BufferTooSmall> {
        let header = Header::new(sa.spi_i, sa.spi_r, ExchangeType::IKE_AUTH)
            .flags(Flags::INITIATOR)
            .message_id(1);
        let iv = self.next_iv(sa, rng);
        let keys = self.secrets.ike.as_ref().ok_or(BufferTooSmall)?;
        let (config, crypto) = (&self.config, &self.crypto);
        let initial_contact = self.behaviour.initial_contact(config.initial_contact);
        let (spi, transforms) = (child_spi.to_be_bytes(), config.esp.transforms());
        let proposal = ProposalRepr {
            number: 1,
            protocol: ProtocolId::ESP,
            spi: &spi,
            transforms: &transforms,
        };
        self.request.write(|buffer| {
            let mut writer = MessageWriter::new(buffer, &header)?;
            writer
                .begin_protected(sa.suite.protection, &iv)?
                .payload(&Raw { kind: PayloadType::IDI, body: config.identity.body() })?
                .payload(auth)?
                .payload(&SaRepr(&[proposal]))?
                .payload(&TsRepr { whose: PayloadType::TSI, selectors: &config.local })?
                .payload(&TsRepr { whose: PayloadType::TSR, selectors: &config.remote })?;
            if initial_contact {
                writer.payload(&Notify::new(NotifyType::INITIAL_CONTACT, &[]))?;
            }
            writer.seal(crypto, &keys.initiator)
        })
    }

    pub(crate) fn receive_auth(
        &mut self,
        header: &Header,
        message: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), DropReason> {
        let State::AuthSent(state) = &self.state else { return Err(DropReason::NotExpected) };
        check_spis(&state.sa, header)?;
        if !header.flags.is_response() {
            // RFC 7296 1: other exchanges come after IKE_AUTH.
            return Err(DropReason::NotExpected);
        }
        if header.exchange != ExchangeType::IKE_AUTH {
            return Err(DropReason::Exchange(header.exchange));
        }
        if header.message_id != 1 {
            return Err(DropReason::MessageId(header.message_id));
        }
        let inner = match self.open(message) {
            Ok(inner) => inner,
            Err(error) => {
                let error = inside(error)?;
                self.fail(FailReason::Unacceptable(error));
                return Ok(());
            }
        };
        match Parts::read(inner.payloads(message)) {
            Ok(parts) => self.end_auth(&parts, rng),
            Err(error) => self.fail(FailReason::Unacceptable(error)),
        }
        Ok(())
    }

    /// Verifies the gateway, then its Child SA.
    fn end_auth(&mut self, parts: &Parts<'_>, rng: &mut dyn CryptoRng) {
        let proven = match (parts.idr, parts.auth) {
            (Some(idr), Some(auth)) => self.verify_peer(&idr, &auth),
            // A protected error without AUTH: whoever shares the Diffie-Hellman secret refuses.
            (idr, _) => Err(match (parts.error, idr) {
                (Some(error), _) => FailReason::Refused(error),
                (None, Some(_)) => missing(PayloadType::AUTH),
                (None, None) => missing(PayloadType::IDR),
            }),
        };
        let peer = match proven {
            Ok(peer) => peer,
            // It has proven who it is, and keeps the IKE SA.
            Err(reason @ FailReason::IdentityLength(_)) => return self.fail_attempt(reason, rng),
            Err(reason) => return self.fail(reason),
        };
        match accept_child(&self.config, &mut self.behaviour, parts) {
            Ok(child) => self.establish(&child, peer),
            Err(reason) => self.fail_attempt(reason, rng),
        }
    }

    fn verify_peer(
        &mut self,
        idr: &Payload<'_>,
        auth: &Payload<'_>,
    ) -> Result<Identity, FailReason> {
        let unacceptable = |error: Error| FailReason::Unacceptable(error);
        let id = Identification::parse(idr).map_err(|error| unacceptable(error.into()))?;
        let auth = Auth::parse(auth).map_err(|error| unacceptable(error.into()))?;
        if auth.method != AuthMethod::SHARED_KEY_MIC {
            return Err(unacceptable(PeerIncompatible::AuthMethod(auth.method).into()));
        }
        let State::AuthSent(AuthSent { sa, .. }) = &self.state else {
            return Err(FailReason::AuthenticationFailed);
        };
        let prf = sa.suite.prf;
        // Taking the value out would leave its octets behind in the slot: one without a secret is
        // written over them.
        let under_way = self.secrets.peer_auth.replace(self.crypto.prf(prf, &[]));
        self.secrets.peer_auth = None;
        let (Some(under_way), Some(keys)) = (under_way, &self.secrets.ike) else {
            return Err(FailReason::AuthenticationFailed);
        };
        let signed = self.behaviour.signed_identity(id.body());
        let expected = finish_auth(&self.crypto, prf, under_way, &keys.pr, signed);
        let equal = constant_time_eq(expected.as_slice(), auth.data);
        let verified = self.behaviour.verifies(expected.as_slice(), auth.data, equal);
        if !verified {
            return Err(FailReason::AuthenticationFailed);
        }
        let expected = self.config.remote_identity.as_ref();
        match Identity::from_payload(&id) {
            Ok(peer) if expected.is_none_or(|expected| *expected == peer) => Ok(peer),
            // An authentic one that we have no room for. It is not the expected one, which has.
            Err(_) if expected.is_none() => Err(FailReason::IdentityLength(id.data().len())),
            _ => Err(FailReason::AuthenticationFailed),
        }
    }

    fn establish(&mut self, child: &Child, peer: Identity) {
        let State::AuthSent(state) = mem::replace(&mut self.state, State::Idle) else { return };
        let AuthSent { sa, nonce_i, nonce_r, child_spi, .. } = state;
        self.keep_child(child_spi, child, (&sa, &nonce_i, &nonce_r));
        let suite = sa.suite;
        self.state =
            State::Established(Established { sa, child_spi_out: child.spi_out, next_request: 0 });
        self.emit(Event::Established { suite, peer });
    }

    fn keep_child(
        &mut self,
        spi_in: u32,
        child: &Child,
        (sa, nonce_i, nonce_r): (&Sa, &[u8; NONCE_LEN], &NonceData),
    ) {
        let Some(ike) = &self.secrets.ike else { return };
        let nonces = SaNonces { initiator: nonce_i, responder: nonce_r };
        let kept = self.secrets.child.insert(ChildSa {
            spi_in,
            spi_out: child.spi_out,
            suite: child.suite,
            inbound: ProtectionKey::empty(child.suite.protection),
            outbound: ProtectionKey::empty(child.suite.protection),
            local: child.local.clone(),
            remote: child.remote.clone(),
        });
        let places = (&mut kept.outbound, &mut kept.inbound);
        ChildKeys::derive_into(places, &self.crypto, (sa.suite.prf, &ike.d), &nonces);
    }

    /// RFC 7815 2.1: without a Child SA, or with a gateway that we cannot name, the IKE SA is of no use. The gateway has proven its
    /// identity and keeps the IKE SA (RFC 7296 1.2), so it gets a Delete if the owner wants Deletes.
    fn fail_attempt(&mut self, reason: FailReason, rng: &mut dyn CryptoRng) {
        match &self.state {
            State::AuthSent(state) if self.config.delete_on_close => {
                let sa = state.sa;
                self.emit(Event::Failed(reason));
                self.begin_closing(sa, 0, Some(CloseReason::Failed), rng);
            }
            _ => self.fail(reason),
        }
    }
}

fn missing(kind: PayloadType) -> FailReason {
    FailReason::Unacceptable(PeerMisbehaved::MissingPayload(kind).into())
}

/// Sorts what went wrong with an SK payload: weather is dropped, an error from inside is the
/// peer's.
pub(crate) fn inside(error: ProtectedError) -> Result<Error, DropReason> {
    match error {
        ProtectedError::Malformed(malformed) => Err(DropReason::Malformed(malformed)),
        ProtectedError::NotProtected => Err(DropReason::NotProtected),
        ProtectedError::IcvMismatch => Err(DropReason::IcvMismatch),
        ProtectedError::Inside(malformed) => Ok(malformed.into()),
        ProtectedError::UnsupportedCritical(misbehaved) => Ok(misbehaved.into()),
    }
}

/// RFC 4303 2.1: 0 to 255 are not for SAs.
fn esp_spi(rng: &mut dyn CryptoRng) -> u32 {
    loop {
        let spi = rng.next_u32();
        if spi > 255 {
            return spi;
        }
    }
}
