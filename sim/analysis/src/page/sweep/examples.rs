//! From the figures of a sweep back to its runs and their nodes.

use super::{Row, Sweep, head, labels};
use crate::collector::Handshake;
use crate::page::{Field, escape, seconds, table};
use core::fmt::Write as _;

/// Where each cell's slowest handshake is and the first that failed, and the commands that show them. `file` is the link to
/// the commands of all runs.
pub(super) fn examples(sweep: &Sweep<'_>, file: &str) -> String {
    let names = [
        "slowest, s",
        "seed",
        "node",
        "begins at, s",
        "first failed after, s",
        "seed",
        "node",
        "begins at, s",
    ];
    let number = |text: String| Field::Number(text);
    let fields = |example: Option<(u64, Handshake)>| match example {
        None => ["–"; 4].map(|none| number(none.to_owned())),
        Some((seed, one)) => [
            number(seconds(one.took_us)),
            number(seed.to_string()),
            number(one.node.to_string()),
            number(seconds(one.began_us)),
        ],
    };
    let row = |row: &Row<'_>| {
        let both = fields(row.slowest()).into_iter().chain(fields(row.first_failed()));
        labels(sweep, row).into_iter().chain(both).collect()
    };
    let rows: Vec<Vec<Field>> = sweep.rows.iter().map(row).collect();
    format!(
        "<h2>Back to a run and a node</h2>\n<p>The slowest handshake of each cell that succeeded, and the first that failed. The commands below \
         leave the files of that node with its ladder; without <code>--node</code> those of all nodes. Every run of every cell has its \
         fingerprint and its command in {file}.</p>\n{}<h3>Commands</h3>\n<pre class=\"commands\">{}</pre>\n",
        table(&head(sweep, &names), &rows),
        commands(sweep)
    )
}

fn commands(sweep: &Sweep<'_>) -> String {
    let mut text = String::new();
    for row in &sweep.rows {
        let labels: Vec<&str> = sweep.labels(row).into_iter().map(|(_, label)| label).collect();
        let labels = escape(&labels.join(", "));
        let mut command = |what: &str, seed: u64, node: Option<u32>| {
            let replay = escape(&(sweep.origin.replay)(row.planned, seed, node));
            let _ = writeln!(text, "# {labels}: {what}\n{replay}");
        };
        if let Some((seed, one)) = row.slowest() {
            command(&format!("slowest, {} s", seconds(one.took_us)), seed, Some(one.node));
        }
        if let Some((seed, one)) = row.first_failed() {
            command("first that failed", seed, Some(one.node));
        }
        if let Some(run) = row.cell.runs.iter().find(|run| !run.broken_rules.is_empty()) {
            let rules = escape(&run.broken_rules.join(", "));
            command(&format!("rules broken: {rules}"), run.seed, None);
        }
    }
    text
}
