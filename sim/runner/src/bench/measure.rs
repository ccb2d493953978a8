//! Taking times and printing them.

use anyhow::Result;
use core::time::Duration;
use cpu_time::ThreadTime;
use runner::say;

/// Does each piece of work `rounds` times, in turn, so that whatever else the machine does falls on all
/// of them. The best time of each: the rest of the machine only ever adds to it.
pub(crate) fn alternate<const N: usize>(
    rounds: usize,
    mut work: [&mut dyn FnMut(); N],
) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (work, times) in work.iter_mut().zip(&mut times) {
            times.push(time(work));
        }
    }
    times.map(best)
}

/// The time that the processor worked on it, whatever else it had to do meanwhile.
fn time(work: &mut dyn FnMut()) -> Duration {
    let start = ThreadTime::now();
    work();
    start.elapsed()
}

fn best(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}

/// Prints a time, and how often it contains the floor.
pub(crate) fn line(what: &str, time: Duration, floor: Duration) -> Result<()> {
    let ratio = time.as_secs_f64() / floor.as_secs_f64();
    say(&format!("  {what:<38} {:>8.3} s  {ratio:>6.3} x\n", time.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_done_in_turn() {
        let log = std::cell::RefCell::new(String::new());
        let write = |letter| log.borrow_mut().push(letter);
        alternate(2, [&mut || write('a'), &mut || write('b')]);
        assert_eq!(log.into_inner(), "abab");
    }

    #[test]
    fn the_best_round_counts() {
        let millis = |list: &[u64]| list.iter().copied().map(Duration::from_millis).collect();
        assert_eq!(best(millis(&[9, 1, 5])), Duration::from_millis(1));
    }
}
