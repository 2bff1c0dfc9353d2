//! Which engine restores.

use std::fmt;
use std::str::FromStr;

use restore_core::engine::{Native, PgRestore, Psql};
use restore_core::format::Format;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An engine that a sweep can compare.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// PostgreSQL's own: `pg_restore`, and `psql` for plain dumps.
    #[default]
    PgRestore,
    /// This project's own: `jobtune restore`.
    Native,
    /// The same with `-j auto`: no scenario names it, `jobs` does.
    #[serde(rename = "native-auto")]
    #[schemars(skip)]
    Auto,
}

impl EngineKind {
    const ALL: [Self; 2] = [Self::PgRestore, Self::Native];

    /// Its name in scenarios.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PgRestore => PgRestore::NAME,
            Self::Native => Native::NAME,
            Self::Auto => "native-auto",
        }
    }

    /// The name in records of what restores an archive of this format.
    pub fn name_for(self, format: Format) -> &'static str {
        match (self, format) {
            (Self::PgRestore, Format::Plain) => Psql::NAME,
            _ => self.as_str(),
        }
    }

    /// The engine by its name in records, of which `pg_dump` is none.
    pub fn of_record(name: &str) -> Self {
        let own = [Self::Native, Self::Auto].into_iter().find(|engine| engine.as_str() == name);
        own.unwrap_or(Self::PgRestore)
    }

    /// Whether it restores archives of this format at all.
    pub fn restores(self, format: Format) -> bool {
        self == Self::PgRestore || format != Format::Plain
    }

    /// Whether more than one of its workers can restore an archive of this
    /// format: `pg_restore` takes tar archives with one alone.
    pub fn is_parallel(self, format: Format) -> bool {
        match self {
            Self::PgRestore => format.is_parallel(),
            Self::Native | Self::Auto => self.restores(format),
        }
    }

    /// Whether it is what a scenario has that names no engine.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no engine {0:?}: give pg_restore or native")]
pub struct UnknownEngine(String);

impl FromStr for EngineKind {
    type Err = UnknownEngine;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|engine| engine.as_str() == text);
        found.ok_or_else(|| UnknownEngine(text.to_owned()))
    }
}
