//! A conformance matrix as files: JSON, JUnit, a page, and the table in `docs/conformance.md`.

mod document;
mod html;
mod json;
mod junit;
mod run;

pub use document::document;
pub use html::html;
pub use json::json;
pub use junit::junit;
pub use run::{Kill, kills, run};

use crate::files;
use anyhow::{Context, Result};
use conformance::{Baseline, Matrix, Registry};
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
