//! Broken initiators.

mod after;
mod answers;
mod authentication;
mod bounds;
mod cookies;
mod framing;
mod header;
mod negotiation;
mod offers;
mod requests;
mod said;
mod transmission;

use super::{Mutant, both, said as both_said};
use crate::Role;

/// All, by theme.
pub(super) const THEMES: &[&[Mutant]] = &[
    &both::framing(Role::Initiator),
    &both::keys(Role::Initiator),
    &both::sayings(Role::Initiator),
    &both_said::fields(Role::Initiator),
    transmission::MUTANTS,
    header::MUTANTS,
    negotiation::MUTANTS,
    authentication::MUTANTS,
    bounds::MUTANTS,
    after::MUTANTS,
    offers::MUTANTS,
    answers::MUTANTS,
    framing::MUTANTS,
    requests::MUTANTS,
    cookies::MUTANTS,
    said::MUTANTS,
];
