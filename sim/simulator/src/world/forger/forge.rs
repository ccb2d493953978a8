//! The octets that a forger injects: whole IP datagrams with right checksums, in somebody else's name.

use super::ear::{Heard, Request};
use crate::backend::Backend;
use crate::world::address::Addresses;
use crate::world::shared::IKE_PORT;
use core::net::SocketAddr;
use crypto::{Crypto, Group, MAX_PUBLIC_VALUE, PrivateKey};
use ike_core::payload::{
    Body, KeyExchange, Nonce, Notify, Payload, Payloads, ProposalRepr, Raw, Sa, SaRepr, Transform,
};
use ike_core::{
    ExchangeType, Flags, HEADER_LEN, Header, IkeSpi, MessageWriter, NotifyType, PayloadType,
};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use vnet::ip::{self, protocol};
use vnet::link::Direction;
use vnet::random::uniform;
use vnet::udp;

/// The longest message: a KE payload of MODP-2048 with an SA payload, and room.
const LONGEST: usize = 1_024;

/// Notifies against a request for an IKE SA: errors, and the two that RFC 7296 lets through.
const AGAINST_INIT: [NotifyType; 6] = [
    NotifyType::NO_PROPOSAL_CHOSEN,
    NotifyType::INVALID_SYNTAX,
    NotifyType::AUTHENTICATION_FAILED,
    NotifyType::INVALID_MAJOR_VERSION,
    NotifyType::INVALID_KE_PAYLOAD,
    NotifyType::COOKIE,
];

/// Errors against a protected request.
const AGAINST_REQUEST: [NotifyType; 5] = [
    NotifyType::AUTHENTICATION_FAILED,
    NotifyType::INVALID_SYNTAX,
    NotifyType::NO_PROPOSAL_CHOSEN,
    NotifyType::TS_UNACCEPTABLE,
    NotifyType::INVALID_IKE_SPI,
];

/// Errors against an IKE SA at rest.
const AGAINST_SA: [NotifyType; 4] = [
    NotifyType::INVALID_IKE_SPI,
    NotifyType::INVALID_SPI,
    NotifyType::AUTHENTICATION_FAILED,
    NotifyType::INVALID_SYNTAX,
];

/// Groups that nobody here offers: an attacker would want them for being weak.
const NOT_OFFERED: [u16; 5] = [1, 2, 5, 22, 24];

/// Where something is injected.
pub(super) struct Scene<'a> {
    pub(super) addresses: Addresses,
    pub(super) link: u32,
    /// The way that it pretends to have gone.
    pub(super) direction: Direction,
    pub(super) heard: Option<&'a Heard>,
    /// What everybody in the run computes with.
    pub(super) crypto: Backend,
}

impl Scene<'_> {
    /// In whose name, and to whom.
    fn ends(&self) -> (SocketAddr, SocketAddr) {
        let node = SocketAddr::new(self.addresses.node(self.link), IKE_PORT);
        let gateway = SocketAddr::new(self.addresses.gateway(), IKE_PORT);
        match self.direction {
            Direction::Towards => (node, gateway),
            Direction::Back => (gateway, node),
        }
    }

    fn udp(&self, message: &[u8]) -> Vec<u8> {
        let (source, destination) = self.ends();
        udp::emit(source, destination, message)
    }

    fn esp(&self, packet: &[u8]) -> Vec<u8> {
        let (source, destination) = self.ends();
        ip::emit(source.ip(), destination.ip(), protocol::ESP, packet)
    }

    /// The flag of whoever it pretends to come from: nodes are the original initiators.
    fn flags(&self) -> Flags {
        match self.direction {
            Direction::Towards => Flags::INITIATOR,
            Direction::Back => Flags(0),
        }
    }

    /// The header of a response to a request that went the other way.
    fn response(&self, request: &Request, spi_r: IkeSpi) -> Header {
        Header::new(request.header.spi_i, spi_r, request.header.exchange)
            .flags(self.flags().with(Flags::RESPONSE))
            .message_id(request.header.message_id)
    }
}

fn pick<T: Copy>(rng: &mut ChaCha20Rng, from: &[T]) -> T {
    let which = uniform(rng, from.len() as u64 - 1);
    from[usize::try_from(which).unwrap_or_default()]
}

fn octets(rng: &mut ChaCha20Rng, least: u64, most: u64) -> Vec<u8> {
    let len = least + uniform(rng, most - least);
    let mut octets = vec![0; usize::try_from(len).unwrap_or_default()];
    rng.fill_bytes(&mut octets);
    octets
}

/// Octets that were drawn: as they are, behind a right IKE header with any SPIs or with those that were heard, or as
/// ESP.
pub(super) fn garbage(scene: &Scene<'_>, rng: &mut ChaCha20Rng) -> Vec<u8> {
    match uniform(rng, 3) {
        0 => scene.udp(&octets(rng, 1, 300)),
        1 => {
            let spis = (IkeSpi(rng.next_u64()), IkeSpi(rng.next_u64()));
            scene.udp(&garbage_message(scene, spis, rng))
        }
        2 => {
            let spis = scene.heard.map(Heard::spis).unwrap_or_default();
            scene.udp(&garbage_message(scene, spis, rng))
        }
        _ => scene.esp(&octets(rng, 8, 200)),
    }
}

fn garbage_message(scene: &Scene<'_>, spis: (IkeSpi, IkeSpi), rng: &mut ChaCha20Rng) -> Vec<u8> {
    let exchange = pick(
        rng,
        &[
            ExchangeType::IKE_SA_INIT,
            ExchangeType::IKE_AUTH,
            ExchangeType::CREATE_CHILD_SA,
            ExchangeType::INFORMATIONAL,
        ],
    );
    let kind = pick(rng, &[scene.flags(), scene.flags().with(Flags::RESPONSE)]);
    let id = u32::try_from(uniform(rng, 3)).unwrap_or_default();
    let mut header = Header::new(spis.0, spis.1, exchange).flags(kind).message_id(id);
    header.next_payload = PayloadType(pick(rng, &[33, 34, 41, 46, 47, 200]));
    let body = octets(rng, 0, 200);
    header.length = u32::try_from(HEADER_LEN + body.len()).unwrap_or_default();
    [&header.emit()[..], &body].concat()
}

/// An error that nobody authenticated: as the response to the request under way, or against the IKE SA.
pub(super) fn error(scene: &Scene<'_>, heard: &Heard, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let asked = heard.request(scene.direction.reversed()).filter(|request| request.under_way);
    let (header, kind) = match asked {
        Some(request) if request.is_init() => {
            (scene.response(request, IkeSpi::ZERO), pick(rng, &AGAINST_INIT))
        }
        Some(request) => {
            (scene.response(request, request.header.spi_r), pick(rng, &AGAINST_REQUEST))
        }
        None => (unasked(scene, heard), pick(rng, &AGAINST_SA)),
    };
    let data = match kind {
        NotifyType::COOKIE => octets(rng, 8, 64),
        NotifyType::INVALID_KE_PAYLOAD => pick(rng, &NOT_OFFERED).to_be_bytes().to_vec(),
        NotifyType::INVALID_SPI => octets(rng, 4, 4),
        _ => Vec::new(),
    };
    scene.udp(&message(&header, &[&Notify::new(kind, &data)]))
}

/// The header of the next request of whoever it pretends to come from.
fn unasked(scene: &Scene<'_>, heard: &Heard) -> Header {
    let (spi_i, spi_r) = heard.spis();
    let last = heard.request(scene.direction).map(|request| request.header.message_id);
    Header::new(spi_i, spi_r, ExchangeType::INFORMATIONAL)
        .flags(scene.flags())
        .message_id(last.map_or(0, |id| id.wrapping_add(1)))
}

/// A response to the request under way, or to the last one: to IKE_SA_INIT with a key of the forger's own, to others
/// an SK payload that was drawn.
pub(super) fn response(scene: &Scene<'_>, heard: &Heard, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let header = match heard.request(scene.direction.reversed()) {
        Some(request) if request.is_init() => {
            if let Some(message) = init_response(scene, heard, request, rng) {
                return scene.udp(&message);
            }
            scene.response(request, request.header.spi_r)
        }
        Some(request) => scene.response(request, request.header.spi_r),
        None => {
            let header = unasked(scene, heard);
            header.flags(scene.flags().with(Flags::RESPONSE))
        }
    };
    let body = octets(rng, 33, 200);
    scene.udp(&message(&header, &[&Raw { kind: PayloadType::SK, body: &body }]))
}

/// What the gateway might have answered, with somebody else's Diffie-Hellman value; `None`: the request is not one
/// that can be answered.
fn init_response(
    scene: &Scene<'_>,
    heard: &Heard,
    request: &Request,
    rng: &mut ChaCha20Rng,
) -> Option<Vec<u8>> {
    let first = request.header.next_payload;
    let payloads: Vec<Payload<'_>> =
        Payloads::new(first, request.message.get(HEADER_LEN..)?, HEADER_LEN)
            .collect::<Result<_, _>>()
            .ok()?;
    let of = |kind| payloads.iter().find(|payload| payload.kind == kind);
    let offer = Sa::parse(of(PayloadType::SA)?).ok()?.proposals().next()?;
    let group = KeyExchange::parse(of(PayloadType::KE)?).ok()?.group;
    let chosen = first_of_each_kind(offer.transforms());
    let known = Group::from_transform(group)?;
    let mut public = [0; MAX_PUBLIC_VALUE];
    let public = &mut public[..known.public_value_len()];
    scene.crypto.public_value(&PrivateKey::generate(known, rng), public);
    let nonce = octets(rng, 32, 32);
    let own = IkeSpi(rng.next_u64() | 1);
    // The gateway's SPI, where its response is on the way, makes the two harder to tell apart.
    let spi_r = match heard.spis().1 {
        IkeSpi::ZERO => own,
        known => pick(rng, &[known, own]),
    };
    let proposal = ProposalRepr {
        number: offer.number(),
        protocol: offer.protocol(),
        spi: &[],
        transforms: &chosen,
    };
    let sa = SaRepr(&[proposal]);
    let ke = KeyExchange { group, data: public };
    Some(message(&scene.response(request, spi_r), &[&sa, &ke, &Nonce(&nonce)]))
}

/// What a responder that prefers what comes first would choose.
fn first_of_each_kind(offered: impl Iterator<Item = Transform>) -> Vec<Transform> {
    let mut chosen: Vec<Transform> = Vec::new();
    for transform in offered {
        if chosen.iter().all(|other| other.kind != transform.kind) {
            chosen.push(transform);
        }
    }
    chosen
}

fn message(header: &Header, payloads: &[&dyn Body]) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST];
    let mut writer = MessageWriter::new(&mut buffer, header).expect("room for a header");
    for payload in payloads {
        writer.payload(*payload).expect("room for what a response has");
    }
    let len = writer.finish().expect("a length of four octets");
    buffer.truncate(len);
    buffer
}
