//! From a recorded run to what is published of it.

use restore_core::units::Jobs;

use super::{
    Article, BlockRatio, HistoryReport, MapCell, MapRow, PairCellReport, PairReport, Provenance,
    RuleSays, RunArticle, SCHEMA, Says, TimelineReport, evidence, latency, load,
};
use crate::analysis::pairs::{self, Pair, PairCell};
use crate::analysis::{Analysis, Items, RunFacts};
use crate::claims::Judged;
use crate::history::History;
use crate::record::{LoadSample, RunRecord, TrialRow};
use crate::report::bound;
use crate::report::build::{digits, estimate, of_ratio};
use crate::report::claims::ClaimsReport;
use crate::report::model::{CellReport, CurveReport, Report};
use crate::report::{phrases, replay};

/// A run as it is read from its folder.
pub struct RunParts<'a> {
    /// Its name in the article.
    pub name: String,
    /// `run.json`.
    pub run: &'a RunRecord,
    /// `trials.csv`.
    pub rows: &'a [TrialRow],
    /// The tables in `items/`.
    pub items: &'a Items,
    /// Reads what `load.csv` has of a trial; empty where there is nothing.
    pub samples: &'a dyn Fn(u32) -> Vec<LoadSample>,
    /// What the tables come to.
    pub analysis: &'a Analysis,
    /// What else is known of the run.
    pub facts: &'a RunFacts,
    /// What is recommended, and why.
    pub report: Report,
    /// The command that wrote the article, without its options.
    pub command: &'a str,
}

impl Article {
    /// Puts together what is published of `runs`, the claims that they decide,
    /// and their history.
    pub fn new(runs: Vec<RunArticle>, judged: &[Judged], history: &History) -> Self {
        let answer = match runs.as_slice() {
            [run] => run.report.answer.clone(),
            runs => {
                let sentence = |run: &RunArticle| format!("{}: {}", run.name, run.report.answer);
                runs.iter().map(sentence).collect::<Vec<_>>().join(" ")
            }
        };
        let jobtune_version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            schema: SCHEMA,
            jobtune_version,
            answer,
            runs,
            claims: ClaimsReport::new(judged),
            history: HistoryReport::of(history),
        }
    }
}

impl RunArticle {
    /// Puts together what is published of it.
    pub fn new(parts: RunParts<'_>) -> Self {
        let (analysis, facts, report) = (parts.analysis, parts.facts, parts.report);
        let evidence: Vec<_> = analysis
            .curves
            .iter()
            .map(|curve| evidence::of_curve(curve, parts.rows, facts))
            .collect();
        let pairs = pairs::pairs(&analysis.curves);
        Self {
            pairs: pairs.iter().map(|pair| pair_report(pair, &report)).collect(),
            map: map(&report),
            timelines: TimelineReport::of_run(&report, &evidence, parts.items, parts.samples),
            load: load::of_run(&analysis.curves, parts.rows, &facts.limits),
            latency: latency::of_run(analysis, parts.rows, &facts.limits),
            provenance: Provenance::of(parts.run, parts.command),
            name: parts.name,
            says: Says::of(&report),
            report,
            evidence,
        }
    }
}

impl Says {
    fn of(report: &Report) -> Self {
        let curves = || report.curves.iter();
        Self {
            verdicts: curves().map(|curve| phrases::verdict(curve, &report.measured)).collect(),
            rules: curves()
                .map(|curve| {
                    let in_words = |rule| {
                        let (advice, standing) = phrases::rule(rule, curve);
                        RuleSays { advice, jobs: rule.jobs, standing }
                    };
                    let tells = curve.says_what_rules_cost();
                    curve.rules.iter().filter(|_| tells).map(in_words).collect()
                })
                .collect(),
            bounds: curves().map(bound::lines).collect(),
            replays: curves()
                .map(|curve| curve.replay.as_ref().map(replay::sentences).unwrap_or_default())
                .collect(),
            between: report.best.iter().flat_map(phrases::best).collect(),
            measured: phrases::measured(&report.measured),
        }
    }
}

/// Every cell's mean time over that of the fastest cell of its variant.
fn map(report: &Report) -> Vec<MapRow> {
    if report.curves.len() < 2 {
        return Vec::new();
    }
    let fastest = |variant: &str| {
        let own = report.curves.iter().filter(|curve| curve.curve.variant == variant);
        own.flat_map(|curve| &curve.cells)
            .filter_map(|cell| cell.time_seconds.map(|time| time.value))
            .fold(f64::INFINITY, f64::min)
    };
    let row = |(index, curve): (usize, &CurveReport)| {
        let fastest = fastest(&curve.curve.variant);
        let cell = |cell: &CellReport| MapCell {
            jobs: cell.jobs,
            to_fastest_ratio: cell.time_seconds.map(|time| digits(time.value / fastest)),
        };
        let cells = curve.cells.iter().map(cell).collect();
        MapRow { curve: index, title: curve.title.clone(), cells }
    };
    report.curves.iter().enumerate().map(row).collect()
}

fn pair_report(pair: &Pair, report: &Report) -> PairReport {
    PairReport {
        base: pair.base,
        base_title: report.curves[pair.base].title.clone(),
        other: pair.other,
        other_title: report.curves[pair.other].title.clone(),
        cells: pair.cells.iter().map(pair_cell).collect(),
    }
}

fn pair_cell(cell: &PairCell) -> PairCellReport {
    let only = || cell.differences.first().map_or(1.0, |(_, difference)| difference.exp());
    PairCellReport {
        jobs: cell.jobs,
        ratio: cell.ratio.map_or_else(|| estimate(only(), None), |ratio| of_ratio(&ratio)),
        differs: cell.differs,
        n: cell.differences.len(),
        blocks: cell
            .differences
            .iter()
            .map(|&(block, difference)| BlockRatio { block, ratio: digits(difference.exp()) })
            .collect(),
    }
}

/// Numbers of jobs as a list for people and command lines.
pub(super) fn job_list(jobs: &[Jobs]) -> String {
    jobs.iter().map(Jobs::to_string).collect::<Vec<_>>().join(",")
}
