//! The machine: the calls of its owner, and what every state has in common.

use crate::request::{Expiry, MAX_REQUEST, Request, Timer};
use crate::response::Response;
use crate::secrets::{Secrets, iv};
use crate::state::{Closing, InitSent, NONCE_LEN, Sa, State};
use crate::{
    Behaviour, ChildSa, CloseReason, Config, Event, FailReason, Honest, Misuse, StateName,
};
use core::mem;
use crypto::{Crypto, PrivateKey};
use heapless::Deque;
use ike_core::payload::{Delete, Notify};
use ike_core::{
    BufferTooSmall, DropReason, ExchangeType, Flags, HEADER_LEN, Header, IkeKeys, IkeSpi, IkeSuite,
    Inner, Instant, MessageWriter, NotifyType, Operation, Path, ProtectedError, Transmit,
    open_protected,
};
use rand_core::CryptoRng;

/// A minimal IKEv2 initiator: one IKE SA with one Child SA at a time.
pub struct Initiator<C: Crypto, B: Behaviour = Honest> {
    pub(crate) config: Config,
    pub(crate) crypto: C,
    pub(crate) behaviour: B,
    pub(crate) state: State,
    pub(crate) secrets: Secrets<C>,
    pub(crate) request: Request,
    pub(crate) response: Response,
    /// An INVALID_MAJOR_VERSION that waits: its path and header.
    version_notice: Option<(Path, Header)>,
    /// How many of them there have been for this SA.
    version_notices: u8,
    events: Deque<Event, 16>,
    last_heard: Option<Instant>,
}

impl<C: Crypto> Initiator<C> {
    /// An idle initiator.
    ///
    /// # Errors
    /// [`Misuse`] when nobody could connect with that configuration.
    pub fn new(config: Config, crypto: C) -> Result<Self, Misuse> {
        Self::with_behaviour(config, crypto, Honest)
    }
}

impl<C: Crypto, B: Behaviour> Initiator<C, B> {
    /// An idle initiator that departs from the protocol on purpose.
    ///
    /// # Errors
    /// As [`Initiator::new`].
    pub fn with_behaviour(config: Config, crypto: C, behaviour: B) -> Result<Self, Misuse> {
        config.check()?;
        Ok(Self {
            config,
            crypto,
            behaviour,
            state: State::Idle,
            secrets: Secrets::new(),
            request: Request::new(),
            response: Response::new(),
            version_notice: None,
            version_notices: 0,
            events: Deque::new(),
            last_heard: None,
        })
    }

    /// Begins an attempt with fresh keys, nonce and SPI.
    ///
    /// # Errors
    /// [`Misuse::AlreadyConnecting`] unless the state is idle or closed.
    pub fn connect(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Result<(), Misuse> {
        if !matches!(self.state, State::Idle | State::Closed(_)) {
            return Err(Misuse::AlreadyConnecting);
        }
        self.forget();
        self.version_notices = 0;
        self.last_heard = Some(now);
        let mut spi_i = non_zero_spi(rng);
        let mut nonce_i = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce_i);
        self.behaviour.begin(&mut spi_i.0, &mut nonce_i);
        let group = self.config.ike.groups()[0];
        self.generate_key(group, rng);
        self.write_init(spi_i, &nonce_i).map_err(|_| Misuse::RequestTooLarge)?;
        self.state = State::InitSent(InitSent {
            spi_i,
            nonce_i,
            timer: Timer::start(ExchangeType::IKE_SA_INIT, rng),
            cookies: 0,
            next_cookie: None,
            cookie: None,
            unanswered: 0,
            group_requests: 0,
        });
        Ok(())
    }

    /// Ends the attempt or the SA. With `delete_on_close` an established SA first says so; a
    /// second call forgets at once.
    pub fn close(&mut self, now: Instant, rng: &mut dyn CryptoRng) {
        self.last_heard = Some(now);
        match mem::replace(&mut self.state, State::Idle) {
            State::Established(old) if self.config.delete_on_close => {
                self.begin_closing(old.sa, old.next_request, None, rng);
            }
            idle @ (State::Idle | State::Closed(_)) => self.state = idle,
            State::Closing(old) => {
                self.finish(old.reason.unwrap_or(CloseReason::DeleteUnanswered));
            }
            State::InitSent(_) | State::AuthSent(_) | State::Established(_) => {
                self.finish(CloseReason::Silent);
            }
        }
    }

    /// A UDP payload arrived along `path`. It is decrypted in place; an answer goes back along the
    /// same path (RFC 7296 2.11).
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        path: Path,
        message: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) {
        match self.receive(path, message, rng) {
            Ok(()) => self.last_heard = Some(now),
            Err(reason) => {
                self.emit(Event::Dropped(reason));
                if self.behaviour.ends_for(&reason) {
                    self.fail(FailReason::AuthenticationFailed);
                }
            }
        }
    }

    fn receive(
        &mut self,
        path: Path,
        message: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), DropReason> {
        let mut header = Header::parse(message)?;
        self.behaviour.read_header(&mut header);
        check_header(&header, message).inspect_err(|reason| {
            if matches!(reason, DropReason::MajorVersion(3..)) {
                self.tell_version(path, &header);
            }
        })?;
        match &self.state {
            State::Idle | State::Closed(_) => Err(DropReason::NotExpected),
            State::InitSent(_) => {
                self.behaviour.read_payloads(header.next_payload, &mut message[HEADER_LEN..]);
                self.receive_init(&header, message, rng)
            }
            State::AuthSent(_) => self.receive_auth(&header, message, rng),
            State::Established(_) | State::Closing(_) => {
                if header.flags.is_response() {
                    self.receive_delete_response(&header, message)
                } else {
                    self.receive_request(&header, path, message, rng)
                }
            }
        }
    }

    /// RFC 7296 2.5, 1.5: a request of a higher major version is told, in clear, that ours is 2;
    /// a few times only, since nobody authenticated it (2.4).
    fn tell_version(&mut self, path: Path, request: &Header) {
        let sa = match &self.state {
            State::Established(state) => state.sa,
            State::Closing(state) => state.sa,
            _ => return,
        };
        let ours = (request.spi_i, request.spi_r) == (sa.spi_i, sa.spi_r);
        let asks = !request.flags.is_response() && !request.flags.is_initiator();
        let may = self.config.profile.tells_its_version() && self.version_notices < MAX_NOTICES;
        if ours && asks && may {
            let header = Header::new(sa.spi_i, sa.spi_r, request.exchange)
                .flags(Flags::INITIATOR.with(Flags::RESPONSE))
                .message_id(request.message_id);
            self.version_notice = Some((path, header));
            self.version_notices += 1;
        }
    }

    /// The deadline of [`Self::poll_timeout`] passed; a call too early does nothing.
    pub fn handle_timeout(&mut self, now: Instant, rng: &mut dyn CryptoRng) {
        let Some(timer) = self.state.timer_mut() else { return };
        let exchange = timer.exchange();
        let tries = self.behaviour.tries(exchange, self.config.schedule.tries);
        match timer.expire(now, tries, rng) {
            Expiry::NotYet | Expiry::Retransmit => {}
            Expiry::GiveUp => match &self.state {
                State::Closing(closing) => {
                    let reason = closing.reason.unwrap_or(CloseReason::DeleteUnanswered);
                    self.finish(reason);
                }
                _ => self.fail(FailReason::TimedOut(exchange)),
            },
        }
    }

    /// Writes the next datagram into the caller's buffer; call until `None`. The timer of a request
    /// starts here, when it leaves.
    ///
    /// # Panics
    /// When the buffer has fewer than [`MAX_REQUEST`] octets.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut [u8]) -> Option<Transmit> {
        assert!(buffer.len() >= MAX_REQUEST, "a buffer of at least {MAX_REQUEST} octets");
        if let Some((path, octets)) = self.response.take_pending() {
            buffer[..octets.len()].copy_from_slice(octets);
            return Some(Transmit { path, len: octets.len() });
        }
        if let Some((path, header)) = self.version_notice.take() {
            let notify = Notify::new(NotifyType::INVALID_MAJOR_VERSION, &[]);
            let mut writer = MessageWriter::new(buffer, &header).ok()?;
            writer.payload(&notify).ok()?;
            return Some(Transmit { path, len: writer.finish().ok()? });
        }
        if !self.state.timer().is_some_and(Timer::is_pending) {
            let len = self.behaviour.unasked(buffer)?;
            return Some(Transmit { path: self.config.path, len });
        }
        self.put_waiting_cookie();
        let timer = self.state.timer_mut()?;
        let exchange = timer.exchange();
        let (transmission, scheduled) = timer.transmit(&self.config.schedule)?;
        timer.wait(now + self.behaviour.timeout(transmission, scheduled));
        let octets = self.request.as_slice();
        let datagram = &mut buffer[..octets.len()];
        datagram.copy_from_slice(octets);
        self.behaviour.edit_request(exchange, transmission, datagram);
        Some(Transmit { path: self.config.path, len: datagram.len() })
    }

    /// The next deadline; `None`: nothing to wait for, the radio may sleep.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.state.timer().and_then(Timer::deadline)
    }

    /// The next event, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The Child SA with its keys, once.
    pub fn take_child_keys(&mut self) -> Option<ChildSa> {
        // Taking the value out would leave its octets behind in the slot; dropping it there wipes.
        let child = self.secrets.child.clone();
        self.secrets.child = None;
        child
    }

    /// The state's name.
    #[must_use]
    pub fn state(&self) -> StateName {
        self.state.name()
    }

    /// Why the last SA or attempt is over; `None` unless the state is closed.
    #[must_use]
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed(reason) => Some(reason),
            _ => None,
        }
    }

    /// When a message of the gateway last counted, or the owner last acted.
    #[must_use]
    pub fn last_heard(&self) -> Option<Instant> {
        self.last_heard
    }

    /// Suite, SPIs and keys of the IKE SA, for a key log that lets a dissector decrypt; a product
    /// has no use for it.
    #[must_use]
    pub fn ike_keys(&self) -> Option<(IkeSuite, (IkeSpi, IkeSpi), &IkeKeys)> {
        let sa = match &self.state {
            State::AuthSent(state) => state.sa,
            State::Established(state) => state.sa,
            State::Closing(state) => state.sa,
            State::Idle | State::InitSent(_) | State::Closed(_) => return None,
        };
        self.secrets.ike.as_ref().map(|keys| (sa.suite, (sa.spi_i, sa.spi_r), keys))
    }

    pub(crate) fn emit(&mut self, event: Event) {
        // An owner that does not drain loses the newest events; the protocol goes on.
        let _ = self.events.push_back(event);
    }

    pub(crate) fn generate_key(&mut self, group: crypto::Group, rng: &mut dyn CryptoRng) {
        PrivateKey::generate_into(&mut self.secrets.private, group, rng);
        self.emit(Event::Operation(Operation::KeyGeneration(group)));
    }

    /// Wipes all that a closed initiator must not keep (RFC 7296 2.12).
    fn forget(&mut self) {
        self.version_notice = None;
        self.secrets.wipe();
        self.request.forget();
        self.response.forget();
    }

    pub(crate) fn finish(&mut self, reason: CloseReason) {
        self.forget();
        self.state = State::Closed(reason);
        self.emit(Event::Closed(reason));
    }

    pub(crate) fn fail(&mut self, reason: FailReason) {
        self.emit(Event::Failed(reason));
        self.finish(CloseReason::Failed);
    }

    /// Sends a Delete for the IKE SA (RFC 7815 B.1: Message ID 2, the third request of ours).
    pub(crate) fn begin_closing(
        &mut self,
        sa: Sa,
        next_request: u32,
        reason: Option<CloseReason>,
        rng: &mut dyn CryptoRng,
    ) {
        if self.write_delete(&sa, rng).is_err() {
            self.finish(reason.unwrap_or(CloseReason::Silent));
            return;
        }
        // Child SA keys that nobody took are of no use any more.
        self.secrets.child = None;
        let timer = Timer::start(ExchangeType::INFORMATIONAL, rng);
        self.state = State::Closing(Closing { sa, next_request, timer, reason });
    }

    fn write_delete(&mut self, sa: &Sa, rng: &mut dyn CryptoRng) -> Result<(), BufferTooSmall> {
        let header = Header::new(sa.spi_i, sa.spi_r, ExchangeType::INFORMATIONAL)
            .flags(Flags::INITIATOR)
            .message_id(DELETE_MESSAGE_ID);
        let iv = self.next_iv(sa, rng);
        let (crypto, keys) = (&self.crypto, self.secrets.ike.as_ref().ok_or(BufferTooSmall)?);
        self.request.write(|buffer| {
            let mut writer = MessageWriter::new(buffer, &header)?;
            writer.begin_protected(sa.suite.protection, &iv)?.payload(&Delete::IKE_SA)?;
            writer.seal(crypto, &keys.initiator)
        })
    }

    /// Verifies and decrypts a message of the gateway in place.
    pub(crate) fn open(&mut self, message: &mut [u8]) -> Result<Inner, ProtectedError> {
        let keys = self.secrets.ike.as_ref().ok_or(ProtectedError::NotProtected)?;
        let inner = open_protected(&self.crypto, &keys.responder, message)?;
        self.behaviour.read_payloads(inner.first, &mut message[inner.range.clone()]);
        Ok(inner)
    }

    pub(crate) fn next_iv(&mut self, sa: &Sa, rng: &mut dyn CryptoRng) -> heapless::Vec<u8, 16> {
        let counter = self.behaviour.iv_counter(self.secrets.next_iv_counter());
        iv(sa.suite.protection.encryption(), counter, rng)
    }
}

/// So many INVALID_MAJOR_VERSION are sent for one SA.
const MAX_NOTICES: u8 = 3;

/// The Message ID of a Delete of ours, after IKE_SA_INIT's 0 and IKE_AUTH's 1.
pub(crate) const DELETE_MESSAGE_ID: u32 = 2;

/// What every message must pass: length, version, the initiator flag (RFC 7296 3.1).
fn check_header(header: &Header, message: &[u8]) -> Result<(), DropReason> {
    if usize::try_from(header.length) != Ok(message.len()) {
        return Err(DropReason::LengthMismatch);
    }
    if header.major_version() != 2 {
        // RFC 7815 A.1: drop; the minor version is ignored.
        return Err(DropReason::MajorVersion(header.major_version()));
    }
    if header.flags.is_initiator() {
        // We are the original initiator: nobody else sets the flag.
        return Err(DropReason::Flags(header.flags.0));
    }
    Ok(())
}

fn non_zero_spi(rng: &mut dyn CryptoRng) -> IkeSpi {
    loop {
        let spi = rng.next_u64();
        if spi != 0 {
            return IkeSpi(spi);
        }
    }
}
