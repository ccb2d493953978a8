extern crate std;
use super::*;
use crate::payload::{Body, Payload, ProposalRepr, SaRepr};
use crate::{PayloadType, Suite};
use rstest::rstest;
use std::vec;
use std::vec::Vec;

const PRF: Transform = Transform::new(TransformType::PRF, 5);
const INTEG: Transform = Transform::new(TransformType::INTEG, 12);
const INTEG_NONE: Transform = Transform::new(TransformType::INTEG, 0);
const X25519: Transform = Transform::new(TransformType::DH, 31);
const P256: Transform = Transform::new(TransformType::DH, 19);
const DH_NONE: Transform = Transform::new(TransformType::DH, 0);
const NO_ESN: Transform = Transform::new(TransformType::ESN, 0);
const ESN: Transform = Transform::new(TransformType::ESN, 1);
const CHACHA: Transform = Transform::encryption(Encryption::ChaCha20Poly1305);
const GCM: Transform = Transform::encryption(Encryption::AesGcm16_128);
const CBC: Transform = Transform::encryption(Encryption::AesCbc128);
const GCM_256: Transform = Transform { key_length: Some(256), ..GCM };
const GCM_BARE: Transform = Transform { key_length: None, ..GCM };
const CHACHA_256: Transform = Transform { key_length: Some(256), ..CHACHA };
const PRF_128: Transform = Transform { key_length: Some(128), ..PRF };
const UNKNOWN_TYPE: Transform = Transform::new(TransformType(6), 0);
const SPI: &[u8] = &[0, 0, 1, 0];

fn proposal<'a>(
    number: u8,
    protocol: ProtocolId,
    spi: &'a [u8],
    transforms: &'a [Transform],
) -> ProposalRepr<'a> {
    ProposalRepr { number, protocol, spi, transforms }
}

/// Hands over the parsed SA payload of these proposals.
fn with_sa<T>(proposals: &[ProposalRepr<'_>], use_it: impl FnOnce(&Sa<'_>) -> T) -> T {
    let repr = SaRepr(proposals);
    let mut body = vec![0; repr.body_len()];
    repr.emit(&mut body);
    let (kind, next) = (PayloadType::SA, PayloadType::NONE);
    let payload = Payload { kind, critical: false, next, body: &body, offset: 0 };
    use_it(&Sa::parse(&payload).expect("what was emitted"))
}

fn accept_ike(offer: &IkeOffer, proposals: &[ProposalRepr<'_>]) -> Result<IkeSuite, Error> {
    with_sa(proposals, |sa| offer.accept(sa))
}

fn accept_esp(offer: &EspOffer, proposals: &[ProposalRepr<'_>]) -> Result<(EspSuite, u32), Error> {
    with_sa(proposals, |sa| offer.accept(sa))
}

fn is_not_offered<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Misbehaved(PeerMisbehaved::NotOffered(_))))
}

#[test]
fn each_suite_accepts_its_own_transforms_and_no_other_suite_does() {
    for suite in Suite::ALL {
        let ike = suite.ike_offer().transforms();
        let esp = suite.esp_offer().transforms();
        assert_eq!((&ike, &esp), (&suite.ike().transforms(), &suite.esp().transforms()));
        let ike = [proposal(1, ProtocolId::IKE, &[], &ike)];
        let esp = [proposal(1, ProtocolId::ESP, SPI, &esp)];
        for other in Suite::ALL {
            let accepted = accept_ike(&other.ike_offer(), &ike);
            assert_eq!(accepted.ok(), (other == suite).then_some(suite.ike()), "{other} {suite}");
            let accepted = accept_esp(&other.esp_offer(), &esp);
            let same = other.esp() == suite.esp();
            assert_eq!(accepted.ok(), same.then_some((suite.esp(), 256)), "{other} {suite}");
        }
    }
}

/// RFC 7296 3.3.6 and 3.3.1: exactly one of the offers, its number repeated.
#[rstest]
#[case::exact(&[GCM, PRF, X25519], true)]
#[case::in_another_order(&[X25519, PRF, GCM], true)]
#[case::the_other_group_offered(&[GCM, PRF, P256], true)]
#[case::the_other_cipher_offered(&[CHACHA, PRF, P256], true)]
#[case::both_groups(&[GCM, PRF, X25519, P256], false)]
#[case::both_ciphers(&[GCM, CHACHA, PRF, X25519], false)]
#[case::the_same_twice(&[GCM, PRF, PRF, X25519], false)]
#[case::cipher_not_offered(&[CBC, PRF, INTEG, X25519], false)]
#[case::group_not_offered(&[GCM, PRF, Transform::new(TransformType::DH, 14)], false)]
#[case::group_that_nobody_knows(&[GCM, PRF, Transform::new(TransformType::DH, 35)], false)]
#[case::no_cipher(&[PRF, X25519], false)]
#[case::no_prf(&[GCM, X25519], false)]
#[case::no_group(&[GCM, PRF], false)]
#[case::group_none(&[GCM, PRF, DH_NONE], false)]
#[case::nothing(&[], false)]
#[case::other_key_length(&[GCM_256, PRF, X25519], false)]
#[case::key_length_absent(&[GCM_BARE, PRF, X25519], false)]
#[case::key_length_of_a_fixed_key(&[CHACHA_256, PRF, X25519], false)]
#[case::key_length_of_a_prf(&[GCM, PRF_128, X25519], false)]
#[case::integrity_beside_an_aead(&[GCM, PRF, INTEG, X25519], false)]
#[case::integrity_none_that_was_not_offered(&[GCM, PRF, INTEG_NONE, X25519], false)]
#[case::esn_in_ike(&[GCM, PRF, X25519, NO_ESN], false)]
#[case::unknown_type(&[GCM, PRF, X25519, UNKNOWN_TYPE], false)]
fn an_ike_answer_is_exactly_one_of_the_offers(#[case] chosen: &[Transform], #[case] ok: bool) {
    let ciphers = [Encryption::AesGcm16_128, Encryption::ChaCha20Poly1305]
        .map(|cipher| Protection::new(cipher, None).expect("an AEAD"));
    let groups = [Group::Curve25519, Group::Ecp256];
    let offer = IkeOffer::new(&ciphers, &[PrfAlgorithm::HmacSha256], &groups).expect("an offer");
    let accepted = accept_ike(&offer, &[proposal(1, ProtocolId::IKE, &[], chosen)]);
    if ok {
        let suite = accepted.expect("one of the offers");
        let transforms = suite.transforms();
        assert_eq!(transforms.len(), chosen.len());
        assert!(chosen.iter().all(|transform| transforms.contains(transform)));
    } else {
        assert!(is_not_offered(&accepted), "{accepted:?}");
    }
}

#[rstest]
#[case::other_number(&[proposal(2, ProtocolId::IKE, &[], &[GCM, PRF, X25519])])]
#[case::number_zero(&[proposal(0, ProtocolId::IKE, &[], &[GCM, PRF, X25519])])]
#[case::two_proposals(&[proposal(1, ProtocolId::IKE, &[], &[GCM, PRF, X25519]); 2])]
#[case::other_protocol(&[proposal(1, ProtocolId::ESP, &[], &[GCM, PRF, X25519])])]
#[case::spi_of_an_ike_sa(&[proposal(1, ProtocolId::IKE, &[1; 8], &[GCM, PRF, X25519])])]
#[case::spi_of_a_child_sa(&[proposal(1, ProtocolId::IKE, SPI, &[GCM, PRF, X25519])])]
fn an_ike_answer_is_the_one_proposal_without_spi(#[case] proposals: &[ProposalRepr<'_>]) {
    let outcome = accept_ike(&Suite::AesGcmX25519.ike_offer(), proposals);
    assert!(is_not_offered(&outcome), "{outcome:?}");
}

#[rstest]
#[case::exact(&[CBC, PRF, INTEG], true)]
#[case::integrity_missing(&[CBC, PRF], false)]
#[case::integrity_none(&[CBC, PRF, INTEG_NONE], false)]
#[case::integrity_twice(&[CBC, PRF, INTEG, INTEG], false)]
#[case::integrity_not_offered(&[CBC, PRF, Transform::new(TransformType::INTEG, 2)], false)]
#[case::other_key_length(&[Transform { key_length: Some(192), ..CBC }, PRF, INTEG], false)]
fn a_cipher_without_aead_needs_its_integrity(#[case] chosen: &[Transform], #[case] ok: bool) {
    let group = Transform::new(TransformType::DH, 14);
    let chosen = [chosen, &[group]].concat();
    let suite = Suite::AesCbcModp2048;
    let accepted = accept_ike(&suite.ike_offer(), &[proposal(1, ProtocolId::IKE, &[], &chosen)]);
    assert_eq!(accepted.is_ok(), ok);
    assert_eq!(is_not_offered(&accepted), !ok);
}

#[rstest]
#[case::exact(&[GCM, NO_ESN], true)]
#[case::in_another_order(&[NO_ESN, GCM], true)]
#[case::esn(&[GCM, ESN], false)]
#[case::esn_missing(&[GCM], false)]
#[case::both_esn(&[GCM, NO_ESN, ESN], false)]
#[case::no_esn_twice(&[GCM, NO_ESN, NO_ESN], false)]
#[case::no_cipher(&[NO_ESN], false)]
#[case::integrity_beside_an_aead(&[GCM, INTEG, NO_ESN], false)]
#[case::integrity_none_that_was_not_offered(&[GCM, INTEG_NONE, NO_ESN], false)]
#[case::prf(&[GCM, PRF, NO_ESN], false)]
#[case::group(&[GCM, X25519, NO_ESN], false)]
#[case::group_none(&[GCM, DH_NONE, NO_ESN], false)]
#[case::other_key_length(&[GCM_256, NO_ESN], false)]
#[case::key_length_absent(&[GCM_BARE, NO_ESN], false)]
#[case::key_length_of_esn(&[GCM, Transform { key_length: Some(1), ..NO_ESN }], false)]
#[case::unknown_type(&[GCM, NO_ESN, UNKNOWN_TYPE], false)]
#[case::cipher_not_offered(&[CHACHA, NO_ESN], false)]
fn an_esp_answer_is_exactly_one_of_the_offers(#[case] chosen: &[Transform], #[case] ok: bool) {
    let suite = Suite::AesGcmX25519;
    let accepted = accept_esp(&suite.esp_offer(), &[proposal(1, ProtocolId::ESP, SPI, chosen)]);
    if ok {
        assert_eq!(accepted, Ok((suite.esp(), 256)));
    } else {
        assert!(is_not_offered(&accepted), "{accepted:?}");
    }
}

/// RFC 4303 2.1 reserves the SPIs below 256.
#[rstest]
#[case::first_free(&[0, 0, 1, 0], Some(256))]
#[case::last(&[0xff; 4], Some(u32::MAX))]
#[case::last_reserved(&[0, 0, 0, 255], None)]
#[case::one(&[0, 0, 0, 1], None)]
#[case::zero(&[0; 4], None)]
#[case::absent(&[], None)]
#[case::three_octets(&[1, 0, 0], None)]
#[case::eight_octets(&[1; 8], None)]
fn the_spi_of_esp_is_four_octets_above_255(#[case] spi: &[u8], #[case] expected: Option<u32>) {
    let suite = Suite::ChaCha20X25519;
    let transforms = suite.esp().transforms();
    let answer = [proposal(1, ProtocolId::ESP, spi, &transforms)];
    let accepted = accept_esp(&suite.esp_offer(), &answer);
    assert_eq!(accepted.ok().map(|(_, spi)| spi), expected);
    let offered = with_sa(&answer, |sa| sa.proposals().find_map(|p| suite.esp().spi_in(&p)));
    assert_eq!(offered, expected);
}

#[rstest]
#[case::other_number(&[proposal(2, ProtocolId::ESP, SPI, &[GCM, NO_ESN])])]
#[case::two_proposals(&[proposal(1, ProtocolId::ESP, SPI, &[GCM, NO_ESN]); 2])]
#[case::ah(&[proposal(1, ProtocolId::AH, SPI, &[GCM, NO_ESN])])]
#[case::ike(&[proposal(1, ProtocolId::IKE, SPI, &[GCM, NO_ESN])])]
fn an_esp_answer_is_the_one_proposal(#[case] proposals: &[ProposalRepr<'_>]) {
    let outcome = accept_esp(&Suite::AesGcmX25519.esp_offer(), proposals);
    assert!(is_not_offered(&outcome), "{outcome:?}");
}

/// RFC 7296 3.3.6: an unknown attribute, or a repeated one, makes the transform unacceptable.
#[rstest]
#[case::unknown(&[0x80, 14, 0, 128, 0x80, 99, 0, 1])]
#[case::key_length_twice(&[0x80, 14, 0, 128, 0x80, 14, 0, 128])]
#[case::key_length_in_the_long_form(&[0, 14, 0, 2, 0, 128])]
fn an_attribute_that_was_not_offered_is_not_accepted(#[case] attributes: &[u8]) {
    let first = u8::try_from(8 + attributes.len()).expect("short");
    let body = [
        &[0, 0, 0, 20 + first, 1, 3, 4, 2, 0, 0, 1, 0, 3, 0, 0, first, 1, 0, 0, 20][..],
        attributes,
        &[0, 0, 0, 8, 5, 0, 0, 0],
    ]
    .concat();
    let (kind, next) = (PayloadType::SA, PayloadType::NONE);
    let payload = Payload { kind, critical: false, next, body: &body, offset: 0 };
    let sa = Sa::parse(&payload).expect("an SA payload");
    assert!(is_not_offered(&Suite::AesGcmX25519.esp_offer().accept(&sa)));
    let esp = Suite::AesGcmX25519.esp();
    assert!(sa.proposals().all(|proposal| esp.spi_in(&proposal).is_none()));
}

/// RFC 7296 3.3.6: what the responder does not understand spoils its transform, or, if it is a
/// type, its proposal.
#[rstest]
#[case::exact(&[GCM, PRF, X25519], true)]
#[case::alternatives(&[GCM_256, CBC, GCM, PRF, P256, X25519], true)]
#[case::unknown_alternatives(
    &[GCM, Transform::new(TransformType::ENCR, 999), PRF, Transform::new(TransformType::PRF, 9), X25519],
    true
)]
#[case::integrity_none(&[GCM, PRF, INTEG_NONE, X25519], true)]
#[case::integrity_or_none(&[GCM, PRF, INTEG, INTEG_NONE, X25519], true)]
#[case::integrity_that_must_be_chosen(&[GCM, PRF, INTEG, X25519], false)]
#[case::unknown_type(&[GCM, PRF, X25519, UNKNOWN_TYPE], false)]
#[case::esn(&[GCM, PRF, X25519, NO_ESN], false)]
#[case::no_group(&[GCM, PRF], false)]
#[case::group_none_only(&[GCM, PRF, DH_NONE], false)]
#[case::no_prf(&[GCM, X25519], false)]
#[case::no_cipher(&[PRF, X25519], false)]
#[case::other_key_length(&[GCM_256, PRF, X25519], false)]
#[case::nothing(&[], false)]
fn a_responder_finds_its_suite_among_alternatives(#[case] offered: &[Transform], #[case] ok: bool) {
    let suite = Suite::AesGcmX25519.ike();
    let is_in = |repr| with_sa(&[repr], |sa| sa.proposals().all(|p| suite.is_in(&p)));
    assert_eq!(is_in(proposal(1, ProtocolId::IKE, &[], offered)), ok);
    assert_eq!(is_in(proposal(7, ProtocolId::IKE, &[], offered)), ok, "the number is repeated");
    assert!(!is_in(proposal(1, ProtocolId::IKE, &[1; 8], offered)));
    assert!(!is_in(proposal(1, ProtocolId::ESP, &[], offered)));
}

#[rstest]
#[case::exact(&[GCM, NO_ESN], true)]
#[case::either_esn(&[GCM, ESN, NO_ESN], true)]
#[case::esn_only(&[GCM, ESN], false)]
#[case::esn_missing(&[GCM], false)]
#[case::integrity_none(&[GCM, INTEG_NONE, NO_ESN], true)]
#[case::group_none(&[GCM, NO_ESN, DH_NONE], true)]
#[case::group_or_none(&[GCM, NO_ESN, X25519, DH_NONE], true)]
#[case::group_that_must_be_chosen(&[GCM, NO_ESN, X25519], false)]
#[case::prf(&[GCM, NO_ESN, PRF], false)]
#[case::unknown_type(&[GCM, NO_ESN, UNKNOWN_TYPE], false)]
fn a_responder_finds_its_child_suite_among_alternatives(
    #[case] offered: &[Transform],
    #[case] ok: bool,
) {
    let suite = Suite::AesGcmX25519.esp();
    let spi_in = |repr| with_sa(&[repr], |sa| sa.proposals().find_map(|p| suite.spi_in(&p)));
    assert_eq!(spi_in(proposal(3, ProtocolId::ESP, SPI, offered)), ok.then_some(256));
    assert_eq!(spi_in(proposal(3, ProtocolId::AH, SPI, offered)), None);
    assert_eq!(spi_in(proposal(3, ProtocolId::IKE, SPI, offered)), None);
}

/// RFC 7296 3.3: AEADs and other ciphers take two proposals.
#[test]
fn an_offer_has_lists_that_one_proposal_can_hold() {
    let prf = [PrfAlgorithm::HmacSha256];
    let aead = Suite::AesGcmX25519.ike();
    let cbc = Suite::AesCbcModp2048.ike();
    let groups = [Group::Curve25519];
    assert_eq!(IkeOffer::new(&[], &prf, &groups), None);
    assert_eq!(IkeOffer::new(&[aead.protection], &[], &groups), None);
    assert_eq!(IkeOffer::new(&[aead.protection], &prf, &[]), None);
    assert_eq!(IkeOffer::new(&[aead.protection, cbc.protection], &prf, &groups), None);
    assert_eq!(IkeOffer::new(&[aead.protection], &prf, &[Group::Ecp256; 4]), None);
    assert_eq!(IkeOffer::new(&[aead.protection; 5], &prf, &groups), None);
    assert_eq!(EspOffer::new(&[]), None);
    assert_eq!(EspOffer::new(&[cbc.protection, aead.protection]), None);
}

#[test]
fn a_transform_is_offered_once_however_often_it_is_listed() {
    let suite = Suite::AesCbcModp2048.ike();
    let offer = IkeOffer::new(&[suite.protection; 4], &[suite.prf; 2], &[suite.group; 3]);
    assert_eq!(offer.expect("an offer").transforms(), suite.transforms());
    let kinds: Vec<u8> = suite.transforms().iter().map(|transform| transform.kind.0).collect();
    assert_eq!(kinds, [1, 2, 3, 4]);
}

const PEER: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 9];

#[rstest]
#[case::with_a_new_spi(PEER, ProtocolId::IKE, Some(IkeSpi(9)))]
#[case::without_a_spi(&[], ProtocolId::IKE, None)]
#[case::with_a_zero_spi(&[0; 8], ProtocolId::IKE, None)]
#[case::with_half_a_spi(&[9; 4], ProtocolId::IKE, None)]
#[case::for_esp(PEER, ProtocolId::ESP, None)]
fn an_ike_sa_is_rekeyed_by_a_new_spi(
    #[case] spi: &'static [u8],
    #[case] protocol: ProtocolId,
    #[case] expected: Option<IkeSpi>,
) {
    let suite = Suite::default().ike();
    let transforms = suite.transforms();
    let offer = [proposal(1, protocol, spi, &transforms)];
    let found = with_sa(&offer, |sa| sa.proposals().find_map(|p| suite.spi_in(&p)));
    assert_eq!(found, expected);
}

/// RFC 7296 1.3.1, 3.3.6: a type that is offered must be chosen from, NONE among its values.
#[rstest]
#[case::none(&[], [true, false, false])]
#[case::one(&[31], [false, true, false])]
#[case::two(&[19, 31], [false, true, true])]
#[case::one_or_none(&[31, 0], [true, true, false])]
#[case::unknown(&[14, 99], [false, false, false])]
fn a_child_sa_may_have_a_group_of_its_own(#[case] offered: &[u16], #[case] chosen: [bool; 3]) {
    let suite = Suite::default().esp();
    let mut transforms = suite.transforms().to_vec();
    transforms.extend(offered.iter().map(|id| Transform::new(TransformType::DH, *id)));
    let offer = [proposal(1, ProtocolId::ESP, SPI, &transforms)];
    let groups = [None, Some(Group::Curve25519), Some(Group::Ecp256)];
    let found = groups.map(|group| {
        with_sa(&offer, |sa| sa.proposals().find_map(|p| suite.spi_in_with(&p, group))).is_some()
    });
    assert_eq!(found, chosen);
}
