//! All that is told of an archive.

use restore_core::inspect::Inspection;
use serde::Serialize;

use super::here::Here;
use super::phrases;

pub const SCHEMA: u32 = 1;

/// What is shown of an archive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InspectReport {
    pub schema: u32,
    /// The answer in one sentence: what to expect of -j.
    pub answer: String,
    /// The archive's path as it was given.
    pub archive: String,
    #[serde(flatten)]
    pub inspection: Inspection,
    /// Times here, predicted from a run of this archive; `null` without one.
    pub here: Option<Here>,
    pub advice_text: Vec<String>,
}

impl InspectReport {
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
