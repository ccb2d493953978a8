//! Proposals, key exchange, nonces, cookies.

use super::common::{
    accepts_auth, accepts_init, authenticates, drops_init, is_only, makes_none, makes_sa,
    refuses_child, refuses_init, set_sa,
};
use crate::message::{Part, ProposalDraft, TransformDraft};
use crate::verdict::Outcome;
use crate::{Case, Device, Setup};
use ike_core::payload::Sa;
use ike_core::{EspSuite, IkeSuite, NotifyType, PayloadType, Suite, TransformType};

const REFUSED: NotifyType = NotifyType::NO_PROPOSAL_CHOSEN;

pub(super) const CASES: &[Case] = &[
    Case::responder(
        "negotiation/second-proposal",
        &["NG1", "NG2"],
        second_proposal,
        "offers what nobody has as number 1 and the suite as number 2",
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
            for id in ["NG2", "NG8"] {
                accepts_init(
                    d,
                    id,
                    &[("unknown transforms beside known ones", |r| {
                        let mut proposal = ike();
                        proposal.transforms.push(TransformDraft::new(TransformType::ENCR, 1023));
                        proposal
                            .transforms
                            .insert(0, TransformDraft::new(TransformType::PRF, 1023));
                        set_sa(r, &[proposal]);
                    })],
                )?;
            }
            Ok(())
        },
        "offers unknown transforms beside known ones of the same type",
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
                    ("a proposal one octet too long", |r| sa(r, |p| p.length = Some(45))),
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
            )
        },
        "sets the reserved octets of proposal and transforms",
    ),
    Case::responder(
        "negotiation/no-proposal",
        &["NG2"],
        |d| makes_none(d, "NG2", &[("an empty SA payload", |r| set_sa(r, &[]))]),
        "offers no proposal at all",
    ),
    Case::responder(
        "negotiation/esp-spi",
        &["ES1"],
        |d| {
            for _ in 0..8 {
                d.restart();
                let answer = d.establish()?;
                let spi = chosen(answer.body(PayloadType::SA).unwrap_or_default()).1;
                let small = spi.len() != 4 || spi[..3] == [0, 0, 0];
                d.demand("ES1", !small, "an SPI above 255", || format!("{spi:02x?}"))?;
            }
            Ok(())
        },
        "looks at the SPIs of eight Child SAs",
    ),
    Case::responder(
        "negotiation/esp-nothing-known",
        &["NG2"],
        |d| {
            refuses_child(
                d,
                "NG2",
                REFUSED,
                &[("an unknown ESP cipher", |r| {
                    let mut proposal = esp();
                    proposal.transform(TransformType::ENCR).id = 1023;
                    set_sa(r, &[proposal]);
                })],
            )
        },
        "offers ESP with a cipher that nobody has; the IKE SA must stand",
    ),
    Case::responder(
        "negotiation/esp-group",
        &["NG7"],
        |d| {
            accepts_auth(
                d,
                "NG7",
                &[("ESP transforms in another order", |r| {
                    let mut proposal = esp();
                    proposal.transforms.reverse();
                    set_sa(r, &[proposal]);
                })],
            )?;
            d.restart();
            let answer = d.establish()?;
            let body = answer.body(PayloadType::SA).unwrap_or_default().to_vec();
            let part = Part::raw(PayloadType::SA, &body);
            let view = part.view();
            let group = Sa::parse(&view).is_ok_and(|sa| {
                sa.proposals().any(|proposal| {
                    proposal.transforms().any(|transform| transform.kind == TransformType::DH)
                })
            });
            d.demand("NG7", !group, "no group in SAr2", || "a group".into())
        },
        "looks for a group in the answer to IKE_AUTH",
    ),
    Case::responder(
        "ke/other-group",
        &["NG10"],
        |d| {
            d.restart();
            let mut request = d.init_request();
            let group = d.setup.suite.ike().group.transform_id();
            let body = &mut request.part(PayloadType::KE).body;
            body[..2].copy_from_slice(&14_u16.to_be_bytes());
            body.resize(4 + 256, 7);
            d.send_init(&request)?;
            let answer = d.clear_answer();
            let kind = NotifyType::INVALID_KE_PAYLOAD;
            is_only(d, "NG10", ("KE of a group that was not offered", answer.as_ref()), kind)?;
            let data = answer.and_then(|answer| answer.notify(kind)).unwrap_or_default();
            d.demand_same("NG10", "the group that is wanted", (&group.to_be_bytes(), &data))
        },
        "sends KE of a group that the proposal has not",
    ),
    Case::responder(
        "ke/length",
        &["NG10"],
        |d| {
            makes_none(
                d,
                "NG10",
                &[
                    ("a public value one octet too short", |r| {
                        r.part(PayloadType::KE).body.pop();
                    }),
                    ("a public value one octet too long", |r| r.part(PayloadType::KE).body.push(1)),
                    ("an empty public value", |r| r.part(PayloadType::KE).body.truncate(4)),
                ],
            )
        },
        "sends public values of wrong lengths",
    ),
    Case::responder(
        "ke/x25519-zero",
        &["NG14"],
        |d| {
            makes_none(
                d,
                "NG14",
                &[
                    ("public value 0", |r| value(r, |v| v.fill(0))),
                    ("public value 1", |r| {
                        value(r, |v| {
                            v.fill(0);
                            v[0] = 1;
                        })
                    }),
                    ("public value p", |r| {
                        value(r, |v| {
                            v.fill(0xff);
                            v[0] = 0xed;
                            v[31] = 0x7f;
                        })
                    }),
                ],
            )
        },
        "sends Curve25519 values whose shared secret is all zero",
    ),
    Case::responder(
        "ke/p256-off-curve",
        &["NG14"],
        |d| {
            makes_none(
                d,
                "NG14",
                &[
                    ("the point 0, 0", |r| value(r, |v| v.fill(0))),
                    ("a point not on the curve", |r| value(r, |v| v[63] ^= 1)),
                    ("coordinates beyond the prime", |r| value(r, |v| v.fill(0xff))),
                ],
            )
        },
        "sends ECP values that are no points",
    )
    .with(p256),
    Case::responder(
        "ke/modp-bounds",
        &["NG14"],
        |d| {
            makes_none(
                d,
                "NG14",
                &[
                    ("public value 0", |r| value(r, |v| v.fill(0))),
                    ("public value 1", |r| {
                        value(r, |v| {
                            v.fill(0);
                            v[255] = 1;
                        })
                    }),
                    ("a public value beyond the prime", |r| value(r, |v| v.fill(0xff))),
                ],
            )
        },
        "sends MODP values 0, 1 and beyond the prime",
    )
    .with(modp),
    Case::responder(
        "ke/handshake-p256",
        &["AU1"],
        |d| accepts_init(d, "AU1", &[("the book with 256-bit ECP", |_| {})]),
        "connects with 256-bit ECP",
    )
    .with(p256),
    Case::responder(
        "ke/handshake-modp",
        &["AU1"],
        |d| accepts_init(d, "AU1", &[("the book with 2048-bit MODP and CBC", |_| {})]),
        "connects with 2048-bit MODP and CBC",
    )
    .with(modp),
    Case::responder(
        "nonce/shortest",
        &["NG13"],
        |d| nonce(d, 16, true),
        "sends a nonce of 16 octets",
    ),
    Case::responder(
        "nonce/longest",
        &["NG13"],
        |d| nonce(d, 256, true),
        "sends a nonce of 256 octets",
    ),
    Case::responder(
        "nonce/too-short",
        &["NG13"],
        |d| nonce(d, 15, false),
        "sends a nonce of 15 octets",
    ),
    Case::responder(
        "nonce/too-long",
        &["NG13"],
        |d| nonce(d, 257, false),
        "sends a nonce of 257 octets",
    ),
    Case::responder(
        "nonce/fresh",
        &["NG13", "HD2"],
        fresh,
        "looks for nonces and SPIs that repeat in eight attempts",
    ),
    Case::responder(
        "cookie/asked",
        &["NG16"],
        cookie_asked,
        "a responder under load asks for a cookie of 1 to 64 octets under SPI zero",
    )
    .with(cookies),
    Case::responder(
        "cookie/wrong",
        &["NG17"],
        cookie_wrong,
        "returns a wrong cookie and an empty one",
    )
    .with(cookies),
    Case::responder(
        "cookie/right",
        &["NG16"],
        |d| {
            d.reach_auth()?;
            let request = d.auth_request()?;
            authenticates(d, "NG16", ("a cookie that came back", &request)).map(|_| ())
        },
        "returns the cookie; AUTH covers the request that has it",
    )
    .with(cookies),
    Case::responder(
        "status/nat-detection",
        &["NT1"],
        |d| {
            accepts_init(
                d,
                "NT1",
                &[("notifies of NAT detection", |r| {
                    r.parts.push(Part::notify(NotifyType::NAT_DETECTION_SOURCE_IP, &[1; 20]));
                    r.parts.push(Part::notify(NotifyType::NAT_DETECTION_DESTINATION_IP, &[2; 20]));
                })],
            )
        },
        "sends notifies of NAT detection that match nothing",
    ),
    Case::responder(
        "status/unknown",
        &["HD16"],
        |d| {
            accepts_init(
                d,
                "HD16",
                &[
                    ("an unknown status", |r| r.parts.push(Part::notify(NotifyType(40_000), b"x"))),
                    ("an unknown error", |r| r.parts.push(Part::notify(NotifyType(8_000), b"x"))),
                ],
            )?;
            accepts_auth(
                d,
                "HD16",
                &[
                    ("an unknown status", |r| {
                        r.payloads().push(Part::notify(NotifyType(40_000), b"x"))
                    }),
                    ("an unknown error", |r| {
                        r.payloads().push(Part::notify(NotifyType(8_000), b"x"))
                    }),
                ],
            )
        },
        "sends unknown notifies in both requests",
    ),
    Case::responder(
        "status/fragmentation",
        &["FR1"],
        |d| accepts_init(d, "FR1", &[("no word of fragmentation", |_| {})]),
        "says nothing of fragmentation; answers must be whole",
    ),
    Case::responder(
        "status/signature-hashes",
        &["SG2"],
        |d| {
            accepts_init(
                d,
                "SG2",
                &[("SIGNATURE_HASH_ALGORITHMS", |r| {
                    r.parts.push(Part::notify(NotifyType(16_431), &[0, 2]));
                })],
            )
        },
        "sends SIGNATURE_HASH_ALGORITHMS",
    ),
];

fn p256(setup: &mut Setup) {
    setup.suite = Suite::AesGcmP256;
}

fn modp(setup: &mut Setup) {
    setup.suite = Suite::AesCbcModp2048;
}

fn cookies(setup: &mut Setup) {
    setup.cookies = true;
}

/// The usual suite: what cases with another setup do not call.
fn ike() -> ProposalDraft {
    let suite: IkeSuite = Suite::default().ike();
    ProposalDraft::ike(&suite)
}

fn esp() -> ProposalDraft {
    let suite: EspSuite = Suite::default().esp();
    ProposalDraft::esp(&suite, 0xc0ff_ee02)
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

fn value(request: &mut crate::Draft, change: fn(&mut [u8])) {
    change(&mut request.part(PayloadType::KE).body[4..]);
}

/// Number and SPI of the first proposal of an SA body.
fn chosen(body: &[u8]) -> (u8, Vec<u8>) {
    let spi = body.get(6).map_or(0, |size| usize::from(*size));
    (body.get(4).copied().unwrap_or(0), body.get(8..8 + spi).unwrap_or_default().to_vec())
}

fn second_proposal(device: &mut Device) -> Outcome {
    device.restart();
    let mut request = device.init_request();
    let mut first = ike();
    first.transform(TransformType::ENCR).id = 1023;
    set_sa(&mut request, &[first, ProposalDraft { number: 2, ..ike() }]);
    device.send_init(&request)?;
    let answer = device.clear_answer();
    makes_sa(device, "NG2", "two proposals", answer.as_ref())?;
    let body = answer.and_then(|answer| answer.body(PayloadType::SA).map(<[u8]>::to_vec));
    let number = chosen(&body.unwrap_or_default()).0;
    device.demand("NG1", number == 2, "proposal number 2", || number.to_string())
}

fn second_esp_proposal(device: &mut Device) -> Outcome {
    device.reach_auth()?;
    let mut request = device.auth_request()?;
    let mut first = esp();
    first.transform(TransformType::ENCR).id = 1023;
    set_sa(&mut request, &[first, ProposalDraft { number: 2, ..esp() }]);
    let answer = authenticates(device, "NG1", ("two ESP proposals", &request))?;
    let number = chosen(answer.body(PayloadType::SA).unwrap_or_default()).0;
    device.demand("NG1", number == 2, "proposal number 2", || number.to_string())
}

fn nonce(device: &mut Device, octets: usize, good: bool) -> Outcome {
    device.restart();
    device.nonce = device.random(octets);
    let request = device.init_request();
    device.send_init(&request)?;
    let answer = device.clear_answer();
    if good {
        makes_sa(device, "NG13", "the nonce", answer.as_ref())?;
        let request = device.auth_request()?;
        return authenticates(device, "NG13", ("the nonce", &request)).map(|_| ());
    }
    let made = answer.as_ref().is_some_and(|answer| answer.body(PayloadType::KE).is_some());
    device.demand("NG13", !made, "no SA with that nonce", || "an SA".into())
}

fn fresh(device: &mut Device) -> Outcome {
    let (mut nonces, mut spis) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        device.restart();
        device.reach_auth()?;
        let sa = device.sa()?;
        let (nonce, spi) = (sa.nonces.1.clone(), sa.spis.1);
        device.demand("NG13", !nonces.contains(&nonce), "a new nonce", || "an old one".into())?;
        device.demand("HD2", !spis.contains(&spi), "a new SPI", || "an old one".into())?;
        nonces.push(nonce);
        spis.push(spi);
    }
    Ok(())
}

fn cookie_asked(device: &mut Device) -> Outcome {
    let request = device.init_request();
    device.send_init(&request)?;
    let answer = device.clear_answer();
    is_only(device, "NG16", ("no cookie", answer.as_ref()), NotifyType::COOKIE)?;
    let Some(answer) = answer else { return Ok(()) };
    let length = answer.notify(NotifyType::COOKIE).map_or(0, |cookie| cookie.len());
    let fits = (1..=64).contains(&length);
    device.demand("NG16", fits, "a cookie of 1 to 64 octets", || length.to_string())?;
    let spi = answer.header.spi_r.0;
    device.demand("NG16", spi == 0, "SPI zero of the responder", || format!("{spi:#x}"))
}

fn cookie_wrong(device: &mut Device) -> Outcome {
    for cookie in [&b"wrong"[..], &[7; 64]] {
        device.restart();
        let mut request = device.init_request();
        request.parts.insert(0, Part::notify(NotifyType::COOKIE, cookie));
        device.send_init(&request)?;
        let answer = device.clear_answer();
        is_only(device, "NG17", ("a wrong cookie", answer.as_ref()), NotifyType::COOKIE)?;
    }
    Ok(())
}
