//! Whether two runs may be compared at all, and the comparison itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use restore_core::units::Jobs;
use serde::Serialize;

use super::comparison::{Between, Comparison, Pairing};
use super::policy::Policy;
use super::readings::Readings;
use crate::analysis::CurveKey;
use crate::record::{Host, Run, RunRecord, ServerRecord};
use crate::stats::moments;
use crate::stats::student::MeanInterval;

/// Fewer earlier runs do not tell what equal runs differ by.
pub const FEWEST_EARLIER_RUNS: usize = 3;

/// What two runs must have in common for their difference to mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The machine, and how its system is set.
    Host,
    /// PostgreSQL's major version, of server and programs, and the provider.
    Version,
    /// The server's settings and processors.
    Settings,
    /// The archives, byte for byte.
    Archive,
    /// The cache policy.
    Cache,
    /// The options of `pg_restore`.
    Options,
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Host => "host",
            Self::Version => "version",
            Self::Settings => "settings",
            Self::Archive => "archive",
            Self::Cache => "cache",
            Self::Options => "options",
        })
    }
}

/// A difference that stands in the way of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What is not alike.
    pub likeness: Likeness,
    /// What was seen on both sides.
    pub seen: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.likeness, self.seen)
    }
}

/// One arm of a comparison of two runs.
#[derive(Debug, Clone, Copy)]
pub struct Arm<'a> {
    pub run: &'a Run,
    pub variant: &'a str,
}

/// All that differs between two runs and should not.
pub fn obstacles(base: &Arm<'_>, candidate: &Arm<'_>) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let mut differ = |likeness, seen: Option<String>| {
        obstacles.extend(seen.map(|seen| Obstacle { likeness, seen }));
    };
    differ(Likeness::Host, hosts(&base.run.record, &candidate.run.record));
    let servers = [base, candidate].map(|arm| arm.run.record.servers.get(arm.variant));
    if let [Some(one), Some(other)] = servers {
        differ(Likeness::Host, one.conditions.differences(&other.conditions));
        differ(Likeness::Version, versions(one, other));
        differ(Likeness::Settings, settings(one, other));
    }
    differ(Likeness::Archive, archives(base, candidate));
    let [one, other] = [base, candidate].map(|arm| arm.run.record.scenario.sweep.cache);
    differ(
        Likeness::Cache,
        (one != other).then(|| format!("{one:?} and {other:?}").to_lowercase()),
    );
    differ(Likeness::Options, options(base, candidate));
    obstacles
}

/// Options by their words; two lists of the same name in different folders may be the same.
fn options(base: &Arm<'_>, candidate: &Arm<'_>) -> Option<String> {
    let words = |arm: &Arm<'_>| {
        let mut options = arm.run.record.scenario.options(arm.variant);
        options.resolve_files(|path| path.file_name().map_or_else(PathBuf::new, PathBuf::from));
        let words = options.arguments().join(" ");
        if words.is_empty() { "none".to_owned() } else { words }
    };
    let [one, other] = [base, candidate].map(words);
    (one != other).then(|| format!("{one}; {other}"))
}

fn hosts(base: &RunRecord, candidate: &RunRecord) -> Option<String> {
    let in_words = |host: &Host| {
        format!("{}, kernel {}, {} x {}", host.os, host.kernel, host.cores, host.cpu_model)
    };
    if !(base.hosts.is_empty() && candidate.hosts.is_empty()) {
        // Merged runs must be of the same hosts, whichever had which blocks.
        let [ours, theirs] = [base, candidate].map(|run| match &run.hosts[..] {
            [] => BTreeSet::from([in_words(&run.host)]),
            hosts => hosts.iter().map(|of| format!("{of}: {}", in_words(&of.host))).collect(),
        });
        let in_words = |hosts: BTreeSet<String>| hosts.into_iter().collect::<Vec<_>>().join(" + ");
        return (ours != theirs).then(|| format!("{}; {}", in_words(ours), in_words(theirs)));
    }
    let [one, other] = [base, candidate].map(|run| in_words(&run.host));
    if base.host == candidate.host {
        None
    } else if one == other {
        let memory = [base, candidate].map(|run| run.host.memory_bytes >> 20);
        Some(format!("{one}, but {} and {} MiB of memory", memory[0], memory[1]))
    } else {
        Some(format!("{one}; {other}"))
    }
}

fn versions(base: &ServerRecord, candidate: &ServerRecord) -> Option<String> {
    let in_words = |server: &ServerRecord| {
        format!(
            "PostgreSQL {}, programs {}, {}",
            server.major,
            major_of(&server.client_version),
            server.provider
        )
    };
    let [one, other] = [base, candidate].map(in_words);
    (one != other).then(|| format!("{one}; {other}"))
}

/// `17` of `17.5 (Debian 17.5-1)`.
fn major_of(version: &str) -> &str {
    version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or(version)
}

/// What two servers are set to, where that differs.
pub fn settings(base: &ServerRecord, candidate: &ServerRecord) -> Option<String> {
    let names: BTreeSet<&String> = base.settings.keys().chain(candidate.settings.keys()).collect();
    let shown = |server: &ServerRecord, name: &str| {
        server.settings.get(name).cloned().unwrap_or_else(|| "default".to_owned())
    };
    let mut differing: Vec<String> = names
        .into_iter()
        .filter(|name| base.settings.get(*name) != candidate.settings.get(*name))
        .map(|name| format!("{name} = {} and {}", shown(base, name), shown(candidate, name)))
        .collect();
    if base.cores != candidate.cores {
        let cores = |server: &ServerRecord| {
            server.cores.map_or_else(|| "unknown".to_owned(), |cores| cores.to_string())
        };
        differing.push(format!("processors: {} and {}", cores(base), cores(candidate)));
    }
    (!differing.is_empty()).then(|| differing.join("; "))
}

/// Archives of the same format and compression must be the same. What only
/// one run has is not compared, and so is no obstacle.
fn archives(base: &Arm<'_>, candidate: &Arm<'_>) -> Option<String> {
    let of = |arm: &Arm<'_>| {
        let variant = arm.variant.to_owned();
        let archives = arm.run.record.archives.iter();
        archives.filter(move |archive| archive.key.variant == variant).cloned().collect::<Vec<_>>()
    };
    let [ours, theirs] = [base, candidate].map(of);
    let alone = ours.len() == 1 && theirs.len() == 1;
    let differing: Vec<String> = ours
        .iter()
        .flat_map(|one| theirs.iter().map(move |other| (one, other)))
        .filter(|(one, other)| {
            let same_kind =
                (one.key.format, one.key.compression) == (other.key.format, other.key.compression);
            (same_kind || alone) && one.sha256 != other.sha256
        })
        .map(|(one, other)| {
            format!(
                "{} {} of {} and of {} have other contents",
                one.key.format, one.key.compression, one.bytes, other.bytes
            )
        })
        .collect();
    (!differing.is_empty()).then(|| differing.join("; "))
}

/// Compares two runs that were recorded apart. Whether they may be compared
/// is [`obstacles`]' to say; what was allowed is noted.
pub fn compare(
    base: &Arm<'_>,
    candidate: &Arm<'_>,
    jobs: Option<&[Jobs]>,
    between_runs: Option<Between>,
    policy: &Policy,
) -> Comparison {
    let readings = |arm: &Arm<'_>| readings_of(arm, jobs);
    let names = (base.run.name.clone(), candidate.run.name.clone());
    let pairing = Pairing::Runs { between_runs };
    let mut comparison =
        Comparison::new(names, &readings(base), &readings(candidate), pairing, policy);
    let allowed = obstacles(base, candidate);
    comparison
        .notes
        .extend(allowed.iter().map(|obstacle| format!("Not alike, as allowed: {obstacle}.")));
    comparison
}

fn readings_of(arm: &Arm<'_>, jobs: Option<&[Jobs]>) -> Readings {
    Readings::of(&arm.run.rows, &arm.run.record.block_hosts(), arm.variant, jobs)
}

/// What equal runs differ by beyond the noise within each: the standard
/// deviation of the levels of a cell over the runs, pooled over the cells.
/// `None` with fewer than [`FEWEST_EARLIER_RUNS`].
pub fn between(runs: &[Arm<'_>]) -> Option<Between> {
    if runs.len() < FEWEST_EARLIER_RUNS {
        return None;
    }
    let mut levels: BTreeMap<(CurveKey, Jobs), Vec<MeanInterval>> = BTreeMap::new();
    for arm in runs {
        for (key, curve) in readings_of(arm, None).curves {
            for (jobs, cell) in curve {
                levels.entry((key.clone(), jobs)).or_default().extend(cell.interval);
            }
        }
    }
    let beyond_noise: Vec<f64> = levels
        .values()
        .filter(|runs| runs.len() >= FEWEST_EARLIER_RUNS)
        .filter_map(|runs| {
            let means: Vec<f64> = runs.iter().map(|level| level.mean).collect();
            let seen = moments::standard_deviation(&means)?.powi(2);
            let noise: Vec<f64> =
                runs.iter().map(|level| level.sd.powi(2) / level.n as f64).collect();
            Some(seen - moments::mean(&noise)?)
        })
        .collect();
    let variance = moments::mean(&beyond_noise)?.max(0.0);
    Some(Between { spread_ratio: variance.sqrt(), runs: runs.len() })
}
