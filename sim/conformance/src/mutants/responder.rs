//! Broken responders.

mod authentication;
mod exchanges;
mod framing;
mod header;
mod negotiation;
mod offers;
mod repetition;
mod said;

use super::{Mutant, both, said as both_said};
use crate::Role;

/// All, by theme.
pub(super) const THEMES: &[&[Mutant]] = &[
    &both::framing(Role::Responder),
    &both::keys(Role::Responder),
    &both::sayings(Role::Responder),
    &both_said::fields(Role::Responder),
    repetition::MUTANTS,
    header::MUTANTS,
    negotiation::MUTANTS,
    authentication::MUTANTS,
    framing::MUTANTS,
    offers::MUTANTS,
    exchanges::MUTANTS,
    said::MUTANTS,
];
