//! What the peer asks for while we ask something ourselves (RFC 7296 2.8.1, 2.8.2, 2.25).

use crate::client::{Client, ESP_SPI, Opened, notify};
use crate::create_child::{Connected, NO_ADDITIONAL_SAS};
use crate::creation::Wish;
use crate::exchanges::{assert_alive, delete_esp, delete_ike};
use crate::world::World;
use core::time::Duration;
use ike_core::{ExchangeType, Header, NotifyType, PayloadType, Suite};
use ike_responder::{CloseReason, Event, GatewayRequest, OutPayload};

/// What the responder is at.
#[derive(Clone, Copy, Debug)]
enum At {
    Rest,
    Asking(GatewayRequest),
    DeletingChild,
    Closing,
    Replaced,
}

const STATES: [(&str, At); 8] = [
    ("at rest", At::Rest),
    ("liveness", At::Asking(GatewayRequest::Liveness)),
    ("new child", At::Asking(GatewayRequest::NewChild)),
    ("rekey child", At::Asking(GatewayRequest::RekeyChild)),
    ("rekey ike", At::Asking(GatewayRequest::RekeyIke)),
    ("delete child", At::DeletingChild),
    ("closing", At::Closing),
    ("replaced", At::Replaced),
];

/// A responder in that state, and the client's next Message ID.
fn prepared(state: At) -> (Connected, u32) {
    let mut it = Connected::new();
    match state {
        At::Rest => {}
        At::Asking(what) => {
            it.ask(what);
        }
        At::DeletingChild => {
            let (request, _) = it.ask(GatewayRequest::NewChild);
            assert_eq!(it.accept(&request).len(), 1);
        }
        At::Closing => {
            it.world.responder.delete(it.world.now, it.sa);
            it.open_sent();
        }
        At::Replaced => {
            it.rekey(2, Suite::default());
            return (it, 3);
        }
    }
    (it, 2)
}

fn requests(client: &mut Client, id: u32) -> [(&'static str, Vec<u8>); 6] {
    let plain = Wish::plain();
    [
        ("new child", client.child(id, &plain)),
        ("rekey child", client.child(id, &plain.clone().rekeying(ESP_SPI))),
        ("rekey ike", client.rekey(id, Suite::default())),
        ("delete child", client.informational(id, &[delete_esp(ESP_SPI)])),
        ("delete ike", client.informational(id, &[delete_ike()])),
        ("liveness", client.informational(id, &[])),
    ]
}

fn words(opened: &Opened) -> String {
    use PayloadType as P;
    match opened.kinds()[..] {
        [] => "empty".into(),
        [P::D] => "D".into(),
        [P::N] => opened.only_notify().0.to_string(),
        [P::SA, P::NONCE, P::KE] => "SA Nr KEr".into(),
        [P::SA, P::NONCE, P::TSI, P::TSR] => "SA Nr TSi TSr".into(),
        ref other => format!("{other:?}"),
    }
}

const TABLE: &str = "\
at rest: new child -> SA Nr TSi TSr
at rest: rekey child -> SA Nr TSi TSr
at rest: rekey ike -> SA Nr KEr
at rest: delete child -> D
at rest: delete ike -> empty
at rest: liveness -> empty
liveness: new child -> SA Nr TSi TSr
liveness: rekey child -> SA Nr TSi TSr
liveness: rekey ike -> SA Nr KEr
liveness: delete child -> D
liveness: delete ike -> empty
liveness: liveness -> empty
new child: new child -> SA Nr TSi TSr
new child: rekey child -> SA Nr TSi TSr
new child: rekey ike -> TEMPORARY_FAILURE
new child: delete child -> D
new child: delete ike -> empty
new child: liveness -> empty
rekey child: new child -> SA Nr TSi TSr
rekey child: rekey child -> SA Nr TSi TSr
rekey child: rekey ike -> TEMPORARY_FAILURE
rekey child: delete child -> D
rekey child: delete ike -> empty
rekey child: liveness -> empty
rekey ike: new child -> TEMPORARY_FAILURE
rekey ike: rekey child -> TEMPORARY_FAILURE
rekey ike: rekey ike -> SA Nr KEr
rekey ike: delete child -> D
rekey ike: delete ike -> empty
rekey ike: liveness -> empty
delete child: new child -> SA Nr TSi TSr
delete child: rekey child -> SA Nr TSi TSr
delete child: rekey ike -> TEMPORARY_FAILURE
delete child: delete child -> D
delete child: delete ike -> empty
delete child: liveness -> empty
closing: new child -> TEMPORARY_FAILURE
closing: rekey child -> TEMPORARY_FAILURE
closing: rekey ike -> TEMPORARY_FAILURE
closing: delete child -> D
closing: delete ike -> empty
closing: liveness -> empty
replaced: new child -> TEMPORARY_FAILURE
replaced: rekey child -> TEMPORARY_FAILURE
replaced: rekey ike -> TEMPORARY_FAILURE
replaced: delete child -> empty
replaced: delete ike -> empty
replaced: liveness -> empty
";

#[test]
fn every_request_in_every_state() {
    let mut table = String::new();
    for (name, state) in STATES {
        for index in 0..6 {
            let (mut it, id) = prepared(state);
            let (asked, request) = requests(&mut it.client, id)[index].clone();
            let response = it.world.ask(it.client.path, &request);
            let answer = words(&it.client.open(&response));
            table.push_str(&format!("{name}: {asked} -> {answer}\n"));
            // RFC 7296 2.1, whatever it was.
            assert_eq!(it.world.ask(it.client.path, &request), response, "{name}: {asked}");
        }
    }
    assert_eq!(table, TABLE, "{table}");
}

fn expiring(span: Duration, ike: bool) -> (Connected, Vec<u8>) {
    let mut it = Connected::build(
        World::with(|config| {
            let lifetime = if ike { &mut config.ike_lifetime } else { &mut config.child_lifetime };
            *lifetime = Some(span);
        }),
        Suite::default(),
    );
    let asked = it.world.pass(span).remove(0).1;
    let exchange = Header::parse(&asked).expect("a header").exchange;
    assert_eq!(exchange, ExchangeType::CREATE_CHILD_SA);
    (it, asked)
}

/// RFC 7296 2.8.1: the peer was first, and has nothing to rekey any more.
#[test]
fn a_child_sa_that_expired_and_was_rekeyed_by_the_peer_meanwhile_ends_nothing() {
    for deleted in [false, true] {
        let (mut it, ours) = expiring(Duration::from_secs(60), false);
        it.create(2, &Wish::plain().rekeying(ESP_SPI));
        if deleted {
            let delete = it.client.informational(3, &[delete_esp(ESP_SPI)]);
            it.world.ask(it.client.path, &delete);
        }
        let kind = NotifyType::TEMPORARY_FAILURE;
        assert_eq!(it.answer(&ours, &[notify(kind, &[])]), Vec::<Vec<u8>>::new());
        let next = if deleted { 4 } else { 3 };
        assert_alive(&mut it.world, &mut it.client, next);
    }
}

#[test]
fn a_child_sa_that_expired_and_is_refused_ends_the_ike_sa_all_the_same() {
    let (mut it, ours) = expiring(Duration::from_secs(60), false);
    it.create(2, &Wish::plain());
    let delete = it.refuse(&ours).remove(0);
    assert_eq!(it.client.open(&delete).payloads, [delete_ike()]);
}

/// RFC 7296 2.8.2: ours was never used, and goes with the old SA.
#[test]
fn an_ike_sa_that_both_rekey_is_the_peers() {
    let (mut it, ours) = expiring(Duration::from_secs(60), true);
    let (mut client, new) = it.rekey(2, Suite::default());
    let delete = it.client.informational(3, &[delete_ike()]);
    it.world.ask(it.client.path, &delete);
    let closed = Event::Closed { sa: it.sa, reason: CloseReason::DeletedByPeer };
    assert_eq!(it.world.last_event(), &closed);
    // We have forgotten our own request.
    assert_eq!(it.refuse(&ours), Vec::<Vec<u8>>::new());
    assert_eq!(it.world.pass(Duration::from_secs(59)), []);
    assert_alive(&mut it.world, &mut client, 0);
    assert_eq!(it.world.responder.children(new).count(), 1);
}

#[test]
fn what_waits_to_be_asked_is_asked_in_the_new_ike_sa() {
    let mut it = Connected::new();
    let (check, _) = it.ask(GatewayRequest::Liveness);
    for what in [GatewayRequest::RekeyIke, GatewayRequest::NewChild] {
        assert!(it.request(what));
    }
    let request = it.client.rekey(2, Suite::default());
    let answers = it.world.deliver(it.client.path, &request);
    assert_eq!(answers.len(), 2, "the answer, then the request in the new SA");
    let mut client = it.client.take_rekey(&answers[0], Suite::default());
    let opened = client.open(&answers[1]);
    assert_eq!(opened.header.message_id, 0);
    assert_eq!(opened.kinds().len(), 4, "a new Child SA: the IKE SA needs no rekeying any more");
    // The old SA still waits for its own answer.
    assert_eq!(it.answer(&check, &[]), Vec::<Vec<u8>>::new());
    let header = Header::parse(&answers[1]).expect("a header").flags(crate::client::RESPONSE);
    let refusal: [OutPayload; 1] = [notify(NO_ADDITIONAL_SAS, &[])];
    let response = client.seal_as(&header, &refusal);
    it.world.silence(client.path, &response);
    assert_alive(&mut it.world, &mut client, 0);
}

#[test]
fn a_rekey_of_ours_that_waits_is_left_out_when_the_peer_was_first() {
    let mut it = Connected::new();
    let (check, _) = it.ask(GatewayRequest::Liveness);
    assert!(it.request(GatewayRequest::RekeyChild));
    it.create(2, &Wish::plain().rekeying(ESP_SPI));
    assert_eq!(it.answer(&check, &[]), Vec::<Vec<u8>>::new());
    // The next one means the new Child SA.
    let (_, opened) = it.ask(GatewayRequest::RekeyChild);
    let spi = it.world.responder.children(it.sa).nth(1).expect("the new one");
    assert_eq!(opened.body(PayloadType::N)[4..], spi.to_be_bytes());
}
