//! The worked example of `docs/retransmission.md` is what `docs/examples/` shows.

const METHOD: &str = include_str!("../../../docs/retransmission.md");
const LATENCY: &str = include_str!("../../../docs/examples/latency.csv");
const REPORT: &str = include_str!("../../../docs/examples/loss-by-policy.html");

/// Latencies in microseconds of a cell with how often each came, in order.
fn latencies(schedule: &str, loss: &str) -> Vec<(u64, u64)> {
    let fields = LATENCY.lines().skip(1).map(|line| line.split(',').collect::<Vec<&str>>());
    let cell = fields.filter(|fields| fields[1..3] == [schedule, loss]);
    let number = |text: &str| text.parse().expect("a number");
    cell.map(|fields| (number(fields[3]), number(fields[4]))).collect()
}

/// In seconds, as it is printed.
fn percentile(latencies: &[(u64, u64)], per_mille: u64) -> String {
    let count: u64 = latencies.iter().map(|(_, times)| times).sum();
    let (mut so_far, rank) = (0, (count * per_mille).div_ceil(1_000));
    let reached = latencies.iter().find(|(_, times)| {
        so_far += times;
        so_far >= rank
    });
    format!("{:.3}", reached.expect("as many as there are").0 as f64 / 1e6)
}

#[test]
fn what_the_method_prints_is_in_the_latencies_of_the_example() {
    let rows = METHOD.lines().map(|line| line.split_whitespace().collect::<Vec<&str>>());
    let rows: Vec<Vec<&str>> = rows.filter(|row| row.get(1) == Some(&"10%")).collect();
    assert_eq!(rows.len(), 4, "the four schedules at 10 %");
    for row in rows {
        let [schedule, loss, handshakes, failed, _, p50, p99, ..] = row[..] else {
            panic!("{row:?}: expected more columns")
        };
        let latencies = latencies(schedule, loss);
        let established: u64 = latencies.iter().map(|(_, times)| times).sum();
        let number = |text: &str| text.parse::<u64>().expect("a number");
        assert_eq!(established, number(handshakes) - number(failed), "{schedule}");
        assert_eq!(percentile(&latencies, 500), p50, "{schedule}");
        assert_eq!(percentile(&latencies, 990), p99, "{schedule}");
    }
}

#[test]
fn the_report_of_the_example_is_of_the_plan_as_it_is() {
    let plan = include_str!("../../../scenarios/plans/loss-by-policy.toml");
    let plan = analysis::Plan::parse("loss-by-policy.toml", plan).expect("a plan");
    let seeds =
        format!("<dt>Seeds</dt><dd>{} to {} in each cell</dd>", plan.seeds[0], plan.seeds.len());
    assert!(REPORT.contains(&seeds), "{seeds}");
    assert!(REPORT.contains(&format!("<dt>Cells</dt><dd>{}, with 280000 ", plan.len())));
}
