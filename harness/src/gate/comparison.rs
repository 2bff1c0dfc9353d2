//! Two arms compared, metric by metric.

use std::fmt;

use restore_core::units::Jobs;
use serde::Serialize;

use super::judge::{self, Finding, Judgement, Reason};
use super::policy::{GatedMetric, POWER, Policy};
use super::readings::{self, CurveReadings, Readings, Series};
use crate::analysis::{CellSummary, CurveKey};
use crate::record::{BlockHosts, TrialRow};
use crate::stats::difference::{Component, Difference};
use crate::stats::grouped;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "metric", rename_all = "snake_case")]
pub enum Metric {
    /// The mean of ln T over all numbers of jobs.
    Curve,
    /// Each arm at its own fastest number of jobs.
    Best {
        base_jobs: Jobs,
        candidate_jobs: Jobs,
    },
    Time {
        jobs: Jobs,
    },
    /// WAL written, the mean over all numbers of jobs.
    Wal,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Curve => f.pad("time over all -j"),
            Self::Best { base_jobs, candidate_jobs } if base_jobs == candidate_jobs => {
                f.pad(&format!("time at the best -j ({base_jobs})"))
            }
            Self::Best { base_jobs, candidate_jobs } => {
                f.pad(&format!("time at the best -j ({base_jobs}, {candidate_jobs})"))
            }
            Self::Time { jobs } => f.pad(&format!("time at -j {jobs}")),
            Self::Wal => f.pad("WAL written"),
        }
    }
}

/// The verdict on one metric of one curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricVerdict {
    /// Which curve, in words.
    pub curve: String,
    /// What was compared.
    #[serde(flatten)]
    pub metric: Metric,
    /// Whether it can fail the whole.
    pub gated: bool,
    pub finding: Finding,
    /// Why it is not a plain pass or regression.
    pub reason: Option<Reason>,
    /// Geometric mean of the base, in seconds or bytes.
    pub base: Option<f64>,
    /// Geometric mean of the candidate, in seconds or bytes.
    pub candidate: Option<f64>,
    /// Blocks that both have; for two runs, those of the smaller one.
    pub blocks: usize,
    /// Candidate over base.
    pub ratio: Option<f64>,
    /// The lower bound of the ratio, which holds with probability 1 - alpha.
    pub ratio_low: Option<f64>,
    /// The upper bound, likewise.
    pub ratio_high: Option<f64>,
    /// The p of "no slower than the margin", adjusted for what was tested
    /// together.
    pub p: Option<f64>,
    /// The slowdown that the gate would call a regression with probability
    /// 0.8, as a fraction.
    pub detectable_ratio: Option<f64>,
    /// How many further blocks would likely settle it.
    pub more_blocks_likely: Option<u32>,
}

/// How the two arms relate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "design", rename_all = "snake_case")]
pub enum Pairing {
    /// Both arms in the blocks of one run: drift cancels.
    Blocks,
    /// Two runs: what changed between them is in the difference.
    Runs {
        /// Standard deviation of a run's mean when nothing has changed, where
        /// a history has told.
        between_runs: Option<Between>,
    },
}

/// What two runs differ by when nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Between {
    /// Standard deviation of the logarithm of a run's level.
    pub spread_ratio: f64,
    /// The runs that it was seen in.
    pub runs: usize,
}

/// The comparison of two arms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    pub base: String,
    pub candidate: String,
    pub pairing: Pairing,
    /// What was let pass.
    pub policy: Policy,
    /// The verdict of the whole: that of the gravest gated metric.
    pub finding: Finding,
    pub metrics: Vec<MetricVerdict>,
    /// What else is to be known of it.
    pub notes: Vec<String>,
}

impl Comparison {
    /// Compares two variants of a run that one host recorded, pairing by block.
    /// `jobs` keeps some numbers of jobs alone.
    pub fn within(
        rows: &[TrialRow],
        base: &str,
        candidate: &str,
        jobs: Option<&[Jobs]>,
        policy: &Policy,
    ) -> Self {
        Self::over(rows, &BlockHosts::default(), (base, candidate), jobs, policy)
    }

    /// The same of a run whose blocks several hosts may have recorded: pairs are
    /// of blocks, and what is observed are the hosts' means.
    pub fn over(
        rows: &[TrialRow],
        hosts: &BlockHosts,
        (base, candidate): (&str, &str),
        jobs: Option<&[Jobs]>,
        policy: &Policy,
    ) -> Self {
        let [base_arm, candidate_arm] =
            [base, candidate].map(|variant| Readings::of(rows, hosts, variant, jobs));
        let names = (base.to_owned(), candidate.to_owned());
        Self::new(names, &base_arm, &candidate_arm, Pairing::Blocks, policy)
    }

    pub fn new(
        (base, candidate): (String, String),
        base_arm: &Readings,
        candidate_arm: &Readings,
        pairing: Pairing,
        policy: &Policy,
    ) -> Self {
        let mut draft = Draft {
            pairing: &pairing,
            hosts: [&base_arm.hosts, &candidate_arm.hosts],
            policy,
            tested: Vec::new(),
            notes: Vec::new(),
        };
        let mut failing = Vec::new();
        for (key, base_curve, candidate_curve) in draft.common_curves(base_arm, candidate_arm) {
            failing.extend(draft.curve(&key, base_curve, candidate_curve));
        }
        let Draft { tested, notes, .. } = draft;
        let metrics: Vec<MetricVerdict> =
            failing.into_iter().chain(verdicts(tested, policy)).collect();
        let finding = whole(&metrics);
        let policy = policy.clone();
        Self { base, candidate, pairing, policy, finding, metrics, notes }
    }

    /// The gated metrics, gravest first.
    pub fn gated(&self) -> Vec<&MetricVerdict> {
        let mut gated: Vec<_> = self.metrics.iter().filter(|metric| metric.gated).collect();
        gated.sort_by_key(|metric| std::cmp::Reverse(metric.finding));
        gated
    }
}

/// A regression anywhere is one; a pass is one everywhere.
fn whole(metrics: &[MetricVerdict]) -> Finding {
    let gated = metrics.iter().filter(|metric| metric.gated);
    gated.map(|metric| metric.finding).max().unwrap_or(Finding::Inconclusive)
}

/// A metric before it is judged.
struct Tested {
    curve: String,
    metric: Metric,
    gated: bool,
    values: Option<(f64, f64)>,
    blocks: usize,
    difference: Option<Difference>,
}

/// A comparison in the making.
struct Draft<'a> {
    pairing: &'a Pairing,
    /// The hosts of the blocks of the base and of the candidate.
    hosts: [&'a BlockHosts; 2],
    policy: &'a Policy,
    tested: Vec<Tested>,
    notes: Vec<String>,
}

impl Draft<'_> {
    /// The curves that both arms have. Arms with one curve each are compared
    /// whatever their formats: a variant may be another archive.
    fn common_curves<'r>(
        &mut self,
        base: &'r Readings,
        candidate: &'r Readings,
    ) -> Vec<(CurveKey, &'r CurveReadings, &'r CurveReadings)> {
        if base.curves.len() == 1 && candidate.curves.len() == 1 {
            let curves = base.curves.iter().zip(candidate.curves.iter());
            return curves
                .map(|((key, own), (other_key, other))| {
                    if key != other_key {
                        self.notes.push(format!("the base is {key}, the candidate {other_key}"));
                    }
                    (key.clone(), own, other)
                })
                .collect();
        }
        for (key, one, other) in
            base.curves.keys().map(|key| (key, "base", candidate.curves.contains_key(key))).chain(
                candidate
                    .curves
                    .keys()
                    .map(|key| (key, "candidate", base.curves.contains_key(key))),
            )
        {
            if !other {
                self.notes.push(format!("{key} is only in the {one}: not compared"));
            }
        }
        let common = |(key, own): (&CurveKey, &'r CurveReadings)| {
            Some((key.clone(), own, candidate.curves.get(key)?))
        };
        base.curves.iter().filter_map(common).collect()
    }

    /// Adds the metrics of a curve; what fails outright is returned.
    fn curve(
        &mut self,
        key: &CurveKey,
        base: &CurveReadings,
        candidate: &CurveReadings,
    ) -> Vec<MetricVerdict> {
        let mut failing = Vec::new();
        let mut jobs = Vec::new();
        for (&number, cell) in base {
            let Some(other) = candidate.get(&number) else {
                self.notes.push(format!("{key} -j {number} is only in the base: not compared"));
                continue;
            };
            match (cell.is_unreliable(), other.is_unreliable()) {
                (false, false) => jobs.push(number),
                (false, true) => failing.push(fails(key, number, other)),
                (true, _) => self.notes.push(format!(
                    "{key} -j {number}: most restores of the base did not complete: not compared"
                )),
            }
        }
        for number in candidate.keys().filter(|number| !base.contains_key(number)) {
            self.notes.push(format!("{key} -j {number} is only in the candidate: not compared"));
        }
        self.times(key, base, candidate, &jobs);
        let wal = [base, candidate].map(|arm| readings::mean_wal(arm, &jobs));
        if wal.iter().all(|series| !series.is_empty()) {
            self.add(key, Metric::Wal, self.policy.gates(GatedMetric::Wal), &wal);
        }
        failing
    }

    fn times(
        &mut self,
        key: &CurveKey,
        base: &CurveReadings,
        candidate: &CurveReadings,
        jobs: &[Jobs],
    ) {
        let arms = [base, candidate];
        let [of_curve, of_best, of_each] =
            [GatedMetric::Curve, GatedMetric::Best, GatedMetric::Each]
                .map(|metric| self.policy.gates(metric));
        if let [only] = *jobs {
            let gated = of_curve || of_best || of_each;
            self.add(
                key,
                Metric::Time { jobs: only },
                gated,
                &arms.map(|arm| readings::ln_seconds(arm, only)),
            );
            return;
        }
        let [base_jobs, candidate_jobs] = arms.map(|arm| readings::fastest(arm, jobs));
        let (Some(base_jobs), Some(candidate_jobs)) = (base_jobs, candidate_jobs) else { return };
        self.add(key, Metric::Curve, of_curve, &arms.map(|arm| readings::mean_over(arm, jobs)));
        let best = Metric::Best { base_jobs, candidate_jobs };
        self.add(
            key,
            best,
            of_best,
            &[
                readings::ln_seconds(base, base_jobs),
                readings::ln_seconds(candidate, candidate_jobs),
            ],
        );
        for &number in jobs {
            let series = arms.map(|arm| readings::ln_seconds(arm, number));
            self.add(key, Metric::Time { jobs: number }, of_each, &series);
        }
    }

    fn add(&mut self, key: &CurveKey, metric: Metric, gated: bool, series: &[Series; 2]) {
        let [base, candidate] = series;
        let (values, difference, blocks) = match self.pairing {
            Pairing::Blocks => paired(base, candidate, self.hosts[0]),
            Pairing::Runs { between_runs } => apart([base, candidate], self.hosts, *between_runs),
        };
        let curve = key.to_string();
        self.tested.push(Tested { curve, metric, gated, values, blocks, difference });
    }
}

type Compared = (Option<(f64, f64)>, Option<Difference>, usize);

/// Over the blocks that both have.
fn paired(base: &Series, candidate: &Series, hosts: &BlockHosts) -> Compared {
    let common: Vec<(u32, f64, f64)> = base
        .iter()
        .filter_map(|(&block, &value)| Some((hosts.of(block), value, *candidate.get(&block)?)))
        .collect();
    let differences = common.iter().map(|&(host, base, candidate)| (host, candidate - base));
    let difference = Difference::paired_in_groups(hosts.are_several(), differences);
    let units = |of: fn(&(u32, f64, f64)) -> (u32, f64)| {
        grouped::units(hosts.are_several(), common.iter().map(of))
    };
    let (base, candidate) =
        (units(|&(host, base, _)| (host, base)), units(|&(host, _, candidate)| (host, candidate)));
    (levels(&base, &candidate), difference, common.len())
}

/// Over all blocks of both, which have nothing in common.
fn apart(arms: [&Series; 2], hosts: [&BlockHosts; 2], between: Option<Between>) -> Compared {
    let units = |arm: usize| -> Vec<f64> {
        let hosts = hosts[arm];
        let values = arms[arm].iter().map(|(&block, &value)| (hosts.of(block), value));
        grouped::units(hosts.are_several(), values)
    };
    let (base, candidate) = (units(0), units(1));
    let blocks = arms[0].len().min(arms[1].len());
    let difference = Difference::apart(&candidate, &base).map(|difference| match between {
        // Each of the two runs differs from its like by this much.
        Some(between) => difference.widened(Component {
            variance: 2.0 * between.spread_ratio.powi(2),
            df: between.runs.saturating_sub(1).max(1) as f64,
        }),
        None => difference,
    });
    // Verdicts count blocks, of which a host may have several.
    let difference = difference.map(|difference| Difference { n: blocks, ..difference });
    (levels(&base, &candidate), difference, blocks)
}

fn levels(base: &[f64], candidate: &[f64]) -> Option<(f64, f64)> {
    use crate::stats::moments::mean;
    Some((mean(base)?.exp(), mean(candidate)?.exp()))
}

/// A cell that restores in the base and not in the candidate.
fn fails(key: &CurveKey, jobs: Jobs, cell: &CellSummary) -> MetricVerdict {
    MetricVerdict {
        curve: key.to_string(),
        metric: Metric::Time { jobs },
        gated: true,
        finding: Finding::Regression,
        reason: Some(Reason::CandidateFails {
            lost: cell.counts.lost(),
            trials: cell.counts.trials(),
        }),
        base: None,
        candidate: None,
        blocks: 0,
        ratio: None,
        ratio_low: None,
        ratio_high: None,
        p: None,
        detectable_ratio: None,
        more_blocks_likely: None,
    }
}

/// Judges what was tested, in three families: gated times, other times, WAL.
fn verdicts(tested: Vec<Tested>, policy: &Policy) -> Vec<MetricVerdict> {
    let family = |one: &Tested| match one.metric {
        Metric::Wal => 2,
        _ => u8::from(!one.gated),
    };
    let mut judged: Vec<Option<Judgement>> = vec![None; tested.len()];
    for number in 0..3 {
        let (places, differences): (Vec<usize>, Vec<Difference>) = tested
            .iter()
            .enumerate()
            .filter(|(_, one)| family(one) == number)
            .filter_map(|(place, one)| Some((place, one.difference?)))
            .unzip();
        for (place, judgement) in places.into_iter().zip(judge::together(&differences, policy)) {
            judged[place] = Some(judgement);
        }
    }
    tested.into_iter().zip(judged).map(|(one, judged)| verdict(one, judged, policy)).collect()
}

fn verdict(tested: Tested, judged: Option<Judgement>, policy: &Policy) -> MetricVerdict {
    let Tested { curve, metric, gated, values, blocks, difference } = tested;
    let judged = judged.unwrap_or(Judgement {
        finding: Finding::Inconclusive,
        reason: Some(Reason::TooFewBlocks { seen: blocks }),
        p: 1.0,
        more_blocks_likely: None,
    });
    let bounds = difference.map(|difference| difference.bounds(policy.alpha).exp());
    let detectable = difference.map(|d| policy.ln_margin() + d.detectable(policy.alpha, POWER));
    MetricVerdict {
        curve,
        metric,
        gated,
        finding: judged.finding,
        reason: judged.reason,
        base: values.map(|(base, _)| base),
        candidate: values.map(|(_, candidate)| candidate),
        blocks,
        ratio: difference.map(|difference| difference.mean.exp()),
        ratio_low: bounds.map(|bounds| bounds.low),
        ratio_high: bounds.map(|bounds| bounds.high),
        p: difference.map(|_| judged.p),
        detectable_ratio: detectable.map(f64::exp_m1),
        more_blocks_likely: judged.more_blocks_likely,
    }
}
