//! What both ends of IKEv2 must agree on: wire formats, key schedule, SK payload.
//!
//! Bytes have two layers: checked views over received octets, and representations that can only
//! hold sense and emit themselves. Parsing and emitting are each other's inverse. `no_std`,
//! without an allocator: whatever is kept has a stated maximum.
#![no_std]
#![forbid(unsafe_code)]

mod drop_reason;
mod error;
mod header;
mod identity;
mod keys;
mod number;
mod offer;
mod operation;
pub mod payload;
mod protected;
mod retransmission;
mod selector;
mod suite;
mod time;
mod writer;

pub use drop_reason::DropReason;
pub use error::{Error, Malformed, PeerIncompatible, PeerMisbehaved, answer};
pub use header::{Flags, HEADER_LEN, Header, IkeSpi};
pub use identity::{Identity, IdentityError, MAX_IDENTITY, MAX_PSK, Psk};
pub use keys::{AuthKey, ChildKeys, IkeKeys, NonceData, SaNonces, auth_key, auth_prf, finish_auth};
pub use number::{
    AuthMethod, ExchangeType, IdType, NotifyType, PayloadType, ProtocolId, TransformType, TsType,
};
pub use offer::{EspOffer, EspSuite, IkeOffer, IkeSuite};
pub use operation::Operation;
pub use protected::{Inner, ProtectedError, open_protected};
pub use retransmission::{Factor, Growth, Jitter, Schedule};
pub use selector::{MAX_SELECTORS, Selectors, TrafficSelector};
pub use suite::{Suite, UnknownSuite};
pub use time::{Instant, Path, Transmit};
pub use writer::{BufferTooSmall, MessageWriter};
