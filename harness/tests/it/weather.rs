//! What is not the peer's word changes nothing.

use crate::pair::{LOCALHOST, Pair, Screen, block_on, identity, psk, until};
use core::net::{Ipv4Addr, SocketAddr};
use harness::arguments::generator;
use harness::{Plan, Recorder, Stop, Wire, connect};
use ike_core::{Schedule, Suite};
use ike_initiator::{CloseReason, Config, FailReason};
use simulator::Side;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::UdpSocket;

/// The time goes by quickly, so that a test may wait for the end of it.
const IMPATIENT: Schedule =
    Schedule { first: Duration::from_millis(20), tries: 4, ..Schedule::RFC7296 };

#[test]
fn a_refused_port_is_tried_again_until_patience_ends() {
    let (outcome, screen) = block_on(async {
        // Nobody answers on the port of a socket that is closed again.
        let closed = Wire::listen(SocketAddr::new(LOCALHOST, 0)).await.expect("a port").local();
        let wire = Wire::connect(None, closed).await.expect("a socket");
        let (identity, screen) = (identity("door.example"), Screen::default());
        let mut config = Config::new(wire.path_to(closed), identity.clone(), psk("secret"));
        config.schedule = IMPATIENT;
        let mut recorder = Recorder::new(Side::Node, &identity, Box::new(screen.clone()));
        let rng = generator(None).expect("randomness");
        let plan = Plan { config, stay: Duration::ZERO, rng };
        let outcome = connect(wire, plan, &mut recorder, &mut Stop::never()).await;
        (outcome.expect("no error"), screen.text())
    });
    assert!(matches!(outcome.failed, Some(FailReason::TimedOut(_))), "{outcome}");
    assert_eq!(outcome.to_string(), "failed: no answer to IKE_SA_INIT");
    assert_eq!(screen.matches("-- IKE_SA_INIT request 0, ").count(), 4, "{screen}");
    if cfg!(target_os = "linux") {
        assert!(screen.contains("* ignores: Connection refused"), "{screen}");
    }
}

#[test]
fn an_unauthenticated_refusal_ends_nothing_and_is_told_at_the_end() {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.gateway.suites = vec![Suite::AesCbcModp2048];
        pair.node.schedule = IMPATIENT;
        pair.meet().await
    });
    let told = "failed: no answer to IKE_SA_INIT that counts (dropped: unauthenticated NO_PROPOSAL_CHOSEN)";
    assert_eq!(met.outcome.to_string(), told);
    assert_eq!(met.summary.refused, 4, "one for each transmission");
}

#[test]
fn noise_is_dropped_and_what_was_forgotten_meanwhile_is_not_missed() {
    let met = block_on(async {
        let mut pair = Pair::new().await;
        pair.stay = Duration::from_secs(3_600);
        pair.node.delete_on_close = true;
        // The Delete may get lost among so much noise.
        pair.node.schedule = Schedule::LIBRESWAN;
        let (leave, screen) = (pair.leave.clone(), pair.gateway_screen.clone());
        let gateway = pair.gateway_wire.local();
        let noise = async {
            until(|| screen.text().contains("established with")).await;
            let socket = UdpSocket::bind(SocketAddr::new(LOCALHOST, 0)).await.expect("a port");
            let head = format!(" {} ", socket.local_addr().expect("an address"));
            // A new head after 10,000 datagrams from one address: the ladder began anew.
            let mut sent = 0;
            while sent < 20_000 && screen.text().matches(&head).count() < 2 {
                for _ in 0..500 {
                    socket.send_to(b"noise", gateway).await.expect("sent");
                    tokio::task::yield_now().await;
                    sent += 1;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(screen.text().matches(&head).count(), 2, "the ladder began anew");
            leave.raise();
        };
        let (met, ()) = tokio::join!(pair.meet(), noise);
        met
    });
    assert!(met.summary.dropped > 9_000, "{}", met.summary);
    assert_eq!(met.outcome.closed, CloseReason::DeleteAnswered);
    assert!(met.gateway.contains("SK  D IKE"), "the keys of the SA are still known");
    assert!(met.gateway.contains("SA closed: DeletedByPeer"), "and whose it is");
}

#[test]
fn the_unspecified_address_is_refused() {
    let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let error = block_on(Wire::listen(any)).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("expected one address of this machine"), "{error}");
}
