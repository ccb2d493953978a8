//! Plans that are right, and what is said of those that are not.

use super::*;

const SCENARIO: &str = r#"
description = "devices"
duration = "10min"
[[node]]
name = "device"
count = 10
wakes = { once = "1s" }
application = { kind = "ping" }
"#;

const PLAN: &str = r#"description = "loss by policy"
scenario = "x.toml"
seeds = "3..5"

[set]
"node.device.count" = 20

[[axis]]
name = "policy"
[[axis.point]]
label = "long"
set = { "node.device.retransmission" = "strongswan", "gateway.half_open_timeout" = "10min" }
[[axis.point]]
label = "short"
set = { "node.device.retransmission" = { preset = "rfc7296", tries = 3 } }

[[axis]]
name = "loss"
key = "link.loss"
values = ["0%", "5%", "12.5%"]
"#;

fn cells(plan: &str) -> Result<Vec<PlannedCell>, PlanError> {
    Plan::parse("p.toml", plan)?.cells(plan, ("x.toml", SCENARIO), &|_| Err("none".into()))
}

#[test]
fn a_plan_is_all_combinations_of_its_points() {
    let plan = Plan::parse("p.toml", PLAN).expect("a plan");
    assert_eq!(
        (plan.seeds.as_slice(), plan.len(), plan.along, plan.focus),
        (&[3, 4, 5][..], 6, 1, 1)
    );
    let cells = cells(PLAN).expect("cells");
    let loss: Vec<u32> =
        cells.iter().map(|cell| cell.scenario.groups[0].link.back.loss.ppm()).collect();
    assert_eq!(loss, [0, 50_000, 125_000, 0, 50_000, 125_000]);
    let tries: Vec<u8> =
        cells.iter().map(|cell| cell.scenario.groups[0].retransmission.tries).collect();
    assert_eq!(tries, [6, 6, 6, 3, 3, 3]);
    assert!(cells.iter().all(|cell| cell.scenario.nodes() == 20));
    assert_eq!(plan.series(&cells[4].points), "short");
    assert_eq!(plan.axes[1].numbers(), Some(vec![0.0, 0.05, 0.125]));
}

#[test]
fn a_mistake_is_named_with_its_place() {
    for (from, to, place, part) in [
        ("seeds = \"3..5\"", "seeds = \"5..3\"", (3, 9), "seeds: expected the last"),
        ("seeds = \"3..5\"", "seeds = 5", (3, 9), "5 is an integer: expected a text"),
        ("scenario = \"x.toml\"", "scenaro = \"x.toml\"", (2, 1), "unknown key `scenaro`"),
        ("\"5%\"", "\"0%\"", (20, 17), "axis `loss`: `0%` is there twice"),
        (
            "\"link.loss\"",
            "\"gateway.half_open_timeout\"",
            (20, 11),
            "axis `loss`: an axis before it changes gateway.half_open_timeout, too",
        ),
        ("\"5%\"", "\"500%\"", (20, 17), "loss, 500%: x.toml: --set link.loss=500%"),
        (
            "\"strongswan\"",
            "\"stongswan\"",
            (11, 9),
            "policy, long: x.toml: --set node.device.retrans",
        ),
        ("\"link.loss\"", "\"seed\"", (19, 7), "seed: expected no such key: the seeds of each"),
        ("\"node.device.count\" = 20", "seed = 20", (5, 1), "seed: expected no such key"),
        ("\"gateway.half_open_timeout\"", "seed", (12, 7), "seed: expected no such key"),
        ("key = \"link.loss\"", "", (17, 1), "axis `loss`: expected `key` with `values`"),
        ("name = \"loss\"", "name = \"policy\"", (17, 1), "axis `policy`: there is another one"),
        (
            "[set]",
            "focus = \"7%\"\n[set]",
            (5, 9),
            "focus: `7%` is not there: expected one of 0%, 5%",
        ),
        (
            "[set]",
            "along = \"x\"\n[set]",
            (5, 9),
            "along: `x` is not there: expected one of policy",
        ),
    ] {
        assert!(PLAN.contains(from), "{from}");
        let error = cells(&PLAN.replacen(from, to, 1)).expect_err(to);
        assert_eq!(error.place, place, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}

/// A point that changes a table as a whole undoes what was changed in it, and the label of that would be wrong.
#[test]
fn what_is_changed_in_a_table_is_changed_after_it() {
    let tries = "[[axis]]\nname = \"tries\"\nkey = \"node.device.retransmission.tries\"\nvalues = [2, 5]\n\n";
    let before = PLAN.replacen("[[axis]]", &format!("{tries}[[axis]]"), 1);
    let error = cells(&before).expect_err("the policy undoes it");
    let part = "axis `policy`: an axis before it changes node.device.retransmission.tries, which node.device.retransmission would undo";
    assert!(error.message.starts_with(part), "{error}");
    let tried: Vec<u8> = cells(&format!("{PLAN}\n{tries}"))
        .expect("cells")
        .iter()
        .map(|cell| cell.scenario.groups[0].retransmission.tries)
        .collect();
    assert_eq!(tried, [2, 5].repeat(6));
    let set = PLAN.replacen("[set]", "[set]\n\"node.device.retransmission.tries\" = 4", 1);
    let error = cells(&set).expect_err("the policy undoes that, too");
    let part = "axis `policy`: node.device.retransmission would undo node.device.retransmission.tries of `set`";
    assert_eq!((error.message.as_str(), error.place), (part, (12, 9)));
    // Another key that begins alike.
    assert!(!is_within("link.loss_trace", "link.loss") && is_within("link.loss", "link"));
}

#[test]
fn a_text_that_looks_like_a_number_stays_a_text() {
    let typed = |text: &str| typed(&Value::String(text.into()));
    assert_eq!(typed("5%"), "5%");
    assert_eq!(typed("1.8"), "1.8");
    assert_eq!(typed("7"), "\"7\"");
    assert_eq!(typed("true"), "\"true\"");
}
