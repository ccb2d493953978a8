//! Headers, framing, and what is random in them.

use crate::mutants::{Mutant, chain};
use ike_core::{ExchangeType, Flags, Header, Path, PayloadType};
use ike_initiator::Behaviour;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::initiator::<OwnZeroSpi>("own-spi-zero", &["HD1"], "begins with an SPI of zero"),
    Mutant::initiator::<SpiReused>("spi-reused", &["HD2"], "has the same SPI at each wake"),
    Mutant::initiator::<ZeroSpi>("zero-spi-accepted", &["HD26"], "takes a responder SPI of zero"),
    Mutant::initiator::<MinorVersion>(
        "minor-version-rejected",
        &["HD3"],
        "drops messages of a higher minor version",
    ),
    Mutant::initiator::<MajorVersion>(
        "major-version-answered",
        &["HD4", "HD24", "XP4"],
        "answers requests of major version 3 as if it knew it",
    ),
    Mutant::initiator::<ResponseAnswered>(
        "response-answered",
        &["HD7"],
        "answers a message that is marked as a response",
    ),
    Mutant::initiator::<FlagsCopied>(
        "reserved-flags-copied",
        &["HD5"],
        "copies reserved flags of a request into its answer",
    ),
    Mutant::initiator::<NoInitiatorFlag>(
        "initiator-flag-missing",
        &["HD6"],
        "answers without the initiator flag",
    ),
    Mutant::initiator::<CriticalIgnored>(
        "critical-ignored",
        &["HD11", "HD25"],
        "skips an unknown payload that is critical",
    ),
    Mutant::initiator::<UnknownRejected>(
        "unknown-rejected",
        &["HD10", "HD19"],
        "rejects an unknown payload that is not critical",
    ),
    Mutant::initiator::<ReservedChecked>(
        "reserved-checked",
        &["HD14"],
        "rejects payloads whose reserved bits are not zero",
    ),
];

#[derive(Default)]
struct OwnZeroSpi;

impl Behaviour for OwnZeroSpi {
    fn begin(&mut self, spi_i: &mut u64, _: &mut [u8]) {
        *spi_i = 0;
    }
}

#[derive(Default)]
struct SpiReused;

impl Behaviour for SpiReused {
    fn begin(&mut self, spi_i: &mut u64, _: &mut [u8]) {
        *spi_i = 0x0123_4567_89ab_cdef;
    }
}

#[derive(Default)]
struct ZeroSpi;

impl Behaviour for ZeroSpi {
    fn takes_zero_spi(&mut self) -> bool {
        true
    }
}

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
        if header.exchange == ExchangeType::INFORMATIONAL {
            header.flags = Flags(header.flags.0 & !Flags::RESPONSE.0);
        }
    }
}

#[derive(Default)]
struct FlagsCopied;

impl Behaviour for FlagsCopied {
    fn edit_answer(&mut self, request: &Header, answer: &mut Header, _: &mut Path) {
        answer.flags = answer.flags.with(request.flags);
    }
}

#[derive(Default)]
struct NoInitiatorFlag;

impl Behaviour for NoInitiatorFlag {
    fn edit_answer(&mut self, _: &Header, answer: &mut Header, _: &mut Path) {
        answer.flags = Flags::RESPONSE;
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
