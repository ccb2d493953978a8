//! IKE_SA_INIT: the request, and what may come back without being authenticated.

use crate::auth::AuthStart;
use crate::request::Timer;
use crate::state::{Cookie, InitSent, NONCE_LEN, Sa, State};
use crate::{Behaviour, Config, Event, FailReason, Initiator, Profile};
use core::mem;
use crypto::{Crypto, Group, MAX_PUBLIC_VALUE};
use ike_core::payload::{
    KeyExchange, Nonce, Notify, Payload, Payloads, ProposalRepr, Sa as SaPayload, SaRepr,
};
use ike_core::{
    BufferTooSmall, DropReason, Error, ExchangeType, Flags, HEADER_LEN, Header, IkeSpi, IkeSuite,
    Malformed, MessageWriter, NotifyType, Operation, PayloadType, PeerMisbehaved, ProtocolId,
};
use rand_core::CryptoRng;

/// So many cookies are answered at once; a further one waits for the next timeout (RFC 7296 2.6).
const MAX_COOKIES: u8 = 3;

/// For so many earlier copies of the request a cookie of their own is expected at most: more are
/// those of a way that was down, not of one that takes so long.
const MAX_LATE_COOKIES: u8 = 3;

/// The longest nonce (RFC 7296 3.9).
const MAX_NONCE: usize = 256;

/// What an IKE_SA_INIT response says.
enum Answer<'m> {
    Accepted {
        suite: IkeSuite,
        public: &'m [u8],
        nonce: &'m [u8],
    },
    Cookie(Cookie),
    /// Another cookie than the one that the request carries, for an earlier copy.
    LateCookie,
    Group(Group),
}

/// The payloads of an IKE_SA_INIT response that matter.
#[derive(Default)]
struct Parts<'m> {
    sa: Option<Payload<'m>>,
    ke: Option<Payload<'m>>,
    nonce: Option<Payload<'m>>,
    cookie: Option<&'m [u8]>,
    error: Option<Notify<'m>>,
}

impl<'m> Parts<'m> {
    fn read(message: &'m [u8], first: PayloadType) -> Result<Self, Error> {
        let mut parts = Self::default();
        for payload in Payloads::new(first, &message[HEADER_LEN..], HEADER_LEN) {
            let payload = payload?;
            match payload.kind {
                PayloadType::SA => once(&mut parts.sa, payload)?,
                PayloadType::KE => once(&mut parts.ke, payload)?,
                PayloadType::NONCE => once(&mut parts.nonce, payload)?,
                PayloadType::N => parts.notify(Notify::parse(&payload)?),
                kind if payload.is_unsupported_critical() => {
                    return Err(PeerMisbehaved::UnsupportedCriticalPayload(kind).into());
                }
                // CERTREQ, Vendor ID and whatever else is skipped (RFC 7815 2.1).
                _ => {}
            }
        }
        Ok(parts)
    }

    fn notify(&mut self, notify: Notify<'m>) {
        if notify.kind == NotifyType::COOKIE {
            self.cookie = Some(notify.data);
        } else if notify.kind.is_error() && self.error.is_none() {
            self.error = Some(notify);
        }
    }
}

/// Fills a slot that may be filled once.
pub(crate) fn once<'m>(
    slot: &mut Option<Payload<'m>>,
    payload: Payload<'m>,
) -> Result<(), PeerMisbehaved> {
    if slot.replace(payload).is_some() {
        return Err(PeerMisbehaved::RepeatedPayload(payload.kind));
    }
    Ok(())
}

/// Takes a payload that must be there.
pub(crate) fn needed<'m>(
    slot: Option<Payload<'m>>,
    kind: PayloadType,
) -> Result<Payload<'m>, PeerMisbehaved> {
    slot.ok_or(PeerMisbehaved::MissingPayload(kind))
}

/// Judges a response without changing anything.
fn judge<'m>(
    (config, state, group): (&Config, &InitSent, Group),
    behaviour: &mut impl Behaviour,
    header: &Header,
    message: &'m [u8],
) -> Result<Answer<'m>, DropReason> {
    let parts = Parts::read(message, header.next_payload).map_err(unacceptable)?;
    if let Some(error) = parts.error {
        return judge_error((config, state, group), behaviour, &error);
    }
    if let (Some(cookie), None) = (parts.cookie, &parts.sa) {
        return judge_cookie(config.profile, state, cookie);
    }
    if header.spi_r == IkeSpi::ZERO && !behaviour.takes_zero_spi() {
        return Err(DropReason::Unacceptable(
            Malformed::new("a responder SPI other than zero", 8).into(),
        ));
    }
    accept(config, group, behaviour, &parts).map_err(unacceptable)
}

/// Nobody authenticated it: an error means nothing but, by profile, another group
/// (RFC 7815 2.1, RFC 7296 2.21.1, 1.2).
fn judge_error<'m>(
    (config, state, current): (&Config, &InitSent, Group),
    behaviour: &mut impl Behaviour,
    error: &Notify<'_>,
) -> Result<Answer<'m>, DropReason> {
    if error.kind != NotifyType::INVALID_KE_PAYLOAD {
        return Err(DropReason::UnauthenticatedError(error.kind));
    }
    let wanted = <[u8; 2]>::try_from(error.data).ok().map(u16::from_be_bytes).and_then(|asked| {
        let group = Group::from_transform(asked)
            .filter(|group| *group != current && config.ike.groups().contains(group));
        behaviour.retry_group(asked, group)
    });
    let may_ask = usize::from(state.group_requests) < config.ike.groups().len();
    match wanted {
        Some(group) if may_ask && config.profile.answers_unauthenticated_notifies() => {
            Ok(Answer::Group(group))
        }
        _ => Err(DropReason::InvalidKeIgnored),
    }
}

fn judge_cookie<'m>(
    profile: Profile,
    state: &InitSent,
    cookie: &[u8],
) -> Result<Answer<'m>, DropReason> {
    let Ok(cookie) = Cookie::from_slice(cookie) else { return Err(DropReason::CookieIgnored) };
    if cookie.is_empty() || !profile.answers_unauthenticated_notifies() {
        return Err(DropReason::CookieIgnored);
    }
    let carried = state.next_cookie.as_ref().or(state.cookie.as_ref());
    // The answer to a repeated or duplicated request: it is no reason to send, or to begin the
    // schedule anew.
    if carried == Some(&cookie) {
        return Err(DropReason::LateResponse);
    }
    // A gateway may ask each copy for another cookie (RFC 7296 2.6 leaves that to it). Were the
    // request changed for that, the answer on its way, to the one with the first cookie, would be
    // to a request that AUTH does not cover.
    if carried.is_some() && state.unanswered > 0 {
        return Ok(Answer::LateCookie);
    }
    Ok(Answer::Cookie(cookie))
}

fn accept<'m>(
    config: &Config,
    group: Group,
    behaviour: &mut impl Behaviour,
    parts: &Parts<'m>,
) -> Result<Answer<'m>, Error> {
    let sa = SaPayload::parse(&needed(parts.sa, PayloadType::SA)?)?;
    let suite = behaviour.accept_ike((&config.ike, &sa), config.ike.accept(&sa))?;
    let ke = KeyExchange::parse(&needed(parts.ke, PayloadType::KE)?)?;
    // RFC 7296 3.4: the KE payload is of the group that the SA payload names.
    if suite.group != group || ke.group != group.transform_id() {
        return Err(PeerMisbehaved::WrongGroup(ke.group).into());
    }
    let nonce = needed(parts.nonce, PayloadType::NONCE)?.body;
    // RFC 7296 2.10: at least half the PRF's key, which is 16 octets or more for every PRF; 3.9: at
    // most 256 octets.
    let least = (suite.prf.output_len() / 2).max(16);
    if !(least..=MAX_NONCE).contains(&nonce.len()) {
        return Err(PeerMisbehaved::NonceLength(nonce.len()).into());
    }
    Ok(Answer::Accepted { suite, public: ke.data, nonce })
}

fn unacceptable(error: Error) -> DropReason {
    match error {
        Error::Malformed(malformed) => DropReason::Malformed(malformed),
        other => DropReason::Unacceptable(other),
    }
}

impl<C: Crypto, B: Behaviour> Initiator<C, B> {
    /// Writes the request for the current key, without a cookie (RFC 7815 2.1: SA, KE, Ni).
    pub(crate) fn write_init(
        &mut self,
        spi_i: IkeSpi,
        nonce: &[u8; NONCE_LEN],
    ) -> Result<(), BufferTooSmall> {
        let private = self.secrets.private.as_ref().ok_or(BufferTooSmall)?;
        let group = private.group();
        let mut public = [0; MAX_PUBLIC_VALUE];
        let public = &mut public[..group.public_value_len()];
        self.crypto.public_value(private, public);
        let transforms = self.config.ike.transforms();
        let header = Header::new(spi_i, IkeSpi::ZERO, ExchangeType::IKE_SA_INIT)
            .flags(Flags::INITIATOR)
            .message_id(0);
        self.request.write(|buffer| {
            let proposal = ProposalRepr {
                number: 1,
                protocol: ProtocolId::IKE,
                spi: &[],
                transforms: &transforms,
            };
            let mut writer = MessageWriter::new(buffer, &header)?;
            writer
                .payload(&SaRepr(&[proposal]))?
                .payload(&KeyExchange { group: group.transform_id(), data: public })?
                .payload(&Nonce(nonce))?;
            writer.finish()
        })
    }

    pub(crate) fn receive_init(
        &mut self,
        header: &Header,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), DropReason> {
        let (State::InitSent(state), Some(private)) = (&self.state, &self.secrets.private) else {
            return Err(DropReason::NotExpected);
        };
        if header.spi_i != state.spi_i {
            return Err(DropReason::UnknownSpi);
        }
        if !header.flags.is_response() {
            return Err(DropReason::Flags(header.flags.0));
        }
        if header.exchange != ExchangeType::IKE_SA_INIT {
            return Err(DropReason::Exchange(header.exchange));
        }
        if header.message_id != 0 {
            return Err(DropReason::MessageId(header.message_id));
        }
        let asked = (&self.config, state, private.group());
        let judged = judge(asked, &mut self.behaviour, header, message);
        if let Err(DropReason::UnauthenticatedError(error)) = judged
            && self.behaviour.believes(error)
        {
            self.fail(FailReason::Refused(error));
            return Ok(());
        }
        match judged? {
            Answer::Accepted { suite, public, nonce } => {
                // It stays where it is, and is wiped there.
                let shared = self.crypto.shared_secret(private, public);
                let Ok(shared) = &shared else {
                    let invalid = PeerMisbehaved::InvalidPublicValue;
                    return Err(DropReason::Unacceptable(invalid.into()));
                };
                self.emit(Event::Operation(Operation::DiffieHellman(suite.group)));
                let sa = Sa { spi_i: header.spi_i, spi_r: header.spi_r, suite };
                self.begin_auth(AuthStart { sa, nonce_r: nonce, shared, message }, rng);
            }
            Answer::Cookie(cookie) => self.take_cookie(cookie, rng),
            Answer::LateCookie => {
                self.note_late_cookie();
                return Err(DropReason::LateResponse);
            }
            Answer::Group(group) => self.take_group(group, rng),
        }
        Ok(())
    }

    /// The cookie waits until the request goes out: at once, or after a few in a row with the next
    /// retransmission, so that the gateway sets no faster pace than our own schedule. Until then
    /// the request stays as it was last sent, which is what AUTH will cover.
    fn take_cookie(&mut self, cookie: Cookie, rng: &mut dyn CryptoRng) {
        let State::InitSent(state) = &mut self.state else { return };
        let at_once = state.cookies < MAX_COOKIES;
        let len = cookie.len();
        state.next_cookie = Some(cookie);
        if at_once {
            state.cookies += 1;
            // This is the answer to one of them.
            let others = state.timer.sent().saturating_sub(1);
            state.unanswered = state.unanswered.saturating_add(others).min(MAX_LATE_COOKIES);
            state.timer = Timer::start(ExchangeType::IKE_SA_INIT, rng);
        }
        self.emit(Event::CookieRequested { len, at_once });
    }

    fn note_late_cookie(&mut self) {
        let State::InitSent(state) = &mut self.state else { return };
        state.unanswered = state.unanswered.saturating_sub(1);
    }

    /// Puts the cookie that waits into the request, which is about to go out.
    pub(crate) fn put_waiting_cookie(&mut self) {
        let State::InitSent(state) = &mut self.state else { return };
        if let Some(cookie) = state.next_cookie.take() {
            let written = self.request.set_cookie(&cookie);
            debug_assert!(written.is_ok(), "every group fits with a cookie");
            state.cookie = Some(cookie);
        }
    }

    /// RFC 7296 1.2: a new key in the wanted group, the same SPI, nonce and proposal; 2.6.1: the
    /// cookie, if there was one, goes along.
    fn take_group(&mut self, group: Group, rng: &mut dyn CryptoRng) {
        let State::InitSent(state) = mem::replace(&mut self.state, State::Idle) else { return };
        self.generate_key(group, rng);
        let written = self.write_init(state.spi_i, &state.nonce_i).and_then(|()| {
            state.cookie.as_ref().map_or(Ok(()), |cookie| self.request.set_cookie(cookie))
        });
        debug_assert!(written.is_ok(), "every group fits with a cookie");
        self.emit(Event::GroupRequested(group));
        self.state = State::InitSent(InitSent {
            timer: Timer::start(ExchangeType::IKE_SA_INIT, rng),
            group_requests: state.group_requests.saturating_add(1),
            ..state
        });
    }
}
