//! What came of the runs of `scripts/gate-check`: each run's verdict with its
//! measured difference, the difference over all runs, and whether the bars are
//! met.
//!
//!     cargo run --example gate_check -- FOLDER
//!
//! Exit status: 0 all bars are met, 1 one is missed, 3 there are too few runs.

#![expect(clippy::print_stdout, reason = "it prints what it found")]

mod bars;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use bars::{Bar, judge};
use harness::gate::{Comparison, Finding, Metric, MetricVerdict, Policy};
use harness::record::RunFolder;
use harness::stats::interval::Level;
use harness::stats::paired::PairedLogRatio;

/// Of so many A/A comparisons at most one may be a regression.
const ALARMS: usize = 20;
/// Of so many planted slowdowns all but one must be found.
const PLANTED: usize = 10;
/// They must be at least this large.
const SLOWDOWN: f64 = 1.15;

fn main() -> anyhow::Result<ExitCode> {
    let folder = PathBuf::from(std::env::args().nth(1).context("name the folder of the runs")?);
    let alike = Runs::read(&folder, "aa")?;
    let planted = Runs::read(&folder, "planted")?;
    alike.print("aa");
    planted.print("planted");
    println!();
    let alarms = alike.found();
    let missed = planted.runs.len() - planted.found();
    let bars = [
        Bar::new(
            format!("regressions among A/A comparisons: {alarms} of {}", alike.runs.len()),
            alarms <= alike.runs.len().max(ALARMS) / ALARMS,
            alike.runs.len() >= ALARMS,
        ),
        Bar::new(
            format!("planted slowdowns found: {} of {}", planted.found(), planted.runs.len()),
            missed <= planted.runs.len().max(PLANTED) / PLANTED,
            planted.runs.len() >= PLANTED,
        ),
        Bar::new(
            format!("planted slowdown, measured: {}", planted.in_words()),
            planted.over_runs().is_none_or(|over| over.ratio() >= SLOWDOWN),
            planted.runs.len() >= PLANTED,
        ),
    ];
    Ok(judge(&bars))
}

/// The runs of a kind.
struct Runs {
    runs: Vec<Compared>,
}

/// A run that was compared.
struct Compared {
    name: String,
    finding: Finding,
    /// The time over all -j, with an interval of 95 %.
    time: MetricVerdict,
}

impl Runs {
    /// The runs `KIND-1`, `KIND-2` and so on, up to the first that is not there.
    fn read(folder: &Path, kind: &str) -> anyhow::Result<Self> {
        let names = (1..).map(|number| format!("{kind}-{number}"));
        let there = names.map(|name| folder.join(name)).take_while(|path| path.is_dir());
        let runs = there.map(|path| Compared::of(&path)).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self { runs })
    }

    /// How many the gate calls a regression.
    fn found(&self) -> usize {
        self.runs.iter().filter(|run| run.finding == Finding::Regression).count()
    }

    /// The difference over all runs, each of which counts once.
    fn over_runs(&self) -> Option<PairedLogRatio> {
        let ratios: Option<Vec<f64>> =
            self.runs.iter().map(|run| run.time.ratio.map(f64::ln)).collect();
        PairedLogRatio::from_differences(&ratios?, Level::P95)
    }

    fn in_words(&self) -> String {
        match self.over_runs() {
            Some(over) => {
                let interval = over.ratio_interval();
                in_percent(over.ratio(), interval.low, interval.high)
            }
            None => "not known".to_owned(),
        }
    }

    fn print(&self, kind: &str) {
        for Compared { name, finding, time } in &self.runs {
            let ratios = time.ratio.zip(time.ratio_low).zip(time.ratio_high);
            let difference = ratios
                .map_or_else(String::new, |((ratio, low), high)| in_percent(ratio, low, high));
            println!("{name:<12} {:<12} {difference}", in_word(*finding));
        }
        if !self.runs.is_empty() {
            println!("{kind:<12} {:<12} {}\n", "over all", self.in_words());
        }
    }
}

impl Compared {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let rows = RunFolder::open(path)?.trials()?;
        let compare = |alpha| {
            let policy = Policy { alpha, ..Policy::default() };
            Comparison::within(&rows, "base", "candidate", None, &policy)
        };
        // Two bounds at 2.5 % each are an interval of 95 %.
        let time = compare(0.025).metrics.into_iter().find(|metric| metric.metric != Metric::Wal);
        Ok(Self {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            finding: compare(Policy::default().alpha).finding,
            time: time.with_context(|| format!("{} has no times to compare", path.display()))?,
        })
    }
}

fn in_word(finding: Finding) -> &'static str {
    match finding {
        Finding::Pass => "pass",
        Finding::Regression => "regression",
        Finding::Inconclusive => "inconclusive",
    }
}

/// `+18.3 % (95 % interval +15.0 to +21.7 %)`
fn in_percent(ratio: f64, low: f64, high: f64) -> String {
    let percent = |ratio: f64| format!("{:+.1}", (ratio - 1.0) * 100.0);
    format!("{} % (95 % interval {} to {} %)", percent(ratio), percent(low), percent(high))
}
