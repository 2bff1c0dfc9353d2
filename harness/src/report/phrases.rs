//! The sentences that all renderings share.

use restore_core::units::Jobs;

use super::format;
use super::model::{
    BasisReport, BestReport, ContenderReport, CurveReport, Estimate, Mark, Measured, RuleReport,
    StandingReport, VerdictReport,
};
use crate::recommend::Probability;
use crate::scenario::Phase;

/// The program before its `-j`, where it is not the usual one.
pub(super) fn program(phase: Phase) -> &'static str {
    match phase {
        Phase::Restore => "",
        Phase::Dump => "pg_dump ",
    }
}

/// What is measured, in a word.
pub(crate) fn noun(phase: Phase) -> &'static str {
    match phase {
        Phase::Restore => "restore",
        Phase::Dump => "dump",
    }
}

/// The verdict on a curve.
pub(super) fn verdict(curve: &CurveReport, measured: &Measured) -> String {
    match &curve.verdict {
        VerdictReport::Recommend {
            jobs,
            probability,
            basis,
            regret_ratio,
            cannot_be_told_from,
        } => {
            let chosen = format!(
                "Use {}-j {jobs}: the smallest that is within {} of the fastest{} with a \
                 probability of {} ({}).",
                program(measured.phase),
                format::round_percent(measured.tolerance_ratio),
                if curve.beyond_limits.is_empty() { "" } else { " within the limits" },
                Probability::new(*probability),
                basis_in_words(*basis, curve.blocks),
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
        VerdictReport::Inconclusive { reasons, candidates, more_blocks_likely } => sentences([
            Some(format!("Inconclusive: {}.", reasons.join("; "))),
            (candidates.len() > 1).then(|| format!("In question: -j {}.", job_list(candidates))),
            more_blocks_likely
                .map(|more| format!("{} would likely settle it.", counted(more, "more block"))),
        ]),
    }
}

fn sentences<const N: usize>(sentences: [Option<String>; N]) -> String {
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// How much the recommended number of jobs may lose.
fn regret(regret: &Estimate, curve: &CurveReport) -> Option<String> {
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

/// A number with its noun.
pub(super) fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn basis_in_words(basis: BasisReport, blocks: usize) -> String {
    match basis {
        BasisReport::BlockBootstrap => format!("{blocks} blocks, resampled"),
        BasisReport::NormalModel => {
            format!("{blocks} blocks, if the noise is log-normal with one spread for all -j")
        }
    }
}

/// A rule of thumb: its advice, and its regret in words.
pub(super) fn rule(rule: &RuleReport, curve: &CurveReport) -> (String, String) {
    let advice = rule.advice.join(", ");
    if curve.beyond_limits.iter().any(|beyond| beyond.jobs == rule.jobs) {
        return (advice, "beyond a limit".to_owned());
    }
    let regret = rule.regret_ratio.as_ref();
    let in_words = regret.map(|regret| {
        let interval = format::percent_interval(regret).unwrap_or_default();
        format!("{} slower ({interval})", format::percent(regret.value))
    });
    let standing = match rule.standing {
        StandingReport::Measured => in_words.unwrap_or_default(),
        StandingReport::Replayed => {
            format!("{}, predicted by replay", in_words.unwrap_or_default())
        }
        StandingReport::Predicted => {
            format!("{}, predicted by the USL fit", in_words.unwrap_or_default())
        }
        StandingReport::NotMeasured => "not measured".to_owned(),
        StandingReport::Unknown => "not compared".to_owned(),
    };
    (advice, standing)
}

/// Which curve of a variant is the fastest.
pub(super) fn best(best: &BestReport) -> Vec<String> {
    best.others.iter().map(|other| versus(&best.fastest, other)).collect()
}

fn versus(fastest: &ContenderReport, other: &ContenderReport) -> String {
    let at = |of: &ContenderReport| format!("{} at -j {}", of.title, of.jobs);
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
    let named = [&measured.scenario, &measured.server, &measured.host];
    let mut place: Vec<String> = named.into_iter().flatten().cloned().collect();
    place.extend(measured.server_cores.map(|cores| format!("{cores} cores")));
    place.extend(measured.cache.as_ref().map(|cache| format!("{cache} cache")));
    let ending = measured.ending.map_or_else(
        || "The sweep has not ended: more blocks can be run.".to_owned(),
        |ending| format!("The sweep ended because {ending}."),
    );
    let overhead = if measured.restoring_seconds > 0.0 {
        format!(
            " {} took {}; the harness added {}.",
            match measured.phase {
                Phase::Restore => "Restoring",
                Phase::Dump => "Dumping",
            },
            format::time(measured.restoring_seconds),
            format::percent(measured.overhead_seconds / measured.restoring_seconds)
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
                counted(measured.trials, "trial"),
                counted(measured.blocks, "block"),
                measured.completed
            ),
            format!(
                "Times are geometric means, ratios are paired by block, each with its own spread; \
                 intervals are at {:.0} %. Probabilities and losses come from {} draws (seed {}) \
                 that share one spread over a curve while it has fewer than {} blocks.",
                measured.interval_level * 100.0,
                measured.draws,
                measured.seed,
                measured.blocks_to_resample,
            ),
        ])
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
pub(super) fn legend(curve: &CurveReport) -> Option<String> {
    let meanings = [
        (Mark::Recommended, "recommended"),
        (Mark::CannotBeTold, "cannot be told from it"),
        (Mark::RuledOut, "ruled out: half of its trials or more did not complete"),
        (Mark::BeyondLimit, "ruled out: beyond a limit"),
        (Mark::Lost, "some trials did not complete"),
        (Mark::Outliers, "has a trial that stands apart (it counts)"),
    ];
    let used = |mark: Mark| curve.cells.iter().any(|cell| cell.marks.contains(&mark));
    let entries: Vec<String> = meanings
        .into_iter()
        .filter(|&(mark, _)| used(mark))
        .map(|(mark, meaning)| format!("{} {meaning}", sign(mark)))
        .collect();
    (!entries.is_empty()).then(|| entries.join("   "))
}

/// Numbers in a row that are written as their ends.
const ROW: usize = 6;

/// `1, 2, 4`; long rows as `9 to 24`.
pub(super) fn job_list(jobs: &[Jobs]) -> String {
    let rows = jobs.chunk_by(|a, b| a.get() + 1 == b.get());
    let words = rows.flat_map(|row| match row {
        [first, .., last] if row.len() >= ROW => vec![format!("{first} to {last}")],
        _ => row.iter().map(Jobs::to_string).collect(),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rows_of_jobs_are_written_as_their_ends() {
        let list = |jobs: &[u32]| {
            let jobs: Vec<Jobs> = jobs.iter().map(|&jobs| Jobs::new(jobs).unwrap()).collect();
            job_list(&jobs)
        };
        assert_eq!(list(&[1, 2, 3, 4, 6, 8]), "1, 2, 3, 4, 6, 8");
        assert_eq!(list(&[2, 9, 10, 11, 12, 13, 14, 20]), "2, 9 to 14, 20");
        assert_eq!(list(&[]), "");
    }
}
