//! Once the SA is there.

use crate::mutants::Mutant;
use ike_core::{ExchangeType, Header, Path};
use ike_initiator::Behaviour;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::initiator::<Mute>("informational-ignored", &["PO1"], "does not answer INFORMATIONAL"),
    Mutant::initiator::<DeleteIgnored>(
        "delete-unanswered",
        &["PO11", "PO1"],
        "ends for a Delete without an answer",
    ),
    Mutant::initiator::<CreateIgnored>(
        "create-child-ignored",
        &["PO2", "ER5"],
        "does not answer CREATE_CHILD_SA",
    ),
    Mutant::initiator::<WrongId>(
        "answer-id-wrong",
        &["PO1", "PO2", "ER5"],
        "answers with the Message ID behind the request's",
    ),
    Mutant::initiator::<AnyId>(
        "any-message-id",
        &["RT14", "PO15"],
        "answers requests with any Message ID as if it were the next",
    ),
    Mutant::initiator::<OtherRepeat>(
        "repeated-answer-differs",
        &["RT13"],
        "changes an octet of an answer that it sends again",
    ),
    Mutant::initiator::<UsualPort>(
        "answers-to-port-500",
        &["RT17"],
        "answers to port 500, wherever the request came from",
    ),
];

#[derive(Default)]
struct Mute;

impl Behaviour for Mute {
    fn answers(&mut self, exchange: ExchangeType, _: bool) -> bool {
        exchange != ExchangeType::INFORMATIONAL
    }
}

#[derive(Default)]
struct DeleteIgnored;

impl Behaviour for DeleteIgnored {
    fn answers(&mut self, _: ExchangeType, ends: bool) -> bool {
        !ends
    }
}

#[derive(Default)]
struct CreateIgnored;

impl Behaviour for CreateIgnored {
    fn answers(&mut self, exchange: ExchangeType, _: bool) -> bool {
        exchange != ExchangeType::CREATE_CHILD_SA
    }
}

#[derive(Default)]
struct WrongId;

impl Behaviour for WrongId {
    fn edit_answer(&mut self, _: &Header, answer: &mut Header, _: &mut Path) {
        answer.message_id = answer.message_id.wrapping_add(1);
    }
}

#[derive(Default)]
struct AnyId;

impl Behaviour for AnyId {
    fn request_id(&mut self, _: u32, next: u32) -> u32 {
        next
    }
}

#[derive(Default)]
struct OtherRepeat;

impl Behaviour for OtherRepeat {
    fn edit_repeated(&mut self, datagram: &mut [u8]) {
        if let Some(last) = datagram.last_mut() {
            *last ^= 1;
        }
    }
}

#[derive(Default)]
struct UsualPort;

impl Behaviour for UsualPort {
    fn edit_answer(&mut self, _: &Header, _: &mut Header, path: &mut Path) {
        path.remote.set_port(500);
    }
}
