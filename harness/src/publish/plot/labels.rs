//! Labels that do not cover each other.

use super::font;
use super::scene::{Anchor, Ink, Scene, Weight};

/// A label that belongs to a place on the horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Note {
    pub(super) x: f64,
    pub(super) text: String,
    pub(super) ink: Ink,
    pub(super) weight: Weight,
}

/// A note with its row and the middle of its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// What is placed.
    pub(super) note: Note,
    /// Where the middle of its text is.
    pub(super) middle: f64,
    /// The row, from 0.
    pub(super) row: usize,
}

/// Puts notes into as few rows as they need, each as close to its place as
/// the edges `low` and `high` let it.
pub(super) fn rows(mut notes: Vec<Note>, size: f64, (low, high): (f64, f64)) -> Vec<Placed> {
    const GAP: f64 = 8.0;
    notes.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut ends: Vec<f64> = Vec::new();
    notes
        .into_iter()
        .map(|mut note| {
            note.text = font::elide(&note.text, size, note.weight, high - low);
            let half = font::width(&note.text, size, note.weight) / 2.0;
            let middle = note.x.min(high - half).max(low + half);
            let free = ends.iter().position(|end| middle - half >= end + GAP);
            let row = free.unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(0.0);
            }
            ends[row] = middle + half;
            Placed { note, middle, row }
        })
        .collect()
}

/// How many rows the notes take.
pub(super) fn row_count(placed: &[Placed]) -> usize {
    placed.iter().map(|placed| placed.row + 1).max().unwrap_or(0)
}

/// The numbers closest to `wanted` that keep `distance` from each other and
/// lie between `low` and `high`, in the order of `wanted`.
pub(super) fn spread(wanted: &[f64], distance: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // Neighbours that are too close become a group around their mean.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for &index in &order {
        groups.push((wanted[index], 1));
        while let [.., (above, count), (own, more)] = groups[..] {
            let apart = (count + more) as f64 / 2.0 * distance;
            if own - above >= apart {
                break;
            }
            groups.pop();
            groups.pop();
            let together = count + more;
            let middle = (above * count as f64 + own * more as f64) / together as f64;
            groups.push((middle, together));
        }
    }
    let mut placed = vec![0.0; wanted.len()];
    let mut next = order.iter();
    for (middle, count) in groups {
        let reach = (count - 1) as f64 / 2.0 * distance;
        let middle = middle.min(high - reach).max(low + reach);
        for (place, &index) in next.by_ref().take(count).enumerate() {
            placed[index] = middle - reach + place as f64 * distance;
        }
    }
    // What was pushed in from an edge may touch its neighbour again.
    for pair in order.windows(2) {
        placed[pair[1]] = placed[pair[1]].max(placed[pair[0]] + distance);
    }
    if let Some(&last) = order.last() {
        placed[last] = placed[last].min(high);
    }
    for pair in order.windows(2).rev() {
        let most = placed[pair[1]] - distance;
        placed[pair[0]] = placed[pair[0]].min(most.max(low));
    }
    placed
}

/// Draws the sign of an entry at a place.
pub(super) type Sign<'a> = Box<dyn Fn(&mut Scene, (f64, f64)) + 'a>;

/// An entry of a key above a picture.
pub(super) struct KeyEntry<'a> {
    pub(super) text: &'a str,
    pub(super) ink: Ink,
    pub(super) sign: Sign<'a>,
}

/// Draws a key in as many lines as it needs and returns its height.
pub(super) fn key(scene: &mut Scene, entries: &[KeyEntry<'_>], left: f64, top: f64) -> f64 {
    const SIZE: f64 = 12.0;
    const LINE: f64 = 19.0;
    const SIGN: f64 = 18.0;
    const GAP: f64 = 16.0;
    let right = scene.width - 8.0;
    let (mut x, mut y) = (left, top + LINE / 2.0);
    for entry in entries {
        let most = right - left - SIGN;
        let text = font::elide(entry.text, SIZE, Weight::Regular, most);
        let width = SIGN + font::width(&text, SIZE, Weight::Regular);
        if x > left && x + width > right {
            (x, y) = (left, y + LINE);
        }
        (entry.sign)(scene, (x + 6.0, y));
        let baseline = super::svg::centred(y, SIZE);
        scene.text((x + SIGN, baseline), Anchor::Start, SIZE, entry.ink, &text);
        x += width + GAP;
    }
    if entries.is_empty() { 0.0 } else { y + LINE / 2.0 - top }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spread_labels_keep_their_distance_and_their_order(
            wanted in prop::collection::vec(0.0..300.0f64, 1..12)
        ) {
            let placed = spread(&wanted, 16.0, (0.0, 300.0));
            for (a, b) in placed.iter().zip(&wanted) {
                prop_assert!((-0.001..=300.001).contains(a), "{a} for {b}");
            }
            for i in 0..placed.len() {
                for k in 0..i {
                    prop_assert!((placed[i] - placed[k]).abs() >= 16.0 - 1e-6);
                    if wanted[i] < wanted[k] {
                        prop_assert!(placed[i] < placed[k]);
                    }
                }
            }
        }
    }

    #[test]
    fn labels_with_room_stay_where_they_belong() {
        assert_eq!(spread(&[200.0, 20.0], 16.0, (0.0, 300.0)), [200.0, 20.0]);
    }

    #[test]
    fn notes_that_would_touch_go_to_the_next_row() {
        let note =
            |x| Note { x, text: "cores/2".to_owned(), ink: Ink::Muted, weight: Weight::Regular };
        let placed = rows(vec![note(50.0), note(60.0), note(200.0)], 12.0, (0.0, 300.0));
        let seen: Vec<usize> = placed.iter().map(|placed| placed.row).collect();
        assert_eq!(seen, [0, 1, 0]);
        assert_eq!(row_count(&placed), 2);
    }
}
