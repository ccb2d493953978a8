//! The reference IKEv2 responder, sans-IO: enough of RFC 7296 to be honest to a minimal initiator.
//!
//! Time, paths and octets are arguments; nothing here looks at a clock or owns a socket. All random
//! octets derive from the seed and the IKE_SA_INIT request they serve, never from the order of
//! arrival, so that losing one datagram changes no other.
//!
//! ```
//! use crypto::RustCrypto;
//! use ike_core::{Instant, Path};
//! use ike_responder::{Config, MAX_MESSAGE, Responder};
//!
//! let config = Config::new("gateway.example".parse()?);
//! let mut responder = Responder::new(config, RustCrypto, [7; 32]);
//! let path = Path { local: "192.0.2.1:500".parse()?, remote: "192.0.2.7:500".parse()? };
//! let now = Instant::from_micros(0);
//!
//! let mut datagram = b"noise".to_vec();
//! responder.handle_datagram(now, path, &mut datagram);
//! while let Some(event) = responder.poll_event() {
//!     println!("{event:?}");
//! }
//! let mut buffer = [0; MAX_MESSAGE];
//! assert!(responder.poll_transmit(now, &mut buffer).is_none());
//! assert!(responder.poll_timeout().is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod behaviour;
mod config;
mod cookie;
mod counters;
mod digests;
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
mod tally;

pub use behaviour::{Behaviour, Honest, MessageContext, OutPayload, TunnelSelectors};
pub use config::{Config, CookiePolicy, CreatePolicy, Credentials};
pub use counters::Counters;
pub use event::{ChildSa, CloseReason, Event, GatewayRequest, Phase, SaId, SaSummary};
pub use random::private_key;
pub use responder::{MAX_MESSAGE, Responder};
pub use seen::generation_after;
