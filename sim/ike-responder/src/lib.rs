//! The reference IKEv2 responder, sans-IO: enough of RFC 7296 to be honest to a minimal initiator.
//!
//! Time, paths and octets are arguments; nothing here looks at a clock or owns a socket. All random
//! octets derive from the seed and the IKE_SA_INIT request they serve, never from the order of
//! arrival, so that losing one datagram changes no other.
#![forbid(unsafe_code)]

mod behaviour;
mod config;
mod cookie;
mod event;
mod message;
mod narrow;
mod negotiate;
mod random;
mod request;
mod responder;
mod sa;
mod seen;
mod table;

pub use behaviour::{Behaviour, Honest, MessageContext, OutPayload, TunnelSelectors};
pub use config::{Config, CookiePolicy};
pub use event::{ChildSa, CloseReason, Event, Phase, SaId, SaSummary};
pub use responder::{MAX_MESSAGE, Responder};
