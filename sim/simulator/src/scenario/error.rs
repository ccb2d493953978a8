//! What is wrong with a scenario, and where.

use core::fmt;

/// What is wrong with a scenario, and where: `file:line:column: key: what, and what was expected`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1; `None` where something is missing altogether, or where an override made the error.
    pub line: Option<usize>,
    /// The character in the line, from 1; `None` with the line.
    pub column: Option<usize>,
    /// The key, what is wrong there, and what was expected; an override is named as `--set key=value`.
    pub message: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)
    }
}

impl core::error::Error for ScenarioError {}
