//! What is proven, and what is believed.

use crate::mutants::Mutant;
use crate::mutants::tamper::part;
use ike_core::{AuthMethod, DropReason, ExchangeType, PayloadType};
use ike_responder::Behaviour;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::responder::<Unchecked>(
        "auth-unchecked",
        &["AU6", "AU3", "AU4", "ER1"],
        "does not look at AUTH",
    ),
    Mutant::responder::<Unchecked>(
        "secret-by-address",
        &["AU13", "AU6"],
        "takes whoever comes from a known address for who lives there",
    )
    .reading(|it, desk| {
        if let Some(id) = part(it, PayloadType::IDI) {
            id.body = desk.setup.peer.body().to_vec();
        }
        true
    }),
    Mutant::gateway("method-unchecked", &["AU6", "NU1"], "does not look at the method of AUTH")
        .reading(|it, _| {
            if let Some(auth) = part(it, PayloadType::AUTH) {
                auth.body[0] = AuthMethod::SHARED_KEY_MIC.0;
            }
            true
        }),
    Mutant::gateway(
        "unknown-unsigned",
        &["AU4"],
        "leaves payloads that it does not know out of what AUTH covers",
    )
    .reading(|it, _| {
        if it.header.exchange == ExchangeType::IKE_SA_INIT {
            it.parts.retain(|part| part.kind.is_defined());
        }
        true
    }),
    Mutant::responder::<EightOctets>(
        "auth-8-octets",
        &["AU6", "ER1"],
        "compares only the first eight octets of AUTH",
    ),
    Mutant::responder::<WrongProof>("auth-wrong", &["AU3"], "sends an AUTH that proves nothing"),
    Mutant::responder::<InClear>(
        "refusal-in-clear",
        &["ER1", "HD18"],
        "answers a failed authentication in clear",
    ),
    Mutant::responder::<BadIcv>(
        "bad-icv-ends",
        &["ER9"],
        "ends the SA for a message whose checksum is wrong",
    ),
    Mutant::responder::<OneIv>("iv-reused", &["AU11"], "has the same IV in each message"),
];

#[derive(Default)]
struct Unchecked;

impl Behaviour for Unchecked {
    fn verifies(&mut self, _: &[u8], _: &[u8], _: bool) -> bool {
        true
    }
}

#[derive(Default)]
struct EightOctets;

impl Behaviour for EightOctets {
    fn verifies(&mut self, expected: &[u8], found: &[u8], _: bool) -> bool {
        expected.get(..8) == found.get(..8)
    }
}

#[derive(Default)]
struct WrongProof;

impl Behaviour for WrongProof {
    fn spoil_auth(&mut self) -> bool {
        true
    }
}

#[derive(Default)]
struct InClear;

impl Behaviour for InClear {
    fn refuses_in_clear(&mut self) -> bool {
        true
    }
}

#[derive(Default)]
struct BadIcv;

impl Behaviour for BadIcv {
    fn ends_for(&mut self, dropped: &DropReason) -> bool {
        *dropped == DropReason::IcvMismatch
    }
}

#[derive(Default)]
struct OneIv;

impl Behaviour for OneIv {
    fn edit_iv(&mut self, iv: &mut [u8]) {
        iv.fill(0);
    }
}
