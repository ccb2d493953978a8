//! Requests that come again, Message IDs, answers that are not given.

use crate::mutants::Mutant;
use ike_core::{ExchangeType, Header, Path};
use ike_responder::Behaviour;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::responder::<DhTwice>(
        "dh-twice",
        &["RT6"],
        "does the Diffie-Hellman exchange again for a repeated IKE_SA_INIT",
    ),
    Mutant::responder::<AuthTwice>(
        "auth-anew",
        &["RT6", "RT13"],
        "takes a retransmitted IKE_AUTH for another request",
    ),
    Mutant::responder::<InformationalTwice>(
        "informational-anew",
        &["RT6", "RT13", "PO15"],
        "judges a retransmitted INFORMATIONAL request again",
    ),
    Mutant::responder::<OtherRepeat>(
        "repeated-response-differs",
        &["RT6", "RT13", "RT8"],
        "changes an octet of a response that it sends again",
    ),
    Mutant::responder::<NoRepeat>(
        "response-not-repeated",
        &["RT6"],
        "does not send a response again",
    ),
    Mutant::responder::<Unasked>("response-unasked", &["RT5"], "sends each response twice"),
    Mutant::responder::<AnyId>(
        "any-message-id",
        &["RT14", "PO15"],
        "does not look at Message IDs, so that a request can be replayed",
    ),
    Mutant::responder::<Mute>(
        "informational-ignored",
        &["PO5", "PO11", "ER5"],
        "does not answer INFORMATIONAL",
    ),
    Mutant::responder::<CreateIgnored>(
        "create-child-ignored",
        &["ER5"],
        "does not answer CREATE_CHILD_SA",
    ),
    Mutant::responder::<UsualPort>(
        "answers-to-port-500",
        &["RT17"],
        "answers to port 500, wherever the request came from",
    ),
];

#[derive(Default)]
struct DhTwice;

impl Behaviour for DhTwice {
    fn knows_again(&mut self, exchange: ExchangeType) -> bool {
        exchange != ExchangeType::IKE_SA_INIT
    }
}

#[derive(Default)]
struct AuthTwice;

impl Behaviour for AuthTwice {
    fn knows_again(&mut self, exchange: ExchangeType) -> bool {
        exchange != ExchangeType::IKE_AUTH
    }
}

#[derive(Default)]
struct InformationalTwice;

impl Behaviour for InformationalTwice {
    fn knows_again(&mut self, exchange: ExchangeType) -> bool {
        exchange != ExchangeType::INFORMATIONAL
    }
}

#[derive(Default)]
struct OtherRepeat;

impl Behaviour for OtherRepeat {
    fn edit_repeated(&mut self, response: &mut Vec<u8>) {
        if let Some(last) = response.last_mut() {
            *last ^= 1;
        }
    }
}

#[derive(Default)]
struct NoRepeat;

impl Behaviour for NoRepeat {
    fn edit_repeated(&mut self, response: &mut Vec<u8>) {
        response.clear();
    }
}

#[derive(Default)]
struct Unasked;

impl Behaviour for Unasked {
    fn copies(&mut self) -> usize {
        2
    }
}

#[derive(Default)]
struct AnyId;

impl Behaviour for AnyId {
    fn takes_message_id(&mut self, _: u32) -> bool {
        true
    }
}

#[derive(Default)]
struct Mute;

impl Behaviour for Mute {
    fn edit_answer(&mut self, request: &Header, _: &mut Header, _: &mut Path) -> bool {
        request.exchange != ExchangeType::INFORMATIONAL
    }
}

#[derive(Default)]
struct CreateIgnored;

impl Behaviour for CreateIgnored {
    fn edit_answer(&mut self, request: &Header, _: &mut Header, _: &mut Path) -> bool {
        request.exchange != ExchangeType::CREATE_CHILD_SA
    }
}

#[derive(Default)]
struct UsualPort;

impl Behaviour for UsualPort {
    fn edit_answer(&mut self, _: &Header, _: &mut Header, path: &mut Path) -> bool {
        path.remote.set_port(500);
        true
    }
}
