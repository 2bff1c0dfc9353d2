//! What the end of a restore waited for.

use crate::record::ItemRow;

/// An item starts when a worker or another item has become free; `pg_restore`
/// says so within a few milliseconds of it.
const REACTION_NS: u64 = 20_000_000;

/// Which items the end of a restore waited for.
///
/// From the item that ended last, back to the one that ended last before it
/// began, and so on to the start: each of them began when the one before it
/// was done, because it depended on it or needed its worker. It is the
/// critical path of the restore as it ran. Indices are those of `items`, in
/// the order of time.
pub fn of(items: &[ItemRow]) -> Vec<usize> {
    let mut by_end: Vec<usize> = (0..items.len()).collect();
    by_end.sort_by_key(|&index| (items[index].end_ns, items[index].start_ns));
    let mut chain = Vec::new();
    let Some(mut place) = by_end.len().checked_sub(1) else {
        return chain;
    };
    loop {
        let current = &items[by_end[place]];
        chain.push(by_end[place]);
        let until = current.start_ns.saturating_add(REACTION_NS.min(duration(current) / 2));
        // Everything before `before` ended in time.
        let before = by_end[..place].partition_point(|&index| items[index].end_ns <= until);
        let earlier =
            by_end[..before].iter().rposition(|&index| items[index].start_ns < current.start_ns);
        match earlier {
            Some(earlier) => place = earlier,
            None => break,
        }
    }
    chain.reverse();
    chain
}

fn duration(item: &ItemRow) -> u64 {
    item.end_ns.saturating_sub(item.start_ns)
}

#[cfg(test)]
mod tests {
    use restore_core::event::Step;

    use super::*;

    fn item(lane: u32, start: u64, end: u64) -> ItemRow {
        ItemRow {
            lane,
            start_ns: start * 1_000_000_000,
            end_ns: end * 1_000_000_000,
            dump_id: None,
            kind: "TABLE DATA".to_owned(),
            name: "t".to_owned(),
            bytes: None,
            step: Step::Whole,
        }
    }

    #[test]
    fn the_end_waited_for_the_long_table_and_its_index() {
        let items = [item(0, 0, 1), item(1, 1, 9), item(2, 1, 3), item(2, 3, 5), item(2, 9, 12)];
        assert_eq!(of(&items), [0, 1, 4]);
    }

    #[test]
    fn nothing_and_one_item() {
        assert!(of(&[]).is_empty());
        assert_eq!(of(&[item(1, 2, 3)]), [0]);
    }

    #[test]
    fn items_without_duration_do_not_go_round_in_circles() {
        let items = [item(1, 2, 2), item(1, 2, 2), item(1, 2, 4)];
        assert_eq!(of(&items), [2]);
        let many: Vec<ItemRow> = (0..1000).map(|n| item(1, n / 10, n / 10 + 1)).collect();
        assert_eq!(of(&many).len(), 100);
    }
}
