//! What the peer's messages say, checked. Nothing here has a state.

use ike_core::payload::{
    Auth, Delete, Identification, KeyExchange, Notify, Payloads, Sa, TrafficSelectors,
};
use ike_core::{
    Error, HEADER_LEN, Header, Malformed, NotifyType, PayloadType, PeerMisbehaved, ProtocolId,
};

/// An IKE_SA_INIT request.
#[derive(Debug)]
pub(crate) struct InitRequest<'a> {
    pub(crate) offer: Sa<'a>,
    pub(crate) ke: KeyExchange<'a>,
    pub(crate) nonce: &'a [u8],
    pub(crate) cookie: Option<&'a [u8]>,
}

impl<'a> InitRequest<'a> {
    pub(crate) fn parse(header: &Header, message: &'a [u8]) -> Result<Self, Error> {
        let payloads = Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN);
        check_chain(payloads.clone())?;
        let (mut offer, mut ke, mut nonce, mut cookie) = (None, None, None, None);
        for (index, payload) in payloads.enumerate() {
            let payload = payload?;
            match payload.kind {
                PayloadType::SA => once(&mut offer, Sa::parse(&payload)?, payload.kind)?,
                PayloadType::KE => once(&mut ke, KeyExchange::parse(&payload)?, payload.kind)?,
                PayloadType::NONCE => once(&mut nonce, payload.body, payload.kind)?,
                PayloadType::N => {
                    let notify = Notify::parse(&payload)?;
                    // RFC 7296 2.6: the cookie is the first payload. Elsewhere it is no cookie.
                    if index == 0 && notify.kind == NotifyType::COOKIE {
                        cookie = Some(notify.data);
                    }
                }
                _ => {}
            }
        }
        let nonce = checked_nonce(nonce)?;
        let (offer, ke) = (needed(offer, PayloadType::SA)?, needed(ke, PayloadType::KE)?);
        Ok(Self { offer, ke, nonce, cookie })
    }
}

/// RFC 7296 3.9; 16 octets are half the key of each PRF here, too (2.10).
fn checked_nonce(nonce: Option<&[u8]>) -> Result<&[u8], Error> {
    let nonce = needed(nonce, PayloadType::NONCE)?;
    if (16..=256).contains(&nonce.len()) {
        Ok(nonce)
    } else {
        Err(PeerMisbehaved::NonceLength(nonce.len()).into())
    }
}

/// What a peer wants of a Child SA.
#[derive(Debug)]
pub(crate) struct ChildRequest<'a> {
    pub(crate) offer: Sa<'a>,
    pub(crate) tsi: TrafficSelectors<'a>,
    pub(crate) tsr: TrafficSelectors<'a>,
}

/// An IKE_AUTH request.
#[derive(Debug)]
pub(crate) struct AuthRequest<'a> {
    pub(crate) id: Identification<'a>,
    /// None: the initiator wants EAP (RFC 7296 2.16).
    pub(crate) auth: Option<Auth<'a>>,
    pub(crate) child: ChildRequest<'a>,
    pub(crate) initial_contact: bool,
}

impl<'a> AuthRequest<'a> {
    pub(crate) fn parse(payloads: Payloads<'a>) -> Result<Self, Error> {
        check_chain(payloads.clone())?;
        let (mut id, mut auth, mut offer) = (None, None, None);
        let (mut tsi, mut tsr, mut initial_contact) = (None, None, false);
        for payload in payloads {
            let payload = payload?;
            let kind = payload.kind;
            match kind {
                PayloadType::IDI => once(&mut id, Identification::parse(&payload)?, kind)?,
                PayloadType::AUTH => once(&mut auth, Auth::parse(&payload)?, kind)?,
                PayloadType::SA => once(&mut offer, Sa::parse(&payload)?, kind)?,
                PayloadType::TSI => once(&mut tsi, TrafficSelectors::parse(&payload)?, kind)?,
                PayloadType::TSR => once(&mut tsr, TrafficSelectors::parse(&payload)?, kind)?,
                PayloadType::N => {
                    initial_contact |= Notify::parse(&payload)?.kind == NotifyType::INITIAL_CONTACT;
                }
                // RFC 7296 1.2: IDr is a wish; ours may be another. 2.19: CP is for who configures.
                _ => {}
            }
        }
        let id = needed(id, PayloadType::IDI)?;
        let child = ChildRequest {
            offer: needed(offer, PayloadType::SA)?,
            tsi: needed(tsi, PayloadType::TSI)?,
            tsr: needed(tsr, PayloadType::TSR)?,
        };
        Ok(Self { id, auth, child, initial_contact })
    }
}

/// A CREATE_CHILD_SA request.
#[derive(Debug)]
pub(crate) struct CreateRequest<'a> {
    pub(crate) nonce: &'a [u8],
    pub(crate) ke: Option<KeyExchange<'a>>,
    pub(crate) wanted: PeerWants<'a>,
}

/// What the peer asks CREATE_CHILD_SA for.
#[derive(Debug)]
pub(crate) enum PeerWants<'a> {
    /// A Child SA; in place of the one with that SPI, which is the peer's inbound one.
    Child(ChildRequest<'a>, Option<&'a [u8]>),
    /// An IKE SA in place of the one that is asked.
    Ike(Sa<'a>),
}

impl<'a> CreateRequest<'a> {
    pub(crate) fn parse(payloads: Payloads<'a>) -> Result<Self, Error> {
        let (mut offer, mut ke, mut nonce) = (None, None, None);
        let (mut tsi, mut tsr, mut rekeys) = (None, None, None);
        for payload in payloads {
            let payload = payload?;
            let kind = payload.kind;
            match kind {
                PayloadType::SA => once(&mut offer, Sa::parse(&payload)?, kind)?,
                PayloadType::KE => once(&mut ke, KeyExchange::parse(&payload)?, kind)?,
                PayloadType::NONCE => once(&mut nonce, payload.body, kind)?,
                PayloadType::TSI => once(&mut tsi, TrafficSelectors::parse(&payload)?, kind)?,
                PayloadType::TSR => once(&mut tsr, TrafficSelectors::parse(&payload)?, kind)?,
                PayloadType::N => {
                    let notify = Notify::parse(&payload)?;
                    if notify.kind == NotifyType::REKEY_SA {
                        once(&mut rekeys, rekeyed_spi(&notify, payload.offset)?, kind)?;
                    }
                }
                _ => {}
            }
        }
        let (offer, nonce) = (needed(offer, PayloadType::SA)?, checked_nonce(nonce)?);
        // RFC 7296 1.3.2: what is to be protected says what is to be rekeyed.
        let is_ike =
            offer.proposals().next().is_some_and(|first| first.protocol() == ProtocolId::IKE);
        let wanted = if is_ike {
            PeerWants::Ike(offer)
        } else {
            let (tsi, tsr) = (needed(tsi, PayloadType::TSI)?, needed(tsr, PayloadType::TSR)?);
            PeerWants::Child(ChildRequest { offer, tsi, tsr }, rekeys)
        };
        Ok(Self { nonce, ke, wanted })
    }
}

/// RFC 7296 1.3.3: the SPI is in the notify. No AH SA was ever made here, whose SPI would be found.
fn rekeyed_spi<'a>(notify: &Notify<'a>, offset: usize) -> Result<&'a [u8], Error> {
    if notify.spi.len() == 4 {
        Ok(notify.spi)
    } else {
        Err(Malformed::new("a REKEY_SA notify with an SPI of 4 octets", offset).into())
    }
}

/// An INFORMATIONAL request or response.
#[derive(Debug, Default)]
pub(crate) struct Informational<'a> {
    pub(crate) deletes_ike: bool,
    pub(crate) deletes: Vec<Delete<'a>>,
    /// A notify that ends the IKE SA without a Delete (RFC 7296 2.21.2, 2.21.3).
    pub(crate) fatal: Option<NotifyType>,
}

impl<'a> Informational<'a> {
    pub(crate) fn parse(payloads: Payloads<'a>) -> Result<Self, Error> {
        check_chain(payloads.clone())?;
        let mut found = Self::default();
        for payload in payloads {
            let payload = payload?;
            match payload.kind {
                PayloadType::N => {
                    let kind = Notify::parse(&payload)?.kind;
                    if is_fatal(kind) {
                        found.fatal = found.fatal.or(Some(kind));
                    }
                }
                PayloadType::D => {
                    let delete = Delete::parse(&payload)?;
                    // RFC 7296 3.11: no SPI for IKE, four octets each for ESP.
                    let size = match delete.protocol {
                        ProtocolId::IKE => 0,
                        ProtocolId::ESP => 4,
                        _ => delete.spi_size,
                    };
                    if delete.spi_size != size {
                        return Err(
                            Malformed::new("the protocol's SPI size", payload.offset).into()
                        );
                    }
                    found.deletes_ike |= delete.protocol == ProtocolId::IKE;
                    found.deletes.push(delete);
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// Whether the sender closes its inbound half with this SPI.
    pub(crate) fn deletes_esp(&self, spi: u32) -> bool {
        self.deletes.iter().any(|delete| delete.names_esp(spi))
    }
}

/// A CREATE_CHILD_SA response.
#[derive(Debug)]
pub(crate) struct CreateAnswer {
    /// The error notify; else something was created.
    pub(crate) refused: Option<NotifyType>,
}

impl CreateAnswer {
    /// Whether what was created is what was offered is not judged: it is not kept.
    pub(crate) fn parse(payloads: Payloads<'_>) -> Result<Self, Error> {
        check_chain(payloads.clone())?;
        let (mut refused, mut offer, mut nonce) = (None, None, None);
        for payload in payloads {
            let payload = payload?;
            match payload.kind {
                PayloadType::SA => once(&mut offer, Sa::parse(&payload)?, payload.kind)?,
                PayloadType::NONCE => once(&mut nonce, payload.body, payload.kind)?,
                PayloadType::N => {
                    // RFC 7296 3.10.1: an error of any type means that the request failed.
                    let kind = Notify::parse(&payload)?.kind;
                    refused = refused.or(kind.is_error().then_some(kind));
                }
                _ => {}
            }
        }
        if refused.is_none() {
            needed(offer, PayloadType::SA)?;
            needed(nonce, PayloadType::NONCE)?;
        }
        Ok(Self { refused })
    }
}

fn is_fatal(kind: NotifyType) -> bool {
    matches!(
        kind,
        NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD
            | NotifyType::INVALID_SYNTAX
            | NotifyType::AUTHENTICATION_FAILED
    )
}

/// Whether the chain holds together, and no unknown payload in it is critical. That is judged
/// before any content (RFC 7296 2.21.2: such a request is rejected as a whole).
pub(crate) fn check_chain(payloads: Payloads<'_>) -> Result<(), Error> {
    let mut unsupported = None;
    for payload in payloads {
        let payload = payload?;
        if payload.is_unsupported_critical() {
            unsupported = unsupported.or(Some(payload.kind));
        }
    }
    match unsupported {
        Some(kind) => Err(PeerMisbehaved::UnsupportedCriticalPayload(kind).into()),
        None => Ok(()),
    }
}

fn once<T>(slot: &mut Option<T>, value: T, kind: PayloadType) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(PeerMisbehaved::RepeatedPayload(kind).into()),
    }
}

fn needed<T>(slot: Option<T>, kind: PayloadType) -> Result<T, Error> {
    slot.ok_or(PeerMisbehaved::MissingPayload(kind).into())
}
