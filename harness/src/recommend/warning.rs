//! What is known to go wrong, and was seen in this run.

use std::collections::BTreeSet;
use std::fmt;

use restore_core::units::{Bytes, Jobs};

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::bottleneck::WorkUnderWay;
use super::curve::CurveStudy;
use super::hosts::{self, Dissent, Dissents};
use super::verdict::Verdict;
use crate::analysis::cell::OutcomeCounts;
use crate::analysis::parallelism::WorkKind;
use crate::analysis::{CellSummary, Curve, CurveKey, Limit, Overview, RunFacts, SerialOnly};
use crate::record::LargestItem;
use crate::scenario::quantity::WarmUp;
use crate::stats::exact;
use crate::stats::interval::Level;

/// Connections that a server keeps from ordinary users unless told otherwise
/// (`superuser_reserved_connections`, PostgreSQL 17, section 19.3.1).
const RESERVED_CONNECTIONS: u32 = 3;
/// From this share on, one item is most of the work.
const GIANT_SHARE: f64 = 0.5;
/// Shares that differ by less are the same table in another compression.
const SAME_SHARE: f64 = 0.005;
/// Share of the time of items from which checks of foreign keys are worth a VACUUM before.
const KEYS_SHARE: f64 = 0.15;
/// Fewer blocks than this let the noise model speak more than the blocks.
const FEW_BLOCKS: usize = 5;
/// Fewer hosts than this make Student's t wide.
const FEW_HOSTS: usize = 5;
/// Noise within blocks from which a host is called noisy.
const NOISY: f64 = 0.10;

/// A warning with what was seen. `Display` says it and what to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// Trials that count in no curve.
    TrialsLost {
        counts: OutcomeCounts,
        /// The most frequent message, and how many trials gave it.
        message: Option<(String, u32)>,
    },
    /// Only one job restores an archive reliably.
    SerialOnly(SerialOnly),
    /// Hosts on which another number of jobs is better.
    HostsDisagree(Dissents),
    /// Fewer hosts than an answer for further ones should rest on.
    FewHosts { hosts: usize },
    /// Fewer blocks than the probabilities should rest on.
    FewBlocks {
        blocks: usize,
        /// What they could show at best without a model of the noise.
        model_free_limit: f64,
    },
    /// The times of equal restores differ much.
    Noisy {
        curve: CurveKey,
        /// Standard deviation within blocks, as a fraction.
        noise: f64,
    },
    Resumed {
        /// How many executions it had.
        sessions: u32,
    },
    /// More jobs than connections.
    AboveConnections { jobs: Vec<Jobs>, max_connections: u32 },
    /// The first trials met cold caches.
    ColdStart,
    /// More jobs than processors.
    AboveCores {
        jobs: Vec<Jobs>,
        /// Processors that the server may use.
        cores: u32,
    },
    /// So many builds of indexes at once may take more memory than the server has.
    AboveMemory {
        curve: CurveKey,
        jobs: Vec<Jobs>,
        /// `maintenance_work_mem`.
        each: Bytes,
        /// Of the server, beside its shared buffers.
        memory: Bytes,
    },
    /// Limits that could not be checked: nothing was read.
    LimitsUnread { limits: Vec<&'static str> },
    /// The items that were recorded are not what the sessions worked on.
    WorkUnaccounted {
        curve: CurveKey,
        jobs: Jobs,
        /// Mean number of items under way, and of active sessions.
        work: WorkUnderWay,
    },
    /// The archive does not say where its data is.
    NoOffsets { curve: CurveKey },
    /// One item is most of the work.
    GiantItem {
        /// All whose archive has it.
        curves: Vec<CurveKey>,
        item: String,
        share: f64,
    },
    /// Checks of foreign keys take much of the time, on tables that no VACUUM has seen.
    UnvacuumedKeys {
        curve: CurveKey,
        jobs: Jobs,
        /// Their share of the time of all items.
        share: f64,
    },
    /// The fastest number of jobs is the largest one measured.
    BestAtLargest {
        curve: CurveKey,
        largest: Jobs,
        /// How much faster it is than the next smaller, as a fraction.
        gain: f64,
    },
    /// The curve rises and falls again.
    NonMonotone {
        curve: CurveKey,
        /// The number of jobs that is slower than both its neighbours.
        peak: Jobs,
    },
}

impl Warning {
    /// Its name for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TrialsLost { .. } => "trials_lost",
            Self::SerialOnly(_) => "serial_only",
            Self::HostsDisagree(_) => "hosts_disagree",
            Self::FewHosts { .. } => "few_hosts",
            Self::FewBlocks { .. } => "few_blocks",
            Self::Noisy { .. } => "noisy",
            Self::Resumed { .. } => "resumed",
            Self::AboveConnections { .. } => "above_connections",
            Self::ColdStart => "cold_start",
            Self::AboveCores { .. } => "above_cores",
            Self::AboveMemory { .. } => "above_memory",
            Self::LimitsUnread { .. } => "limits_unread",
            Self::WorkUnaccounted { .. } => "work_unaccounted",
            Self::NoOffsets { .. } => "no_offsets",
            Self::GiantItem { .. } => "giant_item",
            Self::UnvacuumedKeys { .. } => "unvacuumed_keys",
            Self::BestAtLargest { .. } => "best_at_largest",
            Self::NonMonotone { .. } => "non_monotone",
        }
    }
}

impl fmt::Display for Warning {
    #[allow(clippy::too_many_lines, reason = "one arm for each warning")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrialsLost { counts, message } => {
                let OutcomeCounts { failed, timed_out, invalid, .. } = counts;
                write!(
                    f,
                    "{} of {} trials did not complete and are in no curve ({failed} failed, \
                     {timed_out} timed out, {invalid} invalid).",
                    counts.lost(),
                    counts.trials(),
                )?;
                if let Some((message, times)) = message {
                    write!(f, " Most frequent ({times}): {message}.")?;
                }
                f.write_str(" Their logs are in the run folder.")
            }
            Self::SerialOnly(of) => serial_only(of, f),
            Self::HostsDisagree(of) => hosts_disagree(of, f),
            Self::FewHosts { hosts } => write!(
                f,
                "{hosts} hosts: what is said of all of them has each host as one observation, so \
                 that intervals are wide. Sweep shards on {FEW_HOSTS} hosts or more before you \
                 rely on it for others, or ask for each: jobtune recommend --by host."
            ),
            Self::FewBlocks { blocks, model_free_limit } => write!(
                f,
                "{blocks} blocks: the probabilities rest on a model of the noise (log-normal, one \
                 spread for all -j) that so few blocks cannot check; without it they could show \
                 no probability above {model_free_limit:.2}. Sweep with --blocks {FEW_BLOCKS} or \
                 more before you rely on the answer."
            ),
            Self::Noisy { curve, noise } => write!(
                f,
                "Equal restores differ by {:.0} % ({curve}): the host is noisy. Stop other work \
                 on it, or sweep with more --blocks.",
                noise * 100.0
            ),
            Self::Resumed { sessions } => write!(
                f,
                "The sweep ran in {sessions} sessions: what changed on the host between them is \
                 in the comparison of blocks, though not of -j. Sweep again in one go if in \
                 doubt."
            ),
            Self::AboveConnections { jobs, max_connections } => write!(
                f,
                "-j {}: more workers than the server has connections for (max_connections = \
                 {max_connections}, {RESERVED_CONNECTIONS} of them reserved). Raise \
                 max_connections or leave these -j out.",
                list(jobs)
            ),
            Self::ColdStart => f.write_str(
                "There was no warm-up: the first trial of each variant and session found cold \
                 caches and may have taken longer. Warm up with a restore of a minute, or with a \
                 whole one, before you rely on the answer.",
            ),
            Self::AboveCores { jobs, cores } => write!(
                f,
                "-j {}: more workers than the server's {cores} processors, so that they wait for \
                 each other. It can still pay where they wait for the disk; it does not carry \
                 over to a host with more processors.",
                list(jobs)
            ),
            Self::AboveMemory { curve, jobs, each, memory } => write!(
                f,
                "{curve} at -j {}: as many builds of indexes may take {each} each \
                 (maintenance_work_mem), and the server has {memory} beside its shared buffers. \
                 Lower one or the other where indexes are large.",
                list(jobs)
            ),
            Self::LimitsUnread { limits } => write!(
                f,
                "These limits could not be checked, as nothing was recorded for them: {}. No -j is \
                 ruled out by them; load_notes in run.json says what is missing.",
                limits.join(", ")
            ),
            Self::WorkUnaccounted { curve, jobs, work } => write!(
                f,
                "{curve} at -j {jobs}: by their times {:.1} items were under way on average, but \
                 {:.1} sessions were active. What the sessions worked on is not all in the items, \
                 or items waited outside the server: treat its bottleneck with caution.",
                work.items, work.sessions
            ),
            Self::NoOffsets { curve } => write!(
                f,
                "The archive of {curve} does not say where its data is, because it was written \
                 to a pipe: each worker reads through it. Dump to a file (pg_dump --file) instead."
            ),
            Self::GiantItem { curves, item, share } => {
                let whose = match &curves[..] {
                    [only] => format!("of {only}"),
                    [one, other] => format!("of {one} and {other}"),
                    several => format!("of {} curves", several.len()),
                };
                write!(
                    f,
                    "{item} is {:.0} % of the data {whose}, and one worker restores it: loading \
                     cannot become more than {:.1} times as fast with any -j. Partition the table \
                     to gain from more jobs.",
                    share * 100.0,
                    1.0 / share
                )
            }
            Self::UnvacuumedKeys { curve, jobs, share } => write!(
                f,
                "Foreign keys are {:.0} % of the time of the items of {curve} at -j {jobs}, checked \
                 against tables that no VACUUM has seen. A VACUUM between data and post-data lets \
                 most of them be checked by indexes alone: try it beside this with [sweep] plans = \
                 [{{ between = [\"VACUUM\"] }}].",
                share * 100.0
            ),
            Self::BestAtLargest { curve, largest, gain } => write!(
                f,
                "{curve} is fastest at the largest -j measured ({largest}, {:.0} % faster than \
                 the next): the best may lie beyond. Add larger values to --jobs.",
                gain * 100.0
            ),
            Self::NonMonotone { curve, peak } => write!(
                f,
                "{curve} is slower at -j {peak} than at the values on both sides of it: do not \
                 interpolate, measure the -j that you mean to use."
            ),
        }
    }
}

fn hosts_disagree(of: &Dissents, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hosts: Vec<String> = of
        .hosts
        .iter()
        .map(|of| format!("{} (-j {}, {:.0} % faster there)", of.host, of.jobs, lead(of) * 100.0))
        .collect();
    write!(
        f,
        "Hosts disagree on {}: -j {} is the best over all of them, and another -j is better on {}. \
         Ask for each host: jobtune recommend --by host.",
        of.curve,
        of.jobs,
        hosts.join(", ")
    )
}

/// How much less time the fastest takes there, as a fraction.
fn lead(of: &Dissent) -> f64 {
    1.0 - 1.0 / (1.0 + of.loss)
}

/// Which numbers of jobs failed how often, and by what.
fn serial_only(of: &SerialOnly, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let attempts: Vec<String> = of
        .attempts
        .iter()
        .map(|(jobs, of_jobs)| format!("{} of {} at -j {jobs}", of_jobs.failed, of_jobs.trials))
        .collect();
    let (example, count) = &of.example;
    write!(
        f,
        "Only -j 1 restores {} reliably. Restores that failed: {}. Most frequent ({count}): \
         {example}. An item needs another one that the archive does not name among its \
         dependencies, so that with more jobs the outcome depends on the order. Restore with -j 1, \
         or restore the sections pre-data and data with -j 1 and post-data with more.",
        of.key,
        attempts.join(", ")
    )
}

fn list(jobs: &[Jobs]) -> String {
    jobs.iter().map(Jobs::to_string).collect::<Vec<_>>().join(", ")
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Warning", 2)?;
        fields.serialize_field("kind", self.kind())?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}

/// All that is to be warned about, the gravest first.
pub fn warnings(curves: &[CurveStudy], overview: &Overview, facts: &RunFacts) -> Vec<Warning> {
    let sessions = overview.sessions;
    let of_run = [
        lost(overview),
        few_hosts(curves),
        few_blocks(curves),
        noisy(curves),
        (sessions > 1).then_some(Warning::Resumed { sessions }),
        (facts.warm_up == WarmUp::Off).then_some(Warning::ColdStart),
        above_connections(curves, facts),
        above_cores(curves, facts),
        limits_unread(curves, facts),
    ];
    let of_archives = no_offsets(curves, facts).into_iter().chain(giant_items(curves, facts));
    let of_curves = curves.iter().flat_map(|curve| {
        let of_items = unvacuumed_keys(&curve.measured);
        [
            above_memory(curve, facts),
            of_items,
            best_at_largest(curve, facts),
            non_monotone(&curve.measured),
        ]
    });
    let of_work = curves.iter().filter_map(unaccounted);
    let of_archive = overview.serial_only.iter().cloned().map(Warning::SerialOnly);
    let of_hosts = curves.iter().filter_map(|curve| hosts::dissents(curve, facts));
    of_archive
        .chain(of_hosts.map(Warning::HostsDisagree))
        .chain(of_run.into_iter().flatten())
        .chain(of_archives)
        .chain(of_curves.flatten())
        .chain(of_work)
        .collect()
}

fn lost(overview: &Overview) -> Option<Warning> {
    (overview.counts.lost() > 0).then(|| Warning::TrialsLost {
        counts: overview.counts,
        message: overview.messages.first().cloned(),
    })
}

fn few_hosts(curves: &[CurveStudy]) -> Option<Warning> {
    let hosts = curves.iter().filter_map(|curve| curve.hosts).min()?;
    (hosts < FEW_HOSTS).then_some(Warning::FewHosts { hosts })
}

fn few_blocks(curves: &[CurveStudy]) -> Option<Warning> {
    let compared = curves.iter().filter(|curve| curve.was_compared());
    let blocks = compared.map(|curve| curve.blocks).min()?;
    (blocks < FEW_BLOCKS).then(|| Warning::FewBlocks {
        blocks,
        model_free_limit: exact::model_free_limit(blocks as u32),
    })
}

fn noisy(curves: &[CurveStudy]) -> Option<Warning> {
    curves
        .iter()
        .filter_map(|curve| Some((curve, curve.measured.noise()?)))
        .filter(|&(_, noise)| noise >= NOISY)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(curve, noise)| Warning::Noisy { curve: curve.key.clone(), noise })
}

/// The numbers of jobs, measured or tried, above `limit`.
fn jobs_above(curves: &[CurveStudy], limit: u32) -> Option<Vec<Jobs>> {
    let mut jobs: Vec<Jobs> = curves
        .iter()
        .flat_map(|curve| &curve.cells)
        .map(|cell| cell.jobs)
        .filter(|jobs| jobs.get() > limit)
        .collect();
    jobs.sort();
    jobs.dedup();
    (!jobs.is_empty()).then_some(jobs)
}

fn above_connections(curves: &[CurveStudy], facts: &RunFacts) -> Option<Warning> {
    let max_connections = facts.max_connections?;
    let jobs = jobs_above(curves, max_connections.saturating_sub(RESERVED_CONNECTIONS))?;
    Some(Warning::AboveConnections { jobs, max_connections })
}

fn above_cores(curves: &[CurveStudy], facts: &RunFacts) -> Option<Warning> {
    let cores = facts.cores?;
    Some(Warning::AboveCores { jobs: jobs_above(curves, cores)?, cores })
}

/// The native engine shares out the memory that there is for builds by itself.
fn above_memory(curve: &CurveStudy, facts: &RunFacts) -> Option<Warning> {
    let resources = facts.resources(&curve.key);
    let (each, memory) = (resources.maintenance_memory?, resources.memory?);
    if !curve.key.is_of_pg_restore() {
        return None;
    }
    let most = u32::try_from(memory.0.checked_div(each.0)?).unwrap_or(u32::MAX);
    let jobs = jobs_above(std::slice::from_ref(curve), most)?;
    Some(Warning::AboveMemory { curve: curve.key.clone(), jobs, each, memory })
}

/// The cell in which items and sessions are furthest apart, if they do not
/// agree.
fn unaccounted(curve: &CurveStudy) -> Option<Warning> {
    let apart = |work: WorkUnderWay| (work.items - work.sessions).abs();
    let (jobs, work) = curve
        .bottlenecks
        .iter()
        .filter_map(|bottleneck| Some((bottleneck.jobs, bottleneck.work?)))
        .filter(|(_, work)| !work.agrees())
        .max_by(|(_, a), (_, b)| apart(*a).total_cmp(&apart(*b)))?;
    Some(Warning::WorkUnaccounted { curve: curve.key.clone(), jobs, work })
}

fn limits_unread(curves: &[CurveStudy], facts: &RunFacts) -> Option<Warning> {
    let cells = curves.iter().flat_map(|curve| curve.measured.measured());
    let unread = cells.flat_map(|cell| facts.limits.unread(cell.jobs, &cell.load));
    let limits: BTreeSet<&str> = unread.map(Limit::key).collect();
    (!limits.is_empty()).then(|| Warning::LimitsUnread { limits: limits.into_iter().collect() })
}

/// The native engine's workers share one scan of an archive, and the rows of one table.
fn without_native(curves: &[CurveStudy]) -> impl Iterator<Item = &CurveKey> {
    curves.iter().map(|curve| &curve.key).filter(|key| !key.is_of_native())
}

fn no_offsets(curves: &[CurveStudy], facts: &RunFacts) -> Vec<Warning> {
    let lacks =
        |key: &&CurveKey| facts.archive(key).is_some_and(|of| of.has_offsets == Some(false));
    without_native(curves)
        .filter(lacks)
        .map(|key| Warning::NoOffsets { curve: key.clone() })
        .collect()
}

/// A warning for each giant, whatever the number of curves that it is in.
fn giant_items(curves: &[CurveStudy], facts: &RunFacts) -> Vec<Warning> {
    let mut giants: Vec<(&LargestItem, Vec<CurveKey>)> = Vec::new();
    for key in without_native(curves) {
        let item = facts.archive(key).and_then(|archive| archive.largest_item.as_ref());
        let Some(item) = item.filter(|item| item.share >= GIANT_SHARE) else { continue };
        let same = |(of, _): &&mut (&LargestItem, _)| {
            of.name == item.name && (of.share - item.share).abs() < SAME_SHARE
        };
        match giants.iter_mut().find(same) {
            Some((_, keys)) => keys.push(key.clone()),
            None => giants.push((item, vec![key.clone()])),
        }
    }
    let warning = |(item, curves): (&LargestItem, Vec<CurveKey>)| Warning::GiantItem {
        curves,
        item: item.name.clone(),
        share: item.share,
    };
    giants.into_iter().map(warning).collect()
}

/// Where a smaller number is recommended, more jobs are known to gain too
/// little, and what lies beyond the largest does not matter.
fn best_at_largest(curve: &CurveStudy, facts: &RunFacts) -> Option<Warning> {
    let measured = curve.measured.measured();
    let [.., before, largest] = measured[..] else { return None };
    // More jobs than a number that cannot be chosen cannot be chosen either.
    if largest.is_ruled_out() {
        return None;
    }
    // Where a smaller number is faster still, there is no trend to follow.
    if curve.measured.fastest()?.jobs != largest.jobs {
        return None;
    }
    let gain = before.seconds()? / largest.seconds()? - 1.0;
    let matters = match &curve.verdict {
        Verdict::Recommend { jobs, .. } => *jobs == largest.jobs,
        Verdict::Inconclusive { .. } => gain > facts.tolerance,
    };
    (matters && gain > 0.0).then(|| Warning::BestAtLargest {
        curve: curve.key.clone(),
        largest: largest.jobs,
        gain,
    })
}

/// Where checks of foreign keys are a large part of the fastest restores.
fn unvacuumed_keys(curve: &Curve) -> Option<Warning> {
    if !curve.key.is_of_pg_restore() {
        return None;
    }
    let cell = curve.fastest()?;
    let kinds = &cell.load.parallelism.as_ref()?.kinds;
    let all: f64 = kinds.values().sum();
    let share = kinds.get(&WorkKind::ForeignKey).filter(|_| all > 0.0)? / all;
    let warning = || Warning::UnvacuumedKeys { curve: curve.key.clone(), jobs: cell.jobs, share };
    (share >= KEYS_SHARE).then(warning)
}

/// A cell that is slower than both its neighbours, by intervals that exclude
/// equality.
fn non_monotone(curve: &Curve) -> Option<Warning> {
    let slower = |cell: &CellSummary, than: &CellSummary| {
        cell.ratio_to(than, Level::P95).is_some_and(|ratio| ratio.interval.low > 0.0)
    };
    curve
        .measured()
        .windows(3)
        .find(|cells| slower(cells[1], cells[0]) && slower(cells[1], cells[2]))
        .map(|cells| Warning::NonMonotone { curve: curve.key.clone(), peak: cells[1].jobs })
}
