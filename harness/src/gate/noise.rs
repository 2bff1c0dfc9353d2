//! What a machine can and cannot detect: the same thing measured twice, in
//! the same blocks.

use std::fmt;

use restore_core::units::Jobs;
use serde::Serialize;

use super::comparison::Comparison;
use super::judge::Finding;
use super::policy::{MIN_BLOCKS, MOST_BLOCKS, POWER, Policy};
use super::readings::{self, CurveReadings, Readings};
use crate::analysis::{CurveKey, HostFacts};
use crate::record::trial::TrialRow;
use crate::scenario::Variant;
use crate::stats::difference::Difference;
use crate::stats::grouped::{self, Spread};
use crate::stats::interval::Level;
use crate::stats::moments;
use crate::stats::trend::Trend;

/// Name of the variant that is the scenario once more.
pub const AGAIN: &str = "again";

/// From this share of processor time on, a hypervisor's other guests are felt.
const STEAL: f64 = 0.01;

/// From this share of the host's processors on, something else is at work: the
/// kernel's own writing and jobtune itself take a part of it.
const OTHER_LOAD: f64 = 0.10;

/// A drift over the run from which it is told.
const DRIFT: f64 = 0.05;

/// What an A/A run shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Noise {
    /// Blocks of the run.
    pub blocks: usize,
    /// The slowdown that was asked about, as a fraction.
    pub effect_ratio: f64,
    /// What the gate says of the same thing against itself: anything but a
    /// pass is a false alarm or too much noise.
    pub finding: Finding,
    /// What was measured, and what could be seen there.
    pub metrics: Vec<MetricNoise>,
    /// How much the levels changed from the first block to the last.
    pub drift: Vec<Drift>,
    /// What makes the host suspicious.
    pub suspicions: Vec<Suspicion>,
}

/// The noise of one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricNoise {
    pub curve: String,
    /// One number of jobs; `None` for the mean over all of them.
    pub jobs: Option<Jobs>,
    /// Geometric mean of the times.
    pub time_seconds: f64,
    /// Standard deviation of equal restores within a block, as a fraction.
    pub spread_ratio: f64,
    /// Standard deviation of what hosts have of their own in the difference of
    /// equal restores, as a fraction: what further blocks of the same hosts do
    /// not lower. `None` for one host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between_hosts_ratio: Option<f64>,
    /// The slowdown that the gate would find in 8 of 10 cases with as many
    /// blocks, as a fraction.
    pub detectable_ratio: f64,
    /// The blocks with which it would find the slowdown that was asked about
    /// in 8 of 10 cases; `None` where more than 100 were needed.
    pub blocks_for_effect: Option<u32>,
}

/// How much the level of a curve changed over the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    pub curve: String,
    /// From the first block to the last, as a fraction.
    pub ratio: f64,
    /// 95 % interval.
    pub low: f64,
    pub high: f64,
}

/// What makes a host suspicious.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Suspicion {
    /// The hypervisor gave processor time to others.
    Steal {
        /// Share of the processors' time, the mean over the trials.
        share_ratio: f64,
    },
    /// Something beside the restore used the processors.
    OtherLoad {
        /// Share of the host's processors, the mean over the trials.
        share_ratio: f64,
    },
    /// The machine became slower or faster during the run.
    Drift {
        /// From the first block to the last.
        ratio: f64,
    },
    /// The processors' frequency is free to change.
    Frequency { seen: String },
    /// Other work waited for the processors when the run began.
    Busy {
        /// Processes that ran or waited, in the mean over a minute.
        load: f64,
    },
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steal { share_ratio } => write!(
                f,
                "the hypervisor gave {:.1} % of the processors' time to other guests: measure on \
                 a machine of your own, or use more blocks",
                share_ratio * 100.0
            ),
            Self::OtherLoad { share_ratio } => write!(
                f,
                "{:.0} % of the processors were used by something else: stop it while you measure",
                share_ratio * 100.0
            ),
            Self::Drift { ratio } => write!(
                f,
                "restores became {} by {:.0} % from the first block to the last: compare within \
                 blocks only, and never two runs of this host",
                if *ratio > 0.0 { "slower" } else { "faster" },
                ratio.abs() * 100.0
            ),
            Self::Frequency { seen } => write!(
                f,
                "the processors' frequency changes ({seen}): fix it with the governor \
                 \"performance\" while you measure"
            ),
            Self::Busy { load } => write!(
                f,
                "{load:.1} processes ran or waited before the first restore: something else is at \
                 work"
            ),
        }
    }
}

impl Noise {
    /// Of the rows of a run with the variants `base` and [`AGAIN`]. `effect`
    /// is the slowdown that one would like to see, as a fraction.
    /// `hosts` tells who ran which block.
    pub fn new(
        rows: &[TrialRow],
        hosts: &HostFacts,
        cores: Option<u32>,
        effect: f64,
        policy: &Policy,
    ) -> Self {
        let names = (Variant::BASE, AGAIN);
        let comparison = Comparison::over(rows, &hosts.of_block, names, None, policy);
        let arms = [Variant::BASE, AGAIN]
            .map(|variant| Readings::of(rows, &hosts.of_block, variant, None));
        let [base, again] = &arms;
        let mut noise = Self {
            blocks: 0,
            effect_ratio: effect,
            finding: comparison.finding,
            metrics: Vec::new(),
            drift: Vec::new(),
            suspicions: Vec::new(),
        };
        for (key, curve) in &base.curves {
            if let Some(other) = again.curves.get(key) {
                noise.add_curve(key, curve, other, hosts, policy);
            }
        }
        noise.suspicions = noise.of_load(rows, cores);
        noise
    }

    fn add_curve(
        &mut self,
        key: &CurveKey,
        base: &CurveReadings,
        again: &CurveReadings,
        hosts: &HostFacts,
        policy: &Policy,
    ) {
        let jobs: Vec<Jobs> =
            base.keys().filter(|jobs| again.contains_key(jobs)).copied().collect();
        let whole = (jobs.len() > 1).then_some(None);
        for metric in whole.into_iter().chain(jobs.iter().map(|&jobs| Some(jobs))) {
            let series = |curve: &CurveReadings| match metric {
                Some(jobs) => readings::ln_seconds(curve, jobs),
                None => readings::mean_over(curve, &jobs),
            };
            let (one, other) = (series(base), series(again));
            let pairs: Vec<(u32, f64, f64)> = one
                .iter()
                .filter_map(|(&block, &value)| {
                    Some((hosts.of_block.of(block), value, *other.get(&block)?))
                })
                .collect();
            self.blocks = self.blocks.max(pairs.len());
            let differences = || pairs.iter().map(|&(host, a, b)| (host, b - a));
            let means: Vec<(u32, f64)> =
                pairs.iter().map(|&(host, a, b)| (host, f64::midpoint(a, b))).collect();
            let level = moments::mean(&grouped::units(means.iter().copied()));
            let (Some(difference), Some(level)) =
                (Difference::paired_in_groups(differences()), level)
            else {
                continue;
            };
            if metric.is_none() || jobs.len() == 1 {
                self.drift.extend(drifts(key, &means, hosts));
            }
            let spread = Spread::of(differences());
            let between = spread.and_then(|spread| spread.between);
            self.metrics.push(MetricNoise {
                curve: key.to_string(),
                jobs: metric,
                time_seconds: level.exp(),
                // Each difference has the noise of two restores. Where every host
                // has one block, its own part cannot be told from the noise.
                spread_ratio: match (spread, between) {
                    (Some(spread), Some(_)) => spread.within / 2.0_f64.sqrt(),
                    _ => difference.error * (units(&means) / 2.0).sqrt(),
                },
                between_hosts_ratio: between,
                detectable_ratio: detectable(&difference, policy),
                blocks_for_effect: blocks_for(&difference, self.effect_ratio, policy),
            });
        }
    }

    fn of_load(&self, rows: &[TrialRow], cores: Option<u32>) -> Vec<Suspicion> {
        let drift = self.drift.iter().filter(|drift| {
            let beyond_doubt = drift.low > 0.0 || drift.high < 0.0;
            beyond_doubt && drift.ratio.abs() >= DRIFT
        });
        let drift = drift.map(|drift| Suspicion::Drift { ratio: drift.ratio });
        let steal = mean_of(rows, |row| row.load.host_steal_mean_ratio)
            .filter(|&share| share >= STEAL)
            .map(|share_ratio| Suspicion::Steal { share_ratio });
        let other = mean_of(rows, |row| other_load(row, cores?))
            .filter(|&share| share >= OTHER_LOAD)
            .map(|share_ratio| Suspicion::OtherLoad { share_ratio });
        steal.into_iter().chain(other).chain(drift).collect()
    }
}

fn mean_of(rows: &[TrialRow], reading: impl Fn(&TrialRow) -> Option<f64>) -> Option<f64> {
    moments::mean(&rows.iter().filter_map(reading).collect::<Vec<f64>>())
}

/// The share of the host's processors that neither the client nor the server
/// used, where all three were read.
fn other_load(row: &TrialRow, cores: u32) -> Option<f64> {
    let load = &row.load;
    let ours = load.client_cpu_ns? + load.server_cpu_ns?;
    let other = load.host_cpu_ns?.saturating_sub(ours) as f64;
    Some(other / (row.wall_ns.max(1) as f64 * f64::from(cores)))
}

/// How many observations there are: blocks, or hosts where there are several.
fn units(means: &[(u32, f64)]) -> f64 {
    grouped::units(means.iter().copied()).len() as f64
}

/// The drift of each host: blocks of two hosts do not follow each other.
fn drifts(key: &CurveKey, means: &[(u32, f64)], hosts: &HostFacts) -> Vec<Drift> {
    let mut of: Vec<u32> = means.iter().map(|(host, _)| *host).collect();
    of.sort_unstable();
    of.dedup();
    let is_alone = of.len() == 1;
    let drift = |host: u32| {
        let own: Vec<f64> =
            means.iter().filter(|(of, _)| *of == host).map(|(_, mean)| *mean).collect();
        let curve =
            if is_alone { key.to_string() } else { format!("{key} on {}", hosts.name(host)) };
        drift(curve, &own)
    };
    of.into_iter().filter_map(drift).collect()
}

fn drift(curve: String, means: &[f64]) -> Option<Drift> {
    let trend = Trend::new(means, Level::P95)?;
    Some(Drift {
        curve,
        ratio: trend.rise.exp_m1(),
        low: trend.interval.low.exp_m1(),
        high: trend.interval.high.exp_m1(),
    })
}

/// The slowdown that is called a regression with probability [`POWER`].
fn detectable(difference: &Difference, policy: &Policy) -> f64 {
    (policy.ln_margin() + difference.detectable(policy.alpha, POWER)).exp_m1()
}

/// The fewest blocks, and no fewer than a verdict needs, with which a
/// slowdown of `effect` is found with probability [`POWER`].
fn blocks_for(difference: &Difference, effect: f64, policy: &Policy) -> Option<u32> {
    (MIN_BLOCKS..=MOST_BLOCKS)
        .find(|&n| detectable(&difference.with_blocks(n), policy) <= effect)
        .and_then(|n| u32::try_from(n).ok())
}
