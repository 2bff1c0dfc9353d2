//! What the cells of a curve share.

use std::fmt;

use restore_core::format::{Compression, Format};
use serde::{Deserialize, Serialize};

use crate::record::TrialRow;
use crate::scenario::{EngineKind, Variant};

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
    /// Whether its restores follow the schedule of `pg_restore`.
    pub fn is_of_pg_restore(&self) -> bool {
        self.engine == USUAL_ENGINE
    }

    /// Whether `jobtune restore` restored.
    pub fn is_of_native(&self) -> bool {
        EngineKind::of_record(&self.engine) != EngineKind::PgRestore
    }

    /// Whether both restore the same archive.
    pub fn has_archive_of(&self, other: &Self) -> bool {
        (&self.variant, self.format, self.compression)
            == (&other.variant, other.format, other.compression)
    }

    /// Whether both restore into the same server with the same engine.
    pub fn has_engine_of(&self, other: &Self) -> bool {
        (&self.variant, &self.engine) == (&other.variant, &other.engine)
    }

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
