//! Small charts beside each other.

use super::figure::moved;
use super::frame::Layout;
use super::scene::{Mark, Scene};

/// Distance between rows of panels.
const GAP: f64 = 10.0;

/// The layout of each of `count` panels in a picture: one has all its room.
pub(super) fn layout(layout: Layout, count: usize) -> Layout {
    if layout == Layout::Wide && count > 1 { Layout::Panel } else { layout }
}

/// Puts panels into rows below `top`, as many beside each other as there is
/// room for, and returns where they end.
pub(super) fn arrange(scene: &mut Scene, panels: &[Scene], top: f64) -> f64 {
    let Some(first) = panels.first() else { return top };
    let columns = ((scene.width / first.width) as usize).max(1);
    let mut y = top;
    for row in panels.chunks(columns) {
        for (column, panel) in row.iter().enumerate() {
            let by = (column as f64 * panel.width, y);
            scene.marks.extend(
                panel
                    .marks
                    .iter()
                    .map(|mark| Mark { shape: moved(&mark.shape, by), tip: mark.tip.clone() }),
            );
        }
        y += row.iter().map(|panel| panel.height).fold(0.0, f64::max) + GAP;
    }
    y
}
