//! The cases, by role and theme.

pub mod initiator;
pub mod responder;

use crate::{Case, Role};

/// All of them: those for initiators first.
pub fn all() -> impl Iterator<Item = &'static Case> {
    initiator::THEMES.iter().chain(responder::THEMES).flat_map(|theme| theme.iter())
}

/// Those that judge a requirement for subjects of this role: what they say of themselves is how it is
/// judged.
pub fn judging(id: &str, role: Role) -> impl Iterator<Item = &'static Case> {
    all().filter(move |case| case.role() == role && case.judges.contains(&id))
}
