//! Proposals: what is chosen of them, and what is refused.

use super::common::{
    Change, accepts_auth, accepts_init, authenticates, drops_init, makes_none, makes_sa,
    refuses_child, refuses_init, set_sa,
};
use crate::message::{Part, ProposalDraft, TransformDraft, find, sa_part};
use crate::verdict::Outcome;
use crate::{Case, Device, Opened};
use ike_core::payload::Sa;
use ike_core::{EspSuite, IkeSuite, NotifyType, PayloadType, Suite, TransformType};

const REFUSED: NotifyType = NotifyType::NO_PROPOSAL_CHOSEN;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "negotiation/second-proposal",
        &["NG1", "NG2", "NG4", "NG13"],
        second_proposal,
        "offers what nobody has as number 1 and the suite as number 2; looks at SAr1 and Nr",
    ),
    Case::responder(
        "negotiation/second-esp-proposal",
        &["NG1"],
        second_esp_proposal,
        "offers ESP with what nobody has as number 1 and the suite as number 2",
    ),
    Case::responder(
        "negotiation/extra-transforms",
        &["NG2", "NG8"],
        |d| {
            accepts_init(
                d,
                ["NG2", "NG8"],
                &[("unknown transforms beside known ones", |r| {
                    let mut proposal = ike();
                    proposal.transforms.push(TransformDraft::new(TransformType::ENCR, 1023));
                    proposal.transforms.insert(0, TransformDraft::new(TransformType::PRF, 1023));
                    set_sa(r, &[proposal]);
                })],
            )?;
            let answer = d.response.clone();
            demand_chosen(d, answer.as_ref(), &ike())
        },
        "offers unknown transforms beside known ones of the same type; the known ones alone are chosen",
    ),
    Case::responder(
        "negotiation/unknown-type",
        &["NG8"],
        |d| {
            refuses_init(
                d,
                "NG8",
                REFUSED,
                &[("an unknown transform type", |r| {
                    let mut proposal = ike();
                    proposal.transforms.push(TransformDraft::new(TransformType(200), 1));
                    set_sa(r, &[proposal]);
                })],
            )
        },
        "offers one proposal with a transform type that nobody knows",
    ),
    Case::responder(
        "negotiation/nothing-known",
        &["NG2"],
        |d| {
            refuses_init(
                d,
                "NG2",
                REFUSED,
                &[
                    ("an unknown cipher", |r| {
                        let mut proposal = ike();
                        proposal.transform(TransformType::ENCR).id = 1023;
                        set_sa(r, &[proposal]);
                    }),
                    ("an unknown PRF", |r| {
                        let mut proposal = ike();
                        proposal.transform(TransformType::PRF).id = 1023;
                        set_sa(r, &[proposal]);
                    }),
                ],
            )
        },
        "offers algorithms that nobody has",
    ),
    Case::responder(
        "negotiation/missing",
        &["NG6"],
        |d| {
            makes_none(
                d,
                "NG6",
                &[
                    ("no cipher", |r| without(r, TransformType::ENCR)),
                    ("no PRF", |r| without(r, TransformType::PRF)),
                    ("no group", |r| without(r, TransformType::DH)),
                    ("no transform at all", |r| {
                        let mut proposal = ike();
                        proposal.transforms.clear();
                        set_sa(r, &[proposal]);
                    }),
                ],
            )
        },
        "offers proposals that lack a transform type",
    ),
    Case::responder(
        "negotiation/integrity-with-aead",
        &["NG5"],
        |d| {
            makes_none(
                d,
                "NG5",
                &[("an AEAD with an integrity algorithm", |r| {
                    let mut proposal = ike();
                    proposal.transforms.push(TransformDraft::new(TransformType::INTEG, 12));
                    set_sa(r, &[proposal]);
                })],
            )
        },
        "offers an AEAD with an integrity algorithm",
    ),
    Case::responder(
        "negotiation/integrity-none",
        &["NG5"],
        |d| {
            accepts_init(
                d,
                "NG5",
                &[("an AEAD with integrity NONE", |r| {
                    let mut proposal = ike();
                    proposal.transforms.push(TransformDraft::new(TransformType::INTEG, 0));
                    set_sa(r, &[proposal]);
                })],
            )
        },
        "offers an AEAD with integrity NONE",
    ),
    Case::responder(
        "negotiation/key-length",
        &["NG4"],
        |d| {
            makes_none(
                d,
                "NG4",
                &[
                    ("no key length", |r| keys(r, &[])),
                    ("a key length of 127", |r| keys(r, &[127])),
                    ("a key length of 0", |r| keys(r, &[0])),
                ],
            )
        },
        "offers AES with key lengths that it has not",
    ),
    Case::responder(
        "negotiation/sa-lengths",
        &["HD17"],
        |d| {
            drops_init(
                d,
                "HD17",
                &[
                    ("a proposal one octet too long", |r| sa(r, |p| p.length = Some(37))),
                    ("a proposal one octet too short", |r| sa(r, |p| p.length = Some(35))),
                    ("a proposal of length 0", |r| sa(r, |p| p.length = Some(0))),
                    ("a transform too many in the count", |r| sa(r, |p| p.count = Some(9))),
                    ("a transform too few in the count", |r| sa(r, |p| p.count = Some(1))),
                    ("an SPI size beyond the proposal", |r| sa(r, |p| p.spi_size = Some(255))),
                    ("a transform of length 3", |r| sa(r, |p| p.transforms[0].length = Some(3))),
                ],
            )
        },
        "offers with lengths and counts that do not agree",
    ),
    Case::responder(
        "negotiation/reserved",
        &["HD14"],
        |d| {
            accepts_init(
                d,
                "HD14",
                &[("reserved octets of the proposal", |r| {
                    sa(r, |p| {
                        p.reserved = 0xff;
                        p.transforms.iter_mut().for_each(|transform| transform.reserved = 0xff);
                    })
                })],
            )?;
            super::framing::zeros(d, &[PayloadType::SA])
        },
        "sets the reserved octets of proposal and transforms, and looks at those of the answers",
    ),
    Case::responder(
        "negotiation/no-proposal",
        &["NG2"],
        |d| makes_none(d, "NG2", &[("an empty SA payload", |r| set_sa(r, &[]))]),
        "offers no proposal at all",
    ),
    Case::responder(
        "negotiation/esp-spi",
        &["NG9", "ES1"],
        |d| {
            for _ in 0..8 {
                d.restart();
                let answer = d.establish()?;
                let spi = answer.esp_spi();
                let right = spi.is_some_and(|spi| spi > 255);
                let expected = "an ESP SPI of four octets above 255";
                d.demand(["NG9", "ES1"], right, expected, || format!("{spi:02x?}"))?;
            }
            Ok(())
        },
        "looks at the SPIs of eight Child SAs",
    ),
    Case::responder(
        "negotiation/esp-nothing-known",
        &["NG2"],
        esp_nothing_known,
        "offers ESP with a cipher that nobody has, and the IKE SA must stand; then beside the suite's, which is chosen",
    ),
    Case::responder(
        "negotiation/esp-group",
        &["NG7"],
        |d| {
            accepts_auth(
                d,
                "NG7",
                &[("ESP transforms in another order", |r| {
                    let mut proposal = esp(r);
                    proposal.transforms.reverse();
                    set_sa(r, &[proposal]);
                })],
            )?;
            d.restart();
            let answer = d.establish()?;
            let part = find(&answer.parts, PayloadType::SA);
            let view = part.map(Part::view);
            let none = view.as_ref().and_then(|view| Sa::parse(view).ok()).is_some_and(|sa| {
                sa.proposals().all(|proposal| {
                    proposal.transforms().all(|transform| transform.kind != TransformType::DH)
                })
            });
            d.demand("NG7", none, "SAr2 without a group", || answer.summary())
        },
        "looks for a group in the answer to IKE_AUTH",
    ),
];

/// The usual suite: what cases with another setup do not call.
fn ike() -> ProposalDraft {
    let suite: IkeSuite = Suite::default().ike();
    ProposalDraft::ike(&suite)
}

/// With the SPI that the request has: behind the generic header of its one proposal.
fn esp(request: &mut crate::Draft) -> ProposalDraft {
    let suite: EspSuite = Suite::default().esp();
    let body = &request.part(PayloadType::SA).body;
    let spi = body.get(8..12).and_then(|spi| spi.try_into().ok()).unwrap_or_default();
    ProposalDraft::esp(&suite, u32::from_be_bytes(spi))
}

fn sa(request: &mut crate::Draft, change: fn(&mut ProposalDraft)) {
    let mut proposal = ike();
    change(&mut proposal);
    set_sa(request, &[proposal]);
}

fn without(request: &mut crate::Draft, kind: TransformType) {
    let mut proposal = ike();
    proposal.remove(kind);
    set_sa(request, &[proposal]);
}

fn keys(request: &mut crate::Draft, bits: &[u16]) {
    let mut proposal = ike();
    let transform = proposal.transform(TransformType::ENCR);
    *transform = TransformDraft::new(transform.kind, transform.id);
    for bits in bits {
        *transform = transform.clone().key_length(*bits);
    }
    set_sa(request, &[proposal]);
}

/// The number of the first proposal of an SA body.
fn chosen(body: &[u8]) -> u8 {
    body.get(4).copied().unwrap_or(0)
}

fn second_proposal(device: &mut Device) -> Outcome {
    let mut request = device.init_request();
    let mut first = ike();
    first.transform(TransformType::ENCR).id = 1023;
    let second = ProposalDraft { number: 2, ..ike() };
    set_sa(&mut request, &[first, second.clone()]);
    device.send_init(&request)?;
    let answer = device.clear_answer();
    makes_sa(device, "NG2", "two proposals", answer.as_ref())?;
    let Some(answer) = answer else { return Ok(()) };
    let body = answer.body(PayloadType::SA).unwrap_or_default();
    let number = chosen(body);
    device.demand("NG1", number == 2, "proposal number 2", || number.to_string())?;
    let offered = device.setup.suite.ike().transforms().iter().find_map(|it| it.key_length);
    let length = key_length(&answer);
    let expected = format!("a Key Length of {offered:?}");
    device.demand("NG4", length == offered, &expected, || format!("{length:?}"))?;
    let wanted = sa_part(&[second]).body;
    device.demand_same("NG2", "the accepted proposal as it was offered", (&wanted, body))?;
    let nonce = answer.body(PayloadType::NONCE).unwrap_or_default().len();
    let fits = (16..=256).contains(&nonce);
    device.demand("NG13", fits, "a nonce of 16 to 256 octets", || format!("{nonce} octets"))
}

/// The answer must have one proposal, with the transforms of the one that is acceptable and no others.
fn demand_chosen(
    device: &mut Device,
    answer: Option<&Opened>,
    acceptable: &ProposalDraft,
) -> Outcome {
    let part = answer.and_then(|answer| find(&answer.parts, PayloadType::SA));
    let chosen = part.map(ProposalDraft::all_of).unwrap_or_default();
    let right = matches!(&chosen[..], [one] if one.sorted() == acceptable.sorted());
    let expected = format!("{:?} alone", acceptable.sorted());
    let found = || format!("{:?}", chosen.iter().map(ProposalDraft::sorted).collect::<Vec<_>>());
    device.demand("NG2", right, &expected, found)
}

fn esp_nothing_known(device: &mut Device) -> Outcome {
    let unknown: Change = ("an unknown ESP cipher", |request| {
        let mut proposal = esp(request);
        proposal.transform(TransformType::ENCR).id = 1023;
        set_sa(request, &[proposal]);
    });
    refuses_child(device, "NG2", REFUSED, &[unknown])?;
    device.restart();
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let acceptable = esp(&mut request);
    let mut proposal = acceptable.clone();
    proposal.transforms.insert(0, TransformDraft::new(TransformType::ENCR, 1023));
    set_sa(&mut request, &[proposal]);
    let answer = authenticates(device, "NG2", ("an unknown ESP cipher beside ours", &request))?;
    demand_chosen(device, Some(&answer), &acceptable)
}

fn key_length(answer: &Opened) -> Option<u16> {
    let view = find(&answer.parts, PayloadType::SA)?.view();
    let sa = Sa::parse(&view).ok()?;
    sa.proposals().next()?.transforms().find_map(|transform| transform.key_length)
}

fn second_esp_proposal(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let mut first = esp(&mut request);
    let second = ProposalDraft { number: 2, ..first.clone() };
    first.transform(TransformType::ENCR).id = 1023;
    set_sa(&mut request, &[first, second]);
    let answer = authenticates(device, "NG1", ("two ESP proposals", &request))?;
    let number = chosen(answer.body(PayloadType::SA).unwrap_or_default());
    device.demand("NG1", number == 2, "proposal number 2", || number.to_string())
}
