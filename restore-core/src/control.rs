//! What can be asked of a restore while it runs.

use std::str::FromStr;

use crate::units::Jobs;

/// A wish of whoever started the restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Keep so many workers busy. More are connected as needed; those that
    /// are too many finish what they do and then wait.
    Jobs(Jobs),
    /// Begin nothing more until `Resume`.
    Pause,
    /// Go on after a `Pause`.
    Resume,
    /// Finish what runs, then end the restore, which can be resumed.
    Drain,
}

/// What is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such command: give `jobs N`, `pause`, `resume` or `drain`")]
pub struct CommandError;

impl FromStr for Command {
    type Err = CommandError;

    /// Reads a line: `jobs 4`, `pause`, `resume`, `drain`.
    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["jobs", count] => {
                let count = count.parse().map_err(|_| CommandError)?;
                Jobs::new(count).map(Self::Jobs).map_err(|_| CommandError)
            }
            ["pause"] => Ok(Self::Pause),
            ["resume"] => Ok(Self::Resume),
            ["drain"] => Ok(Self::Drain),
            _ => Err(CommandError),
        }
    }
}
