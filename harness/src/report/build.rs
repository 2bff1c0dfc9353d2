//! From an analysis and its recommendation to what is shown.

use super::answer::Findings;
use super::model::{
    BasisReport, BestReport, CellReport, ContenderReport, CurveName, CurveReport, Estimate,
    FitReport, Mark, Measured, Report, Residual, RuleReport, SCHEMA, StandingReport, VerdictReport,
    WarningReport,
};
use super::{bound, replay, workload};
use crate::analysis::cell::CellSummary;
use crate::analysis::curve::{Curve, CurveKey};
use crate::analysis::fit::CurveFit;
use crate::analysis::{Analysis, RunFacts};
use crate::recommend::best::{BestCurve, Contender};
use crate::recommend::odds::{DRAWS, Regret};
use crate::recommend::rules::{Rule, Standing};
use crate::recommend::verdict::{CONFIDENCE, CurveVerdict, Verdict};
use crate::recommend::{Recommendation, Warning};
use crate::stats::bootstrap::{Basis, MIN_BLOCKS_TO_RESAMPLE};
use crate::stats::interval::{Interval, Level};
use crate::stats::paired::PairedLogRatio;
use crate::stats::usl::Law;

impl Report {
    /// Puts together what is shown of a run.
    pub fn new(analysis: &Analysis, recommendation: &Recommendation, facts: &RunFacts) -> Self {
        let curves: Vec<CurveReport> = analysis
            .curves
            .iter()
            .zip(&recommendation.curves)
            .zip(&recommendation.bounds)
            .map(|((curve, verdict), bounds)| CurveReport {
                bounds: bound::bounds(curve, bounds),
                ..curve_report(curve, verdict, facts)
            })
            .collect();
        let best: Vec<BestReport> = recommendation.best.iter().map(best_report).collect();
        let measured = measured(analysis, facts);
        let idle_and_busy = workload::idle_and_busy(&recommendation.idle_and_busy);
        let findings = Findings {
            curves: &curves,
            best: &best,
            idle_and_busy: &idle_and_busy,
            measured: &measured,
        };
        let answer = findings.answer();
        Self {
            schema: SCHEMA,
            answer,
            measured,
            curves,
            best,
            workload: workload::reports(analysis),
            idle_and_busy,
            errors: Vec::new(),
            warnings: recommendation.warnings.iter().map(warning_report).collect(),
        }
    }
}

fn measured(analysis: &Analysis, facts: &RunFacts) -> Measured {
    let overview = &analysis.overview;
    Measured {
        scenario: facts.scenario.clone(),
        phase: facts.phase,
        server: facts.server.clone(),
        host: facts.host.clone(),
        cache: facts.cache.clone(),
        server_cores: facts.cores,
        trials: overview.counts.trials(),
        completed: overview.counts.completed,
        failed: overview.counts.failed,
        timed_out: overview.counts.timed_out,
        invalid: overview.counts.invalid,
        blocks: overview.blocks,
        sessions: overview.sessions,
        seed: facts.seed,
        tolerance_ratio: facts.tolerance,
        precision_ratio: facts.precision,
        interval_level: Level::P95.get(),
        needed_probability: CONFIDENCE,
        draws: DRAWS,
        blocks_to_resample: MIN_BLOCKS_TO_RESAMPLE,
        ending: facts.ending,
        restoring_seconds: digits(overview.restoring.as_secs_f64()),
        overhead_seconds: digits(overview.overhead.as_secs_f64()),
    }
}

fn curve_report(curve: &Curve, verdict: &CurveVerdict, facts: &RunFacts) -> CurveReport {
    let cells = curve.cells.iter().map(|cell| cell_report(curve, cell, verdict)).collect();
    let archive = facts.archive(&curve.key);
    CurveReport {
        curve: name(&curve.key),
        title: curve.key.to_string(),
        archive_bytes: archive
            .and_then(|archive| archive.bytes)
            .or(curve.made)
            .map(|bytes| bytes.0),
        blocks: verdict.blocks,
        verdict: verdict_report(verdict),
        cells,
        rules: verdict.rules.iter().map(rule_report).collect(),
        fits: curve.fits.iter().map(fit_report).collect(),
        bounds: Vec::new(),
        beyond_limits: bound::beyond(curve),
        replay: curve.replay.as_ref().map(replay::build),
    }
}

fn name(key: &CurveKey) -> CurveName {
    CurveName {
        variant: key.variant.clone(),
        engine: key.engine.clone(),
        format: key.format.to_string(),
        compression: key.compression.to_string(),
    }
}

fn verdict_report(verdict: &CurveVerdict) -> VerdictReport {
    match &verdict.verdict {
        Verdict::Recommend { jobs, probability, regret, equivalent } => VerdictReport::Recommend {
            jobs: *jobs,
            probability: probability.get(),
            basis: match verdict.basis {
                Some(Basis::BlockBootstrap) => BasisReport::BlockBootstrap,
                Some(Basis::NormalModel) | None => BasisReport::NormalModel,
            },
            regret_ratio: of_regret(regret),
            cannot_be_told_from: equivalent.clone(),
        },
        Verdict::Inconclusive { reasons, candidates, more_blocks_likely } => {
            VerdictReport::Inconclusive {
                reasons: reasons.iter().map(ToString::to_string).collect(),
                candidates: candidates.clone(),
                more_blocks_likely: *more_blocks_likely,
            }
        }
    }
}

fn cell_report(curve: &Curve, cell: &CellSummary, verdict: &CurveVerdict) -> CellReport {
    let candidate = verdict.candidates.iter().find(|candidate| candidate.jobs == cell.jobs);
    let against = |reference: Option<&CellSummary>| {
        reference.filter(|_| cell.n() > 0).and_then(|reference| versus(cell, reference))
    };
    let serial = curve.cells.iter().find(|cell| cell.jobs.get() == 1);
    CellReport {
        jobs: cell.jobs,
        n: cell.n(),
        lost: cell.counts.lost(),
        time_seconds: cell
            .seconds()
            .map(|seconds| estimate(seconds, cell.interval.map(|of_mean| of_mean.interval.exp()))),
        median_seconds: cell
            .median
            .map(|median| estimate(median.median.exp(), Some(median.interval.exp()))),
        spread_ratio: cell.spread().map(digits),
        speedup: against(serial).map(Estimate::inverse),
        to_fastest: against(curve.fastest()),
        as_good_probability: candidate.map(|candidate| candidate.as_good.get()),
        regret_ratio: candidate.map(|candidate| of_regret(&candidate.regret)),
        outlier_trials: cell.outliers(),
        marks: marks(curve, cell, verdict),
    }
}

/// The ratio of a cell to another or to itself, which is 1 without doubt.
fn versus(cell: &CellSummary, reference: &CellSummary) -> Option<Estimate> {
    if cell.jobs == reference.jobs {
        return Some(Estimate { value: 1.0, low: None, high: None });
    }
    let paired = cell.ratio_to(reference, Level::P95).map(|ratio| of_ratio(&ratio));
    // One block gives a ratio, and nothing to judge it by.
    paired.or_else(|| Some(estimate(cell.seconds()? / reference.seconds()?, None)))
}

fn marks(curve: &Curve, cell: &CellSummary, verdict: &CurveVerdict) -> Vec<Mark> {
    let (recommended, equivalent) = match &verdict.verdict {
        Verdict::Recommend { jobs, equivalent, .. } => (Some(*jobs), equivalent.as_slice()),
        Verdict::Inconclusive { .. } => (None, [].as_slice()),
    };
    [
        (Mark::Recommended, recommended == Some(cell.jobs)),
        (Mark::Fastest, curve.fastest().is_some_and(|fastest| fastest.jobs == cell.jobs)),
        (Mark::CannotBeTold, equivalent.contains(&cell.jobs)),
        (Mark::RuledOut, cell.is_unreliable()),
        (Mark::BeyondLimit, !cell.breaches.is_empty()),
        (Mark::Lost, cell.counts.lost() > 0 && !cell.is_unreliable()),
        (Mark::Outliers, !cell.outliers().is_empty()),
    ]
    .into_iter()
    .filter_map(|(mark, applies)| applies.then_some(mark))
    .collect()
}

fn rule_report(rule: &Rule) -> RuleReport {
    let (standing, regret) = match &rule.standing {
        Standing::Measured(regret) => (StandingReport::Measured, Some(regret)),
        Standing::Replayed(regret) => (StandingReport::Replayed, Some(regret)),
        Standing::Predicted(regret) => (StandingReport::Predicted, Some(regret)),
        Standing::NotMeasured => (StandingReport::NotMeasured, None),
        Standing::Unknown => (StandingReport::Unknown, None),
    };
    RuleReport {
        advice: rule.advice.iter().map(ToString::to_string).collect(),
        jobs: rule.jobs,
        standing,
        regret_ratio: regret.map(of_regret),
    }
}

/// A law's name in JSON.
pub(super) fn law_name(law: Law) -> &'static str {
    match law {
        Law::Usl => "usl",
        Law::Amdahl => "amdahl",
    }
}

fn fit_report(fitted: &CurveFit) -> FitReport {
    let fit = &fitted.fit;
    FitReport {
        law: law_name(fit.law).to_owned(),
        parallel_seconds: digits(fit.parallel),
        serial_seconds: digits(fit.serial),
        crosstalk_seconds: digits(fit.crosstalk),
        alpha: digits(fit.alpha()),
        beta: digits(fit.beta()),
        peak_jobs: fit.peak().map(digits),
        residuals: fitted
            .residuals
            .iter()
            .map(|&(jobs, ratio)| Residual { jobs, ratio: digits(ratio) })
            .collect(),
    }
}

fn best_report(best: &BestCurve) -> BestReport {
    let contender = |of: &Contender, to_fastest, differs| ContenderReport {
        curve: name(&of.key),
        title: of.key.to_string(),
        jobs: of.jobs,
        recommended: of.recommended,
        time_seconds: digits(of.seconds),
        to_fastest,
        differs,
    };
    BestReport {
        variant: best.variant.clone(),
        fastest: contender(&best.fastest, None, None),
        others: best
            .others
            .iter()
            .map(|(other, comparison)| {
                contender(
                    other,
                    comparison.map(|comparison| of_ratio(&comparison.ratio)),
                    comparison.map(|comparison| comparison.differs),
                )
            })
            .collect(),
        told_apart: best.is_told_apart(),
    }
}

fn warning_report(warning: &Warning) -> WarningReport {
    WarningReport { kind: warning.kind().to_owned(), text: warning.to_string() }
}

pub(super) fn estimate(value: f64, interval: Option<Interval>) -> Estimate {
    Estimate {
        value: digits(value),
        low: interval.map(|interval| digits(interval.low)),
        high: interval.map(|interval| digits(interval.high)),
    }
}

/// Six significant digits: more than any measurement here has, and few enough
/// that the last bit of a logarithm changes no report.
pub(super) fn digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

pub(super) fn of_ratio(ratio: &PairedLogRatio) -> Estimate {
    estimate(ratio.ratio(), Some(ratio.ratio_interval()))
}

fn of_regret(regret: &Regret) -> Estimate {
    estimate(regret.estimate, Some(regret.interval))
}

impl Estimate {
    /// B / A from A / B.
    fn inverse(self) -> Self {
        let inverse = |value: f64| digits(value.recip());
        Self {
            value: inverse(self.value),
            low: self.high.map(inverse),
            high: self.low.map(inverse),
        }
    }
}
