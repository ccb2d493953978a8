//! Ways of being broken that both roles have.

use crate::message::{Draft, Part, TransformDraft};
use crate::mutants::Mutant;
use crate::mutants::tamper::{
    edit_sa, has_any, has_reserved, is_critical, is_long, is_unordered, part,
};
use crate::subject::ChildEnd;
use crate::{Role, Setup};
use crypto::RustCrypto;
use esp::{Inbound, Opened, Outbound, ReplayWindow};
use ike_core::{ExchangeType, NotifyType, PayloadType, Psk, TransformType};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Payloads, read too strictly or not strictly enough.
pub(super) const fn framing(role: Role) -> [Mutant; 8] {
    [
        Mutant::honest(
            role,
            "payload-length-guessed",
            &["HD22"],
            "mends payload lengths that do not fit",
        )
        .reading(|it, _| {
            mend_lengths(it);
            true
        }),
        Mutant::honest(
            role,
            "order-fixed",
            &["HD13"],
            "rejects payloads in another order than the usual",
        )
        .reading(|it, _| !is_unordered(it)),
        Mutant::honest(
            role,
            "critical-rejected",
            &["HD9"],
            "rejects critical payloads that are defined",
        )
        .reading(|it, _| !is_critical(it)),
        Mutant::honest(
            role,
            "reserved-fields-checked",
            &["HD14"],
            "rejects reserved octets that are not zero",
        )
        .reading(|it, _| !has_reserved(it)),
        Mutant::honest(role, "group-types-rejected", &["GI1"], "rejects payloads of G-IKEv2")
            .reading(|it, _| !has_any(it, &[50, 51, 52])),
        Mutant::honest(
            role,
            "long-message-dropped",
            &["RT16"],
            "has a buffer of a thousand octets or so",
        )
        .reading(|it, _| !is_long(it)),
        Mutant::honest(role, "nested-sk-skipped", &["HD8"], "skips an SK payload inside another")
            .reading(|it, _| {
                it.payloads().retain(|part| part.kind != PayloadType::SK);
                true
            }),
        Mutant::honest(
            role,
            "empty-sk-rejected",
            &["HD23"],
            "rejects an SK payload without payloads",
        )
        .reading(|it, _| it.inside.as_ref().is_none_or(|inside| !inside.parts.is_empty())),
    ]
}

/// Keys, secrets, IVs, ESP.
pub(super) const fn keys(role: Role) -> [Mutant; 9] {
    [
        Mutant::honest(
            role,
            "keys-of-another-nonce",
            &["AU1"],
            "sends another nonce than its keys are of",
        )
        .writing(|it, _| {
            if let Some(nonce) = part(it, PayloadType::NONCE) {
                nonce.body[0] ^= 1;
            }
            true
        }),
        Mutant::honest(role, "secret-cut", &["AU5"], "uses 32 octets of a secret at most")
            .set_up(|setup| cut_secret(setup, 32)),
        Mutant::honest(role, "secret-of-a-block", &["AU5"], "uses 64 octets of a secret at most")
            .set_up(|setup| cut_secret(setup, 64)),
        Mutant::honest(
            role,
            "secret-filled-up",
            &["AU5"],
            "fills up secrets of fewer than eight octets",
        )
        .set_up(fill_secret),
        Mutant::honest(
            role,
            "secret-ends-at-zero",
            &["AU5"],
            "takes a zero octet for the end of a secret",
        )
        .set_up(end_secret),
        Mutant::honest(role, "padding-rejected", &["AU10"], "rejects more padding than is needed")
            .reading(|it, _| it.inside.as_ref().is_none_or(|inside| inside.more_padding == 0)),
        Mutant::honest(
            role,
            "cbc-iv-constant",
            &["AU10"],
            "has one IV for all messages under AES-CBC",
        )
        .writing(|it, _| {
            if let Some(inside) = it.inside.as_mut().filter(|inside| inside.iv.len() == 16) {
                inside.iv.fill(0x11);
            }
            true
        }),
        Mutant::honest(
            role,
            "child-keys-swapped",
            &["AU9"],
            "has the keys of both directions the wrong way round",
        )
        .sealing(swap),
        Mutant::honest(role, "sequence-repeated", &["ES2"], "numbers all ESP packets 1").sealing(
            |octets, _| {
                if let Some(number) = octets.get_mut(4..8) {
                    number.copy_from_slice(&1_u32.to_be_bytes());
                }
            },
        ),
    ]
}

/// What is said and proposed in IKE_SA_INIT and IKE_AUTH.
pub(super) const fn sayings(role: Role) -> [Mutant; 4] {
    [
        Mutant::honest(role, "notify-of-ike", &["HD15"], "says protocol 1 in notifies").writing(
            |it, _| {
                for notify in it.payloads().iter_mut().filter(|part| part.kind == PayloadType::N) {
                    notify.body[0] = 1;
                }
                true
            },
        ),
        Mutant::honest(
            role,
            "window-of-two-octets",
            &["NG19"],
            "says SET_WINDOW_SIZE in two octets",
        )
        .writing(|it, _| {
            if it.header.exchange == ExchangeType::IKE_AUTH {
                it.payloads().push(Part::notify(NotifyType::SET_WINDOW_SIZE, &[0, 1]));
            }
            true
        }),
        Mutant::honest(
            role,
            "group-for-child",
            &["NG7"],
            "has a group in the SA payload of IKE_AUTH",
        )
        .writing(|it, _| {
            if it.header.exchange == ExchangeType::IKE_AUTH {
                let group = TransformDraft::new(TransformType::DH, 31);
                edit_sa(it, |proposal| proposal.transforms.push(group));
            }
            true
        }),
        Mutant::honest(
            role,
            "chacha20-key-length",
            &["CC1"],
            "gives ChaCha20-Poly1305 a Key Length for ESP",
        )
        .writing(|it, _| {
            if it.header.exchange == ExchangeType::IKE_AUTH {
                edit_sa(it, |proposal| {
                    for transform in proposal.transforms.iter_mut().filter(|it| it.id == 28) {
                        *transform = transform.clone().key_length(256);
                    }
                });
            }
            true
        }),
    ]
}

/// Lengths as they should have been.
fn mend_lengths(it: &mut Draft) {
    for part in it.payloads() {
        part.length = None;
        part.next = None;
    }
}

/// A secret shorter than it is.
fn cut_secret(setup: &mut Setup, most: usize) {
    if let Some(cut) = setup.psk.as_slice().get(..most).and_then(Psk::new) {
        setup.psk = cut;
    }
}

/// Not with zeros, which are the same key to HMAC.
fn fill_secret(setup: &mut Setup) {
    let mut octets = setup.psk.as_slice().to_vec();
    octets.resize(octets.len().max(8), b'x');
    setup.psk = Psk::new(&octets).expect("no longer than it was, or short");
}

/// A secret up to its first zero octet, which may be none at all.
fn end_secret(setup: &mut Setup) {
    let octets = setup.psk.as_slice();
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let ended = Psk::new(&octets[..end]).or_else(|| Psk::new(b"nothing"));
    setup.psk = ended.expect("a short key");
}

/// What is inside a packet that has just been sealed, and its sequence number.
pub(super) fn inner(octets: &[u8], end: &ChildEnd) -> Option<(Vec<u8>, u32)> {
    let mut opened = octets.to_vec();
    let mut inbound = Inbound::new(end.spi_out, end.outbound.clone(), ReplayWindow::default());
    match inbound.open(&RustCrypto, &mut opened) {
        Ok(Opened::Packet { inner, sequence, .. }) => Some((inner.to_vec(), sequence)),
        _ => None,
    }
}

/// Seals a packet with the keys of the other direction.
fn swap(octets: &mut Vec<u8>, end: &ChildEnd) {
    let Some((inner, sequence)) = inner(octets, end) else { return };
    let key = end.inbound.clone();
    let mut outbound = Outbound::continuing(end.spi_out, key, sequence - 1);
    let mut packet = [0; 256];
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    if let Ok(len) = outbound.seal(&RustCrypto, &inner, &mut rng, &mut packet) {
        *octets = packet[..len].to_vec();
    }
}
