//! The cases of `conformance` against what is not in this process, in real time.
//!
//! A case is a thread that sends and waits; many run at once, each from an address of its own, at one container.
//! [`Ward`] is a real implementation in containers, behind portals; [`Remote`] is anybody's gateway at a UDP port.

mod evidence;
mod hub;
mod remote;
mod settle;
mod ward;

pub use evidence::keep;
pub use remote::{Account, Remote};
pub use ward::Ward;
