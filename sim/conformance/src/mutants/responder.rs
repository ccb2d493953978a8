//! Broken responders.

mod authentication;
mod exchanges;
mod framing;
mod header;
mod negotiation;
mod offers;
mod repetition;

use super::Mutant;

/// All, by theme.
pub(super) const THEMES: &[&[Mutant]] = &[
    repetition::MUTANTS,
    header::MUTANTS,
    negotiation::MUTANTS,
    authentication::MUTANTS,
    framing::MUTANTS,
    offers::MUTANTS,
    exchanges::MUTANTS,
];
