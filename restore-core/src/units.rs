//! Quantities that must not be confused with one another.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number of bytes.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Bytes {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, at most `u64::MAX`.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::saturating_add)
    }
}

impl fmt::Display for Bytes {
    /// Binary multiples with three significant digits: `731 B`, `1.25 MiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        let mut value = self.0 as f64;
        let mut unit = 0;
        // 999.5 rather than 1024, so that four digits never appear.
        while value >= 999.5 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let decimals = usize::from(value < 9.995) + usize::from(value < 99.95);
        f.pad(&format!("{value:.decimals$} {}", UNITS[unit]))
    }
}

/// The major version of a PostgreSQL program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgMajor(pub u32);

/// A number of concurrent restore workers: what `pg_restore -j` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u32")]
pub struct Jobs(NonZeroU32);

/// Why a number is not a job count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{seen} is not a number of jobs: give a whole number from 1 to {max}", max = Jobs::MAX)]
pub struct JobsError {
    seen: String,
}

impl Jobs {
    /// One worker: a serial restore.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// The largest number that is taken seriously. `max_connections` has its
    /// maximum at 262143 (PostgreSQL 17, section 19.3), but each job is a
    /// backend process; a number above this is a slip of the finger.
    pub const MAX: u32 = 1024;

    /// Checks that `jobs` lies within 1 and [`Self::MAX`].
    pub fn new(jobs: u32) -> Result<Self, JobsError> {
        Self::try_from(i64::from(jobs))
    }

    /// The number itself.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The number as a size, for indexing and allocation.
    pub fn as_usize(self) -> usize {
        self.0.get() as usize
    }
}

impl TryFrom<i64> for Jobs {
    type Error = JobsError;

    fn try_from(jobs: i64) -> Result<Self, JobsError> {
        u32::try_from(jobs)
            .ok()
            .filter(|&jobs| jobs <= Self::MAX)
            .and_then(NonZeroU32::new)
            .map(Self)
            .ok_or_else(|| JobsError { seen: jobs.to_string() })
    }
}

impl FromStr for Jobs {
    type Err = JobsError;

    fn from_str(text: &str) -> Result<Self, JobsError> {
        let parsed: Result<i64, _> = text.trim().parse();
        parsed.map_err(|_| JobsError { seen: format!("{text:?}") }).and_then(Self::try_from)
    }
}

impl From<Jobs> for u32 {
    fn from(jobs: Jobs) -> Self {
        jobs.get()
    }
}

impl fmt::Display for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

/// The number that an archive gives to one of its items.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DumpId(pub u32);

impl fmt::Display for DumpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

/// A PostgreSQL object identifier; 0 stands for none (`InvalidOid`).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Oid(pub u32);

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_like_a_person_writes_them() {
        let shown = |n| Bytes(n).to_string();
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(1023), "1023 B");
        assert_eq!(shown(1024), "1.00 KiB");
        assert_eq!(shown(1023 * 1024), "1.00 MiB");
        assert_eq!(shown(15 << 20), "15.0 MiB");
        assert_eq!(shown(u64::MAX), "16384 PiB");
    }

    #[test]
    fn jobs_are_never_zero_nor_absurd() {
        assert_eq!(Jobs::new(1), Ok(Jobs::ONE));
        assert!(Jobs::new(0).is_err());
        assert!(Jobs::new(Jobs::MAX).is_ok());
        let error = Jobs::new(Jobs::MAX + 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1025 is not a number of jobs: give a whole number from 1 to 1024"
        );
        assert!("four".parse::<Jobs>().is_err());
        assert_eq!(" 4".parse::<Jobs>().map(Jobs::get), Ok(4));
        assert!(Jobs::try_from(-1).is_err());
    }
}
