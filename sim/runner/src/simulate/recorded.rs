//! A run with a real gateway again, from what it left.

use crate::arguments::Arguments;
use anyhow::{Context, Result};
use runner::{commit, default_folder, files, quoted, say, show, tell};
use simulator::{Keep, Tape, replay as replay_tape};
use std::path::Path;

/// Replays, writes, prints; whether the run passed and is the recorded one.
pub(crate) fn replay(path: &Path, arguments: &Arguments) -> Result<bool> {
    let text = files::text(path)?;
    let tape = Tape::parse(&text).map_err(|error| anyhow::anyhow!("{}:{error}", path.display()))?;
    let nodes = tape.scenario().with_context(|| format!("{}:1", path.display()))?.nodes();
    if let Some(node) = arguments.node {
        anyhow::ensure!(node < nodes, "--node {node}: the run has nodes 0 to {}", nodes - 1);
    }
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| default_folder(&tape.scenario, &format!("{}-replayed", tape.seed)));
    files::prepare(&folder)?;
    // Of the sources as they are now: they may change while it runs.
    let commit = commit();
    let keep = Keep { thinning: arguments.trace.into(), node: arguments.node };
    let mut again = replay_tape(&tape, keep).with_context(|| path.display().to_string())?;
    again.outcome.report.commit = commit;
    let command =
        format!("cargo xtask simulate --recording {}", quoted(&path.display().to_string()));
    files::write(&folder, &again.outcome, &command, None)?;
    let said = say(&if arguments.json {
        again.outcome.report.to_json()
    } else {
        show::result(&again.outcome, &folder, &command)
    });
    if let Some(difference) = &again.difference {
        tell(&format!("not as recorded: {difference}"));
    }
    said?;
    Ok(again.outcome.report.passed && again.difference.is_none())
}
