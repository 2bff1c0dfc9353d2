//! The claims, each with the comparison that decides it.

use std::collections::BTreeMap;

use restore_core::format::Format;
use restore_core::units::Jobs;

use super::claim::{Claim, Effect, Evidence, NOTICEABLE, Quantity, Ruling};
use super::compare::{
    apart, differences, effect, is_above, is_below, is_good_enough, ratio, speedups,
};
use super::regime::Regime;
use super::run::MeasuredRun;
use crate::analysis::{Curve, CurveKey};
use crate::record::{Outcome, TrialRow};
use crate::scenario::Phase;
use crate::stats::interval::{Interval, Level};
use crate::stats::{moments, student};

/// "Little" in "gains little": less than a quarter faster.
const LITTLE: f64 = 1.25;

/// A disk that has something to do in nine tenths of the time is saturated.
const SATURATED: f64 = 0.9;

pub(super) const ALL: &[Claim] = &[
    Claim {
        name: "half-the-cores",
        text: "Start at half the cores.",
        decided_by: "any restore: no other -j is noticeably faster than cores/2",
        judge: half_the_cores,
    },
    Claim {
        name: "four-to-eight",
        text: "4 to 8 jobs are typical.",
        decided_by: "any restore: a -j from 4 to 8 is as fast as every other one",
        judge: four_to_eight,
    },
    Claim {
        name: "not-always-faster",
        text: "More jobs are not always faster.",
        decided_by: "any restore: some step up in -j gains nothing noticeable",
        judge: not_always_faster,
    },
    Claim {
        name: "directory-is-fastest",
        text: "The directory format restores fastest.",
        decided_by: "custom against directory, each at its fastest -j (scenario formats)",
        judge: directory_is_fastest,
    },
    Claim {
        name: "directory-scales-best",
        text: "The directory format scales best.",
        decided_by: "the speed-ups of custom and directory (scenario formats)",
        judge: directory_scales_best,
    },
    Claim {
        name: "gains-need-many-tables",
        text: "Gains need many large tables.",
        decided_by: "the speed-up of many-large-tables over that of one-giant-table",
        judge: |runs| between(runs, "many-large-tables", "one-giant-table"),
    },
    Claim {
        name: "gains-need-many-indexes",
        text: "Gains need many indexes.",
        decided_by: "the speed-up of many-indexes over that of one-giant-table",
        judge: |runs| between(runs, "many-indexes", "one-giant-table"),
    },
    Claim {
        name: "small-databases-gain-little",
        text: "Small databases gain little.",
        decided_by: "small-database: the best -j is less than a quarter faster than 1",
        judge: |runs| gains_little(runs, &["small-database"]),
    },
    Claim {
        name: "few-tables-gain-little",
        text: "Few tables gain little.",
        decided_by: "few-tables and one-giant-table: less than a quarter faster than 1",
        judge: |runs| gains_little(runs, &["few-tables", "one-giant-table"]),
    },
    Claim {
        name: "high-j-saturates-disks",
        text: "Too high a -j saturates the disks.",
        decided_by: "any restore with load samples: the disk is busy at the largest -j",
        judge: saturates_disks,
    },
    Claim {
        name: "high-j-starves-production",
        text: "Too high a -j starves production.",
        decided_by: "production: p99 latency at the largest -j against -j 1",
        judge: starves_production,
    },
    Claim {
        name: "dependencies-stay-serial",
        text: "Roles, extensions and dependencies stay serial.",
        decided_by: "any restore: the part before the data takes as long with more jobs",
        judge: stays_serial,
    },
    Claim {
        name: "dumps-are-serial",
        text: "pg_dump cannot run in parallel.",
        decided_by: "dump: directories by one job against the fastest -j",
        judge: dumps_are_serial,
    },
    Claim {
        name: "pg-restore-is-fastest",
        text: "pg_restore is as fast as the archive and server allow.",
        decided_by: "pg_restore against the native engine, each at its fastest -j (scenario engines)",
        judge: pg_restore_is_fastest,
    },
];

/// Curves of PostgreSQL's own programs with a choice of jobs, of runs of one
/// phase: folklore is about these programs.
fn curves(runs: &[MeasuredRun], phase: Phase) -> impl Iterator<Item = (&MeasuredRun, &Curve)> {
    runs.iter()
        .filter(move |run| run.facts.phase == phase)
        .flat_map(|run| run.curves.iter().map(move |curve| (run, curve)))
        .filter(|(_, curve)| !curve.key.is_of_native())
        .filter(|(_, curve)| curve.measured().len() > 1)
}

fn evidence(run: &MeasuredRun, key: &CurveKey, judged: Option<(Ruling, Effect)>) -> Evidence {
    let (ruling, effect) = match judged {
        Some((ruling, effect)) => (ruling, Some(effect)),
        None => (Ruling::NotDecidable, None),
    };
    let place = format!("{} ({key})", run.name);
    Evidence { place, regime: Regime::of(run, key), ruling, effect }
}

fn half_the_cores(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let judged = curves(runs, Phase::Restore).filter_map(|(run, curve)| {
        let half = (run.facts.cores? / 2).max(1);
        let judged = is_good_enough(curve, |jobs| jobs.get() == half);
        Some(evidence(run, &curve.key, judged))
    });
    judged.collect()
}

fn four_to_eight(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let judged = curves(runs, Phase::Restore).map(|(run, curve)| {
        let judged = is_good_enough(curve, |jobs| (4..=8).contains(&jobs.get()));
        evidence(run, &curve.key, judged)
    });
    judged.collect()
}

fn not_always_faster(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let judged = curves(runs, Phase::Restore)
        .map(|(run, curve)| evidence(run, &curve.key, some_step_gains_nothing(curve)));
    judged.collect()
}

/// The step that gains least decides; all steps are judged together.
fn some_step_gains_nothing(curve: &Curve) -> Option<(Ruling, Effect)> {
    let measured = curve.measured();
    let level = Level::P95.split(measured.len().saturating_sub(1) as u32);
    let mut steps = Vec::new();
    for step in measured.windows(2) {
        let interval = step[1].ratio_to(step[0], level)?.interval;
        steps.push((interval, ratio(step[1], step[0])?));
    }
    let worst = |(_, a): &&(Interval, Effect), (_, b): &&(Interval, Effect)| {
        a.estimate.value.total_cmp(&b.estimate.value)
    };
    let effect = steps.iter().max_by(worst)?.1.clone();
    let ruling = if steps.iter().any(|(step, _)| step.low > -NOTICEABLE.ln_1p()) {
        Ruling::Holds
    } else if steps.len() > 1 && steps.iter().all(|(step, _)| step.high < 0.0) {
        // One step says nothing of those beyond it.
        Ruling::DoesNotHold
    } else {
        Ruling::NotDecidable
    };
    Some((ruling, effect))
}

/// Curves of a run that differ in the format alone: custom and directory.
fn pairs_of_formats(run: &MeasuredRun) -> Vec<(&Curve, &Curve)> {
    let of = |format| {
        let is_one = move |curve: &&Curve| curve.key.format == format && !curve.key.is_of_native();
        run.curves.iter().filter(is_one)
    };
    of(Format::Directory)
        .filter_map(|directory| {
            let same = |custom: &&Curve| {
                custom.key == CurveKey { format: Format::Custom, ..directory.key.clone() }
            };
            Some((of(Format::Custom).find(same)?, directory))
        })
        .collect()
}

fn of_formats(
    runs: &[MeasuredRun],
    values: impl Fn(&Curve, &Curve) -> Option<(String, Vec<f64>)>,
) -> Vec<Evidence> {
    let restores = runs.iter().filter(|run| run.facts.phase == Phase::Restore);
    let judged = restores.flat_map(|run| {
        let pairs = pairs_of_formats(run).into_iter();
        pairs
            .map(|(custom, directory)| {
                let judged = values(custom, directory)
                    .and_then(|(what, values)| effect(what, &values))
                    .map(|(interval, effect)| (is_above(interval), effect));
                evidence(run, &directory.key, judged)
            })
            .collect::<Vec<_>>()
    });
    judged.collect()
}

fn directory_is_fastest(runs: &[MeasuredRun]) -> Vec<Evidence> {
    of_formats(runs, |custom, directory| {
        let (custom, directory) = (custom.fastest()?, directory.fastest()?);
        let what =
            format!("time of custom -j {} over directory -j {}", custom.jobs, directory.jobs);
        Some((what, differences(custom, directory)))
    })
}

fn directory_scales_best(runs: &[MeasuredRun]) -> Vec<Evidence> {
    of_formats(runs, |custom, directory| {
        let serial = |curve: &Curve| curve.cell(Jobs::ONE).cloned();
        let fastest = |curve: &Curve| {
            let parallel = curve.measured().into_iter().filter(|cell| cell.jobs != Jobs::ONE);
            parallel.min_by(|a, b| a.mean.unwrap_or(0.0).total_cmp(&b.mean.unwrap_or(0.0))).cloned()
        };
        let cells = [serial(directory)?, fastest(directory)?, serial(custom)?, fastest(custom)?];
        let at = |cell: usize, block: &u32| {
            cells[cell].observations.get(block).map(|seen| seen.ln_seconds)
        };
        let of_block =
            |block: &u32| Some(at(0, block)? - at(1, block)? - (at(2, block)? - at(3, block)?));
        let values = cells[0].observations.keys().filter_map(of_block).collect();
        Some(("speed-up of directory over that of custom".to_owned(), values))
    })
}

/// The curves of a scenario's runs with a speed-up.
fn of_scenario<'a>(
    runs: &'a [MeasuredRun],
    name: &'a str,
) -> impl Iterator<Item = (&'a MeasuredRun, &'a Curve, Jobs, Vec<f64>)> {
    curves(runs, Phase::Restore)
        .filter(move |(run, _)| run.facts.scenario.as_deref() == Some(name))
        .filter_map(|(run, curve)| {
            let (best, values) = speedups(curve)?;
            Some((run, curve, best, values))
        })
}

/// The speed-up of one shape of data over that of another, on one host and
/// server.
fn between(runs: &[MeasuredRun], name: &str, other: &str) -> Vec<Evidence> {
    let mut all = Vec::new();
    for (run, curve, best, values) in of_scenario(runs, name) {
        for (against, _, other_best, other_values) in of_scenario(runs, other) {
            let alike = |run: &MeasuredRun| (run.facts.host.clone(), run.facts.server.clone());
            if alike(run) != alike(against) {
                continue;
            }
            let what = format!(
                "speed-up at -j {best} over that of {} at -j {other_best}",
                against.facts.scenario.as_deref().unwrap_or_default()
            );
            let judged = apart(what, &values, &other_values)
                .map(|(interval, effect)| (is_above(interval), effect));
            all.push(evidence(run, &curve.key, judged));
        }
    }
    all
}

fn gains_little(runs: &[MeasuredRun], names: &[&str]) -> Vec<Evidence> {
    let mut all = Vec::new();
    for name in names {
        for (run, curve, best, values) in of_scenario(runs, name) {
            let judged = effect(format!("speed-up of -j {best}"), &values)
                .map(|(interval, effect)| (is_below(interval, LITTLE.ln()), effect));
            all.push(evidence(run, &curve.key, judged));
        }
    }
    all
}

/// Readings of completed trials of a curve by jobs and block.
fn readings(
    run: &MeasuredRun,
    key: &CurveKey,
    of: impl Fn(&TrialRow) -> Option<f64>,
) -> BTreeMap<Jobs, BTreeMap<u32, f64>> {
    let mut all: BTreeMap<Jobs, BTreeMap<u32, f64>> = BTreeMap::new();
    for row in &run.rows {
        if row.outcome == Outcome::Completed
            && CurveKey::of(row) == *key
            && let Some(reading) = of(row)
        {
            all.entry(row.jobs).or_default().insert(row.block, reading);
        }
    }
    if run.facts.hosts.names.len() > 1 {
        return all.into_iter().map(|(jobs, of)| (jobs, by_host(run, &of))).collect();
    }
    all
}

/// The mean of each host's blocks, by host.
fn by_host(run: &MeasuredRun, readings: &BTreeMap<u32, f64>) -> BTreeMap<u32, f64> {
    let mut hosts: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (&block, &reading) in readings {
        hosts.entry(run.facts.hosts.of_block.of(block)).or_default().push(reading);
    }
    let mean = |(host, readings): (u32, Vec<f64>)| Some((host, moments::mean(&readings)?));
    hosts.into_iter().filter_map(mean).collect()
}

/// ln of the readings at the most jobs over those at the fewest, by block.
fn most_over_fewest(
    what: &str,
    readings: &BTreeMap<Jobs, BTreeMap<u32, f64>>,
) -> Option<(Interval, Effect)> {
    let ((fewest, low), (most, high)) = (readings.first_key_value()?, readings.last_key_value()?);
    if fewest == most {
        return None;
    }
    let values: Vec<f64> = high
        .iter()
        .filter_map(|(block, reading)| Some((reading / low.get(block)?).ln()))
        .filter(|value| value.is_finite())
        .collect();
    effect(format!("{what} at -j {most} over -j {fewest}"), &values)
}

fn starves_production(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let judged = curves(runs, Phase::Restore).filter_map(|(run, curve)| {
        let p99 = |row: &TrialRow| row.workload.workload_during_p99_us.map(|us| us as f64);
        let readings = readings(run, &curve.key, p99);
        if readings.is_empty() {
            return None;
        }
        let judged = most_over_fewest("p99 latency", &readings)
            .map(|(interval, effect)| (is_above(interval), effect));
        Some(evidence(run, &curve.key, judged))
    });
    judged.collect()
}

fn saturates_disks(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let judged = curves(runs, Phase::Restore).filter_map(|(run, curve)| {
        let readings = readings(run, &curve.key, |row| row.load.data_device_busy_mean_ratio);
        let (most, shares) = readings.last_key_value()?;
        let values: Vec<f64> = shares.values().copied().collect();
        let judged = student::mean_interval(&values, Level::P95).map(|mean| {
            let Interval { low, high } = mean.interval;
            // To be saturated is to be above; the rest is as with "below".
            let ruling = is_below(mean.interval, SATURATED).opposite();
            let what = format!("share of time the disk is busy at -j {most}");
            (ruling, Effect::new(what, Quantity::Share, (mean.mean, low, high), mean.n))
        });
        Some(evidence(run, &curve.key, judged))
    });
    judged.collect()
}

fn stays_serial(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let judged = curves(runs, Phase::Restore).filter_map(|(run, curve)| {
        let pre_data = |row: &TrialRow| row.pre_data_ns.map(|ns| ns as f64);
        let readings = readings(run, &curve.key, pre_data);
        let (interval, effect) = most_over_fewest("part before the data", &readings)?;
        let ruling = if interval.low > -NOTICEABLE.ln_1p() {
            Ruling::Holds
        } else if interval.high < 0.0 {
            Ruling::DoesNotHold
        } else {
            Ruling::NotDecidable
        };
        Some(evidence(run, &curve.key, Some((ruling, effect))))
    });
    judged.collect()
}

fn dumps_are_serial(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let judged = curves(runs, Phase::Dump).filter_map(|(run, curve)| {
        let (best, values) = speedups(curve)?;
        // A gain is what the claim denies.
        let judged = effect(format!("speed-up of pg_dump -j {best}"), &values)
            .map(|(interval, effect)| (is_above(interval).opposite(), effect));
        Some(evidence(run, &curve.key, judged))
    });
    judged.collect()
}

fn pg_restore_is_fastest(runs: &[MeasuredRun]) -> Vec<Evidence> {
    let mut all = Vec::new();
    for run in runs {
        for native in run.curves.iter().filter(|curve| curve.key.is_of_native()) {
            let same = |curve: &&Curve| {
                curve.key.is_of_pg_restore() && curve.key.has_archive_of(&native.key)
            };
            let Some(theirs) = run.curves.iter().find(same) else { continue };
            all.push(evidence(run, &theirs.key, as_fast(theirs, native)));
        }
    }
    all
}

/// Whether the native engine gains nothing over `pg_restore`, each at its fastest.
fn as_fast(theirs: &Curve, native: &Curve) -> Option<(Ruling, Effect)> {
    let (theirs, native) = (theirs.fastest()?, native.fastest()?);
    let what = format!("time of pg_restore -j {} over native -j {}", theirs.jobs, native.jobs);
    let (interval, effect) = effect(what, &differences(theirs, native))?;
    Some((is_above(interval).opposite(), effect))
}
