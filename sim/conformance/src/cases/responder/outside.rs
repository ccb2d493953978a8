//! What comes from outside an SA that is up, unprotected.

use super::common::{ignores, is_silent};
use crate::message::Part;
use crate::verdict::Outcome;
use crate::{Case, Device, Draft};
use ike_core::{ExchangeType, Flags, Header, IkeSpi, NotifyType, PayloadType};

const INFORMATIONAL: ExchangeType = ExchangeType::INFORMATIONAL;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "outside/unprotected-error",
        &["ER7"],
        |d| {
            d.establish()?;
            let octets = clear(d, NotifyType::INVALID_IKE_SPI, 0x08)?;
            ignores(d, "ER7", ("an unprotected INVALID_IKE_SPI", &octets))?;
            let octets = clear(d, NotifyType::INVALID_IKE_SPI, 0x28)?;
            ignores(d, "ER7", ("an unprotected response with INVALID_IKE_SPI", &octets))
        },
        "sends an unprotected INVALID_IKE_SPI under the SPIs of the SA",
    ),
    Case::responder(
        "outside/invalid-spi",
        &["ER8"],
        |d| {
            d.establish()?;
            let octets = clear(d, NotifyType::INVALID_SPI, 0x08)?;
            ignores(d, "ER8", ("an unprotected INVALID_SPI", &octets))
        },
        "sends an unprotected INVALID_SPI under the SPIs of the SA",
    ),
    Case::responder(
        "outside/unprotected-delete",
        &["ER9"],
        |d| {
            d.establish()?;
            let (i, r) = d.sa()?.spis;
            let header = Header::new(i, r, INFORMATIONAL).message_id(2).flags(Flags::INITIATOR);
            let octets = Draft::clear(header, vec![Part::delete_ike()]).octets(None);
            ignores(d, "ER9", ("an unprotected Delete", &octets))
        },
        "sends an unprotected Delete under the SPIs of the SA",
    ),
    Case::responder(
        "outside/unknown-sa",
        &["ER6"],
        |d| {
            let header = Header::new(IkeSpi(5), IkeSpi(6), INFORMATIONAL).flags(Flags(0x28));
            let octets = Draft::clear(header, Vec::new()).octets(None);
            d.send(&octets)?;
            is_silent(d, "ER6", "a response of no SA")?;
            d.establish().map(|_| ())
        },
        "sends a response of an SA that nobody has",
    ),
    Case::responder(
        "outside/fragment",
        &["FR2"],
        |d| {
            d.establish()?;
            let (i, r) = d.sa()?.spis;
            let header = Header::new(i, r, INFORMATIONAL).message_id(2).flags(Flags::INITIATOR);
            let part = Part::raw(PayloadType::SKF, &[0, 1, 0, 2, 1, 2, 3, 4]);
            let octets = Draft::clear(header, vec![part]).octets(None);
            ignores(d, "FR2", ("a fragment", &octets))
        },
        "sends a fragment, of which nobody spoke",
    ),
];

fn clear(device: &Device, kind: NotifyType, flags: u8) -> Outcome<Vec<u8>> {
    let (i, r) = device.sa()?.spis;
    let header = Header::new(i, r, INFORMATIONAL).flags(Flags(flags));
    Ok(Draft::clear(header, vec![Part::notify(kind, &[])]).octets(None))
}
