//! Algorithms, groups, nonces, cookies, selectors.

use crate::mutants::{Mutant, chain};
use core::net::Ipv4Addr;
use ike_core::payload::Notify;
use ike_core::{ExchangeType, NotifyType, PayloadType, TrafficSelector};
use ike_responder::{Behaviour, MessageContext, OutPayload, TunnelSelectors};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::responder::<Number>(
        "proposal-number-not-echoed",
        &["NG1"],
        "answers with a proposal number of its own",
    ),
    Mutant::responder::<TwoProposals>(
        "two-proposals-answered",
        &["NG2"],
        "answers with two proposals",
    ),
    Mutant::responder::<KeyLength>(
        "key-length-changed",
        &["NG2", "NG4"],
        "answers with another key length than was offered",
    ),
    Mutant::responder::<LowSpi>(
        "esp-spi-low",
        &["NG9", "ES1"],
        "answers with an ESP SPI below 256",
    ),
    Mutant::responder::<AnyGroup>(
        "ke-group-unchecked",
        &["NG10"],
        "takes a KE payload of a group that it does not name",
    ),
    Mutant::responder::<ShortNonce>("nonce-short", &["NG13"], "answers with a nonce of 15 octets"),
    Mutant::responder::<CookieUnchecked>("cookie-unchecked", &["NG17"], "takes any cookie"),
    Mutant::responder::<LongCookie>("cookie-65", &["NG16"], "asks for a cookie of 65 octets"),
    Mutant::responder::<Widened>(
        "selectors-widened",
        &["TS1"],
        "answers with wider selectors than were proposed",
    ),
    Mutant::responder::<UnknownTs>(
        "unknown-ts-echoed",
        &["TS4"],
        "repeats traffic selectors of a type that it does not know",
    ),
    Mutant::responder::<Transport>(
        "transport-mode-unasked",
        &["TS6"],
        "says USE_TRANSPORT_MODE to who did not",
    ),
];

/// The first payload of that type in a response of that exchange, to be changed.
fn part<'p>(
    context: &MessageContext,
    exchange: ExchangeType,
    (payloads, kind): (&'p mut [OutPayload], PayloadType),
) -> Option<&'p mut OutPayload> {
    let meant = context.response && context.exchange == exchange;
    payloads.iter_mut().find(|payload| meant && payload.kind == kind)
}

#[derive(Default)]
struct Number;

impl Behaviour for Number {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        let at = (&mut payloads[..], PayloadType::SA);
        if let Some(sa) = part(context, ExchangeType::IKE_SA_INIT, at) {
            sa.body[4] += 1;
        }
    }
}

#[derive(Default)]
struct TwoProposals;

impl Behaviour for TwoProposals {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        let at = (&mut payloads[..], PayloadType::SA);
        if let Some(sa) = part(context, ExchangeType::IKE_SA_INIT, at) {
            let mut second = sa.body.clone();
            second[4] += 1;
            sa.body[0] = 2;
            sa.body.extend(second);
        }
    }
}

#[derive(Default)]
struct KeyLength;

impl Behaviour for KeyLength {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        let at = (&mut payloads[..], PayloadType::SA);
        let Some(sa) = part(context, ExchangeType::IKE_SA_INIT, at) else { return };
        if let Some(at) = sa.body.windows(2).position(|pair| pair == [0x80, 14]) {
            sa.body[at + 2..at + 4].copy_from_slice(&192_u16.to_be_bytes());
        }
    }
}

#[derive(Default)]
struct LowSpi;

impl Behaviour for LowSpi {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        let at = (&mut payloads[..], PayloadType::SA);
        if let Some(sa) = part(context, ExchangeType::IKE_AUTH, at) {
            sa.body[8..11].fill(0);
        }
    }
}

#[derive(Default)]
struct AnyGroup;

impl Behaviour for AnyGroup {
    fn ke_group(&mut self, _: u16) -> u16 {
        crypto::Group::Curve25519.transform_id()
    }
}

#[derive(Default)]
struct ShortNonce;

impl Behaviour for ShortNonce {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        let at = (&mut payloads[..], PayloadType::NONCE);
        if let Some(nonce) = part(context, ExchangeType::IKE_SA_INIT, at) {
            nonce.body.truncate(15);
        }
    }
}

#[derive(Default)]
struct CookieUnchecked;

impl Behaviour for CookieUnchecked {
    fn takes_cookie(&mut self, _: bool) -> bool {
        true
    }
}

#[derive(Default)]
struct LongCookie;

impl Behaviour for LongCookie {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        let cookie = NotifyType::COOKIE.0.to_be_bytes();
        let at = (&mut payloads[..], PayloadType::N);
        let notify = part(context, ExchangeType::IKE_SA_INIT, at);
        if let Some(notify) = notify.filter(|notify| notify.body[2..4] == cookie) {
            notify.body.resize(4 + 65, 0);
        }
    }

    fn takes_cookie(&mut self, _: bool) -> bool {
        true
    }
}

#[derive(Default)]
struct Widened;

impl Behaviour for Widened {
    fn selectors(&mut self, narrowed: &mut TunnelSelectors) {
        narrowed.local.extend(TrafficSelector::network(Ipv4Addr::UNSPECIFIED.into(), 0));
    }
}

/// The selector of an unknown type that was proposed for the initiator's side.
#[derive(Default)]
struct UnknownTs(Vec<u8>);

impl Behaviour for UnknownTs {
    fn read_payloads(&mut self, first: PayloadType, octets: &mut [u8]) {
        chain::each(first, octets, |kind, payload| {
            if kind == PayloadType::TSI {
                self.0 = unknown_selector(&payload[8..]).unwrap_or_default();
            }
        });
    }

    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        let at = (&mut payloads[..], PayloadType::TSI);
        if let Some(ts) = part(context, ExchangeType::IKE_AUTH, at)
            && !self.0.is_empty()
        {
            ts.body[0] += 1;
            ts.body.append(&mut self.0);
        }
    }
}

fn unknown_selector(mut selectors: &[u8]) -> Option<Vec<u8>> {
    loop {
        let len = usize::from(u16::from_be_bytes([*selectors.get(2)?, *selectors.get(3)?]));
        let (selector, rest) = selectors.split_at_checked(len.max(4))?;
        if !matches!(selector[0], 7 | 8) {
            return Some(selector.to_vec());
        }
        selectors = rest;
    }
}

#[derive(Default)]
struct Transport;

impl Behaviour for Transport {
    fn edit(&mut self, context: &MessageContext, payloads: &mut Vec<OutPayload>) {
        if context.response && context.exchange == ExchangeType::IKE_AUTH {
            payloads.push(OutPayload::of(&Notify::new(NotifyType::USE_TRANSPORT_MODE, &[])));
        }
    }
}
