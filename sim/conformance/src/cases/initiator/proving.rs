//! What convinces a device, and what does not.

use super::common::{
    Change, afresh_to_auth, auth_goes_on, init_goes_on, is_silent, is_up, refuses_each_auth,
};
use crate::message::Part;
use crate::subject::{Packet, Wire};
use crate::verdict::Outcome;
use crate::{Case, Draft, Gateway};
use ike_core::{ExchangeType, Flags, Header, NotifyType, PayloadType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "proving/auth",
        &["AU6"],
        auth,
        "changes AUTH here and there, cuts it, and leaves it out",
    ),
    Case::initiator(
        "proving/null",
        &["NU1"],
        |gateway| {
            let null: Change = ("method 13", |it| it.part(PayloadType::AUTH).body[0] = 13);
            refuses_each_auth(gateway, "NU1", &[null])
        },
        "names method 13 in AUTH, which authenticates nobody",
    ),
    Case::initiator(
        "proving/errors-init",
        &["RT21"],
        errors_init,
        "sends each error, which nobody authenticated, before the true IKE_SA_INIT answer",
    ),
    Case::initiator(
        "proving/errors-auth",
        &["ER10", "RT19"],
        errors_auth,
        "sends each error in clear before the true IKE_AUTH answer, and to an established device",
    ),
    Case::initiator(
        "proving/invalid-spi",
        &["ER7", "ER8"],
        invalid_spi,
        "sends INVALID_IKE_SPI and INVALID_SPI in clear to an established device",
    ),
    Case::initiator(
        "proving/icmp",
        &["RT19"],
        icmp,
        "sends ICMP errors about each request and to an established device",
    ),
    Case::initiator(
        "proving/icv",
        &["ER9"],
        icv,
        "spoils the checksum of the IKE_AUTH answer and of a request",
    ),
];

fn auth(gateway: &mut Gateway) -> Outcome {
    let changes: &[Change] = &[
        ("the first octet of AUTH flipped", |it| it.part(PayloadType::AUTH).body[4] ^= 1),
        ("the ninth octet of AUTH flipped", |it| it.part(PayloadType::AUTH).body[12] ^= 1),
        ("the last octet of AUTH flipped", |it| {
            let last = it.part(PayloadType::AUTH).body.last_mut();
            *last.expect("AUTH has octets") ^= 0x80;
        }),
        ("eight octets of AUTH", |it| it.part(PayloadType::AUTH).body.truncate(12)),
        ("an empty AUTH", |it| it.part(PayloadType::AUTH).body.truncate(4)),
        ("no AUTH", |it| it.remove(PayloadType::AUTH)),
    ];
    refuses_each_auth(gateway, "AU6", changes)
}

/// Every error that RFC 7296 3.10.1 defines but the one that a device may act upon, INVALID_KE_PAYLOAD, and two that
/// nobody does.
const ERRORS: [NotifyType; 18] = [
    NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD,
    NotifyType::INVALID_IKE_SPI,
    NotifyType::INVALID_MAJOR_VERSION,
    NotifyType::INVALID_SYNTAX,
    NotifyType::INVALID_MESSAGE_ID,
    NotifyType::INVALID_SPI,
    NotifyType::NO_PROPOSAL_CHOSEN,
    NotifyType::AUTHENTICATION_FAILED,
    NotifyType::SINGLE_PAIR_REQUIRED,
    NotifyType::NO_ADDITIONAL_SAS,
    NotifyType::INTERNAL_ADDRESS_FAILURE,
    NotifyType::FAILED_CP_REQUIRED,
    NotifyType::TS_UNACCEPTABLE,
    NotifyType::INVALID_SELECTORS,
    NotifyType::TEMPORARY_FAILURE,
    NotifyType::CHILD_SA_NOT_FOUND,
    NotifyType(8_000),
    NotifyType(16_383),
];

fn errors_init(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    for error in ERRORS {
        let octets = gateway.init_refusal(Part::notify(error, &[]))?.octets(None);
        gateway.send(&octets)?;
    }
    init_goes_on(gateway, "RT21", "errors in clear")
}

fn in_clear(gateway: &Gateway, exchange: ExchangeType, id: u32) -> Outcome<Vec<Draft>> {
    let (spi_i, spi_r) = gateway.sa()?.spis;
    let header = Header::new(spi_i, spi_r, exchange).message_id(id).flags(Flags::RESPONSE);
    Ok(ERRORS.map(|error| Draft::clear(header, vec![Part::notify(error, &[])])).to_vec())
}

fn errors_auth(gateway: &mut Gateway) -> Outcome {
    afresh_to_auth(gateway)?;
    for draft in in_clear(gateway, ExchangeType::IKE_AUTH, 1)? {
        gateway.send_draft(&draft)?;
    }
    auth_goes_on(gateway, "ER10", "errors in clear")?;
    for mut draft in in_clear(gateway, ExchangeType::INFORMATIONAL, gateway.next_id)? {
        draft.header.flags = Flags(0);
        gateway.send_draft(&draft)?;
    }
    is_up(gateway, "RT19", "errors in clear")
}

fn invalid_spi(gateway: &mut Gateway) -> Outcome {
    gateway.establish()?;
    let kinds = [("ER7", NotifyType::INVALID_IKE_SPI), ("ER8", NotifyType::INVALID_SPI)];
    for (id, kind) in kinds {
        for flags in [Flags(0), Flags::RESPONSE] {
            let (spi_i, spi_r) = gateway.sa()?.spis;
            let header = Header::new(spi_i, spi_r, ExchangeType::INFORMATIONAL);
            let header = header.message_id(gateway.next_id).flags(flags);
            gateway.send_draft(&Draft::clear(header, vec![Part::notify(kind, &[])]))?;
            is_silent(gateway, id, &format!("{kind} in clear"))?;
        }
        is_up(gateway, id, &format!("{kind} in clear"))?;
    }
    Ok(())
}

/// No host, no protocol, no port, and forbidden (RFC 792; RFC 1122 3.2.2.1).
const CODES: [u8; 4] = [1, 2, 3, 13];

/// Those errors about this datagram of the device's.
fn unreachable(gateway: &mut Gateway, sent: &Packet) -> Outcome {
    CODES
        .iter()
        .try_for_each(|code| gateway.send_on(sent.path, Wire::Unreachable(*code), &sent.octets))
}

fn icmp(gateway: &mut Gateway) -> Outcome {
    let request = gateway.wake()?.packet;
    unreachable(gateway, &request)?;
    init_goes_on(gateway, "RT19", "ICMP errors about IKE_SA_INIT")?;
    let request = afresh_to_auth(gateway)?.packet;
    unreachable(gateway, &request)?;
    auth_goes_on(gateway, "RT19", "ICMP errors about IKE_AUTH")?;
    unreachable(gateway, &request)?;
    is_up(gateway, "RT19", "ICMP errors about what was answered")
}

fn icv(gateway: &mut Gateway) -> Outcome {
    afresh_to_auth(gateway)?;
    let mut answer = gateway.auth_answer()?;
    answer.spoil_icv();
    gateway.send_draft(&answer)?;
    auth_goes_on(gateway, "ER9", "an answer whose checksum is wrong")?;
    let mut request = gateway.ask(ExchangeType::INFORMATIONAL, Vec::new())?;
    request.spoil_icv();
    let answer = gateway.exchange(&request)?;
    gateway.demand("ER9", answer.is_none(), "no answer to a wrong checksum", || "one".into())?;
    gateway.next_id -= 1;
    is_up(gateway, "ER9", "a request whose checksum is wrong")
}
