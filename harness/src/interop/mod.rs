//! The interop matrix: cases times gateways, each cell with a verdict.
//!
//! A case ([`cases`]) is a scenario with changes, and what must be seen for it to pass. A cell runs it against one
//! gateway: the reference responder in virtual time ([`mod@reference`]), or one in a container at the pace of the clock ([`plugged`]).
//! The verdict ([`verdict`]) comes from the trace and from the gateway's own list of SAs ([`sas`]) together: what a
//! device says it established, the gateway must list, with the same SPIs. Where tshark is there, it reads the capture
//! with the keys of the cell, and what it finds wrong fails the cell. What is known to be otherwise is data with
//! reasons ([`expected`]).

pub mod again;
mod agenda;
pub mod cases;
pub mod cell;
pub mod column;
mod container;
pub mod device;
pub mod exchanges;
pub mod expected;
pub mod matrix;
pub mod next;
pub mod pair;
pub mod plugged;
pub mod reference;
pub mod sas;
pub mod show;
pub mod verdict;
pub mod witness;
pub mod written;
