//! Why an option cannot be taken.

use super::table::{Opt, Takes};
use crate::units::PgMajor;

/// Why an option of `pg_restore` cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// A sweep decides this itself.
    #[error("pg_restore's {option} cannot be used in a sweep: {reason}")]
    Refused {
        /// The option as it was written.
        option: String,
        /// Why.
        reason: &'static str,
    },
    /// A word that is no option.
    #[error(
        "{word:?} is no option of pg_restore: the archive is named before the -- (--archive, or \
         the scenario's dataset)"
    )]
    NotAnOption {
        /// The word.
        word: String,
    },
    /// The beginning of several names.
    #[error("--{prefix} can be any of {}: write it out", list(candidates))]
    Ambiguous {
        /// What was written.
        prefix: String,
        /// What begins so.
        candidates: Vec<Opt>,
    },
    /// A value is missing.
    #[error("{option} needs a value")]
    ValueMissing {
        /// The option.
        option: Opt,
    },
    /// A value where none is taken, or not the kind that is.
    #[error("{option}: {}", expected(*takes))]
    WrongValue {
        /// The option.
        option: Opt,
        /// What it takes.
        takes: Takes,
    },
    /// A section that does not exist.
    #[error("--section={value}: give pre-data, data or post-data")]
    UnknownSection {
        /// What was written.
        value: String,
    },
    /// A transaction size that is none.
    #[error("--transaction-size={value}: give a whole number from 1 to 2147483647")]
    NotASize {
        /// What was written.
        value: String,
    },
    /// Two options that exclude each other.
    #[error("{first} and {second} cannot be used together")]
    Conflict {
        /// One of them.
        first: Opt,
        /// The other one.
        second: Opt,
    },
    /// An option that is nothing without another one.
    #[error("{option} needs {needed} too")]
    Needs {
        /// The option.
        option: Opt,
        /// What is missing.
        needed: Opt,
    },
    /// The program is too old for it.
    #[error("pg_restore {} has no {option}: it came with PostgreSQL {}", found.0, option.since().0)]
    TooNew {
        /// The option.
        option: Opt,
        /// The version of the program.
        found: PgMajor,
    },
}

fn list(options: &[Opt]) -> String {
    let names: Vec<_> = options.iter().map(Opt::to_string).collect();
    names.join(", ")
}

fn expected(takes: Takes) -> &'static str {
    match takes {
        Takes::Nothing => "it takes no value (in a scenario: true or false)",
        Takes::Value => "give one value",
        Takes::Values => "give a value or a list of values",
    }
}
