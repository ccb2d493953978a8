//! Algorithms, groups, nonces, selectors.

use crate::mutants::Mutant;
use crypto::{Group, SharedSecret};
use ike_core::payload::{Proposal, Sa, Transform};
use ike_core::{Error, EspOffer, EspSuite, IkeOffer, IkeSuite, Suite, TransformType};
use ike_initiator::Behaviour;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::initiator::<AnySa>(
        "any-sa-accepted",
        &["NG3", "KE2", "IV1"],
        "takes any answer for its offer",
    ),
    Mutant::initiator::<Extra>(
        "extra-transform-accepted",
        &["NG3", "NG5", "KE2"],
        "takes an answer with more than one transform of a type, or one too many",
    ),
    Mutant::initiator::<KeyLength>(
        "key-length-ignored",
        &["NG3", "NG4"],
        "does not look at Key Length",
    ),
    Mutant::initiator::<Integrity>(
        "integrity-ignored",
        &["NG5"],
        "ignores an integrity transform beside an AEAD",
    ),
    Mutant::initiator::<Number>(
        "proposal-number-ignored",
        &["NG1", "NG3"],
        "takes an answer with another proposal number",
    ),
    Mutant::initiator::<LowSpi>(
        "low-esp-spi-accepted",
        &["NG9", "ES1", "NG3"],
        "takes an ESP SPI below 256",
    ),
    Mutant::initiator::<OwnLowSpi>(
        "own-esp-spi-low",
        &["NG9", "ES1"],
        "offers an ESP SPI below 256",
    ),
    Mutant::initiator::<OtherGroup>(
        "group-not-offered",
        &["NG11"],
        "retries with a group that it has and did not offer",
    ),
    Mutant::initiator::<GroupIgnored>(
        "group-request-ignored",
        &["NG11"],
        "does not retry with another group",
    ),
    Mutant::initiator::<LeadingZeros>(
        "leading-zeros-dropped",
        &["NG21"],
        "drops leading zeros of the shared secret",
    ),
    Mutant::initiator::<NonceReused>("nonce-reused", &["NG13"], "has one nonce for all wakes"),
    Mutant::initiator::<Selectors>(
        "selectors-unchecked",
        &["TS2"],
        "takes selectors that are wider than proposed",
    ),
];

/// The only proposal of an answer.
fn proposal<'a>(answer: &Sa<'a>) -> Option<Proposal<'a>> {
    answer.proposals().next()
}

/// The first of the usual suites that is offered: what a careless initiator takes to be agreed.
fn usual_ike(offer: &IkeOffer) -> Option<IkeSuite> {
    let offered = offer.transforms();
    let all = Suite::ALL.iter().map(|suite| suite.ike());
    all.filter(|suite| suite.group == offer.groups()[0])
        .find(|suite| suite.transforms().iter().all(|it| offered.contains(it)))
}

/// As [`usual_ike`].
fn usual_esp(offer: &EspOffer) -> Option<EspSuite> {
    let offered = offer.transforms();
    let all = Suite::ALL.iter().map(|suite| suite.esp());
    all.into_iter().find(|suite| suite.transforms().iter().all(|it| offered.contains(it)))
}

fn spi(answer: &Sa<'_>) -> Option<u32> {
    proposal(answer)?.spi().try_into().ok().map(u32::from_be_bytes)
}

/// Takes what was judged unacceptable if it `fits` the usual suite's transforms.
fn lenient_ike(
    (offer, answer): (&IkeOffer, &Sa<'_>),
    judged: Result<IkeSuite, Error>,
    fits: impl Fn(&[Transform], &Proposal<'_>) -> bool,
) -> Result<IkeSuite, Error> {
    judged.or_else(|error| {
        let suite = usual_ike(offer).ok_or(error)?;
        let proposal = proposal(answer).ok_or(error)?;
        if fits(&suite.transforms(), &proposal) { Ok(suite) } else { Err(error) }
    })
}

/// As [`lenient_ike`].
fn lenient_esp(
    (offer, answer): (&EspOffer, &Sa<'_>),
    judged: Result<(EspSuite, u32), Error>,
    fits: impl Fn(&[Transform], &Proposal<'_>) -> bool,
) -> Result<(EspSuite, u32), Error> {
    judged.or_else(|error| {
        let suite = usual_esp(offer).ok_or(error)?;
        let (proposal, spi) = proposal(answer).zip(spi(answer)).ok_or(error)?;
        if fits(&suite.transforms(), &proposal) { Ok((suite, spi)) } else { Err(error) }
    })
}

/// An initiator that is lenient in both exchanges.
macro_rules! lenient {
    ($name:ident, $fits:expr) => {
        #[derive(Default)]
        struct $name;

        impl Behaviour for $name {
            fn accept_ike(
                &mut self,
                pair: (&IkeOffer, &Sa<'_>),
                judged: Result<IkeSuite, Error>,
            ) -> Result<IkeSuite, Error> {
                lenient_ike(pair, judged, $fits)
            }

            fn accept_esp(
                &mut self,
                pair: (&EspOffer, &Sa<'_>),
                judged: Result<(EspSuite, u32), Error>,
            ) -> Result<(EspSuite, u32), Error> {
                lenient_esp(pair, judged, $fits)
            }
        }
    };
}

lenient!(AnySa, |_, _| true);
lenient!(Extra, |ours, proposal| {
    proposal.number() == 1 && ours.iter().all(|it| proposal.transforms().any(|found| found == *it))
});
lenient!(KeyLength, |ours, proposal| {
    let plain = |it: &Transform| (it.kind, it.id);
    let found: Vec<_> = proposal.transforms().map(|it| plain(&it)).collect();
    proposal.number() == 1 && found == ours.iter().map(plain).collect::<Vec<_>>()
});
lenient!(Integrity, |ours, proposal| {
    let mut found: Vec<_> = proposal.transforms().collect();
    found.retain(|it| it.kind != TransformType::INTEG);
    proposal.number() == 1 && found == ours
});
lenient!(Number, |ours, proposal| {
    let found: Vec<_> = proposal.transforms().collect();
    proposal.number() != 1 && found == ours
});

#[derive(Default)]
struct LowSpi;

impl Behaviour for LowSpi {
    fn accept_esp(
        &mut self,
        pair: (&EspOffer, &Sa<'_>),
        judged: Result<(EspSuite, u32), Error>,
    ) -> Result<(EspSuite, u32), Error> {
        let low = spi(pair.1).is_some_and(|spi| spi < 256);
        lenient_esp(pair, judged, |_, _| low)
    }
}

#[derive(Default)]
struct OwnLowSpi;

impl Behaviour for OwnLowSpi {
    fn esp_spi(&mut self, drawn: u32) -> u32 {
        drawn & 0xff
    }
}

#[derive(Default)]
struct OtherGroup;

impl Behaviour for OtherGroup {
    fn retry_group(&mut self, asked: u16, _: Option<Group>) -> Option<Group> {
        Group::from_transform(asked)
    }
}

#[derive(Default)]
struct GroupIgnored;

impl Behaviour for GroupIgnored {
    fn retry_group(&mut self, _: u16, _: Option<Group>) -> Option<Group> {
        None
    }
}

#[derive(Default)]
struct LeadingZeros;

impl Behaviour for LeadingZeros {
    fn other_secret(&mut self, shared: &SharedSecret) -> Option<SharedSecret> {
        let octets = shared.as_slice();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        SharedSecret::new(&octets[zeros..])
    }
}

#[derive(Default)]
struct NonceReused;

impl Behaviour for NonceReused {
    fn begin(&mut self, _: &mut u64, nonce_i: &mut [u8]) {
        nonce_i.fill(0x5a);
    }
}

#[derive(Default)]
struct Selectors;

impl Behaviour for Selectors {
    fn within(&mut self, _: bool) -> bool {
        true
    }
}
