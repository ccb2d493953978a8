//! Broken responders.

mod authentication;
mod header;
mod negotiation;
mod repetition;

use super::Mutant;

/// All, by theme.
pub(super) const THEMES: &[&[Mutant]] =
    &[repetition::MUTANTS, header::MUTANTS, negotiation::MUTANTS, authentication::MUTANTS];
