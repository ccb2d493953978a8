//! One scenario with many seeds, on all cores.

use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;
use runner::{Named, tell};
use simulator::{Report, passes, verdict};
use std::io::{IsTerminal, stderr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs the scenario with each seed. The report of the first seed that fails, or else `None`; "first"
/// by number, whatever the number of cores.
pub(crate) fn first_failure(named: &Named, seeds: RangeInclusive<u64>) -> Option<Report> {
    let length = seeds.end() - seeds.start() + 1;
    let bar = bar(length, "seeds");
    let (done, in_lines) = (AtomicU64::new(0), !stderr().is_terminal());
    let tell = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if in_lines && is_a_tenth(done, length) {
            tell(&format!("{done} of {length} seeds"));
        }
    };
    let failure = seeds
        .into_par_iter()
        .progress_with(bar.clone())
        .map(|seed| (seed, passes(&named.scenario, seed)))
        .inspect(|_| tell())
        .find_first(|(_, passed)| !passed);
    bar.finish_and_clear();
    failure.map(|(seed, _)| {
        let report = verdict(&named.name, &named.scenario, seed);
        assert!(!report.passed, "{} with seed {seed} passed a second time", named.name);
        report
    })
}

/// Whether one more tenth is done with this one.
fn is_a_tenth(done: u64, length: u64) -> bool {
    done * 10 / length > (done - 1) * 10 / length
}

/// A progress bar on standard error; it is not drawn where that is no terminal.
pub(crate) fn bar(length: u64, unit: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} ({eta} left)")
        .expect("a template of known keys");
    ProgressBar::new(length).with_style(style).with_message(unit.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulator::scenario::Scenario;

    fn named(overrides: &[(String, String)]) -> Named {
        let text = include_str!("../../../../scenarios/garage-door.toml");
        let scenario = Scenario::parse("garage-door.toml", text, overrides).expect("a scenario");
        let (name, path) = ("garage-door".into(), "garage-door.toml".into());
        Named { name, path, text: text.into(), scenario }
    }

    #[test]
    fn each_tenth_is_told_once() {
        let told = |length| (1..=length).filter(move |done| is_a_tenth(*done, length));
        assert_eq!(told(1_000).collect::<Vec<_>>(), (1..=10).map(|n| n * 100).collect::<Vec<_>>());
        assert_eq!(told(3).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn every_seed_of_a_good_link_passes() {
        assert!(first_failure(&named(&[]), 1..=20).is_none());
    }

    #[test]
    fn the_first_failure_is_the_one_with_the_lowest_seed() {
        // Retransmissions are expected not to happen, so a link that loses some fails sooner or later.
        let lossy = named(&[("link.loss".into(), "2%".into())]);
        let first = first_failure(&lossy, 1..=200).expect("some seed loses a datagram").seed;
        let alone = (1..first).all(|seed| verdict("garage-door", &lossy.scenario, seed).passed);
        assert!(alone, "a seed before {first} fails, too");
        assert!(!verdict("garage-door", &lossy.scenario, first).passed);
        assert!(!passes(&lossy.scenario, first));
    }
}
