//! Cells over the runs of an article: their times, and where the level
//! changed.

use super::font;
use super::frame::{self, EDGE, LINE, Layout, SIZE};
use super::labels::{self, KeyEntry, Note};
use super::over_jobs;
use super::panels;
use super::scale::{Scale, Ticks};
use super::scene::{Anchor, Ink, Rect, Scene, Shape, Sign, Stroke, Weight};
use super::svg::centred;
use crate::report::article::{HistoryCell, HistoryLevel, HistoryPoint, HistoryReport};
use crate::report::format;

/// Panels that a picture has at most: changes come first.
pub(super) const MOST: usize = 8;
/// Height of the part that has data.
const HEIGHT: f64 = 150.0;
/// Room on the right for the last level.
const RIGHT: f64 = 74.0;

/// Draws a panel for each cell, those that changed first.
pub(super) fn draw(history: &HistoryReport, layout: Layout) -> Scene {
    let cells = &history.cells[..history.cells.len().min(MOST)];
    let mut scene = Scene::new(layout.width(), 0.0);
    let top = key(&mut scene, cells) + 10.0;
    let layout = panels::layout(layout, cells.len());
    let panels: Vec<Scene> = cells.iter().map(|cell| panel(cell, layout)).collect();
    scene.height = panels::arrange(&mut scene, &panels, top);
    scene
}

fn panel(cell: &HistoryCell, layout: Layout) -> Scene {
    let mut scene = Scene::new(layout.width(), 0.0);
    let (low, high) = range(cell);
    let ticks = Ticks::of_time_between(low, high, 4);
    let style = (SIZE, Weight::SemiBold);
    let title = font::elide(&cell.title, SIZE, Weight::SemiBold, scene.width - 2.0 * EDGE);
    scene.write((EDGE, SIZE + 1.0), Anchor::Start, style, Ink::Text, &title);
    let axis = format!("time ({})", ticks.unit);
    scene.text((EDGE, SIZE + 1.0 + LINE), Anchor::Start, SIZE, Ink::Muted, &axis);
    let (left, right) = (frame::left_of_data(&ticks), scene.width - RIGHT);
    let last = (cell.points.len() - 1).max(1) as f64;
    let x = Scale::linear((0.0, last), (left + 10.0, right - 8.0));
    let notes = labels::rows(changes(cell, &x), SIZE, (left, scene.width - EDGE));
    let top = 2.0 * LINE + labels::row_count(&notes) as f64 * LINE + 6.0;
    let plot = Rect { x: left, y: top, width: right - left, height: HEIGHT };
    let y = Scale::linear(ticks.range(), (plot.bottom(), plot.y));
    for tick in &ticks.ticks {
        let at = y.at(tick.value);
        scene.line((plot.x, at), (plot.right(), at), Stroke::solid(Ink::Grid, 1.0));
        let label = (plot.x - 7.0, centred(at, SIZE));
        scene.text(label, Anchor::End, SIZE, Ink::Muted, &tick.label);
    }
    for placed in &notes {
        let baseline = plot.y - 7.0 - placed.row as f64 * LINE;
        let at = placed.note.x;
        scene.line((at, baseline + 4.0), (at, plot.bottom()), change_stroke());
        let style = (SIZE, Weight::SemiBold);
        let words = &placed.note.text;
        scene.write((placed.middle, baseline), Anchor::Middle, style, Ink::Text, words);
    }
    for (index, point) in cell.points.iter().enumerate() {
        draw_point(&mut scene, x.at(index as f64), &y, point);
    }
    levels(&mut scene, cell, &x, &y, plot);
    scene.height = dates(&mut scene, cell, &x, plot);
    scene
}

/// Every point; intervals and trials as far as they are not out of all
/// proportion.
fn range(cell: &HistoryCell) -> (f64, f64) {
    let times = || cell.points.iter().map(|point| point.time_seconds);
    let low = times().map(|time| time.value).fold(f64::INFINITY, f64::min);
    let high = times().map(|time| time.value).fold(0.0, f64::max);
    let lowest = times().filter_map(|time| time.low).fold(low, f64::min);
    let highest = times().filter_map(|time| time.high).fold(high, f64::max);
    (lowest.max(low * 0.8), highest.min(high * 1.2))
}

fn draw_point(scene: &mut Scene, x: f64, y: &Scale, point: &HistoryPoint) {
    let ink = Ink::Series(0);
    for seconds in point.trials_seconds.iter().filter(|seconds| y.has(**seconds)) {
        let tip = format!("{}: a trial of {}", point.run, format::time(*seconds));
        over_jobs::faint(scene, (x, y.at(*seconds)), 0, tip);
    }
    let time = &point.time_seconds;
    if let (Some(low), Some(high)) = (time.low, time.high) {
        scene.line((x, y.at(high)), (x, y.at(low)), Stroke::solid(ink, 1.4));
    }
    let tip = format!(
        "{}, {}, PostgreSQL {}: {}, n = {}",
        point.run,
        point.at,
        point.server,
        format::time_with_interval(time),
        point.n
    );
    let at = (x, y.at(time.value));
    scene.draw(Shape::Dot(at, 5.0, Ink::Surface, 1.0, Sign::Circle));
    scene.draw_with_tip(Shape::Dot(at, 3.8, ink, 1.0, Sign::Circle), tip);
}

/// Where the level changed: between two runs.
fn changes(cell: &HistoryCell, x: &Scale) -> Vec<Note> {
    cell.levels
        .iter()
        .filter_map(|level| {
            let ratio = format::ratio(level.to_before_ratio?);
            let between = f64::midpoint(x.at(level.first as f64), x.at(level.first as f64 - 1.0));
            Some(Note {
                x: between,
                text: format!("× {ratio} since {}", day(&level.at)),
                ink: Ink::Text,
                weight: Weight::SemiBold,
            })
        })
        .collect()
}

fn change_stroke() -> Stroke {
    Stroke::dashed(Ink::Text, 1.2, 4.0, 3.0)
}

fn level_stroke() -> Stroke {
    Stroke { opacity: 0.8, ..Stroke::solid(Ink::Text, 1.6) }
}

/// The level of each stretch, the last with its number.
fn levels(scene: &mut Scene, cell: &HistoryCell, x: &Scale, y: &Scale, plot: Rect) {
    for level in &cell.levels {
        let HistoryLevel { first, last, time_seconds, .. } = level;
        let at = y.at(*time_seconds);
        let from = (x.at(*first as f64) - 6.0, at);
        scene.line(from, (x.at(*last as f64) + 6.0, at), level_stroke());
    }
    if let Some(level) = cell.levels.last() {
        let at = (plot.right() + 6.0, centred(y.at(level.time_seconds), SIZE));
        let words = format::time(level.time_seconds);
        let words = font::elide(&words, SIZE, Weight::SemiBold, scene.width - at.0 - 2.0);
        scene.write(at, Anchor::Start, (SIZE, Weight::SemiBold), Ink::Text, &words);
    }
}

/// The days of the runs, as many as there is room for, the first and the last
/// always; returns where they end.
fn dates(scene: &mut Scene, cell: &HistoryCell, x: &Scale, plot: Rect) -> f64 {
    let baseline = plot.bottom() + LINE;
    let label = |point: &HistoryPoint| day(&point.at).to_owned();
    let half_of = |text: &str| font::width(text, SIZE, Weight::Regular) / 2.0;
    let count = cell.points.len();
    let last = cell.points.last().map(&label).unwrap_or_default();
    let last_starts = x.at((count - 1) as f64) - half_of(&last);
    let mut end = f64::NEG_INFINITY;
    for (index, point) in cell.points.iter().enumerate() {
        let (at, text) = (x.at(index as f64), label(point));
        scene.line((at, plot.bottom()), (at, plot.bottom() + 4.0), Stroke::solid(Ink::Grid, 1.0));
        let half = half_of(&text);
        let middle = at.max(EDGE + half);
        let is_last = index + 1 == count;
        if middle - half >= end + 10.0 && (is_last || middle + half + 10.0 <= last_starts) {
            scene.text((middle, baseline), Anchor::Middle, SIZE, Ink::Muted, &text);
            end = middle + half;
        }
    }
    baseline + 8.0
}

/// The day of a time in RFC 3339.
fn day(at: &str) -> &str {
    at.split('T').next().unwrap_or(at)
}

/// What the signs mean; returns where it ends.
fn key(scene: &mut Scene, cells: &[HistoryCell]) -> f64 {
    let run = |scene: &mut Scene, (x, y): (f64, f64)| {
        scene.line((x, y - 7.0), (x, y + 7.0), Stroke::solid(Ink::Series(0), 1.4));
        scene.draw(Shape::Dot((x, y), 3.8, Ink::Series(0), 1.0, Sign::Circle));
    };
    let trial = |scene: &mut Scene, at: (f64, f64)| {
        scene.draw(Shape::Dot(at, 2.6, Ink::Series(0), 0.38, Sign::Circle));
    };
    let level = |scene: &mut Scene, (x, y): (f64, f64)| {
        scene.line((x - 7.0, y), (x + 7.0, y), level_stroke());
    };
    let change = |scene: &mut Scene, (x, y): (f64, f64)| {
        scene.line((x, y - 7.0), (x, y + 7.0), change_stroke());
    };
    let mut entries = vec![
        KeyEntry { text: "a run, with 95 % interval", ink: Ink::Text, sign: Box::new(run) },
        KeyEntry { text: "a trial", ink: Ink::Text, sign: Box::new(trial) },
        KeyEntry { text: "level", ink: Ink::Text, sign: Box::new(level) },
    ];
    if cells.iter().any(|cell| cell.levels.len() > 1) {
        let sign = Box::new(change);
        entries.push(KeyEntry { text: "the level changed", ink: Ink::Text, sign });
    }
    labels::key(scene, &entries, EDGE, 4.0)
}

pub(super) fn describe(history: &HistoryReport) -> String {
    let of_cell = |cell: &HistoryCell| {
        let levels: Vec<String> = cell
            .levels
            .iter()
            .map(|level| format!("{} from {}", format::time(level.time_seconds), day(&level.at)))
            .collect();
        format!("{}, {} runs: {}.", cell.title, cell.points.len(), levels.join(", "))
    };
    let cells: Vec<String> = history.cells.iter().take(MOST).map(of_cell).collect();
    format!("{} {}", history.answer, cells.join(" "))
}
