//! The columns of a timeline, which the load below it shares.

use super::font;
use super::frame::{EDGE, LINE, Layout, SIZE};
use super::scale::{Scale, Ticks};
use super::scene::{Anchor, Ink, Scene, Stroke, Weight};

/// Where things are in a timeline; the load is drawn over the same columns.
pub(super) struct Columns {
    pub(super) x: Scale,
    /// Where the data begins.
    pub(super) left: f64,
    /// Where it ends.
    pub(super) right: f64,
    ticks: Ticks,
    seconds: f64,
}

impl Columns {
    /// The columns of a timeline of this length.
    pub(super) fn new(seconds: f64, labels: &[&str], layout: Layout) -> Self {
        let widest = labels
            .iter()
            .map(|label| font::width(label, SIZE, Weight::Regular))
            .fold(0.0, f64::max);
        let (left, right) = (EDGE + widest + 8.0, layout.width() - EDGE - 6.0);
        let most = if layout == Layout::Wide { 10 } else { 5 };
        let ticks = Ticks::of_time(seconds, most);
        let seconds = seconds.max(1e-9);
        Self { x: Scale::linear((0.0, seconds), (left, right)), left, right, ticks, seconds }
    }

    /// Draws vertical lines at round times.
    pub(super) fn grid(&self, scene: &mut Scene, top: f64, bottom: f64) {
        for tick in self.ticks.ticks.iter().filter(|tick| tick.value <= self.seconds) {
            let x = self.x.at(tick.value);
            scene.line((x, top), (x, bottom), Stroke::solid(Ink::Grid, 1.0));
        }
    }

    /// Writes the times under the chart and returns where that ends.
    pub(super) fn axis(&self, scene: &mut Scene, bottom: f64) -> f64 {
        let baseline = bottom + LINE;
        for tick in self.ticks.ticks.iter().filter(|tick| tick.value <= self.seconds) {
            let half = font::width(&tick.label, SIZE, Weight::Regular) / 2.0;
            let x = self.x.at(tick.value).min(scene.width - EDGE - half);
            scene.text((x, baseline), Anchor::Middle, SIZE, Ink::Muted, &tick.label);
        }
        let title = format!("time since the start ({})", self.ticks.unit);
        let at = (f64::midpoint(self.left, self.right), baseline + LINE);
        scene.text(at, Anchor::Middle, SIZE, Ink::Muted, &title);
        baseline + LINE + 8.0
    }
}
