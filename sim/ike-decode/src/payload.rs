//! What stands in a payload, in words.

use super::names;
use core::fmt::Write as _;
use ike_core::payload::{
    Auth, Delete, Identification, KeyExchange, Notify, Payload, Proposal, Sa, TrafficSelectors,
};
use ike_core::{Identity, Malformed, NotifyType, PayloadType, ProtocolId};

/// The name that a payload of this type has in the exchanges of RFC 7296.
#[must_use]
pub fn name(kind: PayloadType) -> String {
    match kind {
        PayloadType::IDI => "IDi".into(),
        PayloadType::IDR => "IDr".into(),
        PayloadType::IDG => "IDg".into(),
        PayloadType::TSI => "TSi".into(),
        PayloadType::TSR => "TSr".into(),
        PayloadType::NONCE => "Nonce".into(),
        kind => kind.to_string(),
    }
}

/// What stands in a payload, without its name.
pub(super) fn details(payload: &Payload<'_>) -> Result<String, Malformed> {
    Ok(match payload.kind {
        PayloadType::SA => {
            let proposals: Vec<String> =
                Sa::parse(payload)?.proposals().map(|p| proposal(&p)).collect();
            proposals.join("; ")
        }
        PayloadType::KE => {
            let ke = KeyExchange::parse(payload)?;
            format!("{}, {} octets", names::group(ke.group), ke.data.len())
        }
        PayloadType::IDI | PayloadType::IDR => {
            let id = Identification::parse(payload)?;
            Identity::from_payload(&id)
                .map_or_else(|_| format!("{} octets", id.data().len()), |id| id.to_string())
        }
        PayloadType::AUTH => Auth::parse(payload)?.method.to_string(),
        PayloadType::N => notify(&Notify::parse(payload)?),
        PayloadType::D => {
            let delete = Delete::parse(payload)?;
            format!("{} {}", delete.protocol, hex(delete.spis)).trim_end().to_owned()
        }
        PayloadType::TSI | PayloadType::TSR => {
            let selectors: Vec<String> =
                TrafficSelectors::parse(payload)?.iter().map(|ts| ts.to_string()).collect();
            selectors.join(", ")
        }
        PayloadType::SKF => fragment(payload)?,
        PayloadType::V => vendor(payload.body),
        PayloadType::CP => configuration(payload)?,
        PayloadType::EAP => eap(payload.body),
        _ => format!("{} octets", payload.body.len()),
    })
}

fn proposal(proposal: &Proposal<'_>) -> String {
    let transforms: Vec<String> = proposal.transforms().map(|t| names::transform(&t)).collect();
    let spi = match (proposal.protocol(), proposal.spi()) {
        (ProtocolId::ESP, spi) if spi.len() == 4 => format!(" SPI {}", hex(spi)),
        _ => String::new(),
    };
    format!("{} {}{spi}: {}", proposal.number(), proposal.protocol(), transforms.join(" "))
}

fn notify(notify: &Notify<'_>) -> String {
    let data = match notify.kind {
        NotifyType::COOKIE => format!(" {} octets", notify.data.len()),
        _ if notify.data.is_empty() => String::new(),
        _ => format!(" {}", hex(notify.data)),
    };
    format!("{}{data}", notify.kind)
}

/// RFC 7383 2.5: which fragment of how many stands before the IV.
fn fragment(payload: &Payload<'_>) -> Result<String, Malformed> {
    let Some((&[n0, n1, t0, t1], _)) = payload.body.split_first_chunk() else {
        return Err(Malformed::new("a fragment number and how many there are", payload.offset));
    };
    let (number, total) = (u16::from_be_bytes([n0, n1]), u16::from_be_bytes([t0, t1]));
    if number == 0 || number > total {
        return Err(Malformed::new("a fragment number from 1 to the total", payload.offset));
    }
    Ok(format!("fragment {number} of {total}, {} octets, not reassembled", payload.body.len()))
}

/// RFC 7296 3.12: octets that mean something to their vendor; some write text.
fn vendor(body: &[u8]) -> String {
    let printable = !body.is_empty() && body.iter().all(|octet| (0x20..0x7f).contains(octet));
    match core::str::from_utf8(body) {
        Ok(text) if printable => format!("\"{text}\""),
        _ => hex(body),
    }
}

/// RFC 7296 3.15: what is asked or given, attribute by attribute.
fn configuration(payload: &Payload<'_>) -> Result<String, Malformed> {
    let Some((&[kind, _, _, _], mut rest)) = payload.body.split_first_chunk() else {
        return Err(Malformed::new("a CP payload of 4 octets or more", payload.offset));
    };
    let mut text = match kind {
        1 => "CFG_REQUEST".to_owned(),
        2 => "CFG_REPLY".to_owned(),
        3 => "CFG_SET".to_owned(),
        4 => "CFG_ACK".to_owned(),
        other => format!("type {other}"),
    };
    while !rest.is_empty() {
        let at = payload.offset + payload.body.len() - rest.len();
        let cut = Malformed::new("an attribute within the CP payload", at);
        let Some((&[t0, t1, l0, l1], behind)) = rest.split_first_chunk() else {
            return Err(cut);
        };
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let Some((value, behind)) = behind.split_at_checked(len) else { return Err(cut) };
        // The highest bit is reserved.
        let attribute = u16::from_be_bytes([t0, t1]) & 0x7fff;
        let _ = match attribute_name(attribute) {
            Some(name) => write!(text, " {name}"),
            None => write!(text, " attribute {attribute}"),
        };
        if !value.is_empty() {
            let _ = write!(text, "={}", hex(value));
        }
        rest = behind;
    }
    Ok(text)
}

const fn attribute_name(attribute: u16) -> Option<&'static str> {
    Some(match attribute {
        1 => "INTERNAL_IP4_ADDRESS",
        2 => "INTERNAL_IP4_NETMASK",
        3 => "INTERNAL_IP4_DNS",
        4 => "INTERNAL_IP4_NBNS",
        6 => "INTERNAL_IP4_DHCP",
        7 => "APPLICATION_VERSION",
        8 => "INTERNAL_IP6_ADDRESS",
        10 => "INTERNAL_IP6_DNS",
        12 => "INTERNAL_IP6_DHCP",
        13 => "INTERNAL_IP4_SUBNET",
        14 => "SUPPORTED_ATTRIBUTES",
        15 => "INTERNAL_IP6_SUBNET",
        25 => "INTERNAL_DNS_DOMAIN",
        _ => return None,
    })
}

/// RFC 3748 4: the code and, in requests and responses, the type.
fn eap(body: &[u8]) -> String {
    let code = match body.first() {
        Some(1) => "request",
        Some(2) => "response",
        Some(3) => "success",
        Some(4) => "failure",
        _ => return format!("{} octets", body.len()),
    };
    match body.get(4) {
        Some(kind) if body[0] < 3 => format!("{code} type {kind}, {} octets", body.len()),
        _ => code.to_owned(),
    }
}

/// The octets in hexadecimal digits.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
