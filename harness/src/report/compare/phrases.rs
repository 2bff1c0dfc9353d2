//! The sentences and numbers that all renderings of a comparison share.

use restore_core::units::Bytes;

use crate::gate::comparison::Pairing;
use crate::gate::{Comparison, Finding, Metric, MetricVerdict, Reason};
use crate::report::format;
use crate::report::phrases::counted;

pub(super) fn answer(comparison: &Comparison) -> String {
    let Comparison { base, candidate, finding, policy, .. } = comparison;
    let gated = comparison.gated();
    let Some(lead) = gated.first() else {
        return format!(
            "Inconclusive: {base} and {candidate} have no restore in common that is gated."
        );
    };
    let others = gated.iter().filter(|metric| metric.finding == *finding).count() - 1;
    let others = if others > 0 && *finding != Finding::Pass {
        format!(", and {others} more of {} gated metrics", gated.len())
    } else {
        String::new()
    };
    match finding {
        Finding::Regression => {
            format!("Regression: {}{others}.", takes(lead, base, candidate))
        }
        Finding::Pass => format!(
            "Pass: {candidate} is less than {} slower than {base}; {}.",
            format::round_percent(policy.allowance),
            takes(widest(&gated), base, candidate)
        ),
        Finding::Inconclusive => {
            let reason = lead.reason.map(|reason| reason.to_string()).unwrap_or_default();
            format!(
                "Inconclusive: {}, but {reason}{}{others}.",
                takes(lead, base, candidate),
                more(lead).map(|more| format!("; {more}")).unwrap_or_default()
            )
        }
    }
}

/// `about 3 more blocks would likely settle it`.
fn more(metric: &MetricVerdict) -> Option<String> {
    let more = metric.more_blocks_likely?;
    Some(format!("about {} would likely settle it", counted(more, "more block")))
}

/// `b takes 1.18 times as long as a (1.14 to 1.22; time over all -j, custom)`.
fn takes(metric: &MetricVerdict, base: &str, candidate: &str) -> String {
    let what = format!("{}, {}", metric.metric, metric.curve);
    let (Some(ratio), Some(interval)) = (metric.ratio, interval(metric)) else {
        return evidence(metric);
    };
    let ratio = format::ratio(ratio);
    match metric.metric {
        Metric::Wal => {
            format!("{candidate} writes {ratio} times the WAL of {base} ({interval}; {what})")
        }
        _ => format!("{candidate} takes {ratio} times as long as {base} ({interval}; {what})"),
    }
}

/// The metric of which the least is excluded.
fn widest<'a>(gated: &[&'a MetricVerdict]) -> &'a MetricVerdict {
    let high = |metric: &&&MetricVerdict| metric.ratio_high.unwrap_or(f64::INFINITY);
    gated
        .iter()
        .max_by(|a, b| high(a).total_cmp(&high(b)))
        .expect("an answer has at least one gated metric")
}

/// `directory gzip:6, time over all -j: 1.18 times (1.14 to 1.22)`.
pub(super) fn evidence(metric: &MetricVerdict) -> String {
    let what = format!("{}, {}", metric.curve, metric.metric);
    if let Some(reason @ Reason::CandidateFails { .. }) = &metric.reason {
        return format!("{what}: {reason}");
    }
    match (metric.ratio, interval(metric)) {
        (Some(ratio), Some(interval)) => {
            format!("{what}: {} times ({interval})", format::ratio(ratio))
        }
        _ => format!("{what}: nothing to compare"),
    }
}

/// The bounds of the ratio: `1.14 to 1.22`.
pub(super) fn interval(metric: &MetricVerdict) -> Option<String> {
    let bound = |value: Option<f64>| value.map(format::ratio);
    Some(format!("{} to {}", bound(metric.ratio_low)?, bound(metric.ratio_high)?))
}

/// A value of an arm in the unit of its metric.
pub(super) fn value(metric: &MetricVerdict, value: Option<f64>) -> String {
    match (value, metric.metric) {
        (None, _) => "-".to_owned(),
        (Some(bytes), Metric::Wal) => Bytes(bytes as u64).to_string(),
        (Some(seconds), _) => format::time(seconds),
    }
}

/// The finding, in brackets where it only informs.
pub(super) fn finding(metric: &MetricVerdict) -> String {
    if metric.gated { metric.finding.to_string() } else { format!("({})", metric.finding) }
}

/// Why a metric has no plain verdict, and what would help.
pub(super) fn why(metric: &MetricVerdict) -> Option<String> {
    let reason = metric.reason?;
    let more = more(metric).map(|more| format!(" ({more})")).unwrap_or_default();
    Some(format!("{}, {}: {reason}{more}.", metric.curve, metric.metric))
}

/// Reasons of the gated metrics, then what else is to be known.
pub(super) fn remarks(comparison: &Comparison) -> Vec<String> {
    let mut remarks: Vec<String> = comparison.gated().into_iter().filter_map(why).collect();
    if let Pairing::Runs { between_runs } = &comparison.pairing {
        remarks.push(match between_runs {
            Some(between) => format!(
                "The runs were recorded apart: what drifted between them is in the ratios. The \
                 bounds allow for the {} that {} earlier runs differ by.",
                format::percent(between.spread_ratio),
                between.runs
            ),
            None => "The runs were recorded apart: what drifted between them is in the ratios \
                     and not in the bounds. Compare variants within one run to be sure, or give \
                     earlier runs with --history."
                .to_owned(),
        });
    }
    let blind = comparison.gated().into_iter().filter(|metric| metric.metric != Metric::Wal);
    let blind = blind.filter_map(|metric| metric.detectable_ratio).fold(0.0, f64::max);
    if blind > 0.0 {
        remarks.push(format!(
            "With this noise and these blocks the gate finds a slowdown of {} in 8 of 10 cases.",
            format::percent(blind)
        ));
    }
    remarks.extend(comparison.notes.iter().cloned());
    remarks
}

/// How the verdicts come about.
pub(super) fn rule(comparison: &Comparison) -> String {
    let policy = &comparison.policy;
    format!(
        "Regression: slower by more than {}, shown at {} (Holm over the metrics tested together). \
         Pass: slower by less than {}, likewise. Verdicts in brackets are for information only.",
        format::round_percent(policy.margin),
        format::round_percent(policy.alpha),
        format::round_percent(policy.allowance)
    )
}
