//! IKE messages in words: what a ladder says about each.

use core::fmt::Write as _;
use crypto::{Encryption, Group, Integrity, PrfAlgorithm, RustCrypto};
use ike_core::payload::{
    Auth, Delete, Identification, KeyExchange, Notify, Payload, Payloads, Sa, TrafficSelectors,
    Transform,
};
use ike_core::{
    HEADER_LEN, Header, Identity, IkeKeys, Malformed, NotifyType, PayloadType, ProtocolId,
    TransformType, open_protected,
};

/// The payloads of a message, each with what is in it; SK payloads are opened with `keys`.
pub(crate) fn describe(message: &[u8], keys: Option<&IkeKeys>) -> Vec<String> {
    let Ok(header) = Header::parse(message) else { return vec!["no IKE header".into()] };
    let mut lines = Vec::new();
    for payload in Payloads::new(header.next_payload, &message[HEADER_LEN..], HEADER_LEN) {
        match payload {
            Ok(payload) if payload.kind == PayloadType::SK => {
                describe_sk(&header, message, keys, &mut lines);
            }
            Ok(payload) => lines.push(describe_payload(&payload)),
            Err(error) => lines.push(error.to_string()),
        }
    }
    lines
}

fn describe_sk(header: &Header, message: &[u8], keys: Option<&IkeKeys>, lines: &mut Vec<String>) {
    let Some(keys) = keys else {
        lines.push("SK  (no keys)".into());
        return;
    };
    let key = if header.flags.is_initiator() { &keys.initiator } else { &keys.responder };
    let mut copy = message.to_vec();
    match open_protected(&RustCrypto, key, &mut copy) {
        Ok(inner) => {
            let payloads: Vec<_> = inner.payloads(&copy).collect();
            if payloads.is_empty() {
                lines.push("SK  empty".into());
            }
            for payload in payloads {
                lines.push(match payload {
                    Ok(payload) => format!("SK  {}", describe_payload(&payload)),
                    Err(error) => format!("SK  {error}"),
                });
            }
        }
        Err(error) => lines.push(format!("SK  does not open: {error:?}")),
    }
}

/// A payload type as a ladder has it.
pub(crate) fn payload_name(kind: PayloadType) -> String {
    match kind {
        PayloadType::IDI => "IDi".into(),
        PayloadType::IDR => "IDr".into(),
        PayloadType::TSI => "TSi".into(),
        PayloadType::TSR => "TSr".into(),
        PayloadType::NONCE => "Nonce".into(),
        kind => kind.to_string(),
    }
}

fn describe_payload(payload: &Payload<'_>) -> String {
    let name = payload_name(payload.kind);
    match details(payload) {
        Ok(text) => format!("{name} {text}"),
        Err(error) => format!("{name} {error}"),
    }
}

fn details(payload: &Payload<'_>) -> Result<String, Malformed> {
    Ok(match payload.kind {
        PayloadType::SA => {
            let sa = Sa::parse(payload)?;
            let proposals: Vec<String> = sa
                .proposals()
                .map(|proposal| {
                    let transforms: Vec<String> =
                        proposal.transforms().map(|t| transform(&t)).collect();
                    let spi = match (proposal.protocol(), proposal.spi()) {
                        (ProtocolId::ESP, spi) if spi.len() == 4 => format!(" SPI {}", hex(spi)),
                        _ => String::new(),
                    };
                    format!(
                        "{} {}{spi}: {}",
                        proposal.number(),
                        proposal.protocol(),
                        transforms.join(" ")
                    )
                })
                .collect();
            proposals.join("; ")
        }
        PayloadType::KE => {
            let ke = KeyExchange::parse(payload)?;
            format!("{}, {} octets", group_name(ke.group), ke.data.len())
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
        _ => format!("{} octets", payload.body.len()),
    })
}

fn notify(notify: &Notify<'_>) -> String {
    let data = match notify.kind {
        NotifyType::COOKIE => format!(" {} octets", notify.data.len()),
        _ if notify.data.is_empty() => String::new(),
        _ => format!(" {}", hex(notify.data)),
    };
    format!("{}{data}", notify.kind)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn group_name(number: u16) -> String {
    match Group::from_transform(number) {
        Some(Group::Modp2048) => "2048-bit MODP".into(),
        Some(Group::Ecp256) => "256-bit ECP".into(),
        Some(Group::Curve25519) => "Curve25519".into(),
        None => format!("group {number}"),
    }
}

fn transform(transform: &Transform) -> String {
    let (id, unknown) = (transform.id, format!("{} {}", transform.kind, transform.id));
    match transform.kind {
        TransformType::ENCR => match Encryption::from_transform(id, transform.key_length) {
            Some(Encryption::AesCbc128) => "AES-CBC-128".into(),
            Some(Encryption::AesGcm16_128) => "AES-GCM-16-128".into(),
            Some(Encryption::AesCcm8_128) => "AES-CCM-8-128".into(),
            Some(Encryption::ChaCha20Poly1305) => "ChaCha20-Poly1305".into(),
            None => unknown,
        },
        TransformType::PRF => match PrfAlgorithm::from_transform(id) {
            Some(PrfAlgorithm::HmacSha256) => "PRF-HMAC-SHA2-256".into(),
            None => unknown,
        },
        TransformType::INTEG => match Integrity::from_transform(id) {
            Some(Integrity::HmacSha256_128) => "HMAC-SHA2-256-128".into(),
            None => unknown,
        },
        TransformType::DH => group_name(id),
        TransformType::ESN if id == 0 => "no-ESN".into(),
        TransformType::ESN => "ESN".into(),
        _ => unknown,
    }
}
