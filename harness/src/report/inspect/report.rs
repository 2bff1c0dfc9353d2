//! All that is told of an archive.

use restore_core::inspect::Inspection;
use serde::{Deserialize, Serialize};

use super::here::Here;
use super::phrases;

/// The schema of the JSON form.
pub const SCHEMA: u32 = 1;

/// What is shown of an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InspectReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The answer in one sentence: what to expect of -j.
    pub answer: String,
    /// The archive's path as it was given.
    pub archive: String,
    /// All that is known of it.
    #[serde(flatten)]
    pub inspection: Inspection,
    /// Times here, predicted from a run of this archive; `null` without one.
    pub here: Option<Here>,
    /// The advice in words.
    pub advice_text: Vec<String>,
}

impl InspectReport {
    /// Puts together what is shown.
    pub fn new(archive: String, inspection: Inspection, here: Option<Here>) -> Self {
        Self {
            schema: SCHEMA,
            answer: phrases::answer(&inspection, here.as_ref()),
            archive,
            advice_text: inspection.advice.iter().map(ToString::to_string).collect(),
            inspection,
            here,
        }
    }
}
