//! The seam for deliberate misbehaviour: what a test bench needs and a product leaves empty.

use core::time::Duration;
use crypto::{Group, SharedSecret};
use ike_core::payload::Sa;
use ike_core::{
    DropReason, Error, EspOffer, EspSuite, ExchangeType, Header, IkeOffer, IkeSuite, NotifyType,
    Path, PayloadType,
};

/// Departures from the protocol. Every method does nothing unless it is overridden, and is asked
/// at one place. Those that are given what the machine has judged may judge otherwise.
pub trait Behaviour {
    /// May change the SPI and the nonce of a new attempt.
    fn begin(&mut self, spi_i: &mut u64, nonce_i: &mut [u8]) {
        let _ = (spi_i, nonce_i);
    }

    /// Sees a request before each transmission (0 is the first) and may edit it.
    fn edit_request(&mut self, exchange: ExchangeType, transmission: u8, datagram: &mut [u8]) {
        let _ = (exchange, transmission, datagram);
    }

    /// A datagram that nobody asked for, into `buffer`, and its length; asked whenever nothing
    /// else waits to be sent.
    fn unasked(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let _ = buffer;
        None
    }

    /// May change the time from transmission `transmission` (0 is the first) to the next.
    fn timeout(&mut self, transmission: u8, scheduled: Duration) -> Duration {
        let _ = transmission;
        scheduled
    }

    /// So many transmissions are made of a request, the first among them.
    fn tries(&mut self, exchange: ExchangeType, scheduled: u8) -> u8 {
        let _ = exchange;
        scheduled
    }

    /// The counter that becomes the IV of the next protected message of an AEAD.
    fn iv_counter(&mut self, counter: u64) -> u64 {
        counter
    }

    /// May change how a header is read; the octets of the message stay.
    fn read_header(&mut self, header: &mut Header) {
        let _ = header;
    }

    /// May change a chain of payloads whose first is `first`, in clear or once it has been
    /// verified and decrypted, before it is judged.
    fn read_payloads(&mut self, first: PayloadType, octets: &mut [u8]) {
        let _ = (first, octets);
    }

    /// Whether an error in an IKE_SA_INIT response, which nobody authenticated, ends the attempt
    /// (RFC 7296 2.21.1: it should not).
    fn believes(&mut self, error: NotifyType) -> bool {
        let _ = error;
        false
    }

    /// Whether a datagram that was dropped ends the attempt or the SA.
    fn ends_for(&mut self, dropped: &DropReason) -> bool {
        let _ = dropped;
        false
    }

    /// The group to retry with when INVALID_KE_PAYLOAD asks for this transform.
    fn retry_group(&mut self, asked: u16, judged: Option<Group>) -> Option<Group> {
        let _ = asked;
        judged
    }

    /// Whether a responder SPI of zero makes an SA.
    fn takes_zero_spi(&mut self) -> bool {
        false
    }

    /// The algorithms of an answered SA payload of IKE_SA_INIT.
    ///
    /// # Errors
    /// It is not acceptable.
    fn accept_ike(
        &mut self,
        (offer, answer): (&IkeOffer, &Sa<'_>),
        judged: Result<IkeSuite, Error>,
    ) -> Result<IkeSuite, Error> {
        let _ = (offer, answer);
        judged
    }

    /// The algorithms and the SPI of an answered SA payload of IKE_AUTH.
    ///
    /// # Errors
    /// It is not acceptable.
    fn accept_esp(
        &mut self,
        (offer, answer): (&EspOffer, &Sa<'_>),
        judged: Result<(EspSuite, u32), Error>,
    ) -> Result<(EspSuite, u32), Error> {
        let _ = (offer, answer);
        judged
    }

    /// What SKEYSEED is made from in the place of the shared secret.
    fn other_secret(&mut self, shared: &SharedSecret) -> Option<SharedSecret> {
        let _ = shared;
        None
    }

    /// The octets of the IKE_SA_INIT request that AUTH covers: as it was last sent.
    fn signed_request<'r>(&'r mut self, sent_last: &'r [u8]) -> &'r [u8] {
        sent_last
    }

    /// The body of IDr that the gateway's AUTH covers: as it came.
    fn signed_identity<'r>(&'r mut self, body: &'r [u8]) -> &'r [u8] {
        body
    }

    /// Whether the gateway's AUTH is the expected one.
    fn verifies(&mut self, expected: &[u8], found: &[u8], equal: bool) -> bool {
        let _ = (expected, found);
        equal
    }

    /// Whether the gateway's selectors are a part of those that were proposed.
    fn within(&mut self, judged: bool) -> bool {
        judged
    }

    /// Whether IKE_AUTH has INITIAL_CONTACT.
    fn initial_contact(&mut self, configured: bool) -> bool {
        configured
    }

    /// The SPI of ESP packets to us.
    fn esp_spi(&mut self, drawn: u32) -> u32 {
        drawn
    }

    /// The Message ID that a request of the gateway is taken to have, when `next` is expected.
    fn request_id(&mut self, found: u32, next: u32) -> u32 {
        let _ = next;
        found
    }

    /// Whether a request of the gateway is answered; `ends`: it ends the SA.
    fn answers(&mut self, exchange: ExchangeType, ends: bool) -> bool {
        let _ = (exchange, ends);
        true
    }

    /// May change the header and the path of the answer to a request, before it is protected.
    fn edit_answer(&mut self, request: &Header, answer: &mut Header, path: &mut Path) {
        let _ = (request, answer, path);
    }

    /// May edit the kept answer before it is sent again.
    fn edit_repeated(&mut self, datagram: &mut [u8]) {
        let _ = datagram;
    }
}

/// No misbehaviour: compiles to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Honest;

impl Behaviour for Honest {}
