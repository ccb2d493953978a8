//! A whole run against the cryptographic operations that are in it.

use crate::floor::Floor;
use crate::measure::{alternate, line};
use crate::recorder::{Operation, record};
use crate::{POWER_CUT, ROOM_SENSORS, Shipped};
use anyhow::Result;
use runner::say;
use simulator::{Nobody, World};

/// What is asked of a whole run.
const LIMIT: f64 = 1.5;

pub(crate) fn power_cut(rounds: usize) -> Result<()> {
    measure(&POWER_CUT, rounds)
}

pub(crate) fn room_sensors(rounds: usize) -> Result<()> {
    measure(&ROOM_SENSORS, rounds)
}

fn measure(shipped: &Shipped, rounds: usize) -> Result<()> {
    let scenario = shipped.scenario();
    let floor = Floor::new(record(&scenario));
    let [alone, unwatched, judged, reported] = alternate(
        rounds,
        [
            &mut || floor.execute(),
            &mut || {
                let mut nobody = Nobody;
                let mut world = World::new(&scenario, scenario.seed, &mut nobody);
                world.step_until(world.end());
            },
            &mut || {
                let passed = simulator::passes(&scenario, scenario.seed);
                assert!(passed, "{} passes, or its time means nothing", shipped.name);
            },
            &mut || {
                let report = simulator::verdict(shipped.name, &scenario, scenario.seed);
                assert!(report.passed, "{} passes, or its time means nothing", shipped.name);
            },
        ],
    );
    say(&format!("  {}\n", operations(&floor)))?;
    line("cryptographic operations alone", alone, alone)?;
    line("the run, nobody looks at it", unwatched, alone)?;
    line("the run with its checkers", judged, alone)?;
    line("the same with fingerprint and report", reported, alone)?;
    say(&format!("  {:<38} {:>19.3} x\n", "limit for the run with its checkers", LIMIT))
}

fn operations(floor: &Floor) -> String {
    let public = floor.count(|operation| matches!(operation, Operation::PublicValue(_)));
    let shared = floor.count(|operation| matches!(operation, Operation::SharedSecret(_)));
    let prfs = floor.count(|operation| matches!(operation, Operation::Prf { .. }));
    let sealed = floor.count(|operation| matches!(operation, Operation::Seal { .. }));
    let opened = floor.count(|operation| matches!(operation, Operation::Open { .. }));
    format!(
        "{public} public values, {shared} shared secrets, {prfs} PRFs and MACs, \
         {sealed} texts sealed, {opened} opened"
    )
}
