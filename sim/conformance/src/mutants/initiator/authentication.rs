//! What is proven, and what is believed.

use crate::mutants::Mutant;
use ike_core::{DropReason, ExchangeType, NotifyType};
use ike_initiator::Behaviour;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::initiator::<Unchecked>("auth-unchecked", &["AU6"], "does not look at AUTH"),
    Mutant::initiator::<EightOctets>(
        "auth-8-octets",
        &["AU6"],
        "compares only the first eight octets of AUTH",
    ),
    Mutant::initiator::<FirstInit>(
        "signs-first-init",
        &["AU4"],
        "signs the IKE_SA_INIT request that it sent first, not last",
    ),
    Mutant::initiator::<IdReserved>(
        "id-reserved-not-signed",
        &["AU4", "HD14"],
        "leaves the reserved octets of IDr out of what AUTH covers",
    ),
    Mutant::initiator::<Gullible>(
        "believes-init-errors",
        &["RT21", "RT19"],
        "ends the attempt for an unauthenticated error in IKE_SA_INIT",
    ),
    Mutant::initiator::<GullibleAuth>(
        "believes-auth-errors",
        &["ER10", "RT19", "ER7", "PO9", "FR2"],
        "ends for a message in clear once keys are there",
    ),
    Mutant::initiator::<BadIcv>(
        "bad-icv-ends",
        &["ER9"],
        "ends the SA for a message whose checksum is wrong",
    ),
    Mutant::initiator::<OneIv>("iv-reused", &["AU11", "XP5"], "has the same IV in each message"),
    Mutant::initiator::<Contact>(
        "initial-contact-always",
        &["PO6"],
        "sends INITIAL_CONTACT where its identity is shared",
    ),
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
struct FirstInit(Vec<u8>);

impl Behaviour for FirstInit {
    fn begin(&mut self, _: &mut u64, _: &mut [u8]) {
        self.0.clear();
    }

    fn edit_request(&mut self, exchange: ExchangeType, _: u8, datagram: &mut [u8]) {
        if exchange == ExchangeType::IKE_SA_INIT && self.0.is_empty() {
            self.0 = datagram.to_vec();
        }
    }

    fn signed_request<'r>(&'r mut self, _: &'r [u8]) -> &'r [u8] {
        &self.0
    }
}

#[derive(Default)]
struct IdReserved(Vec<u8>);

impl Behaviour for IdReserved {
    fn signed_identity<'r>(&'r mut self, body: &'r [u8]) -> &'r [u8] {
        self.0 = body.to_vec();
        if let Some(reserved) = self.0.get_mut(1..4) {
            reserved.fill(0);
        }
        &self.0
    }
}

#[derive(Default)]
struct Gullible;

impl Behaviour for Gullible {
    fn believes(&mut self, _: NotifyType) -> bool {
        true
    }
}

#[derive(Default)]
struct GullibleAuth;

impl Behaviour for GullibleAuth {
    fn ends_for(&mut self, dropped: &DropReason) -> bool {
        *dropped == DropReason::NotProtected
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
    fn iv_counter(&mut self, _: u64) -> u64 {
        0
    }
}

#[derive(Default)]
struct Contact;

impl Behaviour for Contact {
    fn initial_contact(&mut self, _: bool) -> bool {
        true
    }
}
