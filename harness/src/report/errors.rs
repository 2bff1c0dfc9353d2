//! The errors of a run's trials, as reports show them.

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::phrases::{counted, job_list};
use crate::errors::summary::{KindSummary, summarise};
use crate::record::{ErrorRow, TrialRow};

/// The errors of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// The kind, by its name in records.
    pub kind: String,
    /// What is wrong, in a few words.
    pub title: String,
    /// Whether trials with them count all the same.
    pub accepted: bool,
    /// How many there are in all trials.
    pub errors: u32,
    /// How many trials had one.
    pub trials: u32,
    /// The numbers of jobs of these trials.
    pub jobs: Vec<Jobs>,
    /// The most frequent one, with its item.
    pub example: String,
    /// What to do.
    pub advice: String,
    /// All of it in words.
    pub text: String,
}

/// The errors of the trials by kind; those that kept trials from counting first.
pub fn reports(rows: &[TrialRow], errors: &BTreeMap<u32, Vec<ErrorRow>>) -> Vec<ErrorReport> {
    summarise(rows, errors).into_iter().map(report).collect()
}

fn report(of: KindSummary) -> ErrorReport {
    let KindSummary { group, trials, jobs } = of;
    let example = group.example_of();
    let accepted = if group.accepted { ", accepted" } else { "" };
    let text = format!(
        "{} in {} at -j {}{accepted}: {}. {}. {}",
        counted(group.count, "error"),
        counted(trials, "trial"),
        job_list(&jobs),
        group.kind.title(),
        example.trim_end_matches('.'),
        group.kind.advice()
    );
    ErrorReport {
        kind: group.kind.key().to_owned(),
        title: group.kind.title().to_owned(),
        accepted: group.accepted,
        errors: group.count,
        trials,
        jobs,
        example,
        advice: group.kind.advice().to_owned(),
        text,
    }
}

/// A few sentences for each kind.
pub(super) fn phrases(errors: &[ErrorReport]) -> Vec<String> {
    errors.iter().map(|error| error.text.clone()).collect()
}
