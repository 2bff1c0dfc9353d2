//! Tuning against full grids that were measured: it is served the recorded
//! trials, and what it chooses is held against the grid's own means. The table
//! of docs/statistics.md is what this prints:
//!
//!     cargo test -p harness --test tune_replay -- --nocapture
//!
//! `JOBTUNE_GRIDS` names another folder of run folders than `results`.

#![allow(clippy::unwrap_used, reason = "a test stops where an assumption fails")]
#![allow(clippy::print_stdout, reason = "`--nocapture` shows the table")]

use std::fs;
use std::path::{Path, PathBuf};

use harness::analysis::{Analysis, Curve};
use harness::record::{Outcome, RunFolder, RunRecord, TrialRow};
use harness::stats::random;
use harness::tune::{Prior, Rule};
use rand::seq::SliceRandom;
use restore_core::units::Jobs;

/// How often each grid is tuned, each time with another order of its trials.
const REPLAYS: u64 = 60;

/// A grid has at least so many numbers of jobs.
const FEWEST_JOBS: usize = 4;

/// The run folders below `folder`, at any depth.
fn run_folders(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        if path.join("run.json").is_file() {
            found.push(path);
        } else {
            found.extend(run_folders(&path));
        }
    }
    found.sort();
    found
}

/// A curve that was measured in full.
struct Grid<'a> {
    curve: &'a Curve,
    rows: Vec<&'a TrialRow>,
    cores: Option<u32>,
}

/// What came of tuning a grid once.
struct Replayed {
    regret: f64,
    share: f64,
    restores: usize,
    decided: bool,
}

impl Grid<'_> {
    fn jobs(&self) -> Vec<Jobs> {
        self.curve.measured().iter().map(|cell| cell.jobs).collect()
    }

    /// Time of all completed restores of the grid.
    fn seconds(&self) -> f64 {
        self.rows.iter().map(|row| row.wall().as_secs_f64()).sum()
    }

    fn regret(&self, jobs: Jobs) -> f64 {
        let best = self.curve.fastest().unwrap().seconds().unwrap();
        self.curve.cell(jobs).unwrap().seconds().unwrap() / best - 1.0
    }

    /// Tunes, served with the recorded trials in an order of their own. The
    /// table of contents is not consulted: the archive is not in the folder.
    fn replay(&self, seed: u64) -> Replayed {
        let jobs = self.jobs();
        let prior = Prior::without_contents(&jobs, self.cores);
        let rule = Rule { jobs: jobs.clone(), prior, tolerance: 0.05, max_restores: 12, seed };
        let mut order = self.rows.clone();
        order.shuffle(&mut random::stream(seed, "replay"));
        let mut rows: Vec<TrialRow> = Vec::new();
        while rule.ending(&rows).is_none() {
            let step = rule.next(&rows).unwrap();
            let recorded: Vec<&&TrialRow> =
                order.iter().filter(|row| row.jobs == jobs[step.cell]).collect();
            let times = rows.iter().filter(|row| row.jobs == jobs[step.cell]).count();
            let mut row = (**recorded[times % recorded.len()]).clone();
            row.trial = rows.len() as u32 + 1;
            if let Some(limit) = step.limit.filter(|&limit| row.wall() > limit) {
                row.wall_ns = limit.as_nanos() as u64;
                row.outcome = Outcome::TimedOut;
            }
            rows.push(row);
        }
        let standing = rule.standing(&rows);
        let chosen = standing.chosen.or(standing.likeliest).unwrap();
        let spent: f64 = rows.iter().map(|row| row.wall().as_secs_f64()).sum();
        Replayed {
            regret: self.regret(chosen),
            share: spent / self.seconds(),
            restores: rows.len(),
            decided: standing.chosen.is_some(),
        }
    }
}

fn grids<'a>(run: &RunRecord, analysis: &'a Analysis, rows: &'a [TrialRow]) -> Vec<Grid<'a>> {
    analysis
        .curves
        .iter()
        .filter(|curve| curve.measured().len() >= FEWEST_JOBS && curve.blocks() >= 3)
        .map(|curve| Grid {
            curve,
            rows: rows
                .iter()
                .filter(|row| {
                    row.outcome == Outcome::Completed
                        && row.variant == curve.key.variant
                        && row.engine == curve.key.engine
                        && (row.format, row.compression)
                            == (curve.key.format, curve.key.compression)
                })
                .collect(),
            cores: run.servers.get(&curve.key.variant).and_then(|server| server.cores),
        })
        .collect()
}

#[test]
fn tuning_comes_close_to_the_grids_at_a_part_of_their_time() {
    let folder = std::env::var_os("JOBTUNE_GRIDS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../results"), PathBuf::from);
    println!(
        "\n| grid | -j | blocks | restores | of the grid's time | decided | within 5 % | regret, mean | worst |"
    );
    println!("|:---|---:|---:|---:|---:|---:|---:|---:|---:|");
    let (mut seen, mut far, mut share) = (0, 0.0, 0.0);
    for path in run_folders(&folder) {
        let opened = RunFolder::open(&path).unwrap();
        let (run, rows) = (opened.run().unwrap(), opened.trials().unwrap());
        if run.adaptive.is_some() {
            continue;
        }
        let analysis = Analysis::new(&rows);
        for grid in grids(&run, &analysis, &rows) {
            let replays: Vec<Replayed> = (0..REPLAYS).map(|seed| grid.replay(seed)).collect();
            let mean = |of: &dyn Fn(&Replayed) -> f64| {
                replays.iter().map(of).sum::<f64>() / replays.len() as f64
            };
            let is = |yes: bool| f64::from(u8::from(yes));
            let within = mean(&|replayed| is(replayed.regret <= 0.05));
            println!(
                "| {}, {} | {} | {} | {:.1} | {:.0} % | {:.0} % | {:.0} % | {:.1} % | {:.1} % |",
                run.scenario.name,
                grid.curve.key,
                grid.jobs().iter().map(Jobs::to_string).collect::<Vec<_>>().join(", "),
                grid.curve.blocks(),
                mean(&|replayed| replayed.restores as f64),
                mean(&|replayed| replayed.share) * 100.0,
                mean(&|replayed| is(replayed.decided)) * 100.0,
                within * 100.0,
                mean(&|replayed| replayed.regret) * 100.0,
                replays.iter().map(|replayed| replayed.regret).fold(0.0, f64::max) * 100.0,
            );
            seen += 1;
            far += 1.0 - within;
            share += mean(&|replayed| replayed.share);
        }
    }
    assert!(seen > 0, "no grid with {FEWEST_JOBS} numbers of jobs below {}", folder.display());
    let (far, share) = (far / f64::from(seen), share / f64::from(seen));
    println!("\n{seen} grids: {:.0} % of the time, {:.0} % beyond 5 %", share * 100.0, far * 100.0);
    assert!(far <= 0.10, "{far}");
    assert!(share <= 0.50, "{share}");
}
