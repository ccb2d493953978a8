//! Broken responders.

mod authentication;
mod exchanges;
mod framing;
mod header;
mod negotiation;
mod offers;
mod repetition;

use super::{Mutant, both};
use crate::Role;

/// All, by theme.
pub(super) const THEMES: &[&[Mutant]] = &[
    &both::framing(Role::Responder),
    &both::keys(Role::Responder),
    &both::sayings(Role::Responder),
    repetition::MUTANTS,
    header::MUTANTS,
    negotiation::MUTANTS,
    authentication::MUTANTS,
    framing::MUTANTS,
    offers::MUTANTS,
    exchanges::MUTANTS,
];
