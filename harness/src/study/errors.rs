//! The errors of a run's trials, by kind.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::analysis::words::{counted, job_list};
use crate::errors::summary::{KindSummary, summarise};
use crate::record::{ErrorRow, FolderError, Run, TrialRow};

/// The errors of a kind, with what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindOfErrors(pub KindSummary);

/// The errors of a run's trials by kind; those that kept trials from counting first.
pub fn of_run(run: &Run) -> Result<Vec<KindOfErrors>, FolderError> {
    let read = |row: &TrialRow| Ok((row.trial, run.errors(row.trial)?));
    let errors = run.rows.iter().map(read).collect::<Result<_, FolderError>>()?;
    Ok(by_kind(&run.rows, &errors))
}

fn by_kind(rows: &[TrialRow], errors: &BTreeMap<u32, Vec<ErrorRow>>) -> Vec<KindOfErrors> {
    summarise(rows, errors).into_iter().map(KindOfErrors).collect()
}

impl fmt::Display for KindOfErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KindSummary { group, trials, jobs } = &self.0;
        write!(
            f,
            "{} in {} at -j {}{}: {}. {}. {}",
            counted(group.count, "error"),
            counted(*trials, "trial"),
            job_list(jobs),
            if group.accepted { ", accepted" } else { "" },
            group.kind.title(),
            group.example_of().trim_end_matches('.'),
            group.kind.advice()
        )
    }
}

impl Serialize for KindOfErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let KindSummary { group, trials, jobs } = &self.0;
        let mut fields = serializer.serialize_struct("KindOfErrors", 9)?;
        fields.serialize_field("kind", group.kind.key())?;
        fields.serialize_field("title", group.kind.title())?;
        fields.serialize_field("accepted", &group.accepted)?;
        fields.serialize_field("errors", &group.count)?;
        fields.serialize_field("trials", trials)?;
        fields.serialize_field("jobs", jobs)?;
        fields.serialize_field("example", &group.example_of())?;
        fields.serialize_field("advice", group.kind.advice())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}
