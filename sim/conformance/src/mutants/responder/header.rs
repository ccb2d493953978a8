//! Headers and framing.

use crate::mutants::{Mutant, chain};
use ike_core::{Flags, Header, Path, PayloadType};
use ike_responder::{Behaviour, MessageContext, OutPayload};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::responder::<MinorVersion>(
        "minor-version-rejected",
        &["HD3"],
        "drops messages of a higher minor version",
    ),
    Mutant::responder::<MajorVersion>(
        "major-version-spoken",
        &["HD4"],
        "answers requests of major version 3 as if it knew it",
    ),
    Mutant::responder::<ResponseAnswered>(
        "response-answered",
        &["HD7"],
        "answers a message that is marked as a response",
    ),
    Mutant::responder::<FlagsCopied>(
        "reserved-flags-copied",
        &["HD5"],
        "copies reserved flags of a request into its response",
    ),
    Mutant::responder::<InitiatorFlag>(
        "initiator-flag-set",
        &["HD6"],
        "sets the initiator flag in its responses",
    ),
    Mutant::responder::<Critical>(
        "critical-in-response",
        &["HD12", "HD9"],
        "sets the critical flag in its responses",
    ),
    Mutant::responder::<CriticalIgnored>(
        "critical-ignored",
        &["HD11", "ER3"],
        "skips an unknown payload that is critical",
    ),
    Mutant::responder::<UnknownRejected>(
        "unknown-rejected",
        &["HD10", "HD19"],
        "answers an unknown payload that is not critical with an error",
    ),
    Mutant::responder::<ReservedChecked>(
        "reserved-checked",
        &["HD14"],
        "rejects payloads whose reserved bits are not zero",
    ),
    Mutant::responder::<SyntaxInClear>(
        "invalid-syntax-in-clear",
        &["HD18"],
        "answers a malformed IKE_SA_INIT request with INVALID_SYNTAX",
    ),
];

#[derive(Default)]
struct MinorVersion;

impl Behaviour for MinorVersion {
    fn read_header(&mut self, header: &mut Header) {
        if header.version & 0x0f != 0 {
            header.version = 0x30;
        }
    }
}

#[derive(Default)]
struct MajorVersion;

impl Behaviour for MajorVersion {
    fn read_header(&mut self, header: &mut Header) {
        header.version = Header::VERSION;
    }
}

#[derive(Default)]
struct ResponseAnswered;

impl Behaviour for ResponseAnswered {
    fn read_header(&mut self, header: &mut Header) {
        header.flags = Flags(header.flags.0 & !Flags::RESPONSE.0);
    }
}

#[derive(Default)]
struct FlagsCopied;

impl Behaviour for FlagsCopied {
    fn edit_answer(&mut self, request: &Header, answer: &mut Header, _: &mut Path) -> bool {
        let reserved = request.flags.0 & !Flags::INITIATOR.0;
        answer.flags = answer.flags.with(Flags(reserved));
        true
    }
}

#[derive(Default)]
struct InitiatorFlag;

impl Behaviour for InitiatorFlag {
    fn edit_answer(&mut self, _: &Header, answer: &mut Header, _: &mut Path) -> bool {
        answer.flags = answer.flags.with(Flags::INITIATOR);
        true
    }
}

#[derive(Default)]
struct Critical;

impl Behaviour for Critical {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        for payload in payloads.iter_mut().filter(|_| context.response) {
            payload.critical = true;
        }
    }
}

#[derive(Default)]
struct CriticalIgnored;

impl Behaviour for CriticalIgnored {
    fn read_payloads(&mut self, first: PayloadType, octets: &mut [u8]) {
        chain::unknown_critical(first, octets, false);
    }
}

#[derive(Default)]
struct UnknownRejected;

impl Behaviour for UnknownRejected {
    fn read_payloads(&mut self, first: PayloadType, octets: &mut [u8]) {
        chain::unknown_critical(first, octets, true);
    }
}

#[derive(Default)]
struct ReservedChecked;

impl Behaviour for ReservedChecked {
    fn read_payloads(&mut self, first: PayloadType, octets: &mut [u8]) {
        chain::refuse_reserved(first, octets);
    }
}

#[derive(Default)]
struct SyntaxInClear;

impl Behaviour for SyntaxInClear {
    fn answers_malformed(&mut self) -> bool {
        true
    }
}
