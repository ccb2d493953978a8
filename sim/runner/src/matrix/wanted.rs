//! What of the matrix is wanted, and the verdicts that are expected of it: options of both programs that judge.

use crate::named::from_here;
use crate::{files, workspace};
use anyhow::{Context, Result, ensure};
use clap::Args;
use conformance::{Baseline, Profile, Registry, Selection, cases};
use std::path::PathBuf;

/// The options that every judgement has, whoever is judged.
#[derive(Clone, Debug, Args)]
pub struct Wanted {
    /// Only the demands of this profile: rfc7815, rfc7296-min or modern.
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<Profile>,
    /// Only this requirement, and the cases that judge it.
    #[arg(long, value_name = "ID")]
    pub requirement: Option<String>,
    /// Only this case, with what crossed.
    #[arg(long, value_name = "CASE")]
    pub case: Option<String>,
    /// The verdicts that are expected [default: harness/baseline.toml in the workspace].
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
}

impl Wanted {
    /// What is wanted, in whatever role and of whatever implementation.
    ///
    /// # Errors
    /// There is no such requirement or case.
    pub fn selection(&self, registry: &Registry) -> Result<Selection> {
        let Self { profile, requirement, case, .. } = self;
        if let Some(id) = requirement {
            let expected = "expected an id of docs/conformance/requirements.toml";
            ensure!(registry.get(id).is_some(), "--requirement {id}: {expected}");
        }
        if let Some(name) = case {
            let expected = "expected a case of `cargo xtask conformance --list`";
            ensure!(cases::all().any(|case| case.name == name), "--case {name}: {expected}");
        }
        let (requirement, case) = (requirement.clone(), case.clone());
        Ok(Selection { profile: *profile, requirement, case, ..Selection::default() })
    }

    /// The verdicts that are expected.
    ///
    /// # Errors
    /// The file, and what is wrong with it.
    pub fn baseline(&self) -> Result<Baseline> {
        let path = self.baseline_path();
        let text = files::text(&path)?;
        Baseline::parse(&text).with_context(|| path.display().to_string())
    }

    /// Where they are.
    #[must_use]
    pub fn baseline_path(&self) -> PathBuf {
        let usual = || from_here(workspace().join("harness/baseline.toml"));
        self.baseline.clone().unwrap_or_else(usual)
    }
}
