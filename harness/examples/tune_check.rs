//! What came of the runs of `scripts/tune-check`: what each tuning chose, held
//! against the grid of the same archive.
//!
//!     cargo run --example tune_check -- FOLDER
//!
//! Regret is the time of the chosen -j over that of the best -j, less one; both
//! times are the grid's, and its interval is of their ratio within blocks. A tuning
//! that decides nothing says to sweep instead, and recommends no -j: what it held for
//! the likeliest has its regret in the table, which counts for no bar. The share is of restore time: that of the tuning, with its warm-up counted as one
//! restore more, over that of the grid's trials without theirs.
//!
//! Exit status: 0 all bars are met, 1 one is missed, 3 there are too few runs.

#![expect(clippy::print_stdout, reason = "it prints what it found")]

mod bars;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bars::{Bar, judge};
use harness::analysis::{Curve, curves_of_rows};
use harness::record::{RunFolder, TrialRow};
use harness::report::tune::Spent;
use harness::scenario::quantity::WarmUp;
use harness::stats::interval::Level;
use harness::stats::paired::PairedLogRatio;
use harness::tune::Standing;
use restore_core::units::Jobs;
use serde::Deserialize;

/// The scenarios that the bars ask for.
const SCENARIOS: usize = 4;
/// The most regret in each tuning.
const REGRET: f64 = 0.05;
/// The most that a tuning may take of the grid's restore time.
const SHARE: f64 = 0.40;

fn main() -> anyhow::Result<ExitCode> {
    let folder = PathBuf::from(std::env::args().nth(1).context("name the folder of the runs")?);
    println!(
        "| scenario | grid, -j: time | tuning | answer | regret | restores | of the grid's time |"
    );
    println!("|:---|:---|---:|:---|---:|---:|---:|");
    let mut scenarios = 0;
    let mut tunings = Vec::new();
    for scenario in with_grid(&folder)? {
        let grid = Grid::read(&scenario)?;
        let its = Tuning::all(&grid, &scenario)?;
        for (number, tuning) in (1..).zip(&its) {
            tuning.print(&grid, number);
        }
        scenarios += usize::from(!its.is_empty());
        tunings.extend(its);
    }
    println!();
    let worst = |value: fn(&Tuning) -> f64| tunings.iter().map(value).fold(0.0, f64::max);
    let share = worst(|tuning| tuning.share);
    let regret = worst(|tuning| if tuning.is_decided() { tuning.regret } else { 0.0 });
    let decided = tunings.iter().filter(|tuning| tuning.is_decided()).count();
    let is_enough = scenarios >= SCENARIOS;
    let of = format!("{} tunings of {scenarios} scenarios", tunings.len());
    Ok(judge(&[
        Bar::new(
            format!("largest regret of {decided} decided of {of}: {:.1} %", regret * 100.0),
            regret <= REGRET,
            is_enough,
        ),
        Bar::new(
            format!("largest share of the grid's restore time: {:.0} %", share * 100.0),
            share <= SHARE,
            is_enough,
        ),
    ]))
}

/// The folders of scenarios that have a grid, by name.
fn with_grid(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut all: Vec<PathBuf> = entries.collect::<std::io::Result<_>>()?;
    all.retain(|path| path.join("grid").is_dir());
    all.sort();
    Ok(all)
}

/// A full sweep over the same -j.
struct Grid {
    name: String,
    curve: Curve,
    /// Restore time of its trials.
    restoring: Duration,
}

impl Grid {
    fn read(scenario: &Path) -> anyhow::Result<Self> {
        let rows = RunFolder::open(&scenario.join("grid"))?.trials()?;
        let mut curves = curves_of_rows(&rows);
        anyhow::ensure!(curves.len() == 1, "{} is not of one curve", scenario.display());
        Ok(Self {
            name: scenario.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            curve: curves.remove(0),
            restoring: restoring(&rows),
        })
    }

    /// ln of the time with `jobs` over that with the best, by block.
    fn differences(&self, jobs: Jobs) -> anyhow::Result<Vec<f64>> {
        let measured = self.curve.measured();
        let place = |jobs: Jobs| measured.iter().position(|cell| cell.jobs == jobs);
        let chosen = place(jobs).with_context(|| format!("the grid has no -j {jobs}"))?;
        let best = self.curve.fastest().and_then(|best| place(best.jobs));
        Ok(self.curve.table().differences(chosen, best.context("the grid has no times")?))
    }

    fn in_words(&self) -> String {
        let cells = self.curve.measured();
        let time = |mean: Option<f64>| mean.map_or(f64::NAN, f64::exp);
        let words: Vec<String> =
            cells.iter().map(|cell| format!("{}: {:.2}", cell.jobs, time(cell.mean))).collect();
        format!("{} s", words.join(", "))
    }
}

/// A tuning, held against its grid.
struct Tuning {
    answer: Answer,
    /// What it answers, or holds for the likeliest where it does not.
    jobs: Jobs,
    regret: f64,
    interval: String,
    share: f64,
}

/// What is read of an answer of `tune`.
#[derive(Deserialize)]
struct Answer {
    #[serde(flatten)]
    standing: Standing,
    #[serde(flatten)]
    spent: Spent,
}

impl Tuning {
    /// The tunings 1, 2 and so on, up to the first that is not there.
    fn all(grid: &Grid, scenario: &Path) -> anyhow::Result<Vec<Self>> {
        let runs = (1..).map(|number| scenario.join(format!("tune-{number}")));
        runs.map_while(|run| Self::read(grid, &run).transpose()).collect()
    }

    /// `None` where there is no such run.
    fn read(grid: &Grid, run: &Path) -> anyhow::Result<Option<Self>> {
        let answer = run.with_extension("json");
        if !answer.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&answer)?;
        let read: Answer = serde_json::from_str(&text)
            .with_context(|| format!("{} is no answer of tune", answer.display()))?;
        let jobs = read.standing.chosen.or(read.standing.likeliest);
        let jobs = jobs.with_context(|| format!("{} has no answer", answer.display()))?;
        let rows = RunFolder::open(run)?.trials()?;
        let spent = restoring(&rows) + warm_up(read.spent.warm_up, &rows);
        let differences = grid.differences(jobs)?;
        let regret = PairedLogRatio::from_differences(&differences, Level::P95)
            .context("the grid has one block")?;
        let percent = |ratio: f64| (ratio - 1.0) * 100.0;
        let interval = regret.ratio_interval();
        // The best has no other to be held against.
        let interval = if regret.sd > 0.0 {
            format!(" ({:+.1} to {:+.1})", percent(interval.low), percent(interval.high))
        } else {
            String::new()
        };
        Ok(Some(Self {
            jobs,
            regret: regret.ratio() - 1.0,
            interval,
            share: spent.as_secs_f64() / grid.restoring.as_secs_f64(),
            answer: read,
        }))
    }

    fn is_decided(&self) -> bool {
        self.answer.standing.chosen.is_some()
    }

    fn print(&self, grid: &Grid, number: u32) {
        let Self { answer: read, jobs, regret, interval, share } = self;
        let answer = match read.standing.chosen {
            Some(_) => format!("-j {jobs}"),
            None => format!("sweep instead, likeliest -j {jobs}"),
        };
        let (name, times) =
            if number == 1 { (grid.name.clone(), grid.in_words()) } else { Default::default() };
        println!(
            "| {name} | {times} | {number} | {answer} | {:.1} %{interval} | {} | {:.0} % |",
            regret * 100.0,
            read.spent.restores,
            share * 100.0,
        );
    }
}

fn restoring(rows: &[TrialRow]) -> Duration {
    rows.iter().map(TrialRow::wall).sum()
}

/// A run does not record how long its warm-up took: as long as the first restore
/// after it, if it may.
fn warm_up(kind: WarmUp, rows: &[TrialRow]) -> Duration {
    let first = rows.first().map_or(Duration::ZERO, TrialRow::wall);
    match kind {
        WarmUp::Whole => first,
        WarmUp::AtMost(span) => first.min(span.get()),
        WarmUp::Off => Duration::ZERO,
    }
}
