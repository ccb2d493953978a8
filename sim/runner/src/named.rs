//! Scenarios by the names of their files, and how a run of one is had again.

use crate::files;
use anyhow::{Context, Result};
use simulator::scenario::Scenario;
use std::path::{Path, PathBuf};

/// `KEY=VALUE`.
///
/// # Errors
/// What was expected.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// A scenario with the name of its file.
pub struct Named {
    /// The name of the file without its ending.
    pub name: String,
    /// The file, as it was named.
    pub path: PathBuf,
    /// What is in the file.
    pub text: String,
    /// What that means, overrides applied.
    pub scenario: Scenario,
}

impl Named {
    /// Reads the file of a scenario and applies overrides.
    ///
    /// # Errors
    /// It cannot be read, or is no scenario, or an override does not fit.
    pub fn read(path: &Path, overrides: &[(String, String)]) -> Result<Self> {
        let text = files::text(path)?;
        let file = path.display().to_string();
        let scenario = Scenario::parse_beside(&file, &text, overrides, &beside(path))?;
        let name =
            path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
        Ok(Self { name: name.into_owned(), path: path.to_owned(), text, scenario })
    }

    /// The one command that does a run again whose faults came from a file.
    #[must_use]
    pub fn replay_with(
        &self,
        seed: u64,
        overrides: &[(String, String)],
        faults: Option<&Path>,
    ) -> String {
        let mut command = self.replay(seed, overrides);
        if let Some(path) = faults {
            command.push_str(&format!(" --replay-faults {}", quoted(&path.display().to_string())));
        }
        command
    }

    /// The one command that does a run again.
    #[must_use]
    pub fn replay(&self, seed: u64, overrides: &[(String, String)]) -> String {
        replay_command(&self.path, seed, overrides)
    }
}

/// The files beside that of a scenario.
pub(crate) fn beside(path: &Path) -> impl Fn(&str) -> Result<String, String> {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    move |name| files::text(&folder.join(name)).map_err(|error| format!("{error:#}"))
}

/// The one command that runs a scenario's file with that seed and these changes.
pub(crate) fn replay_command(path: &Path, seed: u64, overrides: &[(String, String)]) -> String {
    let path = quoted(&path.display().to_string());
    let mut command = format!("cargo xtask simulate {path} --seed {seed}");
    for (key, value) in overrides {
        command.push_str(&format!(" --set {}", quoted(&format!("{key}={value}"))));
    }
    command
}

/// Where regressions are, among the shipped scenarios.
const REGRESSIONS: &str = "regressions";

/// The files of the shipped scenarios, in order, and behind them the regressions.
///
/// # Errors
/// Their folder cannot be read.
pub fn shipped() -> Result<Vec<PathBuf>> {
    let folder = workspace().join("scenarios");
    let mut files = scenarios_in(&folder)?;
    files.extend(scenarios_in(&folder.join(REGRESSIONS))?);
    Ok(files.into_iter().map(from_here).collect())
}

/// Whether a shipped scenario is a regression.
#[must_use]
pub fn is_regression(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.ends_with(REGRESSIONS))
}

fn scenarios_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("{}: cannot be read", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The root of the workspace that this program was built from.
#[must_use]
pub fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// The path as short as it can be written here.
pub(crate) fn from_here(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).map(Path::to_owned).unwrap_or(path)
}

/// As a shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The commit of the checkout that this program was built in, as it is now, with `+` where files were changed since.
///
/// It is not put into the program when that is built: a build would then have to be done again after each commit, and
/// whether files were changed shows only by a look at all of them. `cargo xtask` builds before it runs.
#[must_use]
pub fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(["-C", env!("CARGO_MANIFEST_DIR")])
            .args(arguments)
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { commit } else { format!("{commit}+") })
}

/// What the sources of this program are, as one word: the commit, and a hash of what was changed since. Outside a
/// checkout, a hash of the program itself.
pub(crate) fn source_state() -> String {
    let Some(commit) = commit() else {
        let program = std::env::current_exe().and_then(std::fs::read).unwrap_or_default();
        return format!("program {:016x}", simulator::digest(&program));
    };
    let changes = std::process::Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "diff", "HEAD"])
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    format!("{commit} {:016x}", simulator::digest(&changes))
}

/// A path without detours, from the root of the workspace if it is inside: the same wherever one stands.
pub(crate) fn short(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let short = whole.strip_prefix(workspace()).unwrap_or(path);
    short.to_string_lossy().into_owned()
}

/// Where the files of a sweep go if nothing else is said.
#[must_use]
pub fn default_sweep_folder(name: &str) -> PathBuf {
    in_target("sweep").join(name)
}

/// A folder for files that a program makes if nothing else is said, from wherever it is typed.
#[must_use]
pub fn in_target(folder: &str) -> PathBuf {
    from_here(workspace().join("target").join(folder))
}

/// Where the files of a run go if nothing else is said, from wherever the command is typed: `which` is its seed, and the
/// gateway if that is another one.
#[must_use]
pub fn default_folder(name: &str, which: &str) -> PathBuf {
    in_target("sim").join(name).join(which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replay_command_can_be_pasted_into_a_shell() {
        let text = include_str!("../../../scenarios/ping.toml");
        let scenario = Scenario::parse("ping.toml", text, &[]).expect("a scenario");
        let (name, path) = ("a b".into(), "a b.toml".into());
        let named = Named { name, path, text: text.into(), scenario };
        let overrides =
            [("link.loss".into(), "5%".into()), ("node.0.wakes.at".into(), "[\"1s\"]".into())];
        assert_eq!(
            named.replay(7, &overrides),
            r#"cargo xtask simulate 'a b.toml' --seed 7 --set link.loss=5% --set 'node.0.wakes.at=["1s"]'"#
        );
    }

    #[test]
    fn an_override_needs_an_equals_sign() {
        assert_eq!(key_value("a.b = c"), Ok(("a.b".into(), "c".into())));
        assert!(key_value("a.b").is_err());
    }

    #[test]
    fn the_scenarios_of_the_readme_are_shipped() {
        let files = shipped().expect("a folder");
        assert!(files.iter().any(|path| path.ends_with("garage-door.toml")), "{files:?}");
        let regression = "scenarios/regressions/half-open-forgotten.toml";
        let found = files.iter().find(|path| path.ends_with(regression)).expect("shipped");
        assert!(is_regression(found) && !is_regression(&files[0]));
    }

    #[test]
    fn the_files_of_a_run_go_to_the_workspace_wherever_one_is() {
        // Tests run in the folder of their package, which is below the workspace.
        let folder = default_folder("ping", "7");
        assert!(folder.is_absolute() && folder.ends_with("target/sim/ping/7"), "{folder:?}");
        let root = folder.ancestors().nth(4).expect("the root");
        assert!(root.join("Cargo.lock").exists(), "{root:?}");
        let inside = std::env::current_dir().expect("a folder").join("x.toml");
        assert_eq!(from_here(inside), Path::new("x.toml"));
    }
}
