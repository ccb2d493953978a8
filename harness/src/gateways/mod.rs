//! Real implementations in containers, plugged into the virtual network: see `docs/gateways.md`.
//!
//! The table ([`GATEWAYS`]) says which there are, [`Setting`] what one is told, [`Image`] is what it is started from,
//! and [`Running`] is one that runs: it goes when it is dropped.

mod docker;
mod image;
pub(crate) mod orders;
mod running;
mod setting;
mod table;

pub use docker::{LABEL, bridge_address, clean, leftovers};
pub use image::Image;
pub use orders::obey;
pub use running::{Running, StartError};
pub(crate) use setting::typed;
pub use setting::{Peer, Setting, nodes_network};
pub use table::{GATEWAYS, Plug, Role};
