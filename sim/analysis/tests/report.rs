//! What a sweep's page and numbers say, for plans that are small.

use analysis::{Cell, Drawn, Origin, Plan, PlannedCell, Sweep, page, run_cell};

const FLEET: &str = include_str!("../../../scenarios/sweeps/fleet.toml");

struct Ran {
    plan: Plan,
    planned: Vec<PlannedCell>,
    cells: Vec<Cell>,
}

/// A plan over a fleet, run.
fn ran(text: &str) -> Ran {
    let text = format!(
        "description = \"x\"\nscenario = \"fleet.toml\"\nseeds = \"1..1\"\n[set]\ncrypto = \"modelled\"\n{text}"
    );
    let plan = Plan::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    let planned = plan.cells(&text, ("fleet.toml", FLEET), &|_| Err("none".into()));
    let planned = planned.unwrap_or_else(|error| panic!("{error}"));
    let cells = planned.iter().map(|cell| run_cell(cell, "", &plan.seeds, &|| {})).collect();
    Ran { plan, planned, cells }
}

/// The page, with what else is said of the sweep.
fn with_sweep<T>(ran: &Ran, look: impl FnOnce(&Sweep<'_>, &str) -> T) -> T {
    let origin = Origin {
        plan: "x".to_owned(),
        scenario: "fleet.toml".to_owned(),
        commit: None,
        replay: &|_, _, _| String::new(),
    };
    let sweep = Sweep::new(&origin, &ran.plan, &ran.planned, &ran.cells);
    let page = page::sweep(&sweep, &Drawn::of(&sweep));
    look(&sweep, &page)
}

#[test]
fn what_was_not_compared_is_folded_by_reason() {
    let ran = ran("[[axis]]\nname = \"loss\"\nkey = \"link.loss\"\nvalues = [\"0%\", \"10%\"]\n");
    with_sweep(&ran, |sweep, page| {
        let verdicts = sweep.verdicts();
        assert_eq!((verdicts.hold, verdicts.differ, verdicts.for_comparison), (20, 0, 0));
        let sum = verdicts.premise_broken();
        assert_eq!(verdicts.to_string(), format!("20 hold, 0 differ, {sum} not compared"));
        let herd = ("nodes do not wake at one time".to_owned(), 4);
        assert!(verdicts.not_compared.contains(&herd), "{verdicts:?}");
        assert!(verdicts.not_compared.is_sorted_by_key(|(_, count)| core::cmp::Reverse(*count)));

        let (_, section) = page.split_once("<h2>Identities checked</h2>").expect("a section");
        let (table, folded) =
            section.split_once("<details class=\"reasons\">").expect("something folded");
        assert!(table.contains("handshake succeeds") && !table.contains("herd:"), "{table}");
        let herd = "<summary>4 are not compared: nodes do not wake at one time</summary>";
        assert!(folded.contains(herd) && folded.contains("herd: last answer, s"), "{folded}");
    });
}

#[test]
fn bursts_are_shown_beside_independent_losses_without_a_verdict() {
    let chain = r#"{ step = "1s", good_to_bad = "1%", bad_to_good = "9%" }"#;
    let ran = ran(&format!(
        "\"link.gilbert_elliott\" = {chain}\n[[axis]]\nname = \"devices\"\nkey = \"node.device.count\"\nvalues = [10, 50]\n"
    ));
    with_sweep(&ran, |sweep, page| {
        assert_eq!(sweep.verdicts().for_comparison, 4);
        assert!(page.contains("handshake succeeds, without bursts"), "{page}");
        assert!(page.contains("<td>for comparison</td>"), "{page}");
    });
}

#[test]
fn a_page_says_of_which_cells_it_has_no_exact_percentiles() {
    let jitter = "\"link.jitter\" = \"100ms\"\n[[axis]]\nname = \"devices\"\nkey = \"node.device.count\"\nvalues = [10, 6000]\n";
    let says = "<p>In 1 of 2 cells there are more than 4096 different latencies, of which the first 12 binary digits are kept: percentiles are up to 0.05 % too small.";
    with_sweep(&ran(jitter), |sweep, page| {
        assert!(page.contains(says), "{page}");
        let json: serde_json::Value = serde_json::from_str(&sweep.to_json()).expect("JSON");
        let exact = [0, 1].map(|cell| json["cells"][cell]["figures"]["latency_exact"].as_bool());
        assert_eq!(exact, [Some(true), Some(false)]);
    });
}
