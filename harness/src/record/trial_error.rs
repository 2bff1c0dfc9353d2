//! `errors/TRIAL.csv`: the errors of a trial. `errors/reference.json`: those that the trials
//! of an archive are compared with.

use std::fmt;
use std::path::Path;

use restore_core::engine::RestoreError;
use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::error::{FolderError, Result};
use super::folder::{RunFolder, read_table};
use super::table;
use crate::design::ArchiveKey;

pub(super) const ERRORS: &str = "errors";
const REFERENCE: &str = "errors/reference.json";

/// One error of a restore. What is not known is an empty field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRow {
    /// Number of the item in the archive.
    pub dump_id: Option<u32>,
    /// Line of an SQL script.
    pub line: Option<u64>,
    /// Kind of the item, in the archive's words.
    pub kind: String,
    /// Schema and name of the item.
    pub name: String,
    /// The class of the error: a key of the table in `errors/kind.rs`.
    pub class: String,
    /// Whether it does not keep the trial from counting.
    pub accepted: bool,
    /// A setting of a connection: how often it fails depends on the number of jobs.
    pub of_session: bool,
    /// Severity and message.
    pub message: String,
    /// What follows `DETAIL:`.
    pub detail: Option<String>,
    /// What follows `HINT:`.
    pub hint: Option<String>,
    /// What follows `CONTEXT:`.
    pub context: Option<String>,
    /// The statement, as far as it was reported.
    pub statement: Option<String>,
}

impl ErrorRow {
    /// Records `error` under a class; the item's number, kind and name are the archive's.
    pub fn new(error: &RestoreError, item: (Option<u32>, String, String), class: &str) -> Self {
        let (dump_id, kind, name) = item;
        Self {
            dump_id,
            line: error.line(),
            kind,
            name,
            class: class.to_owned(),
            accepted: false,
            of_session: error.is_of_session(),
            message: error.to_string(),
            detail: error.detail.clone(),
            hint: error.hint.clone(),
            context: error.context.clone(),
            statement: error.statement.clone(),
        }
    }

    /// What it belongs to; `None` for the connection and the program itself.
    pub fn place(&self) -> Option<String> {
        if let Some(line) = self.line {
            return Some(format!("line {line} of the script"));
        }
        let number = self.dump_id.map(|id| format!(" (item {id})")).unwrap_or_default();
        (!self.kind.is_empty()).then(|| format!("{} {}{number}", self.kind, self.name))
    }
}

impl fmt::Display for ErrorRow {
    /// `TABLE public.t (item 215): ERROR:  role "x" does not exist`, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place() {
            write!(f, "{place}: ")?;
        }
        f.write_str(self.message.lines().next().unwrap_or_default())
    }
}

/// The errors that a restore of an archive is expected to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReference {
    /// The archive.
    pub archive: ArchiveKey,
    /// The number of jobs of the restore that reported them.
    pub jobs: Jobs,
    /// The trial that reported them; absent for the warm-up restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<u32>,
    /// The errors.
    pub errors: Vec<ErrorRow>,
}

impl RunFolder {
    /// The errors of a trial; none where it had none, and in runs of older programs.
    pub fn errors(&self, trial: u32) -> Result<Vec<ErrorRow>> {
        read_table(&self.path().join(format!("{ERRORS}/{trial}.csv")), <[u8]>::len)
    }

    /// Records the errors of a trial, before the trial itself.
    pub fn write_errors(&self, trial: u32, rows: &[ErrorRow]) -> Result<()> {
        self.make_folder(ERRORS)?;
        let name = format!("{ERRORS}/{trial}.csv");
        self.write_whole(&name, &table::write(rows, true, &self.path().join(&name))?)
    }

    /// What the trials of each archive are compared with, as far as that is settled.
    pub fn error_references(&self) -> Result<Vec<ErrorReference>> {
        let path = self.path().join(REFERENCE);
        let Some(text) = self.read_if_there(REFERENCE)? else { return Ok(Vec::new()) };
        serde_json::from_slice(&text).map_err(|error| damaged(&path, &error))
    }

    /// Adds what the trials of an archive are compared with from now on.
    pub fn add_error_reference(&self, reference: &ErrorReference) -> Result<()> {
        self.make_folder(ERRORS)?;
        let mut all = self.error_references()?;
        all.retain(|other| other.archive != reference.archive);
        all.push(reference.clone());
        let path = self.path().join(REFERENCE);
        let text = serde_json::to_vec_pretty(&all).map_err(|error| damaged(&path, &error))?;
        self.write_whole(REFERENCE, &text)
    }
}

fn damaged(path: &Path, error: &serde_json::Error) -> FolderError {
    FolderError::Damaged {
        path: path.to_owned(),
        line: Some(error.line() as u64),
        reason: error.to_string(),
    }
}
