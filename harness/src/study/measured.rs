//! How the numbers of a study came about.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::analysis::{Overview, RunFacts};
use crate::recommend::odds::DRAWS;
use crate::recommend::verdict::CONFIDENCE;
use crate::stats::bootstrap::MIN_BLOCKS_TO_RESAMPLE;
use crate::stats::estimate::digits;
use crate::stats::interval::Level;

/// How the numbers of a study came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    pub facts: RunFacts,
    pub overview: Overview,
}

impl Serialize for Measured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { facts, overview } = self;
        let counts = overview.counts;
        let mut fields = serializer.serialize_struct("Measured", 23)?;
        fields.serialize_field("scenario", &facts.scenario)?;
        fields.serialize_field("phase", &facts.phase)?;
        fields.serialize_field("server", &facts.server)?;
        fields.serialize_field("host", &facts.host)?;
        fields.serialize_field("cache", &facts.cache)?;
        fields.serialize_field("server_cores", &facts.cores)?;
        fields.serialize_field("trials", &counts.trials())?;
        fields.serialize_field("completed", &counts.completed)?;
        fields.serialize_field("failed", &counts.failed)?;
        fields.serialize_field("timed_out", &counts.timed_out)?;
        fields.serialize_field("invalid", &counts.invalid)?;
        fields.serialize_field("blocks", &overview.blocks)?;
        fields.serialize_field("sessions", &overview.sessions)?;
        fields.serialize_field("seed", &facts.seed)?;
        fields.serialize_field("tolerance_ratio", &facts.tolerance)?;
        fields.serialize_field("precision_ratio", &facts.precision)?;
        fields.serialize_field("interval_level", &Level::P95.get())?;
        fields.serialize_field("needed_probability", &CONFIDENCE)?;
        fields.serialize_field("draws", &DRAWS)?;
        fields.serialize_field("blocks_to_resample", &MIN_BLOCKS_TO_RESAMPLE)?;
        fields.serialize_field("ending", &facts.ending)?;
        fields.serialize_field("restoring_seconds", &digits(overview.restoring.as_secs_f64()))?;
        fields.serialize_field("overhead_seconds", &digits(overview.overhead.as_secs_f64()))?;
        fields.end()
    }
}
