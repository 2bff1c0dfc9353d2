//! What a report says, as JSON shows it.
//!
//! Times are seconds, ratios and shares are fractions (0.05 is 5 %), `null` is
//! "not known". Fields may be added under one schema number; what is removed
//! or changes its meaning raises it.

use restore_core::units::Jobs;
use serde::{Deserialize, Serialize};

use super::bound::{BeyondReport, BoundReport};
use super::errors::ErrorReport;
use super::workload::{IdleAndBusyReport, WorkloadReport};
use crate::record::ending::Ending;
use crate::scenario::Phase;

/// The schema of the JSON form.
pub const SCHEMA: u32 = 1;

/// A report on one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The answer in one sentence.
    pub answer: String,
    /// How the numbers came about.
    pub measured: Measured,
    /// The curves.
    pub curves: Vec<CurveReport>,
    /// For each variant with several curves, which is the fastest.
    pub best: Vec<BestReport>,
    /// How a workload beside the restores did; absent where none ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workload: Vec<WorkloadReport>,
    /// The best number of jobs on an idle server and beside the workload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idle_and_busy: Vec<IdleAndBusyReport>,
    /// The errors of the trials, by kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorReport>,
    /// What was seen that is known to go wrong, and what to do about it.
    pub warnings: Vec<WarningReport>,
}

/// How the numbers came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Name of the scenario.
    pub scenario: Option<String>,
    /// What was measured: restores or dumps.
    #[serde(default)]
    pub phase: Phase,
    /// The server in words.
    pub server: Option<String>,
    /// The machine in words.
    pub host: Option<String>,
    /// The cache policy in words.
    pub cache: Option<String>,
    /// Processors that the server may use.
    pub server_cores: Option<u32>,
    /// All trials.
    pub trials: u32,
    /// Those that count.
    pub completed: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that were stopped at their time limit.
    pub timed_out: u32,
    /// Those that restored something else than what was dumped.
    pub invalid: u32,
    /// Blocks begun.
    pub blocks: u32,
    /// Executions of the sweep.
    pub sessions: u32,
    /// Seeds the order of trials and the draws.
    pub seed: u64,
    /// How much slower than the fastest is as good.
    pub tolerance_ratio: f64,
    /// The half-width of intervals that was asked for.
    pub precision_ratio: f64,
    /// The level of all intervals.
    pub interval_level: f64,
    /// The probability that a recommendation needs.
    pub needed_probability: f64,
    /// How often levels were drawn for a probability.
    pub draws: usize,
    /// From this many blocks on, the draws resample blocks.
    pub blocks_to_resample: usize,
    /// Why the sweep ended; `null` while it can be resumed.
    pub ending: Option<Ending>,
    /// Time in restores.
    pub restoring_seconds: f64,
    /// Time of the harness around them.
    pub overhead_seconds: f64,
}

/// A curve with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveReport {
    /// Which curve.
    #[serde(flatten)]
    pub curve: CurveName,
    /// Its name, as short as it can be among the curves of this report.
    pub title: String,
    /// Size of its archive.
    pub archive_bytes: Option<u64>,
    /// Blocks with completed trials.
    pub blocks: usize,
    /// The answer.
    pub verdict: VerdictReport,
    /// Its cells, by ascending jobs.
    pub cells: Vec<CellReport>,
    /// The rules of thumb.
    pub rules: Vec<RuleReport>,
    /// The scaling laws that were fitted.
    pub fits: Vec<FitReport>,
    /// What each number of jobs is bound by, where its load was recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<BoundReport>,
    /// Numbers of jobs that a limit rules out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond_limits: Vec<BeyondReport>,
    /// The replay of `pg_restore`'s schedule; absent where the run keeps too
    /// little for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayReport>,
}

impl CurveReport {
    /// Whether anything is known of what the rules of thumb cost.
    pub fn says_what_rules_cost(&self) -> bool {
        self.rules.iter().any(|rule| rule.regret_ratio.is_some())
    }
}

/// Which curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurveName {
    /// Name of the variant.
    pub variant: String,
    /// Name of the engine.
    pub engine: String,
    /// Format of the archive.
    pub format: String,
    /// Compression of the archive.
    pub compression: String,
}

/// A number with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval; `null` where there are too few trials.
    pub low: Option<f64>,
    /// Upper end; `null` too where the data leave it open.
    pub high: Option<f64>,
}

/// The answer for a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum VerdictReport {
    /// A number of jobs.
    Recommend {
        /// The number.
        jobs: Jobs,
        /// That it is within the tolerance of the fastest.
        probability: f64,
        /// What the probability rests on.
        basis: BasisReport,
        /// How much slower than the fastest it is.
        regret_ratio: Estimate,
        /// The numbers whose times cannot be told from its time.
        cannot_be_told_from: Vec<Jobs>,
    },
    /// Not known.
    Inconclusive {
        /// Why, in words.
        reasons: Vec<String>,
        /// The numbers that may be as good as the best.
        candidates: Vec<Jobs>,
        /// How many further blocks would likely settle it.
        more_blocks_likely: Option<u32>,
    },
}

/// What a probability rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisReport {
    /// A model: log-normal noise, one spread for the curve.
    NormalModel,
    /// Resampled blocks.
    BlockBootstrap,
}

/// A cell of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellReport {
    /// The number of jobs.
    pub jobs: Jobs,
    /// Completed trials.
    pub n: usize,
    /// Trials that count in no curve.
    pub lost: u32,
    /// Geometric mean of the times, with its t interval.
    pub time_seconds: Option<Estimate>,
    /// Median of the times with its order-statistic interval: from six
    /// completed trials.
    pub median_seconds: Option<Estimate>,
    /// Standard deviation of ln T.
    pub spread_ratio: Option<f64>,
    /// Time with one job over this time, paired by block.
    pub speedup: Option<Estimate>,
    /// This time over that of the fastest cell, paired by block.
    pub to_fastest: Option<Estimate>,
    /// That it is within the tolerance of the fastest.
    pub as_good_probability: Option<f64>,
    /// How much slower than the best it is.
    pub regret_ratio: Option<Estimate>,
    /// Trials that stand apart; they count.
    pub outlier_trials: Vec<u32>,
    /// What is to be marked.
    pub marks: Vec<Mark>,
}

/// What is to be marked on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is recommended.
    Recommended,
    /// It has the shortest time.
    Fastest,
    /// Its time cannot be told from that of the recommended one.
    CannotBeTold,
    /// It was ruled out: most of its trials did not complete.
    RuledOut,
    /// It was ruled out: it is beyond a limit.
    BeyondLimit,
    /// Some of its trials count in no curve.
    Lost,
    /// Some of its trials stand apart.
    Outliers,
}

/// A rule of thumb.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleReport {
    /// The advice that comes to this number.
    pub advice: Vec<String>,
    /// The number.
    pub jobs: Jobs,
    /// What the regret rests on.
    pub standing: StandingReport,
    /// How much slower than the best it is.
    pub regret_ratio: Option<Estimate>,
}

/// What the regret of a rule of thumb rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandingReport {
    /// Trials.
    Measured,
    /// The replay of the schedule.
    Replayed,
    /// The scaling law that fits the curve.
    Predicted,
    /// Nothing: it was not tried, and nothing that fits covers it.
    NotMeasured,
    /// Nothing: it was tried, and there is nothing to compare it with.
    Unknown,
}

/// A fitted scaling law: T(j) = c0 / j + c1 (1 - 1/j) + c2 (j - 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// `usl` or `amdahl`.
    pub law: String,
    /// c0.
    pub parallel_seconds: f64,
    /// c1.
    pub serial_seconds: f64,
    /// c2.
    pub crosstalk_seconds: f64,
    /// c1 / c0.
    pub alpha: f64,
    /// c2 / c0.
    pub beta: f64,
    /// The j of the shortest time; `null` where more never make it longer.
    pub peak_jobs: Option<f64>,
    /// For each measured j, (measured - fitted) / fitted.
    pub residuals: Vec<Residual>,
}

/// What a law leaves unexplained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Residual {
    /// The number of jobs.
    pub jobs: Jobs,
    /// (measured - fitted) / fitted.
    pub ratio: f64,
}

/// The replay of `pg_restore`'s own schedule with measured item timings: while
/// k items run together that want D of the c processors, each is slowed by
/// max(1, D / c) (1 + a (k' - 1) + b k (k - 1)), with k' of them carried by the
/// processors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// The number of jobs whose item timings it replays.
    pub recorded_jobs: Jobs,
    /// How many restores they were taken from.
    pub recordings: usize,
    /// c; `null` where it is not known, and then taken to be enough.
    #[serde(default)]
    pub processors: Option<f64>,
    /// a.
    pub slowdown_per_item: f64,
    /// b.
    pub slowdown_per_pair: f64,
    /// For each measured j, (measured - fitted) / fitted.
    pub residuals: Vec<Residual>,
    /// Whether its residuals let it be trusted for unmeasured j.
    pub trusted: bool,
    /// What it says of each j, ascending.
    pub predictions: Vec<PredictionReport>,
    /// What no j beats, contention left out.
    pub floor: FloorReport,
}

/// What the replay says of one number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionReport {
    /// The number.
    pub jobs: Jobs,
    /// Whether it was measured.
    pub measured: bool,
    /// The time, with the band in which 95 % of further restores should lie.
    pub time_seconds: Estimate,
    /// The time that workers wait for work, over all of them.
    pub idle_seconds: f64,
    /// How long the restore goes on once some worker has no more work.
    pub tail_seconds: f64,
    /// The item that keeps the workers up to their end.
    pub straggler: Option<String>,
}

/// What no number of jobs beats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloorReport {
    /// The critical path: chains of items, locks and barriers together.
    pub critical_path_seconds: f64,
    /// The part of it on which one connection works alone.
    pub serial_seconds: f64,
    /// All items one after the other.
    pub total_work_seconds: f64,
    /// The costliest items on the path, in the order in which they run.
    pub items: Vec<FloorItem>,
}

/// An item on the critical path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloorItem {
    /// Its kind and name.
    pub name: String,
    /// Its own time, without others beside it.
    pub seconds: f64,
}

/// The fastest curve of a variant against its others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BestReport {
    /// The variant.
    pub variant: String,
    /// The fastest.
    pub fastest: ContenderReport,
    /// The others, fastest first.
    pub others: Vec<ContenderReport>,
    /// Whether every other is slower beyond doubt (Holm, 5 %).
    pub told_apart: bool,
}

/// A curve at one number of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContenderReport {
    /// Which curve.
    #[serde(flatten)]
    pub curve: CurveName,
    /// Its short name.
    pub title: String,
    /// The recommended number of jobs, or else the fastest measured one.
    pub jobs: Jobs,
    /// Whether that number is recommended.
    pub recommended: bool,
    /// Geometric mean of its time there.
    pub time_seconds: f64,
    /// Its time over that of the fastest, paired by block; `null` for the
    /// fastest itself, and where they share too few blocks.
    pub to_fastest: Option<Estimate>,
    /// Whether it is slower than the fastest beyond doubt (Holm, 5 %).
    pub differs: Option<bool>,
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningReport {
    /// Its kind, for programs.
    pub kind: String,
    /// What was seen, and what to do.
    pub text: String,
}
