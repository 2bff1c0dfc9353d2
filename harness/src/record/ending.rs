//! Why a sweep ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a sweep ran no further block. A sweep that was interrupted has no
/// ending: it can be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every interval that the verdicts rest on is as narrow as was asked.
    Precision,
    /// The verdicts would no longer change.
    Decided,
    /// The time that was granted is spent.
    Budget,
    /// The largest number of blocks that was asked for is done.
    MaxBlocks,
    /// The largest number of restores that was asked for is done.
    MaxTrials,
    /// Equal restores differ too much for a few of them to decide.
    Noise,
    /// Several trials failed in a row.
    Failures,
}

impl fmt::Display for Ending {
    /// Completes "The sweep ended because ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Precision => "the intervals reached the precision asked for",
            Self::Decided => "further blocks would not have changed the verdict",
            Self::Budget => "the time budget was spent",
            Self::MaxBlocks => "the largest number of blocks was reached",
            Self::MaxTrials => "the largest number of restores was reached",
            Self::Noise => "equal restores differ too much for a few of them to decide",
            Self::Failures => "several trials failed in a row",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_name_endings_in_snake_case() {
        let written = serde_json::to_string(&Ending::MaxBlocks).unwrap();
        assert_eq!(written, "\"max_blocks\"");
        let read: Ending = serde_json::from_str("\"decided\"").unwrap();
        assert_eq!(read, Ending::Decided);
    }
}
