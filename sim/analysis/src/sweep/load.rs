//! Goodput against offered load, as `docs/retransmission.md` defines them.

use crate::collector::Observed;

/// What a cell's nodes asked for in a second, and what they got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Wakes in a second, from the first to the last. `None` where all are at one time.
    pub(crate) offered_per_s: Option<f64>,
    /// Handshakes that succeed in a second of the time in which nodes woke or, if that is longer, the gateway worked. `None`
    /// where neither took any.
    pub(crate) goodput_per_s: Option<f64>,
}

impl Load {
    /// Over some runs.
    pub(crate) fn of<'a>(runs: impl Iterator<Item = &'a Observed>) -> Self {
        let (mut wakes, mut waking_us, mut established, mut taken_us) = (0, 0, 0, 0);
        for run in runs {
            wakes += run.wakes;
            waking_us += run.waking_span_us();
            established += run.established;
            taken_us += run.goodput_span_us();
        }
        let rate = |count: u64, us: u64| (us > 0).then(|| count as f64 * 1e6 / us as f64);
        Self { offered_per_s: rate(wakes, waking_us), goodput_per_s: rate(established, taken_us) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::run;
    use simulator::scenario::Scenario;

    const FLEET: &str = include_str!("../../../../scenarios/sweeps/fleet.toml");

    /// A thousand devices wake within that time at a gateway that serves a hundred in a second.
    fn load(within: &str, schedule: &str, changes: &[(&str, &str)]) -> (Load, Observed) {
        let wakes = format!(r#"{{ once = "1s", within = "{within}" }}"#);
        let fixed = [
            ("crypto", "modelled"),
            ("gateway.service_time", "10ms"),
            ("node.device.count", "1000"),
            ("node.device.retransmission", schedule),
            ("node.device.wakes", &wakes),
        ];
        let changes: Vec<(String, String)> = fixed
            .iter()
            .chain(changes)
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect();
        let scenario = Scenario::parse("fleet.toml", FLEET, &changes).expect("a scenario");
        let observed = run(&scenario, 3).0.observed;
        (Load::of([&observed].into_iter()), observed)
    }

    #[track_caller]
    fn assert_near(found: Option<f64>, expected: f64) {
        let found = found.expect("a rate");
        assert!((found / expected - 1.0).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn below_the_knee_goodput_is_the_load_times_the_success_whatever_is_lost() {
        for (loss, least) in [("0%", 1.0), ("10%", 0.98), ("40%", 0.5)] {
            let (load, seen) = load("12500ms", "coap", &[("link.loss", loss)]);
            let offered = load.offered_per_s.expect("it took a time");
            assert!((offered - 80.0).abs() < 1.0, "{offered}");
            let success = seen.established as f64 / seen.wakes as f64;
            assert!(success >= least && (loss == "0%" || success < 1.0), "{loss}: {success}");
            assert_near(load.goodput_per_s, offered * success);
        }
    }

    #[test]
    fn beyond_the_knee_goodput_is_what_the_gateway_serves() {
        for within in ["5s", "2s"] {
            let (load, seen) = load(within, "rfc7296", &[]);
            assert_eq!(seen.established, 1_000);
            assert!(load.offered_per_s.is_some_and(|offered| offered > 190.0), "{load:?}");
            assert_near(load.goodput_per_s, 100.0);
        }
    }

    #[test]
    fn what_is_served_for_nodes_that_gave_up_is_no_goodput() {
        // A hundred seconds of work, and coap gives up after 62 to 93.
        let (load, seen) = load("5s", "coap", &[("gateway.service_time", "100ms")]);
        assert!(seen.established > 700 && seen.established < 900, "{}", seen.established);
        assert_near(load.goodput_per_s, 10.0 * seen.established as f64 / 1e3);
    }

    #[test]
    fn a_herd_has_no_load_and_the_goodput_of_the_gateway() {
        let (load, seen) = load("0s", "rfc7296", &[]);
        assert_eq!((load.offered_per_s, seen.established), (None, 1_000));
        assert_near(load.goodput_per_s, 100.0);
        assert_eq!(Load::of(core::iter::empty()).goodput_per_s, None);
    }

    #[test]
    fn restarts_are_no_new_load() {
        let restart = ("node.device.restart", r#"{ attempts = 3, hold_off = "1min" }"#);
        let (load, seen) = load("12500ms", "coap", &[("link.loss", "40%"), restart]);
        assert!(seen.attempts > seen.wakes && seen.wakes == 1_000, "{}", seen.attempts);
        assert!(load.offered_per_s.is_some_and(|offered| (offered - 80.0).abs() < 1.0), "{load:?}");
    }
}
