//! Several runs: the time of each archive at its best number of jobs.

use super::font;
use super::frame::{EDGE, LINE, Layout, SIZE};
use super::scale::{Scale, Ticks};
use super::scene::{Anchor, Ink, Scene, Shape, Sign, Stroke, Weight};
use crate::recommend::{CellStudy, CurveStudy, Mark};
use crate::record::Outcome;
use crate::report::article::{Article, RunArticle};
use crate::report::format;
use crate::stats::estimate::Estimate;
use crate::study::evidence::CurveEvidence;

/// Height of a row: its words and its line.
const ROW: f64 = 44.0;

/// A curve at its best number of jobs.
struct Row<'a> {
    curve: &'a CurveStudy,
    cell: &'a CellStudy,
    time: Estimate,
    evidence: &'a CurveEvidence,
    series: usize,
}

fn rows(run: &RunArticle) -> Vec<Row<'_>> {
    run.report
        .study
        .curves
        .iter()
        .zip(&run.evidence)
        .enumerate()
        .filter_map(|(series, (curve, evidence))| {
            let cell = curve.best_cell()?;
            Some(Row { curve, cell, time: cell.time_seconds?, evidence, series })
        })
        .collect()
}

/// Draws the runs; `None` where no trial completed.
pub(super) fn draw(article: &Article, layout: Layout) -> Option<Scene> {
    let runs: Vec<(&RunArticle, Vec<Row<'_>>)> =
        article.runs.iter().map(|run| (run, rows(run))).collect();
    let all = || runs.iter().flat_map(|(_, rows)| rows);
    let longest = all()
        .map(|row| row.time.high.map_or(row.time.value, |high| high.min(row.time.value * 2.0)))
        .fold(0.0, f64::max);
    if longest <= 0.0 {
        return None;
    }
    let mut scene = Scene::new(layout.width(), 0.0);
    let ticks = Ticks::of_time(longest, if layout == Layout::Wide { 8 } else { 4 });
    let x = Scale::linear(ticks.range(), (EDGE + 6.0, scene.width - EDGE - 10.0));
    let top = EDGE;
    let height: f64 = runs.iter().map(|(_, rows)| LINE + 8.0 + rows.len() as f64 * ROW).sum();
    for tick in &ticks.ticks {
        let x = x.at(tick.value);
        scene.line((x, top), (x, top + height), Stroke::solid(Ink::Grid, 1.0));
    }
    let mut y = top;
    for (run, rows) in &runs {
        let name = font::elide(&run.name, 13.0, Weight::SemiBold, scene.width - 2.0 * EDGE);
        let style = (13.0, Weight::SemiBold);
        scene.write((EDGE, y + LINE), Anchor::Start, style, Ink::Text, &name);
        y += LINE + 8.0;
        for row in rows {
            draw_row(&mut scene, row, &x, y);
            y += ROW;
        }
    }
    for tick in &ticks.ticks {
        let at = (x.at(tick.value), y + LINE);
        scene.text(at, Anchor::Middle, SIZE, Ink::Muted, &tick.label);
    }
    let title = format!("time ({}), mean with 95 % interval", ticks.unit);
    scene.text((scene.width / 2.0, y + 2.0 * LINE), Anchor::Middle, SIZE, Ink::Muted, &title);
    scene.height = y + 2.0 * LINE + 8.0;
    Some(scene)
}

fn draw_row(scene: &mut Scene, row: &Row<'_>, x: &Scale, top: f64) {
    let ink = Ink::of_series(row.series);
    let value = words(row);
    let room = scene.width - 2.0 * EDGE - font::width(&value, SIZE, Weight::SemiBold) - 12.0;
    let title = font::elide(&row.curve.title, SIZE, Weight::Regular, room);
    scene.text((EDGE, top + SIZE), Anchor::Start, SIZE, ink, &title);
    let at = (scene.width - EDGE, top + SIZE);
    scene.write(at, Anchor::End, (SIZE, Weight::SemiBold), ink, &value);
    let y = top + SIZE + 14.0;
    let completed = row
        .evidence
        .trials
        .iter()
        .filter(|trial| trial.jobs == row.cell.jobs && trial.outcome == Outcome::Completed);
    for trial in completed.filter(|trial| x.has(trial.seconds)) {
        let tip = format!("trial {}: {}", trial.trial, format::time(trial.seconds));
        scene
            .draw_with_tip(Shape::Dot((x.at(trial.seconds), y), 2.6, ink, 0.38, Sign::Circle), tip);
    }
    if let (Some(low), Some(high)) = (row.time.low, row.time.high) {
        scene.line((x.at(low), y), (x.at(high), y), Stroke::solid(ink, 1.6));
    }
    let at = (x.at(row.time.value), y);
    let sign = Sign::of_series(row.series);
    scene.draw(Shape::Dot(at, 6.0, Ink::Surface, 1.0, sign));
    scene.draw_with_tip(
        Shape::Dot(at, 4.6, ink, 1.0, sign),
        format!("{}: {value}", row.curve.title),
    );
}

fn words(row: &Row<'_>) -> String {
    let is_recommended = row.cell.marks.contains(&Mark::Recommended);
    let how = if is_recommended { "recommended" } else { "fastest measured" };
    format!("{} with -j {} ({how})", format::time(row.time.value), row.cell.jobs)
}

pub(super) fn describe(article: &Article) -> String {
    let of_run = |run: &RunArticle| {
        let rows: Vec<String> =
            rows(run).iter().map(|row| format!("{} {}", row.curve.title, words(row))).collect();
        format!("{}: {}.", run.name, rows.join(", "))
    };
    article.runs.iter().map(of_run).collect::<Vec<_>>().join(" ")
}
