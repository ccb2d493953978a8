//! No input panics, and whatever arrives, the invariants of the states hold; `Pair` checks them
//! and the IVs whenever it fetches what is to be sent.

use crate::support::gateway::{CHILD_SPI, Gateway};
use crate::support::part::{Inside, Part};
use crate::support::{Pair, config};
use ike_core::{ExchangeType, Flags, Header, IkeSpi, NotifyType, PayloadType};
use ike_initiator::{Config, Event, Profile, StateName};
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;

const STATES: [StateName; 6] = [
    StateName::Idle,
    StateName::InitSent,
    StateName::AuthSent,
    StateName::Established,
    StateName::Closing,
    StateName::Closed,
];

fn state() -> impl Strategy<Value = StateName> {
    prop::sample::select(STATES.as_slice())
}

fn configuration() -> impl Strategy<Value = Config> {
    (any::<bool>(), prop::sample::select(Profile::ALL.as_slice()))
        .prop_map(|(delete_on_close, profile)| Config { profile, delete_on_close, ..config() })
}

/// A pair in that state, and a message that means something there or did so before.
fn at(state: StateName, profile: Profile) -> (Pair, Vec<u8>) {
    let config = Config { profile, delete_on_close: true, ..config() };
    let mut pair = Pair::new(config);
    if state == StateName::Idle {
        pair.gateway.pretend(IkeSpi(1));
        let message = pair.gateway.request(ExchangeType::INFORMATIONAL, &[]);
        return (pair, message);
    }
    let request = pair.connect();
    let init = pair.gateway.init(&request);
    if state == StateName::InitSent {
        return (pair, init);
    }
    pair.receive(&init);
    let request = pair.sent();
    let auth = pair.gateway.auth(&request);
    if state == StateName::AuthSent {
        return (pair, auth);
    }
    pair.expect_established(&auth);
    let request = pair.gateway.request(ExchangeType::INFORMATIONAL, &[Part::delete_ike()]);
    if state == StateName::Established {
        return (pair, request);
    }
    pair.close();
    pair.sent();
    if state == StateName::Closing {
        let response = pair.gateway.response(ExchangeType::INFORMATIONAL, 2, &[]);
        return (pair, response);
    }
    pair.close();
    (pair, request)
}

/// What was not authenticated may end nothing and establish nothing; only IKE_SA_INIT goes on.
fn receives_weather(pair: &mut Pair, datagram: &[u8]) -> Result<(), TestCaseError> {
    let before = pair.device.state();
    let deadline = pair.device.poll_timeout();
    let events = pair.receive(datagram);
    let after = pair.device.state();
    if before == StateName::InitSent {
        prop_assert!(matches!(after, StateName::InitSent | StateName::AuthSent), "{after}");
        prop_assert!(events.len() <= 1, "{:?}", events);
        pair.sends();
        return Ok(());
    }
    prop_assert!(matches!(events[..], [Event::Dropped(_)]), "{:?}", events);
    prop_assert_eq!((after, pair.device.poll_timeout()), (before, deadline));
    // To another major version it may say that it has none (RFC 7296 2.5), which changes nothing either.
    let other_version = datagram.get(17).is_some_and(|version| version >> 4 > 2);
    let sends = pair.sends();
    prop_assert!(sends.iter().all(|sent| other_version && is_version_notice(sent)), "{:?}", sends);
    Ok(())
}

/// A response in clear with INVALID_MAJOR_VERSION and nothing else.
fn is_version_notice(message: &[u8]) -> bool {
    let header = Header::parse(message).expect("a header");
    let notify = [0, 0, 0, 8, 0, 0, 0, 5];
    header.flags.is_response() && message.get(28..) == Some(&notify[..])
}

/// One change of a datagram.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(prop::sample::Index, u8),
    Truncate(prop::sample::Index),
    Extend(Vec<u8>),
    Duplicate(prop::sample::Index, prop::sample::Index),
    /// The header's length is made to agree.
    FixLength,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use prop::sample::Index;
    prop_oneof![
        4 => (any::<Index>(), 1..=255_u8).prop_map(|(at, mask)| Mutation::Flip(at, mask)),
        1 => any::<Index>().prop_map(Mutation::Truncate),
        1 => vec(any::<u8>(), 1..40).prop_map(Mutation::Extend),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Mutation::Duplicate(a, b)),
        2 => Just(Mutation::FixLength),
    ]
}

fn mutate(datagram: &mut Vec<u8>, mutations: &[Mutation]) {
    for mutation in mutations {
        let len = datagram.len();
        if len == 0 {
            return;
        }
        match mutation {
            Mutation::Flip(at, mask) => datagram[at.index(len)] ^= mask,
            Mutation::Truncate(at) => datagram.truncate(at.index(len)),
            Mutation::Extend(octets) => datagram.extend(octets),
            Mutation::Duplicate(a, b) => {
                let (a, b) = (a.index(len), b.index(len));
                let copy = datagram[a.min(b)..a.max(b)].to_vec();
                datagram.splice(b..b, copy);
            }
            Mutation::FixLength => fix_length(datagram),
        }
    }
}

fn fix_length(datagram: &mut [u8]) {
    let length = u32::try_from(datagram.len()).expect("a short datagram");
    if let Some(field) = datagram.get_mut(24..28) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// The SA as the pair's gateway sees it names the SPIs; the exchange and the flags are drawn.
fn with_header(pair: &Pair, (exchange, flags, id): (u8, u8, u32), rest: &[u8]) -> Vec<u8> {
    let header = pair.gateway.header(ExchangeType(exchange), id).flags(Flags(flags));
    let mut octets = header.emit().to_vec();
    octets[16] = rest.first().copied().unwrap_or(0);
    octets.extend(rest);
    fix_length(&mut octets);
    octets
}

fn part() -> impl Strategy<Value = Part> {
    let kind = prop_oneof![3 => 33..=53_u8, 1 => any::<u8>()];
    (kind, any::<bool>(), vec(any::<u8>(), 0..60)).prop_map(|(kind, critical, body)| Part {
        kind: PayloadType(kind),
        critical,
        body,
    })
}

/// What a gateway may put inside an SK payload: a chain, or no chain at all.
fn inside() -> impl Strategy<Value = Inside> {
    prop_oneof![
        vec(part(), 0..5).prop_map(|parts| Inside::of(&parts)),
        (any::<u8>(), vec(any::<u8>(), 0..80), any::<Option<u8>>()).prop_map(
            |(first, octets, pad_length)| Inside { first: PayloadType(first), octets, pad_length }
        ),
    ]
}

/// A step of a random life.
#[derive(Clone, Debug)]
enum Step {
    Connect,
    Close,
    Timeout,
    Wait(u32),
    /// The proper answer to the last request of ours.
    Answer,
    Cookie(Vec<u8>),
    Request(u8, Vec<Part>, Option<u32>),
    DeleteChild,
    DeleteIke,
    /// A message that was there before, changed or not.
    Replay(prop::sample::Index, Vec<Mutation>),
    TakeKeys,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Connect),
        1 => Just(Step::Close),
        2 => Just(Step::Timeout),
        1 => any::<u32>().prop_map(Step::Wait),
        6 => Just(Step::Answer),
        1 => vec(any::<u8>(), 0..70).prop_map(Step::Cookie),
        3 => (34..=38_u8, vec(part(), 0..3), prop::option::of(0..4_u32))
            .prop_map(|(exchange, parts, id)| Step::Request(exchange, parts, id)),
        1 => Just(Step::DeleteChild),
        1 => Just(Step::DeleteIke),
        3 => (any::<prop::sample::Index>(), vec(mutation(), 0..3))
            .prop_map(|(which, mutations)| Step::Replay(which, mutations)),
        1 => Just(Step::TakeKeys),
    ]
}

/// A life: what the device sent last, and all that the gateway ever sent.
struct Life {
    pair: Pair,
    last: Vec<u8>,
    past: Vec<Vec<u8>>,
}

impl Life {
    fn deliver(&mut self, datagram: Vec<u8>) {
        self.pair.receive(&datagram);
        self.past.push(datagram);
    }

    /// The proper response, if a request is outstanding.
    fn answer(&mut self) {
        let gateway = &mut self.pair.gateway;
        let response = match self.pair.device.state() {
            StateName::InitSent => gateway.init(&self.last),
            StateName::AuthSent => gateway.auth(&self.last),
            StateName::Closing => gateway.response(ExchangeType::INFORMATIONAL, 2, &[]),
            _ => return,
        };
        self.deliver(response);
    }

    fn step(&mut self, step: &Step) {
        let pair = &mut self.pair;
        let info = ExchangeType::INFORMATIONAL;
        match step {
            Step::Connect => drop(pair.device.connect(pair.now, &mut pair.rng)),
            Step::Close => drop(pair.close()),
            Step::Timeout if pair.device.poll_timeout().is_some() => drop(pair.timeout()),
            Step::Wait(us) => pair.wait(Duration::from_micros(u64::from(*us))),
            Step::Answer => self.answer(),
            Step::Cookie(octets) if self.last.len() >= 28 => {
                let cookie = Part::notify(NotifyType::COOKIE, octets);
                let datagram = Gateway::init_notify(&self.last, cookie);
                self.deliver(datagram);
            }
            Step::Request(exchange, parts, id) if pair.gateway.sa.is_some() => {
                let exchange = ExchangeType(*exchange);
                let datagram = match id {
                    Some(id) => pair.gateway.request_with_id(exchange, *id, parts),
                    None => pair.gateway.request(exchange, parts),
                };
                self.deliver(datagram);
            }
            Step::DeleteChild if pair.gateway.sa.is_some() => {
                let datagram = pair.gateway.request(info, &[Part::delete_esp(CHILD_SPI)]);
                self.deliver(datagram);
            }
            Step::DeleteIke if pair.gateway.sa.is_some() => {
                let datagram = pair.gateway.request(info, &[Part::delete_ike()]);
                self.deliver(datagram);
            }
            Step::Replay(which, mutations) if !self.past.is_empty() => {
                let mut datagram = self.past[which.index(self.past.len())].clone();
                mutate(&mut datagram, mutations);
                pair.receive(&datagram);
            }
            Step::TakeKeys => {
                let established = pair.device.state() == StateName::Established;
                assert!(pair.device.take_child_keys().is_none() || established);
            }
            _ => {}
        }
        self.pair.events();
        for sent in self.pair.sends() {
            // Answers to the gateway are no requests of ours.
            if !Header::parse(&sent).expect("a header").flags.is_response() {
                self.last = sent;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_octets_change_nothing(
        state in state(),
        datagrams in vec(vec(any::<u8>(), 0..200), 1..5),
    ) {
        let (mut pair, _) = at(state, Profile::Rfc7296Min);
        for datagram in datagrams {
            receives_weather(&mut pair, &datagram)?;
        }
    }

    #[test]
    fn arbitrary_octets_behind_a_good_header_change_nothing(
        state in state(),
        header in (34..=37_u8, prop_oneof![Just(0), Just(0x20), any::<u8>()], 0..3_u32),
        rest in vec(any::<u8>(), 0..200),
    ) {
        let (mut pair, _) = at(state, Profile::Rfc7296Min);
        let datagram = with_header(&pair, header, &rest);
        receives_weather(&mut pair, &datagram)?;
    }

    #[test]
    fn a_clear_chain_behind_a_good_header_changes_nothing(
        state in state(),
        header in (34..=37_u8, prop_oneof![Just(0), Just(0x20)], 0..3_u32),
        parts in vec(part(), 0..5),
    ) {
        let (mut pair, _) = at(state, Profile::Rfc7296Min);
        let (first, octets) = crate::support::part::chain(&parts);
        let mut datagram = with_header(&pair, header, &octets);
        datagram[16] = first.0;
        receives_weather(&mut pair, &datagram)?;
    }

    #[test]
    fn a_mutated_message_changes_nothing(
        state in state(),
        profile in prop::sample::select(Profile::ALL.as_slice()),
        mutations in vec(mutation(), 1..5),
    ) {
        let (mut pair, good) = at(state, profile);
        let mut datagram = good.clone();
        mutate(&mut datagram, &mutations);
        if datagram != good {
            receives_weather(&mut pair, &datagram)?;
        }
    }

    /// Whoever has the keys can end an SA or fail an attempt, but gets one answer to a request, and
    /// never another state than those.
    #[test]
    fn anything_inside_sk_leads_to_a_lawful_state(
        state in state(),
        exchange in 34..=38_u8,
        (response, id) in (any::<bool>(), 0..3_u32),
        inside in inside(),
        profile in prop::sample::select(Profile::ALL.as_slice()),
    ) {
        let (mut pair, _) = at(state, profile);
        let mut header = pair.gateway.header(ExchangeType(exchange), id);
        if response {
            header = header.flags(Flags::RESPONSE);
        }
        let datagram = pair.gateway.seal(&header, &[], &inside);
        let events = pair.receive(&datagram);
        let after = pair.device.state();
        let sent = pair.sends();
        let answers = events.iter().any(|event| matches!(event, Event::Answered { .. }));
        match state {
            StateName::Established | StateName::Closing if answers => {
                prop_assert!(!response);
                let answers = sent.iter().filter(|octets| octets[19] == 0x28).count();
                prop_assert_eq!(answers, 1);
            }
            StateName::AuthSent => {
                prop_assert!(after != StateName::Established, "without AUTH");
            }
            StateName::Closing => {
                prop_assert!(matches!(after, StateName::Closing | StateName::Closed));
            }
            _ => {
                prop_assert!(sent.is_empty());
                prop_assert_eq!(after, state);
            }
        }
    }

    #[test]
    fn a_random_life_keeps_the_invariants(
        config in configuration(),
        steps in vec(step(), 1..60),
    ) {
        let mut life = Life { pair: Pair::new(config), last: Vec::new(), past: Vec::new() };
        for step in &steps {
            life.step(step);
        }
    }
}
