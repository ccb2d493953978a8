//! What a device takes for an answer to its offer.

use super::common::{
    Change, FULL, ProposalDraft, accepts_init, afresh, is_up, refuses_each_auth, refuses_each_init,
    set_sa,
};
use super::cookies::another;
use crate::levels;
use crate::message::{Part, SelectorDraft, TransformDraft, find, ts_part};
use crate::peer::{CHILD_SPI, Opened};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Draft, Gateway};
use core::net::Ipv4Addr;
use crypto::Group;
use ike_core::{NotifyType, PayloadType, ProtocolId, Suite, TransformType};
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "negotiating/ike",
        &["NG1", "NG3", "NG4", "NG5"],
        ike,
        "looks at numbers and key lengths of SAi1, and answers with others and with other transforms",
    ),
    Case::initiator(
        "negotiating/esp",
        &["NG3", "NG4", "NG9", "ES1"],
        esp,
        "looks at the key lengths of SAi2, and answers with others, other transforms and SPIs",
    ),
    Case::initiator(
        "negotiating/other-ike",
        &["NG3"],
        |gateway| refuses_each_init(gateway, "NG3", OTHER_IKE),
        "answers SAi1 with two proposals, none, one that has an SPI, and one for ESP",
    ),
    Case::initiator(
        "negotiating/other-child",
        &["NG3"],
        |gateway| refuses_each_auth(gateway, "NG3", OTHER_CHILD),
        "answers SAi2 with another cipher, AH, two proposals, and SPIs of two and eight octets",
    ),
    Case::initiator(
        "negotiating/group",
        &["NG11"],
        group,
        "asks for a group that was not offered, then for one that was, which comes with the whole offer",
    )
    .only(FULL)
    .with(|setup| setup.groups = vec![Group::Ecp256]),
    Case::initiator(
        "negotiating/ke",
        &["NG10"],
        |gateway| refuses_each_init(gateway, "NG10", OTHER_KE),
        "answers with a KE payload of another group's name, and of other lengths",
    ),
    Case::initiator(
        "negotiating/x25519-zero",
        &["NG14"],
        |gateway| refuses_each_init(gateway, "NG14", ZERO_SECRETS),
        "answers with Curve25519 values whose shared secret is all zero",
    ),
    Case::initiator(
        "negotiating/chacha20",
        &["CC1"],
        chacha20,
        "looks at the proposals for IKE and ESP, and connects with ChaCha20-Poly1305, whose transform has no Key Length",
    )
    .with(|setup| setup.suite = Suite::ChaCha20X25519),
    Case::initiator(
        "negotiating/leading-zeros",
        &["NG21"],
        leading_zeros,
        "agrees on a shared secret that starts with a zero octet",
    )
    .with(|setup| setup.suite = Suite::AesGcmP256),
    Case::initiator(
        "negotiating/selectors",
        &["TS2"],
        selectors,
        "answers with wider selectors, on either side",
    ),
    Case::initiator(
        "negotiating/other-selectors",
        &["TS2"],
        |gateway| refuses_each_auth(gateway, "TS2", OTHER_SELECTORS),
        "answers with selectors of another address, of an unknown type, and with none",
    ),
];

/// The proposal of a lawful answer.
fn accepted(draft: &mut Draft) -> ProposalDraft {
    let mut all = ProposalDraft::all_of(draft.part(PayloadType::SA));
    all.pop().expect("a lawful answer has a proposal")
}

fn set_ike(draft: &mut Draft, change: impl FnOnce(&mut ProposalDraft)) {
    let mut proposal = accepted(draft);
    change(&mut proposal);
    set_sa(draft, &[proposal]);
}

fn set_esp(draft: &mut Draft, spi: u32, change: impl FnOnce(&mut ProposalDraft)) {
    set_ike(draft, |proposal| {
        proposal.spi = spi.to_be_bytes().to_vec();
        change(proposal);
    });
}

/// A length that AES has and nobody here offers.
fn longer_key(proposal: &mut ProposalDraft) {
    let id = proposal.transform(TransformType::ENCR).id;
    *proposal.transform(TransformType::ENCR) =
        TransformDraft::new(TransformType::ENCR, id).key_length(192);
}

/// RFC 7296 3.3.1: the first is 1, and each other one more than the one before.
fn demand_numbers(gateway: &mut Gateway, offered: &[ProposalDraft]) -> Outcome {
    let numbers: Vec<u8> = offered.iter().map(|proposal| proposal.number).collect();
    let right = !numbers.is_empty() && numbers.iter().copied().eq((1..).take(numbers.len()));
    gateway.demand("NG1", right, "proposals that count from 1", || format!("{numbers:?}"))
}

/// The ciphers of all key lengths are offered with one, those of a fixed length without (RFC 7296 3.3.5).
fn demand_key_lengths(gateway: &mut Gateway, offered: &[ProposalDraft]) -> Outcome {
    let all = offered.iter().flat_map(|proposal| &proposal.transforms);
    for transform in all.filter(|transform| transform.kind == TransformType::ENCR) {
        let Some(wants) = levels::has_key_length(transform) else { continue };
        let expected = if wants { "a Key Length" } else { "no Key Length" };
        let has = !transform.attributes.is_empty();
        gateway.demand("NG4", has == wants, expected, || format!("{transform:?}"))?;
    }
    Ok(())
}

fn offered(said: Option<&Opened>) -> Vec<ProposalDraft> {
    let part = said.and_then(|said| find(&said.parts, PayloadType::SA));
    part.map(ProposalDraft::all_of).unwrap_or_default()
}

fn ike(gateway: &mut Gateway) -> Outcome {
    let asked = offered(Some(&afresh(gateway)?));
    demand_numbers(gateway, &asked)?;
    demand_key_lengths(gateway, &asked)?;
    let number: &[Change] = &[("proposal number 2", |it| set_ike(it, |sa| sa.number = 2))];
    refuses_each_init(gateway, "NG1", number)?;
    let extra: &[Change] = &[
        ("two PRFs", |it| {
            set_ike(it, |sa| sa.transforms.push(TransformDraft::new(TransformType::PRF, 2)));
        }),
        ("no PRF", |it| set_ike(it, |sa| sa.remove(TransformType::PRF))),
        ("another PRF", |it| set_ike(it, |sa| sa.transform(TransformType::PRF).id = 7)),
    ];
    refuses_each_init(gateway, "NG3", extra)?;
    let key: &[Change] = &[
        ("a key of 192 bits", |it| set_ike(it, longer_key)),
        ("no Key Length", |it| {
            set_ike(it, |sa| sa.transform(TransformType::ENCR).attributes.clear());
        }),
    ];
    refuses_each_init(gateway, "NG4", key)?;
    let integrity: &[Change] = &[("an integrity transform beside an AEAD", |it| {
        set_ike(it, |sa| sa.transforms.push(TransformDraft::new(TransformType::INTEG, 12)));
    })];
    refuses_each_init(gateway, "NG5", integrity)
}

/// Extended sequence numbers (RFC 7296 3.3.2).
const ESN: u16 = 1;

/// Whether the latest IKE_AUTH request proposes extended sequence numbers.
fn proposes_esn(gateway: &Gateway) -> bool {
    let transforms = offered(gateway.asked.as_ref());
    let mut transforms = transforms.iter().flat_map(|proposal| &proposal.transforms);
    transforms.any(|transform| transform.kind == TransformType::ESN && transform.id == ESN)
}

fn esp(gateway: &mut Gateway) -> Outcome {
    let asked = offered(Some(&gateway.reach_auth()?));
    demand_key_lengths(gateway, &asked)?;
    if !proposes_esn(gateway) {
        let esn: Change =
            ("ESN", |it| set_esp(it, CHILD_SPI, |sa| sa.transform(TransformType::ESN).id = ESN));
        refuses_each_auth(gateway, "NG3", &[esn])?;
    }
    let none: Change =
        ("no ESN transform", |it| set_esp(it, CHILD_SPI, |sa| sa.remove(TransformType::ESN)));
    refuses_each_auth(gateway, "NG3", &[none])?;
    let key: &[Change] = &[("a key of 192 bits", |it| set_esp(it, CHILD_SPI, longer_key))];
    refuses_each_auth(gateway, "NG4", key)?;
    let low: &[Change] = &[
        ("an ESP SPI of zero", |it| set_esp(it, 0, |_| {})),
        ("an ESP SPI of 255", |it| set_esp(it, 255, |_| {})),
    ];
    refuses_each_auth(gateway, ["NG9", "ES1"], low)
}

/// What is no answer to an offer for the IKE SA, whatever its transforms.
const OTHER_IKE: &[Change] = &[
    ("two proposals", |it| {
        let first = accepted(it);
        let second = ProposalDraft { number: 2, ..first.clone() };
        set_sa(it, &[first, second]);
    }),
    ("no proposal", |it| set_sa(it, &[])),
    ("a proposal with an SPI of eight octets", |it| set_ike(it, |sa| sa.spi = vec![7; 8])),
    ("a proposal for ESP", |it| set_ike(it, |sa| sa.protocol = ProtocolId::ESP)),
];

/// What is no answer to an offer of ESP with one suite.
const OTHER_CHILD: &[Change] = &[
    ("a cipher that was not offered", |it| {
        let mut proposal = ProposalDraft::esp(&Suite::ChaCha20X25519.esp(), CHILD_SPI);
        proposal.number = 1;
        set_sa(it, &[proposal]);
    }),
    ("AH in the place of ESP", |it| {
        set_esp(it, CHILD_SPI, |sa| sa.protocol = ProtocolId::AH);
    }),
    ("two proposals for ESP", |it| {
        let first = accepted(it);
        let second = ProposalDraft { number: 2, ..first.clone() };
        set_sa(it, &[first, second]);
    }),
    ("an ESP SPI of two octets", |it| set_esp(it, CHILD_SPI, |sa| sa.spi.truncate(2))),
    ("an ESP SPI of eight octets", |it| {
        set_esp(it, CHILD_SPI, |sa| sa.spi.extend([0; 4]));
    }),
];

const OTHER_KE: &[Change] = &[
    ("KE that names 256-bit ECP", |it| {
        let group = Group::Ecp256.transform_id().to_be_bytes();
        it.part(PayloadType::KE).body[..2].copy_from_slice(&group);
    }),
    ("a public value one octet too short", |it| {
        it.part(PayloadType::KE).body.pop();
    }),
    ("a public value one octet too long", |it| it.part(PayloadType::KE).body.push(1)),
    ("an empty public value", |it| it.part(PayloadType::KE).body.truncate(4)),
];

/// Values of small order, little-endian: what they come to with any key is zero (RFC 7748 6.1).
const ZERO_SECRETS: &[Change] = &[
    ("public value 0", |it| it.part(PayloadType::KE).body[4..].fill(0)),
    ("public value 1", |it| {
        let value = &mut it.part(PayloadType::KE).body[4..];
        value.fill(0);
        value[0] = 1;
    }),
    ("public value p", |it| {
        let value = &mut it.part(PayloadType::KE).body[4..];
        value.fill(0xff);
        (value[0], value[31]) = (0xed, 0x7f);
    }),
];

fn ke_group(request: &Opened) -> Option<u16> {
    let ke = request.body(PayloadType::KE)?;
    Some(u16::from_be_bytes([*ke.first()?, *ke.get(1)?]))
}

fn ask_for(gateway: &mut Gateway, group: u16) -> Outcome {
    let notify = Part::notify(NotifyType::INVALID_KE_PAYLOAD, &group.to_be_bytes());
    let octets = gateway.init_refusal(notify)?.octets(None);
    gateway.send(&octets)
}

/// The transforms of all proposals, in no order: what has the wanted group may come to the front.
fn whole(request: &Opened) -> BTreeSet<Vec<(TransformType, u16, Vec<u8>)>> {
    offered(Some(request)).iter().map(ProposalDraft::sorted).collect()
}

fn group(gateway: &mut Gateway) -> Outcome {
    let first = gateway.wake()?;
    ask_for(gateway, Group::Modp2048.transform_id())?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    // The request as it was may come again meanwhile.
    let groups: Vec<u16> =
        packets.iter().filter_map(|packet| ke_group(&Opened::clear(packet)?)).collect();
    let retries = groups.contains(&Group::Modp2048.transform_id());
    let found = || format!("requests in groups {groups:?}");
    gateway.demand("NG11", !retries, "no retry with a group not offered", found)?;
    let wanted = Group::Ecp256.transform_id();
    ask_for(gateway, wanted)?;
    let again = another(gateway, &first)?;
    let found = again.as_ref().and_then(ke_group);
    let right = found == Some(wanted);
    gateway.demand("NG11", right, "a retry in group 19", || format!("{found:?}"))?;
    let (before, after) = (whole(&first), again.as_ref().map(whole).unwrap_or_default());
    let expected = format!("the whole offer again, {before:?}");
    gateway.demand("NG11", before == after, &expected, || format!("{after:?}"))?;
    let answer = gateway.init_answer()?;
    accepts_init(gateway, "NG11", ("the answer in group 19", &answer))
}

fn chacha20(gateway: &mut Gateway) -> Outcome {
    let init = gateway.wake()?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    let asked = gateway.expect_auth()?;
    for opened in [&init, &asked] {
        gateway.demand_plain_chacha20("CC1", opened)?;
    }
    let answer = gateway.auth_answer()?;
    gateway.send_draft(&answer)?;
    is_up(gateway, "CC1", "ChaCha20-Poly1305")
}

/// So many keys are tried; one in 256 has what is looked for.
const TRIES: usize = 4_096;

fn leading_zeros(gateway: &mut Gateway) -> Outcome {
    gateway.wake()?;
    for _ in 0..TRIES {
        let answer = gateway.init_answer()?;
        if gateway.shared_secret().is_some_and(|shared| shared.as_slice()[0] == 0) {
            return accepts_init(gateway, "NG21", ("a secret with a leading zero", &answer));
        }
    }
    Err(Stop::Inconclusive(format!("no leading zero in {TRIES} shared secrets")))
}

fn selectors(gateway: &mut Gateway) -> Outcome {
    let changes: &[Change] = &[
        ("all addresses for TSi", |it| set_ts(it, PayloadType::TSI, &everything())),
        ("all addresses for TSr", |it| set_ts(it, PayloadType::TSR, &everything())),
        ("all addresses up to what was proposed for TSi", |it| widen(it, PayloadType::TSI, 0)),
        ("all addresses from what was proposed for TSr on", |it| widen(it, PayloadType::TSR, 1)),
    ];
    refuses_each_auth(gateway, "TS2", changes)
}

/// Has the first selector of one side begin with the lowest address, or end with the highest.
fn widen(draft: &mut Draft, whose: PayloadType, end: usize) {
    let mut selectors = SelectorDraft::of(draft.part(whose));
    if let Some(first) = selectors.first_mut() {
        let half = first.range.len() / 2;
        let (octets, bound) = [(0..half, 0), (half..2 * half, 0xff)][end].clone();
        first.range[octets].fill(bound);
    }
    set_ts(draft, whose, &selectors);
}

/// What is no part of a proposal of one address for each side.
const OTHER_SELECTORS: &[Change] = &[
    ("another address for TSi", |it| set_ts(it, PayloadType::TSI, &elsewhere())),
    ("another address for TSr", |it| set_ts(it, PayloadType::TSR, &elsewhere())),
    ("a selector of an unknown type for TSr", |it| {
        let unknown = SelectorDraft { kind: 99, range: vec![0; 8], ..everything()[0].clone() };
        set_ts(it, PayloadType::TSR, &[unknown]);
    }),
    ("no selector for TSr", |it| set_ts(it, PayloadType::TSR, &[])),
];

fn elsewhere() -> [SelectorDraft; 1] {
    let address = Ipv4Addr::new(203, 0, 113, 250);
    [SelectorDraft::v4(address, address)]
}

fn set_ts(draft: &mut Draft, whose: PayloadType, selectors: &[SelectorDraft]) {
    *draft.part(whose) = ts_part(whose, selectors);
}

fn everything() -> [SelectorDraft; 1] {
    [SelectorDraft::v4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST)]
}
