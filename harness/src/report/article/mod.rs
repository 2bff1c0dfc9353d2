//! What `jobtune report` publishes of one or more runs, as numbers.
//!
//! The page, the article and the pictures show what is in here and compute
//! nothing; `report.json` is this.

mod build;
mod evidence;
mod history;
mod latency;
mod load;
mod provenance;
mod timeline;

use std::collections::BTreeMap;

use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::claims::ClaimsReport;
use super::model::{Estimate, Report};
use crate::record::trial::Outcome;

pub use build::RunParts;
pub use history::{HistoryCell, HistoryLevel, HistoryPoint, HistoryReport};
pub use latency::{LatencyCell, LatencyCurve, LatencyKind, LatencyReport, LatencyTrial};

/// The schema of the JSON form; see [`super::model`] for when it is raised.
pub const SCHEMA: u32 = 1;

/// What is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of the program that wrote it.
    pub jobtune_version: String,
    /// The answer: a sentence for each run.
    pub answer: String,
    /// The runs, in the order in which they were given.
    pub runs: Vec<RunArticle>,
    /// What the runs say of the claims.
    pub claims: ClaimsReport,
    /// Cells over time; `null` where too few runs share one.
    pub history: Option<HistoryReport>,
}

/// What is published of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunArticle {
    /// Its name, one of its kind in the article.
    pub name: String,
    /// What `jobtune recommend` says.
    pub report: Report,
    /// The report in sentences.
    pub says: Says,
    /// What each of the report's curves rests on, in their order.
    pub evidence: Vec<Evidence>,
    /// Archives of the same rows against each other.
    pub pairs: Vec<PairReport>,
    /// Every cell against the fastest; empty for a single curve.
    pub map: Vec<MapRow>,
    /// What the machine did, by number of jobs.
    pub load: Vec<LoadReport>,
    /// How a workload beside the restores did, by number of jobs; empty where
    /// none ran.
    pub latency: Vec<LatencyReport>,
    /// What the workers did in a few trials.
    pub timelines: Vec<TimelineReport>,
    /// How to judge and repeat it.
    pub provenance: Provenance,
}

/// A report in sentences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Says {
    /// The verdict on each curve.
    pub verdicts: Vec<String>,
    /// What each curve is bound by, where its load was recorded.
    pub bounds: Vec<Vec<String>>,
    /// What the replay of each curve rests on, and what sets its floor.
    pub replays: Vec<Vec<String>>,
    /// What following the rules of thumb costs, for each curve.
    pub rules: Vec<Vec<RuleSays>>,
    /// How the curves do against each other.
    pub between: Vec<String>,
    /// How the numbers came about.
    pub measured: Vec<String>,
}

/// A rule of thumb in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleSays {
    /// The advice.
    pub advice: String,
    /// What it comes to.
    pub jobs: Jobs,
    /// How it does.
    pub standing: String,
}

/// What a curve rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Every trial, in the order in which they were run.
    pub trials: Vec<TrialReport>,
    /// What the fitted laws say between the measured points.
    pub laws: Vec<LawLine>,
    /// The times that no number of jobs can beat, where item durations are
    /// known.
    pub floor: Vec<FloorPoint>,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialReport {
    /// Number in the designed order.
    pub trial: u32,
    /// Block.
    pub block: u32,
    /// Place within the block.
    pub position: u32,
    /// Execution of the sweep.
    pub session: u32,
    /// Number of jobs.
    pub jobs: Jobs,
    /// What came of it.
    pub outcome: Outcome,
    /// Wall time of the restore.
    pub seconds: f64,
    /// Whether it stands apart from the others of its cell; it counts.
    pub outlier: bool,
    /// WAL written.
    pub wal_bytes: Option<u64>,
    /// Why it did not complete.
    pub message: Option<String>,
}

/// A fitted law as a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LawLine {
    /// `usl` or `amdahl`.
    pub law: String,
    /// By ascending jobs.
    pub points: Vec<LawPoint>,
}

/// A point of a law's line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LawPoint {
    /// Number of jobs, also between whole ones.
    pub jobs: f64,
    /// Time.
    pub seconds: f64,
    /// Against the law's own time with one job.
    pub speedup: f64,
}

/// The floor at a number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FloorPoint {
    /// The number.
    pub jobs: Jobs,
    /// The time that cannot be beaten.
    pub seconds: f64,
    /// The speed-up over the measured time of one job that cannot be beaten.
    pub speedup: Option<f64>,
}

/// Two curves compared at the same numbers of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairReport {
    /// Index of the curve in the denominator.
    pub base: usize,
    /// Its title.
    pub base_title: String,
    /// Index of the curve in the numerator.
    pub other: usize,
    /// Its title.
    pub other_title: String,
    /// By ascending jobs.
    pub cells: Vec<PairCellReport>,
}

/// Two curves at one number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairCellReport {
    /// The number.
    pub jobs: Jobs,
    /// Time of the other over that of the base, paired by block.
    pub ratio: Estimate,
    /// Whether they differ beyond doubt (Holm over the numbers of jobs, 5 %);
    /// `null` under two common blocks.
    pub differs: Option<bool>,
    /// How many blocks have both.
    pub n: usize,
    /// The ratio in each of them.
    pub blocks: Vec<BlockRatio>,
}

/// A ratio of two times in one block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BlockRatio {
    /// The block.
    pub block: u32,
    /// The ratio.
    pub ratio: f64,
}

/// A curve's row in the map of all cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRow {
    /// Index of the curve.
    pub curve: usize,
    /// Its title.
    pub title: String,
    /// By ascending jobs.
    pub cells: Vec<MapCell>,
}

/// A cell in the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapCell {
    /// Number of jobs.
    pub jobs: Jobs,
    /// Its mean time over that of the fastest cell of the variant; `null`
    /// where no trial completed.
    pub to_fastest_ratio: Option<f64>,
}

/// What the workers did in one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineReport {
    /// Index of the curve.
    pub curve: usize,
    /// Its title.
    pub title: String,
    /// The trial: the one of its cell whose time is closest to the mean.
    pub trial: u32,
    /// Number of jobs.
    pub jobs: Jobs,
    /// Wall time of the restore.
    pub seconds: f64,
    /// How many items were restored.
    pub items: usize,
    /// Lanes by number: 0 is the leader, which works alone.
    pub lanes: Vec<LaneReport>,
    /// What they did, by start. Short items beside each other are one bar.
    pub bars: Vec<Bar>,
    /// How many items the end waited for, one after the other.
    pub chain_items: usize,
    /// How long they took together.
    pub chain_seconds: f64,
    /// The items that took longest.
    pub longest: Vec<LongItem>,
    /// What the machine did meanwhile; empty where nothing was read.
    pub load: Vec<LoadLine>,
}

/// What of the machine was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// Processor time in use, of all processors of the host.
    Processors,
    /// Time in which the device of the data directory had anything to do.
    Disk,
    /// Time in which some task waited for input or output.
    IoPressure,
    /// WAL written per second.
    Wal,
}

impl LoadKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Processors, Self::Disk, Self::IoPressure, Self::Wal];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processors => "processors in use",
            Self::Disk => "disk busy",
            Self::IoPressure => "waiting for input or output",
            Self::Wal => "WAL written",
        }
    }
}

/// A kind of load by number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// What was read: shares of the whole, from 0 to 1; of WAL, bytes per
    /// second.
    pub kind: LoadKind,
    /// Its name.
    pub title: String,
    /// What the scenario allows in the busiest twentieth of a trial.
    pub limit: Option<f64>,
    /// For each curve that has it.
    pub curves: Vec<LoadCurve>,
}

/// A kind of load over the jobs of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadCurve {
    /// Index of the curve.
    pub curve: usize,
    /// Its title.
    pub title: String,
    /// By ascending jobs.
    pub cells: Vec<LoadCell>,
}

/// A kind of load in a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadCell {
    /// Number of jobs.
    pub jobs: Jobs,
    /// The mean of its completed trials.
    pub mean: f64,
    /// Each of them: its mean over time.
    pub trials: Vec<f64>,
}

/// A kind of load over the time of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadLine {
    /// What was read.
    pub kind: LoadKind,
    /// By ascending time.
    pub points: Vec<LoadPoint>,
}

/// The load of a part of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LoadPoint {
    /// The middle of the part, since the engine was started.
    pub at_seconds: f64,
    /// The share of the whole.
    pub ratio: f64,
}

/// A lane of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneReport {
    /// Its number.
    pub lane: u32,
    /// Its name.
    pub name: String,
    /// Share of the restore's time in which it worked.
    pub busy_ratio: f64,
}

/// What an item is to a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Rows.
    Data,
    /// An index.
    Index,
    /// A constraint.
    Constraint,
    /// Anything else.
    Other,
}

impl Work {
    /// Every kind, in the order of legends.
    pub const ALL: [Self; 4] = [Self::Data, Self::Index, Self::Constraint, Self::Other];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "table data",
            Self::Index => "index",
            Self::Constraint => "constraint",
            Self::Other => "other",
        }
    }
}

/// One item, or several short ones beside each other, in a lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The lane.
    pub lane: u32,
    /// Start, since the engine was started.
    pub start_seconds: f64,
    /// End.
    pub end_seconds: f64,
    /// What was done; of several items, what took longest.
    pub work: Work,
    /// How many items it stands for.
    pub items: usize,
    /// Its kind, where it stands for one.
    pub kind: Option<String>,
    /// Its name, where it stands for one.
    pub name: Option<String>,
    /// Whether the end waited for it.
    pub critical: bool,
}

/// One of the items that took longest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LongItem {
    /// Kind, in the archive's words.
    pub kind: String,
    /// Schema and name.
    pub name: String,
    /// The lane.
    pub lane: u32,
    /// Start, since the engine was started.
    pub start_seconds: f64,
    /// How long it took.
    pub seconds: f64,
    /// Size of its data in the archive, as stored.
    pub bytes: Option<u64>,
    /// Whether the end waited for it.
    pub critical: bool,
}

/// Where a run comes from, and how to repeat it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Identifier of the run.
    pub run: String,
    /// When it was made: RFC 3339, UTC.
    pub created_at: String,
    /// Version of the program that measured.
    pub jobtune_version: String,
    /// What the scenario is for, in its author's words.
    pub about: Option<String>,
    /// What was restored, in words.
    pub dataset: String,
    /// Operating system.
    pub os: String,
    /// Version of its kernel.
    pub kernel: String,
    /// The processor's own name.
    pub cpu_model: String,
    /// Logical processors.
    pub cores: u32,
    /// Main memory.
    pub memory_bytes: u64,
    /// The server of each variant.
    pub servers: Vec<ServerReport>,
    /// The archives.
    pub archives: Vec<ArchiveReport>,
    /// The numbers of jobs that were tried.
    pub jobs: Vec<Jobs>,
    /// At least so many blocks.
    pub min_blocks: u32,
    /// At most so many.
    pub max_blocks: u32,
    /// Seeds the order of the trials.
    pub seed: u64,
    /// Commands that repeat the run and this report of it.
    pub commands: Vec<String>,
}

/// The server of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerReport {
    /// The variant.
    pub variant: String,
    /// Where it came from.
    pub provider: String,
    /// `server_version`.
    pub version: String,
    /// Version of the client programs.
    pub client_version: String,
    /// Processors that it may use.
    pub cores: Option<u32>,
    /// Its settings.
    pub settings: BTreeMap<String, String>,
    /// What could not be controlled there.
    pub notes: Vec<String>,
}

/// An archive that was restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchiveReport {
    /// The variant.
    pub variant: String,
    /// Format and compression.
    pub title: String,
    /// Size.
    pub bytes: u64,
    /// How many items it has.
    pub items: Option<u32>,
    /// The `pg_dump` that made it.
    pub dumped_by: Option<String>,
    /// SHA-256 of its contents.
    pub sha256: String,
}
