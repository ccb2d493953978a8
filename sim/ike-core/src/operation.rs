//! Work that the machines report, so that a simulator can charge time and energy for it.

use crypto::Group;

/// A costly computation that a machine did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A private key was drawn and its public value computed.
    KeyGeneration(Group),
    /// A shared secret was computed.
    DiffieHellman(Group),
}
