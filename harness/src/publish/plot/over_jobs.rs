//! What the charts over jobs share: which curves there are, where their
//! points stand, how a point, its interval and its trials look.

use std::collections::BTreeSet;

use restore_core::units::Jobs;

use super::font;
use super::frame::{self, Frame, Layout};
use super::labels::{self, KeyEntry, Note};
use super::scale::Scale;
use super::scene::{Ink, Scene, Shape, Sign, Stroke, Weight};
use crate::recommend::{CurveStudy, Mark};
use crate::report::article::RunArticle;
use crate::stats::estimate::Estimate;

/// Curves that a chart can tell apart; a chart of more shows the first.
pub(super) const MOST_CURVES: usize = 2 * Ink::SERIES;

/// Room for the names of curves at most.
const MOST_LABEL: f64 = 190.0;

/// All numbers of jobs of some curves, ascending.
pub(super) fn all_jobs<'a>(curves: impl Iterator<Item = &'a CurveStudy>) -> Vec<Jobs> {
    ascending(curves.flat_map(|curve| &curve.cells).map(|cell| cell.jobs))
}

/// Each number of jobs once.
pub(super) fn ascending(jobs: impl Iterator<Item = Jobs>) -> Vec<Jobs> {
    jobs.collect::<BTreeSet<Jobs>>().into_iter().collect()
}

/// The curves of a run that have a time, with their place among its curves.
pub(super) fn measured(run: &RunArticle) -> Vec<(usize, &CurveStudy)> {
    run.report
        .study
        .curves
        .iter()
        .enumerate()
        .filter(|(_, curve)| curve.cells.iter().any(|cell| cell.time_seconds.is_some()))
        .take(MOST_CURVES)
        .collect()
}

/// Points of several curves at one number of jobs stand beside each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dodge {
    distance: f64,
    count: usize,
}

impl Dodge {
    /// For `count` curves over `jobs`.
    pub(super) fn new(x: &Scale, jobs: &[Jobs], count: usize) -> Self {
        let closest = jobs
            .windows(2)
            .map(|pair| at(x, pair[1]) - at(x, pair[0]))
            .fold(f64::INFINITY, f64::min);
        let distance = (closest * 0.5 / count.max(1) as f64).min(8.0);
        Self { distance, count }
    }

    /// How far the curve in this place is off the number of jobs.
    pub(super) fn of(&self, place: usize) -> f64 {
        (place as f64 - (self.count as f64 - 1.0) / 2.0) * self.distance
    }
}

/// Where a number of jobs is.
pub(super) fn at(x: &Scale, jobs: Jobs) -> f64 {
    x.at(f64::from(jobs.get()))
}

/// The ends of an interval; one that is open goes on for ever.
pub(super) fn ends(estimate: &Estimate) -> Option<(f64, f64)> {
    Some((estimate.low?, estimate.high.unwrap_or(f64::INFINITY)))
}

pub(super) fn point(
    scene: &mut Scene,
    frame: &Frame,
    x: f64,
    estimate: &Estimate,
    series: usize,
    tip: String,
) {
    let ink = Ink::of_series(series);
    if let Some((low, high)) = ends(estimate) {
        let (top, bottom) = (frame.y.at(high), frame.y.at(low));
        scene.line((x, top), (x, bottom), Stroke::solid(ink, 1.6));
        for (value, y) in [(high, top), (low, bottom)] {
            // An interval that goes on beyond the chart has no end there.
            if frame.y.has(value) {
                scene.line((x - 3.5, y), (x + 3.5, y), Stroke::solid(ink, 1.6));
            }
        }
    }
    dot(scene, (x, frame.y.at(estimate.value)), series, tip);
}

pub(super) fn dot(scene: &mut Scene, at: (f64, f64), series: usize, tip: String) {
    let (ink, sign) = (Ink::of_series(series), Sign::of_series(series));
    scene.draw(Shape::Dot(at, 6.0, Ink::Surface, 1.0, sign));
    scene.draw_with_tip(Shape::Dot(at, 4.6, ink, 1.0, sign), tip);
}

/// Draws one trial, or one block, faintly.
pub(super) fn faint(scene: &mut Scene, at: (f64, f64), series: usize, tip: String) {
    scene.draw_with_tip(Shape::Dot(at, 2.6, Ink::of_series(series), 0.38, Sign::Circle), tip);
}

/// Draws a cross for a trial that did not complete.
pub(super) fn cross(scene: &mut Scene, (x, y): (f64, f64), series: usize, tip: String) {
    let stroke = Stroke::solid(Ink::of_series(series), 1.6);
    scene.line((x - 3.0, y - 3.0), (x + 3.0, y + 3.0), stroke);
    scene.line((x - 3.0, y + 3.0), (x + 3.0, y - 3.0), stroke);
    // Two thin lines are hard to point at.
    scene.draw_with_tip(Shape::Dot((x, y), 5.0, Ink::Surface, 0.01, Sign::Circle), tip);
}

/// Draws the band of a curve's intervals.
pub(super) fn band(scene: &mut Scene, frame: &Frame, points: &[(f64, Estimate)], series: usize) {
    let ends: Vec<(f64, f64, f64)> = points
        .iter()
        .filter_map(|(x, estimate)| ends(estimate).map(|(low, high)| (*x, low, high)))
        .collect();
    if ends.len() < 2 {
        return;
    }
    let above = ends.iter().map(|(x, _, high)| (*x, frame.y.at(*high)));
    let below = ends.iter().rev().map(|(x, low, _)| (*x, frame.y.at(*low)));
    let corners = above.chain(below).collect();
    scene.draw(Shape::Area(corners, Ink::of_series(series), 0.13));
}

pub(super) fn line(scene: &mut Scene, points: Vec<(f64, f64)>, series: usize) {
    // Colours repeat; the second time their lines are dashed.
    let ink = Ink::of_series(series);
    let stroke = if series < Ink::SERIES {
        Stroke::solid(ink, 2.0)
    } else {
        Stroke::dashed(ink, 2.0, 7.0, 3.0)
    };
    scene.draw(Shape::Line(points, stroke));
}

/// Where the names of curves are: at their ends, or in a key above.
pub(super) struct Names {
    pub(super) at_ends: bool,
    /// Height of the key.
    pub(super) top: f64,
    /// Room for the names at the ends.
    pub(super) right: f64,
}

impl Names {
    /// Draws the key, or finds the room that the names and `others` need at the
    /// ends.
    pub(super) fn new(
        scene: &mut Scene,
        layout: Layout,
        names: &[(usize, &str)],
        others: &[&str],
    ) -> Self {
        if layout != Layout::Wide || names.len() > 8 {
            return Self { at_ends: false, top: key(scene, names), right: 0.0 };
        }
        let labels = names.iter().map(|(_, name)| *name).chain(others.iter().copied());
        let widest = font::widest(labels, frame::SIZE, Weight::SemiBold);
        let right = (widest + 12.0).min(MOST_LABEL) + frame::EDGE;
        Self { at_ends: true, top: 0.0, right }
    }
}

/// Draws a key of curves and returns its height.
pub(super) fn key(scene: &mut Scene, names: &[(usize, &str)]) -> f64 {
    let entries: Vec<KeyEntry<'_>> = names
        .iter()
        .map(|&(series, text)| {
            let sign = move |scene: &mut Scene, (x, y): (f64, f64)| {
                line(scene, vec![(x - 7.0, y), (x + 7.0, y)], series);
                let sign = Sign::of_series(series);
                scene.draw(Shape::Dot((x, y), 4.0, Ink::of_series(series), 1.0, sign));
            };
            KeyEntry { text, ink: Ink::of_series(series), sign: Box::new(sign) }
        })
        .collect();
    labels::key(scene, &entries, frame::EDGE, 4.0) + 4.0
}

/// The recommended number of jobs of each curve, as notes.
pub(super) fn recommended(curves: &[(usize, &CurveStudy)], x: &Scale) -> Vec<Note> {
    let mut notes: Vec<(Jobs, usize, Vec<usize>)> = Vec::new();
    for &(series, curve) in curves {
        let marked = |cell: &&crate::recommend::CellStudy| cell.marks.contains(&Mark::Recommended);
        let Some(cell) = curve.cells.iter().find(marked) else { continue };
        match notes.iter_mut().find(|(jobs, ..)| *jobs == cell.jobs) {
            Some((.., all)) => all.push(series),
            None => notes.push((cell.jobs, series, vec![series])),
        }
    }
    let of_all = curves.len();
    notes
        .into_iter()
        .map(|(jobs, first, all)| {
            let title = |series: &usize| {
                let own = curves.iter().find(|(index, _)| index == series);
                own.map_or("", |(_, curve)| curve.title.as_str())
            };
            let (ink, of) = if all.len() == 1 && of_all > 1 {
                (Ink::of_series(first), format!(" · {}", title(&first)))
            } else if all.len() < of_all {
                (Ink::Text, format!(" · {} curves", all.len()))
            } else {
                (Ink::Text, String::new())
            };
            Note {
                x: at(x, jobs),
                text: format!("recommended -j {jobs}{of}"),
                ink,
                weight: Weight::SemiBold,
            }
        })
        .collect()
}
