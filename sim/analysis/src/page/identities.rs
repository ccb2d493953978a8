//! The identities on the page of a sweep.

use super::{Field, escape, table};
use crate::identity::{Identity, Verdict};
use crate::plot::short;
use crate::sweep::{Row, Sweep};
use core::fmt::Write as _;

/// The verdicts of one identity over all cells: the worst is shown.
pub(super) fn section(sweep: &Sweep<'_>) -> String {
    let mut text = String::from(
        "<h2>Identities checked</h2>\n<p>Each formula against each cell; shown is the cell that is furthest from it. It \
         holds within five standard deviations, or exactly where nothing is random. Where a cell does not meet what a \
         formula takes for granted there is no verdict: those are below the table, by reason.</p>\n",
    );
    let mut by_name: Vec<(&str, Vec<(&Row<'_>, &Identity)>)> = Vec::new();
    for row in &sweep.rows {
        for identity in &row.identities {
            match by_name.iter_mut().find(|(name, _)| *name == identity.name) {
                Some((_, all)) => all.push((row, identity)),
                None => by_name.push((identity.name, vec![(row, identity)])),
            }
        }
    }
    let head = [
        "identity",
        "formula",
        "cells",
        "furthest cell",
        "formula says",
        "simulated",
        "95 % interval",
        "sigmas",
        "verdict",
    ];
    let rows: Vec<Vec<Field>> =
        by_name.iter().filter_map(|(_, all)| compared_row(sweep, all)).collect();
    text.push_str(&table(&head, &rows));
    text.push_str(&not_compared(sweep));
    text
}

/// The row of an identity, if any cell was compared.
fn compared_row(sweep: &Sweep<'_>, all: &[(&Row<'_>, &Identity)]) -> Option<Vec<Field>> {
    let size = |identity: &Identity| match (&identity.verdict, identity.sigmas) {
        (Verdict::Differs, None) => f64::INFINITY,
        (Verdict::ForComparison, _) => {
            let off = identity.expected.zip(identity.simulated).map(|(a, b)| (a - b).abs());
            off.unwrap_or_default()
        }
        (_, sigmas) => sigmas.map_or(0.0, f64::abs),
    };
    let compared =
        || all.iter().filter(|(_, one)| !matches!(one.verdict, Verdict::PremiseBroken(_)));
    let (row, one) = compared().max_by(|a, b| size(a.1).total_cmp(&size(b.1)))?;
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    let differ = compared().filter(|(_, one)| one.verdict == Verdict::Differs).count();
    let verdict = match (&one.verdict, differ) {
        (Verdict::ForComparison, _) => Field::Text("for comparison".to_owned()),
        (_, 0) => Field::Verdict(true, "holds".to_owned()),
        (_, cells) => Field::Verdict(false, format!("differs in {cells}")),
    };
    let place: Vec<&str> = sweep.labels(row).into_iter().map(|(_, label)| label).collect();
    let exact =
        if one.interval.is_none() && one.verdict == Verdict::Holds { "exact" } else { "–" };
    Some(vec![
        Field::Text(one.name.to_owned()),
        Field::Text(one.formula.to_owned()),
        Field::Number(compared().count().to_string()),
        Field::Text(place.join(", ")),
        Field::Number(number(one.expected)),
        Field::Number(number(one.simulated)),
        Field::Number(one.interval.map_or_else(
            || exact.to_owned(),
            |interval| format!("{} to {}", short(interval.low), short(interval.high)),
        )),
        Field::Number(
            one.sigmas.map_or_else(|| exact.to_owned(), |sigmas| format!("{sigmas:+.1}")),
        ),
        verdict,
    ])
}

/// What has no verdict, folded by reason: which identities, and in how many cells.
fn not_compared(sweep: &Sweep<'_>) -> String {
    let mut text = String::new();
    for (why, count) in sweep.verdicts().not_compared {
        let mut names: Vec<(&str, usize)> = Vec::new();
        let all = sweep.rows.iter().flat_map(|row| &row.identities);
        for one in all.filter(|one| one.verdict == Verdict::PremiseBroken(why.clone())) {
            match names.iter_mut().find(|(name, _)| *name == one.name) {
                Some((_, cells)) => *cells += 1,
                None => names.push((one.name, 1)),
            }
        }
        let rows: Vec<Vec<Field>> = names
            .into_iter()
            .map(|(name, cells)| {
                vec![Field::Text(name.to_owned()), Field::Number(cells.to_string())]
            })
            .collect();
        let _ = write!(
            text,
            "<details class=\"reasons\">\n<summary>{count} are not compared: {}</summary>\n{}</details>\n",
            escape(&why),
            table(&["identity", "cells"], &rows)
        );
    }
    text
}
