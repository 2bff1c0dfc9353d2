//! A shard: a share of the blocks of a sweep, for a host of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share of the blocks of a sweep, as `2/8`: the second of eight.
///
/// Blocks are dealt out in turn: of eight shards the second has the blocks 2,
/// 10, 18 ... Each block has an order of its own by the seed, so that no shard
/// is better placed than another, and shards differ by one block at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Shard {
    index: u32,
    count: u32,
}

/// Why there is no such shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// Not of the form `2/8`.
    #[error("a shard is INDEX/COUNT, as in 2/8, or auto, or auto/COUNT: {0:?} is none of these")]
    Form(String),
    /// The index is not from 1 to the count.
    #[error("there is no shard {index} of {count}: shards are counted from 1")]
    Range { index: i64, count: i64 },
    /// Nothing in the environment tells of an array of jobs.
    #[error(
        "--shard auto finds no index in the environment ({}): name the shard, as in \
         --shard 2/8",
        VARIABLES.map(|one| one.index).join(", ")
    )]
    NoIndex,
    /// More than one variable tells an index.
    #[error("--shard auto finds {0} in the environment: name the shard, as in --shard 2/8")]
    Ambiguous(String),
    /// The index is known and the count is not.
    #[error(
        "{0} tells the shard's index, and nothing tells how many there are: --shard auto/COUNT"
    )]
    NoCount(&'static str),
    /// A variable that is no number.
    #[error("{variable} is {value:?}, which is no number")]
    NoNumber { variable: &'static str, value: String },
    /// The environment's count is not the one that was asked for.
    #[error(
        "{variable} says that there are {seen} tasks, and --shard asks for {asked} shards: name \
         the shard, as in --shard 2/{asked}"
    )]
    OtherCount { variable: &'static str, seen: i64, asked: u32 },
    /// Numbers of tasks with gaps, as of an array that was submitted again in part.
    #[error(
        "the tasks of this array are not numbered in even steps ({0}): name the shard, as in \
         --shard 2/8"
    )]
    Uneven(&'static str),
}

impl Shard {
    /// The shard `index`, from 1, of `count`.
    pub fn new(index: u32, count: u32) -> Result<Self, ShardError> {
        Self::checked(i64::from(index), i64::from(count))
    }

    fn checked(index: i64, count: i64) -> Result<Self, ShardError> {
        let range = || ShardError::Range { index, count };
        if index < 1 || index > count {
            return Err(range());
        }
        let number = |number: i64| u32::try_from(number).map_err(|_| range());
        Ok(Self { index: number(index)?, count: number(count)? })
    }

    /// Its number, from 1.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many shards there are.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The blocks, of so many in all, that are its own; ascending.
    pub fn blocks(self, of: u32) -> Vec<u32> {
        (self.index..=of).step_by(self.count as usize).collect()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let form = || ShardError::Form(text.to_owned());
        let (index, count) = text.split_once('/').ok_or_else(form)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| form());
        Self::new(number(index)?, number(count)?)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = ShardError;

    fn try_from(text: String) -> Result<Self, ShardError> {
        text.parse()
    }
}

/// What `--shard` says: which one, or that the environment tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardChoice {
    /// This one.
    Given(Shard),
    /// The environment tells the index, and the count where none is given.
    Auto { count: Option<u32> },
}

impl FromStr for ShardChoice {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let Some(rest) = text.strip_prefix("auto") else { return text.parse().map(Self::Given) };
        if rest.is_empty() {
            return Ok(Self::Auto { count: None });
        }
        let count = rest.strip_prefix('/').and_then(|count| count.parse().ok());
        match count {
            Some(count) if count > 0 => Ok(Self::Auto { count: Some(count) }),
            _ => Err(ShardError::Form(text.to_owned())),
        }
    }
}

impl ShardChoice {
    /// The shard, by an environment.
    pub fn resolve(self, variable: impl Fn(&str) -> Option<String>) -> Result<Shard, ShardError> {
        match self {
            Self::Given(shard) => Ok(shard),
            Self::Auto { count } => from_environment(count, variable),
        }
    }
}

/// Where an engine of batch jobs tells a task which one it is.
struct Variables {
    index: &'static str,
    first: First,
    /// How many there are.
    count: Option<&'static str>,
    /// The number of the last one, for engines that tell no count.
    last: Option<&'static str>,
}

/// What the first task is numbered.
enum First {
    Always(i64),
    /// What a variable says.
    Told(&'static str),
}

/// `sbatch(1)`, "Job Array Support" and "OUTPUT ENVIRONMENT VARIABLES";
/// Kubernetes, "Indexed Job for Parallel Processing with Static Work Assignment";
/// GitLab, "Predefined CI/CD variables" (`parallel`); AWS Batch, "Job environment
/// variables"; `qsub(1)` of Grid Engine, `-t`.
const VARIABLES: [Variables; 5] = [
    Variables {
        index: "SLURM_ARRAY_TASK_ID",
        first: First::Told("SLURM_ARRAY_TASK_MIN"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
        last: Some("SLURM_ARRAY_TASK_MAX"),
    },
    Variables { index: "JOB_COMPLETION_INDEX", first: First::Always(0), count: None, last: None },
    Variables {
        index: "CI_NODE_INDEX",
        first: First::Always(1),
        count: Some("CI_NODE_TOTAL"),
        last: None,
    },
    Variables {
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: First::Always(0),
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
        last: None,
    },
    Variables {
        index: "SGE_TASK_ID",
        first: First::Told("SGE_TASK_FIRST"),
        count: None,
        last: Some("SGE_TASK_LAST"),
    },
];

/// The shard of this task by what its engine says of it.
fn from_environment(
    asked: Option<u32>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Shard, ShardError> {
    // Grid Engine sets its variables to "undefined" outside of arrays.
    let told =
        |name: &str| variable(name).filter(|value| !value.is_empty() && value != "undefined");
    let number = |name: &'static str| match told(name) {
        None => Ok(None),
        Some(value) => match value.trim().parse::<i64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(ShardError::NoNumber { variable: name, value }),
        },
    };
    let set: Vec<&Variables> = VARIABLES.iter().filter(|one| told(one.index).is_some()).collect();
    let one = match set[..] {
        [] => return Err(ShardError::NoIndex),
        [one] => one,
        _ => {
            let names: Vec<&str> = set.iter().map(|one| one.index).collect();
            return Err(ShardError::Ambiguous(names.join(" and ")));
        }
    };
    let Some(index) = number(one.index)? else { return Err(ShardError::NoIndex) };
    let first = match one.first {
        First::Always(first) => first,
        First::Told(name) => number(name)?.unwrap_or(1),
    };
    let last = one.last.map(number).transpose()?.flatten();
    let counted = one.count.map(|name| Ok((name, number(name)?))).transpose()?;
    let counted = counted.and_then(|(name, count)| Some((name, count?)));
    // Tasks may be numbered in steps, as 0-14:2; without a count they are taken to
    // follow each other.
    let (step, seen) = match (counted, last) {
        (Some((name, count)), Some(last)) if count > 1 => {
            if (last - first) % (count - 1) != 0 {
                return Err(ShardError::Uneven(one.index));
            }
            ((last - first) / (count - 1), Some((name, count)))
        }
        (Some(counted), _) => (1, Some(counted)),
        (None, Some(last)) => (1, one.last.map(|name| (name, last - first + 1))),
        (None, None) => (1, None),
    };
    let count = match (asked, seen) {
        (Some(asked), Some((variable, seen))) if seen != i64::from(asked) => {
            return Err(ShardError::OtherCount { variable, seen, asked });
        }
        (Some(asked), _) => i64::from(asked),
        (None, Some((_, seen))) => seen,
        (None, None) => return Err(ShardError::NoCount(one.index)),
    };
    if step < 1 || (index - first) % step != 0 {
        return Err(ShardError::Uneven(one.index));
    }
    Shard::checked((index - first) / step + 1, count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is asked for, the environment, and what comes of it.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    fn resolve(choice: &str, environment: &[(&str, &str)]) -> Result<String, String> {
        let choice: ShardChoice = choice.parse().map_err(|error: ShardError| error.to_string())?;
        let variable = |name: &str| {
            environment
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        choice.resolve(variable).map(|shard| shard.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_engine_tells_its_tasks_which_shard_they_are() {
        let slurm = |id, min, max, count| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ]
        };
        let sge = |id, first, last| {
            [("SGE_TASK_ID", id), ("SGE_TASK_FIRST", first), ("SGE_TASK_LAST", last)]
        };
        let gitlab = |index, total| [("CI_NODE_INDEX", index), ("CI_NODE_TOTAL", total)];
        let batch = |index, size| {
            [("AWS_BATCH_JOB_ARRAY_INDEX", index), ("AWS_BATCH_JOB_ARRAY_SIZE", size)]
        };
        let table: &[Case<'_>] = &[
            ("2/8", &[], "2/8"),
            // What is named needs no environment, and minds none.
            ("2/8", &slurm("3", "1", "4", "4"), "2/8"),
            ("auto", &slurm("3", "1", "4", "4"), "3/4"),
            ("auto", &slurm("0", "0", "7", "8"), "1/8"),
            ("auto", &slurm("7", "0", "7", "8"), "8/8"),
            ("auto", &slurm("4", "0", "14", "8"), "3/8"),
            ("auto/4", &slurm("4", "1", "4", "4"), "4/4"),
            ("auto", &slurm("5", "5", "5", "1"), "1/1"),
            ("auto/8", &[("JOB_COMPLETION_INDEX", "0")], "1/8"),
            ("auto/8", &[("JOB_COMPLETION_INDEX", "7")], "8/8"),
            ("auto", &gitlab("1", "3"), "1/3"),
            ("auto", &gitlab("3", "3"), "3/3"),
            ("auto", &batch("0", "5"), "1/5"),
            ("auto/5", &[("AWS_BATCH_JOB_ARRAY_INDEX", "4")], "5/5"),
            ("auto", &sge("3", "1", "8"), "3/8"),
            ("auto", &[("SGE_TASK_ID", "3"), ("SGE_TASK_LAST", "8")], "3/8"),
            // Grid Engine outside of an array, in a job of GitLab.
            (
                "auto",
                &[("SGE_TASK_ID", "undefined"), ("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "2")],
                "2/2",
            ),
        ];
        for (choice, environment, shard) in table {
            assert_eq!(
                resolve(choice, environment).as_deref(),
                Ok(*shard),
                "{choice} {environment:?}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        let table: &[Case<'_>] = &[
            ("auto", &[], "finds no index in the environment (SLURM_ARRAY_TASK_ID, JOB_COMPLETION"),
            ("auto", &[("CI_NODE_INDEX", "")], "finds no index"),
            ("auto", &[("JOB_COMPLETION_INDEX", "2")], "--shard auto/COUNT"),
            ("auto/2", &[("JOB_COMPLETION_INDEX", "2")], "there is no shard 3 of 2"),
            ("auto", &[("CI_NODE_INDEX", "2")], "CI_NODE_INDEX tells the shard's index"),
            (
                "auto",
                &[("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "2")],
                "\"x\", which is no number",
            ),
            (
                "auto",
                &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2"), ("JOB_COMPLETION_INDEX", "1")],
                "finds JOB_COMPLETION_INDEX and CI_NODE_INDEX",
            ),
            // Task 3 of an array of four that was submitted again alone.
            (
                "auto/4",
                &[
                    ("SLURM_ARRAY_TASK_ID", "3"),
                    ("SLURM_ARRAY_TASK_MIN", "3"),
                    ("SLURM_ARRAY_TASK_MAX", "3"),
                    ("SLURM_ARRAY_TASK_COUNT", "1"),
                ],
                "SLURM_ARRAY_TASK_COUNT says that there are 1 tasks, and --shard asks for 4",
            ),
            (
                "auto",
                &[
                    ("SLURM_ARRAY_TASK_ID", "3"),
                    ("SLURM_ARRAY_TASK_MIN", "1"),
                    ("SLURM_ARRAY_TASK_MAX", "7"),
                    ("SLURM_ARRAY_TASK_COUNT", "3"),
                ],
                "not numbered in even steps",
            ),
            ("0/4", &[], "there is no shard 0 of 4"),
            ("5/4", &[], "there is no shard 5 of 4"),
            ("1/0", &[], "there is no shard 1 of 0"),
            ("2", &[], "a shard is INDEX/COUNT"),
            ("-1/4", &[], "a shard is INDEX/COUNT"),
            ("auto/0", &[], "a shard is INDEX/COUNT"),
            ("automatic", &[], "a shard is INDEX/COUNT"),
        ];
        for (choice, environment, said) in table {
            let error = resolve(choice, environment).unwrap_err();
            assert!(error.contains(said), "{choice} {environment:?}: {error}");
        }
    }

    #[test]
    fn records_name_a_shard_as_the_command_line_does() {
        let shard = Shard::new(2, 8).unwrap();
        assert_eq!(serde_json::to_string(&shard).unwrap(), "\"2/8\"");
        assert_eq!(serde_json::from_str::<Shard>("\"2/8\"").unwrap(), shard);
        assert!(serde_json::from_str::<Shard>("\"9/8\"").is_err());
    }

    proptest! {
        #[test]
        fn the_shards_have_each_block_once(count in 1..40_u32, blocks in 1..100_u32) {
            let mut all: Vec<u32> = (1..=count)
                .flat_map(|index| Shard::new(index, count).unwrap().blocks(blocks))
                .collect();
            all.sort_unstable();
            prop_assert_eq!(all, (1..=blocks).collect::<Vec<_>>());
        }
    }
}
