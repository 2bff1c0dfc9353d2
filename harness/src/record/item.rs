//! One row of `items/TRIAL.csv`.

use restore_core::event::Step;
use serde::{Deserialize, Serialize};

/// When and where an item was restored. Times count from the start of the
/// engine; what the engine or the archive did not tell is an empty field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRow {
    /// 0 for the leader, which works alone, else a worker from 1.
    pub lane: u32,
    /// Start.
    pub start_ns: u64,
    /// End.
    pub end_ns: u64,
    /// Number in the archive.
    pub dump_id: Option<u32>,
    /// Kind, in the archive's words.
    pub kind: String,
    /// Schema and name.
    pub name: String,
    /// Size of its data in the archive, as stored.
    pub bytes: Option<u64>,
    /// What was done of it; runs below schema 3 have whole items alone.
    #[serde(default)]
    pub step: Step,
}

impl ItemRow {
    /// Its kind, and what was done of it where the kind does not say that:
    /// `TABLE DATA (vacuum)`.
    pub fn kind_and_step(&self) -> String {
        match self.step {
            Step::Whole | Step::Define | Step::Load | Step::Insert | Step::LargeObjects => {
                self.kind.clone()
            }
            Step::LoadSlices
            | Step::KeyIndex
            | Step::AttachKey
            | Step::AddKey
            | Step::Validate
            | Step::Vacuum => format!("{} ({})", self.kind, self.step.name()),
        }
    }
}
