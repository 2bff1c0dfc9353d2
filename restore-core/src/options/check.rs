//! Options against each other, and against the program's version.

use super::error::OptionError;
use super::set::RestoreOptions;
use super::table::Opt;
use crate::units::PgMajor;

/// What `pg_restore` refuses together (`pg_restore.c`, PostgreSQL 18.1).
const CONFLICTS: [(Opt, Opt); 10] = [
    (Opt::DataOnly, Opt::SchemaOnly),
    (Opt::DataOnly, Opt::StatisticsOnly),
    (Opt::SchemaOnly, Opt::StatisticsOnly),
    (Opt::DataOnly, Opt::NoData),
    (Opt::SchemaOnly, Opt::NoSchema),
    (Opt::StatisticsOnly, Opt::NoStatistics),
    (Opt::Statistics, Opt::NoStatistics),
    (Opt::DataOnly, Opt::Statistics),
    (Opt::SchemaOnly, Opt::Statistics),
    (Opt::Clean, Opt::DataOnly),
];

impl RestoreOptions {
    /// Refuses options that exclude or need each other.
    pub fn check_together(&self) -> Result<(), OptionError> {
        for (first, second) in CONFLICTS {
            if self.has(first) && self.has(second) {
                return Err(OptionError::Conflict { first, second });
            }
        }
        if self.has(Opt::IfExists) && !self.has(Opt::Clean) {
            return Err(OptionError::Needs { option: Opt::IfExists, needed: Opt::Clean });
        }
        Ok(())
    }

    /// Refuses options that the `pg_restore` of this version does not have.
    pub fn check_version(&self, found: PgMajor) -> Result<(), OptionError> {
        match self.given().find(|option| option.since() > found) {
            Some(option) => Err(OptionError::TooNew { option, found }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> RestoreOptions {
        let mut options = RestoreOptions::default();
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        options.read_words(&words).unwrap();
        options
    }

    #[test]
    fn versions_are_told() {
        let error = options(&["-O", "--filter=f"]).check_version(PgMajor(15)).unwrap_err();
        assert_eq!(error.to_string(), "pg_restore 15 has no --filter: it came with PostgreSQL 17");
        assert!(options(&["--filter=f"]).check_version(PgMajor(17)).is_ok());
    }

    #[test]
    fn contradictions_are_refused() {
        let error = options(&["-a", "-s"]).check_together().unwrap_err();
        assert_eq!(error.to_string(), "--data-only and --schema-only cannot be used together");
        let error = options(&["--if-exists"]).check_together().unwrap_err();
        assert_eq!(error.to_string(), "--if-exists needs --clean too");
        assert!(options(&["-c", "--if-exists", "-s"]).check_together().is_ok());
    }
}
