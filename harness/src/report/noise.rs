//! What a machine can detect, as a table and as Markdown.

use comfy_table::CellAlignment;

use super::format;
use super::markdown::{escape, push};
use super::terminal::{Style, finish, plain_table, section};
use crate::gate::Finding;
use crate::gate::noise::{MetricNoise, Noise};

/// Writes `noise` as text, the answer first.
pub fn text(noise: &Noise, style: Style) -> String {
    let mut lines: Vec<String> =
        style.paragraph(&answer(noise), 0).iter().map(|line| style.bold(line)).collect();
    let mut table = plain_table();
    table.set_header(headings(noise));
    for metric in &noise.metrics {
        table.add_row(row(metric));
    }
    lines.push(String::new());
    lines.extend(finish(&mut table, CellAlignment::Left));
    section(&mut lines, "Suspicious", suspicions(noise), style);
    section(&mut lines, "Remarks", remarks(noise), style);
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// Writes `noise` as GitHub-flavoured Markdown, the answer first.
pub fn markdown(noise: &Noise) -> String {
    let mut text = format!("**{}**\n\n", escape(&answer(noise)));
    push(&mut text, format_args!("| {} |\n", headings(noise).join(" | ")));
    text.push_str("|:---|---:|---:|---:|---:|---:|\n");
    for metric in &noise.metrics {
        let cells = row(metric).map(|cell| escape(&cell)).join(" | ");
        push(&mut text, format_args!("| {cells} |\n"));
    }
    text.push('\n');
    for entry in suspicions(noise).into_iter().chain(remarks(noise)) {
        push(&mut text, format_args!("- {}\n", escape(&entry)));
    }
    text
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
        Some(blocks) => format!("to see {effect} takes {blocks} blocks"),
        None => format!("{effect} cannot be seen with 100 blocks"),
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

fn headings(noise: &Noise) -> [String; 6] {
    let effect = format::round_percent(noise.effect_ratio);
    [
        String::new(),
        "-j".to_owned(),
        "time".to_owned(),
        "spread".to_owned(),
        format!("seen with {}", noise.blocks),
        format!("blocks for {effect}"),
    ]
}

fn row(metric: &MetricNoise) -> [String; 6] {
    [
        metric.curve.clone(),
        metric.jobs.map_or_else(|| "all".to_owned(), |jobs| jobs.to_string()),
        format::time(metric.time_seconds),
        format::percent(metric.spread_ratio),
        format::percent(metric.detectable_ratio),
        metric.blocks_for_effect.map_or_else(|| "over 100".to_owned(), |blocks| blocks.to_string()),
    ]
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
        Finding::Pass => "The gate passes the same thing against itself.".to_owned(),
        Finding::Inconclusive => {
            "The gate cannot pass the same thing against itself: more blocks, or a larger \
             --allowance."
                .to_owned()
        }
        Finding::Regression => {
            "The gate calls the same thing a regression: a false alarm, or something that differs \
             between equal restores. Run it again."
                .to_owned()
        }
    });
    remarks
}
