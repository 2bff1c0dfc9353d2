//! The errors of all trials of a run.

use std::collections::BTreeMap;

use restore_core::engine::RestoreError;
use restore_core::units::Jobs;

use super::group::{ErrorGroup, groups};
use super::{ErrorKind, classify};
use crate::record::{ErrorRow, Outcome, TrialRow};

/// The errors of a kind over all trials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSummary {
    /// The errors, with an example.
    pub group: ErrorGroup,
    /// How many trials had such an error.
    pub trials: u32,
    /// The numbers of jobs of these trials, ascending.
    pub jobs: Vec<Jobs>,
}

/// The errors of the trials by kind: those that kept trials from counting first. `errors` gives
/// those of each trial; of runs that keep none, the message of a failed trial is taken.
pub fn summarise(rows: &[TrialRow], errors: &BTreeMap<u32, Vec<ErrorRow>>) -> Vec<KindSummary> {
    let mut of_kinds: BTreeMap<(bool, ErrorKind), Vec<(&TrialRow, ErrorRow)>> = BTreeMap::new();
    for row in rows {
        let recorded = errors.get(&row.trial).cloned().unwrap_or_default();
        let known = if recorded.is_empty() { of_message(row) } else { recorded };
        for error in known {
            let kind = ErrorKind::from_key(&error.class);
            of_kinds.entry((error.accepted, kind)).or_default().push((row, error));
        }
    }
    let mut all: Vec<KindSummary> =
        of_kinds.values().filter_map(|errors| of_kind(errors)).collect();
    all.sort_by_key(|kind| (kind.group.accepted, std::cmp::Reverse(kind.group.count)));
    all
}

fn of_kind(errors: &[(&TrialRow, ErrorRow)]) -> Option<KindSummary> {
    let mut trials: Vec<u32> = errors.iter().map(|(row, _)| row.trial).collect();
    trials.dedup();
    let mut jobs: Vec<Jobs> = errors.iter().map(|(row, _)| row.jobs).collect();
    jobs.sort();
    jobs.dedup();
    let group = groups(errors.iter().map(|(_, error)| error)).into_iter().next()?;
    Some(KindSummary { group, trials: trials.len() as u32, jobs })
}

/// What the message of a failed trial tells, where that is an error of a restore.
fn of_message(row: &TrialRow) -> Vec<ErrorRow> {
    let message = row.message.as_deref().filter(|_| row.outcome == Outcome::Failed);
    let error = message.map(RestoreError::read).filter(|error| error.severity.is_some());
    let of_no_item = || (None, String::new(), String::new());
    error
        .map(|error| ErrorRow::new(&error, of_no_item(), classify(&error).key()))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(trial: u32, jobs: u32, message: &str) -> TrialRow {
        TrialRow {
            trial,
            jobs: Jobs::new(jobs).unwrap(),
            outcome: Outcome::Failed,
            message: Some(message.to_owned()),
            ..TrialRow::example()
        }
    }

    #[test]
    fn kinds_have_their_trials_and_jobs() {
        let role = "could not execute query: ERROR:  role \"alice\" does not exist";
        let rows = [trial(1, 4, role), trial(2, 2, role), trial(3, 2, "stopped")];
        let error = RestoreError::read("ERROR:  schema \"public\" already exists");
        let item = (Some(5), "SCHEMA".to_owned(), "public".to_owned());
        let public = ErrorRow::new(&error, item, classify(&error).key());
        let public = ErrorRow { accepted: true, ..public };
        let errors = BTreeMap::from([(3, vec![public])]);
        let summary = summarise(&rows, &errors);
        let told: Vec<(String, u32, Vec<u32>)> = summary
            .iter()
            .map(|kind| {
                let jobs = kind.jobs.iter().map(|jobs| jobs.get()).collect();
                (kind.group.heading(), kind.trials, jobs)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("2 errors: a role does not exist".to_owned(), 2, vec![2, 4]),
                ("1 error: every new database has it".to_owned(), 1, vec![2]),
            ]
        );
        assert!(summary[1].group.accepted);
    }
}
