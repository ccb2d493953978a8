//! A conformance matrix as files: JSON, JUnit, a page, and the table in `docs/conformance.md`.

mod document;
mod html;
mod json;
mod junit;
pub mod recorded;
mod run;
pub mod show;
mod wanted;

pub use document::document;
pub use html::html;
pub use json::json;
pub use junit::junit;
pub use run::{Kill, kills, run};
pub use wanted::Wanted;

use crate::files;
use anyhow::{Context, Result};
use conformance::{Baseline, Matrix, Registry, Requirement, Selection, Standing};
use std::fs;
use std::path::Path;

/// A matrix with what it is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The demands.
    pub registry: &'a Registry,
    /// The verdicts.
    pub matrix: &'a Matrix,
    /// The verdicts that are expected.
    pub baseline: &'a Baseline,
    /// What of it was wanted.
    pub selection: &'a Selection,
}

impl<'a> Judged<'a> {
    /// The demands to be shown: those that are wanted, and bind in a column where they were judged or
    /// no case judges them.
    pub fn requirements(&self) -> impl Iterator<Item = &'a Requirement> {
        let Self { registry, matrix, selection, .. } = *self;
        let columns = matrix.columns();
        registry.all().iter().filter(move |requirement| {
            let known = |column: &(&str, _)| {
                let standing = matrix.standing(requirement, *column);
                matches!(standing, Standing::Judged(_) | Standing::NoCase)
            };
            selection.wants_requirement(&requirement.id) && columns.iter().any(known)
        })
    }
}

/// Writes `conformance.json`, `conformance.xml` (JUnit) and `conformance.html` into `folder`.
///
/// # Errors
/// The folder cannot be made, or a file cannot be written.
pub fn write(judged: &Judged<'_>, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    let json = serde_json::to_string_pretty(&json(judged)).context("a matrix is plain data")?;
    let xml = junit(judged).to_string().context("conformance.xml")?;
    let html = html(judged);
    for (name, text) in
        [("conformance.json", json), ("conformance.xml", xml), ("conformance.html", html)]
    {
        files::replace(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}
