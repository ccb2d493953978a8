//! Images, built from the folders below `harness/gateways` and named after what is in them.

use super::docker::{LABEL, docker, output};
use super::running::StartError;
use super::table::Plug;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What all images have in common.
const COMMON: &str = "common";
/// The octets of the hash that are in a tag.
const TAG_OCTETS: usize = 6;

/// The image of an implementation as its folder is now: a folder that has changed is another image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    plug: Plug,
    tag: String,
}

/// The folder of all recipes.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("gateways")
}

impl Image {
    /// The image of an implementation.
    ///
    /// # Errors
    /// [`StartError::Failed`]: its folder cannot be read.
    pub fn of(plug: &Plug) -> Result<Self, StartError> {
        let root = folder();
        let hash = hash(&root, &[COMMON, plug.name]).map_err(|error| {
            StartError::Failed(format!("cannot read {}: {error}", root.join(plug.name).display()))
        })?;
        Ok(Self { plug: *plug, tag: HEXLOWER.encode(&hash[..TAG_OCTETS]) })
    }

    /// `wakebench-NAME`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("wakebench-{}", self.plug.name)
    }

    /// The hash of the folder.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether it was built already.
    ///
    /// # Errors
    /// [`StartError::Docker`].
    pub fn is_built(&self) -> Result<bool, StartError> {
        let reference = format!("{}:{}", self.name(), self.tag);
        Ok(!docker(&["images", "--quiet", &reference])?.is_empty())
    }

    /// Builds it, unless it is there.
    ///
    /// # Errors
    /// [`StartError::Docker`]; [`StartError::Failed`] with the end of what the build printed.
    pub fn build(&self) -> Result<(), StartError> {
        if self.is_built()? {
            return Ok(());
        }
        let root = folder();
        let mut command = Command::new("docker");
        command
            .arg("build")
            .args(["--tag", &format!("{}:{}", self.name(), self.tag)])
            .args(["--label", &format!("{LABEL}={}", self.plug.name)])
            .arg("--file")
            .arg(root.join(self.plug.name).join("Dockerfile"))
            .arg(&root)
            .stdin(Stdio::null());
        if !has_buildx() {
            // The classic builder needs nothing beside the engine.
            command.env("DOCKER_BUILDKIT", "0");
        }
        let output = output(&mut command)?;
        if output.status.success() {
            return Ok(());
        }
        let octets = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&octets);
        let lines: Vec<&str> = told.lines().collect();
        let end = lines[lines.len().saturating_sub(LINES_OF_FAILURE)..].join("\n");
        Err(StartError::Failed(format!(
            "building {} failed; where no image registry answers, .ci/docker makes the base image:\n{end}",
            self.name()
        )))
    }
}

/// So many lines of a build that failed are shown.
const LINES_OF_FAILURE: usize = 20;

fn has_buildx() -> bool {
    let asked = Command::new("docker").args(["buildx", "version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// SHA-256 over the paths and the contents of all files in the folders, in the order of their names.
fn hash(root: &Path, folders: &[&str]) -> io::Result<[u8; 32]> {
    let mut files = Vec::new();
    for name in folders {
        list(&root.join(name), &mut files)?;
    }
    files.sort();
    let mut sha = Sha256::new();
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let content = fs::read(&path)?;
        for part in [name.as_bytes(), &content] {
            sha.update(part.len().to_be_bytes());
            sha.update(part);
        }
    }
    Ok(sha.finalize().into())
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            // Python's own copies come and go with whoever reads the files.
            if !path.ends_with("__pycache__") {
                list(&path, found)?;
            }
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_a_new_one_and_a_renamed_one_are_other_images() {
        let root = std::env::temp_dir().join(format!("wakebench-image-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        let now = || hash(&root, &["common", "x"]).expect("a hash");
        write("common/a", "1");
        write("x/Dockerfile", "FROM y");
        write("other/Dockerfile", "FROM z");
        let first = now();
        write("other/Dockerfile", "FROM changed");
        assert_eq!(now(), first);
        write("x/Dockerfile", "FROM w");
        let changed = now();
        write("x/sub/b", "");
        let grown = now();
        fs::rename(root.join("x/sub/b"), root.join("x/sub/c")).expect("a rename");
        let renamed = now();
        let all = [first, changed, grown, renamed];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
        fs::remove_dir_all(root).expect("removed");
    }
}
