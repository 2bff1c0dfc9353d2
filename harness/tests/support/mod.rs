//! Synthetic runs: rows as a sweep would have recorded them, with known
//! times and seeded noise.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests use it")]

use std::collections::BTreeMap;

use harness::analysis::{ArchiveFacts, BlockPlan, HostFacts, RestoreLimits, RunFacts};
use harness::record::ending::Ending;
use harness::record::trial::{Outcome, TrialRow};
use harness::record::{LargestItem, LoadSummary, WorkloadSummary};
use harness::scenario::Phase;
use harness::scenario::quantity::WarmUp;
use harness::stats::random;
use rand_distr::{Distribution, StandardNormal};
use restore_core::format::Format;
use restore_core::units::{Bytes, Jobs};

/// The true times of a curve.
#[derive(Debug, Clone)]
pub(crate) struct TrueCurve {
    /// Format of the archive.
    pub(crate) format: Format,
    /// Jobs and seconds.
    pub(crate) times: Vec<(u32, f64)>,
}

/// A curve by the Universal Scalability Law.
pub(crate) fn usl(format: Format, jobs: &[u32], seconds: f64, alpha: f64, beta: f64) -> TrueCurve {
    let time = |jobs: u32| {
        let j = f64::from(jobs);
        seconds * (1.0 / j + alpha * (1.0 - 1.0 / j) + beta * (j - 1.0))
    };
    TrueCurve { format, times: jobs.iter().map(|&jobs| (jobs, time(jobs))).collect() }
}

/// Runs every cell of `curves` in each of `blocks` blocks. `noise` is the
/// standard deviation of ln T, and blocks drift by half of it.
pub(crate) fn run(curves: &[TrueCurve], blocks: u32, noise: f64, seed: u64) -> Vec<TrialRow> {
    let mut random = random::stream(seed, "synthetic run");
    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
    let mut rows = Vec::new();
    for block in 1..=blocks {
        let drift = 0.5 * noise * normal();
        let cells = curves.iter().flat_map(|curve| {
            curve.times.iter().map(move |&(jobs, seconds)| (curve.format, jobs, seconds))
        });
        for (position, (format, jobs, seconds)) in (1..).zip(cells) {
            let seconds = seconds * (drift + noise * normal()).exp();
            rows.push(row(rows.len() as u32 + 1, block, position, format, jobs, seconds));
        }
    }
    rows
}

/// A row of a restore that completed after so many seconds.
pub(crate) fn row(
    trial: u32,
    block: u32,
    position: u32,
    format: Format,
    jobs: u32,
    seconds: f64,
) -> TrialRow {
    TrialRow {
        trial,
        block,
        position,
        session: 1,
        variant: "base".to_owned(),
        engine: "pg_restore".to_owned(),
        format,
        compression: "gzip:6".parse().unwrap(),
        jobs: Jobs::new(jobs).unwrap(),
        outcome: Outcome::Completed,
        started_at: "2026-01-01T00:00:00.000Z".to_owned(),
        wall_ns: (seconds * 1e9) as u64,
        pre_data_ns: None,
        prepare_ns: 100_000_000,
        verify_ns: 50_000_000,
        cleanup_ns: 20_000_000,
        rows: Some(1_000),
        database_bytes: None,
        wal_bytes: None,
        errors: 0,
        exit_code: Some(0),
        archive_bytes: None,
        before_ns: None,
        after_ns: None,
        ready_ns: None,
        message: None,
        load: LoadSummary::default(),
        workload: WorkloadSummary::default(),
    }
}

/// The variants `base` and `candidate` in the same blocks; the candidate takes
/// `factor` times as long, which may depend on the number of jobs.
pub(crate) fn arms(
    curves: &[TrueCurve],
    factor: impl Fn(u32) -> f64,
    blocks: u32,
    noise: f64,
    seed: u64,
) -> Vec<TrialRow> {
    let mut random = random::stream(seed, "synthetic arms");
    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
    let mut rows: Vec<TrialRow> = Vec::new();
    for block in 1..=blocks {
        let drift = 0.5 * noise * normal();
        let mut position = 0;
        for curve in curves {
            for &(jobs, seconds) in &curve.times {
                for (variant, factor) in [("base", 1.0), ("candidate", factor(jobs))] {
                    position += 1;
                    let seconds = seconds * factor * (drift + noise * normal()).exp();
                    let trial = rows.len() as u32 + 1;
                    rows.push(TrialRow {
                        variant: variant.to_owned(),
                        ..row(trial, block, position, curve.format, jobs, seconds)
                    });
                }
            }
        }
    }
    rows
}

/// Turns a completed trial into one that failed.
pub(crate) fn fail(row: &mut TrialRow, message: &str) {
    row.outcome = Outcome::Failed;
    row.errors = 1;
    row.exit_code = Some(1);
    row.message = Some(message.to_owned());
}

/// What is known of a run on a small machine.
pub(crate) fn facts() -> RunFacts {
    RunFacts {
        scenario: Some("synthetic".to_owned()),
        phase: Phase::Restore,
        server: Some("PostgreSQL 17.5, local".to_owned()),
        host: Some("a test host".to_owned()),
        cache: Some("warm".to_owned()),
        cores: Some(4),
        max_connections: Some(100),
        tolerance: 0.05,
        idle_of: BTreeMap::new(),
        alike: BTreeMap::new(),
        precision: 0.03,
        seed: 42,
        blocks: BlockPlan { min: 3, max: 10 },
        ending: Some(Ending::MaxBlocks),
        archives: Vec::new(),
        limits: RestoreLimits::default(),
        warm_up: WarmUp::Whole,
        resources: BTreeMap::new(),
        hosts: HostFacts::default(),
    }
}

/// What is known of an archive of [`usl`] or any other curve of this format.
pub(crate) fn archive(format: Format) -> ArchiveFacts {
    ArchiveFacts {
        variant: None,
        format,
        compression: "gzip:6".parse().unwrap(),
        bytes: Some(Bytes(123 << 20)),
        has_offsets: Some(true),
        largest_item: Some(LargestItem { name: "TABLE DATA lineitem".to_owned(), share: 0.42 }),
    }
}
