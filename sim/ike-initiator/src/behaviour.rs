//! The seam for deliberate misbehaviour: what a test bench needs and a product leaves empty.

use ike_core::{ExchangeType, NotifyType};

/// Departures from the protocol. Every method does nothing unless it is overridden.
pub trait Behaviour {
    /// Sees a request before each transmission (0 is the first) and may edit it.
    fn edit_request(&mut self, exchange: ExchangeType, transmission: u8, datagram: &mut [u8]) {
        let _ = (exchange, transmission, datagram);
    }

    /// The counter that becomes the IV of the next protected message of an AEAD.
    fn iv_counter(&mut self, counter: u64) -> u64 {
        counter
    }

    /// Whether an error in an IKE_SA_INIT response, which nobody authenticated, ends the attempt
    /// (RFC 7296 2.21.1: it should not).
    fn believes(&mut self, error: NotifyType) -> bool {
        let _ = error;
        false
    }
}

/// No misbehaviour: compiles to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Honest;

impl Behaviour for Honest {}
