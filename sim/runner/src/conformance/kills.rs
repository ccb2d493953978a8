//! The power of the suite on the terminal: which case tells which mutant.

use comfy_table::{Table, presets};
use conformance::Selection;
use runner::matrix::Kill;

/// A row for each mutant, and below it those that survive. Of a part of the suite, another case may kill them.
pub(crate) fn show(kills: &[Kill], selection: &Selection) -> String {
    let tried = if selection.is_everything() { "" } else { " of those that were tried" };
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["mutant", "role", "what it does", "breaks", "killed by"]);
    for Kill { mutant, cases } in kills {
        let by: Vec<&str> = cases.iter().copied().collect();
        let by = if by.is_empty() { "nothing".to_owned() } else { by.join("\n") };
        let breaks = mutant.breaks.join(" ");
        table.add_row([mutant.name, mutant.role.name(), mutant.about, &breaks, &by]);
    }
    let survivors =
        kills.iter().filter(|kill| kill.cases.is_empty()).map(|Kill { mutant, .. }| {
            let breaks = mutant.breaks.join(" ");
            format!("survives: {mutant:?}: no case{tried} fails for {breaks}\n")
        });
    let survivors: Vec<String> = survivors.collect();
    let (all, killed) = (kills.len(), kills.len() - survivors.len());
    format!("{table}\n{}{all} mutants, {killed} killed\n", survivors.concat())
}
