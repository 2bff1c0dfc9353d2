//! Archives of the same rows against each other, paired by block.

use super::font;
use super::frame::{self, Around, Frame, Layout};
use super::over_jobs::{self, Dodge, Names};
use super::scale::Ticks;
use super::scene::{Anchor, Ink, Scene, Stroke, Weight};
use crate::report::article::RunArticle;
use crate::report::format;
use crate::study::pairs::{Pair, PairCell};

/// Draws the ratios of a run; `None` where there is nothing to compare.
pub(super) fn draw(run: &RunArticle, layout: Layout) -> Option<Scene> {
    let base = run.pairs.first()?.base;
    // One chart has one denominator.
    let pairs: Vec<&Pair> =
        run.pairs.iter().filter(|pair| pair.base == base).take(over_jobs::MOST_CURVES).collect();
    let jobs =
        over_jobs::ascending(pairs.iter().flat_map(|pair| &pair.cells).map(|cell| cell.jobs));
    let (lowest, highest) = range(&pairs);
    let ticks = Ticks::of_ratio(lowest, highest);
    let base_title = &run.report.study.curves[base].title;
    let mut scene = Scene::new(layout.width(), 0.0);
    let names: Vec<(usize, &str)> =
        pairs.iter().map(|pair| (pair.other, pair.other_title.as_str())).collect();
    let Names { at_ends, top, right } = Names::new(&mut scene, layout, &names, &[]);
    let room = layout.width()
        - 2.0 * frame::EDGE
        - font::width("time over that of ", frame::SIZE, Weight::Regular)
        - 4.0;
    let shown = font::elide(base_title, frame::SIZE, Weight::Regular, room);
    let around = Around {
        title: &format!("time over that of {shown}"),
        ticks: &ticks,
        logarithmic: true,
        jobs: &jobs,
        right,
        top,
        rows_above: 1,
    };
    let frame = Frame::draw(&mut scene, layout, &around);
    let one = frame.y.at(1.0);
    scene.line((frame.plot.x, one), (frame.plot.right(), one), Stroke::solid(Ink::Text, 1.2));
    sides(&mut scene, &frame, &pairs, &shown);
    let dodge = Dodge::new(&frame.x, &jobs, pairs.len());
    for (place, pair) in pairs.iter().enumerate() {
        draw_pair(&mut scene, &frame, pair, dodge.of(place));
    }
    if at_ends {
        let ends: Vec<(f64, String, Ink)> = pairs
            .iter()
            .filter_map(|pair| {
                let last = pair.cells.last()?;
                let y = frame.y.at(last.ratio.value);
                Some((y, pair.other_title.clone(), Ink::of_series(pair.other)))
            })
            .collect();
        frame.end_labels(&mut scene, &ends);
    }
    scene.height = frame.bottom();
    Some(scene)
}

/// Says which side is whose: above the chart and at its lower end.
fn sides(scene: &mut Scene, frame: &Frame, pairs: &[&Pair], base: &str) {
    let room = frame.plot.width - 70.0;
    let other = match pairs {
        [pair] => font::elide(&pair.other_title, frame::SIZE, Weight::Regular, room),
        _ => "the other".to_owned(),
    };
    let above = format!("↑ {base} is faster");
    let below = format!("↓ {other} is faster");
    let x = frame.plot.x;
    let at = (x, frame.plot.y - 7.0);
    scene.text(at, Anchor::Start, frame::SIZE, Ink::Muted, &above);
    let at = (x + 6.0, frame.plot.bottom() - 7.0);
    scene.text(at, Anchor::Start, frame::SIZE, Ink::Muted, &below);
}

/// What the axis must show: every block, and intervals as far as they are not
/// out of all proportion.
fn range(pairs: &[&Pair]) -> (f64, f64) {
    let cells = || pairs.iter().flat_map(|pair| &pair.cells);
    let blocks = || cells().flat_map(|cell| cell.blocks.iter().map(|block| block.ratio));
    let low = blocks().fold(1.0, f64::min);
    let high = blocks().fold(1.0, f64::max);
    let span = (high / low).max(1.02);
    let ends_low = cells().filter_map(|cell| cell.ratio.low).fold(low, f64::min);
    let ends_high = cells().filter_map(|cell| cell.ratio.high).fold(high, f64::max);
    // A little below the lowest, where the words stand.
    let low = ends_low.max(low / span) / span.powf(0.12);
    (low, ends_high.min(high * span))
}

fn draw_pair(scene: &mut Scene, frame: &Frame, pair: &Pair, shift: f64) {
    let series = pair.other;
    let points: Vec<_> = pair
        .cells
        .iter()
        .map(|cell| (over_jobs::at(&frame.x, cell.jobs) + shift, cell.ratio))
        .collect();
    let line = points.iter().map(|(x, ratio)| (*x, frame.y.at(ratio.value))).collect();
    over_jobs::line(scene, line, series);
    for (cell, (x, _)) in pair.cells.iter().zip(&points) {
        for block in &cell.blocks {
            let tip = format!(
                "{}, -j {}, block {}: {}",
                pair.other_title,
                cell.jobs,
                block.block,
                format::ratio(block.ratio)
            );
            over_jobs::faint(scene, (*x, frame.y.at(block.ratio)), series, tip);
        }
    }
    for (cell, (x, ratio)) in pair.cells.iter().zip(points) {
        over_jobs::point(scene, frame, x, &ratio, series, tip(pair, cell));
    }
}

fn tip(pair: &Pair, cell: &PairCell) -> String {
    let interval = format::ratio_interval(&cell.ratio).map(|both| format!(" ({both})"));
    format!(
        "-j {}: {} takes {} times as long as {}{}",
        cell.jobs,
        pair.other_title,
        format::ratio(cell.ratio.value),
        pair.base_title,
        interval.unwrap_or_default()
    )
}
