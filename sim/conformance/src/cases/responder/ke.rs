//! Public values.

use super::common::{accepts_init, authenticates, is_only, makes_none, makes_sa, shares_nothing};
use crate::peer::public_value;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Device, Setup};
use crypto::{Crypto, RustCrypto, modp_2048_prime};
use ike_core::{NotifyType, PayloadType, Suite};

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "ke/other-group",
        &["NG10"],
        |d| {
            d.restart();
            let mut request = d.init_request();
            let group = d.setup.suite.ike().group.transform_id();
            let body = &mut request.part(PayloadType::KE).body;
            body[..2].copy_from_slice(&14_u16.to_be_bytes());
            body.resize(4 + 256, 7);
            d.send_init(&request)?;
            let answer = d.clear_answer();
            let kind = NotifyType::INVALID_KE_PAYLOAD;
            is_only(d, "NG10", ("KE of a group that was not offered", answer.as_ref()), kind)?;
            let data = answer.and_then(|answer| answer.notify(kind)).unwrap_or_default();
            d.demand_same("NG10", "the group that is wanted", (&group.to_be_bytes(), &data))
        },
        "sends KE of a group that the proposal has not",
    ),
    Case::responder(
        "ke/length",
        &["NG10"],
        |d| {
            makes_none(
                d,
                "NG10",
                &[
                    ("a public value one octet too short", |r| {
                        r.part(PayloadType::KE).body.pop();
                    }),
                    ("a public value one octet too long", |r| r.part(PayloadType::KE).body.push(1)),
                    ("an empty public value", |r| r.part(PayloadType::KE).body.truncate(4)),
                ],
            )?;
            let group = d.private.group();
            let ke = d.response.as_ref().and_then(|answer| answer.body(PayloadType::KE));
            let ke = ke.unwrap_or_default().to_vec();
            let named = ke.first_chunk().copied().map(u16::from_be_bytes);
            let right = named == Some(group.transform_id()) && ke.len() == 4 + group.public_value_len();
            let expected = format!("a public value of group {}", group.transform_id());
            d.demand("NG10", right, &expected, || {
                format!("{} octets of group {named:?}", ke.len().saturating_sub(4))
            })
        },
        "sends public values of wrong lengths, and looks at group and length of the answer's",
    ),
    Case::responder(
        "ke/another-name",
        &["NG10"],
        |d| {
            makes_none(
                d,
                "NG10",
                &[("KE that names 256-bit ECP", |r| {
                    let group = crypto::Group::Ecp256.transform_id().to_be_bytes();
                    r.part(PayloadType::KE).body[..2].copy_from_slice(&group);
                })],
            )
        },
        "names another group in KE than the key is of",
    ),
    Case::responder(
        "ke/x25519-zero",
        &["NG14"],
        |d| {
            shares_nothing(
                d,
                "NG14",
                &[
                    ("public value 0", |r| value(r, |v| v.fill(0)), Some(0)),
                    ("public value 1", |r| value(r, |v| number(v, 0)), Some(0)),
                    ("public value p", |r| value(r, prime_25519), Some(0)),
                ],
            )
        },
        "sends Curve25519 values whose shared secret is all zero",
    ),
    Case::responder(
        "ke/p256-off-curve",
        &["NG14"],
        |d| {
            shares_nothing(
                d,
                "NG14",
                &[
                    ("the point 0, 0", |r| value(r, |v| v.fill(0)), None),
                    ("a point not on the curve", |r| value(r, |v| v[63] ^= 1), None),
                    // Of order two on a curve with another constant: an odd key leaves it as it is.
                    ("the point 1, 0", |r| value(r, |v| number(v, 31)), Some(1)),
                    ("the point 1, 0 again", |r| value(r, |v| number(v, 31)), Some(1)),
                    ("the point 1, 0 a third time", |r| value(r, |v| number(v, 31)), Some(1)),
                    ("coordinates beyond the prime", |r| value(r, |v| v.fill(0xff)), None),
                ],
            )
        },
        "sends ECP values that are no points",
    )
    .with(p256),
    Case::responder(
        "ke/modp-bounds",
        &["NG14"],
        |d| {
            shares_nothing(
                d,
                "NG14",
                &[
                    ("public value 0", |r| value(r, |v| v.fill(0)), Some(0)),
                    ("public value 1", |r| value(r, |v| number(v, 255)), Some(1)),
                    // Whatever the power, it comes to 1 or to itself.
                    ("the prime less one", |r| value(r, less_one), Some(1)),
                    ("the prime less one again", |r| value(r, less_one), Some(1)),
                    ("the prime less one a third time", |r| value(r, less_one), Some(1)),
                    (
                        "the prime",
                        |r| value(r, |v| v.copy_from_slice(&modp_2048_prime())),
                        Some(0),
                    ),
                    ("a public value beyond the prime", |r| value(r, |v| v.fill(0xff)), None),
                ],
            )
        },
        "sends MODP values 0, 1, the prime less one, the prime, and beyond it",
    )
    .with(modp),
    Case::responder(
        "ke/leading-zeros",
        &["NG21"],
        leading_zeros,
        "sends a public value that starts with a zero octet",
    )
    .with(p256),
    Case::responder(
        "ke/leading-zero-of-secret",
        &["NG21"],
        zero_secret,
        "asks until the shared secret starts with a zero octet, and goes on with that one",
    )
    .with(p256),
    Case::responder(
        "ke/handshake-p256",
        &["AU1"],
        |d| accepts_init(d, "AU1", &[("the book with 256-bit ECP", |_| {})]),
        "connects with 256-bit ECP",
    )
    .with(p256),
    Case::responder(
        "ke/handshake-modp",
        &["AU1"],
        |d| accepts_init(d, "AU1", &[("the book with 2048-bit MODP and CBC", |_| {})]),
        "connects with 2048-bit MODP and CBC",
    )
    .with(modp),
    Case::responder(
        "ke/handshake-chacha20",
        &["CC1"],
        chacha20,
        "connects with ChaCha20-Poly1305, whose transform has no Key Length; looks at both SA payloads",
    )
    .with(|setup| setup.suite = Suite::ChaCha20X25519),
];

/// So many keys are tried; one in 256 has what is looked for.
const TRIES: usize = 4_096;

/// Both know of the secret when the answer is there; the responder's key is another one in each attempt.
fn zero_secret(device: &mut Device) -> Outcome {
    for _ in 0..TRIES {
        device.restart();
        let request = device.init_request();
        device.send_init(&request)?;
        let nothing = || Stop::Inconclusive("no answer to IKE_SA_INIT".into());
        let answer = device.clear_answer().ok_or_else(nothing)?;
        let value = answer.body(PayloadType::KE).and_then(|ke| ke.get(4..)).ok_or_else(nothing)?;
        let shared = RustCrypto.shared_secret(&device.private, value).map_err(|_| nothing())?;
        if shared.as_slice()[0] == 0 {
            device.take_shared(&answer, &shared)?;
            let request = device.auth_request()?;
            return authenticates(device, "NG21", ("such a secret", &request)).map(drop);
        }
    }
    Err(Stop::Inconclusive(format!("no leading zero in {TRIES} shared secrets")))
}

fn leading_zeros(device: &mut Device) -> Outcome {
    for _ in 0..TRIES {
        device.restart();
        if public_value(&device.private)[0] != 0 {
            continue;
        }
        let request = device.init_request();
        device.send_init(&request)?;
        let answer = device.clear_answer();
        makes_sa(device, "NG21", "a public value with a leading zero", answer.as_ref())?;
        let request = device.auth_request()?;
        return authenticates(device, "NG21", ("a leading zero", &request)).map(drop);
    }
    Err(Stop::Inconclusive(format!("no leading zero in {TRIES} public values")))
}

fn chacha20(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let request = device.auth_request()?;
    let auth = authenticates(device, "CC1", ("the book with ChaCha20-Poly1305", &request))?;
    let init = device.response.clone();
    for answer in init.iter().chain([&auth]) {
        device.demand_plain_chacha20("CC1", answer)?;
    }
    Ok(())
}

fn p256(setup: &mut Setup) {
    setup.suite = Suite::AesGcmP256;
}

fn modp(setup: &mut Setup) {
    setup.suite = Suite::AesCbcModp2048;
}

fn value(request: &mut crate::Draft, change: fn(&mut [u8])) {
    change(&mut request.part(PayloadType::KE).body[4..]);
}

/// The number 1 with its octet there.
fn number(value: &mut [u8], last: usize) {
    value.fill(0);
    value[last] = 1;
}

fn less_one(value: &mut [u8]) {
    value.copy_from_slice(&modp_2048_prime());
    value[255] -= 1;
}

/// The prime of Curve25519, which is 0 there; little-endian (RFC 7748 5).
fn prime_25519(value: &mut [u8]) {
    value.fill(0xff);
    value[0] = 0xed;
    value[31] = 0x7f;
}
