//! The sentences of a recommendation.

use super::format;
use crate::analysis::CurveKey;
pub(super) use crate::analysis::words::{counted, job_list};
use crate::recommend::odds::DRAWS;
use crate::recommend::rules::{Regret, RuleOfThumb};
use crate::recommend::{BestCurve, Contender, CurveStudy, Mark, Reason, Verdict};
use crate::scenario::Phase;
use crate::stats::bootstrap::{Basis, MIN_BLOCKS_TO_RESAMPLE};
use crate::stats::estimate::Estimate;
use crate::stats::interval::Level;
use crate::study::Measured;

/// The program before its `-j`, where it is not the usual one.
pub(super) fn program(key: &CurveKey, phase: Phase) -> &'static str {
    match phase {
        Phase::Restore if key.is_of_native() => "jobtune restore ",
        Phase::Restore => "",
        Phase::Dump => "pg_dump ",
    }
}

/// The title of a curve where its program is named already.
pub(super) fn title_without_program(curve: &CurveStudy, phase: Phase) -> String {
    if program(&curve.key, phase).is_empty() {
        return curve.title.clone();
    }
    curve.title.replacen(&format!("{} ", curve.key.engine), "", 1)
}

/// What is measured, in a word.
pub(crate) fn noun(phase: Phase) -> &'static str {
    match phase {
        Phase::Restore => "restore",
        Phase::Dump => "dump",
    }
}

pub(super) fn verdict(curve: &CurveStudy, measured: &Measured) -> String {
    match &curve.verdict {
        Verdict::Recommend { jobs, probability, basis, regret_ratio, cannot_be_told_from } => {
            let chosen = format!(
                "Use {}-j {jobs}: the smallest that is within {} of the fastest{} with a \
                 probability of {} ({}).",
                program(&curve.key, measured.facts.phase),
                format::round_percent(measured.facts.tolerance),
                if curve.beyond_limits.is_empty() { "" } else { " within the limits" },
                probability,
                basis_in_words(*basis, curve),
            );
            let regret = regret(regret_ratio, curve);
            let equals = (!cannot_be_told_from.is_empty()).then(|| {
                format!(
                    "These blocks cannot tell its time from that of -j {}.",
                    job_list(cannot_be_told_from)
                )
            });
            sentences([Some(chosen), regret, equals])
        }
        Verdict::Inconclusive { reasons, candidates, more_blocks_likely } => sentences([
            Some(format!("Inconclusive: {}.", joined(reasons))),
            (candidates.len() > 1).then(|| format!("In question: -j {}.", job_list(candidates))),
            more_blocks_likely.map(|more| {
                let further = if curve.hosts.is_some() { " on further hosts" } else { "" };
                format!("{}{further} would likely settle it.", counted(more, "more block"))
            }),
        ]),
    }
}

fn sentences<const N: usize>(sentences: [Option<String>; N]) -> String {
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

pub(super) fn joined(reasons: &[Reason]) -> String {
    reasons.iter().map(Reason::to_string).collect::<Vec<_>>().join("; ")
}

/// How much the recommended number of jobs may lose.
fn regret(regret: &Estimate, curve: &CurveStudy) -> Option<String> {
    let interval = format::percent_interval(regret)?;
    Some(if regret.value > 0.0 {
        format!(
            "It was {} slower than the fastest, 95 % interval {interval}.",
            format::percent(regret.value)
        )
    } else {
        let most = format::percent(regret.high?);
        let among = if curve.beyond_limits.is_empty() { "" } else { " of these" };
        format!("It was the fastest{among}; at most {most} may be lost with it (95 %).")
    })
}

fn basis_in_words(basis: Basis, curve: &CurveStudy) -> String {
    let units = match curve.hosts {
        Some(hosts) => format!("{hosts} hosts"),
        None => format!("{} blocks", curve.blocks),
    };
    match basis {
        Basis::BlockBootstrap => format!("{units}, resampled"),
        Basis::NormalModel => {
            format!("{units}, if the noise is log-normal with one spread for all -j")
        }
    }
}

/// The rules of thumb that come to the same -j.
pub(super) fn advice(rule: &RuleOfThumb) -> String {
    rule.advice.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// How much slower than the fastest a rule's -j is.
pub(super) fn against_fastest(rule: &RuleOfThumb, curve: &CurveStudy) -> String {
    if curve.beyond_limits.iter().any(|beyond| beyond.jobs == rule.jobs) {
        return "beyond a limit".to_owned();
    }
    let in_words = |regret: &Estimate| {
        let interval = format::percent_interval(regret).unwrap_or_default();
        format!("{} slower ({interval})", format::percent(regret.value))
    };
    match &rule.regret {
        Regret::Measured(regret) => in_words(regret),
        Regret::Replayed(regret) => format!("{}, predicted by replay", in_words(regret)),
        Regret::Predicted(regret) => format!("{}, predicted by the USL fit", in_words(regret)),
        Regret::NotMeasured => "not measured".to_owned(),
        Regret::Unknown => "not compared".to_owned(),
    }
}

/// Which curve of a variant is the fastest.
pub(super) fn best(best: &BestCurve) -> Vec<String> {
    best.others.iter().map(|other| versus(&best.fastest, other)).collect()
}

fn versus(fastest: &Contender, other: &Contender) -> String {
    let at = |of: &Contender| format!("{} at -j {}", of.title, of.jobs);
    let Some(ratio) = &other.to_fastest else {
        return format!("{} shares too few blocks with {}.", at(other), at(fastest));
    };
    let interval = format::ratio_interval(ratio).unwrap_or_default();
    let times = format::ratio(ratio.value);
    if other.differs == Some(true) {
        format!("{} takes {times} times as long as {} ({interval}).", at(other), at(fastest))
    } else {
        format!(
            "{} cannot be told from {}: {times} times as long ({interval}).",
            at(other),
            at(fastest)
        )
    }
}

/// How the numbers came about.
pub(super) fn measured(measured: &Measured) -> Vec<String> {
    let Measured { facts, overview } = measured;
    let named = [&facts.scenario, &facts.server, &facts.host];
    let mut place: Vec<String> = named.into_iter().flatten().cloned().collect();
    place.extend(facts.cores.map(|cores| format!("{cores} cores")));
    place.extend(facts.cache.as_ref().map(|cache| format!("{cache} cache")));
    let ending = facts.ending.map_or_else(
        || "The sweep has not ended: more blocks can be run.".to_owned(),
        |ending| format!("The sweep ended because {ending}."),
    );
    let restoring = overview.restoring.as_secs_f64();
    let overhead = if restoring > 0.0 {
        format!(
            " {} took {}; the harness added {}.",
            match facts.phase {
                Phase::Restore => "Restoring",
                Phase::Dump => "Dumping",
            },
            format::time(restoring),
            format::percent(overview.overhead.as_secs_f64() / restoring)
        )
    } else {
        String::new()
    };
    let place = (!place.is_empty()).then(|| format!("{}.", place.join(", ")));
    place
        .into_iter()
        .chain([
            format!(
                "{} in {}, in random order; {} completed. {ending}{overhead}",
                counted(overview.counts.trials(), "trial"),
                counted(overview.blocks, "block"),
                overview.counts.completed
            ),
            format!(
                "Times are geometric means, ratios are paired by block, each with its own spread; \
                 intervals are at {:.0} %. Probabilities and losses come from {} draws (seed {}) \
                 that share one spread over a curve while it has fewer than {} blocks.",
                Level::P95.get() * 100.0,
                DRAWS,
                facts.seed,
                MIN_BLOCKS_TO_RESAMPLE,
            ),
        ])
        .chain((facts.hosts.names.len() > 1).then(|| {
            format!(
                "The blocks were run on {} hosts ({}). Intervals and probabilities have the \
                 hosts' means as observations, and so hold for hosts like these.",
                facts.hosts.names.len(),
                facts.hosts.names.join(", ")
            )
        }))
        .collect()
}

/// The sign of a mark in a table.
pub(super) fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Recommended => "*",
        Mark::Fastest => "",
        Mark::CannotBeTold => "=",
        Mark::RuledOut => "x",
        Mark::BeyondLimit => "#",
        Mark::Lost => "!",
        Mark::Outliers => "o",
    }
}

/// What the signs in the table of `curve` mean.
pub(super) fn legend(curve: &CurveStudy) -> Option<String> {
    let meanings = [
        (Mark::Recommended, "recommended"),
        (Mark::CannotBeTold, "cannot be told from it"),
        (Mark::RuledOut, "ruled out: too many of its trials did not complete"),
        (Mark::BeyondLimit, "ruled out: beyond a limit"),
        (Mark::Lost, "some trials did not complete"),
        (Mark::Outliers, "has an outlier (which counts)"),
    ];
    let used = |mark: Mark| curve.cells.iter().any(|cell| cell.marks.contains(&mark));
    let entries: Vec<String> = meanings
        .into_iter()
        .filter(|&(mark, _)| used(mark))
        .map(|(mark, meaning)| format!("{} {meaning}", sign(mark)))
        .collect();
    (!entries.is_empty()).then(|| entries.join("   "))
}
