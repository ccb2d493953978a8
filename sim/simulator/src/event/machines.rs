//! The events of initiator and responder, by name and with their values.

use super::Fields;
use crypto::Group;
use ike_core::Operation;

pub(super) fn initiator_name(event: &ike_initiator::Event) -> &'static str {
    use ike_initiator::Event as E;
    match event {
        E::Operation(_) => "operation",
        E::CookieRequested { .. } => "cookie_requested",
        E::GroupRequested(_) => "group_requested",
        E::Established { .. } => "established",
        E::Failed(_) => "failed",
        E::Dropped(_) => "dropped",
        E::Answered { .. } => "answered",
        E::Repeated { .. } => "response_repeated",
        E::ChildClosed => "child_closed",
        E::Closed(_) => "closed",
    }
}

pub(super) fn initiator_fields(event: &ike_initiator::Event, to: &mut impl Fields) {
    use ike_initiator::Event as E;
    match event {
        E::Operation(operation) => to.word("operation", operation_name(*operation)),
        E::CookieRequested { len, at_once } => {
            to.number("octets", *len as u64);
            to.number("at_once", u64::from(*at_once));
        }
        E::GroupRequested(group) => to.text("group", &format_args!("{group:?}")),
        E::Established { peer, .. } => to.text("peer", peer),
        E::Failed(reason) => to.text("reason", reason),
        E::Dropped(reason) => to.text("reason", reason),
        E::Answered { exchange, message_id, notify } => {
            to.text("exchange", exchange);
            to.number("message_id", (*message_id).into());
            if let Some(notify) = notify {
                to.text("notify", notify);
            }
        }
        E::Repeated { message_id } => to.number("message_id", (*message_id).into()),
        E::ChildClosed => {}
        E::Closed(reason) => to.text("reason", reason),
    }
}

pub(super) fn responder_name(event: &ike_responder::Event) -> &'static str {
    use ike_responder::Event as E;
    match event {
        E::Operation { .. } => "operation",
        E::HalfOpen { .. } => "half_open",
        E::Established { .. } => "established",
        E::Refused { .. } => "refused",
        E::Dropped { .. } => "dropped",
        E::CookieRequested { .. } => "cookie_requested",
        E::ResponseRepeated { .. } => "response_repeated",
        E::Answered { .. } => "answered",
        E::PeerAnswered { .. } => "peer_answered",
        E::PeerRefused { .. } => "peer_refused",
        E::Queued { .. } => "queued",
        E::Crashed { .. } => "crashed",
        E::ChildCreated { .. } => "child_created",
        E::ChildClosed { .. } => "child_closed",
        E::Rekeyed { .. } => "rekeyed",
        E::Closed { .. } => "closed",
    }
}

pub(super) fn responder_fields(event: &ike_responder::Event, to: &mut impl Fields) {
    use ike_responder::Event as E;
    match event {
        E::Operation { operation, .. } => to.word("operation", operation_name(*operation)),
        E::HalfOpen { sa, path, .. } => {
            to.opaque("sa", sa.spi_r().0);
            to.text("remote", &path.remote);
        }
        E::Established { sa, identity, path, replaced } => {
            to.opaque("sa", sa.spi_r().0);
            to.text("remote", &path.remote);
            to.text("peer", identity);
            to.number("replaced", *replaced as u64);
        }
        E::Refused { path, notify, .. } => {
            to.text("remote", &path.remote);
            to.text("notify", notify);
        }
        E::Dropped { path, reason } => {
            to.text("remote", &path.remote);
            to.text("reason", reason);
        }
        E::CookieRequested { path } => to.text("remote", &path.remote),
        E::ResponseRepeated { sa, message_id } | E::PeerAnswered { sa, message_id } => {
            to.opaque("sa", sa.spi_r().0);
            to.number("message_id", (*message_id).into());
        }
        E::Answered { sa, exchange } => {
            to.opaque("sa", sa.spi_r().0);
            to.text("exchange", exchange);
        }
        E::PeerRefused { sa, exchange, notify } => {
            to.opaque("sa", sa.spi_r().0);
            to.text("exchange", exchange);
            to.text("notify", notify);
        }
        E::Queued { path, ahead, answer_at, .. } => {
            to.text("remote", &path.remote);
            to.number("ahead", *ahead as u64);
            to.number("answer_at_us", answer_at.micros());
        }
        E::Crashed { queued } => to.number("queued", *queued as u64),
        E::ChildCreated { sa, spi_in, replaces } => {
            to.opaque("sa", sa.spi_r().0);
            to.opaque("spi_in", (*spi_in).into());
            if let Some(replaces) = replaces {
                to.opaque("replaces", (*replaces).into());
            }
        }
        E::ChildClosed { sa, spi_in } => {
            to.opaque("sa", sa.spi_r().0);
            to.opaque("spi_in", (*spi_in).into());
        }
        E::Rekeyed { old, new, .. } => {
            to.opaque("sa", old.spi_r().0);
            to.opaque("new", new.spi_r().0);
        }
        E::Closed { sa, reason } => {
            to.opaque("sa", sa.spi_r().0);
            to.text("reason", &format_args!("{reason:?}"));
        }
    }
}

/// As it is written in the code.
const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::KeyGeneration(Group::Modp2048) => "KeyGeneration(Modp2048)",
        Operation::KeyGeneration(Group::Ecp256) => "KeyGeneration(Ecp256)",
        Operation::KeyGeneration(Group::Curve25519) => "KeyGeneration(Curve25519)",
        Operation::DiffieHellman(Group::Modp2048) => "DiffieHellman(Modp2048)",
        Operation::DiffieHellman(Group::Ecp256) => "DiffieHellman(Ecp256)",
        Operation::DiffieHellman(Group::Curve25519) => "DiffieHellman(Curve25519)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_the_name_that_it_has_in_the_code() {
        for group in [Group::Modp2048, Group::Ecp256, Group::Curve25519] {
            for operation in [Operation::KeyGeneration(group), Operation::DiffieHellman(group)] {
                assert_eq!(operation_name(operation), format!("{operation:?}"));
            }
        }
    }
}
