//! What every event does in every state: a table that is read as a whole and kept as a snapshot.

use crate::support::gateway::{CHILD_SPI, Gateway};
use crate::support::part::{Inside, Part, clear, clear_parts};
use crate::support::{Pair, config};
use crypto::{Group, PrfAlgorithm};
use ike_core::payload::TsRepr;
use ike_core::{
    ExchangeType, Flags, Header, IkeOffer, IkeSpi, NotifyType, PayloadType, Schedule, Suite,
};
use ike_initiator::{Config, Event, Profile, StateName};
use std::fmt::Write as _;
use std::time::Duration;

const STATES: [StateName; 6] = [
    StateName::Idle,
    StateName::InitSent,
    StateName::AuthSent,
    StateName::Established,
    StateName::Closing,
    StateName::Closed,
];

/// Two groups, so that INVALID_KE_PAYLOAD is possible; two tries, so that the second is the last.
fn device() -> Config {
    let protection = Suite::AesGcmX25519.ike().protection;
    let groups = [Group::Curve25519, Group::Ecp256];
    Config {
        ike: IkeOffer::new(&[protection], &[PrfAlgorithm::HmacSha256], &groups).expect("an offer"),
        schedule: Schedule { tries: 2, ..Schedule::RFC7296 },
        delete_on_close: true,
        ..config()
    }
}

/// A pair in that state. The gateway always has an SA: the device's, the one that the device's last
/// request would lead to, the one that is over, or one of its imagination.
struct Scene {
    pair: Pair,
    /// The device's IKE_SA_INIT request, or one that would have had these SPIs.
    request: Vec<u8>,
}

fn scene(state: StateName, config: &Config) -> Scene {
    let mut pair = Pair::new(config.clone());
    if state == StateName::Idle {
        pair.gateway.pretend(IkeSpi(1));
        let header = Header::new(IkeSpi(1), IkeSpi::ZERO, ExchangeType::IKE_SA_INIT);
        return Scene { pair, request: clear(&header, &[]) };
    }
    let request = pair.connect();
    let response = pair.gateway.init(&request);
    if state != StateName::InitSent {
        pair.receive(&response);
        let auth = pair.sent();
        if state != StateName::AuthSent {
            let response = pair.gateway.auth(&auth);
            pair.expect_established(&response);
        }
    }
    if matches!(state, StateName::Closing | StateName::Closed) {
        pair.close();
        if pair.device.state() == StateName::Closing {
            pair.sent();
        }
    }
    if state == StateName::Closed && pair.device.state() == StateName::Closing {
        pair.close();
    }
    Scene { pair, request }
}

impl Scene {
    fn auth(&mut self, edit: impl FnOnce(&mut Vec<Part>)) -> Vec<u8> {
        let selectors = &device().local;
        let remote = &device().remote;
        let asked = [
            Part::of(&TsRepr { whose: PayloadType::TSI, selectors }),
            Part::of(&TsRepr { whose: PayloadType::TSR, selectors: remote }),
        ];
        let mut parts = self.pair.gateway.auth_parts(&asked);
        edit(&mut parts);
        self.pair.gateway.response(ExchangeType::IKE_AUTH, 1, &parts)
    }

    fn request(&mut self, exchange: ExchangeType, parts: &[Part]) -> Vec<u8> {
        self.pair.gateway.request(exchange, parts)
    }

    fn notify(&self, kind: NotifyType, data: &[u8]) -> Vec<u8> {
        Gateway::init_notify(&self.request, Part::notify(kind, data))
    }

    /// A datagram that the device gets before the one that counts.
    fn earlier(&mut self, datagram: &[u8]) {
        self.pair.receive(datagram);
        self.pair.sends();
    }
}

/// What happens: a call of the owner's, or a datagram.
enum Act {
    Connect,
    Close,
    Timeout,
    Datagram(Vec<u8>),
}

type Case = (&'static str, fn(&mut Scene) -> Act);

fn flip(mut datagram: Vec<u8>, at: usize, mask: u8) -> Vec<u8> {
    datagram[at] ^= mask;
    datagram
}

const CALLS: [Case; 5] = [
    ("connect", |_| Act::Connect),
    ("close", |_| Act::Close),
    ("timeout, too early", |_| Act::Timeout),
    ("timeout, due", |scene| {
        scene.pair.wait(Duration::from_secs(1));
        Act::Timeout
    }),
    ("timeout, after the last try", |scene| {
        for seconds in [1, 2] {
            scene.pair.wait(Duration::from_secs(seconds));
            if seconds == 1 {
                let (now, rng) = (scene.pair.now, &mut scene.pair.rng);
                scene.pair.device.handle_timeout(now, rng);
                scene.pair.sends();
            }
        }
        Act::Timeout
    }),
];

const WEATHER: [Case; 5] = [
    ("5 octets", |_| Act::Datagram(vec![0; 5])),
    ("major version 3", |scene| {
        Act::Datagram(flip(scene.pair.gateway.sa().response.clone(), 17, 0x10))
    }),
    ("a request of major version 3", |scene| {
        Act::Datagram(flip(scene.request(ExchangeType::INFORMATIONAL, &[]), 17, 0x10))
    }),
    ("initiator flag set", |scene| {
        Act::Datagram(flip(scene.pair.gateway.sa().response.clone(), 19, 0x08))
    }),
    ("another device's SPI", |scene| {
        Act::Datagram(flip(scene.pair.gateway.sa().response.clone(), 7, 0x01))
    }),
];

const INIT: [Case; 9] = [
    ("good", |scene| Act::Datagram(scene.pair.gateway.sa().response.clone())),
    ("COOKIE", |scene| Act::Datagram(scene.notify(NotifyType::COOKIE, b"crumbs"))),
    ("the same COOKIE again", |scene| {
        let datagram = scene.notify(NotifyType::COOKIE, b"crumbs");
        scene.earlier(&datagram);
        Act::Datagram(datagram)
    }),
    ("a fourth COOKIE", |scene| {
        for number in 0..3 {
            let datagram = scene.notify(NotifyType::COOKIE, &[number]);
            scene.earlier(&datagram);
        }
        Act::Datagram(scene.notify(NotifyType::COOKIE, b"crumbs"))
    }),
    ("COOKIE of 65 octets", |scene| Act::Datagram(scene.notify(NotifyType::COOKIE, &[1; 65]))),
    ("INVALID_KE, offered", |scene| {
        Act::Datagram(scene.notify(NotifyType::INVALID_KE_PAYLOAD, &[0, 19]))
    }),
    ("INVALID_KE, not offered", |scene| {
        Act::Datagram(scene.notify(NotifyType::INVALID_KE_PAYLOAD, &[0, 14]))
    }),
    ("NO_PROPOSAL_CHOSEN", |scene| {
        Act::Datagram(scene.notify(NotifyType::NO_PROPOSAL_CHOSEN, &[]))
    }),
    ("no nonce", |scene| {
        let parts = clear_parts(&scene.pair.gateway.sa().response);
        let sa = scene.pair.gateway.sa();
        let header = Header::new(sa.spi_i, sa.spi_r, ExchangeType::IKE_SA_INIT);
        let parts: Vec<Part> =
            parts.into_iter().filter(|part| part.kind != PayloadType::NONCE).collect();
        Act::Datagram(clear(&header.flags(Flags::RESPONSE), &parts))
    }),
];

const AUTH: [Case; 9] = [
    ("good", |scene| Act::Datagram(scene.auth(|_| {}))),
    ("wrong ICV", |scene| Act::Datagram(flip(scene.auth(|_| {}), 60, 1))),
    ("AUTHENTICATION_FAILED, in clear", |scene| {
        let header = scene.pair.gateway.header(ExchangeType::IKE_AUTH, 1).flags(Flags::RESPONSE);
        let error = Part::notify(NotifyType::AUTHENTICATION_FAILED, &[]);
        Act::Datagram(clear(&header, &[error]))
    }),
    ("AUTHENTICATION_FAILED, protected", |scene| {
        let error = Part::notify(NotifyType::AUTHENTICATION_FAILED, &[]);
        Act::Datagram(scene.auth(|parts| *parts = vec![error]))
    }),
    ("wrong AUTH", |scene| Act::Datagram(scene.auth(|parts| parts[1].body[9] ^= 1))),
    ("no AUTH", |scene| Act::Datagram(scene.auth(|parts| drop(parts.remove(1))))),
    ("TS_UNACCEPTABLE", |scene| {
        Act::Datagram(scene.auth(|parts| {
            parts.truncate(2);
            parts.push(Part::notify(NotifyType::TS_UNACCEPTABLE, &[]));
        }))
    }),
    ("wider selectors", |scene| {
        // Of the range's end, the last octet.
        Act::Datagram(scene.auth(|parts| *parts[4].body.last_mut().expect("an address") = 0xff))
    }),
    ("unknown critical payload", |scene| {
        let unknown = Part::raw(PayloadType(200), b"?").critical();
        Act::Datagram(scene.auth(|parts| parts.push(unknown)))
    }),
];

const REQUESTS: [Case; 13] = [
    ("liveness", |scene| Act::Datagram(scene.request(ExchangeType::INFORMATIONAL, &[]))),
    ("liveness, repeated", |scene| {
        let datagram = scene.request(ExchangeType::INFORMATIONAL, &[]);
        scene.earlier(&datagram);
        Act::Datagram(datagram)
    }),
    ("liveness, an old Message ID", |scene| {
        let datagram = scene.request(ExchangeType::INFORMATIONAL, &[]);
        scene.earlier(&datagram);
        let second = scene.request(ExchangeType::INFORMATIONAL, &[]);
        scene.earlier(&second);
        Act::Datagram(datagram)
    }),
    ("liveness, a future Message ID", |scene| {
        Act::Datagram(scene.pair.gateway.request_with_id(ExchangeType::INFORMATIONAL, 7, &[]))
    }),
    ("liveness, wrong ICV", |scene| {
        Act::Datagram(flip(scene.request(ExchangeType::INFORMATIONAL, &[]), 40, 1))
    }),
    ("liveness, in clear", |scene| {
        Act::Datagram(clear(&scene.pair.gateway.header(ExchangeType::INFORMATIONAL, 0), &[]))
    }),
    ("CREATE_CHILD_SA", |scene| Act::Datagram(scene.request(ExchangeType::CREATE_CHILD_SA, &[]))),
    ("unknown exchange", |scene| Act::Datagram(scene.request(ExchangeType(250), &[]))),
    ("unknown critical payload", |scene| {
        let unknown = Part::raw(PayloadType(200), b"?").critical();
        Act::Datagram(scene.request(ExchangeType::INFORMATIONAL, &[unknown]))
    }),
    ("nonsense inside", |scene| {
        let header = scene.pair.gateway.header(ExchangeType::INFORMATIONAL, 0);
        let inside = Inside { first: PayloadType::N, octets: vec![9], pad_length: None };
        Act::Datagram(scene.pair.gateway.seal(&header, &[], &inside))
    }),
    ("Delete of the Child SA", |scene| {
        Act::Datagram(scene.request(ExchangeType::INFORMATIONAL, &[Part::delete_esp(CHILD_SPI)]))
    }),
    ("Delete of another Child SA", |scene| {
        Act::Datagram(scene.request(ExchangeType::INFORMATIONAL, &[Part::delete_esp(999)]))
    }),
    ("Delete of the IKE SA", |scene| {
        Act::Datagram(scene.request(ExchangeType::INFORMATIONAL, &[Part::delete_ike()]))
    }),
];

const DELETE: [Case; 3] = [
    ("good", |scene| {
        Act::Datagram(scene.pair.gateway.response(ExchangeType::INFORMATIONAL, 2, &[]))
    }),
    ("wrong ICV", |scene| {
        let datagram = scene.pair.gateway.response(ExchangeType::INFORMATIONAL, 2, &[]);
        Act::Datagram(flip(datagram, 40, 1))
    }),
    ("Message ID 3", |scene| {
        Act::Datagram(scene.pair.gateway.response(ExchangeType::INFORMATIONAL, 3, &[]))
    }),
];

const GROUPS: [(&str, &[Case]); 6] = [
    ("the owner calls", &CALLS),
    ("a datagram that anybody sends", &WEATHER),
    ("an IKE_SA_INIT response", &INIT),
    ("an IKE_AUTH response", &AUTH),
    ("a request of the gateway", &REQUESTS),
    ("a response to the Delete", &DELETE),
];

/// One cell: the state afterwards, what was said and what was sent.
fn cell(state: StateName, config: &Config, prepare: fn(&mut Scene) -> Act) -> String {
    let mut scene = scene(state, config);
    let act = prepare(&mut scene);
    scene.pair.events();
    let before = scene.pair.device.state();
    let pair = &mut scene.pair;
    let mut said = Vec::new();
    match act {
        Act::Connect => {
            if let Err(misuse) = pair.device.connect(pair.now, &mut pair.rng) {
                said.push(format!("misuse: {misuse}"));
            }
        }
        Act::Close => pair.device.close(pair.now, &mut pair.rng),
        Act::Timeout => pair.device.handle_timeout(pair.now, &mut pair.rng),
        Act::Datagram(mut datagram) => {
            pair.device.handle_datagram(pair.now, pair.path, &mut datagram, &mut pair.rng);
        }
    }
    said.extend(pair.events().iter().map(told));
    let after = pair.device.state();
    if before != after || before != state {
        said.insert(0, format!("=> {after}"));
    }
    said.extend(pair.sends().iter().map(|datagram| shown(pair, datagram)));
    if said.is_empty() { "-".to_owned() } else { said.join("; ") }
}

fn told(event: &Event) -> String {
    match event {
        Event::Operation(operation) => format!("{operation:?}"),
        Event::CookieRequested { at_once: true, .. } => "cookie wanted".to_owned(),
        Event::CookieRequested { at_once: false, .. } => "cookie wanted, waits".to_owned(),
        Event::GroupRequested(group) => format!("group wanted: {group:?}"),
        Event::Established { peer, .. } => format!("established with {peer}"),
        Event::Failed(reason) => format!("FAILED {reason}"),
        Event::Dropped(reason) => format!("dropped: {reason}"),
        Event::Answered { notify: None, .. } => "answered".to_owned(),
        Event::Answered { notify: Some(notify), .. } => format!("answered {notify}"),
        Event::Repeated { .. } => "answered again".to_owned(),
        Event::ChildClosed => "CHILD CLOSED".to_owned(),
        Event::Closed(reason) => format!("CLOSED {reason}"),
    }
}

/// A datagram of the device's: exchange, Message ID, payloads.
fn shown(pair: &Pair, datagram: &[u8]) -> String {
    let header = Header::parse(datagram).expect("a header");
    let parts = if header.next_payload == PayloadType::SK {
        pair.gateway.open(datagram).1
    } else {
        clear_parts(datagram)
    };
    let parts: Vec<String> = parts
        .iter()
        .map(|part| match part.kind {
            PayloadType::N => {
                let kind = NotifyType(u16::from_be_bytes([part.body[2], part.body[3]]));
                format!("N({kind})")
            }
            kind => kind.to_string(),
        })
        .collect();
    let kind = if header.flags.is_response() { "response" } else { "request" };
    format!("sends {} {kind} {} {{{}}}", header.exchange, header.message_id, parts.join(" "))
}

/// A cell with its place.
struct Entry {
    state: StateName,
    group: &'static str,
    event: &'static str,
    what: String,
}

fn entries(config: &Config) -> Vec<Entry> {
    let mut all = Vec::new();
    for state in STATES {
        if scene(state, config).pair.device.state() != state {
            // Without Deletes, nobody is ever closing.
            continue;
        }
        for (group, cases) in GROUPS {
            all.extend(cases.iter().map(|&(event, prepare)| {
                let what = cell(state, config, prepare);
                Entry { state, group, event, what }
            }));
        }
    }
    all
}

/// A line each; where a whole group of events does the same, one line for it.
fn table(config: &Config) -> String {
    let mut out = String::new();
    let mut state = None;
    for group in entries(config).chunk_by(|a, b| (a.state, a.group) == (b.state, b.group)) {
        let first = &group[0];
        if state != Some(first.state) {
            let space = if state.is_none() { "" } else { "\n" };
            writeln!(out, "{space}{}", first.state).unwrap();
            state = Some(first.state);
        }
        if group.iter().all(|entry| entry.what == first.what) {
            writeln!(out, "  {:<35} {}", first.group, first.what).unwrap();
            continue;
        }
        writeln!(out, "  {}", first.group).unwrap();
        for Entry { event, what, .. } in group {
            writeln!(out, "    {event:<33} {what}").unwrap();
        }
    }
    out
}

/// The cells that are not those of the usual table.
fn differences(other: &Config) -> String {
    let mut out = String::new();
    let other = entries(other);
    for Entry { state, group, event, what } in &entries(&device()) {
        let place = (*state, *group, *event);
        match other.iter().find(|entry| (entry.state, entry.group, entry.event) == place) {
            Some(entry) if entry.what == *what => {}
            Some(entry) => {
                writeln!(out, "{state}, {group}, {event}\n  - {what}\n  + {}", entry.what).unwrap();
            }
            None => {
                let line = format!("{state} is never reached\n");
                if !out.ends_with(&line) {
                    out += &line;
                }
            }
        }
    }
    out
}

#[test]
fn every_event_in_every_state() {
    insta::assert_snapshot!(table(&device()));
}

#[test]
fn what_the_profile_of_rfc_7815_does_otherwise() {
    insta::assert_snapshot!(differences(&Config { profile: Profile::Rfc7815, ..device() }));
}

#[test]
fn what_a_device_without_deletes_does_otherwise() {
    insta::assert_snapshot!(differences(&Config { delete_on_close: false, ..device() }));
}
