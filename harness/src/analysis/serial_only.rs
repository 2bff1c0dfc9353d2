//! Archives that only one job restores reliably.

use std::collections::BTreeMap;

use restore_core::engine::RestoreError;
use restore_core::units::Jobs;

use super::key::CurveKey;
use crate::errors::ErrorKind;
use crate::errors::classify::of_message;
use crate::record::trial::{Outcome, TrialRow};

/// How restores of an archive went that fails in parallel and not with one job: what one item
/// needs is not among its dependencies, so that the outcome depends on the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialOnly {
    pub key: CurveKey,
    /// For each number of jobs, how many restores failed and how many there were.
    pub attempts: BTreeMap<Jobs, Attempts>,
    /// The most frequent message of those that failed, and how many gave it.
    pub example: (String, u32),
}

/// Restores with a number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    /// Those that reported errors.
    pub failed: u32,
    /// All.
    pub trials: u32,
}

/// The curves of a run that only one job restores reliably: no restore with one job was lost,
/// and with at least half of the larger numbers of jobs some failed, by errors that come from
/// the archive.
pub fn serial_only(rows: &[TrialRow]) -> Vec<SerialOnly> {
    let mut curves: BTreeMap<CurveKey, Vec<&TrialRow>> = BTreeMap::new();
    for row in rows {
        curves.entry(CurveKey::of(row)).or_default().push(row);
    }
    curves.into_iter().filter_map(|(key, rows)| of_curve(key, &rows)).collect()
}

fn of_curve(key: CurveKey, rows: &[&TrialRow]) -> Option<SerialOnly> {
    let is_lost = |row: &&&TrialRow| row.outcome != Outcome::Completed;
    let serial = rows.iter().filter(|row| row.jobs == Jobs::ONE);
    if serial.clone().count() == 0 || serial.clone().any(|row| is_lost(&row)) {
        return None;
    }
    let mut attempts: BTreeMap<Jobs, Attempts> = BTreeMap::new();
    let mut messages: BTreeMap<&str, u32> = BTreeMap::new();
    for row in rows {
        let of_jobs = attempts.entry(row.jobs).or_default();
        of_jobs.trials += 1;
        if let Some(message) = failure_of_archive(row) {
            of_jobs.failed += 1;
            *messages.entry(message).or_default() += 1;
        }
    }
    let parallel = attempts.iter().filter(|(jobs, _)| **jobs > Jobs::ONE);
    let failing = parallel.clone().filter(|(_, of_jobs)| of_jobs.failed > 0).count();
    if failing == 0 || failing * 2 < parallel.count() {
        return None;
    }
    let (message, count) = messages.into_iter().max_by_key(|(_, count)| *count)?;
    Some(SerialOnly { key, attempts, example: (message.to_owned(), count) })
}

/// Whether a trial failed by an error that comes from the archive.
pub fn failed_by_archive(row: &TrialRow) -> bool {
    failure_of_archive(row).is_some()
}

/// The message of a trial that failed by an error that comes from the archive.
fn failure_of_archive(row: &TrialRow) -> Option<&str> {
    let message = row.message.as_deref().filter(|_| row.outcome == Outcome::Failed)?;
    let error = RestoreError::read(message);
    error.severity.as_ref()?;
    let kind: ErrorKind = of_message(&error.message);
    (!kind.is_of_environment()).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(jobs: u32, message: Option<&str>) -> TrialRow {
        TrialRow {
            jobs: Jobs::new(jobs).unwrap(),
            outcome: if message.is_some() { Outcome::Failed } else { Outcome::Completed },
            message: message.map(str::to_owned),
            ..TrialRow::example()
        }
    }

    const CHECK: &str = "TABLE DATA public.a (item 7): ERROR:  new row for relation \"a\" \
                         violates check constraint \"c\" (and 1 more error)";

    #[test]
    fn an_archive_that_fails_in_parallel_alone_is_found() {
        let rows = [row(1, None), row(2, Some(CHECK)), row(4, None), row(2, None), row(1, None)];
        let found = serial_only(&rows);
        assert_eq!(found.len(), 1);
        let told: Vec<(u32, u32, u32)> = found[0]
            .attempts
            .iter()
            .map(|(jobs, of_jobs)| (jobs.get(), of_jobs.failed, of_jobs.trials))
            .collect();
        assert_eq!(told, [(1, 0, 2), (2, 1, 2), (4, 0, 1)]);
        assert_eq!(found[0].example, (CHECK.to_owned(), 1));
    }

    #[test]
    fn failures_of_one_job_or_of_the_server_are_another_matter() {
        assert!(serial_only(&[row(1, Some(CHECK)), row(2, Some(CHECK))]).is_empty());
        assert!(serial_only(&[row(1, None), row(2, None)]).is_empty());
        let full = "TABLE DATA public.a (item 7): ERROR:  could not extend file \"base/1\": No \
                    space left on device";
        assert!(serial_only(&[row(1, None), row(2, Some(full))]).is_empty());
        let rows = [row(1, None), row(2, Some(CHECK)), row(4, None), row(8, None)];
        assert!(serial_only(&rows).is_empty());
    }
}
