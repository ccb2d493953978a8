//! What is sent, and when.

use crate::mutants::{Mutant, chain};
use core::time::Duration;
use ike_core::{ExchangeType, HEADER_LEN, NotifyType, PayloadType};
use ike_initiator::Behaviour;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::initiator::<Changed>(
        "changed-retransmission",
        &["RT2", "RT7"],
        "changes the last octet of a retransmission",
    ),
    Mutant::initiator::<Fixed>("fixed-timer", &["RT3"], "waits four seconds each time"),
    Mutant::initiator::<Linear>("linear-timer", &["RT3"], "waits four seconds more each time"),
    Mutant::initiator::<TwoTries>("two-tries", &["RT7"], "gives up when the second timeout passes"),
    Mutant::initiator::<Overflow>(
        "timer-overflow",
        &["RT3"],
        "sends without delay from the fourth retransmission on",
    ),
    Mutant::initiator::<OneTry>("one-try", &["RT1"], "gives up when the first timeout passes"),
    Mutant::initiator::<KeepsSending>(
        "keeps-sending",
        &["RT23"],
        "sends IKE_SA_INIT again behind IKE_AUTH",
    ),
    Mutant::initiator::<CookieLast>(
        "cookie-last",
        &["NG15"],
        "puts the cookie behind all other payloads",
    ),
    Mutant::initiator::<CookieNonce>(
        "cookie-new-nonce",
        &["NG15"],
        "changes the nonce when it sends a cookie",
    ),
    Mutant::initiator::<CookieSpi>(
        "cookie-new-spi",
        &["NG15"],
        "changes its SPI when it sends a cookie",
    ),
    Mutant::initiator::<CookieIgnored>("cookie-ignored", &["NG15"], "does not send a cookie back"),
];

#[derive(Default)]
struct Changed;

impl Behaviour for Changed {
    fn edit_request(&mut self, _: ExchangeType, transmission: u8, datagram: &mut [u8]) {
        if let Some(last) = datagram.last_mut().filter(|_| transmission > 0) {
            *last ^= 1;
        }
    }
}

#[derive(Default)]
struct Fixed;

impl Behaviour for Fixed {
    fn timeout(&mut self, _: u8, _: Duration) -> Duration {
        Duration::from_secs(4)
    }
}

#[derive(Default)]
struct Linear;

impl Behaviour for Linear {
    fn timeout(&mut self, transmission: u8, _: Duration) -> Duration {
        Duration::from_secs(4) * u32::from(transmission + 1)
    }
}

#[derive(Default)]
struct TwoTries;

impl Behaviour for TwoTries {
    fn tries(&mut self, _: ExchangeType, _: u8) -> u8 {
        2
    }
}

#[derive(Default)]
struct Overflow;

impl Behaviour for Overflow {
    fn timeout(&mut self, transmission: u8, scheduled: Duration) -> Duration {
        if transmission < 3 { scheduled } else { Duration::ZERO }
    }
}

#[derive(Default)]
struct OneTry;

impl Behaviour for OneTry {
    fn tries(&mut self, _: ExchangeType, _: u8) -> u8 {
        1
    }
}

#[derive(Default)]
struct KeepsSending {
    request: Vec<u8>,
    waits: bool,
}

impl Behaviour for KeepsSending {
    fn edit_request(&mut self, exchange: ExchangeType, transmission: u8, datagram: &mut [u8]) {
        if exchange == ExchangeType::IKE_SA_INIT {
            self.request = datagram.to_vec();
        } else {
            self.waits = exchange == ExchangeType::IKE_AUTH && transmission == 0;
        }
    }

    fn unasked(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let len = core::mem::take(&mut self.waits).then_some(self.request.len())?;
        buffer[..len].copy_from_slice(&self.request);
        Some(len)
    }
}

/// Octets of the cookie's payload, if the request starts with one.
fn cookie_len(exchange: ExchangeType, datagram: &[u8]) -> Option<usize> {
    let has = exchange == ExchangeType::IKE_SA_INIT && datagram[16] == PayloadType::N.0;
    has.then(|| usize::from(u16::from_be_bytes([datagram[30], datagram[31]])))
}

#[derive(Default)]
struct CookieLast;

impl Behaviour for CookieLast {
    fn edit_request(&mut self, exchange: ExchangeType, _: u8, datagram: &mut [u8]) {
        let Some(len) = cookie_len(exchange, datagram) else { return };
        let second = core::mem::take(&mut datagram[HEADER_LEN]);
        datagram[16] = second;
        datagram[HEADER_LEN..].rotate_left(len);
        let behind = datagram.len() - len;
        chain::each(PayloadType(second), &mut datagram[HEADER_LEN..behind], |_, payload| {
            if payload[0] == 0 {
                payload[0] = PayloadType::N.0;
            }
        });
    }
}

#[derive(Default)]
struct CookieNonce;

impl Behaviour for CookieNonce {
    fn edit_request(&mut self, exchange: ExchangeType, _: u8, datagram: &mut [u8]) {
        if cookie_len(exchange, datagram).is_some()
            && let Some(last) = datagram.last_mut()
        {
            // Ni is the last payload.
            *last ^= 0xff;
        }
    }
}

#[derive(Default)]
struct CookieSpi;

impl Behaviour for CookieSpi {
    fn edit_request(&mut self, exchange: ExchangeType, _: u8, datagram: &mut [u8]) {
        if cookie_len(exchange, datagram).is_some() {
            datagram[7] ^= 0xff;
        }
    }
}

#[derive(Default)]
struct CookieIgnored;

impl Behaviour for CookieIgnored {
    fn read_payloads(&mut self, first: PayloadType, octets: &mut [u8]) {
        chain::hide_notify(first, octets, NotifyType::COOKIE);
    }
}
