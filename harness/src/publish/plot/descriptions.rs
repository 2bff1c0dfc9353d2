//! What pictures show, in words: for those who do not see them.

use restore_core::units::Jobs;

use super::load::write;
use crate::recommend::{CurveStudy, Mark};
use crate::report::article::RunArticle;
use crate::report::format;
use crate::study::control::ControlPoint;
use crate::study::load::LoadByJobs;
use crate::study::timeline::TrialTimeline;

pub(super) fn durations(run: &RunArticle) -> String {
    let of_curve = |curve: &CurveStudy| {
        let cells = curve.cells.iter().filter_map(|cell| {
            let time = format::time(cell.time_seconds?.value);
            let marked = cell.marks.contains(&Mark::Recommended);
            let recommended = if marked { " (recommended)" } else { "" };
            Some(format!("{time} with -j {}{recommended}", cell.jobs))
        });
        sentence(&curve.title, cells)
    };
    joined(run.report.study.curves.iter().map(of_curve))
}

pub(super) fn speedups(run: &RunArticle) -> String {
    let of_curve = |curve: &CurveStudy| {
        let cells = curve.cells.iter();
        sentence(&curve.title, cells.filter_map(|cell| Some(ratio(cell.speedup?.value, cell.jobs))))
    };
    format!("Times as fast as one job. {}", joined(run.report.study.curves.iter().map(of_curve)))
}

pub(super) fn ratios(run: &RunArticle) -> String {
    joined(run.pairs.iter().map(|pair| {
        let title = format!("Time of {} over {}", pair.other_title, pair.base_title);
        sentence(&title, pair.cells.iter().map(|cell| ratio(cell.ratio.value, cell.jobs)))
    }))
}

pub(super) fn map(run: &RunArticle) -> String {
    let rows = run.map.iter().map(|row| {
        let cells = row.cells.iter();
        sentence(
            &row.title,
            cells.filter_map(|cell| Some(ratio(cell.to_fastest_ratio?, cell.jobs))),
        )
    });
    format!("Time over that of the fastest. {}", joined(rows))
}

/// `custom gzip:6: 1.00 with -j 1, 1.85 with -j 2.`
fn sentence(title: &str, cells: impl Iterator<Item = String>) -> String {
    format!("{title}: {}.", cells.collect::<Vec<_>>().join(", "))
}

fn ratio(value: f64, jobs: Jobs) -> String {
    format!("{} with -j {jobs}", format::ratio(value))
}

fn joined(sentences: impl Iterator<Item = String>) -> String {
    sentences.collect::<Vec<_>>().join(" ")
}

pub(super) fn timeline(timeline: &TrialTimeline) -> String {
    let busy: Vec<String> = timeline
        .lanes
        .iter()
        .map(|lane| format!("{} {}", lane.name, format::percent(lane.busy_ratio)))
        .collect();
    let longest = timeline.longest.first().map(|item| {
        format!(" The longest item is {} {}, {}.", item.kind, item.name, format::time(item.seconds))
    });
    format!(
        "{} items in {}. The end waited for {} of them, one after the other, {} together. Share of \
         the time in which each worked: {}.{}{}",
        timeline.items,
        format::time(timeline.seconds),
        timeline.chain_items,
        format::time(timeline.chain_seconds),
        busy.join(", "),
        longest.unwrap_or_default(),
        decisions(&timeline.control)
    )
}

/// What `-j auto` came to.
fn decisions(control: &[ControlPoint]) -> String {
    let jobs = || control.iter().map(|point| point.jobs);
    let (Some(least), Some(most)) = (jobs().min(), jobs().max()) else { return String::new() };
    let highest = control.iter().map(|point| point.pressure_ratio).fold(0.0, f64::max);
    let held = control.iter().filter(|point| point.flow_ratio < 1.0).count();
    format!(
        " In {} decisions the workers allowed went from {least} to {most}; the nearest limit was \
         used up to {}, and data was held back after {held} of them.",
        control.len(),
        format::percent(highest)
    )
}

pub(super) fn load(run: &RunArticle) -> String {
    let of_kind = |report: &LoadByJobs| {
        let curves = report.curves.iter().map(|curve| {
            let cells = curve.cells.iter();
            let cells =
                cells.map(|cell| format!("{} with -j {}", write(report, cell.mean), cell.jobs));
            sentence(&curve.title, cells)
        });
        format!("{}: {}", report.title, joined(curves))
    };
    joined(run.load.iter().map(of_kind))
}
