//! What pictures show, in words: for those who do not see them.

use super::load::write;
use crate::recommend::{CurveStudy, Mark};
use crate::report::article::RunArticle;
use crate::report::format;
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
        format!("{}: {}.", curve.title, cells.collect::<Vec<_>>().join(", "))
    };
    run.report.study.curves.iter().map(of_curve).collect::<Vec<_>>().join(" ")
}

pub(super) fn speedups(run: &RunArticle) -> String {
    let of_curve = |curve: &CurveStudy| {
        let cells = curve.cells.iter().filter_map(|cell| {
            Some(format!("{} with -j {}", format::ratio(cell.speedup?.value), cell.jobs))
        });
        format!("{}: {}.", curve.title, cells.collect::<Vec<_>>().join(", "))
    };
    let curves: Vec<String> = run.report.study.curves.iter().map(of_curve).collect();
    format!("Times as fast as one job. {}", curves.join(" "))
}

pub(super) fn ratios(run: &RunArticle) -> String {
    let pairs = run.pairs.iter().map(|pair| {
        let cells: Vec<String> = pair
            .cells
            .iter()
            .map(|cell| format!("{} with -j {}", format::ratio(cell.ratio.value), cell.jobs))
            .collect();
        format!("Time of {} over {}: {}.", pair.other_title, pair.base_title, cells.join(", "))
    });
    pairs.collect::<Vec<_>>().join(" ")
}

pub(super) fn map(run: &RunArticle) -> String {
    let rows = run.map.iter().map(|row| {
        let cells: Vec<String> = row
            .cells
            .iter()
            .filter_map(|cell| {
                Some(format!("{} with -j {}", format::ratio(cell.to_fastest_ratio?), cell.jobs))
            })
            .collect();
        format!("{}: {}.", row.title, cells.join(", "))
    });
    format!("Time over that of the fastest. {}", rows.collect::<Vec<_>>().join(" "))
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
         the time in which each worked: {}.{}",
        timeline.items,
        format::time(timeline.seconds),
        timeline.chain_items,
        format::time(timeline.chain_seconds),
        busy.join(", "),
        longest.unwrap_or_default()
    )
}

pub(super) fn load(run: &RunArticle) -> String {
    let of_kind = |report: &LoadByJobs| {
        let curves = report.curves.iter().map(|curve| {
            let cells: Vec<String> = curve
                .cells
                .iter()
                .map(|cell| format!("{} with -j {}", write(report, cell.mean), cell.jobs))
                .collect();
            format!("{}: {}.", curve.title, cells.join(", "))
        });
        format!("{}: {}", report.title, curves.collect::<Vec<_>>().join(" "))
    };
    run.load.iter().map(of_kind).collect::<Vec<_>>().join(" ")
}
