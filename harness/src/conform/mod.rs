//! The cases of `conformance` against what is not in this process, in real time.
//!
//! A case is a thread that sends and waits; many run at once, each from an address of its own, at one container.
//! [`Ward`] is a real gateway in containers, behind portals, and [`Squad`] a real device; [`Remote`] is anybody's gateway at
//! a UDP port, and [`Caller`] anybody's device that connects to one of ours.

pub mod again;
mod caller;
mod evidence;
mod halt;
mod hub;
mod owner;
mod remote;
mod settle;
mod squad;
mod ward;

pub use caller::Caller;
pub use evidence::keep;
pub use halt::Halt;
pub use remote::{Account, Remote};
pub use squad::Squad;
pub use ward::Ward;
