//! What of an IKE_SA_INIT answer goes into the keys: nonces and public values at their bounds.

use super::common::{Change, accepts_each_init, refuses_each_init};
use crate::verdict::Outcome;
use crate::{Case, Draft, Gateway};
use crypto::modp_2048_prime;
use ike_core::{PayloadType, Suite};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "values/nonces",
        &["NG13"],
        nonces,
        "answers with nonces of 16 and 256 octets, and with 15, 257 and none",
    ),
    Case::initiator(
        "values/x25519-high-bit",
        &["NG14"],
        |gateway| accepts_each_init(gateway, "NG14", HIGH_BIT),
        "sets the highest bit of a Curve25519 value, which nobody may look at",
    ),
    Case::initiator(
        "values/p256-off-curve",
        &["NG14"],
        |gateway| refuses_each_init(gateway, "NG14", OFF_CURVE),
        "answers with ECP values that are no points of the curve",
    )
    .with(|setup| setup.suite = Suite::AesGcmP256),
    Case::initiator(
        "values/modp-bounds",
        &["NG14"],
        |gateway| refuses_each_init(gateway, "NG14", BOUNDS),
        "answers with MODP values 0, 1, the prime less one, the prime, and beyond it",
    )
    .with(|setup| setup.suite = Suite::AesCbcModp2048),
];

/// Octets that repeat nothing, as many as that.
fn nonce(draft: &mut Draft, octets: usize) {
    let body = &mut draft.part(PayloadType::NONCE).body;
    let given = body.clone();
    *body = given.iter().copied().cycle().take(octets).collect();
}

fn nonces(gateway: &mut Gateway) -> Outcome {
    let good: &[Change] = &[
        ("a nonce of 16 octets", |it| nonce(it, 16)),
        ("a nonce of 256 octets", |it| nonce(it, 256)),
    ];
    accepts_each_init(gateway, "NG13", good)?;
    let wrong: &[Change] = &[
        ("a nonce of 15 octets", |it| nonce(it, 15)),
        ("a nonce of 257 octets", |it| nonce(it, 257)),
        ("an empty nonce", |it| nonce(it, 0)),
    ];
    refuses_each_init(gateway, "NG13", wrong)
}

fn value(draft: &mut Draft, change: impl FnOnce(&mut [u8])) {
    change(&mut draft.part(PayloadType::KE).body[4..]);
}

/// The number 1, its octet at that place.
fn one(value: &mut [u8], last: usize) {
    value.fill(0);
    value[last] = 1;
}

/// RFC 7748 5: the bit is masked before the value is used.
const HIGH_BIT: &[Change] =
    &[("a value with its highest bit set", |it| value(it, |octets| octets[31] |= 0x80))];

const OFF_CURVE: &[Change] = &[
    ("the point 0, 0", |it| value(it, |octets| octets.fill(0))),
    ("a point beside the curve", |it| value(it, |octets| octets[63] ^= 1)),
    ("the point 1, 0", |it| value(it, |octets| one(octets, 31))),
    ("coordinates beyond the prime", |it| value(it, |octets| octets.fill(0xff))),
];

/// RFC 6989 2.1: more than 1 and less than the prime less one.
const BOUNDS: &[Change] = &[
    ("public value 0", |it| value(it, |octets| octets.fill(0))),
    ("public value 1", |it| value(it, |octets| one(octets, 255))),
    ("the prime less one", |it| {
        value(it, |octets| {
            octets.copy_from_slice(&modp_2048_prime());
            octets[255] -= 1;
        });
    }),
    ("the prime", |it| value(it, |octets| octets.copy_from_slice(&modp_2048_prime()))),
    ("a value beyond the prime", |it| value(it, |octets| octets.fill(0xff))),
];
