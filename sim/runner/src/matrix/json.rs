//! The matrix for programs.

use super::Judged;
use conformance::{Cell, Requirement, Role, cases};
use serde_json::{Value, json};

/// Requirements, columns and cells. A cell has the evidence in words; what crossed is in the page.
#[must_use]
pub fn json(judged: &Judged<'_>) -> Value {
    let Judged { registry, matrix, .. } = judged;
    let columns: Vec<Value> = matrix
        .columns()
        .iter()
        .map(|(name, profile)| json!({ "implementation": name, "profile": profile.name() }))
        .collect();
    json!({
        "requirements": registry.all().iter().map(requirement).collect::<Vec<_>>(),
        "columns": columns,
        "cells": matrix.cells.iter().map(|it| cell(judged, it)).collect::<Vec<_>>(),
    })
}

fn requirement(requirement: &Requirement) -> Value {
    let profiles: Vec<&str> = requirement.profiles.iter().map(|it| it.name()).collect();
    let judged = |role| {
        let cases = cases::judging(&requirement.id, role);
        cases.map(|case| json!({ "case": case.name, "about": case.about })).collect::<Vec<_>>()
    };
    json!({
        "id": requirement.id,
        "rfc": requirement.rfc,
        "section": requirement.section,
        "binds": requirement.binds.name(),
        "level": requirement.level.name(),
        "profiles": profiles,
        "demand": requirement.demand,
        "judged": {
            "initiator": judged(Role::Initiator),
            "responder": judged(Role::Responder),
        },
        "no_case": {
            "initiator": requirement.no_case(Role::Initiator),
            "responder": requirement.no_case(Role::Responder),
        },
    })
}

fn cell(judged: &Judged<'_>, cell: &Cell) -> Value {
    let (expected, reason) = judged.baseline.expected(cell);
    let failure = cell.finding.failure.as_ref().map(|failure| {
        json!({
            "expected": failure.expected,
            "found": failure.found,
            "message": failure.message,
            "offset": failure.offset,
        })
    });
    json!({
        "implementation": cell.implementation,
        "role": cell.role.name(),
        "profile": cell.profile.name(),
        "case": cell.case,
        "requirement": cell.finding.requirement,
        "verdict": cell.finding.verdict.name(),
        "expected_verdict": expected.name(),
        "expected_reason": reason,
        "failure": failure,
        "reason": cell.finding.reason,
    })
}
