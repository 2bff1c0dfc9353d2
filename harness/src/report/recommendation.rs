//! What `recommend` says of a run.
//!
//! In JSON times are seconds, ratios and shares are fractions (0.05 is 5 %), and
//! `null` is "not known". Fields may be added under one schema number; what is
//! removed or changes its meaning raises it.

use serde::Serialize;

use super::answer;
use crate::study::Study;

/// The schema of the JSON form.
pub const SCHEMA: u32 = 1;

/// A study with its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The answer in one sentence.
    pub answer: String,
    #[serde(flatten)]
    pub study: Study,
}

impl Report {
    pub fn new(study: Study) -> Self {
        Self { schema: SCHEMA, answer: answer::of(&study), study }
    }

    /// As indented JSON with a line feed at the end.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}
