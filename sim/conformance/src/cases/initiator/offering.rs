//! What a device proposes and says of itself, as it stands in its two requests.

use super::common::{afresh, is_of};
use crate::levels::{self, Level};
use crate::message::{ProposalDraft, find};
use crate::peer::{Opened, seen};
use crate::verdict::{Outcome, Stop};
use crate::{Case, Gateway};
use ike_core::payload::{Payload, Sa, TrafficSelectors};
use ike_core::{ExchangeType, Identity, PayloadType, ProtocolId, Suite, TransformType};

pub(super) const CASES: &[Case] = &[
    Case::initiator(
        "offering/transforms",
        &["NG6", "NG7"],
        transforms,
        "looks at the types of transforms of each proposal, for IKE and for ESP",
    ),
    Case::initiator(
        "offering/transforms-cbc",
        &["NG6", "NG7"],
        transforms,
        "the same where integrity is an algorithm of its own",
    )
    .with(|setup| setup.suite = Suite::AesCbcModp2048),
    Case::initiator("offering/identity", &["AU7"], identity, "looks at the kind of IDi"),
    Case::initiator(
        "offering/identity-name",
        &["AU7", "AU8"],
        name,
        "the same of a device that is known by a name",
    )
    .with(|setup| {
        setup.identity = Identity::fqdn("device.example").expect("a name that fits");
    }),
    Case::initiator(
        "offering/algorithms",
        &["AL1"],
        algorithms,
        "looks for forbidden algorithms in each proposal, and for such as all must or should have",
    ),
    Case::initiator(
        "offering/aead",
        &["ES4"],
        aead,
        "looks for an AEAD in what is proposed for ESP",
    ),
    Case::initiator(
        "offering/ports",
        &["TS3"],
        ports,
        "looks at the ports of the selectors: any, or opaque, or a range",
    ),
    Case::initiator(
        "offering/fragments",
        &["FR1"],
        fragments,
        "says nothing of fragmentation; no fragment may come in a whole wake",
    ),
];

/// The types of the transforms of each proposal of an SA payload, each once, in order.
fn kinds(opened: &Opened) -> Outcome<Vec<(ProtocolId, Vec<TransformType>)>> {
    let none = || Stop::Inconclusive("the request has no SA payload that parses".into());
    let view = find(&opened.parts, PayloadType::SA).ok_or_else(none)?.view();
    let sa = Sa::parse(&view).map_err(|_| none())?;
    let kinds = sa.proposals().map(|proposal| {
        let mut kinds: Vec<TransformType> = proposal.transforms().map(|one| one.kind).collect();
        kinds.sort();
        kinds.dedup();
        (proposal.protocol(), kinds)
    });
    Ok(kinds.collect())
}

fn transforms(gateway: &mut Gateway) -> Outcome {
    use TransformType as T;
    let aead = gateway.setup.suite.ike().protection.encryption().is_aead();
    let asked = afresh(gateway)?;
    let ike =
        if aead { vec![T::ENCR, T::PRF, T::DH] } else { vec![T::ENCR, T::PRF, T::INTEG, T::DH] };
    for (protocol, found) in kinds(&asked)? {
        let right = protocol == ProtocolId::IKE && found == ike;
        let expected = "IKE with encryption, PRF, integrity unless AEAD, and a group";
        gateway.demand("NG6", right, expected, || format!("{protocol} with {found:?}"))?;
    }
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    let asked = gateway.expect_auth()?;
    let esp = if aead { vec![T::ENCR, T::ESN] } else { vec![T::ENCR, T::INTEG, T::ESN] };
    for (protocol, mut found) in kinds(&asked)? {
        let group = found.contains(&T::DH);
        gateway.demand("NG7", !group, "no group for the first Child SA", || "one".into())?;
        found.retain(|kind| *kind != T::DH);
        let right = protocol == ProtocolId::ESP && found == esp;
        let expected = "ESP with encryption, integrity unless AEAD, and ESN";
        gateway.demand("NG6", right, expected, || format!("{protocol} with {found:?}"))?;
    }
    Ok(())
}

/// ID_IPV4_ADDR, ID_FQDN, ID_RFC822_ADDR, ID_IPV6_ADDR and ID_KEY_ID (RFC 7296 3.5, RFC 7815 A.5).
const USUAL: [u8; 5] = [1, 2, 3, 5, 11];
/// Those of them that are names.
const NAMES: [u8; 2] = [2, 3];

fn identity(gateway: &mut Gateway) -> Outcome {
    identity_body(gateway).map(drop)
}

/// The body of IDi, whose kind is a usual one.
fn identity_body(gateway: &mut Gateway) -> Outcome<Vec<u8>> {
    let asked = gateway.reach_auth()?;
    let none = || Stop::Inconclusive("the IKE_AUTH request has no IDi".into());
    let body = asked.body(PayloadType::IDI).ok_or_else(none)?.to_vec();
    let kind = body.first().copied().unwrap_or(0);
    let usual = USUAL.contains(&kind);
    gateway.demand("AU7", usual, "one of the usual kinds of identity", || kind.to_string())?;
    Ok(body)
}

fn name(gateway: &mut Gateway) -> Outcome {
    let body = identity_body(gateway)?;
    let kind = body.first().copied().unwrap_or(0);
    let name = body.get(4..).unwrap_or_default();
    if !NAMES.contains(&kind) {
        return Err(Stop::Inconclusive("its identity is no name".into()));
    }
    let ended = name.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n'));
    let found = || ike_decode::hex(name);
    gateway.demand("AU8", !ended, "a name without terminator", found)
}

/// The proposals of an SA payload.
fn proposals(opened: &Opened) -> Outcome<Vec<ProposalDraft>> {
    let none = || Stop::Inconclusive("the request has no SA payload that parses".into());
    let part = find(&opened.parts, PayloadType::SA).ok_or_else(none)?;
    Some(ProposalDraft::all_of(part)).filter(|all| !all.is_empty()).ok_or_else(none)
}

/// Both requests of a wake: what is proposed for IKE and for ESP.
fn proposed(gateway: &mut Gateway) -> Outcome<(Vec<ProposalDraft>, Vec<ProposalDraft>)> {
    let ike = proposals(&afresh(gateway)?)?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    Ok((ike, proposals(&gateway.expect_auth()?)?))
}

fn algorithms(gateway: &mut Gateway) -> Outcome {
    let (ike, esp) = proposed(gateway)?;
    for proposal in ike.iter().chain(&esp) {
        let protocol = proposal.protocol;
        for transform in &proposal.transforms {
            let forbidden = levels::of(protocol, transform) == Level::Forbidden;
            let expected = format!("no forbidden algorithm for {protocol}");
            gateway.demand("AL1", !forbidden, &expected, || format!("{transform:?}"))?;
        }
        for kind in levels::RATED {
            let mut of =
                proposal.transforms.iter().filter(|it| it.kind == kind && it.id != 0).peekable();
            let wanted = |it| levels::of(protocol, it) == Level::Wanted;
            let right = of.peek().is_none() || of.any(wanted);
            let expected = format!("a {kind} for {protocol} that all must or should have");
            gateway.demand("AL1", right, &expected, || "none".into())?;
        }
    }
    Ok(())
}

fn aead(gateway: &mut Gateway) -> Outcome {
    let (_, esp) = proposed(gateway)?;
    let offers = esp.iter().flat_map(|it| &it.transforms).any(levels::is_aead);
    gateway.demand("ES4", offers, "an AEAD for ESP", || format!("{esp:?}"))
}

fn ports(gateway: &mut Gateway) -> Outcome {
    let asked = gateway.reach_auth()?;
    for kind in [PayloadType::TSI, PayloadType::TSR] {
        let none = || Stop::Inconclusive(format!("the IKE_AUTH request has no {kind}"));
        let view: Payload<'_> = find(&asked.parts, kind).ok_or_else(none)?.view();
        let parsed = TrafficSelectors::parse(&view);
        let expected =
            format!("selectors in {kind}, each with ports from 0 to 65535, opaque, or a range");
        let all = parsed.as_ref().is_ok_and(|list| list.iter().next().is_some());
        let found = parsed.err().map_or_else(|| "none".to_owned(), |error| error.to_string());
        gateway.demand("TS3", all, &expected, || found)?;
    }
    Ok(())
}

fn fragments(gateway: &mut Gateway) -> Outcome {
    afresh(gateway)?;
    let answer = gateway.init_answer()?;
    gateway.send_init(&answer)?;
    let span = gateway.patience.answer;
    let packets = gateway.listen(span);
    let fragment = packets.iter().any(|packet| packet.octets.get(16) == Some(&PayloadType::SKF.0));
    gateway.demand("FR1", !fragment, "no fragment", || seen(&packets))?;
    let whole = packets.iter().any(|packet| is_of(packet, ExchangeType::IKE_AUTH));
    gateway.demand("FR1", whole, "a whole IKE_AUTH request", || seen(&packets))
}
