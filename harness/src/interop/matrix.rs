//! All cells of a run, and what they are worth together.

use super::cases::Case;
use super::cell::Cell;
use super::expected::Expected;
use anyhow::{Result, bail};
use serde::Serialize;
use std::collections::BTreeSet;

/// Cells and what is wrong beside them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Matrix {
    /// By gateway, then in the order of the cases.
    pub cells: Vec<Cell>,
    /// Runs that were not as expected and were done again, with what they had shown.
    pub again: Vec<String>,
    /// Expectations that apply to nothing any more.
    pub stale: Vec<String>,
    /// What did not run, and why: gateways, and tshark.
    pub skipped: Vec<String>,
}

impl Matrix {
    /// Whether all is as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.stale.is_empty() && self.cells.iter().all(|cell| cell.difference.is_none())
    }

    /// Adds the cells of one gateway, compared with what is expected of it.
    pub fn add(&mut self, mut cells: Vec<Cell>, expected: &Expected, all_cases: &BTreeSet<&str>) {
        // One that ended at once has not told its version; another cell of the same gateway has.
        let version = cells.iter().map(|cell| &cell.version).find(|version| !version.is_empty());
        let version = version.cloned().unwrap_or_default();
        for cell in &mut cells {
            cell.version.clone_from(&version);
            cell.difference = expected.difference(cell);
        }
        let gateway = cells.first().map(|cell| cell.gateway.clone()).unwrap_or_default();
        let ran: Vec<&Cell> = cells.iter().collect();
        let stale = expected.stale(all_cases, &ran).into_iter();
        self.stale.extend(stale.map(|what| format!("{gateway}/expected.toml: {what}")));
        self.cells.extend(cells);
    }

    /// The gateways with their versions, in order.
    #[must_use]
    pub fn gateways(&self) -> Vec<(String, String)> {
        let mut gateways: Vec<(String, String)> = Vec::new();
        for cell in &self.cells {
            match gateways.iter_mut().find(|(name, _)| *name == cell.gateway) {
                // One that never came up has not told its version.
                Some((_, version)) if version.is_empty() => version.clone_from(&cell.version),
                Some(_) => {}
                None => gateways.push((cell.gateway.clone(), cell.version.clone())),
            }
        }
        gateways
    }

    /// The cases, in the order in which they are first met.
    #[must_use]
    pub fn cases(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let cases = self.cells.iter().map(|cell| cell.case.as_str());
        cases.filter(|case| seen.insert(*case)).collect()
    }

    /// One cell.
    #[must_use]
    pub fn cell(&self, gateway: &str, case: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.gateway == gateway && cell.case == case)
    }
}

/// Those of `all` with the wanted names, in their order; all of them where none is wanted.
///
/// # Errors
/// A name that there is not, with those that there are.
pub fn chosen<'a, T>(
    kind: &str,
    all: &'a [T],
    name: impl Fn(&T) -> &str,
    wanted: &[String],
) -> Result<Vec<&'a T>> {
    for wanted in wanted {
        if !all.iter().any(|one| name(one) == wanted) {
            let names: Vec<&str> = all.iter().map(&name).collect();
            bail!("no {kind} {wanted}: expected one of {}", names.join(", "));
        }
    }
    let is_wanted = |one: &&T| wanted.is_empty() || wanted.iter().any(|wanted| name(one) == wanted);
    Ok(all.iter().filter(is_wanted).collect())
}

/// The names of all cases.
#[must_use]
pub fn names(cases: &[Case]) -> BTreeSet<&str> {
    cases.iter().map(|case| case.name.as_str()).collect()
}
