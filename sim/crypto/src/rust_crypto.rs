//! The backend over RustCrypto and dalek.
use crate::*;

/// RustCrypto and dalek.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RustCrypto;

pub(crate) fn is_private_key(_group: Group, _octets: &[u8; 32]) -> bool {
    todo!()
}
