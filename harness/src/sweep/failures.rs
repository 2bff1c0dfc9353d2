//! When failing trials end a sweep.

use std::collections::BTreeSet;

use restore_core::units::Jobs;

use crate::design::{ArchiveKey, Cell};
use crate::errors::ErrorKind;
use crate::record::{ErrorRow, Outcome, TrialRow};
use crate::scenario::EngineKind;

/// After so many trials in a row that did not complete, a sweep stops: what
/// is wrong will not go away by itself, and each may have run into its limit.
const IN_ROW: usize = 3;

/// Counts the trials that failed.
///
/// An archive that only one job restores reliably fails with more, by chance: where one job
/// has restored it, such failures are what is measured, and do not count.
#[derive(Debug, Default)]
pub(super) struct Failures {
    in_row: usize,
    restored_serially: BTreeSet<(ArchiveKey, EngineKind)>,
}

impl Failures {
    /// What the trials of earlier sessions have shown.
    pub(super) fn after(rows: &[TrialRow]) -> Self {
        let mut failures = Self::default();
        for row in rows {
            failures.learn(row);
        }
        failures
    }

    /// The warm-up restored the archive of this cell with one job.
    pub(super) fn restored_serially(&mut self, cell: &Cell) {
        self.restored_serially.insert((cell.archive.clone(), cell.engine));
    }

    /// Takes notice of a trial; `as_designed` if it was stopped by a limit of its own.
    pub(super) fn take(&mut self, row: &TrialRow, errors: &[ErrorRow], as_designed: bool) {
        self.learn(row);
        if row.outcome == Outcome::Completed || as_designed {
            self.in_row = 0;
        } else if !self.is_by_chance(row, errors) {
            self.in_row += 1;
        }
    }

    /// Whether the sweep ends.
    pub(super) fn are_too_many(&self) -> bool {
        self.in_row >= IN_ROW
    }

    fn learn(&mut self, row: &TrialRow) {
        if row.jobs == Jobs::ONE && row.outcome == Outcome::Completed {
            self.restored_serially.insert(kind_of(row));
        }
    }

    fn is_by_chance(&self, row: &TrialRow, errors: &[ErrorRow]) -> bool {
        let of_archive = |error: &ErrorRow| !ErrorKind::from_key(&error.class).is_of_environment();
        row.jobs > Jobs::ONE
            && row.outcome == Outcome::Failed
            && !errors.is_empty()
            && errors.iter().all(of_archive)
            && self.restored_serially.contains(&kind_of(row))
    }
}

fn kind_of(row: &TrialRow) -> (ArchiveKey, EngineKind) {
    let TrialRow { format, compression, .. } = *row;
    let archive = ArchiveKey { variant: row.variant.clone(), format, compression };
    (archive, EngineKind::of_record(&row.engine))
}

#[cfg(test)]
mod tests {
    use restore_core::engine::RestoreError;

    use super::*;
    use crate::errors::classify;

    fn row(jobs: u32, outcome: Outcome) -> TrialRow {
        TrialRow { jobs: Jobs::new(jobs).unwrap(), outcome, ..TrialRow::example() }
    }

    fn error(text: &str) -> Vec<ErrorRow> {
        let error = RestoreError::read(text);
        let item = (None, String::new(), String::new());
        vec![ErrorRow::new(&error, item, classify(&error).key())]
    }

    #[test]
    fn three_in_a_row_end_a_sweep() {
        let mut failures = Failures::default();
        for outcome in [Outcome::Failed, Outcome::Failed, Outcome::Completed, Outcome::Failed] {
            failures.take(&row(2, outcome), &[], false);
        }
        failures.take(&row(2, Outcome::TimedOut), &[], true);
        assert!(!failures.are_too_many());
        for _ in 0..3 {
            failures.take(&row(2, Outcome::Invalid), &[], false);
        }
        assert!(failures.are_too_many());
    }

    #[test]
    fn what_only_one_job_restores_does_not_end_it() {
        let check = error("ERROR:  new row for relation \"t\" violates check constraint \"c\"");
        let mut failures = Failures::after(&[row(1, Outcome::Completed)]);
        for _ in 0..5 {
            failures.take(&row(4, Outcome::Failed), &check, false);
        }
        assert!(!failures.are_too_many());
        let full = error("ERROR:  could not extend file \"x\": No space left on device");
        for _ in 0..3 {
            failures.take(&row(4, Outcome::Failed), &full, false);
        }
        assert!(failures.are_too_many());
    }
}
