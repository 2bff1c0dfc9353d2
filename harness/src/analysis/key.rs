//! What the cells of a curve share.

use std::fmt;

use restore_core::format::{Compression, Format};
use serde::{Deserialize, Serialize};

use crate::record::TrialRow;
use crate::scenario::Variant;

/// The engine that every other one is compared with.
const USUAL_ENGINE: &str = "pg_restore";

/// What the cells of a curve share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CurveKey {
    pub variant: String,
    pub engine: String,
    pub format: Format,
    pub compression: Compression,
}

impl CurveKey {
    /// The curve that a trial belongs to.
    pub fn of(row: &TrialRow) -> Self {
        Self {
            variant: row.variant.clone(),
            engine: row.engine.clone(),
            format: row.format,
            compression: row.compression,
        }
    }
}

impl fmt::Display for CurveKey {
    /// `custom gzip:6`, with the variant and the engine before it where they
    /// are not the usual ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variant, engine, format, compression } = self;
        let mut name = format!("{format} {compression}");
        if engine != USUAL_ENGINE {
            name = format!("{engine} {name}");
        }
        if variant != Variant::BASE {
            name = format!("{variant} {name}");
        }
        f.pad(&name)
    }
}
