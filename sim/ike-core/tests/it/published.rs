//! Octets that other stacks made or that are published. `fixtures/SOURCES.md` names the sources.

use crate::common::{Hex, SUITES, cases, message_of, payloads};
use crypto::{
    Crypto, Encryption, Group, Prf as _, PrfAlgorithm, PrfOutput, PrivateKey, Protection,
    ProtectionKey, RustCrypto, SharedSecret,
};
use ike_core::payload::{
    Auth, Body, Delete, Identification, KeyExchange, Nonce, Notify, Payload, Payloads,
    ProposalRepr, Raw, Sa, SaRepr, TrafficSelectors, Transform, TsRepr,
};
use ike_core::{
    AuthMethod, ChildKeys, Flags, HEADER_LEN, Header, IkeKeys, IkeSpi, Inner, MessageWriter,
    NotifyType, PayloadType, Psk, SaNonces, Suite, TrafficSelector, auth_key, auth_prf,
    finish_auth, open_protected,
};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    key: Hex,
    message: Hex,
}

#[test]
fn the_message_of_rfc_7634_opens_and_is_sealed_to_the_octet() {
    for case in cases::<Message>(include_str!("../../../../fixtures/ike/rfc7634-b.toml")) {
        let protection = Protection::new(Encryption::ChaCha20Poly1305, None).expect("an AEAD");
        let key = ProtectionKey::new(protection, &case.key, &[]).expect("36 octets");
        assert_eq!(case.message.len(), 69);

        let mut opened = case.message.to_vec();
        let inner = open_protected(&RustCrypto, &key, &mut opened).expect("it opens");
        let [notify] = inside(&inner, &opened)[..] else { panic!("one payload") };
        let notify = Notify::parse(&notify).expect("a notify");
        assert_eq!(notify, Notify::new(NotifyType::SET_WINDOW_SIZE, &[0, 0, 0, 10]));

        let sealed = reseal(&case.message, &key, &[&notify]);
        assert_eq!(sealed, *case.message);
    }
}

fn inside<'a>(inner: &Inner, message: &'a [u8]) -> Vec<Payload<'a>> {
    inner.payloads(message).collect::<Result<_, _>>().expect("the inside parses")
}

/// The message with the header and the IV of `model` and `bodies` inside.
fn reseal(model: &[u8], key: &ProtectionKey, bodies: &[&dyn Body]) -> Vec<u8> {
    let header = Header::parse(model).expect("a header");
    let iv = &model[HEADER_LEN + 4..][..key.protection().encryption().iv_len()];
    let mut buffer = vec![0; model.len()];
    let mut writer = MessageWriter::new(&mut buffer, &header).expect("room");
    writer.begin_protected(key.protection(), iv).expect("room");
    for body in bodies {
        writer.payload(*body).expect("room");
    }
    let len = writer.seal(&RustCrypto, key).expect("room");
    assert_eq!(len, model.len());
    buffer
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct KePayload {
    name: String,
    private: Hex,
    payload: Hex,
}

#[test]
fn published_ke_payloads_parse_and_are_made_to_the_octet() {
    for case in cases::<KePayload>(include_str!("../../../../fixtures/ike/ke-payloads.toml")) {
        let chain = Payloads::new(PayloadType::KE, &case.payload, HEADER_LEN);
        let found = chain.collect::<Result<Vec<_>, _>>().expect(&case.name);
        let ke = KeyExchange::parse(&only(&found, PayloadType::KE)).expect(&case.name);
        let group = Group::from_transform(ke.group).expect("one of our groups");
        assert_eq!(ke.data.len(), group.public_value_len(), "{}", case.name);

        let private = (&case.private[..]).try_into().expect("256 bits");
        let private = PrivateKey::from_octets(group, private).expect("a key of the group");
        let mut public = vec![0; group.public_value_len()];
        RustCrypto.public_value(&private, &mut public);
        let made = message_of(&[&KeyExchange { group: ke.group, data: &public }]);
        assert_eq!(made[HEADER_LEN..], *case.payload, "{}", case.name);
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySchedule {
    nonce_i: Hex,
    nonce_r: Hex,
    shared: Hex,
    spi_i: Hex,
    spi_r: Hex,
    material: Hex,
}

#[test]
fn the_key_schedule_gives_the_numbers_of_cavp() {
    for case in cases::<KeySchedule>(include_str!("../../../../fixtures/ike/key-schedule.toml")) {
        let nonces = SaNonces { initiator: &case.nonce_i, responder: &case.nonce_r };
        let shared = SharedSecret::new(&case.shared).expect("a shared secret");
        for suite in SUITES {
            let spis = (spi(&case.spi_i), spi(&case.spi_r));
            let keys = IkeKeys::derive(&RustCrypto, &suite.ike(), &nonces, spis, &shared);
            let all = in_order(&keys).concat();
            let common = all.len().min(case.material.len());
            assert!(common >= 132);
            assert_eq!(all[..common], case.material[..common], "{suite}");
        }
    }
}

fn spi(octets: &[u8]) -> IkeSpi {
    IkeSpi(u64::from_be_bytes(octets.try_into().expect("8 octets")))
}

/// The order of RFC 7296 2.14.
fn in_order(keys: &IkeKeys) -> [&[u8]; 7] {
    let (i, r) = (&keys.initiator, &keys.responder);
    [
        keys.d.as_slice(),
        i.integrity(),
        r.integrity(),
        i.encryption(),
        r.encryption(),
        keys.pi.as_slice(),
        keys.pr.as_slice(),
    ]
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Rekey {
    nonce_i: Hex,
    nonce_r: Hex,
    sk_d: Hex,
    shared: Hex,
    skeyseed: Hex,
    spi_i: Hex,
    spi_r: Hex,
    material: Hex,
    child: Hex,
    child_pfs: Hex,
}

/// RFC 7296 2.18: SKEYSEED is the published one, for no other key makes the material.
#[test]
fn rekeying_gives_the_numbers_of_cavp() {
    for case in cases::<Rekey>(include_str!("../../../../fixtures/ike/rekey.toml")) {
        let nonces = SaNonces { initiator: &case.nonce_i, responder: &case.nonce_r };
        let shared = SharedSecret::new(&case.shared).expect("a shared secret");
        let spis = (spi(&case.spi_i), spi(&case.spi_r));
        for suite in SUITES {
            let ike = suite.ike();
            let mut old = IkeKeys::derive(&RustCrypto, &ike, &nonces, spis, &shared);
            old.d = PrfOutput::new(&case.sk_d).expect("an output of the PRF");
            let keys = old.rekey(&RustCrypto, (&ike, &ike), (&nonces, spis), &shared);
            let all = in_order(&keys).concat();
            assert_eq!(all[..], case.material[..all.len()], "{suite}");

            let key = (ike.prf, &old.d);
            let child = ChildKeys::derive(&RustCrypto, key.0, key.1, &nonces, &suite.esp());
            assert_keymat(&child, &case.child);
            let child = ChildKeys::derive_pfs(&RustCrypto, key, &shared, &nonces, &suite.esp());
            assert_keymat(&child, &case.child_pfs);
        }
        let mut prf = RustCrypto.prf(PrfAlgorithm::HmacSha256, &case.skeyseed);
        [&case.nonce_i, &case.nonce_r, &case.spi_i, &case.spi_r]
            .into_iter()
            .for_each(|part| prf.update(part));
        prf.update(&[1]);
        assert_eq!(prf.finalize().as_slice(), &case.material[..32]);
    }
}

/// RFC 7296 2.17: the initiator's direction first, encryption before integrity.
fn assert_keymat(child: &ChildKeys, keymat: &[u8]) {
    let keys = [&child.initiator, &child.responder];
    let all: Vec<&[u8]> =
        keys.into_iter().flat_map(|key| [key.encryption(), key.integrity()]).collect();
    let all = all.concat();
    assert_eq!(all[..], keymat[..all.len()]);
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    suite: String,
    psk: Hex,
    private_i: Hex,
    private_r: Hex,
    shared: Hex,
    nonce_i: Hex,
    nonce_r: Hex,
    sk_d: Hex,
    sk_ai: Hex,
    sk_ar: Hex,
    sk_ei: Hex,
    sk_er: Hex,
    sk_pi: Hex,
    sk_pr: Hex,
    esp_i: Hex,
    esp_r: Hex,
    init_request: Hex,
    init_response: Hex,
    auth_request: Hex,
    auth_response: Hex,
    delete_request: Hex,
    delete_response: Hex,
}

impl Exchange {
    fn all() -> Vec<Self> {
        let all: Vec<Self> = cases(include_str!("../../../../fixtures/ike/exchanges.toml"));
        assert_eq!(all.len(), SUITES.len());
        all
    }

    fn suite(&self) -> Suite {
        self.suite.parse().expect("a suite")
    }

    fn nonces(&self) -> SaNonces<'_> {
        SaNonces { initiator: &self.nonce_i, responder: &self.nonce_r }
    }

    fn keys(&self) -> IkeKeys {
        let header = Header::parse(&self.init_response).expect("a header");
        let shared = SharedSecret::new(&self.shared).expect("a shared secret");
        let spis = (header.spi_i, header.spi_r);
        IkeKeys::derive(&RustCrypto, &self.suite().ike(), &self.nonces(), spis, &shared)
    }

    /// The messages in their order, and whether the initiator sent each.
    fn messages(&self) -> [(&[u8], bool); 6] {
        [
            (&self.init_request, true),
            (&self.init_response, false),
            (&self.auth_request, true),
            (&self.auth_response, false),
            (&self.delete_request, true),
            (&self.delete_response, false),
        ]
    }
}

/// The one payload of that type.
fn only<'a>(payloads: &[Payload<'a>], kind: PayloadType) -> Payload<'a> {
    let mut found = payloads.iter().filter(|payload| payload.kind == kind);
    let (Some(one), None) = (found.next(), found.next()) else { panic!("not one {kind}") };
    *one
}

#[test]
fn foreign_headers_are_emitted_again_to_the_octet() {
    for case in Exchange::all() {
        for (index, (message, from_initiator)) in case.messages().into_iter().enumerate() {
            let header = Header::parse(message).expect("a header");
            assert_eq!(header.emit(), message[..HEADER_LEN]);
            assert_eq!(header.length as usize, message.len());
            assert_eq!(header.message_id as usize, index / 2);
            let flags = if from_initiator { Flags::INITIATOR } else { Flags::RESPONSE };
            assert_eq!((header.flags, header.major_version()), (flags, 2));
        }
    }
}

#[test]
fn foreign_ike_sa_init_messages_parse_to_the_offer_and_the_public_values() {
    for case in Exchange::all() {
        let suite = case.suite();
        let sides = [
            (&case.init_request, &case.private_i, &case.nonce_i),
            (&case.init_response, &case.private_r, &case.nonce_r),
        ];
        let mut publics = Vec::new();
        for (message, private, nonce) in sides {
            let found = payloads(message).expect("it parses");
            let sa = Sa::parse(&only(&found, PayloadType::SA)).expect("an SA payload");
            assert_eq!(suite.ike_offer().accept(&sa), Ok(suite.ike()), "{suite}");
            assert!(sa.proposals().all(|proposal| suite.ike().is_in(&proposal)));

            let ke = KeyExchange::parse(&only(&found, PayloadType::KE)).expect("a KE payload");
            assert_eq!(Group::from_transform(ke.group), Some(suite.ike().group));
            let private = (&private[..]).try_into().expect("256 bits");
            let private = PrivateKey::from_octets(suite.ike().group, private).expect("a key");
            let mut public = vec![0; suite.ike().group.public_value_len()];
            RustCrypto.public_value(&private, &mut public);
            assert_eq!(ke.data, public, "{suite}");
            publics.push((private, public));
            assert_eq!(only(&found, PayloadType::NONCE).body, &nonce[..]);
        }
        let shared = RustCrypto.shared_secret(&publics[0].0, &publics[1].1).expect("honest");
        assert_eq!(shared.as_slice(), &*case.shared, "{suite}");
    }
}

#[test]
fn the_key_schedule_agrees_with_an_independent_one() {
    for case in Exchange::all() {
        let keys = case.keys();
        let independent: [&[u8]; 7] = [
            &case.sk_d,
            &case.sk_ai,
            &case.sk_ar,
            &case.sk_ei,
            &case.sk_er,
            &case.sk_pi,
            &case.sk_pr,
        ];
        assert_eq!(in_order(&keys), independent, "{}", case.suite);

        let (prf, esp) = (case.suite().ike().prf, case.suite().esp());
        let child = ChildKeys::derive(&RustCrypto, prf, &keys.d, &case.nonces(), &esp);
        let key = |key: &ProtectionKey| [key.encryption(), key.integrity()].concat();
        assert_eq!(key(&child.initiator), *case.esp_i, "{}", case.suite);
        assert_eq!(key(&child.responder), *case.esp_r, "{}", case.suite);
    }
}

#[test]
fn foreign_protected_messages_open_and_are_sealed_again_to_the_octet() {
    for case in Exchange::all() {
        let keys = case.keys();
        for (message, from_initiator) in &case.messages()[2..] {
            let key = if *from_initiator { &keys.initiator } else { &keys.responder };
            let mut opened = message.to_vec();
            let inner = open_protected(&RustCrypto, key, &mut opened).expect("it opens");
            let found = inside(&inner, &opened);
            let raw: Vec<Raw<'_>> =
                found.iter().map(|p| Raw { kind: p.kind, body: p.body }).collect();
            let bodies: Vec<&dyn Body> = raw.iter().map(|raw| raw as &dyn Body).collect();
            assert_eq!(reseal(message, key, &bodies), *message, "{}", case.suite);
        }
    }
}

#[test]
fn the_auth_of_both_sides_agrees_with_an_independent_one() {
    for case in Exchange::all() {
        let (keys, prf) = (case.keys(), case.suite().ike().prf);
        let psk = Psk::new(&case.psk).expect("a key");
        let key = auth_key(&RustCrypto, prf, &psk);
        let sides = [
            (&case.auth_request, &case.init_request, &case.nonce_r, &keys.initiator, &keys.pi),
            (&case.auth_response, &case.init_response, &case.nonce_i, &keys.responder, &keys.pr),
        ];
        for (message, init, peer_nonce, protection, sk_p) in sides {
            let mut opened = message.to_vec();
            let inner = open_protected(&RustCrypto, protection, &mut opened).expect("it opens");
            let found = inside(&inner, &opened);
            let id = found[0];
            assert!(matches!(id.kind, PayloadType::IDI | PayloadType::IDR));
            let id = Identification::parse(&id).expect("an ID payload");
            let auth = Auth::parse(&only(&found, PayloadType::AUTH)).expect("an AUTH payload");
            assert_eq!(auth.method, AuthMethod::SHARED_KEY_MIC);
            let started = auth_prf(&RustCrypto, prf, &key, init, peer_nonce);
            let ours = finish_auth(&RustCrypto, prf, started, sk_p, id.body());
            assert_eq!(ours.as_slice(), auth.data, "{}", case.suite);
        }
    }
}

/// Every understood payload of `message`, parsed and emitted again.
fn reprs_agree(payload: &Payload<'_>) {
    let emit = |body: &dyn Body| {
        let mut out = vec![0xaa; body.body_len()];
        body.emit(&mut out);
        assert_eq!((body.kind(), &out[..]), (payload.kind, payload.body));
    };
    match payload.kind {
        PayloadType::SA => {
            let sa = Sa::parse(payload).expect("an SA payload");
            let transforms: Vec<Vec<Transform>> =
                sa.proposals().map(|proposal| proposal.transforms().collect()).collect();
            let proposals: Vec<ProposalRepr<'_>> = sa
                .proposals()
                .zip(&transforms)
                .map(|(proposal, transforms)| ProposalRepr {
                    number: proposal.number(),
                    protocol: proposal.protocol(),
                    spi: proposal.spi(),
                    transforms,
                })
                .collect();
            emit(&SaRepr(&proposals));
        }
        PayloadType::KE => emit(&KeyExchange::parse(payload).expect("a KE payload")),
        PayloadType::IDI | PayloadType::IDR => {
            emit(&Identification::parse(payload).expect("an ID payload"));
        }
        PayloadType::AUTH => emit(&Auth::parse(payload).expect("an AUTH payload")),
        PayloadType::NONCE => emit(&Nonce(payload.body)),
        PayloadType::N => emit(&Notify::parse(payload).expect("a Notify payload")),
        PayloadType::D => emit(&Delete::parse(payload).expect("a Delete payload")),
        PayloadType::TSI | PayloadType::TSR => {
            let parsed = TrafficSelectors::parse(payload).expect("a TS payload");
            let selectors: Vec<TrafficSelector> = parsed.iter().collect();
            emit(&TsRepr { whose: payload.kind, selectors: &selectors });
        }
        other => assert_eq!(other, PayloadType::V),
    }
}

#[test]
fn every_foreign_payload_is_emitted_again_to_the_octet() {
    for case in Exchange::all() {
        let keys = case.keys();
        for (index, (message, from_initiator)) in case.messages().into_iter().enumerate() {
            let mut message = message.to_vec();
            if index < 2 {
                payloads(&message).expect("it parses").iter().for_each(reprs_agree);
                continue;
            }
            let key = if from_initiator { &keys.initiator } else { &keys.responder };
            let inner = open_protected(&RustCrypto, key, &mut message).expect("it opens");
            inside(&inner, &message).iter().for_each(reprs_agree);
        }
    }
}
