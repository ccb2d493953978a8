//! Who else might answer: each octet of a proof, other methods, another secret, a forger who is faster.

use super::common::{
    Change, accepts_each_auth, afresh_to_auth, is_not_up, refuses_each_auth, shows_that_it_is_up,
};
use crate::message::Part;
use crate::peer::Side;
use crate::verdict::{Outcome, Stop};
use crate::{Case, Gateway};
use core::ops::Range;
use ike_core::{AuthMethod, PayloadType, Psk};

pub(super) const CASES: &[Case] = &[
    Case::initiator("proofs/each-octet", &["AU6"], each_octet, "flips each octet of the AUTH data"),
    Case::initiator(
        "proofs/each-octet-of-id",
        &["AU6"],
        each_octet_of_id,
        "flips each octet of IDr under an AUTH that covers the true one",
    ),
    Case::initiator(
        "proofs/other-id",
        &["AU6"],
        other_id,
        "proves the secret as somebody else than the device looks for",
    ),
    Case::initiator(
        "proofs/method",
        &["AU6"],
        |gateway| refuses_each_auth(gateway, "AU6", METHODS),
        "names other AUTH methods over the right data",
    ),
    Case::initiator("proofs/wrong-key", &["AU6"], wrong_key, "proves another secret"),
    Case::initiator(
        "proofs/forger",
        &["AU6"],
        forger,
        "a forger without the secret answers both requests first; then the gateway does, and the device connects",
    ),
    Case::initiator(
        "proofs/psk-1",
        &["AU5"],
        |gateway| accepts_each_auth(gateway, "AU5", &[("a secret of one octet", |_| {})]),
        "connects with a secret of one octet",
    )
    .with(|setup| setup.psk = Psk::new(&[0x5a]).expect("a secret that fits")),
    Case::initiator(
        "proofs/psk-65",
        &["AU5"],
        |gateway| accepts_each_auth(gateway, "AU5", &[("a secret of 65 octets", |_| {})]),
        "connects with a secret of 65 octets, one more than the PRF has in a block",
    )
    .with(|setup| setup.psk = Psk::new(&[0x96; 65]).expect("a secret that fits")),
];

/// Each of these octets of a payload flipped, in an attempt of its own.
fn each_flipped(
    gateway: &mut Gateway,
    (what, kind): (&str, PayloadType),
    octets: Range<usize>,
) -> Outcome {
    shows_that_it_is_up(gateway)?;
    for at in octets {
        afresh_to_auth(gateway)?;
        let mut answer = gateway.auth_answer()?;
        answer.part(kind).body[at] ^= 1;
        gateway.send_draft(&answer)?;
        is_not_up(gateway, "AU6", &format!("octet {at} of {what} flipped"))?;
    }
    Ok(())
}

/// The data follow the method and three octets that are reserved.
fn each_octet(gateway: &mut Gateway) -> Outcome {
    each_flipped(gateway, ("the AUTH payload", PayloadType::AUTH), 4..36)
}

fn each_octet_of_id(gateway: &mut Gateway) -> Outcome {
    let octets = 0..gateway.setup.peer.body().len();
    each_flipped(gateway, ("IDr", PayloadType::IDR), octets)
}

/// AUTH is right for what IDr says: only the identity is not the one that the device was set up with.
fn other_id(gateway: &mut Gateway) -> Outcome {
    shows_that_it_is_up(gateway)?;
    afresh_to_auth(gateway)?;
    let body = [&[11, 0, 0, 0][..], b"somebody"].concat();
    let mut answer = gateway.auth_answer()?;
    *answer.part(PayloadType::IDR) = Part::raw(PayloadType::IDR, &body);
    *answer.part(PayloadType::AUTH) = gateway.auth_part(&body)?;
    gateway.send_draft(&answer)?;
    is_not_up(gateway, "AU6", "AUTH of another identity")
}

/// RSA, DSS, ECDSA and digital signatures, what is reserved, and what nobody has defined.
const METHODS: &[Change] = &[
    ("method 1", |it| it.part(PayloadType::AUTH).body[0] = 1),
    ("method 3", |it| it.part(PayloadType::AUTH).body[0] = 3),
    ("method 9", |it| it.part(PayloadType::AUTH).body[0] = 9),
    ("method 14", |it| it.part(PayloadType::AUTH).body[0] = 14),
    ("method 0", |it| it.part(PayloadType::AUTH).body[0] = 0),
    ("method 250", |it| it.part(PayloadType::AUTH).body[0] = 250),
];

/// The proof of whoever has that secret instead.
fn under(gateway: &Gateway, secret: &[u8]) -> Outcome<Part> {
    let psk = Psk::new(secret).ok_or(Stop::Failed)?;
    let id = gateway.setup.peer.body().to_vec();
    let data = gateway.sa()?.proof(Side::Responder, &psk, &gateway.sent, &id);
    let method = AuthMethod::SHARED_KEY_MIC;
    Ok(Part::of(&ike_core::payload::Auth { method, data: &data }))
}

fn wrong_key(gateway: &mut Gateway) -> Outcome {
    shows_that_it_is_up(gateway)?;
    afresh_to_auth(gateway)?;
    let mut answer = gateway.auth_answer()?;
    *answer.part(PayloadType::AUTH) = under(gateway, b"another secret")?;
    gateway.send_draft(&answer)?;
    is_not_up(gateway, "AU6", "the proof of another secret")
}

/// Two IKE_SA_INIT answers, of which the first is the forger's: keys that he has, and no secret. What the device makes
/// of the second one is its own affair (RFC 7296 2.4), as long as it does not take the forger for its gateway.
fn forger(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    let forged = gateway.init_answer()?;
    gateway.send_init(&forged)?;
    let asked = gateway.expect_auth();
    if asked.is_ok() {
        let mut answer = gateway.auth_answer()?;
        *answer.part(PayloadType::AUTH) = under(gateway, b"a guess")?;
        gateway.send_draft(&answer)?;
        is_not_up(gateway, "AU6", "both answers of a forger")?;
    }
    afresh_to_auth(gateway)?;
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    super::common::is_up(gateway, "AU6", "the gateway's own answers behind a forger's")
}
