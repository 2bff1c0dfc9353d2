//! Why an inspection fails.

use crate::archive::ArchiveError;
use crate::options::OptionError;
use crate::plan::PlanError;
use crate::selection::{CriteriaError, SelectionError};

/// Why an archive could not be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// It cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The options do not go together, or the version lacks one.
    #[error(transparent)]
    Options(#[from] OptionError),
    /// A file that the options name cannot be used.
    #[error(transparent)]
    Criteria(#[from] CriteriaError),
    /// The options do not fit the archive.
    #[error(transparent)]
    Selection(#[from] SelectionError),
}
