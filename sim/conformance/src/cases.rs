//! The cases, by role and theme.

pub mod initiator;
pub mod responder;

use crate::Case;

/// All of them: those for initiators first.
pub fn all() -> impl Iterator<Item = &'static Case> {
    initiator::THEMES.iter().chain(responder::THEMES).flat_map(|theme| theme.iter())
}
