//! ESP packets in tunnel mode: seal, open, sequence numbers, replay window.
//!
//! RFC 4303 with the choices that RFC 9333 makes for constrained devices: 32-bit sequence numbers,
//! no ESN, no TFC padding of its own. An SA has one [`Outbound`] and one [`Inbound`] half, each
//! with a key of its own; the packets are those that stand behind the outer IP header, or behind
//! the UDP header where a NAT was detected (RFC 3948).
//!
//! Which packets may pass is the caller's to judge: [`Inbound::open`] says who sent the inner packet, not that the traffic
//! selectors of the SA let it in, and [`Outbound::seal`] takes any. Addresses, protocol and ports are compared with the
//! negotiated selectors behind the one and before the other (RFC 4301 5.2, 5.1), or whoever has the other end
//! speaks in anybody's name.
//!
//! `no_std`, without an allocator: packets live in the caller's buffers.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod inbound;
mod ip;
mod layout;
mod outbound;
mod replay;
#[cfg(test)]
mod tests;

pub use inbound::{Inbound, OpenError, Opened};
pub use ip::NextHeader;
pub use layout::{HEADER_LEN, MAX_OVERHEAD, max_inner_len, overhead, spi_of};
pub use outbound::{Outbound, SealError};
pub use replay::ReplayWindow;
