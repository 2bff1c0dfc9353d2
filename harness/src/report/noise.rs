//! What a machine can detect, as a document.

use restore_core::units::Jobs;

use super::format;
use crate::document::{Answer, Document, Table};
use crate::gate::Finding;
use crate::gate::noise::{MetricNoise, Noise};
use crate::gate::policy::MOST_BLOCKS;

impl Answer for Noise {
    fn document(&self) -> Document {
        let mut document = Document::of(answer(self));
        document
            .table(metrics(self))
            .section("Suspicious", suspicions(self))
            .section("Remarks", remarks(self));
        document
    }
}

fn answer(noise: &Noise) -> String {
    // The first of each curve is its mean over all -j, what the gate looks at.
    let of_curves = noise.metrics.iter().filter(|metric| metric.jobs.is_none());
    let worst = of_curves.chain(&noise.metrics).next().map(|first| {
        noise
            .metrics
            .iter()
            .filter(|metric| metric.jobs.is_none() == first.jobs.is_none())
            .max_by(|a, b| a.detectable_ratio.total_cmp(&b.detectable_ratio))
            .unwrap_or(first)
    });
    let Some(worst) = worst else {
        return "No answer: no block has both restores of anything.".to_owned();
    };
    let effect = format::round_percent(noise.effect_ratio);
    let needed = match worst.blocks_for_effect {
        Some(blocks) => format!("finding one of {effect} takes {blocks} blocks"),
        None => format!("one of {effect} cannot be found with {MOST_BLOCKS} blocks"),
    };
    format!(
        "With {} blocks the gate finds a slowdown of {} here in 8 of 10 cases; {needed}. Equal \
         restores differ by {}.",
        noise.blocks,
        format::percent(worst.detectable_ratio),
        format::percent(worst_spread(noise)),
    )
}

fn worst_spread(noise: &Noise) -> f64 {
    let single = noise.metrics.iter().filter(|metric| metric.jobs.is_some());
    single.map(|metric| metric.spread_ratio).fold(0.0, f64::max)
}

fn metrics(noise: &Noise) -> Table<&MetricNoise> {
    let effect = format::round_percent(noise.effect_ratio);
    let or_all =
        |jobs: Option<Jobs>| jobs.map_or_else(|| "all".to_owned(), |jobs| jobs.to_string());
    let or_many = |count: Option<u32>| {
        count.map_or_else(|| format!("over {MOST_BLOCKS}"), |blocks| blocks.to_string())
    };
    Table::of(&noise.metrics)
        .text("", |metric| metric.curve.clone())
        .number("-j", |metric| or_all(metric.jobs))
        .number("time", |metric| format::time(metric.time_seconds))
        .number("spread", |metric| format::percent(metric.spread_ratio))
        .number(format!("seen with {}", noise.blocks), |metric| {
            format::percent(metric.detectable_ratio)
        })
        .number(format!("blocks for {effect}"), |metric| or_many(metric.blocks_for_effect))
}

fn suspicions(noise: &Noise) -> Vec<String> {
    noise
        .suspicions
        .iter()
        .map(|suspicion| format!("This host is suspicious: {suspicion}."))
        .collect()
}

fn remarks(noise: &Noise) -> Vec<String> {
    let mut remarks: Vec<String> = noise
        .drift
        .iter()
        .map(|drift| {
            format!(
                "{}: {} from the first block to the last ({} to {}).",
                drift.curve,
                format::percent(drift.ratio),
                format::percent(drift.low),
                format::percent(drift.high)
            )
        })
        .collect();
    remarks.push(match noise.finding {
        Finding::Pass => "The gate passes the scenario against itself.".to_owned(),
        Finding::Inconclusive => {
            "The gate cannot pass the scenario against itself: use more blocks or a larger \
             --allowance."
                .to_owned()
        }
        Finding::Regression => {
            "The gate calls the scenario a regression against itself: a false alarm, or equal \
             restores differ here. Run it again."
                .to_owned()
        }
    });
    remarks
}
