//! One part of a sweep, for machines that do not know each other.

use anyhow::{Context, Result, bail, ensure};
use std::str::FromStr;

/// Part `index` (from 0) of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 0.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Whether a cell belongs to it. Neighbours are alike in cost, so they go to different parts.
    #[must_use]
    pub const fn has(self, cell: usize) -> bool {
        cell % self.count == self.index
    }

    /// The part that was asked for: by the option, or else by what a cluster says in the environment of each job. Slurm's
    /// arrays say index and count. Kubernetes' indexed jobs say the index only, so the count is an option.
    ///
    /// # Errors
    /// What is said makes no sense.
    pub fn wanted(
        option: Option<Self>,
        count: Option<usize>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        if let Some(shard) = option {
            return Ok(shard);
        }
        let number = |name: &str| {
            let text = variable(name)?;
            Some(text.parse::<usize>().with_context(|| format!("{name}={text}: expected a number")))
        };
        if let Some(task) = number("SLURM_ARRAY_TASK_ID") {
            let or = |name, default| number(name).unwrap_or(Ok(default));
            let (first, step) = (or("SLURM_ARRAY_TASK_MIN", 0)?, or("SLURM_ARRAY_TASK_STEP", 1)?);
            let count = match (count, number("SLURM_ARRAY_TASK_COUNT")) {
                (Some(count), _) => count,
                (None, Some(count)) => count?,
                (None, None) => {
                    bail!("SLURM_ARRAY_TASK_ID is set: how many parts there are say with --shards")
                }
            };
            let task = task?;
            ensure!(task >= first, "SLURM_ARRAY_TASK_ID={task}: expected {first} or more");
            return Self::checked((task - first) / step.max(1), count);
        }
        match (number("JOB_COMPLETION_INDEX"), count) {
            (Some(index), Some(count)) => Self::checked(index?, count),
            (Some(_), None) => {
                bail!("JOB_COMPLETION_INDEX is set: how many parts there are say with --shards")
            }
            (None, Some(_)) => {
                bail!("--shards: which part it is say with --shard I/N, or a cluster's job index")
            }
            (None, None) => Ok(Self::WHOLE),
        }
    }

    fn checked(index: usize, count: usize) -> Result<Self> {
        ensure!(index < count, "part {} of {count}: there are {count}", index + 1);
        Ok(Self { index, count })
    }
}

/// `2/5`: the second of five.
impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected I/N with I from 1 to N, such as 2/5";
        let (index, count) = text.split_once('/').ok_or(expected)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| expected);
        let (index, count) = (number(index)?, number(count)?);
        if index == 0 || index > count {
            return Err(expected.to_owned());
        }
        Ok(Self { index: index - 1, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(
        option: Option<&str>,
        count: Option<usize>,
        variables: &[(&str, &str)],
    ) -> Result<Shard> {
        let option = option.map(|text| text.parse().expect("a part"));
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Shard::wanted(option, count, &find)
    }

    #[test]
    fn every_cell_is_in_one_part() {
        let parts: Vec<Shard> =
            ["1/3", "2/3", "3/3"].map(|text| text.parse().expect("a part")).into();
        for cell in 0..20 {
            assert_eq!(parts.iter().filter(|part| part.has(cell)).count(), 1);
        }
        for bad in ["0/3", "4/3", "3", "a/b", "1/0"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cluster_says_which_part_it_is() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_MIN", "5"),
        ];
        assert_eq!(wanted(None, None, &slurm).expect("a part"), Shard { index: 2, count: 4 });
        let stepped = [&slurm[..], &[("SLURM_ARRAY_TASK_STEP", "2")]].concat();
        assert_eq!(wanted(None, None, &stepped).expect("a part"), Shard { index: 1, count: 4 });
        let kubernetes = [("JOB_COMPLETION_INDEX", "3")];
        assert_eq!(
            wanted(None, Some(4), &kubernetes).expect("a part"),
            Shard { index: 3, count: 4 }
        );
        assert_eq!(
            wanted(Some("1/2"), None, &slurm).expect("a part"),
            Shard { index: 0, count: 2 }
        );
        assert_eq!(wanted(None, None, &[]).expect("all"), Shard::WHOLE);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (count, variables) in [
            (None, &[("JOB_COMPLETION_INDEX", "3")][..]),
            (Some(3), &[("JOB_COMPLETION_INDEX", "3")][..]),
            (Some(3), &[("JOB_COMPLETION_INDEX", "x")][..]),
            (Some(3), &[][..]),
            (None, &[("SLURM_ARRAY_TASK_ID", "7")][..]),
            (
                None,
                &[
                    ("SLURM_ARRAY_TASK_ID", "1"),
                    ("SLURM_ARRAY_TASK_MIN", "2"),
                    ("SLURM_ARRAY_TASK_COUNT", "2"),
                ][..],
            ),
        ] {
            assert!(wanted(None, count, variables).is_err(), "{count:?} {variables:?}");
        }
    }
}
