//! What can be asked of a restore while it runs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::Jobs;

/// How fast data may go to the server: a share of what it takes, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flow(u8);

impl Flow {
    /// As fast as the server takes it.
    pub const OPEN: Self = Self(100);

    /// Not at all: a COPY that runs waits where it is.
    pub const SHUT: Self = Self(0);

    /// So many percent, at most 100.
    pub fn percent(percent: u8) -> Option<Self> {
        (percent <= 100).then_some(Self(percent))
    }

    /// The share in percent.
    pub fn as_percent(self) -> u8 {
        self.0
    }

    /// How long a stream rests after it has sent for so long; `None` while
    /// nothing may go.
    pub(crate) fn rest_after(self, sending: Duration) -> Option<Duration> {
        let rest = u32::from(100 - self.0.min(100));
        (self.0 > 0).then(|| sending * rest / u32::from(self.0))
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OPEN => f.write_str("open"),
            Self::SHUT => f.write_str("shut"),
            Self(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for Flow {
    type Err = CommandError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::OPEN),
            "shut" => Ok(Self::SHUT),
            _ => {
                let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
                percent.and_then(Self::percent).ok_or(CommandError)
            }
        }
    }
}

/// A wish of whoever started the restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Keep so many workers busy. More are connected as needed; those that
    /// are too many finish what they do and then wait.
    Jobs(Jobs),
    /// Send data that fast, from the next piece on.
    Flow(Flow),
    /// Give builds of indexes that begin from now on so many parallel workers
    /// at most; `None` for as many as there would be.
    ParallelWorkers(Option<u32>),
    /// Begin nothing more and send nothing more until `Resume`.
    Pause,
    /// Go on after a `Pause`.
    Resume,
    /// Finish what runs, then end the restore, which can be resumed.
    Drain,
}

/// What is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such command: give `jobs N`, `flow N%`, `flow open`, `flow shut`, `parallel-workers N`, \
     `parallel-workers any`, `pause`, `resume` or `drain`"
)]
pub struct CommandError;

impl FromStr for Command {
    type Err = CommandError;

    /// Reads a line: `jobs 4`, `flow 50%`, `pause`, `resume`, `drain`.
    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["jobs", count] => {
                let count = count.parse().map_err(|_| CommandError)?;
                Jobs::new(count).map(Self::Jobs).map_err(|_| CommandError)
            }
            ["flow", flow] => flow.parse().map(Self::Flow),
            ["parallel-workers", "any"] => Ok(Self::ParallelWorkers(None)),
            ["parallel-workers", count] => count
                .parse()
                .map(|count| Self::ParallelWorkers(Some(count)))
                .map_err(|_| CommandError),
            ["pause"] => Ok(Self::Pause),
            ["resume"] => Ok(Self::Resume),
            ["drain"] => Ok(Self::Drain),
            _ => Err(CommandError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_they_are_written() {
        let jobs = Jobs::new(4).unwrap();
        for (line, command) in [
            (" jobs 4 ", Command::Jobs(jobs)),
            ("flow shut", Command::Flow(Flow::SHUT)),
            ("flow 25%", Command::Flow(Flow(25))),
            ("parallel-workers 0", Command::ParallelWorkers(Some(0))),
            ("parallel-workers any", Command::ParallelWorkers(None)),
            ("drain", Command::Drain),
        ] {
            assert_eq!(line.parse(), Ok(command));
        }
        for line in ["", "jobs", "jobs 0", "jobs many", "flow 101%", "flow 25", "stop"] {
            assert_eq!(line.parse::<Command>(), Err(CommandError), "{line}");
        }
        assert_eq!(Flow(25).to_string(), "25%");
        assert_eq!(Flow::OPEN.to_string(), "open");
    }
}
