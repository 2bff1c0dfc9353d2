//! Measures which `-j` a parallel PostgreSQL restore should have.
//!
//! What stands left of the run folder makes servers, datasets and trials and
//! records them: `scenario`, `design`, `provider`, `dataset`, `load`, `sweep`,
//! `session`.
//! What stands right of it, `stats`, `analysis`, `recommend`, `gate`, `history`,
//! `tune`, `report` and `publish`, works from what was recorded and needs no server.
//! `keep` steers one restore by what production feels.
//! `record` is the run folder itself, and `commands` puts the parts together.

pub mod analysis;
pub mod claims;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod dataset;
pub mod design;
pub mod document;
pub mod errors;
pub mod gate;
pub mod history;
pub mod keep;
pub mod lease;
pub mod load;
pub mod merge;
pub mod preflight;
pub mod printer;
pub mod process;
pub mod provider;
pub mod publish;
pub mod recommend;
pub mod record;
pub mod report;
pub mod scenario;
pub mod session;
pub mod stats;
pub mod study;
pub mod sweep;
pub mod tune;
pub mod verify;
pub mod workload;
